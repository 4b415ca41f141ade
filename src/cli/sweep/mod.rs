//! `sessionsim sweep`.

pub(super) mod folder;
mod listing;
mod progress;
mod scheduler;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::gate::{self, Checks, baseline};
use crate::measure::measure;
use crate::page;
use crate::report::Outcome as Reported;
use crate::report::identity::Identity;
use crate::scenario::Scenario;
use crate::scenario::sweep::load_sweep;
use crate::sweep::analysis::Results;
use crate::sweep::partition::{Part, Slice};
use crate::sweep::plan::Plan;
use crate::sweep::records::{Outcome, Record};
use crate::sweep::runs::{Outcomes, carry_out};
use crate::sweep::{document, tables, text};

use super::exit::{Exit, Failure};
use super::gates::{BaselineArgument, Concluded, Gate, Gates, first_of};
use super::interrupt::Interrupt;
use super::output::{ADDED, replace};
use super::report::read_sweep;
use super::scenario::{Changes, Opened};
use super::terminal::{ColorChoice, to_stderr, to_stdout};
use super::trace::Recording;

use folder::{Folder, PART};
use progress::SweepProgress;
use scheduler::Partition;

/// Run a scenario with many values and report what they change
///
/// The [sweep] table of the scenario names what varies. Each point is run with its replicates on
/// all cores, and every metric's mean is reported with its interval. Results do not depend on the
/// number of cores. A finished run is on disk at once: a sweep that was interrupted or killed goes
/// on with --resume.
///
/// The exit code is 10 if an expectation does not hold where [sweep] asks for it, 11 if a point is
/// worse than in --baseline, 14 if a run failed.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    clippy::struct_excessive_bools,
    reason = "these comments are the help text, printed as they stand; a flag is a bool"
)]
pub(super) struct SweepCommand {
    /// The scenario with [sweep]: a file, `-` for stdin, or @NAME for one that is shipped
    file: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// Folder for the results, instead of output/<scenario>/sweep-<id>
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run nothing: list the points and what they will cost
    #[arg(long)]
    dry_run: bool,
    /// Go on with a sweep that was not finished
    #[arg(long)]
    resume: bool,
    /// Run a part of the points only: slice:2/8, or auto or auto/8 to ask the scheduler
    #[arg(long, value_name = "PART")]
    partition: Option<Partition>,
    /// Cores to use, instead of all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write a page over the results too: report.html in their folder
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    baseline: BaselineArgument,
    #[command(flatten)]
    gates: Gates,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Show no progress and no notes
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary of one screen
    Text,
    /// The content of sweep.json
    Json,
}

impl SweepCommand {
    pub(super) fn run(&self, _color: ColorChoice) -> Result<Exit, Failure> {
        let interrupt = Interrupt::listen();
        if let Some(threads) = self.threads {
            // It fails only if threads have been started before, of which there are none.
            let _ = rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build_global();
        }
        let slice = self.partition.map(Partition::resolve).transpose()?;
        let asked = self.baseline.option().or(self.gates.telling());
        let asked = asked.or(self.report.then_some("--report"));
        if let (Some(_), Some(option)) = (slice, asked) {
            let message = format!("a part is no whole result: give {option} to `sessionsim merge`");
            return Err(Failure::new(Exit::Usage, message));
        }
        let opened = self.changes.open(&self.file)?;
        let input = opened.input();
        let sweep = load_sweep(&input)?;
        let plan = Plan::new(&sweep)?;
        if self.dry_run {
            to_stdout(&listing::text(&plan))?;
            return Ok(Exit::Success);
        }
        let gate = prepare(&self.gates, &self.baseline, &plan)?;
        let place = self.place(&plan, slice);
        let folder = Folder::open(&place, self.resume)?;
        let Some(outcomes) = self.carry_out(&plan, &folder, slice, &interrupt) else {
            if !self.quiet {
                to_stderr(&format!(
                    "Interrupted; finished runs are in {}: go on with --resume\n",
                    place.display()
                ));
            }
            return Ok(Exit::Interrupted);
        };
        if let Some(slice) = slice {
            return self.write_part(&plan, &folder, slice, &outcomes, &place);
        }
        let results = Results::new(&plan, outcomes);
        write_results(&results, &folder)?;
        if self.report {
            write_page(&place)?;
        }
        self.tell(&results, &place)?;
        let concluded = conclude(&self.gates, &gate, &results, &opened)?;
        match self.format {
            Format::Text => to_stdout(&concluded.text)?,
            Format::Json if !self.quiet => to_stderr(&concluded.text),
            Format::Json => {}
        }
        Ok(first_of(&concluded.exits))
    }

    /// Where the results go.
    fn place(&self, plan: &Plan<'_>, slice: Option<Slice>) -> PathBuf {
        if let Some(out) = &self.out {
            return out.clone();
        }
        let part = slice.map_or_else(String::new, |slice| {
            format!("-part-{}-of-{}", slice.index, slice.of)
        });
        let id = &plan.hash[..16];
        Path::new("output")
            .join(&plan.sweep.name)
            .join(format!("sweep-{id}{part}"))
    }

