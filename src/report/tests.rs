//! Reports of a made-up run, as people and machines read them.

use crate::kernel::quantiles::Distribution;
use crate::metrics::measurements::Measurements;
use crate::metrics::recorder::Recorder;
use crate::probe::{
    Aftermath, Answer, CommandDone, Fate, LossCause, NodeSample, Probe, Queries, RequestDone,
    RequestKind, SessionSeen,
};
use crate::scenario::Scenario;
use crate::scenario::commands::{CommandName, Step, When};
use crate::scenario::cost::{CostSpec, Payment};
use crate::scenario::database::{self, DatabaseSpec, OnLostSession};
use crate::scenario::expect::{Bound, Comparison, Expectation};
use crate::scenario::network::{NetworkSpec, ZoneSpec};
use crate::scenario::store::{
    Allocator, Engine, EvictionPolicy, Platform, ReplicaSpec, ServiceTime, SpeedSpec, StoreSpec,
};
use crate::scenario::users::arrivals::Arrivals;
use crate::scenario::users::{
    Arrival, Cookie, CookieKind, Copies, Encoding, Pacing, Parallel, Rotation, SessionPrograms,
    SessionSpec, StaleCookie, StaleId, TtlKind, UserClass, Writes,
};
use crate::units::{Bytes, Ratio, Span, Time};

use super::identity::Identity;
use super::{Outcome, json, series, text};

const HOUR: Span = Span::from_secs(3_600);

fn cost() -> CostSpec {
    CostSpec {
        region: "us-east-1".to_owned(),
        source: "AWS, us-east-1, 2026-10-02".to_owned(),
        payment: Payment::OnDemand,
        reserved_discount: Ratio(317_000_000),
        node: Some(124_800),
        backups: 1,
        backup_storage: Some(85_000),
        serverless_storage: Some(84_000),
        cross_zone: Some(10_000),
        serverless_requests: Some(2_300),
        database_queries: Some(200_000),
    }
}

fn session(ttl: Span) -> SessionSpec {
    let step = |command| Step::new(command, When::Found);
    SessionSpec {
        key: "cart:<id>".to_owned(),
        id_length: 32,
        encoding: Encoding::String,
        bytes: Distribution::Fixed(Bytes(5_000)),
        ttl,
        ttl_kind: TtlKind::Sliding,
        library: None,
        empty_bytes: Distribution::Fixed(Bytes(5_000)),
        growth: None,
        writes: Writes::Whole,
        cookie: Cookie {
            kind: CookieKind::Session,
            max_age: Span::ZERO,
        },
        rotation: Rotation::DeleteOld,
        stale_id: StaleId::New,
        stale_cookie: StaleCookie::Keep,
        on_lost_session: None,
        work_time: Distribution::Fixed(Span::ZERO),
        lock: None,
        keys: Vec::new(),
        programs: SessionPrograms {
            cookieless: vec![],
            first_write: vec![step(CommandName::Set)],
            login: vec![step(CommandName::Set)],
            read: vec![step(CommandName::Get)],
            modify: vec![step(CommandName::Get), step(CommandName::Set)],
            untouched: vec![],
            logout: vec![step(CommandName::Del)],
            stale_read: None,
            stale_write: None,
            restore: vec![step(CommandName::Set)],
        },
    }
}

fn scenario(ttl: Span) -> Scenario {
    let session = session(ttl);
    Scenario {
        name: "carts".to_owned(),
        description: "Carts of a shop, for looking at reports.".to_owned(),
        seed: 7,
        duration: Span(HOUR.0 * 3),

        start: crate::scenario::Start::Cold,
        warmup: HOUR,
        window: HOUR,
        platform: Platform::ElastiCache,
        expect: Vec::new(),
        store: StoreSpec {
            engine: Engine::Valkey81,
            allocator: Allocator::Bundled,
            shards: 2,
            topology: ReplicaSpec::none(true),
            node_type: Some("cache.m5.large".to_owned()),
            maxmemory: Bytes(5_000_000_000),
            reserved_memory: Ratio(250_000_000),
            maxmemory_policy: EvictionPolicy::VolatileTtl,
            maxmemory_samples: 3,
            service_time: ServiceTime::ByBytes {
                fixed: Span::from_micros(7),
                per_kib: Span::ZERO,
            },
            speed: SpeedSpec::UNLIMITED,
            ..StoreSpec::upstream()
        },
        node_types: Vec::new(),
        network: NetworkSpec {
            hop: Distribution::Fixed(Span::from_micros(150)),
            zones: ZoneSpec::ONE,
            replication_bandwidth: None,
        },
        faults: Vec::new(),
        database: DatabaseSpec {
            concurrency: 8,
            queue_limit: 100,
            service_time: Distribution::Fixed(Span::from_millis(2)),
            on_lost_session: OnLostSession::Login,
            contention: Ratio::ZERO,
            coherency: Ratio::ZERO,
            writes: database::Writes::Alongside,
        },
        cost: cost(),
        alarms: Vec::new(),
        trace: None,
        workloads: Vec::new(),
        users: vec![UserClass {
            name: "shoppers".to_owned(),
            copies: Copies::ONE,
            login: true,
            login_share: Ratio::ONE,
            login_after: None,
            cookies: true,
            arrival: Arrival::Concurrent {
                users: 100,
                ramp_up: Span::ZERO,
            },
            arrivals: Arrivals::default(),
            think_time: Distribution::Fixed(Span::from_secs(20)),
            stay: Distribution::Fixed(Span::from_secs(300)),
            pacing: Pacing::FromRequest,
            parallel: Parallel::ONE,
            script: Vec::new(),
            modify_share: Ratio::ZERO,
            untouched_share: Ratio::ZERO,
            logout_share: Ratio::ZERO,
            return_share: Ratio::ZERO,
            away: Distribution::Fixed(HOUR),
            zone: None,
            session,
        }],
    }
}

