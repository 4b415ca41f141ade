//! From the text of a scenario, of those it extends, and of `--set` to a [`Scenario`].

use super::Scenario;
use super::expect::Judge;
use super::presets::libraries;
use super::reader::merge::{assign, assignment, overlay};
use super::reader::problem::{Problem, Problems};
use super::reader::tree::{self, Entry, Source, Tree};
use super::reader::{Reader, ValueOrigin};
use super::sweep;
use super::top::{self, TOP};
use super::traffic::{TraceContent, Unusable};
use super::users;

/// Most scenarios that may extend each other in a chain.
const MAX_CHAIN: usize = 16;
/// What a scenario that stands alone is told when it names another file.
const NO_FILES: &str = "there are no other files here";

/// A scenario, and where each of its values came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// The origin of every value, in the order in which the resolved scenario writes them.
    pub origins: Vec<ValueOrigin>,
}

/// What a scenario is read from. No file is opened here.
pub struct Input<'a> {
    /// What messages call it: its path.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Values that replace or add to those of the text: path, such as `users.0.think_time`, and
    /// value. A value that is no TOML is taken as a text, so `duration=3d` needs no quotes.
    pub sets: &'a [(&'a str, &'a str)],
    /// Gives the scenario that another one `extends`: called with the name of the one that says so
    /// and with what it says. The name of the answer identifies it; the error is shown to the
    /// user.
    pub base: &'a (dyn Fn(&str, &str) -> Result<Source, String> + Sync),
    /// Looks into the trace that a scenario names: called with the name of the source that says
    /// so, with what it says, and with whether bad lines are skipped.
    pub trace: &'a (dyn Fn(&str, &str, bool) -> Result<TraceContent, Unusable> + Sync),
    /// Judges the expectations; without it only their form is looked at.
    pub judge: Option<Judge>,
}

/// Reads a scenario that stands alone.
///
/// # Errors
/// Everything that is wrong with it: of errors of syntax the first, else all.
pub fn load(name: &str, text: &str) -> Result<Scenario, Problems> {
    load_with(name, text, &[]).map(|loaded| loaded.scenario)
}

/// Reads a scenario that stands alone, with values set from outside.
///
/// # Errors
/// As [`load`].
pub fn load_with(name: &str, text: &str, sets: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let base = |_: &str, _: &str| Err(NO_FILES.to_owned());
    load_input(&Input {
        name,
        text,
        sets,
        base: &base,
        trace: &no_trace,
        judge: None,
    })
}

/// For [`Input::trace`] where there are no other files.
///
/// # Errors
/// Always.
pub fn no_trace(_: &str, _: &str, _: bool) -> Result<TraceContent, Unusable> {
    Err(Unusable::Unreadable(NO_FILES.to_owned()))
}

/// Reads a scenario.
///
/// # Errors
/// As [`load`]; also everything that is wrong with what it extends and with values set from
/// outside.
pub fn load_input(input: &Input<'_>) -> Result<Loaded, Problems> {
    let mut sources = Vec::new();
    let source = Source {
        name: input.name.to_owned(),
        text: input.text.to_owned(),
    };
    let entries = gather(&mut sources, source, input.base);
    let entries = entries.and_then(|entries| set(&mut sources, entries, input.sets));
    let entries = entries.map(|entries| with_libraries(&mut sources, entries));
    let reader = Reader::new(sources);
    let scenario = match entries {
        Ok(entries) => {
            let (entries, table) = sweep::split(entries);
            if !table.is_empty() {
                sweep::check(&reader, &table, input.judge);
            }
            top::read(&reader, reader.root(&TOP, &entries), input)
        }
        Err(problem) => {
            reader.report(*problem);
            None
        }
    };
    let mut origins = reader.finish()?;
    // A sweep is no part of the scenario of a run.
    origins.retain(|origin| !origin.path.starts_with("sweep."));
    let scenario = scenario.expect("a scenario without problems is complete");
    Ok(Loaded { scenario, origins })
}

