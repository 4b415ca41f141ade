//! A sweep that is known to be sound: every point has been resolved, and what it will cost is
//! known.

use rayon::prelude::*;

use crate::report::identity::Identity;
use crate::scenario::Problems;
use crate::scenario::expect::Expectation;
use crate::scenario::sweep::{AxisValue, Layout, LoadedPoint, Sweep};
use crate::units::Span;

use super::design::Design;

/// Most points whose problems are told; whoever has so many sees the pattern.
const MOST_WRONG: usize = 200;

/// What is known of a point before it runs.
#[derive(Clone, Debug)]
pub struct Expected {
    /// SHA-256 of its resolved scenario.
    pub scenario_hash: String,
    /// Its seed.
    pub seed: u64,
    /// Requests of a run, roughly.
    pub requests: f64,
    /// Events of a run, roughly.
    pub events: f64,
    /// Sessions that live at a time, roughly.
    pub sessions: f64,
    /// The warm-up.
    pub warmup: Span,
}

/// A sweep whose points are all valid.
pub struct Plan<'a> {
    /// The sweep.
    pub sweep: &'a Sweep<'a>,
    /// Its points.
    pub design: Design,
    /// What is known of each.
    pub expected: Vec<Expected>,
    /// What each point must show; axes cannot change it.
    pub expectations: Vec<Expectation>,
    /// The sweep as a text that stands alone.
    pub toml: String,
    /// SHA-256 of that text: the sweep's identity.
    pub hash: String,
}

impl<'a> Plan<'a> {
    /// Lays out the points of `sweep` and resolves every one.
    ///
    /// # Errors
    /// Everything that is wrong with any point; an axis that changes nothing.
    pub fn new(sweep: &'a Sweep<'a>) -> Result<Self, Problems> {
        let design = Design::new(sweep, sweep.seed())?;
        let loaded: Vec<Result<(Expected, Vec<Expectation>), Problems>> = (0..design.points())
            .into_par_iter()
            .map(|point| Ok(expected(sweep.point(&design.values(point))?)))
            .collect();
        let points = loaded.len();
        let mut expected = Vec::with_capacity(points);
        let mut expectations = Vec::new();
        let mut wrong = Vec::new();
        for point in loaded {
            match point {
                Ok((point, expects)) => {
                    expected.push(point);
                    expectations = expects;
                }
                Err(problems) if wrong.len() < MOST_WRONG => wrong.push(problems),
                Err(_) => {}
            }
        }
        if !wrong.is_empty() {
            return Err(sweep.together(wrong));
        }
        let toml = sweep.to_toml();
        let plan = Self {
            sweep,
            design,
            expected,
            expectations,
            hash: Identity::new(toml.clone(), 0, 0).scenario_hash,
            toml,
        };
        plan.refuse_idle_axes()?;
        Ok(plan)
    }

    /// Runs at least: points times replicates.
    pub fn runs(&self) -> u64 {
        self.design.points() as u64 * self.design.spec.replicates
    }

    /// The scenario of a point.
    ///
    /// # Panics
    /// If it is not valid, although it was when the plan was made.
    pub fn point(&self, point: usize) -> LoadedPoint {
        let loaded = self.sweep.point(&self.design.values(point));
        loaded.unwrap_or_else(|problems| panic!("point {point} was valid before: {problems}"))
    }

    /// Which run is a replicate of a point.
    pub fn identity(&self, point: usize, loaded: &LoadedPoint, replicate: u64) -> Identity {
        let number = self.design.replicate(point, replicate);
        Identity::new(loaded.toml.clone(), loaded.scenario.seed, number)
    }

    /// Two points with the same scenario are one, and an axis whose values all give the same
    /// scenario changes nothing.
    fn refuse_idle_axes(&self) -> Result<(), Problems> {
        for axis in 0..self.design.spec.axes.len() {
            let values = &self.design.spec.axes[axis].values;
            let first = self.with_value(axis, &values[0]);
            let same = values[1..].iter().find(|value| {
                let other = self.with_value(axis, value);
                first.is_some() && first == other
            });
            if let (Some(same), Layout::Grid) = (same, self.design.spec.layout) {
                let message = format!(
                    "`{}` changes nothing here",
                    self.design.spec.axes[axis].name
                );
                let label = format!("{} and {} mean the same", values[0].text, same.text);
                return Err(self.sweep.problem_of_axis(axis, &message, &label));
            }
        }
        if self.design.spec.layout == Layout::Grid {
            return self.refuse_equal_points();
        }
        Ok(())
    }

    fn refuse_equal_points(&self) -> Result<(), Problems> {
        let mut order: Vec<usize> = (0..self.design.points()).collect();
        order.sort_by_key(|point| (&self.expected[*point].scenario_hash, *point));
        let hash = |point: usize| &self.expected[point].scenario_hash;
        let Some(pair) = order.windows(2).find(|pair| hash(pair[0]) == hash(pair[1])) else {
            return Ok(());
        };
        let (one, other) = (self.design.levels(pair[0]), self.design.levels(pair[1]));
        let axis = (0..one.len()).rfind(|axis| one[*axis] != other[*axis]);
        let axis = axis.unwrap_or_default();
        let label = format!(
            "{} and {} mean the same",
            self.design.value(pair[0], axis).text,
            self.design.value(pair[1], axis).text
        );
        let message = "two points are the same scenario";
        Err(self.sweep.problem_of_axis(axis, message, &label))
    }

    /// The scenario of the first point with another value of an axis; `None` if it is not valid.
    fn with_value(&self, axis: usize, value: &AxisValue) -> Option<String> {
        let mut values = self.design.values(0);
        values[axis] = value;
        self.sweep.point(&values).ok().map(|point| point.toml)
    }
}

fn expected(point: LoadedPoint) -> (Expected, Vec<Expectation>) {
    let scenario = point.scenario;
    let expected = Expected {
        requests: scenario.expected_requests(),
        events: scenario.expected_events(),
        sessions: scenario.expected_live_sessions(),
        warmup: scenario.warmup,
        seed: scenario.seed,
        scenario_hash: Identity::new(point.toml, scenario.seed, 0).scenario_hash,
    };
    (expected, scenario.expect)
}
