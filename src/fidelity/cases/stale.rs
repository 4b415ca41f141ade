//! Reads of a replica behind one's own write.

use rand::RngExt as _;

use super::bounds::Simulated;
use super::lag::Arrivals;
use super::{Case, Statistics, each_seed, micros, millis, normal, random};
use crate::kernel::quantiles::Quantiles;
use crate::store::replication::limits::{Backlog, Clock, OutputLimit};
use crate::store::replication::link::APPLY;
use crate::store::replication::shard::Shard;
use crate::units::{Span, Time};

/// Probes at each delay.
const PROBES: u32 = 400;
/// Bytes that a SET has in the stream beside its value, as measured.
const SET_BYTES: f64 = 78.0;
/// How long the background runs before the first probe.
const WARM_UP: Span = Span::from_millis(500);

/// `stale-read`: the share of stale reads by the delay between a write's reply and the read.
pub(super) fn stale_read(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    const NAME: &str = "stale_fraction_by_delay_us";
    let points = case.measured.get(NAME).map_or(&[][..], |m| m.points());
    let shift = case.bounds.iter().map(super::bounds::Bound::shift);
    let shift = shift.fold(0.0, f64::max);
    let mut curve = Vec::new();
    for &[delay, _] in points {
        let mut shares = [0.0; 2];
        for (share, x) in shares.iter_mut().zip([delay - shift, delay + shift]) {
            let of_seeds = each_seed(seeds, |seed| stale_share(case, micros(x.max(0.0)), seed))?;
            *share = crate::fidelity::mean(&of_seeds);
        }
        curve.push(shares);
    }
    Ok(Some([(NAME, Simulated::Curve(curve))].into()))
}

fn stale_share(case: &Case, delay: Span, seed: u64) -> Result<f64, String> {
    let mut random = random(seed, "fidelity/stale");
    let backlog = Backlog { size: 1 << 20 };
    let mut shard: Shard<()> = Shard::new(backlog, Clock::default());
    let limit = OutputLimit::new(0, 0, 0, backlog);
    let link = case.link("primary_to_replica_us", seed)?;
    shard.add(link, limit, Time::ZERO, Time::ZERO);

    let jitter = micros(case.optional("jitter_sd_us")?.unwrap_or(0.0));
    let hop = |key: &str| Ok::<_, String>(Quantiles::new(&normal(case.hop(key)?, jitter)));
    let (primary, replica) = (hop("client_to_primary_us")?, hop("client_to_replica_us")?);
    let bytes = |key: &str| Ok::<_, String>((case.number(key)? + SET_BYTES) as u64);
    let (probe, other) = (
        bytes("probe_value_bytes")?,
        bytes("background_value_bytes")?,
    );
    let rate = case.rate("background_writes_per_s", 60.0)?;
    let is_poisson = case.word("background_arrivals")? == "poisson";
    let mut background = Background {
        writes: Arrivals::new(rate, is_poisson, &mut random),
        bytes: other,
        block: millis(case.optional("replica_blocked_ms")?.unwrap_or(0.0)),
        period: Span::ZERO,
        next_block: Time::NEVER,
    };
    let share = case.optional("replica_blocked_share")?.unwrap_or(0.0);
    if share > 0.0 && background.block > Span::ZERO {
        background.period = Span((background.block.0 as f64 / share) as u64);
        background.next_block = Time((random.random::<f64>() * background.period.0 as f64) as u64);
    }

    let draw =
        |random: &mut rand_chacha::ChaCha8Rng, hop: &Quantiles| Span(hop.draw(random.random()));
    let mut now = Time::ZERO + WARM_UP;
    let mut stale = 0;
    for _ in 0..PROBES {
        now += draw(&mut random, &primary);
        background.run(&mut shard, &mut random, now);
        let written = shard.write(now, probe, ());
        now += draw(&mut random, &primary) + delay + draw(&mut random, &replica);
        background.run(&mut shard, &mut random, now);
        // A read is taken from its socket like the stream, and waits for a process that stands
        // still.
        let stalled = shard.replicas()[0].stream.stalled_until(now);
        let read = stalled.unwrap_or(now) + APPLY;
        background.run(&mut shard, &mut random, read);
        stale += u32::from(shard.applied(0, read) < written);
        now = read + draw(&mut random, &replica);
    }
    Ok(f64::from(stale) / f64::from(PROBES))
}

/// What happens beside the probes.
struct Background {
    writes: Arrivals,
    bytes: u64,
    block: Span,
    period: Span,
    next_block: Time,
}

impl Background {
    fn run(&mut self, shard: &mut Shard<()>, random: &mut rand_chacha::ChaCha8Rng, until: Time) {
        loop {
            let next = self.writes.next.min(self.next_block);
            if next > until {
                return;
            }
            if self.next_block == next {
                shard.stall(0, next, next + self.block);
                self.next_block = next + self.period;
            } else {
                shard.write(next, self.bytes, ());
                self.writes.advance(random);
            }
        }
    }
}
