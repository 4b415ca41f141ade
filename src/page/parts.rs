//! Classes of users and nodes: tables, and charts of several of them over each other.

use crate::charts::{Chart, MOST_SERIES, Series};
use crate::metrics::catalogue::Metric;
use crate::metrics::parts::{class_metrics, node_metrics};
use crate::report::format::plural;

use super::figures::{shown, words};
use super::plots::{Plot, limits, markers, points_of};
use super::saved::{Column, Part, PartSeries, Saved, Summary};
use super::tables::Table;

/// Columns of the table of classes: metric and heading.
const OF_CLASSES: [(&str, &str); 10] = [
    ("requests", "requests"),
    ("session_hit_rate", "found their session"),
    ("sessions_lost", "sessions lost"),
    ("sessions_expired_in_use", "expired in use"),
    ("forced_logins", "forced logins"),
    ("guest_resets", "guest resets"),
    ("latency.mean", "mean latency"),
    ("latency.p99", "p99"),
    ("memory_bytes", "memory"),
    ("memory_share", "of the nodes\u{2019}"),
];
/// Likewise of nodes.
const OF_NODES: [(&str, &str); 9] = [
    ("commands", "commands"),
    ("hit_rate", "reads that hit"),
    ("keys", "keys"),
    ("used_memory_max", "most memory"),
    ("memory_usage_max", "of maxmemory"),
    ("evicted_keys", "evicted"),
    ("expired_keys", "expired"),
    ("engine_cpu_max", "CPU, engine"),
    ("network_usage_max", "network, of its baseline"),
];
/// Most rows of a table.
const MOST_ROWS: usize = 100;

fn table(
    kind: &str,
    parts: &[Part],
    metrics: &[Metric],
    columns: &[(&str, &str)],
) -> Option<Table> {
    let applies = |(name, _): &&(&str, &str)| {
        let known = |part: &Part| part.metrics.get(*name).copied().flatten().is_some();
        parts.iter().any(known)
    };
    let columns: Vec<_> = columns.iter().filter(applies).collect();
    let heads = columns.iter().map(|(_, head)| (*head).to_owned());
    let mut table = Table {
        head: [kind.to_owned()].into_iter().chain(heads).collect(),
        ..Table::default()
    };
    for part in parts.iter().take(MOST_ROWS) {
        let cells = columns.iter().map(|(name, _)| {
            let value = part.metrics.get(*name).copied().flatten();
            let metric = metrics.iter().find(|metric| metric.name == *name);
            metric.map_or_else(String::new, |metric| shown(value, metric.unit))
        });
        let row = [part.name.clone()].into_iter().chain(cells);
        table.rows.push(row.collect());
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The table of classes, if there are several parts to be told apart.
pub(super) fn classes(summary: &Summary) -> Option<Table> {
    table("class", &summary.classes, &class_metrics(), &OF_CLASSES)
}

/// How many classes are not shown; empty if all are.
pub(super) fn left_out(summary: &Summary) -> String {
    match summary.classes_left_out {
        0 => String::new(),
        more => format!(
            "These are the classes whose users fared worst; {} in classes.csv.",
            plural(more, "more is", "more are")
        ),
    }
}

/// The table of nodes, if there are several.
pub(super) fn nodes(summary: &Summary) -> Option<Table> {
    table("node", &summary.nodes, &node_metrics(), &OF_NODES)
}

/// The charts of several parts: of classes what their users meet, of nodes how full they are.
pub(super) fn plots(saved: &Saved) -> Vec<Plot> {
    const NODES: [(&str, &str, bool); 4] = [
        ("used_memory_max", "Memory by node", false),
        ("hit_rate", "Reads that hit, by node", false),
        ("evicted_keys", "Evicted keys by node", true),
        ("engine_cpu_max", "CPU of the engine, by node", false),
    ];
    const CLASSES: [(&str, &str, bool); 4] = [
        (
            "session_hit_rate",
            "Requests that found their session, by class",
            false,
        ),
        ("sessions_lost", "Lost sessions by class", true),
        ("live_sessions_max", "Live sessions by class", false),
        ("memory_share", "Share of the memory, by class", false),
    ];
    let nodes = NODES
        .iter()
        .filter_map(|wanted| plot(saved, &saved.nodes, wanted, "node "));
    let classes = CLASSES
        .iter()
        .filter_map(|wanted| plot(saved, &saved.classes, wanted, ""));
    nodes.chain(classes).collect()
}

fn plot(
    saved: &Saved,
    parts: &[PartSeries],
    (name, title, counted): &(&str, &str, bool),
    before: &str,
) -> Option<Plot> {
    if parts.len() < 2 {
        return None;
    }
    let mut columns: Vec<(&PartSeries, &Column)> = parts
        .iter()
        .filter_map(|part| Some((part, part.column(name)?)))
        .collect();
    let extreme = |column: &Column| {
        let known = column.values.iter().flatten();
        known.fold(0.0_f64, |most, value| most.max(value.abs()))
    };
    if columns.iter().all(|(_, column)| extreme(column) == 0.0) {
        return None;
    }
    let all = columns.len();
    if all > MOST_SERIES {
        columns.sort_by(|one, other| extreme(other.1).total_cmp(&extreme(one.1)));
        columns.truncate(MOST_SERIES);
    }
    let unit = super::plots::unit(name);
    let series = columns.iter().map(|(part, column)| Series {
        name: format!("{before}{}", part.name),
        points: points_of(&part.times, column),
    });
    let title = if *counted {
        let window = words(saved.summary.window_seconds);
        format!(
            "{title} (per {})",
            window.strip_prefix("1 ").unwrap_or(&window)
        )
    } else {
        (*title).to_owned()
    };
    let mut chart = Chart::over_time(&title, unit, series.collect());
    chart.limits = limits(saved, name);
    chart.markers = markers(saved);
    let note = if all > MOST_SERIES {
        format!("The {MOST_SERIES} highest of {all} are drawn.")
    } else {
        String::new()
    };
    Some(Plot { chart, note })
}

impl PartSeries {
    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
