//! From a text with `[sweep]` to a [`Sweep`], and from it to the scenario of each point.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::scenario::Scenario;
use crate::scenario::load::{Input, gather, set, with_libraries};
use crate::scenario::naming;
use crate::scenario::reader::Reader;
use crate::scenario::reader::merge::assign_node;
use crate::scenario::reader::problem::{Problem, Problems};
use crate::scenario::reader::tree::{Entry, Node, Place, Source, Tree};
use crate::scenario::top::{self, TOP};
use crate::scenario::traffic::{TraceContent, Unusable};

use super::condition::Condition;
use super::{AxisValue, SweepSpec, flat, read};

/// A sweep that is well-formed; its points are scenarios once [`Sweep::point`] says so.
pub struct Sweep<'a> {
    /// The table.
    pub spec: SweepSpec,
    /// Name of the scenario.
    pub name: String,
    input: &'a Input<'a>,
    sources: Vec<Source>,
    /// The scenario without `[sweep]`.
    entries: Vec<Entry>,
    /// `[sweep]` alone.
    table: Vec<Entry>,
    /// What is in each trace that was looked into: most points name the same one, which may be
    /// large.
    traces: Mutex<BTreeMap<TraceName, Result<TraceContent, Unusable>>>,
}

/// Which trace: as [`Input::trace`] is asked for it.
type TraceName = (String, String, bool);

/// The scenario of a point.
#[derive(Clone, Debug)]
pub struct LoadedPoint {
    /// The scenario.
    pub scenario: Scenario,
    /// The resolved scenario as text.
    pub toml: String,
}

/// Takes `[sweep]` out of a scenario.
pub(in crate::scenario) fn split(entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    entries.into_iter().partition(|entry| entry.key != "sweep")
}

/// Reads the sweep of a scenario.
///
/// # Errors
/// What is wrong with the text or with `[sweep]`; what is wrong with a point is found by
/// [`Sweep::point`].
pub fn load_sweep<'a>(input: &'a Input<'a>) -> Result<Sweep<'a>, Problems> {
    let mut sources = Vec::new();
    let source = Source {
        name: input.name.to_owned(),
        text: input.text.to_owned(),
    };
    let entries = gather(&mut sources, source, input.base);
    let entries = entries.and_then(|entries| set(&mut sources, entries, input.sets));
    let reader = Reader::new(sources.clone());
    let (entries, table) = match entries {
        Ok(mut entries) => {
            rebase(&sources, &mut entries, "traffic", "trace");
            rebase(&sources, &mut entries, "cost", "prices");
            split(entries)
        }
        Err(problem) => {
            reader.report(*problem);
            return Err(Problems::new(sources, reader.into_problems()));
        }
    };
    if table.is_empty() {
        let problem = Problem::new(None, "this scenario has no [sweep]")
            .hint("add for example\n\n[[sweep.axes]]\nkey = \"store.shards\"\nvalues = [1, 2, 3]");
        reader.report(problem);
        return Err(Problems::new(sources, reader.into_problems()));
    }
    let spec = read::read(&reader, &table, input.judge);
    reader.finish()?;
    let mut sweep = Sweep {
        spec: spec.expect("a sweep without problems is complete"),
        name: String::new(),
        input,
        sources,
        entries,
        table,
        traces: Mutex::default(),
    };
    sweep.refuse_conflicts()?;
    sweep.name = sweep.name_of();
    Ok(sweep)
}

