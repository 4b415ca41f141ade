//! Checks as a summary in Markdown, for `$GITHUB_STEP_SUMMARY` and for comments.

use std::fmt::Write as _;

use crate::report::format::plural;

use super::{Check, Checks, Status};

/// A job summary of GitHub holds 1 MiB for each step ("Workflow commands": step isolation and
/// limits), or none of it is shown.
pub const MOST_BYTES: usize = 1 << 20;
/// One command takes so much of it at most, so that others of the same step have room.
const OF_ONE: usize = 512 << 10;
/// What the last line takes, at most.
const LAST_LINE: usize = 100;

/// The summary: what failed first, then what is open, then the rest, as far as it fits. `taken` is
/// the number of bytes that the file of the step has already.
pub fn render(checks: &Checks, taken: u64) -> String {
    let left = MOST_BYTES.saturating_sub(usize::try_from(taken).unwrap_or(usize::MAX));
    let most = left.min(OF_ONE).saturating_sub(LAST_LINE);
    let failed = checks.count(Status::Failed);
    let open = checks.count(Status::Open);
    let verdict = match (failed, open) {
        (0, 0) => "\u{2705} all hold".to_owned(),
        (0, open) => format!("\u{26a0}\u{fe0f} {} open", plural(open as u64, "is", "are")),
        (failed, _) => format!("\u{274c} {} not hold", plural(failed as u64, "does", "do")),
    };
    let mut text = format!(
        "## {}: {}, {verdict}\n\n",
        plain(&checks.scenario),
        plural(checks.list.len() as u64, "check", "checks")
    );
    if checks.list.is_empty() {
        text.push_str("The scenario expects nothing, and there is no baseline.\n");
        return text;
    }
    text.push_str("| | check | at | |\n| --- | --- | --- | --- |\n");
    let mut left_out = 0;
    let order = [
        Status::Failed,
        Status::Open,
        Status::Passed,
        Status::Skipped,
    ];
    for status in order {
        for check in checks.list.iter().filter(|check| check.status == status) {
            let row = row(check);
            if left_out > 0 || text.len() + row.len() > most {
                left_out += 1;
            } else {
                text.push_str(&row);
            }
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            text,
            "\n{} left out, since a summary holds no more.",
            plural(left_out, "check was", "checks were")
        );
    }
    text
}

fn row(check: &Check) -> String {
    let sign = match check.status {
        Status::Passed => "\u{2705}",
        Status::Failed => "\u{274c}",
        Status::Open => "\u{26a0}\u{fe0f}",
        Status::Skipped => "\u{23ed}\u{fe0f}",
    };
    format!(
        "| {sign} | `{}` | {} | {} |\n",
        check.what.replace(['|', '`'], " "),
        plain(&check.at),
        plain(&check.why)
    )
}

/// Text that neither ends a cell nor begins markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
