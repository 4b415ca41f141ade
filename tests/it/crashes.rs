//! Nothing is lost from the books, whatever fails and whenever: thousands of small runs of random
//! topologies under random faults.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sessionsim::kernel::draws::mix;
use sessionsim::kernel::quantiles::Distribution;
use sessionsim::metrics::recorder::Recorder;
use sessionsim::probe::{Came, LossCause, Mark, Probe, RequestId, ShardTold, Told, UserId};
use sessionsim::scenario::Scenario;
use sessionsim::scenario::faults::{FaultKind, FaultSpec, Wire};
use sessionsim::scenario::network::ZoneSpec;
use sessionsim::scenario::store::Reads;
use sessionsim::scenario::users::Arrival;
use sessionsim::units::{Bandwidth, Bytes, Ratio, Span, Speed, Time};

use crate::failures::shop;
use crate::support::{Both, fixed, watch};

/// What a shard's stream looks like from outside.
#[derive(Default)]
struct Stream {
    /// The offset behind the last write.
    end: u64,
    /// What each replica had when it was read last.
    applied: BTreeMap<u8, u64>,
    /// Writes with a reply, by their offset: when they were executed.
    written: BTreeMap<u64, Time>,
    /// Where the present history begins.
    begins: u64,
    taken_back: BTreeSet<u64>,
}

/// Watches offsets, and compares what is told of writes with what is told of promotions.
#[derive(Default)]
struct Witness {
    streams: BTreeMap<u16, Stream>,
    /// The shard of each user's session.
    homes: BTreeMap<UserId, u16>,
    reads: u64,
    taken_back: u64,
}

impl Witness {
    fn stream(&mut self, shard: u16) -> &mut Stream {
        self.streams.entry(shard).or_default()
    }
}

impl Probe for Witness {
    fn wants_stories(&self) -> bool {
        true
    }

    fn told(&mut self, at: Time, user: UserId, _request: RequestId, what: &Told) {
        match what {
            Told::Named { shard, .. } => {
                self.homes.insert(user, *shard);
            }
            Told::Command(command) => {
                let Some(offset) = command.offset else {
                    return;
                };
                let only_reads = command.name.only_reads();
                self.reads += u64::from(only_reads);
                let stream = self.stream(command.place.shard);
                if only_reads {
                    let before = stream.applied.insert(command.place.node, offset);
                    assert!(
                        before.is_none_or(|before| before <= offset),
                        "a replica goes back"
                    );
                } else {
                    assert!(offset > stream.end, "a stream goes back at {at:?}");
                    assert_eq!(command.came, Came::Done);
                    stream.end = offset;
                    stream.written.insert(offset, command.start);
                }
            }
            Told::TakenBack {
                written, offset, ..
            } => {
                self.taken_back += 1;
                let shard = self.homes[&user];
                let stream = self.stream(shard);
                // Lost, and not present: once, and beyond what the new primary has.
                assert!(*offset > stream.begins, "a write is lost and present");
                assert!(stream.taken_back.insert(*offset), "a write is lost twice");
                let then = stream.written.get(offset);
                assert_eq!(then, Some(written), "what was never written is lost");
            }
            _ => {}
        }
    }

    fn shard_told(&mut self, _at: Time, shard: u16, what: &ShardTold) {
        let stream = self.stream(shard);
        match what {
            ShardTold::Fails {
                offset, survives, ..
            } => assert!(survives.is_none_or(|survives| survives <= *offset)),
            ShardTold::Promoted { offset, .. } => {
                // What was lost in an earlier history is not what is lost in this one.
                stream.taken_back.clear();
                stream.applied.clear();
                stream.begins = *offset;
                stream.end = *offset;
            }
            ShardTold::BeginsEmpty { .. } => {
                stream.applied.clear();
                stream.written.clear();
            }
        }
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0) % limit
    }
}

