//! Listens to a run and counts.
//!
//! What counts, and when:
//! * Nothing before the measurement begins, except that it is known how many sessions were open
//!   and how many requests on their way at that moment.
//! * A request counts if it was sent after the measurement began. One that was sent before and
//!   answered after is only `carried` over, so that the books balance.
//! * A command, a query, an eviction, an expiry, a visit and a session's creation count if they
//!   are stated after the measurement began; so does what is done about a session found gone (a
//!   restoration, a forced login).
//! * A fate counts if it is stated after the measurement began, which can be later than it
//!   happened: that a session expired in use is known when its user comes back, and that it ended
//!   when its user can no longer come back, at the latest when the run ends. Counted that way,
//!   sessions expired in use are those that users met with, as forced logins are.
//! * Whether a loss was felt, and what became of the felt ones, count if the loss does. Thus felt
//!   and unnoticed add up to lost.
//!
//! A row of the time series holds what was stated between its two ends. A reply is stated as soon
//! as it is certain, which is up to one hop before it arrives.
//!
//! The three methods that are called for every request do nothing but integer additions to
//! memory that stays in the first-level cache. No fact allocates.

mod rows;

use std::collections::BTreeSet;

use crate::cost::{Contract, Usage};
use crate::probe::{
    Aftermath, CommandDone, Fate, Incident, LossCause, Mark, NodeSample, OwnerSample, Probe,
    ReplicaId, RequestDone, RequestKind, WorkloadDone,
};
use crate::scenario::Scenario;
use crate::units::{Bandwidth, Span, Time};

use super::check::check;
use super::histogram::Bins;
use super::incidents::Incidents;
use super::loads::MINUTE;
use super::losses::LossBook;
use super::measurements::{Applies, Counts, Gauges, Group, Measurements, Row};
use super::nodes::Nodes;
use super::owners::Owners;
use super::workloads::Watched;

/// The probe that leaves [`Measurements`].
#[derive(Debug)]
pub struct Recorder {
    /// Counts of the present row.
    row: Counts,
    /// Latencies of the present row, by kind of request.
    kinds: [Bins; RequestKind::ALL.len()],
    node: Bins,
    database: Bins,
    /// Requests sent before do not count.
    begin: Time,
    rare: Box<Rare>,
}

/// What is touched only now and then.
#[derive(Debug)]
struct Rare {
    seed: u64,
    /// Whether a class has a login, by its place in the scenario.
    logins: Vec<bool>,
    nodes: Nodes,
    /// Which metrics can apply.
    applies: Applies,
    /// Shards that answer no reads, and no writes.
    silent: [BTreeSet<u16>; 2],
    /// Up to where their outages are counted.
    silent_until: Time,
    /// Bytes from zone to zone, of users and of replication: at the last statement, and when the
    /// row began.
    crossed: [u64; 2],
    row_crossed: [u64; 2],
    began: Option<Time>,
    row_start: Time,
    row_gauges: Gauges,
    /// Latencies of all kinds of requests in the row that ends.
    row_latencies: Bins,
    minute_start: Time,
    /// Counts of the whole run when the minute began.
    minute_counts: Counts,
    /// Whether a whole minute has been seen: a shorter one then no longer counts.
    minute_seen: bool,
    total: Counts,
    gauges: Gauges,
    latencies: [Bins; Group::ALL.len()],
    rows: Vec<Row>,
    losses: LossBook,
    incidents: Incidents,
    workloads: Vec<Watched>,
    /// `used_memory` of all nodes when it was last looked at.
    used_memory: u64,
    /// What is paid for, and what was used of it.
    contract: Option<Contract>,
    usage: Usage,
    open_at_start: u64,
    expired_pending_at_start: u64,
    in_flight_at_start: u64,
    in_flight_at_end: u64,
    ended: Time,
    fingerprint: u64,
    complete: bool,
}

