//! What else uses the nodes, beside the sessions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use sessionsim::kernel::zipf::shares;
use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::{Probe, RequestKind};
use sessionsim::scenario::Scenario;
use sessionsim::units::{Span, Time};
use sessionsim::world::footprint::Footprint;

use crate::desk::Desk;
use crate::support::{assert_close, assert_near, measure, metric, scenario, watch};

const USERS: &str = "[[users]]\nconcurrent = 200\nthink_time = { exponential = \"10s\" }\n\
                     stay = { exponential = \"5m\" }\n[users.session]\nbytes = \"2KB\"\nttl = \"30m\"\n";

fn with(store: &str, rest: &str) -> Scenario {
    scenario(&format!(
        "duration = \"2h\"\nwarmup = \"30m\"\nplatform = \"self-managed\"\n[store]\n{store}\n{rest}"
    ))
}

const CACHE: &str = "[[workloads]]\nkind = \"query-cache\"\nrate = \"100/s\"\n";

/// A TTL that is set once and not renewed: after each miss an object is there for the TTL, so that
/// of 1 + rate x TTL reads all but one hit.
#[test]
fn a_query_cache_with_room_hits_as_its_ttl_and_popularity_say() {
    let (objects, exponent, ttl) = (2_000, 900_000, 120.0);
    let more = "objects = 2000\nexponent = 0.9\nttl = \"2m\"\nbytes = \"500B\"\n";
    let run = measure(&with(
        "maxmemory = \"0B\"",
        &format!("{USERS}{CACHE}{more}"),
    ));
    let expected: f64 = shares(objects, exponent)
        .into_iter()
        .map(|share| {
            let within_ttl = 100.0 * share * ttl;
            share * within_ttl / (1.0 + within_ttl)
        })
        .sum();
    let cache = &run.workloads[0];
    // 540,000 reads: a standard deviation below 0.001.
    assert_near("hit rate", cache.hit_rate().unwrap(), expected, 0.003);
    assert_close("requests", cache.requests as f64, 540_000.0, 0.01);
    assert_eq!(cache.db_queries, cache.found[1]);
    assert_eq!(cache.evicted_keys, 0);
}

/// The characteristic time of a cache by Che, Tung and Wang ("Hierarchical web caching systems",
/// IEEE JSAC 20, 2002): an object is there if it was asked for within a time T that is the same for
/// all, and T is such that all that is there fills the room. Here objects and sessions fill it
/// together: sessions that never end, each asked for as a Poisson process.
#[test]
fn a_query_cache_and_sessions_share_a_node_as_che_says() {
    let (objects, exponent) = (20_000u32, 800_000);
    let scenario = with(
        "maxmemory = \"24MB\"\nmaxmemory_policy = \"allkeys-lru\"\nmaxmemory_samples = 20",
        "[[users]]\nlogin = false\nconcurrent = 5000\nramp_up = \"1m\"\n\
         think_time = { exponential = \"400s\" }\nstay = \"30d\"\nmodify_share = \"0%\"\n\
         [users.session]\nbytes = \"2KB\"\nttl_kind = \"none\"\n\
         [[workloads]]\nkind = \"query-cache\"\nrate = \"100/s\"\nobjects = 20000\n\
         exponent = 0.8\nbytes = \"1KB\"\n",
    );
    let footprint = Footprint::new(&scenario, scenario.store.engine, 10_000.0);
    let room = scenario.store.maxmemory.0 as f64 - footprint.empty;
    let popularity = shares(objects, exponent);
    let there = |rate: f64, time: f64| -libm::expm1(-rate * time);
    let fills = |time: f64| {
        let objects: f64 = popularity
            .iter()
            .map(|share| there(100.0 * share, time))
            .sum();
        let sessions = 5_000.0 * there(1.0 / 400.0, time);
        objects * footprint.workload[0] + sessions * footprint.session[0]
    };
    let (mut low, mut high) = (1.0, 1e5);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        *(if fills(middle) < room {
            &mut low
        } else {
            &mut high
        }) = middle;
    }
    let hits: f64 = popularity
        .iter()
        .map(|share| share * there(100.0 * share, low))
        .sum();
    let run = measure(&scenario);
    assert!(run.workloads[0].evicted_keys > 10_000);
    assert_near("hit rate", run.workloads[0].hit_rate().unwrap(), hits, 0.01);
    let sessions = there(1.0 / 400.0, low);
    assert!((0.2..0.95).contains(&sessions), "{sessions}");
    assert_near(
        "session hit rate",
        metric(&run, "session_hit_rate"),
        sessions,
        0.02,
    );
    let share = run.workloads[0].memory_share as f64 / 1e9;
    let objects: f64 = popularity
        .iter()
        .map(|share| there(100.0 * share, low))
        .sum();
    let expected = objects * footprint.workload[0] / scenario.store.maxmemory.0 as f64;
    assert_near("memory share", share, expected, 0.02);
}

