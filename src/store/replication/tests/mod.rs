//! The stream against closed forms, and against itself.

mod closed_forms;
mod faults;
mod schedules;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::limits::{Backlog, Clock, OutputLimit};
use super::link::{Delay, Link};
use super::log::Log;
use super::shard::Shard;
use super::stream::Stream;
use crate::kernel::streams::Streams;
use crate::units::{Span, Time};

const DELAY: Span = Span::from_micros(575);

fn link() -> Link {
    Link::new(Delay::Fixed(DELAY), DELAY, 7)
}

/// 20 Mb/s with segments of 8948 bytes.
fn slow_link() -> Link {
    Link {
        bits_per_second: Some(20_000_000),
        segment: 8948,
        ..link()
    }
}

fn shard_with(link: Link) -> Shard<u32> {
    let backlog = Backlog { size: 1 << 20 };
    let mut shard = Shard::new(backlog, Clock::default());
    let limit = OutputLimit::new(0, 0, 0, backlog);
    let first = Time::ZERO + Span::from_millis(137);
    shard.add(link, limit, first, Time::ZERO);
    shard
}

fn random(name: &str) -> ChaCha8Rng {
    Streams::new(1, 0).stream(name)
}

/// An exponential span of that mean.
fn exponential(random: &mut ChaCha8Rng, mean: f64) -> Span {
    let uniform: f64 = random.random();
    Span((-libm::log1p(-uniform) * mean) as u64)
}

/// Lags in nanoseconds of all records of that size written at those times.
fn lags(link: Link, bytes: u64, times: &[Time]) -> Vec<u64> {
    let mut log = Log::new();
    let mut stream = Stream::new(link, 0, 0, Time::ZERO);
    let mut lags = Vec::new();
    let mut last = Time::ZERO;
    for &at in times {
        log.write(at, bytes, ());
        last = at;
        stream.settle(&log, at, |number, applied| {
            let record = log.get(number).expect("it is in the log");
            lags.push(applied.since(record.at).0);
        });
    }
    let end = last + Span::from_secs(1000);
    stream.settle(&log, end, |number, applied| {
        let record = log.get(number).expect("it is in the log");
        lags.push(applied.since(record.at).0);
    });
    assert_eq!(lags.len(), times.len());
    lags
}

fn mean(values: &[u64]) -> f64 {
    values.iter().map(|&value| value as f64).sum::<f64>() / values.len() as f64
}
