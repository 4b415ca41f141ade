//! Alarms, evaluated over a run: m of n datapoints beyond a threshold.
//!
//! A datapoint that has no value (no command in that period) speaks against the alarm, as with
//! CloudWatch's `notBreaching`. Before there are n datapoints there are as many as there are.

use crate::metrics::measurements::{Counts, Measurements};
use crate::probe::Aftermath;
use crate::scenario::Scenario;
use crate::scenario::alarms::{Alarm, Condition, Side};
use crate::scenario::presets::cloudwatch::Statistic;
use crate::units::{Span, Time};

use super::{Series, series, series_of_nodes};

/// Who asks for an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// AWS recommends it.
    Recommended,
    /// The scenario has it.
    Own,
}

/// What became of an alarm.
#[derive(Clone, Debug)]
pub struct Alarmed {
    /// The alarm.
    pub alarm: Alarm,
    /// Who asks for it.
    pub origin: Origin,
    /// Whether the run has the metric at all.
    pub has_data: bool,
    /// Of several nodes, the place of the one whose alarm was on first.
    pub node: Option<usize>,
    /// From when to when it was in alarm, at any node; the last may end with the run.
    pub fired: Vec<(Time, Time)>,
}

impl Alarmed {
    /// When it fired first.
    pub fn first(&self) -> Option<Time> {
        self.fired.first().map(|(from, _)| *from)
    }
}

const MINUTE: Span = Span::from_secs(60);
const MILLION: u64 = 1_000_000;

/// AWS's recommendations: metric, side, threshold in millionths, minutes of a datapoint,
/// datapoints, of how many. Sources: `CacheMetrics.WhichShouldIMonitor` (CPU, connections,
/// evictions), AWS's alarm packs for `ElastiCache` (2026-08-20: engine CPU 90 % in 3 of 5 minutes,
/// memory 80 %, evictions above 100 in 5 minutes, hit rate below 80 % in 4 of 6 times 5 minutes,
/// lag above 1 s in 3 of 5 minutes). Where they say nothing of datapoints, 3 of 5 is assumed.
fn recommended(scenario: &Scenario) -> Vec<Alarm> {
    let node_type = scenario.store.node_type.as_deref();
    let node_type = node_type.and_then(|name| scenario.node_type(name));
    let mut list = Vec::new();
    let mut add = |metric: &str, side, threshold: u64, minutes: u64, datapoints, of| {
        let when = Condition {
            metric: metric.to_owned(),
            side,
            threshold,
        };
        list.push(Alarm {
            name: when.to_string(),
            when,
            period: Span(MINUTE.0 * minutes),
            datapoints,
            of,
        });
    };
    if let Some(found) = &node_type {
        // 90 % of the one thread that executes commands.
        let threshold = 90 * MILLION / u64::from(found.vcpu.max(1));
        add("CPUUtilization", Side::AtLeast, threshold, 1, 3, 5);
    }
    add("EngineCPUUtilization", Side::AtLeast, 90 * MILLION, 1, 3, 5);
    add(
        "DatabaseMemoryUsagePercentage",
        Side::AtLeast,
        80 * MILLION,
        1,
        3,
        5,
    );
    add("Evictions", Side::Above, 100 * MILLION, 5, 1, 1);
    if let Some(found) = &node_type {
        let threshold = u64::from(found.maxclients) * 800_000;
        add("CurrConnections", Side::AtLeast, threshold, 1, 3, 5);
    }
    add("ReplicationLag", Side::Above, MILLION, 1, 3, 5);
    add("CacheHitRate", Side::Below, 80 * MILLION, 5, 4, 6);
    list
}

/// All alarms, those that AWS recommends first, and what became of each.
#[must_use]
pub fn alarms(scenario: &Scenario, run: &Measurements) -> Vec<Alarmed> {
    let series = series(run);
    let recommended = recommended(scenario).into_iter();
    let recommended = recommended.map(|alarm| (alarm, Origin::Recommended));
    let own = scenario.alarms.iter().cloned();
    let own = own.map(|alarm| (alarm, Origin::Own));
    let evaluated = recommended.chain(own).map(|(alarm, origin)| {
        let found = series
            .iter()
            .find(|series| series.metric.name == alarm.when.metric);
        let nodes = found.map_or(Vec::new(), |found| series_of_nodes(found.metric, run));
        let (node, fired) = if nodes.is_empty() {
            let fired = found.map_or(Vec::new(), |found| fired(&alarm, found, run));
            (None, fired)
        } else {
            // CloudWatch has an alarm for each node.
            let each: Vec<_> = nodes.iter().map(|node| fired(&alarm, node, run)).collect();
            at_any(&each)
        };
        Alarmed {
            origin,
            has_data: found.is_some(),
            node,
            fired,
            alarm,
        }
    });
    evaluated.collect()
}

