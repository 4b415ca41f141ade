//! `[store] kind`: where sessions lie, if not in a cache.

use crate::scenario::Scenario;
use crate::scenario::database::OnLostSession;
use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::{Key, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::writer::Writer;
use crate::scenario::users::UserClass;
use crate::units::Span;

use super::StoreSpec;

/// Where sessions lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum StoreKind {
    /// In the nodes of a cache.
    #[default]
    Cache,
    /// In the database alone: each command is a query of it.
    Database {
        /// Time between two runs of the job that deletes expired sessions.
        cleanup_every: Span,
    },
    /// In the memory of the application's own instances, behind a load balancer that sends each user
    /// to the same one.
    InProcess(Instances),
}

/// The application's instances.
#[derive(Clone, Debug, PartialEq)]
pub struct Instances {
    /// Their number at the start, at least 1.
    pub number: u32,
    /// When it changes, in order.
    pub scaling: Vec<Scaling>,
    /// After this time the changes come again; zero if they come once.
    pub repeat_every: Span,
    /// How long an instance that is to go still serves the sessions it has.
    pub drain: Span,
    /// Time between two looks for expired sessions.
    pub cleanup_every: Span,
}

/// A change of the number of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// When.
    pub at: Span,
    /// Their number from then on, at least 1.
    pub instances: u32,
}

impl StoreKind {
    /// Whether sessions lie in a cache.
    pub const fn is_cache(&self) -> bool {
        matches!(self, Self::Cache)
    }
}

impl Scenario {
    /// What else of the scenario does not go with where sessions lie: what is wrong, and what to do
    /// about it.
    pub(in crate::scenario) fn clash(&self) -> Option<(&'static str, &'static str)> {
        let kind = &self.store.kind;
        if kind.is_cache() {
            return None;
        }
        let in_database = matches!(kind, StoreKind::Database { .. });
        let of_class = |class: &UserClass| class.session.on_lost_session;
        if !self.workloads.is_empty() {
            Some((
                "[[workloads]] use the nodes of a cache, and [store] has none",
                "leave them out, or write kind = \"cache\"",
            ))
        } else if in_database && self.database.on_lost_session == OnLostSession::Restore {
            Some((
                "sessions lie in the database alone: there is no copy to restore them from",
                "write on_lost_session = \"login\" in [database]",
            ))
        } else if in_database
            && self
                .users
                .iter()
                .any(|class| of_class(class) == Some(OnLostSession::Restore))
        {
            Some((
                "sessions lie in the database alone: there is no copy to restore them from",
                "write on_lost_session = \"login\" in [users.session], or choose another `library`",
            ))
        } else if self.trace.is_some() && !in_database {
            Some((
                "recorded traffic does not go with instances that come and go",
                "a trace does not say who would be sent to another instance: use [[users]]",
            ))
        } else {
            None
        }
    }
}

impl Instances {
    /// The largest number of instances at a time.
    pub fn most(&self) -> u32 {
        let later = self.scaling.iter().map(|step| step.instances).max();
        self.number.max(later.unwrap_or(0))
    }
}

/// Sessions lie in no cache, and something is wrong with where they lie.
pub(super) struct NotCache;

/// The word for a kind, without its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KindName {
    Cache,
    Database,
    InProcess,
}

impl Choice for KindName {
    const WHAT: &'static str = "a kind of store";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("cache", Self::Cache),
        ("database", Self::Database),
        ("in-process", Self::InProcess),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("redis", "cache"),
        ("valkey", "cache"),
        ("db", "database"),
        ("sql", "database"),
        ("postgres", "database"),
        ("mysql", "database"),
        ("memory", "in-process"),
        ("local", "in-process"),
        ("sticky", "in-process"),
        ("process", "in-process"),
    ];
}
choice_is_value!(KindName);

/// Two years: longer than any run.
const MAX_TIME: u64 = 730 * 86_400_000_000_000;
const SECOND: u64 = 1_000_000_000;
const MAX_INSTANCES: u64 = 1_000;
const MAX_STEPS: usize = 1_000;

