//! Commands and the programs that libraries make of them.
//!
//! A program is a list of steps, each after the reply to the one before: `["GET", "EXPIRE"]`. A
//! step is taken unless a read before it found nothing; `{ command = "SET", when = "missing" }` is
//! taken only then, and `when = "always"` anyway. A step works on the session's own key unless it
//! names another: `{ command = "DEL", key = "old" }`. `{ query = "UPDATE" }` asks the database.

mod name;

use super::reader::Reader;
use super::reader::choice::{Choice, did_you_mean};
use super::reader::key::Kind;
use super::reader::problem::Problem;
use super::reader::tree::{Entry, Node, Tree};
use super::reader::value::{Value, quoted, wrong_type};

pub use name::CommandName;

/// A query of the database, as a library makes it for the sessions it keeps there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// Reads the session's row.
    Select,
    /// Stores a new one.
    Insert,
    /// Changes it.
    Update,
    /// Deletes it.
    Delete,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends a command to the store.
    Command(CommandName),
    /// Asks the database.
    Query(Query),
}

/// Which key a step works on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepKey {
    /// The session's own: the identity key.
    #[default]
    Session,
    /// At a login: that of the session the user had before. After a request that found nothing:
    /// the one it looked for.
    Old,
    /// At a logout: that of a new, empty session.
    New,
    /// The session's lock.
    Lock,
    /// That of the session that the user had before.
    OldLock,
    /// One of `[[users.session.keys]]`, by its name.
    Named(String),
}

impl StepKey {
    /// Words that name no key of `[[users.session.keys]]`.
    pub const RESERVED: [&str; 5] = ["session", "old", "new", "lock", "old-lock"];

    fn new(word: &str) -> Self {
        match word {
            "session" => Self::Session,
            "old" => Self::Old,
            "new" => Self::New,
            "lock" => Self::Lock,
            "old-lock" => Self::OldLock,
            name => Self::Named(name.to_owned()),
        }
    }

    /// As a scenario writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Session => "session",
            Self::Old => "old",
            Self::New => "new",
            Self::Lock => "lock",
            Self::OldLock => "old-lock",
            Self::Named(name) => name,
        }
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

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub act: Act,
    /// When it is taken.
    pub when: When,
    /// The key it works on.
    pub key: StepKey,
    /// Whether it stores a session with nothing in it, of `empty_bytes`.
    pub empty: bool,
}

impl Step {
    /// A command on the session's own key.
    pub const fn new(command: CommandName, when: When) -> Self {
        Self {
            act: Act::Command(command),
            when,
            key: StepKey::Session,
            empty: false,
        }
    }

    /// A command on the key of the old session.
    pub const fn old(command: CommandName, when: When) -> Self {
        Self {
            act: Act::Command(command),
            when,
            key: StepKey::Old,
            empty: false,
        }
    }

    /// Its command, unless it is a query.
    pub const fn command(&self) -> Option<CommandName> {
        match self.act {
            Act::Command(command) => Some(command),
            Act::Query(_) => None,
        }
    }

    /// Whether it is taken only by those who had a session before.
    pub fn is_on_old(&self) -> bool {
        matches!(self.key, StepKey::Old | StepKey::OldLock)
    }

    /// Its command on the session's own key, if it has one.
    pub fn on_session(&self) -> Option<CommandName> {
        self.command()
            .filter(|command| self.key == StepKey::Session && !command.is_keyless())
    }
}

/// The commands and queries that a library issues for one kind of request, in order, each after
/// the reply to the one before. At most 16.
pub type Program = Vec<Step>;

/// Most steps of a program.
pub const MAX_STEPS: usize = 16;

