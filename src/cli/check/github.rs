//! Findings as annotations of GitHub Actions: workflow commands that a runner picks out of the
//! output of a step.

use std::fmt::Write as _;

use crate::gate::annotations::{MOST, escaped, property};

use super::findings::{Checked, Finding, RULE};

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
