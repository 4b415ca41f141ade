//! `sweep.json`: the results for machines.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::report::identity::RESULTS_VERSION;
use crate::scenario::sweep::{Axis, AxisValue, Objective, Subject, SweepSpec};

use super::analysis::{Judged, Results};
use super::interval::Estimate;

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    scenario: &'a str,
    sweep_sha256: &'a str,
    results_version: u32,
    sessionsim_version: &'static str,
    complete: bool,
    met: bool,
    confidence: f64,
    layout: &'static str,
    reference: usize,
    best: Option<BestPoint>,
    pareto: Vec<usize>,
    objectives: Objectives<'a>,
    expectations: Vec<Expected<'a>>,
    failed: Vec<FailedRun<'a>>,
    drifting: Vec<DriftingPoint>,
    axes_without_effect: Vec<&'a str>,
    axes: Vec<AxisOf<'a>>,
    points: Points<'a>,
}

/// The points, of which one at a time is in memory.
struct Points<'a>(&'a Results<'a>);

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.0.points()).map(|number| point(self.0, number)))
    }
}

#[derive(Serialize)]
struct BestPoint {
    point: usize,
    runner_up: Option<usize>,
    decided_by: Option<String>,
    reason: String,
}

#[derive(Serialize)]
struct Objectives<'a> {
    best: Vec<ObjectiveOf<'a>>,
    pareto: Vec<ObjectiveOf<'a>>,
}

/// What is looked at is a metric or an axis.
#[derive(Serialize)]
struct ObjectiveOf<'a> {
    that: &'a str,
    metric: Option<&'a str>,
    axis: Option<&'a str>,
}

#[derive(Serialize)]
struct Expected<'a> {
    that: String,
    why: &'a str,
    metric: &'a str,
    class: Option<&'a str>,
    asked_of: usize,
    fails_at: Vec<usize>,
}

#[derive(Serialize)]
struct FailedRun<'a> {
    point: usize,
    replicate: usize,
    why: &'a str,
}

#[derive(Serialize)]
struct DriftingPoint {
    point: usize,
    first_half: f64,
    second_half: f64,
}

#[derive(Serialize)]
struct AxisOf<'a> {
    name: &'a str,
    key: &'a str,
    values: Vec<&'a str>,
    unit: Option<&'static str>,
    numbers: Vec<Option<f64>>,
}

#[derive(Serialize)]
struct Point<'a> {
    #[serde(rename = "point")]
    number: usize,
    name: Option<&'a str>,
    values: BTreeMap<&'a str, &'a str>,
    scenario_sha256: &'a str,
    seed: u64,
    warmup_seconds: f64,
    meets: bool,
    expectations: Vec<JudgedAt>,
    warnings: &'a [String],
    metrics: BTreeMap<&'a str, Option<Mean>>,
}

#[derive(Serialize)]
struct JudgedAt {
    that: String,
    mean: Option<f64>,
    holds: bool,
    always_holds: bool,
    close: bool,
}

