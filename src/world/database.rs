//! The database behind the cache, as a request meets it.

use crate::kernel::draws::Purpose;
use crate::kernel::quantiles::Quantiles;
use crate::kernel::station::{Admission, Station};
use crate::probe::Probe;
use crate::scenario::database::OnLostSession;
use crate::units::{Span, Time};

use super::World;
use super::event::Event;
use super::journey::Stage;

/// The database and what the application asks of it.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) station: Station,
    pub(super) service: Quantiles,
    pub(super) on_lost_session: OnLostSession,
}

impl<P: Probe> World<P> {
    /// Asks the database, and goes on with its answer.
    pub(super) fn query(&mut self, place: u32, stage: Stage) {
        if let Some(done) = self.enter_database(place) {
            self.requests.get_mut(place).stage = stage;
            self.schedule(done, Event::Reply(place));
            return;
        }
        let owner = self.requests.get(place).visitor;
        let session = &mut self.visitors.get_mut(owner).session;
        match stage {
            Stage::Credentials => session.creation_failed(),
            _ => session.recovery_failed(),
        }
        self.answer(place, self.now);
    }

    /// When the database will have answered a query of the request; `None` if it refuses it.
    pub(super) fn enter_database(&mut self, place: u32) -> Option<Time> {
        let request = self.requests.get_mut(place);
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let bits = request.draws.at(number, Purpose::Query);
        self.enter_database_with(bits)
    }

    /// When the database will have answered a query whose service is drawn by `bits`; `None` if it
    /// refuses it.
    pub(super) fn enter_database_with(&mut self, bits: u64) -> Option<Time> {
        let service = Span(self.database.service.draw(bits));
        match self.database.station.enter(self.now, service) {
            Admission::Served { done, .. } => {
                self.probe.db_query(self.now, done);
                Some(done)
            }
            Admission::Refused => {
                self.probe.db_refused(self.now);
                None
            }
        }
    }
}
