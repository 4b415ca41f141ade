//! What happens to nodes: failures, and what is done about them.

/// A node of a shard, by its number in the shard: 0 is the primary as the run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicaId {
    /// The shard.
    pub shard: u16,
    /// The node.
    pub node: u8,
}

/// Something that happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeIncident {
    /// The primary of its shard, it no longer does anything.
    PrimaryDown,
    /// A replica, or about to be one, it no longer does anything.
    ReplicaDown,
    /// Its shard's data are gone: no node that is there has them. It was the last primary.
    DataLost,
    /// A replica, it is the primary from now on.
    Promoted,
    /// It is the primary from now on, without data.
    BeganEmpty,
    /// It is there instead of one that failed, without data.
    Replaced,
    /// A replica, it has all data now and answers reads.
    Serves,
    /// It is as fast as before.
    Recovered,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// A fault of the scenario struck, by its place there.
    Fault(u16),
    /// Something happened to a node.
    Node(NodeIncident, ReplicaId),
    /// A zone is there again, by its place in the scenario.
    ZoneBack(u8),
}
