//! The rate as a function of time, and its integral.

use core::f64::consts::TAU;

use crate::kernel::curve::Curve;
use crate::units::Span;

use super::{Arrivals, Daily, Factor, Spike, SpikeEnd, Step};

const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;
/// Pieces of a ramp, within each of which the rate counts as constant.
const RAMP_PIECES: i64 = 32;
/// Pieces of a time constant of a decay, and after how many such times nothing is left: e^-14 is
/// less than a millionth, the smallest factor.
const DECAY_PIECES: i64 = 16;
const DECAY_TIMES: i64 = 14;
/// Pieces of a sine.
const SINE_PIECE: i64 = 600_000_000_000;
const HOUR_PIECE: i64 = 3_600_000_000_000;
/// Most points of a table. Two years by hour are 17,520, by the pieces of a sine 105,120.
const MAX_POINTS: usize = 250_000;

impl Spike {
    /// From its beginning to its end.
    pub(super) fn length(&self) -> u64 {
        let end = match self.end {
            SpikeEnd::Fall(fall) => fall.0,
            SpikeEnd::Decay(decay) => decay.0.saturating_mul(DECAY_TIMES.unsigned_abs()),
        };
        self.rise.0.saturating_add(self.lasts.0).saturating_add(end)
    }

    /// When it begins, as often as it does before `until`.
    fn beginnings(&self, until: Span) -> impl Iterator<Item = u64> {
        let every = self.every.map_or(u64::MAX, |every| every.0.max(1));
        let first = self.at.0;
        std::iter::successors(Some(first), move |at| at.checked_add(every))
            .take_while(move |at| *at < until.0)
    }

    /// What the rate is multiplied by, so many seconds after the start.
    fn factor_at(&self, t: f64) -> f64 {
        let mut since = t - self.at.seconds();
        if since < 0.0 {
            return 1.0;
        }
        if let Some(every) = self.every {
            since -= every.seconds() * libm::floor(since / every.seconds());
        }
        let above = self.factor.value() - 1.0;
        let (rise, lasts) = (self.rise.seconds(), self.lasts.seconds());
        if since < rise {
            return 1.0 + above * since / rise;
        }
        let since = since - rise - lasts;
        if since < 0.0 {
            return 1.0 + above;
        }
        1.0 + above
            * match self.end {
                SpikeEnd::Fall(fall) if since < fall.seconds() => 1.0 - since / fall.seconds(),
                SpikeEnd::Decay(decay) if since < decay.seconds() * DECAY_TIMES as f64 => {
                    libm::exp(-since / decay.seconds())
                }
                SpikeEnd::Fall(_) | SpikeEnd::Decay(_) => 0.0,
            }
    }
}

/// What steps have come to, so many seconds after the start.
fn steps_at(steps: &[Step], t: f64) -> f64 {
    let begun = steps.partition_point(|step| step.at.seconds() <= t);
    let Some(step) = begun.checked_sub(1).map(|last| steps[last]) else {
        return 1.0;
    };
    let before = if begun < 2 {
        1.0
    } else {
        steps[begun - 2].factor.value()
    };
    let (since, over) = (t - step.at.seconds(), step.over.seconds());
    if since < over {
        before + (step.factor.value() - before) * since / over
    } else {
        step.factor.value()
    }
}

/// `factors[place]` relative to their mean.
fn relative(factors: &[Factor], place: usize) -> f64 {
    let sum: u64 = factors.iter().map(|factor| factor.0).sum();
    factors[place].0 as f64 * factors.len() as f64 / sum as f64
}

impl Arrivals {
    /// What the rate is multiplied by, so many seconds after the start of the run.
    pub fn factor_at(&self, t: f64) -> f64 {
        let local = t + self.begins_at.seconds();
        let day = libm::floor(local / DAY);
        let in_day = local - day * DAY;
        let mut factor = match &self.daily {
            Daily::Flat => 1.0,
            Daily::ByHour(factors) => relative(factors, ((in_day / HOUR) as usize).min(23)),
            Daily::Sine { peak, swing } => {
                let turn = (in_day - peak.seconds()) / DAY * TAU;
                1.0 + swing.fraction() * libm::cos(turn)
            }
        };
        if !self.by_weekday.is_empty() {
            let weekday = (day as i64 + self.begins_on as i64).rem_euclid(7);
            factor *= relative(&self.by_weekday, weekday as usize);
        }
        if self.growth.0 > 0 {
            factor *= libm::pow(1.0 + self.growth.fraction(), t / DAY);
        }
        factor *= steps_at(&self.steps, t);
        self.spikes
            .iter()
            .fold(factor, |factor, spike| factor * spike.factor_at(t))
    }

