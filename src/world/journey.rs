//! The journey of a request: start reading here.
//!
//! ```text
//! wake (visits.rs)        a user's intent becomes a request
//!   ask | log_in            it is put on the books; a login asks the database first (logins.rs)
//!   send                    the program's next command leaves for its node (one hop)
//!   arrive                  the node executes it in its turn; the time of the reply is known
//!     consequences            what it means for the session, where it means more than a hit
//!     ...                     the next command leaves when the reply is back, until there is none
//!   program_over            the program's last reply is back
//!     answer                  most requests are answered then
//!     what_remains            others go on (aftermath.rs): a change is written to the database,
//!       reply                 a session that is gone is restored, or its user logs in anew
//! ```
//!
//! Facts are stated as soon as they are certain: `answer(request, at)` runs when the last command
//! is executed, with the time at which the reply will be back. Only what something else depends on
//! waits for that moment as an event, `Reply` (docs/decisions/003).
//!
//! A request is a small record in a slab and has at most one event on the agenda. Nothing is
//! allocated on its way, no key of a running session is hashed, and every command reaches its node in the exact order
//! of time.

use crate::kernel::draws::{Purpose, RequestDraws};
use crate::kernel::quantiles::Quantiles;
use crate::probe::{Answer, CommandDone, Probe, Queries, RequestDone, RequestKind, SessionSeen};
use crate::program::{ProgramKind, Step, StepId, TtlChange};
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::store::node::Reply;
use crate::traffic::Phase;
use crate::units::{Span, Time};

use super::event::Event;
use super::{Crowd, Visitor, World};

/// A request on its way.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about one request"
)]
pub(super) struct Request {
    /// When the user sent it.
    pub(super) issued: Time,
    /// When its present command (or query) was sent.
    sent: Time,
    /// The store's part of its time so far.
    store_time: Span,
    pub(super) visitor: u32,
    /// What is drawn for it, by the number of the command or query.
    pub(super) draws: RequestDraws,
    /// The intent behind it, and how many requests that intent led to before.
    pub(super) n: u32,
    pub(super) attempt: u8,
    /// Commands and queries so far.
    pub(super) commands: u8,
    /// The key that the request works on. The user's session may be another by the time a
    /// command arrives: then the request no longer speaks for it.
    pub(super) key: u32,
    pub(super) node: u16,
    pub(super) class: u16,
    pub(super) kind: RequestKind,
    pub(super) program: ProgramKind,
    /// The step of the program that is under way.
    step: StepId,
    pub(super) stage: Stage,
    /// A read of the present program found nothing.
    pub(super) missing: bool,
    /// The request believes in a session and has not looked for it yet.
    looks: bool,
    /// What it saw when it looked.
    pub(super) seen: SessionSeen,
    /// One of its commands was refused.
    refused: bool,
    /// It stored a new session.
    pub(super) created: bool,
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
            draws: visitor.user.draws().request(n, attempt),
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
            step: StepId::default(),
            stage: Stage::Command,
            missing: false,
            looks: !matches!(kind, RequestKind::Login),
            seen: SessionSeen::NotBelieved,
            refused: false,
            created: false,
        }
    }

    /// Whether the user's session is still the one that the request works on.
    #[inline]
    pub(super) const fn speaks_for(&self, visitor: &Visitor) -> bool {
        visitor.session.key == self.key && visitor.session.node == self.node
    }
}

impl Request {
    /// The command of `step` leaves for the node at `at`; returns when it arrives.
    #[inline]
    fn depart(&mut self, step: StepId, at: Time, hop: &Quantiles) -> Time {
        self.step = step;
        self.stage = Stage::Command;
        self.sent = at;
        at.saturating_add(Span(
            hop.draw(self.draws.at(self.commands, Purpose::HopOut)),
        ))
    }

    /// Notes what the first command that looks for the session saw.
    #[inline]
    fn saw(&mut self, found: bool) {
        if self.looks {
            self.looks = false;
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
        self.saw(!step.stores || (speaks && visitor.session.is_open()));
        if speaks && step.renews {
            visitor.session.renewed(crowd.own_end(at));
        }
    }
}

impl<P: Probe> World<P> {
    /// A user sends a request in the session they believe in, number `call` of those that the
    /// intent sends at once.
    #[inline]
    pub(super) fn ask(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) {
        let mut request = self.new_request(place, (n, 0), kind);
        request.draws = request.draws.call(call);
        let programs = &self.crowds[request.class as usize].programs;
        if let Some(first) = programs.first(request.program) {
            let arrival = request.depart(first, self.now, &self.hop);
            let id = self.requests.insert(request);
            self.agenda.push(arrival, Event::Arrive(id).pack());
        } else {
            let id = self.requests.insert(request);
            self.program_over(id, self.now);
        }
    }

