//! The `sessionsim` command.
fn main() {}
