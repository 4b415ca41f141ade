//! Recorded traffic through one keyspace, as one client sends it.
//!
//! A trace is a list of rows in the order of time: reads that store what they miss, writes,
//! renewals of a TTL and deletions. The client sends one command at a time, waits for each reply
//! and remembers what it stored, so it can tell for each miss why the key was not there.
//!
//! The clock is that of the measured reference runs: each row comes at its millisecond, 10 us
//! after the row before at the earliest, and the server's cron runs as soon as a command, or a
//! tick of 10 ms in a longer silence, lets it.

pub mod compressed;
pub mod deployment;
mod ledger;

use crate::kernel::places::Places;
use crate::kernel::streams::Streams;
use crate::scenario::commands::CommandName;
use crate::scenario::store::StoreSpec;
use crate::store::keyspace::{
    Command, CpuTime, KeyId, Keyspace, Outcome, Shape, ShapeId, ShapeKind, Ttl,
};
use crate::traffic::trace::{Operation, Row};
use crate::units::{Span, Time};

pub use ledger::{Counts, FinalKeys};
use ledger::{Ledger, Missing};

/// What a replay needs besides its rows.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The node.
    pub store: StoreSpec,
    /// Length of every key's name in bytes.
    pub key_length: u32,
    /// How values are stored.
    pub kind: ShapeKind,
    /// Time 0 on the server's clock, in milliseconds since 1970.
    pub start_unix_ms: u64,
    /// When the replay ends.
    pub end: Time,
    /// Time between two samples.
    pub sample_every: Span,
    /// Seed of the node's hash and of its sampling.
    pub seed: u64,
}

/// 1 January 2027, a whole minute.
const START_UNIX_MS: u64 = 1_798_761_600_000;

impl Default for Setup {
    /// A server of one's own without a limit, as upstream configures it (`redis.conf`), with
    /// strings under keys of 40 bytes; nothing is sampled before the end.
    fn default() -> Self {
        Self {
            store: StoreSpec::upstream(),
            key_length: 40,
            kind: ShapeKind::String,
            start_unix_ms: START_UNIX_MS,
            end: Time::NEVER,
            sample_every: Time::NEVER.since(Time::ZERO),
            seed: 1,
        }
    }
}

/// The node at a moment, before the rows of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The moment.
    pub at: Time,
    /// `used_memory` in bytes.
    pub used_memory: u64,
    /// `DBSIZE`.
    pub keys: u64,
    /// Keys with a TTL.
    pub expires: u64,
    /// `evicted_keys` so far.
    pub evicted_keys: u64,
    /// `expired_keys` so far.
    pub expired_keys: u64,
}

/// What a replay found.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Rows and what became of them.
    pub counts: Counts,
    /// One for each period, and one at the end.
    pub samples: Vec<Sample>,
    /// The keys at the end.
    pub final_keys: FinalKeys,
    /// Where the books do not balance; a bug.
    pub broken: Option<String>,
}

/// Least time between two rows (see the module).
const BETWEEN_ROWS: Span = Span::from_micros(10);
/// A silence is cut into ticks of this length.
const TICK: Span = Span::from_millis(10);
/// How many rows ahead a key's records are asked for; its place in the table twice as many.
const ROWS_AHEAD: usize = 8;
/// After as many ticks nothing more happens in a node without keys that could expire: all its
/// tables have found their size.
const SETTLED_AFTER: u64 = 6_000;

/// A replay under way.
#[derive(Debug)]
pub struct Replay {
    keyspace: Keyspace,
    shape: ShapeId,
    is_hash: bool,
    table: Places,
    ledger: Ledger,
    now: Time,
    end: Time,
    cron_period: Span,
    next_cron: Time,
    sample_every: Span,
    next_sample: Time,
    samples: Vec<Sample>,
}

