//! What fails, who notices, and what comes back.
//!
//! A fault strikes nodes. If a shard's primary is among them, nobody answers for the shard until
//! a replica is promoted (`promotion.rs`), after a time that the fault itself gives; if no node is
//! left that has the data, they are lost at once, and whoever is there first begins without any. A
//! node that failed is replaced by one without data, which gets them anew as a replica.

use crate::probe::{Incident, NodeIncident, Probe, ReplicaId, ShardTold};
use crate::scenario::faults::{FaultKind, FaultSpec, Wire};
use crate::store::replication::resync::FullResync;
use crate::store::replication::stream::Failure;
use crate::units::{Span, Speed, Time};
use crate::world::World;
use crate::world::event::Event;

use super::Topology;
use super::replicas::DISKLESS_DELAY;
use super::shard::{Down, ShardOf, Silence};

/// What is going to happen to the nodes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    /// A fault of the scenario strikes.
    Strikes(usize),
    /// It is time to promote a replica of a shard.
    Promotes(u16),
    /// Everybody knows that a replica is lost.
    Noticed(NodeAt, Time),
    /// Another node takes the place of one that failed at a time.
    Returns(NodeAt, Time),
    /// A slow node is as fast as before.
    Recovers(NodeAt),
    /// A zone is there again.
    Lights(u8),
}

/// A node, by its shard and its place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeAt {
    pub(super) shard: u16,
    pub(super) member: u8,
}

impl<P: Probe> World<P> {
    /// Puts the scenario's faults on the agenda.
    pub(in crate::world) fn expect_faults(&mut self) {
        let Some(topology) = &self.topology else {
            return;
        };
        for number in 0..topology.faults.len() {
            let at = Time::ZERO + self.topology().faults[number].at;
            self.expect(at, Happening::Strikes(number));
        }
    }

    pub(super) fn expect(&mut self, at: Time, happening: Happening) {
        let happenings = &mut self.topology_mut().happenings;
        happenings.push(happening);
        let number = happenings.len() as u32 - 1;
        self.schedule(at, Event::Happening(number));
    }

    /// Something happens to the nodes.
    #[cold]
    pub(in crate::world) fn happen(&mut self, number: u32) {
        match self.topology().happenings[number as usize] {
            Happening::Strikes(fault) => {
                self.probe.incident(self.now, Incident::Fault(fault as u16));
                let fault = self.topology().faults[fault].clone();
                self.strike(&fault);
            }
            Happening::Promotes(shard) => self.promote(shard),
            Happening::Noticed(node, since) => {
                let shard = &mut self.topology_mut().shards[node.shard as usize];
                let member = &mut shard.members[usize::from(node.member)];
                if member.down.is_some_and(|down| down.since == since) {
                    member.serves = false;
                }
            }
            Happening::Returns(node, since) => self.replace(node, since),
            Happening::Recovers(node) => {
                self.change_speed(node, Speed::SAME);
                self.state(NodeIncident::Recovered, node);
            }
            Happening::Lights(zone) => {
                self.topology_mut().dark[usize::from(zone)] = false;
                self.probe.incident(self.now, Incident::ZoneBack(zone));
            }
        }
    }

    fn strike(&mut self, fault: &FaultSpec) {
        let shard = fault.shard as u16;
        let primary = self.topology().shards[shard as usize].primary;
        let node = |member: u8| NodeAt { shard, member };
        match fault.kind {
            FaultKind::ProcessCrash | FaultKind::HostLoss => self.fail(&[node(primary)], fault),
            FaultKind::ReplicaLoss => self.fail(&[node(fault.replica as u8)], fault),
            FaultKind::ZoneOutage => {
                let zone = fault.zone as u8;
                let nodes = self.topology().nodes_in(zone);
                self.topology_mut().dark[usize::from(zone)] = true;
                let back = self.now.saturating_add(fault.replacement);
                self.expect(back, Happening::Lights(zone));
                self.fail(&nodes, fault);
            }
            FaultKind::SlowNode => {
                let member = if fault.replica == 0 {
                    primary
                } else {
                    fault.replica as u8
                };
                self.change_speed(node(member), fault.speed);
                let back = self.now.saturating_add(fault.lasts);
                self.expect(back, Happening::Recovers(node(member)));
            }
        }
    }

