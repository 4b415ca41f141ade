//! `[[node_types]]`: node types of one's own, beside those of the catalogue.

use crate::units::{Bandwidth, Bytes};

use super::presets::node_types::{self, NodeType, Offer};
use super::reader::Reader;
use super::reader::key::{Key, Kind, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::tree::{Node, Tree};
use super::reader::value::{Value, wrong_type};
use super::reader::writer::Writer;

/// US dollars, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dollars(pub(super) u64);

impl Value for Dollars {
    const KIND: Kind = Kind::Price;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        let key = reader.key();
        let example = "write \"$0.25\"";
        let Tree::Text(text) = &node.tree else {
            let problem = wrong_type(node, &key, "a price");
            reader.report(problem.hint(match &node.tree {
                Tree::Integer(number, _) | Tree::Float(number)
                    if number.chars().all(|c| c.is_ascii_digit() || c == '.') =>
                {
                    format!("write \"${number}\"")
                }
                _ => example.to_owned(),
            }));
            return None;
        };
        let amount = text.trim().strip_prefix('$').map(str::trim);
        let plain = |c: char| c.is_ascii_digit() || c == '.';
        let dollars = amount
            .filter(|amount| amount.chars().all(plain))
            .and_then(|amount| amount.parse::<f64>().ok())
            .filter(|dollars| *dollars < 1e6);
        if dollars.is_none() {
            let problem = Problem::new(node.place, format!("`{key}` is not a price"));
            reader.report(
                problem
                    .label("expected US dollars, below a million")
                    .hint(example),
            );
        }
        dollars.map(|dollars| Self(libm::round(dollars * 1e6) as u64))
    }

    fn write(&self) -> String {
        format!("\"${}\"", self.0 as f64 / 1e6)
    }

    fn extremes(&self) -> Option<(u64, u64)> {
        Some((self.0, self.0))
    }

    fn amount(amount: u64) -> String {
        Self(amount).write()
    }
}

/// Longest name.
const MAX_NAME: usize = 64;
/// Most types.
const MAX_TYPES: usize = 200;
/// A node with more than 16 TiB exists nowhere.
const MAX_MEMORY: u64 = 16 << 40;

const NAME: Key<String> = Key::required(
    "name",
    "\"our.large\"",
    "Name, as `node_type` of [store] calls it; none of the catalogue's.",
);

const MAXMEMORY: Key<Bytes> = Key::required(
    "maxmemory",
    "\"13GiB\"",
    "Memory of a node before `reserved_memory` is kept back.",
)
.between(1, MAX_MEMORY)
.called(&["memory", "mem"]);

const VCPU: Key<u32> = Key::built_in(
    "vcpu",
    "2",
    "assumed",
    "Number of virtual CPUs: what `host_cpu_max` is a share of, and threads of `enhanced_io`.",
)
.between(1, 1024)
.called(&["cpu", "cpus", "vcpus"]);

const MAXCLIENTS: Key<u32> = Key::built_in(
    "maxclients",
    "65000",
    "as nearly all types of ElastiCache have it; without effect on a run",
    "Most connections.",
)
.between(1, 10_000_000)
.called(&["connections"]);

const PRICE: Key<Dollars> = Key::optional(
    "price_per_hour",
    "not known",
    "Price of an hour, such as \"$0.25\".",
)
.called(&["price", "cost", "usd_per_hour"]);

const BANDWIDTH: Key<Bandwidth> = Key::optional(
    "bandwidth",
    "no limit",
    "Bandwidth that lasts, in each direction, such as \"750Mbps\".",
)
.between(1, 1_000_000)
.called(&["network", "baseline_bandwidth"]);

const BURST_BANDWIDTH: Key<Bandwidth> = Key::optional(
    "burst_bandwidth",
    "no more than `bandwidth`",
    "Bandwidth for a short time.",
)
.between(1, 1_000_000)
.called(&["network_burst"]);

const CPU_CREDITS: Key<u32> = Key::optional(
    "cpu_credits_per_hour",
    "it is no burstable type",
    "CPU credits that a burstable type earns, each a minute of a vCPU.",
)
.between(1, 6_000)
.called(&["cpu_credits"]);

const ENHANCED_IO: Key<bool> = Key::built_in(
    "enhanced_io",
    "false",
    "as the smaller types have it",
    "Whether threads of their own read requests and write replies; with 4 vCPUs or more they also \
     do the TLS.",
);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "node_types",
    repeated: true,
    help: "A node type of your own, for `node_type` of [store].",
    keys: &[
        NAME.info(),
        MAXMEMORY.info(),
        VCPU.info(),
        MAXCLIENTS.info(),
        PRICE.info(),
        BANDWIDTH.info(),
        BURST_BANDWIDTH.info(),
        CPU_CREDITS.info(),
        ENHANCED_IO.info(),
    ],
    sections: &[],
    not_yet: &[],
};

/// The types that a scenario gives.
#[derive(Default)]
pub(super) struct Own {
    pub(super) types: Vec<NodeType>,
    /// Names of types that are wrong, which has been reported.
    pub(super) broken: Vec<String>,
}

