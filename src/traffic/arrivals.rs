//! When new users of a class come, where they come at a rate.

use crate::kernel::curve::Curve;
use crate::scenario::users::arrivals::Process;
use crate::scenario::users::{Arrival, UserClass};
use crate::units::{Rate, Span, Time};

use super::Class;

/// The arrivals of one class, in their order.
///
/// The gap before the n-th user is drawn by that user for the mean rate; the curve of the rate
/// then says how long it takes. So whatever changes the rate from some instant on leaves all
/// earlier arrivals as they were, and every user the same, only sooner or later.
#[derive(Debug)]
pub struct Arrivals {
    process: Process,
    rate: Rate,
    curve: Curve,
    /// Where in the curve the last arrival was.
    near: usize,
    /// Users so far.
    number: u64,
    /// When the last of them would have come at the mean rate.
    clock: Time,
}

impl Arrivals {
    /// Those of `class` in a run of `duration`; none if the number of its users is fixed.
    #[must_use]
    pub fn new(class: &UserClass, duration: Span) -> Self {
        let (rate, curve) = match class.arrival {
            Arrival::Poisson { rate } => (rate, class.arrivals.curve(Span::ZERO, duration)),
            Arrival::Concurrent { .. } => (Rate::default(), Curve::flat()),
        };
        Self {
            process: class.arrivals.process,
            rate,
            curve,
            near: 0,
            number: 0,
            clock: Time::ZERO,
        }
    }

    /// When the next user of `class` comes, and their number; [`Time::NEVER`] if that lies beyond
    /// the run.
    pub fn next(&mut self, class: &Class) -> (Time, u64) {
        let number = self.number;
        self.number += 1;
        self.clock = match self.process {
            Process::Poisson => self.clock.saturating_add(class.gap_before(number)),
            Process::Constant => self.at_equal_distances(number),
        };
        let passed = i64::try_from(self.clock.0).ok();
        let at = passed.and_then(|passed| self.curve.when(passed, &mut self.near));
        (
            at.map_or(Time::NEVER, |at| Time(at.max(0).unsigned_abs())),
            number,
        )
    }

    /// The first comes after a whole gap.
    fn at_equal_distances(&self, number: u64) -> Time {
        const SECOND: u128 = 1_000_000_000_000_000_000;
        let at = (u128::from(number) + 1) * SECOND / u128::from(self.rate.0.max(1));
        Time(u64::try_from(at).unwrap_or(u64::MAX))
    }
}
