//! `sessionsim sweep`.

mod listing;

use std::path::PathBuf;

use clap::Args;

use crate::sweep::plan::Plan;

use super::exit::{Exit, Failure};
use super::scenario::Changes;
use super::terminal::{ColorChoice, to_stdout};

/// Run a scenario with many values and report what they change
///
/// The [sweep] table of the scenario names what varies. Each point is run with its replicates on
/// all cores, and every metric's mean is reported with its interval.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) struct SweepCommand {
    /// The scenario with [sweep]: a file, `-` for stdin, or @NAME for one that is shipped
    file: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// Run nothing: list the points and what they will cost
    #[arg(long)]
    dry_run: bool,
    /// Show no progress and no notes
    #[arg(short, long)]
    quiet: bool,
}

impl SweepCommand {
    pub(super) fn run(&self, _color: ColorChoice) -> Result<Exit, Failure> {
        let opened = self.changes.open(&self.file)?;
        let input = opened.input();
        let sweep = crate::scenario::sweep::load_sweep(&input)?;
        let plan = Plan::new(&sweep)?;
        if self.dry_run {
            to_stdout(&listing::text(&plan))?;
            return Ok(Exit::Success);
        }
        Err(Failure::new(Exit::Usage, "only --dry-run is available"))
    }
}
