//! What follows a request's last command, where that is more than the answer: a change goes to the
//! database, and a session that is gone is made good for, by a copy or by a new login.

use crate::probe::{Aftermath, Probe, RequestKind, SessionSeen, Told};
use crate::program::ProgramKind;
use crate::scenario::database::Writes;
use crate::session::Presence;
use crate::units::Time;

use super::event::Event;
use super::request::Stage;
use super::stale::aftermath;
use super::{World, visit_of};

impl<P: Probe> World<P> {
    /// The application has the reply that the request waited for.
    pub(super) fn reply(&mut self, place: u32) {
        match self.requests.get(place).stage {
            Stage::Command => unreachable!("a command's reply needs no event of its own"),
            Stage::Gone => self.make_good(place),
            Stage::Change => {
                let done = self.enter_database(place);
                // Unless it is written through, nobody waits for the database's answer.
                let waits = self.database.writes == Writes::Through;
                let done = done.filter(|_| waits).unwrap_or(self.now);
                self.requests
                    .get_mut(place)
                    .waited_for_database(done - self.now);
                self.answer(place, done);
            }
            Stage::Credentials => self.create_session(place),
            Stage::Copy => self.restore(place),
            Stage::Query => self.go_on(place, self.now),
            Stage::Again => self.log_in_again(place),
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
        let request = *self.requests.get(place);
        let crowd = &self.crowds[request.class as usize];
        let (login, stores) = (crowd.login, crowd.programs.stores(request.program));
        // A library that keeps the database's copy itself has done so.
        let copies = crowd.manners.restores && !crowd.programs.asks_database();
        let visitor = self.visitors.get(request.visitor);
        let speaks = request.speaks_for(visitor);
        let now = self.now;
        let creates = request.program.creates() && visitor.session.is_to_be_stored();
        if speaks && creates && !request.created {
            self.ledger(request.visitor, |session, probe, class, presence| {
                if stores {
                    // No write of the program took: the user has a cookie and no session.
                    session.created(probe, class, now, now, true, presence);
                } else {
                    session.creation_failed();
                }
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
                (copies && !request.unreachable).then_some(Stage::Change)
            }
            _ if request.unreachable => {
                // The application has an error, and does nothing more about it.
                self.ledger(request.visitor, |session, probe, class, _| {
                    if speaks {
                        session.unreachable(probe, class, now);
                    }
                });
                if request.program.parts_from_old() {
                    self.finish_old(place);
                }
                None
            }
            ProgramKind::Read | ProgramKind::Modify if gone => {
                let visitor = self.visitors.get_mut(request.visitor);
                self.probe.about(visit_of(&visitor.user));
                let session = &mut visitor.session;
                let recovers = session.found_gone(&mut self.probe, request.class, now);
                // At a replica that had none of it yet the application does not see the difference.
                let overlooked = request.too_early && session.is_open();
                (recovers || overlooked).then_some(Stage::Gone)
            }
            ProgramKind::LoginAgain => {
                self.finish_old(place);
                copies.then_some(Stage::Change)
            }
            ProgramKind::Modify | ProgramKind::Login | ProgramKind::FirstWrite if copies => {
                Some(Stage::Change)
            }
            // The change that found its session gone is repeated on the restored one.
            ProgramKind::Restore if request.kind == RequestKind::Modify => Some(Stage::Change),
            ProgramKind::StaleRead | ProgramKind::StaleWrite => {
                self.finish_old(place);
                login.then_some(Stage::Again)
            }
            _ => None,
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
        let manners = &self.crowds[request.class as usize].manners;
        if manners.restores {
            self.query(place, Stage::Copy);
            return;
        }
        let visitor = self.visitors.get_mut(request.visitor);
        if !visitor.user.is_visiting() {
            // The user has left in the meantime, and nobody is there to log in.
            visitor.session.recovery_failed();
            self.answer(place, self.now);
            return;
        }
        if self.go_on_stale(place) {
            return;
        }
        let aftermath = aftermath(self.crowds[request.class as usize].login);
        let now = self.now;
        if self.visitors.get(request.visitor).session.is_open() {
            self.probe.overlooked(now, request.class, aftermath);
            self.tell(&request, now, || Told::Overlooked);
        }
        self.ledger(request.visitor, |session, probe, class, _| {
            session.made_good(probe, class, now, aftermath);
        });
        self.log_in_again(place);
    }

    /// The request ends here, and its user logs in anew or begins afresh.
    fn log_in_again(&mut self, place: u32) {
        let request = *self.requests.get(place);
        // The new login goes on where the request stops, so the user stays on the books.
        self.visitors
            .get_mut(request.visitor)
            .user
            .requests_in_flight += 1;
        self.answer(place, self.now);
        let visitor = self.visitors.get_mut(request.visitor);
        visitor.user.requests_in_flight -= 1;
        if !visitor.user.is_visiting() {
            // Nobody is there any more.
            self.settle(request.visitor);
            return;
        }
        let program = if self.crowds[request.class as usize].login {
            ProgramKind::Login
        } else {
            ProgramKind::FirstWrite
        };
        self.begin_session(
            request.visitor,
            request.n,
            request.attempt.saturating_add(1),
            program,
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
        if self.visitors.get(request.visitor).session.is_open() {
            // It lives, and what the application stores takes its place.
            self.probe
                .overlooked(now, request.class, Aftermath::Restored);
            self.tell(&request, now, || Told::Overlooked);
        }
        self.ledger(request.visitor, |session, probe, class, _| {
            session.made_good(probe, class, now, Aftermath::Restored);
            session.begin_restoring();
        });
        self.rehome(place);
        self.run_program(place, ProgramKind::Restore);
    }
}
