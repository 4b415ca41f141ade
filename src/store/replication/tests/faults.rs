use super::*;
use crate::store::replication::link::{APPLY, Retransmission};
use crate::store::replication::replica::Serves;
use crate::store::replication::resync::FullResync;
use crate::store::replication::stream::Failure;

fn millis(n: u64) -> Time {
    Time::ZERO + Span::from_millis(n)
}

/// One write of 590 bytes a millisecond, from `from` to before `to`.
fn write(shard: &mut Shard<u32>, from: u64, to: u64) {
    for n in from..to {
        shard.write(millis(n), 590, 0);
    }
}

#[test]
fn a_stalled_replica_reads_all_at_its_end() {
    let mut shard = shard_with(link());
    write(&mut shard, 0, 100);
    shard.stall(0, millis(100), millis(150));
    write(&mut shard, 100, 200);
    let before = shard.applied(0, millis(149));
    // What was written by 99.4 ms had been applied by 100 ms.
    assert_eq!(before, 100 * 590);
    assert_eq!(shard.lag(0, millis(149)), Span::from_millis(49));
    let after = shard.applied(0, millis(150) + APPLY);
    // What was written by 149.4 ms was in its kernel.
    assert_eq!(after, 150 * 590);
    assert_eq!(shard.applied(0, millis(200)), 200 * 590);
}

/// A stopped replica's kernel takes a window's worth; the rest waits in the primary's.
#[test]
fn a_stalled_replica_keeps_what_fits_its_window() {
    let fail = |failure| {
        let mut shard = shard_with(link());
        write(&mut shard, 0, 100);
        shard.stall(0, millis(100), millis(2000));
        write(&mut shard, 100, 1000);
        let (offset, drained) = shard.fail(millis(1000), failure)[0];
        assert!(drained >= millis(2000));
        shard.settle(millis(5000));
        assert_eq!(shard.applied(0, millis(5000)), offset);
        offset - 100 * 590
    };
    assert_eq!(fail(Failure::Process), 900 * 590);
    assert_eq!(fail(Failure::Host), 78_000 / 590 * 590);
    assert_eq!(fail(Failure::HostAndWire), 78_000 / 590 * 590);
}

/// The primary's process stands still: what it had handed to its kernel goes on, what waits in
/// its buffer stays.
#[test]
fn a_stalled_primary_leaves_its_kernel_at_work() {
    let mut shard = shard_with(slow_link());
    // 10 MB/s into 2.5 MB/s for half a second: some four megabytes queue.
    for n in 0..500 {
        shard.write(millis(n), 10_000, 0);
    }
    let mut other = shard.clone();
    shard.stall_primary(millis(500), millis(3000));
    let (now, then) = (millis(500), millis(2999));
    let sent = |shard: &mut Shard<u32>| {
        let before = shard.applied(0, now);
        shard.applied(0, then) - before
    };
    let (stopped, running) = (sent(&mut shard.clone()), sent(&mut other));
    assert!((900_000..1_500_000).contains(&stopped), "{stopped}");
    assert!(running > 3_000_000, "{running}");
    assert_eq!(shard.applied(0, millis(6000)), 5_000_000);
}

#[test]
fn a_cut_loses_nothing_that_tcp_brings_again() {
    let tcp = Retransmission {
        first: Span::from_millis(235),
        gap: Span::from_millis(20),
    };
    let mut shard = shard_with(link());
    write(&mut shard, 0, 1000);
    shard.cut(0, millis(1000));
    write(&mut shard, 1000, 2000);
    // What was on the wire arrived.
    assert_eq!(shard.applied(0, millis(1500)), 1000 * 590);
    let mut dead = shard.clone();
    assert_eq!(dead.fail(millis(2000), Failure::Process)[0].0, 1000 * 590);
    let resumes = shard.heal(0, millis(2000), tcp);
    assert_eq!(resumes, millis(1000 + 235 * 7));
    write(&mut shard, 2000, 3000);
    assert_eq!(shard.applied(0, resumes), 1000 * 590);
    let caught_up = resumes + DELAY + APPLY;
    assert_eq!(shard.applied(0, caught_up), 2646 * 590);
    // Without anything sent, nothing is late.
    shard.settle(millis(4000));
    shard.cut(0, millis(4000));
    assert_eq!(shard.heal(0, millis(9000), tcp), millis(9000));
}

/// An acknowledgement does not cross a cut, so that the primary hears nothing.
#[test]
fn a_cut_silences_the_replica() {
    let mut shard = shard_with(link());
    write(&mut shard, 0, 1000);
    shard.cut(0, millis(1200));
    let (_, heard) = shard.acknowledged(0, millis(9000));
    assert_eq!(heard, millis(1137) + DELAY);
}

