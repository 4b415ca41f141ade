//! Random faults under random traffic: what must hold whatever happens.

use super::*;
use crate::kernel::quantiles::Distribution;
use crate::store::replication::link::Retransmission;
use crate::store::replication::resync::FullResync;
use crate::store::replication::stream::Failure;

/// Schedules that are tried.
const RUNS: u64 = 10_000;

/// What happens next, to which replica.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Write(u64),
    Stall(usize, Span),
    StallPrimary(Span),
    Cut(usize),
    Heal(usize, Retransmission),
    Disconnect(usize, Failure),
    Reconnect(usize),
}

fn below(random: &mut ChaCha8Rng, limit: u64) -> u64 {
    random.random_range(0..limit)
}

fn one_of<T: Copy>(random: &mut ChaCha8Rng, these: &[T]) -> T {
    these[random.random_range(0..these.len())]
}

const FAILURES: [Failure; 3] = [Failure::Process, Failure::Host, Failure::HostAndWire];

fn some_link(random: &mut ChaCha8Rng) -> Link {
    let delay = Span::from_micros(below(random, 5000));
    let delay = if random.random() {
        Delay::Fixed(delay)
    } else {
        let (min, max) = (Span::ZERO, delay + Span(1));
        Delay::new(&Distribution::Uniform { min, max })
    };
    Link {
        bits_per_second: one_of(random, &[None, Some(20_000_000), Some(2_000_000)]),
        kernel_buffer: one_of(random, &[3000, 20_000, 1_500_000]),
        receive_window: one_of(random, &[2000, 78_000]),
        ..Link::new(
            delay,
            Span::from_micros(below(random, 5000)),
            random.random(),
        )
    }
}

fn some_happening(random: &mut ChaCha8Rng, replicas: usize) -> Happening {
    let which = random.random_range(0..replicas);
    match below(random, 40) {
        0 => Happening::Stall(which, Span::from_micros(below(random, 50_000))),
        1 => Happening::StallPrimary(Span::from_micros(below(random, 50_000))),
        2 => Happening::Cut(which),
        3 | 4 => {
            let first = Span::from_micros(1 + below(random, 20_000));
            let gap = Span::from_micros(below(random, 5000));
            Happening::Heal(which, Retransmission { first, gap })
        }
        5 => Happening::Disconnect(which, one_of(random, &FAILURES)),
        6 | 7 => Happening::Reconnect(which),
        _ => Happening::Write(1 + below(random, 3000)),
    }
}

/// A shard with a schedule for it.
fn scheduled(random: &mut ChaCha8Rng) -> (Shard<u32>, Vec<(Time, Happening)>) {
    let backlog = Backlog { size: 20_000 };
    let mut shard = Shard::new(backlog, Clock::default());
    let replicas = random.random_range(1..=3);
    for _ in 0..replicas {
        let limit = OutputLimit::new(one_of(random, &[0, 30_000]), 0, 0, backlog);
        shard.add(some_link(random), limit, Time::ZERO, Time::ZERO);
    }
    let mut now = Time::ZERO;
    let mut schedule = Vec::new();
    for _ in 0..random.random_range(10..150) {
        now += Span(below(random, 2_000_000));
        schedule.push((now, some_happening(random, replicas)));
    }
    (shard, schedule)
}

/// The number of the write that ends at each offset is its content.
fn happen(shard: &mut Shard<u32>, now: Time, what: Happening) {
    match what {
        Happening::Write(bytes) => {
            let number = u32::try_from(shard.log().next()).expect("few writes");
            shard.write(now, bytes, number);
            shard.enforce_limits(now);
        }
        Happening::Stall(which, length) => shard.stall(which, now, now + length),
        // A primary that stands still executes nothing: its writes come later.
        Happening::StallPrimary(length) => shard.stall_primary(now, now + length),
        Happening::Cut(which) => shard.cut(which, now),
        Happening::Heal(which, tcp) => {
            shard.heal(which, now, tcp);
        }
        Happening::Disconnect(which, failure) => {
            if shard.replicas()[which].stream.is_open() {
                shard.disconnect(which, now, failure);
            }
        }
        Happening::Reconnect(which) => {
            let stream = &shard.replicas()[which].stream;
            let is_at_rest = !stream.is_open() && stream.drained() <= now;
            if is_at_rest && !shard.reconnect(which, now) {
                let resync = FullResync {
                    data: shard.log().end() * 1000,
                    bits_per_second: None,
                    is_diskless: true,
                    diskless_delay: Span::ZERO,
                    is_swapped: shard.log().end().is_multiple_of(2),
                };
                shard.resynchronise(which, resync.stages(now));
            }
        }
    }
}

