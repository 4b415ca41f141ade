//! How a command ends.

use std::fmt::Display;
use std::process::ExitCode;

/// Exit codes. Wrong usage that clap finds ends with 2; a panic, which is a bug, ends with
/// Rust's own 101.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// All went well.
    Success = 0,
    /// A file could not be read or written.
    Io = 1,
    /// The command does not go with the files it names; other wrong usage is found by clap.
    Usage = 2,
    /// The scenario, trace or measured run is not valid.
    InvalidScenario = 3,
    /// An expectation of the scenario, or a bound on a measured figure, does not hold.
    NotMet = 10,
    /// Worse than the baseline.
    Regressed = 11,
    /// Whether it is worse than the baseline is open, and that was to be decided.
    Inconclusive = 12,
    /// Runs of a sweep failed, or points are missing.
    SweepIncomplete = 14,
    /// The run was interrupted; its result is incomplete.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    /// With which code it ends.
    pub(super) exit: Exit,
    message: Message,
}

#[derive(Debug)]
enum Message {
    /// One sentence, to be introduced as an error.
    Plain(String),
    /// Complete text, without and with colours.
    Rendered { plain: String, colored: String },
}

impl Failure {
    /// A failure with a message of one sentence or two.
    pub(super) fn new(exit: Exit, message: impl Display) -> Self {
        Self {
            exit,
            message: Message::Plain(message.to_string()),
        }
    }

    /// A failure whose text is laid out already.
    pub(super) fn rendered(exit: Exit, plain: String, colored: String) -> Self {
        Self {
            exit,
            message: Message::Rendered { plain, colored },
        }
    }

    /// What is wrong, without introduction or colours.
    pub(super) fn text(&self) -> &str {
        match &self.message {
            Message::Plain(text) => text,
            Message::Rendered { plain, .. } => plain,
        }
    }

    /// The text for stderr.
    pub(super) fn render(&self, color: bool) -> String {
        match &self.message {
            Message::Plain(text) if color => format!("\x1b[1;31merror\x1b[0m: {text}\n"),
            Message::Plain(text) => format!("error: {text}\n"),
            Message::Rendered { colored, .. } if color => colored.clone(),
            Message::Rendered { plain, .. } => plain.clone(),
        }
    }
}
