//! The life of a session, as a timeline.
//!
//! A run is a function of scenario, seed and replicate, so a story needs nothing to be kept while
//! a result is made: the same run is simulated again under a probe that follows single users. Who
//! asks for lost sessions gets two runs, one that finds them ([`find`]) and one that follows their
//! users ([`follow`]); who asks for a session by its identifier likewise. What is kept of a user is
//! bounded, however long they stay.

mod csv;
pub mod find;
pub mod follow;
mod journal;
mod json;
#[cfg(test)]
mod tests;
mod text;
mod words;

use crate::probe::{Aftermath, Fate, LossCause, ShardTold, Told, UserId};
use crate::scenario::Scenario;
use crate::units::Time;

pub use csv::csv;
pub use journal::Journal;
pub use json::json;
pub use text::text;

/// A session's identifier, as its key has it: sixteen hexadecimal digits, from the lowest four bits
/// on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// Digits of an identifier.
const DIGITS: usize = 16;

impl SessionId {
    /// Reads what [`Display`](std::fmt::Display) writes; `None` if it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = text.chars().rev().map(|digit| digit.to_digit(16));
        let bits = digits.try_fold(0u64, |bits, digit| Some(bits << 4 | u64::from(digit?)))?;
        (text.len() == DIGITS).then_some(Self(bits))
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (0..DIGITS).try_for_each(|place| write!(out, "{:x}", self.0 >> (4 * place) & 15))
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A fact about the user.
    Told(Told),
    /// A fact about the shard that has the session's key.
    Shard(ShardTold),
    /// The session was stored, and lives.
    Created,
    /// It met its fate.
    Closed(Fate),
    /// Its user missed it, or nobody will.
    Felt(bool),
    /// What followed for a user who found it gone.
    MadeGood(Aftermath),
    /// The user has another session from now on.
    Next(SessionId),
}

/// Something that happened, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// Number of the intent that led to it, if one did.
    pub intent: Option<u32>,
    /// What.
    pub what: What,
}

/// A loss of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When.
    pub at: Time,
    /// Why.
    pub cause: LossCause,
    /// Whether its user missed it, once that is known.
    pub felt: Option<bool>,
    /// What followed, if anything.
    pub aftermath: Option<Aftermath>,
}

/// The life of a session.
#[derive(Clone, Debug)]
pub struct Story {
    /// Whose it was.
    pub user: UserId,
    /// Its identifier.
    pub id: SessionId,
    /// The shard of its key.
    pub shard: u16,
    /// When it was first stored.
    pub created: Option<Time>,
    /// How it ended the last time, and when.
    pub fate: Option<(Time, Fate)>,
    /// Its losses: it may have been restored in between.
    pub losses: Vec<Loss>,
    /// What happened.
    pub journal: Journal,
}

/// A user as people name them: the number, and behind a point how many had the same place among
/// the concurrent users before.
fn user_name(user: UserId) -> String {
    match (user.user >> 32, user.user as u32) {
        (0, number) => number.to_string(),
        (generation, seat) => format!("{seat}.{generation}"),
    }
}

/// The name of the user's class.
fn class_name(scenario: &Scenario, user: UserId) -> &str {
    let class = scenario.users.get(usize::from(user.class));
    class.map_or("", |class| &class.name)
}

/// The session's key, as far as its identifier tells.
fn key_name(scenario: &Scenario, story: &Story) -> String {
    let Some(class) = scenario.users.get(usize::from(story.user.class)) else {
        return String::new();
    };
    let length = class.session.id_length as usize;
    let mut id = story.id.to_string();
    id.truncate(length);
    if length > DIGITS {
        id.push('…');
    }
    class.session.key.replacen("<id>", &id, 1)
}
