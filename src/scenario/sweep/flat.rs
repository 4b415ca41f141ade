//! Trees of values back as TOML.

use crate::scenario::reader::tree::{Entry, Node, Tree};
use crate::scenario::reader::value::quoted;

/// A value as it stands behind the `=` of a key.
pub(super) fn written(node: &Node) -> String {
    match &node.tree {
        Tree::Text(text) => quoted(text),
        Tree::Integer(_, Some(number)) => number.to_string(),
        Tree::Integer(text, None) | Tree::Float(text) | Tree::Date(text) => text.clone(),
        Tree::Flag(flag) => flag.to_string(),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Table(entries) if entries.is_empty() => "{}".to_owned(),
        Tree::Table(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| format!("{} = {}", key(&entry.key), written(&entry.node)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A whole file of these entries: keys first, then their tables under headings.
pub(super) fn document(entries: &[Entry]) -> String {
    let mut text = String::new();
    table(&mut text, "", entries);
    text
}

fn table(text: &mut String, path: &str, entries: &[Entry]) {
    let (sections, keys): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| has_headings(&entry.node));
    for entry in keys {
        text.extend([&key(&entry.key), " = ", &written(&entry.node), "\n"]);
    }
    for entry in sections {
        let below = if path.is_empty() {
            key(&entry.key)
        } else {
            format!("{path}.{}", key(&entry.key))
        };
        match &entry.node.tree {
            Tree::Table(entries) => {
                text.extend(["\n[", &below, "]\n"]);
                table(text, &below, entries);
            }
            Tree::List(items) => {
                for item in items {
                    let Tree::Table(entries) = &item.tree else {
                        continue;
                    };
                    text.extend(["\n[[", &below, "]]\n"]);
                    table(text, &below, entries);
                }
            }
            _ => {}
        }
    }
}

/// Whether a value is better read under a heading than behind an `=`: a table of several keys, or
/// a list of tables.
fn has_headings(node: &Node) -> bool {
    match &node.tree {
        Tree::Table(entries) => !entries.is_empty(),
        Tree::List(items) => {
            !items.is_empty() && items.iter().all(|item| matches!(item.tree, Tree::Table(_)))
        }
        _ => false,
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}
