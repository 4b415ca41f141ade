//! The explanation as a scenario with comments.

use std::fmt::Write as _;

use crate::report::format::{bytes, plural, significant, thousands, words};
use crate::scenario::estimates::in_words;
use crate::scenario::traffic::TraceSpec;
use crate::scenario::{Loaded, Origin, SECTIONS, Scenario, ValueOrigin};

use super::figures::{Class, EVENTS_PER_SECOND, Figures};

/// Where comments begin, unless a value is longer.
const COMMENTS: usize = 40;
/// Where figures begin behind their names.
const FIGURES: usize = 12;

/// All of it.
pub(super) fn render(loaded: &Loaded, figures: &Figures, color: bool) -> String {
    let mut text = String::new();
    values(&mut text, &loaded.origins);
    let scenario = &loaded.scenario;
    text.push_str("\n# What follows from it:\n");
    if scenario.store.kind.is_cache() {
        nodes(&mut text, scenario, figures);
        sessions(&mut text, scenario, figures);
    } else {
        let sessions = number(scenario.expected_stored_sessions());
        let line = format!("about {sessions} at the end of the run, in no cache");
        figure(&mut text, "sessions", &line);
    }
    text.push_str("\n# What the run will cost, roughly:\n");
    run(&mut text, scenario, figures);
    if color { dimmed(&text) } else { text }
}

fn values(text: &mut String, origins: &[ValueOrigin]) {
    let mut before = String::new();
    for ValueOrigin {
        path,
        value,
        origin,
    } in origins
    {
        let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
        if table != before {
            let words: Vec<&str> = table
                .split('.')
                .filter(|word| word.parse::<usize>().is_err())
                .collect();
            let section = words.join(".");
            if let Some(section) = SECTIONS.iter().find(|known| known.path == section) {
                let _ = writeln!(text, "\n{}", section.heading());
            }
            table.clone_into(&mut before);
        }
        let line = match origin {
            Origin::Absent(_) => format!("# {key}"),
            _ => format!("{key} = {value}"),
        };
        let _ = writeln!(text, "{line:<COMMENTS$} # {origin}");
    }
}

fn figure(text: &mut String, name: &str, figure: &str) {
    let _ = writeln!(text, "#   {name:<FIGURES$} {figure}");
}

fn nodes(text: &mut String, scenario: &Scenario, figures: &Figures) {
    let store = &scenario.store;
    if let Some(node_type) = &figures.node_type {
        let reserved = store.reserved_memory;
        let line = format!(
            "{}: {}, of which {reserved} is reserved and {} is maxmemory",
            node_type.name,
            bytes(node_type.maxmemory.0),
            bytes(store.maxmemory.0)
        );
        figure(text, "node", &line);
        let gigabits = |megabits: u64| megabits as f64 / 1e3;
        let mut line = format!("{} vCPU", node_type.vcpu);
        if let Some(baseline) = node_type.network_baseline_mbps {
            let _ = write!(line, ", network {} Gbit/s", gigabits(baseline));
        }
        if let Some(burst) = node_type.network_burst_mbps {
            let _ = write!(line, ", for a short time {}", gigabits(burst));
        }
        if node_type.maxclients > 0 {
            let connections = thousands(node_type.maxclients.into());
            let _ = write!(line, ", {connections} connections");
        }
        figure(text, "", &line);
        let nodes = u64::from(store.shards) * u64::from(store.topology.nodes());
        let nodes = plural(nodes, "node", "nodes");
        let line = match (figures.price_per_hour, figures.price_per_month(scenario)) {
            (Some(hour), Some(month)) if node_type.price_date.is_empty() => {
                format!("{nodes}: ${hour} an hour each, ${month:.2} a month")
            }
            (Some(hour), Some(month)) => format!(
                "{nodes}: ${hour} an hour each, ${month:.2} a month, on demand ({}, {})",
                node_type.price_region, node_type.price_date
            ),
            _ => format!("{nodes}: not known"),
        };
        figure(text, "price", &line);
    } else if store.maxmemory.0 > 0 {
        figure(
            text,
            "node",
            &format!("{} of maxmemory", bytes(store.maxmemory.0)),
        );
    } else {
        figure(
            text,
            "node",
            "no maxmemory: it takes what the sessions take",
        );
    }
}

