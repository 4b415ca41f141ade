//! Measured runs, replayed: the node against real servers.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::trace::{Row, TraceReader};
use super::{Replay, Replayed, Setup};
use crate::scenario::store::{Allocator, Engine, EvictionPolicy, ServiceTime, StoreSpec};
use crate::store::keyspace::ShapeKind;
use crate::units::{Bytes, Ratio, Span, Time};

const SEEDS: u64 = 5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fidelity")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn engine(name: &str) -> (Engine, Allocator) {
    match name {
        "redis-7.0.15-debian" => (Engine::Redis70, Allocator::Debian),
        "redis-7.0.15" => (Engine::Redis70, Allocator::Bundled),
        "redis-7.4.1" => (Engine::Redis74, Allocator::Bundled),
        "redis-8.0.6" => (Engine::Redis80, Allocator::Bundled),
        "valkey-8.0.1" => (Engine::Valkey80, Allocator::Bundled),
        "valkey-8.1.1" => (Engine::Valkey81, Allocator::Bundled),
        "valkey-9.1.2" => (Engine::Valkey91, Allocator::Bundled),
        other => panic!("unknown engine {other}"),
    }
}

fn policy(name: &str) -> EvictionPolicy {
    match name {
        "noeviction" => EvictionPolicy::NoEviction,
        "allkeys-lru" => EvictionPolicy::AllKeysLru,
        "allkeys-lfu" => EvictionPolicy::AllKeysLfu,
        "allkeys-random" => EvictionPolicy::AllKeysRandom,
        "volatile-lru" => EvictionPolicy::VolatileLru,
        "volatile-lfu" => EvictionPolicy::VolatileLfu,
        "volatile-random" => EvictionPolicy::VolatileRandom,
        "volatile-ttl" => EvictionPolicy::VolatileTtl,
        other => panic!("unknown policy {other}"),
    }
}

struct Run {
    id: &'static str,
    config: Value,
    rows: Vec<Row>,
}

/// One server's results: repeats of the same engine under the same clock.
struct Measured {
    name: String,
    clock: String,
    results: Vec<Value>,
}

impl Run {
    fn load(id: &'static str) -> Self {
        let folder = folder().join(id);
        let file = File::open(folder.join("trace.csv.gz")).unwrap();
        let mut reader = TraceReader::new(BufReader::new(GzDecoder::new(file)));
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            rows.push(row);
        }
        Self {
            id,
            config: json(&folder.join("config.json")),
            rows,
        }
    }

    fn measured(&self) -> Vec<Measured> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder().join(self.id))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        paths.sort();
        let mut all: Vec<Measured> = Vec::new();
        for path in paths {
            if !path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("result")
            {
                continue;
            }
            let result = json(&path);
            let name = result["engine"].as_str().unwrap().to_owned();
            let clock = result["clock"].as_str().unwrap().to_owned();
            match all.iter_mut().find(|m| m.name == name && m.clock == clock) {
                Some(measured) => measured.results.push(result),
                None => all.push(Measured {
                    name,
                    clock,
                    results: vec![result],
                }),
            }
        }
        all
    }

    fn number(&self, key: &str) -> u64 {
        self.config[key].as_u64().unwrap()
    }

    fn setup(&self, measured: &Measured, seed: u64) -> Setup {
        let (engine, allocator) = engine(&measured.name);
        let fields = self.number("fields") as u32;
        Setup {
            store: StoreSpec {
                engine,
                allocator,
                shards: 1,
                node_type: None,
                maxmemory: Bytes(self.number("maxmemory")),
                reserved_memory: Ratio::ZERO,
                maxmemory_policy: policy(self.config["policy"].as_str().unwrap()),
                maxmemory_samples: self.number("samples") as u32,
                hz: self.number("hz") as u32,
                active_expire_effort: self.number("active_expire_effort") as u32,
                lfu_log_factor: self.number("lfu_log_factor") as u32,
                lfu_decay_time: self.number("lfu_decay_time_min") as u32,
                service_time: ServiceTime::ByBytes {
                    fixed: Span::ZERO,
                    per_kib: Span::ZERO,
                },
            },
            key_length: self.number("key_len") as u32,
            kind: if self.config["encoding"] == "hash" {
                ShapeKind::Hash {
                    fields,
                    field_length: 4,
                }
            } else {
                ShapeKind::String
            },
            start_unix_ms: measured.results[0]["start_unix_ms"].as_u64().unwrap(),
            end: Time(measured.results[0]["t_end_ms"].as_u64().unwrap() * 1_000_000),
            sample_every: Span::from_millis(self.config["sample_ms"].as_u64().unwrap_or(1000)),
            seed,
        }
    }

    fn replay(&self, setup: &Setup) -> Replayed {
        let mut replay = Replay::new(setup);
        for row in &self.rows {
            replay.row(row);
        }
        let replayed = replay.finish();
        assert_eq!(replayed.broken, None);
        replayed
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

struct Comparison<'a> {
    run: &'a Run,
    measured: &'a Measured,
    replayed: Vec<Replayed>,
}

