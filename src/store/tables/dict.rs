//! The chained hash table of Redis and Valkey 8.0 (`dict.c`), with its incremental rehash.
//!
//! Buckets hold the newest key first; keys are linked through their entries. A table that grows
//! or shrinks lives beside the old one until every bucket has been moved, one for each lookup,
//! insertion and deletion and many in each run of the server's cron.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::kernel::memory::prefetch;

use super::cursor::walk;
use crate::store::entry::{Entry, NIL};

/// Buckets of the smallest table (`DICT_HT_INITIAL_SIZE`).
pub(crate) const SMALLEST: usize = 4;
/// Bytes of a bucket in the server.
const BUCKET_BYTES: u64 = 8;

/// Both tables of a dict. `LINK` names the chain in [`Entry::next`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Dict<const LINK: usize> {
    /// The table, and the one it is being moved to while `rehash_index` says so.
    tables: [Vec<u32>; 2],
    used: [usize; 2],
    /// The next bucket of the first table to be moved.
    rehash_index: Option<usize>,
}

impl<const LINK: usize> Dict<LINK> {
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.used[0] + self.used[1]
    }

    #[inline]
    pub(crate) const fn is_rehashing(&self) -> bool {
        self.rehash_index.is_some()
    }

    /// Buckets of both tables (`dictSlots`).
    pub(crate) const fn buckets(&self) -> usize {
        self.tables[0].len() + self.tables[1].len()
    }

    /// Less than 1 % full.
    pub(crate) const fn is_too_sparse(&self) -> bool {
        self.buckets() > SMALLEST && self.len() * 100 / self.buckets() < 1
    }

    /// Bytes of both bucket arrays in the server.
    pub(crate) const fn bytes(&self) -> u64 {
        self.buckets() as u64 * BUCKET_BYTES
    }

    /// Keys in, and buckets of, the first table.
    #[inline]
    pub(crate) const fn first_load(&self) -> (usize, usize) {
        (self.used[0], self.tables[0].len())
    }

    /// Whether the next insertion finds the table full (`_dictExpandIfNeeded`).
    #[inline]
    pub(crate) const fn is_full(&self) -> bool {
        self.used[0] >= self.tables[0].len() && self.rehash_index.is_none()
    }

    /// Bytes of the table that would replace a full one.
    pub(crate) const fn next_bytes(&self) -> u64 {
        Self::size_for(self.used[0] + 1) as u64 * BUCKET_BYTES
    }

    /// Bytes of a table for `keys` keys.
    pub(crate) const fn bytes_for(keys: usize) -> u64 {
        Self::size_for(keys) as u64 * BUCKET_BYTES
    }

    /// Less than 10 % full (`HASHTABLE_MIN_FILL`).
    pub(crate) const fn is_sparse_tenth(&self) -> bool {
        self.buckets() > SMALLEST && self.len() * 100 / self.buckets() < 10
    }

    /// Whether an eighth of the buckets or less are used (`dictShrinkIfNeeded`).
    #[inline]
    pub(crate) const fn is_sparse_eighth(&self) -> bool {
        self.used[0] * 8 <= self.tables[0].len()
            && self.tables[0].len() > SMALLEST
            && self.rehash_index.is_none()
    }

    const fn size_for(keys: usize) -> usize {
        if keys <= SMALLEST {
            SMALLEST
        } else {
            keys.next_power_of_two()
        }
    }

    /// Begins to move to a table for `keys` keys, unless that is the size it has
    /// (`_dictExpand`).
    pub(crate) fn resize_for(&mut self, keys: usize) {
        let size = Self::size_for(keys);
        if self.is_rehashing() || self.used[0] > size || size == self.tables[0].len() {
            return;
        }
        let table = vec![NIL; size];
        if self.used[0] == 0 {
            self.tables[0] = table;
        } else {
            self.tables[1] = table;
            self.rehash_index = Some(0);
        }
    }

    /// Puts `key` at the head of its bucket.
    #[inline]
    pub(crate) fn insert(&mut self, entries: &mut [Entry], key: u32) {
        let table = usize::from(self.is_rehashing());
        self.put(entries, key, table);
        self.used[table] += 1;
    }

    #[inline]
    fn put(&mut self, entries: &mut [Entry], key: u32, table: usize) {
        let entry = &mut entries[key as usize];
        let buckets = &mut self.tables[table];
        let bucket = entry.hash as usize & (buckets.len() - 1);
        entry.next[LINK] = buckets[bucket];
        buckets[bucket] = key;
    }

    /// Takes `key` out; it must be in.
    #[inline]
    pub(crate) fn remove(&mut self, entries: &mut [Entry], key: u32) {
        let hash = entries[key as usize].hash as usize;
        let after = entries[key as usize].next[LINK];
        for table in 0..2 {
            let size = self.tables[table].len();
            if size == 0 {
                continue;
            }
            let bucket = hash & (size - 1);
            let mut at = self.tables[table][bucket];
            if at == key {
                self.tables[table][bucket] = after;
                self.used[table] -= 1;
                return;
            }
            while at != NIL {
                let next = entries[at as usize].next[LINK];
                if next == key {
                    entries[at as usize].next[LINK] = after;
                    self.used[table] -= 1;
                    return;
                }
                at = next;
            }
        }
        unreachable!("a key that lives is in its table");
    }

    /// Moves up to `steps` buckets, looking at no more than ten empty ones for each
    /// (`dictRehash`). An old table that is empty is given back.
    pub(crate) fn rehash(&mut self, entries: &mut [Entry], mut steps: usize) {
        let Some(mut index) = self.rehash_index else {
            return;
        };
        let mut empty_visits = steps * 10;
        while steps > 0 && self.used[0] > 0 {
            steps -= 1;
            while self.tables[0][index] == NIL {
                index += 1;
                empty_visits -= 1;
                if empty_visits == 0 {
                    self.rehash_index = Some(index);
                    return;
                }
            }
            let mut key = self.tables[0][index];
            while key != NIL {
                let next = entries[key as usize].next[LINK];
                self.put(entries, key, 1);
                self.used[0] -= 1;
                self.used[1] += 1;
                key = next;
            }
            self.tables[0][index] = NIL;
            index += 1;
        }
        if self.used[0] > 0 {
            self.rehash_index = Some(index);
            return;
        }
        self.tables[0] = std::mem::take(&mut self.tables[1]);
        self.used = [self.used[1], 0];
        self.rehash_index = None;
    }

    /// Up to `samples.len()` keys from consecutive buckets behind a random one, which `start`
    /// decides (`dictGetSomeKeys`, without the steps of rehash it makes first). Returns how many.
    pub(crate) fn sample(
        &self,
        entries: &[Entry],
        start: u64,
        rng: &mut ChaCha8Rng,
        samples: &mut [u32],
    ) -> usize {
        let count = samples.len().min(self.len());
        let tables = if self.is_rehashing() { 2 } else { 1 };
        let mask = self.tables[0]
            .len()
            .max(self.tables[1].len())
            .wrapping_sub(1);
        let moved = self.rehash_index.unwrap_or(0);
        let mut stored = 0;
        let mut empty = 0;
        let mut index = start as usize & mask;
        let mut steps = count * 10;
        while stored < count && steps > 0 {
            steps -= 1;
            for table in 0..tables {
                if tables == 2 && table == 0 && index < moved {
                    // Nothing is left there; nor beyond the end of a smaller second table.
                    if index >= self.tables[1].len() {
                        index = moved;
                    } else {
                        continue;
                    }
                }
                let Some(&head) = self.tables[table].get(index) else {
                    continue;
                };
                if head == NIL {
                    empty += 1;
                    if empty >= 5 && empty > count {
                        index = rng.next_u64() as usize & mask;
                        empty = 0;
                    }
                    continue;
                }
                empty = 0;
                let mut key = head;
                while key != NIL {
                    if stored < count {
                        samples[stored] = key;
                    } else {
                        // Reservoir sampling, so that the end of a chain has its chance.
                        let place = below(rng, stored + 1);
                        if place < count {
                            samples[place] = key;
                        }
                    }
                    key = entries[key as usize].next[LINK];
                    stored += 1;
                }
                if stored >= count {
                    return count;
                }
            }
            index = (index + 1) & mask;
        }
        stored.min(count)
    }

    /// Asks the processor for the bucket that `hash` falls into.
    #[inline]
    pub(crate) fn warm(&self, hash: usize) {
        let buckets = &self.tables[usize::from(self.is_rehashing())];
        prefetch(buckets, hash & buckets.len().wrapping_sub(1));
    }

    /// Asks for the first keys of `count` buckets behind the one that `start` decides.
    pub(crate) fn warm_keys(&self, entries: &[Entry], start: u64, count: usize) {
        let buckets = &self.tables[0];
        for step in 0..count {
            let index = (start as usize).wrapping_add(step) & buckets.len().wrapping_sub(1);
            if let Some(&head) = buckets.get(index) {
                prefetch(entries, head as usize);
            }
        }
    }

    /// A key of a random bucket that is not empty (`dictGetRandomKey`).
    pub(crate) fn random(&self, entries: &[Entry], rng: &mut ChaCha8Rng) -> Option<u32> {
        if self.len() == 0 {
            return None;
        }
        let first = self.tables[0].len();
        let moved = self.rehash_index.unwrap_or(0);
        let head = loop {
            let bucket = moved + below(rng, self.buckets() - moved);
            let head = match bucket.checked_sub(first) {
                Some(bucket) => self.tables[1][bucket],
                None => self.tables[0][bucket],
            };
            if head != NIL {
                break head;
            }
        };
        let chain = Self::chain(entries, head).count();
        Self::chain(entries, head).nth(below(rng, chain))
    }

    fn chain(entries: &[Entry], head: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |key| (key != NIL).then_some(key);
        std::iter::successors(some(head), move |&key| {
            some(entries[key as usize].next[LINK])
        })
    }

    /// The first key of bucket `index` (taken modulo the size) of the first or second table;
    /// `None` if there is no such table.
    #[inline]
    pub(crate) fn bucket(&self, table: usize, index: usize) -> Option<u32> {
        let buckets = &self.tables[table];
        (!buckets.is_empty()).then(|| buckets[index & (buckets.len() - 1)])
    }

    /// Hands out the keys behind `cursor`, of the smaller table first, and returns the next
    /// cursor, 0 when it has come round (`dictScan`).
    pub(crate) fn scan(&self, entries: &[Entry], cursor: u64, keys: &mut Vec<u32>) -> u64 {
        if self.len() == 0 {
            return 0;
        }
        let sizes = [self.tables[0].len(), self.tables[1].len()];
        walk(sizes, cursor, |table, index| {
            keys.extend(Self::chain(entries, self.tables[table][index]));
        })
    }

    /// Asks for the head of each bucket that [`Dict::scan`] would walk; returns the next cursor
    /// and the number of heads.
    pub(crate) fn warm_scan(&self, entries: &[Entry], cursor: u64) -> (u64, usize) {
        let sizes = [self.tables[0].len(), self.tables[1].len()];
        let mut heads = 0;
        let next = walk(sizes, cursor, |table, index| {
            let head = self.tables[table][index];
            prefetch(entries, head as usize);
            heads += usize::from(head != NIL);
        });
        (next, heads)
    }

    /// Recounts everything; hands each key to `visit`.
    pub(crate) fn check(
        &self,
        entries: &[Entry],
        mut visit: impl FnMut(u32),
    ) -> Result<(), String> {
        for (table, buckets) in self.tables.iter().enumerate() {
            let mut used = 0;
            for (bucket, &head) in buckets.iter().enumerate() {
                for key in Self::chain(entries, head) {
                    if entries[key as usize].hash as usize & (buckets.len() - 1) != bucket {
                        return Err(format!("key {key} does not belong in bucket {bucket}"));
                    }
                    visit(key);
                    used += 1;
                    if used > self.used[table] {
                        return Err(format!("table {table} holds more than it counts"));
                    }
                }
            }
            if used != self.used[table] {
                return Err(format!(
                    "table {table} counts {} keys: {used}",
                    self.used[table]
                ));
            }
        }
        Ok(())
    }
}

/// A uniform draw below `n`. The bias of multiplying instead of rejecting is below n / 2^32.
#[inline]
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((rng.next_u64() >> 32).wrapping_mul(n as u64) >> 32) as usize
}