/// A mean with its interval.
#[derive(Serialize)]
struct Mean {
    runs: u64,
    #[serde(rename = "mean")]
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl From<Estimate> for Mean {
    fn from(estimate: Estimate) -> Self {
        let interval = estimate.interval();
        Self {
            runs: estimate.count,
            value: estimate.mean,
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        }
    }
}

/// Writes `sweep.json`.
///
/// # Errors
/// It cannot be written.
pub fn document(results: &Results<'_>, to: &mut dyn Write) -> io::Result<()> {
    let plan = results.plan;
    let spec = &plan.design.spec;
    let failed = results.failed();
    let best = results.best();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        scenario: &plan.sweep.name,
        sweep_sha256: &plan.hash,
        results_version: RESULTS_VERSION,
        sessionsim_version: env!("CARGO_PKG_VERSION"),
        complete: failed.is_empty(),
        met: results.is_met(),
        confidence: results.confidence(),
        layout: spec.layout.as_str(),
        reference: plan.design.reference(),
        best: best.map(|best| BestPoint {
            point: best.point,
            runner_up: best.runner_up,
            decided_by: best.decided_by.map(|place| spec.best[place].text.clone()),
            reason: super::text::reason(results, &best),
        }),
        pareto: results.front(),
        objectives: Objectives {
            best: objectives(spec, &spec.best),
            pareto: objectives(spec, &spec.pareto),
        },
        expectations: expectations(results),
        failed: failed
            .iter()
            .map(|failed| FailedRun {
                point: failed.point,
                replicate: failed.replicate,
                why: failed.why,
            })
            .collect(),
        drifting: results
            .drifting()
            .iter()
            .map(|drift| DriftingPoint {
                point: drift.point,
                first_half: drift.first,
                second_half: drift.second,
            })
            .collect(),
        axes_without_effect: results
            .idle_axes()
            .into_iter()
            .map(|axis| &*spec.axes[axis].name)
            .collect(),
        axes: spec.axes.iter().map(axis_of).collect(),
        points: Points(results),
    };
    serde_json::to_writer_pretty(&mut *to, &document)?;
    to.write_all(b"\n")
}

fn objectives<'a>(spec: &'a SweepSpec, list: &'a [Objective]) -> Vec<ObjectiveOf<'a>> {
    let objectives = list.iter().map(|objective| {
        let (metric, axis) = match &objective.subject {
            Subject::Metric(name) => (Some(&**name), None),
            Subject::Axis(axis) => (None, Some(&*spec.axes[*axis].name)),
        };
        ObjectiveOf {
            that: &objective.text,
            metric,
            axis,
        }
    });
    objectives.collect()
}

fn axis_of(axis: &Axis) -> AxisOf<'_> {
    let measured = axis.values.iter().map(AxisValue::measured);
    let measured: Vec<Option<(f64, &str)>> = measured.collect();
    AxisOf {
        name: &axis.name,
        key: &axis.key,
        values: axis.values.iter().map(AxisValue::shown).collect(),
        unit: measured.iter().flatten().map(|(_, unit)| *unit).next(),
        numbers: measured
            .iter()
            .map(|value| value.map(|(number, _)| number))
            .collect(),
    }
}

fn expectations<'a>(results: &'a Results<'_>) -> Vec<Expected<'a>> {
    let expectations = &results.plan.expectations;
    let gated = results.gated().into_iter().map(|gated| Expected {
        that: expectations[gated.expectation].in_full(),
        why: &expectations[gated.expectation].why,
        metric: &expectations[gated.expectation].metric,
        class: expectations[gated.expectation].class.as_deref(),
        asked_of: gated.asked_of,
        fails_at: gated.fails_at,
    });
    gated.collect()
}

fn point<'a>(results: &'a Results<'_>, point: usize) -> Point<'a> {
    let design = &results.plan.design;
    let axes = design.spec.axes.iter();
    let metrics = results.catalogue.iter().enumerate();
    Point {
        number: point,
        name: design.name(point),
        values: axes
            .zip(design.values(point))
            .map(|(axis, value)| (&*axis.name, value.shown()))
            .collect(),
        scenario_sha256: &results.plan.expected[point].scenario_hash,
        seed: results.plan.expected[point].seed,
        warmup_seconds: results.plan.expected[point].warmup.seconds(),
        meets: results.meets(point),
        expectations: results.judged(point).iter().map(judged_at).collect(),
        warnings: results
            .records(point)
            .next()
            .map_or(&[], |record| &record.warnings),
        metrics: metrics
            .map(|(place, metric)| {
                let estimate = results.estimate(point, place);
                (&*metric.name, estimate.map(Mean::from))
            })
            .collect(),
    }
}

fn judged_at(judged: &Judged<'_>) -> JudgedAt {
    JudgedAt {
        that: judged.expectation.in_full(),
        mean: judged.estimate.map(|estimate| estimate.mean),
        holds: judged.holds,
        always_holds: judged.always_holds,
        close: judged.is_close,
    }
}
