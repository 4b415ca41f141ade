//! `platform` and `[store]`: the cache tier.

use crate::kernel::quantiles::Distribution;
use crate::units::{Bytes, Ratio, Span};

/// Who runs the servers: decides defaults and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Amazon `ElastiCache`.
    ElastiCache,
    /// Servers of one's own, with upstream defaults.
    SelfManaged,
}

/// A server program and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Redis 7.0.
    Redis70,
    /// Redis 7.4.
    Redis74,
    /// Redis 8.0.
    Redis80,
    /// Valkey 8.0.
    Valkey80,
    /// Valkey 8.1.
    Valkey81,
    /// Valkey 9.1.
    Valkey91,
}

/// How the server's jemalloc was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// The one bundled with the server: size classes 8 bytes apart.
    Bundled,
    /// Debian's system library: size classes 16 bytes apart.
    Debian,
}

/// `maxmemory-policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionPolicy {
    /// Nothing is evicted; writes are refused.
    NoEviction,
    /// Any key, least recently used first.
    AllKeysLru,
    /// Any key, least frequently used first.
    AllKeysLfu,
    /// Any key at random.
    AllKeysRandom,
    /// Keys with a TTL, least recently used first.
    VolatileLru,
    /// Keys with a TTL, least frequently used first.
    VolatileLfu,
    /// Keys with a TTL at random.
    VolatileRandom,
    /// Keys with a TTL, shortest remaining TTL first.
    VolatileTtl,
}

/// The time a command occupies the node's one thread.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceTime {
    /// `fixed` for each command plus `per_kib` for each KiB of value it moves.
    ByBytes {
        /// For each command.
        fixed: Span,
        /// For each KiB of value.
        per_kib: Span,
    },
    /// Drawn anew for each command, whatever its size.
    Drawn(Distribution<Span>),
}

/// `[store]`: shards of one primary each.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSpec {
    /// Server program and version.
    pub engine: Engine,
    /// Its allocator.
    pub allocator: Allocator,
    /// Number of shards, at least 1; more than one means cluster mode.
    pub shards: u32,
    /// The catalogue's name of the node type, if one was given.
    pub node_type: Option<String>,
    /// Limit of `used_memory` of each node; 0 for none.
    pub maxmemory: Bytes,
    /// Share of the node type's memory that was kept back before `maxmemory`.
    pub reserved_memory: Ratio,
    /// What happens at the limit.
    pub maxmemory_policy: EvictionPolicy,
    /// Keys sampled for each eviction, 1 to 64.
    pub maxmemory_samples: u32,
    /// Runs of the server's cron a second, 1 to 500.
    pub hz: u32,
    /// Effort of active expiry, 1 to 10.
    pub active_expire_effort: u32,
    /// `lfu-log-factor`.
    pub lfu_log_factor: u32,
    /// `lfu-decay-time` in minutes; 0 for no decay.
    pub lfu_decay_time: u32,
    /// Time that a command occupies the node.
    pub service_time: ServiceTime,
}
