//! `sessionsim story`: one session's life.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::desk::Desk;

/// A shard whose link to its replica is too slow by far, and whose host fails.
const QUEUE: &str = "
    name = \"queue\"
    duration = \"4m\"
    warmup = \"1m\"
    window = \"1m\"
    platform = \"self-managed\"
    [store]
    replicas = 1
    [network]
    replication_bandwidth = \"1Mbps\"
    [[faults]]
    at = \"2m\"
    kind = \"host-loss\"
    promotion = \"5s\"
    [[users]]
    name = \"members\"
    concurrent = 60
    think_time = { exponential = \"5s\" }
    stay = { exponential = \"40s\" }
    modify_share = \"50%\"
    logout_share = \"30%\"
    [users.session]
    key = \"session:<id>\"
    bytes = \"40KB\"
    ttl = \"10m\"
";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("queue.toml", QUEUE);
    desk
}

fn json(desk: &Desk, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["story"], arguments, &["--format", "json", "--quiet"]].concat();
    let document: Value = serde_json::from_str(&desk.succeed(&arguments)).unwrap();
    document["stories"].as_array().unwrap().clone()
}

#[test]
fn a_story_is_a_timeline() {
    let desk = desk();
    let lost = [
        "story",
        "queue.toml",
        "--lost",
        "1",
        "--quiet",
        "--cause",
        "unreplicated",
    ];
    insta::assert_snapshot!("unreplicated", desk.show(&lost));
    let for_programs = [&lost[..], &["--format", "json"]].concat();
    insta::assert_snapshot!("json", desk.show(&for_programs));
    let alone = QUEUE
        .replace("replicas = 1", "")
        .replace("replication_bandwidth = \"1Mbps\"", "")
        .replace("promotion = \"5s\"", "replacement = \"20s\"");
    desk.write("alone.toml", alone);
    let node = [
        "story",
        "alone.toml",
        "--lost",
        "2",
        "--quiet",
        "--cause",
        "node_lost",
    ];
    insta::assert_snapshot!("node-lost", desk.show(&node));
    let evicted = [
        "story",
        "small.toml",
        "--lost",
        "1",
        "--quiet",
        "--cause",
        "evicted",
    ];
    insta::assert_snapshot!("evicted", desk.show(&evicted));
    let table = [
        "story",
        "queue.toml",
        "--lost",
        "4",
        "--format",
        "csv",
        "--quiet",
    ];
    insta::assert_snapshot!("table", desk.show(&table));
}

#[test]
fn what_cannot_be_told_is_said() {
    let desk = desk();
    let mut said = String::new();
    for arguments in [
        &["--session", "12"][..],
        &["--session", "0123456789abcdef"],
        &[],
        &["--lost", "0"],
        &["--lost", "1", "--session", "0123456789abcdef"],
        &["--lost", "1", "--cause", "unreplicatd"],
        &["--session", "0123456789abcdef", "--cause", "evicted"],
    ] {
        let arguments = [&["story", "queue.toml", "--quiet"], arguments].concat();
        let words = arguments[3..].join(" ");
        writeln!(
            said,
            "{words}
{}",
            desk.fail(&arguments)
        )
        .unwrap();
    }
    insta::assert_snapshot!(said);
    let none = ["story", "queue.toml", "--lost", "2", "--cause", "evicted"];
    insta::assert_snapshot!("none", desk.show(&none));
    let few = [
        "story",
        "queue.toml",
        "--lost",
        "900",
        "--cause",
        "unreplicated",
        "--format",
        "csv",
    ];
    let few = desk.show(&few);
    assert!(few.contains(" of 900: no more were lost.\n"), "{few}");
}

/// The one that `--lost` tells is the one that `--session` tells.
#[test]
fn a_session_is_known_by_its_identifier() {
    let desk = desk();
    for scenario in ["queue.toml", "small.toml"] {
        let lost = json(&desk, &[scenario, "--lost", "20"]);
        assert_eq!(lost.len(), 20);
        for story in lost.iter().step_by(5) {
            let id = story["session"].as_str().unwrap();
            assert_eq!(json(&desk, &[scenario, "--session", id])[0], *story);
        }
    }
}

/// The table has all losses of a run, as `losses.csv` counts them.
#[test]
fn losses_one_by_one_add_up() {
    let desk = desk();
    for scenario in ["queue.toml", "small.toml"] {
        desk.succeed(&["run", scenario, "--quiet", "--out", "result"]);
        let mut counted: BTreeMap<String, [u64; 6]> = BTreeMap::new();
        let table = [
            "story", scenario, "--lost", "1000000", "--format", "csv", "--quiet",
        ];
        for line in desk.succeed(&table).lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let lost: f64 = fields[5].parse().unwrap();
            let warmup = if scenario == "queue.toml" { 60.0 } else { 0.0 };
            if lost < warmup {
                // A session that was restored can have been lost before.
                continue;
            }
            let minute = (lost / 60.0) as u64 * 60;
            let count = counted
                .entry(format!("{minute},{}", fields[6]))
                .or_default();
            count[0] += 1;
            count[1] += u64::from(fields[7] == "true");
            for (place, after) in ["restored", "forced-login", "guest-reset", "abandoned"]
                .iter()
                .enumerate()
            {
                count[2 + place] += u64::from(fields[8] == *after);
            }
        }
        let book = desk.read("result/losses.csv");
        let mut losses = 0;
        for line in book.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |place: usize| fields[place].parse::<u64>().unwrap();
            let found = counted.remove(&format!("{},{}", fields[0], fields[1]));
            let expected = [2, 3, 5, 6, 7, 8].map(number);
            assert_eq!(found, Some(expected), "{scenario}: {line}");
            losses += number(2);
        }
        assert!(counted.is_empty(), "{scenario}: {counted:?}");
        assert!(losses > 40, "{scenario}: {losses}");
    }
}

/// What is told of writes fits the promotion: those beyond its offset are taken back, and no other.
#[test]
fn writes_are_lost_beyond_an_offset() {
    let desk = desk();
    let stories = json(
        &desk,
        &["queue.toml", "--lost", "20", "--cause", "unreplicated"],
    );
    let mut taken_back = 0;
    for story in &stories {
        let events = story["events"].as_array().unwrap();
        let times: Vec<f64> = events
            .iter()
            .map(|event| event["at"].as_f64().unwrap())
            .collect();
        assert!(times.is_sorted());
        let of = |what: &'static str| events.iter().filter(move |event| event["what"] == what);
        let promoted = of("promoted").next().unwrap()["offset"].as_u64().unwrap();
        let fails = of("primary-fails").next().unwrap();
        assert_eq!(fails["survives"].as_u64(), Some(promoted));
        let (failed, created) = (&fails["at"], &story["created"]);
        assert!(created.as_f64() < failed.as_f64());
        // Each write of the session was done at the primary before that failed.
        let own = of("command").filter(|event| {
            event["key"] == "session" && event["offset"].is_u64() && event["node"] == 0
        });
        let mut offsets: Vec<u64> = own.map(|event| event["offset"].as_u64().unwrap()).collect();
        assert!(offsets.is_sorted() && offsets[0] > promoted);
        let mut back: Vec<u64> = of("write-taken-back")
            .map(|event| event["offset"].as_u64().unwrap())
            .collect();
        taken_back += back.len();
        back.sort_unstable();
        offsets.sort_unstable();
        assert_eq!(back, offsets, "{}", story["session"]);
    }
    assert!(taken_back > 2 * stories.len() && stories.len() > 5);
}
