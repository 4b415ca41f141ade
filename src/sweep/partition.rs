//! Parts of a sweep, computed apart, and how they become one again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::report::identity::RESULTS_VERSION;

use super::plan::Plan;
use super::records::{Outcome, Record, Stored, checksum};
use super::runs::Outcomes;

/// A part of the points: those whose number leaves `index - 1` when divided by `of`, so that
/// neighbours, which cost alike, go to different parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Which part, from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// Most parts.
const MAX_PARTS: u64 = 100_000;

impl Slice {
    /// The `index`-th of `of` parts.
    ///
    /// # Errors
    /// There is no such part.
    pub fn new(index: u64, of: u64) -> Result<Self, String> {
        if of == 0 || of > MAX_PARTS {
            return Err(format!("a sweep has 1 to {MAX_PARTS} parts, not {of}"));
        }
        if index == 0 || index > of {
            return Err(format!(
                "parts are counted from 1 to {of}; there is no part {index}"
            ));
        }
        Ok(Self { index, of })
    }

    /// Whether a point belongs to it.
    pub fn has(self, point: usize) -> bool {
        point as u64 % self.of == self.index - 1
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slice:{}/{}", self.index, self.of)
    }
}

impl FromStr for Slice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "write slice:2/8 for the second of eight parts".to_owned();
        let (index, of) = text
            .strip_prefix("slice:")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(form)?;
        let index = index.parse().map_err(|_| form())?;
        let of = of.parse().map_err(|_| form())?;
        Self::new(index, of)
    }
}

/// The file of a part: what it belongs to, and the records of its points.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Version of this form.
    schema_version: u32,
    /// Name of the scenario's file, which other files are relative to.
    pub file: String,
    /// The sweep as a text that stands alone.
    pub sweep_toml: String,
    /// SHA-256 of that text.
    pub sweep_sha256: String,
    /// Version of the results.
    pub results_version: u32,
    /// Version of the program.
    pub sessionsim_version: String,
    /// Which part.
    pub slice: Slice,
    points: Vec<PartPoint>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartPoint {
    point: usize,
    scenario_sha256: String,
    runs: Vec<PartRun>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PartRun {
    Done(Stored),
    Failed(String),
}

/// The only form so far.
const SCHEMA_VERSION: u32 = 1;

impl Part {
    /// The part `slice` of a sweep, whose scenario is in `file`.
    pub fn new(plan: &Plan<'_>, file: &str, slice: Slice, outcomes: &Outcomes) -> Self {
        let points = outcomes.iter().enumerate();
        let points = points.filter(|(point, _)| slice.has(*point));
        Self {
            schema_version: SCHEMA_VERSION,
            file: file.to_owned(),
            sweep_toml: plan.toml.clone(),
            sweep_sha256: plan.hash.clone(),
            results_version: RESULTS_VERSION,
            sessionsim_version: env!("CARGO_PKG_VERSION").to_owned(),
            slice,
            points: points
                .map(|(point, outcomes)| PartPoint {
                    point,
                    scenario_sha256: plan.expected[point].scenario_hash.clone(),
                    runs: outcomes
                        .iter()
                        .map(|outcome| match outcome {
                            Outcome::Done(record) => PartRun::Done(record.stored()),
                            Outcome::Failed(why) => PartRun::Failed(why.clone()),
                        })
                        .collect(),
                })
                .collect(),
        }
    }

    /// As text, with a checksum.
    pub fn to_text(&self) -> String {
        let line = serde_json::to_string(self).expect("texts and whole numbers");
        let hash = checksum(&line);
        format!("{line}\n{hash}\n")
    }

    /// From text.
    ///
    /// # Errors
    /// It is damaged, or of another version.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let whole = text
            .split_once('\n')
            .filter(|(line, hash)| hash.strip_suffix('\n') == Some(&checksum(line)));
        let (line, _) = whole.ok_or("it is damaged or incomplete")?;
        let part: Self = serde_json::from_str(line)
            .map_err(|error| format!("it is no part of a sweep of this version: {error}"))?;
        if part.schema_version != SCHEMA_VERSION {
            return Err("it is of another version of sessionsim".to_owned());
        }
        if part.results_version != RESULTS_VERSION {
            return Err(format!(
                "its results are of version {}; this program makes version {RESULTS_VERSION}",
                part.results_version
            ));
        }
        if part.sweep_sha256 != checksum(&part.sweep_toml) {
            return Err("its text of the sweep is another than it says".to_owned());
        }
        Ok(part)
    }
}

/// What several parts lack to be one sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// They do not belong together.
    Foreign(String),
    /// Points of no part.
    Missing(Vec<usize>),
}

/// The outcomes of all points, from the parts, each with the name of its folder.
///
/// # Errors
/// Parts that do not belong together, or points that are missing.
pub fn merge(plan: &Plan<'_>, parts: Vec<(String, Part)>) -> Result<Outcomes, Mismatch> {
    let points = plan.design.points();
    let mut outcomes: Outcomes = vec![Vec::new(); points];
    let mut from: Vec<Option<String>> = vec![None; points];
    for (name, part) in parts {
        for point in part.points {
            let number = point.point;
            let foreign = |why: &str| Mismatch::Foreign(format!("`{name}`: {why}"));
            let Some(origin) = from.get_mut(number) else {
                return Err(foreign(&format!(
                    "it has a point {number}, which the sweep lacks"
                )));
            };
            if point.scenario_sha256 != plan.expected[number].scenario_hash {
                return Err(foreign(&format!(
                    "its point {number} is another scenario than here: files that the scenario \
                     names have changed"
                )));
            }
            if let Some(other) = origin.replace(name.clone()) {
                return Err(foreign(&format!("it has point {number}, as `{other}` has")));
            }
            let runs = point.runs.into_iter().map(|run| match run {
                PartRun::Done(stored) => Record::from_stored(stored).map(Outcome::Done),
                PartRun::Failed(why) => Some(Outcome::Failed(why)),
            });
            outcomes[number] = runs
                .collect::<Option<Vec<Outcome>>>()
                .ok_or_else(|| foreign("its metrics are those of another version"))?;
        }
    }
    let missing: Vec<usize> = (0..points)
        .filter(|point| outcomes[*point].is_empty())
        .collect();
    if missing.is_empty() {
        Ok(outcomes)
    } else {
        Err(Mismatch::Missing(missing))
    }
}
