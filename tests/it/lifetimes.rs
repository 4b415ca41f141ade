//! How long sessions live and how often they are found, through the whole world, against closed
//! forms.

use sessionsim::probe::{Fate, NodeSample, Probe, RequestDone, SessionSeen};
use sessionsim::scenario::Scenario;
use sessionsim::units::{Span, Time};

use crate::support::{assert_close, assert_near, measure, metric, scenario, watch};

/// 20,000 users with a session of that TTL, who each send a request by `think_time`; a session
/// found gone is followed by a new login.
fn ttl_scenario(kind: &str, ttl: &str, think_time: &str, modify_share: &str) -> Scenario {
    scenario(&format!(
        r#"
        platform = "self-managed"
        duration = "1100s"
        warmup = "300s"
        window = "100s"

        [store]
        engine = "redis-7.0"
        shards = 4

        [network]
        hop = "100us"

        [database]
        concurrency = 1000
        service_time = "1ms"
        on_lost_session = "login"

        [[users]]
        login = true
        concurrent = 20_000
        ramp_up = "10s"
        think_time = {think_time}
        stay = "365d"
        modify_share = "{modify_share}"

        [users.session]
        bytes = "500B"
        ttl = "{ttl}"
        ttl_kind = "{kind}"
        "#
    ))
}

fn hit_rate(kind: &str, ttl: &str, think_time: &str, modify_share: &str) -> f64 {
    let run = measure(&ttl_scenario(kind, ttl, think_time, modify_share));
    let hits = metric(&run, "session_hit_rate");
    // Whoever finds it gone logs in again, and nothing else makes anybody do so. Of requests that
    // follow each other within milliseconds, two can find the same session gone.
    let (gone, logins) = (
        run.counts.answered[2],
        run.counts.made_good.iter().sum::<u64>(),
    );
    let few = 10 + gone / 1000;
    assert!(
        logins <= gone + 10 && gone <= logins + few,
        "{gone} found gone, {logins} logins"
    );
    let expired = run.counts.expired_in_use;
    assert!(
        logins.abs_diff(expired) <= 10,
        "{expired} expired, {logins} logins"
    );
    hits
}

/// P(think time < TTL), whatever its distribution.
#[test]
fn a_sliding_session_is_found_if_the_user_is_back_in_time() {
    for (ttl, expected) in [("5s", 0.5), ("10s", 1.0), ("30s", 3.0)] {
        assert_near(
            &format!("exponential think time of 10 s, TTL {ttl}"),
            hit_rate("sliding", ttl, "{ exponential = \"10s\" }", "10%"),
            1.0 - libm::exp(-expected),
            0.0015,
        );
    }
    assert_near(
        "uniform think time from 5 s to 15 s",
        hit_rate("sliding", "12s", "{ uniform = [\"5s\", \"15s\"] }", "10%"),
        0.7,
        0.0015,
    );
    assert_near(
        "always back in time",
        hit_rate("sliding", "10100ms", "\"10s\"", "10%"),
        1.0,
        0.0,
    );
    assert_near(
        "always too late",
        hit_rate("sliding", "9900ms", "\"10s\"", "10%"),
        0.0,
        0.0,
    );
}

/// Renewal theory: of the requests since the creation, all within the TTL find the session and
/// the next one creates it anew.
#[test]
fn an_absolute_session_is_found_until_its_time_is_over() {
    for (ttl, load) in [("5s", 0.5), ("30s", 3.0)] {
        for modify_share in ["0%", "50%"] {
            assert_near(
                &format!("TTL {ttl}, {modify_share} of requests modify"),
                hit_rate("absolute", ttl, "{ exponential = \"10s\" }", modify_share),
                load / (1.0 + load),
                0.002,
            );
        }
    }
    // Three of four requests come within 35 s of the creation, at 10, 20, 30 s.
    let hits = hit_rate("absolute", "35s", "\"10s\"", "50%");
    assert_near("every ten seconds", hits, 0.75, 0.001);
}

