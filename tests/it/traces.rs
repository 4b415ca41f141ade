//! Recorded traffic in a scenario.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;

use sessionsim::kernel::draws::mix;
use sessionsim::metrics::measurements::Measurements;
use sessionsim::metrics::recorder::Recorder;
use sessionsim::probe::{Aftermath, Answer, LossCause, SessionSeen};
use sessionsim::replay::deployment::Deployment;
use sessionsim::replay::{Counts, Setup};
use sessionsim::scenario::traffic::Unusable;
use sessionsim::scenario::{Input, Scenario, load_input};
use sessionsim::traffic::survey::survey;
use sessionsim::traffic::trace::{Row, TraceReader};
use sessionsim::units::Time;
use sessionsim::world;

use crate::desk::{Desk, stderr};
use crate::support::metric;

fn load(text: &str, trace: &str) -> Scenario {
    let look = |_: &str, _: &str, skip| {
        survey("trace.csv", trace.as_bytes(), skip)
            .map_err(|error| Unusable::BadLine(error.to_string()))
    };
    let loaded = load_input(&Input {
        name: "test.toml",
        text,
        sets: &[],
        base: &|_, _| Err("there is no other scenario".to_owned()),
        trace: &look,
        judge: None,
    });
    loaded
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
        .scenario
}

fn rows(trace: &str) -> Vec<Row> {
    let mut reader = TraceReader::new(trace.as_bytes());
    std::iter::from_fn(|| reader.next_row().unwrap()).collect()
}

fn measure(scenario: &Scenario, trace: &str) -> Measurements {
    let mut rows = rows(trace).into_iter();
    let next = Box::new(move || rows.next());
    let recorder = Recorder::new(scenario);
    let run = world::simulate_recorded(scenario, next, 0, recorder, &mut |_, _| true);
    run.probe.finish()
}

/// Without a hop and without service, as a replay has it.
fn scenario(more: &str, store: &str, trace: &str) -> Scenario {
    load(
        &format!(
            "duration = \"5m\"\nwarmup = \"0s\"\nplatform = \"self-managed\"\n{more}\n[store]\n\
             service_time = \"0s\"\n{store}\n[network]\nhop = \"0s\"\n[traffic]\n\
             trace = \"trace.csv\"\n"
        ),
        trace,
    )
}

/// What the client of a replay sees of the same rows in the same store.
fn replayed(scenario: &Scenario, trace: &str) -> Counts {
    let setup = Setup {
        store: scenario.store.clone(),
        seed: scenario.seed,
        ..Setup::default()
    };
    let mut deployment = Deployment::new(&setup);
    deployment.rows(&rows(trace));
    deployment.finish_at(Time::ZERO + scenario.duration).counts
}

/// Fills a node without evicting, waits until its tables are at rest, and then asks for more keys
/// than there is room for. Rows come in the middle of a second alone, where it does not matter
/// that the crons of a replay and of a run are out of step.
fn evicting_trace() -> String {
    let mut text = "t_ms,op,key,size,ttl_ms\n".to_owned();
    let mut row = |n: u64, operation: &str, key: u64, ttl: u64| {
        let millis = n / 200 * 1000 + 450 + n % 200 * 2;
        writeln!(text, "{millis},{operation},{key},900,{ttl}").unwrap();
    };
    for n in 0..1_000 {
        row(n, "get", n, 3_600_000);
    }
    for n in 3_000..40_000 {
        let bits = mix(n);
        let operation =
            ["get", "get", "get", "get", "set", "touch", "del"][(bits >> 32) as usize % 7];
        // Few keys are asked for often and many seldom.
        let key = bits % 2_500 * (bits >> 40) % 2_500;
        row(n, operation, key, 3_600_000);
    }
    text
}

