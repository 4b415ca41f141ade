//! The tables that a keyspace keeps its keys in: of all keys, and of keys with a TTL.
//!
//! One hash table each; in a cluster, engines since Redis 7.4 and Valkey 8.0 keep one for each
//! slot (`kvstore.c`), and sample and scan slot by slot.

mod bucket;
mod cursor;
pub(super) mod dict;
mod hashtable;
mod scan;
mod table;

use rand_chacha::ChaCha8Rng;

use super::entry::Entry;
use crate::store::engine::{Sampling, TableKind, TableUpkeep};
use crate::store::slots::SLOTS;
use dict::{Dict, below};
pub(super) use scan::Cursor;
use table::Table;

/// No table yet for a slot.
const NOWHERE: u16 = u16::MAX;

/// All tables of one sort; `LINK` names the chains in [`Entry::next`].
#[derive(Clone, Debug)]
pub(super) struct Tables<const LINK: usize> {
    all: Vec<Table<LINK>>,
    /// Place of each slot's table; empty if one table holds all.
    places: Vec<u16>,
    /// Keys by place, as a binary indexed tree, if there are many tables.
    sizes: Vec<u32>,
    len: usize,
    bytes: u64,
    /// Places of tables that are being moved, the longest first.
    rehashing: Vec<usize>,
    /// Tables with keys whose next insertion wants a larger one.
    full: usize,
    /// The next insertion may want a larger table.
    may_be_full: bool,
    kind: TableKind,
    upkeep: TableUpkeep,
    /// Bytes of a table's own structure, where there are many: only those with keys exist.
    overhead: u64,
    resize_cursor: usize,
}

/// Bytes of a table's own structure with its metadata, where each slot has one (`struct dict`,
/// `struct hashtable`).
const fn structure_bytes(kind: TableKind) -> u64 {
    match kind {
        TableKind::Dict => 64,
        TableKind::HashTable(_) => 80,
    }
}

/// Tables of slots that one run of the cron looks at (`CRON_DICTS_PER_DB`).
const TABLES_PER_CRON: usize = 16;

