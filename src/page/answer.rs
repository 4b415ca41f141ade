//! The answer: does the plan hold, what breaks first, how much room is left.

use crate::report::format::plural;
use crate::report::limits::Known;

use super::figures::words;
use super::saved::{Expected, Saved, Summary};

/// The three answers.
pub(super) struct Answer {
    /// `good`, `bad` or `open`.
    pub(super) state: &'static str,
    pub(super) holds: String,
    pub(super) breaks: String,
    pub(super) room: String,
}

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
        let value = |name: &str| summary.value(name);
        let known = limits(saved, &value);
        Self {
            state,
            holds,
            breaks: known.breaks(),
            room: known.room(),
        }
    }
}

fn holds(summary: &Summary) -> (&'static str, String) {
    let all = summary.expectations.len() as u64;
    let failed: Vec<String> = summary
        .expectations
        .iter()
        .filter(|expected| !expected.holds)
        .map(Expected::in_full)
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

/// What is known of the result's limits.
fn limits<'a>(saved: &Saved, value: &'a dyn Fn(&str) -> Option<f64>) -> Known<'a> {
    let credits = saved.column("cpu_credits_min").and_then(|column| {
        let mut known = saved.times.iter().zip(&column.values);
        let (from, first) = known.next()?;
        let (to, last) = known.next_back()?;
        Some(((*first)?, (*last)?, to - from))
    });
    Known {
        value,
        database_capacity: saved.summary.database_capacity,
        credits,
        still_fills: saved.summary.still_fills,
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
