//! Expectations against the catalogue: which make sense, and which hold.

use crate::scenario::Scenario;
use crate::scenario::database::OnLostSession;
use crate::scenario::expect::{Bound, Expectation, Judge, Objection, Part as Which};
use crate::scenario::reader::choice::{clipped, nearest};
use crate::scenario::store::{CpuCredits, StoreKind};
use crate::scenario::users::UserClass;
use crate::scenario::workloads::WorkloadSpec;
use crate::units::{Bandwidth, Ratio};

use super::catalogue::{Metric, Unit, Value, catalogue};
use super::measurements::Measurements;
use super::owners;
use super::parts::{Part, class_metrics, class_names};

/// Judges the expectations of a scenario while it is read.
pub const JUDGE: Judge = Judge { understand, apply };

/// What became of an expectation.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    /// What was expected.
    pub expectation: &'a Expectation,
    /// Unit of the metric.
    pub unit: Unit,
    /// Its value; `None` if the run had nothing to measure it by.
    pub value: Option<Value>,
    /// Whether the expectation holds. One without a value does not: nothing speaks for it.
    pub holds: bool,
    /// Whether the value lies so near to its bound, without being equal, that rounding hides on
    /// which side.
    pub close: bool,
}

/// What became of the expectations of a scenario in a run, in their order.
///
/// # Panics
/// If the scenario was loaded without [`JUDGE`] and expects something of a metric that does not
/// exist.
#[must_use]
pub fn verdicts<'a>(scenario: &'a Scenario, run: &Measurements) -> Vec<Verdict<'a>> {
    if scenario.expect.is_empty() {
        return Vec::new();
    }
    let (catalogue, of_classes) = (catalogue(), class_metrics());
    let expectations = scenario.expect.iter();
    expectations
        .map(|expectation| {
            let list = match expectation.class {
                Some(_) => &of_classes,
                None => &catalogue,
            };
            let metric = find(list, &expectation.metric);
            let metric = metric.expect("a loaded scenario expects something of metrics only");
            let value = match &expectation.class {
                None => metric.value(run),
                Some(class) => {
                    let part = part_of_class(scenario, run, class);
                    part.and_then(|part| metric.part_value(&part))
                }
            };
            let distance = value.map(|value| distance(value, expectation.bound));
            let holds =
                distance.is_some_and(|distance| expectation.comparison.holds(distance.cmp(&0)));
            let close = distance.is_some_and(|distance| {
                let bound = billionths(expectation.bound);
                distance != 0 && distance.abs() < bound.abs() / 100
            });
            Verdict {
                expectation,
                unit: metric.unit,
                value,
                holds,
                close,
            }
        })
        .collect()
}

/// The unit of what is expected something of.
///
/// # Panics
/// As [`verdicts`].
#[must_use]
pub fn unit_of(expectation: &Expectation) -> Unit {
    let list = match expectation.class {
        Some(_) => class_metrics(),
        None => catalogue(),
    };
    let metric = find(&list, &expectation.metric);
    metric
        .expect("a loaded scenario expects something of metrics only")
        .unit
}

/// What is known of a class in a run, if anything was measured.
fn part_of_class(scenario: &Scenario, run: &Measurements, name: &str) -> Option<Part> {
    run.began?;
    let mut classes = class_names(scenario).enumerate();
    let (place, (_, login)) = classes.find(|(_, (class, _))| class == name)?;
    match run.classes.get(place) {
        Some(class) => Some(Part::of_class(class, login)),
        // A class that is alone is the whole.
        None => (class_names(scenario).count() == 1).then(|| Part::of_whole(run)),
    }
}

fn find<'a>(catalogue: &'a [Metric], name: &str) -> Option<&'a Metric> {
    catalogue.iter().find(|metric| metric.name == name)
}

const BILLION: i128 = 1_000_000_000;

/// How far a value lies above its bound, exactly, in billionths.
fn distance(value: Value, bound: Bound) -> i128 {
    let value = match value {
        Value::Whole(number) => i128::from(number) * BILLION,
        Value::Billionths(number) => i128::from(number),
    };
    value - billionths(bound)
}

