//! The reader of scenarios and of `--set` against a great many damaged texts: no panic, every
//! problem can be shown, and what loads loads again from its resolved text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use sessionsim::metrics::expect::JUDGE;
use sessionsim::scenario::{Input, Loaded, Problems, Source, load_input, no_trace};

/// `SplitMix64` (Steele, Lea and Flood 2014): the mutants are the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// Values that are wrong nearly anywhere, and some that are right somewhere.
const VALUES: &[&str] = &[
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "99999999999999999999999999",
    "0x7fffffffffffffff",
    "true",
    "\"\"",
    "\"-1s\"",
    "\"1e9d\"",
    "\"36500d\"",
    "\"1ns\"",
    "\"1ns1d\"",
    "\"100%\"",
    "\"101%\"",
    "\"0B\"",
    "\"16777216TiB\"",
    "\"18446744073709551615/s\"",
    "\"0/s\"",
    "\"<id>\"",
    "\"\\u0000\"",
    "\"\u{1f6d2}\"",
    "'\u{e4}'",
    "[]",
    "[[]]",
    "[\"GET\"]",
    "[\"DEL\", \"SET\"]",
    "{}",
    "{ a = {} }",
    "{ exponential = \"1s\" }",
    "{ uniform = [\"2s\", \"1s\"] }",
    "{ values = [] }",
    "{ lognormal = { median = \"1ns\", p99 = \"730d\" } }",
    "{ fixed = \"1s\", per_kib = 3 }",
    "1979-05-27T07:32:00Z",
    "\"\"\"",
    "[\"hit_rate >= 95%\"]",
    "[\"hit_rate >= 95\", \"x\"]",
    "[{ that = \"latency.p99 < 5ms\", why = \"\\n\" }]",
    "\"cache.m5.large\"",
    "\"self-managed\"",
    "\"redis-8.0\"",
    "\"hash\"",
    "\"none\"",
    "\"absolute\"",
    "\"noeviction\"",
    "\"@ecommerce-carts\"",
    "\"base.toml\"",
    "500000000",
    "16385",
];

const KEYS: &[&str] = &[
    "duration",
    "expect",
    "extends",
    "platform",
    "schema",
    "name",
    "store",
    "store.shards",
    "users",
    "users.0",
    "users.1.stay",
    "users.session",
    "users.session.ttl",
    "users.customers.away",
    "network.hop",
    "database",
    "node_types",
    "node_types.0.price_per_hour",
    "a.b.c.d.e",
    "",
    ".",
    "store.",
    "\u{e4}",
    "users.99999999999999999999",
    "store.node_type",
    "store.maxmemory",
    "users.0.session.read",
    "users.0.think_time.exponential",
];

const TOKENS: &[&str] = &[
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "'",
    "\n",
    "\r",
    "\t",
    ".",
    ",",
    "#",
    "-",
    "%",
    "_",
    "[[users]]\n",
    "[users.session]\n",
    "[store]\n",
    "[[node_types]]\n",
    "\u{0}",
    "\u{feff}",
    "<",
    ">=",
];

/// How many of the texts are valid; they come first.
const VALID: usize = 2;

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    let folders = [
        "scenarios",
        "tests/it/scenarios",
        "src/scenario/tests/malformed",
        "src/cli/init",
    ];
    for folder in folders {
        let mut files: Vec<_> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .collect();
        files.sort();
        // Those of absurd size would take all the time.
        let read = files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok());
        texts.extend(read.filter(|text| text.len() < 20_000));
    }
    texts
}

