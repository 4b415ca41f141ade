//! The components together: the one place where they meet.
//!
//! [`simulate`] builds a world from a scenario, runs it to its end and hands back the probe that
//! watched. The stages of a request are in `journey.rs`: **start reading there**. Users who come
//! and go are in `visits.rs`, the database and what makes good for a lost session in
//! `aftermath.rs`, what holds at the end of every run in `check.rs`.

mod aftermath;
mod build;
mod check;
mod crowd;
mod database;
mod delivery;
mod elsewhere;
mod event;
pub mod footprint;
mod journey;
mod key_pattern;
mod logins;
mod other_keys;
mod owners;
mod past;
mod request;
mod side;
mod special;
mod stale;
mod tales;
mod topology;
mod trace;
mod visits;
mod workloads;

use std::collections::BTreeMap;

use crate::kernel::agenda::{Agenda, Warm};
use crate::kernel::quantiles::Quantiles;
use crate::kernel::slab::Slab;
use crate::probe::{NetworkSample, NodeSample, Probe, VisitId};
use crate::scenario::Scenario;
use crate::session::{Presence, Session};
use crate::store::keyspace::KeyId;
use crate::store::node::Node;
use crate::store::slots::SlotMap;
use crate::store::speed;
use crate::traffic::{Phase, User};
use crate::units::{Span, Time};

pub use trace::Rows;

use crowd::Crowd;
use database::Database;
use elsewhere::Elsewhere;
use event::Event;
use owners::{Census, nobodys};
use request::Request;
use side::{Beside, Errand, KeyAt, Side};
use topology::Topology;
use trace::Recorded;
use workloads::Workloads;

/// What is left of a run.
#[derive(Debug)]
pub struct Simulated<P> {
    /// The probe with all that it noted.
    pub probe: P,
    /// False if `watch` ended the run early.
    pub complete: bool,
    /// Requests sent during the whole run, the warm-up included.
    pub requests: u64,
}

/// How many events pass between two looks at `watch`.
const EVENTS_BETWEEN_LOOKS: u32 = 1 << 14;

/// Runs `scenario` and states what happens to `probe`. Every few thousand events `watch` is told
/// the simulated time and the number of requests so far; the run ends early when it says no.
///
/// # Panics
/// If an invariant of the model is broken, which is a bug: the message names seed and time.
pub fn simulate<P: Probe>(
    scenario: &Scenario,
    replicate: u64,
    probe: P,
    watch: &mut dyn FnMut(Time, u64) -> bool,
) -> Simulated<P> {
    simulate_recorded(scenario, Box::new(|| None), replicate, probe, watch)
}

/// As [`simulate`], with `rows` as those of the trace that the scenario names. They are asked for
/// one by one, and no more of them than the run has time for.
///
/// # Panics
/// As [`simulate`].
pub fn simulate_recorded<P: Probe>(
    scenario: &Scenario,
    rows: Rows,
    replicate: u64,
    probe: P,
    watch: &mut dyn FnMut(Time, u64) -> bool,
) -> Simulated<P> {
    let mut world = World::build(scenario, rows, replicate, probe);
    let complete = world.run(watch);
    world.close_books(complete);
    Simulated {
        probe: world.probe,
        complete,
        requests: world.issued,
    }
}

/// A user and the session they believe in: a request touches both, so they share a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Visitor {
    user: User,
    session: Session,
}

const _: () = assert!(size_of::<Visitor>() == 64);

impl Visitor {
    /// Someone who has no session yet.
    fn new(user: User) -> Self {
        Self {
            user,
            session: Session::default(),
        }
    }
}

/// The visit that a user is in, or was in last.
fn visit_of(user: &User) -> VisitId {
    VisitId {
        class: user.class(),
        user: user.number(),
        first: user.visit(),
    }
}