/// What users want, with its times.
#[derive(Default)]
struct Wishes(Vec<(Time, u16, RequestKind)>);

impl Probe for Wishes {
    fn request_issued(&mut self, at: Time, class: u16, kind: RequestKind) {
        self.0.push((at, class, kind));
    }
}

#[test]
fn a_workload_changes_nothing_that_users_want() {
    let alone = with("maxmemory = \"0B\"", USERS);
    let board = "[[workloads]]\nkind = \"leaderboard\"\nrate = \"50/s\"\nmembers = 3000\n";
    let counters =
        "[[workloads]]\nkind = \"counters\"\nrate = \"50/s\"\nobjects = 300\nttl = \"1m\"\n";
    let cache = format!("{CACHE}objects = 300\nbytes = \"500B\"\n");
    let beside = with(
        "maxmemory = \"0B\"",
        &format!("{USERS}{board}{counters}{cache}"),
    );
    let (alone, others) = (
        watch(&alone, Wishes::default()),
        watch(&beside, Wishes::default()),
    );
    assert!(alone.0.len() > 100_000);
    assert_eq!(alone.0, others.0);
    // Nor does a workload change another one.
    let one = measure(&with("maxmemory = \"0B\"", &format!("{USERS}{board}")));
    let all = measure(&beside);
    assert_eq!(one.workloads[0].requests, all.workloads[0].requests);
    assert_eq!(one.workloads[0].found, all.workloads[0].found);
    assert_eq!(one.workloads[0].kept, all.workloads[0].kept);
}

#[test]
fn a_leaderboard_takes_in_those_who_are_updated() {
    let board = "[[workloads]]\nkind = \"leaderboard\"\nrate = \"20/s\"\nmembers = 50000\n\
                 update_share = \"25%\"\nmember_length = 20\n";
    let scenario = with("maxmemory = \"0B\"", &format!("{USERS}{board}"));
    let run = measure(&scenario);
    let kept = run.workloads[0].kept;
    assert_eq!(kept.keys, 1);
    // 20/s x 25 % x 2 h = 36,000 updates of 50,000 members, of whom 1 - e^-0.72 are in it then:
    // give or take 90. A member of 20 bytes takes 24 for its name, 24 in the hash table, 46 in
    // the skip list (Redis 7.0, bundled), and there are 32,768 buckets.
    let members = 50_000.0 * -libm::expm1(-36_000.0 / 50_000.0);
    let expected = members * 94.0 + 8.0 * 32_768.0;
    assert_close("bytes", kept.bytes as f64, expected, 0.02);
    assert_close(
        "estimate",
        scenario.workloads[0].expected_size(&scenario),
        members,
        1e-9,
    );
    assert!(run.workloads[0].hit_rate().unwrap() > 0.999_999);
}

