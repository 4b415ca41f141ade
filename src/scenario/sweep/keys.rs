//! The keys of `[sweep]`, and the types of their values.

use crate::scenario::reader::Reader;
use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::{Key, Kind, Section};
use crate::scenario::reader::tree::{Node, Place, Tree};
use crate::scenario::reader::value::{Value, quoted, wrong_type};
use crate::units::Ratio;

use super::flat::written;
use super::{Layout, MAX_RUNS, RandomNumbers};

/// Most values of a range, and most points of a Latin hypercube: with 32 axes they fit into 100 MB.
const MAX_COUNT: u64 = 10_000;
const MAX_SAMPLES: u64 = 20_000;

pub(super) const LAYOUT: Key<Layout> = Key::built_in(
    "layout",
    "\"grid\"",
    "few values of few keys are the usual question",
    "How points are laid out: every combination of values, or so many points that each axis is \
     divided evenly.",
)
.called(&["design", "method", "strategy"]);

pub(super) const SAMPLES: Key<u64> = Key::optional(
    "samples",
    "a grid has as many points as its axes make",
    "Number of points of a Latin hypercube.",
)
.between(2, MAX_SAMPLES)
.called(&["size", "n"]);

pub(super) const CONSTRAINTS: Key<Vec<Phrase>> = Key::optional(
    "constraints",
    "every point is taken",
    "What must hold for a point, by names of axes, for example \"shards * 2 <= 12\" or \"ttl >= \
     2h or policy == 'allkeys-lru'\". Points for which one does not hold are left out.",
)
.called(&["constraint", "where", "filter", "only"]);

pub(super) const REPLICATES: Key<u64> = Key::built_in(
    "replicates",
    "1",
    "one run says what happens, not how sure that is",
    "Runs of each point, with the same seed and other draws. Intervals need at least 2.",
)
.between(1, MAX_RUNS)
.called(&["repeat", "repetitions", "replications", "runs"]);

pub(super) const MAX_REPLICATES: Key<u64> = Key::derived(
    "max_replicates",
    "ten times `replicates`, and at least 20",
    "Runs of each point at most, where `until` asks for more.",
)
.between(1, MAX_RUNS);

pub(super) const UNTIL: Key<Vec<Phrase>> = Key::optional(
    "until",
    "each point has `replicates` runs",
    "Runs are added to a point until the interval of each of these means is so narrow to either \
     side: [\"hit_rate within 0.1%\", \"latency.p99 within 5% of mean\"].",
)
.called(&["precision", "stop_when"]);

pub(super) const CONFIDENCE: Key<Ratio> = Key::built_in(
    "confidence",
    "\"95%\"",
    "customary",
    "Probability with which an interval covers the truth.",
)
.between(500_000_000, 999_900_000)
.called(&["confidence_level", "level"]);

pub(super) const RANDOM_NUMBERS: Key<RandomNumbers> = Key::built_in(
    "random_numbers",
    "\"common\"",
    "the same users meet every design, so that differences are the design's",
    "Whose random numbers the points have: the same for all, or each its own.",
)
.called(&["common_random_numbers", "seeds"]);

pub(super) const REFERENCE: Key<String> = Key::derived(
    "reference",
    "the first point",
    "Name of the point that all others are compared with.",
)
.called(&["base", "control", "compare_with"]);

pub(super) const BEST: Key<Vec<Phrase>> = Key::optional(
    "best",
    "no point is called the best",
    "What makes a point the best among those that meet the expectations, the most important \
     first: [\"lowest shards\", \"lowest forced_logins\"]. Each is a metric or a numeric axis.",
)
.called(&[
    "objective",
    "objectives",
    "minimize",
    "maximize",
    "optimize",
]);

pub(super) const PARETO: Key<Vec<Phrase>> = Key::optional(
    "pareto",
    "there is no front",
    "At least two objectives, as in `best`: the front has every point that no other is better \
     than in one of them and at least as good in all.",
)
.called(&["front", "pareto_front"]);

pub(super) const GATE: Key<String> = Key::built_in(
    "gate",
    "\"every\"",
    "an expectation that fails unnoticed is none",
    "Which points must meet the expectations of the scenario, or the exit code is 10: \"every\" \
     one, at least \"some\" one, every one in its \"worst\" replicate, \"none\", or the point of a \
     name.",
)
.called(&["gates", "must", "expect_of"]);

/// `[sweep]` with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "sweep",
    repeated: false,
    help: "The same scenario with many values, for `sessionsim sweep`; `run` leaves it aside.",
    keys: &[
        LAYOUT.info(),
        SAMPLES.info(),
        CONSTRAINTS.info(),
        REPLICATES.info(),
        MAX_REPLICATES.info(),
        UNTIL.info(),
        CONFIDENCE.info(),
        RANDOM_NUMBERS.info(),
        REFERENCE.info(),
        BEST.info(),
        PARETO.info(),
        GATE.info(),
    ],
    sections: &[&AXES, &POINTS],
    not_yet: &[],
};

pub(super) const NAME: Key<String> = Key::derived(
    "name",
    "the key",
    "What tables and constraints call the axis.",
)
.called(&["label", "title"]);