#[test]
fn a_replay_and_a_scenario_without_hops_see_the_same() {
    let trace = evicting_trace();
    for policy in [
        "allkeys-lru",
        "volatile-lru",
        "allkeys-lfu",
        "volatile-ttl",
        "noeviction",
    ] {
        let store = format!("maxmemory = \"2400KB\"\nmaxmemory_policy = \"{policy}\"");
        let scenario = scenario("", &store, &trace);
        let run = measure(&scenario, &trace).counts;
        let counts = replayed(&scenario, &trace);
        let answers = |answer: Answer| run.commands[answer as usize];
        assert_eq!(answers(Answer::Hit), counts.get_hits, "{policy}");
        assert_eq!(answers(Answer::Miss), counts.get_misses(), "{policy}");
        assert_eq!(answers(Answer::Oom), counts.sets_refused, "{policy}");
        assert_eq!(run.evicted_keys, counts.evicted_keys, "{policy}");
        assert_eq!(run.expired_keys, counts.expired_keys, "{policy}");
        let is_full = if policy == "noeviction" {
            counts.sets_refused
        } else {
            counts.evicted_keys
        };
        assert!(is_full > 1_000, "{policy}: {counts:?}");
        // What the client knows to be evicted is what users miss.
        if policy != "noeviction" {
            assert!(run.felt <= run.lost[LossCause::Evicted as usize]);
            assert!(run.felt > counts.miss_lost / 2, "{policy}");
        }
    }
}

/// One of the measured runs, with crons out of step: nearly the same.
#[test]
fn a_measured_run_goes_through_a_scenario_as_through_a_replay() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fidelity/R01/");
    let compressed = std::fs::read(format!("{folder}trace.csv.zst"))
        .or_else(|_| std::fs::read(format!("{folder}trace.csv.gz")))
        .unwrap();
    let mut trace = String::new();
    let mut reader = sessionsim::replay::compressed::decompressed(&*compressed).unwrap();
    std::io::Read::read_to_string(&mut reader, &mut trace).unwrap();
    let store = "maxmemory = \"20MB\"\nmaxmemory_policy = \"allkeys-lru\"";
    let scenario = scenario("", store, &trace);
    let run = measure(&scenario, &trace).counts;
    let counts = replayed(&scenario, &trace);
    assert!(counts.evicted_keys > 1_000, "{counts:?}");
    let near = |what: &str, ours: u64, theirs: u64| {
        let off = ours.abs_diff(theirs);
        assert!(off * 200 <= theirs, "{what}: {ours} and {theirs}");
    };
    near("hits", run.commands[Answer::Hit as usize], counts.get_hits);
    near(
        "misses",
        run.commands[Answer::Miss as usize],
        counts.get_misses(),
    );
    near("evicted", run.evicted_keys, counts.evicted_keys);
}

/// A key's life, row by row.
#[test]
fn keys_are_sessions_with_fates() {
    let trace = "0,get,1,100,500\n\
                 100,get,1,100,500\n\
                 200,set,1,200,400\n\
                 400,touch,1,,300\n\
                 900,get,1,100,0\n\
                 1000,del,1,,\n\
                 1100,get,1,100,0\n\
                 1200,set,2,50,100\n\
                 2000,touch,3,,100\n\
                 2100,del,4,,\n\
                 2200,set,5,10,1000\n\
                 9000,set,5,10,0\n";
    let run = measure(&scenario("", "maxmemory = \"10MB\"", trace), trace);
    let counts = run.counts;
    // 1: expired in use, begun anew, logged out, begun again. 2 ends. 5 ends, and begins anew
    // without anybody having looked.
    assert_eq!(counts.created, 6);
    assert_eq!(counts.expired_in_use, 1);
    assert_eq!(counts.logged_out, 1);
    assert_eq!(counts.ended, 2);
    assert_eq!(counts.alive, 2);
    assert_eq!(counts.lost_in_all(), 0);
    assert_eq!(counts.made_good_by(Aftermath::GuestReset), 1);
    assert_eq!(counts.requests, 12);
    // Believed in one: the second to the fifth row, the deletion. Of these the fifth found none.
    assert_eq!(counts.answered[SessionSeen::Found as usize], 3);
    assert_eq!(counts.answered[SessionSeen::Gone as usize], 1);
    // One each time that a key was begun with: 1, 1 again, 2, 5.
    assert_eq!(counts.visits_of_guests, 4);
}

/// With copies in the database nobody starts afresh, and each change is written there.
#[test]
fn a_lost_session_is_restored_from_the_database() {
    let trace = evicting_trace();
    let store = "maxmemory = \"2400KB\"\nmaxmemory_policy = \"allkeys-lru\"";
    let more = "database.on_lost_session = \"restore\"";
    let run = measure(&scenario(more, store, &trace), &trace);
    let counts = run.counts;
    assert!(metric(&run, "guest_resets") < 0.5);
    assert!(metric(&run, "sessions_lost.restored") > 100.0);
    // A read for each that was restored, a write for each request that changes something.
    let writes = counts.db_baseline - counts.requests;
    assert!(writes < counts.db_queries, "{writes} {}", counts.db_queries);
}

