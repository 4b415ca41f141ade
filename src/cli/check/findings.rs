//! What `check` found, for all formats alike.

use crate::cli::exit::{Exit, Failure};
use crate::scenario::{Problem, Problems};

/// Identifies the one kind of finding there is, where a format wants a name for it.
pub(super) const RULE: &str = "invalid-scenario";
/// What it means.
pub(super) const RULE_TEXT: &str = "The scenario is not valid, so it cannot be run.";

/// A file and what became of it.
#[derive(Debug)]
pub(super) struct Checked {
    /// As the command line names it.
    pub(super) file: String,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    /// A scenario of that name.
    Valid(String),
    Invalid(Problems),
    Unreadable(Failure),
}

impl Checked {
    pub(super) fn is_valid(&self) -> bool {
        matches!(self.outcome, Outcome::Valid(_))
    }

    pub(super) fn exit(&self) -> Exit {
        match &self.outcome {
            Outcome::Valid(_) => Exit::Success,
            Outcome::Invalid(_) => Exit::InvalidScenario,
            Outcome::Unreadable(failure) => failure.exit,
        }
    }

    /// Its problems.
    pub(super) fn findings(&self) -> Vec<Finding<'_>> {
        match &self.outcome {
            Outcome::Valid(_) => Vec::new(),
            Outcome::Invalid(problems) => problems
                .list
                .iter()
                .map(|problem| finding(problems, problem))
                .collect(),
            Outcome::Unreadable(failure) => vec![Finding {
                file: &self.file,
                region: None,
                path: "",
                message: failure.text().to_owned(),
                label: "",
                hint: None,
            }],
        }
    }
}

/// A problem and where it is.
pub(super) struct Finding<'a> {
    pub(super) file: &'a str,
    /// `None` if it is about the file as a whole, or about `--set`.
    pub(super) region: Option<Region>,
    /// Path of the key; may be empty.
    pub(super) path: &'a str,
    pub(super) message: String,
    /// A few words on the marked place; may be empty.
    pub(super) label: &'a str,
    pub(super) hint: Option<&'a str>,
}

/// Lines and columns, all from 1; the end is behind the last character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) start: (usize, usize),
    pub(super) end: (usize, usize),
}

fn finding<'a>(problems: &'a Problems, problem: &'a Problem) -> Finding<'a> {
    let location = problems.location(problem);
    let mut finding = Finding {
        file: &problems.file,
        region: None,
        path: &problem.path,
        message: problem.message.clone(),
        label: &problem.label,
        hint: problem.hint.as_deref(),
    };
    match location {
        // No file has it: it is said in words.
        Some(location) if location.source.name == "--set" => {
            finding.message = format!("{} (in --set {})", problem.message, location.source.text);
        }
        Some(location) => {
            finding.file = &location.source.name;
            finding.region = Some(Region {
                start: location.start,
                end: location.end,
            });
        }
        None => {}
    }
    finding
}

impl Finding<'_> {
    /// Message, label and advice as one text.
    pub(super) fn whole_text(&self) -> String {
        let mut text = self.message.clone();
        if !self.label.is_empty() {
            text.push_str(": ");
            text.push_str(self.label);
        }
        if let Some(hint) = self.hint {
            text.push('\n');
            text.push_str(hint);
        }
        text
    }
}
