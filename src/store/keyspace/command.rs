//! What a keyspace is asked to do, and what it answers.

use crate::scenario::commands::CommandName;
use crate::units::Span;

use crate::store::entry::KeyId;

/// A command on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Which command.
    pub name: CommandName,
    /// Bytes of the value, for commands that store one.
    pub bytes: u32,
    /// What it does to the key's TTL.
    pub ttl: Ttl,
}

/// What a command that sets a TTL does to it. Commands that cannot (GET, HSET, DEL) ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Nothing: SET with KEEPTTL.
    Keep,
    /// From now, rounded down to milliseconds (PX, PEXPIRE).
    In(Span),
    /// No TTL any more: a plain SET, PERSIST.
    Clear,
}

impl Command {
    /// Whether it gives the key a new TTL when it is done.
    #[inline]
    pub const fn sets_ttl(&self) -> bool {
        matches!(self.ttl, Ttl::In(_)) && self.name.sets_ttl()
    }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A read found its key.
    Hit,
    /// A read did not.
    Miss,
    /// Anything else was done.
    Done,
    /// It was not done: EXPIRE, DEL or SETXX without the key, SETNX with it.
    NotDone,
    /// Refused: memory is used up and nothing can be evicted.
    Oom,
}

/// Why a key died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeathCause {
    /// The node needed its memory.
    Evicted,
    /// Its TTL had passed, and a lookup or the active cycle came by.
    Expired,
    /// All that the node held is gone.
    Lost,
}

/// A key that died. Keys that a client deletes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// The key; its id stays known until it is released.
    pub key: KeyId,
    /// Whose key it was.
    pub owner: u32,
    /// Why.
    pub cause: DeathCause,
    /// What it held.
    pub held: KeyState,
}

/// What a keyspace holds under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyState {
    /// Whether it is stored at all, even if its TTL has passed.
    pub is_live: bool,
    /// Bytes of its value.
    pub bytes: u32,
    /// When it expires, in ms since the start of the run; `None` for never.
    pub expires: Option<u64>,
}

impl KeyState {
    /// Whether a lookup at `now`, in ms, finds it.
    #[must_use]
    pub fn is_found(&self, now: u64) -> bool {
        self.is_live && self.expires.is_none_or(|expires| now <= expires)
    }
}

/// Counters, as INFO names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// `keyspace_hits`.
    pub keyspace_hits: u64,
    /// `keyspace_misses`.
    pub keyspace_misses: u64,
    /// `evicted_keys`.
    pub evicted_keys: u64,
    /// `expired_keys`: on access and by the active cycle.
    pub expired_keys: u64,
}