impl Recorder {
    /// A recorder for a run of `scenario`.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let logins = scenario.classes().map(|member| member.class.login);
        // Nobody logs in in recorded traffic, which is the class behind the last.
        let recorded = scenario.trace.iter().map(|_| false);
        let mut recorder = Self::with(scenario.seed, logins.chain(recorded).collect());
        recorder.rare.nodes.vcpu = scenario.store.speed.vcpu;
        recorder.rare.applies.network = scenario.store.speed.bandwidth > Bandwidth(0);
        recorder.rare.applies.replicas = scenario.store.topology.replicas > 0;
        recorder.rare.applies.zones = scenario.network.zones.number() > 1;
        recorder.rare.applies.faults = !scenario.faults.is_empty();
        recorder.rare.workloads = vec![Watched::default(); scenario.workloads.len()];
        recorder.rare.contract = Some(Contract::new(scenario));
        recorder
    }

    pub(super) fn with(seed: u64, logins: Vec<bool>) -> Self {
        Self {
            row: Counts::default(),
            kinds: Default::default(),
            node: Bins::default(),
            database: Bins::default(),
            begin: Time::ZERO,
            rare: Box::new(Rare {
                seed,
                nodes: Nodes::default(),
                applies: Applies {
                    logins: logins.contains(&true),
                    guests: logins.contains(&false),
                    ..Applies::default()
                },
                logins,
                silent: Default::default(),
                silent_until: Time::ZERO,
                crossed: [0; 2],
                row_crossed: [0; 2],
                began: None,
                row_start: Time::ZERO,
                row_gauges: Gauges::default(),
                row_latencies: Bins::default(),
                minute_start: Time::ZERO,
                minute_counts: Counts::default(),
                minute_seen: false,
                total: Counts::default(),
                gauges: Gauges::default(),
                latencies: Default::default(),
                rows: Vec::new(),
                losses: LossBook::default(),
                incidents: Incidents::default(),
                workloads: Vec::new(),
                used_memory: 0,
                contract: None,
                usage: Usage::default(),
                open_at_start: 0,
                expired_pending_at_start: 0,
                in_flight_at_start: 0,
                in_flight_at_end: 0,
                ended: Time::ZERO,
                fingerprint: 0,
                complete: false,
            }),
        }
    }

    /// What the run leaves.
    ///
    /// # Panics
    /// If the facts break a conservation law, which is a bug: the message names seed and time.
    #[must_use]
    pub fn finish(self) -> Measurements {
        self.finish_with(None)
    }

    /// Likewise, with what was counted for each of several owners of keys.
    ///
    /// # Panics
    /// As [`Recorder::finish`], and if parts do not add up to the whole.
    #[must_use]
    pub fn finish_with(mut self, owners: Option<Owners>) -> Measurements {
        if self.rare.began.is_none() {
            self.forget();
        }
        let rare = self.rare;
        let bill = rare.bill();
        let (classes, others) = owners.map_or_else(Default::default, Owners::finish);
        let measurements = Measurements {
            complete: rare.complete,
            began: rare.began,
            ended: rare.ended,
            counts: rare.total,
            gauges: rare.gauges,
            latencies: rare.latencies.each_ref().map(Bins::latencies),
            rows: rare.rows,
            losses: rare.losses,
            incidents: rare.incidents,
            open_at_start: rare.open_at_start,
            expired_pending_at_start: rare.expired_pending_at_start,
            in_flight_at_start: rare.in_flight_at_start,
            in_flight_at_end: rare.in_flight_at_end,
            fingerprint: rare.fingerprint,
            classes,
            nodes: rare.nodes.finish(),
            workloads: rare
                .workloads
                .into_iter()
                .map(|watched| watched.finish(rare.used_memory))
                .collect(),
            applies: rare.applies,
            bill,
        };
        if let Err(broken) = check(&measurements, &others) {
            panic!("{broken} (seed {}, at {})", rare.seed, Span(rare.ended.0));
        }
        measurements
    }

    /// Drops all that was counted so far.
    fn forget(&mut self) {
        self.row = Counts::default();
        for bins in self
            .kinds
            .iter_mut()
            .chain([&mut self.node, &mut self.database])
        {
            bins.clear();
        }
        self.rare.total = Counts::default();
        self.rare.gauges = Gauges::default();
        self.rare.usage = Usage::default();
        self.rare.rows.clear();
        self.rare.workloads.fill(Watched::default());
        self.rare.latencies.iter_mut().for_each(Bins::clear);
    }
}

