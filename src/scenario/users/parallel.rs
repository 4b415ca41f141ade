//! How many requests a page sends at once.

use crate::kernel::quantiles::{Distribution, Quantity};
use crate::scenario::reader::Reader;
use crate::scenario::reader::choice::did_you_mean;
use crate::scenario::reader::key::Kind;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::tree::{Node, Tree};
use crate::scenario::reader::value::{Value, wrong_type};

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Calls(pub u8);

impl Quantity for Calls {
    fn count(self) -> u64 {
        u64::from(self.0)
    }
}

/// The number of requests that one intent sends at once: always the same, or one of several,
/// each with its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Parallel(Distribution<Calls>);

/// Most requests of a page: their draws are told apart by eight bits.
const MAX_CALLS: i128 = 100;
const MAX_WEIGHT: i128 = 1_000_000_000_000;
const FORM: &str = "write for example 3, { uniform = [1, 5] } or \
                    { values = [1, 6], weights = [9, 1] }";

impl Parallel {
    /// One at a time.
    pub const ONE: Self = Self(Distribution::Fixed(Calls(1)));

    /// One of these numbers, each as often as its weight says.
    pub fn of(list: Vec<(Calls, u64)>) -> Self {
        match list.as_slice() {
            [(calls, _)] => Self(Distribution::Fixed(*calls)),
            _ => Self(Distribution::Weighted(list)),
        }
    }

    /// Whether it is one at a time.
    pub fn is_one(&self) -> bool {
        *self == Self::ONE
    }

    /// As a distribution.
    pub const fn distribution(&self) -> &Distribution<Calls> {
        &self.0
    }
}

impl Value for Parallel {
    const KIND: Kind = Kind::Parallel;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let entries = match &node.tree {
            Tree::Integer(..) => {
                return calls(node, reader).map(|calls| Self(Distribution::Fixed(calls)));
            }
            Tree::Table(entries) => entries,
            _ => {
                let what = "a whole number or a distribution of them";
                reader.report(wrong_type(node, &reader.key(), what).hint(FORM));
                return None;
            }
        };
        let find = |name: &str| entries.iter().find(|entry| entry.key == name);
        match (find("uniform"), find("values"), find("weights")) {
            (Some(range), None, None) if entries.len() == 1 => uniform(&range.node, reader),
            (None, Some(values), None) if entries.len() == 1 => {
                let list = list(&values.node, "values", reader, calls)?;
                Some(Self::of(list.into_iter().map(|calls| (calls, 1)).collect()))
            }
            (None, Some(values), Some(weights)) if entries.len() == 2 => {
                let list_of_calls = list(&values.node, "values", reader, calls);
                let list_of_weights = list(&weights.node, "weights", reader, weight);
                let (calls, numbers) = (list_of_calls?, list_of_weights?);
                let label = if calls.len() != numbers.len() {
                    format!("there are {} for {} values", numbers.len(), calls.len())
                } else if numbers.iter().all(|number| *number == 0) {
                    "one of them must be above 0".to_owned()
                } else {
                    return Some(Self::of(calls.into_iter().zip(numbers).collect()));
                };
                let message = "`weights` do not fit the values";
                let problem = Problem::new(weights.node.place, message);
                reader.report(problem.label(label).hint(FORM));
                None
            }
            _ => {
                let known = ["uniform", "values", "weights"];
                let stranger = entries.iter().find(|e| !known.contains(&e.key.as_str()));
                let message = format!("`{}` must be exactly one distribution", reader.key());
                let place = stranger.map_or(node.place, |stranger| stranger.place);
                let label = stranger.map(|stranger| did_you_mean(&stranger.key, &known));
                let problem = Problem::new(place, message).label(label.unwrap_or_default());
                reader.report(problem.hint(FORM));
                None
            }
        }
    }

    fn write(&self) -> String {
        let Distribution::Weighted(list) = &self.0 else {
            return format!("{}", self.0.mean());
        };
        let values: Vec<String> = list.iter().map(|(calls, _)| calls.0.to_string()).collect();
        let weights: Vec<String> = list.iter().map(|(_, n)| n.to_string()).collect();
        let (values, weights) = (values.join(", "), weights.join(", "));
        format!("{{ values = [{values}], weights = [{weights}] }}")
    }
}

fn whole(node: &Node, reader: &Reader, most: i128, what: &str) -> Option<u64> {
    if let Tree::Integer(_, Some(number)) = node.tree
        && (i128::from(what == "a number of requests")..=most).contains(&number)
    {
        return u64::try_from(number).ok();
    }
    let problem = wrong_type(node, &reader.key(), what);
    reader.report(
        problem
            .label(format!("a whole number, at most {most}"))
            .hint(FORM),
    );
    None
}

fn calls(node: &Node, reader: &Reader) -> Option<Calls> {
    let number = whole(node, reader, MAX_CALLS, "a number of requests")?;
    u8::try_from(number).ok().map(Calls)
}

fn weight(node: &Node, reader: &Reader) -> Option<u64> {
    whole(node, reader, MAX_WEIGHT, "a weight")
}

fn uniform(node: &Node, reader: &Reader) -> Option<Parallel> {
    let range = list(node, "uniform", reader, calls)?;
    if let [least, most] = range[..]
        && least <= most
    {
        let all = (least.0..=most.0).map(|calls| (Calls(calls), 1));
        return Some(Parallel::of(all.collect()));
    }
    let problem = Problem::new(node.place, "`uniform` must be the smallest and the largest");
    reader.report(problem.hint(FORM));
    None
}

fn list<T>(
    node: &Node,
    name: &str,
    reader: &Reader,
    read: impl Fn(&Node, &Reader) -> Option<T>,
) -> Option<Vec<T>> {
    match &node.tree {
        Tree::List(items) if (1..=100).contains(&items.len()) => {
            let items: Vec<_> = items.iter().map(|item| read(item, reader)).collect();
            items.into_iter().collect()
        }
        _ => {
            reader.report(wrong_type(node, name, "a list of 1 to 100 numbers").hint(FORM));
            None
        }
    }
}
