//! Sessions that lie in no cache: in the database alone, or with the application's instances.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use sessionsim::metrics::measurements::Measurements;
use sessionsim::probe::{LossCause, Probe, RequestKind};
use sessionsim::scenario::Scenario;
use sessionsim::units::Time;

use crate::support::{assert_close, measure, metric, scenario, watch};

const USERS: &str = "[[users]]\nlogin = false\nconcurrent = 300\nthink_time = { exponential = \"10s\" }\n\
                     stay = { exponential = \"5m\" }\nmodify_share = \"20%\"\nlogout_share = \"10%\"\n\
                     return_share = \"40%\"\naway = { exponential = \"10m\" }\n\
                     [users.session]\nbytes = \"2KB\"\nttl = \"20m\"\n";

fn with(store: &str, rest: &str) -> Scenario {
    scenario(&format!(
        "duration = \"2h\"\nwarmup = \"30m\"\nplatform = \"self-managed\"\n[store]\n{store}\n{rest}\n{USERS}"
    ))
}

const CACHE: &str = "maxmemory = \"1GiB\"";
const DATABASE: &str = "kind = \"database\"";
const IN_PROCESS: &str = "kind = \"in-process\"\ninstances = 3";

fn shipped(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/");
    fs::read_to_string(format!("{folder}{name}.toml")).unwrap()
}

fn lost_with_nodes(run: &Measurements) -> u64 {
    run.counts.lost[LossCause::NodeLost as usize]
}

/// What users want, whatever becomes of it.
#[derive(Default)]
struct Visits(Vec<(Time, u16)>);

impl Probe for Visits {
    fn visit_began(&mut self, at: Time, class: u16) {
        self.0.push((at, class));
    }
}

#[derive(Default)]
struct Wishes(Vec<(Time, RequestKind)>);

impl Probe for Wishes {
    fn request_issued(&mut self, at: Time, _class: u16, kind: RequestKind) {
        self.0.push((at, kind));
    }
}

/// Where nothing is lost, and all goes at once, every request comes as it does with a cache.
#[test]
fn the_same_users_want_the_same_wherever_their_sessions_lie() {
    let visits = |store: &str| watch(&with(store, ""), Visits::default()).0;
    let cache = visits(CACHE);
    assert!(cache.len() > 5_000);
    assert_eq!(visits(DATABASE), cache);
    assert_eq!(visits(IN_PROCESS), cache);
    let at_once = format!("{CACHE}\nservice_time = \"0s\"");
    let cache = watch(
        &with(&at_once, "[network]\nhop = \"0s\""),
        Wishes::default(),
    )
    .0;
    assert_eq!(watch(&with(IN_PROCESS, ""), Wishes::default()).0, cache);
}

#[test]
fn in_the_database_alone_each_command_is_a_query() {
    let slow = "[database]\nservice_time = \"3ms\"\nconcurrency = 1000";
    let (cache, database) = (measure(&with(CACHE, slow)), measure(&with(DATABASE, slow)));
    assert_eq!(database.counts.lost_in_all(), 0);
    assert_eq!(database.counts.commands.iter().sum::<u64>(), 0);
    // The jobs that delete expired sessions are queries too: six of them in an hour and a half. A
    // few sessions end while the query that would have renewed them is under way, or do not.
    let commands: u64 = cache.counts.commands.iter().sum();
    assert_close(
        "queries",
        database.counts.db_queries as f64,
        commands as f64 + 6.0,
        1e-4,
    );
    // A request that reads renews the TTL by a second query.
    let read = metric(&database, "latency.read.p50");
    assert!((read - 0.006).abs() < 1e-9, "{read}");
    assert_close(
        "fates",
        database.counts.expired_in_use as f64,
        cache.counts.expired_in_use as f64,
        0.01,
    );
    // Expired sessions lie there until the job comes: half of 15 minutes in the mean.
    assert!(database.counts.expired_keys > 1_000);
}

#[test]
fn a_database_that_refuses_fails_requests_and_loses_no_session_that_was_stored() {
    let tight = "[database]\nservice_time = \"40ms\"\nconcurrency = 2\nqueue_limit = 3";
    let run = measure(&with(DATABASE, tight));
    assert!(run.counts.db_refused > 1_000);
    assert!(run.counts.failed > 1_000);
    assert_eq!(run.counts.lost[LossCause::Evicted as usize], 0);
    assert!(run.counts.lost[LossCause::Refused as usize] > 10);
}

#[test]
fn an_instance_takes_its_sessions_with_it() {
    let steps = "[[store.scaling]]\nat = \"1h\"\ninstances = 1\n";
    // With expired sessions out of the way at once, so that they are not counted.
    let store = format!("{IN_PROCESS}\ncleanup_every = \"1s\"");
    let run = measure(&with(&store, steps));
    let row = |at: u64| {
        let row = run.rows.iter().find(|row| row.end.millis() == at * 60_000);
        row.unwrap().gauges.live_sessions.unwrap()
    };
    // Two of three instances, each with its third of the sessions.
    let before = row(60) as f64;
    assert_close(
        "lost",
        lost_with_nodes(&run) as f64,
        before * 2.0 / 3.0,
        0.06,
    );
    assert_eq!(run.counts.lost_in_all(), lost_with_nodes(&run));
    // Users who are there click again within a minute; those away find out when they are back.
    assert!(run.counts.felt > 150 && run.counts.felt < run.counts.lost_in_all());
    assert!(metric(&run, "guest_resets") > 150.0);
    // What is stored later lies on the instance that is left.
    assert!(row(110) > 300);
}

