//! What CI asks of a result: a baseline, and files and lines that say what became of it.

use std::fmt::Write;
use std::fs::{self, OpenOptions};
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::gate::baseline::{self, Observed};
use crate::gate::regression::{Regression, judge, watched};
use crate::gate::{Check, Checks, Kind, Status, annotations, because, junit, markdown};
use crate::metrics::catalogue::{Metric, catalogue};
use crate::metrics::expect::Verdict;
use crate::report::format::{plural, value};
use crate::scenario::expect::Expectation;
use crate::units::Ratio;

use super::exit::{Exit, Failure};
use super::output::{plain, replace};
use super::scenario::Lines;
use super::terminal::to_stderr;

/// Most lines that are printed of a baseline's verdicts.
const SHOWN: usize = 40;
/// How much worse than the baseline is no regression, if nothing else is said.
const TOLERANCE: Ratio = Ratio(10_000_000);

/// An earlier result.
#[derive(Debug, Default, Args)]
pub(super) struct BaselineArgument {
    /// Earlier result to hold this one against: its folder, or a file in it
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
}

impl BaselineArgument {
    /// The option, if it was given.
    pub(super) fn option(&self) -> Option<&'static str> {
        self.baseline.as_ref().map(|_| "--baseline")
    }
}

/// How to judge, and whom to tell.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) struct Gates {
    /// How much worse than the baseline is no regression, as a share of its mean (of a hit rate: of
    /// the misses) [default: 1%]
    #[arg(long, value_name = "SHARE")]
    tolerance: Option<Ratio>,
    /// Metric to hold against the baseline, instead of those of the expectations
    #[arg(long, value_name = "METRIC")]
    watch: Vec<String>,
    /// End with 12 if a regression can neither be shown nor excluded
    #[arg(long)]
    strict: bool,
    /// Write what must hold and what became of it as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print annotations of GitHub Actions on stderr, for the lines of the scenario
    #[arg(long)]
    annotate: bool,
    /// Append a summary in Markdown to a file, such as "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    job_summary: Option<PathBuf>,
}

/// What is held against what.
pub(super) struct Gate {
    /// The metrics.
    pub(super) watched: Vec<Metric>,
    baseline: Option<(String, Observed)>,
}

impl Gate {
    /// With an earlier result that was computed now.
    pub(super) fn against(mut self, name: &str, observed: Observed) -> Self {
        self.baseline = Some((name.to_owned(), observed));
        self
    }

    /// Refuses a baseline none of whose points is among these: it would decide nothing.
    pub(super) fn must_have_one_of(
        &self,
        mut points: impl Iterator<Item = String>,
    ) -> Result<(), Failure> {
        let Some((name, observed)) = &self.baseline else {
            return Ok(());
        };
        if points.any(|point| observed.points.contains_key(&point)) {
            return Ok(());
        }
        let of_run = observed.points.contains_key("");
        let message = match observed.points.keys().next() {
            _ if of_run => format!("`{name}` is a run, and no baseline of a sweep"),
            None => format!("`{name}` is no baseline: none of its runs is done"),
            Some(first) => {
                format!("`{name}` is no baseline of this: it has other points, such as {first}")
            }
        };
        Err(Failure::new(Exit::InvalidScenario, message))
    }
}

/// What became of it all.
pub(super) struct Concluded {
    /// For people: what the baseline says; empty without one.
    pub(super) text: String,
    /// With what the command may end for it.
    pub(super) exits: Vec<Exit>,
}

impl Gates {
    /// Opens the baseline, before anything runs.
    pub(super) fn prepare(
        &self,
        baseline: &BaselineArgument,
        expectations: &[Expectation],
    ) -> Result<Gate, Failure> {
        if baseline.baseline.is_none() {
            without("--baseline", self.needing_baseline())?;
        }
        let gate = self.watching(expectations)?;
        let Some(file) = &baseline.baseline else {
            return Ok(gate);
        };
        let observed = read(file, &gate.watched)?;
        Ok(gate.against(&file.display().to_string(), observed))
    }