/// Faults of all kinds at random times, more of them than there are nodes.
fn crashes(dice: &mut Dice, scenario: &mut Scenario) {
    let zones = 1 + dice.below(3) as usize;
    let names: Vec<String> = (0..zones).map(|zone| format!("z{zone}")).collect();
    scenario.network.zones = ZoneSpec {
        names,
        cross: Distribution::Uniform {
            min: Span::ZERO,
            max: Span::from_micros(1 + dice.below(300_000)),
        },
        pairs: Vec::new(),
    };
    scenario.store.shards = 1 + dice.below(3) as u32;
    let topology = &mut scenario.store.topology;
    topology.replicas = dice.below(6) as u32;
    topology.zones = (0..zones).collect();
    topology
        .zones
        .rotate_left(dice.below(zones as u64) as usize);
    topology
        .zones
        .truncate(1 + dice.below(zones as u64) as usize);
    topology.reads = [Reads::Primary, Reads::AnyReplica, Reads::SameZone][dice.below(3) as usize];
    let bandwidth = Bandwidth(1);
    scenario.network.replication_bandwidth = (dice.below(3) == 0).then_some(bandwidth);
    // Half of these links are too slow.
    let bytes = [500, 40_000][dice.below(2) as usize];
    scenario.users[0].session.bytes = Distribution::Fixed(Bytes(bytes));
    let replicas = u64::from(topology.replicas);
    for _ in 0..dice.below(6) {
        let mut kind = [
            FaultKind::ProcessCrash,
            FaultKind::HostLoss,
            FaultKind::ZoneOutage,
            FaultKind::ReplicaLoss,
        ][dice.below(4) as usize];
        if kind == FaultKind::ReplicaLoss && replicas == 0 {
            kind = FaultKind::HostLoss;
        }
        scenario.faults.push(FaultSpec {
            at: Span::from_millis(dice.below(20_000)),
            kind,
            shard: dice.below(scenario.store.shards.into()) as u32,
            replica: 1 + dice.below(replicas.max(1)) as u32,
            zone: dice.below(zones as u64) as usize,
            wire: [Wire::Delivered, Wire::Lost][dice.below(2) as usize],
            promotion: Span::from_millis(dice.below(5000)),
            replacement: Span::from_millis(dice.below(9000)),
            timeout: Span::from_millis(1 + dice.below(2000)),
            speed: Speed::SAME,
            lasts: Span::ZERO,
        });
    }
}

/// Every session meets one fate and every request is answered once: the recorder checks that at the
/// end of each run. No offset runs backwards, no replica is ahead of its primary, no write is both lost
/// and present: the witness and the world look at that.
fn books_are_kept(seeds: Range<u64>) {
    let mut base = shop("", "", "");
    base.duration = Span::from_secs(20);
    base.warmup = Span::from_secs(2);
    base.window = Span::from_secs(10);
    base.store.hz = 1;
    // Tables of other distributions would be most of the work.
    base.database.service_time = fixed(Span::from_millis(2));
    base.users[0].arrival = Arrival::Concurrent {
        users: 6,
        ramp_up: Span::from_secs(1),
    };
    base.users[0].think_time = fixed(Span::from_millis(700));
    base.users[0].stay = fixed(Span::from_secs(4));
    base.users[0].logout_share = Ratio(300_000_000);
    base.users[0].session.ttl = Span::from_secs(3);
    let (mut losses, mut older, mut back, mut gone) = (0, 0, 0, 0);
    let (mut reads, mut taken_back) = (0, 0);
    for seed in seeds {
        let mut dice = Dice(seed);
        let mut scenario = base.clone();
        scenario.seed = seed;
        crashes(&mut dice, &mut scenario);
        let both = Both(Recorder::new(&scenario), Witness::default());
        let Both(recorder, witness) = watch(&scenario, both);
        let run = recorder.finish();
        losses += run.counts.lost[LossCause::Unreplicated as usize];
        gone += run.counts.lost[LossCause::NodeLost as usize];
        back += run.counts.marks[Mark::Resurrected as usize];
        older += run.counts.marks[Mark::StaleSession as usize];
        reads += witness.reads;
        taken_back += witness.taken_back;
    }
    // It is worth something only if all that happens.
    assert!(
        losses > 20 && gone > 1000 && older > 100 && back > 10,
        "{losses} {gone} {older} {back}"
    );
    assert!(reads > 10_000 && taken_back > 200, "{reads} {taken_back}");
}

#[test]
fn books_are_kept_under_random_crashes() {
    books_are_kept(0..5_000);
}

#[test]
fn books_are_kept_under_more_random_crashes() {
    books_are_kept(5_000..10_000);
}
