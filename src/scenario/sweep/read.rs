//! Reads `[sweep]`.

use crate::scenario::expect::Judge;
use crate::scenario::is_plain_name;
use crate::scenario::reader::Reader;
use crate::scenario::reader::choice::{clipped, nearest};
use crate::scenario::reader::key::Key;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::tree::Entry;
use crate::scenario::top::TOP;

use super::axis::{Axis, AxisValue, Range};
use super::condition::Condition;
use super::goals::{objectives, precisions};
use super::keys::{
    AT, AXES, BEST, CONFIDENCE, CONSTRAINTS, COUNT, FROM, GATE, KEY, LAYOUT, MAX_REPLICATES, NAME,
    PARETO, POINT_NAME, POINTS, Phrase, RANDOM_NUMBERS, REFERENCE, REPLICATES, SAMPLES, SCALE,
    SECTION, TO, UNTIL, VALUES, ZIP,
};
use super::{Gate, Layout, MAX_RUNS, NamedPoint, SweepSpec};

/// Most axes.
const MAX_AXES: usize = 32;
/// Names of columns that axes must leave alone.
const TAKEN: [&str; 5] = ["point", "point_name", "replicate", "id", "status"];
/// Keys that say nothing about a design.
const NO_DESIGN: [&str; 5] = ["schema", "extends", "name", "description", "expect"];

/// Whether the `[sweep]` in `entries` has the right form; problems go to the reader.
pub(in crate::scenario) fn check(reader: &Reader, entries: &[Entry], judge: Option<Judge>) {
    let _ = read(reader, entries, judge);
}

/// Reads the `[sweep]` in `entries`; problems go to the reader.
pub(super) fn read(reader: &Reader, entries: &[Entry], judge: Option<Judge>) -> Option<SweepSpec> {
    let root = reader.root(&TOP, entries);
    let table = root.section(&SECTION);
    let place = table.place();
    let layout = table.get(&LAYOUT);
    let samples = read_samples(&table, layout);
    let axes = read_axes(&table, layout?, samples.unwrap_or(2));
    let constraints = table.get_optional(&CONSTRAINTS);
    let replicates = table.get(&REPLICATES);
    let until = table.get_optional(&UNTIL);
    let max_replicates = read_max_replicates(&table, replicates);
    let confidence = table.get(&CONFIDENCE);
    let random_numbers = table.get(&RANDOM_NUMBERS);
    let reference = table.get_or(&REFERENCE, || Some(String::new()));
    let best = table.get_optional(&BEST);
    let pareto = table.get_optional(&PARETO);
    let gate = table.get(&GATE);
    let points = table.sections(&POINTS);

    // What goes by the names of axes can be judged once these are known.
    let conditions = |phrases: Option<Vec<Phrase>>| conditions(reader, phrases, axes.as_deref());
    let constraints = constraints.ok().and_then(conditions);
    let named = read_named(points, &conditions);
    let objectives =
        |phrases: Option<Vec<Phrase>>| objectives(reader, phrases, axes.as_deref(), judge);
    let best = best.ok().and_then(objectives);
    let pareto = pareto.ok().and_then(objectives);
    let until = until
        .ok()
        .and_then(|until| precisions(reader, until, judge));
    if let Some(pareto) = &pareto
        && pareto.len() == 1
    {
        table.problem(&PARETO, |problem| Problem {
            message: "a front needs at least two objectives".to_owned(),
            hint: Some("for a single one there is `best`".to_owned()),
            ..problem
        });
    }
    let known = named.as_deref().unwrap_or_default();
    let reference = reference.and_then(|name| read_reference(&table, &name, known));
    let gate = gate.map(|word| read_gate(&table, &word, known));
    table.finish();
    Some(SweepSpec {
        layout: layout?,
        samples: samples?,
        axes: axes?,
        constraints: constraints?,
        replicates: replicates?,
        max_replicates: max_replicates?,
        until: until?,
        confidence: confidence?,
        random_numbers: random_numbers?,
        named: named?,
        reference,
        best: best?,
        pareto: pareto?,
        gate: gate??,
        place,
    })
}