/// A bound in billionths, exactly.
pub(crate) fn billionths(bound: Bound) -> i128 {
    match bound {
        Bound::Count(number) => i128::from(number) * BILLION,
        Bound::Bytes(bytes) => i128::from(bytes.0) * BILLION,
        Bound::Ratio(share) => i128::from(share),
        Bound::Span(span) => i128::from(span.0),
        Bound::Rate(rate) => i128::from(rate.0),
        Bound::Dollars(micros) => i128::from(micros) * 1_000,
    }
}

/// Metrics as `CloudWatch`, INFO and people name them, and their names here.
const OTHER_NAMES: [(&str, &str); 29] = [
    ("cachehitrate", "hit_rate"),
    ("hit_ratio", "hit_rate"),
    ("hits", "hit_rate"),
    ("evictions", "evicted_keys"),
    ("evicted", "evicted_keys"),
    ("reclaimed", "expired_keys"),
    ("databasememoryusagepercentage", "memory_usage_max"),
    ("memory_usage", "memory_usage_max"),
    ("memory", "memory_usage_max"),
    ("used_memory", "used_memory_max"),
    ("bytesusedforcache", "used_memory_max"),
    ("enginecpuutilization", "engine_cpu_max"),
    ("cpu", "engine_cpu_max"),
    ("cpuutilization", "host_cpu_max"),
    ("cpucreditbalance", "cpu_credits_min"),
    ("networkbytesin", "network_bytes_in"),
    ("networkbytesout", "network_bytes_out"),
    ("networkbandwidthinallowanceexceeded", "bandwidth_exceeded"),
    ("networkbandwidthoutallowanceexceeded", "bandwidth_exceeded"),
    ("networkbaselineusageoutpercentage", "network_usage_max"),
    ("successfulreadrequestlatency", "node_latency.mean"),
    ("successfulwriterequestlatency", "node_latency.mean"),
    ("lost", "sessions_lost"),
    ("lost_sessions", "sessions_lost"),
    ("logins", "forced_logins"),
    ("errors", "failed_requests"),
    ("p99", "latency.p99"),
    ("cost", "cost_per_month"),
    ("price", "cost_per_month"),
];

/// Beginnings of metrics that will come with what they measure.
const NOT_YET: [&str; 2] = ["connections_max", "damaged_sessions"];

fn understand(expectation: &Expectation) -> Result<(), Objection> {
    let catalogue = catalogue();
    let list = match expectation.class {
        Some(_) => class_metrics(),
        None => catalogue.clone(),
    };
    match find(&list, &expectation.metric) {
        None if find(&catalogue, &expectation.metric).is_some() => Err(Objection {
            part: Which::Metric,
            message: format!("`{}` is not counted by class", expectation.metric),
            label: "it belongs to all users together".to_owned(),
            hint: Some("leave out `class`".to_owned()),
        }),
        None => Err(unknown(&catalogue, &expectation.metric)),
        Some(metric) if fits(metric.unit, expectation.bound) => Ok(()),
        Some(metric) => Err(wrong_unit(metric, expectation)),
    }
}

fn unknown(catalogue: &[Metric], name: &str) -> Objection {
    let plain = name.to_lowercase();
    let names: Vec<&str> = catalogue.iter().map(|metric| &*metric.name).collect();
    let objection = |message: String, label: String, hint: String| Objection {
        part: Which::Metric,
        message,
        label,
        hint: Some(hint),
    };
    if NOT_YET.iter().any(|beginning| plain.starts_with(beginning)) {
        return objection(
            format!("`{}` is not modelled yet", clipped(name)),
            "leave it out".to_owned(),
            "`sessionsim metrics` lists the metrics that there are".to_owned(),
        );
    }
    let message = format!("there is no metric `{}`", clipped(name));
    let group = format!("{plain}.");
    let members: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| name.starts_with(&group))
        .collect();
    if let [first, ..] = members[..] {
        return objection(
            message,
            format!("did you mean `{first}`?"),
            format!("there are {}", members.join(", ")),
        );
    }
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == plain);
    let near = other
        .map(|(_, known)| *known)
        .or_else(|| nearest(name, &names));
    match near.and_then(|near| find(catalogue, near)) {
        Some(metric) => objection(
            message,
            format!("did you mean `{}`?", metric.name),
            format!("{}: {}", metric.name, metric.help),
        ),
        None => objection(
            message,
            String::new(),
            "`sessionsim metrics` lists them all; hit_rate, sessions_lost, evicted_keys and \
             latency.p99 are the usual ones"
                .to_owned(),
        ),
    }
}

