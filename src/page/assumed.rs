//! What was assumed: values of the resolved scenario that are the simulator's own defaults and
//! rest on an assumption.

use crate::scenario::SECTIONS;
use crate::scenario::reader::key::Fallback;

use super::tables::Table;

/// A table of keys, values and reasons; `None` if nothing was assumed.
pub(super) fn assumed(toml: &str) -> Option<Table> {
    let mut section = "";
    let mut rows = Vec::new();
    for line in toml.lines() {
        if let Some(path) = line.strip_prefix('[') {
            section = path.trim_matches(['[', ']']);
            continue;
        }
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        let declared = SECTIONS.iter().find(|declared| declared.path == section);
        let keys = declared.into_iter().flat_map(|declared| declared.keys);
        for info in keys.filter(|info| info.name == key) {
            let Fallback::BuiltIn(default, source) = info.fallback else {
                continue;
            };
            if default == value && source.contains("assumed") {
                let path = if section.is_empty() {
                    key.to_owned()
                } else {
                    format!("{section}.{key}")
                };
                let row = vec![path, value.to_owned(), source.to_owned()];
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
    }
    let head = ["key", "value", "why"].map(str::to_owned).to_vec();
    (!rows.is_empty()).then_some(Table {
        head,
        rows,
        states: Vec::new(),
    })
}