/// A change begins a new TTL. A cycle from one beginning to the next has (1 - x) / q hits in the
/// mean, and with probability x = exp(-rate q TTL) one miss, where q is the share of changes.
#[test]
fn a_from_write_session_is_found_after_changes() {
    for (ttl, load) in [("5s", 0.5), ("30s", 3.0)] {
        for (modify_share, q) in [("10%", 0.1), ("50%", 0.5)] {
            let x = libm::exp(-load * q);
            let hits = (1.0 - x) / q;
            assert_near(
                &format!("TTL {ttl}, {modify_share} of requests modify"),
                hit_rate("from-write", ttl, "{ exponential = \"10s\" }", modify_share),
                hits / (hits + x),
                0.002,
            );
        }
    }
}

/// Seconds that sessions lived within a part of the run, from their creations and own ends alone.
struct Lives {
    from: Time,
    to: Time,
    created: u64,
    session_seconds: f64,
    live: Vec<u64>,
}

impl Lives {
    fn within(&self, at: Time) -> f64 {
        at.max(self.from).min(self.to).since(self.from).seconds()
    }
}

impl Probe for Lives {
    fn session_created(&mut self, at: Time, _class: u16) {
        self.session_seconds -= self.within(at);
        self.created += u64::from(at >= self.from);
    }

    fn session_closed(&mut self, at: Time, _class: u16, _fate: Fate) {
        self.session_seconds += self.within(at);
    }

    fn window(&mut self, _at: Time, _nodes: &[NodeSample], live: u64, _present: u64) {
        self.live.push(live);
    }
}

/// M/G/infinity: live sessions are arrivals a second times the mean from the first request to the
/// last plus the TTL, and Poisson distributed.
#[test]
fn live_sessions_as_in_m_g_infinity() {
    let run = scenario(
        r#"
        platform = "self-managed"
        duration = "31h"
        warmup = "1h"
        window = "150s"

        [store]
        engine = "redis-7.0"
        hz = 10

        [network]
        hop = "100us"

        [[users]]
        login = false
        arrival_rate = "2/s"
        think_time = { exponential = "5s" }
        stay = "20s"
        logout_share = "0%"

        [users.session]
        bytes = "100B"
        ttl = "120s"
        ttl_kind = "sliding"
        "#,
    );
    let lives = watch(
        &run,
        Lives {
            from: Time::ZERO + run.warmup,
            to: Time::ZERO + run.duration,
            created: 0,
            session_seconds: 0.0,
            live: Vec::new(),
        },
    );
    let measured = run.duration.seconds() - run.warmup.seconds();
    assert_close("arrivals", lives.created as f64 / measured, 2.0, 0.01);
    // The last of Poisson requests within the stay comes a part of a think time before its end.
    let length = 20.0 - 5.0 * (1.0 - libm::exp(-20.0 / 5.0));
    let expected = 2.0 * (length + 120.0);
    assert_close(
        "mean number of live sessions",
        lives.session_seconds / measured,
        expected,
        0.015,
    );
    // Samples 150 s apart are all but independent. The server notices some seconds late that a
    // TTL is over, and so does the application.
    let samples = lives.live.len() as f64;
    let mean = lives.live.iter().sum::<u64>() as f64 / samples;
    assert!(
        (expected * 0.98..expected * 1.15).contains(&mean),
        "{mean} sessions live in the mean, {expected} expected"
    );
    let squares = lives.live.iter().map(|&live| (live as f64 - mean).powi(2));
    let dispersion = squares.sum::<f64>() / (samples - 1.0) / mean;
    // 720 samples: the dispersion of a Poisson distribution then lies within 0.16 of 1.
    assert_near("dispersion", dispersion, 1.0, 0.17);
}

/// What requests of each class saw, and how many keys were stored.
#[derive(Default)]
struct Seen {
    from: Time,
    found: Vec<u64>,
    gone: Vec<u64>,
    keys: Vec<u64>,
}

impl Probe for Seen {
    fn request_done(&mut self, fact: &RequestDone) {
        let class = usize::from(fact.class);
        self.found.resize(self.found.len().max(class + 1), 0);
        self.gone.resize(self.found.len(), 0);
        if fact.issued >= self.from {
            self.found[class] += u64::from(fact.session == SessionSeen::Found);
            self.gone[class] += u64::from(fact.session == SessionSeen::Gone);
        }
    }