    /// Whether the rate never changes.
    pub fn is_flat(&self) -> bool {
        self.daily == Daily::Flat
            && self.by_weekday.is_empty()
            && self.growth.0 == 0
            && self.steps.is_empty()
            && self.spikes.is_empty()
    }

    /// Whether the rate has no period: it grows, or something happens once.
    pub fn is_passing(&self) -> bool {
        self.growth.0 > 0 || !self.steps.is_empty() || !self.spikes.is_empty()
    }

    /// The rate over a run of `duration`, and over `before` that; an error in words if it cannot be
    /// held.
    pub(in crate::scenario) fn try_curve(
        &self,
        before: Span,
        duration: Span,
    ) -> Result<Curve, &'static str> {
        if self.is_flat() {
            return Ok(Curve::flat());
        }
        let mut edges = Edges {
            list: Vec::new(),
            from: before.0.min(1 << 62).cast_signed().wrapping_neg(),
            // A little more, so that the run does not end where the table does.
            until: (duration.0.min(1 << 61) + 1).cast_signed(),
        };
        edges.put(edges.from);
        edges.put(edges.until);
        let midnight = -(self.begins_at.0.cast_signed());
        match self.daily {
            Daily::Sine { .. } => edges.each(midnight, SINE_PIECE),
            Daily::Flat if self.by_weekday.is_empty() && self.growth.0 == 0 => {}
            Daily::Flat | Daily::ByHour(_) => edges.each(midnight, HOUR_PIECE),
        }
        for step in &self.steps {
            edges.ramp(step.at.0, step.over.0, RAMP_PIECES);
        }
        for spike in &self.spikes {
            for at in spike.beginnings(duration) {
                edges.ramp(at, spike.rise.0, RAMP_PIECES);
                let fall = at + spike.rise.0 + spike.lasts.0;
                match spike.end {
                    SpikeEnd::Fall(span) => edges.ramp(fall, span.0, RAMP_PIECES),
                    SpikeEnd::Decay(span) => {
                        let length = span.0.saturating_mul(DECAY_TIMES.unsigned_abs());
                        edges.ramp(fall, length, DECAY_PIECES * DECAY_TIMES);
                    }
                }
                if edges.list.len() > MAX_POINTS {
                    break;
                }
            }
        }
        if edges.list.len() > MAX_POINTS {
            return Err("it changes too often to be followed");
        }
        Curve::new(edges.list, |t| self.factor_at(t)).ok_or("it grows beyond all bounds")
    }

    /// The rate over a run of `duration`, and over `before` that.
    ///
    /// # Panics
    /// If the scenario was not loaded for that duration.
    pub fn curve(&self, before: Span, duration: Span) -> Curve {
        self.try_curve(before, duration)
            .expect("it was tried when the scenario was loaded")
    }
}

/// Where the rate jumps, bends or is divided.
struct Edges {
    list: Vec<i64>,
    from: i64,
    until: i64,
}

impl Edges {
    fn put(&mut self, at: i64) {
        if (self.from..=self.until).contains(&at) {
            self.list.push(at);
        }
    }

    /// One each `width`, of which one would lie at `phase`.
    fn each(&mut self, phase: i64, width: i64) {
        let mut at = self.from + (phase - self.from).rem_euclid(width);
        while at <= self.until && self.list.len() <= MAX_POINTS {
            self.list.push(at);
            at += width;
        }
    }

