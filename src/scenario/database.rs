//! `[database]`: the store behind the cache.

use crate::kernel::quantiles::Distribution;
use crate::units::Span;

use super::reader::choice::{Choice, choice_is_value};
use super::reader::key::{Key, Section};
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

/// `[database]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseSpec {
    /// Queries served at a time, at least 1.
    pub concurrency: u32,
    /// Queries that may wait, beyond those served; further ones are refused.
    pub queue_limit: u32,
    /// Time that a query occupies the database.
    pub service_time: Distribution<Span>,
    /// What becomes of a lost session.
    pub on_lost_session: OnLostSession,
}

/// Longest service time of a query, 1 hour.
const MAX_SERVICE: u64 = 3_600_000_000_000;
const MAX_QUEUE: u64 = 10_000_000;

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
        ON_LOST_SESSION.info(),
    ],
    sections: &[],
    not_yet: &["replicas", "engine"],
};

impl DatabaseSpec {
    pub(super) fn read(table: Table<'_>) -> Option<Self> {
        let concurrency = table.get(&CONCURRENCY);
        let queue_limit = table.get(&QUEUE_LIMIT);
        let service_time = table.get(&SERVICE_TIME);
        let on_lost_session = table.get(&ON_LOST_SESSION);
        table.finish();
        Some(Self {
            concurrency: concurrency?,
            queue_limit: queue_limit?,
            service_time: service_time?,
            on_lost_session: on_lost_session?,
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&CONCURRENCY, &self.concurrency);
        out.put(&QUEUE_LIMIT, &self.queue_limit);
        out.put(&SERVICE_TIME, &self.service_time);
        out.put(&ON_LOST_SESSION, &self.on_lost_session);
    }
}
