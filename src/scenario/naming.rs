//! What a scenario is called, and what is said of it.

use super::is_plain_name;
use super::reader::key::Key;
use super::reader::problem::Problem;
use super::reader::table::Table;

const MAX_DESCRIPTION: usize = 1000;

pub(super) const NAME: Key<String> = Key::derived(
    "name",
    "the file's name without its ending",
    "Names the folder of the result: letters, digits, - and _.",
)
.called(&["title", "scenario"]);

pub(super) const DESCRIPTION: Key<String> = Key::built_in(
    "description",
    "\"\"",
    "nothing to say",
    "One sentence for reports.",
);

pub(super) fn read_name(table: &Table<'_>, file: &str) -> Option<String> {
    let name = table.get_or(&NAME, || Some(name_of_file(file)))?;
    if is_plain_name(&name) {
        return Some(name);
    }
    table.problem(&NAME, |problem| Problem {
        message: "`name` has characters that it must not have".to_owned(),
        label: "1 to 64 letters, digits, - or _, beginning with a letter or digit".to_owned(),
        hint: Some(format!(
            "it names a folder; write for example {:?}",
            plain_name(&name)
        )),
        ..problem
    });
    None
}

/// The file's name without its folder and ending, made plain.
pub(super) fn name_of_file(file: &str) -> String {
    let last = file.rsplit(['/', '\\']).next().unwrap_or_default();
    plain_name(last.strip_suffix(".toml").unwrap_or(last))
}

fn plain_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let plain = words.join("-");
    let plain = plain.trim_matches('_');
    if plain.is_empty() {
        "scenario".to_owned()
    } else {
        plain.to_owned()
    }
}

pub(super) fn read_description(table: &Table<'_>) -> Option<String> {
    let description = table.get(&DESCRIPTION)?;
    if description.len() <= MAX_DESCRIPTION {
        return Some(description);
    }
    table.problem(&DESCRIPTION, |problem| Problem {
        message: "`description` is too long".to_owned(),
        label: format!("{} bytes; at most {MAX_DESCRIPTION}", description.len()),
        ..problem
    });
    None
}
