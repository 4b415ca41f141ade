//! The journey of a request: start reading here.
//!
//! ```text
//! wake (visits.rs)      a user's intent becomes a request, which is issued
//!   send_next           the program's next command leaves for its node (one hop)
//!     arrive            the node executes it in its turn; the time of the reply is known (hop back)
//!       consider        what the outcome means for the session
//!       send_next       ... until the program has no further command to send
//!   program_over        most requests are answered now: answer
//!   reply               those that need more (the database, a new login) go on in recovery.rs
//! answer                the answer reaches the user
//! ```
//!
//! A request is a small record in a slab and has at most one event on the agenda. Nothing is
//! allocated on its way, no key is hashed, and every command reaches its node in the exact order
//! of time.

use crate::kernel::draws::Purpose;
use crate::probe::{Answer, CommandDone, Probe, Queries, RequestDone, RequestKind, SessionSeen};
use crate::program::{ProgramKind, Step, TtlChange};
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::units::{Span, Time};

use super::event::Event;
use super::{Visitor, World};

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// When the user sent it.
    pub(super) issued: Time,
    /// When its present command (or query) was sent.
    sent: Time,
    /// The store's part of its time so far.
    store_time: Span,
    pub(super) visitor: u32,
    /// The intent behind it, and how many requests that intent led to before: with the number of
    /// the command, what its draws are keyed by.
    pub(super) n: u32,
    pub(super) attempt: u8,
    pub(super) commands: u8,
    /// The key that the request works on. The user's session may be another by the time a
    /// command arrives: then the request no longer speaks for it.
    pub(super) key: u32,
    pub(super) node: u16,
    pub(super) class: u16,
    pub(super) kind: RequestKind,
    pub(super) program: ProgramKind,
    /// The step of the program that is under way.
    pub(super) step: u8,
    pub(super) stage: Stage,
    /// A read of the present program found nothing.
    pub(super) missing: bool,
    /// The request has looked for its session, and what it saw.
    pub(super) seen: SessionSeen,
    /// One of its commands was refused.
    refused: bool,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// A command's turn at its node.
    Command,
    /// The last command's reply, after which the application makes good for a lost session.
    Gone,
    /// The last command's reply, after which the change is written to the database.
    Change,
    /// The database's check of a login.
    Credentials,
    /// The database's copy of the session.
    Copy,
}

const _: () = assert!(size_of::<Request>() <= 64);

impl Request {
    /// A request of `visitor`, who lies at `place`, issued `now` for intent `n`.
    #[inline]
    pub(super) fn new(
        place: u32,
        visitor: &Visitor,
        (n, attempt): (u32, u8),
        kind: RequestKind,
        now: Time,
    ) -> Self {
        Self {
            issued: now,
            sent: now,
            store_time: Span::ZERO,
            visitor: place,
            n,
            attempt,
            commands: 0,
            key: visitor.session.key,
            node: visitor.session.node,
            class: visitor.user.class(),
            kind,
            program: match kind {
                RequestKind::Read => ProgramKind::Read,
                RequestKind::Modify => ProgramKind::Modify,
                RequestKind::Login => ProgramKind::Login,
                RequestKind::Logout => ProgramKind::Logout,
            },
            step: 0,
            stage: Stage::Command,
            missing: false,
            seen: SessionSeen::NotBelieved,
            refused: false,
        }
    }

    /// Whether the user's session is still the one that the request works on.
    #[inline]
    pub(super) const fn speaks_for(&self, visitor: &Visitor) -> bool {
        visitor.session.key == self.key && visitor.session.node == self.node
    }
}

impl<P: Probe> World<P> {
    /// Puts a new request on the books; returns its place.
    #[inline]
    pub(super) fn issue(&mut self, request: Request) -> u32 {
        self.issued += 1;
        self.visitors
            .get_mut(request.visitor)
            .user
            .requests_in_flight += 1;
        self.probe
            .request_issued(request.issued, request.class, request.kind);
        self.requests.insert(request)
    }

    /// Sends the next command of the request's program at `at`, or ends the program.
    #[inline]
    pub(super) fn send_next(&mut self, place: u32, at: Time) {
        let request = self.requests.get_mut(place);
        let programs = &self.crowds[request.class as usize].programs;
        let Some(step) = programs.next(request.program, request.step, request.missing) else {
            self.program_over(place, at);
            return;
        };
        request.step = step;
        request.stage = Stage::Command;
        request.sent = at;
        let draws = self.visitors.get(request.visitor).user.draws();
        let bits = draws.at(
            request.n,
            request.attempt,
            request.commands,
            Purpose::HopOut,
        );
        let hop = Span(self.hop.draw(bits));
        self.agenda.push(at + hop, Event::Arrive(place).pack());
    }