    fn carry_out(
        &self,
        plan: &Plan<'_>,
        folder: &Folder,
        slice: Option<Slice>,
        interrupt: &Interrupt,
    ) -> Option<Outcomes> {
        let mine = |point: usize| slice.is_none_or(|slice| slice.has(point));
        let events = (0..plan.design.points()).filter(|point| mine(*point));
        let events: f64 = events.map(|point| plan.expected[point].events).sum();
        let replicates = plan.design.spec.replicates as f64;
        let progress = SweepProgress::new(events * replicates, self.quiet);
        let outcomes = carry_out(&plan.design, &mine, &|run| {
            if interrupt.requested() {
                return None;
            }
            let loaded = plan.point(run.point);
            let identity = plan.identity(run.point, &loaded, run.replicate);
            if let Some(record) = folder.find(&identity.id) {
                progress.done(plan.expected[run.point].events, true);
                return Some(Outcome::Done(record));
            }
            let number = plan.design.replicate(run.point, run.replicate);
            let record = match simulate(&loaded.scenario, number, &identity, interrupt) {
                Ok(record) => record?,
                Err(why) => return Some(Outcome::Failed(why)),
            };
            progress.done(plan.expected[run.point].events, false);
            Some(match folder.keep(&record) {
                Ok(()) => Outcome::Done(record),
                Err(why) => Outcome::Failed(why),
            })
        });
        progress.finish();
        outcomes
    }

    fn write_part(
        &self,
        plan: &Plan<'_>,
        folder: &Folder,
        slice: Slice,
        outcomes: &Outcomes,
        place: &Path,
    ) -> Result<Exit, Failure> {
        let file = self.file.display().to_string();
        let part = Part::new(plan, &file, slice, outcomes);
        folder.write(&[(PART, &|file| file.write_all(part.to_text().as_bytes()))])?;
        let failed = outcomes
            .iter()
            .flatten()
            .filter(|one| one.record().is_none());
        let failed = failed.count();
        if !self.quiet {
            let runs: usize = outcomes.iter().map(Vec::len).sum();
            to_stdout(&format!(
                "{slice}: {runs} runs, {failed} failed; sessionsim merge puts the parts together\n\
                 Files in {}\n",
                place.display()
            ))?;
        }
        Ok(if failed > 0 {
            Exit::SweepIncomplete
        } else {
            Exit::Success
        })
    }

    fn tell(&self, results: &Results<'_>, place: &Path) -> Result<(), Failure> {
        match self.format {
            Format::Text => {
                let folder = place.display();
                to_stdout(&format!("{}Files in {folder}\n", text::summary(results)))?;
            }
            Format::Json => {
                let mut text = Vec::new();
                let written = document::document(results, &mut text);
                written.map_err(|error| Failure::new(Exit::Io, error))?;
                to_stdout(&String::from_utf8_lossy(&text))?;
            }
        }
        Ok(())
    }
}

/// Opens the baseline of a sweep.
pub(super) fn prepare(
    gates: &Gates,
    baseline: &BaselineArgument,
    plan: &Plan<'_>,
) -> Result<Gate, Failure> {
    let gate = gates.prepare(baseline, &plan.expectations)?;
    let points = (0..plan.design.points()).map(|point| plan.design.describe(point));
    gate.must_have_one_of(points)?;
    Ok(gate)
}

/// Tells CI of the results of a sweep; how it ends is among the exits.
pub(super) fn conclude(
    gates: &Gates,
    gate: &Gate,
    results: &Results<'_>,
    opened: &Opened<'_>,
) -> Result<Concluded, Failure> {
    let lines = opened.lines();
    let checks = Checks {
        scenario: results.plan.sweep.name.clone(),
        file: opened.name().to_owned(),
        list: gate::of_sweep(results, &|expectation| lines.of(expectation)),
    };
    let observed = baseline::of_sweep(results, &gate.watched);
    let mut concluded = gates.conclude(gate, checks, &observed)?;
    if !results.failed().is_empty() {
        concluded.exits.push(Exit::SweepIncomplete);
    }
    Ok(concluded)
}

/// Writes all results; `sweep.json` vouches for the others and comes last.
pub(super) fn write_results(results: &Results<'_>, folder: &Folder) -> Result<(), Failure> {
    folder.write(&[
        ("sweep.toml", &|file| {
            file.write_all(results.plan.toml.as_bytes())
        }),
        ("points.csv", &|file| tables::points(results, file)),
        ("summary.csv", &|file| tables::summary(results, file)),
        ("sensitivity.csv", &|file| {
            tables::sensitivity(results, file)
        }),
        ("sweep.json", &|file| document::document(results, file)),
    ])
}

/// Writes the page of the sweep in a folder.
pub(super) fn write_page(folder: &Path) -> Result<(), Failure> {
    let saved = read_sweep(folder)?;
    replace(&folder.join(ADDED[0]), page::sweep(&saved).as_bytes())
}

/// Carries out one run; `None` if it was interrupted.
fn simulate(
    scenario: &Scenario,
    replicate: u64,
    identity: &Identity,
    interrupt: &Interrupt,
) -> Result<Option<Record>, String> {
    let told = |failure: Failure| failure.text().to_owned();
    let (rows, recording) = match &scenario.trace {
        Some(trace) => Recording::open(trace).map_err(told)?.split(),
        None => Recording::none().split(),
    };
    let measurements = measure(scenario, rows, replicate, &mut |_, _| {
        !interrupt.requested()
    });
    recording.check().map_err(told)?;
    if !measurements.complete {
        return Ok(None);
    }
    Ok(Some(Record::of(Reported {
        scenario,
        identity,
        measurements: &measurements,
    })))
}