const fn fits(unit: Unit, bound: Bound) -> bool {
    matches!(
        (unit, bound),
        (Unit::Count, Bound::Count(_))
            | (Unit::Ratio, Bound::Ratio(_))
            | (Unit::Seconds, Bound::Span(_))
            | (Unit::Bytes, Bound::Bytes(_))
            | (Unit::PerSecond, Bound::Rate(_))
            | (Unit::Dollars, Bound::Dollars(_))
    )
}

fn wrong_unit(metric: &Metric, expectation: &Expectation) -> Objection {
    let (what, example) = match metric.unit {
        Unit::Count => ("a whole number", "20"),
        Unit::Ratio => ("a share", "95%"),
        Unit::Seconds => ("a duration", "5ms"),
        Unit::Bytes => ("a size", "2GiB"),
        Unit::PerSecond => ("a rate", "12/s"),
        Unit::Dollars => ("a price", "$500"),
    };
    // Who left out the unit most likely meant one of these.
    let meant = match (metric.unit, expectation.bound) {
        (Unit::Ratio, Bound::Count(percent)) if percent <= 100 => format!("{percent}%"),
        (Unit::Seconds, Bound::Count(number)) => format!("{number}ms"),
        (Unit::Bytes, Bound::Count(number)) => format!("{number}B"),
        (Unit::PerSecond, Bound::Count(number)) => format!("{number}/s"),
        (Unit::Dollars, Bound::Count(number)) => format!("${number}"),
        _ => example.to_owned(),
    };
    let sign = expectation.comparison.as_str();
    Objection {
        part: Which::Bound,
        message: format!("`{}` is {what}", metric.name),
        label: format!("expected {what} such as {example}"),
        hint: Some(format!("write \"{} {sign} {meant}\"", metric.name)),
    }
}

fn apply(expectation: &Expectation, scenario: &Scenario) -> Result<(), Objection> {
    if let Some(class) = &expectation.class {
        known_class(class, scenario)?;
    }
    let reason = match &expectation.class {
        Some(class) => cannot_apply_to(class, &expectation.metric, scenario),
        None => None,
    };
    match reason.or_else(|| cannot_apply(&expectation.metric, scenario)) {
        None => Ok(()),
        Some(reason) => Err(Objection {
            part: Which::Metric,
            message: match &expectation.class {
                Some(class) => format!(
                    "`{}` cannot apply to class `{}`",
                    expectation.metric,
                    clipped(class)
                ),
                None => format!("`{}` cannot apply to this scenario", expectation.metric),
            },
            label: reason.to_owned(),
            hint: Some("a metric without a value can meet no expectation".to_owned()),
        }),
    }
}

fn known_class(class: &str, scenario: &Scenario) -> Result<(), Objection> {
    let names: Vec<String> = class_names(scenario).map(|(name, _)| name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.contains(&class) {
        return Ok(());
    }
    let few: Vec<&str> = names.iter().take(10).copied().collect();
    let more = if names.len() > few.len() { ", ..." } else { "" };
    Err(Objection {
        part: Which::Class,
        message: format!("there is no class of users `{}`", clipped(class)),
        label: nearest(class, &names)
            .map_or_else(String::new, |near| format!("did you mean `{near}`?")),
        hint: Some(format!("there are {}{more}", few.join(", "))),
    })
}

/// Why a class cannot have a value of that metric, though the run can.
fn cannot_apply_to(class: &str, metric: &str, scenario: &Scenario) -> Option<&'static str> {
    let login = class_names(scenario).find(|(name, _)| name == class);
    let login = login.is_some_and(|(_, login)| login);
    let classes = class_names(scenario).count();
    let alone = classes + scenario.workloads.len() < 2;
    let (possible, reason) = match metric {
        "forced_logins" | "forced_login_rate" => (login, "the class has no login"),
        "guest_resets" => (!login, "the class has a login"),
        "keys" | "memory_bytes" | "memory_share" if !scenario.store.kind.is_cache() => {
            (false, "sessions lie in no cache: there are no nodes")
        }
        "keys" | "memory_bytes" | "memory_share" => (
            !alone,
            "nothing else is stored: see `used_memory_max` of the whole",
        ),
        "latency.p50" | "latency.p90" | "latency.p99" | "latency.p999" => (
            classes <= owners::MOST_WITH_ROWS,
            "of so many classes only `latency.mean` and `latency.max` are kept",
        ),
        _ => return None,
    };
    (!possible).then_some(reason)
}

