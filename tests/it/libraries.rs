//! Session libraries: what each sends, and what becomes of sessions because of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use sessionsim::probe::{CommandDone, Probe};
use sessionsim::scenario::commands::CommandName;
use sessionsim::scenario::presets::libraries;
use sessionsim::scenario::store::Engine;
use sessionsim::scenario::users::{Encoding, TtlKind};
use sessionsim::units::Time;
use sessionsim::world::footprint::Footprint;

use crate::desk::Desk;
use crate::support::{assert_near, scenario, watch};

/// From one request of a script to the next.
const THINK: u64 = 10_000_000_000;

/// What is sent between one request of a script and the next: commands, and queries.
#[derive(Default)]
struct Sent(Vec<(Vec<&'static str>, u64)>);

impl Sent {
    fn at(&mut self, at: Time) -> &mut (Vec<&'static str>, u64) {
        let place = (at.0 / THINK) as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, Default::default());
        }
        &mut self.0[place]
    }
}

impl Probe for Sent {
    fn command(&mut self, fact: &CommandDone) {
        self.at(fact.arrived).0.push(fact.name.as_str());
    }

    fn db_query(&mut self, sent: Time, _done: Time) {
        self.at(sent).1 += 1;
    }
}

/// What one user of the library sends for each request of the script.
fn sent(library: &str, users: &str, session: &str) -> Sent {
    let run = scenario(&format!(
        r#"
        platform = "self-managed"
        duration = "75s"
        warmup = "0s"

        [store]
        maxmemory = "1GiB"

        [[users]]
        concurrent = 1
        ramp_up = "0s"
        think_time = "10s"
        {users}

        [users.session]
        library = "{library}"
        {session}
        "#
    ));
    watch(&run, Sent::default())
}

/// Holds what was sent to a cell of the table: commands, of which those with a question mark may
/// be missing, and behind a slash the number of queries.
fn assert_sent(what: &str, sent: &mut Sent, place: usize, cell: &str, more_queries: u64) {
    let (commands, queries) = std::mem::take(sent.at(Time(place as u64 * THINK)));
    let (expected, expected_queries) = cell.split_once('/').unwrap_or((cell, "0"));
    let mut left = commands.iter();
    let mut next = left.next();
    for word in expected.split_whitespace() {
        let (word, optional) = match word.strip_prefix('?') {
            Some(word) => (word, true),
            None => (word, false),
        };
        if next == Some(&word) {
            next = left.next();
        } else {
            assert!(optional, "{what}: sends {commands:?}, not {expected}");
        }
    }
    assert!(next.is_none(), "{what}: sends {commands:?}, not {expected}");
    let expected_queries = expected_queries.parse::<u64>().unwrap() + more_queries;
    assert_eq!(queries, expected_queries, "{what}: queries");
}

fn table() -> Vec<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_str!("data/session-libraries.csv").as_bytes());
    reader.records().map(Result::unwrap).collect()
}

#[test]
fn each_library_sends_what_was_seen() {
    let table = table();
    assert_eq!(table.len(), libraries::all().len());
    for row in &table {
        let library = &row[0];
        let script = r#"script = ["hit", "first-write", "login", "read", "modify", "untouched", "logout", "hit"]"#;
        let mut visit = sent(library, script, "");
        for (place, request) in [
            "hit",
            "first-write",
            "login",
            "read",
            "modify",
            "untouched",
            "logout",
        ]
        .iter()
        .enumerate()
        {
            // The application checks the credentials itself.
            let credentials = u64::from(*request == "login");
            let what = format!("{library}, {request}");
            assert_sent(&what, &mut visit, place, &row[place + 1], credentials);
        }
        // Between two requests the session expires.
        let short = if library == "rack-redis" {
            "ttl_kind = \"sliding\"\nread = [\"GET\", { command = \"GET\", when = \"missing\" }, \
             \"SET\"]\nttl = \"1s\""
        } else {
            "ttl = \"1s\"\ncookie = \"session\""
        };
        let script = r#"script = ["first-write", "read", "modify", "hit"]"#;
        let mut stale = sent(library, script, short);
        for (place, request) in [(1, "stale read"), (2, "stale write")] {
            let what = format!("{library}, {request}");
            assert_sent(&what, &mut stale, place, &row[place + 7], 0);
        }
    }
}

