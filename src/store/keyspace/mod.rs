//! A keyspace: the keys of one node, their hash tables, their memory.
//!
//! A key is addressed by a dense id, so a plain read touches one record and nothing else. The
//! server's own tables exist beside the records, because eviction samples consecutive buckets and
//! active expiry walks them with a cursor; only what samples, scans, adds or removes pays for
//! them.
//!
//! [`Keyspace::execute`] is the one entry for commands; [`Keyspace::cron`] is the server's own
//! work between them.

mod command;
mod execute;
mod expiry;
mod memory;
mod past;
mod room;
mod sorted_set;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::kernel::draws::mix;
use crate::kernel::memory::{prefetch, push_gently};
use crate::scenario::commands::CommandName;
use crate::scenario::store::StoreSpec;
use crate::units::{Span, Time};

pub use command::{Command, Death, DeathCause, KeyState, Outcome, Stats, Ttl};
pub use memory::{Shape, ShapeKind};

use super::clock::Clock;
use super::engine::{EngineRules, HISTOGRAM_BYTES, TableUpkeep};
use super::entry::{self, EXPIRES, Entry, MAIN};
pub use super::entry::{KeyId, ShapeId};
use super::eviction::{Policy, Pool};
use super::tables::Tables;
use expiry::ExpiryCursor;
use memory::Costs;

/// Processor time of the server's own work, beside the time of commands. Zero throughout is an
/// infinitely fast server, whose cycles never run into their time limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// For each key that active expiry looks at.
    pub looked_at: Span,
    /// For each key that it reclaims.
    pub reclaimed: Span,
    /// For each bucket that the cron moves to a new table.
    pub moved: Span,
}

// A bit for each command in `Keyspace::seen_commands`.
const _: () = assert!(CommandName::ALL.len() <= u32::BITS as usize);

/// The keys of one node.
#[derive(Debug)]
pub struct Keyspace {
    entries: Vec<Entry>,
    /// `used_memory` in bytes, the tables' buckets aside.
    used: u64,
    /// Of these, bytes of the empty server.
    base: u64,
    /// `maxmemory`, or more than can be used if there is none.
    limit: u64,
    clock: Clock,
    /// Bit by command: executed at least once.
    seen_commands: u32,
    /// A key was stored that was not there, since this was last asked.
    added: bool,
    /// What the arguments of the present command hold.
    in_flight: u64,
    policy: Policy,
    costs: Costs,
    stats: Stats,
    main: Tables<MAIN>,
    expires: Tables<EXPIRES>,
    pool: Pool,
    /// Decides where the next sample for eviction begins: drawn early, so that its keys can be
    /// on their way from memory.
    next_sample: u64,
    rng: ChaCha8Rng,
    deaths: Vec<Death>,
    free: Vec<u32>,
    expiry_cursor: ExpiryCursor,
    effort: u32,
    hz: u32,
    rules: EngineRules,
    cpu: CpuTime,
    hash_seed: u64,
}

impl Keyspace {
    /// An empty keyspace. `rng` is the node's own stream: its hash seed and its sampling.
    #[must_use]
    pub fn new(spec: &StoreSpec, mut rng: ChaCha8Rng, start_unix_ms: u64, cpu: CpuTime) -> Self {
        let rules = EngineRules::of(spec.engine, spec.allocator);
        let cluster = spec.shards > 1 || spec.topology.cluster_mode;
        let by_slot = cluster && rules.tables_by_slot;
        Self {
            entries: Vec::new(),
            used: rules.base_of(cluster),
            base: rules.base_of(cluster),
            limit: if spec.maxmemory.0 == 0 {
                u64::MAX
            } else {
                spec.maxmemory.0
            },
            clock: Clock::new(start_unix_ms),
            seen_commands: 0,
            added: false,
            in_flight: 0,
            policy: Policy::new(spec),
            costs: Costs::new(&rules, cluster),
            stats: Stats::default(),
            main: Tables::new(rules.tables, rules.upkeep, by_slot),
            expires: Tables::new(rules.tables, rules.upkeep, by_slot),
            pool: Pool::default(),
            next_sample: rng.next_u64(),
            hash_seed: rng.next_u64(),
            rng,
            deaths: Vec::new(),
            free: Vec::new(),
            expiry_cursor: ExpiryCursor::default(),
            effort: spec.active_expire_effort.clamp(1, 10),
            hz: spec.hz.clamp(1, 500),
            rules,
            cpu,
        }
    }

