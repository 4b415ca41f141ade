//! What a library does with the store, compiled for the run: programs of commands with their
//! times to live.

use crate::scenario::commands::{CommandName, Program, When};
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
    /// Creates it.
    Login,
    /// Ends it.
    Logout,
    /// Stores it again after it was read back from the database.
    Restore,
}

impl ProgramKind {
    /// Whether its first write brings the session into being.
    #[inline]
    pub const fn creates(self) -> bool {
        matches!(self, Self::Login | Self::Restore)
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

/// One command of a compiled program.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The command.
    pub command: CommandName,
    /// What it does to the TTL.
    pub ttl: TtlChange,
    /// Whether it moves the key's end when it succeeds.
    pub renews: bool,
    /// Whether it stores a value.
    pub stores: bool,
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

/// The programs of one class's library, as one list of steps.
#[derive(Debug)]
pub struct Programs {
    steps: Vec<Step>,
    first: [StepId; 5],
}

impl Programs {
    /// Compiles the programs of `session`.
    #[must_use]
    pub fn new(session: &SessionSpec) -> Self {
        let mut programs = Self {
            steps: Vec::new(),
            first: [END; 5],
        };
        for (kind, program) in [
            (ProgramKind::Login, &session.login),
            (ProgramKind::Read, &session.read),
            (ProgramKind::Modify, &session.modify),
            (ProgramKind::Logout, &session.logout),
            (ProgramKind::Restore, &session.restore),
        ] {
            programs.compile(session, kind, program);
        }
        programs
    }

    fn compile(&mut self, session: &SessionSpec, kind: ProgramKind, program: &Program) {
        let base = self.steps.len();
        // At most five programs of 16 steps.
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
        for (place, step) in program.iter().enumerate() {
            let ttl = ttl_change(session, kind, step.command);
            self.steps.push(Step {
                command: step.command,
                ttl,
                renews: matches!(ttl, TtlChange::Renew(_)),
                stores: step.command.stores_value(),
                next: [find(place + 1, false), find(place + 1, true)],
            });
        }
    }

    /// The first step of a program that is to be sent; `None` if there is none.
    #[inline]
    pub fn first(&self, kind: ProgramKind) -> Option<StepId> {
        let first = self.first[kind as usize];
        if first == END { None } else { Some(first) }
    }

    /// A step.
    #[inline]
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0 as usize]
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
        let programs = Programs::new(&scenario.users[0].session);
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
}
