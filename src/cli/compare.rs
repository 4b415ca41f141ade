//! `sessionsim compare`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compare::{self, Side, Visits};
use crate::gate::Checks;
use crate::gate::baseline::{self, Observed};
use crate::metrics::expect::verdicts;
use crate::metrics::owners::Owners;
use crate::metrics::recorder::Recorder;
use crate::page;
use crate::probe::Both;
use crate::report::identity::Identity;
use crate::scenario::{self, Scenario};
use crate::world;

use super::exit::{Exit, Failure};
use super::gates::{self, Gate, Gates, first_of};
use super::interrupt::Interrupt;
use super::output::replace;
use super::progress::Progress;
use super::report;
use super::scenario::{Changes, Lines};
use super::terminal::{to_stderr, to_stdout};
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
    /// End with 10 if an expectation of B does not hold, 11 if B is worse than A
    #[arg(long)]
    gate: bool,
    /// Pairs of runs, each with other draws, for the verdicts of --gate
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    replicates: u64,
    #[command(flatten)]
    gates: Gates,
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
        self.refuse_idle_options()?;
        let interrupt = Interrupt::listen();
        // Both are read before either is run.
        let unchanged = Changes::default();
        let first = load(&self.first, &unchanged)?;
        let second = load(&self.second, &self.changes)?;
        let names = self.names([&first.scenario, &second.scenario]);
        let gate = self.gates.watching(&second.scenario.expect)?;
        let (file, lines) = (second.file.clone(), second.lines.clone());
        let mut observed = Vec::with_capacity(2);
        let mut sides = Vec::with_capacity(2);
        for (name, design) in names.into_iter().zip([first, second]) {
            let found = self.observe(name, design, &gate, &interrupt)?;
            let Some((side, values)) = found else {
                return Ok(Exit::Interrupted);
            };
            sides.push(side);
            observed.push(values);
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
        if !self.gate {
            return Ok(Exit::Success);
        }
        let [before, now] = [observed.remove(0), observed.remove(0)];
        let verdicts = verdicts(&sides[1].scenario, &sides[1].measurements);
        let checks = Checks {
            scenario: sides[1].scenario.name.clone(),
            file,
            list: gates::expected(&verdicts, &lines),
        };
        let gate = gate.against(&sides[0].name, before);
        let concluded = self.gates.conclude(&gate, checks, &now)?;
        if !self.quiet {
            to_stderr(&concluded.text);
        }
        Ok(first_of(&concluded.exits))
    }

    fn refuse_idle_options(&self) -> Result<(), Failure> {
        if self.gate {
            return Ok(());
        }
        let more = (self.replicates > 1).then_some("--replicates");
        let asked = more.or(self.gates.needing_baseline());
        gates::without("--gate", asked.or(self.gates.telling()))
    }

    /// Runs one of the two, and the further replicates of it; `None` if it was interrupted.
    fn observe(
        &self,
        name: String,
        design: Design,
        gate: &Gate,
        interrupt: &Interrupt,
    ) -> Result<Option<(Side, Observed)>, Failure> {
        let Design {
            scenario,
            replicate,
            ..
        } = design;
        let side = self.simulate(name, &scenario, replicate, interrupt)?;
        let Some(side) = side else { return Ok(None) };
        let mut observed = baseline::of_run(&side.identity, &gate.watched, &side.measurements);
        for number in (replicate..).take(self.replicates as usize).skip(1) {
            let further = self.simulate(String::new(), &scenario, number, interrupt)?;
            let Some(further) = further else {
                return Ok(None);
            };
            for point in observed.points.values_mut() {
                point.add(number, &gate.watched, &further.measurements);
            }
        }
        Ok(Some((side, observed)))
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
        scenario: &Scenario,
        replicate: u64,
        interrupt: &Interrupt,
    ) -> Result<Option<Side>, Failure> {
        let (rows, recording) = match &scenario.trace {
            Some(trace) => Recording::open(trace)?.split(),
            None => Recording::none().split(),
        };
        let mut progress = Progress::new(scenario.duration, self.quiet);
        let mut sent = 0;
        let measuring = Both(Recorder::new(scenario), Owners::of(scenario));
        let probe = Both(measuring, Visits::default());
        let simulated =
            world::simulate_recorded(scenario, rows, replicate, probe, &mut |at, requests| {
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
            scenario: scenario.clone(),
            visits,
        }))
    }
}

/// One of the two before it is run.
struct Design {
    scenario: Scenario,
    replicate: u64,
    /// What messages call its file.
    file: String,
    lines: Lines,
}

/// The scenario that is named, or that of a result.
fn load(named: &Path, changes: &Changes) -> Result<Design, Failure> {
    let (file, replicate) = if named.is_dir() {
        let (folder, saved) = report::read(named)?;
        (folder.join("scenario.toml"), saved.summary.replicate)
    } else {
        (named.to_path_buf(), 0)
    };
    let opened = changes.open(&file)?;
    Ok(Design {
        scenario: scenario::load_input(&opened.input())?.scenario,
        replicate,
        file: opened.name().to_owned(),
        lines: opened.lines(),
    })
}
