//! The keys at the top of a scenario, and how a whole scenario is read and written.

use std::collections::BTreeSet;

use crate::units::Span;

use super::Scenario;
use super::alarms;
use super::cost::{self, CostSpec};
use super::database::{self, DatabaseSpec};
use super::expect::{Expectation, Judge, Placed};
use super::faults;
use super::load::Input;
use super::naming::{DESCRIPTION, NAME, read_description, read_name};
use super::network::{self, NetworkSpec};
use super::own_types;
use super::reader::Reader;
use super::reader::key::{Key, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::tree::Place;
use super::reader::writer::Writer;
use super::start::{HISTORY, START, Start};
use super::store::{self, Platform, StoreSpec};
use super::sweep;
use super::traffic::{self, TraceSpec};
use super::users::{self, TtlKind, UserClass};
use super::workloads;

/// Two years; the clock reaches 2.28 (`kernel::agenda::TIME_LIMIT`).
pub(super) const MAX_DURATION: u64 = 730 * DAY;
const DAY: u64 = 86_400_000_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
/// Most rows of `timeseries.csv`.
const MAX_ROWS: u64 = 200_000;
/// Most classes of users.
const MAX_CLASSES: usize = 64;
/// Likewise with all their copies: each has counts of its own.
const MAX_CLASSES_WITH_COPIES: u64 = 10_000;
/// Most kinds of keys: a node knows each by a number of 8 bits, and a trace has one more.
const MAX_KINDS_OF_KEYS: usize = 250;

const SCHEMA: Key<u32> = Key::built_in(
    "schema",
    "1",
    "the only version so far",
    "Version of this language.",
)
.called(&["version", "schema_version"]);

const EXTENDS: Key<String> = Key::optional(
    "extends",
    "the scenario stands alone",
    "Another scenario file that this one builds on, relative to this one: what is not given here \
     is taken from there, all but its `name`. Sections are merged key by key, and classes of users \
     by their `name`.",
)
.called(&["base", "include", "inherits", "from"]);

const SEED: Key<u64> = Key::built_in(
    "seed",
    "1",
    "a constant, so that equal scenarios have equal results",
    "Seed of every random number of the run.",
);

const DURATION: Key<Span> = Key::required(
    "duration",
    "\"1d\"",
    "Simulated time, the warm-up included.",
)
.between(SECOND, MAX_DURATION)
.called(&["length", "time", "run_for", "end"]);

const WARMUP: Key<Span> = Key::derived(
    "warmup",
    "the longest TTL of all sessions, at most half of the run; 0s with `start = \"stationary\"`",
    "Time from the start that is left out of all metrics, since a cold run begins with empty nodes.",
)
.between(0, MAX_DURATION)
.called(&["warm_up", "warm-up", "ramp_up"]);

const WINDOW: Key<Span> = Key::derived(
    "window",
    "1 minute, as CloudWatch's finest period; 1 hour in runs of more than 200,000 minutes",
    "Length of a row of timeseries.csv.",
)
.between(SECOND, MAX_DURATION)
.called(&["interval", "resolution", "bucket", "period"]);

const PLATFORM: Key<Platform> = Key::built_in(
    "platform",
    "\"elasticache\"",
    "what most people plan",
    "Who runs the servers; decides defaults and limits.",
);

const EXPECT: Key<Vec<Placed>> = Key::optional(
    "expect",
    "nothing is expected",
    "What the run must show, each as metric, comparison and bound, for example \
     [\"hit_rate >= 95%\", \"latency.p99 < 5ms\"]; of one class of users \
     { that = \"sessions_lost == 0\", class = \"admins\" }. A run in which one fails ends with exit \
     code 10.",
)
.called(&["expects", "expectations", "thresholds", "assert", "slo"]);

/// The top of a scenario.
pub(super) const TOP: Section = Section {
    path: "",
    repeated: false,
    help: "The run as a whole.",
    keys: &[
        SCHEMA.info(),
        EXTENDS.info(),
        NAME.info(),
        DESCRIPTION.info(),
        SEED.info(),
        DURATION.info(),
        START.info(),
        HISTORY.info(),
        WARMUP.info(),
        WINDOW.info(),
        PLATFORM.info(),
        EXPECT.info(),
    ],
    sections: &[
        &store::SECTION,
        &network::SECTION,
        &faults::SECTION,
        &database::SECTION,
        &cost::SECTION,
        &alarms::SECTION,
        &traffic::SECTION,
        &users::SECTION,
        &workloads::SECTION,
        &own_types::SECTION,
        &sweep::SECTION,
    ],
    not_yet: &["client", "clients"],
};

/// All sections of a scenario with all their keys, in the order in which they are written.
pub const SECTIONS: &[&Section] = &[
    &TOP,
    &store::SECTION,
    &store::SCALING,
    &network::SECTION,
    &network::PAIRS,
    &faults::SECTION,
    &database::SECTION,
    &cost::SECTION,
    &alarms::SECTION,
    &traffic::SECTION,
    &users::SECTION,
    users::SECTION.sections[0],
    users::SECTION.sections[0].sections[0],
    users::SECTION.sections[0].sections[1],
    users::SECTION.sections[1],
    users::SECTION.sections[1].sections[0],
    users::SECTION.sections[1].sections[1],
    &workloads::SECTION,
    &own_types::SECTION,
    &sweep::SECTION,
    &sweep::AXES,
    &sweep::POINTS,
];

/// Reads the whole scenario of `input`, whose values lie in `table`.
pub(super) fn read(reader: &Reader, table: Table<'_>, input: &Input<'_>) -> Option<Scenario> {
    read_schema(&table);
    // What it names has been merged in before.
    let extends = table.get_optional(&EXTENDS);
    let name = read_name(&table, input.name);
    let description = read_description(&table);
    let seed = table.get(&SEED);
    let duration = table.get(&DURATION);
    let platform = table.get(&PLATFORM);
    reader.set_platform(platform.unwrap_or(Platform::ElastiCache));
    let expect = read_expectations(&table, input.judge);
    let known_platform = platform.unwrap_or(Platform::ElastiCache);
    let own_types = own_types::read(&table);
    let network = NetworkSpec::read(table.section(&network::SECTION));
    let zones = network.as_ref().map_or(&[][..], |n| &n.zones.names);
    let of_store = table.section(&store::SECTION);
    let store = StoreSpec::read(of_store, known_platform, &own_types, zones);
    if let (Some(network), Some(store)) = (&network, &store) {
        let table = table.section(&network::SECTION);
        network.check_replicas(&table, store.topology.replicas);
    }
    let faults = faults::read(&table, duration, store.as_ref(), network.as_ref());
    let database = DatabaseSpec::read(table.section(&database::SECTION));
    let owner = (known_platform, &own_types);
    let cost = CostSpec::read(table.section(&cost::SECTION), input, owner, store.as_ref());
    let alarms = alarms::read(&table);
    let mut places = Vec::new();
    let trace = traffic::read(table.section(&traffic::SECTION), input);
    let recorded = !matches!(trace, Ok(None));
    let users = read_users(&table, duration, recorded, zones, &mut places);
    let workloads = workloads::read(&table, users.as_deref());
    let start = Start::read(&table, users.as_deref(), store.as_ref());
    let longest_ttl = longest_ttl(users.as_deref(), trace.as_ref().ok());
    let warmup = read_warmup(&table, duration, filling_up(start, longest_ttl));
    let window = read_window(&table, duration);
    let whole = || {
        Some(Scenario {
            name: name?,
            description: description?,
            seed: seed?,
            duration: duration?,
            start: start?,
            warmup: warmup?,
            window: window?,
            platform: platform?,
            expect: expectations(expect.as_deref()?),
            store: store?,
            node_types: own_types.types,
            network: network?,
            faults: faults?,
            database: database?,
            cost: cost?,
            alarms: alarms?,
            trace: trace.ok()?,
            users: users?,
            workloads: workloads?,
        })
    };
    let scenario = whole();
    if let Some(scenario) = &scenario {
        scenario.check_start(&table);
    }
    table.finish();
    extends.ok()?;
    let scenario = scenario?;
    if let Some((message, hint)) = scenario.clash() {
        reader.report(Problem::new(None, message).hint(hint));
    }
    if reader.is_clean()
        && let Some(problem) = scenario.too_much(&places)
    {
        reader.report(problem);
    }
    if let Some(judge) = input.judge {
        let placed = expect.iter().flatten().enumerate();
        for (number, placed) in placed {
            if let Err(objection) = (judge.apply)(&placed.expectation, &scenario) {
                reader.report(placed.problem(number, objection));
            }
        }
    }
    Some(scenario)
}

/// All expectations that have the right form, the others being reported.
fn read_expectations(table: &Table<'_>, judge: Option<Judge>) -> Option<Vec<Placed>> {
    let placed = table.get_optional(&EXPECT).ok()?.unwrap_or_default();
    let Some(judge) = judge else {
        return Some(placed);
    };
    let mut known = true;
    for (number, placed) in placed.iter().enumerate() {
        if let Err(objection) = (judge.understand)(&placed.expectation) {
            table.reader.report(placed.problem(number, objection));
            known = false;
        }
    }
    known.then_some(placed)
}

fn expectations(placed: &[Placed]) -> Vec<Expectation> {
    placed
        .iter()
        .map(|placed| placed.expectation.clone())
        .collect()
}

fn read_schema(table: &Table<'_>) {
    if table.get(&SCHEMA).is_some_and(|schema| schema != 1) {
        table.problem(&SCHEMA, |problem| Problem {
            message: "this version of the language is not known".to_owned(),
            label: "only 1 is".to_owned(),
            hint: Some("write schema = 1, or use a newer sessionsim".to_owned()),
            ..problem
        });
    }
}

fn read_users(
    table: &Table<'_>,
    duration: Option<Span>,
    recorded: bool,
    zones: &[String],
    places: &mut Vec<Option<Place>>,
) -> Option<Vec<UserClass>> {
    let tables = table.sections(&users::SECTION);
    if tables.is_empty() && !recorded {
        table.own_problem(|problem| Problem {
            place: None,
            message: "there are no users".to_owned(),
            hint: Some(
                "add at least one class of them:\n\n[[users]]\nconcurrent = 10000\n\n\
                 [users.session]\nbytes = \"2KB\"\nttl = \"30m\""
                    .to_owned(),
            ),
            ..problem
        });
        return None;
    }
    if tables.len() > MAX_CLASSES {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{} classes of users are too many", tables.len()),
            hint: Some(format!(
                "at most {MAX_CLASSES}: put alike users into one class"
            )),
            ..problem
        });
        return None;
    }
    let mut names = BTreeSet::new();
    let mut classes = Vec::with_capacity(tables.len());
    for (number, table) in tables.into_iter().enumerate() {
        places.push(table.place());
        classes.push(UserClass::read(table, number, duration, &mut names, zones));
    }
    let classes: Vec<UserClass> = classes.into_iter().collect::<Option<_>>()?;
    let number: u64 = classes
        .iter()
        .map(|c| u64::from(c.number_of_copies()))
        .sum();
    if number > MAX_CLASSES_WITH_COPIES {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{number} classes of users, with their copies, are too many"),
            hint: Some(format!(
                "at most {MAX_CLASSES_WITH_COPIES}: make `copies` smaller"
            )),
            ..problem
        });
        return None;
    }
    let kinds: usize = classes
        .iter()
        .map(|class| class.session.kinds_of_keys())
        .sum();
    if kinds > MAX_KINDS_OF_KEYS {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("the classes of users have {kinds} kinds of keys together"),
            hint: Some(format!(
                "at most {MAX_KINDS_OF_KEYS}: put alike users into one class"
            )),
            ..problem
        });
        return None;
    }
    Some(classes)
}

