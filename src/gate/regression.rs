//! Whether a result is worse than a baseline.
//!
//! Both are compared replicate by replicate, in which they saw the same users if the seed is the
//! same. Of several pairs the mean difference has an interval (Student, 95 %): wholly beyond what is
//! tolerated, the metric has regressed; wholly within, it has not; otherwise the runs do not decide
//! it. Of a single pair nothing is known about other users: what it shows is what the change did to
//! these, and nothing if they were others. An unchanged design under the same version of the results differs by exactly nothing.

use crate::metrics::catalogue::{Better, Metric, Unit};
use crate::report::format;
use crate::report::identity::RESULTS_VERSION;
use crate::sweep::interval::{Estimate, Student};
use crate::sweep::text::number;
use crate::units::{Ratio, Span};

use super::baseline::{Observed, Point};
use super::{Check, Kind, Status};

/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

/// How a metric is to its baseline at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The metric.
    pub metric: String,
    /// At which point, by the values of its axes.
    pub at: String,
    /// Whether it is worse.
    pub status: Status,
    /// In words.
    pub why: String,
}

impl Regression {
    /// As a check.
    pub fn check(&self) -> Check {
        Check {
            kind: Kind::Baseline,
            what: format!("{} is no worse", self.metric),
            at: self.at.clone(),
            status: self.status,
            why: self.why.clone(),
            line: None,
        }
    }
}

/// Holds `now` against `baseline` in the metrics that are watched. A difference of at most
/// `tolerance` of the baseline's mean is no regression (for a hit rate and the like: of the misses).
/// Points without a counterpart are skipped.
pub fn judge(
    baseline: &Observed,
    now: &Observed,
    metrics: &[Metric],
    tolerance: Ratio,
) -> Vec<Regression> {
    let most = now.points.values().map(|point| point.replicates.len());
    let student = Student::new(CONFIDENCE, most.max().unwrap_or_default());
    let same_version = baseline.results_version == RESULTS_VERSION;
    let mut found = Vec::new();
    for (at, point) in &now.points {
        for (place, metric) in metrics.iter().enumerate() {
            let (status, why) = match baseline.points.get(at) {
                None => (Status::Skipped, "the baseline has no such point".to_owned()),
                Some(before) => {
                    let pair = Pair {
                        before,
                        point,
                        metric,
                        place,
                        same_version,
                    };
                    pair.judge(tolerance, &student)
                }
            };
            found.push(Regression {
                metric: metric.name.to_string(),
                at: at.clone(),
                status,
                why,
            });
        }
    }
    found
}

struct Pair<'a> {
    before: &'a Point,
    point: &'a Point,
    metric: &'a Metric,
    /// Its place among the metrics that are watched.
    place: usize,
    same_version: bool,
}

