//! What replicas cost: nanoseconds a write in the stream, by the number of replicas and the link.
//!
//! `cargo bench --bench replication`. A run of two million writes, every tenth followed by a
//! read at a replica; the fastest of five. The last column is a hash of all offsets read.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures the wall clock"
)]
#![allow(clippy::print_stdout, reason = "its table")]

use std::time::Instant;

use sessionsim::store::replication::limits::{Backlog, Clock, OutputLimit};
use sessionsim::store::replication::link::{Delay, Link};
use sessionsim::store::replication::shard::Shard;
use sessionsim::units::{Span, Time};

const WRITES: u64 = 2_000_000;

fn main() {
    println!("| link | replicas | ns a write | offsets |");
    println!("| --- | --: | --: | --- |");
    for (name, bits) in [("free", None), ("1 Gb/s", Some(1_000_000_000))] {
        for replicas in [0, 1, 3, 5] {
            let runs = (0..5).map(|_| run(bits, replicas));
            let (nanos, hash) = runs
                .min_by(|one, other| one.0.total_cmp(&other.0))
                .expect("five runs");
            println!("| {name} | {replicas} | {nanos:.1} | {hash:016x} |");
        }
    }
}

fn run(bits_per_second: Option<u64>, replicas: usize) -> (f64, u64) {
    let backlog = Backlog { size: 1 << 20 };
    let limit = OutputLimit::new(256 << 20, 64 << 20, 60, backlog);
    let mut shard: Shard<u64> = Shard::new(backlog, Clock::default());
    let delay = Span::from_micros(500);
    for number in 0..replicas {
        let link = Link {
            bits_per_second,
            ..Link::new(Delay::Fixed(delay), delay, number as u64)
        };
        shard.add(link, limit, Time::ZERO, Time::ZERO);
    }
    let mut hash = 0u64;
    let start = Instant::now();
    for n in 0..WRITES {
        let now = Time::ZERO + Span::from_micros(10 * n);
        shard.write(now, 590, n);
        if n % 10 == 0 && replicas > 0 {
            let place = (n / 10) as usize % replicas;
            hash = hash.rotate_left(5) ^ shard.applied(place, now);
        }
    }
    (start.elapsed().as_nanos() as f64 / WRITES as f64, hash)
}
