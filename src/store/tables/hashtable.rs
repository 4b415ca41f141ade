//! The hash table of Valkey 8.1 and later (`hashtable.c`), with its incremental rehash.
//!
//! A bucket has the size of a cache line and room for seven keys, in no order; when it is full,
//! its last place becomes a link to a child bucket. Holes are filled from the end of the chain,
//! except while a scan hands out keys: then afterwards.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::kernel::memory::prefetch;
use crate::store::engine::Sampling;

use super::bucket::{At, Bucket, CHILDREN, EMPTY, PLACES};
use super::cursor::walk;
use super::dict::below;
use crate::store::entry::{Entry, NIL};

/// Bytes of a bucket in the server.
const BUCKET_BYTES: u64 = 64;
/// A table that is shrunk or grown is filled to 32/5 keys a bucket at most (`BUCKET_FACTOR`,
/// `BUCKET_DIVISOR`).
const FACTOR: usize = 5;
const DIVISOR: usize = 32;
/// Fill in percent at which a table shrinks (`MIN_FILL_PERCENT_SOFT`), and beyond which it grows
/// even if memory is short (`MAX_FILL_PERCENT_HARD`).
const SPARSE_PERCENT: usize = 13;
const CROWDED_PERCENT: usize = 500;
/// Empty buckets that a step of a shrinking rehash passes over.
const EMPTY_VISITS: usize = 10;
/// Keys out of which a random one is taken (`WEAK_RANDOM_SAMPLE_SIZE`).
const RANDOM_SAMPLE: usize = 7;

/// Both tables of a hash table.
#[derive(Clone, Debug, Default)]
pub(crate) struct HashTable {
    /// The table, the one it is being moved to, and the children of both.
    buckets: [Vec<Bucket>; 3],
    free_children: Vec<u32>,
    children: [usize; 2],
    used: [usize; 2],
    rehash_index: Option<usize>,
    /// A scan hands out keys: removals leave holes, in the chains of these buckets.
    scanning: bool,
    holes: Vec<At>,
}

impl HashTable {
    pub(crate) const fn len(&self) -> usize {
        self.used[0] + self.used[1]
    }

    pub(crate) const fn is_rehashing(&self) -> bool {
        self.rehash_index.is_some()
    }

    /// Top-level buckets of both tables.
    pub(crate) const fn top_level(&self) -> usize {
        self.buckets[0].len() + self.buckets[1].len()
    }

    pub(crate) const fn bytes(&self) -> u64 {
        (self.top_level() + self.children[0] + self.children[1]) as u64 * BUCKET_BYTES
    }

    const fn capacity(&self) -> usize {
        self.buckets[0].len() * PLACES
    }

    const fn size_for(keys: usize) -> usize {
        if keys == 0 {
            1
        } else {
            ((keys * FACTOR - 1) / DIVISOR + 1).next_power_of_two()
        }
    }

    /// Whether the next insertion wants a larger table (`hashtableExpandIfNeeded`).
    pub(crate) const fn is_full(&self) -> bool {
        self.used[0] + 1 > self.capacity() && self.rehash_index.is_none()
    }

    /// Whether it grows even if memory is short.
    pub(crate) const fn must_expand(&self) -> bool {
        (self.used[0] + 1) * 100 >= self.capacity() * CROWDED_PERCENT
    }

    /// Bytes of the table that would replace a full one.
    pub(crate) const fn next_bytes(&self) -> u64 {
        Self::size_for(self.used[0] + 1) as u64 * BUCKET_BYTES
    }

    pub(crate) fn expand(&mut self) {
        self.resize_for(self.used[0] + 1);
    }

    fn resize_for(&mut self, keys: usize) {
        let size = Self::size_for(keys);
        if self.is_rehashing() || size == self.buckets[0].len() {
            return;
        }
        let table = vec![EMPTY; size];
        if self.used[0] == 0 && self.children[0] == 0 {
            self.buckets[0] = table;
        } else {
            self.buckets[1] = table;
            self.rehash_index = Some(0);
        }
    }

