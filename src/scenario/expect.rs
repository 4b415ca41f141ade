//! `expect`: what a run must show to be good.
//!
//! An expectation compares a metric with a bound: `"hit_rate >= 95%"`. What metrics there are is
//! known above this module, so only the form is read here; a [`Judge`] that is passed in says
//! whether the metric exists, whether the bound has its unit, and whether it can apply.

mod lines;

use std::fmt;
use std::str::FromStr;

use crate::units::{Bytes, Rate, Ratio, Span, UnitError};

use super::Scenario;
use super::reader::Reader;
use super::reader::choice::{clipped, did_you_mean};
use super::reader::key::Kind;
use super::reader::problem::Problem;
use super::reader::tree::{Entry, Node, Place, Tree};
use super::reader::value::{Value, quoted, wrong_type};

pub use lines::lines;

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Name of the metric.
    pub metric: String,
    /// How it must compare with the bound.
    pub comparison: Comparison,
    /// The bound.
    pub bound: Bound,
    /// Of which class of users, if not of all.
    pub class: Option<String>,
    /// Why it is expected; may be empty.
    pub why: String,
}

/// How a metric must compare with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

/// A bound with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A whole number.
    Count(u64),
    /// A share in parts of 10^-9; may be negative.
    Ratio(i64),
    /// A duration.
    Span(Span),
    /// A size.
    Bytes(Bytes),
    /// Events by time.
    Rate(Rate),
    /// US dollars, in millionths.
    Dollars(u64),
}

/// What knows the metrics.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// Whether the metric exists and the bound has its unit.
    pub understand: fn(&Expectation) -> Result<(), Objection>,
    /// Whether the metric can have a value in a run of the scenario.
    pub apply: fn(&Expectation, &Scenario) -> Result<(), Objection>,
}

/// What is wrong with an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// With which part of it.
    pub part: Part,
    /// What is wrong, as one line.
    pub message: String,
    /// A few words for the marked place; may be empty.
    pub label: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// A part of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name of the metric.
    Metric,
    /// The bound.
    Bound,
    /// The class of users.
    Class,
}

/// An expectation with the places of its parts, which defaults and values set from outside lack.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Placed {
    pub(in crate::scenario) expectation: Expectation,
    metric: Option<Place>,
    bound: Option<Place>,
    class: Option<Place>,
}

impl Placed {
    /// Without places.
    pub(in crate::scenario) fn nowhere(expectation: &Expectation) -> Self {
        Self {
            expectation: expectation.clone(),
            metric: None,
            bound: None,
            class: None,
        }
    }

    /// The objection as a problem of the `number`-th expectation, counted from 0.
    pub(in crate::scenario) fn problem(&self, number: usize, objection: Objection) -> Problem {
        let place = match objection.part {
            Part::Metric => self.metric,
            Part::Bound => self.bound,
            Part::Class => self.class,
        };
        let mut problem = Problem::new(place, objection.message).label(objection.label);
        problem.path = format!("expect.{number}");
        problem.hint = objection.hint;
        problem
    }
}

/// Longest first, so that `<=` is not read as `<`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

/// Comparisons as people write them elsewhere.
const OTHER_COMPARISONS: [(&str, &str); 6] = [
    ("=<", "<="),
    ("=>", ">="),
    ("\u{2264}", "<="),
    ("\u{2265}", ">="),
    ("\u{2260}", "!="),
    ("=", "=="),
];

impl Comparison {
    /// As an expectation writes it.
    pub fn as_str(self) -> &'static str {
        let found = COMPARISONS
            .iter()
            .find(|(_, comparison)| *comparison == self);
        found.map_or("", |(sign, _)| sign)
    }

    /// Whether a value, compared with the bound, is as expected.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::AtMost => ordering.is_le(),
            Self::Below => ordering.is_lt(),
            Self::AtLeast => ordering.is_ge(),
            Self::Above => ordering.is_gt(),
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Ratio(share) => {
                let sign = if *share < 0 { "-" } else { "" };
                write!(f, "{sign}{}", Ratio(share.unsigned_abs()))
            }
            Self::Span(span) => write!(f, "{span}"),
            Self::Bytes(bytes) => write!(f, "{bytes}"),
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::Dollars(micros) => write!(f, "${}", *micros as f64 / 1e6),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            metric,
            comparison,
            bound,
            ..
        } = self;
        write!(f, "{metric} {} {bound}", comparison.as_str())
    }
}

impl Expectation {
    /// With the class that it is about.
    pub fn in_full(&self) -> String {
        match &self.class {
            Some(class) => format!("{class}: {self}"),
            None => self.to_string(),
        }
    }
}

