//! Who wants what, and when.
//!
//! A user's intents depend on (seed, class, user, n) alone: never on the deployment, never on
//! other users. What follows from an outcome (a new login after a lost session) is not an intent
//! and is none of this module's business.

pub mod survey;
pub mod trace;

use crate::kernel::draws::{DrawRoot, Purpose, UserDraws};
use crate::kernel::quantiles::Quantiles;
use crate::scenario::users::{Arrival, UserClass};
use crate::units::{Rate, Ratio, Span, Time};

/// What a user sets out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Log in; of a guest, the first request.
    Login,
    /// A request that only reads the session.
    Read,
    /// A request that changes it.
    Modify,
    /// Log out, and leave.
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
    /// Between two visits.
    Away,
    /// Never to come back.
    Gone,
}

/// One user, as far as intents go. 40 bytes: it is visited at every request.
#[derive(Clone, Copy, Debug)]
pub struct User {
    draws: UserDraws,
    number: u64,
    visit_end: Time,
    /// Number of the next intent.
    n: u32,
    /// Place among the concurrent users of the class.
    seat: u32,
    class: u16,
    phase: Phase,
    /// Whether the user left without logging out, and so still carries a cookie.
    keeps_cookie: bool,
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

    /// Place among the concurrent users of the class.
    pub const fn seat(&self) -> u32 {
        self.seat
    }

    /// Where the user is.
    #[inline]
    pub const fn phase(&self) -> Phase {
        self.phase
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

/// A class of users, compiled for the run.
#[derive(Debug)]
pub struct Class {
    index: u16,
    root: DrawRoot,
    arrival: Arrival,
    think: Quantiles,
    stay: Quantiles,
    away: Quantiles,
    modify: Share,
    logout: Share,
    comes_back: Share,
    /// Gaps between new users, if they arrive as a Poisson process.
    gaps: Quantiles,
}

/// A probability, for one kind of draw.
#[derive(Clone, Copy, Debug)]
enum Share {
    Never,
    Always,
    /// Below this threshold 64 uniform bits mean yes.
    Below(u64),
}

impl Share {
    const fn new(ratio: Ratio) -> Self {
        if ratio.is_one() {
            Self::Always
        } else if ratio.threshold() == 0 {
            Self::Never
        } else {
            Self::Below(ratio.threshold())
        }
    }

    /// Draws are independent of each other, so one whose outcome is certain is not made.
    #[inline]
    const fn says_yes(self, draws: UserDraws, n: u32, purpose: Purpose) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Below(threshold) => draws.intent(n, purpose) < threshold,
        }
    }
}

impl Class {
    /// Compiles `class`, the `index`-th of the scenario.
    #[must_use]
    pub fn new(class: &UserClass, index: u16, root: DrawRoot) -> Self {
        use crate::kernel::quantiles::Distribution;
        let gap = match class.arrival {
            Arrival::Poisson { rate } => rate.interval().unwrap_or(Span::ZERO),
            Arrival::Concurrent { .. } => Span::ZERO,
        };
        Self {
            index,
            root,
            arrival: class.arrival.clone(),
            think: Quantiles::new(&class.think_time),
            stay: Quantiles::new(&class.stay),
            away: Quantiles::new(&class.away),
            modify: Share::new(class.modify_share),
            logout: Share::new(class.logout_share),
            comes_back: Share::new(class.return_share),
            gaps: Quantiles::new(&Distribution::Exponential { mean: gap }),
        }
    }

    /// Number of concurrent users, if their number is fixed.
    pub const fn seats(&self) -> Option<u64> {
        match self.arrival {
            Arrival::Concurrent { users, .. } => Some(users),
            Arrival::Poisson { .. } => None,
        }
    }

    /// Rate of new users, if they arrive as a Poisson process.
    pub const fn rate(&self) -> Option<Rate> {
        match self.arrival {
            Arrival::Poisson { rate } => Some(rate),
            Arrival::Concurrent { .. } => None,
        }
    }

