//! What a replay found, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::replay::Setup;
use crate::replay::deployment::Total;
use crate::report::format;
use crate::store::keyspace::ShapeKind;
use crate::units::Span;

/// Raised when the JSON changes in a way that readers notice.
const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema_version: u32,
    trace: Trace,
    store: Store,
    seed: u64,
    start_unix_ms: u64,
    reads: u64,
    hits: u64,
    hit_rate: Option<f64>,
    misses: Misses,
    writes: Writes,
    renewals: Found,
    deletions: Found,
    evicted_keys: u64,
    expired_keys: u64,
    keys: u64,
    keys_with_ttl: u64,
    used_memory: u64,
    nodes: Vec<Node>,
}

#[derive(Debug, Serialize)]
struct Trace {
    name: String,
    rows: u64,
    skipped_lines: u64,
    duration_ms: u64,
}

#[derive(Debug, Serialize)]
struct Store {
    engine: &'static str,
    allocator: &'static str,
    shards: u32,
    maxmemory: u64,
    maxmemory_policy: &'static str,
    maxmemory_samples: u32,
    hz: u32,
    active_expire_effort: u32,
    lfu_log_factor: u32,
    lfu_decay_time_minutes: u32,
    key_length: u32,
    /// Of hashes; 0 for strings.
    fields: u32,
}

/// Reads that did not find their key, by what the client knows of it.
#[derive(Debug, Serialize)]
struct Misses {
    cold: u64,
    expired: u64,
    deleted: u64,
    refused: u64,
    evicted: u64,
}

#[derive(Debug, Serialize)]
struct Writes {
    stored: u64,
    refused_oom: u64,
}

#[derive(Debug, Serialize)]
struct Found {
    found: u64,
    missed: u64,
}

#[derive(Debug, Serialize)]
struct Node {
    keys: u64,
    used_memory: u64,
    evicted_keys: u64,
    expired_keys: u64,
}

impl Summary {
    pub(super) fn new(
        name: &str,
        rows: u64,
        skipped_lines: u64,
        duration_ms: u64,
        setup: &Setup,
        total: &Total,
    ) -> Self {
        let counts = &total.counts;
        // Each shard took a sample at the end.
        let last: Vec<_> = total
            .shards
            .iter()
            .filter_map(|s| s.samples.last())
            .collect();
        let store = &setup.store;
        Self {
            schema_version: SCHEMA_VERSION,
            trace: Trace {
                name: name.to_owned(),
                rows,
                skipped_lines,
                duration_ms,
            },
            store: Store {
                engine: store.engine.as_str(),
                allocator: store.allocator.as_str(),
                shards: store.shards,
                maxmemory: store.maxmemory.0,
                maxmemory_policy: store.maxmemory_policy.as_str(),
                maxmemory_samples: store.maxmemory_samples,
                hz: store.hz,
                active_expire_effort: store.active_expire_effort,
                lfu_log_factor: store.lfu_log_factor,
                lfu_decay_time_minutes: store.lfu_decay_time,
                key_length: setup.key_length,
                fields: match setup.kind {
                    ShapeKind::Hash { fields, .. } => fields,
                    _ => 0,
                },
            },
            seed: setup.seed,
            start_unix_ms: setup.start_unix_ms,
            reads: counts.get_hits + counts.get_misses(),
            hits: counts.get_hits,
            hit_rate: counts.hit_ratio(),
            misses: Misses {
                cold: counts.miss_cold,
                expired: counts.miss_expired,
                deleted: counts.miss_deleted,
                refused: counts.miss_rejected,
                evicted: counts.miss_lost,
            },
            writes: Writes {
                stored: counts.sets_ok,
                refused_oom: counts.sets_refused,
            },
            renewals: Found {
                found: counts.touch_hits,
                missed: counts.touch_misses,
            },
            deletions: Found {
                found: counts.delete_hits,
                missed: counts.delete_misses,
            },
            evicted_keys: counts.evicted_keys,
            expired_keys: counts.expired_keys,
            keys: last.iter().map(|sample| sample.keys).sum(),
            keys_with_ttl: last.iter().map(|sample| sample.expires).sum(),
            used_memory: last.iter().map(|sample| sample.used_memory).sum(),
            nodes: last
                .iter()
                .map(|sample| Node {
                    keys: sample.keys,
                    used_memory: sample.used_memory,
                    evicted_keys: sample.evicted_keys,
                    expired_keys: sample.expired_keys,
                })
                .collect(),
        }
    }

    pub(super) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and texts");
        text.push('\n');
        text
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.heading();
        let share = |part: u64| match part {
            0 => String::new(),
            part => format::percent((part as f64 / self.reads as f64 * 1e9) as i64),
        };
        let misses = &self.misses;
        let mut line = |name: &str, number: u64, note: &str| {
            let number = format::thousands(number);
            let line = format!("{name:<30}{number:>16}  {note}");
            let _ = writeln!(text, "{}", line.trim_end());
        };
        line("reads", self.reads, "");
        line("  hits", self.hits, &share(self.hits));
        line("  never stored before", misses.cold, &share(misses.cold));
        line("  TTL had passed", misses.expired, &share(misses.expired));
        line("  deleted", misses.deleted, &share(misses.deleted));
        line(
            "  their write was refused",
            misses.refused,
            &share(misses.refused),
        );
        line("  evicted", misses.evicted, &share(misses.evicted));
        line("writes", self.writes.stored, "");
        line("  refused with OOM", self.writes.refused_oom, "");
        line("renewals of a TTL", self.renewals.found, "");
        line("  key not there", self.renewals.missed, "");
        line("deletions", self.deletions.found, "");
        line("  key not there", self.deletions.missed, "");
        line("evicted keys", self.evicted_keys, "");
        line("expired keys", self.expired_keys, "");
        line("keys at the end", self.keys, "");
        line("  with a TTL", self.keys_with_ttl, "");
        line(
            "used_memory at the end",
            self.used_memory,
            &format::bytes(self.used_memory),
        );
        if self.nodes.len() > 1 {
            let most = self.nodes.iter().map(|node| node.used_memory).max();
            let most = most.unwrap_or(0);
            line("  of the fullest node", most, &format::bytes(most));
        }
        if self.trace.skipped_lines > 0 {
            line("lines skipped", self.trace.skipped_lines, "no rows");
        }
        text
    }

    fn heading(&self) -> String {
        let (trace, store) = (&self.trace, &self.store);
        let limit = match store.maxmemory {
            0 => "no maxmemory".to_owned(),
            limit => format!("maxmemory {}", format::bytes(limit)),
        };
        let nodes = match store.shards {
            1 => "1 node".to_owned(),
            shards => format!("{} shards", format::thousands(shards.into())),
        };
        let kind = match store.fields {
            0 => "strings".to_owned(),
            fields => format!("hashes of {fields} fields"),
        };
        format!(
            "{}: {}, {}\n{nodes} of {} ({} allocator), {limit}, {}, {} samples, {kind}, \
             seed {}\n\n",
            trace.name,
            format::plural(trace.rows, "row", "rows"),
            match trace.duration_ms {
                0 => "all at once".to_owned(),
                millis => format::words(Span::from_millis(millis)),
            },
            store.engine,
            store.allocator,
            store.maxmemory_policy,
            store.maxmemory_samples,
            self.seed
        )
    }
}
