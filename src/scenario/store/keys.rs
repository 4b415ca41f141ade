//! The keys of `[store]`, their defaults, and how they are read and written.

use crate::kernel::quantiles::Distribution;
use crate::scenario::own_types::Own;
use crate::scenario::reader::Reader;
use crate::scenario::reader::choice::Choice;
use crate::scenario::reader::key::{Key, KeyInfo, Kind, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::tree::{Node, Tree};
use crate::scenario::reader::value::Value;
use crate::scenario::reader::writer::Writer;
use crate::units::{Bytes, Ratio, Span};

use super::kind::{CLEANUP_EVERY, DRAIN, INSTANCES, KIND, REPEAT_EVERY, SCALING, StoreKind};
use super::memory::{read_memory, read_node_type};
use super::{Allocator, Engine, EvictionPolicy, Platform, ServiceTime, StoreSpec, replicas, speed};

/// `{ fixed = "7us", per_kib = "0.4us" }`, or a duration or distribution of its own.
impl Value for ServiceTime {
    const KIND: Kind = Kind::ServiceTime;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let entries = match &node.tree {
            Tree::Table(entries) if entries.iter().any(|e| is_by_bytes(&e.key)) => entries,
            _ => return Distribution::read(node, reader).map(Self::Drawn),
        };
        let find = |name: &str| entries.iter().find(|entry| entry.key == name);
        let form = "write { fixed = \"7us\", per_kib = \"0.4us\" }";
        let mut complete = true;
        for stranger in entries.iter().filter(|entry| !is_by_bytes(&entry.key)) {
            let message = format!("`{}` does not go with a time by bytes", stranger.key);
            reader.report(Problem::new(stranger.place, message).hint(form));
            complete = false;
        }
        for name in ["fixed", "per_kib"]
            .into_iter()
            .filter(|name| find(name).is_none())
        {
            reader.report(Problem::new(node.place, format!("`{name}` is missing")).hint(form));
            complete = false;
        }
        let read = |name| find(name).and_then(|entry| Span::read(&entry.node, reader));
        let (fixed, per_kib) = (read("fixed"), read("per_kib"));
        let (fixed, per_kib) = (fixed?, per_kib?);
        complete.then_some(Self::ByBytes { fixed, per_kib })
    }

    fn write(&self) -> String {
        match self {
            Self::ByBytes { fixed, per_kib } => {
                format!(
                    "{{ fixed = {}, per_kib = {} }}",
                    fixed.write(),
                    per_kib.write()
                )
            }
            Self::Drawn(distribution) => distribution.write(),
        }
    }

    fn extremes(&self) -> Option<(u64, u64)> {
        match self {
            Self::ByBytes { fixed, per_kib } => {
                Some((fixed.0.min(per_kib.0), fixed.0.max(per_kib.0)))
            }
            Self::Drawn(distribution) => distribution.extremes(),
        }
    }

    fn amount(amount: u64) -> String {
        Span::amount(amount)
    }
}

fn is_by_bytes(key: &str) -> bool {
    matches!(key, "fixed" | "per_kib")
}

/// AWS documents the defaults of its parameter groups; upstream those of `redis.conf`.
const PARAMETERS: &str = "parameter group default.redis7 and default.valkey8; upstream redis.conf";

/// Nodes of an `ElastiCache` cluster, with a raised quota (AWS, `Replication.Redis.Groups`).
const MAX_SHARDS_ELASTICACHE: u32 = 500;
/// Hash slots of a cluster: a shard without one would never be asked.
const HASH_SLOTS: u64 = 16_384;
/// A node with more than 4 TiB exists nowhere.
const MAX_MEMORY: u64 = 4 << 40;
const MINUTE: u64 = 60_000_000_000;
/// Longest service time of a command, 1 minute.
const MAX_SERVICE: u64 = MINUTE;

const ENGINE: Key<Engine> = Key::by_platform(
    "engine",
    ["\"valkey-8.1\"", "\"redis-7.0\""],
    "the version that is taken unless another is asked for",
    "Server program and version.",
)
.called(&["version", "server", "engine_version"]);

const ALLOCATOR: Key<Allocator> = Key::built_in(
    "allocator",
    "\"bundled\"",
    "jemalloc as the server's own build has it; Debian's package differs",
    "Build of the server's jemalloc, which decides how sizes are rounded up: \"bundled\" with \
     size classes 8 bytes apart, \"debian\" with 16.",
);

const SHARDS: Key<u32> = Key::built_in(
    "shards",
    "1",
    "the smallest",
    "Number of shards, each with one primary; more than one means cluster mode.",
)
.between(1, HASH_SLOTS)
.called(&[
    "nodes",
    "num_shards",
    "node_groups",
    "num_node_groups",
    "primaries",
]);

pub(super) const NODE_TYPE: Key<String> = Key::optional(
    "node_type",
    "no type of the catalogue",
    "Node type of ElastiCache or of [[node_types]], for example \"cache.m5.large\"; decides `maxmemory`.",
)
.called(&["instance_type", "instance", "cache_node_type", "type"]);

