//! Programs of a plain library, and what makes sense in a program.

use crate::scenario::commands::{CommandName, Program, Step, StepKey, When};
use crate::scenario::users::{Encoding, TtlKind};

use super::spec::Rotation;

/// What a program is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) enum Purpose {
    Cookieless,
    FirstWrite,
    Login,
    Read,
    Modify,
    Untouched,
    Logout,
    StaleRead,
    StaleWrite,
    Restore,
}

impl Purpose {
    /// The program of a plain library.
    pub(in crate::scenario) fn program(
        self,
        encoding: Encoding,
        ttl_kind: TtlKind,
        rotation: Rotation,
    ) -> Program {
        use CommandName::{Del, Expire, Get, HGetAll, HSet, Rename, Set};
        let hash = matches!(encoding, Encoding::Hash { .. });
        let (get, set) = if hash { (HGetAll, HSet) } else { (Get, Set) };
        let renews = match self {
            // SET sets the TTL itself, HSET does not.
            Self::Login | Self::FirstWrite | Self::Restore => hash && ttl_kind != TtlKind::None,
            Self::Modify => hash && matches!(ttl_kind, TtlKind::Sliding | TtlKind::FromWrite),
            Self::Read => ttl_kind == TtlKind::Sliding,
            _ => false,
        };
        let commands = match self {
            Self::Login | Self::FirstWrite | Self::Restore => vec![set],
            Self::Read => vec![get],
            Self::Modify => vec![get, set],
            Self::Logout => vec![Del],
            Self::Cookieless | Self::Untouched | Self::StaleRead | Self::StaleWrite => vec![],
        };
        let mut program: Program = commands
            .into_iter()
            .chain(renews.then_some(Expire))
            .map(|command| Step::new(command, When::Found))
            .collect();
        if self == Self::Login {
            match rotation {
                Rotation::DeleteOld => program.push(Step::old(Del, When::Found)),
                Rotation::Rename => program.insert(0, Step::old(Rename, When::Found)),
                Rotation::Leak | Rotation::None => {}
            }
        }
        program
    }

    /// Whether it must have steps.
    pub(super) const fn must_do_something(self) -> bool {
        matches!(
            self,
            Self::FirstWrite
                | Self::Login
                | Self::Read
                | Self::Modify
                | Self::Logout
                | Self::Restore
        )
    }

    const fn creates(self) -> bool {
        matches!(self, Self::Login | Self::FirstWrite | Self::Restore)
    }
}

/// `login` as somebody meets it who had no session before.
pub(super) fn without_old(login: &Program) -> Program {
    let own = |step: &&Step| !step.is_on_old();
    login.iter().filter(own).cloned().collect()
}

/// What makes no sense in a program: what is wrong, and what to do about it.
pub(super) fn wrong_with(
    program: &Program,
    purpose: Purpose,
    encoding: Encoding,
    ttl_kind: TtlKind,
    names: &Names<'_>,
) -> Option<(String, String)> {
    wrong_keys(program, purpose, names)
        .or_else(|| wrong_lock(program))
        .or_else(|| wrong_commands(program, purpose, encoding))
        .or_else(|| wrong_conditions(program))
        .or_else(|| wrong_ttl(program, purpose, ttl_kind))
}

/// Keys that steps may name.
pub(super) struct Names<'a> {
    /// Those of `[[users.session.keys]]`, and whether each is a set.
    pub(super) keys: &'a [(String, bool)],
    /// Whether there is a lock.
    pub(super) lock: bool,
}

fn wrong_keys(program: &Program, purpose: Purpose, names: &Names<'_>) -> Option<(String, String)> {
    use CommandName::{Append, Del, EvalSha, Rename, SAdd, SRem, SetNx};
    program.iter().find_map(|step| {
        let command = step.command()?;
        let word = command.as_str();
        let wrong = match &step.key {
            StepKey::Old
                if matches!(
                    purpose,
                    Purpose::Login | Purpose::StaleRead | Purpose::StaleWrite
                ) =>
            {
                return None;
            }
            StepKey::Old => (
                format!("{word} works on the old session's key, and here is none"),
                "only a login, `stale_read` and `stale_write` have one",
            ),
            StepKey::New if purpose == Purpose::Logout => return None,
            StepKey::New => (
                format!("{word} works on a new session's key, and here is none"),
                "only a logout has one; a login's own key is a new one",
            ),
            StepKey::Lock | StepKey::OldLock if !names.lock => (
                format!("{word} works on a lock, and there is none"),
                "add [users.session.lock]",
            ),
            StepKey::OldLock if purpose != Purpose::Login => (
                format!("{word} works on the old session's lock, and here is none"),
                "only a login has one",
            ),
            StepKey::Lock | StepKey::OldLock if matches!(command, SetNx | EvalSha | Del) => {
                return None;
            }
            StepKey::Lock | StepKey::OldLock => (
                format!("{word} does not work on a lock"),
                "SETNX takes it, EVALSHA or DEL gives it back",
            ),
            StepKey::Named(name) => match names.keys.iter().find(|(known, _)| known == name) {
                None => (
                    format!("{word} works on a key `{name}`, and there is none"),
                    "add it as one of [[users.session.keys]]",
                ),
                Some((_, set))
                    if *set != matches!(command, SAdd | SRem)
                        && !command.is_expire()
                        && command != Del =>
                {
                    (
                        format!("{word} does not work on the key `{name}`"),
                        "a set has SADD and SREM, and no other key has them",
                    )
                }
                Some(_) => return None,
            },
            StepKey::Session if matches!(command, SAdd | SRem | Append | EvalSha | Rename) => (
                format!("{word} does not work on the session's own key"),
                "name another one with `key`",
            ),
            StepKey::Session => return None,
        };
        Some((wrong.0, wrong.1.to_owned()))
    })
}