impl Probe for Recorder {
    #[inline]
    fn request_issued(&mut self, _at: Time, _class: u16, _kind: RequestKind) {
        self.row.requests += 1;
    }

    #[inline]
    fn request_done(&mut self, fact: &RequestDone) {
        if fact.issued < self.begin {
            self.row.carried += 1;
            return;
        }
        self.row.answered[fact.session as usize] += 1;
        self.row.failed += u64::from(fact.refused);
        let queries = fact.without_cache;
        self.row.db_baseline += u64::from(queries.reads) + u64::from(queries.writes);
        // Without a command there is no latency: a login that the database refused.
        if fact.store_time > Span::ZERO {
            self.kinds[fact.kind as usize].record(fact.store_time.0);
        }
    }

    #[inline]
    fn command(&mut self, fact: &CommandDone) {
        self.row.commands[fact.answer as usize] += 1;
        self.node.record(fact.done.since(fact.arrived).0);
    }

    fn key_evicted(&mut self, _at: Time, _node: u16, owner: u16) {
        self.row.evicted_keys += 1;
        if let Some(workload) = self.rare.workload(owner) {
            workload.key_died(true);
        }
    }

    fn key_expired(&mut self, _at: Time, _node: u16, owner: u16) {
        self.row.expired_keys += 1;
        if let Some(workload) = self.rare.workload(owner) {
            workload.key_died(false);
        }
    }

    fn visit_began(&mut self, _at: Time, class: u16) {
        if self.rare.logins[class as usize] {
            self.row.visits_with_login += 1;
        } else {
            self.row.visits_of_guests += 1;
        }
    }

    fn session_created(&mut self, _at: Time, _class: u16) {
        self.row.created += 1;
    }

    fn session_closed(&mut self, at: Time, _class: u16, fate: Fate) {
        self.row.close(fate);
        if let (Fate::Lost(cause), Some(_)) = (fate, self.rare.began) {
            self.rare.losses.lost(at, cause);
        }
    }

    fn loss_felt(&mut self, _at: Time, lost_at: Time, _class: u16, cause: LossCause, felt: bool) {
        if lost_at >= self.begin {
            self.row.feel(felt);
            if self.rare.began.is_some() {
                self.rare.losses.felt(lost_at, cause, felt);
            }
        }
    }

    fn aftermath(
        &mut self,
        _at: Time,
        closed_at: Time,
        _class: u16,
        fate: Fate,
        aftermath: Aftermath,
    ) {
        self.row.make_good(fate, aftermath, closed_at >= self.begin);
        if let (Fate::Lost(cause), Some(_)) = (fate, self.rare.began)
            && closed_at >= self.begin
        {
            self.rare.losses.made_good(closed_at, cause, aftermath);
        }
    }

    fn mark(&mut self, _at: Time, _class: u16, mark: Mark, number: u64) {
        self.row.marks[mark as usize] += number;
    }

    fn overlooked(&mut self, _at: Time, _class: u16, aftermath: Aftermath) {
        self.row.made_good[aftermath as usize] += 1;
    }

    fn replica_lag(&mut self, _at: Time, _replica: ReplicaId, lag: Span, reported: Span) {
        let rare = &mut *self.rare;
        if rare.began.is_some() {
            rare.latencies[Group::ReplicationLag as usize].record(lag.0);
            rare.latencies[Group::ReportedLag as usize].record(reported.0);
            rare.row_gauges.raise(&Gauges {
                replication_lag: Some(lag.0),
                replication_lag_reported: Some(reported.0),
                ..Gauges::default()
            });
        }
    }

