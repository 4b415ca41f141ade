//! A sweep as its files have it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::sync::OnceLock;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::metrics::catalogue::{Metric, catalogue};
use crate::sweep::document::SCHEMA_VERSION;

/// The files that the page of a sweep is made of.
pub const SWEEP_FILES: [&str; 3] = ["sweep.json", "sensitivity.csv", "sweep.toml"];

/// A sweep.
pub struct SavedSweep {
    /// `sweep.json`.
    pub document: Document,
    /// `sensitivity.csv`.
    pub effects: Vec<Effect>,
    /// `sweep.toml`.
    pub toml: String,
    /// All metrics; those of points have their places.
    pub catalogue: Vec<Metric>,
}

/// `sweep.json`, as far as a page shows it.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Document {
    pub schema_version: u32,
    pub scenario: String,
    pub sweep_sha256: String,
    pub results_version: u32,
    pub sessionsim_version: String,
    pub met: bool,
    pub confidence: f64,
    pub layout: String,
    pub reference: usize,
    pub best: Option<Best>,
    pub pareto: Vec<usize>,
    pub objectives: Objectives,
    pub expectations: Vec<Expected>,
    pub failed: Vec<FailedRun>,
    pub drifting: Vec<Drifting>,
    pub axes_without_effect: Vec<String>,
    pub axes: Vec<Axis>,
    pub points: Vec<Point>,
}

/// The best point.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Best {
    pub point: usize,
    pub runner_up: Option<usize>,
    pub reason: String,
}

/// What makes a point better than another.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Objectives {
    pub best: Vec<Objective>,
    pub pareto: Vec<Objective>,
}

/// A metric or an axis, and which way it is better.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Objective {
    pub that: String,
    pub metric: Option<String>,
    pub axis: Option<String>,
}

/// An expectation.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Expected {
    pub that: String,
    pub why: String,
    pub metric: String,
    pub class: Option<String>,
    pub asked_of: usize,
    pub fails_at: Vec<usize>,
}

/// A run that failed.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct FailedRun {
    pub point: usize,
    pub replicate: usize,
    pub why: String,
}

/// A point that still moved after its warm-up.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Drifting {
    pub point: usize,
    pub first_half: f64,
    pub second_half: f64,
}

/// An axis.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Axis {
    pub name: String,
    pub key: String,
    pub values: Vec<String>,
    pub unit: Option<String>,
    pub numbers: Vec<Option<f64>>,
}

/// A point.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Point {
    pub name: Option<String>,
    pub values: BTreeMap<String, String>,
    pub meets: bool,
    pub expectations: Vec<Judged>,
    pub warnings: Vec<String>,
    pub metrics: Means,
}

/// What became of an expectation at a point.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Judged {
    pub mean: Option<f64>,
    pub holds: bool,
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Mean {
    pub runs: u64,
    #[serde(rename = "mean")]
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// The means that a point has, by the places of their metrics in the catalogue. Of a sweep with
/// very many points names would take most of the memory.
#[derive(Debug, Default)]
pub struct Means(Vec<(u16, Mean)>);

impl Means {
    /// That of a metric.
    pub fn of(&self, place: usize) -> Option<Mean> {
        let place = u16::try_from(place).ok()?;
        let found = self.0.iter().find(|(metric, _)| *metric == place);
        found.map(|(_, mean)| *mean)
    }
}

impl<'de> Deserialize<'de> for Means {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named(&'static BTreeMap<String, u16>);
        impl<'de> Visitor<'de> for Named {
            type Value = Means;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("means by metric")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Means, A::Error> {
                let mut means = Vec::new();
                while let Some((name, mean)) = map.next_entry::<String, Option<Mean>>()? {
                    if let (Some(place), Some(mean)) = (self.0.get(&name), mean) {
                        means.push((*place, mean));
                    }
                }
                Ok(Means(means))
            }
        }
        deserializer.deserialize_map(Named(places()))
    }
}

/// The places of all metrics, which are asked for at every point.
fn places() -> &'static BTreeMap<String, u16> {
    static PLACES: OnceLock<BTreeMap<String, u16>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let names = catalogue()
            .into_iter()
            .map(|metric| metric.name.to_string());
        names.zip(0..).collect()
    })
}

/// What an axis does to a metric.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of the file")]
pub struct Effect {
    pub axis: String,
    pub metric: String,
    pub share: f64,
    pub lowest: f64,
    pub lowest_at: String,
    pub highest: f64,
    pub highest_at: String,
}

impl SavedSweep {
    /// Reads the files, in the order of [`SWEEP_FILES`].
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn read(document: impl Read, effects: impl Read, toml: String) -> Result<Self, String> {
        let document: Document = serde_json::from_reader(document)
            .map_err(|error| format!("sweep.json is malformed: {error}"))?;
        if document.schema_version != SCHEMA_VERSION {
            return Err(format!(
                "sweep.json has version {}, and this program reads version {SCHEMA_VERSION}",
                document.schema_version
            ));
        }
        let mut reader = csv::Reader::from_reader(effects);
        let effects = reader.deserialize().collect::<Result<Vec<Effect>, _>>();
        let effects = effects.map_err(|error| format!("sensitivity.csv is malformed: {error}"))?;
        let saved = Self {
            document,
            effects,
            toml,
            catalogue: catalogue(),
        };
        saved.check()?;
        Ok(saved)
    }

    /// Whatever a page takes for granted.
    fn check(&self) -> Result<(), String> {
        let document = &self.document;
        let points = document.points.len();
        let judged = document.expectations.len();
        let best = document.best.iter();
        let best = best.flat_map(|best| [Some(best.point), best.runner_up]);
        let named = best
            .flatten()
            .chain([document.reference])
            .chain(document.pareto.iter().copied())
            .chain(document.failed.iter().map(|failed| failed.point))
            .chain(document.drifting.iter().map(|drifting| drifting.point));
        let sound = points > 0
            && named.into_iter().all(|point| point < points)
            && document
                .axes
                .iter()
                .all(|axis| axis.numbers.len() == axis.values.len())
            && document
                .points
                .iter()
                .all(|point| point.expectations.len() == judged)
            && (0..points).all(|point| {
                let axes = 0..document.axes.len();
                axes.into_iter()
                    .all(|axis| self.level_of(point, axis).is_some())
            });
        if sound {
            Ok(())
        } else {
            Err("sweep.json contradicts itself".to_owned())
        }
    }

    fn level_of(&self, point: usize, axis: usize) -> Option<usize> {
        let axis = &self.document.axes[axis];
        let value = self.document.points[point].values.get(&axis.name)?;
        axis.values.iter().position(|one| one == value)
    }

    /// Which of an axis' values a point has.
    pub fn level(&self, point: usize, axis: usize) -> usize {
        self.level_of(point, axis).unwrap_or_default()
    }

    /// A point in words: `shards = 3, ttl = 12h`.
    pub fn describe(&self, point: usize) -> String {
        let axes = self.document.axes.iter();
        let words = axes.map(|axis| {
            let value = self.document.points[point].values.get(&axis.name);
            format!("{} = {}", axis.name, value.map_or("", |value| value))
        });
        words.collect::<Vec<String>>().join(", ")
    }

    /// The place of a metric.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.catalogue.iter().position(|metric| metric.name == name)
    }
}
