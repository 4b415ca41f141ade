//! The stream of what changes a shard's keys, and what each of its replicas has of it.

use std::collections::VecDeque;

use crate::kernel::memory::prefetch;
use crate::scenario::commands::CommandName;
use crate::store::keyspace::{Command, KeyId, KeyState, Keyspace, Outcome, Ttl};
use crate::store::node::Reply;
use crate::store::replication::limits::{Backlog, Clock};
use crate::store::replication::shard::Shard;
use crate::store::speed::wire;
use crate::units::Time;

use super::Age;

/// What the log keeps of a write: what it overwrote.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct Change {
    /// Offset of the write that made what was there before; 0 if that is older than the stream.
    version: u64,
    pub(super) was: KeyState,
    pub(in crate::world) key: KeyId,
    /// Whether the value changed, or the key came or went, and not its time to live alone.
    pub(super) is_value: bool,
    /// Whether a client asked for it: evictions and expiries are the server's own.
    pub(in crate::world) is_asked: bool,
}

/// A shard's history.
#[derive(Debug)]
pub(in crate::world) struct History {
    pub(super) stream: Shard<Change>,
    /// The offset of the last write to each key, by its number.
    versions: Vec<u64>,
    /// Keys that are gone and whose numbers are not given back before no replica can read them any
    /// more, nor a promotion bring them back: with the offset of the stream at that time.
    pub(super) graves: VecDeque<(u64, KeyId)>,
    /// The last write.
    last: Time,
}

impl History {
    pub(super) const fn new(stream: Shard<Change>) -> Self {
        Self {
            stream,
            versions: Vec::new(),
            graves: VecDeque::new(),
            last: Time::ZERO,
        }
    }

    #[inline]
    pub(super) fn replicates(&self) -> bool {
        !self.stream.replicas().is_empty()
    }

    /// Asks the processor for what is known of the key's last write.
    #[inline]
    pub(super) fn warm(&self, key: u32) {
        prefetch(&self.versions, key as usize);
    }

