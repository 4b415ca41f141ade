//! Commands and the programs that libraries make of them.
//!
//! A program is a list of commands, each after the reply to the one before:
//! `["GET", "EXPIRE"]`. A command is sent unless a read before it found nothing;
//! `{ command = "SET", when = "missing" }` is sent only then, and `when = "always"` anyway.

use super::reader::Reader;
use super::reader::choice::{Choice, did_you_mean};
use super::reader::key::Kind;
use super::reader::problem::Problem;
use super::reader::tree::{Node, Tree};
use super::reader::value::{Value, wrong_type};

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
    pub const ALL: [Self; 14] = [
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
            Self::Incr => "INCR",
            Self::ZIncrBy => "ZINCRBY",
            Self::ZRevRange => "ZREVRANGE",
            Self::ZRevRank => "ZREVRANK",
        }
    }

    /// Whether the server counts a keyspace hit or miss for it (`lookupKeyRead`).
    pub const fn is_read(self) -> bool {
        matches!(
            self,
            Self::Get
                | Self::GetEx
                | Self::HGetAll
                | Self::Exists
                | Self::ZRevRange
                | Self::ZRevRank
        )
    }

    /// Whether its reply holds the value.
    pub const fn returns_value(self) -> bool {
        matches!(self, Self::Get | Self::GetEx | Self::HGetAll)
    }

    /// Whether its reply holds a part of the value, of as many bytes as the command says.
    pub const fn returns_part(self) -> bool {
        matches!(self, Self::ZRevRange)
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
        matches!(
            self,
            Self::Set | Self::SetNx | Self::SetXx | Self::HSet | Self::Incr | Self::ZIncrBy
        )
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

/// Most steps of a program.
pub const MAX_STEPS: usize = 16;

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
    ];
}

impl Choice for When {
    const WHAT: &'static str = "a condition";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("found", Self::Found),
        ("missing", Self::Missing),
        ("always", Self::Always),
    ];
}

const FORM: &str = "write a list such as [\"GET\", \"EXPIRE\"], or \
                    [\"GET\", { command = \"SET\", when = \"missing\" }]";

impl Value for Program {
    const KIND: Kind = Kind::Program;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let Tree::List(items) = &node.tree else {
            reader.report(wrong_type(node, &key, "a list of commands").hint(FORM));
            return None;
        };
        if items.is_empty() || items.len() > MAX_STEPS {
            let message = format!("`{key}` must have 1 to {MAX_STEPS} commands");
            let label = format!("it has {}", items.len());
            reader.report(Problem::new(node.place, message).label(label));
            return None;
        }
        let steps: Vec<Option<Step>> = items.iter().map(|item| read_step(item, reader)).collect();
        steps.into_iter().collect()
    }

    fn write(&self) -> String {
        let steps: Vec<String> = self
            .iter()
            .map(|step| match step.when {
                When::Found => format!("\"{}\"", step.command.word()),
                when => format!(
                    "{{ command = \"{}\", when = \"{}\" }}",
                    step.command.word(),
                    when.word()
                ),
            })
            .collect();
        format!("[{}]", steps.join(", "))
    }
}

fn read_step(node: &Node, reader: &Reader) -> Option<Step> {
    let entries = match &node.tree {
        Tree::Text(_) => {
            let command = CommandName::from_word(node, reader)?;
            return Some(Step {
                command,
                when: When::default(),
            });
        }
        Tree::Table(entries) => entries,
        _ => {
            reader.report(wrong_type(node, &reader.key(), "commands").hint(FORM));
            return None;
        }
    };
    let find = |name: &str| entries.iter().find(|entry| entry.key == name);
    let mut complete = true;
    for stranger in entries
        .iter()
        .filter(|e| !matches!(e.key.as_str(), "command" | "when"))
    {
        let message = format!("a command has no `{}`", stranger.key);
        let problem = Problem::new(stranger.place, message);
        let near = did_you_mean(&stranger.key, &["command", "when"]);
        reader.report(problem.label(near).hint(FORM));
        complete = false;
    }
    let when = match find("when") {
        Some(entry) => When::from_word(&entry.node, reader),
        None => Some(When::default()),
    };
    let Some(command) = find("command") else {
        if !complete {
            return None;
        }
        reader.report(Problem::new(node.place, "`command` is missing").hint(FORM));
        return None;
    };
    let command = CommandName::from_word(&command.node, reader);
    let (command, when) = (command?, when?);
    complete.then_some(Step { command, when })
}