    /// So many pieces from `at` on, over `length`.
    fn ramp(&mut self, at: u64, length: u64, pieces: i64) {
        let pieces = if length == 0 { 0 } else { pieces };
        for piece in 0..=pieces {
            let part = i128::from(length) * i128::from(piece) / i128::from(pieces.max(1));
            let edge = i128::from(at) + part;
            if edge <= i128::from(self.until) {
                self.put(edge as i64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::f64::consts::PI;

    use super::*;
    use crate::units::Ratio;

    fn minutes(n: u64) -> Span {
        Span::from_secs(60 * n)
    }

    fn passed(arrivals: &Arrivals, from: Span, to: Span) -> f64 {
        let curve = arrivals.curve(Span::ZERO, minutes(60 * 24 * 14));
        (curve.passed(to.0.cast_signed()) - curve.passed(from.0.cast_signed())) as f64 / 1e9
    }

    #[test]
    fn a_day_is_a_day_whatever_its_hours() {
        let day = minutes(1440);
        let hours: Vec<Factor> = (0..24).map(|hour| Factor(hour * 1_000_000)).collect();
        let arrivals = Arrivals {
            daily: Daily::ByHour(hours),
            begins_at: minutes(90),
            ..Arrivals::default()
        };
        assert!((passed(&arrivals, Span::ZERO, day) - DAY).abs() < 1e-3);
        // From half past one, half an hour of weight 1 and half an hour of weight 2, of 276 / 24.
        let first = passed(&arrivals, Span::ZERO, minutes(60));
        assert!(
            (first - (1800.0 + 3600.0) * 24.0 / 276.0).abs() < 1e-3,
            "{first}"
        );
        let sine = Arrivals {
            daily: Daily::Sine {
                peak: minutes(20 * 60),
                swing: Ratio(600_000_000),
            },
            ..Arrivals::default()
        };
        assert!((passed(&sine, Span::ZERO, day) - DAY).abs() < 1e-3);
        // The six hours around the peak hold a quarter and swing / pi.
        let peak = passed(&sine, minutes(17 * 60), minutes(23 * 60));
        let share = 0.25 + 0.6 / PI * libm::sin(PI / 4.0);
        assert!((peak / DAY - share).abs() < 1e-6, "{peak}");
    }

    #[test]
    fn weekdays_follow_each_other() {
        let arrivals = Arrivals {
            by_weekday: [2, 1, 1, 1, 1, 4, 4]
                .map(|n| Factor(n * 1_000_000))
                .to_vec(),
            begins_on: super::super::Weekday::Friday,
            ..Arrivals::default()
        };
        let day =
            |n: u64| passed(&arrivals, minutes(1440 * n), minutes(1440 * (n + 1))) / DAY * 2.0;
        let days: Vec<f64> = (0..8).map(day).map(libm::round).collect();
        assert_eq!(days, [1.0, 4.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn spikes_steps_and_growth_have_their_integrals() {
        let spike = Spike {
            at: minutes(10),
            factor: Factor(5_000_000),
            rise: minutes(2),
            lasts: minutes(3),
            end: SpikeEnd::Fall(minutes(4)),
            every: Some(minutes(100)),
        };
        let spiky = |spike| Arrivals {
            spikes: vec![spike],
            ..Arrivals::default()
        };
        let with_fall = passed(&spiky(spike), Span::ZERO, minutes(200));
        assert!((with_fall - 60.0 * (200.0 + 2.0 * 4.0 * (1.0 + 3.0 + 2.0))).abs() < 1e-3);
        let flash = Spike {
            rise: Span::ZERO,
            lasts: Span::ZERO,
            end: SpikeEnd::Decay(minutes(5)),
            every: None,
            ..spike
        };
        let with_decay = passed(&spiky(flash), Span::ZERO, minutes(200));
        assert!(
            (with_decay - 60.0 * (200.0 + 4.0 * 5.0)).abs() < 0.01,
            "{with_decay}"
        );
        let steps = Arrivals {
            steps: vec![
                Step {
                    at: minutes(10),
                    factor: Factor(3_000_000),
                    over: minutes(2),
                },
                Step {
                    at: minutes(20),
                    factor: Factor(0),
                    over: Span::ZERO,
                },
            ],
            ..Arrivals::default()
        };
        let stepped = passed(&steps, Span::ZERO, minutes(60));
        assert!(
            (stepped - 60.0 * (10.0 + 4.0 + 24.0)).abs() < 1e-3,
            "{stepped}"
        );
        let growing = Arrivals {
            growth: Ratio(100_000_000),
            ..Arrivals::default()
        };
        let grown = passed(&growing, Span::ZERO, minutes(1440 * 7));
        let exact = DAY * (libm::pow(1.1, 7.0) - 1.0) / libm::log(1.1);
        assert!((grown / exact - 1.0).abs() < 1e-9, "{grown} {exact}");
    }
}
