//! Which key goes when memory is short (`evict.c`).
//!
//! A policy that ranks keys samples a few of them into a pool of sixteen candidates that is kept
//! from one eviction to the next, and takes the best candidate that still exists. Scores in the
//! pool are those of the moment of sampling. To add a policy: a file beside this one and a
//! variant here.

mod lfu;
mod lru;
mod pool;
mod ttl;

use crate::scenario::store::{EvictionPolicy, StoreSpec};

pub(super) use lfu::Lfu;
pub(super) use pool::Pool;

use super::clock::Clock;
use super::entry::Entry;

/// Most keys that `maxmemory-samples` can ask for.
pub(super) const MAX_SAMPLES: usize = 64;

/// Where the keys come from that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// All keys.
    AllKeys,
    /// Keys with a TTL.
    Volatile,
}

/// How the one that goes is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Nobody goes.
    Nobody,
    /// Anyone.
    Random,
    /// Whoever was not asked for the longest.
    Lru,
    /// Whoever is asked for least often.
    Lfu,
    /// Whoever expires first.
    Ttl,
}

/// A policy with its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) source: Source,
    pub(super) choice: Choice,
    pub(super) samples: usize,
    pub(super) lfu: Lfu,
}

impl Policy {
    pub(super) fn new(spec: &StoreSpec) -> Self {
        let (source, choice) = match spec.maxmemory_policy {
            EvictionPolicy::NoEviction => (Source::AllKeys, Choice::Nobody),
            EvictionPolicy::AllKeysLru => (Source::AllKeys, Choice::Lru),
            EvictionPolicy::AllKeysLfu => (Source::AllKeys, Choice::Lfu),
            EvictionPolicy::AllKeysRandom => (Source::AllKeys, Choice::Random),
            EvictionPolicy::VolatileLru => (Source::Volatile, Choice::Lru),
            EvictionPolicy::VolatileLfu => (Source::Volatile, Choice::Lfu),
            EvictionPolicy::VolatileRandom => (Source::Volatile, Choice::Random),
            EvictionPolicy::VolatileTtl => (Source::Volatile, Choice::Ttl),
        };
        Self {
            source,
            choice,
            samples: (spec.maxmemory_samples as usize).clamp(1, MAX_SAMPLES),
            lfu: Lfu::new(spec.lfu_log_factor, spec.lfu_decay_time),
        }
    }

    /// Whether access stamps are LFU counters instead of times.
    #[inline]
    pub(super) const fn counts(&self) -> bool {
        matches!(self.choice, Choice::Lfu)
    }

    /// The stamp of a new key.
    #[inline]
    pub(super) fn new_stamp(&self, clock: &Clock, now_ms: u64) -> u32 {
        if self.counts() {
            lfu::new_stamp(clock.minutes(now_ms))
        } else {
            clock.lru()
        }
    }

    /// Stores the decayed counter of a sampled key (Valkey since 8.1, `objectGetIdleness`).
    pub(super) fn store_decay(&self, entry: &mut Entry, clock: &Clock, now_ms: u64) {
        let minutes = clock.minutes(now_ms);
        entry.set_stamp(self.lfu.with_decay(entry.stamp(), minutes));
    }

    /// The rank of a candidate: the highest goes first.
    #[inline]
    pub(super) fn score(&self, entry: &Entry, clock: &Clock, now_ms: u64) -> u64 {
        match self.choice {
            Choice::Lru => lru::score(entry, clock),
            Choice::Lfu => self.lfu.score(entry, clock.minutes(now_ms)),
            Choice::Ttl => ttl::score(entry),
            Choice::Nobody | Choice::Random => 0,
        }
    }
}
