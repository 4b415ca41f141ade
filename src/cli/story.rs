//! `sessionsim story`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::probe::{LossCause, Probe, UserId};
use crate::scenario::Scenario;
use crate::story::find::{ById, Enough, Lost};
use crate::story::follow::Follower;
use crate::story::{self, SessionId, Story};
use crate::units::Time;
use crate::world::simulate_recorded;

use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::scenario::Changes;
use super::terminal::{to_stderr, to_stdout};
use super::trace::Recording;

/// Tell the life of a session: what its user did, each command, its fate and why
///
/// The scenario is run again, twice: equal runs are equal, so nothing has to be kept for this while a
/// result is made. With --session the identifier is that in the session's key, as other stories, and
/// the table of --format csv, name it; with --lost the first sessions are told that are lost behind
/// the warm-up.
///
/// Of a long life the middle is left out. Shards are counted from 1, as in [[faults]]; node 0 is a
/// shard's primary as the run begins.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["session", "lost"]))]
pub(super) struct StoryCommand {
    /// The scenario: a file, `-` for stdin, or @NAME for one that is shipped
    file: PathBuf,
    /// The session with this identifier: 16 hexadecimal digits
    #[arg(long, value_name = "ID", value_parser = id)]
    session: Option<SessionId>,
    /// The first N sessions that are lost
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    lost: Option<u32>,
    /// Of these only sessions that were lost for this cause
    #[arg(long, value_name = "CAUSE", conflicts_with = "session", value_parser = cause)]
    cause: Option<LossCause>,
    /// Seed of all random numbers, instead of the scenario's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    #[command(flatten)]
    changes: Changes,
    /// Number of the replicate: the same scenario and seed with other draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    replicate: u64,
    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A timeline for each session
    Text,
    /// The same for programs
    Json,
    /// A line for each loss, without timelines
    Csv,
}

fn id(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text).ok_or_else(|| {
        "an identifier has 16 hexadecimal digits; `--lost 5` tells the first five lost sessions \
         with theirs"
            .to_owned()
    })
}

fn cause(text: &str) -> Result<LossCause, String> {
    let found = LossCause::ALL
        .into_iter()
        .find(|cause| cause.as_str() == text);
    found.ok_or_else(|| {
        let causes = LossCause::ALL.map(LossCause::as_str);
        format!("the causes are {}", causes.join(", "))
    })
}

impl StoryCommand {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let interrupt = Interrupt::listen();
        let mut scenario = self.changes.load(&self.file)?.scenario;
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        let Some(stories) = self.stories(&scenario, &interrupt)? else {
            return Ok(Exit::Interrupted);
        };
        if stories.is_empty() && self.format == Format::Text {
            to_stdout(match self.cause {
                None => "No session was lost behind the warm-up.\n",
                Some(_) => "No session was lost for that cause behind the warm-up.\n",
            })?;
            return Ok(Exit::Success);
        }
        to_stdout(&match self.format {
            Format::Text => story::text(&scenario, &stories),
            Format::Json => story::json(&scenario, &stories),
            Format::Csv => story::csv(&scenario, &stories),
        })?;
        if let Some(lost) = self.lost.filter(|lost| stories.len() < *lost as usize)
            && !self.quiet
        {
            let found = stories.len();
            to_stderr(&format!("{found} of {lost}: no more were lost.\n"));
        }
        Ok(Exit::Success)
    }

    /// The stories that are asked for; `None` if a run was interrupted.
    fn stories(
        &self,
        scenario: &Scenario,
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<Story>>, Failure> {
        let run = |enough: &Enough| Run {
            scenario,
            interrupt,
            enough: enough.clone(),
            replicate: self.replicate,
            quiet: self.quiet,
        };
        let (found, told) = (Enough::default(), Enough::default());
        let follower = if let Some(id) = self.session {
            let Some(probe) = run(&found).under(ById::new(id, found.clone()))? else {
                return Ok(None);
            };
            let user: UserId = probe.found.ok_or_else(|| {
                let message = format!(
                    "no session of this run has the identifier `{id}`; another seed, replicate or \
                     value of `--set` makes other ones"
                );
                Failure::new(Exit::Usage, message)
            })?;
            Follower::of_id(user, id, told.clone())
        } else {
            let wanted = self.lost.unwrap_or(0) as usize;
            let probe = Lost::first(wanted, self.cause, scenario.users.len(), found.clone());
            let Some(probe) = run(&found).under(probe)? else {
                return Ok(None);
            };
            if probe.found.is_empty() {
                return Ok(Some(Vec::new()));
            }
            Follower::of_lost(&probe.found, told.clone())
        };
        let follower = run(&told).under(follower)?;
        Ok(follower.map(Follower::finish))
    }
}

/// A run that ends as soon as its probe has enough.
struct Run<'a> {
    scenario: &'a Scenario,
    interrupt: &'a Interrupt,
    enough: Enough,
    replicate: u64,
    quiet: bool,
}

impl Run<'_> {
    /// The probe with what it noted; `None` if the run was interrupted.
    fn under<P: Probe>(&self, probe: P) -> Result<Option<P>, Failure> {
        let (rows, recording) = match &self.scenario.trace {
            Some(trace) => Recording::open(trace)?.split(),
            None => Recording::none().split(),
        };
        let mut progress = Progress::new(self.scenario.duration, self.quiet);
        let mut sent = 0;
        let mut watch = |at: Time, requests: u64| {
            sent = requests;
            progress.update(at, requests);
            !self.interrupt.requested() && !self.enough.is_reached()
        };
        let simulated = simulate_recorded(self.scenario, rows, self.replicate, probe, &mut watch);
        progress.finish(sent);
        recording.check()?;
        let whole = simulated.complete || self.enough.is_reached();
        Ok(whole.then_some(simulated.probe))
    }
}
