//! What workloads beside the sessions did and found.

use crate::probe::{Kept, WorkloadDone};
use crate::units::Time;

use super::histogram::{Bins, Latencies};

/// What is known of a workload at the end of a run.
#[derive(Clone, Debug)]
pub struct WorkloadMeasurements {
    /// Requests that got their answer.
    pub requests: u64,
    /// Of these, requests that found what they read, and that did not.
    pub found: [u64; 2],
    /// Of these, requests of which a command or a query was refused.
    pub failed: u64,
    /// Its keys that were evicted.
    pub evicted_keys: u64,
    /// Its expired keys that were reclaimed.
    pub expired_keys: u64,
    /// Queries that it sent to the database.
    pub db_queries: u64,
    /// The store's part of its requests.
    pub latency: Latencies,
    /// What it kept when the run ended.
    pub kept: Kept,
    /// The same as a share of the nodes' `used_memory`, in parts of 10^-9.
    pub memory_share: u64,
}

impl WorkloadMeasurements {
    /// Share of reads that found what they looked for; `None` without reads.
    pub fn hit_rate(&self) -> Option<f64> {
        let reads = self.found[0] + self.found[1];
        (reads > 0).then(|| self.found[0] as f64 / reads as f64)
    }
}

/// Listens to one workload.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    requests: u64,
    found: [u64; 2],
    failed: u64,
    evicted_keys: u64,
    expired_keys: u64,
    db_queries: u64,
    latency: Bins,
    kept: Kept,
}

impl Watched {
    /// A request got its answer. One that was sent before the measurement began does not count.
    pub(super) fn done(&mut self, fact: &WorkloadDone, begin: Time) {
        if fact.issued < begin {
            return;
        }
        self.requests += 1;
        match fact.found {
            Some(true) => self.found[0] += 1,
            Some(false) => self.found[1] += 1,
            None => {}
        }
        self.failed += u64::from(fact.refused);
        self.db_queries += u64::from(fact.queries.reads) + u64::from(fact.queries.writes);
        self.latency.record(fact.store_time.0);
    }

    pub(super) const fn key_died(&mut self, evicted: bool) {
        if evicted {
            self.evicted_keys += 1;
        } else {
            self.expired_keys += 1;
        }
    }

    pub(super) const fn keeps(&mut self, kept: Kept) {
        self.kept = kept;
    }

    /// What it leaves, in nodes whose `used_memory` is so many bytes in all.
    pub(super) fn finish(self, used_memory: u64) -> WorkloadMeasurements {
        let billion = u128::from(self.kept.bytes) * 1_000_000_000;
        WorkloadMeasurements {
            requests: self.requests,
            found: self.found,
            failed: self.failed,
            evicted_keys: self.evicted_keys,
            expired_keys: self.expired_keys,
            db_queries: self.db_queries,
            latency: self.latency.latencies(),
            kept: self.kept,
            memory_share: (billion / u128::from(used_memory.max(1))) as u64,
        }
    }
}