    #[inline]
    fn version(&self, key: KeyId) -> u64 {
        self.versions.get(key.0 as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn set_version(&mut self, key: KeyId, version: u64) {
        let place = key.0 as usize;
        if place >= self.versions.len() {
            self.grow(place);
        }
        self.versions[place] = version;
    }

    #[cold]
    fn grow(&mut self, place: usize) {
        let more = place + 1 - self.versions.len();
        if place >= self.versions.capacity() {
            // Not to twice its size, as the keys themselves.
            self.versions.reserve_exact(more + place / 32 + 64);
        }
        self.versions.resize(place + 1, 0);
    }

    /// The primary executed a command: what that changed goes into the stream, with what was held
    /// `before`. Bytes of the stream.
    #[inline]
    pub(super) fn executed(
        &mut self,
        keyspace: &Keyspace,
        command: &Command,
        (key, before): (KeyId, KeyState),
        reply: &Reply,
    ) -> u64 {
        let mut bytes = 0;
        let mut before = before;
        if !keyspace.deaths().is_empty() {
            bytes += self.buried(keyspace, reply.start);
            if keyspace.deaths().iter().any(|death| death.key == key) {
                before = KeyState::default();
            }
        }
        if changes(command, reply.outcome) {
            let is_value = !(command.name.is_expire() || command.name == CommandName::GetEx);
            let length = wire::replicated(command, keyspace.shape(key));
            bytes += self.write(reply.start, length, key, before, (is_value, true));
        }
        bytes
    }

    /// Keys died at the primary: it tells its replicas to delete them. Bytes of the
    /// stream.
    #[cold]
    pub(super) fn buried(&mut self, keyspace: &Keyspace, at: Time) -> u64 {
        let mut bytes = 0;
        for death in keyspace.deaths() {
            let length = wire::deleted(keyspace.shape(death.key));
            bytes += self.write(at, length, death.key, death.held, (true, false));
        }
        bytes
    }

    /// A write of `bytes` goes into the stream; `was` is what it overwrote. Bytes that it sends to
    /// other zones.
    #[inline]
    pub(super) fn write(
        &mut self,
        at: Time,
        bytes: u64,
        key: KeyId,
        was: KeyState,
        (is_value, is_asked): (bool, bool),
    ) -> u64 {
        self.last = self.last.max(at);
        let change = Change {
            version: self.version(key),
            was,
            key,
            is_value,
            is_asked,
        };
        let end = self.stream.write(self.last, bytes, change);
        self.set_version(key, end);
        bytes
    }

    /// What a replica that has everything up to `applied` holds under the key, the primary holding
    /// `now`, and whether that is another value.
    #[inline]
    pub(super) fn held_at(&self, key: KeyId, now: KeyState, applied: u64) -> (KeyState, bool) {
        let version = self.version(key);
        if version <= applied {
            return (now, false);
        }
        self.held_before(version, now, applied)
    }

    #[cold]
    fn held_before(&self, mut version: u64, mut held: KeyState, applied: u64) -> (KeyState, bool) {
        let mut is_other = false;
        let log = self.stream.log();
        while version > applied {
            // The record that ends there; of one that is forgotten nothing more is known, and the
            // first one that is kept says nothing of this key.
            let record = log.get(log.after(version - 1));
            let Some(record) = record.filter(|record| record.end == version) else {
                break;
            };
            held = record.what.was;
            is_other |= record.what.is_value;
            version = record.what.version;
        }
        (held, is_other)
    }

    /// What a read finds at a replica at `start`, and how old that is.
    pub(super) fn find_at(
        &mut self,
        stream: usize,
        key: KeyId,
        now: KeyState,
        start: Time,
    ) -> (Outcome, Age) {
        let applied = self.stream.applied(stream, start);
        let (held, is_other) = self.held_at(key, now, applied);
        // A replica hides what has expired by its own clock.
        let millis = start.millis();
        let (found, at_primary) = (held.is_found(millis), now.is_found(millis));
        let outcome = if found { Outcome::Hit } else { Outcome::Miss };
        let age = if !found && at_primary {
            Age::NotThere
        } else if is_other && (found || at_primary) {
            Age::Stale
        } else {
            Age::Fresh
        };
        (outcome, age)
    }

    /// A write is taken back: what it overwrote is there again.
    pub(super) fn take_back(&mut self, change: &Change) {
        self.set_version(change.key, change.version);
    }

    /// The stream was cut at `offset`: keys that went behind that are not gone.
    pub(super) fn reopen(&mut self, offset: u64) -> Vec<KeyId> {
        let keep = self.graves.partition_point(|(end, _)| *end <= offset);
        self.graves.drain(keep..).map(|(_, key)| key).collect()
    }

    /// All data are gone, and with them the replicas. The keys that are to be given back.
    pub(super) fn begin_anew(&mut self, backlog: Backlog) -> Vec<KeyId> {
        let end = self.stream.log().end();
        self.stream = Shard::starting_at(end, backlog, Clock::default());
        self.graves.drain(..).map(|(_, key)| key).collect()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let end = self.stream.log().end();
        let mut replicas = self.stream.replicas().iter();
        if replicas.any(|replica| replica.stream.applied() > end) {
            return Err("a replica is ahead of its primary".to_owned());
        }
        if self.versions.iter().any(|version| *version > end) {
            return Err("a key was written by what is not in the stream".to_owned());
        }
        Ok(())
    }

    /// A key is gone, and its number is to be given back once it can be.
    pub(in crate::world) fn dig(&mut self, key: KeyId) {
        self.graves.push_back((self.stream.log().end(), key));
    }

    /// Gives back the numbers of keys that nobody can ask for any more.
    pub(super) fn give_back(&mut self, keyspace: &mut Keyspace) {
        let start = self.stream.log().start();
        while let Some((offset, key)) = self.graves.front().copied() {
            if offset > start {
                break;
            }
            self.graves.pop_front();
            keyspace.release(key);
        }
    }
}

/// Whether a command changed its key.
#[inline]
pub(super) fn changes(command: &Command, outcome: Outcome) -> bool {
    match outcome {
        Outcome::Done => !command.name.is_keyless(),
        Outcome::Hit => command.name == CommandName::GetEx && command.ttl != Ttl::Keep,
        Outcome::Miss | Outcome::NotDone | Outcome::Oom => false,
    }
}
