//! The facts that a model states about itself while it runs.
//!
//! The world calls a [`Probe`]; every method does nothing by default, so an absent probe costs
//! nothing. What becomes of the facts (counts, histograms, a journal) is the probe's business.

mod both;
mod incident;
mod told;

use crate::scenario::commands::CommandName;
use crate::units::{Bandwidth, Span, Time};

pub use both::Both;
pub use incident::{Incident, NodeIncident, ReplicaId};
pub use told::{Came, CommandTold, KeyFate, On, Place, RequestId, ShardTold, Told, UserId};

/// Kinds of requests, as `latency.<kind>` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum RequestKind {
    /// Only reads the session.
    Read,
    /// Changes the session.
    Modify,
    /// Creates it: a login, or a guest's first request.
    Login,
    /// Ends it.
    Logout,
    /// Does without: it brings no cookie, or does not touch the session.
    Other,
}

impl RequestKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Modify,
        Self::Login,
        Self::Logout,
        Self::Other,
    ];

    /// As metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Modify => "modify",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Other => "other",
        }
    }
}

/// Why a session was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LossCause {
    /// Its identity key was evicted.
    Evicted,
    /// Its creating write never took.
    Refused,
    /// The node, or the instance of the application, that held it is gone.
    NodeLost,
    /// The browser had dropped the cookie when the user came back.
    CookieExpired,
    /// Its creation was acknowledged, but not on the replica that became the primary.
    Unreplicated,
}

impl LossCause {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Evicted,
        Self::Refused,
        Self::NodeLost,
        Self::CookieExpired,
        Self::Unreplicated,
    ];

    /// As metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Refused => "refused",
            Self::NodeLost => "node_lost",
            Self::CookieExpired => "cookie_expired",
            Self::Unreplicated => "unreplicated",
        }
    }
}

/// How a session ended. Every session ends in exactly one fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The user logged out.
    LoggedOut,
    /// A login gave the user another one.
    Superseded,
    /// Its own end came and the user had no later intent in it.
    Ended,
    /// The run ended first.
    Alive,
    /// Its own end came although the user came back later.
    ExpiredInUse,
    /// The identity key left the store before any of the above.
    Lost(LossCause),
}

/// What became of a session that a request of the same visit found gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// Rebuilt from the database.
    Restored,
    /// The user had to log in again.
    ForcedLogin,
    /// A guest (class without login) started afresh.
    GuestReset,
    /// The user gave up: a logout that found nothing to log out of.
    Abandoned,
}

/// What happens to sessions besides their fates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// A session was created by a request without a cookie that had nothing to store.
    CreatedCookieless,
    /// The key of a session that was superseded stayed in the store.
    LeakedKey,
    /// A change was overwritten by a parallel request, or dropped for want of the lock.
    LostUpdate,
    /// A session that was over is in the store again: a request stored it after its user had logged
    /// out or had another, or the replica that became the primary did not know of its end.
    Resurrected,
    /// A read at a replica found an older value than the primary had, or a key that the primary
    /// had no more.
    StaleRead,
    /// A read at a replica did not find what the primary had.
    EarlyRead,
    /// A write that was acknowledged is on no node any more.
    LostWrite,
    /// A session lives on as it was before such writes.
    StaleSession,
    /// A visit sent a request that no node answered, its first one.
    FailedVisit,
}

impl Mark {
    /// How many there are.
    pub const NUMBER: usize = 9;
}

/// How a finished request stood to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSeen {
    /// The request believed in no session (a login, a guest's first request).
    NotBelieved,
    /// It found the session it believed in.
    Found,
    /// It did not.
    Gone,
}

/// A request that got its answer.
#[derive(Clone, Copy, Debug)]
pub struct RequestDone {
    /// Class of the user, by its place in the scenario.
    pub class: u16,
    /// Kind of request.
    pub kind: RequestKind,
    /// Whether an intent led to it, and not what became of an earlier request.
    pub first_attempt: bool,
    /// When the user sent it.
    pub issued: Time,
    /// When the application had all it needed.
    pub done: Time,
    /// The store's part of the time between.
    pub store_time: Span,
    /// What it saw of its session.
    pub session: SessionSeen,
    /// Whether any of its commands was refused (OOM).
    pub refused: bool,
    /// Queries that it would have cost the database had there been no cache.
    pub without_cache: Queries,
}

