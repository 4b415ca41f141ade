//! The command line: the only part that prints, reads files, the environment and the wall clock.
//!
//! One file per command. Results go to stdout, everything else to stderr; how a command ends is
//! an exit code of `exit.rs`.

mod check;
mod compare;
mod exit;
mod explain;
mod fidelity;
mod gates;
mod init;
mod input;
mod interrupt;
mod libraries;
mod merge;
mod metrics;
mod nodes;
mod output;
mod paperwork;
mod progress;
mod replay;
mod report;
mod run;
mod scenario;
mod scenarios;
mod shipped;
mod story;
mod sweep;
mod terminal;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use terminal::ColorChoice;

/// Simulates session stores and carts on ElastiCache, Redis and Valkey: hit rate, evictions,
/// sessions lost and why, latency and database load of a scenario.
#[derive(Debug, Parser)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
#[command(
    name = "sessionsim",
    version,
    arg_required_else_help = true,
    args_override_self = true
)]
#[command(after_help = "\
Begin with: sessionsim init --out shop.toml, or sessionsim run @ecommerce-carts

Exit codes: 0 all went well, 1 files could not be read or written, 2 wrong usage, 3 the scenario,
trace or measured run is not valid, 10 an expectation or a bound does not hold, 11 worse than the
baseline, 12 perhaps worse (with --strict), 14 a sweep is incomplete, 130 interrupted. 101 is a bug in sessionsim.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        value_enum
    )]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Story(story::StoryCommand),
    Sweep(sweep::SweepCommand),
    Merge(merge::Merge),
    Check(check::Check),
    Explain(explain::Explain),
    Init(init::Init),
    Nodes(nodes::Nodes),
    Libraries(libraries::Libraries),
    Metrics(metrics::Metrics),
    Scenarios(scenarios::Scenarios),
    Schema(paperwork::Schema),
    Completions(paperwork::Completions),
    Man(paperwork::Man),
    Report(report::Report),
    Compare(compare::Compare),
    Replay(replay::Replay),
    Fidelity(fidelity::Fidelity),
}

/// Does what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Run(run) => run.run(arguments.color),
        Command::Story(story) => story.run(),
        Command::Sweep(sweep) => sweep.run(arguments.color),
        Command::Merge(merge) => merge.run(),
        Command::Check(check) => check.run(arguments.color),
        Command::Explain(explain) => explain.run(arguments.color),
        Command::Init(init) => init.run(),
        Command::Nodes(nodes) => nodes.run(),
        Command::Libraries(libraries) => libraries.run(),
        Command::Metrics(metrics) => metrics.run(),
        Command::Scenarios(scenarios) => scenarios.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        Command::Report(report) => report.run(),
        Command::Compare(compare) => compare.run(),
        Command::Replay(replay) => replay.run(),
        Command::Fidelity(fidelity) => fidelity.run(),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal::to_stderr(&failure.render(arguments.color.for_stderr()));
            failure.exit.into()
        }
    }
}