pub(super) const MAXMEMORY: Key<Bytes> = Key::derived(
    "maxmemory",
    "the node type's maxmemory less `reserved_memory`; on self-managed \"0B\", no limit",
    "Limit of `used_memory` of each node; \"0B\" for none.",
)
.between(0, MAX_MEMORY)
.called(&["memory", "max_memory", "mem"]);

pub(super) const RESERVED_MEMORY: Key<Ratio> = Key::derived(
    "reserved_memory",
    "25 % (AWS: reserved-memory-percent), or what `maxmemory` leaves; 0 % without a node type",
    "Share of the node type's memory that is kept back before `maxmemory`.",
)
.called(&[
    "reserved_memory_percent",
    "reserved-memory-percent",
    "reserved",
]);

const MAXMEMORY_POLICY: Key<EvictionPolicy> = Key::by_platform(
    "maxmemory_policy",
    ["\"volatile-lru\"", "\"noeviction\""],
    PARAMETERS,
    "What is evicted when a node's memory is full.",
)
.called(&["policy", "eviction_policy", "eviction", "maxmemory-policy"]);

const MAXMEMORY_SAMPLES: Key<u32> = Key::by_platform(
    "maxmemory_samples",
    ["3", "5"],
    PARAMETERS,
    "Keys that are sampled for each eviction.",
)
.between(1, 64)
.called(&["samples"]);

const HZ: Key<u32> = Key::built_in(
    "hz",
    "10",
    "redis.conf",
    "Runs of the server's cron a second.",
)
.between(1, 500);

const ACTIVE_EXPIRE_EFFORT: Key<u32> = Key::built_in(
    "active_expire_effort",
    "1",
    "redis.conf",
    "Effort of active expiry, 1 to 10.",
)
.between(1, 10);

const LFU_LOG_FACTOR: Key<u32> = Key::built_in(
    "lfu_log_factor",
    "10",
    "redis.conf",
    "How slowly the frequency counter of the LFU policies grows.",
)
.between(0, u32::MAX as u64);

const LFU_DECAY_TIME: Key<Span> = Key::built_in(
    "lfu_decay_time",
    "\"1m\"",
    "redis.conf",
    "Time after which an unused key's frequency counter falls by one, in whole minutes; \"0s\" for \
     never.",
)
.between(0, 36_500 * 24 * 60 * MINUTE);

/// redis-benchmark against one server thread over loopback TCP: a command takes 0.75 us and
/// 0.37 us for each KB of its value, its system calls another 6.5 us unless it is pipelined.
const SERVICE_TIME: Key<ServiceTime> = Key::built_in(
    "service_time",
    "{ fixed = \"7250ns\", per_kib = \"379ns\" }",
    "measured with redis-benchmark against Redis 7.0.15 on one core, without TLS, within 30 %",
    "Time that a command occupies the node's one thread: so much for each command and so much for \
     each KiB of value it moves, or a duration or distribution whatever its size.",
)
.between(0, MAX_SERVICE)
.called(&["service", "command_time"]);

const KEYS: [KeyInfo; 30] = {
    let [replicas, reads, cluster_mode, zones] = replicas::KEYS;
    let [
        tls,
        speed,
        io_threads,
        credits,
        at_start,
        bandwidth,
        burst,
        burst_time,
    ] = speed::KEYS;
    [
        KIND.info(),
        ENGINE.info(),
        ALLOCATOR.info(),
        SHARDS.info(),
        replicas,
        reads,
        cluster_mode,
        zones,
        NODE_TYPE.info(),
        MAXMEMORY.info(),
        RESERVED_MEMORY.info(),
        MAXMEMORY_POLICY.info(),
        MAXMEMORY_SAMPLES.info(),
        HZ.info(),
        ACTIVE_EXPIRE_EFFORT.info(),
        LFU_LOG_FACTOR.info(),
        LFU_DECAY_TIME.info(),
        SERVICE_TIME.info(),
        tls,
        speed,
        io_threads,
        credits,
        at_start,
        bandwidth,
        burst,
        burst_time,
        CLEANUP_EVERY.info(),
        INSTANCES.info(),
        DRAIN.info(),
        REPEAT_EVERY.info(),
    ]
};

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "store",
    repeated: false,
    help: "The cache tier: shards of one primary each.",
    keys: &KEYS,
    sections: &[&SCALING],
    not_yet: &[
        "multi_az",
        "appendonly",
        "save",
        "snapshots",
        "maxclients",
        "data_tiering",
    ],
};

