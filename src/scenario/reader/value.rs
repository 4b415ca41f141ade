//! Types of values: how each is read, written and described.

use std::fmt::Display;
use std::str::FromStr;

use crate::units::{Bytes, Rate, Ratio, Span, UnitError};

use super::Reader;
use super::key::Kind;
use super::problem::Problem;
use super::tree::{Node, Tree};

/// A type of value.
pub(in crate::scenario) trait Value: Sized {
    /// What it looks like.
    const KIND: Kind;

    /// Reads it, or reports what is wrong.
    fn read(node: &Node, reader: &Reader) -> Option<Self>;

    /// As TOML that reads as an equal value.
    fn write(&self) -> String;

    /// The smallest and the largest amount in it, in the smallest unit, if it has a size.
    fn extremes(&self) -> Option<(u64, u64)> {
        None
    }

    /// An amount as a scenario writes it.
    fn amount(amount: u64) -> String {
        amount.to_string()
    }
}

/// A quantity with its unit.
pub(in crate::scenario) trait Unit:
    Copy + FromStr<Err = UnitError> + Display
{
    /// What it is, with its article.
    const WHAT: &'static str;
    /// An example.
    const EXAMPLE: &'static str;
    /// What a single value looks like.
    const KIND: Kind;
    /// What a value or a distribution looks like.
    const KIND_OF_MANY: Kind;

    /// In the smallest unit.
    fn count(self) -> u64;

    /// The other way round.
    fn of(count: u64) -> Self;

    /// What a bare number most likely meant.
    fn guess(number: &str) -> String;
}

impl Unit for Span {
    const WHAT: &'static str = "a duration";
    const EXAMPLE: &'static str = "\"30s\"";
    const KIND: Kind = Kind::Duration;
    const KIND_OF_MANY: Kind = Kind::Durations;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        format!("\"{number}s\" for seconds, \"{number}ms\", \"{number}m\", \"{number}h\" ...")
    }
}

impl Unit for Bytes {
    const WHAT: &'static str = "a size";
    const EXAMPLE: &'static str = "\"5KB\"";
    const KIND: Kind = Kind::Size;
    const KIND_OF_MANY: Kind = Kind::Sizes;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        format!("\"{number}B\" for bytes, \"{number}KB\" (1000), \"{number}KiB\" (1024) ...")
    }
}

impl Unit for Ratio {
    const WHAT: &'static str = "a share";
    const EXAMPLE: &'static str = "\"95%\"";
    const KIND: Kind = Kind::Share;
    const KIND_OF_MANY: Kind = Kind::Share;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        match number.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => {
                format!("\"{}\"", Self(libm::round(share * 1e9) as u64))
            }
            Ok(percent) if (0.0..=100.0).contains(&percent) => format!("\"{number}%\""),
            _ => "a share from \"0%\" to \"100%\"".to_owned(),
        }
    }
}

impl Unit for Rate {
    const WHAT: &'static str = "a rate";
    const EXAMPLE: &'static str = "\"50/s\"";
    const KIND: Kind = Kind::Rate;
    const KIND_OF_MANY: Kind = Kind::Rate;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        format!("\"{number}/s\", \"{number}/m\", \"{number}/h\" or \"{number}/d\"")
    }
}

impl<U: Unit> Value for U {
    const KIND: Kind = U::KIND;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let problem = match &node.tree {
            Tree::Text(text) => match text.parse() {
                Ok(value) => return Some(value),
                Err(error) => unit_problem::<U>(node, &key, text, &error),
            },
            Tree::Integer(text, _) | Tree::Float(text) => {
                let problem = Problem::new(node.place, format!("`{key}` has no unit"))
                    .label(format!("expected {} such as {}", U::WHAT, U::EXAMPLE));
                if text.starts_with('-') || text.ends_with("nan") || text.ends_with("inf") {
                    problem
                } else {
                    problem.hint(format!("write {}", U::guess(text.trim_start_matches('+'))))
                }
            }
            _ => wrong_type(node, &key, U::WHAT).hint(format!("such as {}", U::EXAMPLE)),
        };
        reader.report(problem);
        None
    }

    fn write(&self) -> String {
        format!("\"{self}\"")
    }

    fn extremes(&self) -> Option<(u64, u64)> {
        Some((self.count(), self.count()))
    }

    fn amount(amount: u64) -> String {
        U::of(amount).to_string()
    }
}

