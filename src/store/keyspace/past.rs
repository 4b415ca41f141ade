//! Keys from before the start of a run: stored in the order in which they were last asked for, at
//! their times, by a server whose clock was started earlier and is then set to the start.

use rand_chacha::ChaCha8Rng;

use super::{Keyspace, Outcome, Pool, Stats};
use crate::scenario::commands::CommandName;
use crate::store::clock::Clock;
use crate::store::keyspace::KeyId;
use crate::units::{Span, Time};

impl Keyspace {
    /// The server has executed such a command before the start.
    pub fn has_executed(&mut self, name: CommandName) {
        let seen = 1 << name as u32;
        if self.seen_commands & seen == 0 {
            self.first_execution(seen);
        }
    }

    /// Stores a key that is not live, of `bytes` and with a TTL if one is given, as the server
    /// would have done at `at`, when it was asked for the last time. Makes room first; without any
    /// the key is not stored, and the answer is [`Outcome::Oom`].
    ///
    /// Only the last access counts: whichever keys an eviction would have taken earlier, they were
    /// stored again when they were asked for.
    pub fn put(&mut self, key: KeyId, bytes: u32, ttl: Option<Span>, at: Time) -> Outcome {
        let now = at.millis();
        // A cron refreshes it at least once a second.
        self.clock.refresh(at);
        let shape = self.entries[key.0 as usize].shape();
        self.in_flight = self.costs.in_flight(shape, bytes);
        if self.used_memory() + self.in_flight > self.limit && !self.make_room(now) {
            self.in_flight = 0;
            return Outcome::Oom;
        }
        self.add(key.0, bytes, now);
        if let Some(ttl) = ttl {
            self.rehash_expires(key.0, 1);
            self.set_ttl(key.0, now + ttl.0 / 1_000_000);
        }
        self.in_flight = 0;
        self.added = false;
        Outcome::Done
    }

    /// Whether it matters to eviction how often a key was asked for.
    pub const fn counts_accesses(&self) -> bool {
        self.policy.counts()
    }

    /// The access stamp of a key that is asked for at `at`, after `before`, or for the first time.
    /// Only with [`Keyspace::counts_accesses`].
    pub fn count_access(&self, before: Option<u32>, at: Time, rng: &mut ChaCha8Rng) -> u32 {
        let now = at.millis();
        match before {
            None => self.policy.new_stamp(&self.clock, now),
            Some(stamp) => {
                let minutes = self.clock.minutes(now);
                self.policy.lfu.touched(stamp, minutes, rng)
            }
        }
    }

    /// Gives a live key the stamp that [`Keyspace::count_access`] came to.
    pub fn set_accesses(&mut self, key: KeyId, stamp: u32) {
        self.entries[key.0 as usize].set_stamp(stamp);
    }

    /// Sets the server's clock, which was started `past` before the run, to its start: what had
    /// expired by then, and is still stored, expires at once. Its counters begin anew.
    pub fn begin_run(&mut self, start_unix_ms: u64, past: Span) {
        let past = past.0 / 1_000_000;
        for entry in &mut self.entries {
            if entry.has_ttl() {
                entry.set_expires(entry.expires().saturating_sub(past));
            }
        }
        // Scores are times to some policies. An old candidate is soon found again.
        self.pool = Pool::default();
        self.clock = Clock::new(start_unix_ms);
        self.stats = Stats::default();
        self.expiry_cursor.begin_run();
    }
}