impl Comparison<'_> {
    /// The median of our seeds lies within `bound` (absolute) of the mean of the servers, or
    /// within their range where there are three or more.
    fn holds(
        &self,
        what: &str,
        server: impl Fn(&Value) -> f64,
        ours: impl Fn(&Replayed) -> f64,
        bound: impl Fn(f64) -> f64,
    ) {
        let servers: Vec<f64> = self.measured.results.iter().map(server).collect();
        let expected = mean(&servers);
        let ours = median(self.replayed.iter().map(ours).collect());
        let range = servers.iter().copied().fold(f64::MIN, f64::max)
            - servers.iter().copied().fold(f64::MAX, f64::min);
        let tolerance = if servers.len() < 3 {
            bound(expected)
        } else {
            bound(expected).max(range)
        };
        assert!(
            (ours - expected).abs() <= tolerance,
            "{} on {}, {} clock: {what} is {ours}, measured {expected}, tolerance {tolerance}",
            self.run.id,
            self.measured.name,
            self.measured.clock
        );
    }

    fn client_figures_hold(&self) {
        let lfu = self.run.config["policy"].as_str().unwrap().ends_with("lfu");
        let client = |key: &'static str| move |r: &Value| r["client"][key].as_f64().unwrap();
        let info = |r: &Value| {
            r["final_info"]["evicted_keys"]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .unwrap()
        };
        let hits = |r: &Value| {
            let (hits, misses) = (client("get_hits")(r), client("get_misses")(r));
            hits / (hits + misses).max(1.0)
        };
        let ratio = if lfu { 0.005 } else { 0.003 };
        self.holds(
            "hit ratio",
            hits,
            |r| r.counts.hit_ratio().unwrap_or(0.0),
            |_| ratio,
        );
        self.holds(
            "evicted keys",
            info,
            |r| r.counts.evicted_keys as f64,
            |x| x * 0.02,
        );
        let three_percent = |x: f64| (x * 0.03).max(30.0);
        self.holds(
            "lost",
            client("miss_lost"),
            |r| r.counts.miss_lost as f64,
            three_percent,
        );
        self.holds(
            "expired",
            client("miss_expired"),
            |r| r.counts.miss_expired as f64,
            three_percent,
        );
        self.holds(
            "OOM",
            client("sets_err"),
            |r| r.counts.sets_refused as f64,
            |x| x * 0.02,
        );
        // What the client knows does not depend on luck.
        self.holds(
            "cold",
            client("miss_cold"),
            |r| r.counts.miss_cold as f64,
            |_| 0.0,
        );
    }

    fn idle_ages_hold(&self) {
        for (key, resident) in [("idle_ms_resident", true), ("idle_ms_lost", false)] {
            if self.measured.results[0]["final_keys"][key][5].is_null() {
                continue;
            }
            self.holds(
                key,
                |r| r["final_keys"][key][5].as_f64().unwrap(),
                |r| {
                    let keys = &r.final_keys;
                    let ages = if resident {
                        &keys.idle_resident
                    } else {
                        &keys.idle_lost
                    };
                    ages[ages.len() / 2].0 as f64 / 1e6
                },
                |x| x * 0.05,
            );
        }
    }

    /// `used_memory` within 1 % and the number of keys within 2 % at 95 % of the samples.
    fn samples_hold(&self) {
        let series = |r: &Value| r["series"].as_array().unwrap().clone();
        let series: Vec<Vec<Value>> = self.measured.results.iter().map(series).collect();
        let (mut memory, mut keys) = (0, 0);
        for (place, sample) in series[0].iter().enumerate() {
            let at = sample["t_ms"].as_u64().unwrap();
            let server = |key: &str| {
                mean(
                    &series
                        .iter()
                        .map(|s| s[place][key].as_f64().unwrap())
                        .collect::<Vec<_>>(),
                )
            };
            let ours = |value: fn(&super::Sample) -> u64| {
                let find = |r: &Replayed| {
                    let sample = r.samples.iter().find(|sample| sample.at.millis() == at);
                    value(sample.expect("samples at the same times")) as f64
                };
                median(self.replayed.iter().map(find).collect())
            };
            let used = server("used_memory");
            memory += usize::from((ours(|s| s.used_memory) - used).abs() <= used * 0.01);
            let size = server("dbsize");
            keys += usize::from((ours(|s| s.keys) - size).abs() <= size * 0.02);
        }
        let enough = series[0].len() * 95 / 100;
        let (run, name) = (self.run.id, &self.measured.name);
        assert!(
            memory >= enough,
            "{run} on {name}: memory in {memory} samples, not {enough}"
        );
        assert!(
            keys >= enough,
            "{run} on {name}: keys in {keys} samples, not {enough}"
        );
    }
}

fn compare(id: &'static str, samples_too: bool) {
    let run = Run::load(id);
    for measured in run.measured() {
        let replayed = (1..=SEEDS)
            .map(|seed| run.replay(&run.setup(&measured, seed)))
            .collect();
        let comparison = Comparison {
            run: &run,
            measured: &measured,
            replayed,
        };
        comparison.client_figures_hold();
        if samples_too {
            comparison.idle_ages_hold();
        }
        if samples_too && measured.clock == "virtual" {
            comparison.samples_hold();
        }
    }
}

#[test]
fn lru_on_four_servers() {
    compare("R01", true);
}

#[test]
fn shortest_ttl_first_on_four_servers() {
    compare("R16", true);
}

#[test]
fn lfu_among_keys_with_a_ttl() {
    compare("R20", true);
}

#[test]
fn hashes_on_four_servers() {
    compare("R25", true);
}

#[test]
fn expiry_of_keys_that_nobody_reads() {
    compare("X09", true);
}

/// Expired keys go in sweeps whose moments are chance (each server has its own hash seed), so
/// that samples of a single run say little; the sums do.
#[test]
fn refused_writes_and_expiry_without_eviction() {
    compare("R10", false);
}
