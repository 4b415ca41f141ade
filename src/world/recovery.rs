//! The database, and what makes good for a session that is gone: a copy or a new login.

use crate::kernel::draws::Purpose;
use crate::kernel::station::Admission;
use crate::probe::{Aftermath, Probe, RequestKind, SessionSeen};
use crate::program::ProgramKind;
use crate::scenario::database::OnLostSession;
use crate::session::NO_KEY;
use crate::store::keyspace::KeyId;
use crate::units::Span;
use crate::units::Time;

use super::{ABANDONED, NO_OWNER, World};
use super::event::Event;
use super::journey::{Request, Stage};

impl<P: Probe> World<P> {
    /// Begins a login: a request of its own. Users who must log in again do so at once.
    #[inline(never)]
    pub(super) fn log_in(&mut self, place: u32, n: u32, attempt: u8) {
        let visitor = self.visitors.get_mut(place);
        let class = visitor.user.class();
        if visitor.session.has_no_fate() {
            // The user logged out and is back before the logout reached the store.
            self.live_sessions -= u64::from(visitor.session.is_open());
            visitor.session.logged_out(&mut self.probe, class, self.now, true);
        }
        visitor.session.begin_creating();
        let kind = RequestKind::Login;
        let request =
            Request::new(place, visitor, n, attempt, kind, ProgramKind::Login, self.now);
        let request = self.issue(request);
        if self.crowds[class as usize].login {
            self.query(request, Stage::Credentials);
        } else {
            self.create_session(request);
        }
    }

    /// The application has the reply that the request waited for.
    pub(super) fn reply(&mut self, place: u32) {
        let request = *self.requests.get(place);
        match request.stage {
            Stage::Command => unreachable!("a command's reply needs no event of its own"),
            Stage::Gone => self.make_good(place),
            Stage::Change => {
                self.query_and_forget(place);
                self.finish(place, self.now);
            }
            Stage::Credentials => self.create_session(place),
            Stage::Copy => self.restore(place),
        }
    }

    /// A program is over, and the request is none of those that are simply answered.
    #[inline(never)]
    pub(super) fn program_over_with_more(&mut self, place: u32, at: Time) {
        let copies = self.database.on_lost_session == OnLostSession::Restore;
        let request = self.requests.get_mut(place);
        let visitor = self.visitors.get_mut(request.visitor);
        let class = request.class;
        let same_key =
            visitor.session.key == request.key && visitor.session.node == request.node;
        if visitor.session.is_creating() && same_key {
            // No write of the login took: the user has a cookie and no session.
            if matches!(request.program, ProgramKind::Login | ProgramKind::Restore) {
                visitor.session.created(&mut self.probe, class, self.now, self.now, true);
            }
        }
        let gone = request.seen == SessionSeen::Gone && same_key;
        let stage = match request.program {
            ProgramKind::Logout if gone => {
                visitor.session.logged_out(&mut self.probe, class, self.now, false);
                None
            }
            ProgramKind::Read | ProgramKind::Modify if gone => visitor
                .session
                .found_gone(&mut self.probe, class, self.now)
                .then_some(Stage::Gone),
            ProgramKind::Modify | ProgramKind::Login | ProgramKind::Logout if copies => {
                Some(Stage::Change)
            }
            _ => None,
        };
        match stage {
            None => self.finish(place, at),
            Some(stage) => {
                request.stage = stage;
                self.agenda.push(at, Event::Reply(place).pack());
            }
        }
    }

    /// A request found its session gone, and the application knows it now.
    fn make_good(&mut self, place: u32) {
        if self.database.on_lost_session == OnLostSession::Restore {
            self.query(place, Stage::Copy);
            return;
        }
        let request = *self.requests.get(place);
        let class = request.class;
        let login = self.crowds[class as usize].login;
        let aftermath = if login { Aftermath::ForcedLogin } else { Aftermath::GuestReset };
        let session = &mut self.visitors.get_mut(request.visitor).session;
        session.made_good(&mut self.probe, class, self.now, aftermath);
        // The new login goes on where the request stops, so the user stays on the books.
        self.visitors.get_mut(request.visitor).user.requests_in_flight += 1;
        self.finish(place, self.now);
        self.visitors.get_mut(request.visitor).user.requests_in_flight -= 1;
        self.log_in(request.visitor, request.n, request.attempt + 1);
    }

    /// Asks the database, and goes on with its answer.
    fn query(&mut self, place: u32, stage: Stage) {
        match self.enter_database(place) {
            Some(done) => {
                self.requests.get_mut(place).stage = stage;
                self.agenda.push(done, Event::Reply(place).pack());
            }
            None => self.query_refused(place, stage),
        }
    }

    /// Writes a change to the database; nobody waits for the answer.
    fn query_and_forget(&mut self, place: u32) {
        let _ = self.enter_database(place);
    }

    fn enter_database(&mut self, place: u32) -> Option<Time> {
        let request = self.requests.get_mut(place);
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let draws = self.visitors.get(request.visitor).user.draws();
        let bits = draws.at(request.n, request.attempt, number, Purpose::Query);
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

    fn query_refused(&mut self, place: u32, stage: Stage) {
        let request = self.requests.get(place);
        let session = &mut self.visitors.get_mut(request.visitor).session;
        match stage {
            Stage::Credentials => session.creation_failed(),
            _ => session.recovery_failed(),
        }
        self.finish(place, self.now);
    }

    /// Gives the user a new session with a key of its own, and stores it.
    fn create_session(&mut self, place: u32) {
        let request = *self.requests.get(place);
        self.retire_key(request.visitor);
        let crowd = &mut self.crowds[request.class as usize];
        let visitor = self.visitors.get_mut(request.visitor);
        let draws = visitor.user.draws();
        let id = draws.at(request.n, request.attempt, 0, Purpose::SessionId);
        let size = draws.at(request.n, request.attempt, 0, Purpose::Size);
        let slot = crowd.key.slot(id);
        let node = self.slots.node(slot);
        let keyspace = self.nodes[node as usize].keyspace_mut();
        let key = keyspace.create(id, slot, crowd.shape, request.visitor);
        visitor.session.key = key.0;
        visitor.session.node = node;
        visitor.session.bytes = crowd.bytes.draw(size) as u32;
        let request = self.requests.get_mut(place);
        request.key = key.0;
        request.node = node;
        self.run_program(place, ProgramKind::Login);
    }

    /// The database's copy is here: the session begins anew, under its old key.
    fn restore(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let session = &mut self.visitors.get_mut(request.visitor).session;
        session.made_good(&mut self.probe, request.class, self.now, Aftermath::Restored);
        session.begin_creating();
        self.run_program(place, ProgramKind::Restore);
    }

    fn run_program(&mut self, place: u32, program: ProgramKind) {
        let request = self.requests.get_mut(place);
        request.program = program;
        request.step = 0;
        request.missing = false;
        self.send_next(place, self.now);
    }

    /// Parts the user from the key of an earlier session.
    fn retire_key(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let key = std::mem::replace(&mut visitor.session.key, NO_KEY);
        if key == NO_KEY {
            return;
        }
        let keyspace = self.nodes[visitor.session.node as usize].keyspace_mut();
        if visitor.user.requests_in_flight > 1 {
            keyspace.set_owner(KeyId(key), ABANDONED);
        } else if keyspace.is_live(KeyId(key)) {
            keyspace.set_owner(KeyId(key), NO_OWNER);
        } else {
            keyspace.release(KeyId(key));
        }
    }
}
