//! The database, and what makes good for a session that is gone: a copy or a new login.

use crate::kernel::draws::Purpose;
use crate::kernel::station::Admission;
use crate::probe::{Aftermath, Probe, RequestKind, SessionSeen};
use crate::program::ProgramKind;
use crate::scenario::database::OnLostSession;
use crate::session::{NO_KEY, Presence};
use crate::store::keyspace::KeyId;
use crate::traffic::Phase;
use crate::units::{Span, Time};

use super::event::Event;
use super::journey::Stage;
use super::{ABANDONED, NO_OWNER, World};

impl<P: Probe> World<P> {
    /// Begins a login: a request of its own. Users who must log in again do so at once.
    #[inline(never)]
    pub(super) fn log_in(&mut self, place: u32, n: u32, attempt: u8) {
        let now = self.now;
        self.ledger(place, |session, probe, class, _| {
            session.begin_creating(probe, class, now);
        });
        let class = self.visitors.get(place).user.class();
        let request = self.new_request(place, (n, attempt), RequestKind::Login);
        let request = self.requests.insert(request);
        if self.crowds[class as usize].login {
            self.query(request, Stage::Credentials);
        } else {
            self.create_session(request);
        }
    }

    /// The application has the reply that the request waited for.
    pub(super) fn reply(&mut self, place: u32) {
        match self.requests.get(place).stage {
            Stage::Command => unreachable!("a command's reply needs no event of its own"),
            Stage::Gone => self.make_good(place),
            Stage::Change => {
                // Nobody waits for the database's answer to a change.
                let _ = self.enter_database(place);
                self.answer(place, self.now);
            }
            Stage::Credentials => self.create_session(place),
            Stage::Copy => self.restore(place),
        }
    }

    /// A program is over, and the request is none of those that are simply answered.
    #[inline(never)]
    pub(super) fn program_over_with_more(&mut self, place: u32, at: Time) {
        match self.what_remains(place) {
            None => self.answer(place, at),
            Some(stage) => {
                self.requests.get_mut(place).stage = stage;
                self.expect(at, Event::Reply(place));
            }
        }
    }

    /// What the application does after the program's last reply, if anything.
    fn what_remains(&mut self, place: u32) -> Option<Stage> {
        let copies = self.database.on_lost_session == OnLostSession::Restore;
        let request = *self.requests.get(place);
        let visitor = self.visitors.get(request.visitor);
        let speaks = request.speaks_for(visitor);
        let now = self.now;
        if speaks && request.program.creates() && visitor.session.is_to_be_stored() {
            // No write of the program took: the user has a cookie and no session.
            self.ledger(request.visitor, |session, probe, class, presence| {
                session.created(probe, class, now, now, true, presence);
            });
        }
        let gone = speaks && request.seen == SessionSeen::Gone;
        match request.program {
            ProgramKind::Logout => {
                self.ledger(request.visitor, |session, probe, class, presence| {
                    if speaks {
                        session.logged_out(probe, class, now, !gone);
                    }
                    if presence != Presence::InVisit {
                        session.left(probe, class, now, presence);
                    }
                });
                copies.then_some(Stage::Change)
            }
            ProgramKind::Read | ProgramKind::Modify if gone => {
                let visitor = self.visitors.get_mut(request.visitor);
                visitor
                    .session
                    .found_gone(&mut self.probe, request.class, now)
                    .then_some(Stage::Gone)
            }
            ProgramKind::Modify | ProgramKind::Login if copies => Some(Stage::Change),
            // The change that found its session gone is repeated on the restored one.
            ProgramKind::Restore if request.kind == RequestKind::Modify => Some(Stage::Change),
            ProgramKind::Read | ProgramKind::Modify | ProgramKind::Login | ProgramKind::Restore => {
                None
            }
        }
    }

    /// A request found its session gone, and the application knows it now.
    fn make_good(&mut self, place: u32) {
        let request = *self.requests.get(place);
        if !request.speaks_for(self.visitors.get(request.visitor)) {
            // The user has begun anew in the meantime.
            self.answer(place, self.now);
            return;
        }
        if self.database.on_lost_session == OnLostSession::Restore {
            self.query(place, Stage::Copy);
            return;
        }
        let visitor = self.visitors.get_mut(request.visitor);
        if visitor.user.phase() != Phase::Visiting {
            // The user has left in the meantime, and nobody is there to log in.
            visitor.session.recovery_failed();
            self.answer(place, self.now);
            return;
        }
        let login = self.crowds[request.class as usize].login;
        let aftermath = if login {
            Aftermath::ForcedLogin
        } else {
            Aftermath::GuestReset
        };
        let now = self.now;
        self.ledger(request.visitor, |session, probe, class, _| {
            session.made_good(probe, class, now, aftermath);
        });
        // The new login goes on where the request stops, so the user stays on the books.
        self.visitors
            .get_mut(request.visitor)
            .user
            .requests_in_flight += 1;
        self.answer(place, self.now);
        self.visitors
            .get_mut(request.visitor)
            .user
            .requests_in_flight -= 1;
        self.log_in(
            request.visitor,
            request.n,
            request.attempt.saturating_add(1),
        );
    }

    /// Asks the database, and goes on with its answer.
    fn query(&mut self, place: u32, stage: Stage) {
        if let Some(done) = self.enter_database(place) {
            self.requests.get_mut(place).stage = stage;
            self.expect(done, Event::Reply(place));
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
    fn enter_database(&mut self, place: u32) -> Option<Time> {
        let request = self.requests.get_mut(place);
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let bits = request.draws.at(number, Purpose::Query);
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

    /// Gives the user a new session with a key of its own, and stores it.
    fn create_session(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let now = self.now;
        // Of two logins at once the later one wins.
        self.ledger(request.visitor, |session, probe, class, _| {
            session.begin_creating(probe, class, now);
        });
        self.retire_key(request.visitor);
        let crowd = &mut self.crowds[request.class as usize];
        let visitor = self.visitors.get_mut(request.visitor);
        let id = request.draws.at(0, Purpose::SessionId);
        let size = request.draws.at(0, Purpose::Size);
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
        if !request.speaks_for(self.visitors.get(request.visitor)) {
            self.answer(place, self.now);
            return;
        }
        let now = self.now;
        self.ledger(request.visitor, |session, probe, class, _| {
            session.made_good(probe, class, now, Aftermath::Restored);
            session.begin_restoring();
        });
        self.run_program(place, ProgramKind::Restore);
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
