//! The answer: does the plan hold, what breaks first, how much room is left.

use crate::metrics::catalogue::Unit;
use crate::report::format::{plural, significant};

use super::figures::{shown, words};
use super::saved::{Saved, Summary};

/// The three answers.
pub(super) struct Answer {
    /// `good`, `bad` or `open`.
    pub(super) state: &'static str,
    pub(super) holds: String,
    pub(super) breaks: String,
    pub(super) room: String,
}

/// What fills up: metric, how people call it, and how full it may be.
const RESOURCES: [(&str, &str, f64); 5] = [
    ("memory_usage_max", "memory", 1.0),
    ("engine_cpu_max", "the engine's CPU", 0.9),
    ("host_cpu_max", "the host's CPU", 0.9),
    ("network_usage_max", "the network", 1.0),
    ("connections_usage_max", "connections", 0.8),
];

/// The answer of a run that was interrupted in its warm-up.
const NOTHING: &str = "Nothing was measured.";

impl Answer {
    pub(super) fn new(saved: &Saved) -> Self {
        let summary = &saved.summary;
        let (state, holds) = holds(summary);
        if summary.measured_seconds <= 0.0 {
            return Self {
                state,
                holds,
                breaks: NOTHING.to_owned(),
                room: NOTHING.to_owned(),
            };
        }
        Self {
            state,
            holds,
            breaks: breaks(summary),
            room: room(summary),
        }
    }
}

fn holds(summary: &Summary) -> (&'static str, String) {
    let all = summary.expectations.len() as u64;
    let failed: Vec<&str> = summary
        .expectations
        .iter()
        .filter(|expected| !expected.holds)
        .map(|expected| expected.that.as_str())
        .collect();
    if !summary.complete {
        let text = "The run was interrupted: this is what it showed until then.";
        return ("open", text.to_owned());
    }
    match (all, failed.as_slice()) {
        (0, _) => (
            "open",
            "Nothing was expected of this plan, so nothing can be said: state what it must show, \
             such as expect = [\"session_hit_rate >= 99%\"]."
                .to_owned(),
        ),
        (_, []) => (
            "good",
            format!(
                "Yes: {} met.",
                plural(all, "expectation is", "expectations are")
            ),
        ),
        (_, failed) => (
            "bad",
            format!(
                "No: {} of {} {} not met{} {}.",
                failed.len(),
                plural(all, "expectation", "expectations"),
                if failed.len() == 1 { "is" } else { "are" },
                if failed.len() == 1 { ":" } else { ", first" },
                failed[0]
            ),
        ),
    }
}

/// How full each resource was, of what it may be, the fullest first.
fn resources(summary: &Summary) -> Vec<(&'static str, f64, f64)> {
    let known = RESOURCES.iter().filter_map(|(metric, name, limit)| {
        let used = summary.value(metric)?;
        Some((*name, used, used / limit))
    });
    let mut known: Vec<_> = known.collect();
    known.sort_by(|one, other| other.2.total_cmp(&one.2));
    known
}

fn breaks(summary: &Summary) -> String {
    let mut broke = Vec::new();
    let mut tell = |metric: &str, one: &str, many: &str| {
        let number = summary.count(metric);
        if number > 0 {
            broke.push(plural(number, one, many));
        }
    };
    tell(
        "evicted_keys",
        "key was evicted",
        "keys were evicted for want of memory",
    );
    tell(
        "oom_errors",
        "command was refused",
        "commands were refused for want of memory",
    );
    tell(
        "db_refused",
        "query was refused",
        "queries were refused by the database",
    );
    tell("failed_requests", "request failed", "requests failed");
    let fullest = resources(summary);
    let used: Vec<String> = fullest
        .iter()
        .take(2)
        .map(|(name, used, _)| format!("{name} ({})", shown(Some(*used), Unit::Ratio)))
        .collect();
    let nearest = match used.as_slice() {
        [] => "No resource has a limit.".to_owned(),
        [one] => format!("Nearest to its limit: {one}."),
        [one, other, ..] => format!("Nearest to its limit: {one}, then {other}."),
    };
    match broke.as_slice() {
        [] => format!("Nothing broke. {nearest}"),
        broke => {
            let mut text = broke.join(", ");
            if let Some(first) = text.get(..1) {
                text = format!("{}{}", first.to_uppercase(), &text[1..]);
            }
            format!("{text}. {nearest}")
        }
    }
}

fn room(summary: &Summary) -> String {
    if summary.count("evicted_keys") + summary.count("oom_errors") > 0 {
        return "None: memory is full.".to_owned();
    }
    if summary.still_fills {
        return "Too early to tell: the store was still filling up (see the warnings).".to_owned();
    }
    let Some((name, _, share)) = resources(summary).into_iter().next() else {
        return "No limit is known to hold the load against.".to_owned();
    };
    if share <= 0.0 {
        return "All of it: nothing was used.".to_owned();
    }
    let times = 1.0 / share;
    if times < 1.05 {
        format!("None: {name} is at its limit.")
    } else {
        format!(
            "About {} times this load before {name} is used up, if all grows alike.",
            significant(times)
        )
    }
}

/// When users noticed, and which alarm was first.
pub(super) fn noticed(summary: &Summary) -> String {
    let first = summary
        .alarms
        .iter()
        .filter_map(|alarm| Some((alarm.fired.first()?[0], alarm.name.as_str())))
        .min_by(|one, other| one.0.total_cmp(&other.0));
    match (first, summary.first_noticed_seconds) {
        _ if summary.measured_seconds <= 0.0 => NOTHING.to_owned(),
        (None, None) => "No alarm would have fired, and no user noticed anything.".to_owned(),
        (None, Some(_)) => "Users noticed, and no alarm would have fired.".to_owned(),
        (Some((_, name)), None) => {
            format!("The first alarm is \"{name}\"; no user noticed anything.")
        }
        (Some((fired, name)), Some(noticed)) if fired <= noticed => format!(
            "The first alarm, \"{name}\", fires {} before users notice.",
            words(noticed - fired)
        ),
        (Some((fired, name)), Some(noticed)) => format!(
            "The first alarm, \"{name}\", fires {} after users have noticed.",
            words(fired - noticed)
        ),
    }
}
