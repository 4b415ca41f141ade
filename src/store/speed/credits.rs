//! CPU credits of burstable node types.
//!
//! A credit is one minute of one vCPU. A node earns them all the time, keeps at most a day's worth
//! and spends them as it works; without any it works no faster than it earns (AWS, "Standard mode
//! for burstable performance instances"). AWS lowers the speed "gradually" when credits run low;
//! here it falls at once.
//!
//! All is exact: a balance is counted in sixtieths of a nanosecond of a vCPU, of which a node that
//! earns `c` credits an hour earns `c` in every nanosecond.

use crate::units::{Ratio, Span, Time};

/// What a nanosecond of work at full speed costs.
const FULL: u64 = 60;
/// Parts of a credit.
const CREDIT: u64 = FULL * 60_000_000_000;
/// Hours whose credits are kept.
const HOURS: u64 = 24;

/// The credits of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credits {
    /// Credits an hour, above zero.
    rate: u64,
    balance: u64,
    most: u64,
    at: Time,
}

impl Credits {
    /// A node that earns `per_hour` credits and begins with a share of the most that it keeps.
    pub(crate) fn new(per_hour: u32, at_start: Ratio) -> Self {
        let rate = u64::from(per_hour);
        let most = rate * HOURS * CREDIT;
        let share = u128::from(at_start.0.min(Ratio::ONE.0));
        Self {
            rate,
            balance: (u128::from(most) * share / u128::from(Ratio::ONE.0)) as u64,
            most,
            at: Time::ZERO,
        }
    }

    fn settle(&mut self, at: Time) {
        self.balance = self.balance_at(at);
        self.at = self.at.max(at);
    }

    fn balance_at(&self, at: Time) -> u64 {
        let earned = self.rate.saturating_mul(at.since(self.at.min(at)).0);
        self.most.min(self.balance.saturating_add(earned))
    }

    /// The engine begins at `start` with what takes `work` at full speed; returns the time that
    /// it takes. Must be called in order of time.
    pub(crate) fn serve(&mut self, start: Time, work: Span) -> Span {
        self.settle(start);
        if self.rate >= FULL {
            return work;
        }
        let net = FULL - self.rate;
        let cost = net.saturating_mul(work.0);
        let takes = if cost <= self.balance {
            self.balance -= cost;
            work.0
        } else {
            let fast = self.balance / net;
            let rest = (work.0 - fast).saturating_mul(FULL);
            let slow = rest.div_ceil(self.rate);
            self.balance = self.balance - net * fast + (self.rate.saturating_mul(slow) - rest);
            fast.saturating_add(slow)
        };
        self.at = start.saturating_add(Span(takes));
        Span(takes)
    }

    /// Another thread works for `work` at `at`, which only costs.
    pub(crate) fn spend(&mut self, at: Time, work: Span) {
        self.settle(at);
        self.balance = self.balance.saturating_sub(FULL.saturating_mul(work.0));
    }

    /// Whole credits at `at`.
    pub(crate) fn whole(&self, at: Time) -> u64 {
        self.balance_at(at) / CREDIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    /// A t3.micro earns 12 credits an hour: a fifth of a vCPU.
    fn micro(at_start: Ratio) -> Credits {
        Credits::new(12, at_start)
    }

    #[test]
    fn a_day_of_credits_is_kept() {
        assert_eq!(micro(Ratio::ONE).whole(Time::ZERO), 288);
        let idle = micro(Ratio::ZERO);
        assert_eq!(idle.whole(Time(60 * MINUTE)), 12);
        assert_eq!(idle.whole(Time(24 * 60 * MINUTE)), 288);
        assert_eq!(idle.whole(Time(240 * 60 * MINUTE)), 288);
    }

    /// One that always works spends 0.8 credits a minute and lasts 288 / 0.8 minutes.
    #[test]
    fn a_full_balance_lasts_six_hours_of_full_work() {
        let mut credits = micro(Ratio::ONE);
        let mut at = Time::ZERO;
        let mut last_fast = at;
        let work = Span(7_250_000);
        for _ in 0..3_100_000 {
            let takes = credits.serve(at, work);
            if takes == work {
                last_fast = at;
            }
            at += takes;
        }
        assert!(last_fast.0.abs_diff(360 * MINUTE) < 10_000_000);
        // The rest went at a fifth of the speed, to the nanosecond.
        let done = 3_100_000 * work.0;
        let slow = (done - 360 * MINUTE) * 5;
        assert_eq!(at.0, 360 * MINUTE + slow);
    }

    #[test]
    fn below_the_baseline_nothing_slows_down() {
        let mut credits = micro(Ratio::ZERO);
        for n in 1..100_000u64 {
            let at = Time(n * 1_000_000);
            assert_eq!(credits.serve(at, Span(200_000)), Span(200_000));
        }
        credits.spend(Time(MINUTE * 10), Span(MINUTE));
        assert_eq!(credits.whole(Time(MINUTE * 10)), 0);
    }

    #[test]
    fn who_earns_a_whole_core_is_never_slow() {
        let mut credits = Credits::new(60, Ratio::ZERO);
        assert_eq!(credits.serve(Time::ZERO, Span(1_000)), Span(1_000));
    }
}
