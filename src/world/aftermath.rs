//! What follows a request's last command, where that is more than the answer: a change goes to the
//! database, and a session that is gone is made good for, by a copy or by a new login.

use crate::probe::{Aftermath, Probe, RequestKind, SessionSeen};
use crate::program::ProgramKind;
use crate::scenario::database::OnLostSession;
use crate::session::Presence;
use crate::traffic::Phase;
use crate::units::Time;

use super::event::Event;
use super::journey::Stage;
use super::{World, visit_of};

impl<P: Probe> World<P> {
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
                self.schedule(at, Event::Reply(place));
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
        let creates = request.program.creates() && visitor.session.is_to_be_stored();
        if speaks && creates && !request.created {
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
                self.probe.about(visit_of(&visitor.user));
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
}