struct World<P> {
    seed: u64,
    now: Time,
    end: Time,
    window: Span,
    agenda: Agenda,
    crowds: Vec<Crowd>,
    visitors: Slab<Visitor>,
    requests: Slab<Request>,
    /// Beside the visitors, and beside the requests.
    sides: Beside<Side>,
    errands: Beside<Errand>,
    /// Keys that all sessions of a class share which end in a minute: by class, place among the
    /// keys of a session, and minute.
    minutes: BTreeMap<(u16, u8, u64), KeyAt>,
    nodes: Vec<Node>,
    slots: SlotMap,
    hop: Quantiles,
    database: Database,
    /// Replicas and zones, if there are any.
    topology: Option<Box<Topology>>,
    /// Whether commands go to something else than a single server for each shard.
    detours: bool,
    /// Where sessions lie, if in no cache.
    elsewhere: Option<Box<Elsewhere>>,
    /// Recorded traffic, if the scenario names any.
    recorded: Option<Box<Recorded>>,
    /// What else uses the nodes.
    workloads: Workloads,
    cron_period: Span,
    /// Requests sent so far.
    issued: u64,
    /// Sessions that live, as far as the application can know.
    live_sessions: u64,
    users_present: u64,
    census: Census,
    /// A hash over every event in its order: two runs agree if and only if theirs do.
    fingerprint: u64,
    samples: Vec<NodeSample>,
    probe: P,
}

impl<P: Probe> World<P> {
    /// True if the run came to its end, false if `watch` ended it.
    fn run(&mut self, watch: &mut dyn FnMut(Time, u64) -> bool) -> bool {
        loop {
            for _ in 0..EVENTS_BETWEEN_LOOKS {
                let Some((at, bits)) = self.agenda.pop() else {
                    let warm = Warmer {
                        visitors: &self.visitors,
                        nodes: &self.nodes,
                    };
                    if self.agenda.open_next(&warm) {
                        continue;
                    }
                    return true;
                };
                debug_assert!(at >= self.now, "time runs backwards at {at:?}");
                self.now = at;
                self.fingerprint =
                    (self.fingerprint ^ at.0 ^ u64::from(bits) << 32).wrapping_mul(FINGERPRINT);
                if let Some(visitor) = Event::visitor(bits) {
                    self.wake(visitor);
                    continue;
                }
                if let Some(request) = Event::arrival(bits) {
                    self.arrive(request);
                    continue;
                }
                if self.other_event(Event::unpack(bits)) {
                    return true;
                }
            }
            if !watch(self.now, self.issued) {
                return false;
            }
        }
    }

    /// What happens less often than that users act and commands arrive. True if it is the end.
    #[inline(never)]
    fn other_event(&mut self, event: Event) -> bool {
        match event {
            Event::Wake(_) | Event::Arrive(_) => unreachable!("`run` handles these itself"),
            Event::Reply(request) => self.reply(request),
            Event::NewUser(class) => self.new_user(class),
            Event::Cron(node) => self.cron(node),
            Event::Window => self.end_window(),
            Event::Minute => self.end_minute(),
            Event::MeasurementBegins => self.begin_measurement(),
            Event::End => return true,
            Event::Recorded(number) => self.play(number),
            Event::Workload(number) => self.work(number),
            Event::Instances(number) => self.scale(number),
            Event::Tick => self.look_after_replicas(),
            Event::Happening(number) => self.happen(number),
        }
        false
    }

    fn cron(&mut self, node: u32) {
        if self.elsewhere.is_some() {
            self.clean_up(node);
            return;
        }
        if self.is_served(node as u16) {
            self.nodes[node as usize].cron(self.now);
            self.stream_deaths(node as u16);
        }
        self.bury(node as u16);
        self.agenda
            .push(self.now + self.cron_period, Event::Cron(node).pack());
    }

    /// The number of a key of a class that is not live is given back: at once, or when no replica can be asked
    /// for it any more.
    fn release_key(&mut self, class: u16, at: KeyAt) {
        let keyspace = self.nodes[at.node as usize].keyspace_mut();
        let topology = self.topology.as_mut();
        match topology.and_then(|topology| topology.history_of(at.node)) {
            None => keyspace.release(KeyId(at.key)),
            Some(history) => {
                keyspace.set_owner(KeyId(at.key), nobodys(class));
                history.dig(KeyId(at.key));
            }
        }
    }

    /// Changes a visitor's session, and keeps count of those that live.
    #[inline]
    fn ledger(&mut self, place: u32, change: impl FnOnce(&mut Session, &mut P, u16, Presence)) {
        let visitor = self.visitors.get_mut(place);
        let before = visitor.session.is_open();
        let class = visitor.user.class();
        let presence = presence(&visitor.user);
        self.probe.about(visit_of(&visitor.user));
        change(&mut visitor.session, &mut self.probe, class, presence);
        let after = visitor.session.is_open();
        if after != before {
            let crowd = &mut self.crowds[class as usize];
            for count in [&mut crowd.live_sessions, &mut self.live_sessions] {
                *count = *count + u64::from(after) - u64::from(before);
            }
        }
    }

