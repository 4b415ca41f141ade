//! What a library does with the store, compiled for the run: programs of commands with their
//! times to live.

use std::sync::Arc;

use crate::scenario::commands::{Act, CommandName, Program, Query, Step as Line, StepKey, When};
use crate::scenario::users::{SessionSpec, TtlKind};
use crate::units::Span;

/// Which program of a library runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProgramKind {
    /// Reads the session.
    Read,
    /// Changes it.
    Modify,
    /// Creates it: a login of somebody who had none.
    Login,
    /// Ends it.
    Logout,
    /// Stores it again after it was read back from the database.
    Restore,
    /// A login of somebody who had one.
    LoginAgain,
    /// A visitor's first request that stores something.
    FirstWrite,
    /// A request without a cookie.
    Cookieless,
    /// A request that does not touch the session.
    Untouched,
    /// What follows a read that found nothing.
    StaleRead,
    /// What follows a change that found nothing.
    StaleWrite,
}

impl ProgramKind {
    const NUMBER: usize = 11;

    /// Whether its first write brings the session into being.
    #[inline]
    pub const fn creates(self) -> bool {
        !matches!(
            self,
            Self::Read | Self::Modify | Self::Untouched | Self::Logout
        )
    }

    /// Whether it goes on under a new key and still works on the old one.
    pub const fn parts_from_old(self) -> bool {
        matches!(self, Self::LoginAgain | Self::StaleRead | Self::StaleWrite)
    }
}

/// What a command does to the key's TTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlChange {
    /// Leaves it as it is.
    Keep,
    /// Sets it anew, counted from the command's execution.
    Renew(Span),
    /// Removes it.
    Remove,
}

/// What a step works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The session's own key.
    Session,
    /// The key of the session before.
    Old,
    /// The key of a session that belongs to nobody yet.
    New,
    /// The lock.
    Lock,
    /// Another key of the session, by its place among them.
    Other(u8),
    /// No key at all.
    Server,
    /// The database.
    Database(Query),
}

/// One command of a compiled program.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, looked at at every request"
)]
pub struct Step {
    /// The command; of a query any.
    pub command: CommandName,
    /// What it does to the TTL.
    pub ttl: TtlChange,
    /// Whether it moves the key's end when it succeeds.
    pub renews: bool,
    /// Whether it stores a value under the session's key.
    pub stores: bool,
    /// Whether its program neither creates nor ends sessions.
    pub is_plain: bool,
    /// Whether it is more than a command on the session's key: it works on something else, or the
    /// order in which requests read and write is followed.
    pub is_special: bool,
    /// Whether it stores a session with nothing in it.
    pub empty: bool,
    /// What it works on.
    pub target: Target,
    /// The step to send after it, by whether a read of the program found nothing.
    next: [StepId; 2],
}

/// The place of a step in its class's [`Programs`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepId(u8);

/// Behind the last step of a program.
const END: StepId = StepId(u8::MAX);

impl Step {
    /// The step to send after it; `missing` says whether a read of the program found nothing.
    /// `None` at the end of the program.
    #[inline]
    pub const fn next(&self, missing: bool) -> Option<StepId> {
        let next = self.next[missing as usize];
        if next.0 == END.0 { None } else { Some(next) }
    }
}

/// The programs of one class's library, as one list of steps, which clones share.
#[derive(Clone, Debug)]
pub struct Programs {
    steps: Arc<[Step]>,
    first: [StepId; ProgramKind::NUMBER],
    stores: [bool; ProgramKind::NUMBER],
    /// The first steps of programs that requests begin with at once; of a class whose requests are
    /// prepared before they are sent there are none.
    at_once: [StepId; ProgramKind::NUMBER],
    /// Whether the library asks the database itself.
    queries: bool,
    /// Whether a step is special beyond working on an old key.
    special: bool,
}

