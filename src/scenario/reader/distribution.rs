//! Distributions of durations and sizes.
//!
//! A plain quantity is a fixed value. The others are tables of one key each:
//! `{ exponential = "20s" }` (its mean), `{ uniform = ["1s", "3s"] }` (smallest and largest),
//! `{ lognormal = { median = "1ms", p99 = "5ms" } }` and `{ values = ["1s", "2s"] }` (each with
//! the same probability, or as often as `weights = [3, 1]` beside it say).

use crate::kernel::quantiles::{Distribution, Quantity};

use super::Reader;
use super::choice::did_you_mean;
use super::key::Kind;
use super::problem::Problem;
use super::tree::{Entry, Node, Tree};
use super::value::{Unit, Value, wrong_type};

const FORMS: [&str; 4] = ["exponential", "uniform", "lognormal", "values"];

/// Most values of a list.
const MAX_VALUES: usize = 10_000;

/// Largest ratio of the 99 % quantile to the median of a log-normal distribution: beyond it the
/// mean lies outside everything that one would measure.
const MAX_SPREAD: u64 = 1000;

/// Draws end at the 1 - 2^-25 quantile (`kernel::quantiles`), which is so many means of an
/// exponential distribution, 25 ln 2 ...
const LARGEST_EXPONENTIAL: f64 = 17.328_679_513_998_633;
/// ... and so many standard deviations of a normal one, whose 99 % quantile is this.
const LARGEST_NORMAL: f64 = 5.419_983;
const NORMAL_Q99: f64 = 2.326_347_874_040_841;

impl<U: Unit + Quantity> Value for Distribution<U> {
    const KIND: Kind = U::KIND_OF_MANY;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::Table(entries) = &node.tree else {
            return match node.tree {
                Tree::Text(_) | Tree::Integer(..) | Tree::Float(_) => {
                    U::read(node, reader).map(Self::Fixed)
                }
                _ => {
                    let what = format!("{} or a distribution", U::WHAT);
                    let problem = wrong_type(node, &reader.key(), &what);
                    reader.report(problem.hint(forms::<U>()));
                    None
                }
            };
        };
        if let Some(weights) = entries.iter().find(|entry| entry.key == "weights")
            && let Some(list) = entries.iter().find(|entry| entry.key == "values")
            && entries.len() == 2
        {
            return weighted(&list.node, &weights.node, reader);
        }
        let [entry] = entries.as_slice() else {
            let key = reader.key();
            let message = format!("`{key}` must be exactly one distribution");
            let label = match entries.len() {
                0 => "this is none".to_owned(),
                n => format!("these are {n}"),
            };
            reader.report(
                Problem::new(node.place, message)
                    .label(label)
                    .hint(forms::<U>()),
            );
            return None;
        };
        match entry.key.as_str() {
            "exponential" => U::read(&entry.node, reader).map(|mean| Self::Exponential { mean }),
            "uniform" => uniform(&entry.node, reader),
            "lognormal" => lognormal(&entry.node, reader),
            "values" => values(&entry.node, reader),
            other => {
                let message = format!("there is no distribution `{other}`");
                let problem = Problem::new(entry.place, message);
                reader.report(
                    problem
                        .label(did_you_mean(other, &FORMS))
                        .hint(forms::<U>()),
                );
                None
            }
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Fixed(value) => value.write(),
            Self::Exponential { mean } => format!("{{ exponential = {} }}", mean.write()),
            Self::Uniform { min, max } => {
                format!("{{ uniform = [{}, {}] }}", min.write(), max.write())
            }
            Self::Lognormal { median, p99 } => {
                let (median, p99) = (median.write(), p99.write());
                format!("{{ lognormal = {{ median = {median}, p99 = {p99} }} }}")
            }
            Self::Empirical(list) => {
                let list: Vec<String> = list.iter().map(Value::write).collect();
                format!("{{ values = [{}] }}", list.join(", "))
            }
            Self::Weighted(list) => {
                let values: Vec<String> = list.iter().map(|(value, _)| value.write()).collect();
                let weights: Vec<String> = list.iter().map(|(_, w)| w.to_string()).collect();
                let (values, weights) = (values.join(", "), weights.join(", "));
                format!("{{ values = [{values}], weights = [{weights}] }}")
            }
        }
    }

    /// The least parameter, and the largest value that can be drawn.
    fn extremes(&self) -> Option<(u64, u64)> {
        let least = match self {
            Self::Fixed(value) | Self::Exponential { mean: value } => value.count_of(),
            Self::Uniform { min, .. } => min.count_of(),
            Self::Lognormal { median, .. } => median.count_of(),
            Self::Empirical(list) => list.iter().map(CountOf::count_of).min().unwrap_or(0),
            Self::Weighted(list) => list.iter().map(|(v, _)| v.count_of()).min().unwrap_or(0),
        };
        let most = match self {
            Self::Fixed(value) | Self::Uniform { max: value, .. } => value.count_of(),
            Self::Empirical(list) => list.iter().map(CountOf::count_of).max().unwrap_or(0),
            Self::Weighted(list) => list.iter().map(|(v, _)| v.count_of()).max().unwrap_or(0),
            Self::Exponential { mean } => (mean.count_of() as f64 * LARGEST_EXPONENTIAL) as u64,
            Self::Lognormal { median, p99 } => {
                let (median, p99) = (median.count_of() as f64, p99.count_of() as f64);
                let spread = libm::log(p99 / median) * LARGEST_NORMAL / NORMAL_Q99;
                (median * libm::exp(spread)) as u64
            }
        };
        Some((least, most))
    }

    fn amount(amount: u64) -> String {
        U::amount(amount)
    }
}

