//! Adding and removing keys, and making room for them: who owns which byte.

use rand_chacha::rand_core::Rng;

use super::{Death, DeathCause, Keyspace};
use crate::kernel::memory::prefetch;
use crate::store::engine::TableKind;
use crate::store::eviction::{Choice, MAX_SAMPLES, Source};

/// With less room than this a store may need an eviction.
const NEAR_THE_LIMIT: u64 = 64 << 10;

impl Keyspace {
    /// Bytes that may still be used beside the present command's arguments.
    #[inline]
    fn headroom(&self) -> u64 {
        self.limit
            .saturating_sub(self.used_memory() + self.in_flight)
    }

    #[inline]
    fn slot(&self, key: u32) -> u16 {
        self.entries[key as usize].slot()
    }

    /// Stores a key that is not live.
    pub(super) fn add(&mut self, key: u32, bytes: u32, now: u64) {
        self.rehash_main(key, 1);
        let headroom = self.headroom();
        let slot = self.slot(key);
        self.main.expand_if_full(slot, |more| more <= headroom);
        let stamp = self.policy.new_stamp(&self.clock, now);
        let entry = &mut self.entries[key as usize];
        entry.begin(bytes, stamp);
        self.added = true;
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
        self.used += self.costs.key(shape, bytes, ttl);
        self.used -= self.costs.key(shape, entry.bytes, ttl);
        entry.bytes = bytes;
    }

    /// Removes a live key with its TTL (`dbGenericDelete`).
    pub(super) fn delete(&mut self, key: u32) {
        let headroom = self.headroom();
        if self.expires.len() > 0 {
            self.rehash_expires(key, 1);
            if self.entries[key as usize].has_ttl() {
                self.expires
                    .remove(&mut self.entries, key, |more| more <= headroom);
            }
        }
        self.rehash_main(key, 1);
        self.main
            .remove(&mut self.entries, key, |more| more <= headroom);
        let entry = &mut self.entries[key as usize];
        self.used -= self.costs.key(entry.shape(), entry.bytes, entry.has_ttl());
        entry.end();
    }

    /// A key dies, and its owner will be told.
    #[inline(never)]
    pub(super) fn die(&mut self, key: u32, cause: DeathCause) {
        let owner = self.entries[key as usize].owner;
        let held = self.state(super::KeyId(key));
        self.deaths.push(Death {
            key: super::KeyId(key),
            owner,
            cause,
            held,
        });
        match cause {
            DeathCause::Evicted => self.stats.evicted_keys += 1,
            DeathCause::Expired => self.stats.expired_keys += 1,
            DeathCause::Lost => {}
        }
        self.delete(key);
    }

    /// Gives a live key a TTL, or another one (`setExpire`).
    #[inline]
    pub(super) fn set_ttl(&mut self, key: u32, expires: u64) {
        let entry = &mut self.entries[key as usize];
        if entry.has_ttl() && self.expires.keeps_size_on_update() {
            entry.set_expires(expires);
            return;
        }
        if self.expires.may_be_full() {
            let headroom = self.headroom();
            let slot = self.slot(key);
            self.expires.expand_if_full(slot, |more| more <= headroom);
        }
        let entry = &mut self.entries[key as usize];
        if entry.has_ttl() {
            entry.set_expires(expires);
        } else {
            self.begin_ttl(key, expires);
        }
    }

    #[inline(never)]
    fn begin_ttl(&mut self, key: u32, expires: u64) {
        let entry = &mut self.entries[key as usize];
        let (shape, bytes) = (entry.shape(), entry.bytes);
        entry.set_expires(expires);
        self.used += self.costs.key(shape, bytes, true);
        self.used -= self.costs.key(shape, bytes, false);
        self.expires.insert(&mut self.entries, key);
    }

    /// Takes the TTL from a live key that has one (`removeExpire`).
    pub(super) fn clear_ttl(&mut self, key: u32) {
        let headroom = self.headroom();
        self.expires
            .remove(&mut self.entries, key, |more| more <= headroom);
        let entry = &mut self.entries[key as usize];
        entry.clear_expires();
        let (shape, bytes) = (entry.shape(), entry.bytes);
        self.used += self.costs.key(shape, bytes, false);
        self.used -= self.costs.key(shape, bytes, true);
    }

    /// Whether any table is being moved to a new one.
    #[inline]
    pub(super) const fn is_rehashing(&self) -> bool {
        self.main.is_rehashing() || self.expires.is_rehashing()
    }

    /// Moves buckets of the key's main table, if it is being moved.
    #[inline]
    pub(super) fn rehash_main(&mut self, key: u32, steps: usize) {
        if self.main.is_rehashing() {
            let slot = self.slot(key);
            self.main.rehash(&mut self.entries, slot, steps);
        }
    }

    /// Moves buckets of the key's expires table, if it is being moved.
    #[inline]
    pub(super) fn rehash_expires(&mut self, key: u32, steps: usize) {
        if self.expires.is_rehashing() {
            let slot = self.slot(key);
            self.expires.rehash(&mut self.entries, slot, steps);
        }
    }

