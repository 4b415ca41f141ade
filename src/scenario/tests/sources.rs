//! `extends`, `--set`, where values came from, and the reference made of the keys.

use std::fs;
use std::path::Path;

use super::{CARTS, load_with, loaded};
use crate::kernel::quantiles::Distribution;
use crate::scenario::reader::key::Fallback;
use crate::scenario::store::{Engine, EvictionPolicy, Platform};
use crate::scenario::users::Arrival;
use crate::scenario::{
    Input, Loaded, Origin, Problems, SECTIONS, Scenario, Source, document, load_input, no_trace,
};
use crate::units::Span;

fn carts_with(sets: &[(&str, &str)]) -> Result<Scenario, Problems> {
    load_with("carts.toml", CARTS, sets).map(|loaded| loaded.scenario)
}

#[test]
fn set_replaces_values_and_needs_no_quotes() {
    let sets = [
        ("duration", "2d"),
        ("store.shards", "6"),
        ("store.maxmemory_policy", "\"allkeys-lru\""),
        (
            "users.shoppers.think_time",
            "{ uniform = [\"1s\", \"3s\"] }",
        ),
        ("users.0.concurrent", "7"),
        ("users.session.ttl", "1h"),
        ("network.hop", "1ms"),
    ];
    let scenario = carts_with(&sets).unwrap();
    assert_eq!(scenario.duration, Span::from_secs(2 * 86_400));
    assert_eq!(scenario.store.shards, 6);
    assert_eq!(scenario.store.maxmemory_policy, EvictionPolicy::AllKeysLru);
    assert!(matches!(
        scenario.users[0].arrival,
        Arrival::Concurrent { users: 7, .. }
    ));
    assert_eq!(scenario.users[0].session.ttl, Span::from_secs(3600));
    // What is not set stays as it was, the order of the sets aside.
    let mut backwards = sets;
    backwards.reverse();
    assert_eq!(carts_with(&backwards).unwrap(), scenario);
}

#[test]
fn the_last_set_wins_and_defaults_follow() {
    let scenario = carts_with(&[("store.shards", "6"), ("store.shards", "2")]).unwrap();
    assert_eq!(scenario.store.shards, 2);
    let scenario = carts_with(&[("store.node_type", "cache.r7g.large")]).unwrap();
    assert_eq!(scenario.store.maxmemory.0, 10_527_885_772);
}

#[test]
fn a_wrong_set_is_told_at_the_set() {
    let problems = |path: &str, value: &str| carts_with(&[(path, value)]).unwrap_err().to_string();
    insta::assert_snapshot!(problems("store.shards", "0"));
    insta::assert_snapshot!(problems("store.shard", "3"));
    insta::assert_snapshot!(problems("stor.shards", "3"));
    insta::assert_snapshot!(problems("users.buyers.stay", "3m"));
    insta::assert_snapshot!(problems("users.1.stay", "3m"));
    insta::assert_snapshot!(problems("users.0.think_time.exponential", "3s"));
    insta::assert_snapshot!(problems("users.0.think_time", "{ exponential = "));
    insta::assert_snapshot!(problems("", ""));
}

/// A folder of scenarios.
fn load_of(files: &[(&str, &str)], name: &str) -> Result<Loaded, Problems> {
    let find = |name: &str| files.iter().find(|(known, _)| *known == name);
    let base = |_: &str, wanted: &str| {
        let (name, text) = find(wanted).ok_or("there is no such file")?;
        Ok(Source {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        })
    };
    let (name, text) = find(name).unwrap();
    load_input(&Input {
        name,
        text,
        sets: &[],
        base: &base,
        trace: &no_trace,
        judge: None,
    })
}

