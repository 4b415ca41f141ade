//! What is wrong with a scenario, and how it is shown.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::choice::nearest;
use super::tree::{Place, Source};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, for example `users.0.think_time`; empty if it is about the whole file.
    pub path: String,
    /// Where; `None` if something is missing that has no place.
    pub place: Option<Place>,
    /// What is wrong, as one line.
    pub message: String,
    /// Stands at the marked place; may be empty.
    pub label: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The key that is missing, if that is the problem.
    pub(in crate::scenario) missing: Option<&'static str>,
    /// The key that an unknown one was meant to be.
    pub(in crate::scenario) meant: Option<&'static str>,
}

impl Problem {
    /// A problem at `place`.
    pub(in crate::scenario) fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            place,
            message: message.into(),
            label: String::new(),
            hint: None,
            missing: None,
            meant: None,
        }
    }

    /// With a few words at the marked place.
    pub(in crate::scenario) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// That says that there is no zone of that name.
    pub(in crate::scenario) fn no_such_zone(self, name: &str, known: &[String]) -> Self {
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
        let hint = if known.is_empty() {
            "name the zones first: zones = [\"a\", \"b\"] in [network]".to_owned()
        } else {
            format!("[network] names {}", names.join(", "))
        };
        Self {
            message: format!("there is no zone `{name}`"),
            label: near.unwrap_or_default(),
            hint: Some(hint),
            ..self
        }
    }

    /// That says that a key is missing.
    pub(in crate::scenario) fn missing(mut self, name: &'static str) -> Self {
        self.missing = Some(name);
        self
    }

    /// With a further sentence of advice.
    pub(super) fn hint_more(mut self, more: &str) -> Self {
        let hint = self.hint.take().unwrap_or_default();
        self.hint = Some(if hint.is_empty() {
            more.to_owned()
        } else {
            format!("{hint}\n{more}")
        });
        self
    }

    /// With advice.
    pub(in crate::scenario) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Everything that is wrong with a scenario, at least one problem, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The scenario's name as shown in messages: its path.
    pub file: String,
    /// The problems.
    pub list: Vec<Problem>,
    sources: Vec<Source>,
}

/// A range of a text, by line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The text.
    pub source: &'a Source,
    /// The first character.
    pub start: (usize, usize),
    /// Behind the last character.
    pub end: (usize, usize),
}

/// Most problems that are shown; of the others only their number.
const SHOWN: usize = 50;

impl Problems {
    pub(in crate::scenario) fn new(sources: Vec<Source>, mut list: Vec<Problem>) -> Self {
        let file = sources
            .first()
            .map(|source| source.name.clone())
            .unwrap_or_default();
        // Problems without a place come last; the sort is stable.
        list.sort_by_key(|problem| (problem.place.is_none(), problem.place));
        Self {
            file,
            list,
            sources,
        }
    }

    /// Problems of several scenarios with the same `sources` at first, each problem but once. What
    /// they read besides, such as libraries, comes behind.
    pub(in crate::scenario) fn joined(mut sources: Vec<Source>, parts: Vec<Self>) -> Self {
        let mut list: Vec<Problem> = Vec::new();
        for part in parts {
            for mut problem in part.list {
                if let Some(place) = &mut problem.place {
                    let source = &part.sources[place.source as usize];
                    let known = sources.iter().position(|known| known == source);
                    place.source = known.unwrap_or(sources.len()) as u32;
                    if known.is_none() {
                        sources.push(source.clone());
                    }
                }
                if !list.contains(&problem) {
                    list.push(problem);
                }
            }
        }
        Self::new(sources, list)
    }

    /// One problem of a file that could not be read as text at all.
    pub fn of_file(file: &str, message: impl Into<String>, hint: Option<String>) -> Self {
        let mut problem = Problem::new(None, message);
        problem.hint = hint;
        let source = Source {
            name: file.to_owned(),
            text: String::new(),
        };
        Self::new(vec![source], vec![problem])
    }

    /// Name of the source, line and column of a problem, both from 1; `None` if it has no place.
    pub fn position(&self, problem: &Problem) -> Option<(&str, usize, usize)> {
        let place = problem.place?;
        let source = &self.sources[place.source as usize];
        let (line, column) = source.position(place.start as usize);
        Some((&source.name, line, column))
    }

    /// Where a problem is; `None` if it has no place.
    pub fn location(&self, problem: &Problem) -> Option<Location<'_>> {
        let place = problem.place?;
        let source = &self.sources[place.source as usize];
        Some(Location {
            source,
            start: source.position(place.start as usize),
            end: source.position(place.end as usize),
        })
    }

    /// All problems with their excerpts, as a terminal shows them.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut text = String::new();
        for problem in self.list.iter().take(SHOWN) {
            text.push_str(&self.render_one(problem, &renderer));
            text.push_str("\n\n");
        }
        if self.list.len() > SHOWN {
            let rest = self.list.len() - SHOWN;
            text.push_str("... and ");
            text.push_str(&rest.to_string());
            text.push_str(" more\n\n");
        }
        let count = match self.list.len() {
            1 => "1 problem".to_owned(),
            n => format!("{n} problems"),
        };
        let summary = format!("{}: {count}, nothing was run", self.file);
        text.push_str(&renderer.render(&[Group::with_title(Level::ERROR.primary_title(summary))]));
        text.push('\n');
        text
    }

    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(problem.message.as_str());
        let group = match problem.place {
            None => title.element(Origin::path(self.file.as_str())),
            Some(place) => title.element(self.excerpt(place, &problem.label)),
        };
        let group = match &problem.hint {
            Some(hint) => group.element(Level::HELP.message(hint.as_str())),
            None => group,
        };
        renderer.render(&[group])
    }

    /// The first line of `place`, marked.
    fn excerpt<'a>(
        &'a self,
        place: Place,
        label: &'a str,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let source = &self.sources[place.source as usize];
        let start = source.boundary(place.start as usize);
        let line_start = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source.text[start..]
            .find('\n')
            .map_or(source.text.len(), |at| start + at);
        let end = source.boundary(place.end as usize).clamp(start, line_end);
        let mark = AnnotationKind::Primary.span(start - line_start..end - line_start);
        let mark = if label.is_empty() {
            mark
        } else {
            mark.label(label)
        };
        Snippet::source(&source.text[line_start..line_end])
            .line_start(source.position(start).0)
            .path(source.name.as_str())
            .annotation(mark)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