impl Programs {
    /// Compiles the programs of `session`. With `follows` the order is kept in mind in which
    /// requests of a user read and write.
    #[must_use]
    pub fn new(session: &SessionSpec, follows: bool) -> Self {
        let mut programs = Self {
            steps: Arc::new([]),
            first: [END; ProgramKind::NUMBER],
            stores: [false; ProgramKind::NUMBER],
            at_once: [END; ProgramKind::NUMBER],
            queries: false,
            special: false,
        };
        let lists = &session.programs;
        let login: Program = lists.login.clone();
        let own = |line: &&Line| !line.is_on_old();
        let first_login: Program = login.iter().filter(own).cloned().collect();
        let none = Program::new();
        let read = giving_lock_back(&lists.read, lists.stale_read.as_ref());
        let modify = giving_lock_back(&lists.modify, lists.stale_write.as_ref());
        let restore = restoring(&lists.restore, [&read, &modify]);
        let mut steps = Vec::new();
        for (kind, program) in [
            (ProgramKind::Read, &read),
            (ProgramKind::Modify, &modify),
            (ProgramKind::Login, &first_login),
            (ProgramKind::Logout, &lists.logout),
            (ProgramKind::Restore, &restore),
            (ProgramKind::LoginAgain, &login),
            (ProgramKind::FirstWrite, &lists.first_write),
            (ProgramKind::Cookieless, &lists.cookieless),
            (ProgramKind::Untouched, &lists.untouched),
            (
                ProgramKind::StaleRead,
                lists.stale_read.as_ref().unwrap_or(&none),
            ),
            (
                ProgramKind::StaleWrite,
                lists.stale_write.as_ref().unwrap_or(&none),
            ),
        ] {
            programs.compile(session, follows, (kind, program), &mut steps);
        }
        programs.steps = steps.into();
        programs
    }

    fn compile(
        &mut self,
        session: &SessionSpec,
        follows: bool,
        (kind, program): (ProgramKind, &Program),
        steps: &mut Vec<Step>,
    ) {
        let base = steps.len();
        // At most eleven programs of 16 steps.
        let id = |place: usize| StepId((base + place) as u8);
        // The first step from `place` on that is sent when `missing` is so.
        let find = |place: usize, missing: bool| {
            let sent = |when: When| match when {
                When::Found => !missing,
                When::Missing => missing,
                When::Always => true,
            };
            let found = program.iter().skip(place).position(|step| sent(step.when));
            found.map_or(END, |ahead| id(place + ahead))
        };
        self.first[kind as usize] = find(0, false);
        for (place, line) in program.iter().enumerate() {
            let mut step = step(session, kind, line);
            step.is_special |= follows;
            step.next = [find(place + 1, false), find(place + 1, true)];
            self.stores[kind as usize] |= step.stores;
            self.queries |= matches!(step.target, Target::Database(_));
            self.special |= step.is_special && step.target != Target::Old;
            steps.push(step);
        }
    }

    /// The first step of a program that is to be sent; `None` if there is none.
    #[inline]
    pub fn first(&self, kind: ProgramKind) -> Option<StepId> {
        let first = self.first[kind as usize];
        if first == END { None } else { Some(first) }
    }

    /// From now on requests are sent at once.
    pub fn send_at_once(&mut self) {
        self.at_once = self.first;
    }

    /// The first step of a program whose request is sent at once; `None` if it has to be prepared,
    /// or if there is no such step.
    #[inline]
    pub fn first_at_once(&self, kind: ProgramKind) -> Option<StepId> {
        let first = self.at_once[kind as usize];
        if first == END { None } else { Some(first) }
    }

    /// A step.
    #[inline]
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0 as usize]
    }

    /// Whether a program stores the session.
    pub const fn stores(&self, kind: ProgramKind) -> bool {
        self.stores[kind as usize]
    }

    /// Whether steps need to know more of their request than which it is.
    pub const fn need_errands(&self) -> bool {
        self.special
    }

    /// Whether the library itself keeps the database's copy of a session.
    pub const fn asks_database(&self) -> bool {
        self.queries
    }
}

/// Whether a step gives the lock back.
fn gives_lock_back(line: &Line) -> bool {
    line.key == StepKey::Lock && line.command() != Some(CommandName::SetNx)
}

/// The program of a request, which gives the lock back even if it finds its session gone. Where
/// `stale`, which follows then, does so, it need not.
fn giving_lock_back(program: &Program, stale: Option<&Program>) -> Program {
    let mut program = program.clone();
    let gives = |line: &Line| gives_lock_back(line) && line.when != When::Found;
    if stale.into_iter().flatten().any(gives_lock_back) || program.iter().any(gives) {
        return program;
    }
    for line in program.iter_mut().filter(|line| gives_lock_back(line)) {
        line.when = When::Always;
    }
    program
}

/// The program that stores a session again. A request that still holds the lock then gives it
/// back, which its own program would have done.
fn restoring(restore: &Program, own: [&Program; 2]) -> Program {
    let holds = |program: &&Program| {
        let mut lines = program.iter().filter(|line| gives_lock_back(line));
        lines.clone().next().is_some() && lines.all(|line| line.when == When::Found)
    };
    let line = own.into_iter().find(holds);
    let line = line.and_then(|program| program.iter().rfind(|line| gives_lock_back(line)));
    let line = line.map(|line| Line {
        when: When::Always,
        ..line.clone()
    });
    restore.iter().cloned().chain(line).collect()
}

