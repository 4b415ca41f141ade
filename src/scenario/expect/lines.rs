//! On which lines a scenario states its expectations.

use crate::scenario::reader::Reader;
use crate::scenario::reader::tree::{self, Source, Tree};

use super::{Expectation, read_one};

/// The expectations that a text states itself, each with its line from 1. What it extends states
/// others, and what is malformed is none.
pub fn lines(text: &str) -> Vec<(Expectation, usize)> {
    let Ok(entries) = tree::parse(0, text) else {
        return Vec::new();
    };
    let stated = entries.iter().find(|entry| entry.key == "expect");
    let Some(Tree::List(items)) = stated.map(|entry| &entry.node.tree) else {
        return Vec::new();
    };
    let source = Source {
        name: String::new(),
        text: text.to_owned(),
    };
    // Its problems have been told when the scenario was read.
    let reader = Reader::new(vec![source.clone()]);
    let items = items.iter().filter_map(|item| {
        let (line, _) = source.position(item.place?.start as usize);
        Some((read_one(item, &reader)?.expectation, line))
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_states_its_own() {
        let text = "name = \"a\"\nexpect = [ # hit_rate >= 90%\n  \"hit_rate>=95%\", \"x < 1\",\n\
                    \x20 { that = \"hit_rate >= 95%\", class = \"bots\" },\n  \"no\",\n\
                    \x20 \"evicted_keys == 1_000\",\n]\n";
        let lines: Vec<(String, usize)> = lines(text)
            .into_iter()
            .map(|(expectation, line)| (expectation.in_full(), line))
            .collect();
        let expected = [
            ("hit_rate >= 95%", 3),
            ("x < 1", 3),
            ("bots: hit_rate >= 95%", 4),
            ("evicted_keys == 1000", 6),
        ];
        assert_eq!(lines, expected.map(|(that, line)| (that.to_owned(), line)));
    }

    #[test]
    fn other_texts_state_none() {
        for text in [
            "",
            "expect = 1",
            "expect = [",
            "[users]\nexpect = [\"x < 1\"]\n",
        ] {
            assert_eq!(lines(text), []);
        }
    }
}
