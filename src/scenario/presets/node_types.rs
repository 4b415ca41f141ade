//! The catalogue of node types: `node-types.csv`, whose head names the sources.

use crate::units::{Bytes, Ratio};

/// A node type of `ElastiCache`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeType {
    /// Name, for example `cache.m5.large`.
    pub name: String,
    /// `current` or `previous`.
    pub generation: String,
    /// Virtual CPUs.
    pub vcpu: u32,
    /// Documented `maxmemory`, before anything is reserved.
    pub maxmemory: Bytes,
    /// Network bandwidth that lasts, in Mbit/s; `None` if not documented.
    pub network_baseline_mbps: Option<u64>,
    /// Network bandwidth for a short time, in Mbit/s; `None` if it is no more than the baseline.
    pub network_burst_mbps: Option<u64>,
    /// Whether threads of their own read requests and write replies (enhanced I/O).
    pub enhanced_io: bool,
    /// Whether these threads also encrypt and decrypt (TLS offload).
    pub tls_offload: bool,
    /// CPU credits that a burstable type earns, each a minute of a vCPU; `None` for others.
    pub cpu_credits_per_hour: Option<u32>,
    /// Most connections.
    pub maxclients: u32,
    /// With Redis OSS.
    pub redis: Offer,
    /// With Valkey.
    pub valkey: Offer,
    /// With Memcached.
    pub memcached: Offer,
    /// Whether values move to a local disk.
    pub data_tiering: bool,
    /// Region of the prices.
    pub price_region: String,
    /// Date of the prices.
    pub price_date: String,
}

/// A node type with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whether the engine runs on it.
    pub runs: bool,
    /// Price of an hour on demand, in millionths of a US dollar; `None` if not known.
    pub price: Option<u64>,
}

impl NodeType {
    /// What is left of `maxmemory` after `reserved` is kept back, rounded down.
    pub fn usable(&self, reserved: Ratio) -> Bytes {
        let kept = u128::from(Ratio::ONE.0 - reserved.0.min(Ratio::ONE.0));
        Bytes((u128::from(self.maxmemory.0) * kept / u128::from(Ratio::ONE.0)) as u64)
    }

    /// Speed of a core against one of the fifth generation, on which commands were measured, in
    /// percent. Assumed: AWS publishes no speed of a core, only that Graviton3 nodes serve 28 % more
    /// requests than Graviton2 nodes (cache.r7g against cache.r6g). The eighth generation is given
    /// as much again over the seventh, and the fourth and older ones a fifth less than the fifth.
    pub fn speed(&self) -> u32 {
        let family = self.name.strip_prefix("cache.").unwrap_or_default();
        let generation = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        match (generation.bytes().next(), self.generation.as_str()) {
            (_, "own") => 100,
            (Some(b'8'), _) => 160,
            (Some(b'7'), _) => 125,
            (Some(b'3'), _) if family.starts_with('t') => 100,
            (Some(b'1'..=b'4'), _) if !family.starts_with("t4") => 80,
            _ => 100,
        }
    }

    /// The share that is kept back if `maxmemory` is set to `limit`, which must not be above it.
    pub fn reserved_for(&self, limit: Bytes) -> Ratio {
        let kept_back = u128::from(self.maxmemory.0.saturating_sub(limit.0));
        let share = kept_back * u128::from(Ratio::ONE.0) / u128::from(self.maxmemory.0.max(1));
        Ratio(share as u64)
    }
}

/// All node types, current ones first.
pub fn all() -> Vec<NodeType> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_str!("node-types.csv").as_bytes());
    reader
        .records()
        .map(|row| node_type(&row.expect("the catalogue is well-formed")))
        .collect()
}

/// The node type of that name.
pub fn find(name: &str) -> Option<NodeType> {
    all().into_iter().find(|node_type| node_type.name == name)
}

