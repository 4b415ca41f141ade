//! What the client knows: what it stored and when it should end.

use crate::kernel::memory::prefetch;
use crate::store::keyspace::KeyId;
use crate::units::{Span, Time};

/// Rows and what became of them; the server's counters at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads that found their key.
    pub get_hits: u64,
    /// Reads of a key that was never stored before.
    pub miss_cold: u64,
    /// Reads of a key whose TTL had passed.
    pub miss_expired: u64,
    /// Reads of a key that was deleted.
    pub miss_deleted: u64,
    /// Reads of a key whose last write was refused.
    pub miss_rejected: u64,
    /// Reads of a key that should have been there: it was evicted.
    pub miss_lost: u64,
    /// Writes that took.
    pub sets_ok: u64,
    /// Writes that were refused with OOM.
    pub sets_refused: u64,
    /// Renewals that found their key.
    pub touch_hits: u64,
    /// Renewals that did not.
    pub touch_misses: u64,
    /// Deletions that found their key.
    pub delete_hits: u64,
    /// Deletions that did not.
    pub delete_misses: u64,
    /// `evicted_keys`.
    pub evicted_keys: u64,
    /// `expired_keys`.
    pub expired_keys: u64,
}

impl Counts {
    /// Adds those of another shard.
    pub const fn add(&mut self, other: &Self) {
        // All fields by name, so that a new one is not forgotten.
        let Self {
            get_hits,
            miss_cold,
            miss_expired,
            miss_deleted,
            miss_rejected,
            miss_lost,
            sets_ok,
            sets_refused,
            touch_hits,
            touch_misses,
            delete_hits,
            delete_misses,
            evicted_keys,
            expired_keys,
        } = *other;
        self.get_hits += get_hits;
        self.miss_cold += miss_cold;
        self.miss_expired += miss_expired;
        self.miss_deleted += miss_deleted;
        self.miss_rejected += miss_rejected;
        self.miss_lost += miss_lost;
        self.sets_ok += sets_ok;
        self.sets_refused += sets_refused;
        self.touch_hits += touch_hits;
        self.touch_misses += touch_misses;
        self.delete_hits += delete_hits;
        self.delete_misses += delete_misses;
        self.evicted_keys += evicted_keys;
        self.expired_keys += expired_keys;
    }

    /// Reads that did not find their key, for whatever cause.
    pub const fn get_misses(&self) -> u64 {
        self.miss_cold + self.miss_expired + self.miss_deleted + self.miss_rejected + self.miss_lost
    }

    /// Share of reads that found their key; `None` without reads. For reports.
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.get_hits + self.get_misses();
        (reads > 0).then(|| self.get_hits as f64 / reads as f64)
    }
}

/// The keys at the end of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinalKeys {
    /// Time since the last access of each key that is there, in ascending order.
    pub idle_resident: Vec<Span>,
    /// The same of each key that should be there and is not.
    pub idle_lost: Vec<Span>,
}

/// Why a key is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Cold,
    Expired,
    Deleted,
    Rejected,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Never,
    Stored,
    Deleted,
    Refused,
}

#[derive(Clone, Copy, Debug)]
struct Belief {
    accessed: Time,
    expires: Time,
    state: State,
}

/// The client's memory of each key.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) counts: Counts,
    beliefs: Vec<Belief>,
}

impl Ledger {
    /// One more key is known.
    pub(super) fn add(&mut self) {
        self.beliefs.push(Belief {
            accessed: Time::ZERO,
            expires: Time::NEVER,
            state: State::Never,
        });
    }

    /// Asks the processor for what is known of the key at `place`.
    #[inline]
    pub(super) fn warm(&self, place: u32) {
        prefetch(&self.beliefs, place as usize);
    }

    #[inline]
    fn belief(&mut self, key: KeyId) -> &mut Belief {
        &mut self.beliefs[key.0 as usize]
    }

    #[inline]
    pub(super) fn accessed(&mut self, key: KeyId, now: Time) {
        self.belief(key).accessed = now;
    }

    #[inline]
    pub(super) fn stored(&mut self, key: KeyId, now: Time, expires: Time) {
        *self.belief(key) = Belief {
            accessed: now,
            expires,
            state: State::Stored,
        };
    }

    #[inline]
    pub(super) fn renewed(&mut self, key: KeyId, now: Time, expires: Time) {
        let belief = self.belief(key);
        belief.accessed = now;
        belief.expires = expires;
    }

    pub(super) fn refused(&mut self, key: KeyId) {
        let belief = self.belief(key);
        if belief.state == State::Never {
            belief.state = State::Refused;
        }
    }

    pub(super) fn deleted(&mut self, key: KeyId) {
        self.belief(key).state = State::Deleted;
    }

    pub(super) fn why_missing(&mut self, key: KeyId, now: Time) -> Missing {
        let belief = self.belief(key);
        match belief.state {
            State::Never => Missing::Cold,
            State::Deleted => Missing::Deleted,
            State::Refused => Missing::Rejected,
            State::Stored if now >= belief.expires => Missing::Expired,
            State::Stored => Missing::Lost,
        }
    }

    /// The ages of the keys that are there (`is_there`) and of those that should be.
    pub(super) fn final_keys(&self, now: Time, is_there: impl Fn(KeyId) -> bool) -> FinalKeys {
        let mut keys = FinalKeys::default();
        for (place, belief) in self.beliefs.iter().enumerate() {
            if is_there(KeyId(place as u32)) {
                keys.idle_resident.push(now.since(belief.accessed));
            } else if belief.state == State::Stored && now < belief.expires {
                keys.idle_lost.push(now.since(belief.accessed));
            }
        }
        keys.idle_resident.sort_unstable();
        keys.idle_lost.sort_unstable();
        keys
    }
}