/// Why a run of the scenario cannot have a value of that metric.
fn cannot_apply(metric: &str, scenario: &Scenario) -> Option<&'static str> {
    let any = |is: fn(&UserClass) -> bool| scenario.users.iter().any(is);
    let group = metric.rsplit_once('.').map_or(metric, |(group, _)| group);
    let logins = any(|class| class.login);
    let recorded = scenario.trace.is_some();
    let kind = &scenario.store.kind;
    let (possible, reason) = match group {
        "forced_logins" | "forced_login_rate" | "visits_with_login" => {
            (logins, "no class of users has a login")
        }
        "guest_resets" => (
            recorded || any(|class| !class.login),
            "every class of users has a login",
        ),
        "memory_usage_max" | "used_memory_max" | "engine_cpu_max" | "node_latency" | "hit_rate"
            if !kind.is_cache() =>
        {
            (false, "sessions lie in no cache: there are no nodes")
        }
        "memory_usage_max" => (
            scenario.store.maxmemory.0 > 0,
            "the nodes have no `maxmemory`",
        ),
        "host_cpu_max" => (
            scenario.store.speed.vcpu.is_some(),
            "without a `node_type` nobody knows how many vCPUs a node has",
        ),
        "cpu_credits_min" => (
            scenario.store.speed.cpu_credits == CpuCredits::Standard,
            "the nodes are not limited by CPU credits",
        ),
        "network_bytes_in" | "network_bytes_out" | "network_usage_max" | "bandwidth_exceeded" => (
            scenario.store.speed.bandwidth > Bandwidth(0),
            "the nodes' `bandwidth` has no limit",
        ),
        "replication_lag" | "replication_lag_reported" | "stale_reads" => (
            scenario.store.topology.replicas > 0,
            "there are no replicas",
        ),
        "acked_writes_lost" | "stale_sessions" if scenario.store.topology.replicas == 0 => {
            (false, "there are no replicas")
        }
        "acked_writes_lost" | "stale_sessions" | "write_outage" | "read_outage"
        | "failed_visits" => (
            !scenario.faults.is_empty(),
            "nothing fails: there are no [[faults]]",
        ),
        "cross_zone_bytes" => (scenario.network.zones.number() > 1, "there is one zone"),
        "latency.read" => (
            recorded || any(|class| class.modify_share.0 + class.untouched_share.0 < Ratio::ONE.0),
            "no request only reads the session",
        ),
        "latency.modify" => (
            recorded || any(|class| class.modify_share > Ratio::ZERO),
            "no request changes the session: `modify_share` is 0%",
        ),
        "latency.logout" => (
            recorded || any(|class| class.logout_share > Ratio::ZERO),
            "nobody logs out: `logout_share` is 0%",
        ),
        "cost_per_month" | "cost_per_1000_sessions" => (
            scenario.cost.node.is_some(),
            "a node has no price: give `node_hour` in [cost]",
        ),
        "db_latency" => (
            logins
                || scenario.database.on_lost_session == OnLostSession::Restore
                || matches!(kind, StoreKind::Database { .. })
                || scenario.workloads.iter().any(WorkloadSpec::asks_database),
            "the database is never asked: no logins, and lost sessions are not restored",
        ),
        _ => return None,
    };
    (!possible).then_some(reason)
}

#[cfg(test)]
mod tests;
