//! What a node type says about memory, and what must agree with it.

use crate::scenario::own_types::{self, Own};
use crate::scenario::presets::node_types::{self, NodeType};
use crate::scenario::reader::choice::{clipped, nearest};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::value::Value;
use crate::units::{Bytes, Ratio};

use super::keys::{MAXMEMORY, NODE_TYPE, RESERVED_MEMORY};
use super::{Engine, Platform};

/// The node type, if there is one.
pub(super) fn read_node_type(
    table: &Table<'_>,
    platform: Platform,
    engine: Option<Engine>,
    own: &Own,
) -> Result<Option<NodeType>, Wrong> {
    if platform == Platform::SelfManaged {
        table.refuse(
            &NODE_TYPE,
            "node types are ElastiCache's",
            "write `maxmemory` instead, or platform = \"elasticache\"",
        );
        return Ok(None);
    }
    let Some(name) = table.get_optional(&NODE_TYPE)? else {
        return Ok(None);
    };
    if own.broken.contains(&name) {
        return Err(Wrong);
    }
    let Some(node_type) = own_types::find(&own.types, &name) else {
        table.problem(&NODE_TYPE, |problem| {
            unknown_node_type(problem, &name, &own.types)
        });
        return Err(Wrong);
    };
    let engine = engine.ok_or(Wrong)?;
    let valkey = engine.is_valkey();
    let runs = if valkey {
        node_type.valkey.runs
    } else {
        node_type.redis.runs
    };
    let (label, hint) = if node_type.data_tiering {
        (
            "it moves values to a local disk, which is not modelled",
            format!("without a disk: {}", name.replace("gd.", "g.")),
        )
    } else if valkey && !runs {
        (
            "it does not run Valkey",
            "write engine = \"redis-7.0\", or take a current type".to_owned(),
        )
    } else if !runs {
        (
            "it does not run Redis OSS",
            "write engine = \"valkey-8.1\"".to_owned(),
        )
    } else {
        return Ok(Some(node_type));
    };
    table.problem(&NODE_TYPE, |problem| Problem {
        message: format!("`{name}` cannot be used here"),
        label: label.to_owned(),
        hint: Some(hint),
        ..problem
    });
    Err(Wrong)
}

fn unknown_node_type(problem: Problem, name: &str, own: &[NodeType]) -> Problem {
    let types = [own, &node_types::all()].concat();
    let names: Vec<&str> = types
        .iter()
        .map(|node_type| node_type.name.as_str())
        .collect();
    let family = |name: &str| name.rsplit_once('.').map(|(family, _)| family.to_owned());
    // All begin with "cache.", which must not make them alike.
    let bare = |name| str::strip_prefix(name, "cache.").unwrap_or(name);
    let bare_names: Vec<&str> = names.iter().copied().map(bare).collect();
    let near = nearest(bare(name), &bare_names)
        .and_then(|near| names.iter().copied().find(|name| bare(name) == near));
    let siblings: Vec<&str> = names
        .iter()
        .copied()
        .filter(|other| near.is_some() && family(other) == near.and_then(family))
        .collect();
    Problem {
        message: format!("there is no node type `{}`", clipped(name)),
        label: near.map_or_else(String::new, |near| format!("did you mean `{near}`?")),
        hint: Some(if siblings.is_empty() {
            "write a type such as \"cache.m5.large\" or \"cache.r7g.xlarge\"".to_owned()
        } else {
            format!("the family has {}", siblings.join(", "))
        }),
        ..problem
    }
}

/// `maxmemory` and the share that is reserved.
pub(super) fn read_memory(
    table: &Table<'_>,
    platform: Platform,
    node_type: Result<Option<&NodeType>, Wrong>,
) -> Option<(Bytes, Ratio)> {
    let Ok(node_type) = node_type else {
        // Wrong already; the keys are read for their own sake.
        table.get_or(&MAXMEMORY, || None);
        table.get_or(&RESERVED_MEMORY, || None);
        return None;
    };
    let Some(node_type) = node_type else {
        return memory_without_type(table, platform);
    };
    let reserved_given = table.has(&RESERVED_MEMORY);
    let limit_given = table.has(&MAXMEMORY);
    let quarter = Ratio(250_000_000);
    if !limit_given {
        let reserved = table.get_or(&RESERVED_MEMORY, || Some(quarter));
        let limit = table.get_or(&MAXMEMORY, || Some(node_type.usable(reserved?)));
        return Some((limit?, reserved?));
    }
    let limit = table.get_or(&MAXMEMORY, || None);
    let reserved = table.get_or(&RESERVED_MEMORY, || Some(node_type.reserved_for(limit?)));
    let (limit, reserved) = (limit?, reserved?);
    if limit > node_type.maxmemory || limit.0 == 0 {
        table.problem(&MAXMEMORY, |problem| Problem {
            message: format!("`maxmemory` is not within a {}", node_type.name),
            label: format!("it has {}", Bytes::amount(node_type.maxmemory.0)),
            hint: Some("leave `maxmemory` out: it follows from the node type".to_owned()),
            ..problem
        });
        return None;
    }
    let agree = node_type.usable(reserved) == limit || node_type.reserved_for(limit) == reserved;
    if reserved_given && !agree {
        let usable = node_type.usable(reserved);
        table.problem(&MAXMEMORY, |problem| Problem {
            message: "`maxmemory` and `reserved_memory` contradict each other".to_owned(),
            label: format!(
                "{reserved} of a {} reserved leave {}",
                node_type.name,
                Bytes::amount(usable.0)
            ),
            hint: Some("give only one of the two".to_owned()),
            ..problem
        });
        return None;
    }
    Some((limit, reserved))
}

fn memory_without_type(table: &Table<'_>, platform: Platform) -> Option<(Bytes, Ratio)> {
    if platform == Platform::ElastiCache && !table.has(&MAXMEMORY) {
        table.own_problem(|problem| Problem {
            message: "nothing says how much memory a node has".to_owned(),
            hint: Some(match problem.place {
                Some(_) => "add node_type = \"cache.m5.large\", or maxmemory = \"4GiB\"".to_owned(),
                None => "add for example\n\n[store]\nnode_type = \"cache.m5.large\"".to_owned(),
            }),
            ..problem
        });
        table.get_or(&MAXMEMORY, || None);
        table.get_or(&RESERVED_MEMORY, || None);
        return None;
    }
    let limit = table.get_or(&MAXMEMORY, || Some(Bytes(0)));
    let reserved = table.get_or(&RESERVED_MEMORY, || Some(Ratio::ZERO));
    let (limit, reserved) = (limit?, reserved?);
    if reserved != Ratio::ZERO {
        table.problem(&RESERVED_MEMORY, |problem| Problem {
            message: "`reserved_memory` has no meaning without a node type".to_owned(),
            hint: Some("leave it out: `maxmemory` is what the node may use".to_owned()),
            ..problem
        });
        return None;
    }
    Some((limit, reserved))
}