impl Sweep<'_> {
    /// The scenario of a point, given the value of each axis.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn point(&self, values: &[&AxisValue]) -> Result<LoadedPoint, Problems> {
        let mut entries = self.entries.clone();
        let mut wrong = Vec::new();
        for (axis, value) in self.spec.axes.iter().zip(values) {
            let node = value.node.clone();
            if let Err(problem) = assign_node(&TOP, &mut entries, axis.place, &axis.key, node) {
                wrong.push(*problem);
            }
        }
        let mut sources = self.sources.clone();
        let entries = with_libraries(&mut sources, entries);
        let reader = Reader::new(sources);
        for problem in wrong {
            reader.report(problem);
        }
        let input = Input {
            trace: &|from, wanted, skip| self.trace(from, wanted, skip),
            ..*self.input
        };
        let scenario = top::read(&reader, reader.root(&TOP, &entries), &input);
        reader.finish()?;
        let scenario = scenario.expect("a scenario without problems is complete");
        let toml = scenario.to_toml();
        Ok(LoadedPoint { scenario, toml })
    }

    /// What is in a trace, looked into but once.
    fn trace(&self, from: &str, wanted: &str, skip: bool) -> Result<TraceContent, Unusable> {
        let name = (from.to_owned(), wanted.to_owned(), skip);
        // Whoever comes meanwhile waits, instead of reading the same file at the same time. A
        // thread that panics leaves nothing half-done here.
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        let found = traces
            .entry(name)
            .or_insert_with(|| (self.input.trace)(from, wanted, skip));
        found.clone()
    }

    /// The whole sweep as a text that stands alone: it loads again to an equal sweep. Files that it
    /// names are relative to the folder of its own file.
    pub fn to_toml(&self) -> String {
        let mut entries = self.entries.clone();
        entries.retain(|entry| entry.key != "extends" && entry.key != "name");
        let name = Entry {
            key: "name".to_owned(),
            place: None,
            node: Node {
                tree: Tree::Text(self.name.clone()),
                place: None,
            },
        };
        entries.insert(0, name);
        entries.extend(self.table.iter().cloned());
        flat::document(&entries)
    }

    /// The seed of the scenario; an axis may set another.
    pub fn seed(&self) -> u64 {
        let stated = self.entries.iter().find(|entry| entry.key == "seed");
        match stated.map(|entry| &entry.node.tree) {
            Some(Tree::Integer(_, Some(seed))) => u64::try_from(*seed).unwrap_or(1),
            _ => 1,
        }
    }

    /// A problem of an axis.
    pub fn problem_of_axis(&self, axis: usize, message: &str, label: &str) -> Problems {
        self.problem(self.spec.axes[axis].place, message, label, "")
    }

    /// A problem of a condition.
    pub fn problem_of_condition(
        &self,
        condition: &Condition,
        message: &str,
        label: &str,
    ) -> Problems {
        self.problem(condition.place, message, label, "")
    }

    /// A problem of the sweep as a whole.
    pub fn problem_of_all(&self, message: &str, hint: &str) -> Problems {
        self.problem(self.spec.place, message, "", hint)
    }

    /// Problems of several points as one: each but once, in the order of the text.
    pub fn together(&self, of_points: Vec<Problems>) -> Problems {
        Problems::joined(self.sources.clone(), of_points)
    }

    fn problem(&self, place: Option<Place>, message: &str, label: &str, hint: &str) -> Problems {
        let mut problem = Problem::new(place, message).label(label);
        "sweep".clone_into(&mut problem.path);
        problem.hint = (!hint.is_empty()).then(|| hint.to_owned());
        Problems::new(self.sources.clone(), vec![problem])
    }

    /// Two axes must not set the same key, nor one a part of what the other sets.
    fn refuse_conflicts(&self) -> Result<(), Problems> {
        let mut entries = self.entries.clone();
        let mut paths: Vec<String> = Vec::new();
        for axis in &self.spec.axes {
            let node = axis.values[0].node.clone();
            let path = assign_node(&TOP, &mut entries, axis.place, &axis.key, node)
                .map_err(|problem| Problems::new(self.sources.clone(), vec![*problem]))?;
            let below = |one: &str, other: &str| {
                one.strip_prefix(other)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let other = paths
                .iter()
                .position(|other| below(&path, other) || below(other, &path));
            if let Some(other) = other {
                let label = format!("`{}` sets it too", self.spec.axes[other].name);
                let message = "two axes set the same key";
                return Err(self.problem(axis.place, message, &label, "leave one of them out"));
            }
            paths.push(path);
        }
        Ok(())
    }

    fn name_of(&self) -> String {
        let stated = self.entries.iter().find(|entry| entry.key == "name");
        match stated.map(|entry| &entry.node.tree) {
            Some(Tree::Text(name)) => name.clone(),
            _ => naming::name_of_file(self.input.name),
        }
    }
}

/// Makes the file that a key names relative to the folder of the sweep, if a scenario of another
/// folder names it: a sweep as one text, and so its parts, would look in the wrong place otherwise.
fn rebase(sources: &[Source], entries: &mut [Entry], section: &str, key: &str) {
    let section = entries.iter_mut().find(|entry| entry.key == section);
    let Some(Tree::Table(below)) = section.map(|entry| &mut entry.node.tree) else {
        return;
    };
    let Some(named) = below.iter_mut().find(|entry| entry.key == key) else {
        return;
    };
    let from = named.node.place.map_or(0, |place| place.source as usize);
    let (Tree::Text(file), Some(source)) = (&mut named.node.tree, sources.get(from)) else {
        return;
    };
    let changed = rebased(file, &source.name, &sources[0].name);
    if changed != *file {
        *file = changed;
        // It is relative to what the place names as its source.
        named.node.place = None;
    }
}

/// The file that the scenario called `from` names, as one called `to` would name it.
fn rebased(file: &str, from: &str, to: &str) -> String {
    let folder = |name: &str| Path::new(name).parent().map(Path::to_path_buf);
    let (from, to) = (folder(from), folder(to));
    if from == to || file.starts_with('@') {
        return file.to_owned();
    }
    let whole = from.unwrap_or_default().join(file);
    let to = to.unwrap_or_default();
    whole
        .strip_prefix(&to)
        .unwrap_or(&whole)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::rebased;

    #[test]
    fn files_are_named_from_the_folder_of_the_sweep() {
        for (file, from, to, expected) in [
            ("day.csv", "shop.toml", "shop.toml", "day.csv"),
            ("day.csv", "a/base.toml", "a/sweep.toml", "day.csv"),
            (
                "day.csv",
                "a/../b/base.toml",
                "a/sweep.toml",
                "../b/day.csv",
            ),
            ("day.csv", "b/base.toml", "sweep.toml", "b/day.csv"),
            (
                "/data/day.csv",
                "a/b/base.toml",
                "a/sweep.toml",
                "/data/day.csv",
            ),
            ("@shipped", "a/b/base.toml", "a/sweep.toml", "@shipped"),
        ] {
            assert_eq!(rebased(file, from, to), expected);
        }
    }
}
