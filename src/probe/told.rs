//! What a story is made of: facts about one user, told only to a probe that asks for them.

use crate::scenario::commands::CommandName;
use crate::units::Time;

use super::{RequestKind, SessionSeen};

/// A user of a class, whichever visit they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// Class of the user, by its place in the scenario.
    pub class: u16,
    /// Number of the user within the class.
    pub user: u64,
}

/// A request of a user: which intent led to it, and after how many others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestId {
    /// Number of the intent.
    pub intent: u32,
    /// Requests that the intent led to before.
    pub attempt: u8,
}

/// A node, by its shard and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the shard.
    pub shard: u16,
    /// Place of the node within it: 0 is the primary at the start.
    pub node: u8,
}

/// What a command worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The session's own key.
    Session,
    /// Another key of the session or of its user, or none.
    Other,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A read found its key.
    Hit,
    /// It did not.
    Miss,
    /// A replica gave an older value than the primary had.
    Stale,
    /// A replica had nothing yet of what the primary had.
    NotThere,
    /// It was done.
    Done,
    /// Its condition did not hold, or there was no such key.
    NotDone,
    /// Refused with OOM, or by the database.
    Refused,
    /// No node answered.
    NoAnswer,
}

impl Came {
    /// As files name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::NotThere => "not-there",
            Self::Done => "done",
            Self::NotDone => "not-done",
            Self::Refused => "refused",
            Self::NoAnswer => "no-answer",
        }
    }
}

/// Why a key is gone, or is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFate {
    /// Evicted for want of memory.
    Evicted,
    /// Its time to live was over, and the server deleted it.
    Expired,
    /// Gone with all of its node.
    NodeLost,
    /// The replica that became the primary never had it.
    NeverWas,
    /// That replica had an older value.
    Older,
}

impl KeyFate {
    /// As files name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Expired => "expired",
            Self::NodeLost => "node-lost",
            Self::NeverWas => "never-was",
            Self::Older => "older",
        }
    }
}

/// A command with all that became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandTold {
    /// The command.
    pub name: CommandName,
    /// What it worked on.
    pub on: On,
    /// Where.
    pub place: Place,
    /// When the application sent it.
    pub sent: Time,
    /// When the node began with it.
    pub start: Time,
    /// When the reply was back.
    pub back: Time,
    /// The reply.
    pub came: Came,
    /// The offset of the stream behind it, if it was a write and the shard has replicas; or what
    /// the replica had applied when it read there.
    pub offset: Option<u64>,
}

/// A fact about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The user sets out to do something.
    Intends(&'static str),
    /// A request was sent.
    Sends(RequestKind),
    /// A command was executed, or nobody was there to execute it.
    Command(CommandTold),
    /// The database was asked; when its answer was there, or nothing if it refused.
    Query(Option<Time>),
    /// The user has the answer to a request.
    Answered {
        /// Kind of the request.
        kind: RequestKind,
        /// What it saw of the session.
        seen: SessionSeen,
        /// Whether one of its commands was refused, or not answered.
        failed: bool,
    },
    /// A session begins under a key with this identifier, in this shard.
    Named {
        /// The identifier: hexadecimal digits are written from the lowest four bits on.
        id: u64,
        /// The shard of its key.
        shard: u16,
    },
    /// The session's key is gone, or not what it was.
    Key {
        /// Why.
        fate: KeyFate,
        /// Its shard.
        shard: u16,
    },
    /// A write of the session's key, executed then, was taken back by a promotion.
    TakenBack {
        /// When it had been executed.
        written: Time,
        /// The offset behind it.
        offset: u64,
        /// Whether its client had the reply.
        acknowledged: bool,
    },
    /// A request did not see the session at a replica, and the application took it for gone.
    Overlooked,
}

/// A fact about a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardTold {
    /// Its primary failed.
    Fails {
        /// The node that was the primary.
        node: u8,
        /// The offset of its stream.
        offset: u64,
        /// The most that a replica has of it, or will have when all that is on its way is there;
        /// nothing if there is none.
        survives: Option<u64>,
    },
    /// Another node is the primary.
    Promoted {
        /// Which.
        node: u8,
        /// The offset at which its history begins.
        offset: u64,
    },
    /// A node without data is the primary.
    BeginsEmpty {
        /// Which.
        node: u8,
    },
}
