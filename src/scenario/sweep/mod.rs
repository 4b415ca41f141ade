//! `[sweep]`: the same scenario with many values.
//!
//! A sweep is a scenario with a table that names axes: paths of keys and the values they take.
//! Every value is TOML, typed as the key it goes to, and is put into the scenario by the mechanism
//! of `--set`; what is wrong with it is reported at the line of its axis. The table is no part of
//! the [`Scenario`](super::Scenario) of a point, and `run` leaves it aside.

mod axis;
mod condition;
mod flat;
mod goals;
mod keys;
mod load;
mod read;

#[cfg(test)]
mod tests;

use crate::units::Ratio;

use super::expect::Bound;
use super::reader::tree::Place;

pub use axis::{Axis, AxisValue, Quantity};
pub use condition::Condition;
pub(super) use keys::{AXES, POINTS, SECTION};
pub(super) use load::split;
pub use load::{LoadedPoint, Sweep, load_sweep};
pub(super) use read::check;

/// Most points of a sweep, and most combinations of values that constraints may choose from.
pub const MAX_POINTS: u64 = 100_000;
/// Most runs of a sweep: points times replicates.
pub const MAX_RUNS: u64 = 100_000;

/// How points are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Every combination of values.
    Grid,
    /// So many points that each axis is divided evenly.
    LatinHypercube,
}

impl Layout {
    /// As a scenario writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::LatinHypercube => "latin-hypercube",
        }
    }
}

/// Whose random numbers the points have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RandomNumbers {
    /// The same for all points: what differs is the design's doing.
    Common,
    /// Each point its own.
    Independent,
}

/// Which points must meet the expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Each of them, on the mean of its replicates.
    Every,
    /// At least one, on the mean of its replicates.
    Some,
    /// Each of them in each replicate.
    Worst,
    /// None: nothing fails.
    Nothing,
    /// The point of that number in [`SweepSpec::named`].
    Point(usize),
}

/// Which way an objective goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// The lowest value is best.
    Lowest,
    /// The highest value is best.
    Highest,
}

impl Sense {
    /// As a scenario writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lowest => "lowest",
            Self::Highest => "highest",
        }
    }
}

/// What an objective is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The axis of that number.
    Axis(usize),
    /// The metric of that name.
    Metric(String),
}

/// What makes a point better than another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// Which way.
    pub sense: Sense,
    /// Of what.
    pub subject: Subject,
    /// As the scenario states it.
    pub text: String,
}

/// How narrow an interval must become.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// Of which metric's mean.
    pub metric: String,
    /// Half the width of the interval at most.
    pub within: Within,
}

/// Half the width of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// In the unit of the metric.
    Absolute(Bound),
    /// As a share of the mean.
    OfMean(Ratio),
}

/// A point with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPoint {
    /// Its name.
    pub name: String,
    /// What holds for it alone.
    pub at: Condition,
}

/// `[sweep]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSpec {
    /// How points are laid out.
    pub layout: Layout,
    /// Number of points of a Latin hypercube.
    pub samples: u64,
    /// What varies; at least one axis.
    pub axes: Vec<Axis>,
    /// What must hold for a point.
    pub constraints: Vec<Condition>,
    /// Runs of each point, at least 1.
    pub replicates: u64,
    /// Runs of each point at most, where precision is asked for.
    pub max_replicates: u64,
    /// What must be known how precisely; may be empty.
    pub until: Vec<Precision>,
    /// Probability with which an interval covers the truth.
    pub confidence: Ratio,
    /// Whose random numbers the points have.
    pub random_numbers: RandomNumbers,
    /// Points with names.
    pub named: Vec<NamedPoint>,
    /// Number in `named` of the point that the others are compared with; else the first point.
    pub reference: Option<usize>,
    /// What makes a point the best, the most important first; may be empty.
    pub best: Vec<Objective>,
    /// The objectives of the Pareto front; none or at least two.
    pub pareto: Vec<Objective>,
    /// Which points must meet the expectations.
    pub gate: Gate,
    /// Place of the table, for messages about it as a whole.
    place: Option<Place>,
}
