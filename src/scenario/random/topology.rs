//! Replicas, zones, and links that are too slow.

use crate::scenario::Scenario;
use crate::scenario::faults::{FaultKind, FaultSpec, Wire};
use crate::scenario::network::ZoneSpec;
use crate::scenario::store::{Reads, ServiceTime};
use crate::units::{Bandwidth, Span, Speed};

use super::Dice;

/// Drawn behind all else of a cache, so that what is above stays as it was.
pub(super) fn topology(dice: &mut Dice, scenario: &mut Scenario) {
    if dice.one_in(3) {
        return;
    }
    let number = dice.between(1, 4) as usize;
    if number > 1 || dice.one_in(4) {
        let names = ["a", "b-2", "3", "d"].map(str::to_owned);
        let names = names[..number].to_vec();
        let mut pairs = Vec::new();
        for a in 0..number {
            for b in a + 1..number {
                if dice.one_in(3) {
                    pairs.push((a, b, dice.spans(0, 5_000_000)));
                }
            }
        }
        scenario.network.zones = ZoneSpec {
            names,
            pairs,
            cross: if number > 1 {
                dice.spans(0, 3_000_000)
            } else {
                ZoneSpec::ONE.cross
            },
        };
        for class in &mut scenario.users {
            if dice.one_in(3) {
                class.zone = Some(dice.between(0, number as u64 - 1) as usize);
            }
        }
    }
    let known = scenario.network.zones.names.len();
    let topology = &mut scenario.store.topology;
    topology.cluster_mode |= dice.one_in(4);
    topology.zones = (0..known).collect();
    if known > 1 && dice.one_in(3) {
        topology.zones.rotate_left(1);
        topology
            .zones
            .truncate(dice.between(1, known as u64) as usize);
    }
    topology.replicas = dice.between(0, 5) as u32;
    if topology.replicas > 0 {
        topology.reads = dice.choice::<Reads>();
        if dice.one_in(3) {
            scenario.network.replication_bandwidth = Some(Bandwidth(dice.between(1, 100)));
        }
    }
    let number = dice.between(0, 4);
    scenario.faults = (0..number).map(|_| fault(dice, scenario)).collect();
    scenario.faults.retain(|fault| {
        let drawn = matches!(scenario.store.service_time, ServiceTime::Drawn(_));
        let slow = fault.kind == FaultKind::SlowNode;
        let zone = fault.kind == FaultKind::ZoneOutage;
        let replica = fault.kind == FaultKind::ReplicaLoss;
        !(slow && drawn || zone && known == 0 || replica && fault.replica == 0)
    });
}

/// One that there may be nothing to strike for.
fn fault(dice: &mut Dice, scenario: &Scenario) -> FaultSpec {
    use FaultKind::{HostLoss, ProcessCrash, ReplicaLoss, SlowNode, ZoneOutage};
    let kind = dice.choice::<FaultKind>();
    let has = |kinds: &[FaultKind]| kinds.contains(&kind);
    let duration = scenario.duration.0;
    let short = |dice: &mut Dice| Span(dice.between(0, duration / 4));
    let topology = &scenario.store.topology;
    let shard = dice.between(0, u64::from(scenario.store.shards) - 1) as u32;
    let replica = match topology.replicas {
        0 => 0,
        replicas => dice.between(1, replicas.into()) as u32,
    };
    let zones = scenario.network.zones.names.len().max(1) as u64;
    let zone = dice.between(0, zones - 1) as usize;
    let (promotion, replacement) = (short(dice), short(dice));
    let timeout = Span(dice.between(1_000_000, 5_000_000_000));
    let wire = dice.choice::<Wire>();
    let fails = has(&[ProcessCrash, HostLoss, ZoneOutage, ReplicaLoss]);
    let silent = has(&[HostLoss, ZoneOutage, ReplicaLoss]);
    let only = |is: bool, span: Span| if is { span } else { Span::ZERO };
    FaultSpec {
        at: Span(dice.between(0, duration - 1)),
        kind,
        shard: if kind == ZoneOutage { 0 } else { shard },
        replica: if has(&[ReplicaLoss, SlowNode]) {
            replica
        } else {
            0
        },
        zone: if kind == ZoneOutage { zone } else { 0 },
        wire: if has(&[HostLoss, ZoneOutage]) {
            wire
        } else {
            Wire::Delivered
        },
        promotion: only(fails, promotion),
        replacement: only(fails, replacement),
        timeout: only(silent, timeout),
        speed: if kind == SlowNode {
            Speed(dice.between(1_000, 90_000))
        } else {
            Speed::SAME
        },
        lasts: only(kind == SlowNode, Span(promotion.0.max(1_000_000))),
    }
}
