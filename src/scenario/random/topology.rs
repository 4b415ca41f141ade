//! Replicas, zones, and links that are too slow.

use crate::scenario::Scenario;
use crate::scenario::network::ZoneSpec;
use crate::scenario::store::Reads;
use crate::units::Bandwidth;

use super::Dice;

/// Drawn behind all else of a cache, so that what is above stays as it was.
pub(super) fn topology(dice: &mut Dice, scenario: &mut Scenario) {
    if dice.one_in(2) {
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
}
