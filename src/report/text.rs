//! The summary of one screen, in the words of a capacity planner.

use std::fmt::Write as _;

use crate::metrics::catalogue::{Metric, Value, catalogue};
use crate::metrics::measurements::{Measurements, Row};
use crate::probe::{Aftermath, Answer, LossCause, Mark};
use crate::scenario::Scenario;
use crate::scenario::cost::Payment;
use crate::scenario::database::OnLostSession;
use crate::scenario::store::EvictionPolicy;
use crate::units::Span;

use super::Outcome;
use super::deployment::deployment;
use super::expectations::expectations;
use super::format::{bytes, percent, plural, significant, thousands};
use super::format::{value as shown, words};
use super::incidents;
use super::limits::{Known, database_capacity};
use super::outage::outage;
use super::page::{Page, Pair, Section};
use super::warnings::{beginning, still_fills, warnings};
use super::{latencies, parts, workloads};

/// How the summary is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// With colours.
    pub color: bool,
    /// Where the files are, if any were written.
    pub files: Option<&'a str>,
}

/// The text of the summary.
#[must_use]
pub fn summary(outcome: Outcome<'_>, style: Style<'_>) -> String {
    let mut page = Page::new(style.color);
    let figures = Figures {
        catalogue: catalogue(),
        run: outcome.measurements,
        scenario: outcome.scenario,
    };
    title(&mut page, outcome.scenario);
    if outcome.measurements.began.is_some() {
        verdict(&mut page, &figures);
        incidents::timeline(&mut page, outcome);
        page.columns(&sessions(&figures), &users(&figures));
        page.columns(&cache(&figures), &database(&figures));
        latencies::table(&mut page, figures.run);
        parts::classes(&mut page, outcome);
        workloads::table(&mut page, outcome);
        parts::nodes(&mut page, outcome);
    }
    expectations(&mut page, outcome);
    for warning in warnings(outcome) {
        page.warning(&warning);
    }
    page.blank();
    footer(&mut page, outcome, style.files);
    page.into_text()
}

fn title(page: &mut Page, scenario: &Scenario) {
    let text = match scenario.description.as_str() {
        "" => scenario.name.clone(),
        description => format!("{}: {description}", scenario.name),
    };
    page.title(&text);
    page.line(&deployment(&scenario.store));
    page.blank();
}

/// Metrics by name, as text.
struct Figures<'a> {
    catalogue: Vec<Metric>,
    run: &'a Measurements,
    scenario: &'a Scenario,
}

impl Figures<'_> {
    fn metric(&self, name: &str) -> &Metric {
        let found = self.catalogue.iter().find(|metric| metric.name == name);
        found.unwrap_or_else(|| panic!("the catalogue has no metric `{name}`"))
    }

    fn text(&self, name: &str) -> String {
        let metric = self.metric(name);
        shown(metric.value(self.run), metric.unit)
    }

    fn value(&self, name: &str) -> Option<Value> {
        self.metric(name).value(self.run)
    }

    fn pair(&self, label: &str, name: &str) -> Pair {
        Pair::new(label, self.text(name))
    }
}

/// The answers that a reader came for.
fn verdict(page: &mut Page, figures: &Figures<'_>) {
    if figures.run.applies.faults {
        page.answer("Outage", &outage(&figures.run.counts));
    }
    page.answer("Sessions", &sessions_found(figures));
    page.answer("Users", &users_affected(figures));
    if figures.scenario.store.kind.is_cache() {
        page.answer("Memory", &memory(figures));
    }
    page.answer("Database", &load(figures));
    page.answer("Limits", &limits(figures));
    if let Some(cost) = cost(figures) {
        page.answer("Cost", &cost);
    }
    page.blank();
}

fn sessions_found(figures: &Figures<'_>) -> String {
    let counts = &figures.run.counts;
    let mut text = match figures.value("session_hit_rate") {
        Some(Value::Billionths(share)) => {
            format!("{} of requests found their session. ", percent(share))
        }
        _ => "No request looked for a session. ".to_owned(),
    };
    text.push_str(&losses(figures));
    if counts.expired_in_use > 0 {
        let expired = thousands(counts.expired_in_use);
        let _ = write!(text, "; {expired} expired before the user came back");
    }
    text.push('.');
    text
}

