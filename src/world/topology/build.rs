//! From a scenario to its shards.

use std::collections::BTreeSet;

use rand_chacha::rand_core::Rng;

use crate::kernel::draws::mix;
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
use super::faults::NodeAt;
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
        let plain = replicas == 0 && zones == 1 && scenario.faults.is_empty();
        if !scenario.store.kind.is_cache() || plain {
            return None;
        }
        let all = 0..zones * zones;
        let way = |pair: usize| scenario.network.way(pair / zones, pair % zones);
        let homes = scenario
            .classes()
            .map(|member| member.class.zone.map(|zone| zone as u8));
        let mut wiring = Wiring::new(scenario, streams);
        let shards = 0..scenario.store.shards as usize;
        let shards: Vec<ShardOf> = shards
            .map(|number| shard(scenario, number, streams, &mut wiring))
            .collect();
        Some(Self {
            ways: all.map(|pair| Quantiles::new(way(pair))).collect(),
            zones,
            homes: homes.collect(),
            reads: scenario.store.topology.reads,
            shards,
            replicates: replicas > 0,
            wiring,
            faults: scenario.faults.clone(),
            happenings: Vec::new(),
            dark: vec![Time::ZERO; zones],
            spec: scenario.store.clone(),
            troubled: BTreeSet::new(),
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

fn shard(scenario: &Scenario, number: usize, streams: &Streams, wiring: &mut Wiring) -> ShardOf {
    let spec = &scenario.store;
    let zone = |node: usize| spec.topology.zone(number, node);
    let zones = scenario.network.zones.number();
    let mut stream = Shard::new(wiring.backlog, Clock::default());
    let members = (0..spec.topology.nodes() as usize).map(|node| Member {
        zone: zone(node) as u8,
        stream: node.checked_sub(1),
        reader: Reader::new(spec),
        resync: None,
        serves: node > 0,
        down: None,
        slow: Vec::new(),
    });
    let members: Vec<Member> = members.collect();
    for node in 1..members.len() {
        let mut rng = streams.stream(&format!("replication/{number}/{node}"));
        let link = wiring.link(zone(0) * zones + zone(node), zone(node) * zones + zone(0));
        // Servers were not started at the same instant.
        let first = Time(rng.next_u64() % SECOND);
        stream.add(link, wiring.limit(), first, Time::ZERO);
    }
    ShardOf::new(History::new(stream), members)
}

/// What links between nodes are made of.
#[derive(Debug)]
pub(super) struct Wiring {
    /// By `from * zones + to`, as the ways of users.
    delays: Vec<Delay>,
    means: Vec<Span>,
    bits_per_second: Option<u64>,
    pub(super) backlog: Backlog,
    /// Root of the draws of all links, and how many there have been.
    seed: u64,
    links: u64,
}

impl Wiring {
    fn new(scenario: &Scenario, streams: &Streams) -> Self {
        let zones = scenario.network.zones.number();
        let way = |pair: usize| scenario.network.way(pair / zones, pair % zones);
        let pairs = 0..zones * zones;
        let bandwidth = scenario.network.replication_bandwidth;
        Self {
            delays: pairs.clone().map(|pair| Delay::new(way(pair))).collect(),
            means: pairs
                .map(|pair| Span(libm::round(way(pair).mean()) as u64))
                .collect(),
            bits_per_second: bandwidth.map(|bandwidth| bandwidth.0 * 1_000_000),
            backlog: backlog(scenario),
            seed: streams.stream("replication").next_u64(),
            links: 0,
        }
    }

    /// The limit of a new connection's output buffer.
    pub(super) const fn limit(&self) -> OutputLimit {
        let (hard, soft, seconds) = OUTPUT_LIMIT;
        OutputLimit::new(hard, soft, seconds, self.backlog)
    }

    /// A new link.
    fn link(&mut self, there: usize, back: usize) -> Link {
        self.links += 1;
        Link {
            bits_per_second: self.bits_per_second,
            ..Link::new(
                self.delays[there].clone(),
                self.means[back],
                mix(self.seed ^ self.links),
            )
        }
    }
}

impl Topology {
    /// A new link from the primary of its shard to a node.
    pub(super) fn link(&mut self, node: NodeAt) -> Link {
        let shard = &self.shards[node.shard as usize];
        let (from, to) = (shard.zone(shard.primary), shard.zone(node.member));
        self.link_between(from, to)
    }

    /// A new link from zone to zone.
    pub(super) fn link_between(&mut self, from: u8, to: u8) -> Link {
        let (from, to) = (usize::from(from), usize::from(to));
        self.wiring
            .link(from * self.zones + to, to * self.zones + from)
    }

    /// The mean way from a node to those who ask it.
    pub(super) fn mean_way(&self, from: u8) -> Span {
        let row = usize::from(from) * self.zones;
        let means = &self.wiring.means[row..row + self.zones];
        let sum: u64 = means.iter().map(|mean| mean.0).sum();
        Span(sum / self.zones as u64)
    }
}