/// The start of some character.
fn boundary(dice: &mut Dice, text: &str) -> usize {
    let mut at = dice.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn mutate(dice: &mut Dice, text: &mut String, others: &[String]) {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = dice.below(lines.len());
    *text = match dice.below(9) {
        0 if !lines.is_empty() => {
            lines.remove(line);
            lines.concat()
        }
        1 if !lines.is_empty() => {
            let again = lines[line];
            let at = dice.below(lines.len());
            lines.insert(at, again);
            lines.concat()
        }
        2 if !lines.is_empty() => {
            let at = dice.below(lines.len());
            lines.swap(line, at);
            lines.concat()
        }
        // Another value behind the same key.
        3 | 4 => {
            let wrong = lines.get(line).and_then(|line| line.split_once('='));
            let wrong = wrong.map(|(key, _)| format!("{key}= {}\n", dice.pick(VALUES)));
            let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            if let Some(wrong) = wrong {
                lines[line] = wrong;
            }
            lines.concat()
        }
        5 => {
            let at = boundary(dice, text);
            format!("{}{}{}", &text[..at], dice.pick(TOKENS), &text[at..])
        }
        6 => {
            let (one, other) = (boundary(dice, text), boundary(dice, text));
            let (start, end) = (one.min(other), one.max(other).min(one.min(other) + 8));
            let end = (start..=end).rev().find(|&at| text.is_char_boundary(at));
            format!("{}{}", &text[..start], &text[end.unwrap_or(start)..])
        }
        7 => {
            let other = &others[dice.below(others.len())];
            let (here, there) = (boundary(dice, text), boundary(dice, other));
            format!("{}{}", &text[..here], &other[there..])
        }
        _ => {
            let line = format!("{} = {}\n", dice.pick(KEYS), dice.pick(VALUES));
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            let at = dice.below(lines.len() + 1);
            lines.insert(at, &line);
            lines.concat()
        }
    };
}

fn load(text: &str, sets: &[(&str, &str)], base: &str) -> Result<Loaded, Problems> {
    load_input(&Input {
        name: "mutant.toml",
        text,
        sets,
        base: &|_, wanted| match wanted {
            "base.toml" => Ok(Source {
                name: "base.toml".to_owned(),
                text: base.to_owned(),
            }),
            _ => Err("there is no such file".to_owned()),
        },
        trace: &no_trace,
        judge: Some(JUDGE),
    })
}

/// So many mutants, the first of that number.
fn try_mutants(first: u64, number: u64) {
    let texts = texts();
    let mut valid = 0u64;
    for mutant in first..first + number {
        let mut dice = Dice(mutant);
        // Mostly of the valid ones, which come first: in wrong ones little more is read.
        let among = [VALID, VALID, VALID, texts.len()][dice.below(4)];
        let mut text = texts[dice.below(among)].clone();
        let base = texts[dice.below(among)].clone();
        for _ in 0..dice.below(4) {
            mutate(&mut dice, &mut text, &texts);
        }
        if dice.below(4) == 0 {
            text.insert_str(0, "extends = \"base.toml\"\n");
        }
        let sets: Vec<(&str, &str)> = (0..dice.below(6).saturating_sub(3))
            .map(|_| (dice.pick(KEYS), dice.pick(VALUES)))
            .collect();
        match load(&text, &sets, &base) {
            Ok(loaded) => {
                valid += 1;
                let resolved = loaded.scenario.to_toml();
                let again = load(&resolved, &[], "").unwrap_or_else(|problems| {
                    panic!("mutant {mutant}: {text}\nresolved: {resolved}\n{problems}")
                });
                assert_eq!(again.scenario, loaded.scenario, "mutant {mutant}");
            }
            Err(problems) => {
                assert!(
                    !problems.list.is_empty(),
                    "mutant {mutant} is wrong without a problem"
                );
                let shown = problems.render(mutant % 2 == 0);
                assert!(
                    shown.contains("mutant.toml"),
                    "mutant {mutant} names no file: {shown}"
                );
                for problem in &problems.list {
                    let location = problems.location(problem);
                    assert!(location.is_none_or(|place| place.start <= place.end));
                }
            }
        }
    }
    assert!(
        valid > number / 100,
        "only {valid} of {number} mutants are valid: too much damage"
    );
}

/// `SESSIONSIM_MUTANTS=1000000 cargo test --release mutants` tries as many others.
#[test]
fn thousands_of_mutants_make_no_panic() {
    match std::env::var_os("SESSIONSIM_MUTANTS") {
        None => try_mutants(0, 20_000),
        Some(number) => {
            let number = number.to_str().and_then(|text| text.parse().ok());
            try_mutants(1 << 40, number.expect("a number of mutants"));
        }
    }
}
