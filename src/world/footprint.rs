//! Bytes that a session takes in a node, before anything is simulated.
//!
//! Asked of a real keyspace: it is filled with keys of a class and its `used_memory` read. Of many
//! sessions a part is enough, as long as it fills the hash tables to the same degree: they are
//! powers of two in size, so the number is halved as often as necessary, and that of the hash
//! slots with it.

use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::kernel::streams::Streams;
use crate::scenario::Scenario;
use crate::scenario::commands::CommandName;
use crate::scenario::store::{Engine, StoreSpec};
use crate::scenario::traffic::TraceSpec;
use crate::scenario::users::{Encoding, KeyScope, TtlKind, UserClass};
use crate::scenario::workloads::WorkloadSpec;
use crate::store::keyspace::{Command, CpuTime, Keyspace, Shape, ShapeKind, Ttl};
use crate::units::{Bytes, Span, Time};

use super::build::{START_UNIX_MS, shape, shape_of};
use super::key_pattern::KeyPattern;
use super::side::{kind_of, pattern_of};
use super::workloads::shape_of as shape_of_workload;

/// Most keys that are tried out.
const MOST_KEYS: u64 = 1 << 14;
/// Hash slots of a cluster.
const SLOTS: u64 = 16_384;
/// Runs of the cron that let a table which is being rebuilt come to rest.
const CRONS: u64 = 100;

/// What sessions take in the memory of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// Bytes of an empty node.
    pub empty: f64,
    /// Bytes of a session of each class, of those of a trace last: key, value, TTL and its share
    /// of the hash tables.
    pub session: Vec<f64>,
    /// Bytes of a key of each workload, likewise.
    pub workload: Vec<f64>,
}

impl Footprint {
    /// That of the scenario's sessions in nodes of `engine`, when they hold `sessions` each.
    #[must_use]
    pub fn new(scenario: &Scenario, engine: Engine, sessions: f64) -> Self {
        let spec = StoreSpec {
            engine,
            maxmemory: Bytes(0),
            ..scenario.store.clone()
        };
        let number = (sessions as u64).max(1);
        let slots = (SLOTS / u64::from(spec.shards)).max(1);
        let mut halvings = 0;
        while number >> halvings > MOST_KEYS {
            halvings += 1;
        }
        let trial = Trial {
            spec: &spec,
            keys: number >> halvings,
            slots: (slots >> halvings).max(1),
        };
        let mut empty = 0.0;
        let classes = scenario.users.iter().map(Kept::of_class);
        let session = classes
            .chain(scenario.trace.iter().map(Kept::of_trace))
            .map(|kept| {
                let (before, after) = trial.fill(&kept);
                empty = before as f64;
                after.saturating_sub(before) as f64 / trial.keys as f64
            })
            .collect();
        let workload = scenario.workloads.iter().map(|spec| {
            let (before, after) = trial.fill(&Kept::of_workload(spec, scenario));
            after.saturating_sub(before) as f64 / trial.keys as f64
        });
        Self {
            empty,
            session,
            workload: workload.collect(),
        }
    }
}

/// How sessions of a class are kept.
struct Kept {
    shape: Shape,
    /// Stores it.
    store: CommandName,
    sizes: Quantiles,
    has_ttl: bool,
    /// What changes have added to a session by the end of its visit, roughly, and up to where.
    grows: u32,
    most: u32,
    others: Vec<Other>,
}

/// Another key of a session.
struct Other {
    shape: Shape,
    bytes: u32,
    has_ttl: bool,
    /// Whether many sessions share it.
    shared: bool,
}

