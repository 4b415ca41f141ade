//! The recorder fed by hand, against figures worked out by hand.

use proptest::prelude::*;

use crate::probe::{
    Aftermath, Answer, CommandDone, Fate, LossCause, NodeSample, Probe, Queries, RequestDone,
    RequestKind, SessionSeen,
};
use crate::scenario::commands::CommandName;
use crate::units::{Span, Time};

use super::catalogue::{Value, catalogue};
use super::measurements::{Counts, Measurements};
use super::recorder::Recorder;

const fn at(seconds: u64) -> Time {
    Time(seconds * 1_000_000_000)
}

/// One class with login and one of guests.
fn recorder() -> Recorder {
    Recorder::with(42, vec![true, false])
}

fn node(used_memory: u64, busy_seconds: u64) -> NodeSample {
    NodeSample {
        used_memory,
        maxmemory: 1_000,
        busy: Span::from_secs(busy_seconds),
        ..NodeSample::default()
    }
}

fn done(issued: Time, session: SessionSeen) -> RequestDone {
    RequestDone {
        class: 0,
        kind: RequestKind::Read,
        first_attempt: true,
        issued,
        done: issued + Span::from_micros(400),
        store_time: Span::from_micros(300),
        session,
        refused: false,
        without_cache: Queries {
            reads: 1,
            writes: 0,
        },
    }
}

fn command(answer: Answer) -> CommandDone {
    CommandDone {
        node: 0,
        owner: 0,
        name: CommandName::Get,
        answer,
        arrived: at(1),
        done: at(1) + Span::from_nanos(400),
    }
}

fn value(measurements: &Measurements, name: &str) -> Option<Value> {
    let catalogue = catalogue();
    let metric = catalogue.iter().find(|metric| metric.name == name);
    metric
        .unwrap_or_else(|| panic!("no metric {name}"))
        .value(measurements)
}

const BILLION: i64 = 1_000_000_000;

#[test]
fn rates_are_counted_as_defined() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[], 0);
    for session in [
        SessionSeen::Found,
        SessionSeen::Found,
        SessionSeen::Found,
        SessionSeen::Gone,
        SessionSeen::NotBelieved,
    ] {
        recorder.request_issued(at(1), 0, RequestKind::Read);
        recorder.request_done(&done(at(1), session));
    }
    for answer in [
        Answer::Hit,
        Answer::Miss,
        Answer::Done,
        Answer::Oom,
        Answer::Hit,
    ] {
        recorder.command(&command(answer));
    }
    recorder.db_query(at(1), at(2));
    recorder.db_refused(at(1));
    recorder.run_ends(at(60), 0, 0, true);
    recorder.window(at(60), &[], 0, 0);
    let left = recorder.finish();
    assert_eq!(value(&left, "requests"), Some(Value::Whole(5)));
    assert_eq!(value(&left, "commands"), Some(Value::Whole(5)));
    assert_eq!(value(&left, "oom_errors"), Some(Value::Whole(1)));
    assert_eq!(
        value(&left, "hit_rate"),
        Some(Value::Billionths(666_666_667))
    );
    assert_eq!(
        value(&left, "session_hit_rate"),
        Some(Value::Billionths(BILLION / 4 * 3))
    );
    // Two queries instead of five.
    assert_eq!(value(&left, "db_queries"), Some(Value::Whole(2)));
    assert_eq!(value(&left, "db_refused"), Some(Value::Whole(1)));
    assert_eq!(
        value(&left, "db_load_saved"),
        Some(Value::Billionths(BILLION / 5 * 3))
    );
    assert_eq!(
        value(&left, "latency.mean"),
        Some(Value::Billionths(300_000))
    );
    assert_eq!(
        value(&left, "node_latency.p50"),
        Some(Value::Billionths(400))
    );
    assert_eq!(
        value(&left, "db_latency.max"),
        Some(Value::Billionths(BILLION))
    );
}

