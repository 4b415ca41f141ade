//! Two probes at once.

use crate::units::{Span, Time};

use super::{
    Aftermath, CommandDone, Fate, Incident, LossCause, Mark, NodeSample, OwnerSample, Probe,
    ReplicaId, RequestDone, RequestId, RequestKind, ShardTold, Told, UserId, VisitId, WorkloadDone,
};

/// Two probes that both see everything.
#[derive(Debug)]
pub struct Both<A, B>(pub A, pub B);

impl<A: Probe, B: Probe> Probe for Both<A, B> {
    fn request_issued(&mut self, at: Time, class: u16, kind: RequestKind) {
        self.0.request_issued(at, class, kind);
        self.1.request_issued(at, class, kind);
    }

    fn request_done(&mut self, fact: &RequestDone) {
        self.0.request_done(fact);
        self.1.request_done(fact);
    }

    fn command(&mut self, fact: &CommandDone) {
        self.0.command(fact);
        self.1.command(fact);
    }

    fn key_evicted(&mut self, at: Time, node: u16, owner: u16) {
        self.0.key_evicted(at, node, owner);
        self.1.key_evicted(at, node, owner);
    }

    fn key_expired(&mut self, at: Time, node: u16, owner: u16) {
        self.0.key_expired(at, node, owner);
        self.1.key_expired(at, node, owner);
    }

    fn visit_began(&mut self, at: Time, class: u16) {
        self.0.visit_began(at, class);
        self.1.visit_began(at, class);
    }

    #[inline]
    fn about(&mut self, visit: VisitId) {
        self.0.about(visit);
        self.1.about(visit);
    }

    fn session_created(&mut self, at: Time, class: u16) {
        self.0.session_created(at, class);
        self.1.session_created(at, class);
    }

    fn session_closed(&mut self, at: Time, class: u16, fate: Fate) {
        self.0.session_closed(at, class, fate);
        self.1.session_closed(at, class, fate);
    }

    fn loss_felt(&mut self, at: Time, lost_at: Time, class: u16, cause: LossCause, felt: bool) {
        self.0.loss_felt(at, lost_at, class, cause, felt);
        self.1.loss_felt(at, lost_at, class, cause, felt);
    }

    fn aftermath(&mut self, at: Time, closed_at: Time, class: u16, fate: Fate, after: Aftermath) {
        self.0.aftermath(at, closed_at, class, fate, after);
        self.1.aftermath(at, closed_at, class, fate, after);
    }

    fn found_late(&mut self, at: Time, class: u16, cause: LossCause, after: Aftermath) {
        self.0.found_late(at, class, cause, after);
        self.1.found_late(at, class, cause, after);
    }

    fn mark(&mut self, at: Time, class: u16, mark: Mark, number: u64) {
        self.0.mark(at, class, mark, number);
        self.1.mark(at, class, mark, number);
    }

    fn workload_done(&mut self, fact: &WorkloadDone) {
        self.0.workload_done(fact);
        self.1.workload_done(fact);
    }

    fn wants_owners(&self) -> bool {
        self.0.wants_owners() || self.1.wants_owners()
    }

    #[inline]
    fn wants_stories(&self) -> bool {
        self.0.wants_stories() || self.1.wants_stories()
    }

    fn told(&mut self, at: Time, user: UserId, request: RequestId, what: &Told) {
        self.0.told(at, user, request, what);
        self.1.told(at, user, request, what);
    }

    fn shard_told(&mut self, at: Time, shard: u16, what: &ShardTold) {
        self.0.shard_told(at, shard, what);
        self.1.shard_told(at, shard, what);
    }

    fn owners(&mut self, at: Time, owners: &[OwnerSample]) {
        self.0.owners(at, owners);
        self.1.owners(at, owners);
    }

    fn overlooked(&mut self, at: Time, class: u16, aftermath: Aftermath) {
        self.0.overlooked(at, class, aftermath);
        self.1.overlooked(at, class, aftermath);
    }

    fn replica_lag(&mut self, at: Time, replica: ReplicaId, lag: Span, reported: Span) {
        self.0.replica_lag(at, replica, lag, reported);
        self.1.replica_lag(at, replica, lag, reported);
    }

    fn shard_answers(&mut self, at: Time, shard: u16, reads: bool, writes: bool) {
        self.0.shard_answers(at, shard, reads, writes);
        self.1.shard_answers(at, shard, reads, writes);
    }

    fn incident(&mut self, at: Time, incident: Incident) {
        self.0.incident(at, incident);
        self.1.incident(at, incident);
    }

    fn crossed_zones(&mut self, at: Time, of_users: u64, of_nodes: u64) {
        self.0.crossed_zones(at, of_users, of_nodes);
        self.1.crossed_zones(at, of_users, of_nodes);
    }

    fn db_query(&mut self, sent: Time, done: Time) {
        self.0.db_query(sent, done);
        self.1.db_query(sent, done);
    }

    fn db_refused(&mut self, at: Time) {
        self.0.db_refused(at);
        self.1.db_refused(at);
    }

    fn window(&mut self, at: Time, nodes: &[NodeSample], live_sessions: u64, users_present: u64) {
        self.0.window(at, nodes, live_sessions, users_present);
        self.1.window(at, nodes, live_sessions, users_present);
    }

    fn minute(&mut self, at: Time, nodes: &[NodeSample]) {
        self.0.minute(at, nodes);
        self.1.minute(at, nodes);
    }

    fn measurement_begins(&mut self, at: Time, nodes: &[NodeSample], open_sessions: u64) {
        self.0.measurement_begins(at, nodes, open_sessions);
        self.1.measurement_begins(at, nodes, open_sessions);
    }

    fn run_ends(&mut self, at: Time, in_flight: u64, fingerprint: u64, complete: bool) {
        self.0.run_ends(at, in_flight, fingerprint, complete);
        self.1.run_ends(at, in_flight, fingerprint, complete);
    }
}
