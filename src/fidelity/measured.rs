//! The files of a measured run: `config.json` and results.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::replay::Setup;
use crate::scenario::store::EvictionPolicy;
use crate::store::keyspace::ShapeKind;
use crate::traffic::trace::Row;
use crate::units::Bytes;

/// Bytes of a field's name, `f000`.
const FIELD_LENGTH: u32 = 4;
/// Longest run: a hundred years.
const LONGEST_MILLIS: u64 = 100 * 365 * 86_400_000;
/// Points of the quantiles in a result that does not list them.
const QUANTILE_POINTS: [f64; 11] = [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];

/// The workload of a measured run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub id: String,
    /// How the servers were configured.
    pub config: Config,
    /// The workload.
    pub rows: Vec<Row>,
}

/// `config.json`: what all servers of a run have in common. What is not given is the server's
/// default; a generator's own keys are none of ours.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// The run's name.
    pub id: Option<String>,
    /// `maxmemory-policy`.
    pub policy: String,
    /// `maxmemory` in bytes, 0 for none.
    pub maxmemory: Option<u64>,
    /// `maxmemory-samples`.
    pub samples: Option<u32>,
    /// Bytes of a key's name.
    pub key_len: Option<u32>,
    /// `string` or `hash`.
    pub encoding: Option<String>,
    /// Fields of a hash.
    pub fields: Option<u32>,
    /// Runs of the cron a second.
    pub hz: Option<u32>,
    /// `active-expire-effort`.
    pub active_expire_effort: Option<u32>,
    /// `lfu-log-factor`.
    pub lfu_log_factor: Option<u32>,
    /// `lfu-decay-time` in minutes.
    pub lfu_decay_time_min: Option<u32>,
    /// Milliseconds between two samples.
    pub sample_ms: Option<u64>,
    /// Further settings of the server.
    #[serde(default)]
    pub server_args: Map<String, Value>,
}

impl Config {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The node that it describes, on no engine in particular.
    ///
    /// # Errors
    /// If it asks for something that the node does not know.
    pub fn setup(&self) -> Result<Setup, String> {
        let mut setup = Setup::default();
        let policy: EvictionPolicy = self
            .policy
            .parse()
            .map_err(|error| format!("`policy`: {error}"))?;
        let store = &mut setup.store;
        store.maxmemory_policy = policy;
        store.maxmemory = Bytes(self.maxmemory.unwrap_or(0));
        let number = |own: Option<u32>, name: &str, argument: &str, default, from, to| {
            let value = match own {
                Some(value) => value,
                None => self.argument(argument)?.unwrap_or(default),
            };
            if (from..=to).contains(&value) {
                Ok(value)
            } else {
                Err(format!("`{name}` is {value}, not from {from} to {to}"))
            }
        };
        store.maxmemory_samples = number(self.samples, "samples", "maxmemory-samples", 5, 1, 64)?;
        store.hz = number(self.hz, "hz", "hz", 10, 1, 500)?;
        let effort = "active-expire-effort";
        store.active_expire_effort = number(
            self.active_expire_effort,
            "active_expire_effort",
            effort,
            1,
            1,
            10,
        )?;
        let (factor, decay) = (self.lfu_log_factor, self.lfu_decay_time_min);
        store.lfu_log_factor = number(factor, "lfu_log_factor", "lfu-log-factor", 10, 0, u32::MAX)?;
        store.lfu_decay_time = number(
            decay,
            "lfu_decay_time_min",
            "lfu-decay-time",
            1,
            0,
            u32::MAX,
        )?;
        setup.key_length = number(self.key_len, "key_len", "", 40, 1, 1 << 20)?;
        setup.kind = match self.encoding.as_deref() {
            None | Some("string") => ShapeKind::String,
            Some("hash") => ShapeKind::Hash {
                fields: number(self.fields, "fields", "", 0, 1, 1 << 20)?,
                field_length: FIELD_LENGTH,
            },
            Some(other) => {
                return Err(format!(
                    "`encoding` is `{other}`: write \"string\" or \"hash\""
                ));
            }
        };
        Ok(setup)
    }

    /// A number among `server_args`.
    fn argument(&self, name: &str) -> Result<Option<u32>, String> {
        let Some(value) = self.server_args.get(name) else {
            return Ok(None);
        };
        whole(value)
            .and_then(|value| u32::try_from(value).ok())
            .map(Some)
            .ok_or_else(|| format!("`server_args.{name}` is no whole number: {value}"))
    }