#[test]
fn what_does_not_apply_has_no_value() {
    let mut recorder = Recorder::with(1, vec![false]);
    recorder.measurement_begins(at(0), &[NodeSample::default()], 0);
    recorder.window(at(60), &[NodeSample::default()], 0, 0);
    recorder.run_ends(at(60), 0, 0, true);
    let left = recorder.finish();
    for name in [
        "hit_rate",
        "session_hit_rate",
        "failed_request_rate",
        "forced_logins",
        "forced_login_rate",
        "latency.p99",
        "memory_usage_max",
        "db_load_saved",
    ] {
        assert_eq!(value(&left, name), None, "{name}");
    }
    assert_eq!(value(&left, "guest_resets"), Some(Value::Whole(0)));
    assert_eq!(value(&left, "requests"), Some(Value::Whole(0)));
}

#[test]
fn the_warm_up_does_not_count() {
    let mut recorder = recorder();
    for _ in 0..3 {
        recorder.request_issued(at(1), 0, RequestKind::Read);
    }
    recorder.request_done(&done(at(1), SessionSeen::Gone));
    recorder.command(&command(Answer::Miss));
    recorder.session_created(at(1), 0);
    recorder.session_created(at(1), 0);
    recorder.visit_began(at(1), 0);
    recorder.key_evicted(at(1), 0, 0);
    recorder.db_query(at(1), at(2));
    recorder.measurement_begins(at(10), &[node(900, 5)], 2);
    // One of the two requests on their way is answered.
    recorder.request_done(&done(at(1), SessionSeen::Gone));
    recorder.request_issued(at(10), 0, RequestKind::Read);
    recorder.request_done(&done(at(10), SessionSeen::Found));
    recorder.session_closed(at(70), 0, Fate::Alive);
    recorder.session_closed(at(12), 0, Fate::Ended);
    recorder.window(at(70), &[node(500, 5)], 1, 1);
    recorder.run_ends(at(70), 1, 0, true);
    let left = recorder.finish();
    assert_eq!(left.in_flight_at_start, 2);
    assert_eq!(
        left.counts,
        Counts {
            requests: 1,
            answered: [0, 1, 0],
            carried: 1,
            alive: 1,
            ended: 1,
            db_baseline: 1,
            ..Counts::default()
        }
    );
    assert_eq!(
        value(&left, "session_hit_rate"),
        Some(Value::Billionths(BILLION))
    );
    // The state at the beginning is observed too.
    assert_eq!(value(&left, "used_memory_max"), Some(Value::Whole(900)));
}

#[test]
fn fates_count_when_they_are_known() {
    let mut recorder = recorder();
    let evicted = Fate::Lost(LossCause::Evicted);
    recorder.session_closed(at(5), 0, evicted);
    recorder.session_closed(at(8), 1, Fate::ExpiredInUse);
    recorder.measurement_begins(at(10), &[], 3);
    // Found expired before, and rebuilt only now.
    recorder.aftermath(at(10), at(8), 1, Fate::ExpiredInUse, Aftermath::Restored);
    // Lost before, felt after: not of this part of the run.
    recorder.loss_felt(at(11), at(5), 0, LossCause::Evicted, true);
    recorder.aftermath(at(12), at(5), 0, evicted, Aftermath::Restored);
    // Its own end lay before, and its user is back now.
    recorder.session_closed(at(6), 0, Fate::ExpiredInUse);
    recorder.aftermath(at(13), at(6), 0, Fate::ExpiredInUse, Aftermath::ForcedLogin);
    recorder.session_closed(at(20), 0, Fate::ExpiredInUse);
    recorder.aftermath(
        at(21),
        at(20),
        0,
        Fate::ExpiredInUse,
        Aftermath::ForcedLogin,
    );
    recorder.session_closed(at(22), 1, evicted);
    recorder.loss_felt(at(23), at(22), 1, LossCause::Evicted, true);
    recorder.aftermath(at(24), at(22), 1, evicted, Aftermath::GuestReset);
    recorder.session_created(at(30), 1);
    recorder.session_closed(at(30), 1, Fate::Lost(LossCause::Refused));
    recorder.loss_felt(at(31), at(30), 1, LossCause::Refused, false);
    for class in [0, 0, 0, 0, 1] {
        recorder.visit_began(at(40), class);
    }
    recorder.window(at(70), &[], 1, 1);
    recorder.run_ends(at(70), 0, 0, true);
    let left = recorder.finish();
    let whole = |name| match value(&left, name) {
        Some(Value::Whole(number)) => number,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(whole("sessions_expired_in_use"), 2);
    assert_eq!(whole("sessions_lost"), 2);
    assert_eq!(whole("sessions_lost.evicted"), 1);
    assert_eq!(whole("sessions_lost.refused"), 1);
    assert_eq!(whole("sessions_lost.felt"), 1);
    assert_eq!(whole("sessions_lost.unnoticed"), 1);
    assert_eq!(whole("guest_resets"), 1);
    assert_eq!(left.expired_pending_at_start, 1);
    assert_eq!(whole("forced_logins"), 2);
    assert_eq!(
        value(&left, "forced_login_rate"),
        Some(Value::Billionths(BILLION / 2))
    );
}

#[test]
#[should_panic(expected = "does not hold: 1 against 0 (seed 42, at 1m)")]
fn a_session_without_a_fate_is_a_bug() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[], 0);
    recorder.session_created(at(1), 0);
    recorder.window(at(60), &[], 0, 0);
    recorder.run_ends(at(60), 0, 0, true);
    let _ = recorder.finish();
}

