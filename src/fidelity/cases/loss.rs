//! Acknowledged writes that a crash loses.

use rand::RngExt as _;

use super::bounds::Simulated;
use super::lag::Arrivals;
use super::{Case, Statistics, each_seed, millis, random, seconds};
use crate::store::replication::limits::{Backlog, Clock, OutputLimit};
use crate::store::replication::shard::Shard;
use crate::store::replication::stream::Failure;
use crate::units::{Span, Time};

/// `crash-loss`.
pub(super) fn crash_loss(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let failure = match (case.word("failure")?, case.word("packets_in_flight")?) {
        ("process-crash", _) => Failure::Process,
        ("host-loss", "delivered") => Failure::Host,
        ("host-loss", "lost") => Failure::HostAndWire,
        _ => return Ok(None),
    };
    let lost = each_seed(seeds, |seed| lost(case, failure, seed))?;
    Ok(Some([("acked_writes_lost", Simulated::Seeds(lost))].into()))
}

fn lost(case: &Case, failure: Failure, seed: u64) -> Result<f64, String> {
    let mut random = random(seed, "fidelity/loss");
    let backlog = Backlog { size: 1 << 20 };
    let limit = OutputLimit::new(0, 0, 0, backlog);
    let mut shard: Shard<()> = Shard::new(backlog, Clock::default());
    let acknowledges = Time((random.random::<f64>() * 1e9) as u64);
    let link = case.link("one_way_us", seed)?;
    shard.add(link, limit, acknowledges, Time::ZERO);

    let load = case.number("seconds_of_load")?;
    let rate = case.rate("writes_per_s", load)?;
    let load = seconds(load);
    let mut writes = Arrivals::new(rate, case.word("arrivals")? == "poisson", &mut random);
    // The crash does not wait for a write.
    let crash = Time::ZERO + load + Span((random.random::<f64>() * 1e9 / rate.max(1.0)) as u64);
    let stall = case.optional("replica_stalled_ms")?.unwrap_or(0.0);
    let before = millis(case.optional("stall_before_crash_ms")?.unwrap_or(0.0));
    let mut stalls = (stall > 0.0).then(|| Time(crash.0.saturating_sub(before.0)));
    let record = case.number("record_bytes")? as u64;
    while writes.next <= crash {
        let now = writes.next;
        writes.advance(&mut random);
        if let Some(from) = stalls.take_if(|from| *from <= now) {
            shard.stall(0, from, from + millis(stall));
        }
        shard.write(now, record, ());
    }
    if let Some(from) = stalls {
        shard.stall(0, from, from + millis(stall));
    }
    let (survives, _) = shard.fail(crash, failure)[0];
    // The reply to the client goes the same way: it may be on the wire, or lost with it.
    let client = case.hop("client_one_way_us")?;
    let acknowledged = match failure {
        Failure::HostAndWire => Time(crash.0.saturating_sub(client.0)),
        Failure::Process | Failure::Host => crash,
    };
    let beyond = shard.log().beyond(survives);
    Ok(beyond.filter(|record| record.at <= acknowledged).count() as f64)
}
