//! A random `[store]`, and node types of one's own.

use crate::scenario::presets::node_types::{self, NodeType, Offer};
use crate::scenario::reader::choice::Choice;
use crate::scenario::store::{
    Allocator, CpuCredits, Engine, EvictionPolicy, Platform, ReplicaSpec, ServiceTime, SpeedSpec,
    StoreKind, StoreSpec,
};
use crate::units::{Bandwidth, Bytes, Ratio, Span, Speed};

use super::Dice;

pub(super) fn store(dice: &mut Dice, platform: Platform) -> StoreSpec {
    let elasticache = platform == Platform::ElastiCache;
    let offered: Vec<Engine> = Engine::CHOICES
        .iter()
        .map(|(_, engine)| *engine)
        .filter(|engine| platform.offers(*engine))
        .collect();
    let node_type = if elasticache && dice.one_in(2) {
        Some("cache.t3.micro")
    } else {
        None
    };
    let (maxmemory, reserved_memory) = if let Some(node_type) = node_type.and_then(node_types::find)
    {
        let reserved = Ratio(dice.between(0, Ratio::ONE.0 * 9 / 10));
        (node_type.usable(reserved), reserved)
    } else if dice.one_in(3) {
        (Bytes(0), Ratio::ZERO)
    } else {
        // Enough for the empty node, and then for all, some or hardly any of the sessions.
        (Bytes(dice.between(2 << 20, 16 << 20)), Ratio::ZERO)
    };
    let engine = dice.pick(&offered);
    let allocator = if elasticache {
        Allocator::Bundled
    } else {
        dice.choice::<Allocator>()
    };
    let shards = if dice.one_in(2) {
        1
    } else {
        dice.between(2, 9) as u32
    };
    StoreSpec {
        kind: StoreKind::Cache,
        engine,
        allocator,
        shards,
        topology: ReplicaSpec::none(shards > 1),
        node_type: node_type.map(str::to_owned),
        maxmemory,
        reserved_memory,
        maxmemory_policy: dice.choice::<EvictionPolicy>(),
        maxmemory_samples: dice.between(1, 64) as u32,
        hz: dice.pick(&[1, 10, 10, 100, 500]),
        active_expire_effort: dice.between(1, 10) as u32,
        lfu_log_factor: dice.between(0, 100) as u32,
        lfu_decay_time: dice.between(0, 60) as u32,
        service_time: if dice.one_in(2) {
            let fixed = Span(dice.between(0, 50_000));
            ServiceTime::ByBytes {
                fixed,
                per_kib: Span(dice.between(0, 2_000)),
            }
        } else {
            ServiceTime::Drawn(dice.spans(0, 100_000))
        },
        speed: speed(dice, node_type.and_then(node_types::find).as_ref(), engine),
    }
}

/// Often none; one that nothing uses, which must come back as it was written.
pub(super) fn own_types(dice: &mut Dice) -> Vec<NodeType> {
    if !dice.one_in(4) {
        return Vec::new();
    }
    let offer = Offer {
        runs: true,
        price: None,
    };
    let vcpu = dice.between(1, 8) as u32;
    let enhanced_io = dice.one_in(2);
    let baseline = dice.between(1, 1_000);
    let limited = dice.one_in(2);
    vec![NodeType {
        name: "our.large".to_owned(),
        generation: "own".to_owned(),
        vcpu,
        maxmemory: Bytes(dice.between(1 << 20, 1 << 34)),
        network_baseline_mbps: limited.then_some(baseline),
        network_burst_mbps: (limited && dice.one_in(2)).then_some(2 * baseline),
        enhanced_io,
        tls_offload: enhanced_io && vcpu >= 4,
        cpu_credits_per_hour: dice.one_in(2).then_some(24),
        maxclients: 1_000,
        redis: offer,
        valkey: offer,
        memcached: offer,
        data_tiering: false,
        price_region: String::new(),
        price_date: String::new(),
    }]
}

/// Often as the node type is, else so slow and narrow that it matters.
fn speed(dice: &mut Dice, node_type: Option<&NodeType>, engine: Engine) -> SpeedSpec {
    let mut speed = SpeedSpec::of(node_type, engine);
    if dice.one_in(2) {
        return speed;
    }
    speed.speed = Speed(dice.between(1_000, 400_000));
    speed.tls = dice.one_in(2);
    speed.io_threads = dice.between(1, 9) as u32;
    if speed.credits_per_hour > 0 {
        speed.cpu_credits = dice.choice::<CpuCredits>();
        speed.credits_at_start = dice.share();
    }
    if dice.one_in(2) {
        speed.bandwidth = Bandwidth(dice.between(1, 100));
        speed.burst_bandwidth = Bandwidth(dice.between(speed.bandwidth.0, 10_000));
    } else {
        (speed.bandwidth, speed.burst_bandwidth) = (Bandwidth(0), Bandwidth(0));
    }
    speed.burst_time = Span(dice.between(0, 600_000_000_000));
    speed
}
