//! What users set out to do does not depend on anything but themselves.
//!
//! The intents are followed in two ways: as the classes of users state them, and as the requests
//! that the whole world issues for them. Both must agree, and no change of the deployment, no
//! further user and no longer run may change them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use sessionsim::kernel::draws::DrawRoot;
use sessionsim::probe::{Probe, RequestDone, RequestKind};
use sessionsim::scenario::{Member, Scenario};
use sessionsim::traffic::{Act, Class, Intent, User};
use sessionsim::units::Time;

use crate::support::{scenario, watch};

/// An intent that sends something: when, of which class, and what.
type Sent = (Time, u16, RequestKind);

/// How often each of them occurs.
type Bag = BTreeMap<Sent, u32>;

/// Requests that intents led to, as the world answers them, and those still on their way.
#[derive(Default)]
struct Answered {
    sent: Bag,
    visits: BTreeMap<(Time, u16), u32>,
}

impl Probe for Answered {
    fn request_done(&mut self, fact: &RequestDone) {
        if fact.first_attempt {
            *self
                .sent
                .entry((fact.issued, fact.class, fact.kind))
                .or_default() += 1;
        }
    }

    fn visit_began(&mut self, at: Time, class: u16) {
        *self.visits.entry((at, class)).or_default() += 1;
    }
}

/// Users who fill their seats and users who arrive by chance, who come back and who do not. Think
/// times are longer than any request takes: nobody acts while the login page loads.
const BASE: &str = r#"
    seed = 11
    platform = "self-managed"
    duration = "3h"
    warmup = "10m"

    [store]
    engine = "redis-7.0"
    shards = 1
    maxmemory = "2500KiB"
    maxmemory_policy = "volatile-lru"

    [network]
    hop = { uniform = ["100us", "200us"] }

    [database]
    concurrency = 100
    service_time = { uniform = ["1ms", "9ms"] }
    on_lost_session = "restore"

    [[users]]
    name = "seated"
    login = true
    concurrent = 60
    ramp_up = "5m"
    think_time = { uniform = ["2s", "40s"] }
    stay = { uniform = ["1m", "10m"] }
    modify_share = "20%"
    logout_share = "30%"
    return_share = "50%"
    away = { exponential = "20m" }

    [users.session]
    bytes = "20KB"
    ttl = "10m"
    ttl_kind = "sliding"

    [[users]]
    name = "arriving"
    login = false
    arrival_rate = "360/h"
    think_time = { uniform = ["2s", "40s"] }
    stay = { uniform = ["1m", "5m"] }
    modify_share = "20%"
    logout_share = "10%"
    return_share = "30%"
    away = { exponential = "20m" }

    [users.session]
    bytes = { lognormal = { median = "5KB", p99 = "50KB" } }
    ttl = "5m"
    ttl_kind = "from-write"
"#;

/// One more class, behind the others.
const ANOTHER_CLASS: &str = r#"
    [[users]]
    name = "bots"
    login = false
    concurrent = 50
    think_time = "3s"
    stay = { exponential = "10m" }

    [users.session]
    bytes = "10KB"
    ttl = "1h"
"#;

fn answered(scenario: &Scenario) -> Answered {
    watch(scenario, Answered::default())
}

/// The last seconds of a run, in which requests can still be on their way, left out.
fn before(bag: &Bag, end: Time) -> Bag {
    bag.iter()
        .filter(|((at, class, _), _)| *at < end && *class < 2)
        .map(|(sent, count)| (*sent, *count))
        .collect()
}

/// Says where two bags differ.
#[track_caller]
fn assert_same(expected: &Bag, found: &Bag, what: &str) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|(k, n)| found.get(k) != Some(n))
        .collect();
    let further: Vec<_> = found
        .iter()
        .filter(|(k, n)| expected.get(k) != Some(n))
        .collect();
    assert!(
        missing.is_empty() && further.is_empty(),
        "{what}: missing {missing:?}, further {further:?}"
    );
}

const HORIZON: Time = Time(10_790_000_000_000);

#[test]
fn another_deployment_sees_the_same_users() {
    let base = answered(&scenario(BASE));
    let expected = before(&base.sent, HORIZON);
    assert!(expected.len() > 20_000);
    for (what, with) in [
        ("shards = 1", "shards = 5"),
        ("maxmemory = \"2500KiB\"", ""),
        ("maxmemory = \"2500KiB\"", "maxmemory = \"1200KiB\""),
        ("volatile-lru", "allkeys-random"),
        ("volatile-lru", "volatile-ttl"),
        ("volatile-lru", "noeviction"),
        ("engine = \"redis-7.0\"", "engine = \"valkey-9.1\""),
        (
            "on_lost_session = \"restore\"",
            "on_lost_session = \"login\"",
        ),
        ("[\"1ms\", \"9ms\"]", "[\"1ms\", \"90ms\"]"),
        ("[\"100us\", \"200us\"]", "[\"1ms\", \"20ms\"]"),
        ("ttl = \"10m\"", "ttl = \"20s\""),
        ("bytes = \"20KB\"", "bytes = \"1KB\""),
        ("warmup = \"10m\"", "warmup = \"1h\""),
    ] {
        assert!(BASE.contains(what));
        let other = answered(&scenario(&BASE.replacen(what, with, 1)));
        assert_eq!(base.visits, other.visits, "{what} -> {with}");
        assert_same(
            &expected,
            &before(&other.sent, HORIZON),
            &format!("{what} -> {with}"),
        );
    }
    // Another seed has other users.
    let other = answered(&scenario(&BASE.replacen("seed = 11", "seed = 12", 1)));
    assert_ne!(base.visits, other.visits);
}

