//! What a run leaves: plain numbers, without an opinion on what they are called.

use crate::cost::Bill;
use crate::probe::{Aftermath, Fate, LossCause, Mark};
use crate::units::{Span, Time};

use super::histogram::{Brief, Latencies};
use super::incidents::Incidents;
use super::losses::LossBook;
use super::nodes::NodeMeasurements;
use super::owners::ClassMeasurements;
use super::workloads::WorkloadMeasurements;

/// Adds counts of the same kind.
trait Accumulate {
    const NONE: Self;

    fn accumulate(&mut self, other: &Self);
}

impl Accumulate for u64 {
    const NONE: Self = 0;

    fn accumulate(&mut self, other: &Self) {
        *self += other;
    }
}

impl<const N: usize> Accumulate for [u64; N] {
    const NONE: Self = [0; N];

    fn accumulate(&mut self, other: &Self) {
        for (mine, theirs) in self.iter_mut().zip(other) {
            *mine += theirs;
        }
    }
}

/// Declares [`Counts`], so that no field can be forgotten where counts are added up.
macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        /// What is counted, for a row of the time series as for a whole run.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Counts {
            /// Nothing was counted.
            pub const NONE: Self = Self { $($field: <$type as Accumulate>::NONE,)* };

            /// Adds the counts of another part of the run.
            pub fn add(&mut self, other: &Self) {
                $(self.$field.accumulate(&other.$field);)*
            }
        }
    };
}

counts! {
    /// Requests that users sent.
    requests: u64,
    /// Requests that got their answer, by what they saw of their session, in the order of
    /// [`SessionSeen`](crate::probe::SessionSeen): believed in none, found it, found it gone.
    answered: [u64; 3],
    /// Requests sent before the measurement began and answered after: in no other count.
    carried: u64,
    /// Answered requests one of whose commands was refused.
    failed: u64,
    /// Commands, by the answer, in the order of [`Answer`](crate::probe::Answer): hit, miss,
    /// done, refused.
    commands: [u64; 4],
    /// Keys evicted.
    evicted_keys: u64,
    /// Expired keys reclaimed.
    expired_keys: u64,
    /// Visits of classes with login.
    visits_with_login: u64,
    /// Visits of guests.
    visits_of_guests: u64,
    /// Sessions created.
    created: u64,
    /// Sessions whose user logged out.
    logged_out: u64,
    /// Sessions whose user got another one by a login.
    superseded: u64,
    /// What libraries did besides, in the order of [`Mark`].
    marks: [u64; Mark::NUMBER],
    /// Sessions whose own end came, and nobody came back.
    ended: u64,
    /// Sessions that the run's end found alive.
    alive: u64,
    /// Sessions whose own end came although the user came back.
    expired_in_use: u64,
    /// Sessions lost, by cause.
    lost: [u64; LossCause::ALL.len()],
    /// Lost sessions that their user missed.
    felt: u64,
    /// Lost sessions that nobody missed.
    unnoticed: u64,
    /// What became of the felt ones, in the order of [`Aftermath`]: restored, forced login, guest
    /// reset, abandoned.
    after_loss: [u64; 4],
    /// Likewise of those expired in use, of whom some had been found before the measurement.
    after_expiry: [u64; 4],
    /// What was done about sessions found gone, whenever these had met their fate; same order.
    made_good: [u64; 4],
    /// Queries sent to the database.
    db_queries: u64,
    /// Of these, queries that it refused.
    db_refused: u64,
    /// Queries that the same requests would have made without a cache.
    db_baseline: u64,
    /// Bytes that nodes whose network is limited received.
    network_in: u64,
    /// Bytes that they sent.
    network_out: u64,
    /// Commands and replies that had to wait because a node's allowance was used up.
    bandwidth_exceeded: u64,
    /// Bytes that went from zone to zone between users and nodes.
    crossed: u64,
    /// Bytes that nodes sent to replicas in other zones.
    replicated: u64,
    /// Nanoseconds in which some shard answered no writes.
    write_outage: u64,
    /// Likewise no reads.
    read_outage: u64,
}