/// Both traits can count; this says which is meant.
trait CountOf {
    fn count_of(&self) -> u64;
}

impl<U: Unit> CountOf for U {
    fn count_of(&self) -> u64 {
        Unit::count(*self)
    }
}

fn forms<U: Unit>() -> String {
    let (x, y) = (U::EXAMPLE, U::LARGER);
    format!(
        "write {x}, {{ exponential = {x} }}, {{ uniform = [{x}, {y}] }}, \
         {{ lognormal = {{ median = {x}, p99 = {y} }} }} or {{ values = [{x}, {y}] }}"
    )
}

fn uniform<U: Unit>(node: &Node, reader: &Reader) -> Option<Distribution<U>> {
    let items = match &node.tree {
        Tree::List(items) if items.len() == 2 => items,
        _ => {
            let (x, y) = (U::EXAMPLE, U::LARGER);
            let problem = wrong_type(node, "uniform", "a list of the smallest and the largest");
            reader.report(problem.hint(format!("write uniform = [{x}, {y}]")));
            return None;
        }
    };
    let (min, max) = (U::read(&items[0], reader), U::read(&items[1], reader));
    let (min, max) = (min?, max?);
    if min.count_of() > max.count_of() {
        reader.report(
            Problem::new(node.place, "the range of `uniform` is upside down")
                .label("the first must not be larger than the second")
                .hint(format!("write [{}, {}]", max.write(), min.write())),
        );
        return None;
    }
    Some(Distribution::Uniform { min, max })
}

fn lognormal<U: Unit>(node: &Node, reader: &Reader) -> Option<Distribution<U>> {
    let (x, y) = (U::EXAMPLE, U::LARGER);
    let form = format!("write lognormal = {{ median = {x}, p99 = {y} }}");
    let Tree::Table(entries) = &node.tree else {
        reader.report(wrong_type(node, "lognormal", "a table").hint(form));
        return None;
    };
    let find = |name: &str| entries.iter().find(|entry| entry.key == name);
    let mut complete = true;
    for stranger in entries
        .iter()
        .filter(|e| !matches!(e.key.as_str(), "median" | "p99"))
    {
        let message = format!("`lognormal` has no `{}`", stranger.key);
        reader.report(Problem::new(stranger.place, message).hint(form.clone()));
        complete = false;
    }
    for name in ["median", "p99"] {
        if complete && find(name).is_none() {
            let message = format!("`lognormal` needs its `{name}`");
            reader.report(Problem::new(node.place, message).hint(form.clone()));
            complete = false;
        }
    }
    let read = |entry: Option<&Entry>| entry.and_then(|entry| U::read(&entry.node, reader));
    let (median, p99) = (read(find("median")), read(find("p99")));
    let (median, p99) = (median?, p99?);
    let (low, high) = (median.count_of(), p99.count_of());
    let wrong = if low == 0 {
        (
            "the median of `lognormal` is zero",
            "it must be above 0".to_owned(),
        )
    } else if high < low {
        ("the p99 of `lognormal` is below its median", String::new())
    } else if high / low > MAX_SPREAD {
        (
            "`lognormal` is too wide",
            format!("the p99 is at most {MAX_SPREAD} times the median"),
        )
    } else {
        return complete.then_some(Distribution::Lognormal { median, p99 });
    };
    reader.report(Problem::new(node.place, wrong.0).label(wrong.1));
    None
}