    /// A request on the books, not sent yet.
    #[inline]
    pub(super) fn new_request(
        &mut self,
        place: u32,
        intent: (u32, u8),
        kind: RequestKind,
    ) -> Request {
        let visitor = self.visitors.get_mut(place);
        visitor.user.requests_in_flight += 1;
        self.issued += 1;
        let request = Request::new(place, visitor, intent, kind, self.now);
        self.probe.request_issued(self.now, request.class, kind);
        request
    }

    /// The request turns to another program.
    pub(super) fn run_program(&mut self, place: u32, program: ProgramKind) {
        let request = self.requests.get_mut(place);
        request.program = program;
        request.missing = false;
        let first = self.crowds[request.class as usize].programs.first(program);
        self.send(place, first, self.now);
    }

    /// Sends the command of `step` at `at`; without one the program is over.
    #[inline]
    fn send(&mut self, place: u32, step: Option<StepId>, at: Time) {
        let Some(step) = step else {
            self.program_over(place, at);
            return;
        };
        let request = self.requests.get_mut(place);
        let arrival = request.depart(step, at, &self.hop);
        self.schedule(arrival, Event::Arrive(place));
    }

    /// Puts on the agenda what follows a reply. Where queues grow without end that can lie far
    /// beyond the run, even beyond the clock; what never happens needs no place.
    #[inline]
    pub(super) fn schedule(&mut self, at: Time, event: Event) {
        if at < self.end {
            self.agenda.push(at, event.pack());
        }
    }

    /// A command reaches its node, which executes it in its turn.
    #[inline]
    pub(super) fn arrive(&mut self, place: u32) {
        let request = self.requests.get_mut(place);
        let crowd = &self.crowds[request.class as usize];
        let step = crowd.programs.step(request.step);
        let visitor = self.visitors.get_mut(request.visitor);
        let (draws, number) = (request.draws, request.commands);
        let command = Command {
            name: step.command,
            bytes: visitor.session.bytes,
            ttl: ttl(step.ttl),
        };
        let node = &mut self.nodes[request.node as usize];
        let reply = node.execute(&command, KeyId(request.key), self.now, || {
            draws.at(number, Purpose::Service)
        });
        let hop = Span(self.hop.draw(draws.at(number, Purpose::HopBack)));
        let back = reply.done.saturating_add(hop);
        request.commands = number.wrapping_add(1);
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
        let plain = matches!(request.program, ProgramKind::Read | ProgramKind::Modify)
            && (!step.stores || visitor.session.is_open());
        if !(done && plain && node.keyspace().deaths().is_empty()) {
            let step = *step;
            self.consequences(place, &step, &reply);
            let missing = self.requests.get(place).missing;
            self.send(place, step.next(missing), back);
            return;
        }
        request.done(visitor, crowd, step, reply.start);
        match step.next(request.missing) {
            Some(next) => {
                let arrival = request.depart(next, back, &self.hop);
                self.schedule(arrival, Event::Arrive(place));
            }
            None => self.program_over(place, back),
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
        let creates = request.program.creates() && visitor.session.is_to_be_stored();
        request.done(
            visitor,
            &self.crowds[request.class as usize],
            step,
            reply.start,
        );
        if speaks && (creates || request.program == ProgramKind::Logout) {
            self.begin_or_end_session(place, step, reply);
        } else if speaks && step.stores && request.seen == SessionSeen::Found {
            self.session_stored_again(place, reply.start);
        }
    }

    /// A request that had read the session stored it. Its key can have left the store in
    /// between; the command's own need for memory can have evicted it.
    fn session_stored_again(&mut self, place: u32, at: Time) {
        let request = *self.requests.get(place);
        let own_end = self.crowds[request.class as usize].own_end(at);
        self.ledger(request.visitor, |session, probe, class, presence| {
            session.stored_again(probe, class, at, own_end, presence);
        });
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
        } else if step.stores {
            self.requests.get_mut(place).created = true;
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
        if visitor.session.is_none() || visitor.user.phase() == Phase::Waiting {
            self.answered(owner, at);
        }
    }
}

impl<P: Probe> World<P> {
    /// What the answer at `at` means to a user without a session, or one who waited for it.
    #[inline(never)]
    fn answered(&mut self, owner: u32, at: Time) {
        self.resume_if_idle(owner, at);
        self.settle(owner);
    }

    /// Without a cache a request reads its session from the database, and a change is written
    /// there. A login checks the user's credentials first, with or without a cache.
    #[inline]
    fn without_cache(&self, request: &Request) -> Queries {
        match request.kind {
            RequestKind::Read | RequestKind::Modify | RequestKind::Logout => Queries {
                reads: 1,
                writes: u8::from(request.kind != RequestKind::Read),
            },
            RequestKind::Login if request.attempt == 0 => Queries {
                reads: u8::from(self.crowds[request.class as usize].login),
                writes: 1,
            },
            // Without a cache nobody would have had to log in again.
            RequestKind::Login => Queries::default(),
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