impl Pair<'_> {
    /// Why counts of runs that were measured for different times cannot be compared.
    fn other_length(&self) -> Option<String> {
        let is_count = self.metric.unit == Unit::Count && !self.metric.name.ends_with("_max");
        let (before, now) = (self.before.measured_seconds?, self.point.measured_seconds?);
        let words = |seconds: f64| format::words(Span(libm::round(seconds * 1e9) as u64));
        (is_count && (before - now).abs() > 1e-6)
            .then(|| format!("measured for {} instead of {}", words(now), words(before)))
    }

    fn judge(&self, tolerance: Ratio, student: &Student) -> (Status, String) {
        let pairs: Vec<(i128, i128)> = self
            .point
            .replicates
            .iter()
            .filter_map(|(replicate, now)| {
                let before = self.before.replicates.get(replicate)?;
                Some((before[self.place]?, now[self.place]?))
            })
            .collect();
        if pairs.is_empty() {
            return self.without_pairs();
        }
        let unit = self.metric.unit;
        let of = |values: Vec<i128>| Estimate::of(&values, student);
        let before = of(pairs.iter().map(|(before, _)| *before).collect());
        let now = of(pairs.iter().map(|(_, now)| *now).collect());
        let change = of(pairs.iter().map(|(before, now)| now - before).collect());
        let (Some(before), Some(now), Some(change)) = (before, now, change) else {
            return self.without_pairs();
        };
        let shown = format!(
            "{} after {}",
            number(now.mean, unit),
            number(before.mean, unit)
        );
        if change.least == 0.0 && change.most == 0.0 {
            let same = self.same_version && self.before.design == self.point.design;
            let why = if same {
                format!("{shown}: the design is the same, the difference exactly zero")
            } else {
                format!("{shown}: the difference is exactly zero")
            };
            return (Status::Passed, why);
        }
        let allowed = tolerance.fraction() * self.tolerated_of(before.mean);
        let (low, high) = change.interval().unwrap_or((change.mean, change.mean));
        // Turned so that more is worse.
        let (best, worst) = match self.metric.better {
            Better::Higher => (-high, -low),
            Better::Lower | Better::Neither => (low, high),
        };
        if let Some(why) = self.other_length() {
            return (Status::Open, format!("inconclusive: {shown}, {why}"));
        }
        let comparable = self.same_version && (pairs.len() > 1 || self.same_users());
        let status = if comparable && worst <= allowed {
            Status::Passed
        } else if comparable && best > allowed {
            Status::Failed
        } else {
            Status::Open
        };
        let interval = if pairs.len() > 1 {
            format!(
                "changed by {} to {} (95% interval of {} pairs of runs)",
                signed(low, unit),
                signed(high, unit),
                pairs.len()
            )
        } else {
            format!("changed by {} in one run of each", signed(low, unit))
        };
        let verdict = match status {
            Status::Passed => "not regressed",
            Status::Failed => "regressed",
            _ => "inconclusive",
        };
        let reserve = if !self.same_version {
            "; the baseline is of another version of the results"
        } else if !comparable {
            "; the seeds differ, so chance may have done it"
        } else {
            ""
        };
        (status, format!("{verdict}: {shown}, {interval}{reserve}"))
    }

    /// Of what the tolerance is a share: the mean, and for a share that is better when it is higher
    /// what it lacks to the whole. Of a hit rate of 99 % a loss of 1 % would double the misses.
    fn tolerated_of(&self, mean: f64) -> f64 {
        match (self.metric.unit, self.metric.better) {
            (Unit::Ratio, Better::Higher) => (1.0 - mean).abs(),
            _ => mean.abs(),
        }
    }

    fn same_users(&self) -> bool {
        self.before.seed == self.point.seed
    }

    /// Why there is nothing to compare.
    fn without_pairs(&self) -> (Status, String) {
        let has = |point: &Point| {
            let mut replicates = point.replicates.values();
            replicates.any(|values| values[self.place].is_some())
        };
        match (has(self.before), has(self.point)) {
            (false, false) => (Status::Skipped, "it applies to neither".to_owned()),
            (true, true) => (
                Status::Open,
                "inconclusive: the two have no replicate in common".to_owned(),
            ),
            (true, false) => (
                Status::Open,
                "inconclusive: it applied to the baseline alone".to_owned(),
            ),
            (false, true) => (
                Status::Open,
                "inconclusive: it did not apply to the baseline".to_owned(),
            ),
        }
    }
}

/// A difference with its sign, of shares in percentage points.
fn signed(difference: f64, unit: Unit) -> String {
    let mut size = number(difference.abs(), unit);
    if unit == Unit::Ratio {
        size = format!("{} points", size.trim_end_matches('%'));
    }
    if difference > 0.0 {
        format!("+{size}")
    } else if difference < 0.0 {
        format!("-{size}")
    } else {
        size
    }
}

/// Metrics that are held against a baseline where nothing says which.
const USUAL: [&str; 6] = [
    "session_hit_rate",
    "sessions_lost",
    "forced_logins",
    "failed_requests",
    "latency.p99",
    "cost_per_month",
];

/// The metrics of the catalogue that are held against a baseline: those that are asked for, else those that the
/// expectations name and that can be worse, else the usual ones.
///
/// # Errors
/// The name that is no metric, or is neither better nor worse.
pub fn watched(
    catalogue: &[Metric],
    asked: &[String],
    expected: &[&str],
) -> Result<Vec<Metric>, String> {
    let place = |name: &str| catalogue.iter().position(|metric| metric.name == name);
    let mut watched = Vec::new();
    for name in asked {
        let Some(place) = place(name) else {
            return Err(format!("there is no metric `{name}`"));
        };
        if catalogue[place].better == Better::Neither {
            return Err(format!("`{name}` is neither better nor worse for changing"));
        }
        watched.push(place);
    }
    if watched.is_empty() {
        let can_be_worse = |place: &usize| catalogue[*place].better != Better::Neither;
        let of_names = expected.iter().filter_map(|name| place(name));
        watched.extend(of_names.filter(can_be_worse));
    }
    if watched.is_empty() {
        watched.extend(USUAL.iter().filter_map(|name| place(name)));
    }
    watched.sort_unstable();
    watched.dedup();
    Ok(watched
        .iter()
        .map(|place| catalogue[*place].clone())
        .collect())
}