/// The longest TTL of all sessions that have one; `None` if it is not known because something is
/// wrong.
fn longest_ttl(users: Option<&[UserClass]>, trace: Option<&Option<TraceSpec>>) -> Option<Span> {
    let classes = users?
        .iter()
        .filter(|class| class.session.ttl_kind != TtlKind::None)
        .map(|class| class.session.ttl);
    let recorded = trace?.iter().map(|trace| trace.content.longest_ttl);
    Some(classes.chain(recorded).max().unwrap_or(Span::ZERO))
}

/// How long a run fills up that begins so.
fn filling_up(start: Option<Start>, longest_ttl: Option<Span>) -> Option<Span> {
    match start {
        Some(Start::Stationary { .. }) => Some(Span::ZERO),
        _ => longest_ttl,
    }
}

fn read_warmup(
    table: &Table<'_>,
    duration: Option<Span>,
    filling_up: Option<Span>,
) -> Option<Span> {
    let warmup = table.get_or(&WARMUP, || Some(filling_up?.min(Span(duration?.0 / 2))))?;
    if duration.is_some_and(|duration| warmup >= duration) {
        table.problem(&WARMUP, |problem| Problem {
            message: "the warm-up leaves nothing to measure".to_owned(),
            label: format!("the whole run lasts {}", duration.unwrap_or_default()),
            hint: Some("make `warmup` shorter than `duration`".to_owned()),
            ..problem
        });
        return None;
    }
    Some(warmup)
}