#[test]
fn offsets_never_run_backwards_and_nothing_is_both_lost_and_there() {
    let mut random = random("schedules");
    let mut kept = 0;
    let mut gone = 0;
    for run in 0..RUNS {
        let (mut shard, schedule) = scheduled(&mut random);
        let mut unwatched = shard.clone();
        let mut offsets = vec![0; shard.replicas().len()];
        let mut ends = vec![0];
        let mut now = Time::ZERO;
        for &(at, what) in &schedule {
            now = at;
            happen(&mut shard, now, what);
            happen(&mut unwatched, now, what);
            if matches!(what, Happening::Write(_)) {
                ends.push(shard.log().end());
            }
            for (place, offset) in offsets.iter_mut().enumerate() {
                let applied = shard.applied(place, now);
                assert!(
                    applied >= *offset,
                    "run {run}: replica {place} ran backwards"
                );
                assert!(
                    ends.binary_search(&applied).is_ok(),
                    "run {run}: half a record"
                );
                *offset = applied;
            }
        }
        // Looking at a replica changes nothing.
        for (place, &offset) in offsets.iter().enumerate() {
            assert_eq!(unwatched.applied(place, now), offset, "run {run}");
        }
        let failure = one_of(&mut random, &FAILURES);
        let reached = fail(&mut shard, now, failure, &offsets);
        let best = (0..reached.len()).max_by_key(|&place| reached[place].0);
        let best = best.expect("there is a replica");
        let drained = reached.iter().map(|&(_, at)| at).max();
        let later = now.max(drained.expect("there is a replica"));
        let mut lost = Vec::new();
        let told = |record: &crate::store::replication::log::Record<u32>| lost.push(record.what);
        let promoted = shard.promote(best, later, told, |_| link());
        assert_eq!(promoted.offset, reached[best].0, "run {run}");
        assert_eq!(promoted.lost, lost.len());
        // Every write is on the new primary or is told as lost, in order and once.
        let there = ends
            .binary_search(&promoted.offset)
            .expect("a whole record");
        let expected: Vec<u32> = (there..ends.len() - 1).map(|n| n as u32).collect();
        assert_eq!(lost, expected, "run {run}");
        kept += there;
        gone += lost.len();
        follow(&mut shard, later);
    }
    // The schedules are no trifles.
    assert!(kept > 100_000 && gone > 10_000, "{kept} {gone}");
}

/// Lets the primary fail, having compared what the ways to fail would leave.
fn fail(shard: &mut Shard<u32>, now: Time, failure: Failure, offsets: &[u64]) -> Vec<(u64, Time)> {
    let [process, host, wire] = FAILURES.map(|failure| shard.clone().fail(now, failure));
    for (place, &applied) in offsets.iter().enumerate() {
        assert!(process[place].0 >= host[place].0);
        assert!(host[place].0 >= wire[place].0);
        assert!(wire[place].0 >= applied, "what is applied stays");
    }
    shard.fail(now, failure)
}

/// Those that follow the new primary come to have all it has.
fn follow(shard: &mut Shard<u32>, now: Time) {
    let end = shard.write(now, 100, 0);
    let much_later = now + Span::from_secs(10);
    for place in 0..shard.replicas().len() {
        assert_eq!(shard.applied(place, much_later), end);
        assert_eq!(shard.lag(place, much_later), Span::ZERO);
    }
}

/// Whatever happened, once all is whole again everything arrives.
#[test]
fn nothing_is_lost_without_a_crash() {
    let mut random = random("without a crash");
    for run in 0..RUNS / 10 {
        let (mut shard, schedule) = scheduled(&mut random);
        let mut now = Time::ZERO;
        for &(at, what) in &schedule {
            now = at;
            if !matches!(what, Happening::Disconnect(..)) {
                happen(&mut shard, now, what);
            }
        }
        let tcp = Retransmission {
            first: Span::from_millis(1),
            gap: Span::ZERO,
        };
        for place in 0..shard.replicas().len() {
            shard.heal(place, now, tcp);
        }
        let end = shard.log().end();
        for place in 0..shard.replicas().len() {
            if shard.replicas()[place].stream.is_open() {
                let applied = shard.applied(place, now + Span::from_secs(1000));
                assert_eq!(applied, end, "run {run}, replica {place}");
            }
        }
    }
}