    /// The cron's look at tables that are too sparse or too full.
    pub(super) fn resize_by_cron(&mut self) {
        let headroom = self.headroom();
        self.main.resize_by_cron(|more| more <= headroom);
        let headroom = self.headroom();
        self.expires.resize_by_cron(|more| more <= headroom);
    }

    /// Evicts until what is over the limit has been freed (`performEvictions`). False if that
    /// cannot be done: then commands that store something are refused.
    #[cold]
    #[inline(never)]
    pub(super) fn make_room(&mut self, now: u64) -> bool {
        // Signed, because a deletion can also begin a rehash.
        let excess = (self.used_memory() + self.in_flight - self.limit).cast_signed();
        let mut freed = 0i64;
        while freed < excess {
            let Some(key) = self.victim(now) else {
                return false;
            };
            let before = self.used_memory().cast_signed();
            self.die(key, DeathCause::Evicted);
            freed += before - self.used_memory().cast_signed();
        }
        self.warm_sources();
        true
    }

    /// Asks the processor for what the next eviction begins with: the buckets of its sample and
    /// the record of its best candidate.
    fn warm_sources(&self) {
        match self.policy.source {
            Source::AllKeys => self.main.warm_start(self.next_sample),
            Source::Volatile => self.expires.warm_start(self.next_sample),
        }
        if let Some(key) = self.pool.best() {
            prefetch(&self.entries, key as usize);
        }
    }

    /// A read found nothing: the key will probably be stored soon. Asks the processor for the
    /// buckets it belongs in and, if that will need an eviction, for what the eviction looks at;
    /// `warm_sources` asked for what leads there.
    pub(super) fn warm_for_storing(&self, key: u32) {
        self.warm_buckets(key);
        if self.headroom() > NEAR_THE_LIMIT {
            return;
        }
        let samples = self.policy.samples;
        match self.policy.source {
            Source::AllKeys => self
                .main
                .warm_keys(&self.entries, self.next_sample, samples),
            Source::Volatile => {
                self.expires
                    .warm_keys(&self.entries, self.next_sample, samples);
            }
        }
        if let Some(candidate) = self.pool.best() {
            self.warm_buckets(candidate);
        }
    }

    fn warm_buckets(&self, key: u32) {
        let entry = &self.entries[key as usize];
        self.main.warm(entry.slot(), entry.hash);
        self.expires.warm(entry.slot(), entry.hash);
    }

    /// The next key to go.
    fn victim(&mut self, now: u64) -> Option<u32> {
        match self.policy.choice {
            Choice::Nobody => None,
            Choice::Random => match self.policy.source {
                Source::AllKeys => self.main.random(&mut self.entries, &mut self.rng),
                Source::Volatile => self.expires.random(&mut self.entries, &mut self.rng),
            },
            Choice::Lru | Choice::Lfu | Choice::Ttl => self.ranked_victim(now),
        }
    }

    fn ranked_victim(&mut self, now: u64) -> Option<u32> {
        let all_keys = self.policy.source == Source::AllKeys;
        loop {
            if !self.populate_pool(now) {
                return None;
            }
            while let Some(key) = self.pool.take() {
                let Some(entry) = self.entries.get(key as usize) else {
                    continue;
                };
                let eligible = entry.is_live() && (all_keys || entry.has_ttl());
                if all_keys {
                    self.rehash_main(key, 1);
                } else {
                    self.rehash_expires(key, 1);
                }
                if eligible {
                    return Some(key);
                }
            }
        }
    }

    /// Samples candidates into the pool, from as many tables as it takes; false if there is
    /// none to choose from.
    fn populate_pool(&mut self, now: u64) -> bool {
        let (keys, tables) = match self.policy.source {
            Source::AllKeys => (self.main.len(), self.main.filled_tables()),
            Source::Volatile => (self.expires.len(), self.expires.filled_tables()),
        };
        let mut sampled = 0;
        for _ in 0..tables {
            sampled += self.populate_pool_from_one(now);
            // A small database is not worth the walk.
            if sampled >= self.policy.samples || keys < self.policy.samples * 10 {
                break;
            }
        }
        keys > 0
    }

    fn populate_pool_from_one(&mut self, now: u64) -> usize {
        let mut samples = [0; MAX_SAMPLES];
        let samples = &mut samples[..self.policy.samples];
        let start = self.next_sample;
        let (entries, rng) = (&mut self.entries, &mut self.rng);
        let count = match self.policy.source {
            Source::AllKeys => self.main.sample(entries, start, rng, samples),
            Source::Volatile => self.expires.sample(entries, start, rng, samples),
        };
        self.next_sample = rng.next_u64();
        if self.main.is_rehashing()
            && self.policy.source == Source::Volatile
            && self.policy.choice != Choice::Ttl
            && self.rules.tables == TableKind::Dict
        {
            // Each candidate is looked up in the main dict.
            for &key in &samples[..count] {
                self.rehash_main(key, 1);
            }
        }
        for &key in &samples[..count] {
            let entry = &mut self.entries[key as usize];
            let score = self.policy.score(entry, &self.clock, now);
            if self.rules.stores_decay && self.policy.counts() {
                self.policy.store_decay(entry, &self.clock, now);
            }
            if self.pool.offer(key, score) {
                entry.set_pooled(true);
            }
        }
        count
    }
}
