//! `[[workloads]]`: what else uses the same nodes: a query cache, a leaderboard, counters.

mod estimates;
mod keys;
mod read;

use crate::kernel::quantiles::Distribution;
use crate::units::{Bytes, Rate, Ratio, Span};

use super::reader::choice::{Choice, choice_is_value};
use super::users::arrivals::Factor;

pub(super) use keys::SECTION;
pub(super) use read::read;

/// A workload beside the sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadSpec {
    /// Its name in reports.
    pub name: String,
    /// Its requests by time, as a Poisson process.
    pub rate: Rate,
    /// The class of users whose curve of arrivals the rate follows, by its place.
    pub follows: Option<usize>,
    /// Pattern of the keys; `<id>` stands for the identifier of an object.
    pub key: String,
    /// Length of the identifier in bytes (hexadecimal digits).
    pub id_length: u32,
    /// Number of objects, each with a key of its own.
    pub objects: u32,
    /// Popularity: the k-th most popular object is asked for in proportion to k^-exponent.
    pub exponent: Factor,
    /// Time to live of a key from when it is stored; zero for none.
    pub ttl: Span,
    /// What the objects are.
    pub kind: WorkloadKind,
}

/// What a workload keeps in the nodes, and does with it.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkloadKind {
    /// Results of queries as strings: what is not there is asked of the database and stored.
    QueryCache {
        /// Size of a result, drawn once an object.
        bytes: Distribution<Bytes>,
        /// Share of requests that change what lies in the database, and so delete the result.
        update_share: Ratio,
    },
    /// Sorted sets of scores.
    Leaderboard {
        /// Different members that a set may come to have.
        members: u32,
        /// Bytes of a member.
        member_length: u32,
        /// Share of requests that change a score.
        update_share: Ratio,
        /// Of the others, the share that asks for a member's rank; the rest asks for the top.
        rank_share: Ratio,
        /// How many members that is.
        top: u32,
    },
    /// Numbers that are counted up within a window of time: rate limiters.
    Counters,
}

/// The word for a kind, without its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KindName {
    QueryCache,
    Leaderboard,
    Counters,
}

impl Choice for KindName {
    const WHAT: &'static str = "a kind of workload";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("query-cache", Self::QueryCache),
        ("leaderboard", Self::Leaderboard),
        ("counters", Self::Counters),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("cache", "query-cache"),
        ("object-cache", "query-cache"),
        ("page-cache", "query-cache"),
        ("sorted-set", "leaderboard"),
        ("zset", "leaderboard"),
        ("ranking", "leaderboard"),
        ("counter", "counters"),
        ("rate-limiter", "counters"),
        ("rate-limit", "counters"),
    ];
}
choice_is_value!(KindName);

/// Stands for the identifier in a key's pattern.
const ID: &str = "<id>";

impl WorkloadSpec {
    /// Bytes of a key's name.
    pub fn key_length(&self) -> usize {
        self.key.len() - ID.len() + self.id_length as usize
    }

    /// Whether it may send queries to the database.
    pub fn asks_database(&self) -> bool {
        matches!(self.kind, WorkloadKind::QueryCache { .. })
    }

    /// The word for its kind.
    pub fn kind_word(&self) -> &'static str {
        self.kind_name().word()
    }

    fn kind_name(&self) -> KindName {
        match self.kind {
            WorkloadKind::QueryCache { .. } => KindName::QueryCache,
            WorkloadKind::Leaderboard { .. } => KindName::Leaderboard,
            WorkloadKind::Counters => KindName::Counters,
        }
    }
}
