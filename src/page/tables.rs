//! Tables of the page.

use crate::charts::time_text;
use crate::metrics::catalogue::{Unit, catalogue};

use crate::report::format::plural;

use super::figures::{metric, shown, words};
use super::saved::{Saved, Summary};

/// A table of texts.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of columns; the first one names the row.
    pub head: Vec<String>,
    /// Rows, as wide as the head.
    pub rows: Vec<Vec<String>>,
    /// A class for each row, or none.
    pub states: Vec<&'static str>,
}

impl Table {
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).to_vec(),
            ..Self::default()
        }
    }

    /// The class of a row.
    #[must_use]
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates pass references"
    )]
    pub fn state(&self, row: &usize) -> &'static str {
        self.states.get(*row).copied().unwrap_or_default()
    }
}

pub(super) fn expectations(summary: &Summary) -> Option<Table> {
    let mut table = Table::new(["", "expected", "measured", "why"]);
    for expected in &summary.expectations {
        let unit = metric(&expected.metric)?.unit;
        let (sign, state) = if expected.holds {
            ("\u{2713} holds", "good")
        } else {
            ("\u{2717} fails", "bad")
        };
        table.rows.push(vec![
            sign.to_owned(),
            expected.in_full(),
            shown(expected.value, unit),
            expected.why.clone(),
        ]);
        table.states.push(state);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Every session by its fate, and lost ones by cause.
pub(super) fn fates(summary: &Summary) -> Table {
    let mut table = Table::new(["sessions", "number", "of all"]);
    let fates = [
        ("sessions_logged_out", "logged out"),
        ("sessions_superseded", "replaced at a login"),
        (
            "sessions_ended",
            "reached their own end, nobody missed them",
        ),
        ("sessions_expired_in_use", "expired, and the user came back"),
        ("sessions_alive", "alive at the end of the run"),
        ("sessions_lost", "lost"),
    ];
    let all: f64 = fates
        .iter()
        .filter_map(|(name, _)| summary.value(name))
        .sum();
    let mut add = |name: &str, label: String| {
        let Some(number) = summary.value(name) else {
            return;
        };
        let share = (all > 0.0).then_some(number / all);
        table
            .rows
            .push(vec![label, summary.text(name), shown(share, Unit::Ratio)]);
    };
    for (name, label) in fates {
        add(name, label.to_owned());
    }
    for cause in catalogue() {
        let Some(word) = cause.name.strip_prefix("sessions_lost.") else {
            continue;
        };
        if summary.value(&cause.name).unwrap_or(0.0) > 0.0 {
            let label = match word {
                "felt" => "missed during the visit".to_owned(),
                "unnoticed" => "not missed by anyone".to_owned(),
                "restored" => "missed, and restored".to_owned(),
                "abandoned" => "missed, and the user gave up".to_owned(),
                cause => format!("by cause: {}", cause.replace('_', " ")),
            };
            add(&cause.name, format!("\u{2003}{label}"));
        }
    }
    table
}

/// Most lines of the timeline.
const MOST_INCIDENTS: usize = 60;

/// What failed, and what was done about it.
pub(super) fn incidents(summary: &Summary) -> Option<Table> {
    let mut table = Table::new(["when", "what happened"]);
    for incident in summary.incidents.iter().take(MOST_INCIDENTS) {
        let at = time_text(incident.at_seconds);
        table.rows.push(vec![at, incident.text.clone()]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What that table leaves out.
pub(super) fn incidents_note(summary: &Summary) -> String {
    let more = summary.incidents.len().saturating_sub(MOST_INCIDENTS) as u64;
    match more + summary.incidents_left_out {
        0 => String::new(),
        more => format!("{} left out.", plural(more, "line is", "lines are")),
    }
}

pub(super) fn alarms(summary: &Summary) -> Option<Table> {
    let mut table = Table::new([
        "alarm",
        "datapoints",
        "from",
        "fired",
        "before users noticed",
    ]);
    for alarm in &summary.alarms {
        let period = words(alarm.period_seconds as f64);
        let datapoints = format!("{} of {} \u{d7} {period}", alarm.datapoints, alarm.of);
        let from = if alarm.recommended { "AWS" } else { "scenario" };
        let (fired, lead) = match alarm.fired.first() {
            _ if !alarm.has_data => ("not measured".to_owned(), String::new()),
            None => ("never".to_owned(), String::new()),
            Some([first, _]) => {
                let on: f64 = alarm.fired.iter().map(|[from, to]| to - from).sum();
                let node = alarm.node.as_ref();
                let node = node.map_or_else(String::new, |node| format!(" at node {node}"));
                let fired = format!("{}{node}, on for {} in all", time_text(*first), words(on));
                let lead = summary.first_noticed_seconds.map(|noticed| {
                    if noticed >= *first {
                        words(noticed - first)
                    } else {
                        format!("{} too late", words(first - noticed))
                    }
                });
                (fired, lead.unwrap_or_else(|| "nobody noticed".to_owned()))
            }
        };
        let state = if alarm.fired.is_empty() { "" } else { "bad" };
        let name = if alarm.name == alarm.when {
            alarm.name.clone()
        } else {
            format!("{}: {}", alarm.name, alarm.when)
        };
        table
            .rows
            .push(vec![name, datapoints, from.to_owned(), fired, lead]);
        table.states.push(state);
    }
    (!table.rows.is_empty()).then_some(table)
}

pub(super) fn cost(summary: &Summary) -> Option<Table> {
    summary.value("cost_per_month")?;
    let mut table = Table::new(["a month", "USD"]);
    let list = [
        ("cost_per_month", "in all, as it is paid for"),
        ("cost_per_1000_sessions", "per 1,000 live sessions"),
        ("cost_per_month.on_demand", "nodes, on demand"),
        ("cost_per_month.reserved", "nodes, reserved"),
        ("cost_per_month.backups", "backups"),
        (
            "cost_per_month.serverless",
            "a serverless cache instead, at most",
        ),
        ("cost_per_month.database_saved", "saved at the database"),
    ];
    for (name, label) in list {
        if summary.value(name).is_some() {
            table.rows.push(vec![label.to_owned(), summary.text(name)]);
        }
    }
    Some(table)
}

/// What else used the nodes.
pub(super) fn workloads(summary: &Summary) -> Option<Table> {
    let mut table = Table::new([
        "workload", "requests", "hits", "p99", "evicted", "keys", "memory",
    ]);
    for workload in &summary.workloads {
        let count = |number: u64| shown(Some(number as f64), Unit::Count);
        table.rows.push(vec![
            workload.name.clone(),
            count(workload.requests),
            shown(workload.hit_rate, Unit::Ratio),
            shown(workload.latency_p99, Unit::Seconds),
            count(workload.evicted_keys),
            count(workload.keys),
            shown(Some(workload.memory_bytes as f64), Unit::Bytes),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// All metrics of the catalogue.
pub(super) fn metrics(summary: &Summary) -> Table {
    let mut table = Table::new(["metric", "value", "what it is"]);
    for metric in catalogue() {
        let Some(value) = summary.metrics.get(&*metric.name) else {
            continue;
        };
        table.rows.push(vec![
            metric.name.to_string(),
            shown(*value, metric.unit),
            metric.help.to_string(),
        ]);
    }
    table
}

/// The metrics of several results beside each other, as far as any has them.
pub(super) fn side_by_side(results: &[Saved]) -> Table {
    let names = results.iter().map(|saved| saved.summary.scenario.clone());
    let mut table = Table {
        head: ["metric".to_owned()].into_iter().chain(names).collect(),
        ..Table::default()
    };
    for metric in catalogue() {
        let values: Vec<Option<f64>> = results
            .iter()
            .map(|saved| saved.summary.value(&metric.name))
            .collect();
        if values.iter().all(Option::is_none) || values.iter().all(|value| *value == Some(0.0)) {
            continue;
        }
        let cells = values.into_iter().map(|value| shown(value, metric.unit));
        table
            .rows
            .push([metric.name.to_string()].into_iter().chain(cells).collect());
    }
    table
}
