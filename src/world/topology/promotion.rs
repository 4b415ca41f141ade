//! A replica becomes the primary: what it never had has never been.

use std::collections::BTreeMap;

use crate::probe::{KeyFate, Mark, NodeIncident, Probe, ShardTold};
use crate::session::KeyDeath;
use crate::store::keyspace::{KeyId, KeyState};
use crate::store::replication::link::Link;
use crate::store::replication::log::Record;
use crate::units::{Span, Time};
use crate::world::World;
use crate::world::owners::{ABANDONED, NOBODYS, RECORDED, WORKLOADS};
use crate::world::side::KeyAt;

use super::faults::NodeAt;
use super::history::Change;

impl<P: Probe> World<P> {
    /// It is time to promote a replica: the one that has most. If none has the data any more, they
    /// are lost, and a node that is there begins without any.
    pub(super) fn promote(&mut self, number: u16) {
        let now = self.now;
        let shard = &mut self.topology_mut().shards[number as usize];
        if shard.crashed.is_none() {
            return;
        }
        let mut best: Option<(u64, usize)> = None;
        for place in 0..shard.members.len() {
            if let Some(stream) = shard.with_data(place, now) {
                let applied = shard.history.stream.applied(stream, now);
                if best.is_none_or(|(most, _)| applied > most) {
                    best = Some((applied, place));
                }
            }
        }
        if let Some((_, place)) = best {
            self.take_over(number, place as u8);
        } else {
            if !shard.is_lost {
                self.lose_data(number);
            }
            let shard = &self.topology().shards[number as usize];
            let there = shard
                .members
                .iter()
                .position(|member| member.down.is_none());
            if let Some(place) = there {
                self.begin_empty(number, place as u8);
            }
        }
        self.state_answers(number);
    }

    /// Nobody has the data of a shard any more.
    pub(super) fn lose_data(&mut self, number: u16) {
        self.nodes[number as usize].keyspace_mut().lose_all();
        self.bury(number);
        let primary = NodeAt {
            shard: number,
            member: self.topology().shards[number as usize].primary,
        };
        self.state(NodeIncident::DataLost, primary);
        let topology = self.topology_mut();
        let shard = &mut topology.shards[number as usize];
        shard.is_lost = true;
        for member in &mut shard.members {
            member.stream = None;
            member.resync = None;
            member.serves = false;
        }
        let graves = shard.history.begin_anew(topology.wiring.backlog);
        let keyspace = self.nodes[number as usize].keyspace_mut();
        for key in graves {
            keyspace.release(key);
        }
    }

    /// A node without data is the primary from now on.
    pub(super) fn begin_empty(&mut self, number: u16, member: u8) {
        let now = self.now;
        let shard = &mut self.topology_mut().shards[number as usize];
        shard.primary = member;
        shard.crashed = None;
        shard.is_lost = false;
        let primary = &mut shard.members[usize::from(member)];
        primary.stream = None;
        self.tell_shard(number, &ShardTold::BeginsEmpty { node: member });
        let node = NodeAt {
            shard: number,
            member,
        };
        self.state(NodeIncident::BeganEmpty, node);
        self.nodes[number as usize].restart(now);
        self.attach_others(number);
    }

    /// All nodes that are there and do not follow the primary become its replicas anew.
    fn attach_others(&mut self, number: u16) {
        for place in 0..self.topology().shards[number as usize].members.len() {
            let shard = &self.topology().shards[number as usize];
            let member = &shard.members[place];
            let is_there = place != usize::from(shard.primary) && member.down.is_none();
            if is_there && member.stream.is_none() {
                self.attach(NodeAt {
                    shard: number,
                    member: place as u8,
                });
            }
        }
    }

    /// A replica is the primary from now on.
    fn take_over(&mut self, number: u16, promoted: u8) {
        let now = self.now;
        let topology = self.topology_mut();
        let shard = &topology.shards[number as usize];
        let zone = shard.members[usize::from(promoted)].zone;
        let zones: Vec<u8> = stream_zones(&shard.members);
        let links: Vec<Link> = zones
            .iter()
            .map(|to| topology.link_between(zone, *to))
            .collect();
        let shard = &mut topology.shards[number as usize];
        let crashed = shard.crashed.take().unwrap_or(now);
        let Some(stream) = shard.members[usize::from(promoted)].stream else {
            return;
        };
        let (mut undone, mut kept) = (Vec::new(), Vec::new());
        let promotion = shard.history.stream.promote(
            stream,
            now,
            |record| undone.push(*record),
            |place| {
                kept.push(place);
                links[place].clone()
            },
        );
        shard.primary = promoted;
        for member in &mut shard.members {
            member.stream = member
                .stream
                .and_then(|old| kept.iter().position(|place| *place == old));
            member.resync = None;
            member.serves &= member.stream.is_some();
        }
        shard.count_abroad();
        let node = NodeAt {
            shard: number,
            member: promoted,
        };
        self.state(NodeIncident::Promoted, node);
        let topology = self.topology();
        let shard = &topology.shards[number as usize];
        let wire = if shard.wire_lost {
            topology.mean_way(zone)
        } else {
            Span::ZERO
        };
        let (node, offset) = (promoted, promotion.offset);
        self.tell_shard(number, &ShardTold::Promoted { node, offset });
        self.nodes[number as usize].restart(now);
        self.undo(number, &undone, (crashed, wire), promotion.offset);
        self.attach_others(number);
    }

