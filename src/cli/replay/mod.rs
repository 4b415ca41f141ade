//! `sessionsim replay`.

mod summary;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::fidelity::measured::Config;
use crate::replay::Setup;
use crate::replay::deployment::Deployment;
use crate::report::format::plural;
use crate::scenario::Scenario;
use crate::scenario::store::{Allocator, Engine, EvictionPolicy};
use crate::store::keyspace::ShapeKind;
use crate::traffic::trace::{TraceError, TraceReader};
use crate::units::{Bytes, Time};

use super::exit::{Exit, Failure};
use super::input;
use super::scenario::Changes;
use super::terminal::{to_stderr, to_stdout};
use super::trace;
use summary::Summary;

/// Rows that are read before they are replayed.
const BATCH: usize = 1024;

/// Replay recorded traffic through a node or a deployment
///
/// TRACE is a CSV file of `t_ms,op,key,size,ttl_ms`, sorted by time: milliseconds since the
/// start; get, set, touch or del; the number of the key; bytes of the value; TTL in milliseconds
/// or 0. A get stores what it misses. It may be compressed with gzip or zstd. Without --config or
/// --scenario the node is configured as upstream's redis.conf; other options go before both.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) struct Replay {
    /// The trace; `-` reads it from stdin
    trace: PathBuf,
    /// Configure the node as a measured run's config.json says
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    config: Option<PathBuf>,
    /// Take [store] and the seed from a scenario
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    node: NodeOptions,
    /// Seed of the node's own random numbers [default: the scenario's, or 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Count lines that are no rows, and go on
    #[arg(long)]
    skip_bad_lines: bool,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Do not say how fast it was
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
struct NodeOptions {
    /// Server program and version [default: redis-7.0]
    #[arg(long, value_name = "NAME")]
    engine: Option<Engine>,
    /// Build of its jemalloc: bundled or debian [default: bundled]
    #[arg(long, value_name = "NAME")]
    allocator: Option<Allocator>,
    /// Shards; a key's hash slot decides which one [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    shards: Option<u32>,
    /// Limit of used_memory of each node, such as 100MiB; 0 for none [default: 0]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    maxmemory: Option<Bytes>,
    /// maxmemory-policy [default: noeviction]
    #[arg(long, value_name = "NAME")]
    policy: Option<EvictionPolicy>,
    /// maxmemory-samples [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    samples: Option<u32>,
    /// Runs of the cron a second [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    hz: Option<u32>,
    /// active-expire-effort [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    effort: Option<u32>,
    /// lfu-log-factor [default: 10]
    #[arg(long, value_name = "N")]
    lfu_log_factor: Option<u32>,
    /// lfu-decay-time in minutes, 0 for never [default: 1]
    #[arg(long, value_name = "MINUTES")]
    lfu_decay_time: Option<u32>,
    /// Bytes of a key's name [default: 40]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    key_length: Option<u32>,
    /// Store values as hashes of N fields instead of strings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    fields: Option<u32>,
    /// Bytes of a field's name [default: 4]
    #[arg(long, value_name = "BYTES", default_value_t = 4, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    field_length: u32,
    /// Time 0 on the server's clock in milliseconds since 1970, which decides when its clocks
    /// of seconds and minutes tick [default: a whole minute]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=253_402_300_799_000))]
    start_unix_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary
    Text,
    /// The same figures as JSON
    Json,
}

/// Bytes with a unit, or a bare number of them as redis.conf has it.
fn bytes(text: &str) -> Result<Bytes, String> {
    const MOST: u64 = 4 << 40;
    let bytes = match text.parse() {
        Ok(number) => Bytes(number),
        Err(_) => text.parse::<Bytes>().map_err(|error| error.to_string())?,
    };
    if bytes.0 > MOST {
        return Err("at most 4TiB".to_owned());
    }
    Ok(bytes)
}