/// A step without those that follow it.
fn step(session: &SessionSpec, kind: ProgramKind, line: &Line) -> Step {
    // What a query is called as a command is never looked at.
    let command = line.command().unwrap_or(CommandName::Ping);
    let target = match (line.act, &line.key) {
        (Act::Query(query), _) => Target::Database(query),
        (Act::Command(command), _) if command.is_keyless() => Target::Server,
        (_, StepKey::Session) => Target::Session,
        (_, StepKey::Old) => Target::Old,
        (_, StepKey::New) => Target::New,
        (_, StepKey::Lock) => Target::Lock,
        // Nobody competes for a session that is being left: only the command's time counts.
        (_, StepKey::OldLock) => Target::Server,
        (_, StepKey::Named(name)) => {
            let place = session.keys.iter().position(|key| key.name == *name);
            Target::Other(place.expect("a loaded scenario names only keys it has") as u8)
        }
    };
    let own = target == Target::Session;
    let renames = command == CommandName::Rename;
    let ttl = match target {
        Target::Lock => session
            .lock
            .as_ref()
            .map_or(TtlChange::Keep, |lock| TtlChange::Renew(lock.ttl)),
        Target::Other(place) => match session.keys[place as usize].ttl {
            Some(ttl) => TtlChange::Renew(ttl),
            None => TtlChange::Remove,
        },
        _ => ttl_change(session, kind, command),
    };
    Step {
        command,
        ttl,
        renews: own && matches!(ttl, TtlChange::Renew(_)),
        stores: (own && command.stores_value()) || renames,
        is_plain: matches!(
            kind,
            ProgramKind::Read | ProgramKind::Modify | ProgramKind::Untouched
        ),
        is_special: !own || line.empty,
        empty: line.empty,
        target,
        next: [END; 2],
    }
}

/// What `command` does to the TTL in a program of that kind.
const fn ttl_change(session: &SessionSpec, kind: ProgramKind, command: CommandName) -> TtlChange {
    if !command.sets_ttl() {
        return TtlChange::Keep;
    }
    match session.ttl_kind {
        TtlKind::None => TtlChange::Remove,
        TtlKind::Sliding | TtlKind::FromWrite => TtlChange::Renew(session.ttl),
        TtlKind::Absolute if kind.creates() => TtlChange::Renew(session.ttl),
        TtlKind::Absolute => TtlChange::Keep,
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    fn commands(text: &str, missing: bool) -> Vec<&'static str> {
        let text = format!(
            "duration = \"1h\"\nplatform = \"self-managed\"\n[store]\nmaxmemory = \"1GiB\"\n\
             [[users]]\nname = \"u\"\nconcurrent = 1\n\
             [users.session]\nbytes = \"1KB\"\nttl = \"1m\"\nread = {text}\n"
        );
        let scenario = scenario::load("test.toml", &text)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let programs = Programs::new(&scenario.users[0].session, false);
        let mut next = programs.first(ProgramKind::Read);
        let mut sent = Vec::new();
        while let Some(id) = next {
            let step = programs.step(id);
            sent.push(step.command.as_str());
            next = step.next(missing);
        }
        sent
    }

    #[test]
    fn a_program_goes_on_as_its_reads_turn_out() {
        let text = r#"["GET", "EXPIRE", { command = "SET", when = "missing" },
            { command = "EXISTS", when = "always" }]"#;
        assert_eq!(commands(text, false), ["GET", "EXPIRE", "EXISTS"]);
        assert_eq!(commands(text, true), ["GET", "SET", "EXISTS"]);
    }

    #[test]
    fn the_lock_is_given_back_if_the_session_is_gone() {
        let lock = r#"{ command = "SETNX", key = "lock" }"#;
        let release = r#"{ command = "DEL", key = "lock" }"#;
        let read = format!("[{lock}, \"GET\", \"EXPIRE\", {release}]");
        let sent = |more: &str, missing| {
            commands(&format!("{read}\n{more}\n[users.session.lock]"), missing)
        };
        assert_eq!(sent("", false), ["SETNX", "GET", "EXPIRE", "DEL"]);
        // As if the read had been found missing before.
        assert_eq!(sent("", true), ["SETNX", "DEL"]);
        // Unless it goes on with a program that does so.
        let stale = format!("stale_read = [\"SET\", {release}]");
        assert_eq!(sent(&stale, true), ["SETNX"]);
        let other = "stale_read = [\"SET\"]";
        assert_eq!(sent(other, true), ["SETNX", "DEL"]);
    }
}