#[test]
fn a_counter_lives_for_its_window() {
    let counters =
        "[[workloads]]\nkind = \"counters\"\nrate = \"30/s\"\nobjects = 1000\nttl = \"1m\"\n";
    let scenario = with("maxmemory = \"0B\"", &format!("{USERS}{counters}"));
    let run = measure(&scenario);
    let counted = &run.workloads[0];
    assert_eq!(counted.hit_rate(), None);
    // Each of 1,000 is counted 0.03 times a second: a window of 60 s, then 33 s until the next.
    let rate = 0.03f64;
    let windows = 1_000.0 * 5_400.0 / (60.0 + 1.0 / rate);
    assert_close("windows", counted.expired_keys as f64, windows, 0.01);
    let commands = counted.requests as f64 + windows;
    let users = metric(&measure(&with("maxmemory = \"0B\"", USERS)), "commands");
    assert_close("commands", metric(&run, "commands") - users, commands, 0.01);
    let expected = scenario.workloads[0].expected_keys(&scenario);
    assert_close(
        "estimate",
        expected,
        1_000.0 * 60.0 / (60.0 + 1.0 / rate),
        1e-6,
    );
}

/// A board that is evicted begins anew with one member.
#[test]
fn an_evicted_leaderboard_begins_anew() {
    let scenario = with(
        "maxmemory = \"4MB\"\nmaxmemory_policy = \"allkeys-random\"",
        &format!(
            "{USERS}[[workloads]]\nkind = \"leaderboard\"\nrate = \"20/s\"\nmembers = 20000\n"
        ),
    );
    let run = measure(&scenario);
    let board = &run.workloads[0];
    assert!(board.evicted_keys > 0, "{board:?}");
    // With all members it would take more than 2.5 MB; that it never gets to.
    assert!(board.kept.bytes < 2_500_000, "{board:?}");
}

#[test]
fn a_workload_follows_the_curve_of_a_class() {
    let users = "[[users]]\nname = \"shoppers\"\narrival_rate = \"1/s\"\n\
                 stay = { exponential = \"1m\" }\n\
                 [users.session]\nbytes = \"1KB\"\nttl = \"5m\"\n\
                 [users.arrivals]\nspikes = [{ at = \"1h\", lasts = \"10m\", factor = 5 }]\n";
    let cache = format!("{CACHE}objects = 10\nbytes = \"1KB\"\nfollows = \"shoppers\"\n");
    let scenario = with("maxmemory = \"0B\"", &format!("{users}{cache}"));
    let run = measure(&scenario);
    let of_row = |start: u64| {
        let start = Time::ZERO + Span::from_secs(start);
        let row = run.rows.iter().find(|row| row.start == start).unwrap();
        row.counts.commands.iter().sum::<u64>()
    };
    let (before, within) = (of_row(3_000), of_row(3_900));
    assert!(within as f64 > 4.0 * before as f64, "{before} and {within}");
    let expected = scenario.workloads[0].expected_requests(&scenario);
    assert_close("estimate", expected, 100.0 * (7_200.0 + 4.0 * 600.0), 0.01);
}

/// The mistake that people make: results of queries beside sessions, on one node.
#[test]
fn mixed_use_loses_sessions_and_separate_nodes_lose_none() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/mixed-use.toml"
    ));
    let mixed = scenario(&text.unwrap());
    let lost = |run: &Measurements| metric(run, "sessions_lost");
    let run = measure(&mixed);
    assert!(lost(&run) > 1_000.0, "{}", lost(&run));
    assert!(metric(&run, "forced_login_rate") > 0.01);
    // The same sessions on the same node alone.
    let mut separate = mixed.clone();
    separate.workloads.clear();
    let run = measure(&separate);
    assert!(lost(&run) < 0.5, "{}", lost(&run));
    assert!(metric(&run, "memory_usage_max") < 0.9);
}

#[test]
fn a_workload_is_shown_as_a_scope_of_its_own() {
    let desk = Desk::new();
    let more = format!("\n{CACHE}name = \"results\"\nobjects = 500\nbytes = \"500B\"\n");
    desk.write("mixed.toml", desk.read("small.toml") + &more);
    let text = desk.succeed(&["run", "mixed.toml", "--quiet", "--format", "json"]);
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    let workload = &summary["workloads"][0];
    assert_eq!(workload["name"], "results");
    assert!(workload["hit_rate"].as_f64().unwrap() > 0.1);
    let text = desk.succeed(&["run", "mixed.toml", "--quiet"]);
    assert!(text.contains("Beside the sessions"), "{text}");
    let text = desk.succeed(&["explain", "mixed.toml"]);
    assert!(text.contains("about 500 keys of"), "{text}");
}
