//! A scenario from the command line: a file, stdin or one that is shipped, and what `--set`
//! changes of it.

use std::path::Path;
use std::str::FromStr;

use clap::Args;

use crate::metrics::expect::JUDGE;
use crate::scenario::expect::{self, Expectation};
use crate::scenario::{self, Loaded, Problems, Source};

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
        let opened = self.open(file).map_err(Rejected::Unreadable)?;
        scenario::load_input(&opened.input()).map_err(Rejected::Invalid)
    }

    /// Reads the text of `file`, to be read as a scenario with these changes.
    pub(super) fn open(&self, file: &Path) -> Result<Opened<'_>, Failure> {
        Ok(Opened {
            source: input::read(file)?,
            sets: self
                .sets
                .iter()
                .map(|set| (&*set.path, &*set.value))
                .collect(),
        })
    }
}

/// The text of a scenario with what the command line changes of it.
pub(super) struct Opened<'a> {
    source: Source,
    sets: Vec<(&'a str, &'a str)>,
}

impl Opened<'_> {
    /// A text that nothing changes.
    pub(super) fn of(name: &str, text: &str) -> Self {
        Self {
            source: Source {
                name: name.to_owned(),
                text: text.to_owned(),
            },
            sets: Vec::new(),
        }
    }

    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        &self.source.name
    }

    /// The expectations that it states itself, with their lines.
    pub(super) fn lines(&self) -> Lines {
        Lines(expect::lines(&self.source.text))
    }

    /// What the scenario is read from.
    pub(super) fn input(&self) -> scenario::Input<'_> {
        scenario::Input {
            name: &self.source.name,
            text: &self.source.text,
            sets: &self.sets,
            base: &input::read_base,
            trace: &trace::look,
            judge: Some(JUDGE),
        }
    }
}

/// Which lines of a scenario state its expectations.
#[derive(Clone, Debug)]
pub(super) struct Lines(Vec<(Expectation, usize)>);

impl Lines {
    /// The line that states an expectation, from 1; `None` if another file does, or `--set`.
    pub(super) fn of(&self, expectation: &Expectation) -> Option<usize> {
        let found = self.0.iter().find(|(stated, _)| stated == expectation);
        found.map(|(_, line)| *line)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Rejected::Invalid(problems).into()
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
