//! `WAIT` in a closed loop: SET, WAIT, and again.

use rand::RngExt as _;

use super::bounds::{Simulated, Summary};
use super::lag::Arrivals;
use super::{Case, Statistics, at, each_seed, random};
use crate::store::replication::limits::{Backlog, Clock, Cron, OutputLimit};
use crate::store::replication::link::{Delay, Link};
use crate::store::replication::shard::Shard;
use crate::store::replication::wait::{GETACK_BYTES, Wait};
use crate::units::{Span, Time};

/// Rounds of the loop in a run: few if each waits for a time-out.
const ROUNDS: usize = 500;
const ROUNDS_OF_TIMEOUTS: usize = 50;
/// Bytes of the SET in the stream: the cases do not say, and no link has a limit.
const SET_BYTES: u64 = 590;

/// `wait`.
pub(super) fn wait(case: &Case, seeds: u64) -> Result<Option<Statistics>, String> {
    let runs = each_seed(seeds, |seed| waits(case, seed).map(Summary::new))?;
    let runs = runs.into_iter().flatten().collect();
    Ok(Some([("wait_us", Simulated::Runs(runs))].into()))
}

/// The times of a run's WAITs in microseconds, as the client sees them.
fn waits(case: &Case, seed: u64) -> Result<Vec<f64>, String> {
    let mut random = random(seed, "fidelity/wait");
    let client = case.hop("client_primary_us")?;
    let is_partitioned = case.config.get("partitioned") == Some(&true.into());
    let timeout = case.number("timeout_ms")? as u64;
    let wait = Wait {
        replicas: case.number("numreplicas")? as usize,
        timeout_ms: (timeout > 0).then_some(timeout),
    };
    let backlog = Backlog { size: 1 << 20 };
    let mut shard: Shard<()> = Shard::new(backlog, Clock::default());
    let mut replica_crons = Vec::new();
    for key in ["primary_replica1_us", "primary_replica2_us"] {
        let delay = case.hop(key)?;
        let first = at(random.random());
        let link = Link::new(Delay::Fixed(delay), delay, mix_of(seed, key));
        let limit = OutputLimit::new(0, 0, 0, backlog);
        let replica = shard.add(link, limit, first, Time::ZERO);
        if is_partitioned {
            shard.cut(replica, Time::ZERO);
        } else {
            replica_crons.push(Cron {
                first: first + delay,
                period: Span::from_secs(1),
            });
        }
    }
    // `hz 10`: the primary's own cron.
    replica_crons.push(Cron {
        first: at(random.random::<f64>() * 0.1),
        period: Span::from_millis(100),
    });
    if wait.timeout_ms.is_none() && wait.replicas > shard.replicas().len() {
        return Err("a WAIT for more replicas than there are never ends".to_owned());
    }
    let is_hopeless = is_partitioned || wait.replicas > shard.replicas().len();
    let rounds = if is_hopeless {
        ROUNDS_OF_TIMEOUTS
    } else {
        ROUNDS
    };
    let mut others = Arrivals::new(case.rate("bg_rate", 60.0)?, true, &mut random);
    let mut now = at(2.0);
    let mut waits = Vec::new();
    for _ in 0..rounds {
        now += client;
        write_others(&mut shard, &mut others, &mut random, now);
        shard.write(now, SET_BYTES, ());
        // The reply, and the WAIT.
        let sent = now + client;
        let asked = sent + client;
        write_others(&mut shard, &mut others, &mut random, asked);
        let question = shard.write(asked, GETACK_BYTES, ());
        let acknowledged = acknowledgements(&mut shard, asked, question);
        let background = others.next;
        let answer = wait.answer(asked, &acknowledged, |now| {
            let after = Time(now.0 + 1);
            let crons = replica_crons.iter().map(|cron| cron.at_or_after(after));
            let next = crons.min().unwrap_or(Time::NEVER);
            if background > now {
                next.min(background)
            } else {
                next
            }
        });
        now = answer.at + client;
        waits.push(now.since(sent).0 as f64 / 1e3);
    }
    Ok(waits)
}

/// What other clients write until then.
fn write_others(
    shard: &mut Shard<()>,
    others: &mut Arrivals,
    random: &mut rand_chacha::ChaCha8Rng,
    until: Time,
) {
    while others.next <= until {
        // Those that came while the client waited were written then; the order is what counts.
        let last = shard.log().get(shard.log().next().wrapping_sub(1));
        let now = last.map_or(others.next, |last| last.at.max(others.next));
        shard.write(now, SET_BYTES, ());
        others.advance(random);
    }
}

/// When each replica's answer to the question behind offset `question` reaches the primary, in
/// order; of those that answer at all.
fn acknowledgements(shard: &mut Shard<()>, asked: Time, question: u64) -> Vec<Time> {
    shard.settle(asked);
    let mut times = Vec::new();
    for place in 0..shard.replicas().len() {
        let mut stream = shard.replicas()[place].stream.clone();
        if stream.is_cut() {
            continue;
        }
        let back = stream.link().back;
        let mut answered = None;
        stream.settle(
            shard.log(),
            asked + Span::from_secs(60),
            |number, applied| {
                if shard
                    .log()
                    .get(number)
                    .is_some_and(|record| record.end == question)
                {
                    answered = Some(applied + back);
                }
            },
        );
        times.extend(answered);
    }
    times.sort_unstable();
    times
}

fn mix_of(seed: u64, key: &str) -> u64 {
    key.bytes().fold(seed, |hash, byte| {
        crate::kernel::draws::mix(hash ^ u64::from(byte))
    })
}