impl Choice for Query {
    const WHAT: &'static str = "a query";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("SELECT", Self::Select),
        ("INSERT", Self::Insert),
        ("UPDATE", Self::Update),
        ("DELETE", Self::Delete),
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

/// The keys of a step.
const WORDS: [&str; 5] = ["command", "query", "key", "when", "value"];

impl Value for Program {
    const KIND: Kind = Kind::Program;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let Tree::List(items) = &node.tree else {
            reader.report(wrong_type(node, &key, "a list of commands").hint(FORM));
            return None;
        };
        if items.len() > MAX_STEPS {
            let message = format!("`{key}` must have at most {MAX_STEPS} commands");
            let label = format!("it has {}", items.len());
            reader.report(Problem::new(node.place, message).label(label));
            return None;
        }
        let steps: Vec<Option<Step>> = items.iter().map(|item| read_step(item, reader)).collect();
        steps.into_iter().collect()
    }

    fn write(&self) -> String {
        let steps: Vec<String> = self.iter().map(write_step).collect();
        format!("[{}]", steps.join(", "))
    }
}

fn write_step(step: &Step) -> String {
    if let Some(command) = step.command()
        && *step == Step::new(command, When::Found)
    {
        return format!("\"{}\"", command.word());
    }
    let mut parts = vec![match step.act {
        Act::Command(command) => format!("command = \"{}\"", command.word()),
        Act::Query(query) => format!("query = \"{}\"", query.word()),
    }];
    if step.key != StepKey::Session {
        parts.push(format!("key = {}", quoted(step.key.as_str())));
    }
    if step.empty {
        parts.push("value = \"empty\"".to_owned());
    }
    if step.when != When::Found {
        parts.push(format!("when = \"{}\"", step.when.word()));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn read_step(node: &Node, reader: &Reader) -> Option<Step> {
    let entries = match &node.tree {
        Tree::Text(_) => {
            let command = CommandName::from_word(node, reader)?;
            return Some(Step::new(command, When::default()));
        }
        Tree::Table(entries) => entries,
        _ => {
            reader.report(wrong_type(node, &reader.key(), "commands").hint(FORM));
            return None;
        }
    };
    let find = |name: &str| entries.iter().find(|entry| entry.key == name);
    let known = no_strangers(entries, reader);
    let when = match find("when") {
        Some(entry) => When::from_word(&entry.node, reader),
        None => Some(When::default()),
    };
    let key = match find("key") {
        Some(entry) => read_step_key(&entry.node, reader),
        None => Some(StepKey::Session),
    };
    let empty = match find("value") {
        Some(entry) => Content::from_word(&entry.node, reader).map(|it| it == Content::Empty),
        None => Some(false),
    };
    let act = match (find("command"), find("query")) {
        (Some(entry), None) => CommandName::from_word(&entry.node, reader).map(Act::Command),
        (None, Some(entry)) => Query::from_word(&entry.node, reader).map(Act::Query),
        (Some(_), Some(query)) => {
            let problem = Problem::new(query.place, "a step is a command or a query");
            reader.report(problem.label("`command` is given too").hint(FORM));
            None
        }
        (None, None) if !known => None,
        (None, None) => {
            reader.report(Problem::new(node.place, "`command` is missing").hint(FORM));
            None
        }
    };
    let step = Step {
        act: act?,
        when: when?,
        key: key?,
        empty: empty?,
    };
    known.then_some(step)
}

/// What a command that stores a session stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Session,
    Empty,
}

impl Choice for Content {
    const WHAT: &'static str = "a value";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("session", Self::Session), ("empty", Self::Empty)];
}

/// Reports what is no key of a step; true if there is nothing of the kind.
fn no_strangers(entries: &[Entry], reader: &Reader) -> bool {
    let mut known = true;
    for stranger in entries
        .iter()
        .filter(|entry| !WORDS.contains(&entry.key.as_str()))
    {
        let message = format!("a command has no `{}`", stranger.key);
        let problem = Problem::new(stranger.place, message);
        let near = did_you_mean(&stranger.key, &WORDS);
        reader.report(problem.label(near).hint(FORM));
        known = false;
    }
    known
}

fn read_step_key(node: &Node, reader: &Reader) -> Option<StepKey> {
    if let Tree::Text(word) = &node.tree {
        return Some(StepKey::new(word));
    }
    let hint = "write \"session\", \"old\", \"lock\" or the name of one of [[users.session.keys]]";
    reader.report(wrong_type(node, &reader.key(), "the name of a key").hint(hint));
    None
}
