//! `[[users]]`: classes of users and their sessions.

use crate::kernel::quantiles::Distribution;
use crate::units::{Rate, Ratio, Span};

use super::reader::choice::{Choice, choice_is_value};

pub mod arrivals;
mod copies;
mod keys;
mod parallel;
mod session;
mod visits;

use arrivals::Arrivals;
pub use copies::Copies;
pub(super) use keys::SECTION;
pub use parallel::{Calls, Parallel};
pub use session::{
    Cookie, CookieKind, Growth, KeyEncoding, KeyScope, KeySpec, LockSpec, OnLockFailure, Rotation,
    SessionPrograms, SessionSpec, StaleCookie, StaleId, Writes,
};
pub(super) use session::{Purpose, SECTION as SESSION};
pub(super) use visits::Visits;
pub use visits::{Pacing, Script, ScriptStep};

/// How the users of a class come.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// This many are in a visit at any time: whoever leaves is replaced at once, by someone who
    /// means to come back if one is waiting, else by someone new.
    Concurrent {
        /// Their number, at least 1.
        users: u64,
        /// The first ones arrive spread evenly over this time.
        ramp_up: Span,
    },
    /// New users arrive as a Poisson process of this rate; those who come back come on top.
    Poisson {
        /// New users a second, above 0.
        rate: Rate,
    },
}

/// What sets the time at which a session ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlKind {
    /// The last request + TTL.
    Sliding,
    /// The last change + TTL.
    FromWrite,
    /// Creation + TTL.
    Absolute,
    /// Never.
    None,
}

/// How a session is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One string.
    String,
    /// A hash: the value is divided evenly over its fields.
    Hash {
        /// Number of fields, at least 1.
        fields: u32,
        /// Length of a field's name in bytes.
        field_length: u32,
    },
}

/// `[[users]]`: people (or bots) alike.
#[derive(Clone, Debug, PartialEq)]
pub struct UserClass {
    /// Its name in reports.
    pub name: String,
    /// So many classes like it.
    pub copies: Copies,
    /// Whether users log in; guests own a session without that.
    pub login: bool,
    /// With `login`: share of visits without a login so far that log in at all.
    pub login_share: Ratio,
    /// With `login`: how long after the beginning of a visit, which is then a guest's up to
    /// there; `None` for at once.
    pub login_after: Option<Distribution<Span>>,
    /// Whether users send the cookie they got. If not, each makes a single request.
    pub cookies: bool,
    /// How they come.
    pub arrival: Arrival,
    /// How that changes with time.
    pub arrivals: Arrivals,
    /// From one intent to the next within a visit.
    pub think_time: Distribution<Span>,
    /// Whether a user waits for the reply before thinking.
    pub pacing: Pacing,
    /// Requests that one intent sends at once, but for logins and first writes.
    pub parallel: Parallel,
    /// Length of a visit. Of scripted visits its mean, without cookies the think time.
    pub stay: Distribution<Span>,
    /// The requests of each visit; empty if they are drawn by the shares below, which otherwise
    /// are those of the script.
    pub script: Script,
    /// Share of requests that change the session.
    pub modify_share: Ratio,
    /// Share of requests that do not touch the session.
    pub untouched_share: Ratio,
    /// Share of visits that end with a logout.
    pub logout_share: Ratio,
    /// Share of visits after which the user comes back.
    pub return_share: Ratio,
    /// From the end of a visit to the next one, for those who come back.
    pub away: Distribution<Span>,
    /// Zone of the application's instances that serve them, by its place in `[network]`; `None` for
    /// all zones.
    pub zone: Option<usize>,
    /// Their sessions.
    pub session: SessionSpec,
}

impl UserClass {
    /// Whether it matters in which order requests of one user read and write: where they are
    /// likely to meet, or are kept apart.
    pub fn follows_updates(&self) -> bool {
        self.session.lock.is_some()
            || self.session.work_time.mean() > 0.0
            || !self.parallel.is_one()
    }
}

impl Choice for TtlKind {
    const WHAT: &'static str = "a kind of TTL";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("sliding", Self::Sliding),
        ("from-write", Self::FromWrite),
        ("absolute", Self::Absolute),
        ("none", Self::None),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("rolling", "sliding"),
        ("idle", "sliding"),
        ("touch", "sliding"),
        ("on-write", "from-write"),
        ("write", "from-write"),
        ("fixed", "absolute"),
        ("never", "none"),
    ];
}

/// The word for an encoding, without its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EncodingName {
    String,
    Hash,
}

impl Choice for EncodingName {
    const WHAT: &'static str = "an encoding";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("string", Self::String), ("hash", Self::Hash)];
}

choice_is_value!(TtlKind, EncodingName);
