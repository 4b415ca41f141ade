//! Reads what a sweep is after: objectives and precision.

use crate::scenario::expect::{Bound, Comparison, Expectation, Judge, Part, bound};
use crate::scenario::reader::Reader;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::tree::Place;
use crate::units::Ratio;

use super::axis::Axis;
use super::condition::position;
use super::keys::Phrase;
use super::{Objective, Precision, Sense, Subject, Within};

/// Whether a metric of that name exists.
fn is_metric(judge: Option<Judge>, name: &str, place: Option<Place>) -> Result<(), Box<Problem>> {
    let Some(judge) = judge else {
        return Ok(());
    };
    let expectation = Expectation {
        metric: name.to_owned(),
        comparison: Comparison::AtMost,
        bound: Bound::Count(0),
        class: None,
        why: String::new(),
    };
    match (judge.understand)(&expectation) {
        Err(objection) if objection.part == Part::Metric => {
            let mut problem = Problem::new(place, objection.message).label(objection.label);
            problem.hint = objection.hint;
            Err(Box::new(problem))
        }
        _ => Ok(()),
    }
}

pub(super) fn objectives(
    reader: &Reader,
    phrases: Option<Vec<Phrase>>,
    axes: Option<&[Axis]>,
    judge: Option<Judge>,
) -> Option<Vec<Objective>> {
    let axes = axes?;
    let mut objectives = Vec::new();
    let mut whole = true;
    for Phrase { text, place } in phrases.unwrap_or_default() {
        match objective(&text, place, axes, judge) {
            Ok(objective) => objectives.push(objective),
            Err(problem) => {
                reader.report(*problem);
                whole = false;
            }
        }
    }
    whole.then_some(objectives)
}

fn objective(
    text: &str,
    place: Option<Place>,
    axes: &[Axis],
    judge: Option<Judge>,
) -> Result<Objective, Box<Problem>> {
    let malformed = || {
        let problem = Problem::new(place, "this is no objective");
        Box::new(problem.hint("write for example \"lowest shards\" or \"highest hit_rate\""))
    };
    let (word, name) = text.trim().split_once(' ').ok_or_else(malformed)?;
    let sense = match word {
        "lowest" => Sense::Lowest,
        "highest" => Sense::Highest,
        _ => return Err(malformed()),
    };
    let name = name.trim();
    let subject = match position(axes, name) {
        Some(axis)
            if axes[axis]
                .values
                .iter()
                .all(|value| value.number().is_some()) =>
        {
            Subject::Axis(axis)
        }
        Some(_) => {
            let problem = Problem::new(place, format!("the values of `{name}` are no numbers"));
            return Err(Box::new(
                problem.hint("an objective is a metric, or an axis of numbers"),
            ));
        }
        None => {
            is_metric(judge, name, place)?;
            Subject::Metric(name.to_owned())
        }
    };
    Ok(Objective {
        sense,
        subject,
        text: format!("{} {name}", sense.as_str()),
    })
}

pub(super) fn precisions(
    reader: &Reader,
    phrases: Option<Vec<Phrase>>,
    judge: Option<Judge>,
) -> Option<Vec<Precision>> {
    let mut precisions = Vec::new();
    let mut whole = true;
    for Phrase { text, place } in phrases.unwrap_or_default() {
        match precision(&text, place, judge) {
            Ok(precision) => precisions.push(precision),
            Err(problem) => {
                reader.report(*problem);
                whole = false;
            }
        }
    }
    whole.then_some(precisions)
}

fn precision(
    text: &str,
    place: Option<Place>,
    judge: Option<Judge>,
) -> Result<Precision, Box<Problem>> {
    let malformed = |label: String| {
        let problem = Problem::new(place, "this is no precision").label(label);
        Box::new(problem.hint(
            "write for example \"hit_rate within 0.1%\" or \"latency.p99 within 5% of mean\"",
        ))
    };
    let (metric, within) = text
        .split_once(" within ")
        .ok_or_else(|| malformed("the word `within` is missing".to_owned()))?;
    let (metric, within) = (metric.trim(), within.trim());
    is_metric(judge, metric, place)?;
    if let Some(share) = within.strip_suffix("of mean") {
        let share = share.trim().parse::<Ratio>();
        let share = share.map_err(|error| malformed(error.to_string()))?;
        return Ok(Precision {
            metric: metric.to_owned(),
            within: Within::OfMean(share),
        });
    }
    let bound = bound(within).map_err(|error| malformed(error.to_string()))?;
    let expectation = Expectation {
        metric: metric.to_owned(),
        comparison: Comparison::AtMost,
        bound,
        class: None,
        why: String::new(),
    };
    if let Some(Err(objection)) = judge.map(|judge| (judge.understand)(&expectation)) {
        return Err(malformed(objection.label));
    }
    Ok(Precision {
        metric: metric.to_owned(),
        within: Within::Absolute(bound),
    })
}
