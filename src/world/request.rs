//! A request on its way: a small record in a slab.

use crate::kernel::draws::{Purpose, RequestDraws};
use crate::kernel::quantiles::Quantiles;
use crate::probe::{RequestKind, SessionSeen};
use crate::program::{ProgramKind, Step, StepId};
use crate::units::{Span, Time};

use super::side::KeyAt;
use super::{Crowd, Visitor};

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
    pub(super) sent: Time,
    /// The store's part of its time so far.
    pub(super) store_time: Span,
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
    pub(super) step: StepId,
    pub(super) stage: Stage,
    /// A read of the present program found nothing.
    pub(super) missing: bool,
    /// The request believes in a session and has not looked for it yet.
    pub(super) looks: bool,
    /// What it saw when it looked.
    pub(super) seen: SessionSeen,
    /// One of its commands was refused.
    pub(super) refused: bool,
    /// It stored a new session.
    pub(super) created: bool,
    /// The node of its shard that its present command goes to.
    pub(super) member: u8,
    /// A node did not answer it: its program ends.
    pub(super) unreachable: bool,
    /// It looked for its session at a replica that had none of it yet.
    pub(super) too_early: bool,
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
    /// The database's answer to a query of the library.
    Query,
    /// The last command's reply, after which the user logs in anew.
    Again,
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
            program: program_of(kind),
            step: StepId::default(),
            stage: Stage::Command,
            missing: false,
            looks: !matches!(kind, RequestKind::Login),
            seen: SessionSeen::NotBelieved,
            refused: false,
            created: false,
            member: 0,
            unreachable: false,
            too_early: false,
        }
    }

    /// Whether the user's session is still the one that the request works on.
    #[inline]
    pub(super) const fn speaks_for(&self, visitor: &Visitor) -> bool {
        visitor.session.key == self.key && visitor.session.node == self.node
    }
}

impl Request {
    /// It is to store a session by `program`, and has none to look for.
    pub(super) const fn begins_session(&mut self, program: ProgramKind) {
        self.program = program;
        self.looks = false;
    }

    /// It works on this key from now on.
    pub(super) const fn works_on(&mut self, at: KeyAt) {
        self.key = at.key;
        self.node = at.node;
    }

    /// The key it works on.
    pub(super) const fn key_at(&self) -> KeyAt {
        KeyAt {
            key: self.key,
            node: self.node,
        }
    }

    /// The reply to its present command is back at `back`.
    #[inline]
    pub(super) fn took(&mut self, back: Time) {
        self.store_time += back - self.sent;
    }

    /// Writing through to the database is the store's part too.
    pub(super) fn waited_for_database(&mut self, wait: Span) {
        self.store_time += wait;
    }

    /// The command of `step` leaves for the node at `at`; returns when it arrives.
    #[inline]
    pub(super) fn depart(&mut self, step: StepId, at: Time, hop: &Quantiles) -> Time {
        self.step = step;
        self.stage = Stage::Command;
        self.sent = at;
        at.saturating_add(Span(
            hop.draw(self.draws.at(self.commands, Purpose::HopOut)),
        ))
    }

    /// Notes what the first command that looks for the session saw.
    #[inline]
    pub(super) fn saw(&mut self, found: bool) {
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
    pub(super) fn done(&mut self, visitor: &mut Visitor, crowd: &Crowd, step: &Step, at: Time) {
        let speaks = self.speaks_for(visitor);
        // A store answers "done" whether or not there was a session before: only the ledger knows.
        self.saw(!step.stores || (speaks && visitor.session.is_open()));
        if speaks && step.renews {
            visitor.session.renewed(crowd.own_end(at));
        }
    }
}

/// The program that a request of that kind begins with, sent by somebody with a cookie.
#[inline]
pub(super) const fn program_of(kind: RequestKind) -> ProgramKind {
    match kind {
        RequestKind::Read => ProgramKind::Read,
        RequestKind::Modify => ProgramKind::Modify,
        RequestKind::Login => ProgramKind::Login,
        RequestKind::Logout => ProgramKind::Logout,
        RequestKind::Other => ProgramKind::Untouched,
    }
}
