//! How many places there are for concurrent users, and when each opens and closes.

use crate::scenario::users::Arrival;
use crate::scenario::users::arrivals::Arrivals;
use crate::units::{Span, Time};

/// The number of places over time.
#[derive(Clone, Debug)]
pub(super) struct Seating {
    /// In order of time; the first is the ramp-up.
    stages: Vec<Stage>,
}

/// From some instant on there are so many places.
#[derive(Clone, Copy, Debug)]
struct Stage {
    at: Time,
    /// Places open, or close, evenly over this time.
    over: Span,
    seats: u64,
}

impl Stage {
    /// When a place changes whose user drew `bits`.
    fn instant(&self, bits: u64) -> Time {
        let part = (u128::from(bits) * u128::from(self.over.0)) >> 64;
        self.at.saturating_add(Span(part as u64))
    }
}

impl Seating {
    /// `None` if users come at a rate.
    pub(super) fn new(arrival: &Arrival, arrivals: &Arrivals) -> Option<Self> {
        let Arrival::Concurrent { users, ramp_up } = *arrival else {
            return None;
        };
        let ramp_up = Stage {
            at: Time::ZERO,
            over: ramp_up,
            seats: users,
        };
        let steps = arrivals.steps.iter().map(|step| Stage {
            at: Time(step.at.0),
            over: step.over,
            seats: step.factor.of(users),
        });
        Some(Self {
            stages: std::iter::once(ramp_up).chain(steps).collect(),
        })
    }

    /// Most places there ever are.
    pub(super) fn most(&self) -> u64 {
        self.stages.iter().map(|s| s.seats).max().unwrap_or(0)
    }

    /// Whether their number changes.
    pub(super) const fn changes(&self) -> bool {
        self.stages.len() > 1
    }

    /// Whether `seat` is open at `now`; its first user drew `bits`.
    pub(super) fn is_open(&self, seat: u32, bits: u64, now: Time) -> bool {
        self.stages
            .iter()
            .rev()
            .find(|stage| stage.instant(bits) <= now)
            .is_some_and(|stage| u64::from(seat) < stage.seats)
    }

    /// All openings of places, the latest first. `bits` gives what the first user of a place drew.
    pub(super) fn openings(&self, bits: impl Fn(u32) -> u64) -> Vec<(Time, u32)> {
        let mut openings = Vec::new();
        for (number, stage) in self.stages.iter().enumerate() {
            // Below are those that are open already. Only the ramp-up may still go on.
            let first = match number {
                0 | 1 => 0,
                _ => self.stages[number - 1].seats,
            };
            // Scenarios with more users than seat numbers are refused when they are loaded.
            for seat in first as u32..stage.seats.max(first) as u32 {
                let bits = bits(seat);
                let at = stage.instant(bits);
                let next = self.stages.get(number + 1);
                let overtaken = next.is_some_and(|next| next.instant(bits) <= at);
                let before = at.0.checked_sub(1);
                let was_open = before.is_some_and(|before| self.is_open(seat, bits, Time(before)));
                if !overtaken && !was_open {
                    openings.push((at, seat));
                }
            }
        }
        openings.sort_unstable_by(|a, b| b.cmp(a));
        openings
    }
}