const SHOP: &str = "duration = \"1m\"\nplatform = \"self-managed\"\n\
                    [store]\nmaxmemory = \"10MB\"\n[traffic]\ntrace = \"data/trace.csv\"\n";

fn desk(trace: &str) -> Desk {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("data")).unwrap();
    desk.write("data/trace.csv", trace);
    desk.write("shop.toml", SHOP);
    desk
}

#[test]
fn a_result_follows_from_the_content_of_its_trace() {
    let desk = desk("0,get,1,100,0\n500,get,1,100,0\n");
    let id = |desk: &Desk| {
        let text = desk.succeed(&["run", "shop.toml", "--quiet", "--format", "json"]);
        let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(summary["metrics"]["requests"], 2);
        summary["id"].as_str().unwrap().to_owned()
    };
    let first = id(&desk);
    assert_eq!(id(&desk), first);
    // The same rows, compressed, are the same content.
    let compressed = ruzstd::encoding::compress_to_vec(
        &b"0,get,1,100,0\n500,get,1,100,0\n"[..],
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    desk.write("data/trace.csv", compressed);
    assert_eq!(id(&desk), first);
    desk.write("data/trace.csv", "0,get,1,100,0\n501,get,1,100,0\n");
    assert_ne!(id(&desk), first);
    // The resolved scenario accepts no other content.
    let resolved = desk.read(&format!("output/shop/{first}/scenario.toml"));
    desk.write("again.toml", resolved);
    let told = desk.fail(&["check", "again.toml"]);
    assert!(told.contains("the trace has another content"), "{told}");
}

#[test]
fn what_is_wrong_with_a_trace_is_told_before_the_run() {
    let desk = desk("0,get,1,100,0\n1,put,1,1,1\n2,get,1,100,0\n");
    insta::assert_snapshot!("a_bad_line", desk.fail(&["run", "shop.toml"]));
    let skipping = [
        "run",
        "shop.toml",
        "--quiet",
        "--set",
        "traffic.skip_bad_lines=true",
    ];
    desk.succeed(&skipping);
    let explained = desk.succeed(&[
        "explain",
        "shop.toml",
        "--set",
        "traffic.skip_bad_lines=true",
    ]);
    assert!(
        explained.contains("2 rows of 1 key in 2.00 ms, 1 line left out"),
        "{explained}"
    );
    desk.write("data/trace.csv", "t_ms,op,key,size,ttl_ms\n");
    insta::assert_snapshot!("no_rows", desk.fail(&["run", "shop.toml"]));
    std::fs::remove_file(desk.path("data/trace.csv")).unwrap();
    insta::assert_snapshot!("no_trace", desk.fail(&["run", "shop.toml"]));
    insta::assert_snapshot!(
        "stdin",
        desk.fail(&["run", "shop.toml", "--set", "traffic.trace=-"])
    );
    let output = desk.run(&["check", "shop.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn the_example_shows_what_it_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/");
    let trace = std::fs::read_to_string(format!("{folder}recorded.csv")).unwrap();
    let text = std::fs::read_to_string(format!("{folder}recorded.toml")).unwrap();
    let scenario = load(&text, &trace);
    assert_eq!(scenario.trace.as_ref().unwrap().content.keys, 60);
    let run = measure(&scenario, &trace);
    assert!(metric(&run, "sessions_expired_in_use") > 0.0);
    assert!(metric(&run, "guest_resets") > 0.0);
    assert!(metric(&run, "guest_resets") <= metric(&run, "sessions_expired_in_use"));
    assert!(metric(&run, "evicted_keys") < 0.5);
}

#[test]
fn a_resolved_scenario_with_a_trace_loads_to_an_equal_one() {
    let trace = "0,get,1,100,500\n7,no row\n9,set,2,300,0\n";
    for more in [
        "",
        "fields = 3\nfield_length = 5\nkey = \"{s}:<id>\"\nid_length = 9\n",
    ] {
        let text = format!(
            "duration = \"1h\"\nplatform = \"self-managed\"\nstore.maxmemory = \"1GiB\"\n\
             [traffic]\ntrace = \"trace.csv\"\nskip_bad_lines = true\n{more}"
        );
        let scenario = load(&text, trace);
        let resolved = scenario.to_toml();
        let again = load(&resolved, trace);
        assert_eq!(again, scenario);
        assert_eq!(again.to_toml(), resolved);
    }
}