fn node_type(row: &csv::StringRecord) -> NodeType {
    let yes = |column: usize| &row[column] == "yes";
    let whole = |column: usize| row[column].parse().expect("a whole number");
    // Three or six decimals: exact once they are rounded.
    let scaled = |column: usize, scale: f64| {
        let number: f64 = row[column].parse().ok()?;
        Some(libm::round(number * scale) as u64)
    };
    NodeType {
        name: row[0].to_owned(),
        generation: row[1].to_owned(),
        vcpu: whole(2) as u32,
        maxmemory: Bytes(whole(3)),
        network_baseline_mbps: scaled(4, 1e3),
        network_burst_mbps: scaled(5, 1e3),
        enhanced_io: yes(17),
        tls_offload: yes(18),
        cpu_credits_per_hour: row[19].parse().ok(),
        maxclients: whole(6) as u32,
        redis: Offer {
            runs: yes(7),
            price: scaled(11, 1e6),
        },
        valkey: Offer {
            runs: yes(8),
            price: scaled(12, 1e6),
        },
        memcached: Offer {
            runs: yes(9),
            price: scaled(13, 1e6),
        },
        data_tiering: yes(10),
        price_region: row[14].to_owned(),
        price_date: row[15].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole() {
        let types = all();
        assert_eq!(types.len(), 112);
        let mut names: Vec<&str> = types
            .iter()
            .map(|node_type| node_type.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 112);
        for node_type in &types {
            assert!(node_type.name.starts_with("cache."), "{}", node_type.name);
            assert!(node_type.redis.runs || node_type.valkey.runs || node_type.memcached.runs);
            assert!(node_type.maxmemory.0 > 100 << 20 && node_type.vcpu > 0);
            // Valkey costs 20 % less than Redis OSS on every type that has both (AWS pricing).
            if let (Some(redis), Some(valkey)) = (node_type.redis.price, node_type.valkey.price) {
                assert_eq!(valkey * 10, redis * 8, "{}", node_type.name);
            }
        }
    }

    #[test]
    fn newer_cores_are_assumed_to_be_faster() {
        let speeds = [
            "r3.large",
            "m4.large",
            "t3.micro",
            "m5.large",
            "t4g.micro",
            "r6g.large",
        ];
        let speeds = speeds.map(|name| find(&format!("cache.{name}")).unwrap().speed());
        assert_eq!(speeds, [80, 80, 100, 100, 100, 100]);
        assert_eq!(find("cache.c7gn.large").unwrap().speed(), 125);
        assert_eq!(find("cache.m8g.large").unwrap().speed(), 160);
    }

    /// A t3.micro earns 12 credits an hour (AWS, burstable performance instances): 10 % of each
    /// of its two vCPUs.
    #[test]
    fn what_a_type_has_besides_memory() {
        let micro = find("cache.t3.micro").unwrap();
        assert_eq!(micro.cpu_credits_per_hour, Some(12));
        assert_eq!(micro.network_baseline_mbps, Some(64));
        assert!(!micro.enhanced_io);
        let large = find("cache.r7g.xlarge").unwrap();
        assert!(large.enhanced_io && large.tls_offload && large.cpu_credits_per_hour.is_none());
        let small = find("cache.r7g.large").unwrap();
        assert!(small.enhanced_io && !small.tls_offload);
    }

    /// AWS documents that INFO shows a maxmemory of 402653184 on a cache.t3.micro with the default
    /// reserve (redis-memory-management).
    #[test]
    fn a_quarter_is_reserved() {
        let micro = find("cache.t3.micro").unwrap();
        let quarter = Ratio(250_000_000);
        assert_eq!(micro.usable(quarter), Bytes(402_653_184));
        assert_eq!(micro.reserved_for(Bytes(402_653_184)), quarter);
        assert_eq!(micro.usable(Ratio::ZERO), micro.maxmemory);
        assert_eq!(micro.usable(Ratio::ONE), Bytes(0));
        assert_eq!(
            find("cache.m5.large").unwrap().maxmemory,
            Bytes(6_854_542_746)
        );
        assert_eq!(find("cache.m5.huge"), None);
    }
}