impl<const LINK: usize> Tables<LINK> {
    pub(super) fn new(kind: TableKind, upkeep: TableUpkeep, by_slot: bool) -> Self {
        let all = if by_slot {
            Vec::new()
        } else {
            vec![Table::new(kind)]
        };
        let slots = if by_slot { usize::from(SLOTS) } else { 0 };
        Self {
            all,
            places: vec![NOWHERE; slots],
            sizes: Vec::new(),
            len: 0,
            bytes: 0,
            rehashing: Vec::new(),
            full: 0,
            may_be_full: true,
            kind,
            upkeep,
            overhead: if by_slot { structure_bytes(kind) } else { 0 },
            resize_cursor: 0,
        }
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes of all buckets in the server.
    #[inline]
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    #[inline]
    pub(super) const fn is_rehashing(&self) -> bool {
        !self.rehashing.is_empty()
    }

    /// False if no insertion wants a larger table; where there are many tables, always true.
    #[inline]
    pub(super) const fn may_be_full(&self) -> bool {
        self.may_be_full
    }

    /// Whether a key that is in and is given another value leaves the size of its table alone. A
    /// dict looks for the place of an insertion first, and grows for it if it is full
    /// (`dictAddRaw`); a hash table of Valkey changes the key in place (`setExpire`).
    #[inline]
    pub(super) fn keeps_size_on_update(&self) -> bool {
        matches!(self.kind, TableKind::HashTable(_))
    }

    #[inline]
    fn place(&self, slot: u16) -> usize {
        if self.places.is_empty() {
            0
        } else {
            usize::from(self.places[usize::from(slot)])
        }
    }

    fn place_or_new(&mut self, slot: u16) -> usize {
        let place = self.place(slot);
        if place != usize::from(NOWHERE) {
            return place;
        }
        self.all.push(Table::new(self.kind));
        let place = self.all.len() - 1;
        self.places[usize::from(slot)] = place as u16;
        self.sizes.push(0);
        // A new leaf of the binary indexed tree covers the leaves that its number says.
        let index = place + 1;
        let covered = index & index.wrapping_neg();
        let sum: usize = self.all[index - covered..place]
            .iter()
            .map(Table::len)
            .sum();
        self.sizes[place] = sum as u32;
        place
    }

    /// Changes one table and keeps the sums.
    #[inline]
    fn change<T>(&mut self, place: usize, change: impl FnOnce(&mut Table<LINK>) -> T) -> T {
        let table = &mut self.all[place];
        let (bytes, rehashing, full) = (table.bytes(), table.is_rehashing(), table.wants_more());
        let result = change(table);
        self.bytes = self.bytes - bytes + table.bytes();
        self.full = self.full - usize::from(full) + usize::from(table.wants_more());
        if rehashing != table.is_rehashing() {
            if rehashing {
                self.rehashing.retain(|other| *other != place);
            } else {
                self.rehashing.push(place);
            }
        }
        self.may_be_full = !self.sizes.is_empty() || table.is_full();
        result
    }

    fn count(&mut self, place: usize, more: bool) {
        if more {
            self.len += 1;
            if self.all[place].len() == 1 {
                self.bytes += self.overhead;
            }
        } else {
            self.len -= 1;
            if self.all[place].len() == 0 && !self.places.is_empty() {
                self.free(place);
            }
        }
        let mut index = place + 1;
        while index <= self.sizes.len() {
            let size = &mut self.sizes[index - 1];
            *size = if more { *size + 1 } else { *size - 1 };
            index += index & index.wrapping_neg();
        }
    }

    /// A slot without keys has no table (`KVSTORE_FREE_EMPTY_DICTS`).
    fn free(&mut self, place: usize) {
        let kind = self.kind;
        self.change(place, |table| *table = Table::new(kind));
        self.bytes -= self.overhead;
    }

    /// Whether the next insertion into the slot's table wants a larger one. `is_room(bytes)` says
    /// whether that many more bytes are within the limit.
    #[inline]
    pub(super) fn expand_if_full(&mut self, slot: u16, is_room: impl FnOnce(u64) -> bool) {
        let place = self.place_or_new(slot);
        if self.all[place].is_full() {
            self.expand(place, is_room);
        }
    }

    #[cold]
    fn expand(&mut self, place: usize, is_room: impl FnOnce(u64) -> bool) {
        self.change(place, |table| match table {
            // Near the limit a dict does not grow until its load passes 1.618
            // (`dictExpandAllowed`, `HASHTABLE_MAX_LOAD_FACTOR`).
            Table::Dict(table) => {
                let (keys, buckets) = table.first_load();
                let must = buckets == 0 || keys * 1000 > buckets * 1618;
                if must || is_room(table.next_bytes()) {
                    table.resize_for(keys + 1);
                }
            }
            Table::Hash(table) => {
                if table.must_expand() || is_room(table.next_bytes()) {
                    table.expand();
                }
            }
        });
    }

    #[inline]
    pub(super) fn insert(&mut self, entries: &mut [Entry], key: u32) {
        let place = self.place(entries[key as usize].slot());
        self.change(place, |table| match table {
            Table::Dict(table) => table.insert(entries, key),
            Table::Hash(table) => table.insert(entries, key),
        });
        self.count(place, true);
    }

    /// Takes a key out. A dict that is left sparse may shrink at once, if there is room for the
    /// new table.
    #[inline]
    pub(super) fn remove(
        &mut self,
        entries: &mut [Entry],
        key: u32,
        is_room: impl FnOnce(u64) -> bool,
    ) {
        let place = self.place(entries[key as usize].slot());
        let upkeep = self.upkeep;
        self.change(place, |table| match table {
            Table::Dict(table) => {
                table.remove(entries, key);
                if upkeep == TableUpkeep::Continual && table.is_sparse_eighth() {
                    Self::shrink_dict(table, is_room);
                }
            }
            Table::Hash(table) => table.remove(entries, key),
        });
        self.count(place, false);
    }

    #[cold]
    fn shrink_dict(table: &mut Dict<LINK>, is_room: impl FnOnce(u64) -> bool) {
        let keys = table.len();
        if is_room(Dict::<LINK>::bytes_for(keys)) {
            table.resize_for(keys);
        }
    }

    /// Moves buckets of the slot's table, if it is being moved.
    #[inline]
    pub(super) fn rehash(&mut self, entries: &mut [Entry], slot: u16, steps: usize) {
        if self.is_rehashing() {
            self.rehash_slot(entries, slot, steps);
        }
    }

    #[cold]
    fn rehash_slot(&mut self, entries: &mut [Entry], slot: u16, steps: usize) {
        let place = self.place(slot);
        if place < self.all.len() && self.all[place].is_rehashing() {
            self.change(place, |table| table.rehash(entries, steps));
        }
    }

    /// Moves up to `steps` buckets of any tables that are being moved; returns how many it may
    /// have moved.
    pub(super) fn rehash_any(&mut self, entries: &mut [Entry], steps: usize) -> usize {
        let Some(&place) = self.rehashing.first() else {
            return 0;
        };
        self.change(place, |table| table.rehash(entries, steps));
        steps
    }

    /// The cron looks for tables that are too sparse or just full. `is_room` as above.
    pub(super) fn resize_by_cron(&mut self, is_room: impl Fn(u64) -> bool) {
        let looked_at = self.all.len().min(TABLES_PER_CRON);
        if matches!(self.kind, TableKind::HashTable(_)) && self.full == 0 {
            // A sparse hash table shrinks with its last removal, so there is nothing to find, and
            // looking would be most of what an idle node costs.
            if looked_at > 0 {
                self.resize_cursor = (self.resize_cursor + looked_at) % self.all.len();
            }
            return;
        }
        for _ in 0..looked_at {
            self.resize_cursor = (self.resize_cursor + 1) % self.all.len();
            let place = self.resize_cursor;
            let by_cron = self.upkeep == TableUpkeep::ByCron;
            if self.all[place].is_rehashing() {
                continue;
            }
            if let Table::Dict(table) = &self.all[place] {
                let keys = table.len();
                let sparse = if by_cron {
                    table.is_sparse_tenth()
                } else {
                    table.is_sparse_eighth()
                };
                if sparse && (by_cron || is_room(Dict::<LINK>::bytes_for(keys))) {
                    self.change(place, |table| {
                        if let Table::Dict(table) = table {
                            table.resize_for(keys);
                        }
                    });
                    continue;
                }
            }
            if !by_cron && self.all[place].len() > 0 && self.all[place].is_full() {
                self.expand(place, &is_room);
            }
        }
    }

    /// Asks the processor for the bucket that a key of this slot and hash belongs in.
    #[inline]
    pub(super) fn warm(&self, slot: u16, hash: u32) {
        match self.all.get(self.place(slot)) {
            Some(Table::Dict(table)) => table.warm(hash as usize),
            Some(Table::Hash(table)) => table.warm(hash as usize),
            None => {}
        }
    }

    /// Asks for the bucket that a sample with this `start` begins with, of a single table.
    #[inline]
    pub(super) fn warm_start(&self, start: u64) {
        match self.all.as_slice() {
            [Table::Dict(table)] => table.warm(start as usize),
            [Table::Hash(table)] => table.warm(start as usize),
            _ => {}
        }
    }

    /// Asks for the keys that a sample with this `start` will look at first.
    pub(super) fn warm_keys(&self, entries: &[Entry], start: u64, count: usize) {
        match self.all.as_slice() {
            [Table::Dict(table)] => table.warm_keys(entries, start, count),
            [Table::Hash(table)] => table.warm_keys(entries, start),
            _ => {}
        }
    }

    /// Up to `samples.len()` keys of one table, chosen by the number of its keys, from where
    /// `start` decides. Returns how many.
    pub(super) fn sample(
        &mut self,
        entries: &mut [Entry],
        start: u64,
        rng: &mut ChaCha8Rng,
        samples: &mut [u32],
    ) -> usize {
        let Some(place) = self.fair_place(rng) else {
            return 0;
        };
        if self.all[place].is_rehashing() {
            let steps = match &self.all[place] {
                Table::Dict(table) => samples.len().min(table.len()),
                Table::Hash(_) => 1,
            };
            self.change(place, |table| table.rehash(entries, steps));
        }
        match &self.all[place] {
            Table::Dict(table) => table.sample(entries, start, rng, samples),
            Table::Hash(table) => table.sample(start, rng, samples),
        }
    }

    /// Where a random key is taken from.
    const fn sampling(&self) -> Sampling {
        match self.kind {
            TableKind::HashTable(sampling) => sampling,
            TableKind::Dict => Sampling::Onward,
        }
    }

    /// A random key.
    pub(super) fn random(&mut self, entries: &mut [Entry], rng: &mut ChaCha8Rng) -> Option<u32> {
        let place = self.fair_place(rng)?;
        if self.all[place].is_rehashing() {
            self.change(place, |table| table.rehash(entries, 1));
        }
        match &self.all[place] {
            Table::Dict(table) => table.random(entries, rng),
            Table::Hash(table) => table.random(self.sampling(), rng),
        }
    }

    /// Number of tables that hold keys.
    pub(super) fn filled_tables(&self) -> usize {
        if self.sizes.is_empty() {
            usize::from(self.len > 0)
        } else {
            self.all.iter().filter(|table| table.len() > 0).count()
        }
    }

    /// A table chosen with the probability of its share of the keys
    /// (`kvstoreGetFairRandomDictIndex`).
    fn fair_place(&self, rng: &mut ChaCha8Rng) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        if self.sizes.is_empty() {
            return Some(0);
        }
        let mut target = below(rng, self.len) as u32;
        let mut at = 0;
        let mut step = self.sizes.len().next_power_of_two();
        while step > 0 {
            if at + step <= self.sizes.len() && self.sizes[at + step - 1] <= target {
                at += step;
                target -= self.sizes[at - 1];
            }
            step /= 2;
        }
        Some(at)
    }