#[test]
fn further_users_and_a_longer_run_change_nobody() {
    let base = answered(&scenario(BASE));
    let expected = before(&base.sent, HORIZON);
    let longer = answered(&scenario(&BASE.replacen("\"3h\"", "\"4h\"", 1)));
    assert_same(&expected, &before(&longer.sent, HORIZON), "a longer run");
    let crowded = answered(&scenario(&format!("{BASE}{ANOTHER_CLASS}")));
    assert!(crowded.sent.keys().any(|(_, class, _)| *class == 2));
    assert_same(&expected, &before(&crowded.sent, HORIZON), "another class");
    // A seat more is some users more, and all the others as they were.
    let more = scenario(&BASE.replacen("concurrent = 60", "concurrent = 61", 1));
    let with_one_more = before(&answered(&more).sent, HORIZON);
    for (sent, count) in &expected {
        assert!(
            with_one_more.get(sent) >= Some(count),
            "{sent:?} has vanished"
        );
    }
    let total = |bag: &Bag| bag.values().sum::<u32>();
    let further = total(&with_one_more) - total(&expected);
    let a_seat = total(&expected) / 60;
    assert!(
        (a_seat / 3..a_seat * 2).contains(&further),
        "{further} requests of a seat"
    );
}

/// Follows a user as the class states the intents, until `end`; returns when the user leaves the
/// first visit.
fn follow(
    class: &Class,
    index: u16,
    user: &mut User,
    from: Time,
    bag: &mut Bag,
    end: Time,
) -> Time {
    let mut at = from;
    let mut act = class.begin_visit(user, at);
    loop {
        note(&act, index, at, bag, end);
        if matches!(act.intent, Intent::Leave | Intent::Logout) {
            return at;
        }
        at = act.next;
        act = class.act(user, at);
    }
}

fn note(act: &Act, class: u16, at: Time, bag: &mut Bag, end: Time) {
    let kind = match act.intent {
        Intent::Login | Intent::FirstWrite => RequestKind::Login,
        Intent::Read => RequestKind::Read,
        Intent::Modify => RequestKind::Modify,
        Intent::Logout => RequestKind::Logout,
        Intent::Hit | Intent::Untouched | Intent::Page | Intent::Leave => return,
    };
    if at < end {
        *bag.entry((at, class, kind)).or_default() += 1;
    }
}

/// The world issues the requests that users intend, all of them and no others.
#[test]
fn the_world_does_what_users_intend() {
    let text = BASE
        .replace("return_share = \"50%\"", "return_share = \"0%\"")
        .replace("return_share = \"30%\"", "return_share = \"0%\"");
    let run = scenario(&text);
    let root = DrawRoot::new(run.seed, 0);
    let mut intended = Bag::new();
    let seated = Class::new(&Member::first(&run.users[0], 0), 0, root);
    let first = seated.openings();
    assert_eq!(first.len(), 60);
    for (mut at, seat) in first {
        for generation in 0.. {
            if at >= HORIZON {
                break;
            }
            let mut user = seated.seated_user(seat, generation);
            at = follow(&seated, 0, &mut user, at, &mut intended, HORIZON);
        }
    }
    let arriving = Class::new(&Member::first(&run.users[1], 1), 1, root);
    let mut at = Time::ZERO;
    for number in 0.. {
        at += arriving.gap_before(number);
        if at >= HORIZON {
            break;
        }
        let mut user = arriving.arriving_user(number);
        follow(&arriving, 1, &mut user, at, &mut intended, HORIZON);
    }
    assert_same(
        &intended,
        &before(&answered(&run).sent, HORIZON),
        "the world",
    );
}

/// Arrivals are a Poisson process: gaps are exponential and know nothing of each other.
#[test]
fn arrivals_are_a_poisson_process() {
    let run = scenario(BASE);
    let class = Class::new(&Member::first(&run.users[1], 1), 1, DrawRoot::new(5, 0));
    let gaps: Vec<f64> = (0..200_000)
        .map(|n| class.gap_before(n).seconds())
        .collect();
    let count = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / count;
    assert!((mean / 10.0 - 1.0).abs() < 0.01, "mean gap {mean} s");
    // Kolmogorov and Smirnov: 99.9 % of samples stay below 1.95 / sqrt(n).
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let distance = sorted
        .iter()
        .enumerate()
        .map(|(rank, gap)| (1.0 - libm::exp(-gap / 10.0) - rank as f64 / count).abs())
        .fold(0.0, f64::max);
    assert!(distance < 1.95 / count.sqrt(), "distance {distance}");
    let products = gaps
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean));
    let correlation = products.sum::<f64>() / count / (mean * mean);
    assert!(
        correlation.abs() < 4.0 / count.sqrt(),
        "correlation {correlation}"
    );
}