impl Replay {
    /// A replay at time 0, with an empty node.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self::of_shard(setup, 0)
    }

    /// Likewise of one shard of several.
    fn of_shard(setup: &Setup, index: u32) -> Self {
        let rng = Streams::new(setup.seed, 0).stream(&format!("node/{index}"));
        let mut keyspace =
            Keyspace::new(&setup.store, rng, setup.start_unix_ms, CpuTime::default());
        let shape = keyspace.register(Shape {
            key_length: setup.key_length,
            kind: setup.kind,
        });
        Self {
            keyspace,
            shape,
            is_hash: setup.kind != ShapeKind::String,
            table: Places::default(),
            ledger: Ledger::default(),
            now: Time::ZERO,
            end: setup.end,
            cron_period: Span(1_000_000_000 / u64::from(setup.store.hz.max(1))),
            next_cron: Time::ZERO + TICK,
            sample_every: setup.sample_every,
            next_sample: Time::ZERO + setup.sample_every,
            samples: Vec::new(),
        }
    }

    /// The next rows, none of which may lie before the one above it. The same as one by one, and
    /// faster: each row's key is looked up some rows ahead, and its records are asked for then.
    pub fn rows(&mut self, rows: &[Row]) {
        for row in &rows[..rows.len().min(2 * ROWS_AHEAD)] {
            self.table.warm(row.key);
        }
        let mut keys = [KeyId(0); ROWS_AHEAD];
        for (row, key) in rows.iter().zip(&mut keys) {
            *key = self.find_ahead(row);
        }
        for (place, row) in rows.iter().enumerate() {
            if let Some(far) = rows.get(place + 2 * ROWS_AHEAD) {
                self.table.warm(far.key);
            }
            let key = keys[place % ROWS_AHEAD];
            if let Some(next) = rows.get(place + ROWS_AHEAD) {
                keys[place % ROWS_AHEAD] = self.find_ahead(next);
            }
            self.row_on(row, key);
        }
    }

    /// The key of a row whose turn comes soon. That a new one is known early changes nothing: its
    /// number is that of its first row among all rows.
    #[inline]
    fn find_ahead(&mut self, row: &Row) -> KeyId {
        let key = self.key(row.key, 0);
        self.keyspace.warm(key);
        self.ledger.warm(key.0);
        key
    }

    /// The next row, which must not lie before the last one.
    #[inline]
    pub fn row(&mut self, row: &Row) {
        self.row_in_slot(row, 0);
    }

    /// The next row, on a key of hash slot `slot`.
    #[inline]
    fn row_in_slot(&mut self, row: &Row, slot: u16) {
        let key = self.key(row.key, slot);
        self.row_on(row, key);
    }

    /// The next row, on a key that is known.
    #[inline]
    fn row_on(&mut self, row: &Row, key: KeyId) {
        let at = Time(row.millis * 1_000_000);
        if at >= self.next_sample {
            self.sample_until(at);
        }
        self.advance(at.max(self.now + BETWEEN_ROWS));
        match row.operation {
            Operation::Get => self.get(key, row),
            Operation::Set => self.set(key, row),
            Operation::Touch => self.touch(key, row),
            Operation::Delete => self.delete(key),
        }
        while let Some(_death) = self.keyspace.pop_death() {}
    }

    /// The end of the trace, and of the replay, which lasts until the setup's end.
    #[must_use]
    pub fn finish(self) -> Replayed {
        let end = self.end;
        self.finish_at(end)
    }

    /// The end of the trace, and of the replay at `end` or behind its last row.
    #[must_use]
    pub fn finish_at(mut self, end: Time) -> Replayed {
        self.end = end.max(self.now);
        self.sample_until(self.end);
        if self
            .samples
            .last()
            .is_none_or(|sample| sample.at < self.end)
        {
            self.advance(self.end);
            self.take_sample();
        }
        let keyspace = &self.keyspace;
        let final_keys = self.ledger.final_keys(self.now, |key| {
            keyspace.is_live(key) && !keyspace.is_expired(key, self.now)
        });
        let mut counts = self.ledger.counts;
        counts.evicted_keys = keyspace.stats().evicted_keys;
        counts.expired_keys = keyspace.stats().expired_keys;
        Replayed {
            counts,
            samples: self.samples,
            final_keys,
            broken: keyspace.check().err(),
        }
    }

    /// The node's keys, for a look at them.
    pub const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    #[inline]
    fn key(&mut self, number: u64, slot: u16) -> KeyId {
        let (place, new) = self.table.place(number);
        if new {
            let key = self.keyspace.create(number, slot, self.shape, 0);
            // Ids are dense and none is given back, so that both count alike.
            assert_eq!(key.0, place, "the keyspace numbers keys in order");
            self.ledger.add();
        }
        KeyId(place)
    }

    /// Moves the clock, in ticks if the way is long.
    #[inline]
    fn advance(&mut self, to: Time) {
        if to > self.now + TICK {
            self.tick_until(to);
        }
        self.now = self.now.max(to);
    }

    #[inline(never)]
    fn tick_until(&mut self, to: Time) {
        let mut ticks = 0;
        while to > self.now + TICK {
            self.now += TICK;
            self.cron_if_due();
            ticks += 1;
            if ticks == SETTLED_AFTER && self.keyspace.expires() == 0 {
                // The cron's phase stays what it would have been.
                let left = (to - self.now).0 / self.cron_period.0;
                let whole = left.saturating_sub(1) * self.cron_period.0;
                let skipped = Span(whole - whole % TICK.0);
                self.now += skipped;
                self.next_cron += skipped;
            }
        }
    }

    /// The server looks at its timers after each command.
    #[inline]
    fn cron_if_due(&mut self) {
        if self.now >= self.next_cron {
            self.keyspace.cron(self.now);
            self.next_cron = self.now + self.cron_period;
        }
    }

    #[inline]
    fn execute(&mut self, name: CommandName, key: KeyId, bytes: u32, ttl: Ttl) -> Outcome {
        let command = Command { name, bytes, ttl };
        let outcome = self.keyspace.execute(&command, key, self.now);
        self.cron_if_due();
        outcome
    }

    #[inline]
    fn get(&mut self, key: KeyId, row: &Row) {
        let name = if self.is_hash {
            CommandName::HGetAll
        } else {
            CommandName::Get
        };
        if self.execute(name, key, 0, Ttl::Keep) == Outcome::Hit {
            self.ledger.counts.get_hits += 1;
            self.ledger.accessed(key, self.now);
            return;
        }
        match self.ledger.why_missing(key, self.now) {
            Missing::Cold => self.ledger.counts.miss_cold += 1,
            Missing::Expired => self.ledger.counts.miss_expired += 1,
            Missing::Deleted => self.ledger.counts.miss_deleted += 1,
            Missing::Rejected => self.ledger.counts.miss_rejected += 1,
            Missing::Lost => self.ledger.counts.miss_lost += 1,
        }
        self.set(key, row);
    }

    #[inline]
    fn set(&mut self, key: KeyId, row: &Row) {
        let ttl = Span::from_millis(row.ttl_millis);
        let with_ttl = row.ttl_millis > 0;
        let stored = if self.is_hash {
            let stored = self.execute(CommandName::HSet, key, row.bytes, Ttl::Keep);
            if stored == Outcome::Done && with_ttl {
                self.execute(CommandName::Expire, key, 0, Ttl::In(ttl));
            }
            stored
        } else {
            let ttl = if with_ttl { Ttl::In(ttl) } else { Ttl::Clear };
            self.execute(CommandName::Set, key, row.bytes, ttl)
        };
        if stored == Outcome::Done {
            self.ledger.counts.sets_ok += 1;
            let expires = if with_ttl {
                self.now + ttl
            } else {
                Time::NEVER
            };
            self.ledger.stored(key, self.now, expires);
        } else {
            self.ledger.counts.sets_refused += 1;
            self.ledger.refused(key);
        }
    }

    #[inline]
    fn touch(&mut self, key: KeyId, row: &Row) {
        let ttl = Span::from_millis(row.ttl_millis);
        if self.execute(CommandName::Expire, key, 0, Ttl::In(ttl)) == Outcome::Done {
            self.ledger.counts.touch_hits += 1;
            self.ledger.renewed(key, self.now, self.now + ttl);
        } else {
            self.ledger.counts.touch_misses += 1;
        }
    }

    fn delete(&mut self, key: KeyId) {
        if self.execute(CommandName::Del, key, 0, Ttl::Keep) == Outcome::Done {
            self.ledger.counts.delete_hits += 1;
        } else {
            self.ledger.counts.delete_misses += 1;
        }
        self.ledger.deleted(key);
    }

    #[cold]
    fn sample_until(&mut self, at: Time) {
        while self.next_sample <= at && self.next_sample <= self.end {
            self.advance(self.next_sample);
            self.take_sample();
            self.next_sample += self.sample_every;
        }
    }

    fn take_sample(&mut self) {
        let stats = *self.keyspace.stats();
        self.samples.push(Sample {
            at: self.now,
            used_memory: self.keyspace.used_memory(),
            keys: self.keyspace.keys(),
            expires: self.keyspace.expires(),
            evicted_keys: stats.evicted_keys,
            expired_keys: stats.expired_keys,
        });
        self.cron_if_due();
    }
}

#[cfg(test)]
mod tests;
