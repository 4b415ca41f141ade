//! From a scenario to a world at time 0.

use std::collections::BTreeMap;

use crate::kernel::agenda::Agenda;
use crate::kernel::draws::DrawRoot;
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::kernel::slab::Slab;
use crate::kernel::streams::Streams;
use crate::probe::Probe;
use crate::scenario::Scenario;
use crate::scenario::users::{Encoding, SessionSpec};
use crate::store::keyspace::{Shape, ShapeId, ShapeKind};
use crate::store::node::Node;
use crate::store::slots::SlotMap;
use crate::units::{Span, Time};

use super::World;
use super::crowd::crowds;
use super::database::Database;
use super::elsewhere::Elsewhere;
use super::event::{Event, MAX_VISITORS};
use super::owners::Census;
use super::past::Epoch;
use super::side::Beside;
use super::topology::Topology;
use super::trace::{Recorded, Rows};
use super::workloads::Workloads;

/// Time 0 on the servers' clocks, in milliseconds since 1970: a whole minute (2026-01-01 00:00
/// UTC), so that clocks counted in seconds and minutes start in phase with simulated time.
pub(super) const START_UNIX_MS: u64 = 1_767_225_600_000;

impl<P: Probe> World<P> {
    /// A world at time 0, with its first events on the agenda.
    pub(super) fn build(scenario: &Scenario, rows: Rows, replicate: u64, probe: P) -> Self {
        let streams = Streams::new(scenario.seed, replicate);
        let root = DrawRoot::new(scenario.seed, replicate);
        let past = Epoch::new(scenario);
        let start_unix_ms = past.map_or(START_UNIX_MS, Epoch::start_unix_ms);
        let mut nodes: Vec<Node> = (0..scenario.store.shards)
            .map(|index| Node::new(&scenario.store, index, &streams, start_unix_ms))
            .collect();
        let topology = Topology::new(scenario, &streams).map(Box::new);
        // Where commands go is asked on another way.
        let at_once = topology.is_none();
        let begins_empty = past.is_none();
        let crowds = crowds(scenario, root, (begins_empty, at_once), &mut nodes);
        let recorded = scenario.trace.as_ref().map(|trace| {
            let class = (crowds.len() as u16, scenario.users.len() as u32);
            Box::new(Recorded::new(trace, rows, class, root, &mut nodes))
        });
        let elsewhere = Elsewhere::new(&scenario.store.kind).map(Box::new);
        let detours = elsewhere.is_some() || topology.is_some();
        let workloads = Workloads::new(scenario, root, &mut nodes);
        let rate = request_rate(scenario);
        let sessions = scenario
            .expected_live_sessions()
            .min(f64::from(MAX_VISITORS)) as u64;
        let mut world = Self {
            seed: scenario.seed,
            now: Time::ZERO,
            end: Time::ZERO + scenario.duration,
            window: scenario.window,
            agenda: Agenda::new(sessions, rate),
            crowds,
            visitors: Slab::default(),
            requests: Slab::with_capacity(1024),
            sides: Beside::default(),
            errands: Beside::default(),
            minutes: BTreeMap::new(),
            slots: SlotMap::even(
                elsewhere
                    .as_ref()
                    .map_or(scenario.store.shards, |elsewhere| elsewhere.targets()),
            ),
            hop: Quantiles::new(if elsewhere.is_some() {
                &Distribution::Fixed(Span::ZERO)
            } else {
                &scenario.network.hop
            }),
            database: Database::new(&scenario.database),
            recorded,
            workloads,
            cron_period: elsewhere.as_ref().map_or(
                Span(1_000_000_000 / u64::from(scenario.store.hz)),
                |elsewhere| elsewhere.cleanup_every(),
            ),
            elsewhere,
            topology,
            detours,
            samples: Vec::with_capacity(nodes.len()),
            nodes,
            issued: 0,
            live_sessions: 0,
            users_present: 0,
            census: Census::default(),
            fingerprint: 0,
            probe,
        };
        world.push_first_events(scenario);
        if let Some(past) = past {
            world.begin_in_the_middle(past, scenario, &streams);
        }
        world
    }

    fn push_first_events(&mut self, scenario: &Scenario) {
        // Before all else, so that nothing that happens at that very instant is counted.
        self.agenda.push(self.end, Event::End.pack());
        let warmup = Time::ZERO + scenario.warmup;
        self.agenda.push(warmup, Event::MeasurementBegins.pack());
        let nodes = self.nodes.len() as u64;
        for node in 0..nodes {
            // Servers were not started at the same instant: their crons are out of step.
            let phase = Span(self.cron_period.0 * (node + 1) / nodes);
            self.agenda
                .push(Time::ZERO + phase, Event::Cron(node as u32).pack());
        }
        self.expect_tick();
        self.expect_faults();
        for class in 0..self.crowds.len() {
            self.expect_next_user(class);
        }
        self.expect_scaling();
        self.expect_next_row();
        self.begin_workloads();
    }
}

/// Requests a second that are to be expected.
fn request_rate(scenario: &Scenario) -> f64 {
    let seconds = scenario.duration.seconds().max(1e-9);
    let workloads = scenario.workloads.iter();
    let of_workloads: f64 = workloads
        .map(|workload| workload.expected_requests(scenario))
        .sum();
    (scenario.expected_requests() + of_workloads) / seconds
}

/// The number of a shape: every node knows every shape, under the same one.
pub(super) fn register(shape: Shape, nodes: &mut [Node]) -> ShapeId {
    let mut numbers = nodes
        .iter_mut()
        .map(|node| node.keyspace_mut().register(shape));
    let number = numbers.next().expect("a store has at least one node");
    assert!(
        numbers.all(|other| other == number),
        "nodes disagree on the number of a shape"
    );
    number
}

/// The shape of a session's key whose name has `length` bytes.
pub(super) fn shape_of(session: &SessionSpec, length: usize) -> Shape {
    shape(session.encoding, length)
}

/// The shape of a key whose name has `length` bytes.
pub(super) fn shape(encoding: Encoding, length: usize) -> Shape {
    Shape {
        key_length: length as u32,
        kind: match encoding {
            Encoding::String => ShapeKind::String,
            Encoding::Hash {
                fields,
                field_length,
            } => ShapeKind::Hash {
                fields,
                field_length,
            },
        },
    }
}