fn losses(figures: &Figures<'_>) -> String {
    let counts = &figures.run.counts;
    let holder = if figures.scenario.store.kind.is_cache() {
        "node"
    } else {
        "instance"
    };
    let lost = counts.lost_in_all();
    let causes: Vec<_> = LossCause::ALL
        .into_iter()
        .map(|cause| (cause, counts.lost[cause as usize]))
        .filter(|&(_, number)| number > 0)
        .map(|(cause, number)| match cause {
            LossCause::Evicted => format!("{} by eviction", thousands(number)),
            LossCause::Refused if figures.run.applies.faults => {
                format!("{} that the store did not take", thousands(number))
            }
            LossCause::Refused => format!("{} refused for want of memory", thousands(number)),
            LossCause::NodeLost => {
                format!("{} with the {holder} that held them", thousands(number))
            }
            LossCause::Unreplicated => {
                format!("{} for want of replication", thousands(number))
            }
            LossCause::CookieExpired => format!("{} with the cookie", thousands(number)),
        })
        .collect();
    let causes = match causes.as_slice() {
        [] => return "None was lost".to_owned(),
        // The number is that of all.
        [one] => one
            .split_once(' ')
            .map_or("", |(_, cause)| cause)
            .to_owned(),
        several => format!("({})", several.join(", ")),
    };
    format!(
        "{} lost {causes}, {} of them in the middle of a visit",
        plural(lost, "was", "were"),
        thousands(counts.felt)
    )
}

fn users_affected(figures: &Figures<'_>) -> String {
    let counts = &figures.run.counts;
    let again = counts.made_good_by(Aftermath::ForcedLogin);
    let resets = counts.made_good_by(Aftermath::GuestReset);
    let restored = counts.made_good_by(Aftermath::Restored);
    let mut sentences = Vec::new();
    if restored > 0 {
        let sessions = plural(restored, "session was", "sessions were");
        sentences.push(format!("{sessions} rebuilt from the database."));
    }
    if figures.run.applies.logins {
        sentences.push(match figures.value("forced_login_rate") {
            Some(Value::Billionths(share)) if again > 0 => format!(
                "Somebody had to log in again {}: {} in 100 visits with a login.",
                plural(again, "time", "times"),
                percent(share).trim_end_matches('%')
            ),
            _ => "Nobody had to log in again.".to_owned(),
        });
    }
    if figures.run.applies.guests {
        sentences.push(match resets {
            0 => "No guest had to start afresh.".to_owned(),
            _ => format!("{} had to start afresh.", plural(resets, "guest", "guests")),
        });
    }
    let failed = counts.failed;
    if failed > 0 {
        sentences.push(format!("{} failed.", plural(failed, "request", "requests")));
    }
    sentences.join(" ")
}

fn memory(figures: &Figures<'_>) -> String {
    let store = &figures.scenario.store;
    let used = figures.text("used_memory_max");
    let node = if store.shards == 1 {
        "the node"
    } else {
        "the fullest node"
    };
    let Some(Value::Billionths(usage)) = figures.value("memory_usage_max") else {
        return format!("No limit is set: {node} used {used}.");
    };
    let limit = bytes(store.maxmemory.0);
    let counts = &figures.run.counts;
    let of = format!("{node} used {used} of {limit}");
    let refused = counts.commands[Answer::Oom as usize];
    if counts.evicted_keys > 0 || refused > 0 {
        let mut costs = Vec::new();
        if counts.evicted_keys > 0 {
            costs.push(plural(
                counts.evicted_keys,
                "key was evicted",
                "keys were evicted",
            ));
        }
        if refused > 0 {
            costs.push(plural(
                refused,
                "command was refused",
                "commands were refused",
            ));
        }
        return format!("Does not suffice: {}; {of}.", costs.join(" and "));
    }
    if still_fills(figures.scenario, figures.run) {
        return format!("Too early to tell, the store still fills up: {of}.");
    }
    let room = if usage > 0 {
        1e9 / usage as f64
    } else {
        f64::INFINITY
    };
    if room >= 1.1 {
        format!(
            "Suffices, with room for {} times as much: {of}.",
            significant(room)
        )
    } else {
        format!("Suffices, but without reserve: {of}.")
    }
}

