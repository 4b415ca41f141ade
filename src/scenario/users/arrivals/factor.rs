//! Plain numbers that something is multiplied by.

use std::fmt;

use crate::scenario::reader::Reader;
use crate::scenario::reader::key::Kind;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::tree::{Node, Tree};
use crate::scenario::reader::value::{Value, wrong_type};

/// A factor of at least 0, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(pub u64);

/// Most of a list.
const MAX_FACTORS: usize = 24;

impl Factor {
    /// What changes nothing.
    pub const ONE: Self = Self(1_000_000);
    /// The largest.
    pub const MAX: Self = Self(1_000_000 * 1_000_000);

    /// So many times `number`, to the nearest.
    pub fn of(self, number: u64) -> u64 {
        let product = u128::from(number) * u128::from(self.0);
        u64::try_from((product + 500_000) / 1_000_000).unwrap_or(u64::MAX)
    }

    /// As a number.
    pub fn value(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Value for Factor {
    const KIND: Kind = Kind::Factor;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let problem = match &node.tree {
            Tree::Integer(text, _) | Tree::Float(text) => {
                let number = text.replace('_', "").parse::<f64>().unwrap_or(f64::NAN);
                if (0.0..=Self::MAX.value()).contains(&number) {
                    return Some(Self(libm::round(number * 1e6) as u64));
                }
                if number < 0.0 {
                    Problem::new(node.place, format!("`{key}` is negative"))
                        .label("it must not be below zero")
                } else if number.is_nan() {
                    wrong_type(node, &key, "a number")
                } else {
                    Problem::new(node.place, format!("`{key}` is too large"))
                        .label(format!("at most {}", Self::MAX))
                }
            }
            Tree::Text(text) if text.trim_end_matches('x').parse::<f64>().is_ok() => {
                wrong_type(node, &key, "a number")
                    .hint(format!("write {}", text.trim_end_matches('x')))
            }
            _ => wrong_type(node, &key, "a number such as 2.5"),
        };
        reader.report(problem);
        None
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for Vec<Factor> {
    const KIND: Kind = Kind::Factors;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::List(items) = &node.tree else {
            reader.report(wrong_type(node, &reader.key(), "a list of numbers"));
            return None;
        };
        if items.len() > MAX_FACTORS {
            let message = format!("`{}` is too long", reader.key());
            let label = format!("it has {} numbers", items.len());
            reader.report(Problem::new(node.place, message).label(label));
            return None;
        }
        let items: Vec<_> = items.iter().map(|i| Factor::read(i, reader)).collect();
        items.into_iter().collect()
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(Factor::to_string).collect();
        format!("[{}]", items.join(", "))
    }
}