impl Counts {
    /// A session met its fate.
    pub(super) const fn close(&mut self, fate: Fate) {
        match fate {
            Fate::LoggedOut => self.logged_out += 1,
            Fate::Superseded => self.superseded += 1,
            Fate::Ended => self.ended += 1,
            Fate::Alive => self.alive += 1,
            Fate::ExpiredInUse => self.expired_in_use += 1,
            Fate::Lost(cause) => self.lost[cause as usize] += 1,
        }
    }

    /// A lost session was missed, or will not be.
    pub(super) const fn feel(&mut self, felt: bool) {
        self.felt += felt as u64;
        self.unnoticed += !felt as u64;
    }

    /// Something was done about a session that met that fate, `since` the measurement began or
    /// before.
    pub(super) const fn make_good(&mut self, fate: Fate, aftermath: Aftermath, since: bool) {
        self.made_good[aftermath as usize] += 1;
        match fate {
            Fate::Lost(_) if !since => {}
            Fate::Lost(_) => self.after_loss[aftermath as usize] += 1,
            _ => self.after_expiry[aftermath as usize] += 1,
        }
    }

    /// Sessions lost, whatever the cause.
    pub fn lost_in_all(&self) -> u64 {
        self.lost.iter().sum()
    }

    /// How often that was done about a session found gone.
    pub fn made_good_by(&self, aftermath: Aftermath) -> u64 {
        self.made_good[aftermath as usize]
    }

    /// Sessions that met their fate.
    pub fn fates(&self) -> u64 {
        self.logged_out
            + self.superseded
            + self.ended
            + self.alive
            + self.expired_in_use
            + self.lost_in_all()
    }
}

/// What is observed at moments: nodes once a minute and at the end of every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Highest `used_memory` of a node, in bytes; `None` if nothing was observed.
    pub used_memory: Option<u64>,
    /// Highest `used_memory` in parts of 10^-9 of `maxmemory`; `None` without a limit.
    pub memory_usage: Option<u64>,
    /// Busy time of the busiest node in its highest minute, in parts of 10^-9.
    pub engine_cpu: Option<u64>,
    /// Busy time of all vCPUs of the busiest node in its highest minute, in parts of 10^-9;
    /// `None` if their number is not known.
    pub host_cpu: Option<u64>,
    /// Most bytes a second that a node sent or received in a minute, in parts of 10^-9 of the
    /// bandwidth that lasts; `None` without a limit.
    pub network_usage: Option<u64>,
    /// Fewest CPU credits of a node; `None` if none is limited by them.
    pub cpu_credits: Option<u64>,
    /// Requests a second in the highest minute, in 10^-9 a second.
    pub request_rate: Option<u64>,
    /// Queries a second that were sent to the database in its highest minute, in 10^-9 a second.
    pub db_query_rate: Option<u64>,
    /// Most sessions alive at the end of a row.
    pub live_sessions: Option<u64>,
    /// Most users present at the end of a row.
    pub users_present: Option<u64>,
    /// Furthest that a replica was behind, in nanoseconds; `None` without replicas.
    pub replication_lag: Option<u64>,
    /// Likewise as its primary knew it.
    pub replication_lag_reported: Option<u64>,
}

impl Gauges {
    /// Keeps the higher value of each, and the lower one of credits.
    pub fn raise(&mut self, other: &Self) {
        // `None` is less than any value.
        self.used_memory = self.used_memory.max(other.used_memory);
        self.memory_usage = self.memory_usage.max(other.memory_usage);
        self.engine_cpu = self.engine_cpu.max(other.engine_cpu);
        self.host_cpu = self.host_cpu.max(other.host_cpu);
        self.network_usage = self.network_usage.max(other.network_usage);
        self.cpu_credits = match (self.cpu_credits, other.cpu_credits) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.request_rate = self.request_rate.max(other.request_rate);
        self.db_query_rate = self.db_query_rate.max(other.db_query_rate);
        self.live_sessions = self.live_sessions.max(other.live_sessions);
        self.users_present = self.users_present.max(other.users_present);
        self.replication_lag = self.replication_lag.max(other.replication_lag);
        self.replication_lag_reported = self
            .replication_lag_reported
            .max(other.replication_lag_reported);
    }

    /// Other loads of nodes stand for those that are noted.
    pub(super) const fn replace_loads(&mut self, loads: &Self) {
        self.engine_cpu = loads.engine_cpu;
        self.host_cpu = loads.host_cpu;
        self.network_usage = loads.network_usage;
    }
}