#[test]
#[should_panic(expected = "requests + in flight at the start")]
fn a_request_that_vanishes_is_a_bug() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[], 0);
    recorder.request_issued(at(1), 0, RequestKind::Read);
    recorder.window(at(60), &[], 0, 0);
    recorder.run_ends(at(60), 0, 0, true);
    let _ = recorder.finish();
}

#[test]
fn a_minute_belongs_to_the_row_that_ends_with_it() {
    for minute_first in [false, true] {
        let mut recorder = recorder();
        recorder.measurement_begins(at(0), &[node(0, 0)], 0);
        // 30 s of work in the first minute, 15 s in the second.
        for (minute, busy) in [(1, 30), (2, 45)] {
            let now = at(60 * minute);
            let nodes = [node(10 * minute, busy)];
            for _ in 0..600 * minute {
                recorder.request_issued(now, 0, RequestKind::Read);
                recorder.request_done(&done(now, SessionSeen::Found));
            }
            if minute_first {
                recorder.minute(now, &nodes);
            }
            recorder.window(now, &nodes, 3 - minute, 0);
            if !minute_first {
                recorder.minute(now, &nodes);
            }
        }
        recorder.run_ends(at(120), 0, 0, true);
        let left = recorder.finish();
        let cpu: Vec<_> = left.rows.iter().map(|row| row.gauges.engine_cpu).collect();
        assert_eq!(cpu, [Some(500_000_000), Some(250_000_000)]);
        let rates: Vec<_> = left
            .rows
            .iter()
            .map(|row| row.gauges.request_rate)
            .collect();
        assert_eq!(rates, [Some(10_000_000_000), Some(20_000_000_000)]);
        assert_eq!(left.gauges.engine_cpu, Some(500_000_000));
        assert_eq!(left.gauges.live_sessions, Some(2));
        assert_eq!(left.gauges.memory_usage, Some(20_000_000));
    }
}

#[test]
fn short_rows_show_their_own_load_and_the_run_its_highest_minute() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[node(0, 0)], 0);
    for (half, busy) in [(1, 30), (2, 30), (3, 40)] {
        let nodes = [node(0, busy)];
        recorder.window(at(30 * half), &nodes, 0, 0);
        if half == 2 {
            recorder.minute(at(60), &nodes);
        }
    }
    // The part of a minute that is left at the end is no minute.
    recorder.minute(at(90), &[node(0, 40)]);
    recorder.run_ends(at(90), 0, 0, true);
    let left = recorder.finish();
    let cpu: Vec<_> = left.rows.iter().map(|row| row.gauges.engine_cpu).collect();
    assert_eq!(
        cpu,
        [Some(1_000_000_000), Some(0), Some(333_333_333)],
        "each row's own"
    );
    assert_eq!(left.gauges.engine_cpu, Some(500_000_000));
}