/// Which of several was on first, and when any of them was.
fn at_any(each: &[Vec<(Time, Time)>]) -> (Option<usize>, Vec<(Time, Time)>) {
    let firsts = each.iter().enumerate();
    let first = firsts
        .filter_map(|(place, fired)| Some((fired.first()?.0, place)))
        .min();
    let mut spans: Vec<(Time, Time)> = each.iter().flatten().copied().collect();
    spans.sort_unstable();
    let mut any: Vec<(Time, Time)> = Vec::new();
    for (from, to) in spans {
        match any.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => any.push((from, to)),
        }
    }
    (first.map(|(_, place)| place), any)
}

/// A datapoint of an alarm: when it ends, and whether it speaks for the alarm. Rows may be longer
/// than periods: then each period within a row is taken to be like the whole row, a sum by its
/// part of the row's time.
fn datapoints(alarm: &Alarm, series: &Series, run: &Measurements) -> Vec<(Time, bool)> {
    let Some(began) = run.began else {
        return Vec::new();
    };
    let mut points = Vec::new();
    let mut rest = series.points.as_slice();
    let mut start = began;
    while start < run.ended {
        let end = start.saturating_add(alarm.period).min(run.ended);
        let past = rest.iter().take_while(|(_, row_end, _)| *row_end <= start);
        rest = &rest[past.count()..];
        let here = rest.iter().take_while(|(row_start, ..)| *row_start < end);
        let here = &rest[..here.count()];
        let values = here.iter().map(|(_, _, value)| *value);
        let value = match series.metric.statistic {
            _ if here.is_empty() => None,
            Statistic::Sum => Some(here.iter().map(|row| part_of(*row, start, end)).sum()),
            Statistic::Average => Some(values.sum::<i128>() / here.len() as i128),
            Statistic::Maximum => values.max(),
            Statistic::Minimum => values.min(),
        };
        points.push((end, value.is_some_and(|value| beyond(&alarm.when, value))));
        start = end;
    }
    points
}

/// What falls to the time from `start` to `end` of the sum of a row.
fn part_of((row_start, row_end, sum): (Time, Time, i128), start: Time, end: Time) -> i128 {
    let inside = row_end.min(end).since(row_start.max(start));
    let whole = row_end.since(row_start).0.max(1);
    sum * i128::from(inside.0) / i128::from(whole)
}

fn beyond(when: &Condition, billionths: i128) -> bool {
    let threshold = i128::from(when.threshold) * 1_000;
    match when.side {
        Side::Above => billionths > threshold,
        Side::AtLeast => billionths >= threshold,
        Side::Below => billionths < threshold,
        Side::AtMost => billionths <= threshold,
    }
}

fn fired(alarm: &Alarm, series: &Series, run: &Measurements) -> Vec<(Time, Time)> {
    let points = datapoints(alarm, series, run);
    let mut fired = Vec::new();
    let mut since: Option<Time> = None;
    for (place, (end, _)) in points.iter().enumerate() {
        let first = (place + 1).saturating_sub(alarm.of as usize);
        let window = &points[first..=place];
        let speaking = window.iter().filter(|(_, speaks)| *speaks).count();
        let on = speaking >= alarm.datapoints as usize;
        match (on, since) {
            (true, None) => since = Some(*end),
            (false, Some(from)) => {
                fired.push((from, *end));
                since = None;
            }
            _ => {}
        }
    }
    fired.extend(since.map(|from| (from, run.ended)));
    fired
}

/// When users first noticed something: the end of the first row in which a request failed, or a
/// session was found gone.
#[must_use]
pub fn first_noticed(run: &Measurements) -> Option<Time> {
    let noticed = |counts: &Counts| {
        let missed = [
            Aftermath::ForcedLogin,
            Aftermath::GuestReset,
            Aftermath::Abandoned,
        ];
        let missed: u64 = missed.iter().map(|what| counts.made_good_by(*what)).sum();
        counts.failed + counts.felt + missed > 0
    };
    let row = run.rows.iter().find(|row| noticed(&row.counts));
    row.map(|row| row.end)
}

