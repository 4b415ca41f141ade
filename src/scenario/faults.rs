//! `[[faults]]`: what fails, and when.

use crate::units::{Span, Speed};

use super::network::NetworkSpec;
use super::reader::choice::{Choice, choice_is_value};
use super::reader::key::{Key, KeyInfo, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::writer::Writer;
use super::store::{ServiceTime, StoreSpec};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The process of a primary. Its host answers for it, and still sends what it was handed.
    ProcessCrash,
    /// The host of a primary: nobody answers.
    HostLoss,
    /// All hosts of a zone.
    ZoneOutage,
    /// The host of a replica.
    ReplicaLoss,
    /// Nothing fails, but a node is slow for some time.
    SlowNode,
}

impl Choice for FaultKind {
    const WHAT: &'static str = "a kind of fault";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("process-crash", Self::ProcessCrash),
        ("host-loss", Self::HostLoss),
        ("zone-outage", Self::ZoneOutage),
        ("replica-loss", Self::ReplicaLoss),
        ("slow-node", Self::SlowNode),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("crash", "process-crash"),
        ("node-failure", "host-loss"),
        ("node-loss", "host-loss"),
        ("primary-loss", "host-loss"),
        ("az-outage", "zone-outage"),
        ("az-failure", "zone-outage"),
        ("zone-loss", "zone-outage"),
        ("slow", "slow-node"),
    ];
}

/// What becomes of packets that a host had sent when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// They arrive.
    Delivered,
    /// They are lost with it.
    Lost,
}

impl Choice for Wire {
    const WHAT: &'static str = "what becomes of packets on their way";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("delivered", Self::Delivered), ("lost", Self::Lost)];
}
choice_is_value!(FaultKind, Wire);

impl FaultKind {
    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }

    /// Keys that mean something with it, beside `at` and `kind`.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ProcessCrash => &["shard", "promotion", "replacement"],
            Self::HostLoss => &["shard", "wire", "promotion", "replacement", "timeout"],
            Self::ZoneOutage => &["zone", "wire", "promotion", "replacement", "timeout"],
            Self::ReplicaLoss => &["shard", "replica", "promotion", "replacement", "timeout"],
            Self::SlowNode => &["shard", "replica", "speed", "lasts"],
        }
    }
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpec {
    /// When, from the start of the run.
    pub at: Span,
    /// What fails.
    pub kind: FaultKind,
    /// The shard, by its place; 0 for a zone's.
    pub shard: u32,
    /// Number of the replica, from 1; 0 for the primary.
    pub replica: u32,
    /// The zone, by its place in `[network]`; 0 for a node's.
    pub zone: usize,
    /// What becomes of packets on their way.
    pub wire: Wire,
    /// From the failure until a replica is the primary, or until nobody asks a lost replica.
    pub promotion: Span,
    /// From the failure until another node takes the place of one that failed.
    pub replacement: Span,
    /// How long the application waits for a node that does not answer.
    pub timeout: Span,
    /// Speed of a slow node, of its own.
    pub speed: Speed,
    /// How long it is slow.
    pub lasts: Span,
}

/// Two years: longer than any run.
const MAX_TIME: u64 = 730 * 86_400_000_000_000;
const MILLISECOND: u64 = 1_000_000;
/// Most faults of a run.
const MAX_FAULTS: usize = 1000;

const AT: Key<Span> = Key::required("at", "\"2h\"", "When, from the start of the run.")
    .between(0, MAX_TIME)
    .called(&["time", "when", "start"]);

const KIND: Key<FaultKind> = Key::required(
    "kind",
    "\"host-loss\"",
    "What fails: the process of a primary (\"process-crash\"), its host (\"host-loss\"), all hosts of \
     a zone (\"zone-outage\"), the host of a replica (\"replica-loss\"); or a \"slow-node\".",
)
.called(&["fault", "type", "what"]);

const SHARD: Key<u32> = Key::built_in(
    "shard",
    "1",
    "the first: with one shard the only one",
    "Number of the shard, from 1.",
)
.between(1, 16_384);

const REPLICA: Key<u32> = Key::optional(
    "replica",
    "the primary",
    "Of a replica-loss or a slow-node: number of the replica, from 1, as the run begins.",
)
.between(1, 5)
.called(&["node"]);

const ZONE: Key<String> = Key::required("zone", "\"a\"", "Of a zone-outage: the zone that fails.")
    .called(&["availability_zone", "az"]);

