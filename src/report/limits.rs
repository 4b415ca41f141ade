//! What breaks first, and how much room is left: each resource against its limit, and the growth
//! that it leaves. Extrapolated in a straight line, which the texts say.

use crate::metrics::catalogue::{Unit, Value};
use crate::scenario::database::DatabaseSpec;
use crate::units::Span;

use super::format::{plural, significant, value as shown, words};

/// What fills up: metric, how people call it, and how full it may be. The processor of a node that
/// is busy for 90 % of a minute is where AWS has its alarm, 80 % of the connections likewise.
const RESOURCES: [(&str, &str, f64); 5] = [
    ("memory_usage_max", "memory", 1.0),
    ("engine_cpu_max", "the engine's CPU", 0.9),
    ("host_cpu_max", "the host's CPU", 0.9),
    ("network_usage_max", "the network", 1.0),
    ("connections_usage_max", "connections", 0.8),
];

/// What is known of a run.
pub struct Known<'a> {
    /// A metric's value.
    pub value: &'a dyn Fn(&str) -> Option<f64>,
    /// Queries a second that the database can serve.
    pub database_capacity: Option<f64>,
    /// CPU credits of the worst node at the end of the first and of the last row, and seconds
    /// between these.
    pub credits: Option<(f64, f64, f64)>,
    /// Whether the store had not reached its level when the measurement began.
    pub still_fills: bool,
}

/// Queries a second that a database can serve at most: as many at a time as it serves, unless they
/// hold each other up so much that fewer are faster.
#[must_use]
pub fn database_capacity(spec: &DatabaseSpec) -> Option<f64> {
    let mean = spec.service_time.mean() / 1e9;
    let share = |part: u64| part as f64 / 1e9;
    let (sigma, kappa) = (share(spec.contention.0), share(spec.coherency.0));
    let throughput = |number: u32| {
        let n = f64::from(number);
        let slowed = 1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0);
        n / (mean * slowed)
    };
    let most = if sigma + kappa > 0.0 {
        (1..=spec.concurrency).map(throughput).fold(0.0, f64::max)
    } else {
        throughput(spec.concurrency)
    };
    (mean > 0.0).then_some(most)
}

/// A resource and how much of it is used.
struct Used {
    name: &'static str,
    /// Of all there is.
    fraction: f64,
    /// Of what may be used.
    share: f64,
}