    /// A new user who takes seat `seat` as the `generation`-th to do so.
    #[must_use]
    pub const fn seated_user(&self, seat: u32, generation: u32) -> User {
        self.user((generation as u64) << 32 | seat as u64, seat)
    }

    /// The `number`-th user to arrive.
    #[must_use]
    pub const fn arriving_user(&self, number: u64) -> User {
        self.user(number, 0)
    }

    const fn user(&self, number: u64, seat: u32) -> User {
        User {
            draws: self.root.user(self.index as u32, number),
            number,
            visit_end: Time::ZERO,
            n: 0,
            seat,
            class: self.index,
            phase: Phase::Away,
            keeps_cookie: false,
            requests_in_flight: 0,
        }
    }

    /// When the first user of each seat arrives, the latest first: anywhere in the ramp-up,
    /// whatever the number of seats.
    #[must_use]
    pub fn first_arrivals(&self) -> Vec<(Time, u32)> {
        let Arrival::Concurrent { users, ramp_up } = self.arrival else {
            return Vec::new();
        };
        let arrival = |seat: u32| {
            let draws = self.seated_user(seat, 0).draws;
            let bits = draws.intent(0, Purpose::Arrival);
            Time(((u128::from(bits) * u128::from(ramp_up.0)) >> 64) as u64)
        };
        // Scenarios with more users than seat numbers are refused when they are loaded.
        let mut arrivals: Vec<_> = (0..users as u32)
            .map(|seat| (arrival(seat), seat))
            .collect();
        arrivals.sort_unstable_by(|a, b| b.cmp(a));
        arrivals
    }

    /// The time from the arrival of user `number` - 1 (or the start) to that of user `number`.
    #[must_use]
    pub fn gap_before(&self, number: u64) -> Span {
        let draws = self.root.user(u32::from(self.index), number);
        Span(self.gaps.draw(draws.intent(0, Purpose::Arrival)))
    }

    /// The user begins a visit at `now`.
    pub fn begin_visit(&self, user: &mut User, now: Time) -> Act {
        user.phase = Phase::Visiting;
        let n = user.n;
        let stay = self.stay.draw(user.draws.intent(n, Purpose::Stay));
        user.visit_end = now.saturating_add(Span(stay));
        let intent = if user.keeps_cookie {
            self.kind(user, n)
        } else {
            Intent::Login
        };
        self.think(user, now, intent)
    }

    /// The user, in a visit, acts at `now`.
    #[inline]
    pub fn act(&self, user: &mut User, now: Time) -> Act {
        if now >= user.visit_end {
            return self.end_visit(user, now);
        }
        let intent = self.kind(user, user.n);
        self.think(user, now, intent)
    }

    #[inline]
    fn kind(&self, user: &User, n: u32) -> Intent {
        if self.modify.says_yes(user.draws, n, Purpose::Kind) {
            Intent::Modify
        } else {
            Intent::Read
        }
    }

    #[inline]
    fn think(&self, user: &mut User, now: Time, intent: Intent) -> Act {
        let n = user.n;
        user.n = n.wrapping_add(1);
        let think = self.think.draw(user.draws.intent(n, Purpose::Think));
        let next = now.saturating_add(Span(think)).min(user.visit_end);
        Act { intent, n, next }
    }

    fn end_visit(&self, user: &mut User, now: Time) -> Act {
        let n = user.n;
        user.n = n.wrapping_add(1);
        let logs_out = self.logout.says_yes(user.draws, n, Purpose::Leave);
        user.keeps_cookie = !logs_out;
        let intent = if logs_out {
            Intent::Logout
        } else {
            Intent::Leave
        };
        let next = if self.comes_back.says_yes(user.draws, n, Purpose::Return) {
            user.phase = Phase::Away;
            let away = self.away.draw(user.draws.intent(n, Purpose::Away));
            now.saturating_add(Span(away))
        } else {
            user.phase = Phase::Gone;
            Time::NEVER
        };
        Act { intent, n, next }
    }
}
