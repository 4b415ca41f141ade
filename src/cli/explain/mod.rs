//! `sessionsim explain`.

pub(super) mod figures;
mod json;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};
use super::scenario::Changes;
use super::terminal::{ColorChoice, to_stdout};

use figures::Figures;

/// Show the resolved scenario, where each value comes from, and what the run will cost
///
/// The text is a scenario itself: every value, defaults included, with its origin as a comment,
/// and behind them what follows from the values: the memory of a node and what is usable of it, the
/// bytes of a session on each engine, the memory that the sessions will take, the price of the
/// nodes, and the requests, memory and seconds of the run. Nothing is run.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The scenario: a file, `-` for stdin, or @NAME for one that is shipped
    file: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A scenario with comments
    Text,
    /// The same for programs
    Json,
}

impl Explain {
    pub(super) fn run(&self, color: ColorChoice) -> Result<Exit, Failure> {
        let loaded = self.changes.load(&self.file)?;
        let figures = Figures::new(&loaded.scenario);
        to_stdout(&match self.format {
            Format::Text => text::render(&loaded, &figures, color.for_stdout()),
            Format::Json => json::render(&loaded, &figures),
        })?;
        Ok(Exit::Success)
    }
}