#[test]
fn an_interrupt_just_as_a_row_ends_adds_none() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[], 1);
    recorder.window(at(60), &[], 1, 1);
    recorder.window(at(60), &[], 1, 1);
    recorder.minute(at(60), &[]);
    // Unless there is something to tell.
    recorder.session_closed(at(60), 0, Fate::Alive);
    recorder.window(at(60), &[], 0, 1);
    recorder.run_ends(at(60), 0, 0, false);
    assert_eq!(recorder.finish().rows.len(), 2);
}

#[test]
fn a_login_that_never_reached_the_store_has_no_latency() {
    let mut recorder = recorder();
    recorder.measurement_begins(at(0), &[], 0);
    recorder.request_issued(at(1), 0, RequestKind::Login);
    recorder.request_done(&RequestDone {
        kind: RequestKind::Login,
        store_time: Span::ZERO,
        ..done(at(1), SessionSeen::NotBelieved)
    });
    recorder.window(at(60), &[], 0, 0);
    recorder.run_ends(at(60), 0, 0, true);
    assert_eq!(value(&recorder.finish(), "latency.login.p50"), None);
}

#[test]
fn names_are_unique_and_explained() {
    let catalogue = catalogue();
    let mut names: Vec<_> = catalogue.iter().map(|metric| &metric.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), catalogue.len());
    for metric in &catalogue {
        assert!(metric.help.ends_with('.'), "{}", metric.name);
    }
}

/// With `SESSIONSIM_UPDATE` set, the document is written anew.
#[test]
fn metrics_reference_is_fresh() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let fresh = super::document::document();
    if std::env::var_os("SESSIONSIM_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored.replace("\r\n", "\n") == fresh,
        "docs/metrics.md is stale: run SESSIONSIM_UPDATE=1 cargo test metrics_reference"
    );
}

proptest! {
    /// Rows lose and invent nothing, wherever their ends lie.
    #[test]
    fn rows_add_up_to_the_run(facts in prop::collection::vec((0u8..9, 1u64..40), 0..300)) {
        let mut recorder = recorder();
        recorder.measurement_begins(at(0), &[node(0, 0)], 0);
        let mut now = 0;
        let (mut latencies, mut unanswered) = (0, 0);
        for (fact, later) in facts {
            match fact {
                0 => {
                    recorder.request_issued(at(now), 0, RequestKind::Read);
                    unanswered += 1;
                }
                1 => {
                    recorder.request_issued(at(now), 0, RequestKind::Modify);
                    recorder.request_done(&done(at(now), SessionSeen::Found));
                    latencies += 1;
                }
                2 => recorder.command(&command(Answer::Hit)),
                3 => recorder.key_expired(at(now), 0, 0),
                4 => recorder.visit_began(at(now), (later % 2) as u16),
                5 => {
                    recorder.session_created(at(now), 0);
                    recorder.session_closed(at(now), 0, Fate::LoggedOut);
                }
                6 => recorder.db_query(at(now), at(now + 1)),
                7 => recorder.minute(at(now), &[node(now, now / 2)]),
                _ => {
                    now += later;
                    recorder.window(at(now), &[node(now, now / 2)], now, now);
                }
            }
        }
        recorder.window(at(now + 1), &[node(now, now)], now, now);
        recorder.run_ends(at(now + 1), unanswered, 0, true);
        let left = recorder.finish();
        let mut sum = Counts::default();
        for row in &left.rows {
            sum.add(&row.counts);
        }
        prop_assert_eq!(sum, left.counts);
        prop_assert_eq!(left.latencies[0].count(), latencies);
        for pair in left.rows.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
    }
}