    /// A command reaches its node, which executes it in its turn.
    #[inline]
    pub(super) fn arrive(&mut self, place: u32) {
        let request = self.requests.get_mut(place);
        let step = *self.crowds[request.class as usize]
            .programs
            .step(request.program, request.step);
        let visitor = self.visitors.get(request.visitor);
        let draws = visitor.user.draws();
        let (n, attempt, number) = (request.n, request.attempt, request.commands);
        request.commands = number.wrapping_add(1);
        request.step += 1;
        let command = Command {
            name: step.command,
            bytes: visitor.session.bytes,
            ttl: ttl(step.ttl),
        };
        let node_number = request.node;
        let node = &mut self.nodes[node_number as usize];
        let reply = node.execute(&command, KeyId(request.key), self.now, || {
            draws.at(n, attempt, number, Purpose::Service)
        });
        let bits = draws.at(n, attempt, number, Purpose::HopBack);
        let back = reply.done + Span(self.hop.draw(bits));
        request.store_time += back - request.sent;
        self.probe.command(&CommandDone {
            node: node_number,
            name: step.command,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        self.bury(node_number);
        self.consider(place, &step, reply.outcome, reply.start);
        self.send_next(place, back);
    }

    /// What a command's outcome means for the request and its session, at the time of its
    /// execution.
    #[inline]
    fn consider(&mut self, place: u32, step: &Step, outcome: Outcome, at: Time) {
        let request = self.requests.get_mut(place);
        let visitor = self.visitors.get_mut(request.visitor);
        let speaks = request.speaks_for(visitor);
        match outcome {
            Outcome::Hit => request.saw(true),
            // A store answers "done" whether or not there was a session before: only the ledger
            // knows.
            Outcome::Done => {
                request.saw(!step.command.stores_value() || (speaks && visitor.session.is_open()));
            }
            Outcome::Miss => {
                request.missing = true;
                request.saw(false);
                return;
            }
            Outcome::NotDone => {
                request.saw(false);
                return;
            }
            Outcome::Oom => {
                request.refused = true;
                return;
            }
        }
        if !speaks {
            return;
        }
        let creates = request.program.creates() && visitor.session.is_creating();
        if creates || request.program == ProgramKind::Logout {
            self.begin_or_end_session(place, step, outcome, at);
        } else if step.renews() {
            let own_end = self.crowds[request.class as usize].own_end(at);
            visitor.session.renewed(own_end);
        }
    }

    /// A command of a login, a restore or a logout took.
    #[inline(never)]
    fn begin_or_end_session(&mut self, place: u32, step: &Step, outcome: Outcome, at: Time) {
        let request = *self.requests.get(place);
        if outcome != Outcome::Done {
            return;
        }
        if request.program == ProgramKind::Logout {
            self.ledger(request.visitor, |session, probe, class, _| {
                session.logged_out(probe, class, at, true);
            });
        } else if step.command.stores_value() {
            let own_end = self.crowds[request.class as usize].own_end(at);
            self.ledger(request.visitor, |session, probe, class, presence| {
                session.created(probe, class, at, own_end, false, presence);
            });
        }
    }

    /// The program has no further command; its last reply is back at `at`.
    #[inline]
    fn program_over(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        if request.kind == RequestKind::Read && request.seen == SessionSeen::Found {
            self.answer(place, at);
        } else {
            self.program_over_with_more(place, at);
        }
    }

    /// The answer reaches the user at `at`.
    #[inline]
    pub(super) fn answer(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        let owner = request.visitor;
        self.probe.request_done(&RequestDone {
            class: request.class,
            kind: request.kind,
            first_attempt: request.attempt == 0,
            issued: request.issued,
            done: at,
            store_time: request.store_time,
            session: request.seen,
            refused: request.refused,
            without_cache: self.without_cache(request),
        });
        self.requests.remove(place);
        self.visitors.get_mut(owner).user.requests_in_flight -= 1;
        self.settle(owner);
    }
}

impl<P: Probe> World<P> {
    /// Without a cache a request reads its session from the database, and a change is written
    /// there. A login checks the user's credentials first, with or without a cache.
    #[inline]
    fn without_cache(&self, request: &Request) -> Queries {
        let (reads, writes) = match request.kind {
            RequestKind::Read => (1, 0),
            RequestKind::Modify | RequestKind::Logout => (1, 1),
            RequestKind::Login if request.attempt == 0 => {
                (u8::from(self.crowds[request.class as usize].login), 1)
            }
            // Without a cache nobody would have had to log in again.
            RequestKind::Login => (0, 0),
        };
        Queries { reads, writes }
    }
}

impl Request {
    /// Notes what the first command that looks for the session saw.
    #[inline]
    fn saw(&mut self, found: bool) {
        if self.seen == SessionSeen::NotBelieved && self.kind != RequestKind::Login {
            self.seen = if found {
                SessionSeen::Found
            } else {
                SessionSeen::Gone
            };
        }
    }
}

/// What the server's counters and the metrics call an outcome.
#[inline]
const fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Hit => Answer::Hit,
        Outcome::Miss => Answer::Miss,
        Outcome::Done | Outcome::NotDone => Answer::Done,
        Outcome::Oom => Answer::Oom,
    }
}

#[inline]
const fn ttl(change: TtlChange) -> Ttl {
    match change {
        TtlChange::Keep => Ttl::Keep,
        TtlChange::Renew(span) => Ttl::In(span),
        TtlChange::Remove => Ttl::Clear,
    }
}
