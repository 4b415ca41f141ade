//! A shard: its nodes, and which of them a command goes to.

use crate::scenario::store::Reads;
use crate::store::node::Reader;
use crate::store::replication::resync::FullResync;
use crate::store::replication::stream::Stream;
use crate::units::{Span, Speed, Time};

use super::history::History;

/// A node of a shard.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) zone: u8,
    /// Its stream's number among those of the shard; `None` for the primary.
    pub(super) stream: Option<usize>,
    /// Its queue as a replica.
    pub(super) reader: Reader,
    /// When the primary forks for it and what it gets then, while that has not begun.
    pub(super) resync: Option<(Time, FullResync)>,
    /// Whether reads are sent there.
    pub(super) serves: bool,
    /// Whether it has failed, and nobody has taken its place yet.
    pub(super) down: Option<Down>,
    /// Faults that make its host slow, by their place in the scenario, and how fast it is then.
    pub(super) slow: Vec<(usize, Speed)>,
}

/// A node that has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Down {
    pub(super) since: Time,
    pub(super) silence: Silence,
    /// When another node takes its place.
    pub(super) until: Time,
}

/// What becomes of a command that nobody executes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    /// The host refuses it at once.
    Refuses,
    /// The application waits for so long.
    Waits(Span),
}

/// A shard.
#[derive(Debug)]
pub(super) struct ShardOf {
    pub(super) history: History,
    pub(super) members: Vec<Member>,
    pub(super) primary: u8,
    /// Replicas in other zones than the primary.
    pub(super) abroad: u64,
    /// When the primary failed, until another one is there.
    pub(super) crashed: Option<Time>,
    /// Whether what it had sent was lost with it.
    pub(super) wire_lost: bool,
    /// Whether the data are gone, too.
    pub(super) is_lost: bool,
    /// Since when everybody knows who is who.
    pub(super) known: Time,
}

impl ShardOf {
    pub(super) fn new(history: History, members: Vec<Member>) -> Self {
        let mut shard = Self {
            history,
            members,
            primary: 0,
            abroad: 0,
            crashed: None,
            wire_lost: false,
            is_lost: false,
            known: Time::ZERO,
        };
        shard.count_abroad();
        shard
    }

    /// Whether a replica is there and has data that it could be promoted with; its stream.
    pub(super) fn with_data(&mut self, member: usize, now: Time) -> Option<usize> {
        let member = &self.members[member];
        let stream = member.stream.filter(|_| member.down.is_none())?;
        let has_data = self.history.stream.has_data(stream, now);
        has_data.then_some(stream)
    }

    /// Counts the replicas in other zones than the primary.
    pub(super) fn count_abroad(&mut self) {
        let home = self.zone(self.primary);
        let streams = self.history.stream.replicas();
        let abroad = self.members.iter().filter(|member| {
            let stream = member.stream.map(|stream| &streams[stream].stream);
            member.zone != home && stream.is_some_and(Stream::is_open)
        });
        self.abroad = abroad.count() as u64;
    }

    #[inline]
    pub(super) fn zone(&self, member: u8) -> u8 {
        self.members[usize::from(member)].zone
    }

    #[inline]
    pub(super) const fn primary(&self) -> u8 {
        self.primary
    }

    /// Whether somebody answers what is read as the scenario says, and what is written.
    pub(super) fn answers(&self, reads: Reads) -> (bool, bool) {
        let writes = self.crashed.is_none();
        let replicas = self.members.iter().enumerate();
        let mut asked = replicas
            .filter(|(place, member)| *place != usize::from(self.primary) && member.serves)
            .peekable();
        // Those who read at replicas ask the primary where there is none, or in their zone.
        let asks_primary =
            reads == Reads::Primary || reads == Reads::SameZone || asked.peek().is_none();
        let replica = reads != Reads::Primary && asked.any(|(_, member)| member.down.is_none());
        (replica || asks_primary && writes, writes)
    }

    /// Whether any node that is there has the data, or will have applied them.
    pub(super) fn has_data_left(&self) -> bool {
        let there = self.members.iter().filter(|member| member.down.is_none());
        let mut streams = there.filter_map(|member| member.stream);
        streams.any(|stream| self.history.stream.will_have_data(stream))
    }

    /// The node that a command which only reads goes to, by uniform bits.
    pub(super) fn reader(&self, reads: Reads, client: u8, bits: impl FnOnce() -> u64) -> u8 {
        let is_replica = |(place, _): &(usize, &Member)| *place != usize::from(self.primary);
        let replicas = || self.members.iter().enumerate().filter(is_replica);
        let serves = |(_, member): &(usize, &Member)| member.serves;
        let near = |(_, member): &(usize, &Member)| member.zone == client;
        let at_home = reads == Reads::SameZone;
        let mut number = 0;
        if at_home {
            number = replicas().filter(serves).filter(near).count();
            if number == 0 && self.zone(self.primary) == client {
                return self.primary;
            }
        }
        let only_near = number > 0;
        if !only_near {
            number = replicas().filter(serves).count();
        }
        if number == 0 {
            return self.primary;
        }
        // The high bits choose: as good as any, and no division.
        let chosen = (((bits() >> 32) * number as u64) >> 32) as usize;
        let mut candidates = replicas().filter(serves).filter(|m| !only_near || near(m));
        let chosen = candidates.nth(chosen);
        chosen.map_or(self.primary, |(place, _)| place as u8)
    }
}