    /// The number by which keys of this shape are created; the same shape has the same number.
    ///
    /// # Panics
    /// Beyond 255 different shapes.
    pub fn register(&mut self, shape: Shape) -> ShapeId {
        self.costs.register(shape)
    }

    /// Makes a key known, not live yet. `id` identifies it (it decides its bucket), `slot` is its
    /// hash slot, `owner` is handed back when it dies.
    ///
    /// # Panics
    /// Beyond 2^32 - 1 keys; scenarios that large are refused when they are loaded.
    pub fn create(&mut self, id: u64, slot: u16, shape: ShapeId, owner: u32) -> KeyId {
        let entry = Entry::new(mix(id ^ self.hash_seed) as u32, slot, shape, owner);
        if let Some(key) = self.free.pop() {
            if self.entries[key as usize].is_pooled() {
                self.pool.forget(key);
            }
            self.entries[key as usize] = entry;
            return KeyId(key);
        }
        let key = u32::try_from(self.entries.len())
            .ok()
            .filter(|&key| key < entry::NIL);
        push_gently(&mut self.entries, entry);
        KeyId(key.expect("fewer than 2^32 - 1 keys"))
    }

    /// Gives back the id of a key that is not live.
    pub fn release(&mut self, key: KeyId) {
        let entry = &mut self.entries[key.0 as usize];
        assert!(
            entry.is_known() && !entry.is_live(),
            "released key {} is live or unknown",
            key.0
        );
        entry.forget();
        self.free.push(key.0);
    }

    /// Changes whose key it is.
    pub fn set_owner(&mut self, key: KeyId, owner: u32) {
        self.entries[key.0 as usize].owner = owner;
    }

    /// Whether the key is stored, even if its TTL has passed and nobody noticed yet.
    #[inline]
    pub fn is_live(&self, key: KeyId) -> bool {
        self.entries[key.0 as usize].is_live()
    }

    /// Whether its TTL has passed at `at`.
    #[inline]
    pub fn is_expired(&self, key: KeyId, at: Time) -> bool {
        at.millis() > self.entries[key.0 as usize].expires()
    }

    /// Whether the key has a TTL.
    pub fn has_ttl(&self, key: KeyId) -> bool {
        self.entries[key.0 as usize].has_ttl()
    }

    /// What its bytes depend on besides the size of its value.
    pub fn shape(&self, key: KeyId) -> Shape {
        self.costs.shape(self.entries[key.0 as usize].shape())
    }

    /// Bytes of a live key's value.
    #[inline]
    pub fn bytes(&self, key: KeyId) -> u32 {
        self.entries[key.0 as usize].bytes
    }

    /// The owner of each key that is stored, with the bytes that it allocates, the buckets of the
    /// hash tables aside; in no order that means anything.
    pub fn stored(&self) -> impl Iterator<Item = (u32, u64)> {
        let live = self.entries.iter().filter(|entry| entry.is_live());
        live.map(|entry| {
            let bytes = self.costs.key(entry.shape(), entry.bytes, entry.has_ttl());
            (entry.owner, bytes)
        })
    }

    /// Keys that died since this list was last drained.
    #[inline]
    pub fn deaths(&self) -> &[Death] {
        &self.deaths
    }

    /// Whether a key was stored that was not there, since this was last asked.
    pub const fn take_added(&mut self) -> bool {
        std::mem::replace(&mut self.added, false)
    }

    /// Takes one of them off the list.
    pub fn pop_death(&mut self) -> Option<Death> {
        self.deaths.pop()
    }

    /// `used_memory` in bytes.
    #[inline]
    pub const fn used_memory(&self) -> u64 {
        self.used + self.main.bytes() + self.expires.bytes()
    }

    /// Of these, bytes of the keys, without the buckets of the hash tables.
    pub const fn bytes_of_keys(&self) -> u64 {
        self.used - self.base - self.seen_commands.count_ones() as u64 * HISTOGRAM_BYTES
    }

    /// `maxmemory` in bytes, 0 for none.
    pub const fn maxmemory(&self) -> u64 {
        if self.limit == u64::MAX {
            0
        } else {
            self.limit
        }
    }

    /// Keys, expired ones that are still stored included (`DBSIZE`).
    pub fn keys(&self) -> u64 {
        self.main.len() as u64
    }

    /// Of these, keys with a TTL.
    pub fn expires(&self) -> u64 {
        self.expires.len() as u64
    }

    /// The server's counters.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Asks the processor for the key's record, which will be needed soon.
    #[inline]
    pub fn warm(&self, key: KeyId) {
        prefetch(&self.entries, key.0 as usize);
    }

