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

/// When a dict shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shrink {
    /// The cron looks: below 10 % (Redis 7.0, `htNeedsResize`).
    ByCron,
    /// Each deletion looks: at an eighth or less (`_dictShrinkIfNeeded`).
    OnDelete,
}

/// What the model needs to know of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineRules {
    /// How keys and values lie in memory.
    pub layout: Layout,
    /// log2 of the allocator's quantum.
    pub lg_quantum: u32,
    /// `used_memory` of a server without keys and two clients, latency histograms aside, in
    /// bytes. Measured.
    pub base: u64,
    /// When a dict shrinks.
    pub shrink: Shrink,
    /// Whether the cron makes room in a dict that is just full (`dictExpandIfNeeded` from
    /// `kvstoreTryResizeDicts`).
    pub cron_expands: bool,
    /// Whether a cycle of active expiry ends when its cursor comes round.
    pub expiry_stops_at_wrap: bool,
    /// Whether a sampled key's decayed LFU counter is stored (`objectGetIdleness`).
    pub stores_decay: bool,
}

/// Bytes of the latency histogram that the first execution of each command allocates. Measured.
pub const HISTOGRAM_BYTES: u64 = 24_670;

impl EngineRules {
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
            shrink: Shrink::ByCron,
            cron_expands: false,
            expiry_stops_at_wrap: false,
            stores_decay: false,
        };
        match engine {
            Engine::Redis70 => redis70,
            Engine::Redis74 => Self {
                base: 1_069_000,
                shrink: Shrink::OnDelete,
                cron_expands: true,
                expiry_stops_at_wrap: true,
                ..redis70
            },
            Engine::Redis80 => Self {
                base: 757_710,
                shrink: Shrink::OnDelete,
                cron_expands: true,
                expiry_stops_at_wrap: true,
                ..redis70
            },
            Engine::Valkey80 => Self {
                layout: Layout::KeyInEntry,
                base: 997_000,
                shrink: Shrink::OnDelete,
                cron_expands: true,
                expiry_stops_at_wrap: true,
                ..redis70
            },
            Engine::Valkey81 => Self {
                layout: Layout::KeyInObject,
                base: 940_000,
                shrink: Shrink::OnDelete,
                expiry_stops_at_wrap: true,
                ..redis70
            },
            Engine::Valkey91 => Self {
                layout: Layout::ValueInObject,
                base: 987_660,
                shrink: Shrink::OnDelete,
                expiry_stops_at_wrap: true,
                stores_decay: true,
                ..redis70
            },
        }
    }
}
