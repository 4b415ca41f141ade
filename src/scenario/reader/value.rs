//! Types of values: how each is read, written and described.

use std::fmt::Display;
use std::str::FromStr;

use crate::units::{Bandwidth, Bytes, Rate, Ratio, Span, Speed, UnitError};

use super::Reader;
use super::choice::clipped;
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
    /// A larger one.
    const LARGER: &'static str;
    /// What a single value looks like.
    const KIND: Kind;
    /// What a value or a distribution looks like.
    const KIND_OF_MANY: Kind;

    /// In the smallest unit.
    fn count(self) -> u64;

    /// The other way round.
    fn of(count: u64) -> Self;

    /// As a message says it.
    fn in_message(self) -> String {
        self.to_string()
    }

    /// What a bare number most likely meant.
    fn guess(number: &str) -> String;
}

impl Unit for Span {
    const WHAT: &'static str = "a duration";
    const EXAMPLE: &'static str = "\"30s\"";
    const LARGER: &'static str = "\"2m\"";
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
    const LARGER: &'static str = "\"20KB\"";
    const KIND: Kind = Kind::Size;
    const KIND_OF_MANY: Kind = Kind::Sizes;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    /// Sizes that come out of a calculation are rounded.
    fn in_message(self) -> String {
        let exact = self.to_string();
        let scales = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
        match scales.iter().find(|(bits, _)| self.0 >> bits > 0) {
            Some((bits, unit)) if exact.len() > 8 => {
                format!("about {:.2} {unit}", self.0 as f64 / (1u64 << bits) as f64)
            }
            _ => exact,
        }
    }

    fn guess(number: &str) -> String {
        format!("\"{number}B\" for bytes, \"{number}KB\" (1000), \"{number}KiB\" (1024) ...")
    }
}

impl Unit for Ratio {
    const WHAT: &'static str = "a share";
    const EXAMPLE: &'static str = "\"95%\"";
    const LARGER: &'static str = "\"99%\"";
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
    const LARGER: &'static str = "\"80/s\"";
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

impl Unit for Bandwidth {
    const WHAT: &'static str = "a bandwidth";
    const EXAMPLE: &'static str = "\"750Mbps\"";
    const LARGER: &'static str = "\"10Gbps\"";
    const KIND: Kind = Kind::Bandwidth;
    const KIND_OF_MANY: Kind = Kind::Bandwidth;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        format!("\"{number}Mbps\" or \"{number}Gbps\", in bits")
    }
}

impl Unit for Speed {
    const WHAT: &'static str = "a speed";
    const EXAMPLE: &'static str = "\"125%\"";
    const LARGER: &'static str = "\"150%\"";
    const KIND: Kind = Kind::Speed;
    const KIND_OF_MANY: Kind = Kind::Speed;

    fn count(self) -> u64 {
        self.0
    }

    fn of(count: u64) -> Self {
        Self(count)
    }

    fn guess(number: &str) -> String {
        match number.parse::<f64>() {
            Ok(factor) if factor < 10.0 => {
                format!("\"{}\"", Self(libm::round(factor * 1e5) as u64))
            }
            _ => format!("\"{number}%\""),
        }
    }
}

impl<U: Unit> Value for U {
    const KIND: Kind = U::KIND;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let problem = match &node.tree {
            Tree::Text(text) => match text.parse() {
                Ok(value) => return Some(value),
                Err(error) => unit_problem::<U>(node, reader, text, &error),
            },
            Tree::Integer(text, _) | Tree::Float(text) => bare_number::<U>(node, reader, text),
            _ => wrong_type(node, &key, U::WHAT).hint(format!("write for example {}", U::EXAMPLE)),
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
        U::of(amount).in_message()
    }
}

fn bare_number<U: Unit>(node: &Node, reader: &Reader, text: &str) -> Problem {
    let key = &reader.key();
    if text.ends_with("nan") || text.ends_with("inf") {
        return wrong_type(node, key, U::WHAT).hint(format!("write {}", U::EXAMPLE));
    }
    if text.starts_with('-') {
        return unit_problem::<U>(node, reader, text, &UnitError::Negative);
    }
    Problem::new(node.place, format!("`{key}` has no unit"))
        .label(format!("expected {} such as {}", U::WHAT, U::EXAMPLE))
        .hint(format!("write {}", U::guess(text.trim_start_matches('+'))))
}