#[test]
fn an_instance_that_drains_loses_only_who_is_still_there() {
    let with_drain = |drain: &str| {
        let store = format!("{IN_PROCESS}\ndrain = \"{drain}\"");
        let steps = "[[store.scaling]]\nat = \"1h\"\ninstances = 1\n";
        lost_with_nodes(&measure(&with(&store, steps)))
    };
    let (at_once, later, never) = (with_drain("0s"), with_drain("20m"), with_drain("3h"));
    assert!(later < at_once / 2, "{at_once} and {later}");
    assert!(later > 0);
    assert_eq!(never, 0);
    // One that is called back in time loses nothing.
    let back = format!("{IN_PROCESS}\ndrain = \"20m\"");
    let steps = "[[store.scaling]]\nat = \"60m\"\ninstances = 1\n\
                 [[store.scaling]]\nat = \"70m\"\ninstances = 3\n";
    assert_eq!(lost_with_nodes(&measure(&with(&back, steps))), 0);
}

#[test]
fn lost_sessions_are_restored_on_another_instance() {
    let steps = "[[store.scaling]]\nat = \"1h\"\ninstances = 1\n";
    let copies = format!("{steps}[database]\non_lost_session = \"restore\"\n");
    let run = measure(&with(IN_PROCESS, &copies));
    assert!(metric(&run, "sessions_lost.restored") > 150.0);
    assert!(metric(&run, "guest_resets") < 0.5);
    let row = run
        .rows
        .iter()
        .find(|row| row.end.millis() == 80 * 60_000)
        .unwrap();
    assert!(row.gauges.live_sessions.unwrap() > 300);
}

/// Writing through makes changes wait for the database, and nobody else.
#[test]
fn who_writes_through_waits_for_the_database() {
    let database = |writes: &str| {
        let rest = format!(
            "[database]\nservice_time = \"3ms\"\nconcurrency = 1000\n\
             on_lost_session = \"restore\"\nwrites = \"{writes}\""
        );
        measure(&with(CACHE, &rest))
    };
    let (alongside, through) = (database("alongside"), database("through"));
    assert_eq!(alongside.counts.db_queries, through.counts.db_queries);
    let difference = |name| metric(&through, name) - metric(&alongside, name);
    let modify = difference("latency.modify.mean");
    assert!((modify - 0.003).abs() < 1e-4, "{modify}");
    assert!(difference("latency.read.p50").abs() < 1e-9);
}

#[test]
fn the_database_alone_is_what_a_cache_is_for() {
    let text = shipped("database-only");
    let alone = measure(&scenario(&text));
    assert!(metric(&alone, "sessions_lost") < 0.5);
    let rate = metric(&alone, "db_query_rate_max");
    assert!((300.0..450.0).contains(&rate), "{rate}");
    let p99 = metric(&alone, "latency.p99");
    assert!((0.010..0.100).contains(&p99), "{p99}");
    let cached = text
        .replace(
            "kind = \"database\"\n",
            "kind = \"cache\"\nmaxmemory = \"1GiB\"\n",
        )
        .replace("cleanup_every = \"5m\"\n", "");
    let cached = measure(&scenario(&cached));
    assert!(metric(&cached, "sessions_lost") < 0.5);
    let cached_p99 = metric(&cached, "latency.p99");
    assert!(cached_p99 * 10.0 < p99, "{cached_p99} and {p99}");
    assert!(cached.counts.db_queries * 20 < alone.counts.db_queries);
}

#[test]
fn sticky_sessions_are_lost_when_instances_go() {
    let text = shipped("sticky-sessions");
    let run = measure(&scenario(&text));
    let lost = lost_with_nodes(&run);
    assert_eq!(lost, run.counts.lost_in_all());
    // Two evenings, two thirds of the sessions each.
    assert!(lost > 1_000, "{lost}");
    let rows = run.rows.iter();
    let rows = rows.filter(|row| row.counts.lost[LossCause::NodeLost as usize] > 0);
    assert_eq!(rows.count(), 2, "all in one minute a day");
    assert!(metric(&run, "forced_logins") > 500.0);
    let drained = text.replace("drain = \"0s\"", "drain = \"1h\"");
    let drained = lost_with_nodes(&measure(&scenario(&drained)));
    assert!(drained * 4 < lost, "{drained} and {lost}");
    let (before, behind) = text.split_once("[store]").unwrap();
    let users = behind.split_once("[[users]]").unwrap().1;
    let cached = format!("{before}[store]\nmaxmemory = \"1GiB\"\n[[users]]{users}");
    assert!(metric(&measure(&scenario(&cached)), "sessions_lost") < 0.5);
}
