//! What a library does with the store, compiled for the run: programs of commands with their
//! times to live.

use crate::scenario::commands::{Program, Step, When};
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

/// One compiled step.
#[derive(Clone, Copy, Debug)]
pub struct CompiledStep {
    /// The command and when it is sent.
    pub step: Step,
    /// What it does to the TTL.
    pub ttl: TtlChange,
}

/// The programs of one class's library.
#[derive(Debug)]
pub struct Programs {
    programs: [Box<[CompiledStep]>; 5],
}

impl Programs {
    /// Compiles the programs of `session`.
    #[must_use]
    pub fn new(session: &SessionSpec) -> Self {
        let of = |kind: ProgramKind, program: &Program| {
            program
                .iter()
                .map(|&step| CompiledStep {
                    step,
                    ttl: ttl_change(session, kind),
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

    /// The first step of `kind` from place `from` on that is to be sent, and its place;
    /// `missing` says whether a read of the program found nothing.
    #[inline]
    pub fn next(&self, kind: ProgramKind, from: u8, missing: bool) -> Option<(u8, &CompiledStep)> {
        let steps = &self.programs[kind as usize];
        let mut place = from;
        while let Some(step) = steps.get(place as usize) {
            let sent = match step.step.when {
                When::Found => !missing,
                When::Missing => missing,
                When::Always => true,
            };
            if sent {
                return Some((place, step));
            }
            place += 1;
        }
        None
    }
}

/// What a command that sets a TTL does to it in a program of that kind. Commands that set none
/// ignore it.
const fn ttl_change(session: &SessionSpec, kind: ProgramKind) -> TtlChange {
    let creates = matches!(kind, ProgramKind::Login | ProgramKind::Restore);
    match session.ttl_kind {
        TtlKind::None => TtlChange::Remove,
        TtlKind::Sliding | TtlKind::FromWrite => TtlChange::Renew(session.ttl),
        TtlKind::Absolute if creates => TtlChange::Renew(session.ttl),
        TtlKind::Absolute => TtlChange::Keep,
    }
}