/// Queries of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queries {
    /// Reads.
    pub reads: u8,
    /// Writes.
    pub writes: u8,
}

/// What the server answered, as it counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A read that found its key.
    Hit,
    /// A read that did not.
    Miss,
    /// Anything else that was done.
    Done,
    /// Refused with OOM.
    Oom,
}

/// A command that a node executed.
#[derive(Clone, Copy, Debug)]
pub struct CommandDone {
    /// The node.
    pub node: u16,
    /// Whose command it was: the classes of users come first, recorded traffic is behind them,
    /// then come the workloads, in the order of the scenario.
    pub owner: u16,
    /// The command.
    pub name: CommandName,
    /// The answer.
    pub answer: Answer,
    /// When it arrived at the node.
    pub arrived: Time,
    /// When the node had executed it.
    pub done: Time,
}

/// A finished request of a workload beside the sessions.
#[derive(Clone, Copy, Debug)]
pub struct WorkloadDone {
    /// The workload, by its place in the scenario.
    pub workload: u16,
    /// When it was sent.
    pub issued: Time,
    /// When the application had all it needed.
    pub done: Time,
    /// The store's part of the time between.
    pub store_time: Span,
    /// Whether it found what it read; `None` if it did not read.
    pub found: Option<bool>,
    /// Whether any of its commands was refused (OOM), or its query.
    pub refused: bool,
    /// Queries that it sent to the database.
    pub queries: Queries,
    /// Queries that it would have sent had there been no cache.
    pub without_cache: Queries,
}

/// What an owner keeps in all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Keys, expired ones that are still resident included.
    pub keys: u64,
    /// What these allocate, in bytes; the buckets of the hash tables aside.
    pub bytes: u64,
}

/// What an owner of keys has at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerSample {
    /// Sessions that live, as far as the application can know.
    pub live_sessions: u64,
    /// Users in a visit.
    pub users_present: u64,
    /// What it keeps, if that was counted.
    pub kept: Option<Kept>,
}

/// The state of a node at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeSample {
    /// Commands since the start of the run, refused ones included.
    pub commands: u64,
    /// Of these, reads that found their key.
    pub hits: u64,
    /// Of these, reads that did not.
    pub misses: u64,
    /// Keys evicted since the start of the run.
    pub evicted_keys: u64,
    /// Likewise expired keys reclaimed.
    pub expired_keys: u64,
    /// `used_memory` in bytes.
    pub used_memory: u64,
    /// `maxmemory` in bytes, 0 for none.
    pub maxmemory: u64,
    /// Keys in the keyspace, expired ones that are still resident included.
    pub keys: u64,
    /// Of these, keys with a TTL.
    pub expires: u64,
    /// Time the node's main thread was busy since the start of the run.
    pub busy: Span,
    /// Likewise its threads for input and output, all together.
    pub io_busy: Span,
    /// CPU credits that are left, if the node is limited by them.
    pub cpu_credits: Option<u64>,
    /// What went over its network since the start of the run, if that has a limit.
    pub network: Option<NetworkSample>,
}

/// What went over a node's network since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkSample {
    /// Bytes that the node received.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
    /// Commands and replies that had to wait because the allowance was used up.
    pub exceeded: u64,
    /// Bandwidth that lasts, in each direction.
    pub baseline: Bandwidth,
}

/// A visit, by what does not depend on the deployment: two runs of the same users have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisitId {
    /// Class of the user, by its place in the scenario.
    pub class: u16,
    /// Number of the user within the class, or of the key in recorded traffic.
    pub user: u64,
    /// Number of the visit's first intent.
    pub first: u32,
}