#[test]
fn a_replica_comes_back_while_the_backlog_reaches_it() {
    let away = |writes: u64| {
        let mut shard = shard_with(link());
        write(&mut shard, 0, 1000);
        shard.disconnect(0, millis(1000), Failure::Process);
        write(&mut shard, 1000, 1000 + writes);
        let now = millis(1000 + writes);
        let is_partial = shard.reconnect(0, now);
        if is_partial {
            assert_eq!(shard.applied(0, now), 1000 * 590);
            let later = now + Span::from_millis(1);
            assert_eq!(shard.applied(0, later), shard.log().end());
        }
        is_partial
    };
    assert!(away(0) && away(10) && away(1777));
    // One block of 16 KB more than the backlog's size is too much.
    assert!(!away(1777 + 28) && !away(10_000));
}

#[test]
fn a_full_output_buffer_closes_the_stream() {
    let backlog = Backlog { size: 1 << 20 };
    let mut shard: Shard<u32> = Shard::new(backlog, Clock::default());
    let limit = OutputLimit::new(8 << 20, 0, 0, backlog);
    shard.add(slow_link(), limit, Time::ZERO, Time::ZERO);
    let closed = (0..100_000).find(|&n| {
        shard.write(millis(n), 10_000, 0);
        !shard.enforce_limits(millis(n)).is_empty()
    });
    // 8 MiB and what the kernel holds, at 10 MB/s less 2.485 MB/s.
    let seconds = closed.expect("it fills") as f64 / 1e3;
    let expected = (8_388_608.0 + 1_250_000.0) / (10e6 - 2.485e6);
    assert!((seconds - expected).abs() < 0.05, "{seconds} {expected}");
    assert!(!shard.reconnect(0, millis(100_000)));
}

/// The best replica is promoted; the others follow it, or are told to start anew.
#[test]
fn a_promotion_ends_a_history() {
    let mut shard = shard_with(link());
    let backlog = Backlog { size: 1 << 20 };
    let limit = OutputLimit::new(0, 0, 0, backlog);
    let far = Link::new(Delay::Fixed(Span::from_millis(5)), Span::from_millis(5), 8);
    shard.add(far, limit, Time::ZERO, Time::ZERO);
    for n in 0..100 {
        shard.write(millis(n), 590, n as u32);
    }
    let reached = shard.fail(millis(99), Failure::HostAndWire);
    // The last write is on the wire to both; the far one lacks five.
    assert_eq!((reached[0].0, reached[1].0), (99 * 590, 95 * 590));
    let promote = |replica| {
        let mut lost = Vec::new();
        let mut shard = shard.clone();
        let told = |record: &super::super::log::Record<u32>| lost.push(record.what);
        let promoted = shard.promote(replica, millis(200), told, |_| link());
        assert_eq!(shard.log().end(), promoted.offset);
        (lost, shard)
    };
    let (lost, mut near) = promote(0);
    assert_eq!(lost, [99]);
    assert_eq!(near.replicas().len(), 1);
    near.write(millis(201), 590, 7);
    assert_eq!(near.applied(0, millis(300)), 100 * 590);
    let (lost, far) = promote(1);
    assert_eq!(lost, [95, 96, 97, 98, 99]);
    assert_eq!(far.replicas().len(), 0, "it has what never was");
}

/// 27 MB: 0.8 ms for the fork, 100 ms for the transfer, 60 ms for loading.
fn resync() -> FullResync {
    FullResync {
        data: 27_000_000,
        bits_per_second: None,
        is_diskless: true,
        diskless_delay: Span::ZERO,
        is_swapped: false,
    }
}

/// A shard whose replica, at offset 590,000, is too far behind for its backlog.
fn left_behind() -> Shard<u32> {
    let mut shard = shard_with(link());
    write(&mut shard, 0, 1000);
    shard.settle(millis(1001));
    shard.disconnect(0, millis(1001), Failure::Process);
    write(&mut shard, 1001, 5000);
    assert!(!shard.reconnect(0, millis(5000)));
    shard
}