fn read_window(table: &Table<'_>, duration: Option<Span>) -> Option<Span> {
    let rows = |window: u64| duration.map_or(0, |duration| duration.0.div_ceil(window));
    let window = table.get_or(&WINDOW, || {
        let minutes = rows(MINUTE);
        Some(Span(if minutes <= MAX_ROWS {
            MINUTE
        } else {
            60 * MINUTE
        }))
    })?;
    if rows(window.0) <= MAX_ROWS {
        return Some(window);
    }
    let least = Span((duration?.0 / MAX_ROWS).div_ceil(SECOND) * SECOND + SECOND);
    table.problem(&WINDOW, |problem| Problem {
        message: "`window` makes too many rows".to_owned(),
        label: format!("{} rows; at most {MAX_ROWS}", rows(window.0)),
        hint: Some(format!("write \"{least}\" or more")),
        ..problem
    });
    None
}

impl Scenario {
    /// The resolved scenario: every value in it, in the order of [`SECTIONS`]. It loads again to
    /// an equal scenario, and equal scenarios have equal texts.
    pub fn to_toml(&self) -> String {
        let mut out = Writer::default();
        out.put(&SCHEMA, &1);
        out.put(&NAME, &self.name);
        out.put(&DESCRIPTION, &self.description);
        out.put(&SEED, &self.seed);
        out.put(&DURATION, &self.duration);
        self.start.write(&mut out);
        out.put(&WARMUP, &self.warmup);
        out.put(&WINDOW, &self.window);
        out.put(&PLATFORM, &self.platform);
        if !self.expect.is_empty() {
            let placed = self.expect.iter().map(Placed::nowhere).collect();
            out.put(&EXPECT, &placed);
        }
        self.store.write(&self.network.zones.names, &mut out);
        self.network.write(&mut out);
        for fault in &self.faults {
            fault.write(&self.network.zones.names, &mut out);
        }
        self.database.write(&mut out);
        self.cost.write(&mut out);
        alarms::write(&self.alarms, &mut out);
        if let Some(trace) = &self.trace {
            trace.write(&mut out);
        }
        for class in &self.users {
            class.write(&self.network.zones.names, &mut out);
        }
        for workload in &self.workloads {
            workload.write(self, &mut out);
        }
        own_types::write(&self.node_types, &mut out);
        out.finish()
    }
}
