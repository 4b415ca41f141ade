//! `sessionsim libraries`.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::scenario::presets::libraries::{self, Library};
use crate::scenario::reader::choice::nearest;

use super::exit::{Exit, Failure};
use super::terminal::to_stdout;

/// List the session libraries that scenarios can name, or print one
///
/// With a name it prints what the library does as [users.session], to be copied into a scenario
/// and changed. A scenario that names it (library = "...") needs no copy: every value that it gives
/// itself takes the place of the library's.
#[derive(Debug, Args)]
pub(super) struct Libraries {
    /// The library to print
    name: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each, or a part of a scenario
    Text,
    /// A list of objects
    Json,
}

/// A library as it is printed.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    title: &'a str,
    version: &'a str,
    client: &'a str,
    evidence: &'a str,
    locking: &'a str,
    store_down: &'a str,
    store_hang: &'a str,
    after_store_returns: &'a str,
    session: String,
}

impl Libraries {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let wanted = match &self.name {
            None => libraries::all(),
            Some(name) => vec![libraries::find(name).ok_or_else(|| unknown(name))?],
        };
        to_stdout(&match (self.format, &self.name) {
            (Format::Json, _) => json(&wanted),
            (Format::Text, None) => table(&wanted),
            (Format::Text, Some(_)) => wanted.iter().map(part_of_a_scenario).collect(),
        })?;
        Ok(Exit::Success)
    }
}

fn unknown(name: &str) -> Failure {
    let hint = match nearest(name, &libraries::names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`sessionsim libraries` lists those that are known".to_owned(),
    };
    Failure::new(Exit::Usage, format!("there is no library `{name}`; {hint}"))
}

fn table(libraries: &[Library]) -> String {
    const WIDTH: usize = 28;
    let mut text = format!("{:<WIDTH$}  {}\n", "library", "what it is");
    for library in libraries {
        let _ = writeln!(
            text,
            "{:<WIDTH$}  {}, {}",
            library.name, library.title, library.version
        );
    }
    text.push_str("\n`sessionsim libraries NAME` prints what one does.\n");
    text
}

fn part_of_a_scenario(library: &Library) -> String {
    let mut text = format!("# {}\n", library.title);
    for (what, value) in [
        ("version", &library.version),
        ("client", &library.client),
        ("evidence", &library.evidence),
        ("locking", &library.locking),
        ("store down", &library.store_down),
        ("store hangs", &library.store_hang),
        ("store is back", &library.after_store_returns),
    ] {
        let _ = writeln!(text, "# {what}: {value}");
    }
    text.push_str("#\n");
    text + &library.to_toml()
}

fn json(libraries: &[Library]) -> String {
    let rows: Vec<Row<'_>> = libraries
        .iter()
        .map(|library| Row {
            name: library.name,
            title: &library.title,
            version: &library.version,
            client: &library.client,
            evidence: &library.evidence,
            locking: &library.locking,
            store_down: &library.store_down,
            store_hang: &library.store_hang,
            after_store_returns: &library.after_store_returns,
            session: library.to_toml(),
        })
        .collect();
    serde_json::to_string_pretty(&rows).expect("texts") + "\n"
}
