//! What the scenarios that are shipped say of themselves in the comment at their head.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use sessionsim::metrics::measurements::{Group, Measurements, Row};
use sessionsim::probe::LossCause;

use crate::support::{assert_near, measure, metric, scenario};

/// The text of a shipped scenario, with what stands there replaced.
pub(crate) fn shipped(name: &str, changes: &[(&str, &str)]) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/");
    let text = fs::read_to_string(format!("{folder}{name}.toml")).unwrap();
    // The comment may name it too.
    let mut text = text[text.find("schema = 1").unwrap()..].to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replacen(from, to, 1);
    }
    text
}

pub(crate) fn run(name: &str, changes: &[(&str, &str)]) -> Measurements {
    measure(&scenario(&shipped(name, changes)))
}

/// The hour in which a row begins.
fn hour(row: &Row) -> f64 {
    row.start.millis() as f64 / 3.6e6
}

/// The sum of what `count` says of the rows that begin between two hours.
pub(crate) fn within(run: &Measurements, from: f64, to: f64, count: impl Fn(&Row) -> u64) -> u64 {
    let rows = run.rows.iter();
    let rows = rows.filter(|row| hour(row) >= from && hour(row) < to);
    rows.map(count).sum()
}

fn evicted(row: &Row) -> u64 {
    row.counts.lost[LossCause::Evicted as usize]
}

/// When what `gauge` says was highest.
fn peak(run: &Measurements, gauge: impl Fn(&Row) -> Option<u64>) -> f64 {
    hour(run.rows.iter().max_by_key(|row| gauge(row)).unwrap())
}

#[test]
fn keys_without_a_ttl_push_out_users() {
    let plain = run("no-ttl", &[]);
    assert_eq!(within(&plain, 0.0, 9.0, evicted), 0);
    let (first, felt) = (
        within(&plain, 9.0, 11.5, evicted),
        within(&plain, 9.0, 11.5, |row| row.counts.felt),
    );
    assert!(first > 10_000 && felt * 100 < first, "{felt} of {first}");
    // At the end everyone who is there is thrown out again and again.
    let (last, felt) = (
        within(&plain, 13.0, 14.0, evicted),
        within(&plain, 13.0, 14.0, |row| row.counts.felt),
    );
    assert!(
        last > 10 * first && felt * 10 > last * 9,
        "{felt} of {last}"
    );
    let forced = plain.rows.last().unwrap().counts.made_good.iter();
    assert!(forced.sum::<u64>() > 20 * 1_800);
    let users = plain.rows.last().unwrap().gauges.live_sessions.unwrap();
    assert!(users < 400, "{users}");

    let with_ttl = run(
        "no-ttl",
        &[(
            "ttl_kind = \"none\"",
            "ttl_kind = \"sliding\"\nttl = \"2h\"",
        )],
    );
    assert!(metric(&with_ttl, "sessions_lost") < 0.5);
    let lru = run("no-ttl", &[("volatile-lru", "allkeys-lru")]);
    assert!(lru.counts.evicted_keys > 10_000);
    assert!(metric(&lru, "sessions_lost") < 20.0);
}

#[test]
fn bots_fill_a_node_with_sessions_of_nobody() {
    let plain = run("bots", &[]);
    let created = metric(&plain, "sessions_created");
    let cookieless = metric(&plain, "sessions_created_cookieless");
    assert!(cookieless > 0.99 * created, "{cookieless} of {created}");
    // Every eighth visit, give or take.
    let forced = metric(&plain, "forced_login_rate");
    assert!((0.09..0.18).contains(&forced), "{forced}");
    let polite = run(
        "bots",
        &[(
            "arrival_rate = \"100/s\"\n\n[users.session]\nlibrary = \"express-defaults\"",
            "arrival_rate = \"100/s\"\n\n[users.session]\nlibrary = \"express-connect-redis\"",
        )],
    );
    assert!(metric(&polite, "sessions_created_cookieless") < 0.5);
    assert!(metric(&polite, "sessions_lost") < 0.5);
    assert!(metric(&polite, "memory_usage_max") < 0.2);
}

#[test]
fn a_flash_sale_fills_memory_behind_its_height_and_the_database_at_it() {
    let plain = run("flash-sale", &[]);
    let rush = peak(&plain, |row| row.gauges.request_rate);
    let carts = peak(&plain, |row| row.gauges.live_sessions);
    assert!(rush > 3.0 && rush < carts, "{rush} and {carts}");
    assert_eq!(within(&plain, 0.0, carts, evicted), 0);
    let lost = within(&plain, carts, 6.0, evicted);
    assert!(lost > 5_000, "{lost}");
    assert!(metric(&plain, "sessions_lost.felt") * 100.0 < lost as f64);
    // Minutes at the database, and nothing at the nodes.
    let waits = |run: &Measurements| run.latencies[Group::Database as usize].at(0.99) as f64 / 1e9;
    assert!(waits(&plain) > 120.0, "{}", waits(&plain));
    assert!(metric(&plain, "latency.p99") < 0.002);
    assert!(metric(&plain, "engine_cpu_max") < 0.01);

    let nodes = run("flash-sale", &[("shards = 2", "shards = 4")]);
    assert!(metric(&nodes, "sessions_lost") < 0.5);
    assert!(waits(&nodes) > 120.0);
    let database = run("flash-sale", &[("concurrency = 8", "concurrency = 32")]);
    assert!(waits(&database) < 3.0, "{}", waits(&database));
}

