//! When new users of a class come, where they come at a rate.

use crate::kernel::curve::Curve;
use crate::scenario::Member;
use crate::scenario::users::Arrival;
use crate::scenario::users::arrivals::Process;
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

/// Users with such numbers came before the start: the lower the number without this bit, the later.
const PAST: u64 = 1 << 63;

/// The arrivals of one class before the start, the latest first.
///
/// They are counted backwards from the start, so those after it are the same with them and
/// without, and a longer past adds users before all others. A Poisson process looks the same in
/// both directions of time (Kingman, "Poisson Processes", 1993, section 2.1): the gap behind the
/// n-th is drawn by that user, as the gap before it is of those after the start.
#[derive(Debug)]
pub struct PastArrivals {
    process: Process,
    rate: Rate,
    curve: Curve,
    near: usize,
    number: u64,
    /// How long before the start the last of them would have come at the mean rate.
    clock: Span,
}

impl PastArrivals {
    /// Those of a class in a past of `length`; none if the number of its users is fixed.
    #[must_use]
    pub fn new(member: &Member<'_>, length: Span) -> Self {
        let arrivals = &member.class.arrivals;
        let (rate, curve) = match member.arrival {
            Arrival::Poisson { rate } => (rate, arrivals.curve(length, Span::ZERO)),
            Arrival::Concurrent { .. } => (Rate::default(), Curve::flat()),
        };
        Self {
            process: arrivals.process,
            rate,
            curve,
            near: 0,
            number: 0,
            clock: Span::ZERO,
        }
    }

    /// How long before the start the next user of `class` came, and their number. `None` if that
    /// lies beyond what is known of the rate.
    pub fn next(&mut self, class: &Class) -> Option<(Span, u64)> {
        let number = PAST | self.number;
        self.clock = match self.process {
            Process::Poisson => Span(self.clock.0.saturating_add(class.gap_before(number).0)),
            // One came at the start itself: the first after it comes after a whole gap.
            Process::Constant => Span(at_equal_distances(self.rate, self.number)),
        };
        self.number += 1;
        let passed = i64::try_from(self.clock.0).ok()?;
        let at = self.curve.when(-passed, &mut self.near)?;
        Some((Span(at.min(0).unsigned_abs()), number))
    }
}

impl Arrivals {
    /// Those of a class in a run of `duration`; none if the number of its users is fixed.
    #[must_use]
    pub fn new(member: &Member<'_>, duration: Span) -> Self {
        let arrivals = &member.class.arrivals;
        let (rate, curve) = match member.arrival {
            Arrival::Poisson { rate } => (rate, arrivals.curve(Span::ZERO, duration)),
            Arrival::Concurrent { .. } => (Rate::default(), Curve::flat()),
        };
        Self {
            process: arrivals.process,
            rate,
            curve,
            near: 0,
            number: 0,
            clock: Time::ZERO,
        }
    }

    /// Those of another copy of the class. The curve is shared.
    #[must_use]
    pub fn copy(&self, member: &Member<'_>) -> Self {
        let rate = match member.arrival {
            Arrival::Poisson { rate } => rate,
            Arrival::Concurrent { .. } => Rate::default(),
        };
        Self {
            process: self.process,
            rate,
            curve: self.curve.clone(),
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
            // The first comes after a whole gap.
            Process::Constant => Time(at_equal_distances(self.rate, number + 1)),
        };
        let passed = i64::try_from(self.clock.0).ok();
        let at = passed.and_then(|passed| self.curve.when(passed, &mut self.near));
        (
            at.map_or(Time::NEVER, |at| Time(at.max(0).unsigned_abs())),
            number,
        )
    }
}

/// After so many nanoseconds `number` gaps have passed.
fn at_equal_distances(rate: Rate, number: u64) -> u64 {
    const SECOND: u128 = 1_000_000_000_000_000_000;
    let at = u128::from(number) * SECOND / u128::from(rate.0.max(1));
    u64::try_from(at).unwrap_or(u64::MAX)
}
