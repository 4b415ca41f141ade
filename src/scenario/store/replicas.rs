//! The keys of `[store]` that make shards of single nodes: replicas, where they stand, and who
//! reads them.

use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::{Key, KeyInfo};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::value::Names;
use crate::scenario::reader::writer::Writer;

use super::Platform;

/// Which node of a shard a command that only reads goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The primary.
    Primary,
    /// One of the replicas, whichever; the primary if there is none in service.
    AnyReplica,
    /// A replica in the client's zone, else the primary if it is there, else any replica.
    SameZone,
}

impl Choice for Reads {
    const WHAT: &'static str = "a way to route reads";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("primary", Self::Primary),
        ("any-replica", Self::AnyReplica),
        ("same-zone", Self::SameZone),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("master", "primary"),
        ("replica", "any-replica"),
        ("replicas", "any-replica"),
        ("slave", "any-replica"),
        ("reader-endpoint", "any-replica"),
        ("prefer-replica", "any-replica"),
        ("az-affinity", "same-zone"),
        ("nearest", "same-zone"),
    ];
}
choice_is_value!(Reads);

impl Reads {
    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

/// How the shards are made of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSpec {
    /// Replicas of each shard, 0 to 5.
    pub replicas: u32,
    /// Which node answers a command that only reads.
    pub reads: Reads,
    /// Whether the servers run in cluster mode.
    pub cluster_mode: bool,
    /// Zones in which nodes stand, by their places in the list of `[network]`: the nodes of a shard
    /// one after the other, and each shard begins one further on. Empty with a single zone.
    pub zones: Vec<usize>,
}

impl ReplicaSpec {
    /// No replicas, in the only zone there is.
    #[must_use]
    pub const fn none(cluster_mode: bool) -> Self {
        Self {
            replicas: 0,
            reads: Reads::Primary,
            cluster_mode,
            zones: Vec::new(),
        }
    }

    /// Nodes of a shard.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        self.replicas + 1
    }

    /// The zone of node `node` of shard `shard`, the primary's number being 0.
    #[must_use]
    pub fn zone(&self, shard: usize, node: usize) -> usize {
        match self.zones.len() {
            0 => 0,
            number => self.zones[(shard + node) % number],
        }
    }
}

/// Replicas of a shard on `ElastiCache`; a scenario of one's own has no more either.
const MAX_REPLICAS: u64 = 5;
/// Nodes of an `ElastiCache` cluster, with a raised quota (AWS, `Replication.Redis.Groups`).
const MAX_NODES_ELASTICACHE: u64 = 500;

const REPLICAS: Key<u32> = Key::optional(
    "replicas",
    "no replicas: what a node holds is gone with it",
    "Replicas of each shard.",
)
.between(0, MAX_REPLICAS)
.called(&[
    "replicas_per_shard",
    "replicas_per_node_group",
    "num_replicas",
    "slaves",
    "read_replicas",
]);

const READS: Key<Reads> = Key::built_in(
    "reads",
    "\"primary\"",
    "what clients do unless they are told otherwise",
    "With `replicas`: the node that answers commands that only read: the \"primary\", \
     \"any-replica\" (the reader endpoint), or \"same-zone\" (a replica in the client's zone, else \
     the primary if it is there, else any replica).",
)
.called(&["read_from", "read_routing", "read_preference", "reader"]);

const CLUSTER_MODE: Key<bool> = Key::optional(
    "cluster_mode",
    "cluster mode with more than one shard",
    "Whether the servers run in cluster mode, which takes memory of its own; with more than one \
     shard they must.",
)
.called(&["cluster", "cluster_enabled"]);

const ZONES: Key<Names> = Key::optional(
    "zones",
    "nodes stand in all zones of [network]",
    "Zones in which nodes stand: the nodes of a shard in one after the other, and each shard begins \
     one further on.",
)
.called(&["zone", "availability_zones", "azs"]);

pub(super) const KEYS: [KeyInfo; 4] = [
    REPLICAS.info(),
    READS.info(),
    CLUSTER_MODE.info(),
    ZONES.info(),
];

/// Reads them; `zones` are those of `[network]`.
pub(super) fn read(
    table: &Table<'_>,
    platform: Platform,
    shards: Option<u32>,
    zones: &[String],
) -> Option<ReplicaSpec> {
    let replicas = table.get_optional(&REPLICAS);
    let reads = if matches!(replicas, Ok(None | Some(0))) {
        let hint = "add for example replicas = 2";
        table.refuse(&READS, "there are no replicas to read from", hint);
        Some(Reads::Primary)
    } else {
        table.get(&READS)
    };
    let cluster_mode = read_cluster_mode(table, shards);
    let zones = read_zones(table, zones);
    let replicas = replicas.ok()?.unwrap_or(0);
    let nodes = u64::from(shards?) * (u64::from(replicas) + 1);
    if platform == Platform::ElastiCache && replicas > 0 && nodes > MAX_NODES_ELASTICACHE {
        table.problem(&REPLICAS, |problem| Problem {
            message: format!("{nodes} nodes are more than ElastiCache allows"),
            label: format!("at most {MAX_NODES_ELASTICACHE} nodes a cluster, replicas included"),
            hint: Some("the default quota is 90 nodes; beyond it AWS must be asked".to_owned()),
            ..problem
        });
        return None;
    }
    Some(ReplicaSpec {
        replicas,
        reads: reads?,
        cluster_mode: cluster_mode?,
        zones: zones?,
    })
}

fn read_cluster_mode(table: &Table<'_>, shards: Option<u32>) -> Option<bool> {
    let several = shards.map(|shards| shards > 1);
    let given = table.get_optional(&CLUSTER_MODE).ok()?;
    let cluster_mode = given.or(several)?;
    if several == Some(true) && !cluster_mode {
        table.problem(&CLUSTER_MODE, |problem| Problem {
            message: "without cluster mode there is one shard".to_owned(),
            label: format!("there are {} shards", shards.unwrap_or_default()),
            hint: Some("leave `cluster_mode` out, or write shards = 1".to_owned()),
            ..problem
        });
        return None;
    }
    Some(cluster_mode)
}

/// The places of the zones that are named, or all.
fn read_zones(table: &Table<'_>, known: &[String]) -> Option<Vec<usize>> {
    let names = table.get_optional(&ZONES).ok()?;
    let Some(names) = names else {
        return Some((0..known.len()).collect());
    };
    let mut places = Vec::new();
    for name in &names.0 {
        let Some(place) = known.iter().position(|zone| zone == name) else {
            table.problem(&ZONES, |problem| problem.no_such_zone(name, known));
            return None;
        };
        places.push(place);
    }
    Some(places)
}

impl ReplicaSpec {
    pub(super) fn write(&self, shards: u32, zones: &[String], out: &mut Writer) {
        if self.replicas > 0 {
            out.put(&REPLICAS, &self.replicas);
            out.put(&READS, &self.reads);
        }
        if self.cluster_mode != (shards > 1) {
            out.put(&CLUSTER_MODE, &self.cluster_mode);
        }
        if !self.zones.iter().copied().eq(0..zones.len()) {
            let names = self.zones.iter().map(|zone| zones[*zone].clone());
            out.put(&ZONES, &Names(names.collect()));
        }
    }
}
