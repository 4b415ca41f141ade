//! `sessionsim metrics`.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::metrics::catalogue::{Metric, catalogue};
use crate::metrics::document::document;

use super::exit::{Exit, Failure};
use super::terminal::to_stdout;

/// List the metrics that a run reports and expectations can name
#[derive(Debug, Args)]
pub(super) struct Metrics {
    /// Only metrics whose name or explanation has this word
    word: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each
    Text,
    /// A list of objects
    Json,
    /// The page of the documentation, with all of them
    Markdown,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    unit: &'static str,
    better: &'static str,
    help: &'a str,
}

impl Metrics {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut metrics = catalogue();
        if let Some(word) = &self.word {
            let word = word.to_lowercase();
            let has = |text: &str| text.to_lowercase().contains(&word);
            metrics.retain(|metric| has(&metric.name) || has(&metric.help));
        }
        to_stdout(&match self.format {
            Format::Text => text(&metrics),
            Format::Json => json(&metrics),
            Format::Markdown => document(),
        })?;
        Ok(Exit::Success)
    }
}

fn text(metrics: &[Metric]) -> String {
    if metrics.is_empty() {
        return "No metric is like that.\n".to_owned();
    }
    let width = metrics.iter().map(|metric| metric.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for metric in metrics {
        let (name, unit) = (&metric.name, metric.unit.as_str());
        let _ = writeln!(text, "{name:<width$}  {unit:<10}  {}", metric.help);
    }
    text
}

fn json(metrics: &[Metric]) -> String {
    let rows: Vec<Row<'_>> = metrics
        .iter()
        .map(|metric| Row {
            name: &metric.name,
            unit: metric.unit.as_str(),
            better: metric.better.as_str(),
            help: &metric.help,
        })
        .collect();
    serde_json::to_string_pretty(&rows).expect("texts only") + "\n"
}
