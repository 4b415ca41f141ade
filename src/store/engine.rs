//! What differs between server versions and their allocators, as data.
//!
//! Figures named "measured" were taken from `used_memory` of real servers (see `fidelity/`).

use crate::scenario::store::{Allocator, Engine};

/// How keys and values lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Redis: an entry, the key and an object each in a block of their own.
    Separate,
    /// Valkey 8.0: the key lies in the entry.
    KeyInEntry,
    /// Valkey 8.1: key and expiry lie in the object, and short values too.
    KeyInObject,
    /// Valkey 9.1: likewise, with room for longer values.
    ValueInObject,
}

/// The hash table that keys are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Chained (`dict.c`).
    Dict,
    /// With buckets of seven keys (`hashtable.c`).
    HashTable(Sampling),
}

/// Which buckets the keys come from that a random key is chosen among, if one bucket has too few
/// of them (`hashtableRandomEntry`). A sample for a policy that ranks keys always goes onward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Those behind a random one, in the order of a scan (Valkey 8.1.1).
    Onward,
    /// Each at random (Valkey since pull request 2085; 3460 left it so for random keys alone).
    Scattered,
}

/// How tables are kept at their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableUpkeep {
    /// Redis 7.0: the cron shrinks a dict below 10 % (`htNeedsResize`) and moves buckets of one
    /// dict in each of its runs (`incrementallyRehash`).
    ByCron,
    /// Since Redis 7.4 and Valkey 8.0: deletions shrink a dict to an eighth or less
    /// (`dictShrinkIfNeeded`); the cron also makes room in tables that are just full
    /// (`kvstoreTryResizeDicts`) and moves buckets of all (`kvstoreIncrementallyRehash`).
    Continual,
}

/// How active expiry walks the keys with a TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryWalk {
    /// Bucket by bucket, both tables of a rehash side by side (Redis 7.0).
    ByBucket,
    /// As SCAN does; a cycle ends when the cursor comes round. One turn looks at this many
    /// buckets at most for each key it wants.
    ByScan {
        /// `max_buckets` in `activeExpireCycle`.
        buckets_per_key: u32,
    },
}

/// What the model needs to know of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineRules {
    /// How keys and values lie in memory.
    pub layout: Layout,
    /// log2 of the allocator's quantum.
    pub lg_quantum: u32,
    /// `used_memory` of a server without keys and with two clients, latency histograms aside, in
    /// bytes. Measured; where only an empty server with one client was measured, the difference
    /// is that of the engine before it.
    pub base: u64,
    /// The hash table that keys are kept in.
    pub tables: TableKind,
    /// Whether a cluster keeps a table for each slot (`kvstore.c`).
    pub tables_by_slot: bool,
    /// How tables are kept at their size.
    pub upkeep: TableUpkeep,
    /// How active expiry walks the keys with a TTL.
    pub expiry: ExpiryWalk,
    /// Whether a sampled key's decayed LFU counter is stored (`objectGetIdleness`).
    pub stores_decay: bool,
}

/// Bytes of the arrays that a `kvstore` keeps for the tables of 16384 slots: their addresses and
/// the index of their sizes. Read in the source (`kvstoreCreate`), not measured.
pub const SLOT_ARRAYS_BYTES: u64 = 131_072 + 163_840;

/// Bytes of the latency histogram that the first execution of each command allocates. Measured.
pub const HISTOGRAM_BYTES: u64 = 24_670;

impl EngineRules {
    /// `used_memory` of a server without keys and with two clients, latency histograms aside. In
    /// a cluster a server with a table for each slot keeps three such collections: of keys, of
    /// keys with a TTL and of channels.
    #[must_use]
    pub const fn base_of(&self, cluster: bool) -> u64 {
        if cluster && self.tables_by_slot {
            self.base + 3 * SLOT_ARRAYS_BYTES
        } else {
            self.base
        }
    }

    /// The rules of an engine with an allocator.
    #[must_use]
    pub const fn of(engine: Engine, allocator: Allocator) -> Self {
        let lg_quantum = match allocator {
            Allocator::Bundled => 3,
            Allocator::Debian => 4,
        };
        let redis70 = Self {
            layout: Layout::Separate,
            lg_quantum,
            base: match allocator {
                Allocator::Bundled => 981_180,
                Allocator::Debian => 998_810,
            },
            tables: TableKind::Dict,
            tables_by_slot: false,
            upkeep: TableUpkeep::ByCron,
            expiry: ExpiryWalk::ByBucket,
            stores_decay: false,
        };
        let redis74 = Self {
            base: 1_068_800,
            tables_by_slot: true,
            upkeep: TableUpkeep::Continual,
            expiry: ExpiryWalk::ByScan {
                buckets_per_key: 20,
            },
            ..redis70
        };
        let valkey81 = Self {
            layout: Layout::KeyInObject,
            base: 939_700,
            tables: TableKind::HashTable(Sampling::Onward),
            ..redis74
        };
        match engine {
            Engine::Redis70 => redis70,
            Engine::Redis74 => redis74,
            Engine::Redis80 => Self {
                base: 757_710,
                ..redis74
            },
            Engine::Valkey80 => Self {
                layout: Layout::KeyInEntry,
                base: 996_700,
                ..redis74
            },
            Engine::Valkey81 => valkey81,
            Engine::Valkey91 => Self {
                layout: Layout::ValueInObject,
                base: 987_660,
                tables: TableKind::HashTable(Sampling::Scattered),
                expiry: ExpiryWalk::ByScan {
                    buckets_per_key: 10,
                },
                stores_decay: true,
                ..valkey81
            },
        }
    }
}
