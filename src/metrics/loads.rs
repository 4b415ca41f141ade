//! What nodes did between two looks at them, as shares and rates in whole numbers.

use crate::probe::{NetworkSample, NodeSample, ReplicaSample};
use crate::units::Span;

use super::measurements::Gauges;

/// A minute, over which a load is averaged as `CloudWatch` does.
pub(super) const MINUTE: Span = Span::from_secs(60);

const BILLION: u128 = 1_000_000_000;

/// `part` in billionths of `whole`, rounded to the nearest.
pub(super) fn billionths(part: u64, whole: u64) -> u64 {
    ((u128::from(part) * BILLION + u128::from(whole / 2)) / u128::from(whole)) as u64
}

/// `count` in `elapsed` as a rate, in 10^-9 a second.
pub(super) fn rate(count: u64, elapsed: Span) -> u64 {
    let scaled = u128::from(count) * BILLION * BILLION;
    ((scaled + u128::from(elapsed.0 / 2)) / u128::from(elapsed.0)) as u64
}

/// What the busiest of a shard's nodes did since `before`: its primary, or one that answered reads
/// as a replica. Work is booked when it is taken on, so a node under overload can have booked more
/// than fits: it is simply busy.
pub(super) fn load(
    node: &NodeSample,
    before: &NodeSample,
    elapsed: Span,
    vcpu: Option<u32>,
) -> Gauges {
    let replica = |sample: &NodeSample| ReplicaSample {
        busy: sample.busy,
        io_busy: sample.io_busy,
        network: sample.network,
    };
    let mut most = load_of(&replica(node), &replica(before), elapsed, vcpu);
    for (now, before) in node.replicas.iter().zip(&before.replicas) {
        if now.busy > before.busy {
            most.raise(&load_of(now, before, elapsed, vcpu));
        }
    }
    most
}

/// What one node did.
fn load_of(
    node: &ReplicaSample,
    before: &ReplicaSample,
    elapsed: Span,
    vcpu: Option<u32>,
) -> Gauges {
    let engine = node.busy.0 - before.busy.0;
    let io = node.io_busy.0 - before.io_busy.0;
    let share = |busy: u64, of: u64| billionths(busy.min(of), of);
    let usage = node.network.map(|now| {
        let before = before.network.unwrap_or_default();
        let bytes_in = now.bytes_in - before.bytes_in;
        let bytes = bytes_in.max(now.bytes_out - before.bytes_out);
        // A thousandth of a bit in a nanosecond is an eight-thousandth of a byte.
        let allowed = u128::from(now.baseline.0) * u128::from(elapsed.0);
        let used = u128::from(bytes) * 8_000 * BILLION;
        ((used + allowed / 2) / allowed.max(1)) as u64
    });
    Gauges {
        engine_cpu: Some(share(engine, elapsed.0)),
        host_cpu: vcpu.map(|vcpu| {
            share(
                engine.min(elapsed.0) + io,
                elapsed.0 * u64::from(vcpu.max(1)),
            )
        }),
        network_usage: usage,
        ..Gauges::default()
    }
}

/// What went over a node's network, nothing if that is not counted.
pub(super) fn network(node: &NodeSample) -> NetworkSample {
    node.network.unwrap_or_default()
}
