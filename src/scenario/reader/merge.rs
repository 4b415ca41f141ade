//! One text over another: what `extends` and `--set` do.
//!
//! Sections are merged key by key; a value is replaced as a whole, a distribution too. Of a
//! repeated section, a member whose `name` a member of the base has is merged into that one, and
//! every other is added behind them.

use super::choice::{did_you_mean, one_of};
use super::key::Section;
use super::problem::Problem;
use super::tree::{self, Entry, Node, Place, Tree};

/// Lays `over` over `base`.
pub(in crate::scenario) fn overlay(section: &Section, base: &mut Vec<Entry>, over: Vec<Entry>) {
    for entry in over {
        let within = section
            .sections
            .iter()
            .find(|within| within.name() == entry.key);
        let Some(known) = base.iter_mut().find(|known| known.key == entry.key) else {
            base.push(entry);
            continue;
        };
        match (within, &mut known.node.tree, entry.node.tree) {
            (Some(within), Tree::Table(known), Tree::Table(over)) => overlay(within, known, over),
            (Some(within), Tree::List(known), Tree::List(over)) => {
                overlay_members(within, known, over);
            }
            (_, _, tree) => {
                known.place = entry.place;
                known.node = Node {
                    tree,
                    place: entry.node.place,
                };
            }
        }
    }
}

fn overlay_members(section: &Section, base: &mut Vec<Node>, over: Vec<Node>) {
    for member in over {
        let name = name_of(&member).map(str::to_owned);
        let known = base
            .iter_mut()
            .find(|known| name.is_some() && name_of(known) == name.as_deref());
        match (known.map(|known| &mut known.tree), member) {
            (
                Some(Tree::Table(known)),
                Node {
                    tree: Tree::Table(over),
                    ..
                },
            ) => {
                overlay(section, known, over);
            }
            (_, member) => base.push(member),
        }
    }
}

/// The `name` of a member of a repeated section.
fn name_of(node: &Node) -> Option<&str> {
    let Tree::Table(entries) = &node.tree else {
        return None;
    };
    match &entries.iter().find(|entry| entry.key == "name")?.node.tree {
        Tree::Text(name) => Some(name),
        _ => None,
    }
}

/// The text of an assignment, as messages show it.
pub(in crate::scenario) fn assignment(path: &str, value: &str) -> String {
    format!("{path}={value}")
}

/// Sets the key at `path` to `value`, which is number `source` of the sources.
///
/// A member of a repeated section is named by its place, from 0, or its `name`; of a single member
/// that may be left out. A value that is no TOML is a text, so that a shell needs no quotes.
pub(in crate::scenario) fn assign(
    section: &Section,
    entries: &mut Vec<Entry>,
    source: u32,
    path: &str,
    value: &str,
) -> Result<(), Box<Problem>> {
    let place = Place {
        source,
        start: 0,
        end: path.len() as u32,
    };
    if path.is_empty() {
        let problem = Problem::new(Some(place), "nothing says what is to be set");
        return Err(Box::new(problem.hint("write for example store.shards=3")));
    }
    let mut node = match tree::parse_value(source, value) {
        Ok(node) => node,
        Err(mut problem) => {
            let bare = !value.trim_start().starts_with(['[', '{', '"', '\'']);
            if !bare {
                if let Some(place) = &mut problem.place {
                    place.start += path.len() as u32 + 1;
                    place.end += path.len() as u32 + 1;
                }
                return Err(problem);
            }
            let end = value.len() as u32;
            Node {
                tree: Tree::Text(value.to_owned()),
                place: Some(Place {
                    source,
                    start: 0,
                    end,
                }),
            }
        }
    };
    shift(&mut node, path.len() as u32 + 1);
    assign_node(section, entries, Some(place), path, node).map(|_| ())
}

/// Sets the key at `path`, which stands at `place`, to a value that has been read already. Returns
/// the path by places: the same for all names of a key.
pub(in crate::scenario) fn assign_node(
    section: &Section,
    entries: &mut Vec<Entry>,
    place: Option<Place>,
    path: &str,
    node: Node,
) -> Result<String, Box<Problem>> {
    let segments: Vec<&str> = path.split('.').collect();
    let mut by_place = Vec::with_capacity(segments.len());
    assign_within(section, entries, place, &segments, node, &mut by_place)?;
    Ok(by_place.join("."))
}

