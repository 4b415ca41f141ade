//! Axes: a key and the values it takes.

use crate::scenario::reader::tree::{Node, Place, Tree};
use crate::units::{Bytes, Rate, Ratio, Span};

use super::flat::written;
use super::keys::Scale;

/// What varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What tables call it.
    pub name: String,
    /// Path of its key.
    pub key: String,
    /// Its values: at least two, no two of them alike.
    pub values: Vec<AxisValue>,
    /// Axes with the same word move together.
    pub zip: Option<String>,
    pub(super) place: Option<Place>,
}

/// A value of an axis.
#[derive(Clone, Debug)]
pub struct AxisValue {
    /// As TOML.
    pub text: String,
    /// What it amounts to.
    pub quantity: Quantity,
    pub(super) node: Node,
}

impl PartialEq for AxisValue {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl AxisValue {
    pub(super) fn new(node: Node) -> Self {
        Self {
            text: written(&node),
            quantity: Quantity::of(&node.tree),
            node,
        }
    }

    /// As tables show it: a text without its quotes.
    pub fn shown(&self) -> &str {
        match &self.node.tree {
            Tree::Text(text) => text,
            _ => &self.text,
        }
    }

    /// The number that it is, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self.quantity {
            Quantity::Number(number, _) => Some(number),
            Quantity::Word(_) | Quantity::Opaque => None,
        }
    }

    /// The same in the units that results have: a number and its unit.
    pub fn measured(&self) -> Option<(f64, &'static str)> {
        match self.quantity {
            Quantity::Number(number, Dimension::Plain) => Some((number, "count")),
            Quantity::Number(nanos, Dimension::Time) => Some((nanos / 1e9, "seconds")),
            Quantity::Number(bytes, Dimension::Size) => Some((bytes, "bytes")),
            Quantity::Number(billionths, Dimension::Rate) => Some((billionths / 1e9, "per-second")),
            Quantity::Word(_) | Quantity::Opaque => None,
        }
    }
}

/// What a value amounts to, where constraints and objectives compare it.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// A number in the base unit of what it measures. A share is a plain number.
    Number(f64, Dimension),
    /// A text or a flag: only equal or not.
    Word(String),
    /// A list or a table, which compares with nothing.
    Opaque,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Nothing: a count or a share.
    Plain,
    /// Nanoseconds.
    Time,
    /// Bytes.
    Size,
    /// Events, in 10^-9 a second.
    Rate,
}

impl Quantity {
    fn of(tree: &Tree) -> Self {
        match tree {
            Tree::Integer(_, Some(number)) => Self::Number(*number as f64, Dimension::Plain),
            Tree::Float(text) => text
                .replace('_', "")
                .parse()
                .map_or(Self::Opaque, |number| {
                    Self::Number(number, Dimension::Plain)
                }),
            Tree::Text(text) => Self::parse(text),
            Tree::Flag(flag) => Self::Word(flag.to_string()),
            _ => Self::Opaque,
        }
    }

    /// A text as a quantity, or as the word that it is.
    pub(super) fn parse(text: &str) -> Self {
        if let Ok(span) = text.parse::<Span>() {
            return Self::Number(span.0 as f64, Dimension::Time);
        }
        if let Ok(bytes) = text.parse::<Bytes>() {
            return Self::Number(bytes.0 as f64, Dimension::Size);
        }
        if let Ok(share) = text.parse::<Ratio>() {
            return Self::Number(share.0 as f64 / 1e9, Dimension::Plain);
        }
        if let Ok(rate) = text.parse::<Rate>() {
            return Self::Number(rate.0 as f64, Dimension::Rate);
        }
        Self::Word(text.to_owned())
    }
}

/// What the ends of a range are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    Whole(f64, f64),
    Spans(f64, f64),
    Sizes(f64, f64),
    Shares(f64, f64),
    Rates(f64, f64),
}

