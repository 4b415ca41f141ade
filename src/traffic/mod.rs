//! Who wants what, and when.
//!
//! A user's intents depend on (seed, class, user, n) alone: never on the deployment, never on
//! other users. What follows from an outcome (a new login after a lost session) is not an intent
//! and is none of this module's business.

mod arrivals;
mod class;
mod seating;
pub mod survey;
#[cfg(test)]
mod tests;
pub mod trace;
mod visits;

use crate::kernel::draws::UserDraws;
use crate::units::{Span, Time};

pub use arrivals::{Arrivals, PastArrivals};
pub use class::Class;

/// What a user sets out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Log in.
    Login,
    /// A visitor without a cookie does something that is stored: a guest's first request.
    FirstWrite,
    /// A request without a cookie that stores nothing by itself: a bot, a health check, a landing
    /// page.
    Hit,
    /// A request that only reads the session.
    Read,
    /// A request that changes it.
    Modify,
    /// A request with a cookie that does not touch the session.
    Untouched,
    /// Several requests at once: how many and which, [`Class::calls`] and [`Class::call`] say.
    Page,
    /// Log out, and leave, unless the visit goes on by a script.
    Logout,
    /// Just leave: nothing is sent.
    Leave,
}

/// Where a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// In a visit.
    Visiting,
    /// In a visit, and waiting for a reply: acts a think time after it.
    Waiting,
    /// Between two visits.
    Away,
    /// Never to come back.
    Gone,
}

/// What a user means to be known by. Whether the session behind it lives is another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Carries {
    /// No cookie.
    Nothing,
    /// A guest's.
    Guest,
    /// A guest's, and a login is to come in this visit.
    GuestUntilLogin,
    /// That of somebody who logged in; of a class of guests, any.
    Known,
}

/// One user, as far as intents go. 40 bytes: it is visited at every request.
#[derive(Clone, Copy, Debug)]
pub struct User {
    draws: UserDraws,
    number: u64,
    /// When the visit takes a turn that is no request like the others: it ends, its guest logs
    /// in. Always past in visits by a script.
    turn: Time,
    /// Number of the next intent.
    n: u32,
    /// Number of the first intent of the visit.
    first: u32,
    class: u16,
    phase: Phase,
    carries: Carries,
    /// Requests of the user that are on their way. No part of the user's intents: whoever sends
    /// the requests counts them here, where there is room.
    pub requests_in_flight: u32,
}

impl User {
    /// Class, by its place in the scenario.
    #[inline]
    pub const fn class(&self) -> u16 {
        self.class
    }

    /// Number within the class: the n-th arrival, or for concurrent users
    /// `generation << 32 | seat`.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How many had the user's seat before.
    pub const fn generation(&self) -> u32 {
        (self.number >> 32) as u32
    }

    /// The generation of whoever is new in the user's seat after them. Those who came before the
    /// start are counted by themselves: the first after it is always the same.
    pub const fn next_generation(&self) -> u32 {
        if self.generation() < class::PAST_GENERATION {
            self.generation() + 1
        } else {
            0
        }
    }

    /// Clocks are set back by `span`.
    pub const fn set_back(&mut self, span: Span) {
        self.turn = Time(self.turn.0.saturating_sub(span.0));
    }

    /// Place among the concurrent users of the class.
    pub const fn seat(&self) -> u32 {
        self.number as u32
    }

    /// Number of the first intent of the present or last visit.
    pub const fn visit(&self) -> u32 {
        self.first
    }

    /// Where the user is.
    #[inline]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the user is in a visit.
    #[inline]
    pub const fn is_visiting(&self) -> bool {
        matches!(self.phase, Phase::Visiting | Phase::Waiting)
    }

    /// The user's draws.
    #[inline]
    pub const fn draws(&self) -> UserDraws {
        self.draws
    }
}

/// An intent, its number, and when the user acts next.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// What the user wants now.
    pub intent: Intent,
    /// Number of the intent, which its draws are keyed by.
    pub n: u32,
    /// When to look at the user again; [`Time::NEVER`] if never.
    pub next: Time,
}
