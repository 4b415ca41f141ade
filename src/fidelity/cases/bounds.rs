//! Statistics and bounds of a case.

use serde::Deserialize;

use super::BoundVerdict;
use crate::fidelity::table::short;
use crate::fidelity::{mean, median};

/// What was measured of one quantity.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Statistic {
    /// How many samples.
    #[serde(default)]
    pub(super) n: f64,
    mean: Option<f64>,
    min: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    max: Option<f64>,
    value: Option<f64>,
    points: Option<Vec<[f64; 2]>>,
}

/// What a simulation must hold.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Bound {
    pub(super) of: String,
    at: String,
    relative: Option<f64>,
    absolute: Option<f64>,
    between: Option<[f64; 2]>,
    shift_us: Option<f64>,
}

/// One simulated quantity.
#[derive(Clone, Debug)]
pub(super) enum Simulated {
    /// A value for each seed.
    Seeds(Vec<f64>),
    /// The values of each seed's run: figures are taken by run, then their median over the runs.
    Runs(Vec<Summary>),
    /// A monotonous curve at both ends of the shift that is allowed around each measured point.
    Curve(Vec<[f64; 2]>),
}

/// The figures of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    mean: f64,
    min: f64,
    p50: f64,
    p90: f64,
    max: f64,
}

impl Summary {
    /// The figures of a run's values; none of no values.
    pub(super) fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            mean: mean(&values),
            min: *values.first()?,
            p50: quantile(&values, 0.5)?,
            p90: quantile(&values, 0.9)?,
            max: *values.last()?,
        })
    }

    fn figure(&self, at: &str) -> Option<f64> {
        Some(match at {
            "mean" => self.mean,
            "min" => self.min,
            "p50" | "value" => self.p50,
            "p90" => self.p90,
            "max" => self.max,
            _ => return None,
        })
    }
}

/// The value below which that share of the sorted values lies, between two neighbours if need be.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let below = sorted.get(place as usize)?;
    let above = sorted.get(place as usize + 1).unwrap_or(below);
    Some(below + (above - below) * place.fract())
}

impl Statistic {
    fn figure(&self, at: &str) -> Option<f64> {
        match at {
            "mean" => self.mean,
            "min" => self.min,
            "p50" => self.p50,
            "p90" => self.p90,
            "max" => self.max,
            "value" => self.value,
            _ => None,
        }
    }

    /// The points of a curve.
    pub(super) fn points(&self) -> &[[f64; 2]] {
        self.points.as_deref().unwrap_or_default()
    }
}

impl Simulated {
    fn figure(&self, at: &str) -> Option<f64> {
        match self {
            // The share of runs in which it was so, or the mean of one number a run.
            Self::Seeds(values) if at == "value" => (!values.is_empty()).then(|| mean(values)),
            Self::Seeds(values) => Summary::new(values.clone())?.figure(at),
            Self::Runs(runs) => {
                let figures: Option<Vec<f64>> = runs.iter().map(|run| run.figure(at)).collect();
                median(figures?)
            }
            Self::Curve(_) => None,
        }
    }
}

impl Bound {
    /// How far a curve may be shifted to meet a point, in the points' unit.
    pub(super) fn shift(&self) -> f64 {
        self.shift_us.unwrap_or(0.0)
    }

    /// How far it may be off; none if it must lie between two limits.
    fn tolerance(&self, measured: f64) -> f64 {
        let relative = self.relative.unwrap_or(0.0) * measured.abs();
        relative.max(self.absolute.unwrap_or(0.0))
    }

    /// Holds what was simulated against it.
    pub(super) fn judge(
        &self,
        measured: Option<&Statistic>,
        simulated: Option<&Simulated>,
    ) -> BoundVerdict {
        if let (Some(measured), Some(Simulated::Curve(ours))) = (measured, simulated) {
            return self.judge_curve(measured, ours);
        }
        let theirs = measured.and_then(|measured| measured.figure(&self.at));
        let ours = simulated.and_then(|simulated| simulated.figure(&self.at));
        let (holds, bound) = match (self.between, theirs) {
            (Some([low, high]), _) => (
                ours.is_some_and(|ours| (low..=high).contains(&ours)),
                format!("{} to {}", short(low), short(high)),
            ),
            (None, Some(theirs)) => {
                let tolerance = self.tolerance(theirs);
                let is_near = |ours: f64| (ours - theirs).abs() <= tolerance;
                (ours.is_some_and(is_near), format!("+-{}", short(tolerance)))
            }
            (None, None) => (false, "nothing measured".to_owned()),
        };
        self.verdict(theirs, ours, bound, holds)
    }

    /// Every point must be met by our curve within the shift; the one that is missed most, or
    /// nearest to it, is shown.
    fn judge_curve(&self, measured: &Statistic, ours: &[[f64; 2]]) -> BoundVerdict {
        let mut worst: Option<(f64, f64, f64)> = None;
        for (&[_, theirs], ours) in measured.points().iter().zip(ours) {
            let (low, high) = (ours[0].min(ours[1]), ours[0].max(ours[1]));
            let nearest = theirs.clamp(low, high);
            let over = (nearest - theirs).abs() - self.tolerance(theirs);
            if worst.is_none_or(|(most, ..)| over > most) {
                worst = Some((over, theirs, nearest));
            }
        }
        let is_complete = measured.points().len() == ours.len() && self.at == "every point";
        let holds = is_complete && worst.is_some_and(|(over, ..)| over <= 0.0);
        let theirs = worst.map(|(_, theirs, _)| theirs);
        let nearest = worst.map(|(_, _, nearest)| nearest);
        let tolerance = self.tolerance(theirs.unwrap_or(0.0));
        let bound = format!("+-{} within {} us", short(tolerance), self.shift());
        self.verdict(theirs, nearest, bound, holds)
    }

    fn verdict(
        &self,
        measured: Option<f64>,
        simulated: Option<f64>,
        bound: String,
        holds: bool,
    ) -> BoundVerdict {
        BoundVerdict {
            of: self.of.clone(),
            at: self.at.clone(),
            measured,
            simulated,
            bound,
            holds,
        }
    }
}