fn assign_within(
    section: &Section,
    entries: &mut Vec<Entry>,
    place: Option<Place>,
    segments: &[&str],
    node: Node,
    by_place: &mut Vec<String>,
) -> Result<(), Box<Problem>> {
    let (name, rest) = match segments {
        [] => return Err(unknown(section, place, "")),
        [key] => {
            by_place.push((*key).to_owned());
            overlay(
                section,
                entries,
                vec![Entry {
                    key: (*key).to_owned(),
                    place,
                    node,
                }],
            );
            return Ok(());
        }
        [name, rest @ ..] => (*name, rest),
    };
    let within = *section
        .sections
        .iter()
        .find(|within| within.name() == name)
        .ok_or_else(|| unknown(section, place, name))?;
    if !entries.iter().any(|entry| entry.key == name) {
        let tree = if within.repeated {
            Tree::List(Vec::new())
        } else {
            Tree::Table(Vec::new())
        };
        let node = Node { tree, place };
        entries.push(Entry {
            key: name.to_owned(),
            place,
            node,
        });
    }
    by_place.push(name.to_owned());
    let entry = entries.iter_mut().find(|entry| entry.key == name);
    match entry.map(|entry| &mut entry.node.tree) {
        Some(Tree::Table(entries)) => assign_within(within, entries, place, rest, node, by_place),
        Some(Tree::List(members)) => {
            let (number, rest) = member(within, members, place, rest)?;
            by_place.push(number.to_string());
            match &mut members[number].tree {
                Tree::Table(entries) => assign_within(within, entries, place, rest, node, by_place),
                _ => Ok(()),
            }
        }
        // It is no section, which is reported when it is read.
        _ => Ok(()),
    }
}

/// The member that the first segment names, and the segments behind it.
fn member<'b>(
    section: &Section,
    members: &[Node],
    place: Option<Place>,
    segments: &'b [&'b str],
) -> Result<(usize, &'b [&'b str]), Box<Problem>> {
    let wanted = segments[0];
    let found = match wanted.parse::<usize>() {
        Ok(number) => (number < members.len()).then_some(number),
        Err(_) => members
            .iter()
            .position(|member| name_of(member) == Some(wanted)),
    };
    if let Some(found) = found {
        return Ok((found, &segments[1..]));
    }
    let is_key = section.keys.iter().any(|key| key.name == wanted);
    let is_section = section
        .sections
        .iter()
        .any(|within| within.name() == wanted);
    if members.len() == 1 && (is_key || is_section) {
        return Ok((0, segments));
    }
    let names: Vec<String> = (0..members.len())
        .map(|number| name_of(&members[number]).map_or_else(|| number.to_string(), str::to_owned))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let problem = Problem::new(place, format!("no member is named `{wanted}`"))
        .label(did_you_mean(wanted, &names));
    Err(Box::new(if names.is_empty() {
        problem.hint("there are none")
    } else {
        problem.hint(one_of(&names))
    }))
}

fn unknown(section: &Section, place: Option<Place>, name: &str) -> Box<Problem> {
    let names: Vec<&str> = section
        .sections
        .iter()
        .map(|within| within.name())
        .collect();
    let label = if section.keys.iter().any(|key| key.name == name) {
        format!("`{name}` is a value: set it as a whole")
    } else {
        did_you_mean(name, &names)
    };
    let problem = Problem::new(place, format!("there is no section `{name}` here"));
    Box::new(
        problem
            .label(label)
            .hint("write a path such as store.shards or users.0.think_time"),
    )
}

fn shift(node: &mut Node, by: u32) {
    if let Some(place) = &mut node.place {
        place.start += by;
        place.end += by;
    }
    match &mut node.tree {
        Tree::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Tree::Table(entries) => {
            for entry in entries {
                if let Some(place) = &mut entry.place {
                    place.start += by;
                    place.end += by;
                }
                shift(&mut entry.node, by);
            }
        }
        _ => {}
    }
}
