//! `[[alarms]]`: alarms of one's own on CloudWatch's metrics, beside those that AWS recommends.

use crate::units::Span;

use super::presets::cloudwatch::{self, METRICS};
use super::reader::Reader;
use super::reader::choice::{clipped, nearest};
use super::reader::key::{Key, Kind, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::tree::{Node, Tree};
use super::reader::value::{Value, quoted, wrong_type};
use super::reader::writer::Writer;

/// When a datapoint speaks for an alarm: beyond the threshold on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// CloudWatch's name of the metric.
    pub metric: String,
    /// The side and whether the threshold itself counts.
    pub side: Side,
    /// The threshold in the metric's unit, in millionths.
    pub threshold: u64,
}

/// A side of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above it.
    Above,
    /// There or above.
    AtLeast,
    /// Below it.
    Below,
    /// There or below.
    AtMost,
}

impl Side {
    const SIGNS: [(&'static str, Self); 4] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
    ];

    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        let found = Self::SIGNS.iter().find(|(_, side)| *side == self);
        found.map_or("", |(sign, _)| sign)
    }
}

/// The threshold in millionths, as a number.
fn number(millionths: u64) -> String {
    let rest = format!("{:06}", millionths % 1_000_000);
    match rest.trim_end_matches('0') {
        "" => (millionths / 1_000_000).to_string(),
        rest => format!("{}.{rest}", millionths / 1_000_000),
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (side, threshold) = (self.side.as_str(), number(self.threshold));
        write!(f, "{} {side} {threshold}", self.metric)
    }
}

const EXAMPLE: &str = "write for example \"Evictions > 100\"";

impl Value for Condition {
    const KIND: Kind = Kind::Alarm;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::Text(text) = &node.tree else {
            reader.report(wrong_type(node, &reader.key(), "a condition").hint(EXAMPLE));
            return None;
        };
        let report = |message: String, label: String, hint: String| {
            reader.report(Problem::new(node.place, message).label(label).hint(hint));
            None
        };
        let split = Side::SIGNS.iter().find_map(|(sign, side)| {
            let (metric, threshold) = text.split_once(sign)?;
            Some((metric.trim(), *side, threshold.trim()))
        });
        let Some((name, side, threshold)) = split else {
            let label = "a metric, one of > >= < <=, and a threshold".to_owned();
            let message = format!("`{}` is no condition", reader.key());
            return report(message, label, EXAMPLE.to_owned());
        };
        if cloudwatch::find(name).is_none() {
            let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
            let label = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("CloudWatch's metric `{}` is not known here", clipped(name));
            let hint = format!("there are {}", names.join(", "));
            return report(message, label.unwrap_or_default(), hint);
        }
        let plain = |c: char| c.is_ascii_digit() || c == '.';
        let bare = threshold.strip_suffix('%').unwrap_or(threshold).trim();
        let value = Some(bare).filter(|bare| bare.chars().all(plain));
        let value = value.and_then(|bare| bare.parse::<f64>().ok());
        let Some(value) = value.filter(|value| *value <= 1e12) else {
            let unit = cloudwatch::find(name).map_or("", |metric| metric.unit);
            let message = format!("`{}` has no threshold", reader.key());
            let label = format!("expected a number, in {unit}, below 10^12");
            return report(message, label, EXAMPLE.to_owned());
        };
        Some(Self {
            metric: name.to_owned(),
            side,
            threshold: libm::round(value * 1e6) as u64,
        })
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What reports call it.
    pub name: String,
    /// When a datapoint speaks for it.
    pub when: Condition,
    /// Length of a datapoint.
    pub period: Span,
    /// So many datapoints must speak for it
    pub datapoints: u32,
    /// of so many in a row.
    pub of: u32,
}

const SECOND: u64 = 1_000_000_000;
const MAX_ALARMS: usize = 100;
const MAX_NAME: usize = 100;

const NAME: Key<String> = Key::derived("name", "`when`", "What reports call it.");

const WHEN: Key<Condition> = Key::required(
    "when",
    "\"Evictions > 100\"",
    "A metric of CloudWatch, one of > >= < <=, and a threshold in the metric's unit.",
)
.called(&["if", "condition", "metric", "that", "alarm"]);