/// Two measured hours: 20,000 requests, of which one in a hundred finds its session gone.
fn run(scenario: &Scenario, lost: u64, complete: bool) -> Measurements {
    grown(scenario, lost, complete, 3)
}

/// Likewise, with so many more sessions in the second hour.
fn grown(scenario: &Scenario, lost: u64, complete: bool, growth: u64) -> Measurements {
    let mut recorder = Recorder::new(scenario);
    let node = |used_memory, busy| NodeSample {
        used_memory,
        maxmemory: scenario.store.maxmemory.0,
        keys: 1_000,
        expires: 1_000,
        busy,
        ..NodeSample::default()
    };
    let start = Time::ZERO + HOUR;
    recorder.measurement_begins(start, &[node(0, Span::ZERO), node(0, Span::ZERO)], 500);
    for hour in 1..=2u64 {
        for n in 0..10_000u64 {
            let at = start + Span(HOUR.0 * (hour - 1) + n * 360_000_000);
            request(&mut recorder, at, n, n.is_multiple_of(100));
        }
        for n in 0..lost / 2 {
            let at = start + Span(HOUR.0 * (hour - 1) + n);
            lose(&mut recorder, at, n.is_multiple_of(4));
        }
        let now = Time(HOUR.0 * (hour + 1));
        for _ in 0..250 {
            recorder.session_closed(now, 0, Fate::Ended);
            recorder.key_expired(now, 0, 0);
        }
        let nodes = [
            node(1_200_000_000 * hour, Span(HOUR.0 / 50 * hour)),
            node(1_000_000_000, Span(HOUR.0 / 60 * hour)),
        ];
        recorder.window(now, &nodes, 1_000 + growth * (hour - 1), 100);
        recorder.minute(now, &nodes);
    }
    recorder.run_ends(Time(HOUR.0 * 3), 0, 0x0123_4567_89ab_cdef, complete);
    recorder.finish()
}

fn request(recorder: &mut Recorder, at: Time, n: u64, gone: bool) {
    if n.is_multiple_of(50) {
        recorder.visit_began(at, 0);
    }
    let kind = if n.is_multiple_of(5) {
        RequestKind::Modify
    } else {
        RequestKind::Read
    };
    recorder.request_issued(at, 0, kind);
    let arrived = at + Span::from_micros(150);
    let done = arrived + Span::from_nanos(7_000 + n % 1_000);
    recorder.command(&CommandDone {
        node: (n % 2) as u16,
        owner: 0,
        name: CommandName::Get,
        answer: if gone { Answer::Miss } else { Answer::Hit },
        arrived,
        done,
    });
    if gone {
        recorder.db_query(done, done + Span::from_millis(2));
    }
    recorder.request_done(&RequestDone {
        class: 0,
        kind,
        issued: at,
        done: done + Span::from_micros(150),
        store_time: (done + Span::from_micros(150)).since(at),
        session: if gone {
            SessionSeen::Gone
        } else {
            SessionSeen::Found
        },
        refused: false,
        first_attempt: true,
        without_cache: Queries {
            reads: 1,
            writes: u8::from(kind == RequestKind::Modify),
        },
    });
}

fn lose(recorder: &mut Recorder, at: Time, felt: bool) {
    recorder.session_created(at, 0);
    recorder.key_evicted(at, 0, 0);
    let fate = Fate::Lost(LossCause::Evicted);
    recorder.session_closed(at, 0, fate);
    recorder.loss_felt(at, at, 0, LossCause::Evicted, felt);
    if felt {
        recorder.aftermath(at, at, 0, fate, Aftermath::ForcedLogin);
    }
}

fn shown(scenario: &Scenario, measurements: &Measurements) -> String {
    let identity = Identity::new("a scenario".to_owned(), scenario.seed, 0);
    let outcome = Outcome {
        scenario,
        identity: &identity,
        measurements,
    };
    let style = text::Style {
        color: false,
        files: Some("output/carts/0123456789abcdef"),
    };
    text::summary(outcome, style)
}