pub(super) const KIND: Key<KindName> = Key::built_in(
    "kind",
    "\"cache\"",
    "what this simulator is about",
    "Where sessions lie: \"cache\" in nodes of Redis or Valkey; for comparison \"database\", where each \
     command is a query of the database, or \"in-process\", in the memory of the application's own \
     instances behind a load balancer with sticky sessions.",
)
.called(&["type", "backend"]);

pub(super) const CLEANUP_EVERY: Key<Span> = Key::derived(
    "cleanup_every",
    "15 minutes, as connect-pg-simple has it, if sessions lie in no cache",
    "Time between two runs of the job that deletes expired sessions.",
)
.between(SECOND, MAX_TIME)
.called(&["prune_interval", "cleanup", "gc_interval"]);

pub(super) const INSTANCES: Key<u32> = Key::derived(
    "instances",
    "must be given if `kind` is \"in-process\"",
    "Instances of the application at the start.",
)
.between(1, MAX_INSTANCES)
.called(&["servers", "processes", "workers"]);

pub(super) const DRAIN: Key<Span> = Key::derived(
    "drain",
    "0s in process: an Application Load Balancer sends nothing more to a target that is deregistering",
    "How long an instance that is to go still serves the sessions it has, while new ones go to \
     others, as nginx and HAProxy can do it. Then its sessions are lost.",
)
.between(0, MAX_TIME)
.called(&["draining", "drain_time", "deregistration_delay"]);

pub(super) const REPEAT_EVERY: Key<Span> = Key::derived(
    "repeat_every",
    "the changes of [[store.scaling]] come once",
    "After this time the changes of [[store.scaling]] come again, for example each \"1d\".",
)
.between(SECOND, MAX_TIME)
.called(&["repeat", "period"]);

const AT: Key<Span> = Key::required(
    "at",
    "\"8h\"",
    "When the number changes, since the start of the run or of the repetition.",
)
.between(0, MAX_TIME)
.called(&["time", "when"]);

const STEP_INSTANCES: Key<u32> = Key::required(
    "instances",
    "4",
    "Instances from then on. Those that came last go first.",
)
.between(1, MAX_INSTANCES)
.called(&["to", "number"]);

/// The section of changes.
pub(in crate::scenario) const SCALING: Section = Section {
    path: "store.scaling",
    repeated: true,
    help: "With kind = \"in-process\": a change of the number of instances. One that goes takes its \
           sessions with it.",
    keys: &[AT.info(), STEP_INSTANCES.info()],
    sections: &[],
    not_yet: &[],
};

impl StoreKind {
    /// Where sessions lie; an error, already reported, if something is wrong with it. Without a
    /// cache nothing more of the section is to be read.
    pub(super) fn read(table: &Table<'_>) -> Result<Self, NotCache> {
        let name = table.get(&KIND);
        let is_cache = name.is_none_or(|name| name == KindName::Cache);
        let steps = table.sections(&SCALING);
        if is_cache {
            refuse_others(table, name, !steps.is_empty());
            // What is wrong with the word is no reason to pass over the rest.
            return Ok(Self::Cache);
        }
        let Some(name) = name else {
            return Ok(Self::Cache);
        };
        Self::read_other(table, name, steps).ok_or(NotCache)
    }

    fn read_other(table: &Table<'_>, name: KindName, steps: Vec<Table<'_>>) -> Option<Self> {
        table.refuse_others(
            &[
                "kind",
                "cleanup_every",
                "instances",
                "drain",
                "repeat_every",
            ],
            match name {
                KindName::Database => "the database has none of a cache's settings",
                _ => "the application has none of a cache's settings",
            },
            "leave it out, or write kind = \"cache\"",
        );
        let cleanup_every = table.get_or(&CLEANUP_EVERY, || Some(Span::from_secs(900)));
        if name == KindName::Database {
            let why = "a database has no instances of the application";
            refuse_instances(table, why, !steps.is_empty());
            return Some(Self::Database {
                cleanup_every: cleanup_every?,
            });
        }
        let given = table.has(&INSTANCES);
        let number = table.get_or(&INSTANCES, || None);
        if !given {
            table.own_problem(|problem| Problem {
                message: "`instances` is missing".to_owned(),
                label: "in [store]".to_owned(),
                hint: Some("add for example instances = 4".to_owned()),
                ..problem.missing("instances")
            });
        }
        let drain = table.get_or(&DRAIN, || Some(Span::ZERO));
        let given = table.has(&REPEAT_EVERY);
        let repeat_every = table.get_or(&REPEAT_EVERY, || None);
        let repeat_every = if given {
            repeat_every
        } else {
            Some(Span::ZERO)
        };
        let scaling = read_steps(table, steps, repeat_every);
        Some(Self::InProcess(Instances {
            number: number?,
            scaling: scaling?,
            repeat_every: repeat_every?,
            drain: drain?,
            cleanup_every: cleanup_every?,
        }))
    }

