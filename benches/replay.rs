//! How fast recorded traffic goes through a node: `cargo bench --bench replay`.
//!
//! Requests lie in memory before the clock starts: reads of keys by a Zipf law, each miss stored,
//! with room for a part of the keys, so that nearly every miss evicts. `-- --write small FILE`
//! leaves the same requests in the format of libCacheSim, for `benches/against_libcachesim.py`,
//! which compares both in one session. Without `--bench`, as `cargo test` runs it, it only shows
//! that it works.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints and may fail"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;
use std::{env, fs, io};

use sessionsim::kernel::draws::mix;
use sessionsim::replay::deployment::Deployment;
use sessionsim::replay::{Replayed, Setup};
use sessionsim::scenario::store::EvictionPolicy;
use sessionsim::traffic::trace::{Operation, Row, TraceReader};
use sessionsim::units::{Bytes, Time};

/// Exponent of the Zipf law.
const EXPONENT: f64 = 0.9;
/// Rows a simulated millisecond.
const ROWS_PER_MILLI: u64 = 5;
const VALUE: u32 = 100;
const ROUNDS: usize = 5;

struct Size {
    rows: u64,
    keys: u64,
    capacity: u64,
}

/// A node as small as those of the measured runs; the same with room for nearly all keys, as a
/// store of sessions has it; and one whose keys fit no processor's cache.
const SMALL: Size = Size {
    rows: 10_000_000,
    keys: 30_000,
    capacity: 12_000,
};
const ROOMY: Size = Size {
    rows: 10_000_000,
    keys: 30_000,
    capacity: 27_000,
};
const LARGE: Size = Size {
    rows: 10_000_000,
    keys: 1_000_000,
    capacity: 100_000,
};
const TINY: Size = Size {
    rows: 20_000,
    keys: 2_000,
    capacity: 200,
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--write", size, path, "--bench"] => {
            let size = named(size);
            write(&requests(&size), path).unwrap();
            println!("capacity {}", size.capacity);
        }
        ["--once", size, "--bench"] => {
            let size = named(size);
            evicting(&size, &requests(&size), 1);
        }
        [.., "--bench"] => {
            table("small", &SMALL);
            table("roomy", &ROOMY);
            table("large", &LARGE);
        }
        _ => table("tiny", &TINY),
    }
}

fn named(name: &str) -> Size {
    match name {
        "small" => SMALL,
        "roomy" => ROOMY,
        "large" => LARGE,
        other => panic!("there is no size {other}: small, roomy or large"),
    }
}

fn table(name: &str, size: &Size) {
    println!("{name}: {} keys, room for {}", size.keys, size.capacity);
    let rows = requests(size);
    evicting(size, &rows, ROUNDS);
    let no_limit = || replay(&rows, EvictionPolicy::NoEviction, 0);
    report("no limit", size, best_of(ROUNDS, no_limit));
    let text = as_csv(&rows);
    let (seconds, read) = best_of(ROUNDS, || {
        let started = now();
        let mut reader = TraceReader::new(text.as_bytes());
        let mut read = 0;
        while reader.next_row().unwrap().is_some() {
            read += 1;
        }
        (started.elapsed().as_secs_f64(), read)
    });
    assert_eq!(read, size.rows);
    println!(
        "reading CSV: {:.2} M rows/s",
        size.rows as f64 / seconds / 1e6
    );
}

fn evicting(size: &Size, rows: &[Row], rounds: usize) {
    let maxmemory = used_by(size.capacity);
    let replay = || replay(rows, EvictionPolicy::AllKeysLru, maxmemory);
    report("allkeys-lru", size, best_of(rounds, replay));
}

fn report(name: &str, size: &Size, (seconds, replayed): (f64, Replayed)) {
    let counts = replayed.counts;
    println!(
        "{name}: {:.2} M operations/s; {} keys, hit ratio {:.4}, {} evicted",
        size.rows as f64 / seconds / 1e6,
        replayed.samples.last().unwrap().keys,
        counts.hit_ratio().unwrap(),
        counts.evicted_keys
    );
    assert!(replayed.broken.is_none());
}

/// Reads by a Zipf law, the same on every machine.
fn requests(size: &Size) -> Vec<Row> {
    let mut cumulative = Vec::with_capacity(size.keys as usize);
    let mut sum = 0.0;
    for rank in 1..=size.keys {
        sum += libm::pow(rank as f64, -EXPONENT);
        cumulative.push(sum);
    }
    (0..size.rows)
        .map(|n| {
            let uniform = (mix(n) >> 11) as f64 / (1u64 << 53) as f64;
            let rank = cumulative.partition_point(|&below| below <= uniform * sum);
            Row {
                millis: n / ROWS_PER_MILLI,
                operation: Operation::Get,
                // Neighbours in popularity are none in memory.
                key: mix(rank as u64 ^ 0x5EED) >> 1,
                bytes: VALUE,
                ttl_millis: 0,
            }
        })
        .collect()
}

/// `used_memory` of a node that holds so many keys.
fn used_by(keys: u64) -> u64 {
    let mut deployment = Deployment::new(&Setup::default());
    for key in 0..keys {
        deployment.row(&Row {
            millis: key,
            operation: Operation::Get,
            key,
            bytes: VALUE,
            ttl_millis: 0,
        });
    }
    let total = deployment.finish_at(Time::ZERO);
    total.shards[0].samples.last().unwrap().used_memory
}

fn replay(rows: &[Row], policy: EvictionPolicy, maxmemory: u64) -> (f64, Replayed) {
    let mut setup = Setup::default();
    setup.store.maxmemory_policy = policy;
    setup.store.maxmemory = Bytes(maxmemory);
    let mut deployment = Deployment::new(&setup);
    let started = now();
    deployment.rows(rows);
    let seconds = started.elapsed().as_secs_f64();
    (seconds, deployment.finish_at(Time::ZERO).shards.remove(0))
}

fn best_of<T>(rounds: usize, run: impl Fn() -> (f64, T)) -> (f64, T) {
    let runs = (0..rounds).map(|_| run());
    runs.min_by(|one, other| one.0.total_cmp(&other.0)).unwrap()
}

/// libCacheSim's `oracleGeneral`: seconds, number, size, and place of the next request (unknown).
fn write(rows: &[Row], path: &str) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    for row in rows {
        file.write_all(&((row.millis / 1000) as u32).to_le_bytes())?;
        file.write_all(&row.key.to_le_bytes())?;
        file.write_all(&1u32.to_le_bytes())?;
        file.write_all(&(-1i64).to_le_bytes())?;
    }
    file.flush()
}

fn as_csv(rows: &[Row]) -> String {
    let mut text = String::from("t_ms,op,key,size,ttl_ms\n");
    for row in rows {
        let Row { millis, bytes, .. } = row;
        let key = row.key % 1_000_000;
        writeln!(text, "{millis},get,{key},{bytes},0").unwrap();
    }
    text
}

#[allow(clippy::disallowed_methods, reason = "a benchmark is about the clock")]
fn now() -> Instant {
    Instant::now()
}