fn load(figures: &Figures<'_>) -> String {
    let counts = &figures.run.counts;
    if !figures.scenario.store.kind.is_cache() {
        return format!(
            "Has {}, {} in the busiest minute.",
            plural(counts.db_queries, "query", "queries"),
            figures.text("db_query_rate_max")
        );
    }
    let queries = format!(
        "{} instead of {} without a cache",
        plural(counts.db_queries, "query", "queries"),
        thousands(counts.db_baseline)
    );
    match figures.value("db_load_saved") {
        Some(Value::Billionths(saved)) if saved >= 0 => {
            format!("{} of its load is saved: {queries}.", percent(saved))
        }
        Some(Value::Billionths(saved)) => {
            format!(
                "Has {} more load with the cache: {queries}.",
                percent(-saved)
            )
        }
        _ => "No request would have needed it.".to_owned(),
    }
}

/// What is nearest to its limit, and how much growth that leaves.
fn limits(figures: &Figures<'_>) -> String {
    let credits = |row: Option<&Row>| Some((row?.gauges.cpu_credits?, row?.end));
    let rows = &figures.run.rows;
    let between = credits(rows.first()).zip(credits(rows.last()));
    let known = Known {
        value: &|name| {
            let metric = figures
                .catalogue
                .iter()
                .find(|metric| metric.name == name)?;
            Some(metric.value(figures.run)?.number())
        },
        database_capacity: database_capacity(&figures.scenario.database),
        credits: between.map(|((first, from), (last, to))| {
            (first as f64, last as f64, to.since(from).seconds())
        }),
        still_fills: still_fills(figures.scenario, figures.run),
    };
    format!("{} {}", known.nearest(), known.room())
}

/// The bill, if nodes have a price.
fn cost(figures: &Figures<'_>) -> Option<String> {
    figures.value("cost_per_month")?;
    let spec = &figures.scenario.cost;
    let (month, sessions) = ("cost_per_month", "cost_per_1000_sessions");
    let mut text = format!("{} a month", figures.text(month));
    if figures.value(sessions).is_some() {
        let _ = write!(text, ", {} per 1,000 live sessions", figures.text(sessions));
    }
    let (paid, other, name) = match spec.payment {
        Payment::OnDemand => ("on demand", "reserved", "cost_per_month.reserved"),
        Payment::Reserved => ("reserved", "on demand", "cost_per_month.on_demand"),
    };
    let nodes = figures.text(name);
    let _ = write!(
        text,
        "; nodes {paid}, {nodes} if {other} ({}).",
        spec.source
    );
    Some(text)
}

fn sessions(figures: &Figures<'_>) -> Section {
    let counts = &figures.run.counts;
    let mut pairs = vec![
        Pair::new(
            "open when measuring began",
            thousands(figures.run.open_at_start),
        ),
        figures.pair("created", "sessions_created"),
        figures.pair("logged out", "sessions_logged_out"),
        figures.pair("reached their TTL, nobody missed", "sessions_ended"),
        figures.pair("reached their TTL, missed later", "sessions_expired_in_use"),
        figures.pair("lost", "sessions_lost"),
    ];
    for cause in LossCause::ALL {
        if counts.lost[cause as usize] > 0 {
            let name = format!("sessions_lost.{}", cause.as_str());
            pairs.push(figures.pair(&format!("  {}", cause.as_str()), &name));
        }
    }
    if counts.lost_in_all() > 0 {
        pairs.push(figures.pair("  of these missed in the visit", "sessions_lost.felt"));
    }
    pairs.push(figures.pair("alive at the end", "sessions_alive"));
    for (label, name, number) in [
        (
            "superseded by a login",
            "sessions_superseded",
            counts.superseded,
        ),
        (
            "made for requests without a cookie",
            "sessions_created_cookieless",
            counts.marks[Mark::CreatedCookieless as usize],
        ),
        (
            "keys left behind by logins",
            "leaked_keys",
            counts.marks[Mark::LeakedKey as usize],
        ),
        (
            "changes overwritten or dropped",
            "lost_updates",
            counts.marks[Mark::LostUpdate as usize],
        ),
        (
            "over, and stored again",
            "resurrected_sessions",
            counts.marks[Mark::Resurrected as usize],
        ),
        (
            "reads too early for a replica",
            "stale_reads",
            counts.marks[Mark::StaleRead as usize] + counts.marks[Mark::EarlyRead as usize],
        ),
    ] {
        if number > 0 {
            pairs.push(figures.pair(label, name));
        }
    }
    ("Sessions", pairs)
}