    /// The servers that stand for it: as many as there are instances, without a limit.
    pub(in crate::scenario) fn servers(self) -> StoreSpec {
        let shards = match &self {
            Self::InProcess(instances) => instances.most(),
            _ => 1,
        };
        StoreSpec {
            shards,
            kind: self,
            ..StoreSpec::upstream()
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        match self {
            Self::Cache => out.put(&KIND, &KindName::Cache),
            Self::Database { cleanup_every } => {
                out.put(&KIND, &KindName::Database);
                out.put(&CLEANUP_EVERY, cleanup_every);
            }
            Self::InProcess(instances) => {
                out.put(&KIND, &KindName::InProcess);
                out.put(&CLEANUP_EVERY, &instances.cleanup_every);
                out.put(&INSTANCES, &instances.number);
                out.put(&DRAIN, &instances.drain);
                if instances.repeat_every > Span::ZERO {
                    out.put(&REPEAT_EVERY, &instances.repeat_every);
                }
                for step in &instances.scaling {
                    out.section(&SCALING);
                    out.put(&AT, &step.at);
                    out.put(&STEP_INSTANCES, &step.instances);
                }
            }
        }
    }
}

/// Says that a cache has none of what belongs to the others.
fn refuse_others(table: &Table<'_>, name: Option<KindName>, scales: bool) {
    if name.is_none() {
        table.get_or(&CLEANUP_EVERY, || None);
        table.get_or(&INSTANCES, || None);
        table.get_or(&DRAIN, || None);
        table.get_or(&REPEAT_EVERY, || None);
        return;
    }
    let hint = "leave it out, or choose another `kind`";
    table.refuse(&CLEANUP_EVERY, "a cache expires keys by itself", hint);
    refuse_instances(table, "a cache has `shards`", scales);
}

fn refuse_instances(table: &Table<'_>, why: &str, scales: bool) {
    let hint = "leave it out, or write kind = \"in-process\"";
    table.refuse(&INSTANCES, why, hint);
    table.refuse(&DRAIN, why, hint);
    table.refuse(&REPEAT_EVERY, why, hint);
    if scales {
        table.own_problem(|problem| Problem {
            message: "[[store.scaling]] has no meaning here".to_owned(),
            label: why.to_owned(),
            hint: Some(hint.to_owned()),
            ..problem
        });
    }
}

fn read_steps(
    table: &Table<'_>,
    steps: Vec<Table<'_>>,
    repeat_every: Option<Span>,
) -> Option<Vec<Scaling>> {
    if steps.len() > MAX_STEPS {
        table.own_problem(|problem| Problem {
            message: format!("{} changes are too many", steps.len()),
            hint: Some(format!("at most {MAX_STEPS}; `repeat_every` repeats them")),
            ..problem
        });
        return None;
    }
    let mut last = None;
    let steps: Vec<_> = steps
        .into_iter()
        .map(|step| {
            let at = step.get(&AT);
            let instances = step.get(&STEP_INSTANCES);
            let late = repeat_every.is_some_and(|every| every > Span::ZERO && at >= Some(every));
            if at.is_some() && at <= last || late {
                step.problem(&AT, |problem| Problem {
                    message: "changes must come in the order of time".to_owned(),
                    label: if late {
                        "not before the next repetition".to_owned()
                    } else {
                        "not after the one before".to_owned()
                    },
                    ..problem
                });
                step.finish();
                return None;
            }
            last = at.or(last);
            step.finish();
            Some(Scaling {
                at: at?,
                instances: instances?,
            })
        })
        .collect();
    steps.into_iter().collect()
}