/// How users of a class come: lines of `[[users]]`, and those of `[users.arrivals]`.
fn coming() -> impl Strategy<Value = (String, &'static str)> {
    let seated = (1..30_u32).prop_map(|users| format!("concurrent = {users}\nramp_up = \"3m\""));
    let number = select(vec![
        "",
        "steps = [{ at = \"20m\", factor = 2, over = \"5m\" }, { at = \"40m\", factor = 0.5 }]",
    ]);
    let rate = (30..120_u32).prop_map(|users| format!("arrival_rate = \"{users}/h\""));
    let curve = select(vec![
        "",
        "process = \"constant\"",
        "peak_at = \"1h\"\nswing = \"90%\"",
        "spikes = [{ at = \"15m\", factor = 5, decay = \"4m\" }]",
        "growth = \"100%\"",
    ]);
    prop_oneof![(seated, number), (rate, curve)]
}

/// What they do in their visits.
fn doing() -> impl Strategy<Value = String> {
    let login = select(vec![
        "login = false",
        "login = true",
        "login_share = \"50%\"\nlogin_after = { exponential = \"2m\" }",
    ]);
    let stay = select(vec![
        "\"6m\"",
        "{ exponential = \"5m\" }",
        "{ lognormal = { median = \"3m\", p99 = \"20m\" } }",
    ]);
    let calls = select(vec!["1", "3", "{ uniform = [1, 4] }"]);
    let shares = (0..=60_u32, 0..=40_u32, 0..=60_u32, 0..=80_u32);
    let free = (login, stay, calls, shares).prop_map(|(login, stay, calls, shares)| {
        let (modify, untouched, logout, returns) = shares;
        format!(
            "{login}\nstay = {stay}\nparallel = {calls}\nmodify_share = \"{modify}%\"\n\
             untouched_share = \"{untouched}%\"\nlogout_share = \"{logout}%\"\n\
             return_share = \"{returns}%\"\naway = {{ uniform = [\"1m\", \"20m\"] }}"
        )
    });
    let script = select(vec![
        "script = [\"first-write\", \"read\", \"login\", \"modify\", \"read\"]",
        "script = [\"login\", \"untouched\", \"modify\", \"logout\"]",
    ]);
    prop_oneof![4 => free, 1 => script.prop_map(str::to_owned)]
}

/// A class of users, called `NAME`.
fn class() -> impl Strategy<Value = String> {
    let think = select(vec![
        "\"15s\"",
        "{ uniform = [\"2s\", \"40s\"] }",
        "{ values = [\"3s\", \"9s\", \"2m\"] }",
    ]);
    (coming(), doing(), think).prop_map(|((coming, curve), doing, think)| {
        format!(
            "[[users]]\nname = \"NAME\"\n{coming}\n{doing}\nthink_time = {think}\n\
             [users.arrivals]\n{curve}\n\
             [users.session]\nbytes = \"3KB\"\nttl = \"10m\"\n"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever users do: neither the store nor a further class changes when they do what.
    #[test]
    fn whatever_users_do_only_they_decide(
        one in class(),
        other in class(),
        copies in 1..3_u32,
    ) {
        let other = other.replace("\"NAME\"", "\"other\"");
        let users = format!("{}{other}", one.replace("\"NAME\"", "\"one\""));
        let further = ANOTHER_CLASS.replace("50", &format!("{}\ncopies = {copies}", 20 * copies));
        let run = |store: &str, hop: &str, more: &str| {
            answered(&scenario(&format!(
                "platform = \"self-managed\"\nduration = \"1h\"\n[store]\n{store}\n\
                 [network]\nhop = \"{hop}\"\n[database]\non_lost_session = \"restore\"\n\
                 concurrency = 1000\nservice_time = \"2ms\"\n{users}{more}"
            )))
        };
        let end = Time(3_590_000_000_000);
        let base = run("maxmemory = \"1GiB\"", "100us", "");
        let expected = before(&base.sent, end);
        for (store, hop, more) in [
            ("maxmemory = \"1100KiB\"\nmaxmemory_policy = \"allkeys-lru\"", "100us", ""),
            ("maxmemory = \"1GiB\"\nshards = 3\nengine = \"redis-7.0\"", "2ms", ""),
            ("maxmemory = \"1GiB\"\nreplicas = 1\nreads = \"any-replica\"", "100us", ""),
            ("maxmemory = \"1GiB\"", "100us", &further),
        ] {
            let with = run(store, hop, more);
            let of_two = |visits: &BTreeMap<(Time, u16), u32>| -> Vec<_> {
                let of_two = visits.iter().filter(|((_, class), _)| *class < 2);
                of_two.map(|(visit, count)| (*visit, *count)).collect()
            };
            prop_assert_eq!(of_two(&base.visits), of_two(&with.visits), "{} {}", store, users);
            assert_same(&expected, &before(&with.sent, end), &format!("{store}{more}\n{users}"));
        }
    }
}
