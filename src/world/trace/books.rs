//! The sessions of recorded traffic in the books of the run.

use crate::probe::{Probe, VisitId};
use crate::session::{KeyDeath, Presence, Session};

use super::super::World;

impl<P: Probe> World<P> {
    /// Changes the session of a key, and keeps count of those that live.
    pub(super) fn recorded_ledger(
        &mut self,
        place: u32,
        change: impl FnOnce(&mut Session, &mut P, u16),
    ) {
        let recorded = self.recorded.as_mut().expect("keys are recorded");
        let session = &mut recorded.keys[place as usize].session;
        let before = u64::from(session.is_open());
        self.probe.about(VisitId {
            class: recorded.class,
            user: place.into(),
            first: 0,
        });
        change(session, &mut self.probe, recorded.class);
        for count in [&mut recorded.live_sessions, &mut self.live_sessions] {
            *count = *count + u64::from(session.is_open()) - before;
        }
    }

    /// A key of the trace died.
    pub(in crate::world) fn recorded_key_died(&mut self, place: u32, cause: KeyDeath) {
        let now = self.now;
        self.recorded_ledger(place, |session, probe, class| {
            session.key_died(probe, class, now, cause, Presence::InVisit);
        });
    }

    /// The sessions of all keys of the trace.
    pub(in crate::world) fn recorded_sessions(&self) -> impl Iterator<Item = &Session> {
        let keys = self.recorded.iter().flat_map(|recorded| &recorded.keys);
        keys.map(|key| &key.session)
    }

    /// Requests on their way.
    pub(in crate::world) fn recorded_in_flight(&self) -> u64 {
        let requests = self
            .recorded
            .as_ref()
            .map(|recorded| recorded.requests.len());
        requests.unwrap_or(0) as u64
    }

    /// The run is over: every session that is still open meets its fate.
    pub(in crate::world) fn close_recorded_sessions(&mut self) {
        let now = self.now;
        let keys = self
            .recorded
            .as_ref()
            .map_or(0, |recorded| recorded.keys.len());
        for place in 0..keys as u32 {
            self.recorded_ledger(place, |session, probe, class| {
                session.run_ended(probe, class, now);
            });
        }
    }
}
