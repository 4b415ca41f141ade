//! Commands and the programs that libraries make of them.

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
    /// Store a string unless the key exists.
    SetNx,
    /// Store a string only if the key exists.
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
}

impl CommandName {
    /// All of them.
    pub const ALL: [Self; 10] = [
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
        }
    }

    /// Whether the server counts a keyspace hit or miss for it (`lookupKeyRead`).
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::GetEx | Self::HGetAll | Self::Exists)
    }

    /// Whether it can set the TTL of its key.
    pub const fn sets_ttl(self) -> bool {
        matches!(
            self,
            Self::Set | Self::SetNx | Self::SetXx | Self::GetEx | Self::Expire
        )
    }

    /// Whether it stores a value, and is refused with OOM when nothing can be evicted.
    pub const fn stores_value(self) -> bool {
        matches!(self, Self::Set | Self::SetNx | Self::SetXx | Self::HSet)
    }
}

/// When a step of a program is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Unless a read earlier in the program found nothing: a library that finds no session
    /// stops there.
    #[default]
    Found,
    /// Only if a read earlier in the program found nothing.
    Missing,
    /// Whatever came before.
    Always,
}

impl When {
    /// As a scenario writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Always => "always",
        }
    }
}

/// One command of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The command.
    pub command: CommandName,
    /// When it is sent.
    pub when: When,
}

/// The commands that a library issues for one kind of request, in order, each after the reply
/// to the one before. At most 16.
pub type Program = Vec<Step>;
