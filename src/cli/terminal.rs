//! Where output goes, and whether it may be coloured.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::ValueEnum;

use super::exit::{Exit, Failure};

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorChoice {
    pub(super) fn for_stdout(self) -> bool {
        self.wanted(io::stdout().is_terminal())
    }

    pub(super) fn for_stderr(self) -> bool {
        self.wanted(io::stderr().is_terminal())
    }

    fn wanted(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // no-color.org: set and not empty, whatever the value.
            Self::Auto => {
                is_terminal
                    && !is_dumb()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

/// Whether the terminal takes no control sequences.
pub(super) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Prints a result. A reader who has seen enough and closed the pipe is no error.
pub(super) fn to_stdout(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Io,
            format_args!("cannot write to stdout: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Prints a note or an error. If even that fails there is nobody left to tell.
pub(super) fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
