//! The journey of a request: start reading here.
//!
//! ```text
//! wake (visits.rs)      a user's intent becomes a request, which is issued
//!   send_next           the program's next command leaves for its node (one hop)
//!     arrive            the node executes it in its turn; the time of the reply is known (hop back)
//!       send_next       ... until the program has no further command to send
//!   program_over        most requests are answered now: finish
//!   reply               those that need more (the database, a new login) go on (recovery.rs)
//! finish                the answer reaches the user
//! ```
//!
//! A request is a small record in a slab and has at most one event on the agenda. Nothing is
//! allocated on its way, no key is hashed, and every command reaches its node in the exact order
//! of time.

use crate::kernel::draws::Purpose;
use crate::probe::{Answer, CommandDone, Probe, RequestDone, RequestKind, SessionSeen};
use crate::program::{ProgramKind, TtlChange};
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
    pub(super) sent: Time,
    /// The store's part of its time so far.
    pub(super) store_time: Span,
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
    pub(super) refused: bool,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// A command's reply.
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
    /// A request of `visitor`, issued `now`, that starts with `program`.
    #[inline]
    pub(super) fn new(
        place: u32,
        visitor: &Visitor,
        n: u32,
        attempt: u8,
        kind: RequestKind,
        program: ProgramKind,
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
            program,
            step: 0,
            stage: Stage::Command,
            missing: false,
            seen: SessionSeen::NotBelieved,
            refused: false,
        }
    }
}

impl<P: Probe> World<P> {
    /// Puts a new request on the books; returns its place.
    #[inline]
    pub(super) fn issue(&mut self, request: Request) -> u32 {
        self.issued += 1;
        self.visitors.get_mut(request.visitor).user.requests_in_flight += 1;
        self.probe.request_issued(request.issued, request.class, request.kind);
        self.requests.insert(request)
    }

    /// Sends the next command of the request's program at `at`, or ends the program.
    #[inline]
    pub(super) fn send_next(&mut self, place: u32, at: Time) {
        let request = self.requests.get_mut(place);
        let crowd = &self.crowds[request.class as usize];
        let next = crowd.programs.next(request.program, request.step, request.missing);
        let Some((step, _)) = next else {
            self.program_over(place, at);
            return;
        };
        request.step = step;
        request.stage = Stage::Command;
        request.sent = at;
        let bits = self.visitors.get(request.visitor).user.draws().at(
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
        let crowd = &self.crowds[request.class as usize];
        let visitor = self.visitors.get(request.visitor);
        let draws = visitor.user.draws();
        let bytes = visitor.session.bytes;
        let (n, attempt, number) = (request.n, request.attempt, request.commands);
        request.commands = number.wrapping_add(1);
        // `send_next` found this step a hop ago, under the same conditions.
        let next = crowd.programs.next(request.program, request.step, request.missing);
        let Some((_, step)) = next else { return };
        request.step += 1;
        let name = step.step.command;
        let command = Command { name, bytes, ttl: ttl(step.ttl) };
        let renews = matches!(step.ttl, TtlChange::Renew(_)) && command.sets_ttl();
        let node_number = request.node;
        let node = &mut self.nodes[node_number as usize];
        let reply = node.execute(&command, KeyId(request.key), self.now, || {
            draws.at(n, attempt, number, Purpose::Service)
        });
        let bits = draws.at(n, attempt, number, Purpose::HopBack);
        let back = reply.done + Span(self.hop.draw(bits));
        request.store_time += back - request.sent;
        let answer = match reply.outcome {
            Outcome::Hit => Answer::Hit,
            Outcome::Miss => Answer::Miss,
            Outcome::Done | Outcome::NotDone => Answer::Done,
            Outcome::Oom => Answer::Oom,
        };
        self.probe.command(&CommandDone {
            node: node_number,
            name,
            answer,
            arrived: self.now,
            done: reply.done,
        });
        self.bury(node_number);
        if reply.outcome == Outcome::Hit && !renews && self.saw(place, true) {
            // The most frequent case: a read that found its session, and changes nothing.
        } else {
            self.consider(place, reply.outcome, command.name.stores_value(), renews, reply.start);
        }
        self.send_next(place, back);
    }

    /// Notes on the first command of a request that looks for its session what it saw.
    #[inline]
    fn saw(&mut self, place: u32, found: bool) -> bool {
        let request = self.requests.get_mut(place);
        if request.seen == SessionSeen::NotBelieved && request.kind != RequestKind::Login {
            request.seen = if found { SessionSeen::Found } else { SessionSeen::Gone };
        }
        true
    }

    /// What a command's outcome means for the session, at the time of its execution.
    fn consider(&mut self, place: u32, outcome: Outcome, stores: bool, renews: bool, at: Time) {
        let found = matches!(outcome, Outcome::Hit | Outcome::Done);
        let request = self.requests.get_mut(place);
        request.missing |= outcome == Outcome::Miss;
        request.refused |= outcome == Outcome::Oom;
        let (owner, class, key, node) =
            (request.visitor, request.class, request.key, request.node);
        let creates = matches!(request.program, ProgramKind::Login | ProgramKind::Restore);
        let logs_out = request.program == ProgramKind::Logout;
        if outcome != Outcome::Oom {
            // A store answers "done" whether or not there was a session before: only the ledger
            // knows.
            let live = !stores || self.visitors.get(owner).session.is_open();
            self.saw(place, found && live);
        }
        let visitor = self.visitors.get_mut(owner);
        if visitor.session.key != key || visitor.session.node != node {
            return;
        }
        let own_end = self.crowds[class as usize].own_end(at);
        let session = &mut visitor.session;
        if creates && stores && outcome == Outcome::Done && session.is_creating() {
            session.created(&mut self.probe, class, at, own_end, false);
            self.live_sessions += 1;
        } else if renews && found {
            session.renewed(own_end);
        } else if logs_out && outcome == Outcome::Done {
            let was_open = session.is_open();
            session.logged_out(&mut self.probe, class, at, true);
            self.live_sessions -= u64::from(was_open && !session.is_open());
        }
    }

    /// The program has no further command; its last reply is back at `at`.
    #[inline]
    fn program_over(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        let plain = match request.kind {
            RequestKind::Read => request.seen == SessionSeen::Found,
            _ => false,
        };
        if plain {
            self.finish(place, at);
        } else {
            self.program_over_with_more(place, at);
        }
    }

    /// The answer reaches the user at `at`.
    #[inline]
    pub(super) fn finish(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        let visitor = request.visitor;
        self.probe.request_done(&RequestDone {
            class: request.class,
            kind: request.kind,
            issued: request.issued,
            done: at,
            store_time: request.store_time,
            session: request.seen,
            refused: request.refused,
        });
        let (reads, writes) = match (request.kind, request.attempt) {
            (RequestKind::Read, _) => (1, 0),
            (RequestKind::Modify, _) => (1, 1),
            (RequestKind::Logout, _) | (RequestKind::Login, 0) => (0, 1),
            // Without a cache nobody would have had to log in again.
            (RequestKind::Login, _) => (0, 0),
        };
        self.probe.db_baseline(at, reads, writes);
        self.requests.remove(place);
        let user = &mut self.visitors.get_mut(visitor).user;
        user.requests_in_flight -= 1;
        self.settle(visitor);
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
