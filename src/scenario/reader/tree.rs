//! The text as a tree of values, each with its place.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// A text that values come from: the scenario's file, or one `--set` argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As shown in messages.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Source {
    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// `offset`, or the nearest earlier one that is the start of a character.
    pub(super) fn boundary(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// A range of bytes in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the source.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// Behind the last byte.
    pub end: u32,
}

/// A value and its place; defaults have none.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Node {
    pub(in crate::scenario) tree: Tree,
    pub(in crate::scenario) place: Option<Place>,
}

/// A value.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum Tree {
    Text(String),
    /// Digits as written, and the number if it is not absurdly large.
    Integer(String, Option<i128>),
    /// As written.
    Float(String),
    Flag(bool),
    /// As written.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Entry {
    pub(in crate::scenario) key: String,
    /// Place of the key itself.
    pub(in crate::scenario) place: Option<Place>,
    pub(in crate::scenario) node: Node,
}

impl Node {
    /// What it is, as a message names it: "the number 20", "a list".
    pub(in crate::scenario) fn describe(&self) -> String {
        match &self.tree {
            Tree::Text(text) => {
                let short: String = text.chars().take(30).collect();
                let dots = if short.len() < text.len() { "..." } else { "" };
                format!("the text {short:?}{dots}")
            }
            Tree::Integer(text, _) | Tree::Float(text) => format!("the number {text}"),
            Tree::Flag(flag) => format!("`{flag}`"),
            Tree::Date(text) => format!("the date {text}"),
            Tree::List(items) => format!("a list of {}", items.len()),
            Tree::Table(_) => "a table".to_owned(),
        }
    }
}

/// Largest scenario text in bytes, some 12,000 lines: the tree of a longer one could take more
/// memory than a small run.
pub const MAX_TEXT: usize = 1 << 19;

/// Parses the whole text of source number `source`.
pub(in crate::scenario) fn parse(source: u32, text: &str) -> Result<Vec<Entry>, Box<Problem>> {
    if text.len() > MAX_TEXT {
        let hint = format!("it has {} bytes; at most {MAX_TEXT} are read", text.len());
        return Err(Box::new(
            Problem::new(None, "the scenario is too long").hint(hint),
        ));
    }
    match DeTable::parse(text) {
        Ok(table) => Ok(entries(source, table.get_ref())),
        Err(error) => {
            let problem = syntax_problem(source, text, &error);
            Err(Box::new(if text.trim_start().starts_with('{') {
                problem.hint("this looks like JSON; in TOML it is duration = \"1d\"")
            } else {
                problem
            }))
        }
    }
}

/// Parses a single value, as behind the `=` of a key.
pub(in crate::scenario) fn parse_value(source: u32, text: &str) -> Result<Node, Box<Problem>> {
    match DeValue::parse(text) {
        Ok(value) => Ok(node(source, &value)),
        Err(error) => Err(Box::new(syntax_problem(source, text, &error))),
    }
}

fn syntax_problem(source: u32, text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let place = Place {
        source,
        start: span.start as u32,
        end: span.end as u32,
    };
    let message = error.message();
    let problem = Problem::new(Some(place), "this is not TOML").label(message.to_owned());
    let found = text.get(span).unwrap_or_default();
    if message.starts_with("string values must be quoted") {
        if found.is_empty() {
            return problem.label("a value is missing behind the `=`");
        }
        return problem
            .label("texts and quantities stand in quotes")
            .hint(format!("write {found:?}"));
    }
    let before = text
        .get(..place.start as usize)
        .unwrap_or_default()
        .trim_end();
    match message {
        "cannot recurse further; max recursion depth met" => problem.label("nested too deeply"),
        "key with no value, expected `=`" if before.ends_with(':') => problem
            .label("expected `=`")
            .hint("write `=` instead of `:`"),
        "duplicate key" => problem
            .label(format!("`{found}` is there already"))
            .hint("keep one of the two; further members of a list begin with [[double brackets]]"),
        "key with no value, expected `=`" => problem.label("expected `=` and a value"),
        _ => problem,
    }
}

fn entries(source: u32, table: &DeTable<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            place: Some(place(source, key.span())),
            node: node(source, value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.place);
    entries
}

fn node(source: u32, value: &Spanned<DeValue<'_>>) -> Node {
    let tree = match value.get_ref() {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(number) => {
            let value = i128::from_str_radix(number.as_str(), number.radix()).ok();
            Tree::Integer(number.to_string(), value)
        }
        DeValue::Float(number) => Tree::Float(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Tree::Flag(*flag),
        DeValue::Datetime(date) => Tree::Date(date.to_string()),
        DeValue::Array(list) => Tree::List(list.iter().map(|item| node(source, item)).collect()),
        DeValue::Table(table) => Tree::Table(entries(source, table)),
    };
    Node {
        tree,
        place: Some(place(source, value.span())),
    }
}

fn place(source: u32, span: std::ops::Range<usize>) -> Place {
    // Texts are shorter than `MAX_TEXT`.
    Place {
        source,
        start: span.start as u32,
        end: span.end as u32,
    }
}
