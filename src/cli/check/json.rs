//! Findings for programs.

use serde::Serialize;

use super::findings::{Checked, Outcome};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    valid: bool,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
#[allow(
    clippy::struct_field_names,
    reason = "these are the names in the output"
)]
struct File<'a> {
    file: &'a str,
    valid: bool,
    scenario: Option<&'a str>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct Problem<'a> {
    severity: &'static str,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    path: &'a str,
    message: String,
    label: &'a str,
    hint: Option<&'a str>,
}

/// All files with all their problems.
pub(super) fn render(checked: &[Checked]) -> String {
    let files: Vec<File<'_>> = checked.iter().map(file).collect();
    let report = Report {
        schema_version: SCHEMA_VERSION,
        valid: files.iter().all(|file| file.valid),
        files,
    };
    let text = serde_json::to_string_pretty(&report).expect("texts and numbers only");
    text + "\n"
}

fn file(checked: &Checked) -> File<'_> {
    let problems = checked.findings().into_iter().map(|finding| {
        let start = finding.region.map(|region| region.start);
        let end = finding.region.map(|region| region.end);
        Problem {
            severity: "error",
            file: finding.file,
            line: start.map(|(line, _)| line),
            column: start.map(|(_, column)| column),
            end_line: end.map(|(line, _)| line),
            end_column: end.map(|(_, column)| column),
            path: finding.path,
            message: finding.message,
            label: finding.label,
            hint: finding.hint,
        }
    });
    File {
        file: &checked.file,
        valid: checked.is_valid(),
        scenario: match &checked.outcome {
            Outcome::Valid(name) => Some(name),
            _ => None,
        },
        problems: problems.collect(),
    }
}
