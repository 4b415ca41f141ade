//! A class of users, and who of them comes when.

use crate::kernel::draws::{DrawRoot, Purpose};
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::scenario::Member;
use crate::scenario::users::Arrival;
use crate::units::{Span, Time};

use super::seating::Seating;
use super::visits::Visits;
use super::{Act, Carries, Intent, Phase, User};

/// Generations of a seat's users from here on came before the start.
pub(super) const PAST_GENERATION: u32 = 1 << 31;

/// Classes of draws from here on are copies of classes: below are the classes themselves, and what
/// else draws by user.
const FIRST_COPY: u32 = 1 << 24;

/// What the draws of a class's users are keyed by: its place in the scenario, and which copy it is,
/// so that it matters to nobody how many copies others have.
fn key_of(member: &Member<'_>) -> u32 {
    let place = member.place as u32;
    match member.copy {
        0 => place,
        copy => FIRST_COPY + (copy << 8 | place),
    }
}

/// The mean gap between new users of a class; of one copy of several, the mean of the gaps that all
/// of them share, which each stretches to its own.
fn mean_gap(member: &Member<'_>) -> Span {
    match member.arrival {
        Arrival::Poisson { .. } if member.class.copies.are_several() => Span::from_secs(1000),
        Arrival::Poisson { rate } => rate.interval().unwrap_or(Span::ZERO),
        Arrival::Concurrent { .. } => Span::ZERO,
    }
}

/// What a copy's gaps are multiplied by, and divided by.
fn stretch(member: &Member<'_>) -> Option<(u64, u64)> {
    let gap = match member.arrival {
        Arrival::Poisson { rate } if member.class.copies.are_several() => rate.interval()?,
        _ => return None,
    };
    Some((gap.0, mean_gap(member).0))
}

/// A class of users, compiled for the run.
#[derive(Debug)]
pub struct Class {
    index: u16,
    /// What its users' draws are keyed by.
    key: u32,
    root: DrawRoot,
    /// Places of concurrent users, if their number is fixed.
    seating: Option<Seating>,
    pub(super) visits: Visits,
    /// Gaps between new users, if they arrive as a Poisson process; those of a copy are stretched.
    gaps: Quantiles,
    stretch: Option<(u64, u64)>,
}

impl Class {
    /// Compiles a class of the run, the `index`-th of them.
    #[must_use]
    pub fn new(member: &Member<'_>, index: u16, root: DrawRoot) -> Self {
        let gap = mean_gap(member);
        Self {
            index,
            key: key_of(member),
            root,
            seating: Seating::new(&member.arrival, &member.class.arrivals),
            visits: Visits::new(member.class),
            gaps: Quantiles::new(&Distribution::Exponential { mean: gap }),
            stretch: stretch(member),
        }
    }

    /// The same for `member`, another copy of the class. What is compiled is shared.
    #[must_use]
    pub fn copy(&self, member: &Member<'_>, index: u16) -> Self {
        Self {
            index,
            key: key_of(member),
            root: self.root,
            seating: Seating::new(&member.arrival, &member.class.arrivals),
            visits: self.visits.clone(),
            gaps: self.gaps.clone(),
            stretch: stretch(member),
        }
    }

    /// Most concurrent users at a time, if their number is fixed.
    pub fn seats(&self) -> Option<u64> {
        self.seating.as_ref().map(Seating::most)
    }

    /// Whether the number of concurrent users changes.
    pub fn seats_change(&self) -> bool {
        self.seating.as_ref().is_some_and(Seating::changes)
    }

    /// Whether whoever leaves `seat` at `now` is to be replaced.
    pub fn seat_is_open(&self, seat: u32, now: Time) -> bool {
        let open = |seating: &Seating| seating.is_open(seat, self.bits_of(seat), now);
        self.seating.as_ref().is_some_and(open)
    }

    /// What the first user of a seat drew for the time of arrival.
    fn bits_of(&self, seat: u32) -> u64 {
        self.seated_user(seat, 0).draws.intent(0, Purpose::Arrival)
    }

    /// A new user who takes seat `seat` as the `generation`-th to do so.
    #[must_use]
    pub const fn seated_user(&self, seat: u32, generation: u32) -> User {
        self.user((generation as u64) << 32 | seat as u64)
    }

    /// A user who took seat `seat` before the start, as the `number`-th that is known of.
    #[must_use]
    pub const fn past_user(&self, seat: u32, number: u32) -> User {
        self.seated_user(seat, PAST_GENERATION | number)
    }

    /// Where in its first visit a seat is when its past begins: 64 uniform bits.
    #[must_use]
    pub fn phase_of(&self, seat: u32) -> u64 {
        self.past_user(seat, 0).draws.intent(0, Purpose::Arrival)
    }

    /// The end of a first visit that begins at `now`, if the user never comes back and it is known
    /// before the visit goes on.
    #[must_use]
    pub fn only_visit_ends(&self, user: &User, now: Time) -> Option<Time> {
        self.visits.only_visit_ends(user, now)
    }

    /// The `number`-th user to arrive.
    #[must_use]
    pub const fn arriving_user(&self, number: u64) -> User {
        self.user(number)
    }

    const fn user(&self, number: u64) -> User {
        User {
            draws: self.root.user(self.key, number),
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

    /// When each seat opens, the latest first: anywhere in the ramp-up, whatever the number of
    /// seats, and again wherever their number rises.
    #[must_use]
    pub fn openings(&self) -> Vec<(Time, u32)> {
        let openings = |seating: &Seating| seating.openings(|seat| self.bits_of(seat));
        self.seating.as_ref().map(openings).unwrap_or_default()
    }

    /// The time from the arrival of user `number` - 1 (or the start) to that of user `number`,
    /// at the mean rate.
    #[must_use]
    pub fn gap_before(&self, number: u64) -> Span {
        let draws = self.root.user(self.key, number);
        let gap = self.gaps.draw(draws.intent(0, Purpose::Arrival));
        let Some((own, shared)) = self.stretch else {
            return Span(gap);
        };
        let gap = u128::from(gap) * u128::from(own) / u128::from(shared);
        Span(u64::try_from(gap).unwrap_or(u64::MAX))
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

    /// How many requests the user's page sends, whose intent has number `n`.
    pub fn calls(&self, user: &User, n: u32) -> u8 {
        self.visits.calls(user, n)
    }

    /// Which request number `call` of the page is that the user just turned to.
    pub fn call(&self, user: &User, n: u32, call: u8) -> Intent {
        self.visits.call(user, n, call)
    }

    /// When the user acts next whose request was answered at `at`, having waited for that.
    pub fn resume(&self, user: &mut User, at: Time) -> Time {
        self.visits.resume(user, at)
    }
}
