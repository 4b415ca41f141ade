//! What follows from a scenario without running it.

use crate::report::identity::Identity;
use crate::scenario::Scenario;
use crate::scenario::presets::node_types::NodeType;
use crate::scenario::store::Engine;
use crate::world::footprint::Footprint;

/// Events that are simulated in a second of processor time, as measured: `ecommerce-carts` on one
/// core of an AMD EPYC (Zen 5) took 22.5 s for 290 million.
pub(in crate::cli) const EVENTS_PER_SECOND: f64 = 12e6;
/// Memory of the simulator itself, and for each session: the user, the key and their places in the
/// tables. Measured likewise: 582 MB with 2 million sessions.
pub(in crate::cli) const BASE_MEMORY: f64 = 12e6;
pub(in crate::cli) const MEMORY_PER_SESSION: f64 = 300.0;
/// Likewise for each object of a workload: its popularity, its key and the places of both.
pub(in crate::cli) const MEMORY_PER_OBJECT: f64 = 70.0;
/// Hours of a month, as AWS counts them.
const HOURS_PER_MONTH: f64 = 730.0;

/// The figures of a scenario. Those of the run are estimates.
pub(super) struct Figures {
    /// The node type, if the scenario names one.
    pub(super) node_type: Option<NodeType>,
    /// Price of a node of that type in USD an hour, if it is known.
    pub(super) price_per_hour: Option<f64>,
    /// Sessions in a node at the end of the run, if none is evicted.
    pub(super) sessions_per_node: f64,
    /// Bytes of a node without sessions.
    pub(super) empty_node: f64,
    /// By class of users.
    pub(super) classes: Vec<Class>,
    /// Keys of each workload in all nodes at the end of the run, if none is evicted, and bytes of
    /// one in a node.
    pub(super) workloads: Vec<(f64, f64)>,
    /// What sessions take in a node at the end of the run, if none is evicted.
    pub(super) used_memory: f64,
    pub(super) requests: f64,
    pub(super) events: f64,
    /// Bytes that the simulator will take.
    pub(super) memory: f64,
    /// Seconds that the run will take.
    pub(super) seconds: f64,
    /// Hash of the scenario, and name of the result.
    pub(super) identity: Identity,
}

/// The figures of a class of users.
pub(super) struct Class {
    pub(super) name: String,
    /// Bytes of a key's name.
    pub(super) key_bytes: usize,
    /// Mean bytes of a value.
    pub(super) value_bytes: f64,
    /// Sessions in all nodes at the end of the run, if none is evicted.
    pub(super) sessions: f64,
    /// Bytes of a session in a node, by engine; the scenario's own engine among them.
    pub(super) bytes: Vec<(Engine, f64)>,
}

impl Class {
    /// Bytes of a session on that engine.
    pub(super) fn bytes_on(&self, engine: Engine) -> f64 {
        let found = self.bytes.iter().find(|(known, _)| *known == engine);
        found.map_or(0.0, |(_, bytes)| *bytes)
    }
}

impl Figures {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let store = &scenario.store;
        let shards = f64::from(store.shards);
        let node_type = store.node_type.as_deref();
        let node_type = node_type.and_then(|name| scenario.node_type(name));
        let price_per_hour = node_type.as_ref().and_then(|node_type| {
            let offer = if store.engine.is_valkey() {
                node_type.valkey
            } else {
                node_type.redis
            };
            offer.price.map(|price| price as f64 / 1e6)
        });
        let sessions_per_node = scenario.expected_stored_sessions() / shards;
        let footprints: Vec<(Engine, Footprint)> = Engine::all()
            .map(|engine| {
                let footprint = Footprint::new(scenario, engine, sessions_per_node);
                (engine, footprint)
            })
            .collect();
        let bytes_of = |number: usize| {
            footprints
                .iter()
                .map(|(engine, footprint)| (*engine, footprint.session[number]))
                .collect()
        };
        let users = scenario.users.iter().enumerate();
        let users = users.map(|(number, class)| Class {
            name: match class.number_of_copies() {
                1 => class.name.clone(),
                copies => format!("{} ({copies} copies)", class.name),
            },
            key_bytes: class.session.key_length(),
            value_bytes: class.stored_bytes().mean(),
            sessions: class.expected_stored_sessions(scenario.duration),
            bytes: bytes_of(number),
        });
        let recorded = scenario.trace.iter().map(|trace| Class {
            name: "the trace".to_owned(),
            key_bytes: trace.key_length(),
            value_bytes: trace.content.mean_bytes(),
            sessions: trace.content.keys as f64,
            bytes: bytes_of(scenario.users.len()),
        });
        let classes: Vec<Class> = users.chain(recorded).collect();
        let own = footprints
            .iter()
            .find(|(engine, _)| *engine == store.engine);
        let empty_node = own.map_or(0.0, |(_, footprint)| footprint.empty);
        let sessions: f64 = classes
            .iter()
            .map(|class| class.sessions * class.bytes_on(store.engine))
            .sum();
        let workloads: Vec<(f64, f64)> = scenario
            .workloads
            .iter()
            .enumerate()
            .map(|(number, workload)| {
                let bytes = own.map_or(0.0, |(_, footprint)| footprint.workload[number]);
                (workload.expected_keys(scenario), bytes)
            })
            .collect();
        let of_workloads: f64 = workloads.iter().map(|(keys, bytes)| keys * bytes).sum();
        let events = scenario.expected_events();
        Self {
            node_type,
            price_per_hour,
            sessions_per_node,
            empty_node,
            classes,
            workloads,
            used_memory: empty_node + (sessions + of_workloads) / shards,
            requests: scenario.expected_requests(),
            events,
            memory: BASE_MEMORY
                + MEMORY_PER_SESSION * scenario.expected_live_sessions()
                + MEMORY_PER_OBJECT * scenario.objects_of_workloads(),
            seconds: events / EVENTS_PER_SECOND,
            identity: Identity::new(scenario.to_toml(), scenario.seed, 0),
        }
    }

    /// Price of all nodes in USD a month.
    pub(super) fn price_per_month(&self, scenario: &Scenario) -> Option<f64> {
        let nodes = scenario.store.shards * scenario.store.topology.nodes();
        let nodes = f64::from(nodes);
        let month = self.price_per_hour? * nodes * HOURS_PER_MONTH;
        Some((month * 100.0).round() / 100.0)
    }
}