    /// The dict, where there is a single one: Redis 7.0 walks its buckets by number.
    pub(super) fn single_dict(&self) -> Option<&Dict<LINK>> {
        match self.all.as_slice() {
            [Table::Dict(table)] => Some(table),
            _ => None,
        }
    }

    /// Recounts everything; `member` says which keys should be in.
    pub(super) fn check(
        &self,
        entries: &[Entry],
        member: impl Fn(&Entry) -> bool,
    ) -> Result<(), String> {
        let mut seen = vec![false; entries.len()];
        let mut strangers = 0;
        for (place, table) in self.all.iter().enumerate() {
            let visit = |key: u32| {
                let entry = &entries[key as usize];
                strangers += u64::from(!member(entry) || self.place(entry.slot()) != place);
                strangers += u64::from(std::mem::replace(&mut seen[key as usize], true));
            };
            match table {
                Table::Dict(table) => table.check(entries, visit)?,
                Table::Hash(table) => table.check(entries, visit)?,
            }
        }
        let members = entries.iter().filter(|entry| member(entry)).count();
        let found = seen.iter().filter(|seen| **seen).count();
        let bytes: u64 = self
            .all
            .iter()
            .map(|table| table.bytes() + if table.len() > 0 { self.overhead } else { 0 })
            .sum();
        let rehashing = self.all.iter().filter(|table| table.is_rehashing()).count();
        if strangers > 0 || found != members || found != self.len {
            return Err(format!(
                "{found} keys in tables that count {}, {members} should be; {strangers} wrong",
                self.len
            ));
        }
        if bytes != self.bytes || rehashing != self.rehashing.len() {
            return Err(format!("tables take {bytes} bytes, not {}", self.bytes));
        }
        Ok(())
    }
}
