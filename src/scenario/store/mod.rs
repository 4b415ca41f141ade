//! `platform` and `[store]`: the cache tier.

use crate::kernel::quantiles::Distribution;
use crate::units::{Bytes, Ratio, Span};

use super::reader::choice::{Choice, choice_is_value};

mod keys;
mod kind;
mod memory;
mod replicas;
mod speed;

pub(super) use keys::SECTION;
pub(super) use kind::SCALING;
pub use kind::{Instances, Scaling, StoreKind};
pub use replicas::{Reads, ReplicaSpec};
pub use speed::{CpuCredits, SpeedSpec};

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
    /// Where sessions lie. If that is no cache, what follows stands for servers without a limit.
    pub kind: StoreKind,
    /// Server program and version.
    pub engine: Engine,
    /// Its allocator.
    pub allocator: Allocator,
    /// Number of shards, at least 1; more than one means cluster mode.
    pub shards: u32,
    /// How they are made of nodes.
    pub topology: ReplicaSpec,
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
    /// What else decides how fast a node is.
    pub speed: SpeedSpec,
}

impl StoreSpec {
    /// One Redis 7.0 of one's own, configured as upstream's `redis.conf` and without a limit of
    /// memory, that answers at once: what a trace or a test starts from.
    #[must_use]
    pub const fn upstream() -> Self {
        Self {
            kind: StoreKind::Cache,
            engine: Engine::Redis70,
            allocator: Allocator::Bundled,
            shards: 1,
            topology: ReplicaSpec::none(false),
            node_type: None,
            maxmemory: Bytes(0),
            reserved_memory: Ratio::ZERO,
            maxmemory_policy: EvictionPolicy::NoEviction,
            maxmemory_samples: 5,
            hz: 10,
            active_expire_effort: 1,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            service_time: ServiceTime::ByBytes {
                fixed: Span::ZERO,
                per_kib: Span::ZERO,
            },
            speed: SpeedSpec::UNLIMITED,
        }
    }
}

impl Choice for Platform {
    const WHAT: &'static str = "a platform";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("elasticache", Self::ElastiCache),
        ("self-managed", Self::SelfManaged),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("aws", "elasticache"),
        ("amazon", "elasticache"),
        ("self-hosted", "self-managed"),
        ("selfhosted", "self-managed"),
        ("on-prem", "self-managed"),
        ("on-premises", "self-managed"),
        ("ec2", "self-managed"),
        ("redis", "self-managed"),
    ];
}

impl Choice for Engine {
    const WHAT: &'static str = "an engine";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("redis-7.0", Self::Redis70),
        ("redis-7.4", Self::Redis74),
        ("redis-8.0", Self::Redis80),
        ("valkey-8.0", Self::Valkey80),
        ("valkey-8.1", Self::Valkey81),
        ("valkey-9.1", Self::Valkey91),
    ];

    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("valkey", "valkey-8.1"),
        ("valkey-8", "valkey-8.1"),
        ("valkey-9", "valkey-9.1"),
        ("redis", "redis-7.0"),
        ("redis-7", "redis-7.0"),
        ("redis-7.1", "redis-7.0"),
        ("redis-8", "redis-8.0"),
    ];

    fn refused(word: &str) -> Option<&'static str> {
        word.starts_with("memcached")
            .then_some("is not modelled yet")
    }
}

impl Choice for Allocator {
    const WHAT: &'static str = "an allocator";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("bundled", Self::Bundled), ("debian", Self::Debian)];
}

impl Choice for EvictionPolicy {
    const WHAT: &'static str = "an eviction policy";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("noeviction", Self::NoEviction),
        ("allkeys-lru", Self::AllKeysLru),
        ("allkeys-lfu", Self::AllKeysLfu),
        ("allkeys-random", Self::AllKeysRandom),
        ("volatile-lru", Self::VolatileLru),
        ("volatile-lfu", Self::VolatileLfu),
        ("volatile-random", Self::VolatileRandom),
        ("volatile-ttl", Self::VolatileTtl),
    ];
}

choice_is_value!(Platform, Engine, Allocator, EvictionPolicy);

impl Platform {
    /// Engines that it offers.
    pub(super) fn offers(self, engine: Engine) -> bool {
        match self {
            Self::SelfManaged => true,
            Self::ElastiCache => matches!(
                engine,
                Engine::Redis70 | Engine::Valkey80 | Engine::Valkey81 | Engine::Valkey91
            ),
        }
    }
}

impl Allocator {
    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl EvictionPolicy {
    /// As a scenario and the server write it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl Engine {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::CHOICES.iter().map(|(_, engine)| *engine)
    }

    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }

    /// Whether it is a Valkey.
    pub const fn is_valkey(self) -> bool {
        matches!(self, Self::Valkey80 | Self::Valkey81 | Self::Valkey91)
    }
}
