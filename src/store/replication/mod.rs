//! Replication: the stream from a primary to its replicas, what is late, and what is lost.
//!
//! A replica is not a copy but an offset of its primary's [`log`]: everything up to there is the
//! replica's. [`stream`] moves that offset through the stages of a real server, over a [`link`]
//! with its delay and bandwidth. [`shard`] has a primary with its
//! [replicas](replica), and the verbs of
//! faults. [`limits`] says when a replica is given up and when it may come back without a
//! [`resync`]; [`wait`] answers `WAIT`.

pub mod limits;
pub mod link;
pub mod log;
pub mod replica;
pub mod resync;
pub mod shard;
pub mod stream;
pub mod wait;

#[cfg(test)]
mod tests;