    /// Nodes fail, all at once.
    fn fail(&mut self, nodes: &[NodeAt], fault: &FaultSpec) {
        let now = self.now;
        let silence = match fault.kind {
            FaultKind::ProcessCrash => Silence::Refuses,
            _ => Silence::Waits(fault.timeout),
        };
        let down = Down {
            since: now,
            silence,
        };
        let mut struck = Vec::new();
        for node in nodes {
            let member = self.topology_mut().member_mut(*node);
            if member.down.is_none() {
                member.down = Some(down);
                struck.push(*node);
            }
        }
        for node in struck {
            let shard = &self.topology().shards[node.shard as usize];
            if shard.primary == node.member {
                // What stands in for a primary that failed is none before it is promoted.
                let what = match shard.crashed {
                    None => NodeIncident::PrimaryDown,
                    Some(_) => NodeIncident::ReplicaDown,
                };
                self.state(what, node);
                self.primary_fails(node.shard, fault);
            } else {
                self.state(NodeIncident::ReplicaDown, node);
                let shard = &mut self.topology_mut().shards[node.shard as usize];
                shard.lose_replica(node.member, now);
                let noticed = now.saturating_add(fault.promotion);
                self.expect(noticed, Happening::Noticed(node, now));
            }
            let back = now.saturating_add(fault.replacement);
            self.expect(back, Happening::Returns(node, now));
            self.state_answers(node.shard);
        }
    }

    fn primary_fails(&mut self, number: u16, fault: &FaultSpec) {
        let now = self.now;
        let failure = match (fault.kind, fault.wire) {
            (FaultKind::ProcessCrash, _) => Failure::Process,
            (_, Wire::Delivered) => Failure::Host,
            (_, Wire::Lost) => Failure::HostAndWire,
        };
        let shard = &mut self.topology_mut().shards[number as usize];
        if shard.crashed.is_some() {
            // It had not been promoted yet.
            return;
        }
        shard.crashed = Some(now);
        shard.wire_lost = failure == Failure::HostAndWire;
        let reached = shard.history.stream.fail(now, failure);
        let there = shard.members.iter().filter(|member| member.down.is_none());
        let with_data: Vec<(u64, Time)> = there
            .filter_map(|member| member.stream)
            .filter(|stream| shard.history.stream.will_have_data(*stream))
            .map(|stream| reached[stream])
            .collect();
        let fails = ShardTold::Fails {
            node: shard.primary,
            offset: shard.history.stream.log().end(),
            survives: with_data.iter().map(|(offset, _)| *offset).max(),
        };
        let drained = with_data.iter().map(|(_, at)| *at).max();
        self.tell_shard(number, &fails);
        if drained.is_none() {
            self.lose_data(number);
        }
        // What is still on its way is applied before anybody is promoted.
        let promotion = now.saturating_add(fault.promotion);
        let at = promotion.max(drained.unwrap_or(promotion));
        self.expect(at, Happening::Promotes(number));
    }

    /// Another node is there instead of one that failed, without data.
    fn replace(&mut self, node: NodeAt, since: Time) {
        let now = self.now;
        let member = self.topology_mut().member_mut(node);
        if member.down.is_none_or(|down| down.since != since) {
            return;
        }
        member.down = None;
        member.serves = false;
        member.reader.restart(now);
        self.state(NodeIncident::Replaced, node);
        let shard = &self.topology().shards[node.shard as usize];
        if shard.crashed.is_none() {
            self.attach(node);
        } else if shard.is_lost {
            self.begin_empty(node.shard, node.member);
        }
        // Otherwise somebody is about to be promoted, and takes it up then.
        self.state_answers(node.shard);
    }