const WIRE: Key<Wire> = Key::built_in(
    "wire",
    "\"delivered\"",
    "a host that stops does not take back what it has sent",
    "What becomes of packets that are on their way when the host fails: \"delivered\" or \"lost\".",
)
.called(&["in_flight", "packets"]);

const PROMOTION: Key<Span> = Key::built_in(
    "promotion",
    "\"15s\"",
    "assumed: AWS says a few seconds for the promotion itself and about 30 seconds for all of it",
    "From the failure until a replica is the primary and everybody knows; for a lost replica, until \
     nobody reads there any more.",
)
.between(0, MAX_TIME)
.called(&["failover", "failover_time", "detection"]);

const REPLACEMENT: Key<Span> = Key::built_in(
    "replacement",
    "\"4m\"",
    "assumed: AWS says a few minutes",
    "From the failure until another node is there instead, without data: as a replica, or as the \
     primary if no other node has them.",
)
.between(0, MAX_TIME)
.called(&["restart", "recovery", "back_after"]);

const TIMEOUT: Key<Span> = Key::built_in(
    "timeout",
    "\"1s\"",
    "assumed: clients differ from 250 ms to none at all",
    "How long the application waits for the answer of a node that is silent; then the request fails. \
     A dead process refuses at once.",
)
.between(MILLISECOND, 3_600_000 * MILLISECOND)
.called(&["read_timeout", "command_timeout", "client_timeout"]);

const SPEED: Key<Speed> = Key::required(
    "speed",
    "\"20%\"",
    "Of a slow-node: its speed, of what it has otherwise.",
)
.between(10, 1_000_000)
.called(&["slowdown"]);

const LASTS: Key<Span> = Key::required("lasts", "\"5m\"", "Of a slow-node: how long it is slow.")
    .between(MILLISECOND, MAX_TIME)
    .called(&["duration", "for"]);

const KEYS: [KeyInfo; 11] = [
    AT.info(),
    KIND.info(),
    SHARD.info(),
    REPLICA.info(),
    ZONE.info(),
    WIRE.info(),
    PROMOTION.info(),
    REPLACEMENT.info(),
    TIMEOUT.info(),
    SPEED.info(),
    LASTS.info(),
];

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "faults",
    repeated: true,
    help: "Something that fails at a time.",
    keys: &KEYS,
    sections: &[],
    not_yet: &["mtbf", "rate", "partition"],
};

/// Reads all of them.
pub(super) fn read(
    table: &Table<'_>,
    duration: Option<Span>,
    store: Option<&StoreSpec>,
    network: Option<&NetworkSpec>,
) -> Option<Vec<FaultSpec>> {
    let tables = table.sections(&SECTION);
    if tables.len() > MAX_FAULTS {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{} faults are too many", tables.len()),
            hint: Some(format!("at most {MAX_FAULTS}")),
            ..problem
        });
        return None;
    }
    let zones = network.map_or(&[][..], |network| &network.zones.names);
    let read = |table| FaultSpec::read(table, duration, store, zones);
    let faults: Vec<Option<FaultSpec>> = tables.into_iter().map(read).collect();
    faults.into_iter().collect()
}

impl FaultSpec {
    fn read(
        table: Table<'_>,
        duration: Option<Span>,
        store: Option<&StoreSpec>,
        zones: &[String],
    ) -> Option<Self> {
        let at = table.get(&AT);
        let kind = table.get(&KIND)?;
        let mut keep = vec!["at", "kind"];
        keep.extend(kind.keys());
        let why = format!("a {} has none", kind.as_str());
        table.refuse_others(&keep, &why, "leave it out");
        let has = |name: &str| keep.contains(&name);
        let shard = if has("shard") {
            table.get(&SHARD).map(|number| number - 1)
        } else {
            Some(0)
        };
        let replica = read_replica(&table, kind);
        let zone = if has("zone") {
            read_zone(&table, zones)
        } else {
            Some(0)
        };
        let wire = if has("wire") {
            table.get(&WIRE)
        } else {
            Some(Wire::Delivered)
        };
        let span = |key: &Key<Span>, name: &str| {
            if has(name) {
                table.get(key)
            } else {
                Some(Span::ZERO)
            }
        };
        let promotion = span(&PROMOTION, "promotion");
        let replacement = span(&REPLACEMENT, "replacement");
        let timeout = span(&TIMEOUT, "timeout");
        let speed = if has("speed") {
            table.get(&SPEED)
        } else {
            Some(Speed::SAME)
        };
        let lasts = span(&LASTS, "lasts");
        let fits = store.is_none_or(|store| fits(&table, kind, store, shard, replica));
        let happens = is_within(&table, at, duration);
        table.finish();
        let fault = Self {
            at: at?,
            kind,
            shard: shard?,
            replica: replica?,
            zone: zone?,
            wire: wire?,
            promotion: promotion?,
            replacement: replacement?,
            timeout: timeout?,
            speed: speed?,
            lasts: lasts?,
        };
        (fits && happens).then_some(fault)
    }

