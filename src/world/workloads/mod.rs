//! What else uses the nodes, beside the sessions: query caches, leaderboards, counters.
//!
//! The requests of a workload come as a Poisson process of its own, whatever became of those
//! before. All that is drawn for one belongs to workload and request, in a class of draws that no
//! users have: a workload more changes no user, and none of the other workloads.

mod journey;

use crate::kernel::curve::Curve;
use crate::kernel::draws::{DrawRoot, Purpose, RequestDraws, mix};
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::kernel::slab::Slab;
use crate::kernel::zipf::Zipf;
use crate::probe::{Probe, Queries};
use crate::scenario::Scenario;
use crate::scenario::commands::CommandName;
use crate::scenario::store::{EvictionPolicy, StoreSpec};
use crate::scenario::workloads::{WorkloadKind, WorkloadSpec};
use crate::store::keyspace::{KeyId, Shape, ShapeId, ShapeKind};
use crate::store::node::Node;
use crate::units::{Ratio, Span, Time};

use super::World;
use super::build::register;
use super::event::Event;
use super::key_pattern::KeyPattern;
use super::owners::WORKLOADS;

/// Events below it are the workloads' next requests.
const FIRST_REQUEST: u32 = 64;
/// Classes of draws from here on are workloads.
const FIRST_CLASS: u32 = 1 << 20;
/// The member whose draws say how large an object is.
const OF_AN_OBJECT: u64 = 1 << 63;
/// Bytes of a score in a reply, as text.
const SCORE_BYTES: u32 = 8;
/// No key yet.
const NONE: u32 = u32::MAX;

/// All workloads of a run.
pub(super) struct Workloads {
    list: Vec<Workload>,
    requests: Slab<Request>,
}

struct Workload {
    class: u32,
    root: DrawRoot,
    gaps: Quantiles,
    curve: Curve,
    /// Where in the curve the last request was.
    near: usize,
    /// When the last one would have come at the mean rate, and how many came so far.
    clock: Time,
    number: u64,
    popularity: Zipf,
    key: KeyPattern,
    shape: ShapeId,
    ttl: Span,
    /// Of each object, once it was asked for.
    places: Vec<Place>,
    kind: Kind,
}

/// Where an object's key lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    key: u32,
    node: u16,
}

enum Kind {
    QueryCache {
        bytes: Quantiles,
        updates: Ratio,
    },
    Leaderboard {
        members: u32,
        updates: Ratio,
        ranks: Ratio,
        /// Bytes of the reply to a request for the top.
        top_bytes: u32,
        /// A bit for each member of each set: whether it is in it.
        joined: Vec<u64>,
    },
    Counters,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// This command's turn at its node.
    Command(CommandName),
    /// The reply to a read that found nothing, after which the database is asked.
    Missed,
    /// The database's answer to a read, which is then stored.
    Result,
    /// The database's answer to a change, after which the result is deleted.
    Change,
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
struct Request {
    issued: Time,
    sent: Time,
    store_time: Span,
    draws: RequestDraws,
    object: u32,
    /// Of a leaderboard.
    member: u32,
    workload: u16,
    /// Commands and queries so far.
    commands: u8,
    stage: Stage,
    found: Option<bool>,
    refused: bool,
    queries: Queries,
    without_cache: Queries,
}

impl Workloads {
    /// Those of `scenario`.
    pub(super) fn new(scenario: &Scenario, root: DrawRoot, nodes: &mut [Node]) -> Self {
        let list = scenario.workloads.iter().enumerate();
        let list = list.map(|(place, spec)| {
            let class = FIRST_CLASS + place as u32;
            Workload::new(spec, scenario, class, root, nodes)
        });
        Self {
            list: list.collect(),
            requests: Slab::default(),
        }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }
}

impl Workload {
    fn new(
        spec: &WorkloadSpec,
        scenario: &Scenario,
        class: u32,
        root: DrawRoot,
        nodes: &mut [Node],
    ) -> Self {
        let key = KeyPattern::new(&spec.key, spec.id_length as usize);
        let shape = shape_of(spec, &scenario.store);
        let curve = spec
            .follows
            .and_then(|place| scenario.users.get(place))
            .map_or_else(Curve::flat, |class| {
                class.arrivals.curve(Span::ZERO, scenario.duration)
            });
        let mean = spec.rate.interval().unwrap_or(Span::ZERO);
        let unborn = Place { key: NONE, node: 0 };
        Self {
            class,
            root,
            gaps: Quantiles::new(&Distribution::Exponential { mean }),
            curve,
            near: 0,
            clock: Time::ZERO,
            number: 0,
            popularity: Zipf::new(spec.objects, spec.exponent.0 as u32),
            key,
            shape: register(shape, nodes),
            ttl: spec.ttl,
            places: vec![unborn; spec.objects as usize],
            kind: kind(spec),
        }
    }

    /// When the next request comes, its number being in `number`.
    fn next(&mut self) -> Option<Time> {
        let draws = self.draws(self.number);
        let gap = Span(self.gaps.draw(draws.at(0, Purpose::Arrival)));
        self.clock = self.clock.saturating_add(gap);
        self.popularity.warm(draws.at(0, Purpose::Object));
        let passed = i64::try_from(self.clock.0).ok()?;
        let at = self.curve.when(passed, &mut self.near)?;
        Some(Time(at.max(0).unsigned_abs()))
    }