fn read_samples(table: &Table<'_>, layout: Option<Layout>) -> Option<u64> {
    match layout? {
        Layout::Grid => {
            table.refuse(
                &SAMPLES,
                "a grid has as many points as its axes make",
                "write layout = \"latin-hypercube\", or leave it out",
            );
            Some(0)
        }
        Layout::LatinHypercube => {
            let samples = table.get_optional(&SAMPLES).ok()?;
            if samples.is_none() {
                table.problem(&LAYOUT, |problem| Problem {
                    message: "`samples` is missing".to_owned(),
                    label: "a Latin hypercube needs a number of points".to_owned(),
                    hint: Some("add for example samples = 50".to_owned()),
                    ..problem
                });
            }
            samples
        }
    }
}

fn read_max_replicates(table: &Table<'_>, replicates: Option<u64>) -> Option<u64> {
    let derived = || Some(replicates?.saturating_mul(10).clamp(20, MAX_RUNS));
    let most = table.get_or(&MAX_REPLICATES, derived)?;
    if most < replicates? {
        table.problem(&MAX_REPLICATES, |problem| Problem {
            message: "`max_replicates` is less than `replicates`".to_owned(),
            ..problem
        });
        return None;
    }
    Some(most)
}

fn read_axes(table: &Table<'_>, layout: Layout, samples: u64) -> Option<Vec<Axis>> {
    let tables = table.sections(&AXES);
    if tables.is_empty() || tables.len() > MAX_AXES {
        let found = tables.len();
        table.own_problem(|problem| Problem {
            message: match found {
                0 => "nothing varies in this sweep".to_owned(),
                many => format!("{many} axes are too many; at most {MAX_AXES}"),
            },
            hint: Some(
                "an axis is for example\n\n[[sweep.axes]]\nkey = \"store.shards\"\n\
                 values = [1, 2, 3]"
                    .to_owned(),
            ),
            ..problem
        });
        return None;
    }
    let mut axes: Vec<Axis> = Vec::with_capacity(tables.len());
    let mut whole = true;
    for table in tables {
        match read_axis(table, &axes, layout, samples) {
            Some(axis) => axes.push(axis),
            None => whole = false,
        }
    }
    whole.then_some(axes)
}

fn read_axis(table: Table<'_>, others: &[Axis], layout: Layout, samples: u64) -> Option<Axis> {
    let key = table.get(&KEY);
    let name = table.get_or(&NAME, || key.clone());
    let values = read_values(&table, layout, samples);
    let zip = table.get_optional(&ZIP);
    if let Some(key) = &key
        && NO_DESIGN.contains(&key.as_str())
    {
        refuse(
            &table,
            &KEY,
            format!("`{key}` changes nothing in a run"),
            "an axis varies what is deployed, who uses it, or the seed",
        );
    }
    if let Some(key) = &key
        && (key == "sweep" || key.starts_with("sweep."))
    {
        refuse(&table, &KEY, "a sweep cannot vary itself".to_owned(), "");
    }
    if let Some(name) = &name {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let plain = !name.is_empty() && name.len() <= 100 && name.chars().all(allowed);
        if !plain {
            refuse(
                &table,
                &NAME,
                "an axis cannot be called that".to_owned(),
                "a name has 1 to 100 letters, digits, `_`, `-` or `.`",
            );
        } else if TAKEN.contains(&name.as_str())
            || matches!(name.as_str(), "and" | "or" | "not" | "true" | "false")
        {
            refuse(
                &table,
                &NAME,
                format!("`{name}` means something else already"),
                "choose another name",
            );
        } else if others.iter().any(|other| other.name == *name) {
            refuse(
                &table,
                &NAME,
                format!("two axes are called `{name}`"),
                "give each its own `name`",
            );
        }
    }
    let place = table.place_of(&KEY);
    table.finish();
    Some(Axis {
        name: name?,
        key: key?,
        values: values?,
        zip: zip.ok()?,
        place,
    })
}