    /// What is watched, for a baseline that is computed now.
    pub(super) fn watching(&self, expectations: &[Expectation]) -> Result<Gate, Failure> {
        let expected: Vec<&str> = expectations.iter().map(|one| &*one.metric).collect();
        let watched = watched(&catalogue(), &self.watch, &expected).map_err(|why| {
            let message = format!("--watch: {why}; `sessionsim metrics` lists them");
            Failure::new(Exit::Usage, message)
        })?;
        Ok(Gate {
            watched,
            baseline: None,
        })
    }

    /// An option that makes no sense without a baseline.
    pub(super) fn needing_baseline(&self) -> Option<&'static str> {
        let options = [
            ("--tolerance", self.tolerance.is_some()),
            ("--watch", !self.watch.is_empty()),
            ("--strict", self.strict),
        ];
        first_given(&options)
    }

    /// An option that tells CI of the checks.
    pub(super) fn telling(&self) -> Option<&'static str> {
        let options = [
            ("--junit", self.junit.is_some()),
            ("--annotate", self.annotate),
            ("--job-summary", self.job_summary.is_some()),
        ];
        first_given(&options)
    }

    /// Holds `now` against the baseline, and tells of it and of the other checks.
    pub(super) fn conclude(
        &self,
        gate: &Gate,
        mut checks: Checks,
        now: &Observed,
    ) -> Result<Concluded, Failure> {
        let mut text = String::new();
        if let Some((name, before)) = &gate.baseline {
            let tolerance = self.tolerance.unwrap_or(TOLERANCE);
            let found = judge(before, now, &gate.watched, tolerance);
            text = in_words(name, &found, tolerance);
            let gone = |point: &&String| !now.points.contains_key(*point);
            let gone = before.points.keys().filter(gone).count();
            if gone > 0 {
                let points = plural(gone as u64, "point", "points");
                let _ = writeln!(text, "  {points} of it are not among those of now");
            }
            checks.list.extend(found.iter().map(Regression::check));
        }
        if let Some(file) = &self.junit {
            replace(file, junit::render(&checks).as_bytes())?;
        }
        if let Some(file) = &self.job_summary {
            append(file, &checks)?;
        }
        if self.annotate {
            to_stderr(&annotations::render(&checks));
        }
        let mut exits = Vec::new();
        if checks.has(Kind::Expectation, Status::Failed) {
            exits.push(Exit::NotMet);
        }
        if checks.has(Kind::Baseline, Status::Failed) {
            exits.push(Exit::Regressed);
        }
        if self.strict && checks.has(Kind::Baseline, Status::Open) {
            exits.push(Exit::Inconclusive);
        }
        Ok(Concluded { text, exits })
    }
}

