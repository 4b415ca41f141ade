//! Whose the keys are: who is told when one dies, and what everybody keeps.
//!
//! A key's owner is a visitor by place, a key of the trace, a workload, or nobody any more; then it
//! still says of which class it was. Facts name owners by number: the classes of
//! users, recorded traffic, the workloads, in the order of the scenario.

use crate::probe::{Kept, OwnerSample, Probe};
use crate::session::KeyDeath;
use crate::store::keyspace::{DeathCause, Keyspace};
use crate::store::node::Node;

use super::World;
use super::event::MAX_VISITORS;
use super::side::KeyAt;

/// Owners from here on are keys of the trace, by their place among them.
pub(super) const RECORDED: u32 = MAX_VISITORS;
/// Owners from here on are workloads, by their place in the scenario.
pub(super) const WORKLOADS: u32 = 2 * MAX_VISITORS;
/// Owners from here on are classes of users. The key belongs to no session, and a request on its
/// way may still name it: it is never given back.
pub(super) const ABANDONED: u32 = 3 * MAX_VISITORS;
/// Owners from here on are classes of users. The death of the key concerns nobody.
pub(super) const NOBODYS: u32 = 4 * MAX_VISITORS;

/// The owner of a key of a class whose session is over, and that nobody will name again.
pub(super) const fn nobodys(class: u16) -> u32 {
    NOBODYS + class as u32
}

/// The owner of a key of a class that belongs to no session, and that may still be named.
pub(super) const fn abandoned(class: u16) -> u32 {
    ABANDONED + class as u32
}

/// Requests of which a census of the keys may take a share: so many for each key. It costs less
/// than a request, so that is a few percent of a run at most.
const REQUESTS_A_KEY: u64 = 8;

/// When the last census was.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Requests that had been sent by then.
    issued: Option<u64>,
}

impl<P: Probe> World<P> {
    /// Tells the ledger which keys died on a node since the last time.
    #[inline]
    pub(super) fn bury(&mut self, node: u16) {
        if !self.nodes[node as usize].keyspace().deaths().is_empty() {
            self.bury_all(node);
        }
    }

    #[inline(never)]
    fn bury_all(&mut self, node: u16) {
        // A burial kills no further key, so the list only shrinks.
        while let Some(death) = self.nodes[node as usize].keyspace_mut().pop_death() {
            let owner = self.number_of(death.owner);
            let cause = match death.cause {
                DeathCause::Evicted => {
                    self.probe.key_evicted(self.now, node, owner);
                    KeyDeath::Evicted
                }
                DeathCause::Expired => {
                    self.probe.key_expired(self.now, node, owner);
                    KeyDeath::Expired
                }
                DeathCause::Lost => KeyDeath::NodeLost,
            };
            match death.owner {
                NOBODYS.. => {
                    let key = death.key.0;
                    self.release_key(owner, KeyAt { key, node });
                }
                WORKLOADS.. => {}
                RECORDED.. => self.recorded_key_died(death.owner - RECORDED, cause),
                visitor => {
                    let session = &self.visitors.get(visitor).session;
                    if session.key != death.key.0 || session.node != node {
                        continue;
                    }
                    let now = self.now;
                    self.tell_death(visitor, node, cause);
                    self.ledger(visitor, |session, probe, class, presence| {
                        session.key_died(probe, class, now, cause, presence);
                    });
                    self.settle(visitor);
                }
            }
        }
    }

    /// The number by which facts name the owner of a key.
    #[inline]
    pub(super) fn number_of(&self, owner: u32) -> u16 {
        match owner {
            NOBODYS.. => (owner - NOBODYS) as u16,
            ABANDONED.. => (owner - ABANDONED) as u16,
            WORKLOADS.. => self.workload_number((owner - WORKLOADS) as u16),
            RECORDED.. => self.crowds.len() as u16,
            visitor => self.visitors.get(visitor).user.class(),
        }
    }

    /// The number by which facts name the workload at that place.
    #[inline]
    pub(super) fn workload_number(&self, place: u16) -> u16 {
        self.crowds.len() as u16 + u16::from(self.recorded.is_some()) + place
    }

    /// States what all owners have, if the probe wants to know. What they keep is counted where
    /// that costs little beside the requests since the last time, and at the end of the run.
    pub(super) fn sample_owners(&mut self, is_end: bool) {
        if !self.probe.wants_owners() {
            return;
        }
        let number = self.workload_number(self.workloads.len() as u16);
        let mut samples = vec![OwnerSample::default(); usize::from(number)];
        for (sample, crowd) in samples.iter_mut().zip(&self.crowds) {
            sample.live_sessions = crowd.live_sessions;
            sample.users_present = crowd.users_present;
        }
        if let Some(recorded) = &self.recorded {
            samples[self.crowds.len()].live_sessions = recorded.live_sessions;
        }
        if is_end || self.is_time_for_census() {
            self.census.issued = Some(self.issued);
            let mut kept = vec![Kept::default(); samples.len()];
            for (owner, bytes) in self.nodes.iter().flat_map(|node| node.keyspace().stored()) {
                let kept = &mut kept[usize::from(self.number_of(owner))];
                kept.keys += 1;
                kept.bytes += bytes;
            }
            let bytes: u64 = kept.iter().map(|kept| kept.bytes).sum();
            let nodes = self.nodes.iter().map(Node::keyspace);
            self.hold(
                bytes == nodes.map(Keyspace::bytes_of_keys).sum::<u64>(),
                "what owners keep does not add up",
            );
            for (sample, kept) in samples.iter_mut().zip(kept) {
                sample.kept = Some(kept);
            }
        }
        self.probe.owners(self.now, &samples);
    }

    fn is_time_for_census(&self) -> bool {
        let keys: u64 = self.nodes.iter().map(|node| node.keyspace().keys()).sum();
        let since = |last| self.issued - last >= REQUESTS_A_KEY * keys;
        self.census.issued.is_none_or(since)
    }
}