/// Whose latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// All requests.
    Requests,
    /// Requests that only read the session.
    Read,
    /// Requests that change it.
    Modify,
    /// Logins.
    Login,
    /// Logouts.
    Logout,
    /// Requests that do without the session.
    Other,
    /// Commands, at the server.
    Node,
    /// Queries, at the database.
    Database,
    /// How far replicas are behind.
    ReplicationLag,
    /// Likewise as their primary knows it.
    ReportedLag,
}

impl Group {
    /// All of them. The kinds of requests come in the order of
    /// [`RequestKind`](crate::probe::RequestKind).
    pub const ALL: [Self; 10] = [
        Self::Requests,
        Self::Read,
        Self::Modify,
        Self::Login,
        Self::Logout,
        Self::Other,
        Self::Node,
        Self::Database,
        Self::ReplicationLag,
        Self::ReportedLag,
    ];

    /// What its metrics' names begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Requests => "latency",
            Self::Read => "latency.read",
            Self::Modify => "latency.modify",
            Self::Login => "latency.login",
            Self::Logout => "latency.logout",
            Self::Other => "latency.other",
            Self::Node => "node_latency",
            Self::Database => "db_latency",
            Self::ReplicationLag => "replication_lag",
            Self::ReportedLag => "replication_lag_reported",
        }
    }
}

/// A row of the time series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    /// What was counted in between.
    pub counts: Counts,
    /// Latency of requests.
    pub latency: Option<Brief>,
    /// Latency of commands at the server.
    pub node_latency: Option<Brief>,
    /// What was observed.
    pub gauges: Gauges,
}

/// Which metrics can apply at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about one scenario"
)]
pub struct Applies {
    /// A class has a login.
    pub logins: bool,
    /// A class has none.
    pub guests: bool,
    /// The nodes' network has a limit.
    pub network: bool,
    /// There are replicas.
    pub replicas: bool,
    /// There is more than one zone.
    pub zones: bool,
    /// Something fails.
    pub faults: bool,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Measurements {
    /// False if the run was interrupted.
    pub complete: bool,
    /// When the warm-up was over; `None` if the run did not get that far, and then nothing was
    /// measured.
    pub began: Option<Time>,
    /// When the run ended.
    pub ended: Time,
    /// What was counted since.
    pub counts: Counts,
    /// Highest values observed since.
    pub gauges: Gauges,
    /// Latencies by [`Group`], in its order.
    pub latencies: [Latencies; Group::ALL.len()],
    /// The time series.
    pub rows: Vec<Row>,
    /// Lost sessions by minute and cause.
    pub losses: LossBook,
    /// What failed, and what was done about it; since the run began.
    pub incidents: Incidents,
    /// Sessions without a fate when the measurement began: those alive, and those that had
    /// reached their own end while it was open whether their user would come back.
    pub open_at_start: u64,
    /// Sessions found expired before the measurement began that nothing had made good for yet.
    pub expired_pending_at_start: u64,
    /// Requests on their way when it began.
    pub in_flight_at_start: u64,
    /// Requests on their way when the run ended.
    pub in_flight_at_end: u64,
    /// A hash over every event of the run in its order.
    pub fingerprint: u64,
    /// What each class of users did, recorded traffic behind them; empty where one class is alone.
    pub classes: Vec<ClassMeasurements>,
    /// What each of several nodes did; empty of a single one.
    pub nodes: Vec<NodeMeasurements>,
    /// What the workloads beside the sessions did, in their order.
    pub workloads: Vec<WorkloadMeasurements>,
    /// Which metrics can apply.
    pub applies: Applies,
    /// What a month like it costs.
    pub bill: Bill,
}

impl Measurements {
    /// Length of the measured part.
    pub fn measured(&self) -> Span {
        self.began
            .map_or(Span::ZERO, |began| self.ended.since(began))
    }

    /// Live sessions at the end of the first and of the last row.
    pub fn live_sessions(&self) -> Option<(u64, u64)> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        Some((first.gauges.live_sessions?, last.gauges.live_sessions?))
    }

    /// Latencies of a group.
    pub fn latency(&self, group: Group) -> &Latencies {
        &self.latencies[group as usize]
    }
}
