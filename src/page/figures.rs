//! Numbers as people read them, and the few that a reader looks for first.

use crate::metrics::catalogue::{Metric, Unit, Value, catalogue, memory};
use crate::report::format;
use crate::units::Span;

use super::saved::Summary;

/// A figure that stands out.
pub(super) struct Tile {
    pub(super) label: String,
    pub(super) figure: String,
    pub(super) note: String,
}

/// A number of a file as the catalogue's value.
#[must_use]
pub fn value(number: f64, unit: Unit) -> Value {
    match unit {
        Unit::Count | Unit::Bytes => Value::Whole(libm::round(number.max(0.0)) as u64),
        Unit::Ratio | Unit::Seconds | Unit::PerSecond | Unit::Dollars => {
            Value::Billionths(libm::round(number * 1e9) as i64)
        }
    }
}

/// A number with its unit; a dash where there is none.
#[must_use]
pub fn shown(number: Option<f64>, unit: Unit) -> String {
    match number {
        None => "\u{2013}".to_owned(),
        Some(_) => format::value(number.map(|number| value(number, unit)), unit),
    }
}

/// The metric of that name.
#[must_use]
pub fn metric(name: &str) -> Option<Metric> {
    let all = catalogue().into_iter().chain(memory());
    all.into_iter().find(|metric| metric.name == name)
}

impl Summary {
    /// The value of a metric.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied().flatten()
    }

    /// It as text.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let unit = metric(name).map_or(Unit::Count, |metric| metric.unit);
        shown(self.value(name), unit)
    }

    /// A count as a whole number, 0 where it does not apply.
    pub(super) fn count(&self, name: &str) -> u64 {
        libm::round(self.value(name).unwrap_or(0.0).max(0.0)) as u64
    }
}

/// Seconds in words.
#[must_use]
pub fn words(seconds: f64) -> String {
    format::words(Span(libm::round(seconds.max(0.0) * 1e9) as u64))
}

fn beginning(summary: &Summary) -> String {
    let warmup = words(summary.warmup_seconds);
    if summary.history_seconds > 0.0 {
        let history = words(summary.history_seconds);
        format!("after {warmup} from a start as if the system had been running for {history}")
    } else {
        format!("after a warm-up of {warmup} from an empty store")
    }
}

/// Which run it is.
pub(super) fn identity(summary: &Summary) -> Vec<String> {
    vec![
        format!(
            "Measured {} of simulated time, {}.",
            if summary.measured_seconds > 0.0 {
                words(summary.measured_seconds)
            } else {
                "nothing".to_owned()
            },
            beginning(summary)
        ),
        format!(
            "Result {}, seed {}, replicate {}, results version {}, fingerprint {}, sessionsim {}.",
            summary.id,
            summary.seed,
            summary.replicate,
            summary.results_version,
            summary.fingerprint,
            summary.sessionsim_version
        ),
    ]
}

/// The figures that a reader looks for first; those that do not apply are left out.
pub(super) fn tiles(summary: &Summary) -> Vec<Tile> {
    let list = [
        ("session_hit_rate", "of requests found their session"),
        ("sessions_lost", "sessions were lost"),
        ("forced_logins", "times somebody had to log in again"),
        ("guest_resets", "guests had to start afresh"),
        (
            "latency.p99",
            "99 of 100 requests spend no more in the store",
        ),
        ("evicted_keys", "keys were evicted"),
        ("db_load_saved", "of the database's load is saved"),
        ("cost_per_month", "a month"),
    ];
    let tile = |(name, note): (&str, &str)| {
        summary.value(name)?;
        let note = match name {
            "sessions_lost" if summary.count(name) > 0 => {
                let felt = format::thousands(summary.count("sessions_lost.felt"));
                format!("{note}, {felt} of them during a visit")
            }
            "forced_logins" if summary.value("forced_login_rate").is_some() => {
                let rate = summary.text("forced_login_rate");
                let rate = rate.trim_end_matches('%');
                format!("{note}: {rate} in 100 visits with a login")
            }
            "cost_per_month" => format!(
                "{note}, {} per 1,000 live sessions",
                summary.text("cost_per_1000_sessions")
            ),
            _ => note.to_owned(),
        };
        Some(Tile {
            label: name.to_owned(),
            figure: summary.text(name),
            note,
        })
    };
    list.into_iter().filter_map(tile).collect()
}

/// What the costs rest on.
pub(super) fn cost_note(summary: &Summary) -> String {
    let cost = &summary.cost;
    format!(
        "Prices: {}. Nodes are paid for {}. A month has 730 hours like the measured part. Transfer \
         between zones, support and taxes are not in it; the serverless figure is an upper bound.",
        cost.prices, cost.payment
    )
}