/// Receives facts. All times are those of the fact, which may lie before the present for a
/// fate that is only known later.
#[allow(unused_variables)]
pub trait Probe {
    /// A user sent a request (retries and forced logins are requests of their own).
    fn request_issued(&mut self, at: Time, class: u16, kind: RequestKind) {}
    /// A request got its answer.
    fn request_done(&mut self, fact: &RequestDone) {}
    /// A node executed a command.
    fn command(&mut self, fact: &CommandDone) {}
    /// A node evicted a key of that owner, who is numbered as in [`CommandDone`].
    fn key_evicted(&mut self, at: Time, node: u16, owner: u16) {}
    /// A node reclaimed an expired key, on access or by its active cycle.
    fn key_expired(&mut self, at: Time, node: u16, owner: u16) {}
    /// A visit began (a user came, or came back).
    fn visit_began(&mut self, at: Time, class: u16) {}
    /// Facts about sessions that follow, until another visit is named, are of this visit.
    fn about(&mut self, visit: VisitId) {}
    /// A session was created.
    fn session_created(&mut self, at: Time, class: u16) {}
    /// A session met its fate.
    fn session_closed(&mut self, at: Time, class: u16, fate: Fate) {}
    /// A lost session was felt by its user (`true`) or will not be (`false`); `lost_at` is the
    /// time of the loss.
    fn loss_felt(&mut self, at: Time, lost_at: Time, class: u16, cause: LossCause, felt: bool) {}
    /// What followed when a request found a felt lost session, or one expired in use, gone.
    /// `closed_at` is when that session met its fate.
    fn aftermath(
        &mut self,
        at: Time,
        closed_at: Time,
        class: u16,
        fate: Fate,
        aftermath: Aftermath,
    ) {
    }
    /// A library did that, so many times at once.
    fn mark(&mut self, at: Time, class: u16, mark: Mark, number: u64) {}
    /// What followed when a visit found a session gone that had been lost between two visits. Such
    /// a loss is unnoticed, since no visit lost anything; this is what the next visit meets.
    fn found_late(&mut self, at: Time, class: u16, cause: LossCause, aftermath: Aftermath) {}
    /// A request did not find a session that lives, since it read at a replica that had none of it
    /// yet; this is what the application does about that.
    fn overlooked(&mut self, at: Time, class: u16, aftermath: Aftermath) {}
    /// How far a replica is behind its primary, looked at every now and then: in truth, and as the
    /// primary knows it.
    fn replica_lag(&mut self, at: Time, replica: ReplicaId, lag: Span, reported: Span) {}
    /// Whether somebody answers for a shard from now on: reads, and writes.
    fn shard_answers(&mut self, at: Time, shard: u16, reads: bool, writes: bool) {}
    /// Something failed, or was done about that.
    fn incident(&mut self, at: Time, incident: Incident) {}
    /// Bytes that went from one zone to another since the start of the run: between users and
    /// nodes, and between nodes. Stated before each row and minute ends.
    fn crossed_zones(&mut self, at: Time, of_users: u64, of_nodes: u64) {}
    /// The database answered a query that was sent at `sent`.
    fn db_query(&mut self, sent: Time, done: Time) {}
    /// The database refused a query: too many were waiting.
    fn db_refused(&mut self, at: Time) {}
    /// A request of a workload got its answer.
    fn workload_done(&mut self, fact: &WorkloadDone) {}
    /// Whether it wants to be told what the owners of keys have.
    fn wants_owners(&self) -> bool {
        false
    }
    /// Whether it is to be told of single users. What is asked for everywhere costs nothing if this
    /// is a constant `false`.
    #[inline]
    fn wants_stories(&self) -> bool {
        false
    }
    /// A fact about a user, within a request of theirs; at `at`, or when the fact itself says.
    fn told(&mut self, at: Time, user: UserId, request: RequestId, what: &Told) {}
    /// A fact about a shard.
    fn shard_told(&mut self, at: Time, shard: u16, what: &ShardTold) {}
    /// What each of them has, in their order, just before a row of the time series ends.
    fn owners(&mut self, at: Time, owners: &[OwnerSample]) {}
    /// A row of the time series ends now.
    fn window(&mut self, at: Time, nodes: &[NodeSample], live_sessions: u64, users_present: u64) {}
    /// A minute of the run ends now (also the end of the run).
    fn minute(&mut self, at: Time, nodes: &[NodeSample]) {}
    /// The warm-up is over: what came before does not count. Open sessions at this moment.
    fn measurement_begins(&mut self, at: Time, nodes: &[NodeSample], open_sessions: u64) {}
    /// The run is over (`complete`), or was interrupted.
    fn run_ends(&mut self, at: Time, in_flight: u64, fingerprint: u64, complete: bool) {}
}

/// Notes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Probe for Silent {}
