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
use crate::scenario::users::{TtlKind, UserClass};
use crate::store::keyspace::{Command, CpuTime, Keyspace, Shape, ShapeKind, Ttl};
use crate::units::{Bytes, Span, Time};

use super::build::{START_UNIX_MS, shape, shape_of};
use super::key_pattern::KeyPattern;

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
        Self { empty, session }
    }
}

/// How sessions of a class are kept.
struct Kept {
    shape: Shape,
    sizes: Quantiles,
    has_ttl: bool,
}

impl Kept {
    fn of_class(class: &UserClass) -> Self {
        let session = &class.session;
        let length = KeyPattern::new(&session.key, session.id_length as usize).len();
        Self {
            shape: shape_of(session, length),
            sizes: Quantiles::new(&session.bytes),
            has_ttl: session.ttl_kind != TtlKind::None,
        }
    }

    /// As if all values had the mean size.
    fn of_trace(trace: &TraceSpec) -> Self {
        let bytes = Bytes(trace.content.mean_bytes() as u64);
        Self {
            shape: shape(trace.encoding, trace.key_length()),
            sizes: Quantiles::new(&Distribution::Fixed(bytes)),
            has_ttl: trace.content.longest_ttl > Span::ZERO,
        }
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
        let store = match kept.shape.kind {
            ShapeKind::String => CommandName::Set,
            ShapeKind::Hash { .. } => CommandName::HSet,
        };
        let put = |keyspace: &mut Keyspace, id: u64| {
            let slot = (id % self.slots) as u16;
            let key = keyspace.create(id, slot, shape, 0);
            // The multiples of the golden ratio spread evenly over all sizes.
            let bytes = sizes.draw(id.wrapping_mul(0x9E37_79B9_7F4A_7C15)) as u32;
            for name in [store, CommandName::Expire] {
                if name == store || (store == CommandName::HSet && ttl != Ttl::Clear) {
                    keyspace.execute(&Command { name, bytes, ttl }, key, Time::ZERO);
                }
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
        for run in 0..CRONS {
            keyspace.cron(Time(run * 100_000_000));
        }
        (before, keyspace.used_memory())
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