    fn draws(&self, number: u64) -> RequestDraws {
        self.root.user(self.class, number).request(0, 0)
    }

    /// Bytes of the value of an object, always the same.
    fn bytes_of(&self, object: u32) -> u32 {
        let Kind::QueryCache { bytes, .. } = &self.kind else {
            return 0;
        };
        let draws = self.draws(OF_AN_OBJECT | u64::from(object));
        bytes.draw(draws.at(0, Purpose::Size)) as u32
    }
}

/// The shape of a workload's keys in a store.
pub(super) fn shape_of(spec: &WorkloadSpec, store: &StoreSpec) -> Shape {
    let kind = match spec.kind {
        WorkloadKind::QueryCache { .. } => ShapeKind::String,
        WorkloadKind::Leaderboard { member_length, .. } => ShapeKind::SortedSet { member_length },
        WorkloadKind::Counters => ShapeKind::Counter {
            // An object that keys share cannot hold the access time of one of them
            // (`tryObjectEncoding`, `createStringObjectFromLongLongForValue`).
            shared: store.maxmemory.0 == 0
                || !matches!(
                    store.maxmemory_policy,
                    EvictionPolicy::AllKeysLru
                        | EvictionPolicy::AllKeysLfu
                        | EvictionPolicy::VolatileLru
                        | EvictionPolicy::VolatileLfu
                ),
        },
    };
    Shape {
        key_length: spec.key_length() as u32,
        kind,
    }
}

fn kind(spec: &WorkloadSpec) -> Kind {
    match &spec.kind {
        WorkloadKind::QueryCache {
            bytes,
            update_share,
        } => Kind::QueryCache {
            bytes: Quantiles::new(bytes),
            updates: *update_share,
        },
        WorkloadKind::Leaderboard {
            members,
            member_length,
            update_share,
            rank_share,
            top,
        } => {
            let all = u64::from(*members) * u64::from(spec.objects);
            Kind::Leaderboard {
                members: *members,
                updates: *update_share,
                ranks: *rank_share,
                top_bytes: top.saturating_mul(member_length + SCORE_BYTES),
                joined: vec![0; all.div_ceil(64) as usize],
            }
        }
        WorkloadKind::Counters => Kind::Counters,
    }
}

/// Whether an event of probability `ratio` happens.
fn happens(ratio: Ratio, bits: u64) -> bool {
    ratio.is_one() || bits < ratio.threshold()
}

impl<P: Probe> World<P> {
    /// Puts the first request of each workload on the agenda.
    pub(super) fn begin_workloads(&mut self) {
        for place in 0..self.workloads.list.len() {
            self.expect_next_work(place);
        }
    }

    fn expect_next_work(&mut self, place: usize) {
        let next = self.workloads.list[place].next();
        if let Some(at) = next.filter(|at| *at < self.end) {
            let at = at.max(self.now);
            self.agenda.push(at, Event::Workload(place as u32).pack());
        }
    }

    /// A workload goes on.
    pub(super) fn work(&mut self, number: u32) {
        match number.checked_sub(FIRST_REQUEST) {
            None => {
                self.ask_for_object(number as usize);
                self.expect_next_work(number as usize);
            }
            Some(place) => self.work_on(place),
        }
    }

    /// The next request of a workload begins.
    fn ask_for_object(&mut self, place: usize) {
        let now = self.now;
        let workload = &mut self.workloads.list[place];
        let draws = workload.draws(workload.number);
        workload.number += 1;
        let object = workload.popularity.draw(draws.at(0, Purpose::Object));
        if workload.places[object as usize].key == NONE {
            let id = mix(u64::from(object) ^ mix(u64::from(workload.class)));
            let slot = workload.key.slot(id);
            let node = self.slots.node(slot);
            let keyspace = self.nodes[node as usize].keyspace_mut();
            let key = keyspace.create(id, slot, workload.shape, WORKLOADS + place as u32);
            workload.places[object as usize] = Place { key: key.0, node };
        }
        let Place { key, node } = workload.places[object as usize];
        self.nodes[node as usize].warm(KeyId(key));
        let mut request = Request {
            issued: now,
            sent: now,
            store_time: Span::ZERO,
            draws,
            object,
            member: 0,
            workload: place as u16,
            commands: 0,
            stage: Stage::Change,
            found: None,
            refused: false,
            queries: Queries::default(),
            without_cache: Queries::default(),
        };
        let kind = draws.at(0, Purpose::Kind);
        let first = match &workload.kind {
            Kind::QueryCache { updates, .. } if happens(*updates, kind) => {
                request.without_cache.writes = 1;
                None
            }
            Kind::QueryCache { .. } => {
                request.without_cache.reads = 1;
                Some(CommandName::Get)
            }
            Kind::Leaderboard {
                members,
                updates,
                ranks,
                ..
            } => {
                let bits = draws.at(1, Purpose::Object);
                request.member = ((u128::from(bits) * u128::from(*members)) >> 64) as u32;
                Some(if happens(*updates, kind) {
                    CommandName::ZIncrBy
                } else if happens(*ranks, draws.at(1, Purpose::Kind)) {
                    CommandName::ZRevRank
                } else {
                    CommandName::ZRevRange
                })
            }
            Kind::Counters => Some(CommandName::Incr),
        };
        let id = self.workloads.requests.insert(request);
        match first {
            Some(command) => self.send_work(id, command, now),
            None => self.query_for_work(id, Stage::Change),
        }
    }
}
