//! `sessionsim nodes`.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::report::format::{bytes, thousands};
use crate::scenario::presets::node_types::{self, NodeType, Offer};
use crate::units::{Bytes, Ratio};

use super::exit::{Exit, Failure};
use super::terminal::to_stdout;

/// List the node types of ElastiCache
///
/// Memory is the documented maxmemory of the type; usable is what is left of it after the default
/// reserve of 25 % (reserved-memory-percent), the maxmemory of a node unless a scenario says
/// otherwise. Prices are on demand, in the region and of the date at the end.
#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help text, printed as they stand"
)]
pub(super) struct Nodes {
    /// Only types of this family or name, such as r7g or cache.m5.large
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Only types that run this engine, and its prices
    #[arg(long, value_name = "ENGINE", default_value = "valkey", value_enum)]
    engine: Engine,
    /// Only types with at least so much usable memory, such as 10GiB
    #[arg(long, value_name = "SIZE")]
    min_memory: Option<Bytes>,
    /// Only types that cost at most so many USD an hour
    #[arg(long, value_name = "USD", value_parser = price)]
    max_price: Option<f64>,
    /// Previous generations too
    #[arg(long)]
    all: bool,
    /// What comes first; types without a price come last
    #[arg(long, value_name = "KEY", default_value = "catalogue", value_enum)]
    sort: Sort,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Valkey
    Valkey,
    /// Redis OSS
    Redis,
    /// Memcached
    Memcached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Current generations first, by family
    Catalogue,
    /// The cheapest
    Price,
    /// The smallest
    Memory,
    /// The cheapest memory
    PricePerGib,
    /// By name
    Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table
    Text,
    /// A list of objects
    Json,
    /// With a header
    Csv,
}

fn price(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(price) if price >= 0.0 => Ok(price),
        _ => Err("write USD an hour, such as 0.25".to_owned()),
    }
}

/// AWS's reserved-memory-percent, default.
const RESERVED: Ratio = Ratio(250_000_000);

/// A type as it is printed.
#[derive(Serialize)]
struct Row {
    node_type: String,
    generation: String,
    vcpu: u32,
    memory_bytes: u64,
    usable_bytes: u64,
    network_gbps: Option<f64>,
    network_burst_gbps: Option<f64>,
    maxclients: u32,
    data_tiering: bool,
    price_usd_per_hour: Option<f64>,
    price_usd_per_gib_hour: Option<f64>,
    price_region: String,
    price_date: String,
}

impl Nodes {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let mut rows: Vec<Row> = node_types::all()
            .iter()
            .filter(|node_type| self.wants(node_type))
            .map(|node_type| self.row(node_type))
            .collect();
        self.sort(&mut rows);
        to_stdout(&match self.format {
            Format::Text => text(&rows),
            Format::Json => {
                let text = serde_json::to_string_pretty(&rows).expect("finite numbers and texts");
                text + "\n"
            }
            Format::Csv => csv(&rows),
        })?;
        Ok(Exit::Success)
    }

    fn offer(&self, node_type: &NodeType) -> Offer {
        match self.engine {
            Engine::Valkey => node_type.valkey,
            Engine::Redis => node_type.redis,
            Engine::Memcached => node_type.memcached,
        }
    }

    fn wants(&self, node_type: &NodeType) -> bool {
        let offer = self.offer(node_type);
        let family = self.family.as_deref().is_none_or(|family| {
            let family = family.strip_prefix("cache.").unwrap_or(family);
            let name = node_type.name.strip_prefix("cache.");
            let name = name.unwrap_or(&node_type.name);
            name == family || name.split('.').next() == Some(family)
        });
        let memory = self
            .min_memory
            .is_none_or(|least| node_type.usable(RESERVED) >= least);
        let price = self.max_price.is_none_or(|most| {
            let price = offer.price.map(dollars);
            price.is_some_and(|price| price <= most)
        });
        let current = self.all || self.family.is_some() || node_type.generation == "current";
        offer.runs && family && memory && price && current
    }

    fn row(&self, node_type: &NodeType) -> Row {
        let usable = node_type.usable(RESERVED).0;
        let price = self.offer(node_type).price.map(dollars);
        let gigabits = |megabits: u64| megabits as f64 / 1e3;
        let gib = usable as f64 / (1u64 << 30) as f64;
        Row {
            node_type: node_type.name.clone(),
            generation: node_type.generation.clone(),
            vcpu: node_type.vcpu,
            memory_bytes: node_type.maxmemory.0,
            usable_bytes: usable,
            network_gbps: node_type.network_baseline_mbps.map(gigabits),
            network_burst_gbps: node_type.network_burst_mbps.map(gigabits),
            maxclients: node_type.maxclients,
            data_tiering: node_type.data_tiering,
            price_usd_per_hour: price,
            price_usd_per_gib_hour: price.map(|price| (price / gib * 1e6).round() / 1e6),
            price_region: node_type.price_region.clone(),
            price_date: node_type.price_date.clone(),
        }
    }

    fn sort(&self, rows: &mut [Row]) {
        let price = |price: Option<f64>| price.unwrap_or(f64::INFINITY);
        match self.sort {
            Sort::Catalogue => {}
            Sort::Price => rows.sort_by(|one, other| {
                price(one.price_usd_per_hour).total_cmp(&price(other.price_usd_per_hour))
            }),
            Sort::PricePerGib => rows.sort_by(|one, other| {
                price(one.price_usd_per_gib_hour).total_cmp(&price(other.price_usd_per_gib_hour))
            }),
            Sort::Memory => rows.sort_by_key(|row| row.usable_bytes),
            Sort::Name => rows.sort_by(|one, other| one.node_type.cmp(&other.node_type)),
        }
    }
}

fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "No node type is like that.\n".to_owned();
    }
    let mut text = format!(
        "{:<22}{:>5}{:>11}{:>11}{:>16}{:>9}{:>10}{:>12}\n",
        "node type",
        "vCPU",
        "memory",
        "usable",
        "network Gbit/s",
        "clients",
        "$/hour",
        "$/GiB/month"
    );
    for row in rows {
        let network = match (row.network_gbps, row.network_burst_gbps) {
            (None, None) => "-".to_owned(),
            (Some(lasting), None) => lasting.to_string(),
            (None, Some(burst)) => format!("to {burst}"),
            (Some(lasting), Some(burst)) => format!("{lasting} to {burst}"),
        };
        let number = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.4}"));
        let month = row
            .price_usd_per_gib_hour
            .map_or("-".to_owned(), |price| format!("{:.2}", price * 730.0));
        let line = format!(
            "{:<22}{:>5}{:>11}{:>11}{:>16}{:>9}{:>10}{month:>12}{}\n",
            row.node_type,
            row.vcpu,
            bytes(row.memory_bytes),
            bytes(row.usable_bytes),
            network,
            thousands(row.maxclients.into()),
            number(row.price_usd_per_hour),
            if row.data_tiering { "  with disk" } else { "" },
        );
        text.push_str(&line);
    }
    let mut dates: Vec<String> = rows
        .iter()
        .filter(|row| row.price_usd_per_hour.is_some())
        .map(|row| format!("{} of {}", row.price_region, row.price_date))
        .collect();
    dates.sort_unstable();
    dates.dedup();
    if !dates.is_empty() {
        let dates = dates.join(", ");
        let _ = writeln!(text, "\nPrices on demand: {dates}. A month has 730 hours.");
    }
    text
}

fn csv(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).expect("a row of plain values");
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
