//! A network that swallows everything: who notices when, and how the stream goes on.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::bounds::Simulated;
use super::lag::Arrivals;
use super::{Case, Statistics, at, each_seed, millis, random, seconds};
use crate::store::replication::limits::{Backlog, Clock, Cron, OutputLimit, times_out};
use crate::store::replication::link::{Delay, Link, Retransmission};
use crate::store::replication::shard::Shard;
use crate::units::{Span, Time};

/// One way, where the case does not say: as in most others.
const ONE_WAY: Span = Span::from_micros(575);
/// Writes a second where a case says `continuous`.
const CONTINUOUS: f64 = 1000.0;

fn uniform(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * random.random::<f64>()
}

/// A replica whose acknowledgements, pings and crons have any phase.
fn shard(random: &mut ChaCha8Rng, clock: Clock) -> Shard<()> {
    let backlog = Backlog { size: 1 << 20 };
    let mut shard: Shard<()> = Shard::new(backlog, clock);
    let link = Link::new(Delay::Fixed(ONE_WAY), ONE_WAY, 0);
    let limit = OutputLimit::new(0, 0, 0, backlog);
    let acknowledges = at(uniform(random, 0.0, 1.0));
    shard.add(link, limit, acknowledges, Time::ZERO);
    shard
}

fn cron(random: &mut ChaCha8Rng) -> Cron {
    Cron {
        first: at(uniform(random, 0.0, 1.0)),
        period: Span::from_secs(1),
    }
}

/// `replication-timeout`: an idle pair whose link is cut.
pub(super) fn timeout(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let timeout = case.number("repl_timeout_s")?.min(1e6) as u64;
    let pings = case.number("repl_ping_replica_period_s")?.clamp(1.0, 1e6);
    let runs = each_seed(seeds, |seed| {
        let mut random = random(seed, "fidelity/timeout");
        let clock = Clock {
            offset: seconds(uniform(&mut random, 0.0, 1.0)),
        };
        let mut shard = shard(&mut random, clock);
        let (primary, replica) = (cron(&mut random), cron(&mut random));
        // The primary's cron pings every so many of its rounds.
        let mut ping = Cron {
            first: primary.first,
            period: seconds(pings),
        }
        .at_or_after(Time::ZERO);
        // A whole number of pings, so that a seed has the same phases at any time-out.
        let settled = 3.0 * pings + pings * (3.0 * timeout as f64 / pings).ceil();
        let cut = at(settled + uniform(&mut random, 0.0, 10.0 * pings));
        // What the replica reads is dated by a clock that its server cron refreshes ten times a
        // second (`readQueryFromClient`, `updateCachedTime`).
        let refreshes = Span::from_millis(100);
        let first = Time(replica.first.0 % refreshes.0);
        let dated = |read: Time| Time(read.0 - read.since(first).0 % refreshes.0);
        let mut last = first;
        let noticed = loop {
            let out = times_out(last, timeout, clock, replica);
            let arrives = ping + ONE_WAY;
            if ping <= cut && arrives < out {
                last = dated(arrives);
                ping += seconds(pings);
            } else if out < cut {
                // With pings so seldom the replica gives up an idle link, and connects again in
                // the same round of its cron: a round trip each for the connection, PING,
                // REPLCONF and PSYNC.
                last = dated(out + Span(8 * ONE_WAY.0));
            } else {
                break out;
            }
        };
        shard.cut(0, cut);
        let (_, heard) = shard.acknowledged(0, cut + Span::from_secs(1));
        let dropped = times_out(heard, timeout, clock, primary);
        Ok((dropped.since(cut).seconds(), noticed.since(cut).seconds()))
    })?;
    let (dropped, noticed) = runs.into_iter().unzip();
    let statistics = [
        ("primary_drops_replica_s", Simulated::Seeds(dropped)),
        ("replica_link_down_s", Simulated::Seeds(noticed)),
    ];
    Ok(Some(statistics.into()))
}

/// `silent-partition`: how long a stream stands still that is cut and healed before anybody
/// notices.
pub(super) fn partition(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let length = seconds(case.number("partition_s")?.min(1e5));
    let stalls = each_seed(seeds, |seed| {
        let mut random = random(seed, "fidelity/partition");
        let mut shard = shard(&mut random, Clock::default());
        let mut writes = Arrivals::new(CONTINUOUS, false, &mut random);
        let cut = at(uniform(&mut random, 1.0, 2.0));
        let healed = cut + length;
        // Round trips were a millisecond: 200 ms of the least time-out and what their deviation
        // and the kernel's ticks add; measured from 210 to 260 ms. The gap: measured from 5 to
        // 50 ms.
        let tcp = Retransmission {
            first: millis(uniform(&mut random, 210.0, 260.0)),
            gap: millis(uniform(&mut random, 5.0, 50.0)),
        };
        let mut is_cut = false;
        while writes.next < healed {
            if !is_cut && writes.next > cut {
                shard.cut(0, cut);
                is_cut = true;
            }
            shard.write(writes.next, 590, ());
            writes.advance(&mut random);
        }
        let resumes = shard.heal(0, healed, tcp);
        Ok(resumes.since(cut).seconds())
    })?;
    Ok(Some([("stall_s", Simulated::Seeds(stalls))].into()))
}
