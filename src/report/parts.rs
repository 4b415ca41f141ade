//! Parts of a run: each class of users and each node, for machines and as tables of the summary.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::metrics::catalogue::Metric;
use crate::metrics::parts::{Part, class_metrics, class_names, node_metrics};

use super::Outcome;
use super::format::{NOT_APPLICABLE, plural, thousands, value as shown};
use super::json::{Number, number};
use super::page::Page;

/// Most classes in `summary.json`; `classes.csv` has them all.
const MOST_FOR_MACHINES: usize = 100;
/// Most lines of a table of the summary.
const MOST_LINES: usize = 8;

/// A class of users in a run.
pub(super) struct Class {
    pub(super) name: String,
    pub(super) login: bool,
    pub(super) part: Part,
}

/// The classes of a run, in their order: those of the scenario, and recorded traffic.
pub(super) struct Classes(Vec<Class>);

impl Classes {
    pub(super) fn of(outcome: Outcome<'_>) -> Self {
        let measured = outcome.measurements.classes.iter();
        let classes = measured.zip(class_names(outcome.scenario));
        let classes = classes.map(|(class, (name, login))| Class {
            name,
            login,
            part: Part::of_class(class, login),
        });
        Self(classes.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Class> {
        self.0.iter()
    }

    /// At most so many of those whose users fared worst, in their order, and how many more there
    /// are.
    fn worst(&self, most: usize) -> (Vec<&Class>, u64) {
        worst(&self.0, most, |class| class.part.harm())
    }
}

/// What a node is called: nodes are counted from 1.
pub(super) fn node_name(place: usize) -> String {
    (place + 1).to_string()
}

/// At most so many of those that rank highest, in their order, and how many more there are.
fn worst<T>(list: &[T], most: usize, rank: impl Fn(&T) -> (u64, u64)) -> (Vec<&T>, u64) {
    let mut places: Vec<usize> = (0..list.len()).collect();
    places.sort_by_key(|&place| (std::cmp::Reverse(rank(&list[place])), place));
    places.truncate(most);
    places.sort_unstable();
    let more = (list.len() - places.len()) as u64;
    let worst = places.into_iter().map(|place| &list[place]);
    (worst.collect(), more)
}

/// A part in `summary.json`.
#[derive(Serialize)]
pub(super) struct Summed {
    name: String,
    metrics: Values,
}

/// Metrics by name; null where one does not apply.
struct Values(Vec<(String, Option<Number>)>);

impl Values {
    fn of(metrics: &[Metric], part: &Part) -> Self {
        let values = metrics.iter().map(|metric| {
            let value = metric.part_value(part).map(number);
            (metric.name.to_string(), value)
        });
        Self(values.collect())
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The classes for `summary.json`, of very many those whose users fared worst, and how many are
/// left out.
pub(super) fn classes_for_machines(outcome: Outcome<'_>) -> (Vec<Summed>, u64) {
    let metrics = class_metrics();
    let classes = Classes::of(outcome);
    let (worst, more) = classes.worst(MOST_FOR_MACHINES);
    let summed = worst.into_iter().map(|class| Summed {
        name: class.name.clone(),
        metrics: Values::of(&metrics, &class.part),
    });
    (summed.collect(), more)
}

/// The nodes for `summary.json`.
pub(super) fn nodes_for_machines(outcome: Outcome<'_>) -> Vec<Summed> {
    let metrics = node_metrics();
    let run = outcome.measurements;
    let nodes = run.nodes.iter().enumerate().map(|(place, node)| Summed {
        name: node_name(place),
        metrics: Values::of(&metrics, &Part::of_node(node, run)),
    });
    nodes.collect()
}

/// Figures of a part as text.
struct Figures<'a> {
    metrics: &'a [Metric],
    part: &'a Part,
}

impl Figures<'_> {
    fn text(&self, name: &str) -> String {
        let metric = self.metrics.iter().find(|metric| metric.name == name);
        metric.map_or(NOT_APPLICABLE.to_owned(), |metric| {
            shown(metric.part_value(self.part), metric.unit)
        })
    }
}

/// Names of longer ones are cut.
fn label(name: &str) -> String {
    const WIDTH: usize = 21;
    if name.chars().count() <= WIDTH {
        return name.to_owned();
    }
    let head: String = name.chars().take(WIDTH - 1).collect();
    format!("{head}\u{2026}")
}

/// The table of classes, if there are several parts to be told apart.
pub(super) fn classes(page: &mut Page, outcome: Outcome<'_>) {
    let classes = Classes::of(outcome);
    let (worst, more) = classes.worst(MOST_LINES);
    if worst.is_empty() {
        return;
    }
    page.strong(&format!(
        "{:<24}{:>12}{:>9}{:>10}{:>11}{:>10}{:>13}{:>9}",
        "By class", "requests", "found", "lost", "set back", "p99", "memory", "of all"
    ));
    let metrics = class_metrics();
    for class in worst {
        let figures = Figures {
            metrics: &metrics,
            part: &class.part,
        };
        let text = |name| figures.text(name);
        page.line(&format!(
            "  {:<22}{:>12}{:>9}{:>10}{:>11}{:>10}{:>13}{:>9}",
            label(&class.name),
            text("requests"),
            text("session_hit_rate"),
            text("sessions_lost"),
            thousands(class.part.set_back()),
            text("latency.p99"),
            text("memory_bytes"),
            text("memory_share"),
        ));
    }
    if more > 0 {
        page.line(&format!(
            "  These fared worst; {} in classes.csv.",
            plural(more, "more class is", "more classes are")
        ));
    }
    page.blank();
}

/// The table of nodes, if there are several.
pub(super) fn nodes(page: &mut Page, outcome: Outcome<'_>) {
    let run = outcome.measurements;
    let all: Vec<(usize, Part)> = run
        .nodes
        .iter()
        .map(|node| Part::of_node(node, run))
        .enumerate()
        .collect();
    let (worst, more) = worst(&all, MOST_LINES, |(_, part)| part.fullness());
    if worst.is_empty() {
        return;
    }
    page.strong(&format!(
        "{:<24}{:>12}{:>9}{:>10}{:>11}{:>10}{:>13}{:>9}",
        "By node", "commands", "hits", "keys", "evicted", "CPU", "memory", "of limit"
    ));
    let metrics = node_metrics();
    for (place, part) in worst {
        let figures = Figures {
            metrics: &metrics,
            part,
        };
        let text = |name| figures.text(name);
        page.line(&format!(
            "  {:<22}{:>12}{:>9}{:>10}{:>11}{:>10}{:>13}{:>9}",
            node_name(*place),
            text("commands"),
            text("hit_rate"),
            text("keys"),
            text("evicted_keys"),
            text("engine_cpu_max"),
            text("used_memory_max"),
            text("memory_usage_max"),
        ));
    }
    if more > 0 {
        page.line(&format!(
            "  These were the fullest; {} in summary.json.",
            plural(more, "more node is", "more nodes are")
        ));
    }
    page.blank();
}