    fn sample_nodes(&mut self) {
        self.samples.clear();
        if self.elsewhere.is_some() {
            return;
        }
        let now = self.now;
        let topology = self.topology.as_deref();
        let topology = topology.filter(|topology| topology.replicates());
        self.samples
            .extend(self.nodes.iter().enumerate().map(|(place, node)| {
                let keyspace = node.keyspace();
                let machine = node.machine(now);
                NodeSample {
                    commands: node.commands(),
                    hits: keyspace.stats().keyspace_hits,
                    misses: keyspace.stats().keyspace_misses,
                    evicted_keys: keyspace.stats().evicted_keys,
                    expired_keys: keyspace.stats().expired_keys,
                    used_memory: keyspace.used_memory(),
                    maxmemory: keyspace.maxmemory(),
                    keys: keyspace.keys(),
                    expires: keyspace.expires(),
                    busy: node.busy(),
                    io_busy: machine.io_busy,
                    cpu_credits: machine.cpu_credits,
                    network: machine.network.map(network_sample),
                    replicas: topology
                        .map_or_else(Default::default, |topology| topology.readers(place, now)),
                }
            }));
    }

    fn end_window(&mut self) {
        self.sample_nodes();
        self.sample_owners(false);
        self.state_crossings();
        self.probe.window(
            self.now,
            &self.samples,
            self.live_sessions,
            self.users_present,
        );
        self.agenda
            .push(self.now + self.window, Event::Window.pack());
    }

    fn end_minute(&mut self) {
        self.sample_nodes();
        self.state_crossings();
        self.probe.minute(self.now, &self.samples);
        self.agenda
            .push(self.now + Span::from_secs(60), Event::Minute.pack());
    }

    /// Whoever is gone for good and whose session is over leaves the books before the count
    /// begins, so that the sessions open now are those that can still meet a fate.
    fn begin_measurement(&mut self) {
        let now = self.now;
        for place in 0..self.visitors.places().len() as u32 {
            if self.visitors.get(place).user.phase() == Phase::Gone {
                self.ledger(place, |session, probe, class, _| {
                    session.close_if_over(probe, class, now);
                });
            }
        }
        let open = self
            .visitors
            .places()
            .iter()
            .filter(|v| v.session.has_no_fate())
            .count();
        let open = open + self.recorded_sessions().filter(|s| s.has_no_fate()).count();
        self.sample_nodes();
        self.state_crossings();
        self.probe
            .measurement_begins(self.now, &self.samples, open as u64);
        self.agenda
            .push(self.now + self.window, Event::Window.pack());
        self.agenda
            .push(self.now + Span::from_secs(60), Event::Minute.pack());
    }
}

/// An odd constant with well-mixed bits (from the FNV family, 64 bits).
const FINGERPRINT: u64 = 0x9E6C_63D0_676A_9A99;

/// Whether the user may still act in the session they have.
const fn presence(user: &User) -> Presence {
    match user.phase() {
        Phase::Visiting | Phase::Waiting => Presence::InVisit,
        Phase::Away => Presence::MayReturn,
        Phase::Gone => Presence::Gone,
    }
}

/// Touches what the next far events will need: first the user with the session, then its key.
struct Warmer<'a> {
    visitors: &'a Slab<Visitor>,
    nodes: &'a [Node],
}

impl Warm for Warmer<'_> {
    #[inline]
    fn early(&self, event: u32) {
        if let Some(visitor) = Event::visitor(event) {
            crate::kernel::memory::prefetch(self.visitors.places(), visitor as usize);
        }
    }

    #[inline]
    fn late(&self, event: u32) {
        if let Some(visitor) = Event::visitor(event) {
            let session = &self.visitors.get(visitor).session;
            self.nodes[session.node as usize].warm(KeyId(session.key));
        }
    }
}

/// What a node's network did, as probes are told.
const fn network_sample(network: speed::NetworkSample) -> NetworkSample {
    NetworkSample {
        bytes_in: network.bytes_in,
        bytes_out: network.bytes_out,
        exceeded: network.exceeded,
        baseline: network.baseline,
    }
}
