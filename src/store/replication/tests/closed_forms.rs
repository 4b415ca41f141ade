use super::*;
use crate::kernel::quantiles::Distribution;
use crate::store::replication::link::APPLY;
use crate::store::replication::stream::Failure;

fn evenly(per_second: f64, seconds: f64) -> Vec<Time> {
    let count = (per_second * seconds) as u64;
    let step = 1e9 / per_second;
    (0..count).map(|n| Time((n as f64 * step) as u64)).collect()
}

fn poisson(name: &str, per_second: f64, count: usize) -> Vec<Time> {
    let mut random = random(name);
    let mut now = Time::ZERO;
    (0..count)
        .map(|_| {
            now += exponential(&mut random, 1e9 / per_second);
            now
        })
        .collect()
}

/// Without bandwidth and faults the lag is the delay and the apply time, at any rate.
#[test]
fn the_lag_of_a_free_link_is_its_delay() {
    for rate in [10.0, 1000.0, 100_000.0] {
        let all = lags(link(), 590, &evenly(rate, 2.0));
        let expected = (DELAY + APPLY).0;
        assert!(all.iter().all(|&lag| lag == expected));
    }
}

/// The short way of a plain stream and the long way through all stages agree.
#[test]
fn plain_streams_are_like_all_others() {
    let times = poisson("plain", 5000.0, 20_000);
    let uniform = Distribution::Uniform {
        min: Span::ZERO,
        max: Span(2 * DELAY.0),
    };
    for delay in [Distribution::Fixed(DELAY), uniform] {
        let plain = Link {
            delay: Delay::new(&delay),
            ..link()
        };
        // With a limit, if one that takes a nanosecond a record, nothing is passed over.
        let long = Link {
            bits_per_second: Some(u64::MAX),
            ..plain.clone()
        };
        let (plain, long) = (lags(plain, 590, &times), lags(long, 590, &times));
        assert!(
            plain
                .iter()
                .zip(&long)
                .all(|(short, long)| long - short <= 1)
        );
    }
}

/// The mean wait of M/D/1 is rho S / 2 (1 - rho) (Pollaczek and Khinchine).
#[test]
fn a_poisson_stream_over_a_slow_link_queues_as_m_d_1() {
    // 1102 + 52 bytes at 20 Mb/s.
    let service = 461_600.0;
    for (rho, tolerance) in [(0.3, 0.01), (0.5, 0.01), (0.8, 0.02), (0.9, 0.04)] {
        let times = poisson("m/d/1", rho * 1e9 / service, 400_000);
        let measured = mean(&lags(slow_link(), 1102, &times));
        let base = (DELAY + APPLY).0 as f64 + service;
        let expected = base + rho * service / (2.0 * (1.0 - rho));
        let off = measured / expected - 1.0;
        assert!(off.abs() < tolerance, "rho {rho}: off by {off}");
    }
}

/// Offered more than the link carries, the lag grows by offered / capacity - 1 a second.
#[test]
fn an_overloaded_link_falls_behind_steadily() {
    let service = 461_600.0;
    for rho in [1.1, 1.5, 3.0] {
        // Not long enough to fill the kernel's buffer, behind which segments are packed.
        let seconds = 1_000_000.0 / (1102.0 * rho * 1e9 / service);
        let all = lags(slow_link(), 1102, &evenly(rho * 1e9 / service, seconds));
        let growth = (all[all.len() - 1] - all[0]) as f64 / (seconds * 1e9);
        assert!((growth - (rho - 1.0)).abs() < 0.02, "{rho}: {growth}");
    }
    // Behind a full kernel whole segments go: 1102 bytes take (1102 + 6.4) * 0.4 us.
    let service = (1102.0 + 1102.0 * 52.0 / 8948.0) * 400.0;
    let all = lags(slow_link(), 1102, &evenly(2.0 * 1e9 / service, 60.0));
    let half = all.len() / 2;
    let growth = (all[all.len() - 1] - all[half]) as f64 / 30e9;
    assert!((growth - 1.0).abs() < 0.002, "{growth}");
}

/// A host that dies takes with it what queues in it: rate x queueing lag. Nothing if the lag is
/// all delay: then everything is on the wire. A process leaves what its kernel holds.
#[test]
fn what_a_crash_loses_is_what_queues() {
    let lost = |link: Link, rate: f64, seconds: f64, failure| {
        let mut shard = shard_with(link);
        let times = evenly(rate, seconds);
        for &at in &times {
            shard.write(at, 590, 0);
        }
        let at = times[times.len() - 1];
        let lag = shard.lag(0, at).0 as f64 / 1e9;
        let (offset, _) = shard.fail(at, failure)[0];
        (shard.log().beyond(offset).count(), lag)
    };
    for rate in [100.0, 1000.0, 20_000.0] {
        for failure in [Failure::Process, Failure::Host] {
            assert_eq!(lost(link(), rate, 1.0, failure).0, 0);
        }
        let (wire, _) = lost(link(), rate, 1.0, Failure::HostAndWire);
        // Those written within one delay are on the wire.
        let expected = rate * (DELAY.0 as f64 / 1e9);
        assert!((wire as f64 - expected).abs() <= 1.0, "{wire} {expected}");
    }
    let delay = (DELAY + APPLY).0 as f64 / 1e9;
    for (rate, seconds) in [(4300.0, 3.0), (7800.0, 4.0), (15_000.0, 4.0)] {
        let (host, lag) = lost(slow_link(), rate, seconds, Failure::Host);
        let expected = rate * (lag - delay);
        let off = (host as f64 - expected).abs() / expected;
        assert!(off < 0.01, "{host} lost, expected {expected}");
        let (process, _) = lost(slow_link(), rate, seconds, Failure::Process);
        let kernel = (host - process) * 590;
        if host * 590 < 1_000_000 {
            assert_eq!(process, 0);
        } else {
            // Between two thirds of the kernel's buffer and all of it, less what is on the wire.
            assert!((990_000..=1_500_000).contains(&kernel), "{kernel}");
        }
    }
}

/// The primary learns of an offset once a second and one way later, so that what it believes lies
/// a uniform time up to a second behind.
#[test]
fn the_reported_lag_is_half_a_second_of_traffic() {
    let mut shard = shard_with(link());
    let mut behind = Vec::new();
    for at in evenly(1000.0, 100.0) {
        let end = shard.write(at, 590, 0);
        let (offset, heard) = shard.acknowledged(0, at);
        if at.0 > 2_000_000_000 {
            behind.push(end - offset);
            assert!(at.since(heard) <= Span::from_secs(1));
        }
    }
    let second = 1000.0 * 590.0;
    let expected = second * 0.5 + second * 0.0012;
    assert!((mean(&behind) / expected - 1.0).abs() < 0.01);
}