    /// The server's cron (`serverCron`, `databasesCron`): refreshes the LRU clock, reclaims
    /// expired keys, shrinks sparse tables and moves buckets. Returns the processor time it took.
    pub fn cron(&mut self, at: Time) -> Span {
        self.clock.refresh(at);
        self.in_flight = 0;
        let spent = self.expire_cycle(at.millis());
        self.resize_by_cron();
        spent + self.rehash_by_cron()
    }

    /// A millisecond of moving buckets (`incrementallyRehash`): Redis 7.0 moves either the main
    /// dict or the expires dict in one run of the cron.
    fn rehash_by_cron(&mut self) -> Span {
        if !self.is_rehashing() {
            return Span::ZERO;
        }
        let in_main = self.main.is_rehashing();
        let mut spent = Span::ZERO;
        // The server looks at its clock about every hundred buckets.
        while spent <= Span::from_millis(1) {
            let mut moved = self.main.rehash_any(&mut self.entries, 100);
            if moved == 0 && (!in_main || self.rules.upkeep == TableUpkeep::Continual) {
                moved = self.expires.rehash_any(&mut self.entries, 100);
            }
            if moved == 0 {
                break;
            }
            spent += self.cpu.moved * moved as u64;
        }
        spent
    }

    /// What is held under the key.
    #[inline]
    pub fn state(&self, key: KeyId) -> KeyState {
        let entry = &self.entries[key.0 as usize];
        KeyState {
            is_live: entry.is_live(),
            bytes: entry.bytes,
            expires: entry.has_ttl().then(|| entry.expires()),
        }
    }

    /// Puts back what was held under the key, as if nothing had happened since. No owner is told.
    pub fn put_back(&mut self, key: KeyId, held: KeyState, at: Time) {
        let key = key.0;
        match (self.entries[key as usize].is_live(), held.is_live) {
            (false, false) => return,
            (true, false) => {
                self.delete(key);
                return;
            }
            (true, true) => self.resize_value(key, held.bytes),
            (false, true) => self.add(key, held.bytes, at.millis()),
        }
        match held.expires {
            Some(expires) => self.set_ttl(key, expires),
            None if self.entries[key as usize].has_ttl() => self.clear_ttl(key),
            None => {}
        }
        self.added = false;
    }

    /// Whose key it is.
    pub fn owner(&self, key: KeyId) -> u32 {
        self.entries[key.0 as usize].owner
    }

    /// Deletes every key whose TTL has passed at `at`, as a job does that looks at all of them.
    pub fn expire_all(&mut self, at: Time) {
        let now = at.millis();
        for key in 0..self.entries.len() as u32 {
            if now > self.entries[key as usize].expires() {
                self.die(key, DeathCause::Expired);
            }
        }
    }

    /// Bytes of all keys' names and values.
    pub fn payload(&self) -> u64 {
        let live = self.entries.iter().filter(|entry| entry.is_live());
        live.map(|entry| {
            let name = self.costs.shape(entry.shape()).key_length;
            u64::from(name) + u64::from(entry.bytes)
        })
        .sum()
    }

    /// All keys are gone.
    pub fn lose_all(&mut self) {
        for key in 0..self.entries.len() as u32 {
            if self.entries[key as usize].is_live() {
                self.die(key, DeathCause::Lost);
            }
        }
    }

    /// Recounts everything: memory, tables, chains and live keys.
    ///
    /// # Errors
    /// Says what does not agree.
    pub fn check(&self) -> Result<(), String> {
        self.main.check(&self.entries, Entry::is_live)?;
        self.expires
            .check(&self.entries, |entry| entry.is_live() && entry.has_ttl())?;
        let keys: u64 = self
            .entries
            .iter()
            .filter(|entry| entry.is_live())
            .map(|entry| self.costs.key(entry.shape(), entry.bytes, entry.has_ttl()))
            .sum();
        if keys != self.bytes_of_keys() {
            return Err(format!(
                "keys take {} bytes by the books but {keys} in truth",
                self.bytes_of_keys()
            ));
        }
        let unknown = self
            .entries
            .iter()
            .filter(|entry| !entry.is_known())
            .count();
        if unknown != self.free.len() {
            return Err(format!(
                "{unknown} ids are free, {} on the list",
                self.free.len()
            ));
        }
        if self
            .entries
            .iter()
            .any(|entry| !entry.is_live() && entry.has_ttl())
        {
            return Err("a key that is not live has a TTL".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