impl Kept {
    fn of_class(class: &UserClass) -> Self {
        let session = &class.session;
        let length = KeyPattern::new(&session.key, session.id_length as usize).len();
        Self {
            shape: shape_of(session, length),
            store: stores(session.encoding),
            sizes: Quantiles::new(class.stored_bytes()),
            has_ttl: session.ttl_kind != TtlKind::None,
            grows: class.expected_growth() as u32,
            most: session
                .growth
                .as_ref()
                .map_or(u32::MAX, |growth| growth.most.0 as u32),
            others: session
                .keys
                .iter()
                .map(|key| {
                    let pattern = pattern_of(&key.key, key.scope(), session.id_length as usize);
                    Other {
                        shape: Shape {
                            key_length: pattern.len() as u32,
                            kind: kind_of(key),
                        },
                        bytes: key.bytes.0 as u32,
                        has_ttl: key.ttl.is_some(),
                        shared: key.scope() == KeyScope::Minute,
                    }
                })
                .collect(),
        }
    }

    /// As if all values had the mean size.
    fn of_trace(trace: &TraceSpec) -> Self {
        let bytes = Bytes(trace.content.mean_bytes() as u64);
        Self {
            shape: shape(trace.encoding, trace.key_length()),
            store: stores(trace.encoding),
            sizes: Quantiles::new(&Distribution::Fixed(bytes)),
            has_ttl: trace.content.longest_ttl > Span::ZERO,
            grows: 0,
            most: u32::MAX,
            others: Vec::new(),
        }
    }

    /// As if all keys had what they will have in the mean.
    fn of_workload(spec: &WorkloadSpec, scenario: &Scenario) -> Self {
        let shape = shape_of_workload(spec, &scenario.store);
        let size = Bytes(spec.expected_size(scenario).max(1.0) as u64);
        Self {
            shape,
            store: match shape.kind {
                ShapeKind::SortedSet { .. } => CommandName::ZIncrBy,
                ShapeKind::Counter { .. } => CommandName::Incr,
                _ => CommandName::Set,
            },
            sizes: Quantiles::new(&Distribution::Fixed(size)),
            has_ttl: spec.ttl > Span::ZERO,
            grows: 0,
            most: u32::MAX,
            others: Vec::new(),
        }
    }
}

/// The command that stores a session of that encoding.
const fn stores(encoding: Encoding) -> CommandName {
    match encoding {
        Encoding::String => CommandName::Set,
        Encoding::Hash { .. } => CommandName::HSet,
    }
}

struct Trial<'a> {
    spec: &'a StoreSpec,
    keys: u64,
    slots: u64,
}

