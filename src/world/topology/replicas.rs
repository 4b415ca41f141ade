//! Every now and then somebody looks after the replicas: how far they are behind, whether their
//! output buffers are over the limit, and how those come back that were given up.

use crate::probe::{Incident, NodeIncident, Probe, ReplicaId};
use crate::store::replication::resync::FullResync;
use crate::units::{Span, Time};
use crate::world::World;
use crate::world::event::Event;

use super::TICK;
use super::shard::ShardOf;

/// `repl-diskless-sync-delay` of redis.conf and valkey.conf: the primary waits for further
/// replicas before it forks.
pub(super) const DISKLESS_DELAY: Span = Span::from_secs(5);

impl<P: Probe> World<P> {
    /// Puts the next look at the replicas on the agenda, if there are any.
    pub(in crate::world) fn expect_tick(&mut self) {
        if self
            .topology
            .as_ref()
            .is_some_and(|topology| topology.replicates())
        {
            self.schedule(self.now.saturating_add(TICK), Event::Tick);
        }
    }

    /// Looks after them.
    pub(in crate::world) fn look_after_replicas(&mut self) {
        let now = self.now;
        let Some(topology) = &mut self.topology else {
            return;
        };
        for (number, shard) in topology.shards.iter_mut().enumerate() {
            if shard.crashed.is_some() {
                continue;
            }
            let node = &mut self.nodes[number];
            shard.history.stream.settle(now);
            shard.history.give_back(node.keyspace_mut());
            for closed in shard.history.stream.enforce_limits(now) {
                shard.give_up(closed);
            }
            shard.reconnect(now, || node.keyspace().payload());
            for (stands_still, span) in shard.fork(now) {
                node.stand_still(stands_still, span);
            }
            let id = |place: usize| ReplicaId {
                shard: number as u16,
                node: place as u8,
            };
            let probe = &mut self.probe;
            shard.look_who_serves(now, |place| {
                probe.incident(now, Incident::Node(NodeIncident::Serves, id(place)));
            });
            for (place, lag, reported) in shard.lags(now) {
                self.probe.replica_lag(now, id(place), lag, reported);
            }
        }
        self.expect_tick();
    }

    /// States what went from zone to zone.
    pub(in crate::world) fn state_crossings(&mut self) {
        if let Some(topology) = &self.topology {
            let (of_users, of_nodes) = topology.crossed();
            self.probe.crossed_zones(self.now, of_users, of_nodes);
        }
    }
}

impl ShardOf {
    /// The member of a stream.
    fn member_of(&mut self, stream: usize) -> Option<&mut super::shard::Member> {
        let mut members = self.members.iter_mut();
        members.find(|member| member.stream == Some(stream))
    }

    /// A stream was closed.
    fn give_up(&mut self, stream: usize) {
        if let Some(member) = self.member_of(stream) {
            member.resync = None;
        }
        self.count_abroad();
    }

    /// Replicas without a stream ask for one: to go on from where they were, or to get everything
    /// anew, which is so many bytes.
    fn reconnect(&mut self, now: Time, payload: impl Fn() -> u64) {
        for place in 0..self.members.len() {
            let member = &self.members[place];
            let Some(stream) = member.stream else {
                continue;
            };
            let waits = member.resync.is_some() || member.down.is_some();
            let replicas = self.history.stream.replicas();
            if waits || replicas[stream].stream.is_open() || replicas[stream].stream.drained() > now
            {
                continue;
            }
            if !self.history.stream.reconnect(stream, now) {
                let link = self.history.stream.replicas()[stream].stream.link();
                let resync = FullResync {
                    data: payload(),
                    bits_per_second: link.bits_per_second,
                    is_diskless: true,
                    diskless_delay: DISKLESS_DELAY,
                    is_swapped: false,
                };
                self.members[place].resync = Some((now + DISKLESS_DELAY, resync));
            }
            self.count_abroad();
        }
    }

    /// The primary forks for those whose time has come. When it stands still for that, and how
    /// long.
    fn fork(&mut self, now: Time) -> Vec<(Time, Span)> {
        let mut stalls = Vec::new();
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            let due = member.resync.filter(|(forks, _)| *forks <= now);
            if let (Some((_, resync)), Some(stream)) = (due, member.stream) {
                member.resync = None;
                let asked = Time(now.0.saturating_sub(DISKLESS_DELAY.0));
                let stages = resync.stages(asked);
                self.history.stream.resynchronise(stream, stages);
                stalls.push((stages.forks, stages.forked.since(stages.forks)));
                self.count_abroad();
            }
        }
        stalls
    }

    /// A replica that has no data, or loads them, answers no reads, and is sent none. Of one that
    /// is gone nobody knows before that is noticed. Calls back for each that begins to.
    fn look_who_serves(&mut self, now: Time, mut begins: impl FnMut(usize)) {
        for place in 0..self.members.len() {
            let serves = self.with_data(place, now).is_some();
            let member = &mut self.members[place];
            if member.down.is_none() {
                if serves && !member.serves {
                    begins(place);
                }
                member.serves = serves;
            }
        }
    }

    /// How far each replica is behind, in truth and as the primary knows it.
    fn lags(&mut self, now: Time) -> Vec<(usize, Span, Span)> {
        let mut lags = Vec::with_capacity(self.members.len());
        for place in 0..self.members.len() {
            let Some(stream) = self.with_data(place, now) else {
                continue;
            };
            let history = &mut self.history;
            let lag = history.stream.lag(stream, now);
            let (offset, _) = history.stream.acknowledged(stream, now);
            let log = history.stream.log();
            let unknown = log.get(log.after(offset));
            let reported = unknown.map_or(Span::ZERO, |record| now.since(record.at));
            lags.push((place, lag, reported));
        }
        lags
    }
}
