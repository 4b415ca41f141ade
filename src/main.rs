//! The `sessionsim` command.
fn main() {
    //sessionsim::cli::main()
}