#[test]
fn a_scenario_extends_another() {
    let more = "extends = \"carts.toml\"\nseed = 9\n\n[store]\nshards = 5\n\n\
                [[users]]\nname = \"shoppers\"\nthink_time = \"7s\"\n\n\
                [[users]]\nname = \"bots\"\nconcurrent = 3\n\n\
                [users.session]\nbytes = \"1KB\"\nttl = \"1h\"\n";
    let again = "extends = \"more.toml\"\nwarmup = \"12h\"\n";
    let files = [
        ("carts.toml", CARTS),
        ("more.toml", more),
        ("again.toml", again),
    ];
    let base = loaded("carts.toml", CARTS);
    let scenario = load_of(&files, "again.toml").unwrap().scenario;
    assert_eq!(scenario.name, "again", "a name is not inherited");
    assert_eq!((scenario.seed, scenario.store.shards), (9, 5));
    assert_eq!(scenario.warmup, Span::from_secs(12 * 3600));
    assert_eq!(scenario.store.node_type, base.store.node_type);
    let names: Vec<&str> = scenario
        .users
        .iter()
        .map(|class| class.name.as_str())
        .collect();
    assert_eq!(names, ["shoppers", "bots"]);
    assert_eq!(scenario.users[0].session, base.users[0].session);
    assert_eq!(
        scenario.users[0].think_time,
        Distribution::Fixed(Span::from_secs(7))
    );
    // The resolved scenario stands alone.
    assert_eq!(loaded("again.toml", &scenario.to_toml()), scenario);
}

#[test]
fn extending_goes_wrong_in_words() {
    let files = [
        ("self.toml", "extends = \"self.toml\"\n"),
        ("a.toml", "extends = \"b.toml\"\n"),
        ("b.toml", "seed = 1\nextends = \"a.toml\"\n"),
        ("missing.toml", "extends = \"nowhere.toml\"\n"),
        ("number.toml", "extends = 3\n"),
        ("broken.toml", "[store\n"),
        ("of-broken.toml", "extends = \"broken.toml\"\n"),
    ];
    for name in ["self.toml", "a.toml", "missing.toml", "of-broken.toml"] {
        let problems = load_of(&files, name).unwrap_err();
        assert_eq!(
            (problems.list.len(), problems.file.as_str()),
            (1, name),
            "{problems}"
        );
        insta::assert_snapshot!(problems.to_string());
    }
    let problems = load_of(&files, "number.toml").unwrap_err();
    assert_eq!(problems.list[0].path, "extends");
}

#[test]
fn every_value_has_an_origin() {
    let loaded = load_with("carts.toml", CARTS, &[("store.hz", "50")]).unwrap();
    let origin = |path: &str| {
        let found = loaded.origins.iter().find(|origin| origin.path == path);
        found
            .unwrap_or_else(|| panic!("{path} has no origin"))
            .origin
            .clone()
    };
    let stated = |source: &str, line| Origin::Stated {
        source: source.to_owned(),
        line,
    };
    let line = CARTS.lines().position(|line| line == "shards = 3").unwrap() + 1;
    assert_eq!(origin("store.shards"), stated("carts.toml", line));
    assert_eq!(origin("store.hz"), stated("--set", 1));
    assert!(matches!(
        origin("store.maxmemory_samples"),
        Origin::Platform(Platform::ElastiCache, _)
    ));
    assert!(matches!(origin("store.maxmemory"), Origin::Derived(_)));
    assert!(matches!(origin("database.concurrency"), Origin::BuiltIn(_)));
    assert!(matches!(origin("users.0.arrival_rate"), Origin::Absent(_)));
    // Line by line what the resolved scenario says.
    let resolved = loaded.scenario.to_toml();
    let lines: Vec<&str> = resolved
        .lines()
        .filter(|line| line.contains(" = "))
        .collect();
    let said: Vec<String> = loaded
        .origins
        .iter()
        .filter(|origin| !matches!(origin.origin, Origin::Absent(_)))
        .map(|origin| {
            let name = origin.path.rsplit('.').next().unwrap();
            format!("{name} = {}", origin.value)
        })
        .collect();
    assert_eq!(said, lines);
}

#[test]
fn defaults_are_those_of_the_platform() {
    let text = CARTS
        .replace("\"elasticache\"", "\"self-managed\"")
        .replace("node_type = \"cache.m5.large\"", "")
        .replace("maxmemory_policy = \"volatile-ttl\"", "");
    let store = loaded("own.toml", &text).store;
    assert_eq!(store.engine, Engine::Redis70);
    assert_eq!(store.maxmemory_policy, EvictionPolicy::NoEviction);
    assert_eq!((store.maxmemory_samples, store.maxmemory.0), (5, 0));
}