impl StoreSpec {
    pub(in crate::scenario) fn read(
        table: Table<'_>,
        platform: Platform,
        own_types: &Own,
        zones: &[String],
    ) -> Option<Self> {
        match StoreKind::read(&table) {
            Ok(StoreKind::Cache) => {}
            other => {
                table.finish();
                return other.ok().map(StoreKind::servers);
            }
        }
        let engine = read_engine(&table, platform);
        let allocator = read_allocator(&table, platform);
        let shards = read_shards(&table, platform);
        let topology = replicas::read(&table, platform, shards, zones);
        let node_type = read_node_type(&table, platform, engine, own_types);
        let memory = read_memory(
            &table,
            platform,
            node_type
                .as_ref()
                .map(Option::as_ref)
                .map_err(|wrong| *wrong),
        );
        let maxmemory_policy = table.get(&MAXMEMORY_POLICY);
        let maxmemory_samples = table.get(&MAXMEMORY_SAMPLES);
        let hz = table.get(&HZ);
        let active_expire_effort = table.get(&ACTIVE_EXPIRE_EFFORT);
        let lfu_log_factor = table.get(&LFU_LOG_FACTOR);
        let lfu_decay_time = table.get(&LFU_DECAY_TIME).filter(|time| {
            let whole = time.0.is_multiple_of(MINUTE);
            if !whole {
                table.problem(&LFU_DECAY_TIME, |problem| Problem {
                    message: "`lfu_decay_time` must be whole minutes".to_owned(),
                    hint: Some("the server counts minutes: write \"1m\"".to_owned()),
                    ..problem
                });
            }
            whole
        });
        let service_time = table.get(&SERVICE_TIME);
        let known_type = node_type.as_ref().map(Option::as_ref);
        let speed = speed::read(&table, known_type.map_err(|wrong| *wrong), engine);
        table.finish();
        let (maxmemory, reserved_memory) = memory?;
        Some(Self {
            kind: StoreKind::Cache,
            engine: engine?,
            allocator: allocator?,
            shards: shards?,
            topology: topology?,
            node_type: node_type.ok()?.map(|node_type| node_type.name),
            maxmemory,
            reserved_memory,
            maxmemory_policy: maxmemory_policy?,
            maxmemory_samples: maxmemory_samples?,
            hz: hz?,
            active_expire_effort: active_expire_effort?,
            lfu_log_factor: lfu_log_factor?,
            lfu_decay_time: (lfu_decay_time?.0 / MINUTE) as u32,
            service_time: service_time?,
            speed: speed?,
        })
    }

    pub(in crate::scenario) fn write(&self, zones: &[String], out: &mut Writer) {
        out.section(&SECTION);
        self.kind.write(out);
        if !self.kind.is_cache() {
            return;
        }
        out.put(&ENGINE, &self.engine);
        out.put(&ALLOCATOR, &self.allocator);
        out.put(&SHARDS, &self.shards);
        self.topology.write(self.shards, zones, out);
        if let Some(node_type) = &self.node_type {
            out.put(&NODE_TYPE, node_type);
        }
        out.put(&MAXMEMORY, &self.maxmemory);
        out.put(&RESERVED_MEMORY, &self.reserved_memory);
        out.put(&MAXMEMORY_POLICY, &self.maxmemory_policy);
        out.put(&MAXMEMORY_SAMPLES, &self.maxmemory_samples);
        out.put(&HZ, &self.hz);
        out.put(&ACTIVE_EXPIRE_EFFORT, &self.active_expire_effort);
        out.put(&LFU_LOG_FACTOR, &self.lfu_log_factor);
        out.put(
            &LFU_DECAY_TIME,
            &Span(u64::from(self.lfu_decay_time) * MINUTE),
        );
        out.put(&SERVICE_TIME, &self.service_time);
        self.speed.write(out);
    }
}

fn read_engine(table: &Table<'_>, platform: Platform) -> Option<Engine> {
    let engine = table.get(&ENGINE)?;
    if platform.offers(engine) {
        return Some(engine);
    }
    let offered: Vec<&str> = Engine::CHOICES
        .iter()
        .filter(|(_, engine)| platform.offers(*engine))
        .map(|(word, _)| *word)
        .collect();
    table.problem(&ENGINE, |problem| Problem {
        message: format!("ElastiCache does not offer `{}`", engine.word()),
        hint: Some(format!(
            "it offers {}; or write platform = \"self-managed\"",
            offered.join(", ")
        )),
        ..problem
    });
    None
}

fn read_allocator(table: &Table<'_>, platform: Platform) -> Option<Allocator> {
    let allocator = table.get(&ALLOCATOR)?;
    if platform == Platform::ElastiCache && allocator == Allocator::Debian {
        table.problem(&ALLOCATOR, |problem| Problem {
            message: "ElastiCache does not run Debian's package".to_owned(),
            hint: Some("leave `allocator` out, or write platform = \"self-managed\"".to_owned()),
            ..problem
        });
        return None;
    }
    Some(allocator)
}

fn read_shards(table: &Table<'_>, platform: Platform) -> Option<u32> {
    let shards = table.get(&SHARDS)?;
    if platform == Platform::ElastiCache && shards > MAX_SHARDS_ELASTICACHE {
        table.problem(&SHARDS, |problem| Problem {
            message: format!("{shards} shards are more than ElastiCache allows"),
            label: format!("at most {MAX_SHARDS_ELASTICACHE} nodes a cluster"),
            hint: Some("the default quota is 90 nodes; beyond it AWS must be asked".to_owned()),
            ..problem
        });
        return None;
    }
    Some(shards)
}
