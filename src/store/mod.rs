//! The cache tier: a node of Redis or Valkey, as measured servers behave.
//!
//! [`node::Node`] is one server with its queue. Its [`keyspace::Keyspace`] owns the keys, their
//! real hash tables and their memory, and answers `execute`: traffic, replayed traces and
//! comparisons with measured servers all call that one function. [`eviction`] decides who goes
//! when memory is short, [`engine`] holds what differs between server versions as data, and
//! [`slots`] divides keys among shards.

mod clock;
pub mod engine;
mod entry;
pub mod eviction;
pub mod keyspace;
pub mod node;
pub mod replication;
pub mod slots;
pub mod speed;
mod tables;