/// What a key is called elsewhere must not be the name of another key of its section, and the
/// texts of help and defaults must be fit for a document.
#[test]
fn declarations_are_sound() {
    for section in SECTIONS {
        let mut names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        names.extend(section.sections.iter().map(|within| within.name()));
        let words = section.keys.iter().flat_map(|key| key.also_called);
        for word in words.chain(section.not_yet) {
            assert!(!names.contains(word), "{word} in {}", section.heading());
        }
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(
            names.len(),
            all,
            "a name is declared twice in {}",
            section.heading()
        );
        for key in section.keys {
            assert!(
                key.help.ends_with('.'),
                "the help of {} is no sentence",
                key.name
            );
            let source = match key.fallback {
                Fallback::BuiltIn(_, source) | Fallback::Platform { source, .. } => source,
                Fallback::Required(example) => example,
                Fallback::Derived(rule) => rule,
                Fallback::Absent(meaning) => meaning,
            };
            assert!(
                !source.is_empty() && !source.ends_with('.'),
                "{}: {source}",
                key.name
            );
        }
    }
}

#[test]
fn the_smallest_scenario_of_the_reference_loads() {
    let reference = document::reference();
    let (_, rest) = reference.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let scenario = loaded("smallest.toml", example);
    assert_eq!(scenario.warmup, Span::from_secs(1800));
    // Whoever leaves a line out is told.
    for line in example.lines().filter(|line| line.contains('=')) {
        assert!(
            load_with("smallest.toml", &example.replace(line, ""), &[]).is_err(),
            "{line}"
        );
    }
}

/// With `SESSIONSIM_UPDATE` set, the document is written anew.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "decides whether to write, not what"
)]
fn the_scenario_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.md");
    let reference = document::reference();
    if std::env::var("SESSIONSIM_UPDATE").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &reference).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference,
        "docs/scenario.md is stale: run SESSIONSIM_UPDATE=1 cargo test scenario_reference"
    );
}

#[test]
fn node_types_of_ones_own_stand_beside_the_catalogue() {
    let own = "\n[[node_types]]\nname = \"our.large\"\nmaxmemory = \"8GiB\"\n\
               price_per_hour = \"$0.0625\"\nvcpu = 4\nbandwidth = \"750Mbps\"\n\
               burst_bandwidth = \"10Gbps\"\ncpu_credits_per_hour = 24\nenhanced_io = true\n\n[[node_types]]\nname = \"our.small\"\nmaxmemory = \"1GB\"\n";
    let text = CARTS.replace("cache.m5.large", "our.large") + own;
    let loaded = load_with("own.toml", &text, &[]).unwrap();
    let scenario = loaded.scenario;
    assert_eq!(scenario.store.maxmemory.0, 6 << 30, "a quarter is reserved");
    let large = scenario.node_type("our.large").unwrap();
    assert_eq!((large.valkey.price, large.vcpu), (Some(62_500), 4));
    assert!(large.tls_offload && scenario.store.speed.io_threads == 4);
    assert_eq!(scenario.store.speed.burst_bandwidth.0, 10_000);
    assert_eq!(scenario.store.speed.credits_per_hour, 24);
    assert!(scenario.node_type("cache.m5.large").is_some());
    assert_eq!(
        loaded.origins.last().unwrap().path,
        "node_types.1.enhanced_io"
    );
    // They survive the resolved scenario.
    assert_eq!(super::loaded("own.toml", &scenario.to_toml()), scenario);
    for (right, wrong) in [
        ("our.small", "our.large"),
        ("name = \"our.small\"", "name = \"cache.m5.large\""),
        ("name = \"our.small\"", "name = \"our small\""),
        ("$0.0625", "0.0625"),
        ("\"$0.0625\"", "0.0625"),
        ("price_per_hour", "price"),
        ("node_type = \"our.large\"", "node_type = \"our.larg\""),
    ] {
        let text = text.replacen(right, wrong, 1);
        insta::assert_snapshot!(load_with("own.toml", &text, &[]).unwrap_err().to_string());
    }
}
