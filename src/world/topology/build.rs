//! From a scenario to its shards.

use rand_chacha::rand_core::Rng;

use crate::kernel::quantiles::Quantiles;
use crate::kernel::streams::Streams;
use crate::scenario::Scenario;
use crate::scenario::store::Platform;
use crate::store::node::Reader;
use crate::store::replication::limits::{Backlog, Clock, OutputLimit};
use crate::store::replication::link::{Delay, Link};
use crate::store::replication::shard::Shard;
use crate::units::{Span, Time};

use super::Topology;
use super::history::History;
use super::shard::{Member, ShardOf};

/// `client-output-buffer-limit replica` of redis.conf and of `ElastiCache`'s parameter groups: hard
/// and soft limit in bytes, seconds.
const OUTPUT_LIMIT: (u64, u64, u64) = (256 << 20, 64 << 20, 60);
/// A second, in which a replica acknowledges its offset once.
const SECOND: u64 = 1_000_000_000;
/// `repl-backlog-size` of redis.conf and of `ElastiCache`'s parameter groups.
const BACKLOG: u64 = 1 << 20;
/// Likewise of valkey.conf since 8.0.
const BACKLOG_OF_VALKEY: u64 = 10 << 20;

impl Topology {
    /// That of a scenario, unless it is one node a shard in the only zone.
    pub(in crate::world) fn new(scenario: &Scenario, streams: &Streams) -> Option<Self> {
        let replicas = scenario.store.topology.replicas;
        let zones = scenario.network.zones.number();
        if !scenario.store.kind.is_cache() || (replicas == 0 && zones == 1) {
            return None;
        }
        let all = 0..zones * zones;
        let way = |pair: usize| scenario.network.way(pair / zones, pair % zones);
        let homes = scenario
            .users
            .iter()
            .map(|class| class.zone.map(|zone| zone as u8));
        let shards = 0..scenario.store.shards as usize;
        Some(Self {
            ways: all.map(|pair| Quantiles::new(way(pair))).collect(),
            zones,
            homes: homes.collect(),
            reads: scenario.store.topology.reads,
            shards: shards
                .map(|number| shard(scenario, number, streams))
                .collect(),
            replicates: replicas > 0,
            crossed: 0,
            replicated: 0,
        })
    }
}

fn backlog(scenario: &Scenario) -> Backlog {
    let own = scenario.platform == Platform::SelfManaged;
    let size = if own && scenario.store.engine.is_valkey() {
        BACKLOG_OF_VALKEY
    } else {
        BACKLOG
    };
    Backlog { size }
}

fn shard(scenario: &Scenario, number: usize, streams: &Streams) -> ShardOf {
    let spec = &scenario.store;
    let zone = |node: usize| spec.topology.zone(number, node);
    let backlog = backlog(scenario);
    let mut stream = Shard::new(backlog, Clock::default());
    let members = (0..spec.topology.nodes() as usize).map(|node| Member {
        zone: zone(node) as u8,
        stream: node.checked_sub(1),
        reader: Reader::new(spec),
        resync: None,
        serves: node > 0,
    });
    let members: Vec<Member> = members.collect();
    let (hard, soft, seconds) = OUTPUT_LIMIT;
    for node in 1..members.len() {
        let mut rng = streams.stream(&format!("replication/{number}/{node}"));
        let link = link(scenario, (zone(0), zone(node)), rng.next_u64());
        let limit = OutputLimit::new(hard, soft, seconds, backlog);
        // Servers were not started at the same instant.
        let first = Time(rng.next_u64() % SECOND);
        stream.add(link, limit, first, Time::ZERO);
    }
    ShardOf::new(History::new(stream), members)
}

/// The link from a primary to a replica.
fn link(scenario: &Scenario, (from, to): (usize, usize), draws: u64) -> Link {
    let way = scenario.network.way(from, to);
    let back = Span(libm::round(scenario.network.way(to, from).mean()) as u64);
    let bandwidth = scenario.network.replication_bandwidth;
    Link {
        bits_per_second: bandwidth.map(|bandwidth| bandwidth.0 * 1_000_000),
        ..Link::new(Delay::new(way), back, draws)
    }
}