    /// A node without data, or with those of another history, becomes a replica: it gets them anew.
    pub(super) fn attach(&mut self, node: NodeAt) {
        let now = self.now;
        let data = self.nodes[node.shard as usize].keyspace().payload();
        let topology = self.topology_mut();
        let link = topology.link(node);
        let shard = &mut topology.shards[node.shard as usize];
        let stream = shard.members[usize::from(node.member)].stream;
        let stream = stream.unwrap_or_else(|| {
            let limit = topology.wiring.limit();
            let first = now.saturating_add(Span(link.draws % 1_000_000_000));
            shard.history.stream.add(link.clone(), limit, first, now)
        });
        let member = &mut shard.members[usize::from(node.member)];
        member.stream = Some(stream);
        member.serves = false;
        let resync = FullResync {
            data,
            bits_per_second: link.bits_per_second,
            is_diskless: true,
            diskless_delay: DISKLESS_DELAY,
            is_swapped: false,
        };
        member.resync = Some((now.saturating_add(DISKLESS_DELAY), resync));
        let streams = &mut shard.history.stream;
        streams.disconnect(stream, now, Failure::Process);
        streams.lose_data(stream);
        shard.count_abroad();
    }

    fn change_speed(&mut self, node: NodeAt, speed: Speed) {
        let spec = self.topology().spec.clone();
        let shard = &mut self.topology_mut().shards[node.shard as usize];
        if shard.primary == node.member {
            self.nodes[node.shard as usize].change_speed(&spec, speed);
        } else {
            shard.members[usize::from(node.member)]
                .reader
                .change_speed(&spec, speed);
        }
    }

    /// States what happened to a node.
    pub(super) fn state(&mut self, what: NodeIncident, node: NodeAt) {
        let id = ReplicaId {
            shard: node.shard,
            node: node.member,
        };
        self.probe.incident(self.now, Incident::Node(what, id));
    }

    /// States whether somebody answers for a shard.
    pub(super) fn state_answers(&mut self, number: u16) {
        let (reads, writes) = self.topology().shards[number as usize].answers();
        self.probe.shard_answers(self.now, number, reads, writes);
    }

    pub(super) fn topology(&self) -> &Topology {
        self.topology
            .as_deref()
            .expect("only a topology has faults")
    }

    pub(super) fn topology_mut(&mut self) -> &mut Topology {
        self.topology
            .as_deref_mut()
            .expect("only a topology has faults")
    }
}

impl Topology {
    fn nodes_in(&self, zone: u8) -> Vec<NodeAt> {
        let mut nodes = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            for (place, member) in shard.members.iter().enumerate() {
                if member.zone == zone {
                    nodes.push(NodeAt {
                        shard: number as u16,
                        member: place as u8,
                    });
                }
            }
        }
        nodes
    }

    pub(super) fn member_mut(&mut self, node: NodeAt) -> &mut super::shard::Member {
        &mut self.shards[node.shard as usize].members[usize::from(node.member)]
    }
}

impl ShardOf {
    /// A replica's host is gone.
    fn lose_replica(&mut self, member: u8, now: Time) {
        let member = &mut self.members[usize::from(member)];
        member.resync = None;
        if let Some(stream) = member.stream {
            self.history.stream.disconnect(stream, now, Failure::Host);
            self.history.stream.lose_data(stream);
        }
        self.count_abroad();
    }

    /// Whether somebody answers reads, and writes.
    fn answers(&self) -> (bool, bool) {
        let writes = self.crashed.is_none();
        let replica = |member: &super::shard::Member| {
            member.serves && member.stream.is_some() && member.down.is_none()
        };
        (writes || self.members.iter().any(replica), writes)
    }
}