fn sessions(text: &mut String, scenario: &Scenario, figures: &Figures) {
    let engine = scenario.store.engine;
    let several = figures.classes.len() > 1;
    for class in &figures.classes {
        let of = if several {
            format!(" of {}", class.name)
        } else {
            String::new()
        };
        let line = format!(
            "{} bytes{of}: key {}, value {} in the mean, the rest overhead of {}",
            whole(class.bytes_on(engine)),
            class.key_bytes,
            whole(class.value_bytes),
            engine.as_str()
        );
        figure(text, "a session", &line);
        figure(text, "", &other_engines(class, scenario));
    }
    let nodes = if scenario.store.shards > 1 {
        format!(", {} a node", number(figures.sessions_per_node))
    } else {
        String::new()
    };
    let sessions = number(figures.sessions_per_node * f64::from(scenario.store.shards));
    let line = format!("about {sessions} at the end of the run, if none is evicted{nodes}");
    figure(text, "sessions", &line);
    if let Some(trace) = &scenario.trace {
        figure(text, "trace", &recorded(trace));
    }
    for (workload, (keys, each)) in scenario.workloads.iter().zip(&figures.workloads) {
        let line = format!(
            "{}: about {} {} of {} bytes at the end of the run, if none is evicted",
            workload.name,
            number(*keys),
            if number(*keys) == "1" { "key" } else { "keys" },
            whole(*each)
        );
        figure(text, "workload", &line);
    }
    let used = bytes(figures.used_memory as u64);
    let limit = scenario.store.maxmemory.0;
    let line = if limit > 0 {
        let share = figures.used_memory / limit as f64;
        let verdict = if share > 1.0 {
            "too much: keys will be evicted, or writes refused"
        } else {
            "expired keys that wait to be deleted come on top"
        };
        format!(
            "about {used} of {} in a node, {}%; {verdict}",
            bytes(limit),
            significant(share * 100.0)
        )
    } else {
        format!("about {used} in a node; expired keys that wait to be deleted come on top")
    };
    figure(text, "memory", &line);
}

/// What is in the trace.
fn recorded(trace: &TraceSpec) -> String {
    let content = &trace.content;
    let skipped = match content.skipped {
        0 => String::new(),
        skipped => format!(", {} left out", plural(skipped, "line", "lines")),
    };
    format!(
        "{} of {} in {}{skipped}",
        plural(content.rows, "row", "rows"),
        plural(content.keys, "key", "keys"),
        words(content.length)
    )
}

fn other_engines(class: &Class, scenario: &Scenario) -> String {
    let others: Vec<String> = class
        .bytes
        .iter()
        .filter(|(engine, _)| *engine != scenario.store.engine)
        .map(|(engine, bytes)| format!("{} {}", engine.as_str(), whole(*bytes)))
        .collect();
    format!("on {}", others.join(", "))
}

fn run(text: &mut String, scenario: &Scenario, figures: &Figures) {
    let line = format!(
        "{} in {} events",
        number(figures.requests),
        number(figures.events)
    );
    figure(text, "requests", &line);
    figure(text, "memory", &bytes(figures.memory as u64));
    let line = format!(
        "{} s, at {} events a second as measured on one core of an AMD EPYC (Zen 5)",
        significant(figures.seconds.max(0.01)),
        in_words(EVENTS_PER_SECOND)
    );
    figure(text, "time", &line);
    let identity = &figures.identity;
    figure(
        text,
        "result",
        &format!("output/{}/{}", scenario.name, identity.id),
    );
    figure(
        text,
        "scenario",
        &format!("sha256 {}", identity.scenario_hash),
    );
}

/// In words where digits would be hard to read.
fn number(number: f64) -> String {
    if number < 1e6 {
        whole(number)
    } else {
        in_words(number)
    }
}

fn whole(number: f64) -> String {
    thousands(number.round() as u64)
}

/// The text with its comments dimmed.
fn dimmed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for line in text.lines() {
        // A value may have a `#` of its own, but not behind spaces and before the origin.
        let at = if line.starts_with('#') {
            Some(0)
        } else {
            line.rfind(" # ")
        };
        match at {
            Some(at) => {
                let _ = writeln!(out, "{}\x1b[2m{}\x1b[0m", &line[..at], &line[at..]);
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}
