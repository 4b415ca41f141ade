//! The journey of a request: start reading here.
//!
//! ```text
//! wake (visits.rs)      a user's intent becomes a request
//!   issue               it is put on the books
//!   send_next           the program's next command leaves for its node (one hop)
//!     arrive            the node executes it in its turn; the time of the reply is known (hop back)
//!       consequences    what it means for the session, where it means more than a hit
//!       ...             until the program has no further command to send
//!   program_over        most requests are answered now: answer
//!   reply               those that need more (the database, a new login) go on in recovery.rs
//! answer                the answer reaches the user
//! ```
//!
//! A request is a small record in a slab and has at most one event on the agenda. Nothing is
//! allocated on its way, no key is hashed, and every command reaches its node in the exact order
//! of time.

use crate::kernel::draws::{Purpose, UserDraws};
use crate::kernel::quantiles::Quantiles;
use crate::probe::{Answer, CommandDone, Probe, Queries, RequestDone, RequestKind, SessionSeen};
use crate::program::{ProgramKind, Programs, Step, TtlChange};
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::store::node::Reply;
use crate::units::{Span, Time};

use super::event::Event;
use super::{Crowd, Visitor, World};

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

impl Request {
    /// Takes the next step of the program. False if there is none: the program is over.
    #[inline]
    fn take_step(&mut self, programs: &Programs) -> bool {
        let next = programs.next(self.program, self.step, self.missing);
        if let Some(step) = next {
            self.step = step;
        }
        next.is_some()
    }

    /// Its present command leaves for the node at `at`; returns when it arrives.
    #[inline]
    fn depart(&mut self, at: Time, draws: UserDraws, hop: &Quantiles) -> Time {
        self.stage = Stage::Command;
        self.sent = at;
        at + Span(hop.draw(draws.at(self.n, self.attempt, self.commands, Purpose::HopOut)))
    }

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

    /// What a command that was done means for the request and the session it speaks for, unless
    /// a session begins or ends by it.
    #[inline]
    fn done(&mut self, visitor: &mut Visitor, crowd: &Crowd, step: &Step, at: Time) {
        let speaks = self.speaks_for(visitor);
        // A store answers "done" whether or not there was a session before: only the ledger knows.
        let blind = step.command.stores_value();
        self.saw(!blind || (speaks && visitor.session.is_open()));
        if speaks && step.renews() {
            visitor.session.renewed(crowd.own_end(at));
        }
    }
}

impl<P: Probe> World<P> {
    /// A user sends a request in the session they believe in.
    #[inline]
    pub(super) fn issue(&mut self, place: u32, intent: (u32, u8), kind: RequestKind) -> u32 {
        let visitor = self.visitors.get_mut(place);
        visitor.user.requests_in_flight += 1;
        self.issued += 1;
        let request = Request::new(place, visitor, intent, kind, self.now);
        self.probe.request_issued(self.now, request.class, kind);
        self.requests.insert(request)
    }

    /// Sends the next command of the request's program at `at`, or ends the program.
    #[inline]
    pub(super) fn send_next(&mut self, place: u32, at: Time) {
        let request = self.requests.get_mut(place);
        if request.take_step(&self.crowds[request.class as usize].programs) {
            let draws = self.visitors.get(request.visitor).user.draws();
            let arrival = request.depart(at, draws, &self.hop);
            self.agenda.push(arrival, Event::Arrive(place).pack());
        } else {
            self.program_over(place, at);
        }
    }

    /// A command reaches its node, which executes it in its turn.
    #[inline]
    pub(super) fn arrive(&mut self, place: u32) {
        let request = self.requests.get_mut(place);
        let crowd = &self.crowds[request.class as usize];
        let step = crowd.programs.step(request.program, request.step);
        let visitor = self.visitors.get_mut(request.visitor);
        let draws = visitor.user.draws();
        let draw = |number, purpose| draws.at(request.n, request.attempt, number, purpose);
        let number = request.commands;
        let command = Command {
            name: step.command,
            bytes: visitor.session.bytes,
            ttl: ttl(step.ttl),
        };
        let node = &mut self.nodes[request.node as usize];
        let reply = node.execute(&command, KeyId(request.key), self.now, || {
            draw(number, Purpose::Service)
        });
        let back = reply.done + Span(self.hop.draw(draw(number, Purpose::HopBack)));
        request.commands = number.wrapping_add(1);
        request.step += 1;
        request.store_time += back - request.sent;
        self.probe.command(&CommandDone {
            node: request.node,
            name: step.command,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        // Mostly nobody died, the command was done, and no session begins or ends by it.
        let done = matches!(reply.outcome, Outcome::Hit | Outcome::Done);
        let plain = matches!(request.program, ProgramKind::Read | ProgramKind::Modify);
        if !(done && plain && node.keyspace().deaths().is_empty()) {
            let step = *step;
            self.consequences(place, &step, &reply);
            self.send_next(place, back);
            return;
        }
        request.done(visitor, crowd, step, reply.start);
        if request.take_step(&crowd.programs) {
            let arrival = request.depart(back, draws, &self.hop);
            self.agenda.push(arrival, Event::Arrive(place).pack());
        } else {
            self.program_over(place, back);
        }
    }

    /// What a command means in the rarer cases: keys died, it was not done, or a session begins
    /// or ends by it.
    #[inline(never)]
    fn consequences(&mut self, place: u32, step: &Step, reply: &Reply) {
        self.bury(self.requests.get(place).node);
        let request = self.requests.get_mut(place);
        match reply.outcome {
            Outcome::Hit | Outcome::Done => {}
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
        let visitor = self.visitors.get_mut(request.visitor);
        let speaks = request.speaks_for(visitor);
        let creates = request.program.creates() && visitor.session.is_creating();
        request.done(
            visitor,
            &self.crowds[request.class as usize],
            step,
            reply.start,
        );
        if speaks && (creates || request.program == ProgramKind::Logout) {
            self.begin_or_end_session(place, step, reply);
        }
    }

    /// A command of a login, a restore or a logout took.
    fn begin_or_end_session(&mut self, place: u32, step: &Step, reply: &Reply) {
        let request = *self.requests.get(place);
        let at = reply.start;
        if reply.outcome != Outcome::Done {
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
        let owner = request.visitor;
        self.requests.remove(place);
        let visitor = self.visitors.get_mut(owner);
        visitor.user.requests_in_flight -= 1;
        if visitor.session.is_none() {
            self.settle(owner);
        }
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