fn refuse<T: crate::scenario::reader::value::Value>(
    table: &Table<'_>,
    key: &Key<T>,
    message: String,
    hint: &str,
) {
    table.problem(key, |problem| Problem {
        message,
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
        ..problem
    });
}

/// The values of an axis: as listed, or of its range.
fn read_values(table: &Table<'_>, layout: Layout, samples: u64) -> Option<Vec<AxisValue>> {
    let values = table.get_optional(&VALUES);
    let (from, to) = (table.get_optional(&FROM), table.get_optional(&TO));
    let count = table.get_optional(&COUNT);
    let scale = table.get(&SCALE);
    let (values, from, to, count) = (values.ok()?, from.ok()?, to.ok()?, count.ok()?);
    let values = match (values, from, to) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            refuse(
                table,
                &VALUES,
                "an axis has a list or a range, not both".to_owned(),
                "leave out `values`, or `from` and `to`",
            );
            return None;
        }
        (Some(values), None, None) => {
            if count.is_some() || table.has(&SCALE) {
                refuse(
                    table,
                    &VALUES,
                    "`count` and `scale` belong to a range".to_owned(),
                    "leave them out beside `values`",
                );
            }
            values.0.into_iter().map(AxisValue::new).collect()
        }
        (None, Some(from), Some(to)) => {
            let range = Range::new(&from.0, &to.0, scale?);
            let range = range
                .map_err(|why| {
                    let hint = "write for example from = \"1h\" and to = \"24h\"";
                    refuse(table, &FROM, why.to_owned(), hint);
                })
                .ok()?;
            read_range(table, range, count, layout, samples)?
        }
        _ => {
            table.own_problem(|problem| Problem {
                message: "an axis needs values".to_owned(),
                hint: Some(
                    "write values = [1, 2, 3], or from = 1, to = 9 and count = 5".to_owned(),
                ),
                ..problem
            });
            return None;
        }
    };
    distinct(table, &values, layout).then_some(values)
}

fn read_range(
    table: &Table<'_>,
    range: Range,
    count: Option<u64>,
    layout: Layout,
    samples: u64,
) -> Option<Vec<AxisValue>> {
    match (layout, count) {
        // The middle of each of so many equal parts.
        (Layout::LatinHypercube, None) => {
            let parts = samples as f64;
            let values = (0..samples).map(|part| range.at((part as f64 + 0.5) / parts));
            Some(values.collect())
        }
        (_, Some(count)) => {
            let last = (count - 1) as f64;
            let values = (0..count).map(|step| range.at(step as f64 / last));
            Some(values.collect())
        }
        (Layout::Grid, None) => {
            refuse(
                table,
                &FROM,
                "`count` is missing".to_owned(),
                "how many values has the range? write for example count = 5",
            );
            None
        }
    }
}

fn distinct(table: &Table<'_>, values: &[AxisValue], layout: Layout) -> bool {
    if values.len() < 2 {
        let found = values.len();
        table.problem(&VALUES, |problem| Problem {
            message: match found {
                0 => "this axis is empty".to_owned(),
                _ => "an axis of one value changes nothing".to_owned(),
            },
            hint: Some(
                "give at least two values; a single one belongs to the key itself".to_owned(),
            ),
            ..problem
        });
        return false;
    }
    if layout == Layout::LatinHypercube && !table.has(&VALUES) {
        // Rounding may make neighbours alike, which does no harm there.
        return true;
    }
    let mut texts: Vec<&str> = values.iter().map(|value| &*value.text).collect();
    texts.sort_unstable();
    let Some(twice) = texts.windows(2).find(|pair| pair[0] == pair[1]) else {
        return true;
    };
    let message = format!("the value {} comes twice", clipped(twice[0]));
    let (key, hint) = if table.has(&VALUES) {
        (&VALUES, "leave one of them out")
    } else {
        refuse(
            table,
            &COUNT,
            message,
            "the range has fewer values than that: make `count` smaller",
        );
        return false;
    };
    refuse(table, key, message, hint);
    false
}

