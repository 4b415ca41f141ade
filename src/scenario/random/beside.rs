//! What random scenarios have beside users and a cache, or instead of them.

use crate::scenario::Scenario;
use crate::scenario::database::{OnLostSession, Writes};
use crate::scenario::store::{Instances, Scaling, StoreKind};
use crate::scenario::users::arrivals::Factor;
use crate::scenario::workloads::{WorkloadKind, WorkloadSpec};
use crate::units::{Rate, Ratio, Span};

use super::Dice;

/// Drawn last of all: sessions that lie in no cache, and databases under load.
pub(super) fn elsewhere(dice: &mut Dice, scenario: &mut Scenario) {
    if dice.one_in(3) {
        scenario.database.contention = Ratio(dice.between(0, 100_000_000));
        scenario.database.coherency = Ratio(dice.between(0, 1_000_000));
    }
    if dice.one_in(3) {
        scenario.database.writes = Writes::Through;
    }
    if !dice.one_in(4) {
        return;
    }
    let duration = scenario.duration.0;
    let cleanup_every = Span(dice.between(1_000_000_000, duration));
    let kind = if dice.one_in(2) {
        scenario.database.on_lost_session = OnLostSession::Login;
        for class in &mut scenario.users {
            let of_class = &mut class.session.on_lost_session;
            *of_class = of_class.map(|_| OnLostSession::Login);
        }
        StoreKind::Database { cleanup_every }
    } else {
        let mut at = 0;
        let number = dice.between(0, 4);
        let scaling = (0..number).map(|_| {
            at += dice.between(1, duration / 3);
            Scaling {
                at: Span(at),
                instances: dice.between(1, 6) as u32,
            }
        });
        let scaling: Vec<_> = scaling.collect();
        StoreKind::InProcess(Instances {
            number: dice.between(1, 6) as u32,
            scaling,
            repeat_every: if dice.one_in(2) {
                Span((at + 1).max(1_000_000_000))
            } else {
                Span::ZERO
            },
            drain: Span(dice.between(0, 1) * dice.between(0, duration)),
            cleanup_every,
        })
    };
    scenario.store = kind.servers();
    scenario.workloads.clear();
}

/// Drawn after all else, so that what is above stays as it was: at most some 10,000 requests.
pub(super) fn workloads(dice: &mut Dice, duration: Span) -> Vec<WorkloadSpec> {
    let number = if dice.one_in(2) {
        0
    } else {
        dice.between(1, 3)
    };
    let mut list = Vec::new();
    for number in 0..number {
        let most = 3e12 / duration.seconds();
        let objects = dice.between(1, 500) as u32;
        let kind = match dice.between(0, 2) {
            0 => WorkloadKind::QueryCache {
                bytes: dice.distribution(1, 20_000),
                update_share: dice.share(),
            },
            1 => WorkloadKind::Leaderboard {
                members: dice.between(1, 400) as u32,
                member_length: dice.between(1, 100) as u32,
                update_share: dice.share(),
                rank_share: dice.share(),
                top: dice.between(1, 50) as u32,
            },
            _ => WorkloadKind::Counters,
        };
        let has_ttl = matches!(kind, WorkloadKind::Counters) || dice.one_in(2);
        list.push(WorkloadSpec {
            name: format!("workload-{number}"),
            rate: Rate(dice.between(1_000_000, most as u64)),
            follows: dice.one_in(3).then_some(0),
            key: dice.pick(&["cache:<id>", "<id>", "{shop}:<id>"]).to_owned(),
            id_length: dice.between(8, 64) as u32,
            objects,
            exponent: Factor(dice.pick(&[0, 800_000, 1_200_000])),
            ttl: if has_ttl {
                Span::from_millis(dice.between(1, 3_600_000))
            } else {
                Span::ZERO
            },
            kind,
        });
    }
    list
}