fn users(figures: &Figures<'_>) -> Section {
    let mut pairs = vec![
        figures.pair("most at a time", "users_present_max"),
        figures.pair("visits", "visits"),
        figures.pair("requests", "requests"),
        figures.pair("  busiest minute", "request_rate_max"),
        figures.pair("  failed", "failed_requests"),
    ];
    if figures.run.applies.logins {
        pairs.push(figures.pair("forced logins", "forced_logins"));
    }
    if figures.run.applies.guests {
        pairs.push(figures.pair("guest resets", "guest_resets"));
    }
    if figures.scenario.database.on_lost_session == OnLostSession::Restore {
        let restored = figures.run.counts.made_good_by(Aftermath::Restored);
        pairs.push(Pair::new("sessions restored", thousands(restored)));
    }
    ("Users", pairs)
}

fn cache(figures: &Figures<'_>) -> Section {
    if !figures.scenario.store.kind.is_cache() {
        let pairs = vec![
            figures.pair("requests that found theirs", "session_hit_rate"),
            figures.pair("most live sessions", "live_sessions_max"),
            figures.pair("expired and deleted", "expired_keys"),
        ];
        return ("Store", pairs);
    }
    let mut pairs = vec![
        figures.pair("hit rate of reads", "hit_rate"),
        figures.pair("commands", "commands"),
        figures.pair("evicted keys", "evicted_keys"),
        figures.pair("expired keys", "expired_keys"),
        figures.pair("most live sessions", "live_sessions_max"),
        figures.pair("memory, fullest node", "memory_usage_max"),
        figures.pair("CPU, busiest node and minute", "engine_cpu_max"),
    ];
    if figures.scenario.store.maxmemory_policy == EvictionPolicy::NoEviction {
        pairs[2] = figures.pair("refused for want of memory", "oom_errors");
    }
    if figures.value("network_usage_max").is_some() {
        pairs.push(figures.pair("network, of its baseline", "network_usage_max"));
    }
    if figures.value("cpu_credits_min").is_some() {
        pairs.push(figures.pair("fewest CPU credits", "cpu_credits_min"));
    }
    ("Cache", pairs)
}

fn database(figures: &Figures<'_>) -> Section {
    let mut pairs = vec![
        figures.pair("queries", "db_queries"),
        figures.pair("  busiest minute", "db_query_rate_max"),
        figures.pair("  refused", "db_refused"),
    ];
    if figures.scenario.store.kind.is_cache() {
        pairs.push(figures.pair("without a cache", "db_queries_without_cache"));
        pairs.push(figures.pair("load saved", "db_load_saved"));
    }
    ("Database", pairs)
}

fn footer(page: &mut Page, outcome: Outcome<'_>, files: Option<&str>) {
    let Outcome {
        scenario,
        identity,
        measurements,
    } = outcome;
    page.prose(&format!(
        "Measured: {}. {}",
        match measurements.measured() {
            Span::ZERO => "nothing".to_owned(),
            measured => words(measured),
        },
        beginning(scenario)
    ));
    page.line("Not modelled: how a failover is decided, limits of connections.");
    page.prose(&format!(
        "Seed {}, replicate {}, result {}, fingerprint {:016x}, sessionsim {}",
        identity.seed,
        identity.replicate,
        identity.id,
        measurements.fingerprint,
        env!("CARGO_PKG_VERSION"),
    ));
    if let Some(files) = files {
        page.line(&format!("Files in {files}"));
    }
}