    fn window(&mut self, _at: Time, nodes: &[NodeSample], _live: u64, _present: u64) {
        self.keys.push(nodes.iter().map(|node| node.keys).sum());
    }
}

/// Che's approximation, for classes of users whose think times differ: a session is found if its
/// user was back within the time T in which an LRU cache forgets, which is the same for all and
/// follows from the number of keys the cache holds.
#[test]
fn sampled_lru_through_the_world_against_che() {
    let thinks = [10.0, 40.0, 160.0];
    let users = 4_000;
    let mut text = r#"
        platform = "self-managed"
        duration = "2400s"
        warmup = "900s"
        window = "60s"

        [store]
        engine = "redis-7.0"
        shards = 2
        maxmemory = "4MiB"
        maxmemory_policy = "allkeys-lru"
        maxmemory_samples = 10

        [network]
        hop = "100us"

        [database]
        concurrency = 1000
        service_time = "1ms"
        on_lost_session = "restore"
        "#
    .to_owned();
    for think in thinks {
        let class = format!(
            r#"
            [[users]]
            name = "think-{think}"
            login = false
            concurrent = {users}
            ramp_up = "{think}s"
            think_time = {{ exponential = "{think}s" }}
            stay = "365d"
            modify_share = "0%"

            [users.session]
            bytes = "1000B"
            ttl_kind = "none"
            "#
        );
        text.push_str(&class);
    }
    let run = scenario(&text);
    let seen = watch(
        &run,
        Seen {
            from: Time::ZERO + run.warmup,
            ..Seen::default()
        },
    );
    let keys = seen.keys.iter().sum::<u64>() as f64 / seen.keys.len() as f64;
    let held = |time: f64| -> f64 {
        let share = thinks.iter().map(|think| 1.0 - libm::exp(-time / think));
        share.sum::<f64>() * f64::from(users)
    };
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if held(middle) < keys {
            low = middle;
        } else {
            high = middle;
        }
    }
    assert!(
        (10.0..60.0).contains(&low),
        "{keys} keys are held for {low} s"
    );
    for (class, think) in thinks.iter().enumerate() {
        let (found, gone) = (seen.found[class] as f64, seen.gone[class] as f64);
        assert_near(
            &format!("hits at a think time of {think} s, {keys} keys held for {low} s"),
            found / (found + gone),
            1.0 - libm::exp(-low / think),
            0.02,
        );
    }
}

/// When sessions of one class were created, and when those that ended did.
#[derive(Default)]
struct Ends {
    created: Vec<Time>,
    ended: Vec<Time>,
}

impl Probe for Ends {
    fn session_created(&mut self, at: Time, _class: u16) {
        self.created.push(at);
    }

    fn session_closed(&mut self, at: Time, _class: u16, fate: Fate) {
        match fate {
            Fate::Ended => self.ended.push(at),
            Fate::Alive => {}
            _ => panic!("nothing else happens here: {fate:?}"),
        }
    }
}

/// A session ends when its own time is over, however late the server notices. Users come, read
/// after 4, 8 and 12 s, and leave after 15 s for good.
#[test]
fn sessions_end_when_their_time_is_over() {
    for (kind, lifetime) in [("sliding", 62), ("from-write", 50), ("absolute", 50)] {
        let run = scenario(&format!(
            r#"
            platform = "self-managed"
            duration = "4h"

            [store]
            engine = "redis-7.0"

            [network]
            hop = "100us"

            [[users]]
            login = false
            concurrent = 1
            ramp_up = "0s"
            think_time = "4s"
            stay = "15s"
            logout_share = "0%"
            modify_share = "0%"

            [users.session]
            bytes = "1000B"
            ttl = "50s"
            ttl_kind = "{kind}"
            "#
        ));
        let mut ends = watch(&run, Ends::default());
        ends.ended.sort();
        assert!(ends.ended.len() > 950 && ends.ended.len() <= ends.created.len());
        for (created, ended) in ends.created.iter().zip(&ends.ended) {
            let lived = ended.since(*created);
            let late = Span(lived.0 - Span::from_secs(lifetime).0);
            // EXPIRE comes a round trip after the GET.
            assert!(late < Span::from_millis(1), "{kind}: lived {lived}");
        }
    }
}
