//! `sessionsim check`.

mod findings;
mod github;
mod json;
mod sarif;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::report::format::plural;

use super::exit::{Exit, Failure};
use super::scenario::{Changes, Rejected};
use super::terminal::{ColorChoice, to_stderr, to_stdout};

use findings::{Checked, Outcome};

/// Check scenarios and report everything that is wrong with them
///
/// Nothing is run. All problems of all files are reported, each with its place and what to write
/// instead; of errors of syntax the first of a file. The exit code is 3 if a scenario is not valid.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The scenarios: files, `-` for stdin, or @NAME for one that is shipped
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Print nothing about scenarios that are valid
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Problems with excerpts on stderr, a line for each valid scenario on stdout
    Text,
    /// All files and problems, on stdout
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, as code scanners write it
    Sarif,
}

impl Check {
    pub(super) fn run(&self, color: ColorChoice) -> Result<Exit, Failure> {
        let checked: Vec<Checked> = self.files.iter().map(|file| self.check(file)).collect();
        match self.format {
            Format::Text => self.text(&checked, color)?,
            Format::Json => to_stdout(&json::render(&checked))?,
            Format::Github => to_stdout(&github::render(&checked))?,
            Format::Sarif => to_stdout(&sarif::render(&checked))?,
        }
        // Of several codes the smallest comes first: not read, then not valid.
        let exits = checked.iter().map(Checked::exit);
        Ok(exits
            .filter(|exit| *exit != Exit::Success)
            .min_by_key(|exit| *exit as u8)
            .unwrap_or(Exit::Success))
    }

    fn check(&self, file: &std::path::Path) -> Checked {
        Checked {
            file: file.display().to_string(),
            outcome: match self.changes.load(file) {
                Ok(loaded) => Outcome::Valid(loaded.scenario.name),
                Err(Rejected::Invalid(problems)) => Outcome::Invalid(problems),
                Err(Rejected::Unreadable(failure)) => Outcome::Unreadable(failure),
            },
        }
    }

    fn text(&self, checked: &[Checked], color: ColorChoice) -> Result<(), Failure> {
        let styled = color.for_stderr();
        for Checked { file, outcome } in checked {
            match outcome {
                Outcome::Valid(_) if self.quiet => {}
                Outcome::Valid(name) => {
                    let named = if names(file, name) {
                        String::new()
                    } else {
                        format!(" ({name})")
                    };
                    to_stdout(&format!("{file}: valid{named}\n"))?;
                }
                Outcome::Invalid(problems) => to_stderr(&problems.render(styled)),
                Outcome::Unreadable(failure) => to_stderr(&failure.render(styled)),
            }
        }
        let wrong = checked.iter().filter(|one| !one.is_valid()).count();
        if checked.len() > 1 && wrong > 0 {
            to_stderr(&format!(
                "{wrong} of {} not valid\n",
                plural(checked.len() as u64, "scenario is", "scenarios are")
            ));
        }
        Ok(())
    }
}

/// Whether the file's name says already what the scenario is called.
fn names(file: &str, name: &str) -> bool {
    let last = file.rsplit(['/', '\\', '@']).next().unwrap_or_default();
    last.strip_suffix(".toml").unwrap_or(last) == name
}