impl Ends {
    fn of(from: &Tree, to: &Tree) -> Option<Self> {
        fn both<T: std::str::FromStr>(
            from: &Tree,
            to: &Tree,
            of: fn(T) -> u64,
        ) -> Option<[f64; 2]> {
            let (Tree::Text(from), Tree::Text(to)) = (from, to) else {
                return None;
            };
            let ends = [from.parse().ok()?, to.parse().ok()?];
            Some(ends.map(|end| of(end) as f64))
        }
        if let (Tree::Integer(_, Some(from)), Tree::Integer(_, Some(to))) = (from, to) {
            return Some(Self::Whole(*from as f64, *to as f64));
        }
        if let Some([from, to]) = both(from, to, |span: Span| span.0) {
            return Some(Self::Spans(from, to));
        }
        if let Some([from, to]) = both(from, to, |bytes: Bytes| bytes.0) {
            return Some(Self::Sizes(from, to));
        }
        if let Some([from, to]) = both(from, to, |share: Ratio| share.0) {
            return Some(Self::Shares(from, to));
        }
        let [from, to] = both(from, to, |rate: Rate| rate.0)?;
        Some(Self::Rates(from, to))
    }

    fn numbers(self) -> (f64, f64) {
        match self {
            Self::Whole(from, to)
            | Self::Spans(from, to)
            | Self::Sizes(from, to)
            | Self::Shares(from, to)
            | Self::Rates(from, to) => (from, to),
        }
    }

    /// Values within a range are rounded to what people would write: each to the largest of these
    /// steps that is at most a thousandth of the smaller end.
    fn steps(self) -> &'static [f64] {
        match self {
            Self::Whole(..) => &[1.0],
            Self::Spans(..) => &[1.0, 1e3, 1e6, 1e9, 60e9],
            Self::Sizes(..) => &[1.0, 1024.0, 1_048_576.0],
            // A thousandth of a percent, and one in a million.
            Self::Shares(..) => &[1e3, 1e4],
            Self::Rates(..) => &[1.0, 1e3, 1e6, 1e9],
        }
    }

    fn tree(self, number: f64) -> Tree {
        let whole = number as u64;
        match self {
            Self::Whole(..) => Tree::Integer(format!("{number}"), Some(number as i128)),
            Self::Spans(..) => Tree::Text(Span(whole).to_string()),
            Self::Sizes(..) => Tree::Text(Bytes(whole).to_string()),
            Self::Shares(..) => Tree::Text(Ratio(whole).to_string()),
            Self::Rates(..) => Tree::Text(Rate(whole).to_string()),
        }
    }
}

/// A range of values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    ends: Ends,
    scale: Scale,
    step: f64,
    place: Option<Place>,
}

impl Range {
    /// The range between two values, or what is wrong with them.
    pub(super) fn new(from: &Node, to: &Node, scale: Scale) -> Result<Self, &'static str> {
        let ends = Ends::of(&from.tree, &to.tree)
            .ok_or("the ends of a range are whole numbers, or quantities of the same unit")?;
        let (low, high) = ends.numbers();
        if low >= high {
            return Err("the end of the range does not lie above its beginning");
        }
        if scale == Scale::Logarithmic && low <= 0.0 {
            return Err("equal factors cannot begin at zero or below");
        }
        let steps = ends.steps();
        let fine = steps
            .iter()
            .rev()
            .find(|step| **step <= low.max(high / 1e3) / 1e3);
        Ok(Self {
            ends,
            scale,
            step: *fine.unwrap_or(&steps[0]),
            place: from.place,
        })
    }

    /// The value at a share of the way, 0 to 1, rounded; the ends exactly.
    pub(super) fn at(&self, share: f64) -> AxisValue {
        let (low, high) = self.ends.numbers();
        let exact = match self.scale {
            Scale::Linear => low + (high - low) * share,
            Scale::Logarithmic => low * libm::exp(libm::log(high / low) * share),
        };
        let number = if share <= 0.0 {
            low
        } else if share >= 1.0 {
            high
        } else {
            (libm::round(exact / self.step) * self.step).clamp(low, high)
        };
        AxisValue::new(Node {
            tree: self.ends.tree(number),
            place: self.place,
        })
    }
}
