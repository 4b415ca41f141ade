//! What is written loads again, and nothing that is read makes the reader panic.

use proptest::prelude::*;

use super::{load, load_with};
use crate::scenario::random::random_scenario;
use crate::scenario::reader::tree::Source;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_resolved_scenario_loads_to_an_equal_one(seed in any::<u64>()) {
        let scenario = random_scenario(seed);
        let text = scenario.to_toml();
        let again = load("again.toml", &text).map_err(|p| TestCaseError::fail(p.to_string()))?;
        prop_assert_eq!(&again, &scenario);
        prop_assert_eq!(again.to_toml(), text);
    }

    #[test]
    fn estimates_of_small_scenarios_are_small(seed in any::<u64>()) {
        let scenario = random_scenario(seed);
        let requests = scenario.expected_requests();
        prop_assert!(requests > 0.0 && requests < 1e6, "{} requests", requests);
        let sessions = scenario.expected_live_sessions();
        prop_assert!((0.0..1e6).contains(&sessions), "{} sessions", sessions);
    }

    #[test]
    fn arbitrary_text_makes_no_panic(text in "\\PC*") {
        drop(load("x.toml", &text).map_err(|problems| problems.render(true)));
    }

    #[test]
    fn arbitrary_bytes_make_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        drop(load("x.toml", &text).map_err(|problems| problems.render(false)));
    }

    /// Text that is nearly a scenario reaches deeper than noise does: one line of a resolved
    /// scenario is replaced by another, deleted or damaged.
    #[test]
    fn damaged_scenarios_make_no_panic(
        seed in 0u64..50,
        line in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        value in prop::sample::select(VALUES),
        way in 0u8..4,
    ) {
        let text = random_scenario(seed).to_toml();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (line, other) = (line.index(lines.len()), other.index(lines.len()));
        match way {
            0 => { lines.remove(line); }
            1 => lines[line] = lines[other].clone(),
            2 => lines.swap(line, other),
            _ => if let Some((key, _)) = lines[line].clone().split_once(" = ") {
                lines[line] = format!("{key} = {value}");
            }
        }
        if let Err(problems) = load("x.toml", &lines.join("\n")) {
            prop_assert!(!problems.list.is_empty());
            prop_assert!(!problems.render(true).is_empty());
        }
    }
}

proptest! {
    #[test]
    fn no_set_makes_a_panic(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..5),
        value in prop::sample::select(VALUES),
        noise in ".{0,20}",
        noisy in 0u8..3,
    ) {
        let text = random_scenario(7).to_toml();
        let path = words.join(".");
        let (path, value) = match noisy {
            0 => (noise.as_str(), value),
            1 => (path.as_str(), noise.as_str()),
            _ => (path.as_str(), value),
        };
        if let Err(problems) = load_with("x.toml", &text, &[(path, value)]) {
            prop_assert!(!problems.render(true).is_empty());
        }
    }
}

const WORDS: &[&str] = &[
    "users",
    "0",
    "1",
    "99",
    "class-0",
    "session",
    "store",
    "network",
    "database",
    "hop",
    "ttl",
    "think_time",
    "concurrent",
    "arrival_rate",
    "shards",
    "duration",
    "platform",
    "extends",
    "name",
    "encoding",
    "fields",
    "maxmemory",
    "reserved_memory",
    "exponential",
    "",
    "x",
];

const VALUES: &[&str] = &[
    "0",
    "-1",
    "1",
    "1.5",
    "nan",
    "inf",
    "true",
    "\"\"",
    "\"x\"",
    "\"0s\"",
    "\"1ns\"",
    "\"36500d\"",
    "\"0B\"",
    "\"1B\"",
    "\"512MiB\"",
    "\"1048576TiB\"",
    "\"0%\"",
    "\"100%\"",
    "\"0/s\"",
    "\"18G/s\"",
    "\"100M/s\"",
    "[]",
    "[1]",
    "[\"GET\"]",
    "[\"DEL\"]",
    "[{}]",
    "{}",
    "{ x = 1 }",
    "1979-05-27",
    "{ exponential = \"1d\" }",
    "{ exponential = \"0s\" }",
    "{ uniform = [\"0s\", \"0s\"] }",
    "{ uniform = [\"1KB\", \"2s\"] }",
    "{ values = [\"0s\"] }",
    "{ lognormal = {} }",
    "{ lognormal = { median = \"1ns\", p99 = \"1us\" } }",
    "{ fixed = \"1us\" }",
    "200000000",
    "18446744073709551615",
    "170141183460469231731687303715884105728",
    "\"none\"",
    "\"hash\"",
    "\"self-managed\"",
    "\"elasticache\"",
    "\"cache.m3.medium\"",
    "\"<id>\"",
    "\"<id><id>\"",
];

#[test]
fn positions_count_lines_and_characters() {
    let source = Source {
        name: "x".to_owned(),
        text: "a\n\u{e4}\u{f6} = 1\r\nb".to_owned(),
    };
    assert_eq!(source.position(0), (1, 1));
    assert_eq!(source.position(2), (2, 1));
    // Offsets within a character belong to it.
    assert_eq!(source.position(3), (2, 1));
    assert_eq!(source.position(4), (2, 2));
    assert_eq!(source.position(6), (2, 3));
    assert_eq!(source.position(12), (3, 1));
    assert_eq!(source.position(1000), (3, 2));
}
