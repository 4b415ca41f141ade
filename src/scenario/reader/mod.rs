//! From text to values: the generic part of reading a scenario, which knows no key by name.
//!
//! A section declares its keys once (`key::Key`): name, type, default, limits and help. A
//! `Table` reads values by these declarations, collects every problem it meets with its place
//! in the text, and remembers where each value came from. The same declarations give the list of
//! all keys for documents, and `writer` prints values back.

pub mod choice;
pub mod distribution;
pub mod key;
pub mod merge;
pub mod problem;
pub mod table;
pub mod tree;
pub mod value;
pub mod writer;

use std::cell::{Cell, RefCell};

use super::store::Platform;
use choice::Choice;
use key::{KeyInfo, Section};
use problem::{Problem, Problems};
use table::Table;
use tree::{Entry, Place, Source};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The scenario states it: the name of the source and the line.
    Stated {
        /// Name of the file, or the `--set` argument.
        source: String,
        /// Line, from 1.
        line: usize,
    },
    /// Default of the platform, and who says so.
    Platform(Platform, &'static str),
    /// Default of the simulator, and what it rests on.
    BuiltIn(&'static str),
    /// Follows from other values, by this rule.
    Derived(String),
    /// Nothing is set; what that means.
    Absent(&'static str),
}

/// The origin of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueOrigin {
    /// Path of the key, for example `users.0.think_time`.
    pub path: String,
    /// The value as the resolved scenario writes it.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Most problems that are kept.
const MAX_PROBLEMS: usize = 1000;

/// Collects problems and origins while a scenario is read.
pub(in crate::scenario) struct Reader {
    sources: Vec<Source>,
    platform: Cell<Platform>,
    /// Path of the key that is being read.
    path: RefCell<String>,
    /// What is known of it.
    reading: Cell<Option<KeyInfo>>,
    problems: RefCell<Vec<Problem>>,
    origins: RefCell<Vec<ValueOrigin>>,
}

impl Reader {
    /// A reader of `sources`, the scenario's own text first.
    pub(in crate::scenario) fn new(sources: Vec<Source>) -> Self {
        Self {
            sources,
            platform: Cell::new(Platform::ElastiCache),
            path: RefCell::default(),
            reading: Cell::new(None),
            problems: RefCell::default(),
            origins: RefCell::default(),
        }
    }

    /// The table of the whole scenario.
    pub(in crate::scenario) fn root<'a>(
        &'a self,
        section: &'static Section,
        entries: &'a [Entry],
    ) -> Table<'a> {
        Table::new(self, section, String::new(), entries, None)
    }

    /// Decides which platform's defaults hold from here on.
    pub(in crate::scenario) fn set_platform(&self, platform: Platform) {
        self.platform.set(platform);
    }

    /// Adds a problem. Of very many only the first are kept: nobody reads them all.
    pub(in crate::scenario) fn report(&self, mut problem: Problem) {
        if self.is_full() {
            return;
        }
        if problem.path.is_empty() {
            problem.path.clone_from(&self.path.borrow());
        }
        self.problems.borrow_mut().push(problem);
    }

    /// Whether more problems than anyone reads are known already.
    fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MAX_PROBLEMS
    }

    /// Whether nothing is wrong so far.
    pub(in crate::scenario) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// The last part of the path of the key that is being read.
    pub(in crate::scenario) fn key(&self) -> String {
        let path = self.path.borrow();
        path.rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// The largest value of the key that is being read, if it has one.
    fn most(&self) -> Option<String> {
        let info = self.reading.get()?;
        info.most.map(info.amount)
    }

    fn stated(&self, place: Place) -> Origin {
        let source = &self.sources[place.source as usize];
        Origin::Stated {
            source: source.name.clone(),
            line: source.position(place.start as usize).0,
        }
    }

    fn came_from(&self, path: String, value: String, origin: Origin) {
        let mut origins = self.origins.borrow_mut();
        origins.push(ValueOrigin {
            path,
            value,
            origin,
        });
    }

    /// All problems so far.
    pub(in crate::scenario) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// All problems in the order of the text, or the origins of all values, in the order in which
    /// they are written, if there are none.
    pub(in crate::scenario) fn finish(self) -> Result<Vec<ValueOrigin>, Problems> {
        let mut problems = self.problems.into_inner();
        // Whoever wrote a key in another place or with another name knows that it is needed.
        let meant: Vec<&str> = problems
            .iter()
            .filter_map(|problem| problem.meant)
            .collect();
        problems.retain(|problem| !problem.missing.is_some_and(|name| meant.contains(&name)));
        if problems.is_empty() {
            let mut origins = self.origins.into_inner();
            origins.sort_by_key(|origin| place_in_text(&origin.path));
            Ok(origins)
        } else {
            Err(Problems::new(self.sources, problems))
        }
    }
}

/// Where the key at `path` stands in a resolved scenario: the outermost section, the member
/// of it if it is repeated, the section within it, its member, and the key.
fn place_in_text(path: &str) -> (usize, usize, usize, usize, usize) {
    let (mut members, mut words) = (Vec::new(), Vec::new());
    for segment in path.split('.') {
        match segment.parse::<usize>() {
            Ok(number) => members.push(number),
            Err(_) => words.push(segment),
        }
    }
    let member = |depth: usize| members.get(depth).copied().unwrap_or_default();
    let key = words.pop().unwrap_or_default();
    let path = words.join(".");
    let sections = super::SECTIONS;
    let place = |path: &str| {
        let place = sections.iter().position(|section| section.path == path);
        place.unwrap_or(sections.len())
    };
    let outer = place(words.first().copied().unwrap_or_default());
    let section = place(&path);
    let key = sections
        .get(section)
        .and_then(|section| section.keys.iter().position(|info| info.name == key));
    (
        outer,
        member(0),
        section,
        member(1),
        key.unwrap_or_default(),
    )
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stated { source, line } if source == "--set" && *line == 1 => write!(f, "--set"),
            Self::Stated { source, line } => write!(f, "{source}:{line}"),
            Self::Platform(platform, source) => {
                write!(f, "default of {} ({source})", platform.word())
            }
            Self::BuiltIn(source) => write!(f, "default ({source})"),
            Self::Derived(rule) => write!(f, "derived: {rule}"),
            Self::Absent(meaning) => write!(f, "not given: {meaning}"),
        }
    }
}