    /// Writes that the new primary never had are taken back, and the ledger is told.
    fn undo(
        &mut self,
        number: u16,
        undone: &[Record<Change>],
        (crashed, wire): (Time, Span),
        offset: u64,
    ) {
        let now = self.now;
        let keyspace = self.nodes[number as usize].keyspace_mut();
        let history = &mut self
            .topology
            .as_deref_mut()
            .expect("only a topology has faults")
            .shards[number as usize]
            .history;
        let mut before: BTreeMap<KeyId, (KeyState, bool)> = BTreeMap::new();
        for record in undone.iter().rev() {
            let change = &record.what;
            let held = keyspace.state(change.key);
            let entry = before.entry(change.key).or_insert((held, false));
            entry.1 |= change.is_value;
            keyspace.put_back(change.key, change.was, now);
            history.take_back(change);
        }
        let graves = history.reopen(offset);
        // What was taken back is not there as well.
        if let Err(broken) = history.check() {
            panic!("{broken} (seed {}, at {now:?})", self.seed);
        }
        for record in undone {
            self.tell_taken_back(number, record, (crashed, wire));
            // A reply that was on its way when the network lost it is none.
            let acknowledged = record.at.saturating_add(wire) <= crashed;
            if acknowledged && record.what.is_asked {
                let keyspace = self.nodes[number as usize].keyspace();
                let class = self.number_of(keyspace.owner(record.what.key));
                self.probe.mark(now, class, Mark::LostWrite, 1);
            }
        }
        for (key, (held, is_other)) in before {
            self.settle_key(
                KeyAt {
                    key: key.0,
                    node: number,
                },
                held,
                is_other,
            );
        }
        let keyspace = self.nodes[number as usize].keyspace_mut();
        for key in graves {
            if !keyspace.is_live(key) {
                keyspace.release(key);
            }
        }
    }

    /// What it means that a key is as it was before.
    fn settle_key(&mut self, at: KeyAt, held: KeyState, is_other: bool) {
        let key = KeyId(at.key);
        let now = self.now;
        let keyspace = self.nodes[at.node as usize].keyspace();
        let (holds, owner) = (keyspace.state(key), keyspace.owner(key));
        let is_back = !held.is_live && holds.is_found(now.millis());
        if is_back && owner >= ABANDONED && is_other {
            let class = self.number_of(owner);
            self.probe.mark(now, class, Mark::Resurrected, 1);
        }
        if owner >= NOBODYS && held.is_live && !holds.is_live {
            self.release_key(self.number_of(owner), at);
        }
        if owner >= RECORDED {
            if owner < WORKLOADS && held.is_live && !holds.is_live {
                self.recorded_key_died(owner - RECORDED, KeyDeath::Unreplicated);
            }
            return;
        }
        let session = self.visitors.get(owner).session;
        if session.key != at.key || session.node != at.node {
            return;
        }
        if !holds.is_live {
            self.tell_key(owner, at.node, KeyFate::NeverWas);
            self.ledger(owner, |session, probe, class, presence| {
                session.key_died(probe, class, now, KeyDeath::Unreplicated, presence);
            });
            self.settle(owner);
        } else if session.is_open() {
            let class = self.visitors.get(owner).user.class();
            if is_other {
                self.tell_key(owner, at.node, KeyFate::Older);
                self.probe.mark(now, class, Mark::StaleSession, 1);
            }
            if let Some(expires) = holds.expires {
                let end = Time::ZERO.saturating_add(Span::from_millis(expires));
                self.visitors.get_mut(owner).session.ends_by(end);
            }
        }
    }
}

/// The zones of all streams' replicas, by the streams' numbers.
fn stream_zones(members: &[super::shard::Member]) -> Vec<u8> {
    let mut zones: Vec<(usize, u8)> = members
        .iter()
        .filter_map(|member| Some((member.stream?, member.zone)))
        .collect();
    zones.sort_unstable();
    zones.into_iter().map(|(_, zone)| zone).collect()
}
