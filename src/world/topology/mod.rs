//! Shards of several nodes, and zones in which nodes and users stand.
//!
//! A world without replicas, zones and faults has no [`Topology`], and its requests take the short
//! way (`journey.rs`). With one they take that of `arrive.rs` here: to the node and from it over the
//! way between two zones, at a replica for what only reads if the scenario says so. A shard has one
//! keyspace, its primary's, and the stream of what changes it (`shard.rs`): a replica is an offset
//! of that stream (docs/decisions/005). Every now and then `replicas.rs` looks after the
//! replicas.

mod arrive;
mod build;
mod faults;
mod history;
mod promotion;
mod replicas;
mod shard;

use std::collections::BTreeSet;

use crate::kernel::quantiles::Quantiles;
use crate::probe::VisitId;
use crate::scenario::faults::FaultSpec;
use crate::scenario::store::{Reads, StoreSpec};
use crate::store::keyspace::{Command, Outcome};
use crate::units::Span;

use build::Wiring;
use faults::Happening;
pub(in crate::world) use history::Change;
use history::History;
use shard::ShardOf;

/// The nodes behind the shards, and the ways to them.
#[derive(Debug)]
pub(super) struct Topology {
    /// One way from zone to zone: `ways[from * zones + to]`.
    ways: Vec<Quantiles>,
    zones: usize,
    /// The zone of each class of users, if it has one.
    homes: Vec<Option<u8>>,
    reads: Reads,
    shards: Vec<ShardOf>,
    /// Whether any shard has replicas.
    replicates: bool,
    /// Bytes from zone to zone between users and nodes since the start of the run.
    crossed: u64,
    /// Bytes that nodes sent to replicas in other zones, likewise.
    replicated: u64,
    wiring: Wiring,
    faults: Vec<FaultSpec>,
    happenings: Vec<Happening>,
    /// Zones that have failed: their users are served in the next one that has not.
    dark: Vec<bool>,
    spec: StoreSpec,
    /// Visits of which a request got no answer.
    troubled: BTreeSet<VisitId>,
}

/// Where a command goes, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// Zone of the application's instance.
    client: u8,
    /// The node within its shard.
    pub(super) member: u8,
}

impl Topology {
    /// The zone in which the user's requests come to the application: that of the class, or one
    /// after the other.
    #[inline]
    fn zone_of(&self, class: u16, number: u64) -> u8 {
        if self.zones == 1 {
            return 0;
        }
        let zone = match self.homes.get(class as usize) {
            Some(Some(zone)) => *zone,
            _ => (number % self.zones as u64) as u8,
        };
        if self.dark[usize::from(zone)] {
            self.beside(zone)
        } else {
            zone
        }
    }

    /// The zone that serves the users of one that has failed.
    #[cold]
    fn beside(&self, zone: u8) -> u8 {
        let zones = self.zones;
        let others = (1..zones).map(|step| (usize::from(zone) + step) % zones);
        let mut lit = others.filter(|zone| !self.dark[*zone]);
        lit.next().map_or(zone, |zone| zone as u8)
    }

    /// One way between the application's instance in zone `client` and a node, by uniform bits.
    #[inline]
    fn way(&self, shard: u16, route: Route, bits: u64) -> Span {
        let to = self.shards[shard as usize].zone(route.member);
        let way = &self.ways[usize::from(route.client) * self.zones + usize::from(to)];
        Span(way.draw(bits))
    }

    /// The node that a command goes to.
    #[inline]
    fn route(&self, shard: u16, client: u8, reads: bool, bits: impl FnOnce() -> u64) -> Route {
        let shard = &self.shards[shard as usize];
        let member = if reads && self.reads != Reads::Primary {
            shard.reader(self.reads, client, bits)
        } else {
            shard.primary()
        };
        Route { client, member }
    }

    /// A command and its reply of so many bytes went from one zone to another, if they did.
    #[inline]
    fn meter(&mut self, shard: u16, route: Route, bytes: impl FnOnce() -> u64) {
        if self.zones > 1 && self.shards[shard as usize].zone(route.member) != route.client {
            self.crossed += bytes();
        }
    }

    /// Bytes from zone to zone since the start of the run: of users, and of replication.
    pub(super) const fn crossed(&self) -> (u64, u64) {
        (self.crossed, self.replicated)
    }

    /// Whether there is something to look after.
    pub(super) const fn replicates(&self) -> bool {
        self.replicates
    }

    /// What goes into the stream of a shard, if that has replicas; and how often its bytes go to
    /// another zone.
    #[inline]
    pub(super) fn history_of(&mut self, shard: u16) -> Option<&mut History> {
        let history = &mut self.shards[shard as usize].history;
        history.replicates().then_some(history)
    }

    /// Whether a shard has a primary that answers.
    pub(super) fn is_served(&self, shard: u16) -> bool {
        self.shards[shard as usize].crashed.is_none()
    }

    /// What a node has of its shard's stream: the primary behind a command that changed something, a
    /// replica when it reads.
    pub(super) fn offset_of(
        &self,
        shard: u16,
        node: u8,
        command: &Command,
        outcome: Outcome,
    ) -> Option<u64> {
        let shard = &self.shards[shard as usize];
        let member = &shard.members[usize::from(node)];
        let stream = &shard.history.stream;
        match member.stream {
            Some(number) if node != shard.primary => {
                Some(stream.replicas()[number].stream.applied())
            }
            _ if shard.history.replicates() && history::changes(command, outcome) => {
                Some(stream.log().end())
            }
            _ => None,
        }
    }

    /// No replica is ahead of its primary, and no key was written by what is not in the stream.
    ///
    /// # Errors
    /// Says what does not hold.
    pub(super) fn check(&self) -> Result<(), String> {
        self.shards
            .iter()
            .try_for_each(|shard| shard.history.check())
    }

    /// Bytes went into the stream of a shard.
    #[inline]
    pub(super) fn streamed(&mut self, shard: u16, bytes: u64) {
        self.replicated += bytes * self.shards[shard as usize].abroad;
    }
}

/// The time between two looks at the replicas: the golden section of a second, so that looks fall on
/// all phases of what happens once a second, such as the replicas' acknowledgements.
pub(super) const TICK: Span = Span::from_nanos(618_033_989);

/// Whether a command came too early for what it looked for at a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world) enum Age {
    /// It saw what the primary has.
    Fresh,
    /// It saw what the primary had before.
    Stale,
    /// It did not see what the primary has: the replica had none of it.
    NotThere,
}