    fn shard_answers(&mut self, at: Time, shard: u16, reads: bool, writes: bool) {
        self.count_outages(at);
        for (silent, answers) in self.rare.silent.iter_mut().zip([reads, writes]) {
            if answers {
                silent.remove(&shard);
            } else {
                silent.insert(shard);
            }
        }
    }

    fn incident(&mut self, at: Time, incident: Incident) {
        self.rare.incidents.add(at, incident);
    }

    fn crossed_zones(&mut self, _at: Time, of_users: u64, of_nodes: u64) {
        self.rare.crossed = [of_users, of_nodes];
    }

    fn db_query(&mut self, sent: Time, done: Time) {
        self.row.db_queries += 1;
        self.database.record(done.since(sent).0);
    }

    fn db_refused(&mut self, _at: Time) {
        self.row.db_queries += 1;
        self.row.db_refused += 1;
    }

    fn workload_done(&mut self, fact: &WorkloadDone) {
        let queries = fact.without_cache;
        if fact.issued >= self.begin {
            self.row.db_baseline += u64::from(queries.reads) + u64::from(queries.writes);
        }
        self.rare.workloads[fact.workload as usize].done(fact, self.begin);
    }

    fn wants_owners(&self) -> bool {
        !self.rare.workloads.is_empty()
    }

    fn owners(&mut self, _at: Time, owners: &[OwnerSample]) {
        let rare = &mut *self.rare;
        let samples = &owners[rare.logins.len()..];
        for (watched, sample) in rare.workloads.iter_mut().zip(samples) {
            watched.keeps(sample.kept.unwrap_or_default());
        }
    }

    fn window(&mut self, at: Time, nodes: &[NodeSample], live_sessions: u64, users_present: u64) {
        if self.rare.began.is_none() {
            return;
        }
        self.observe(nodes);
        // A minute that ends together with a row belongs to that row, whichever is stated first.
        if at.since(self.rare.minute_start) >= MINUTE {
            self.end_minute(at, nodes);
        }
        self.rare.row_gauges.raise(&Gauges {
            live_sessions: Some(live_sessions),
            users_present: Some(users_present),
            ..Gauges::default()
        });
        let elapsed = at.since(self.rare.row_start);
        // An interrupt can come just as a row ends; then there is no further row.
        if elapsed > Span::ZERO || self.row != Counts::default() {
            self.rare.use_up(elapsed, nodes, live_sessions);
            self.end_row(at, nodes);
        }
    }

    fn minute(&mut self, at: Time, nodes: &[NodeSample]) {
        if self.rare.began.is_some() {
            self.observe(nodes);
            self.end_minute(at, nodes);
            // The last one of a run is stated after its last row.
            let gauges = self.rare.row_gauges;
            self.rare.gauges.raise(&gauges);
        }
    }

    fn measurement_begins(&mut self, at: Time, nodes: &[NodeSample], open_sessions: u64) {
        let answered: u64 = self.row.answered.iter().sum();
        self.rare.in_flight_at_start = self.row.requests - answered;
        let made_good: u64 = self.row.after_expiry.iter().sum();
        self.rare.expired_pending_at_start = self.row.expired_in_use - made_good;
        self.forget();
        self.begin = at;
        let rare = &mut *self.rare;
        rare.began = Some(at);
        rare.open_at_start = open_sessions;
        rare.row_start = at;
        rare.silent_until = at;
        rare.row_crossed = rare.crossed;
        rare.minute_start = at;
        rare.nodes.begin(nodes);
        self.observe(nodes);
    }

    fn run_ends(&mut self, at: Time, in_flight: u64, fingerprint: u64, complete: bool) {
        let rare = &mut *self.rare;
        rare.ended = at;
        rare.in_flight_at_end = in_flight;
        rare.fingerprint = fingerprint;
        rare.complete = complete;
    }
}
