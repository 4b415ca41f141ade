//! The journey of a recorded request: its commands, and what follows from their replies.

use crate::kernel::draws::Purpose;
use crate::probe::{Aftermath, Probe, Queries, RequestDone, RequestKind, SessionSeen};
use crate::scenario::commands::CommandName;
use crate::scenario::database::{OnLostSession, Writes};
use crate::session::Presence;
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::traffic::trace::Operation;
use crate::units::{Span, Time};

use super::super::World;
use super::super::delivery::{Delivered, Delivery};
use super::super::event::Event;
use super::{Request, Stage};

impl<P: Probe> World<P> {
    /// Sends `command` at `at`.
    pub(super) fn send_recorded(&mut self, id: u32, command: CommandName, at: Time) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let request = recorded.requests.get_mut(id);
        request.stage = Stage::Command(command);
        request.sent = at;
        let (draws, number) = (request.draws, request.commands);
        let node = recorded.keys[request.key as usize].session.node;
        let arrival = self.arrival(node, draws, number, at);
        self.schedule(arrival, Event::Recorded(id + 1));
    }

    /// What the request waited for has come.
    pub(super) fn play_on(&mut self, id: u32) {
        let stage = self.recording().requests.get(id).stage;
        match stage {
            Stage::Command(command) => self.execute_recorded(id, command),
            Stage::Gone => self.make_good_recorded(id),
            Stage::Copy => {
                let now = self.now;
                let key = self.recording().requests.get(id).key;
                self.recorded_ledger(key, |session, probe, class| {
                    session.made_good(probe, class, now, Aftermath::Restored);
                    session.begin_restoring();
                });
                self.store_recorded(id, now);
            }
            Stage::Change => {
                let done = self.query_recorded(id);
                // Unless it is written through, nobody waits for the database's answer.
                let waits = self.database.writes == Writes::Through;
                let done = done.filter(|_| waits).unwrap_or(self.now);
                let wait = done - self.now;
                self.recording().requests.get_mut(id).store_time += wait;
                self.answer_recorded(id, done);
            }
        }
    }

    /// A command reaches its node, which executes it in its turn.
    fn execute_recorded(&mut self, id: u32, name: CommandName) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let is_hash = recorded.is_hash;
        let request = recorded.requests.get_mut(id);
        let session = &recorded.keys[request.key as usize].session;
        let (node, key) = (session.node, KeyId(session.key));
        let command = Command {
            name,
            bytes: request.bytes,
            ttl: match name {
                CommandName::HSet => Ttl::Keep,
                CommandName::Set if request.ttl == Span::ZERO => Ttl::Clear,
                _ => Ttl::In(request.ttl),
            },
        };
        let delivery = Delivery {
            node,
            owner: recorded.class,
            key,
            command,
            sent: request.sent,
            draws: request.draws,
            number: request.commands,
        };
        let Delivered { reply, back, took } = self.deliver(&delivery);
        let request = self.recording().requests.get_mut(id);
        request.commands = request.commands.wrapping_add(1);
        request.store_time += took;
        request.refused |= reply.outcome == Outcome::Oom;
        if request.looks {
            request.looks = false;
            request.seen = match reply.outcome {
                Outcome::Miss | Outcome::NotDone => SessionSeen::Gone,
                _ => SessionSeen::Found,
            };
        }
        let request = *request;
        match name {
            CommandName::Del => {
                self.recorded_ledger(request.key, |session, probe, class| {
                    let found = reply.outcome == Outcome::Done;
                    session.logged_out(probe, class, reply.start, found);
                });
                self.changed_recorded(id, back);
            }
            CommandName::Expire => {
                if reply.outcome == Outcome::Done {
                    self.renew_recorded(&request, reply.start);
                }
                if request.operation == Operation::Touch {
                    self.answer_recorded(id, back);
                } else {
                    self.changed_recorded(id, back);
                }
            }
            CommandName::Set | CommandName::HSet => {
                self.stored_recorded(&request, reply.start);
                let is_stored = !request.refused;
                if is_hash && is_stored && request.ttl > Span::ZERO {
                    self.send_recorded(id, CommandName::Expire, back);
                } else {
                    self.changed_recorded(id, back);
                }
            }
            _ if reply.outcome == Outcome::Hit => self.answer_recorded(id, back),
            _ => self.missed_recorded(id, back),
        }
    }

    /// A read found nothing; its reply is back at `back`.
    fn missed_recorded(&mut self, id: u32, back: Time) {
        let now = self.now;
        let request = *self.recording().requests.get(id);
        let mut makes_good = false;
        if request.seen == SessionSeen::Gone {
            self.recorded_ledger(request.key, |session, probe, class| {
                makes_good = session.found_gone(probe, class, now);
            });
        }
        if makes_good {
            self.recording().requests.get_mut(id).stage = Stage::Gone;
            self.schedule(back, Event::Recorded(id + 1));
        } else {
            self.store_recorded(id, back);
        }
    }

    /// The application knows that a session it believed in is gone.
    fn make_good_recorded(&mut self, id: u32) {
        let now = self.now;
        let key = self.recording().requests.get(id).key;
        if self.database.on_lost_session == OnLostSession::Restore {
            if let Some(done) = self.query_recorded(id) {
                self.recording().requests.get_mut(id).stage = Stage::Copy;
                self.schedule(done, Event::Recorded(id + 1));
            } else {
                self.recorded_ledger(key, |session, _, _| session.recovery_failed());
                self.answer_recorded(id, now);
            }
            return;
        }
        self.recorded_ledger(key, |session, probe, class| {
            session.made_good(probe, class, now, Aftermath::GuestReset);
            if session.is_none() {
                session.begin_creating(probe, class, now);
            }
        });
        self.store_recorded(id, now);
    }

    /// Sends the command that stores the value.
    fn store_recorded(&mut self, id: u32, at: Time) {
        let stores = self.recording().reads_and_stores().1;
        self.send_recorded(id, stores, at);
    }

    /// A command that stores the value was executed at `at`, or refused.
    fn stored_recorded(&mut self, request: &Request, at: Time) {
        let own_end = own_end(request, at);
        let refused = request.refused;
        let keeps_ttl = self.recording().is_hash;
        self.recorded_ledger(request.key, |session, probe, class| {
            if session.is_none() {
                session.begin_creating(probe, class, at);
            }
            if session.is_to_be_stored() {
                session.created(probe, class, at, own_end, refused, Presence::InVisit);
            } else if refused {
                // The old value, if there is one, stays.
            } else if !session.is_open() {
                session.stored_again(probe, class, at, own_end, Presence::InVisit);
            } else if !keeps_ttl {
                session.renewed(own_end);
            }
        });
    }

    fn renew_recorded(&mut self, request: &Request, at: Time) {
        let own_end = own_end(request, at);
        self.recorded_ledger(request.key, |session, _, _| session.renewed(own_end));
    }

    /// The program that changed the session is over; where there are copies, so must they.
    fn changed_recorded(&mut self, id: u32, back: Time) {
        let copies = self.database.on_lost_session == OnLostSession::Restore;
        let request = self.recording().requests.get_mut(id);
        // What was read from there need not be written back.
        let is_change = request.kind != RequestKind::Read;
        if copies && is_change {
            request.stage = Stage::Change;
            self.schedule(back, Event::Recorded(id + 1));
        } else {
            self.answer_recorded(id, back);
        }
    }

    /// When the database answers a query of the request; `None` if it refuses it.
    fn query_recorded(&mut self, id: u32) -> Option<Time> {
        let request = self.recording().requests.get_mut(id);
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let bits = request.draws.at(number, Purpose::Query);
        self.enter_database_with(bits)
    }

    fn answer_recorded(&mut self, id: u32, at: Time) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let request = recorded.requests.get(id);
        self.probe.request_done(&RequestDone {
            class: recorded.class,
            kind: request.kind,
            first_attempt: true,
            issued: request.issued,
            done: at,
            store_time: request.store_time,
            session: request.seen,
            refused: request.refused,
            without_cache: without_cache(request.kind),
        });
        recorded.requests.remove(id);
    }
}

/// When a session that is stored or renewed at `at` ends by itself.
const fn own_end(request: &Request, at: Time) -> Time {
    if request.ttl.0 == 0 {
        Time::NEVER
    } else {
        at.saturating_add(request.ttl)
    }
}

/// Without a cache a request reads its session from the database, and a change is written there.
fn without_cache(kind: RequestKind) -> Queries {
    Queries {
        reads: u8::from(kind != RequestKind::Login),
        writes: u8::from(kind != RequestKind::Read),
    }
}