#[test]
fn a_full_resynchronisation_serves_the_old_then_nothing_then_the_new() {
    let old = 1000 * 590;
    let mut shard = left_behind();
    let snapshot = shard.log().end();
    shard.resynchronise(0, resync().stages(millis(5000)));
    write(&mut shard, 5001, 5400);
    assert_eq!(shard.serves(0, millis(5100)), Serves::Stale(old));
    assert_eq!(shard.serves(0, millis(5102)), Serves::Loading);
    assert_eq!(shard.serves(0, millis(5160)), Serves::Loading);
    assert_eq!(shard.applied(0, millis(5160)), old);
    let Serves::Offset(fresh) = shard.serves(0, millis(5162)) else {
        panic!("it has loaded");
    };
    // What was written during the transfer and the load is there at once.
    assert!(fresh >= snapshot + 100 * 590, "{fresh}");
    assert_eq!(shard.applied(0, millis(5500)), shard.log().end());
}

#[test]
fn a_swapping_replica_never_loads_visibly() {
    let mut shard = left_behind();
    let resync = FullResync {
        is_swapped: true,
        ..resync()
    };
    shard.resynchronise(0, resync.stages(millis(5000)));
    assert_eq!(shard.serves(0, millis(5100)), Serves::Stale(590_000));
    let end = shard.log().end();
    assert_eq!(shard.serves(0, millis(5101)), Serves::Offset(end));
}

/// A primary that dies during the transfer leaves the old data; one that dies later the new.
#[test]
fn an_interrupted_resynchronisation_leaves_what_there_was() {
    let mut shard = left_behind();
    let snapshot = shard.log().end();
    shard.resynchronise(0, resync().stages(millis(5000)));
    write(&mut shard, 5001, 5150);
    let at = |now| shard.clone().fail(millis(now), Failure::Host)[0];
    assert_eq!(at(5100).0, 590_000);
    let (reached, drained) = at(5150);
    assert!(reached > snapshot && drained >= millis(5160));
}

/// What is written during a transfer waits in the output buffer, and may be too much for it.
#[test]
fn a_resynchronisation_may_not_get_through() {
    let backlog = Backlog { size: 1 << 20 };
    let mut shard: Shard<u32> = Shard::new(backlog, Clock::default());
    let limit = OutputLimit::new(4 << 20, 0, 0, backlog);
    shard.add(link(), limit, Time::ZERO, Time::ZERO);
    shard.disconnect(0, millis(1), Failure::Process);
    for n in 0..200 {
        shard.write(millis(n + 1), 20_000, 0);
    }
    assert!(!shard.reconnect(0, millis(300)));
    let resync = FullResync {
        data: 270_000_000,
        ..resync()
    };
    shard.resynchronise(0, resync.stages(millis(300)));
    let closed = (309..2000).find(|&n| {
        shard.write(millis(n), 20_000, 0);
        !shard.enforce_limits(millis(n)).is_empty()
    });
    // 4 MiB at 20 MB/s.
    let closed = closed.expect("it fills");
    assert!((515..525).contains(&closed), "{closed}");
    assert_eq!(shard.serves(0, millis(5000)), Serves::Stale(0));
}

/// Whoever has old data can be promoted with them, so all that was written since is kept, however
/// far it is beyond the backlog; without data there is nothing to keep, and nobody to promote.
#[test]
fn old_data_may_be_all_there_is() {
    let mut shard = left_behind();
    shard.resynchronise(0, resync().stages(millis(5000)));
    shard.settle(millis(5050));
    assert!(shard.has_data(0, millis(5050)));
    let mut crashed = shard.clone();
    assert_eq!(crashed.fail(millis(5050), Failure::Host)[0].0, 590_000);
    assert!(crashed.will_have_data(0) && crashed.has_data(0, millis(5051)));
    let mut lost = Vec::new();
    let promoted = crashed.promote(0, millis(5060), |r| lost.push(r.what), |_| link());
    assert_eq!((promoted.offset, promoted.lost), (590_000, 3999));
    assert_eq!(lost.len(), 3999);
    // From here to the end of loading there are neither the old data nor the new.
    let mut loads = shard.clone();
    assert!(!shard.has_data(0, millis(5110)) && shard.has_data(0, millis(5170)));
    loads.fail(millis(5110), Failure::Host);
    assert!(loads.will_have_data(0) && !loads.has_data(0, millis(5111)));
    assert!(loads.has_data(0, millis(5170)));

    let mut empty = left_behind();
    empty.lose_data(0);
    empty.settle(millis(5001));
    assert!(empty.log().start() > 590_000);
    assert!(!empty.has_data(0, millis(5001)) && !empty.reconnect(0, millis(5001)));
    empty.resynchronise(0, resync().stages(millis(5001)));
    assert!(!empty.has_data(0, millis(5050)));
    let mut crashed = empty.clone();
    crashed.fail(millis(5050), Failure::Host);
    assert!(!crashed.will_have_data(0) && !crashed.has_data(0, millis(6000)));
    assert!(empty.has_data(0, millis(5170)));
}