impl Trial<'_> {
    /// `used_memory` before and after the keys.
    fn fill(&self, kept: &Kept) -> (u64, u64) {
        let rng = Streams::new(0, 0).stream("footprint");
        let mut keyspace = Keyspace::new(self.spec, rng, START_UNIX_MS, CpuTime::default());
        let shape = keyspace.register(kept.shape);
        let sizes = &kept.sizes;
        // Far away: nothing expires while the keys are counted.
        let ttl = if kept.has_ttl {
            Ttl::In(Span::from_secs(86_400 * 365))
        } else {
            Ttl::Clear
        };
        let store = kept.store;
        let put = |keyspace: &mut Keyspace, id: u64| {
            let slot = (id % self.slots) as u16;
            let key = keyspace.create(id, slot, shape, 0);
            // The multiples of the golden ratio spread evenly over all sizes.
            let bytes = sizes.draw(id.wrapping_mul(0x9E37_79B9_7F4A_7C15)) as u32;
            let bytes = bytes.max(bytes.saturating_add(kept.grows).min(kept.most));
            // A sorted set begins with one member.
            let more = (store == CommandName::ZIncrBy).then_some(store);
            let expire = store != CommandName::Set && ttl != Ttl::Clear;
            let expire = expire.then_some(CommandName::Expire);
            for name in [Some(store), more, expire].into_iter().flatten() {
                keyspace.execute(&Command { name, bytes, ttl }, key, Time::ZERO);
            }
            key
        };
        // The first commands cost memory of their own, which belongs to the node.
        let first = put(&mut keyspace, 0);
        let delete = Command {
            name: CommandName::Del,
            bytes: 0,
            ttl: Ttl::Keep,
        };
        keyspace.execute(&delete, first, Time::ZERO);
        let before = keyspace.used_memory();
        for id in 1..=self.keys {
            put(&mut keyspace, id);
        }
        for other in &kept.others {
            self.add_others(&mut keyspace, other);
        }
        for run in 0..CRONS {
            keyspace.cron(Time(run * 100_000_000));
        }
        (before, keyspace.used_memory())
    }

    /// Another key for each session, or one for all.
    fn add_others(&self, keyspace: &mut Keyspace, other: &Other) {
        let shape = keyspace.register(other.shape);
        let set = matches!(other.shape.kind, ShapeKind::Set { .. });
        let name = if set {
            CommandName::SAdd
        } else {
            CommandName::Append
        };
        let mut key = None;
        for id in 1..=self.keys {
            let slot = (id % self.slots) as u16;
            let create = |keyspace: &mut Keyspace| keyspace.create(!id, slot, shape, 0);
            let at = match key {
                Some(key) if other.shared => key,
                _ => create(keyspace),
            };
            key = Some(at);
            let put = |name, ttl| Command {
                name,
                bytes: other.bytes,
                ttl,
            };
            keyspace.execute(&put(name, Ttl::Keep), at, Time::ZERO);
            if other.has_ttl {
                let far = Ttl::In(Span::from_secs(86_400 * 365));
                keyspace.execute(&put(CommandName::PExpire, far), at, Time::ZERO);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load;

    fn scenario(session: &str) -> Scenario {
        let text = format!(
            "platform = \"self-managed\"\nduration = \"1d\"\n\n[[users]]\nconcurrent = 10\n\n\
             [users.session]\nttl = \"1d\"\n{session}"
        );
        load("test.toml", &text).unwrap()
    }

    /// Measured on redis-server 7.0.15 with jemalloc 5.3.0 of Debian at 100,000 keys: `used_memory`
    /// per session of seven session libraries, with keys and values of these lengths.
    #[test]
    fn sessions_of_libraries_take_what_was_measured() {
        for (key, value, measured) in [
            (22, 112, 261.2),
            (51, 87, 261.2),
            (43, 129, 309.2),
            (38, 170, 341.7),
            (64, 228, 437.2),
            (40, 300, 469.7),
            (38, 1024, 1429.0),
            (38, 4096, 5269.0),
        ] {
            let padding = "x".repeat(key - 8);
            let session = format!("key = \"{padding}<id>\"\nid_length = 8\nbytes = \"{value}B\"");
            let mut scenario = scenario(&session);
            scenario.store.allocator = crate::scenario::store::Allocator::Debian;
            let footprint = Footprint::new(&scenario, Engine::Redis70, 100_000.0);
            let ours = footprint.session[0];
            assert!(
                (ours - measured).abs() < 1.0,
                "{key} {value}: {ours}, not {measured}"
            );
        }
    }

    /// What is stored for somebody who never comes back is what the library stores at first.
    #[test]
    fn sessions_of_strangers_are_empty() {
        let sizes = "bytes = \"1000B\"\nempty_bytes = \"100B\"";
        let mut scenario = scenario(sizes);
        let full = Footprint::new(&scenario, Engine::Redis70, 1_000.0).session[0];
        scenario.users[0].cookies = false;
        let empty = Footprint::new(&scenario, Engine::Redis70, 1_000.0).session[0];
        assert!((full - empty - 900.0).abs() < 120.0, "{full} and {empty}");
    }

    /// The part stands for the whole: sixteen times the keys take the same bytes each.
    #[test]
    fn a_part_of_the_sessions_is_enough() {
        let scenario = scenario("encoding = \"hash\"\nbytes = { exponential = \"1KB\" }");
        for engine in [
            Engine::Redis70,
            Engine::Redis80,
            Engine::Valkey80,
            Engine::Valkey91,
        ] {
            let few = Footprint::new(&scenario, engine, 15_000.0).session[0];
            let many = Footprint::new(&scenario, engine, 15_000.0 * 64.0).session[0];
            assert!(
                (few / many - 1.0).abs() < 0.01,
                "{engine:?}: {few} and {many}"
            );
        }
    }
}