const PERIOD: Key<Span> = Key::built_in(
    "period",
    "\"1m\"",
    "the finest that ElastiCache's metrics have",
    "Length of a datapoint: whole minutes.",
)
.between(60 * SECOND, 86_400 * SECOND);

const DATAPOINTS: Key<u32> = Key::built_in(
    "datapoints",
    "1",
    "CloudWatch's own default",
    "Datapoints beyond the threshold that make it fire.",
)
.between(1, 1440)
.called(&["datapoints_to_alarm", "m"]);

const OF: Key<u32> = Key::derived(
    "of",
    "`datapoints`: all in a row",
    "Of how many datapoints in a row.",
)
.between(1, 1440)
.called(&["evaluation_periods", "n"]);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "alarms",
    repeated: true,
    help: "An alarm on a metric of CloudWatch, beside those that AWS recommends. Without effect on \
           what is simulated.",
    keys: &[
        NAME.info(),
        WHEN.info(),
        PERIOD.info(),
        DATAPOINTS.info(),
        OF.info(),
    ],
    sections: &[],
    not_yet: &["actions", "statistic", "treat_missing_data"],
};

/// Reads all of them.
pub(super) fn read(table: &Table<'_>) -> Option<Vec<Alarm>> {
    let tables = table.sections(&SECTION);
    if tables.len() > MAX_ALARMS {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{} alarms are too many", tables.len()),
            hint: Some(format!("at most {MAX_ALARMS}")),
            ..problem
        });
        return None;
    }
    let alarms: Vec<Option<Alarm>> = tables.into_iter().map(Alarm::read).collect();
    alarms.into_iter().collect()
}

impl Alarm {
    fn read(table: Table<'_>) -> Option<Self> {
        // In the order in which they are written, though a name follows from the condition.
        let given = table.has(&NAME);
        let name = if given {
            table.get_or(&NAME, || None)
        } else {
            None
        };
        let when = table.get(&WHEN);
        let name = if given {
            name
        } else {
            table.get_or(&NAME, || Some(when.as_ref()?.to_string()))
        };
        let period = table.get(&PERIOD);
        let datapoints = table.get(&DATAPOINTS);
        let of = table.get_or(&OF, || datapoints);
        let fits = name.as_ref().is_none_or(|name| is_name(&table, name))
            & period.is_none_or(|period| is_whole(&table, period))
            & datapoints
                .zip(of)
                .is_none_or(|(some, all)| is_part(&table, some, all));
        table.finish();
        let alarm = Self {
            name: name?,
            when: when?,
            period: period?,
            datapoints: datapoints?,
            of: of?,
        };
        fits.then_some(alarm)
    }
}

fn is_name(table: &Table<'_>, name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_NAME;
    if !fits {
        table.problem(&NAME, |problem| Problem {
            message: format!("`name` has {} bytes", name.len()),
            label: format!("1 to {MAX_NAME}"),
            ..problem
        });
    }
    fits
}

fn is_whole(table: &Table<'_>, period: Span) -> bool {
    let fits = period.0.is_multiple_of(60 * SECOND);
    if !fits {
        table.problem(&PERIOD, |problem| Problem {
            message: "`period` is no whole number of minutes".to_owned(),
            label: "CloudWatch has datapoints of \"1m\", \"5m\", \"1h\" ...".to_owned(),
            ..problem
        });
    }
    fits
}

fn is_part(table: &Table<'_>, datapoints: u32, of: u32) -> bool {
    let fits = datapoints <= of;
    if !fits {
        table.problem(&OF, |problem| Problem {
            message: format!("{datapoints} datapoints of {of} are more than all"),
            label: format!("at least {datapoints}"),
            ..problem
        });
    }
    fits
}

/// Writes all of them.
pub(super) fn write(alarms: &[Alarm], out: &mut Writer) {
    for alarm in alarms {
        out.section(&SECTION);
        out.put(&NAME, &alarm.name);
        out.put(&WHEN, &alarm.when);
        out.put(&PERIOD, &alarm.period);
        out.put(&DATAPOINTS, &alarm.datapoints);
        out.put(&OF, &alarm.of);
    }
}
