//! Which point is the best, which ones are on the front, and whether the expectations hold.

use std::cmp::Ordering;

use crate::scenario::sweep::{Gate, Objective, Sense, Subject};

use super::analysis::Results;

/// The best point.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Its number.
    pub point: usize,
    /// The next best, if there is one.
    pub runner_up: Option<usize>,
    /// The objective that decided between them, by its number; `None` if they are equal in all.
    pub decided_by: Option<usize>,
    /// Number of points that meet the expectations.
    pub of: usize,
}

/// An expectation, and at which points it fails although the sweep's gate asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gated {
    /// Number of the expectation.
    pub expectation: usize,
    /// Points at which it was to hold and does not.
    pub fails_at: Vec<usize>,
    /// Points at which it was to hold.
    pub asked_of: usize,
}

impl Results<'_> {
    /// What an objective looks at, at a point.
    pub fn objective(&self, point: usize, objective: &Objective) -> Option<f64> {
        match &objective.subject {
            Subject::Axis(axis) => self.plan.design.value(point, *axis).number(),
            Subject::Metric(name) => {
                let estimate = self.estimate(point, self.metric(name))?;
                Some(estimate.mean)
            }
        }
    }

    /// The best of the points that meet all expectations; `None` if none does, or if nothing says
    /// what is good.
    pub fn best(&self) -> Option<Best> {
        let objectives = &self.plan.design.spec.best;
        if objectives.is_empty() {
            return None;
        }
        let mut ranked: Vec<(usize, Vec<Option<f64>>)> = (0..self.points())
            .filter(|point| self.meets(*point))
            .map(|point| (point, self.scores(point, objectives)))
            .collect();
        // The sort is stable: of equal points the first is the best.
        ranked.sort_by(|(_, one), (_, other)| {
            let pairs = objectives.iter().zip(one.iter().zip(other));
            pairs
                .map(|(objective, (one, other))| better(objective.sense, *one, *other))
                .find(|ordering| ordering.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        let (point, scores) = ranked.first()?;
        let runner_up = ranked.get(1);
        let decided_by = runner_up.and_then(|(_, other)| {
            let pairs = objectives.iter().zip(scores.iter().zip(other));
            pairs
                .map(|(objective, (one, other))| better(objective.sense, *one, *other))
                .position(Ordering::is_ne)
        });
        Some(Best {
            point: *point,
            runner_up: runner_up.map(|(point, _)| *point),
            decided_by,
            of: ranked.len(),
        })
    }

    fn scores(&self, point: usize, objectives: &[Objective]) -> Vec<Option<f64>> {
        objectives
            .iter()
            .map(|objective| self.objective(point, objective))
            .collect()
    }

    /// The points that no other is better than in one objective and at least as good in all.
    pub fn front(&self) -> Vec<usize> {
        let objectives = &self.plan.design.spec.pareto;
        if objectives.is_empty() {
            return Vec::new();
        }
        // In order of the first objective, so that most points meet one that is better early.
        let mut points: Vec<(usize, Vec<Option<f64>>)> = (0..self.points())
            .filter(|point| self.is_whole(*point))
            .map(|point| (point, self.scores(point, objectives)))
            .filter(|(_, scores)| scores.iter().all(Option::is_some))
            .collect();
        points.sort_by(|(_, one), (_, other)| better(objectives[0].sense, one[0], other[0]));
        let mut front: Vec<(usize, Vec<Option<f64>>)> = Vec::new();
        for (point, scores) in points {
            if front
                .iter()
                .any(|(_, other)| dominates(objectives, other, &scores))
            {
                continue;
            }
            front.retain(|(_, other)| !dominates(objectives, &scores, other));
            front.push((point, scores));
        }
        let mut numbers: Vec<usize> = front.into_iter().map(|(point, _)| point).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Which expectations fail where they were to hold.
    pub fn gated(&self) -> Vec<Gated> {
        let gate = &self.plan.design.spec.gate;
        let asked: Vec<usize> = match gate {
            Gate::Nothing => Vec::new(),
            Gate::Point(named) => vec![self.plan.design.named[*named]],
            Gate::Every | Gate::Worst | Gate::Some => (0..self.points()).collect(),
        };
        // Where one point that meets them all suffices, nothing fails if there is one.
        let suffices = *gate == Gate::Some && asked.iter().any(|point| self.meets(*point));
        let mut gated: Vec<Gated> = (0..self.plan.expectations.len())
            .map(|expectation| Gated {
                expectation,
                fails_at: Vec::new(),
                asked_of: asked.len(),
            })
            .collect();
        if suffices {
            return gated;
        }
        for point in asked {
            for (judged, gated) in self.judged(point).iter().zip(&mut gated) {
                let holds = match gate {
                    Gate::Worst => judged.always_holds,
                    _ => judged.holds,
                };
                if !holds {
                    gated.fails_at.push(point);
                }
            }
        }
        gated
    }

    /// Whether the expectations hold where the gate asks for them. Where any point will do, each
    /// may fail somewhere, but one point must meet all.
    pub fn is_met(&self) -> bool {
        match self.plan.design.spec.gate {
            Gate::Some => {
                self.plan.expectations.is_empty()
                    || (0..self.points()).any(|point| self.meets(point))
            }
            _ => self.gated().iter().all(|gated| gated.fails_at.is_empty()),
        }
    }
}

/// `Less` if `one` is better; a value is better than none.
fn better(sense: Sense, one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(one), Some(other)) => match sense {
            Sense::Lowest => one.total_cmp(&other),
            Sense::Highest => other.total_cmp(&one),
        },
    }
}

fn dominates(objectives: &[Objective], one: &[Option<f64>], other: &[Option<f64>]) -> bool {
    let mut better_once = false;
    for (objective, (one, other)) in objectives.iter().zip(one.iter().zip(other)) {
        match better(objective.sense, *one, *other) {
            Ordering::Less => better_once = true,
            Ordering::Equal => {}
            Ordering::Greater => return false,
        }
    }
    better_once
}