/// What is wrong with the form of an expectation, and what to write instead.
struct Malformed {
    label: String,
    hint: Option<String>,
}

/// An expectation, and the byte ranges of its metric and its bound in the text.
fn parse(text: &str) -> Result<(Expectation, [(usize, usize); 2]), Malformed> {
    let signs = ['<', '>', '=', '!', '\u{2264}', '\u{2265}', '\u{2260}'];
    let Some(at) = text.find(signs) else {
        return Err(Malformed {
            label: "it compares nothing".to_owned(),
            hint: None,
        });
    };
    let (name, rest) = text.split_at(at);
    let metric = name.trim();
    if metric.is_empty() {
        return Err(Malformed {
            label: "it begins with the name of a metric".to_owned(),
            hint: None,
        });
    }
    let end = rest.find(|c| !signs.contains(&c)).unwrap_or(rest.len());
    let (sign, value) = rest.split_at(end);
    let Some((_, comparison)) = COMPARISONS.iter().find(|(known, _)| *known == sign) else {
        let other = OTHER_COMPARISONS.iter().find(|(other, _)| *other == sign);
        return Err(Malformed {
            label: format!("there is no comparison `{sign}`"),
            hint: Some(match other {
                Some((_, known)) => format!("write \"{metric} {known} {}\"", value.trim()),
                None => "comparisons are <=, <, >=, >, == and !=".to_owned(),
            }),
        });
    };
    let is_bare = |value: &str| value.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let bound = bound(value.trim()).map_err(|error| {
        match value.trim().parse::<f64>() {
        Ok(share) if share <= 1.0 && is_bare(value.trim()) => Malformed {
            label: format!("`{}` has no unit", clipped(value.trim())),
            hint: Some(format!(
                "write \"{metric} {sign} {}\"",
                Ratio(libm::round(share * 1e9) as u64)
            )),
        },
        _ => Malformed {
            label: format!("`{}`: {error}", clipped(value.trim())),
            hint: Some(
                "a bound is 20, \"95%\", \"5ms\", \"2GiB\", \"12/s\" or \"$500\" without its quotes"
                    .to_owned(),
            ),
        },
    }
    })?;
    let start = name.len() - name.trim_start().len();
    let value_start = at + end + value.len() - value.trim_start().len();
    let places = [
        (start, start + metric.len()),
        (value_start, value_start + value.trim().len()),
    ];
    let expectation = Expectation {
        metric: metric.to_owned(),
        comparison: *comparison,
        bound,
        class: None,
        why: String::new(),
    };
    Ok((expectation, places))
}

/// A bound, whose unit says what it is.
pub(in crate::scenario) fn bound(text: &str) -> Result<Bound, UnitError> {
    if let Some(amount) = text.strip_prefix('$') {
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
        let dollars = Some(amount.trim().replace('_', ""))
            .filter(|amount| amount.chars().all(plain))
            .and_then(|amount| amount.parse::<f64>().ok());
        return match dollars {
            Some(dollars) if dollars < 1e9 => Ok(Bound::Dollars(libm::round(dollars * 1e6) as u64)),
            Some(_) => Err(UnitError::TooLarge("$1,000,000,000")),
            None => Err(UnitError::NoNumber),
        };
    }
    if let Some(share) = text.strip_suffix('%') {
        let (sign, share) = match share.trim().strip_prefix('-') {
            Some(share) => (-1, share),
            None => (1, share),
        };
        let share = Ratio::from_str(&format!("{share}%"))?;
        return Ok(Bound::Ratio(sign * share.0.cast_signed()));
    }
    if text.contains('/') {
        return text.parse().map(Bound::Rate);
    }
    if text.ends_with('B') {
        return text.parse().map(Bound::Bytes);
    }
    if text.ends_with(|c: char| c.is_ascii_digit()) && !text.starts_with('-') {
        let digits = text.replace('_', "");
        if let Ok(number) = digits.parse() {
            return Ok(Bound::Count(number));
        }
        if digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(UnitError::TooLarge("18446744073709551615"));
        }
    }
    text.parse().map(Bound::Span)
}

const FORM: &str = "write for example \"hit_rate >= 95%\", or \
                    { that = \"latency.p99 < 5ms\", why = \"SLO 3\" }";
const KEYS: [&str; 3] = ["that", "class", "why"];
/// Longest reason, in bytes: it stands in a line of a report.
const MAX_WHY: usize = 200;

