//! Resynchronisation, and what forces it.

use rand::RngExt as _;

use super::bounds::Simulated;
use super::lag::Arrivals;
use super::{Case, Statistics, at, each_seed, random, seconds};
use crate::store::replication::limits::{Backlog, Clock, OutputLimit};
use crate::store::replication::link::{Delay, Link};
use crate::store::replication::resync::FullResync;
use crate::store::replication::shard::Shard;
use crate::store::replication::stream::Failure;
use crate::units::{Span, Time};

/// Bytes of a record where the case does not say.
const RECORD: u64 = 590;
/// A stream is watched for so long at most.
const WATCHED: Span = Span::from_secs(600);

/// `partial-resync`: whether a replica that was away may go on.
pub(super) fn partial(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let backlog = Backlog {
        size: case.number("repl_backlog_bytes")? as u64,
    };
    let away = case.number("written_while_away_bytes")? as u64;
    let partial = each_seed(seeds, |seed| {
        let mut random = random(seed, "fidelity/partial");
        let mut shard: Shard<()> = Shard::new(backlog, Clock::default());
        let link = Link::new(Delay::Fixed(Span::ZERO), Span::ZERO, seed);
        let limit = OutputLimit::new(0, 0, 0, backlog);
        shard.add(link, limit, Time::ZERO, Time::ZERO);
        let before = (random.random::<f64>() * 1e7) as u64;
        write(&mut shard, at(1.0), before);
        shard.settle(at(2.0));
        shard.disconnect(0, at(2.0), Failure::Process);
        write(&mut shard, at(3.0), away);
        Ok(f64::from(u8::from(shard.reconnect(0, at(4.0)))))
    })?;
    Ok(Some([("partial", Simulated::Seeds(partial))].into()))
}

/// Writes so many bytes as records, fewer and larger ones if they are many: only bytes count.
fn write(shard: &mut Shard<()>, now: Time, bytes: u64) {
    let record = RECORD.max(bytes / 20_000);
    for _ in 0..bytes / record {
        shard.write(now, record, ());
    }
    let rest = bytes % record;
    if rest > 0 {
        shard.write(now, rest, ());
    }
}

/// `full-resync`: seconds from the replica's PSYNC to its serving the new data.
pub(super) fn full(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let is = |key: &str, wanted: &str| Ok::<_, String>(case.word(key)? == wanted);
    let resync = FullResync {
        data: case.number("data_bytes")? as u64,
        bits_per_second: case.optional("link_bits_per_s")?.map(|bits| bits as u64),
        is_diskless: is("repl_diskless_sync", "yes")?,
        diskless_delay: seconds(case.optional("repl_diskless_sync_delay_s")?.unwrap_or(5.0)),
        is_swapped: is("repl_diskless_load", "swapdb")?,
    };
    let stages = resync.stages(Time::ZERO);
    // Nothing of it is random.
    let took = stages.loaded.seconds();
    Ok(Some(
        [("seconds", Simulated::Seeds(vec![took; seeds as usize]))].into(),
    ))
}

/// `output-buffer-limit`: when the primary closes the connection of a replica that is too slow.
pub(super) fn output_buffer(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let backlog = Backlog {
        size: memory(case.word("repl_backlog")?)?,
    };
    let limits = case.word("client_output_buffer_limit_replica")?;
    let mut words = limits.split_whitespace();
    let mut next = || {
        let word = words.next();
        word.ok_or_else(|| format!("`{limits}` is not a hard limit, a soft limit and seconds"))
    };
    let (hard, soft, after) = (memory(next()?)?, memory(next()?)?, memory(next()?)?);
    let rate = case.rate("writes_per_s", WATCHED.seconds())?.max(0.001);
    let record = (case.number("write_bytes_per_s")? / rate) as u64;
    let mut link = Link::new(Delay::Fixed(Span::ZERO), Span::ZERO, 0);
    link.segment = 8948;
    link.bits_per_second = case.optional("link_bits_per_s")?.map(|bits| bits as u64);
    let runs = each_seed(seeds, |seed| {
        let mut random = random(seed, "fidelity/output-buffer");
        let clock = Clock {
            offset: Span((random.random::<f64>() * 1e9) as u64),
        };
        let mut shard: Shard<()> = Shard::new(backlog, clock);
        let limit = OutputLimit::new(hard, soft, after, backlog);
        shard.add(link.clone(), limit, Time::ZERO, Time::ZERO);
        let mut writes = Arrivals::new(rate, false, &mut random);
        while writes.next < Time::ZERO + WATCHED {
            let now = writes.next;
            writes.advance(&mut random);
            shard.write(now, record, ());
            if !shard.enforce_limits(now).is_empty() {
                // What was in the buffer is gone, so the replica starts anew.
                let is_partial = shard.reconnect(0, now + Span::from_secs(1));
                return Ok(Some((now.seconds(), if is_partial { 0.0 } else { 1.0 })));
            }
        }
        Ok(None)
    })?;
    let closed: Vec<f64> = runs.iter().flatten().map(|(at, _)| *at).collect();
    let resyncs = runs
        .iter()
        .map(|run| run.map_or(0.0, |(_, resyncs)| resyncs));
    let statistics = [
        ("disconnected_s", Simulated::Seeds(closed)),
        ("full_resyncs", Simulated::Seeds(resyncs.collect())),
    ];
    Ok(Some(statistics.into()))
}

/// A number of bytes as a server's configuration writes it: `256mb`.
fn memory(text: &str) -> Result<u64, String> {
    let text = text.to_ascii_lowercase();
    let units = [
        ("kb", 1 << 10),
        ("mb", 1 << 20),
        ("gb", 1 << 30),
        ("k", 1000),
        ("m", 1_000_000),
        ("g", 1_000_000_000),
        ("b", 1),
        ("", 1),
    ];
    let found = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let number = found.and_then(|(number, factor)| {
        let number: u64 = number.parse().ok()?;
        number.checked_mul(*factor)
    });
    number.ok_or_else(|| format!("`{text}` is not a size such as `256mb`"))
}
