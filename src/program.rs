//! What a library does with the store, compiled for the run: programs of commands with their
//! times to live.

use crate::scenario::commands::{CommandName, Program, When};
use crate::scenario::users::{SessionSpec, TtlKind};
use crate::units::Span;

/// Which program of a library runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProgramKind {
    /// Creates the session.
    Login,
    /// Reads it.
    Read,
    /// Changes it.
    Modify,
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
    /// When it is sent.
    pub when: When,
    /// What it does to the TTL.
    pub ttl: TtlChange,
}

impl Step {
    /// Whether it moves the key's end when it succeeds.
    #[inline]
    pub const fn renews(&self) -> bool {
        matches!(self.ttl, TtlChange::Renew(_))
    }
}

/// The programs of one class's library.
#[derive(Debug)]
pub struct Programs {
    programs: [Box<[Step]>; 5],
}

impl Programs {
    /// Compiles the programs of `session`.
    #[must_use]
    pub fn new(session: &SessionSpec) -> Self {
        let of = |kind: ProgramKind, program: &Program| {
            program
                .iter()
                .map(|step| Step {
                    command: step.command,
                    when: step.when,
                    ttl: ttl_change(session, kind, step.command),
                })
                .collect()
        };
        Self {
            programs: [
                of(ProgramKind::Login, &session.login),
                of(ProgramKind::Read, &session.read),
                of(ProgramKind::Modify, &session.modify),
                of(ProgramKind::Logout, &session.logout),
                of(ProgramKind::Restore, &session.restore),
            ],
        }
    }

    /// The place of the first step of `kind` from place `from` on that is to be sent; `missing`
    /// says whether a read of the program found nothing.
    #[inline]
    pub fn next(&self, kind: ProgramKind, from: u8, missing: bool) -> Option<u8> {
        let steps = &self.programs[kind as usize];
        let mut place = from;
        while let Some(step) = steps.get(place as usize) {
            let sent = match step.when {
                When::Found => !missing,
                When::Missing => missing,
                When::Always => true,
            };
            if sent {
                return Some(place);
            }
            place += 1;
        }
        None
    }

    /// The step at `place` of the program of that kind, as [`Programs::next`] names it.
    #[inline]
    pub fn step(&self, kind: ProgramKind, place: u8) -> &Step {
        &self.programs[kind as usize][place as usize]
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
