//! `sessionsim merge`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::scenario::sweep::load_sweep;
use crate::sweep::analysis::Results;
use crate::sweep::partition::{Mismatch, Part, merge};
use crate::sweep::plan::Plan;
use crate::sweep::text;

use super::exit::{Exit, Failure};
use super::gates::{BaselineArgument, Gates, first_of};
use super::output::plain;
use super::scenario::Opened;
use super::sweep::folder::{Folder, PART};
use super::sweep::{conclude, prepare, write_page, write_results};
use super::terminal::to_stdout;

/// Put the parts of a sweep together
///
/// Each DIR is the folder of a sweep that ran with --partition. The results are those that one
/// machine would have written, byte for byte. Parts of different sweeps or versions are refused;
/// if points are missing the exit code is 14.
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// Folders of parts
    #[arg(required = true, value_name = "DIR")]
    parts: Vec<PathBuf>,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write a page over the results too: report.html in their folder
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    baseline: BaselineArgument,
    #[command(flatten)]
    gates: Gates,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

impl Merge {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for folder in &self.parts {
            parts.push((folder.display().to_string(), read(folder)?));
        }
        refuse_strangers(&parts)?;
        let (file, toml) = (parts[0].1.file.clone(), parts[0].1.sweep_toml.clone());
        let opened = Opened::of(&file, &toml);
        let input = opened.input();
        let sweep = load_sweep(&input)?;
        let plan = Plan::new(&sweep)?;
        let gate = prepare(&self.gates, &self.baseline, &plan)?;
        let outcomes = merge(&plan, parts).map_err(|mismatch| match mismatch {
            Mismatch::Foreign(why) => Failure::new(Exit::InvalidScenario, why),
            Mismatch::Missing(points) => {
                let message = missing(&plan, &points);
                Failure::new(Exit::SweepIncomplete, message)
            }
        })?;
        let results = Results::new(&plan, outcomes);
        let folder = Folder::open(&self.out, true)?;
        write_results(&results, &folder)?;
        if self.report {
            write_page(&self.out)?;
        }
        if !self.quiet {
            let folder = self.out.display();
            to_stdout(&format!("{}Files in {folder}\n", text::summary(&results)))?;
        }
        let concluded = conclude(&self.gates, &gate, &results, &opened)?;
        if !self.quiet {
            to_stdout(&concluded.text)?;
        }
        Ok(first_of(&concluded.exits))
    }
}

fn read(folder: &Path) -> Result<Part, Failure> {
    let path = folder.join(PART);
    let text = fs::read_to_string(&path).map_err(|error| {
        let hint = if folder.join("sweep.json").exists() {
            "; that is a whole sweep, and no part of one"
        } else {
            ""
        };
        let message = format!("cannot read `{}`: {}{hint}", path.display(), plain(&error));
        Failure::new(Exit::Io, message)
    })?;
    Part::from_text(&text).map_err(|why| {
        Failure::new(
            Exit::InvalidScenario,
            format!("`{}`: {why}", path.display()),
        )
    })
}

/// Parts of one sweep agree in its text, and in how many they are.
fn refuse_strangers(parts: &[(String, Part)]) -> Result<(), Failure> {
    let (first_name, first) = &parts[0];
    let mut seen = BTreeSet::new();
    for (name, part) in parts {
        let why = if part.sweep_sha256 != first.sweep_sha256 {
            Some("are parts of different sweeps".to_owned())
        } else if part.sessionsim_version != first.sessionsim_version {
            Some(format!(
                "are of different versions of sessionsim, {} and {}",
                first.sessionsim_version, part.sessionsim_version
            ))
        } else if part.slice.of != first.slice.of {
            Some(format!("are {} and {}", first.slice, part.slice))
        } else if !seen.insert(part.slice.index) {
            let message = format!("`{name}` is {}, which is there already", part.slice);
            return Err(Failure::new(Exit::InvalidScenario, message));
        } else {
            None
        };
        if let Some(why) = why {
            let message = format!("`{first_name}` and `{name}` {why}: they cannot be merged");
            return Err(Failure::new(Exit::InvalidScenario, message));
        }
    }
    Ok(())
}

fn missing(plan: &Plan<'_>, points: &[usize]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = points
        .iter()
        .take(SHOWN)
        .map(|point| format!("{point} ({})", plan.design.describe(*point)))
        .collect();
    let more = match points.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} of {} points are in no part: {}{more}; nothing was written",
        points.len(),
        plan.design.points(),
        shown.join("; ")
    )
}