fn unit_problem<U: Unit>(node: &Node, key: &str, text: &str, error: &UnitError) -> Problem {
    let message = match error {
        UnitError::MissingUnit(_) => format!("`{key}` has no unit"),
        UnitError::UnknownUnit(..) | UnitError::NoNumber => format!("`{key}` is not {}", U::WHAT),
        UnitError::Negative => format!("`{key}` is negative"),
        UnitError::TooLarge(_) => format!("`{key}` is too large"),
    };
    let problem = Problem::new(node.place, message);
    match error {
        UnitError::MissingUnit(_) => problem
            .label(format!("expected {} such as {}", U::WHAT, U::EXAMPLE))
            .hint(format!("write {}", U::guess(text.trim()))),
        UnitError::UnknownUnit(unit, known) => problem
            .label(format!("there is no unit `{unit}`"))
            .hint(format!("units are {known}")),
        UnitError::NoNumber => problem
            .label("this does not begin with a number")
            .hint(format!("write {} such as {}", U::WHAT, U::EXAMPLE)),
        UnitError::Negative => problem.label("it must not be below zero"),
        UnitError::TooLarge(limit) => problem.label(format!("at most {limit}")),
    }
}

/// The problem of a value of another type.
pub(in crate::scenario) fn wrong_type(node: &Node, key: &str, what: &str) -> Problem {
    Problem::new(node.place, format!("`{key}` must be {what}"))
        .label(format!("expected {what}, found {}", node.describe()))
}

impl Value for u64 {
    const KIND: Kind = Kind::Whole;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let problem = match &node.tree {
            Tree::Integer(_, Some(number)) => match Self::try_from(*number) {
                Ok(number) => return Some(number),
                Err(_) if *number < 0 => Problem::new(node.place, format!("`{key}` is negative"))
                    .label("it must not be below zero"),
                Err(_) => too_large(node, &key),
            },
            Tree::Integer(_, None) => too_large(node, &key),
            Tree::Text(text) if text.parse::<Self>().is_ok() => {
                wrong_type(node, &key, "a whole number").hint("write it without quotes")
            }
            _ => wrong_type(node, &key, "a whole number"),
        };
        reader.report(problem);
        None
    }

    fn write(&self) -> String {
        self.to_string()
    }

    fn extremes(&self) -> Option<(u64, u64)> {
        Some((*self, *self))
    }
}

fn too_large(node: &Node, key: &str) -> Problem {
    Problem::new(node.place, format!("`{key}` is too large")).label(format!("at most {}", u64::MAX))
}

impl Value for u32 {
    const KIND: Kind = Kind::Whole;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let number = u64::read(node, reader)?;
        let narrow = Self::try_from(number).ok();
        if narrow.is_none() {
            let message = format!("`{}` is too large", reader.key());
            let label = format!("at most {}", Self::MAX);
            reader.report(Problem::new(node.place, message).label(label));
        }
        narrow
    }

    fn write(&self) -> String {
        self.to_string()
    }

    fn extremes(&self) -> Option<(u64, u64)> {
        Some((u64::from(*self), u64::from(*self)))
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Flag;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        match &node.tree {
            Tree::Flag(flag) => return Some(*flag),
            Tree::Text(text) if matches!(text.as_str(), "true" | "false") => reader.report(
                wrong_type(node, &reader.key(), "`true` or `false`")
                    .hint("write it without quotes"),
            ),
            _ => reader.report(wrong_type(node, &reader.key(), "`true` or `false`")),
        }
        None
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        if let Tree::Text(text) = &node.tree {
            return Some(text.clone());
        }
        reader.report(wrong_type(node, &reader.key(), "a text in quotes"));
        None
    }

    fn write(&self) -> String {
        quoted(self)
    }
}

/// `text` as a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Control characters lie below U+00A0.
            c if c.is_control() => out.extend(["\\u00", &format!("{:02X}", c as u32)]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A type whose values are a few words.
pub(in crate::scenario) trait Choice: Copy + PartialEq + 'static {
    /// What it is, with its article: "an engine".
    const WHAT: &'static str;
    /// All words and their meaning.
    const CHOICES: &'static [(&'static str, Self)];

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

    /// The value of a word, or a report.
    fn from_word(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::Text(word) = &node.tree else {
            reader.report(wrong_type(node, &reader.key(), Self::WHAT).hint(one_of(&Self::words())));
            return None;
        };
        let found = Self::CHOICES.iter().find(|(known, _)| known == word);
        if found.is_none() {
            let what = Self::WHAT
                .split_once(' ')
                .map_or(Self::WHAT, |(_, noun)| noun);
            let problem = match Self::refused(word) {
                Some(why) => Problem::new(node.place, format!("{what} `{word}` {why}")),
                None => Problem::new(node.place, format!("there is no {what} `{word}`"))
                    .label(did_you_mean(word, &Self::words())),
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
                    <$choice as $crate::scenario::reader::value::Choice>::words,
                );

            fn read(
                node: &$crate::scenario::reader::tree::Node,
                reader: &$crate::scenario::reader::Reader,
            ) -> Option<Self> {
                $crate::scenario::reader::value::Choice::from_word(node, reader)
            }

            fn write(&self) -> String {
                format!("\"{}\"", $crate::scenario::reader::value::Choice::word(*self))
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
pub(in crate::scenario) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
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