impl Replay {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let setup = self.setup()?;
        let started = now();
        let name = if self.trace == Path::new("-") {
            "stdin".to_owned()
        } else {
            self.trace.display().to_string()
        };
        let mut reader = TraceReader::new(trace::open(&self.trace, &name)?);
        let mut deployment = Deployment::new(&setup);
        let (mut rows, mut skipped, mut last) = (0, 0u64, 0);
        let mut batch = Vec::with_capacity(BATCH);
        let mut is_over = false;
        while !is_over {
            match reader.next_row() {
                Ok(Some(row)) => batch.push(row),
                Ok(None) => is_over = true,
                Err(TraceError::Line { .. }) if self.skip_bad_lines => skipped += 1,
                Err(error) => return Err(unusable(&name, reader.line_number(), error)),
            }
            if is_over || batch.len() == BATCH {
                deployment.rows(&batch);
                rows += batch.len() as u64;
                last = batch.last().map_or(last, |row| row.millis);
                batch.clear();
            }
        }
        if rows == 0 {
            return Err(Failure::new(
                Exit::InvalidScenario,
                format!("`{name}` has no rows"),
            ));
        }
        let total = deployment.finish_at(Time::ZERO);
        if let Some(broken) = total.shards.iter().find_map(|s| s.broken.as_ref()) {
            panic!("seed {}: {broken}", setup.seed);
        }
        if !self.quiet {
            let seconds = started.elapsed().as_secs_f64();
            let speed = rows as f64 / seconds.max(1e-9) / 1e6;
            to_stderr(&format!(
                "{} in {seconds:.2} s: {speed:.2} M operations/s\n",
                plural(rows, "row", "rows")
            ));
        }
        let summary = Summary::new(&name, rows, skipped, last, &setup, &total);
        to_stdout(&match self.format {
            Format::Text => summary.text(),
            Format::Json => summary.json(),
        })?;
        Ok(Exit::Success)
    }

    /// The node and its keys, by the options, or else the file they name.
    fn setup(&self) -> Result<Setup, Failure> {
        let mut setup = Setup::default();
        if let Some(path) = &self.config {
            let invalid = |error: String| {
                let message = format!("`{}`: {error}", path.display());
                Failure::new(Exit::InvalidScenario, message)
            };
            let text = input::read(path)?.text;
            setup = Config::parse(&text)
                .and_then(|config| config.setup())
                .map_err(invalid)?;
        }
        if let Some(path) = &self.scenario {
            let scenario = load(path)?;
            if !scenario.store.kind.is_cache() {
                let message = format!(
                    "`{}` has no cache to replay a trace through",
                    path.display()
                );
                return Err(Failure::new(Exit::InvalidScenario, message));
            }
            setup.store = scenario.store;
            setup.seed = scenario.seed;
        }
        self.node.apply(&mut setup);
        setup.seed = self.seed.unwrap_or(setup.seed);
        Ok(setup)
    }
}

impl NodeOptions {
    fn apply(&self, setup: &mut Setup) {
        fn set<T: Copy>(value: &mut T, option: Option<T>) {
            if let Some(option) = option {
                *value = option;
            }
        }
        let store = &mut setup.store;
        set(&mut store.engine, self.engine);
        set(&mut store.allocator, self.allocator);
        set(&mut store.shards, self.shards);
        set(&mut store.maxmemory, self.maxmemory);
        set(&mut store.maxmemory_policy, self.policy);
        set(&mut store.maxmemory_samples, self.samples);
        set(&mut store.hz, self.hz);
        set(&mut store.active_expire_effort, self.effort);
        set(&mut store.lfu_log_factor, self.lfu_log_factor);
        set(&mut store.lfu_decay_time, self.lfu_decay_time);
        set(&mut setup.key_length, self.key_length);
        set(&mut setup.start_unix_ms, self.start_unix_ms);
        if let Some(fields) = self.fields {
            setup.kind = ShapeKind::Hash {
                fields,
                field_length: self.field_length,
            };
        }
    }
}

fn load(path: &Path) -> Result<Scenario, Failure> {
    Ok(Changes::default().load(path)?.scenario)
}

/// What is wrong with a trace, and behind which line.
fn unusable(name: &str, line: u64, error: TraceError) -> Failure {
    match error {
        TraceError::Line { number, what } => {
            let message = format!(
                "`{name}`, line {number}: {what}\n  (--skip-bad-lines leaves such lines out)"
            );
            Failure::new(Exit::InvalidScenario, message)
        }
        TraceError::Io(error) if error.kind() == ErrorKind::InvalidData => Failure::new(
            Exit::InvalidScenario,
            format!("`{name}`, behind line {line}: {error}"),
        ),
        TraceError::Io(error) => Failure::new(Exit::Io, format!("cannot read `{name}`: {error}")),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the speed is told to people and reaches no result"
)]
fn now() -> Instant {
    Instant::now()
}