/// Reads all of them.
pub(super) fn read(table: &Table<'_>) -> Own {
    let tables = table.sections(&SECTION);
    if tables.len() > MAX_TYPES {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{} node types are too many", tables.len()),
            hint: Some(format!("at most {MAX_TYPES}: keep those that are used")),
            ..problem
        });
        return Own::default();
    }
    let mut own = Own::default();
    for table in tables {
        let name = read_name(&table, &own.types);
        let maxmemory = table.get(&MAXMEMORY);
        let vcpu = table.get(&VCPU);
        let maxclients = table.get(&MAXCLIENTS);
        let price = table.get_optional(&PRICE);
        let speed = read_speed(&table);
        table.finish();
        let figures = || Some((maxmemory?, vcpu?, maxclients?, price.ok()?, speed?));
        let Some(name) = name else { continue };
        if let Some((maxmemory, vcpu, maxclients, price, speed)) = figures() {
            let offer = Offer {
                runs: true,
                price: price.map(|dollars| dollars.0),
            };
            own.types.push(NodeType {
                name,
                generation: "own".to_owned(),
                vcpu,
                maxmemory,
                network_baseline_mbps: speed.bandwidth.map(|bandwidth| bandwidth.0),
                network_burst_mbps: speed.burst_bandwidth.map(|bandwidth| bandwidth.0),
                enhanced_io: speed.enhanced_io,
                tls_offload: speed.enhanced_io && vcpu >= 4,
                cpu_credits_per_hour: speed.cpu_credits,
                maxclients,
                redis: offer,
                valkey: offer,
                memcached: offer,
                data_tiering: false,
                price_region: String::new(),
                price_date: String::new(),
            });
        } else {
            own.broken.push(name);
        }
    }
    own
}

/// What decides its speed.
struct OwnSpeed {
    bandwidth: Option<Bandwidth>,
    burst_bandwidth: Option<Bandwidth>,
    cpu_credits: Option<u32>,
    enhanced_io: bool,
}

fn read_speed(table: &Table<'_>) -> Option<OwnSpeed> {
    let bandwidth = table.get_optional(&BANDWIDTH);
    let burst_bandwidth = table.get_optional(&BURST_BANDWIDTH);
    let cpu_credits = table.get_optional(&CPU_CREDITS);
    let enhanced_io = table.get(&ENHANCED_IO);
    let (bandwidth, burst_bandwidth) = (bandwidth.ok()?, burst_bandwidth.ok()?);
    // `None` is less than any bandwidth.
    if burst_bandwidth.is_some() && (bandwidth.is_none() || burst_bandwidth < bandwidth) {
        table.problem(&BURST_BANDWIDTH, |problem| Problem {
            message: "`burst_bandwidth` does not go with `bandwidth`".to_owned(),
            label: "a burst is more than what lasts".to_owned(),
            hint: Some("give both, or leave `burst_bandwidth` out for no bursts".to_owned()),
            ..problem
        });
        return None;
    }
    Some(OwnSpeed {
        bandwidth,
        burst_bandwidth,
        cpu_credits: cpu_credits.ok()?,
        enhanced_io: enhanced_io?,
    })
}

fn read_name(table: &Table<'_>, before: &[NodeType]) -> Option<String> {
    let name = table.get(&NAME)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (message, label) = if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        (
            "`name` has characters that it must not have".to_owned(),
            "1 to 64 letters, digits, -, _ or .",
        )
    } else if before.iter().any(|other| other.name == name) {
        (
            format!("two node types are named `{name}`"),
            "an earlier one has this name",
        )
    } else if node_types::find(&name).is_some() {
        (
            format!("`{name}` is in the catalogue"),
            "choose another name, such as one with a prefix of yours",
        )
    } else {
        return Some(name);
    };
    table.problem(&NAME, |problem| Problem {
        message,
        label: label.to_owned(),
        ..problem
    });
    None
}

/// Writes all of them.
pub(super) fn write(types: &[NodeType], out: &mut Writer) {
    for node_type in types {
        out.section(&SECTION);
        out.put(&NAME, &node_type.name);
        out.put(&MAXMEMORY, &node_type.maxmemory);
        out.put(&VCPU, &node_type.vcpu);
        out.put(&MAXCLIENTS, &node_type.maxclients);
        if let Some(price) = node_type.valkey.price {
            out.put(&PRICE, &Dollars(price));
        }
        if let Some(megabits) = node_type.network_baseline_mbps {
            out.put(&BANDWIDTH, &Bandwidth(megabits));
        }
        if let Some(megabits) = node_type.network_burst_mbps {
            out.put(&BURST_BANDWIDTH, &Bandwidth(megabits));
        }
        if let Some(credits) = node_type.cpu_credits_per_hour {
            out.put(&CPU_CREDITS, &credits);
        }
        out.put(&ENHANCED_IO, &node_type.enhanced_io);
    }
}

/// The type of that name: one of one's own, or of the catalogue.
pub(super) fn find(own: &[NodeType], name: &str) -> Option<NodeType> {
    let found = own.iter().find(|node_type| node_type.name == name);
    found.cloned().or_else(|| node_types::find(name))
}