#[cfg(test)]
mod tests {
    use super::super::METRICS;
    use super::*;
    use crate::metrics::recorder::Recorder;

    fn minutes(number: u64) -> Time {
        Time(MINUTE.0 * number)
    }

    /// Evictions by the minute, and when an alarm on them is on, in minutes.
    fn on(evictions: &[i128], period: u64, datapoints: u32, of: u32) -> Vec<(u64, u64)> {
        on_rows("Evictions", evictions, 1, (period, datapoints, of))
    }

    /// Values in rows of so many minutes, and when an alarm above 100 is on, in minutes.
    fn on_rows(
        metric: &str,
        values: &[i128],
        row: u64,
        (period, datapoints, of): (u64, u32, u32),
    ) -> Vec<(u64, u64)> {
        let metric = METRICS.iter().find(|known| known.name == metric).unwrap();
        let points = values.iter().enumerate().map(|(place, number)| {
            let start = minutes(place as u64 * row);
            let end = start.saturating_add(Span(MINUTE.0 * row));
            (start, end, number * 1_000_000_000)
        });
        let series = Series {
            metric,
            points: points.collect(),
        };
        let when = Condition {
            metric: metric.name.to_owned(),
            side: Side::Above,
            threshold: 100 * MILLION,
        };
        let alarm = Alarm {
            name: String::new(),
            when,
            period: Span(MINUTE.0 * period),
            datapoints,
            of,
        };
        let text = "duration = \"1h\"\nstore.maxmemory = \"1GiB\"\n[[users]]\nconcurrent = 1\n\
                    session = { bytes = \"1KB\", ttl = \"30m\" }\n";
        let scenario = crate::scenario::load("x.toml", text).unwrap();
        let mut run = Recorder::new(&scenario).finish();
        run.began = Some(Time::ZERO);
        run.ended = minutes(values.len() as u64 * row);
        let spans = fired(&alarm, &series, &run).into_iter();
        spans
            .map(|(from, to)| (from.0 / MINUTE.0, to.0 / MINUTE.0))
            .collect()
    }

    #[test]
    fn three_of_five_minutes_make_an_alarm() {
        // Beyond the threshold in minutes 2, 4 and 5 (from 0): on from the end of minute 5, off
        // when only two of the last five are left.
        let evictions = [0, 0, 101, 100, 500, 500, 0, 0, 0, 0];
        assert_eq!(on(&evictions, 1, 3, 5), [(6, 8)]);
        assert_eq!(on(&evictions, 1, 4, 5), []);
        assert_eq!(on(&[200, 200, 200], 1, 3, 3), [(3, 3)]);
    }

    #[test]
    fn an_alarm_is_on_while_that_of_any_node_is() {
        let spans = |list: &[(u64, u64)]| -> Vec<_> {
            let spans = list.iter();
            spans
                .map(|(from, to)| (minutes(*from), minutes(*to)))
                .collect()
        };
        let each = [
            spans(&[(5, 7), (20, 21)]),
            spans(&[]),
            spans(&[(3, 6), (9, 9)]),
        ];
        assert_eq!(at_any(&each), (Some(2), spans(&[(3, 7), (9, 9), (20, 21)])));
        assert_eq!(at_any(&each[1..2]), (None, Vec::new()));
    }

    #[test]
    fn minutes_add_up_to_longer_periods() {
        let evictions = [30, 30, 30, 30, 30, 0, 0, 0, 0, 0, 20, 20];
        // 150 in the first five minutes, 40 in the last, which are only two.
        assert_eq!(on(&evictions, 5, 1, 1), [(5, 10)]);
    }

    #[test]
    fn rows_longer_than_a_period_count_for_every_period_in_them() {
        // From the fifth minute on, in a run whose rows have five minutes.
        let usage = |alarm| on_rows("DatabaseMemoryUsagePercentage", &[90, 101, 90], 5, alarm);
        assert_eq!(usage((1, 3, 5)), [(8, 13)]);
        assert_eq!(usage((5, 1, 1)), [(10, 15)]);
        // 500 in five minutes are 100 a minute, 505 are more; in ten minutes they are added up.
        let evictions = |alarm| on_rows("Evictions", &[500, 505, 0], 5, alarm);
        assert_eq!(evictions((1, 1, 1)), [(6, 11)]);
        assert_eq!(evictions((10, 1, 1)), [(10, 15)]);
        // Periods that end in the middle of a row.
        assert_eq!(on_rows("Evictions", &[160, 0], 3, (2, 1, 1)), [(2, 4)]);
    }
}
