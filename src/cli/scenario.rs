//! A scenario from the command line: a file, stdin or one that is shipped, and what `--set`
//! changes of it.

use std::path::Path;
use std::str::FromStr;

use clap::Args;

use crate::metrics::expect::JUDGE;
use crate::scenario::{self, Loaded, Problems};

use super::exit::{Exit, Failure};
use super::input;
use super::trace;

/// What the command line changes of a scenario.
#[derive(Debug, Default, Args)]
pub(super) struct Changes {
    /// Set a key of the scenario, such as store.shards=5 or users.0.session.ttl=12h
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<Set>,
}

/// Why there is no scenario.
#[derive(Debug)]
pub(super) enum Rejected {
    /// Its text could not be read.
    Unreadable(Failure),
    /// It is not valid.
    Invalid(Problems),
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Unreadable(failure) => failure,
            Rejected::Invalid(problems) => {
                let (plain, colored) = (problems.render(false), problems.render(true));
                Self::rendered(Exit::InvalidScenario, plain, colored)
            }
        }
    }
}

impl Changes {
    /// Reads the scenario `file` with these changes.
    pub(super) fn load(&self, file: &Path) -> Result<Loaded, Rejected> {
        let source = input::read(file).map_err(Rejected::Unreadable)?;
        let sets = self.sets.iter().map(|set| (&*set.path, &*set.value));
        let sets: Vec<_> = sets.collect();
        let input = scenario::Input {
            name: &source.name,
            text: &source.text,
            sets: &sets,
            base: &input::read_base,
            trace: &trace::look,
            judge: Some(JUDGE),
        };
        scenario::load_input(&input).map_err(Rejected::Invalid)
    }
}

/// A value set from outside.
#[derive(Clone, Debug)]
struct Set {
    path: String,
    value: String,
}

impl FromStr for Set {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() => Ok(Self {
                path: path.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            _ => Err("write a key and its value, such as store.shards=5".to_owned()),
        }
    }
}