    /// Shrinks a table that has become sparse (`hashtableShrinkIfNeeded`).
    fn shrink_if_sparse(&mut self) {
        if !self.is_rehashing()
            && !self.scanning
            && self.used[0] * 100 <= self.capacity() * SPARSE_PERCENT
        {
            self.resize_for(self.used[0]);
        }
    }

    fn bucket(&self, at: At) -> &Bucket {
        &self.buckets[at.table][at.index]
    }

    fn bucket_mut(&mut self, at: At) -> &mut Bucket {
        &mut self.buckets[at.table][at.index]
    }

    fn chain(&self, at: At) -> impl Iterator<Item = At> + '_ {
        std::iter::successors(Some(at), |at| self.bucket(*at).child())
    }

    pub(crate) fn insert(&mut self, entries: &[Entry], key: u32) {
        let table = usize::from(self.is_rehashing());
        self.put(entries[key as usize].hash, key, table);
    }

    fn put(&mut self, hash: u32, key: u32, table: usize) {
        let mut at = At {
            table,
            index: hash as usize & (self.buckets[table].len() - 1),
        };
        while self.bucket(at).is_full() {
            at = match self.bucket(at).child() {
                Some(child) => child,
                None => self.add_child(at, table),
            };
        }
        let bucket = self.bucket_mut(at);
        let place = (!bucket.filled).trailing_zeros() as usize;
        bucket.keys[place] = key;
        bucket.filled |= 1 << place;
        self.used[table] += 1;
    }

    /// The last key of a full bucket moves to a new child (`bucketConvertToChained`).
    fn add_child(&mut self, at: At, table: usize) -> At {
        let last = PLACES - 1;
        let mut child = EMPTY;
        child.keys[0] = self.bucket(at).keys[last];
        child.filled = 1;
        let number = if let Some(number) = self.free_children.pop() {
            self.buckets[CHILDREN][number as usize] = child;
            number
        } else {
            self.buckets[CHILDREN].push(child);
            self.buckets[CHILDREN].len() as u32 - 1
        };
        let bucket = self.bucket_mut(at);
        bucket.filled &= !(1 << last);
        bucket.keys[last] = number;
        bucket.has_child = true;
        self.children[table] += 1;
        At {
            table: CHILDREN,
            index: number as usize,
        }
    }

    /// Takes `key` out; it must be in.
    pub(crate) fn remove(&mut self, entries: &[Entry], key: u32) {
        let hash = entries[key as usize].hash as usize;
        for table in 0..2 {
            let size = self.buckets[table].len();
            if size == 0 {
                continue;
            }
            let top = At {
                table,
                index: hash & (size - 1),
            };
            let found = self
                .chain(top)
                .find_map(|at| Some((at, self.place_of(at, key)?)));
            let Some((at, place)) = found else { continue };
            let bucket = self.bucket_mut(at);
            bucket.filled &= !(1 << place);
            self.used[table] -= 1;
            if self.scanning {
                if self.holes.last() != Some(&top) {
                    self.holes.push(top);
                }
                return;
            }
            if self.bucket(at).has_child {
                self.fill_hole(at, place, table);
            }
            self.shrink_if_sparse();
            return;
        }
        unreachable!("a key that lives is in its table");
    }

    fn place_of(&self, at: At, key: u32) -> Option<usize> {
        let bucket = self.bucket(at);
        (0..PLACES).find(|&place| bucket.filled >> place & 1 == 1 && bucket.keys[place] == key)
    }

    /// Fills a hole from the end of the chain (`fillBucketHole`).
    fn fill_hole(&mut self, at: At, place: usize, table: usize) {
        let mut before_last = at;
        let Some(mut last) = self.bucket(at).child() else {
            return;
        };
        while let Some(next) = self.bucket(last).child() {
            before_last = last;
            last = next;
        }
        let bucket = self.bucket_mut(last);
        if bucket.filled != 0 {
            let from = bucket.filled.trailing_zeros();
            bucket.filled &= !(1 << from);
            let key = bucket.keys[from as usize];
            let hole = self.bucket_mut(at);
            hole.keys[place] = key;
            hole.filled |= 1 << place;
        }
        if self.bucket(last).filled.count_ones() <= 1 {
            self.prune(before_last, last, table);
        }
    }

    /// Drops the last bucket of a chain; its only key, if any, takes the place of the link
    /// (`pruneLastBucket`).
    fn prune(&mut self, before_last: At, last: At, table: usize) {
        let key = self.bucket(last).keys().next();
        let bucket = self.bucket_mut(before_last);
        bucket.has_child = false;
        if let Some(key) = key {
            bucket.keys[PLACES - 1] = key;
            bucket.filled |= 1 << (PLACES - 1);
        }
        self.drop_child(last, table);
    }

    fn drop_child(&mut self, child: At, table: usize) {
        self.free_children.push(child.index as u32);
        self.children[table] -= 1;
    }

    /// Fills the holes that removals left during a scan (`compactBucketChain`).
    fn compact(&mut self, mut at: At, table: usize) {
        while let Some(next) = self.bucket(at).child() {
            let behind = *self.bucket(next);
            if behind.has_child && behind.filled == 0 {
                self.bucket_mut(at).keys[PLACES - 1] = behind.keys[PLACES - 1];
                self.drop_child(next, table);
                continue;
            }
            if !behind.has_child && behind.filled.count_ones() <= 1 {
                self.prune(at, next, table);
                return;
            }
            for place in 0..PLACES - 1 {
                if self.bucket(at).filled >> place & 1 == 0 {
                    self.fill_hole(at, place, table);
                    if !self.bucket(at).has_child {
                        return;
                    }
                }
            }
            at = next;
        }
    }

    /// Moves one bucket with its children; a shrinking table passes over empty ones
    /// (`rehashStep`).
    pub(crate) fn rehash_step(&mut self, entries: &[Entry]) {
        let Some(mut index) = self.rehash_index else {
            return;
        };
        if self.scanning {
            return;
        }
        if self.buckets[1].len() < self.buckets[0].len() {
            let mut visits = EMPTY_VISITS;
            while self.buckets[0][index].filled == 0 && !self.buckets[0][index].has_child {
                index += 1;
                self.rehash_index = Some(index);
                visits -= 1;
                if visits == 0 || self.finish_rehash() {
                    return;
                }
            }
        }
        let mut at = Some(At { table: 0, index });
        while let Some(here) = at {
            let bucket = *self.bucket(here);
            for key in bucket.keys() {
                self.put(entries[key as usize].hash, key, 1);
                self.used[0] -= 1;
            }
            if here.table == CHILDREN {
                self.drop_child(here, 0);
            }
            at = bucket.child();
        }
        self.buckets[0][index] = EMPTY;
        self.rehash_index = Some(index + 1);
        self.finish_rehash();
    }

    fn finish_rehash(&mut self) -> bool {
        if self.used[0] > 0 || self.children[0] > 0 {
            return false;
        }
        self.buckets[0] = std::mem::take(&mut self.buckets[1]);
        self.used = [self.used[1], 0];
        self.children = [self.children[1], 0];
        self.rehash_index = None;
        true
    }

    fn scan_chains(&self, cursor: u64, mut emit: impl FnMut(u32)) -> u64 {
        let sizes = [self.buckets[0].len(), self.buckets[1].len()];
        walk(sizes, cursor, |table, index| {
            for at in self.chain(At { table, index }) {
                self.bucket(at).keys().for_each(&mut emit);
            }
        })
    }

    /// Hands out the keys behind `cursor` and returns the next cursor, 0 when it has come round.
    /// Until [`HashTable::end_scan`] nothing moves.
    pub(crate) fn scan(&mut self, cursor: u64, keys: &mut Vec<u32>) -> u64 {
        if self.len() == 0 {
            return 0;
        }
        self.scanning = true;
        self.scan_chains(cursor, |key| keys.push(key))
    }

    /// Asks for the keys that [`HashTable::scan`] would hand out; returns the next cursor and the
    /// number of keys.
    pub(crate) fn warm_scan(&self, entries: &[Entry], cursor: u64) -> (u64, usize) {
        let mut keys = 0;
        let next = self.scan_chains(cursor, |key| {
            prefetch(entries, key as usize);
            keys += 1;
        });
        (next, keys)
    }

    /// Fills the holes that removals left since [`HashTable::scan`].
    pub(crate) fn end_scan(&mut self) {
        while let Some(top) = self.holes.pop() {
            self.compact(top, top.table);
        }
        if self.scanning {
            self.scanning = false;
            self.shrink_if_sparse();
        }
    }

    /// Up to `samples.len()` keys from the bucket at the random cursor `start` and from as many
    /// behind it as it takes (`hashtableSampleEntries`). Returns how many.
    pub(crate) fn sample(&self, start: u64, rng: &mut ChaCha8Rng, samples: &mut [u32]) -> usize {
        self.sample_from(start, Sampling::Onward, rng, samples)
    }

    fn sample_from(
        &self,
        start: u64,
        sampling: Sampling,
        rng: &mut ChaCha8Rng,
        samples: &mut [u32],
    ) -> usize {
        let count = samples.len().min(self.len());
        let mut seen = 0;
        let mut cursor = start;
        while seen < count {
            cursor = self.scan_chains(cursor, |key| {
                if seen < count {
                    samples[seen] = key;
                    seen += 1;
                } else {
                    seen += 1;
                    let place = below(rng, seen);
                    if place < count {
                        samples[place] = key;
                    }
                }
            });
            if sampling == Sampling::Scattered && seen < count {
                cursor = rng.next_u64();
            }
        }
        count
    }

    /// Asks the processor for the bucket that `hash` falls into.
    #[inline]
    pub(crate) fn warm(&self, hash: usize) {
        let buckets = &self.buckets[usize::from(self.is_rehashing())];
        prefetch(buckets, hash & buckets.len().wrapping_sub(1));
    }

    /// Asks for the keys of the bucket that `start` decides.
    pub(crate) fn warm_keys(&self, entries: &[Entry], start: u64) {
        let buckets = &self.buckets[0];
        let index = start as usize & buckets.len().wrapping_sub(1);
        if let Some(bucket) = buckets.get(index) {
            for key in bucket.keys() {
                prefetch(entries, key as usize);
            }
        }
    }

    /// One of a few keys from a random bucket (`hashtableRandomEntry`).
    pub(crate) fn random(&self, sampling: Sampling, rng: &mut ChaCha8Rng) -> Option<u32> {
        let mut samples = [NIL; RANDOM_SAMPLE];
        let count = self.sample_from(rng.next_u64(), sampling, rng, &mut samples);
        (count > 0).then(|| samples[below(rng, count)])
    }

    /// Recounts everything; hands each key to `visit`.
    pub(crate) fn check(
        &self,
        entries: &[Entry],
        mut visit: impl FnMut(u32),
    ) -> Result<(), String> {
        for table in 0..2 {
            let size = self.buckets[table].len();
            let (mut used, mut children) = (0, 0);
            for index in 0..size {
                for at in self.chain(At { table, index }) {
                    let bucket = self.bucket(at);
                    children += usize::from(at.table == CHILDREN);
                    for key in bucket.keys() {
                        if entries[key as usize].hash as usize & (size - 1) != index {
                            return Err(format!("key {key} does not belong in bucket {index}"));
                        }
                        used += 1;
                        visit(key);
                    }
                }
            }
            if (used, children) != (self.used[table], self.children[table]) {
                return Err(format!(
                    "table {table} counts {} keys and {} children: {used} and {children}",
                    self.used[table], self.children[table]
                ));
            }
        }
        Ok(())
    }
}
