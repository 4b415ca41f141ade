//! The commands of the store that programs are made of.

use crate::scenario::reader::choice::Choice;

/// A command of the Redis protocol, as far as session libraries use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CommandName {
    /// Read a string.
    Get,
    /// Read a string and renew its TTL.
    GetEx,
    /// Store a string, replacing value and TTL.
    Set,
    /// Store a string unless the key exists (SET NX, with its TTL).
    SetNx,
    /// Store a string only if the key exists (SET XX, with its TTL).
    SetXx,
    /// Read a whole hash.
    HGetAll,
    /// Store fields of a hash; does not touch the TTL.
    HSet,
    /// Renew the TTL of an existing key.
    Expire,
    /// Ask whether a key exists.
    Exists,
    /// Delete a key.
    Del,
    /// Store a string with its TTL (SETEX, PSETEX).
    SetEx,
    /// Store fields of a hash, as older libraries do.
    HMSet,
    /// Read fields of a hash.
    HMGet,
    /// Renew the TTL, in milliseconds.
    PExpire,
    /// Renew the TTL, as a point in time.
    PExpireAt,
    /// Mark a key as used.
    Touch,
    /// Give the old session's value and TTL to the new key.
    Rename,
    /// Add a member to a set.
    SAdd,
    /// Remove a member from a set.
    SRem,
    /// Append to a string; an empty text creates the key.
    Append,
    /// Ask whether the server is there.
    Ping,
    /// Publish a message.
    Publish,
    /// Run the script that releases a lock its owner still holds.
    EvalSha,
    /// Count one up, from 0 if the key is not there.
    Incr,
    /// Raise a member's score in a sorted set, with the member if it is new.
    ZIncrBy,
    /// The members of a sorted set with the highest scores.
    ZRevRange,
    /// The rank of a member of a sorted set.
    ZRevRank,
}

impl CommandName {
    /// All of them. Those on counters and sorted sets are none of a session library's.
    pub const ALL: [Self; 27] = [
        Self::Get,
        Self::GetEx,
        Self::Set,
        Self::SetNx,
        Self::SetXx,
        Self::HGetAll,
        Self::HSet,
        Self::Expire,
        Self::Exists,
        Self::Del,
        Self::SetEx,
        Self::HMSet,
        Self::HMGet,
        Self::PExpire,
        Self::PExpireAt,
        Self::Touch,
        Self::Rename,
        Self::SAdd,
        Self::SRem,
        Self::Append,
        Self::Ping,
        Self::Publish,
        Self::EvalSha,
        Self::Incr,
        Self::ZIncrBy,
        Self::ZRevRange,
        Self::ZRevRank,
    ];

    /// As a scenario writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::GetEx => "GETEX",
            Self::Set => "SET",
            Self::SetNx => "SETNX",
            Self::SetXx => "SETXX",
            Self::HGetAll => "HGETALL",
            Self::HSet => "HSET",
            Self::Expire => "EXPIRE",
            Self::Exists => "EXISTS",
            Self::Del => "DEL",
            Self::SetEx => "SETEX",
            Self::HMSet => "HMSET",
            Self::HMGet => "HMGET",
            Self::PExpire => "PEXPIRE",
            Self::PExpireAt => "PEXPIREAT",
            Self::Touch => "TOUCH",
            Self::Rename => "RENAME",
            Self::SAdd => "SADD",
            Self::SRem => "SREM",
            Self::Append => "APPEND",
            Self::Ping => "PING",
            Self::Publish => "PUBLISH",
            Self::EvalSha => "EVALSHA",
            Self::Incr => "INCR",
            Self::ZIncrBy => "ZINCRBY",
            Self::ZRevRange => "ZREVRANGE",
            Self::ZRevRank => "ZREVRANK",
        }
    }

    /// Whether the server counts a keyspace hit or miss for it (`lookupKeyRead`).
    pub const fn is_read(self) -> bool {
        self.returns_value()
            || matches!(
                self,
                Self::Exists | Self::Touch | Self::ZRevRange | Self::ZRevRank
            )
    }

    /// Whether a replica can answer it.
    pub const fn only_reads(self) -> bool {
        self.is_read() && !matches!(self, Self::GetEx)
    }

    /// Whether its reply holds the value.
    pub const fn returns_value(self) -> bool {
        matches!(self, Self::Get | Self::GetEx | Self::HGetAll | Self::HMGet)
    }

    /// Whether its reply holds a part of the value, of as many bytes as the command says.
    pub const fn returns_part(self) -> bool {
        matches!(self, Self::ZRevRange)
    }

    /// Whether it reads fields of a hash.
    pub const fn reads_hash(self) -> bool {
        matches!(self, Self::HGetAll | Self::HMGet)
    }

    /// Whether it renews the TTL of an existing key and does no more.
    pub const fn is_expire(self) -> bool {
        matches!(self, Self::Expire | Self::PExpire | Self::PExpireAt)
    }

    /// Whether it stores a whole string.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Set | Self::SetNx | Self::SetXx | Self::SetEx)
    }

    /// Whether it stores fields of a hash.
    pub const fn is_hset(self) -> bool {
        matches!(self, Self::HSet | Self::HMSet)
    }

    /// Whether it can set the TTL of its key.
    pub const fn sets_ttl(self) -> bool {
        self.is_set() || self.is_expire() || matches!(self, Self::GetEx)
    }

    /// Whether it stores a value, and is refused with OOM when nothing can be evicted.
    pub const fn stores_value(self) -> bool {
        self.is_set()
            || self.is_hset()
            || matches!(self, Self::SAdd | Self::Append | Self::Incr | Self::ZIncrBy)
    }

    /// Whether it works on no key at all.
    pub const fn is_keyless(self) -> bool {
        matches!(self, Self::Ping | Self::Publish)
    }
}

impl Choice for CommandName {
    const WHAT: &'static str = "a command";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("GET", Self::Get),
        ("GETEX", Self::GetEx),
        ("SET", Self::Set),
        ("SETNX", Self::SetNx),
        ("SETXX", Self::SetXx),
        ("HGETALL", Self::HGetAll),
        ("HSET", Self::HSet),
        ("EXPIRE", Self::Expire),
        ("EXISTS", Self::Exists),
        ("DEL", Self::Del),
        ("SETEX", Self::SetEx),
        ("HMSET", Self::HMSet),
        ("HMGET", Self::HMGet),
        ("PEXPIRE", Self::PExpire),
        ("PEXPIREAT", Self::PExpireAt),
        ("TOUCH", Self::Touch),
        ("RENAME", Self::Rename),
        ("SADD", Self::SAdd),
        ("SREM", Self::SRem),
        ("APPEND", Self::Append),
        ("PING", Self::Ping),
        ("PUBLISH", Self::Publish),
        ("EVALSHA", Self::EvalSha),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("psetex", "SETEX"),
        ("expireat", "PEXPIREAT"),
        ("eval", "EVALSHA"),
        ("add", "SETNX"),
        ("unlink", "DEL"),
        ("delete", "DEL"),
        ("ping", "PING"),
    ];
}
