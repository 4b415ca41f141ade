//! Annotations of GitHub Actions: workflow commands that a runner picks out of the output of a step
//! and shows beside the lines they name.

use std::fmt::Write as _;

use super::{Check, Checks, Kind, Status};

/// A runner keeps so many annotations of a kind for each step and drops the others silently
/// (GitHub, "Workflow commands": 10 warnings and 10 errors).
pub const MOST: usize = 10;

/// A line for each check that failed or is open. Beyond what a runner keeps, the last line says how
/// many more there are.
pub fn render(checks: &Checks) -> String {
    let mut text = String::new();
    for (status, level) in [(Status::Failed, "error"), (Status::Open, "warning")] {
        let of_status = checks.list.iter().filter(|check| check.status == status);
        let list: Vec<&Check> = of_status.collect();
        let shown = if list.len() > MOST {
            MOST - 1
        } else {
            list.len()
        };
        for check in &list[..shown] {
            text.push_str(&annotation(level, checks, check));
        }
        if list.len() > shown {
            let rest = list.len() - shown;
            let became = match status {
                Status::Failed => "failed",
                _ => "are inconclusive",
            };
            let _ = writeln!(
                text,
                "::{level} file={},title=sessionsim::{rest} more checks {became}; the job summary \
                 and the JUnit file have them all",
                property(&checks.file),
            );
        }
    }
    text
}

fn annotation(level: &str, checks: &Checks, check: &Check) -> String {
    let mut text = format!("::{level} file={}", property(&checks.file));
    if let Some(line) = check.line {
        let _ = write!(text, ",line={line}");
    }
    let title = match check.kind {
        Kind::Run => "run failed",
        Kind::Expectation => "expectation does not hold",
        Kind::Baseline if check.status == Status::Open => "perhaps worse than the baseline",
        Kind::Baseline => "worse than the baseline",
    };
    let at = if check.at.is_empty() {
        String::new()
    } else {
        format!(" at {}", check.at)
    };
    let message = format!("{}{at}: {}", check.what, check.why);
    let _ = writeln!(
        text,
        ",title={}::{}",
        property(title),
        escaped(&message, &[])
    );
    text
}

/// A value among the properties, where colons and commas have a meaning too.
pub fn property(value: &str) -> String {
    escaped(value, &[(':', "%3A"), (',', "%2C")])
}

/// As the runner's toolkit escapes (`@actions/core`, command.ts).
pub fn escaped(text: &str, more: &[(char, &str)]) -> String {
    let always = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match always.iter().chain(more).find(|(plain, _)| *plain == c) {
            Some((_, code)) => out.push_str(code),
            None => out.push(c),
        }
    }
    out
}