/// On a tenth of its scale, so that it runs within a second.
#[test]
fn a_leaderboard_takes_the_room_of_players_who_pause() {
    let scale = [
        ("concurrent = 10_000", "concurrent = 1_000"),
        ("\"285MiB\"", "\"28.5MiB\""),
        ("rate = \"300/s\"", "rate = \"30/s\""),
        ("600_000", "60_000"),
    ];
    let text = shipped("game-tournament", &scale);
    let plain = measure(&scenario(&text));
    let in_tournaments = within(&plain, 2.0, 2.75, evicted) + within(&plain, 3.5, 4.25, evicted);
    assert!(in_tournaments > 1_000, "{in_tournaments}");
    assert_eq!(plain.counts.lost_in_all(), in_tournaments);
    let before = plain.rows.iter().find(|row| hour(row) > 1.9).unwrap();
    let used = before.gauges.memory_usage.unwrap() as f64 / 1e9;
    assert!((0.2..0.35).contains(&used), "{used}");
    let board = &plain.workloads[0];
    assert_eq!((board.kept.keys, board.evicted_keys), (1, 0));
    assert!(metric(&plain, "engine_cpu_max") < 0.10);
    let (alone, _) = text.split_once("[[workloads]]\n").unwrap();
    let alone = measure(&scenario(alone));
    assert!(metric(&alone, "sessions_lost") < 0.5);
}

/// On a twentieth of its scale.
#[test]
fn carts_are_found_as_their_ttl_says_and_spare_the_database() {
    let scale = [
        ("concurrent = 7_000", "concurrent = 350"),
        ("concurrent = 3_000", "concurrent = 150"),
    ];
    let run = run("ecommerce-carts", &scale);
    assert_near("hit rate", metric(&run, "hit_rate"), 0.95, 0.01);
    assert_near("load saved", metric(&run, "db_load_saved"), 0.79, 0.01);
    assert_eq!((run.counts.evicted_keys, run.counts.lost_in_all()), (0, 0));
    // Three quarters come back within 22 to 44 hours, of which 20 lie beyond the TTL.
    let visits = metric(&run, "visits");
    let expired = metric(&run, "sessions_expired_in_use") / visits;
    assert!((0.45..0.65).contains(&expired), "{expired}");
    // 60 % of the members' visits would log in; two of seven are over before. Those who come back to
    // a session they had logged in to need not.
    let superseded = metric(&run, "sessions_superseded");
    assert!(superseded > 0.05 * visits, "{superseded} of {visits}");
    // A twentieth of the sessions in a node with room for all of them.
    let usage = metric(&run, "memory_usage_max");
    assert!((0.6..0.9).contains(&(20.0 * usage)), "{usage}");
}

/// On a tenth of its scale.
#[test]
fn consoles_push_out_people_at_lunch() {
    let with = |more: &[(&str, &str)]| {
        let scale = [
            ("copies = 3_000", "copies = 300"),
            ("arrival_rate = \"0.4/s\"", "arrival_rate = \"144/h\""),
            ("concurrent = 2_000", "concurrent = 200"),
            ("\"130MiB\"", "\"14MiB\""),
        ];
        run("saas-tenants", &[&scale[..], more].concat())
    };
    let plain = with(&[]);
    assert_eq!(within(&plain, 0.0, 30.0, evicted), 0);
    let third = |count: fn(&Row) -> u64| within(&plain, 48.0, 72.0, count);
    let forced = third(|row| row.counts.made_good.iter().sum());
    assert!(third(evicted) > 5_000 && forced > 2_500, "{forced}");
    let full = |row: &&Row| (48.0..96.0).contains(&hour(row));
    let least = plain.rows.iter().filter(full);
    let least = least.map(|row| row.gauges.memory_usage.unwrap()).min();
    assert!(least.unwrap() > 980_000_000, "{least:?}");
    let of_memory = |run: &Measurements| run.classes[300].memory.unwrap().share as f64 / 1e9;
    assert!(of_memory(&plain) > 0.8, "{}", of_memory(&plain));
    let present = plain
        .rows
        .iter()
        .map(|row| row.gauges.users_present.unwrap());
    let busiest = present.max().unwrap();
    assert!((1_500..2_500).contains(&busiest), "{busiest}");

    let capped = with(&[(
        "max_bytes = \"1MB\"\nttl = \"8h\"",
        "max_bytes = \"1MB\"\nttl = \"24h\"\nttl_kind = \"absolute\"",
    )]);
    assert_eq!(capped.counts.lost_in_all(), 0);
    let used = metric(&capped, "memory_usage_max");
    assert!((0.4..0.75).contains(&used), "{used}");
    // All consoles, on each of the three days after the first.
    let again = capped.counts.made_good.iter().sum::<u64>();
    assert!((600..=800).contains(&again), "{again}");
}