fn values<U: Unit>(node: &Node, reader: &Reader) -> Option<Distribution<U>> {
    let what = format!("a list of 1 to {MAX_VALUES} values");
    match &node.tree {
        Tree::List(items) if (1..=MAX_VALUES).contains(&items.len()) => {
            let list: Vec<Option<U>> = items.iter().map(|item| U::read(item, reader)).collect();
            list.into_iter()
                .collect::<Option<Vec<U>>>()
                .map(Distribution::Empirical)
        }
        Tree::List(items) => {
            let message = format!("`values` must be {what}");
            let label = format!("it has {}", items.len());
            reader.report(Problem::new(node.place, message).label(label));
            None
        }
        _ => {
            reader.report(wrong_type(node, "values", &what));
            None
        }
    }
}

/// Values with their weights, whole numbers of which one is above 0.
fn weighted<U: Unit>(list: &Node, weights: &Node, reader: &Reader) -> Option<Distribution<U>> {
    const MAX_WEIGHT: i128 = 1_000_000_000_000;
    let Distribution::Empirical(list) = values(list, reader)? else {
        return None;
    };
    let number = list.len();
    let Tree::List(items) = &weights.tree else {
        let what = "a list of whole numbers, one for each value";
        reader.report(wrong_type(weights, "weights", what));
        return None;
    };
    let numbers: Option<Vec<u64>> = items
        .iter()
        .map(|item| match &item.tree {
            Tree::Integer(_, Some(n)) if (0..=MAX_WEIGHT).contains(n) => u64::try_from(*n).ok(),
            _ => None,
        })
        .collect();
    let wrong = match numbers {
        None => format!("each must be a whole number from 0 to {MAX_WEIGHT}"),
        Some(numbers) if numbers.len() != number => {
            format!("there are {} of them for {number} values", numbers.len())
        }
        Some(numbers) if numbers.iter().all(|weight| *weight == 0) => {
            "one of them must be above 0".to_owned()
        }
        Some(numbers) => {
            return Some(Distribution::Weighted(
                list.into_iter().zip(numbers).collect(),
            ));
        }
    };
    reader.report(
        Problem::new(weights.place, "`weights` do not fit the values")
            .label(wrong)
            .hint("write for example { values = [\"1s\", \"9s\"], weights = [3, 1] }"),
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::quantiles::Quantiles;
    use crate::units::Span;

    #[test]
    fn nothing_larger_than_the_largest_is_drawn() {
        let second = Span::from_secs;
        for distribution in [
            Distribution::Fixed(second(3)),
            Distribution::Exponential { mean: second(3) },
            Distribution::Uniform {
                min: second(3),
                max: second(9),
            },
            Distribution::Lognormal {
                median: second(3),
                p99: second(90),
            },
            Distribution::Lognormal {
                median: second(3),
                p99: second(3000),
            },
            Distribution::Empirical(vec![second(3), second(4), second(9)]),
            Distribution::Weighted(vec![(second(3), 2), (second(9), 1)]),
        ] {
            let (least, most) = distribution.extremes().unwrap();
            assert_eq!(least, 3_000_000_000);
            let drawn = Quantiles::new(&distribution).draw(u64::MAX) as f64;
            // The table is scaled to keep the mean, the more the wider the distribution.
            let ratio = drawn / most as f64;
            assert!((0.98..1.01).contains(&ratio), "{distribution:?}: {ratio}");
        }
    }
}
