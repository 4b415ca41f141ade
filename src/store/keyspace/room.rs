//! Adding and removing keys, and making room for them: who owns which byte.

use super::entry::Entry;
use super::{Death, DeathCause, Keyspace};
use crate::store::eviction::{Choice, MAX_SAMPLES, Source};

impl Keyspace {
    /// Stores a key that is not live.
    pub(super) fn add(&mut self, key: u32, bytes: u32, now: u64) {
        self.rehash_main(1);
        if self.main.is_full() {
            self.expand_main();
        }
        let stamp = self.policy.new_stamp(&self.clock, now);
        let entry = &mut self.entries[key as usize];
        entry.begin(bytes, stamp);
        self.used += self.costs.key(entry.shape(), bytes, false);
        self.main.insert(&mut self.entries, key);
    }

    /// Replaces the value of a live key.
    #[inline]
    pub(super) fn resize_value(&mut self, key: u32, bytes: u32) {
        let entry = &mut self.entries[key as usize];
        if entry.bytes == bytes {
            return;
        }
        let (shape, ttl) = (entry.shape(), entry.has_ttl());
        self.used -= self.costs.key(shape, entry.bytes, ttl);
        self.used += self.costs.key(shape, bytes, ttl);
        entry.bytes = bytes;
    }

    /// Removes a live key with its TTL (`dbGenericDelete`).
    pub(super) fn delete(&mut self, key: u32) {
        if self.expires.len() > 0 {
            self.rehash_expires(1);
            if self.entries[key as usize].has_ttl() {
                self.expires.remove(&mut self.entries, key);
            }
        }
        self.rehash_main(1);
        self.main.remove(&mut self.entries, key);
        let entry = &mut self.entries[key as usize];
        self.used -= self.costs.key(entry.shape(), entry.bytes, entry.has_ttl());
        entry.end();
    }

    /// A key dies, and its owner will be told.
    pub(super) fn die(&mut self, key: u32, cause: DeathCause) {
        let owner = self.entries[key as usize].owner;
        self.deaths.push(Death {
            key: super::KeyId(key),
            owner,
            cause,
        });
        match cause {
            DeathCause::Evicted => self.stats.evicted_keys += 1,
            DeathCause::Expired => self.stats.expired_keys += 1,
        }
        self.delete(key);
    }

    /// Gives a live key a TTL, or another one (`setExpire`).
    #[inline]
    pub(super) fn set_ttl(&mut self, key: u32, expires: u64) {
        if self.expires.is_full() {
            self.expand_expires();
        }
        let entry = &mut self.entries[key as usize];
        if entry.has_ttl() {
            entry.set_expires(expires);
            return;
        }
        let (shape, bytes) = (entry.shape(), entry.bytes);
        entry.set_expires(expires);
        self.used += self.costs.key(shape, bytes, true) - self.costs.key(shape, bytes, false);
        self.expires.insert(&mut self.entries, key);
    }

    /// Takes the TTL from a live key that has one (`removeExpire`).
    pub(super) fn clear_ttl(&mut self, key: u32) {
        self.expires.remove(&mut self.entries, key);
        let entry = &mut self.entries[key as usize];
        entry.clear_expires();
        let (shape, bytes) = (entry.shape(), entry.bytes);
        self.used -= self.costs.key(shape, bytes, true) - self.costs.key(shape, bytes, false);
    }

    #[cold]
    fn expand_main(&mut self) {
        let (keys, buckets) = self.main.first_load();
        if self.may_expand(keys, buckets, self.main.next_bytes()) {
            self.resize_main(keys + 1);
        }
    }

    #[cold]
    fn expand_expires(&mut self) {
        let (keys, buckets) = self.expires.first_load();
        if self.may_expand(keys, buckets, self.expires.next_bytes()) {
            self.resize_expires(keys + 1);
        }
    }

    /// Near the limit a table does not grow until its load passes 1.618 (`dictExpandAllowed`,
    /// `HASHTABLE_MAX_LOAD_FACTOR`).
    fn may_expand(&self, keys: usize, buckets: usize, more: u64) -> bool {
        buckets == 0
            || keys * 1000 > buckets * 1618
            || self.used + self.in_flight + more <= self.limit
    }

