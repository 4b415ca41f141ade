//! The `sessionsim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sessionsim::cli::main()
}