fn unit_problem<U: Unit>(node: &Node, reader: &Reader, text: &str, error: &UnitError) -> Problem {
    let key = reader.key();
    let message = match error {
        UnitError::MissingUnit(_) => format!("`{key}` has no unit"),
        UnitError::UnknownUnit(..) | UnitError::NoNumber => format!("`{key}` is not {}", U::WHAT),
        UnitError::Negative => format!("`{key}` is negative"),
        UnitError::TooLarge(_) => format!("`{key}` is too large"),
        UnitError::NotWhole(_) => format!("`{key}` is too fine"),
    };
    let problem = Problem::new(node.place, message);
    match error {
        UnitError::MissingUnit(_) => problem
            .label(format!("expected {} such as {}", U::WHAT, U::EXAMPLE))
            .hint(format!("write {}", U::guess(text.trim()))),
        UnitError::UnknownUnit(unit, known) => problem
            .label(format!("there is no unit `{}`", clipped(unit)))
            .hint(match with_known_unit::<U>(text, unit) {
                Some(better) => format!("write \"{better}\""),
                None => format!("units are {known}"),
            }),
        UnitError::NoNumber => problem
            .label("this does not begin with a number")
            .hint(format!("write {} such as {}", U::WHAT, U::EXAMPLE)),
        UnitError::Negative => problem.label("it must not be below zero"),
        UnitError::NotWhole(step) => problem.label(format!("it must be a multiple of {step}")),
        UnitError::TooLarge(limit) => {
            let limit = reader.most().unwrap_or_else(|| (*limit).to_owned());
            problem.label(format!("at most {limit}"))
        }
    }
}

/// Units as people write them elsewhere, and as they are written here.
const OTHER_UNITS: [(&[&str], &str); 19] = [
    (&["ns", "nsec", "nanos", "nanoseconds"], "ns"),
    (
        &[
            "us",
            "usec",
            "\u{b5}s",
            "\u{3bc}s",
            "micros",
            "microseconds",
        ],
        "us",
    ),
    (&["ms", "msec", "msecs", "millis", "milliseconds"], "ms"),
    (&["s", "sec", "secs", "second", "seconds"], "s"),
    (&["m", "min", "mins", "minute", "minutes"], "m"),
    (&["h", "hr", "hrs", "hour", "hours"], "h"),
    (&["d", "day", "days"], "d"),
    (&["b", "byte", "bytes"], "B"),
    (&["k", "kb"], "KB"),
    (&["m", "mb"], "MB"),
    (&["g", "gb"], "GB"),
    (&["ki", "kib"], "KiB"),
    (&["mi", "mib"], "MiB"),
    (&["gi", "gib"], "GiB"),
    (
        &["/sec", "/second", "rps", "tps", "per second", "/ s"],
        "/s",
    ),
    (&["/min", "/minute", "rpm", "per minute"], "/m"),
    (&["/hour", "per hour"], "/h"),
    (&["mbit", "mbits", "mbits/s", "megabit/s"], "Mbps"),
    (&["gbit", "gbits", "gbits/s", "gigabit"], "Gbps"),
];

/// The text with another unit in the place of `unit`, if that makes sense of it.
fn with_known_unit<U: Unit>(text: &str, unit: &str) -> Option<String> {
    let plain = unit.to_lowercase();
    OTHER_UNITS
        .iter()
        .filter(|(others, _)| others.contains(&plain.as_str()))
        .map(|(_, known)| text.replace(unit, known))
        .find(|better| better.parse::<U>().is_ok())
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
                Err(_) => too_large(node, reader, Self::MAX),
            },
            Tree::Integer(_, None) => too_large(node, reader, Self::MAX),
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

fn too_large(node: &Node, reader: &Reader, most: u64) -> Problem {
    let most = reader.most().unwrap_or_else(|| most.to_string());
    Problem::new(node.place, format!("`{}` is too large", reader.key()))
        .label(format!("at most {most}"))
}

impl Value for u32 {
    const KIND: Kind = Kind::Whole;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let number = u64::read(node, reader)?;
        let narrow = Self::try_from(number).ok();
        if narrow.is_none() {
            reader.report(too_large(node, reader, Self::MAX.into()));
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

/// A list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::scenario) struct Names(pub(in crate::scenario) Vec<String>);

impl Value for Names {
    const KIND: Kind = Kind::Names;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let form = "write for example [\"a\", \"b\"]";
        let Tree::List(items) = &node.tree else {
            reader.report(wrong_type(node, &key, "a list of names").hint(form));
            return None;
        };
        let mut names = Vec::with_capacity(items.len());
        for item in items {
            let name = match &item.tree {
                Tree::Text(text) if crate::scenario::is_plain_name(text) => text.clone(),
                Tree::Text(_) => {
                    let problem =
                        Problem::new(item.place, format!("`{key}` has a name that is none"));
                    reader.report(problem.label("1 to 64 letters, digits, - or _").hint(form));
                    return None;
                }
                _ => {
                    reader.report(wrong_type(item, &key, "a list of names").hint(form));
                    return None;
                }
            };
            if names.contains(&name) {
                let message = format!("`{key}` names `{name}` twice");
                reader.report(Problem::new(item.place, message).hint("once is enough"));
                return None;
            }
            names.push(name);
        }
        if names.is_empty() {
            reader.report(Problem::new(node.place, format!("`{key}` is empty")).hint(form));
            return None;
        }
        Some(Self(names))
    }

    fn write(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|name| quoted(name)).collect();
        format!("[{}]", names.join(", "))
    }
}

/// `text` as a basic string of TOML.
pub(in crate::scenario) fn quoted(text: &str) -> String {
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