pub(super) const KEY: Key<String> = Key::required(
    "key",
    "\"store.shards\"",
    "Path of the key that takes the values, as for --set: store.shards or \
     users.shoppers.session.ttl.",
)
.called(&["path", "param", "parameter"]);

pub(super) const VALUES: Key<Nodes> = Key::optional(
    "values",
    "`from` and `to` say what they are",
    "The values, each as the scenario would write it for that key.",
)
.called(&["list", "value", "levels"]);

pub(super) const FROM: Key<AnyValue> = Key::optional(
    "from",
    "`values` lists them",
    "The first value of a range: a number or a quantity.",
)
.called(&["min", "start", "low"]);

pub(super) const TO: Key<AnyValue> =
    Key::optional("to", "`values` lists them", "The last value of a range.")
        .called(&["max", "stop", "end", "high"]);

pub(super) const COUNT: Key<u64> = Key::optional(
    "count",
    "`values` lists them, or a Latin hypercube has `samples`",
    "Number of values of a range, both ends included.",
)
.between(2, MAX_COUNT)
.called(&["steps", "number", "points"]);

pub(super) const SCALE: Key<Scale> = Key::built_in(
    "scale",
    "\"linear\"",
    "equal steps",
    "Equal steps of the values of a range, or equal factors.",
)
.called(&["spacing"]);

pub(super) const ZIP: Key<String> = Key::optional(
    "zip",
    "the axis varies by itself",
    "Axes with the same word here move together: the first value of one goes with the first of \
     the others.",
)
.called(&["with", "together", "parallel"]);

/// `[[sweep.axes]]`.
pub(in crate::scenario) const AXES: Section = Section {
    path: "sweep.axes",
    repeated: true,
    help: "A key that varies, with its values: a list, or a range.",
    keys: &[
        NAME.info(),
        KEY.info(),
        VALUES.info(),
        FROM.info(),
        TO.info(),
        COUNT.info(),
        SCALE.info(),
        ZIP.info(),
    ],
    sections: &[],
    not_yet: &[],
};

pub(super) const POINT_NAME: Key<String> = Key::required(
    "name",
    "\"today\"",
    "What `reference`, `gate` and the results call the point.",
);

pub(super) const AT: Key<Vec<Phrase>> = Key::required(
    "at",
    "[\"shards == 3\", \"ttl == 24h\"]",
    "What holds for this point and no other, as in `constraints`.",
)
.called(&["where", "point", "is"]);

/// `[[sweep.points]]`.
pub(in crate::scenario) const POINTS: Section = Section {
    path: "sweep.points",
    repeated: true,
    help: "A point with a name.",
    keys: &[POINT_NAME.info(), AT.info()],
    sections: &[],
    not_yet: &[],
};

/// Steps of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum Scale {
    Linear,
    Logarithmic,
}

impl Choice for Scale {
    const WHAT: &'static str = "a scale";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("linear", Self::Linear), ("log", Self::Logarithmic)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("logarithmic", "log"),
        ("geometric", "log"),
        ("lin", "linear"),
    ];
}

impl Choice for Layout {
    const WHAT: &'static str = "a layout";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("grid", Self::Grid),
        ("latin-hypercube", Self::LatinHypercube),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("lhs", "latin-hypercube"),
        ("random", "latin-hypercube"),
        ("full-factorial", "grid"),
    ];
}

impl Choice for RandomNumbers {
    const WHAT: &'static str = "a kind of random numbers";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("common", Self::Common), ("independent", Self::Independent)];
}

choice_is_value!(Scale, Layout, RandomNumbers);

/// A text with its place.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Phrase {
    pub(super) text: String,
    pub(super) place: Option<Place>,
}

impl Value for Vec<Phrase> {
    const KIND: Kind = Kind::Texts;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let Tree::List(items) = &node.tree else {
            let problem = wrong_type(node, &reader.key(), "a list of texts");
            reader.report(match &node.tree {
                Tree::Text(text) => problem.hint(format!("write [{}]", quoted(text))),
                _ => problem,
            });
            return None;
        };
        let mut phrases = Self::new();
        for item in items {
            let Tree::Text(text) = &item.tree else {
                reader.report(wrong_type(item, &reader.key(), "a list of texts"));
                return None;
            };
            phrases.push(Phrase {
                text: text.clone(),
                place: item.place,
            });
        }
        Some(phrases)
    }

    fn write(&self) -> String {
        let texts: Vec<String> = self.iter().map(|phrase| quoted(&phrase.text)).collect();
        format!("[{}]", texts.join(", "))
    }
}

/// Values of whatever type.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Nodes(pub(super) Vec<Node>);

impl Value for Nodes {
    const KIND: Kind = Kind::Values;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        if let Tree::List(items) = &node.tree {
            return Some(Self(items.clone()));
        }
        let problem = wrong_type(node, &reader.key(), "a list of values");
        reader.report(problem.hint(format!("write [{}]", written(node))));
        None
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.0.iter().map(written).collect();
        format!("[{}]", items.join(", "))
    }
}

/// One value of whatever type.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct AnyValue(pub(super) Node);

impl Value for AnyValue {
    const KIND: Kind = Kind::Any;

    fn read(node: &Node, _: &Reader) -> Option<Self> {
        Some(Self(node.clone()))
    }

    fn write(&self) -> String {
        written(&self.0)
    }
}
