//! `[database]`: the store behind the cache.

use crate::kernel::quantiles::Distribution;
use crate::units::{Ratio, Span};

use super::reader::choice::{Choice, choice_is_value};
use super::reader::key::{Key, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::writer::Writer;

/// What the application does when a session it looked for is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLostSession {
    /// Read it from the database and store it again. Every change is written to the database
    /// too, or there would be nothing to read.
    Restore,
    /// Ask the user to log in again (a guest starts afresh).
    Login,
}

impl Choice for OnLostSession {
    const WHAT: &'static str = "a way to go on";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("restore", Self::Restore), ("login", Self::Login)];
}
choice_is_value!(OnLostSession);

/// When the database has a change of a session, where it keeps copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// The change is sent there once the store has it, and nobody waits for it.
    Alongside,
    /// The request waits until the database has it too.
    Through,
}

impl Choice for Writes {
    const WHAT: &'static str = "a way to write";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("alongside", Self::Alongside), ("through", Self::Through)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("async", "alongside"),
        ("write-around", "alongside"),
        ("sync", "through"),
        ("write-through", "through"),
    ];

    fn refused(word: &str) -> Option<&'static str> {
        matches!(word, "behind" | "write-behind" | "write-back").then_some("is not modelled yet")
    }
}
choice_is_value!(Writes);

/// `[database]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseSpec {
    /// Queries served at a time, at least 1.
    pub concurrency: u32,
    /// Queries that may wait, beyond those served; further ones are refused.
    pub queue_limit: u32,
    /// Time that a query occupies the database.
    pub service_time: Distribution<Span>,
    /// By how much a query takes longer for each other one that is served with it.
    pub contention: Ratio,
    /// Likewise for each pair of queries that are served together.
    pub coherency: Ratio,
    /// What becomes of a lost session.
    pub on_lost_session: OnLostSession,
    /// When the database has a change, where it keeps copies.
    pub writes: Writes,
}

/// Longest service time of a query, 1 hour.
const MAX_SERVICE: u64 = 3_600_000_000_000;
const MAX_QUEUE: u64 = 10_000_000;
/// Most queries at a time that hold each other up: at each one the others are counted.
const MAX_SHARED: u32 = 1_000;

const CONCURRENCY: Key<u32> = Key::built_in(
    "concurrency",
    "32",
    "assumed: a pool of usual size",
    "Queries that the database serves at a time; further ones wait.",
)
.between(1, 100_000)
.called(&["connections", "pool", "pool_size", "servers", "workers"]);

const QUEUE_LIMIT: Key<u32> = Key::built_in(
    "queue_limit",
    "10000",
    "assumed",
    "Queries that may wait for the database; further ones are refused.",
)
.between(0, MAX_QUEUE)
.called(&["queue", "queue_size", "max_queue"]);

const SERVICE_TIME: Key<Distribution<Span>> = Key::built_in(
    "service_time",
    "{ lognormal = { median = \"2ms\", p99 = \"20ms\" } }",
    "assumed: a read or write by primary key",
    "Time that a query occupies the database.",
)
.between(0, MAX_SERVICE)
.called(&["latency", "query_time"]);

/// Gunther, "Guerrilla Capacity Planning" (2007), chapters 4 to 6.
const CONTENTION: Key<Ratio> = Key::built_in(
    "contention",
    "\"0%\"",
    "none: a database that is far from its limits",
    "By how much a query takes longer for each other one that is served at the same time: sigma of \
     the universal scalability law, by which a query of N takes 1 + sigma (N - 1) + kappa N (N - 1) \
     times as long as one alone.",
)
.called(&["sigma", "serialization"]);

const COHERENCY: Key<Ratio> = Key::built_in(
    "coherency",
    "\"0%\"",
    "none: a database that is far from its limits",
    "By how much a query takes longer for each pair of queries that are served at the same time: kappa \
     of the universal scalability law. Where it is above 0, throughput falls again beyond some number \
     of queries.",
)
.called(&["kappa", "crosstalk", "coherence"]);

const WRITES: Key<Writes> = Key::built_in(
    "writes",
    "\"alongside\"",
    "assumed: a user does not wait for the copy",
    "With on_lost_session = \"restore\", when the database has a change: \"alongside\", sent once the \
     store has it while nobody waits, or \"through\", so that the request lasts until the database \
     has it.",
)
.called(&["write", "write_mode", "copies"]);

const ON_LOST_SESSION: Key<OnLostSession> = Key::built_in(
    "on_lost_session",
    "\"login\"",
    "assumed: most session stores have no second copy",
    "What happens to a user whose session is gone: \"restore\" reads it from the database, which \
     then gets a write for every change; \"login\" sends the user to the login page, and a guest \
     starts afresh.",
)
.called(&["on_miss", "on_loss", "on_lost"]);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "database",
    repeated: false,
    help: "The store behind the cache: credentials, and a copy of sessions if there is one.",
    keys: &[
        CONCURRENCY.info(),
        QUEUE_LIMIT.info(),
        SERVICE_TIME.info(),
        CONTENTION.info(),
        COHERENCY.info(),
        ON_LOST_SESSION.info(),
        WRITES.info(),
    ],
    sections: &[],
    not_yet: &["replicas", "engine"],
};

impl DatabaseSpec {
    pub(super) fn read(table: Table<'_>) -> Option<Self> {
        let concurrency = table.get(&CONCURRENCY);
        let queue_limit = table.get(&QUEUE_LIMIT);
        let service_time = table.get(&SERVICE_TIME);
        let contention = table.get(&CONTENTION);
        let coherency = table.get(&COHERENCY);
        if concurrency.is_some_and(|number| number > MAX_SHARED)
            && (contention.is_some_and(|share| share > Ratio::ZERO)
                || coherency.is_some_and(|share| share > Ratio::ZERO))
        {
            table.problem(&CONCURRENCY, |problem| Problem {
                message: "`concurrency` is too large for queries that hold each other up"
                    .to_owned(),
                label: format!("at most {MAX_SHARED} with `contention` or `coherency`"),
                ..problem
            });
            return None;
        }
        let on_lost_session = table.get(&ON_LOST_SESSION);
        let writes = table.get(&WRITES);
        table.finish();
        Some(Self {
            concurrency: concurrency?,
            queue_limit: queue_limit?,
            service_time: service_time?,
            contention: contention?,
            coherency: coherency?,
            on_lost_session: on_lost_session?,
            writes: writes?,
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&CONCURRENCY, &self.concurrency);
        out.put(&QUEUE_LIMIT, &self.queue_limit);
        out.put(&SERVICE_TIME, &self.service_time);
        out.put(&CONTENTION, &self.contention);
        out.put(&COHERENCY, &self.coherency);
        out.put(&ON_LOST_SESSION, &self.on_lost_session);
        out.put(&WRITES, &self.writes);
    }
}