/// Whoever takes the lock gives it back, or every other request would wait for its TTL.
fn wrong_lock(program: &Program) -> Option<(String, String)> {
    let of_lock = |step: &&Step| step.key == StepKey::Lock;
    let last = program.iter().rfind(of_lock)?;
    (last.command() == Some(CommandName::SetNx)).then(|| {
        (
            "this program takes the lock and never gives it back".to_owned(),
            "add { command = \"EVALSHA\", key = \"lock\" } behind it".to_owned(),
        )
    })
}

/// Commands of the other encoding, and programs that do not do what they are for.
fn wrong_commands(
    program: &Program,
    purpose: Purpose,
    encoding: Encoding,
) -> Option<(String, String)> {
    use CommandName::{Del, Get, GetEx, Rename, SetXx};
    let hash = matches!(encoding, Encoding::Hash { .. });
    let strange = |command: CommandName| {
        if hash {
            command.is_set() || matches!(command, Get | GetEx)
        } else {
            command.is_hset() || matches!(command, CommandName::HGetAll | CommandName::HMGet)
        }
    };
    let commands: Vec<CommandName> = program.iter().filter_map(Step::on_session).collect();
    let has = |wanted: fn(CommandName) -> bool| commands.iter().any(|command| wanted(*command));
    if let Some(command) = commands.iter().find(|command| strange(**command)) {
        let (is, other) = if hash {
            ("hash", "string")
        } else {
            ("string", "hash")
        };
        return Some((
            format!("{} does not work on a {is}", command.as_str()),
            format!("use commands of a {is}, or write encoding = \"{other}\""),
        ));
    }
    let stores = |command: CommandName| command != SetXx && command.stores_value();
    let renames = |step: &Step| step.command() == Some(Rename);
    let wrong = match purpose {
        _ if program.is_empty() && purpose.must_do_something() => {
            ("is empty", "leave it out, or write at least one command")
        }
        Purpose::Login | Purpose::FirstWrite | Purpose::Restore
            if !has(stores) && !program.iter().any(renames) =>
        {
            (
                "stores no session",
                if hash { "add HSET" } else { "add SET" },
            )
        }
        Purpose::Read if !has(CommandName::returns_value) => (
            "does not read the session",
            if hash { "add HGETALL" } else { "add GET" },
        ),
        Purpose::Modify if !has(CommandName::stores_value) => {
            ("changes nothing", if hash { "add HSET" } else { "add SET" })
        }
        Purpose::Logout => return None,
        _ if has(|command| command == Del) => ("deletes the session", "DEL belongs to `logout`"),
        _ => return None,
    };
    Some((format!("this program {}", wrong.0), wrong.1.to_owned()))
}

/// A condition on what a read found needs a read before it.
fn wrong_conditions(program: &Program) -> Option<(String, String)> {
    let reads = |step: &Step| step.command().is_some_and(CommandName::is_read);
    let first_read = program.iter().position(reads).unwrap_or(program.len());
    let idle = program.iter().position(|step| step.when == When::Missing)?;
    (idle <= first_read).then(|| {
        let what = program[idle]
            .command()
            .map_or("the query", CommandName::as_str);
        (
            format!("{what} is never sent: no command before it reads"),
            "put GET, HGETALL or EXISTS before it, or leave out when = \"missing\"".to_owned(),
        )
    })
}

/// A program must renew the TTL exactly when its kind says so.
fn wrong_ttl(program: &Program, purpose: Purpose, ttl_kind: TtlKind) -> Option<(String, String)> {
    use CommandName::{GetEx, SetNx};
    let commands: Vec<CommandName> = program.iter().filter_map(Step::on_session).collect();
    let touches = commands
        .iter()
        .find(|command| command.is_expire() || **command == GetEx);
    let renews = commands
        .iter()
        .any(|command| command.sets_ttl() && *command != SetNx);
    let bare_hash = commands.iter().any(|command| command.is_hset())
        && !commands.iter().any(|command| command.is_expire());
    let wrong = match (ttl_kind, purpose) {
        (TtlKind::None, _) if touches.is_some() => (
            format!(
                "{} needs a TTL, and `ttl_kind` is \"none\"",
                touches?.as_str()
            ),
            "leave it out, or give a `ttl`",
        ),
        (TtlKind::None, _) => return None,
        _ if purpose.creates() && bare_hash => (
            "HSET sets no TTL: the session would never expire".to_owned(),
            "add EXPIRE behind it",
        ),
        (TtlKind::Sliding, Purpose::Read | Purpose::Modify) if !renews => (
            "a sliding TTL is renewed by every request, and this program does not".to_owned(),
            "add EXPIRE, or write ttl_kind = \"from-write\"",
        ),
        (TtlKind::FromWrite, Purpose::Read) if renews => (
            "reading must not renew a TTL from the last write".to_owned(),
            "leave out what sets the TTL, or write ttl_kind = \"sliding\"",
        ),
        (TtlKind::FromWrite, Purpose::Modify) if !renews => (
            "a change must renew a TTL from the last write".to_owned(),
            "add EXPIRE, or write ttl_kind = \"absolute\"",
        ),
        (TtlKind::Absolute, Purpose::Read | Purpose::Modify) if touches.is_some() => (
            format!("{} renews a TTL that is absolute", touches?.as_str()),
            "leave it out, or write ttl_kind = \"sliding\"",
        ),
        _ => return None,
    };
    Some((wrong.0, wrong.1.to_owned()))
}
