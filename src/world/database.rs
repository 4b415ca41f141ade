//! The database behind the cache, as a request meets it.

use crate::kernel::draws::Purpose;
use crate::kernel::quantiles::Quantiles;
use crate::kernel::station::{Admission, Station};
use crate::probe::{Probe, Told};
use crate::scenario::database::{DatabaseSpec, OnLostSession, Writes};
use crate::units::{Span, Time};

use super::World;
use super::event::Event;
use super::request::Stage;

/// The database and what the application asks of it.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) station: Station,
    pub(super) service: Quantiles,
    /// Sigma and kappa of the universal scalability law, in parts of 10^-9.
    pub(super) contention: u64,
    pub(super) coherency: u64,
    pub(super) on_lost_session: OnLostSession,
    pub(super) writes: Writes,
}

impl Database {
    pub(super) fn new(spec: &DatabaseSpec) -> Self {
        Self {
            station: Station::new(spec.concurrency, spec.queue_limit),
            service: Quantiles::new(&spec.service_time),
            contention: spec.contention.0,
            coherency: spec.coherency.0,
            on_lost_session: spec.on_lost_session,
            writes: spec.writes,
        }
    }

    /// A query comes at `now`, which alone would be served for `service`.
    fn enter(&mut self, now: Time, service: Span) -> Admission {
        if self.contention | self.coherency == 0 {
            return self.station.enter(now, service);
        }
        let (sigma, kappa) = (u128::from(self.contention), u128::from(self.coherency));
        self.station.enter_shared(now, |number| {
            let n = u128::from(number);
            let factor = BILLION + sigma * (n - 1) + kappa * n * (n - 1);
            let slowed = u128::from(service.0) * factor / BILLION;
            Span(u64::try_from(slowed).unwrap_or(u64::MAX))
        })
    }
}

const BILLION: u128 = 1_000_000_000;

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
        let request = *request;
        let done = self.enter_database_with(bits);
        self.tell(&request, self.now, || Told::Query(done));
        done
    }

    /// When the database will have answered a query whose service is drawn by `bits`; `None` if it
    /// refuses it.
    pub(super) fn enter_database_with(&mut self, bits: u64) -> Option<Time> {
        match self.admit(bits) {
            Admission::Served { done, .. } => Some(done),
            Admission::Refused => None,
        }
    }

    /// What the database says to a query whose service is drawn by `bits`.
    pub(super) fn admit(&mut self, bits: u64) -> Admission {
        let service = Span(self.database.service.draw(bits));
        let admission = self.database.enter(self.now, service);
        match admission {
            Admission::Served { done, .. } => self.probe.db_query(self.now, done),
            Admission::Refused => self.probe.db_refused(self.now),
        }
        admission
    }
}
