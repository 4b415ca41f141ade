//! `sessionsim scenarios`.

use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use crate::scenario;

use super::exit::{Exit, Failure};
use super::shipped;
use super::terminal::to_stdout;

/// List the scenarios that are shipped, or show one
///
/// Each can be named in the place of a file: `sessionsim run @ecommerce-carts`. A scenario of one's
/// own builds on one with extends = "@ecommerce-carts".
#[derive(Debug, Args)]
pub(super) struct Scenarios {
    #[command(subcommand)]
    action: Option<Action>,
    /// How to print the list
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each
    Text,
    /// A list of objects
    Json,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a scenario as it stands
    Show {
        /// Its name
        name: String,
    },
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    description: String,
}

impl Scenarios {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        if let Some(Action::Show { name }) = &self.action {
            to_stdout(&shipped::read(name)?.text)?;
            return Ok(Exit::Success);
        }
        let rows: Vec<Row> = shipped::SCENARIOS
            .iter()
            .map(|(name, text)| Row {
                name,
                description: scenario::load(name, text)
                    .map(|scenario| scenario.description)
                    .unwrap_or_default(),
            })
            .collect();
        to_stdout(&match self.format {
            Format::Text => text(&rows),
            Format::Json => serde_json::to_string_pretty(&rows).expect("texts only") + "\n",
        })?;
        Ok(Exit::Success)
    }
}

fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "@{:<width$}  {}", row.name, row.description);
    }
    text
}