fn first_given(options: &[(&'static str, bool)]) -> Option<&'static str> {
    let found = options.iter().find(|(_, given)| *given);
    found.map(|(name, _)| *name)
}

/// Refuses an option that was given without the one that it belongs to.
pub(super) fn without(option: &str, given: Option<&str>) -> Result<(), Failure> {
    let Some(given) = given else {
        return Ok(());
    };
    let message = format!("{given} does nothing without {option}");
    Err(Failure::new(Exit::Usage, message))
}

/// The verdicts, the worst first.
fn in_words(name: &str, found: &[Regression], tolerance: Ratio) -> String {
    let count = |status: Status| found.iter().filter(|one| one.status == status).count();
    let (failed, open) = (count(Status::Failed), count(Status::Open));
    let skipped = count(Status::Skipped);
    let (one, many) = if found.iter().all(|one| one.at.is_empty()) {
        ("metric", "metrics")
    } else {
        ("metric of a point", "metrics of points")
    };
    let verdict = match (failed, open) {
        (0, 0) => "not regressed".to_owned(),
        (0, open) => format!("inconclusive in {open}"),
        (failed, 0) => format!("regressed in {failed}"),
        (failed, open) => format!("regressed in {failed}, inconclusive in {open}"),
    };
    let mut text = format!(
        "\nAgainst {name}: {verdict} of {}, of which up to {tolerance} worse is tolerated\n",
        plural((found.len() - skipped) as u64, one, many),
    );
    let order = [
        (Status::Failed, '\u{2717}'),
        (Status::Open, '?'),
        (Status::Passed, '\u{2713}'),
        (Status::Skipped, '-'),
    ];
    let sorted = order.iter().flat_map(|(status, sign)| {
        let of_status = found.iter().filter(move |one| one.status == *status);
        of_status.map(move |one| (sign, one))
    });
    for (sign, one) in sorted.take(SHOWN) {
        let at = if one.at.is_empty() {
            String::new()
        } else {
            format!(" at {}", one.at)
        };
        let _ = writeln!(text, "  {sign} {}{at}: {}", one.metric, one.why);
    }
    if found.len() > SHOWN {
        let _ = writeln!(text, "  ... {} more", found.len() - SHOWN);
    }
    text
}

/// With what a command ends of all that applies: the first in this order.
pub(super) fn first_of(exits: &[Exit]) -> Exit {
    const ORDER: [Exit; 8] = [
        Exit::Io,
        Exit::Usage,
        Exit::InvalidScenario,
        Exit::Interrupted,
        Exit::SweepIncomplete,
        Exit::NotMet,
        Exit::Regressed,
        Exit::Inconclusive,
    ];
    let found = ORDER.iter().find(|exit| exits.contains(exit));
    found.copied().unwrap_or(Exit::Success)
}

/// The expectations of a run as checks, each with the line that states it.
pub(super) fn expected(verdicts: &[Verdict<'_>], lines: &Lines) -> Vec<Check> {
    let checks = verdicts.iter().map(|verdict| Check {
        kind: Kind::Expectation,
        what: verdict.expectation.in_full(),
        at: String::new(),
        status: if verdict.holds {
            Status::Passed
        } else {
            Status::Failed
        },
        why: because(
            &value(verdict.value, verdict.unit),
            &verdict.expectation.why,
        ),
        line: lines.of(verdict.expectation),
    });
    checks.collect()
}

/// Reads what is watched of an earlier result.
fn read(named: &Path, watched: &[Metric]) -> Result<Observed, Failure> {
    let is_folder = named.is_dir();
    let is_sweep = if is_folder {
        named.join("sweep.json").exists()
    } else {
        let name = named.file_name();
        name.is_some_and(|name| name == "sweep.json" || name == "points.csv")
    };
    let folder = if is_folder {
        named
    } else {
        named.parent().unwrap_or(Path::new(""))
    };
    let observed = if is_sweep {
        let document = open(&folder.join("sweep.json"))?;
        baseline::read_sweep(document, open(&folder.join("points.csv"))?, watched)
    } else if is_folder {
        baseline::read_summary(open(&folder.join("summary.json"))?, watched)
    } else {
        baseline::read_summary(open(named)?, watched)
    };
    observed.map_err(|why| {
        let message = format!("`{}` is no baseline: {why}", named.display());
        Failure::new(Exit::InvalidScenario, message)
    })
}

fn open(path: &Path) -> Result<BufReader<fs::File>, Failure> {
    let opened = fs::File::open(path);
    opened.map(BufReader::new).map_err(|error| {
        let name = path.display();
        let message = format!("cannot read the baseline `{name}`: {}", plain(&error));
        Failure::new(Exit::Io, message)
    })
}

/// Adds a summary of the checks to a file.
fn append(path: &Path, checks: &Checks) -> Result<(), Failure> {
    let appended = || {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        let taken = file.metadata()?.len();
        file.write_all(markdown::render(checks, taken).as_bytes())
    };
    appended().map_err(|error| {
        let message = format!("cannot write `{}`: {}", path.display(), plain(&error));
        Failure::new(Exit::Io, message)
    })
}
