//! The journey of a request: start reading here.
//!
//! ```text
//! wake (visits.rs)        a user's intent becomes a request
//!   ask | begin_session     it is put on the books; a login asks the database first (logins.rs)
//!   send                    the program's next command leaves for its node (one hop)
//!   arrive                  the node executes it in its turn; the time of the reply is known
//!                             (on other keys than the session's own, and in other ways: special.rs)
//!     consequences            what it means for the session, where it means more than a hit
//!     ...                     the next command leaves when the reply is back, until there is none
//!   program_over            the program's last reply is back
//!     answer                  most requests are answered then
//!     what_remains            others go on (aftermath.rs): a change is written to the database,
//!       reply                 a session that is gone is restored, begun afresh by its library
//!                             (stale.rs), or its user logs in anew
//! ```
//!
//! Facts are stated as soon as they are certain: `answer(request, at)` runs when the last command
//! is executed, with the time at which the reply will be back. Only what something else depends on
//! waits for that moment as an event, `Reply` (docs/decisions/003).
//!
//! A request is a small record in a slab and has at most one event on the agenda. Nothing is
//! allocated on its way, no key of a running session is hashed, and every command reaches its node in the exact order
//! of time.

use crate::kernel::draws::Purpose;
use crate::probe::{
    Answer, CommandDone, Mark, Probe, Queries, RequestDone, RequestKind, SessionSeen, Told,
};
use crate::program::{ProgramKind, Step, StepId, TtlChange};
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::store::node::Reply;
use crate::traffic::Phase;
use crate::units::{Span, Time};

use super::World;
use super::event::Event;
use super::request::{Request, program_of};
use super::tales::{Tale, command_told};

impl<P: Probe> World<P> {
    /// A user sends a request in the session they believe in, number `call` of those that the
    /// intent sends at once.
    #[inline]
    pub(super) fn ask(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) {
        let class = self.visitors.get(place).user.class();
        let programs = &self.crowds[class as usize].programs;
        let Some(first) = programs.first_at_once(program_of(kind)) else {
            self.ask_otherwise(place, (n, call), kind);
            return;
        };
        let mut request = self.new_request(place, (n, 0), kind);
        request.draws = request.draws.call(call);
        let arrival = request.depart(first, self.now, &self.hop);
        let id = self.requests.insert(request);
        self.agenda.push(arrival, Event::Arrive(id).pack());
    }

    /// Sends a request that has to be prepared, or for which the library does not ask the store.
    #[inline(never)]
    fn ask_otherwise(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) {
        let class = self.visitors.get(place).user.class();
        if !self.crowds[class as usize].prepares || self.prepare(place, (n, call), kind) {
            self.ask_prepared(place, (n, call), kind);
        }
    }

    fn ask_prepared(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) {
        let mut request = self.new_request(place, (n, 0), kind);
        request.draws = request.draws.call(call);
        let crowd = &self.crowds[request.class as usize];
        let first = crowd.programs.first(request.program);
        request.looks &= first.is_some();
        let id = self.requests.insert(request);
        self.begin_errand(id);
        self.send(id, first, self.now);
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
        self.tell(&request, self.now, || Told::Sends(kind));
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
    pub(super) fn send(&mut self, place: u32, step: Option<StepId>, at: Time) {
        let Some(step) = step else {
            self.program_over(place, at);
            return;
        };
        let arrival = if self.topology.is_some() {
            self.depart_in_topology(place, step, at)
        } else {
            let request = self.requests.get_mut(place);
            request.depart(step, at, &self.hop)
        };
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
        if self.detours {
            self.take_detour(place);
            return;
        }
        let request = self.requests.get_mut(place);
        let crowd = &self.crowds[request.class as usize];
        let step = crowd.programs.step(request.step);
        if step.is_special {
            self.arrive_special(place);
            return;
        }
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
        request.took(back);
        self.probe.command(&CommandDone {
            node: request.node,
            owner: request.class,
            name: step.command,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        if self.probe.wants_stories() {
            let (at, executed) = (request.key_at(), (&reply, back));
            let (user, id, told) =
                command_told(request, (&visitor.user, step), at, executed, &Tale::PLAIN);
            self.probe.told(self.now, user, id, &told);
        }
        // Mostly nobody died, the command was done, and no session begins or ends by it.
        let done = matches!(reply.outcome, Outcome::Hit | Outcome::Done);
        let plain = step.is_plain && (!step.stores || visitor.session.is_open());
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

    /// A command reaches its node where that is no single server of a shard in the only zone.
    #[inline(never)]
    fn take_detour(&mut self, place: u32) {
        if self.elsewhere.is_some() {
            self.arrive_elsewhere(place);
        } else {
            self.arrive_in_topology(place);
        }
    }

    /// What a command means in the rarer cases: keys died, it was not done, or a session begins
    /// or ends by it.
    #[inline(never)]
    pub(super) fn consequences(&mut self, place: u32, step: &Step, reply: &Reply) {
        let node = self.requests.get(place).node;
        self.bury(node);
        let added = self.nodes[node as usize].keyspace_mut().take_added();
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
        if added && step.stores {
            self.stored_anew(place, reply.start);
        }
    }

    /// A key came into being. If no session lives under it, one that is over is in the store
    /// again.
    fn stored_anew(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        let visitor = self.visitors.get(request.visitor);
        if !(request.speaks_for(visitor) && visitor.session.is_known()) {
            self.probe.mark(at, request.class, Mark::Resurrected, 1);
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
            if request.program == ProgramKind::Cookieless {
                self.probe
                    .mark(at, request.class, Mark::CreatedCookieless, 1);
            }
        }
    }

    /// The program has no further command; its last reply is back at `at`.
    #[inline]
    pub(super) fn program_over(&mut self, place: u32, at: Time) {
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
        self.tell_answer(place, at);
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
        if request.kind <= RequestKind::Modify {
            Queries {
                reads: 1,
                writes: request.kind as u8,
            }
        } else {
            self.without_cache_or_session(request)
        }
    }

    #[inline(never)]
    fn without_cache_or_session(&self, request: &Request) -> Queries {
        let crowd = &self.crowds[request.class as usize];
        let programs = &crowd.programs;
        let (reads, writes) = match request.kind {
            RequestKind::Read | RequestKind::Modify | RequestKind::Logout => (true, true),
            // Without a cache nobody would have had to log in again.
            RequestKind::Login if request.attempt > 0 => (false, false),
            RequestKind::Login => {
                let checks = crowd.login && request.program != ProgramKind::FirstWrite;
                (checks, true)
            }
            // What the library would have asked for.
            RequestKind::Other if request.program == ProgramKind::Cookieless => {
                (false, programs.stores(ProgramKind::Cookieless))
            }
            RequestKind::Other => (programs.first(ProgramKind::Untouched).is_some(), false),
        };
        Queries {
            reads: u8::from(reads),
            writes: u8::from(writes),
        }
    }
}

const _: () = assert!(RequestKind::Read as u8 == 0 && RequestKind::Modify as u8 == 1);

/// What the server's counters and the metrics call an outcome.
#[inline]
pub(super) const fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Hit => Answer::Hit,
        Outcome::Miss => Answer::Miss,
        Outcome::Done | Outcome::NotDone => Answer::Done,
        Outcome::Oom => Answer::Oom,
    }
}

#[inline]
pub(super) const fn ttl(change: TtlChange) -> Ttl {
    match change {
        TtlChange::Keep => Ttl::Keep,
        TtlChange::Renew(span) => Ttl::In(span),
        TtlChange::Remove => Ttl::Clear,
    }
}