    pub(super) fn write(&self, zones: &[String], out: &mut Writer) {
        out.section(&SECTION);
        out.put(&AT, &self.at);
        out.put(&KIND, &self.kind);
        for key in self.kind.keys() {
            match *key {
                "shard" => out.put(&SHARD, &(self.shard + 1)),
                "replica" if self.replica > 0 => out.put(&REPLICA, &self.replica),
                "zone" => out.put(&ZONE, &zones[self.zone]),
                "wire" => out.put(&WIRE, &self.wire),
                "promotion" => out.put(&PROMOTION, &self.promotion),
                "replacement" => out.put(&REPLACEMENT, &self.replacement),
                "timeout" => out.put(&TIMEOUT, &self.timeout),
                "speed" => out.put(&SPEED, &self.speed),
                "lasts" => out.put(&LASTS, &self.lasts),
                _ => {}
            }
        }
    }
}

fn read_replica(table: &Table<'_>, kind: FaultKind) -> Option<u32> {
    if !kind.keys().contains(&"replica") {
        return Some(0);
    }
    let replica = table.get_optional(&REPLICA).ok()?;
    if replica.is_none() && kind == FaultKind::ReplicaLoss {
        table.problem(&REPLICA, |problem| Problem {
            message: "nothing says which replica is lost".to_owned(),
            hint: Some("add for example replica = 1".to_owned()),
            ..problem
        });
        return None;
    }
    Some(replica.unwrap_or(0))
}

fn read_zone(table: &Table<'_>, known: &[String]) -> Option<usize> {
    let name = table.get(&ZONE)?;
    let place = known.iter().position(|zone| *zone == name);
    if place.is_none() {
        table.problem(&ZONE, |problem| problem.no_such_zone(&name, known));
    }
    place
}

/// Whether there is what fails.
fn fits(
    table: &Table<'_>,
    kind: FaultKind,
    store: &StoreSpec,
    shard: Option<u32>,
    replica: Option<u32>,
) -> bool {
    if !store.kind.is_cache() {
        table.problem(&KIND, |problem| Problem {
            message: "there is no cache that could fail".to_owned(),
            label: "sessions lie elsewhere".to_owned(),
            hint: Some("leave the fault out, or write kind = \"cache\" in [store]".to_owned()),
            ..problem
        });
        return false;
    }
    if let Some(shard) = shard.filter(|shard| *shard >= store.shards) {
        table.problem(&SHARD, |problem| Problem {
            message: format!("there is no shard {}", shard + 1),
            label: format!("the last one is {}", store.shards),
            hint: Some("shards are counted from 1".to_owned()),
            ..problem
        });
        return false;
    }
    let replicas = store.topology.replicas;
    if let Some(replica) = replica.filter(|replica| *replica > replicas) {
        table.problem(&REPLICA, |problem| Problem {
            message: format!("there is no replica {replica}"),
            label: match replicas {
                0 => "[store] has no `replicas`".to_owned(),
                _ => format!("a shard has {replicas}, counted from 1"),
            },
            ..problem
        });
        return false;
    }
    if kind == FaultKind::SlowNode && matches!(store.service_time, ServiceTime::Drawn(_)) {
        table.problem(&KIND, |problem| Problem {
            message: "a node whose `service_time` is drawn has no speed".to_owned(),
            label: "so it cannot be slow".to_owned(),
            hint: Some(
                "give `service_time` as { fixed = \"7us\", per_kib = \"0.4us\" }".to_owned(),
            ),
            ..problem
        });
        return false;
    }
    true
}

/// Whether the run is still on when it happens.
fn is_within(table: &Table<'_>, at: Option<Span>, duration: Option<Span>) -> bool {
    let (Some(at), Some(duration)) = (at, duration) else {
        return true;
    };
    if at >= duration {
        table.problem(&AT, |problem| Problem {
            message: "the run is over before that happens".to_owned(),
            label: format!("it lasts {duration}"),
            hint: Some("make `duration` longer, or `at` earlier".to_owned()),
            ..problem
        });
    }
    at < duration
}
