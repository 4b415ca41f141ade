//! `sessionsim compare`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compare::{self, Side, Visits};
use crate::metrics::owners::Owners;
use crate::metrics::recorder::Recorder;
use crate::page;
use crate::probe::Both;
use crate::report::identity::Identity;
use crate::scenario::Scenario;
use crate::world;

use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::replace;
use super::progress::Progress;
use super::report;
use super::scenario::Changes;
use super::terminal::to_stdout;
use super::trace::Recording;

/// Compare two designs under the same users
///
/// A and B are scenarios (a file, @NAME) or folders of results, which are simulated again from
/// their resolved scenarios. Users' intents depend on nothing but the seed, so every difference is
/// the designs'; two equal runs differ by exactly nothing.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// The first design: a scenario or the folder of a result
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The second design, which is held against the first
    #[arg(value_name = "B")]
    second: PathBuf,
    /// Set a key of B, such as store.shards=5: with the same A and B, the difference it makes
    #[command(flatten)]
    changes: Changes,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// File for it, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show metrics that are the same, too
    #[arg(long)]
    all: bool,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for a terminal
    Text,
    /// For a pull request, less than 60 KiB
    Markdown,
    /// For machines
    Json,
    /// A page
    Html,
    /// One sentence
    Sentence,
}

impl Compare {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let interrupt = Interrupt::listen();
        // Both are read before either is run.
        let first = load(&self.first, &Changes::default())?;
        let second = load(&self.second, &self.changes)?;
        let [first_name, second_name] = self.names([&first.0, &second.0]);
        let mut sides = Vec::with_capacity(2);
        for (name, (scenario, replicate)) in [(first_name, first), (second_name, second)] {
            match self.simulate(name, scenario, replicate, &interrupt)? {
                Some(side) => sides.push(side),
                None => return Ok(Exit::Interrupted),
            }
        }
        let sides = [&sides[0], &sides[1]];
        let found = compare::compare(sides);
        let text = match self.format {
            Format::Text => compare::text::text(&found, self.all),
            Format::Markdown => compare::markdown::markdown(&found),
            Format::Json => compare::json::json(&found),
            Format::Sentence => format!("{}\n", compare::words::sentence(&found)),
            Format::Html => {
                let saved = sides.map(|side| page::of_outcome(side.outcome()));
                page::compared(&found, [&saved[0], &saved[1]])
            }
        };
        match &self.out {
            Some(out) => replace(out, text.as_bytes())?,
            None => to_stdout(&text)?,
        }
        Ok(Exit::Success)
    }

    /// What the two are called: as their scenarios, or as they were named where these are alike.
    fn names(&self, scenarios: [&Scenario; 2]) -> [String; 2] {
        let [first, second] = scenarios.map(|scenario| scenario.name.clone());
        if first != second {
            return [first, second];
        }
        let given = [&self.first, &self.second].map(|path| path.display().to_string());
        if given[0] == given[1] {
            return [format!("{first} (A)"), format!("{second} (B)")];
        }
        given
    }

    /// Runs one of the two; `None` if it was interrupted.
    fn simulate(
        &self,
        name: String,
        scenario: Scenario,
        replicate: u64,
        interrupt: &Interrupt,
    ) -> Result<Option<Side>, Failure> {
        let (rows, recording) = match &scenario.trace {
            Some(trace) => Recording::open(trace)?.split(),
            None => Recording::none().split(),
        };
        let mut progress = Progress::new(scenario.duration, self.quiet);
        let mut sent = 0;
        let measuring = Both(Recorder::new(&scenario), Owners::of(&scenario));
        let probe = Both(measuring, Visits::default());
        let simulated =
            world::simulate_recorded(&scenario, rows, replicate, probe, &mut |at, requests| {
                sent = requests;
                progress.update(at, requests);
                !interrupt.requested()
            });
        progress.finish(sent);
        recording.check()?;
        if !simulated.complete {
            return Ok(None);
        }
        let Both(Both(recorder, owners), visits) = simulated.probe;
        Ok(Some(Side {
            name,
            identity: Identity::new(scenario.to_toml(), scenario.seed, replicate),
            measurements: recorder.finish_with(owners.if_several()),
            scenario,
            visits,
        }))
    }
}

/// The scenario that is named, or that of a result, and the replicate.
fn load(named: &Path, changes: &Changes) -> Result<(Scenario, u64), Failure> {
    if named.is_dir() {
        let (folder, saved) = report::read(named)?;
        let scenario = changes.load(&folder.join("scenario.toml"))?.scenario;
        return Ok((scenario, saved.summary.replicate));
    }
    Ok((changes.load(named)?.scenario, 0))
}
