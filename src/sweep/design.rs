//! The points of a sweep: which values go together.
//!
//! Axes that are zipped move as one; each of these groups and each other axis is a *factor*. A grid
//! has every combination of the levels of its factors, the last one changing fastest. A Latin
//! hypercube of n points divides each factor into n equal parts and takes each part once, in an
//! order of its own (`McKay`, Beckman and Conover, Technometrics 21, 1979), at the middle of each
//! part. Constraints leave out points afterwards; numbers of points count what is left.

use rand::Rng;

use crate::kernel::streams::Streams;
use crate::scenario::Problems;
use crate::scenario::estimates::in_words;
use crate::scenario::sweep::{Axis, AxisValue, Layout, MAX_POINTS, MAX_RUNS, Sweep, SweepSpec};

/// The points of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The sweep.
    pub spec: SweepSpec,
    /// The level of each axis for each point, point by point.
    levels: Vec<u32>,
    /// For each named point its number.
    pub named: Vec<usize>,
    /// The seed with which a Latin hypercube was mixed.
    pub seed: u64,
}

/// Axes that move together.
#[derive(Debug)]
struct Factor {
    axes: Vec<usize>,
    levels: usize,
}

impl Design {
    /// Lays out the points of `sweep`; `seed` mixes a Latin hypercube.
    ///
    /// # Errors
    /// Too many points or none, zipped axes of unequal length, a condition that makes no sense, a
    /// name that fits no point or several.
    pub fn new(sweep: &Sweep<'_>, seed: u64) -> Result<Self, Problems> {
        let spec = &sweep.spec;
        let factors = factors(sweep)?;
        let all = match spec.layout {
            Layout::Grid => grid(sweep, &factors)?,
            Layout::LatinHypercube => latin_hypercube(spec, &factors, seed),
        };
        let mut design = Self {
            spec: spec.clone(),
            levels: Vec::new(),
            named: Vec::new(),
            seed,
        };
        for levels in all.chunks_exact(spec.axes.len()) {
            if design.is_wanted(sweep, levels)? {
                design.levels.extend_from_slice(levels);
            }
        }
        if design.points() == 0 {
            return Err(sweep.problem_of_all(
                "the constraints leave no point",
                "each of them must hold for at least one point",
            ));
        }
        let runs = design.points() as u64 * spec.replicates;
        if runs > MAX_RUNS {
            let message = format!(
                "{} points with {} runs each are {} runs; at most {} can be made",
                design.points(),
                spec.replicates,
                in_words(runs as f64),
                in_words(MAX_RUNS as f64)
            );
            let hint = "make `replicates` smaller, or the sweep";
            return Err(sweep.problem_of_all(&message, hint));
        }
        design.named = design.find_named(sweep)?;
        Ok(design)
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.levels.len() / self.spec.axes.len()
    }

    /// The level of each axis at a point.
    pub fn levels(&self, point: usize) -> &[u32] {
        let axes = self.spec.axes.len();
        &self.levels[point * axes..][..axes]
    }

    /// The value of an axis at a point.
    pub fn value(&self, point: usize, axis: usize) -> &AxisValue {
        value(&self.spec.axes, self.levels(point), axis)
    }

    /// The value of each axis at a point.
    pub fn values(&self, point: usize) -> Vec<&AxisValue> {
        (0..self.spec.axes.len())
            .map(|axis| self.value(point, axis))
            .collect()
    }

    /// A point in words: `shards = 3, ttl = 12h`.
    pub fn describe(&self, point: usize) -> String {
        let pairs = self.spec.axes.iter().zip(self.values(point));
        let pairs: Vec<String> = pairs
            .map(|(axis, value)| format!("{} = {}", axis.name, value.shown()))
            .collect();
        pairs.join(", ")
    }

    /// The name of a point, if it has one.
    pub fn name(&self, point: usize) -> Option<&str> {
        let found = self.named.iter().position(|named| *named == point)?;
        Some(&self.spec.named[found].name)
    }

    /// The point that the others are compared with.
    pub fn reference(&self) -> usize {
        self.spec.reference.map_or(0, |named| self.named[named])
    }

    /// The number of the replicate as the simulation knows it: points with random numbers of their
    /// own never share one.
    pub fn replicate(&self, point: usize, replicate: u64) -> u64 {
        match self.spec.random_numbers {
            crate::scenario::sweep::RandomNumbers::Common => replicate,
            crate::scenario::sweep::RandomNumbers::Independent => {
                point as u64 * MAX_RUNS + replicate
            }
        }
    }