#[test]
fn keys_values_and_ttls_are_those_that_were_seen() {
    for row in &table() {
        let library = &row[0];
        let run = scenario(&format!(
            "platform = \"self-managed\"\nduration = \"1d\"\n[store]\nallocator = \"debian\"\n\n\
             [[users]]\nconcurrent = 10\n\n[users.session]\nlibrary = \"{library}\"\n"
        ));
        let session = &run.users[0].session;
        let number = |column: usize| row[column].parse::<f64>().ok();
        if let Some(key) = number(10) {
            assert_near(library, session.key_length() as f64, key, 0.0);
        }
        if let Some(value) = number(11) {
            assert_near(library, session.bytes.mean(), value, 0.0);
        }
        if let Some(ttl) = number(13).filter(|ttl| *ttl > 0.0) {
            assert_near(library, session.ttl.seconds(), ttl, 0.0);
        }
        assert_eq!(library == "rack-redis", session.ttl_kind == TtlKind::None);
        if let Some(used) = number(12) {
            let footprint = Footprint::new(&run, Engine::Redis70, 100_000.0);
            let ours = footprint.session[0];
            // Hashes are divided evenly, and their replays rounded; the rest is exact to a byte.
            let tolerance = match session.encoding {
                Encoding::String => 1.0,
                Encoding::Hash { .. } => used * 0.02,
            };
            assert_near(library, ours, used, tolerance);
        }
    }
}

#[test]
fn the_command_lists_and_prints_them() {
    let desk = Desk::new();
    let list = desk.succeed(&["libraries"]);
    for library in libraries::all() {
        assert!(list.contains(library.name), "{}", library.name);
        assert!(list.contains(&library.title), "{}", library.title);
    }
    insta::assert_snapshot!(desk.succeed(&["libraries", "php-redis-locking"]));
    insta::assert_snapshot!(desk.fail(&["libraries", "php-reddis"]));
    let json = desk.succeed(&["libraries", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), libraries::all().len());
    // What is printed is a part of a scenario.
    let copied = desk.succeed(&["libraries", "spring-session-redis-indexed"]);
    desk.write(
        "copied.toml",
        format!("duration = \"1d\"\n[store]\nnode_type = \"cache.m5.large\"\n[[users]]\nconcurrent = 10\n{copied}"),
    );
    assert_eq!(
        desk.succeed(&["check", "copied.toml"]),
        "copied.toml: valid\n"
    );
}

/// The document says how many were captured, and how many store what was only read.
#[test]
fn the_document_counts_right() {
    let all = libraries::all();
    let measured = all
        .iter()
        .filter(|library| library.evidence.starts_with("measured"))
        .count();
    let stores_all = |name: &str| {
        let session = format!("library = \"{name}\"");
        let text = format!(
            "duration = \"1d\"\nstore.node_type = \"cache.m5.large\"\n[[users]]\nconcurrent = 1\n\
             [users.session]\n{session}\n"
        );
        let session = &scenario(&text).users[0].session;
        let mut read = session.programs.read.iter();
        session.encoding == Encoding::String
            && read.any(|step| step.on_session().is_some_and(CommandName::stores_value))
    };
    let stores_all = all
        .iter()
        .filter(|library| stores_all(library.name))
        .count();
    assert_eq!((measured, stores_all, all.len()), (20, 9, 25));
    let text = include_str!("../../docs/libraries.md");
    assert!(text.contains("Twenty of the 25") && text.contains("nine of them store the whole"));
}

/// Each value says whether it is the library's or the scenario's own.
#[test]
fn explain_tells_the_library_from_the_scenario() {
    let desk = Desk::new();
    desk.write(
        "shop.toml",
        "duration = \"1d\"\n[store]\nnode_type = \"cache.m5.large\"\n[[users]]\nconcurrent = 10\n\
         [users.session]\nlibrary = \"django-cache\"\nttl = \"7d\"\n",
    );
    let text = desk.succeed(&["explain", "shop.toml"]);
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(line("ttl = \"7d\"").contains("# shop.toml:8"), "{text}");
    assert!(
        line("bytes = \"228B\"").contains("# library django-cache:"),
        "{text}"
    );
    assert!(
        line("read = [\"GET\"]").contains("# library django-cache:"),
        "{text}"
    );
    assert!(
        line("cookie_max_age = \"7d\"").contains("# derived: as `ttl`"),
        "{text}"
    );
}