/// `entries` with the profile of a library under each session that names one.
pub(super) fn with_libraries(sources: &mut Vec<Source>, mut entries: Vec<Entry>) -> Vec<Entry> {
    let users = entries.iter_mut().find(|entry| entry.key == "users");
    let Some(Tree::List(classes)) = users.map(|users| &mut users.node.tree) else {
        return entries;
    };
    for class in classes {
        let Tree::Table(class) = &mut class.tree else {
            continue;
        };
        let session = class.iter_mut().find(|entry| entry.key == "session");
        let Some(Tree::Table(session)) = session.map(|entry| &mut entry.node.tree) else {
            continue;
        };
        let named = word(session, "library").and_then(libraries::find);
        // Of a name that is none the reader tells.
        let Some(library) = named else { continue };
        let number = sources.len() as u32;
        let mut below = library.session(number);
        sources.push(Source {
            name: format!("library {}", library.name),
            text: library.text.to_owned(),
        });
        below.retain(|entry| !loses_its_meaning(&entry.key, session));
        overlay(&users::SESSION, &mut below, std::mem::take(session));
        *session = below;
    }
    entries
}

/// The text of a key.
fn word<'a>(entries: &'a [Entry], key: &str) -> Option<&'a str> {
    match &entries.iter().find(|entry| entry.key == key)?.node.tree {
        Tree::Text(word) => Some(word),
        _ => None,
    }
}

/// Whether a library's value has no meaning beside what the scenario says.
fn loses_its_meaning(key: &str, session: &[Entry]) -> bool {
    let (decisive, value) = match key {
        "ttl" => ("ttl_kind", "none"),
        "cookie_max_age" => ("cookie", "session"),
        "fields" | "field_length" => ("encoding", "string"),
        _ => return false,
    };
    word(session, decisive) == Some(value)
}

/// The keys of `source` over those of what it extends.
pub(super) fn gather(
    sources: &mut Vec<Source>,
    source: Source,
    base: &(dyn Fn(&str, &str) -> Result<Source, String> + Sync),
) -> Result<Vec<Entry>, Box<Problem>> {
    let number = sources.len() as u32;
    let name = source.name.clone();
    let entries = tree::parse(number, &source.text);
    sources.push(source);
    let entries = entries?;
    let Some(extends) = entries.iter().find(|entry| entry.key == "extends") else {
        return Ok(entries);
    };
    let Tree::Text(wanted) = &extends.node.tree else {
        // Which is reported with all else that is wrong.
        return Ok(entries);
    };
    let problem = |message: String| Box::new(Problem::new(extends.node.place, message));
    let below = base(&name, wanted).map_err(|why| {
        let mut problem = problem("what this scenario extends cannot be read".to_owned());
        problem.label = why;
        problem
    })?;
    if sources.iter().any(|source| source.name == below.name) {
        let mut problem = problem("scenarios extend each other in a circle".to_owned());
        problem.label = format!("{} is extended already", below.name);
        return Err(problem);
    }
    if sources.len() == MAX_CHAIN {
        return Err(problem(format!(
            "more than {MAX_CHAIN} scenarios extend each other"
        )));
    }
    let mut merged = gather(sources, below, base)?;
    merged.retain(|entry| entry.key != "name");
    overlay(&TOP, &mut merged, entries);
    Ok(merged)
}

/// `entries` with the values of `sets`, each a source of its own.
pub(super) fn set(
    sources: &mut Vec<Source>,
    mut entries: Vec<Entry>,
    sets: &[(&str, &str)],
) -> Result<Vec<Entry>, Box<Problem>> {
    for (path, value) in sets {
        let number = sources.len() as u32;
        sources.push(Source {
            name: "--set".to_owned(),
            text: assignment(path, value),
        });
        assign(&TOP, &mut entries, number, path, value)?;
    }
    Ok(entries)
}
