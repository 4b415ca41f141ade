//! `sessionsim schema`, `completions` and `man`: what other programs want to know of this one.

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::scenario::schema::schema;

use super::Arguments;
use super::exit::{Exit, Failure};
use super::terminal::to_stdout;

/// Print the JSON Schema (draft 7) of the scenario file, for editors
///
/// Editors with Even Better TOML or taplo take it from a first line such as
/// #:schema ./sessionsim.schema.json
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    #[allow(clippy::unused_self, reason = "a command like the others")]
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let text = serde_json::to_string_pretty(&schema()).expect("a schema of plain values");
        to_stdout(&(text + "\n"))?;
        Ok(Exit::Success)
    }
}

/// Print the completions of a shell
///
/// For bash: sessionsim completions bash > ~/.local/share/bash-completion/completions/sessionsim
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut bytes = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "sessionsim",
            &mut bytes,
        );
        to_stdout(&String::from_utf8_lossy(&bytes))?;
        Ok(Exit::Success)
    }
}

/// Print the manual page, or write those of all commands
#[derive(Debug, Args)]
pub(super) struct Man {
    /// Folder for a page of each command
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut command = Arguments::command();
        command.build();
        let Some(out) = &self.out else {
            to_stdout(&page(&command)?)?;
            return Ok(Exit::Success);
        };
        let unwritable = |error: std::io::Error| {
            let message = format!("cannot write to `{}`: {error}", out.display());
            Failure::new(Exit::Io, message)
        };
        fs::create_dir_all(out).map_err(unwritable)?;
        let commands = command.get_subcommands().filter(|one| !one.is_hide_set());
        for command in std::iter::once(&command).chain(commands) {
            let name = match command.get_name() {
                "sessionsim" => "sessionsim.1".to_owned(),
                "help" => continue,
                name => format!("sessionsim-{name}.1"),
            };
            fs::write(out.join(name), page(command)?).map_err(unwritable)?;
        }
        Ok(Exit::Success)
    }
}

fn page(command: &clap::Command) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut bytes)
        .map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