    fn is_wanted(&self, sweep: &Sweep<'_>, levels: &[u32]) -> Result<bool, Problems> {
        let value = |axis: usize| value(&self.spec.axes, levels, axis);
        let mut wanted = true;
        for condition in &self.spec.constraints {
            let holds = condition.holds(&value);
            let message = "this constraint makes no sense";
            wanted &= holds.map_err(|why| sweep.problem_of_condition(condition, message, &why))?;
        }
        Ok(wanted)
    }

    fn find_named(&self, sweep: &Sweep<'_>) -> Result<Vec<usize>, Problems> {
        let mut found = Vec::with_capacity(self.spec.named.len());
        for named in &self.spec.named {
            let problem = |message: &str, label: &str| {
                Err(sweep.problem_of_condition(&named.at, message, label))
            };
            let mut fitting = Vec::new();
            for point in 0..self.points() {
                match named.at.holds(&|axis| self.value(point, axis)) {
                    Ok(true) => fitting.push(point),
                    Ok(false) => {}
                    Err(why) => return problem("this condition makes no sense", &why),
                }
            }
            match fitting[..] {
                [] => return problem(&format!("no point is `{}`", named.name), ""),
                [point] => found.push(point),
                [one, other, ..] => {
                    let label = format!(
                        "{} of them: for example {} and {}",
                        fitting.len(),
                        self.describe(one),
                        self.describe(other)
                    );
                    return problem(&format!("several points are `{}`", named.name), &label);
                }
            }
        }
        Ok(found)
    }
}

fn value<'a>(axes: &'a [Axis], levels: &[u32], axis: usize) -> &'a AxisValue {
    &axes[axis].values[levels[axis] as usize]
}

fn factors(sweep: &Sweep<'_>) -> Result<Vec<Factor>, Problems> {
    let axes = &sweep.spec.axes;
    let mut factors: Vec<Factor> = Vec::new();
    for (number, axis) in axes.iter().enumerate() {
        let group = factors
            .iter_mut()
            .find(|factor| axis.zip.is_some() && axes[factor.axes[0]].zip == axis.zip);
        match group {
            None => factors.push(Factor {
                axes: vec![number],
                levels: axis.values.len(),
            }),
            Some(factor) if factor.levels == axis.values.len() => factor.axes.push(number),
            Some(factor) => {
                let label = format!(
                    "{} values here, {} of `{}`",
                    axis.values.len(),
                    factor.levels,
                    axes[factor.axes[0]].name
                );
                let message = "axes that move together need equally many values";
                return Err(sweep.problem_of_axis(number, message, &label));
            }
        }
    }
    Ok(factors)
}

fn grid(sweep: &Sweep<'_>, factors: &[Factor]) -> Result<Vec<u32>, Problems> {
    let combinations = factors
        .iter()
        .map(|factor| factor.levels as f64)
        .product::<f64>();
    if combinations > MAX_POINTS as f64 {
        let sizes: Vec<String> = factors
            .iter()
            .map(|factor| factor.levels.to_string())
            .collect();
        let message = format!(
            "this grid has {} points ({}); at most {} can be laid out",
            in_words(combinations),
            sizes.join(" x "),
            in_words(MAX_POINTS as f64)
        );
        let hint = "give its axes fewer values, or write layout = \"latin-hypercube\" and samples";
        return Err(sweep.problem_of_all(&message, hint));
    }
    let axes = sweep.spec.axes.len();
    let points = combinations as usize;
    let mut levels = vec![0; points * axes];
    for (point, levels) in levels.chunks_exact_mut(axes).enumerate() {
        let mut rest = point;
        for factor in factors.iter().rev() {
            for axis in &factor.axes {
                levels[*axis] = (rest % factor.levels) as u32;
            }
            rest /= factor.levels;
        }
    }
    Ok(levels)
}

fn latin_hypercube(spec: &SweepSpec, factors: &[Factor], seed: u64) -> Vec<u32> {
    let (points, axes) = (spec.samples as usize, spec.axes.len());
    let mut levels = vec![0; points * axes];
    for factor in factors {
        let first = &spec.axes[factor.axes[0]].name;
        let mut rng = Streams::new(seed, 0).stream(&format!("latin hypercube/{first}"));
        let mut parts: Vec<usize> = (0..points).collect();
        // Fisher and Yates; the bias of a remainder of 64 bits is far below any use.
        for place in (1..points).rev() {
            parts.swap(place, (rng.next_u64() % (place as u64 + 1)) as usize);
        }
        for (point, part) in parts.into_iter().enumerate() {
            // The middle of the part.
            let level = (2 * part + 1) * factor.levels / (2 * points);
            for axis in &factor.axes {
                levels[point * axes + axis] = level as u32;
            }
        }
    }
    levels
}
