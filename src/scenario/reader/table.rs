//! A table of the scenario, read key by key.

use std::cell::RefCell;

use super::choice::{clipped, nearest};
use super::key::{Fallback, Key, KeyInfo, Kind, Section};
use super::problem::Problem;
use super::tree::{self, Entry, Node, Place, Tree};
use super::value::{Value, wrong_type};
use super::{Origin, Reader};
use crate::scenario::store::Platform;

/// What to do about something that is not modelled yet.
const NOT_YET: &str = "the README says what is modelled and what is not";
/// What to do meanwhile, where there is something.
const MEANWHILE: &[(&[&str], &str)] = &[(
    &["multi_az"],
    "name `zones` in [network] and `replicas` in [store]: where the nodes stand is modelled",
)];

/// A value is wrong, which has been reported.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Wrong;

/// A table that is being read. Each key of its section is asked for once; [`Table::finish`]
/// reports the keys that the section does not have.
pub(in crate::scenario) struct Table<'a> {
    pub(in crate::scenario) reader: &'a Reader,
    section: &'static Section,
    path: String,
    entries: &'a [Entry],
    /// Of the heading, or of the inline table; `None` if it is absent.
    place: Option<Place>,
    /// Whether what is wrong with it has been said already: nothing more is missing in it.
    pub(in crate::scenario) broken: bool,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        reader: &'a Reader,
        section: &'static Section,
        path: String,
        entries: &'a [Entry],
        place: Option<Place>,
    ) -> Self {
        Self {
            reader,
            section,
            path,
            entries,
            place,
            broken: false,
            asked: RefCell::default(),
        }
    }

    /// The value of `key`, or its default; `None` if something is wrong with it, which has been
    /// reported then. Only for keys with a default of their own, or none at all.
    pub(in crate::scenario) fn get<T: Value>(&self, key: &Key<T>) -> Option<T> {
        let info = key.info();
        if let Some(entry) = self.ask(&info) {
            return self.read(key, &entry.node);
        }
        let (text, origin) = match info.fallback {
            Fallback::BuiltIn(text, source) => (text, Origin::BuiltIn(source)),
            Fallback::Platform {
                elasticache,
                self_managed,
                source,
            } => {
                let platform = self.reader.platform.get();
                let text = match platform {
                    Platform::ElastiCache => elasticache,
                    Platform::SelfManaged => self_managed,
                };
                (text, Origin::Platform(platform, source))
            }
            Fallback::Required(example) => {
                self.missing(&info, example);
                return None;
            }
            Fallback::Derived(_) | Fallback::Absent(_) => {
                unreachable!("`{}` has no value of its own when it is absent", info.name)
            }
        };
        self.enter(&info);
        let mut node = tree::parse_value(0, text).expect("defaults are valid TOML");
        forget_places(&mut node);
        let value = T::read(&node, self.reader)?;
        self.reader
            .came_from(self.path_of(&info), value.write(), origin);
        Some(value)
    }

    /// The value of `key` if it is given; an error, already reported, if it is wrong.
    pub(in crate::scenario) fn get_optional<T: Value>(
        &self,
        key: &Key<T>,
    ) -> Result<Option<T>, Wrong> {
        let info = key.info();
        if let Some(entry) = self.ask(&info) {
            return self.read(key, &entry.node).map(Some).ok_or(Wrong);
        }
        if let Fallback::Absent(meaning) = info.fallback {
            let origin = Origin::Absent(meaning);
            self.reader
                .came_from(self.path_of(&info), String::new(), origin);
        }
        Ok(None)
    }

    /// The value of `key`, or the one that follows from others. `derive` gives `None` if the
    /// values it needs are wrong themselves.
    pub(in crate::scenario) fn get_or<T: Value>(
        &self,
        key: &Key<T>,
        derive: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let info = key.info();
        if let Some(entry) = self.ask(&info) {
            return self.read(key, &entry.node);
        }
        let value = derive()?;
        if let Fallback::Derived(rule) = info.fallback {
            let origin = Origin::Derived(rule.to_owned());
            self.reader
                .came_from(self.path_of(&info), value.write(), origin);
        }
        Some(value)
    }

    fn read<T: Value>(&self, key: &Key<T>, node: &Node) -> Option<T> {
        let info = key.info();
        self.enter(&info);
        let value = T::read(node, self.reader)?;
        if let Some((least, most)) = value.extremes()
            && !self.within_limits(&info, node, least, most)
        {
            return None;
        }
        if let Some(place) = node.place {
            let origin = self.reader.stated(place);
            self.reader
                .came_from(self.path_of(&info), value.write(), origin);
        }
        Some(value)
    }

    fn within_limits(&self, info: &KeyInfo, node: &Node, least: u64, most: u64) -> bool {
        let (low, high) = (info.least.unwrap_or(0), info.most.unwrap_or(u64::MAX));
        let amount = info.amount;
        let (message, label) = if least == 0 && low == 1 && !matches!(info.kind, Kind::Whole) {
            (
                format!("`{}` is zero", info.name),
                "it must be above 0".to_owned(),
            )
        } else if least < low {
            let message = format!("`{}` is too small", info.name);
            let lead = if least == most {
                ""
            } else {
                "it goes down to "
            };
            let found = if lead.is_empty() {
                String::new()
            } else {
                amount(least) + "; "
            };
            (message, format!("{lead}{found}at least {}", amount(low)))
        } else if most > high {
            let message = format!("`{}` is too large", info.name);
            let lead = if least == most { "" } else { "it goes up to " };
            let found = if lead.is_empty() {
                String::new()
            } else {
                amount(most) + "; "
            };
            (message, format!("{lead}{found}at most {}", amount(high)))
        } else {
            return true;
        };
        self.reader
            .report(Problem::new(node.place, message).label(label));
        false
    }

    /// Reports a problem at the value of `key`, or at the table if the key is absent.
    pub(in crate::scenario) fn problem<T: Value>(
        &self,
        key: &Key<T>,
        make: impl FnOnce(Problem) -> Problem,
    ) {
        let info = key.info();
        self.enter(&info);
        let place = self
            .entry(info.name)
            .map_or(self.place, |entry| entry.node.place);
        self.reader.report(make(Problem::new(place, "")));
    }

    /// Reports a problem of the table as a whole.
    pub(in crate::scenario) fn own_problem(&self, make: impl FnOnce(Problem) -> Problem) {
        if self.broken {
            return;
        }
        self.reader.path.replace(self.path.clone());
        self.reader.report(make(Problem::new(self.place, "")));
    }

    /// Whether `key` is given.
    pub(in crate::scenario) fn has<T: Value>(&self, key: &Key<T>) -> bool {
        self.entry(key.info().name).is_some()
    }

    /// Name of the source that gives `key`, if one does.
    pub(in crate::scenario) fn source_of<T: Value>(&self, key: &Key<T>) -> Option<String> {
        let place = self.entry(key.info().name)?.node.place?;
        let source = self.reader.sources.get(place.source as usize)?;
        Some(source.name.clone())
    }

    /// Says that `key` has no meaning here, if it is given.
    pub(in crate::scenario) fn refuse<T: Value>(&self, key: &Key<T>, why: &str, hint: &str) {
        self.refuse_key(&key.info(), why, hint);
    }

    fn refuse_key(&self, info: &KeyInfo, why: &str, hint: &str) {
        if let Some(entry) = self.ask(info) {
            self.enter(info);
            let message = format!("`{}` has no meaning here", info.name);
            let problem = Problem::new(entry.place, message).label(why).hint(hint);
            self.reader.report(problem);
        }
    }

    /// Place of the value of `key`, if it is given.
    pub(in crate::scenario) fn place_of<T: Value>(&self, key: &Key<T>) -> Option<Place> {
        self.entry(key.info().name)?.node.place
    }

    /// Says of all keys but those in `keep` that they have no meaning here, where they are given.
    pub(in crate::scenario) fn refuse_others(&self, keep: &[&str], why: &str, hint: &str) {
        for info in self.section.keys {
            if !keep.contains(&info.name) {
                self.refuse_key(info, why, hint);
            }
        }
    }

    /// Place of the table's heading, if the file has it.
    pub(in crate::scenario) fn place(&self) -> Option<Place> {
        self.place
    }

    /// As the file heads the table: `[store]`.
    pub(in crate::scenario) fn heading(&self) -> String {
        self.section.heading()
    }

    /// The section `name` within this one; empty if it is absent.
    pub(in crate::scenario) fn section(&self, section: &'static Section) -> Table<'a> {
        let name = section.name();
        self.asked.borrow_mut().push(name);
        let path = join(&self.path, name);
        let Some(entry) = self.entry(name) else {
            return Table::new(self.reader, section, path, &[], None);
        };
        self.within(section, path, &entry.node)
    }

    /// The section `name` within this one, which must be there.
    pub(in crate::scenario) fn required_section(
        &self,
        section: &'static Section,
        example: &str,
    ) -> Table<'a> {
        let mut table = self.section(section);
        if table.place.is_none() && !self.broken {
            let heading = section.heading();
            self.own_problem(|problem| Problem {
                message: format!("{heading} is missing"),
                label: format!("belongs to this {}", self.heading()),
                hint: Some(format!("add for example\n\n{heading}\n{example}")),
                ..problem
            });
        }
        table.broken |= table.place.is_none();
        table
    }

    /// All tables of the repeated section `name` within this one.
    pub(in crate::scenario) fn sections(&self, section: &'static Section) -> Vec<Table<'a>> {
        let name = section.name();
        self.asked.borrow_mut().push(name);
        let path = join(&self.path, name);
        match self.entry(name).map(|entry| &entry.node) {
            None => Vec::new(),
            Some(Node {
                tree: Tree::List(items),
                ..
            }) => items
                .iter()
                .enumerate()
                .map(|(n, item)| self.within(section, format!("{path}.{n}"), item))
                .collect(),
            Some(node) => {
                self.reader.path.replace(path.clone());
                let problem = match node.tree {
                    Tree::Table(_) => Problem::new(node.place, format!("`{name}` is a list"))
                        .label("this makes it a single table")
                        .hint(format!("write {} instead of [{path}]", section.heading())),
                    _ => wrong_type(node, name, "a list of tables")
                        .hint(format!("begin each with {}", section.heading())),
                };
                self.reader.report(problem);
                let mut table = Table::new(self.reader, section, path, &[], node.place);
                table.broken = true;
                vec![table]
            }
        }
    }

    /// The section `name` within this one, if it is there.
    pub(in crate::scenario) fn optional_section(
        &self,
        section: &'static Section,
    ) -> Option<Table<'a>> {
        let table = self.section(section);
        (table.place.is_some() || table.broken).then_some(table)
    }

    fn within(&self, section: &'static Section, path: String, node: &'a Node) -> Table<'a> {
        if let Tree::Table(entries) = &node.tree {
            return Table::new(self.reader, section, path, entries, node.place);
        }
        self.reader.path.replace(path.clone());
        let problem = wrong_type(node, section.name(), "a table");
        self.reader
            .report(problem.hint(format!("begin it with {}", section.heading())));
        let mut table = Table::new(self.reader, section, path, &[], node.place);
        table.broken = true;
        table
    }

    /// Reports the keys that the section does not have.
    pub(in crate::scenario) fn finish(self) {
        let asked = self.asked.borrow();
        debug_assert!(
            self.broken
                || self
                    .section
                    .keys
                    .iter()
                    .all(|key| asked.contains(&key.name)),
            "a key of {} is declared and not read",
            self.section.heading()
        );
        for entry in self.entries {
            if !asked.contains(&entry.key.as_str()) && !self.reader.is_full() {
                self.reader.path.replace(join(&self.path, &entry.key));
                self.reader.report(self.unknown(entry));
            }
        }
    }

    fn unknown(&self, entry: &Entry) -> Problem {
        let key = clipped(&entry.key);
        let here = if self.section.path.is_empty() {
            "at the top of a scenario".to_owned()
        } else {
            format!("in {}", self.heading())
        };
        if self.section.not_yet.contains(&key.as_str()) {
            let meanwhile = MEANWHILE
                .iter()
                .find(|(words, _)| words.contains(&key.as_str()));
            return Problem::new(entry.place, format!("`{key}` is not modelled yet"))
                .label("leave it out")
                .hint(meanwhile.map_or(NOT_YET, |(_, hint)| *hint));
        }
        let mut problem = Problem::new(entry.place, format!("there is no `{key}` {here}"));
        let keys = self.section.keys;
        if let Some(info) = keys
            .iter()
            .find(|info| info.also_called.contains(&key.as_str()))
        {
            problem.meant = Some(info.name);
            return problem
                .label(format!("did you mean `{}`?", info.name))
                .hint(format!("{}: {}", info.name, info.help));
        }
        let mut names: Vec<&'static str> = keys.iter().map(|info| info.name).collect();
        names.extend(self.section.sections.iter().map(|section| section.name()));
        if let Some(near) = nearest(&key, &names) {
            problem.meant = Some(near);
            problem.label = format!("did you mean `{near}`?");
        } else if let Some((name, label)) = home(&key) {
            problem.meant = Some(name);
            return problem.label(label);
        }
        problem.hint(format!("keys {here}: {}", names.join(", ")))
    }

    fn missing(&self, info: &KeyInfo, example: &str) {
        if self.broken {
            return;
        }
        self.enter(info);
        let problem = match (self.place, self.section.path) {
            (None, "") => Problem::new(None, format!("`{}` is missing", info.name))
                .hint(format!("write for example {} = {example}", info.name)),
            (None, _) => {
                let heading = self.heading();
                Problem::new(None, format!("`{}` is missing in {heading}", info.name)).hint(
                    format!("write for example {heading} {} = {example}", info.name),
                )
            }
            (place, _) => Problem::new(place, format!("`{}` is missing", info.name))
                .label(format!("in {}", self.heading()))
                .hint(format!("add for example {} = {example}", info.name)),
        };
        self.reader
            .report(problem.hint_more(info.help).missing(info.name));
    }

    /// The entry of a key, which counts as asked for.
    fn ask(&self, info: &KeyInfo) -> Option<&'a Entry> {
        debug_assert!(
            self.section.keys.iter().any(|key| key.name == info.name),
            "`{}` is read and not declared in {}",
            info.name,
            self.section.heading()
        );
        self.asked.borrow_mut().push(info.name);
        self.entry(info.name)
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    fn enter(&self, info: &KeyInfo) {
        self.reader.reading.set(Some(*info));
        self.reader.path.replace(self.path_of(info));
    }

    fn path_of(&self, info: &KeyInfo) -> String {
        join(&self.path, info.name)
    }
}

/// The key of that name, and where it belongs.
fn home(key: &str) -> Option<(&'static str, String)> {
    let mut name = None;
    let mut homes = Vec::new();
    for section in crate::scenario::SECTIONS {
        if let Some(info) = section.keys.iter().find(|info| info.name == key) {
            name = Some(info.name);
            homes.push(match section.path {
                "" => "to the top of the file, above all [sections]".to_owned(),
                _ => format!("to {}", section.heading()),
            });
        }
    }
    Some((name?, format!("it belongs {}", homes.join(" or "))))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A default has no place in any text.
fn forget_places(node: &mut Node) {
    node.place = None;
    match &mut node.tree {
        Tree::List(items) => items.iter_mut().for_each(forget_places),
        Tree::Table(entries) => {
            for entry in entries {
                entry.place = None;
                forget_places(&mut entry.node);
            }
        }
        _ => {}
    }
}