fn conditions(
    reader: &Reader,
    phrases: Option<Vec<Phrase>>,
    axes: Option<&[Axis]>,
) -> Option<Vec<Condition>> {
    let axes = axes?;
    let mut conditions = Vec::new();
    let mut whole = true;
    for Phrase { text, place } in phrases.unwrap_or_default() {
        match Condition::parse(&text, place, axes) {
            Ok(condition) => conditions.push(condition),
            Err(why) => {
                let problem = Problem::new(place, "this is no condition on the values of axes");
                reader.report(
                    problem.label(why).hint(
                        "write for example \"shards * 2 <= 12\" or \"policy == 'allkeys-lru'\"",
                    ),
                );
                whole = false;
            }
        }
    }
    whole.then_some(conditions)
}

fn read_named(
    tables: Vec<Table<'_>>,
    conditions: &dyn Fn(Option<Vec<Phrase>>) -> Option<Vec<Condition>>,
) -> Option<Vec<NamedPoint>> {
    let mut named: Vec<NamedPoint> = Vec::new();
    let mut whole = true;
    for table in tables {
        let name = table.get(&POINT_NAME);
        let at = table.get(&AT).and_then(|at| conditions(Some(at)));
        if let Some(name) = &name {
            if !is_plain_name(name) || matches!(name.as_str(), "every" | "some" | "worst" | "none")
            {
                refuse(
                    &table,
                    &POINT_NAME,
                    "a point cannot be called that".to_owned(),
                    "a name has letters, digits, - or _, and is none of every, some, worst and none",
                );
                whole = false;
            } else if named.iter().any(|other| other.name == *name) {
                refuse(
                    &table,
                    &POINT_NAME,
                    format!("two points are called `{name}`"),
                    "",
                );
                whole = false;
            }
        }
        table.finish();
        match (name, at) {
            (Some(name), Some(at)) => named.push(NamedPoint {
                name,
                at: Condition::all(at),
            }),
            _ => whole = false,
        }
    }
    whole.then_some(named)
}

/// The number of the point called `name`, if one is named. If there is none the reader is told.
fn read_reference(table: &Table<'_>, name: &str, named: &[NamedPoint]) -> Option<usize> {
    if name.is_empty() && !table.has(&REFERENCE) {
        return None;
    }
    let found = named.iter().position(|point| point.name == name);
    if found.is_none() {
        no_point(table, &REFERENCE, name, named, &[]);
    }
    found
}

fn read_gate(table: &Table<'_>, word: &str, named: &[NamedPoint]) -> Option<Gate> {
    match word {
        "every" => Some(Gate::Every),
        "some" => Some(Gate::Some),
        "worst" => Some(Gate::Worst),
        "none" => Some(Gate::Nothing),
        name => {
            let found = named.iter().position(|point| point.name == name);
            if found.is_none() {
                no_point(
                    table,
                    &GATE,
                    name,
                    named,
                    &["every", "some", "worst", "none"],
                );
            }
            found.map(Gate::Point)
        }
    }
}

fn no_point(
    table: &Table<'_>,
    key: &Key<String>,
    name: &str,
    named: &[NamedPoint],
    words: &[&str],
) {
    let mut known: Vec<&str> = words.to_vec();
    known.extend(named.iter().map(|point| &*point.name));
    let hint = nearest(name, &known).map_or_else(
        || "give it a name with [[sweep.points]]".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    refuse(
        table,
        key,
        format!("no point is called `{}`", clipped(name)),
        &hint,
    );
}