impl Known<'_> {
    fn count(&self, metric: &str) -> u64 {
        (self.value)(metric).unwrap_or(0.0).max(0.0) as u64
    }

    /// All resources, the fullest first.
    fn resources(&self) -> Vec<Used> {
        let known = RESOURCES.iter().filter_map(|(metric, name, limit)| {
            let used = (self.value)(metric)?;
            Some(Used {
                name,
                fraction: used,
                share: used / limit,
            })
        });
        let mut known: Vec<_> = known.collect();
        if let (Some(rate), Some(capacity)) =
            ((self.value)("db_query_rate_max"), self.database_capacity)
        {
            let used = rate / capacity;
            known.push(Used {
                name: "the database",
                fraction: used,
                share: used,
            });
        }
        known.sort_by(|one, other| other.share.total_cmp(&one.share));
        known
    }

    /// What broke, one thing after the other.
    fn broke(&self) -> Vec<String> {
        let mut broke = Vec::new();
        let mut tell = |metric: &str, one: &str, many: &str| {
            let number = self.count(metric);
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
        if (self.value)("cpu_credits_min") == Some(0.0) {
            broke.push("a node's CPU credits were used up".to_owned());
        }
        broke
    }

    /// What is nearest to its limit.
    #[must_use]
    pub fn nearest(&self) -> String {
        let fullest = self.resources();
        let used: Vec<String> = fullest
            .iter()
            .take(2)
            .map(|used| {
                let share = Value::Billionths(libm::round(used.fraction * 1e9) as i64);
                format!("{} ({})", used.name, shown(Some(share), Unit::Ratio))
            })
            .collect();
        match used.as_slice() {
            [] => "No resource has a limit.".to_owned(),
            [one] => format!("Nearest to its limit: {one}."),
            [one, other, ..] => format!("Nearest to its limit: {one}, then {other}."),
        }
    }

    /// What breaks first.
    #[must_use]
    pub fn breaks(&self) -> String {
        let (broke, nearest) = (self.broke(), self.nearest());
        if broke.is_empty() {
            return format!("Nothing broke. {nearest}");
        }
        let mut text = broke.join(", ");
        if let Some(first) = text.get(..1) {
            text = format!("{}{}", first.to_uppercase(), &text[1..]);
        }
        format!("{text}. {nearest}")
    }

    /// How much room is left.
    #[must_use]
    pub fn room(&self) -> String {
        let mut text = self.growth();
        if let Some(left) = self.credits_left() {
            text.push(' ');
            text.push_str(&left);
        }
        text
    }

    fn growth(&self) -> String {
        if self.count("evicted_keys") + self.count("oom_errors") > 0 {
            return "None: memory is full.".to_owned();
        }
        if self.still_fills {
            return "Too early to tell: the store was still filling up (see the warnings)."
                .to_owned();
        }
        let Some(Used { name, share, .. }) = self.resources().into_iter().next() else {
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
                "About {} times this load before {name} is used up, if all grows alike (in a \
                 straight line).",
                significant(times)
            )
        }
    }

    /// When credits that dwindle will be used up.
    fn credits_left(&self) -> Option<String> {
        let (first, last, seconds) = self.credits?;
        if last <= 0.0 || last >= first {
            return None;
        }
        let left = last / ((first - last) / seconds);
        let left = words(Span(libm::round(left.min(1e9)) as u64 * 1_000_000_000));
        Some(format!(
            "CPU credits dwindle: at this pace they last {left} more."
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::quantiles::Distribution;

    use super::*;

    fn known(value: &dyn Fn(&str) -> Option<f64>, credits: Option<(f64, f64, f64)>) -> Known<'_> {
        Known {
            value,
            database_capacity: Some(1_000.0),
            credits,
            still_fills: false,
        }
    }

    #[test]
    fn the_fullest_resource_breaks_first() {
        let value = |name: &str| match name {
            "memory_usage_max" => Some(0.4),
            "engine_cpu_max" => Some(0.45),
            "db_query_rate_max" => Some(100.0),
            _ => None,
        };
        let known = known(&value, Some((576.0, 476.0, 3_600.0)));
        assert_eq!(
            known.breaks(),
            "Nothing broke. Nearest to its limit: the engine's CPU (45.00%), then memory (40.00%)."
        );
        // 45 of 90 percent.
        assert_eq!(
            known.room(),
            "About 2.00 times this load before the engine's CPU is used up, if all grows alike (in \
             a straight line). CPU credits dwindle: at this pace they last 4 hours 45 minutes more."
        );
    }

    #[test]
    fn a_database_can_be_the_first() {
        let value = |name: &str| match name {
            "memory_usage_max" => Some(0.4),
            "db_query_rate_max" => Some(990.0),
            _ => None,
        };
        assert_eq!(
            known(&value, None).room(),
            "None: the database is at its limit."
        );
    }

    #[test]
    fn queries_that_hold_each_other_up_have_a_best_number() {
        let mut spec = crate::scenario::load(
            "x.toml",
            "duration = \"1h\"\nstore.maxmemory = \"1GiB\"\n[[users]]\nconcurrent = 1\n\
             session = { bytes = \"1KB\", ttl = \"30m\" }\n",
        )
        .unwrap()
        .database;
        spec.service_time = Distribution::Fixed(Span::from_millis(10));
        spec.concurrency = 20;
        assert_eq!(database_capacity(&spec), Some(2_000.0));
        // Two at a time take 1.5 times as long each.
        spec.contention = crate::units::Ratio(500_000_000);
        let most = database_capacity(&spec).unwrap();
        assert!((190.0..200.0).contains(&most), "{most}");
    }
}
