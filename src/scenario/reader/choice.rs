//! Values that are one of a few words, and what a wrong word was meant to be.

use super::Reader;
use super::problem::Problem;
use super::tree::{Node, Tree};
use super::value::wrong_type;

/// A text of the scenario for use in a message: not longer than a line.
pub(crate) fn clipped(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

/// A type whose values are a few words.
pub(in crate::scenario) trait Choice: Copy + PartialEq + 'static {
    /// What it is, with its article: "an engine".
    const WHAT: &'static str;
    /// All words and their meaning.
    const CHOICES: &'static [(&'static str, Self)];

    /// Other words that people use, and the ones that are used here.
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[];

    /// Why a word that one could expect is not among them.
    fn refused(_word: &str) -> Option<&'static str> {
        None
    }

    /// The word for it.
    fn word(self) -> &'static str {
        Self::CHOICES
            .iter()
            .find(|(_, value)| *value == self)
            .map(|(word, _)| *word)
            .expect("every value has its word")
    }

    /// All words.
    fn words() -> Vec<&'static str> {
        Self::CHOICES.iter().map(|(word, _)| *word).collect()
    }

    /// What `word` was meant to be, if that can be guessed.
    fn meant(word: &str) -> String {
        let plain = word.to_lowercase();
        match Self::OTHER_WORDS.iter().find(|(other, _)| *other == plain) {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => did_you_mean(word, &Self::words()),
        }
    }

    /// The value of a word, or what is wrong with it in a sentence.
    fn parse(word: &str) -> Result<Self, String> {
        if let Some((_, value)) = Self::CHOICES.iter().find(|(known, _)| *known == word) {
            return Ok(*value);
        }
        let what = Self::WHAT
            .split_once(' ')
            .map_or(Self::WHAT, |(_, noun)| noun);
        let word = &clipped(word);
        let (problem, hint) = match Self::refused(word) {
            Some(why) => (format!("{what} `{word}` {why}"), String::new()),
            None => (format!("there is no {what} `{word}`"), Self::meant(word)),
        };
        let hint = if hint.is_empty() {
            hint
        } else {
            format!("; {hint}")
        };
        Err(format!("{problem}{hint}; {}", one_of(&Self::words())))
    }

    /// The value of a word, or a report.
    fn from_word(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::Text(word) = &node.tree else {
            let problem = wrong_type(node, &reader.key(), "a text in quotes");
            reader.report(problem.hint(one_of(&Self::words())));
            return None;
        };
        let found = Self::CHOICES.iter().find(|(known, _)| known == word);
        if found.is_none() {
            let what = Self::WHAT
                .split_once(' ')
                .map_or(Self::WHAT, |(_, noun)| noun);
            let word = &clipped(word);
            let problem = match Self::refused(word) {
                Some(why) => Problem::new(node.place, format!("{what} `{word}` {why}")),
                None => Problem::new(node.place, format!("there is no {what} `{word}`"))
                    .label(Self::meant(word)),
            };
            reader.report(problem.hint(one_of(&Self::words())));
        }
        found.map(|(_, value)| *value)
    }
}

/// Implements [`Value`] by [`Choice`].
macro_rules! choice_is_value {
    ($($choice:ty),*) => {$(
        impl $crate::scenario::reader::value::Value for $choice {
            const KIND: $crate::scenario::reader::key::Kind =
                $crate::scenario::reader::key::Kind::Choice(
                    <$choice as $crate::scenario::reader::choice::Choice>::words,
                );

            fn read(
                node: &$crate::scenario::reader::tree::Node,
                reader: &$crate::scenario::reader::Reader,
            ) -> Option<Self> {
                $crate::scenario::reader::choice::Choice::from_word(node, reader)
            }

            fn write(&self) -> String {
                format!("\"{}\"", $crate::scenario::reader::choice::Choice::word(*self))
            }
        }

        /// As in a scenario.
        impl std::str::FromStr for $choice {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                $crate::scenario::reader::choice::Choice::parse(word)
            }
        }
    )*};
}
pub(in crate::scenario) use choice_is_value;

/// "write one of a, b, c".
pub(in crate::scenario) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("write one of {}", quoted.join(", "))
}

/// "did you mean `x`?", or nothing if no word is near.
pub(in crate::scenario) fn did_you_mean(word: &str, known: &[&str]) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("did you mean `{near}`?"))
}

/// The known word that `word` most likely was meant to be.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', '.', '_', ' '], "_");
    let word = plain(word);
    let mut best: Option<(&str, f64)> = None;
    for candidate in known {
        let likeness = strsim::jaro_winkler(&word, &plain(candidate));
        if likeness > best.map_or(0.8, |(_, best)| best) {
            best = Some((candidate, likeness));
        }
    }
    best.map(|(candidate, _)| candidate)
}