    /// Settings of the server that the model does not follow.
    #[must_use]
    pub fn settings_not_modelled(&self) -> Vec<&str> {
        const MODELLED: [&str; 5] = [
            "hz",
            "active-expire-effort",
            "lfu-log-factor",
            "lfu-decay-time",
            "maxmemory-samples",
        ];
        let names = self.server_args.keys().map(String::as_str);
        names.filter(|name| !MODELLED.contains(name)).collect()
    }
}

/// What one server made of a run, once.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Program, version and build.
    pub engine: String,
    /// `virtual` or `real`.
    pub clock: String,
    /// The server's time at the start, in milliseconds since 1970.
    pub start_unix_ms: u64,
    /// When the run ended.
    pub end_ms: u64,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Of these, of keys that should have been there.
    pub lost: u64,
    /// Of these, of keys whose TTL had passed.
    pub expired: u64,
    /// Writes that were refused with OOM.
    pub refused: u64,
    /// `evicted_keys`.
    pub evicted: u64,
    /// Median idle age in milliseconds of the keys that were there at the end.
    pub idle_resident: Option<f64>,
    /// The same of those that should have been.
    pub idle_lost: Option<f64>,
    /// The server at certain moments.
    pub series: Vec<Sample>,
}

/// A server at a moment, before the rows of that moment.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Sample {
    /// The moment.
    #[serde(rename = "t_ms")]
    pub millis: u64,
    /// `used_memory` in bytes.
    pub used_memory: u64,
    /// `DBSIZE`.
    #[serde(rename = "dbsize")]
    pub keys: u64,
}

#[derive(Deserialize)]
struct Header {
    engine: String,
    clock: String,
}

/// The engine and clock that a result names, whether modelled or not.
///
/// # Errors
/// Says what is wrong, and where.
pub fn engine_and_clock(text: &str) -> Result<(String, String), String> {
    let header: Header = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok((header.engine, header.clock))
}

#[derive(Deserialize)]
struct ResultFile {
    engine: String,
    clock: String,
    start_unix_ms: u64,
    t_end_ms: u64,
    client: Client,
    final_info: Info,
    #[serde(default)]
    final_keys: FinalKeys,
    #[serde(default)]
    series: Vec<Sample>,
}

#[derive(Deserialize)]
struct Client {
    get_hits: u64,
    get_misses: u64,
    miss_lost: u64,
    miss_expired: u64,
    sets_err: u64,
}

#[derive(Deserialize)]
struct Info {
    /// As INFO prints it, or as a number.
    evicted_keys: Value,
}

#[derive(Default, Deserialize)]
struct FinalKeys {
    #[serde(default)]
    idle_ms_resident: Vec<Option<f64>>,
    #[serde(default)]
    idle_ms_lost: Vec<Option<f64>>,
    quantile_points: Option<Vec<f64>>,
}

impl Measured {
    /// Reads a `result*.json`.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: ResultFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let evicted = &file.final_info.evicted_keys;
        let evicted = whole(evicted)
            .ok_or_else(|| format!("`final_info.evicted_keys` is no whole number: {evicted}"))?;
        if file.t_end_ms > LONGEST_MILLIS {
            return Err(format!("`t_end_ms` is {}: that is no run", file.t_end_ms));
        }
        let keys = &file.final_keys;
        let points = keys.quantile_points.as_deref().unwrap_or(&QUANTILE_POINTS);
        let middle = points.iter().position(|&point| (point - 0.5).abs() < 1e-9);
        let median = |ages: &[Option<f64>]| ages.get(middle?).copied().flatten();
        Ok(Self {
            start_unix_ms: file.start_unix_ms,
            end_ms: file.t_end_ms,
            hits: file.client.get_hits,
            misses: file.client.get_misses,
            lost: file.client.miss_lost,
            expired: file.client.miss_expired,
            refused: file.client.sets_err,
            evicted,
            idle_resident: median(&keys.idle_ms_resident),
            idle_lost: median(&keys.idle_ms_lost),
            engine: file.engine,
            clock: file.clock,
            series: file.series,
        })
    }

    /// Share of reads that found their key.
    #[must_use]
    pub fn hit_ratio(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}

/// A whole number, bare or in quotes.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}
