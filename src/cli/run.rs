//! `sessionsim run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cloudwatch;
use crate::gate::{Checks, baseline};
use crate::measure::measure;
use crate::metrics::expect::verdicts;
use crate::page;
use crate::report::identity::Identity;
use crate::report::{Outcome, json, losses, markdown, series, text};
use crate::scenario;

use super::exit::{Exit, Failure};
use super::gates::{self, BaselineArgument, Gates, first_of};
use super::interrupt::Interrupt;
use super::output::{ADDED, Destination, replace};
use super::progress::Progress;
use super::scenario::Changes;
use super::terminal::{ColorChoice, to_stderr, to_stdout};
use super::trace::Recording;

/// Run a scenario and report what it shows
///
/// The summary goes to stdout; summary.json, timeseries.csv, latency.csv, cloudwatch.csv, losses.csv and the
/// resolved scenario go to output/<scenario>/<id>/, for several classes of users or nodes
/// classes.csv, timeseries-classes.csv and timeseries-nodes.csv too. The id follows from the scenario, seed, replicate and
/// version of the model, so equal runs write equal files and different runs different folders.
/// output/<scenario>/latest holds the id of the last run. An interrupted run ends in <id>.partial.
///
/// The exit code is 10 if an expectation of the scenario does not hold, 11 if the result is worse
/// than that of --baseline.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The scenario: a file, `-` for stdin, or @NAME for one that is shipped
    file: PathBuf,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long, value_name = "N", value_parser = seeds())]
    seed: Option<u64>,
    #[command(flatten)]
    changes: Changes,
    /// Number of the replicate: the same scenario and seed with other draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    replicate: u64,
    /// Folder for the result, instead of output/<scenario>/<id>
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print on stdout
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Write a page over the result too: report.html in its folder
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    baseline: BaselineArgument,
    #[command(flatten)]
    gates: Gates,
    /// Show no progress and no notes
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary of one screen
    Text,
    /// The content of summary.json
    Json,
    /// For a pull request: a sentence, expectations, and all metrics folded
    Markdown,
    /// One sentence
    Sentence,
}

/// TOML, which keeps the seed with the result, has no larger numbers.
fn seeds() -> impl clap::builder::TypedValueParser<Value = u64> {
    clap::value_parser!(u64).range(..=i64::MAX as u64)
}

impl Run {
    pub(super) fn run(&self, color: ColorChoice) -> Result<Exit, Failure> {
        let interrupt = Interrupt::listen();
        let opened = self.changes.open(&self.file)?;
        let mut scenario = scenario::load_input(&opened.input())?.scenario;
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        let scenario = scenario;
        let gate = self.gates.prepare(&self.baseline, &scenario.expect)?;
        gate.must_have_one_of(std::iter::once(String::new()))?;
        let identity = Identity::new(scenario.to_toml(), scenario.seed, self.replicate);
        let destination = Destination::prepare(self.out.as_deref(), &scenario.name, &identity.id)?;

        let (rows, recording) = match &scenario.trace {
            Some(trace) => Recording::open(trace)?.split(),
            None => Recording::none().split(),
        };
        let mut progress = Progress::new(scenario.duration, self.quiet);
        let mut sent = 0;
        let measurements = measure(&scenario, rows, self.replicate, &mut |at, requests| {
            sent = requests;
            progress.update(at, requests);
            !interrupt.requested()
        });
        progress.finish(sent);
        recording.check()?;

        let outcome = Outcome {
            scenario: &scenario,
            identity: &identity,
            measurements: &measurements,
        };
        let summary = json::summary(outcome);
        let contents = [
            identity.scenario_toml.clone(),
            series::timeseries(&measurements),
            series::latency(&measurements),
            cloudwatch::csv(&measurements),
            losses::losses(&measurements),
            summary.clone(),
        ];
        let more = series::of_parts(outcome);
        let folder = destination.write(&contents, &more, measurements.complete)?;
        if self.report {
            let page = page::render(&[page::of_outcome(outcome)]);
            replace(&folder.join(ADDED[0]), page.as_bytes())?;
        }
        let verdicts = verdicts(&scenario, &measurements);
        let checks = Checks {
            scenario: scenario.name.clone(),
            file: opened.name().to_owned(),
            list: gates::expected(&verdicts, &opened.lines()),
        };
        let observed = baseline::of_run(&identity, &gate.watched, &measurements);
        self.tell(outcome, &summary, &folder.display().to_string(), color)?;
        if !measurements.complete {
            return Ok(Exit::Interrupted);
        }
        let concluded = self.gates.conclude(&gate, checks, &observed)?;
        match self.format {
            Format::Text => to_stdout(&concluded.text)?,
            _ if !self.quiet => to_stderr(&concluded.text),
            _ => {}
        }
        Ok(first_of(&concluded.exits))
    }

    /// Prints what is asked for.
    fn tell(
        &self,
        outcome: Outcome<'_>,
        summary: &str,
        folder: &str,
        color: ColorChoice,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Text => {
                let style = text::Style {
                    color: color.for_stdout(),
                    files: Some(folder),
                };
                to_stdout(&text::summary(outcome, style))?;
            }
            Format::Json => to_stdout(summary)?,
            Format::Markdown => to_stdout(&markdown::markdown(outcome))?,
            Format::Sentence => to_stdout(&format!("{}\n", markdown::sentence(outcome)))?,
        }
        if self.format != Format::Text && !self.quiet {
            to_stderr(&format!("Files in {folder}\n"));
        }
        Ok(())
    }
}