    pub(super) fn resize_main(&mut self, keys: usize) {
        let before = self.main.bytes();
        self.main.resize_for(keys);
        self.used += self.main.bytes() - before;
        self.rehashing |= self.main.is_rehashing();
    }

    pub(super) fn resize_expires(&mut self, keys: usize) {
        let before = self.expires.bytes();
        self.expires.resize_for(keys);
        self.used += self.expires.bytes() - before;
        self.rehashing |= self.expires.is_rehashing();
    }

    /// Moves buckets of the main dict, if it is being moved.
    #[inline]
    pub(super) fn rehash_main(&mut self, steps: usize) {
        if self.rehashing && self.main.is_rehashing() {
            self.used -= self.main.rehash(&mut self.entries, steps);
            self.rehashing = self.main.is_rehashing() || self.expires.is_rehashing();
        }
    }

    /// Moves buckets of the expires dict, if it is being moved.
    #[inline]
    pub(super) fn rehash_expires(&mut self, steps: usize) {
        if self.rehashing && self.expires.is_rehashing() {
            self.used -= self.expires.rehash(&mut self.entries, steps);
            self.rehashing = self.main.is_rehashing() || self.expires.is_rehashing();
        }
    }

    /// Evicts until what is over the limit has been freed (`performEvictions`). False if that
    /// cannot be done: then commands that store something are refused.
    #[cold]
    #[inline(never)]
    pub(super) fn make_room(&mut self, now: u64) -> bool {
        // Signed, because a deletion can also end a rehash or begin one.
        let excess = (self.used + self.in_flight - self.limit).cast_signed();
        let mut freed = 0i64;
        while freed < excess {
            let Some(key) = self.victim(now) else {
                return false;
            };
            let before = self.used;
            self.die(key, DeathCause::Evicted);
            freed += before.cast_signed() - self.used.cast_signed();
        }
        true
    }

    /// The next key to go.
    fn victim(&mut self, now: u64) -> Option<u32> {
        match self.policy.choice {
            Choice::Nobody => None,
            Choice::Random => match self.policy.source {
                Source::AllKeys => {
                    self.rehash_main(1);
                    self.main.random(&self.entries, &mut self.rng)
                }
                Source::Volatile => {
                    self.rehash_expires(1);
                    self.expires.random(&self.entries, &mut self.rng)
                }
            },
            Choice::Lru | Choice::Lfu | Choice::Ttl => self.ranked_victim(now),
        }
    }

    fn ranked_victim(&mut self, now: u64) -> Option<u32> {
        loop {
            if self.populate_pool(now) == 0 {
                return None;
            }
            while let Some(key) = self.pool.take() {
                match self.policy.source {
                    Source::AllKeys => self.rehash_main(1),
                    Source::Volatile => self.rehash_expires(1),
                }
                let entry = self.entries.get(key as usize);
                let eligible = |entry: &&Entry| {
                    entry.is_live() && (self.policy.source == Source::AllKeys || entry.has_ttl())
                };
                if entry.filter(eligible).is_some() {
                    return Some(key);
                }
            }
        }
    }

    /// Samples candidates into the pool; returns the number of keys there are to choose from.
    fn populate_pool(&mut self, now: u64) -> usize {
        let mut samples = [0; MAX_SAMPLES];
        let samples = &mut samples[..self.policy.samples];
        let (keys, count) = match self.policy.source {
            Source::AllKeys => {
                self.rehash_main(samples.len().min(self.main.len()));
                let count = self.main.sample(&self.entries, &mut self.rng, samples);
                (self.main.len(), count)
            }
            Source::Volatile => {
                self.rehash_expires(samples.len().min(self.expires.len()));
                let count = self.expires.sample(&self.entries, &mut self.rng, samples);
                if self.policy.choice != Choice::Ttl {
                    // Each candidate is looked up in the main dict.
                    self.rehash_main(count);
                }
                (self.expires.len(), count)
            }
        };
        for &key in &samples[..count] {
            let entry = &mut self.entries[key as usize];
            let score = self.policy.score(entry, &self.clock, now);
            if self.pool.offer(key, score) {
                entry.set_pooled(true);
            }
        }
        keys
    }
}