impl Value for Vec<Placed> {
    const KIND: Kind = Kind::Expectations;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::List(items) = &node.tree else {
            let problem = wrong_type(node, &reader.key(), "a list of expectations");
            let hint = match &node.tree {
                Tree::Text(text) => format!("write [{}]", quoted(text)),
                _ => FORM.to_owned(),
            };
            reader.report(problem.hint(hint));
            return None;
        };
        // The others can be judged although one is malformed, which has been reported.
        let items = items.iter().filter_map(|item| read_one(item, reader));
        Some(items.collect())
    }

    fn write(&self) -> String {
        let items: Vec<String> = self
            .iter()
            .map(|Placed { expectation, .. }| {
                let that = expectation.to_string();
                let class = expectation.class.as_deref().unwrap_or_default();
                let keys = [
                    ("that", that.as_str()),
                    ("class", class),
                    ("why", &expectation.why),
                ];
                let given = keys.into_iter().filter(|(_, text)| !text.is_empty());
                let given: Vec<String> = given
                    .map(|(key, text)| format!("{key} = {}", quoted(text)))
                    .collect();
                match given.as_slice() {
                    [_] => quoted(&that),
                    given => format!("{{ {} }}", given.join(", ")),
                }
            })
            .collect();
        format!("[{}]", items.join(", "))
    }
}

fn read_one(node: &Node, reader: &Reader) -> Option<Placed> {
    let entries = match &node.tree {
        Tree::Text(text) => return read_text(node, text, reader),
        Tree::Table(entries) => entries,
        _ => {
            reader.report(wrong_type(node, &reader.key(), "a list of expectations").hint(FORM));
            return None;
        }
    };
    let mut complete = true;
    for stranger in entries.iter().filter(|e| !KEYS.contains(&e.key.as_str())) {
        reader.report(unknown(stranger));
        complete = false;
    }
    let text = |name: &str| {
        let entry = entries.iter().find(|entry| entry.key == name)?;
        if let Tree::Text(text) = &entry.node.tree {
            return Some((&entry.node, text.as_str()));
        }
        reader.report(wrong_type(&entry.node, name, "a text in quotes"));
        None
    };
    let has = |name: &str| entries.iter().any(|entry| entry.key == name);
    let why = text("why");
    complete &= why.is_some() || !has("why");
    let why = why.map_or("", |(node, why)| {
        if why.len() > MAX_WHY || why.chars().any(char::is_control) {
            let problem = Problem::new(node.place, "`why` does not fit into a line");
            reader.report(problem.label(format!("at most {MAX_WHY} bytes, no line breaks")));
            complete = false;
        }
        why
    });
    let class = text("class");
    complete &= class.is_some() || !has("class");
    if !has("that") {
        if complete {
            reader.report(Problem::new(node.place, "`that` is missing").hint(FORM));
        }
        return None;
    }
    let (node, that) = text("that")?;
    let mut placed = read_text(node, that, reader)?;
    why.clone_into(&mut placed.expectation.why);
    if let Some((node, class)) = class {
        placed.expectation.class = Some(class.to_owned());
        placed.class = node.place;
    }
    complete.then_some(placed)
}

fn unknown(stranger: &Entry) -> Problem {
    let key = clipped(&stranger.key);
    if key == "after" {
        return Problem::new(stranger.place, "`after` is not modelled yet")
            .label("leave it out")
            .hint("there are no faults yet after which something could be expected");
    }
    Problem::new(stranger.place, format!("an expectation has no `{key}`"))
        .label(did_you_mean(&key, &KEYS))
        .hint(FORM)
}

fn read_text(node: &Node, text: &str, reader: &Reader) -> Option<Placed> {
    match parse(text) {
        Ok((expectation, ranges)) => {
            let [metric, bound] = ranges.map(|range| within(node.place, text, range));
            Some(Placed {
                expectation,
                metric,
                bound,
                class: None,
            })
        }
        Err(Malformed { label, hint }) => {
            let problem = Problem::new(node.place, "this is no expectation").label(label);
            reader.report(problem.hint(hint.unwrap_or_else(|| FORM.to_owned())));
            None
        }
    }
}

/// The place of a range of a text that stands at `place` in quotes; all of it if escapes make the
/// one longer than the other.
fn within(place: Option<Place>, text: &str, range: (usize, usize)) -> Option<Place> {
    let place = place?;
    if (place.end - place.start) as usize != text.len() + 2 {
        return Some(place);
    }
    Some(Place {
        start: place.start + 1 + range.0 as u32,
        end: place.start + 1 + range.1 as u32,
        ..place
    })
}

#[cfg(test)]
mod tests;
