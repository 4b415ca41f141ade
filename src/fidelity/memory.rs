//! Bytes of keys: `memory-measured.json`, one row a shape of key.

use serde::{Deserialize, Serialize};

use super::engines::{Model, model};
use crate::kernel::streams::Streams;
use crate::replay::Setup;
use crate::scenario::commands::CommandName;
use crate::store::engine::HISTOGRAM_BYTES;
use crate::store::keyspace::{Command, CpuTime, Keyspace, Shape, ShapeKind, Ttl};
use crate::units::{Span, Time};

/// Growth of `used_memory`, of the server's.
const BOUND: f64 = 0.005;
/// The same of a hash of 20 fields of 100 bytes in a hash table of Valkey: all hashes of a
/// measurement have the same field names, so that the number of child buckets is a single draw
/// instead of a mean.
const BOUND_OF_ONE_DRAW: f64 = 0.012;
const ONE_DRAW: (u32, u32) = (20, 100);
/// 512 MiB (`proto-max-bulk-len`), and a hundred years in seconds.
const LARGEST_VALUE: u64 = 512 << 20;
const LONGEST_TTL: u64 = 100 * 365 * 86_400;
/// Keys between two runs of the cron.
const KEYS_PER_CRON: u64 = 1000;

/// A measurement: `keys` keys of one shape stored one after another.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MemoryRow {
    /// The server.
    pub engine: String,
    /// `string` or `hash`.
    pub kind: String,
    /// Bytes of a key's name.
    #[serde(rename = "K")]
    pub key_length: u32,
    /// Bytes of the value, or of each field's.
    #[serde(rename = "S")]
    pub bytes: u32,
    /// Fields of a hash.
    #[serde(rename = "F", default)]
    pub fields: u32,
    /// Bytes of a field's name.
    #[serde(rename = "fl", default)]
    pub field_length: u32,
    /// TTL in seconds, 0 for none.
    #[serde(default)]
    pub ttl: u64,
    /// How many keys.
    #[serde(rename = "N")]
    pub keys: u64,
    /// What `used_memory` grew by.
    pub delta: f64,
    /// A formula's figure with and without the latency histograms of the commands that the
    /// measurement used, which count in `delta`.
    pub formula_with_histograms: Option<f64>,
    /// Without.
    pub formula_keyspace: Option<f64>,
}

/// A measurement and what the model makes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryVerdict {
    /// The server.
    pub engine: String,
    /// Kind, sizes, TTL and number of the keys.
    pub shape: String,
    /// What `used_memory` grew by, in bytes.
    pub measured: f64,
    /// The model's; none if the engine is not modelled.
    pub simulated: Option<f64>,
    /// Ours less the server's, as a share of the server's.
    pub difference: Option<f64>,
    /// Largest difference that holds.
    pub bound: f64,
    /// Whether it does.
    pub holds: bool,
}

/// Reads `memory-measured.json`.
///
/// # Errors
/// Says what is wrong, and where.
pub fn parse(text: &str) -> Result<Vec<MemoryRow>, String> {
    let rows: Vec<MemoryRow> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (place, row) in rows.iter().enumerate() {
        let number = place + 1;
        if !matches!(row.kind.as_str(), "string" | "hash") {
            let kind = &row.kind;
            return Err(format!(
                "row {number}: `kind` is `{kind}`: write \"string\" or \"hash\""
            ));
        }
        if row.keys == 0 || row.keys > 100_000_000 || row.delta <= 0.0 {
            return Err(format!(
                "row {number}: `N` must be from 1 to 100,000,000 and `delta` positive"
            ));
        }
        if row.kind == "hash" && (row.fields == 0 || row.fields > 1 << 20) {
            return Err(format!("row {number}: `F` must be from 1 to 1,048,576"));
        }
        let value = u64::from(row.bytes) * u64::from(row.fields.max(1));
        if value > LARGEST_VALUE || row.ttl > LONGEST_TTL {
            return Err(format!(
                "row {number}: a value is at most 512 MiB, a TTL at most 100 years"
            ));
        }
    }
    Ok(rows)
}

impl MemoryRow {
    /// Stores the same keys in the simulated node and compares.
    #[must_use]
    pub fn judge(&self) -> MemoryVerdict {
        let model = model(&self.engine);
        let simulated = model.map(|model| self.simulate(model));
        let difference = simulated.map(|simulated| simulated / self.delta - 1.0);
        let is_hash = self.kind == "hash";
        let in_buckets =
            model.is_some_and(|model| matches!(model.engine.as_str(), "valkey-8.1" | "valkey-9.1"));
        let bound = if is_hash && in_buckets && (self.fields, self.bytes) == ONE_DRAW {
            BOUND_OF_ONE_DRAW
        } else {
            BOUND
        };
        let fields = if is_hash {
            format!("{} x ", self.fields)
        } else {
            String::new()
        };
        MemoryVerdict {
            engine: self.engine.clone(),
            shape: format!(
                "{} of {fields}{} B, key {} B, {}, {} keys",
                self.kind,
                self.bytes,
                self.key_length,
                if self.ttl > 0 { "TTL" } else { "no TTL" },
                self.keys
            ),
            measured: self.delta,
            simulated,
            difference,
            bound,
            holds: difference.is_some_and(|difference| difference.abs() <= bound),
        }
    }

    fn simulate(&self, model: Model) -> f64 {
        let mut setup = Setup::default();
        setup.store.engine = model.engine;
        setup.store.allocator = model.allocator;
        let rng = Streams::new(setup.seed, 0).stream("node/0");
        let mut keyspace =
            Keyspace::new(&setup.store, rng, setup.start_unix_ms, CpuTime::default());
        let is_hash = self.kind == "hash";
        let kind = if is_hash {
            ShapeKind::Hash {
                fields: self.fields,
                field_length: self.field_length,
            }
        } else {
            ShapeKind::String
        };
        let shape = keyspace.register(Shape {
            key_length: self.key_length,
            kind,
        });
        let ttl = match self.ttl {
            0 => Ttl::Clear,
            seconds => Ttl::In(Span::from_secs(seconds)),
        };
        let set = |name, bytes, ttl| Command { name, bytes, ttl };
        let commands = match (is_hash, ttl) {
            (false, _) => vec![set(CommandName::Set, self.bytes, ttl)],
            (true, Ttl::In(_)) => vec![
                set(CommandName::HSet, self.bytes * self.fields, Ttl::Keep),
                set(CommandName::Expire, 0, ttl),
            ],
            (true, _) => vec![set(CommandName::HSet, self.bytes * self.fields, Ttl::Keep)],
        };
        let before = keyspace.used_memory();
        for id in 0..self.keys {
            let key = keyspace.create(id, 0, shape, 0);
            for command in &commands {
                keyspace.execute(command, key, Time::ZERO);
            }
            if id % KEYS_PER_CRON == 0 {
                keyspace.cron(Time::ZERO);
            }
        }
        // Whatever is left of a rehash.
        keyspace.cron(Time::ZERO);
        keyspace.cron(Time::ZERO);
        let grown = (keyspace.used_memory() - before) as f64;
        // Of its own histograms the server had more: its measurement also asked for the encoding
        // and the like.
        let own = (commands.len() as u64 * HISTOGRAM_BYTES) as f64;
        match (self.formula_with_histograms, self.formula_keyspace) {
            (Some(with), Some(without)) => grown - own + (with - without),
            _ => grown,
        }
    }
}