fn fits_a_screen(text: &str) {
    assert!(text.lines().count() <= 54, "{} lines", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}

#[test]
fn a_store_that_suffices() {
    let scenario = scenario(Span::from_secs(1_800));
    let text = shown(&scenario, &run(&scenario, 0, true));
    fits_a_screen(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn a_store_that_evicts_in_a_run_too_short() {
    let scenario = scenario(Span(HOUR.0 * 24));
    let text = shown(&scenario, &run(&scenario, 400, true));
    fits_a_screen(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn expectations_are_judged_by_what_was_measured() {
    let mut scenario = scenario(Span::from_secs(1_800));
    let expect = |metric: &str, comparison, bound, why: &str| Expectation {
        metric: metric.to_owned(),
        comparison,
        bound,
        class: None,
        why: why.to_owned(),
    };
    let long = "Nobody who has filled a cart may lose it, whatever the evening brings, says the \
                agreement with the shop of 2026";
    scenario.expect = vec![
        expect(
            "hit_rate",
            Comparison::AtLeast,
            Bound::Ratio(950_000_000),
            "SLO 3",
        ),
        expect("hit_rate", Comparison::Above, Bound::Ratio(990_000_001), ""),
        expect("evicted_keys", Comparison::Equal, Bound::Count(0), long),
        expect(
            "latency.logout.p99",
            Comparison::Below,
            Bound::Span(Span(5_000_000)),
            "",
        ),
        expect(
            "used_memory_max",
            Comparison::AtMost,
            Bound::Bytes(Bytes(2_390_000_000)),
            "",
        ),
    ];
    let measurements = run(&scenario, 400, true);
    let text = shown(&scenario, &measurements);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
    let (_, text) = text.split_once("Expectations").unwrap();
    insta::assert_snapshot!(text.split("\n\n").next().unwrap());
    let identity = Identity::new(String::new(), 7, 0);
    let summary = json::summary(Outcome {
        scenario: &scenario,
        identity: &identity,
        measurements: &measurements,
    });
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let holds: Vec<bool> = (0..5)
        .map(|n| summary["expectations"][n]["holds"].as_bool().unwrap())
        .collect();
    assert_eq!(holds, [true, false, false, false, false]);
    assert!(summary["expectations"][3]["value"].is_null());
}

#[test]
fn a_store_that_still_fills_is_no_proof() {
    let scenario = scenario(HOUR);
    let text = shown(&scenario, &grown(&scenario, 0, true, 201));
    assert!(text.contains("warning: The number of sessions still grows, from 1,000 to 1,201"));
    assert!(text.contains("Memory    Too early to tell"), "{text}");
    let text = shown(&scenario, &grown(&scenario, 0, true, 200));
    assert!(!text.contains("warning"), "{text}");
}

/// The longest seed, the longest durations and a description that tries to paint.
#[test]
fn the_page_stays_a_page() {
    let mut scenario = scenario(HOUR);
    scenario.seed = u64::MAX;
    scenario.description = "word ".repeat(60) + "\x1b[31mred";
    scenario.store.shards = 400;
    let text = shown(&scenario, &run(&scenario, 4_000, false));
    assert!(!text.contains('\x1b'));
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "too wide: {line}");
    }
}

#[test]
fn files_of_a_run() {
    let scenario = scenario(Span::from_secs(1_800));
    let measurements = run(&scenario, 400, true);
    let identity = Identity::new("a scenario".to_owned(), scenario.seed, 0);
    let outcome = Outcome {
        scenario: &scenario,
        identity: &identity,
        measurements: &measurements,
    };
    insta::assert_snapshot!("summary.json", json::summary(outcome));
    insta::assert_snapshot!("timeseries.csv", series::timeseries(&measurements));
    insta::assert_snapshot!("latency.csv", series::latency(&measurements));
}

#[test]
fn an_interrupt_during_the_warm_up_leaves_no_figures() {
    let scenario = scenario(HOUR);
    let mut recorder = Recorder::new(&scenario);
    recorder.request_issued(Time::ZERO, 0, RequestKind::Login);
    recorder.window(Time(5), &[NodeSample::default()], 1, 1);
    recorder.minute(Time(5), &[NodeSample::default()]);
    recorder.run_ends(Time(5), 1, 0, false);
    let text = shown(&scenario, &recorder.finish());
    insta::assert_snapshot!(text);
}

#[test]
fn colours_change_nothing_but_colours() {
    let scenario = scenario(HOUR);
    let measurements = run(&scenario, 400, false);
    let identity = Identity::new(String::new(), 7, 0);
    let outcome = Outcome {
        scenario: &scenario,
        identity: &identity,
        measurements: &measurements,
    };
    let shown = |color| text::summary(outcome, text::Style { color, files: None });
    let mut plain = shown(true);
    assert!(plain.contains("\x1b[1m"));
    for code in ["\x1b[1m", "\x1b[1;33m", "\x1b[0m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, shown(false));
}
