//! Findings as annotations of GitHub Actions: workflow commands that a runner picks out of the
//! output of a step.

use std::fmt::Write as _;

use super::findings::{Checked, Finding, RULE};

/// A runner keeps so many annotations of a kind for each step and drops the others silently.
const MOST: usize = 10;

/// A line for each problem. Beyond what a runner keeps, the last line says how many more there are.
pub(super) fn render(checked: &[Checked]) -> String {
    let findings: Vec<Finding<'_>> = checked.iter().flat_map(Checked::findings).collect();
    let shown = if findings.len() > MOST {
        MOST - 1
    } else {
        findings.len()
    };
    let mut text = String::new();
    for finding in &findings[..shown] {
        text.push_str(&annotation(finding));
    }
    if findings.len() > shown {
        let rest = findings.len() - shown;
        let _ = writeln!(
            text,
            "::error title={RULE}::{rest} more problems; `sessionsim check` without --format lists \
             them all"
        );
    }
    text
}

fn annotation(finding: &Finding<'_>) -> String {
    let mut text = format!("::error file={}", property(finding.file));
    if let Some(region) = finding.region {
        let ((line, column), (end_line, end_column)) = (region.start, region.end);
        let _ = write!(text, ",line={line},col={column},endLine={end_line}");
        // The end counts with them.
        if end_line == line && end_column > column {
            let _ = write!(text, ",endColumn={}", end_column - 1);
        }
    }
    let _ = writeln!(
        text,
        ",title={RULE}::{}",
        escaped(&finding.whole_text(), &[])
    );
    text
}

/// A value among the properties, where colons and commas have a meaning too.
fn property(value: &str) -> String {
    escaped(value, &[(':', "%3A"), (',', "%2C")])
}

/// As the runner's toolkit escapes (`@actions/core`, command.ts).
fn escaped(text: &str, more: &[(char, &str)]) -> String {
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
