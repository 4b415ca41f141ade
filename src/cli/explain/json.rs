//! The explanation for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::scenario::{Loaded, Origin};

use super::figures::{Class, EVENTS_PER_SECOND, Figures};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Explanation<'a> {
    schema_version: u32,
    scenario: &'a str,
    scenario_sha256: &'a str,
    id: &'a str,
    values: Vec<Value<'a>>,
    node: Node<'a>,
    classes: Vec<ClassFigures<'a>>,
    sessions_per_node: f64,
    used_memory_per_node: f64,
    run: Run,
}

/// A value as TOML; null if it is not given and has no default.
#[derive(Serialize)]
#[allow(
    clippy::struct_field_names,
    reason = "these are the names in the output"
)]
struct Value<'a> {
    path: &'a str,
    value: Option<&'a str>,
    origin: OriginOf<'a>,
    why: String,
}

#[derive(Serialize)]
struct OriginOf<'a> {
    kind: &'static str,
    file: Option<&'a str>,
    line: Option<usize>,
}

#[derive(Serialize)]
#[allow(
    clippy::struct_field_names,
    reason = "these are the names in the output"
)]
struct Node<'a> {
    node_type: Option<&'a str>,
    memory: Option<u64>,
    maxmemory: Option<u64>,
    empty: f64,
    vcpu: Option<u32>,
    maxclients: Option<u32>,
    number: u32,
    price_usd_per_hour: Option<f64>,
    price_usd_per_month: Option<f64>,
    price_region: Option<&'a str>,
    price_date: Option<&'a str>,
}

#[derive(Serialize)]
struct ClassFigures<'a> {
    name: &'a str,
    key_bytes: usize,
    value_bytes_mean: f64,
    sessions: f64,
    bytes_per_session: f64,
    bytes_per_session_by_engine: BTreeMap<&'static str, f64>,
}

#[derive(Serialize)]
struct Run {
    requests: f64,
    events: f64,
    memory_bytes: f64,
    seconds: f64,
    events_per_second: f64,
}

/// All of it.
pub(super) fn render(loaded: &Loaded, figures: &Figures) -> String {
    let scenario = &loaded.scenario;
    let values = loaded.origins.iter().map(|one| Value {
        path: &one.path,
        value: (!matches!(one.origin, Origin::Absent(_))).then_some(&*one.value),
        origin: origin(&one.origin),
        why: one.origin.to_string(),
    });
    let node_type = figures.node_type.as_ref();
    let limit = scenario.store.maxmemory.0;
    let is_given = |text: &&str| !text.is_empty();
    let explanation = Explanation {
        schema_version: SCHEMA_VERSION,
        scenario: &scenario.name,
        scenario_sha256: &figures.identity.scenario_hash,
        id: &figures.identity.id,
        values: values.collect(),
        node: Node {
            node_type: node_type.map(|node_type| &*node_type.name),
            memory: node_type.map(|node_type| node_type.maxmemory.0),
            maxmemory: (limit > 0).then_some(limit),
            empty: figures.empty_node,
            vcpu: node_type.map(|node_type| node_type.vcpu),
            maxclients: node_type.map(|node_type| node_type.maxclients),
            number: scenario.store.shards,
            price_usd_per_hour: figures.price_per_hour,
            price_usd_per_month: figures.price_per_month(scenario),
            price_region: node_type
                .map(|node_type| &*node_type.price_region)
                .filter(is_given),
            price_date: node_type
                .map(|node_type| &*node_type.price_date)
                .filter(is_given),
        },
        classes: figures
            .classes
            .iter()
            .map(|class| class_figures(class, class.bytes_on(scenario.store.engine)))
            .collect(),
        sessions_per_node: figures.sessions_per_node.round(),
        used_memory_per_node: figures.used_memory.round(),
        run: Run {
            requests: figures.requests.round(),
            events: figures.events.round(),
            memory_bytes: figures.memory.round(),
            seconds: figures.seconds,
            events_per_second: EVENTS_PER_SECOND,
        },
    };
    let text = serde_json::to_string_pretty(&explanation).expect("finite numbers and texts only");
    text + "\n"
}

fn class_figures(class: &Class, own: f64) -> ClassFigures<'_> {
    ClassFigures {
        name: &class.name,
        key_bytes: class.key_bytes,
        value_bytes_mean: class.value_bytes,
        sessions: class.sessions.round(),
        bytes_per_session: own,
        bytes_per_session_by_engine: class
            .bytes
            .iter()
            .map(|(engine, bytes)| (engine.as_str(), *bytes))
            .collect(),
    }
}

fn origin(origin: &Origin) -> OriginOf<'_> {
    let kind = match origin {
        Origin::Stated { source, .. } if source == "--set" => "set",
        Origin::Stated { .. } => "stated",
        Origin::Platform(..) => "platform",
        Origin::BuiltIn(_) => "default",
        Origin::Derived(_) => "derived",
        Origin::Absent(_) => "absent",
    };
    let (file, line) = match origin {
        Origin::Stated { source, line } if source != "--set" => (Some(&**source), Some(*line)),
        _ => (None, None),
    };
    OriginOf { kind, file, line }
}
