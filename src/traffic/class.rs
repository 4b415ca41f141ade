//! A class of users, and who of them comes when.

use crate::kernel::draws::{DrawRoot, Purpose};
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::scenario::users::{Arrival, UserClass};
use crate::units::{Rate, Span, Time};

use super::visits::Visits;
use super::{Act, Carries, Phase, User};

/// A class of users, compiled for the run.
#[derive(Debug)]
pub struct Class {
    index: u16,
    root: DrawRoot,
    arrival: Arrival,
    pub(super) visits: Visits,
    /// Gaps between new users, if they arrive as a Poisson process.
    gaps: Quantiles,
}

impl Class {
    /// Compiles `class`, the `index`-th of the scenario.
    #[must_use]
    pub fn new(class: &UserClass, index: u16, root: DrawRoot) -> Self {
        let gap = match class.arrival {
            Arrival::Poisson { rate } => rate.interval().unwrap_or(Span::ZERO),
            Arrival::Concurrent { .. } => Span::ZERO,
        };
        Self {
            index,
            root,
            arrival: class.arrival.clone(),
            visits: Visits::new(class),
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
        self.user((generation as u64) << 32 | seat as u64)
    }

    /// The `number`-th user to arrive.
    #[must_use]
    pub const fn arriving_user(&self, number: u64) -> User {
        self.user(number)
    }

    const fn user(&self, number: u64) -> User {
        User {
            draws: self.root.user(self.index as u32, number),
            number,
            turn: Time::ZERO,
            n: 0,
            first: 0,
            class: self.index,
            phase: Phase::Away,
            carries: Carries::Nothing,
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
        self.visits.begin(user, now)
    }

    /// The user, in a visit, acts at `now`.
    #[inline]
    pub fn act(&self, user: &mut User, now: Time) -> Act {
        self.visits.act(user, now)
    }
}
