//! Random valid scenarios, small enough to run in a test.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::kernel::quantiles::Distribution;
use crate::kernel::streams::Streams;
use crate::units::{Bandwidth, Bytes, Rate, Ratio, Span, Speed};

use super::Scenario;
use super::commands::{CommandName, Program, Step, When};
use super::database::{DatabaseSpec, OnLostSession};
use super::expect::{Bound, Comparison, Expectation};
use super::network::NetworkSpec;
use super::presets::node_types::{self, NodeType, Offer};
use super::reader::choice::Choice;
use super::store::{
    Allocator, CpuCredits, Engine, EvictionPolicy, Platform, ServiceTime, SpeedSpec, StoreSpec,
};
use super::users::{Arrival, Encoding, Purpose, SessionSpec, TtlKind, UserClass};

/// The scenario of that seed. Equal seeds give equal scenarios; a run of one has at most some
/// 100,000 requests. Features are left off entirely in many of them (returns, logouts, a memory
/// limit, a TTL), so that their absence is tried too.
pub fn random_scenario(seed: u64) -> Scenario {
    let mut dice = Dice(Streams::new(seed, 0).stream("random scenario"));
    let platform = dice.choice::<Platform>();
    let duration = Span::from_secs(dice.between(60, 7200));
    let classes = dice.between(1, 3) as usize;
    let users = (0..classes)
        .map(|number| user_class(&mut dice, number, duration))
        .collect();
    Scenario {
        name: format!("random-{seed}"),
        description: dice
            .pick(&[
                "",
                "a \"random\" scenario",
                "zeile\tzwei \u{e4}\u{1f6d2}\u{7f}\n\\",
            ])
            .to_owned(),
        seed: dice.0.next_u64(),
        duration,
        warmup: Span(dice.between(0, duration.0 / 2)),
        window: Span::from_secs(dice.between(1, 600)),
        platform,
        store: store(&mut dice, platform),
        node_types: own_types(dice),
        network: NetworkSpec {
            hop: dice.spans(0, 2_000_000),
        },
        database: DatabaseSpec {
            concurrency: dice.between(1, 64) as u32,
            queue_limit: dice.between(0, 1000) as u32,
            service_time: dice.spans(1_000, 20_000_000),
            on_lost_session: dice.choice::<OnLostSession>(),
        },
        expect: expectations(&mut dice),
        users,
    }
}

/// Drawn after all else, and without effect on a run.
fn expectations(dice: &mut Dice) -> Vec<Expectation> {
    let number = dice.between(0, 2);
    (0..number)
        .map(|_| Expectation {
            metric: "session_hit_rate".to_owned(),
            comparison: dice.pick(&[Comparison::AtLeast, Comparison::Below, Comparison::Unequal]),
            bound: Bound::Ratio(dice.between(0, Ratio::ONE.0).cast_signed()),
            why: dice.pick(&["", "SLO \"3\"", "\u{e4}\\"]).to_owned(),
        })
        .collect()
}

struct Dice(ChaCha8Rng);

impl Dice {
    /// A number from `least` to `most`.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        let width = u128::from(most - least) + 1;
        least + ((u128::from(self.0.next_u64()) * width) >> 64) as u64
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.between(1, n) == 1
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.between(0, list.len() as u64 - 1) as usize]
    }

    fn choice<C: Choice>(&mut self) -> C {
        self.pick(C::CHOICES).1
    }

    /// A share, often nothing or everything.
    fn share(&mut self) -> Ratio {
        match self.between(0, 5) {
            0 | 1 => Ratio::ZERO,
            2 => Ratio::ONE,
            _ => Ratio(self.between(0, Ratio::ONE.0)),
        }
    }

    /// A distribution of any kind whose parameters lie between the two.
    fn spans(&mut self, least: u64, most: u64) -> Distribution<Span> {
        match self.distribution(least, most) {
            Distribution::Fixed(n) => Distribution::Fixed(Span(n.0)),
            Distribution::Exponential { mean } => Distribution::Exponential { mean: Span(mean.0) },
            Distribution::Uniform { min, max } => Distribution::Uniform {
                min: Span(min.0),
                max: Span(max.0),
            },
            Distribution::Lognormal { median, p99 } => Distribution::Lognormal {
                median: Span(median.0),
                p99: Span(p99.0),
            },
            Distribution::Empirical(list) => {
                Distribution::Empirical(list.into_iter().map(|n| Span(n.0)).collect())
            }
        }
    }

    fn distribution(&mut self, least: u64, most: u64) -> Distribution<Bytes> {
        match self.between(0, 4) {
            0 => Distribution::Fixed(Bytes(self.between(least, most))),
            1 => Distribution::Exponential {
                mean: Bytes(self.between(least, most)),
            },
            2 => {
                let min = self.between(least, most);
                Distribution::Uniform {
                    min: Bytes(min),
                    max: Bytes(self.between(min, most)),
                }
            }
            3 => {
                let median = self.between(least.max(1), most.max(1));
                let p99 = self.between(median, median.saturating_mul(20).min(most.max(median)));
                Distribution::Lognormal {
                    median: Bytes(median),
                    p99: Bytes(p99),
                }
            }
            _ => {
                let n = self.between(1, 5);
                let draws = (0..n).map(|_| Bytes(self.between(least, most)));
                Distribution::Empirical(draws.collect())
            }
        }
    }
}

fn store(dice: &mut Dice, platform: Platform) -> StoreSpec {
    let elasticache = platform == Platform::ElastiCache;
    let offered: Vec<Engine> = Engine::CHOICES
        .iter()
        .map(|(_, engine)| *engine)
        .filter(|engine| platform.offers(*engine))
        .collect();
    let node_type = if elasticache && dice.one_in(2) {
        Some("cache.t3.micro")
    } else {
        None
    };
    let (maxmemory, reserved_memory) = if let Some(node_type) = node_type.and_then(node_types::find)
    {
        let reserved = Ratio(dice.between(0, Ratio::ONE.0 * 9 / 10));
        (node_type.usable(reserved), reserved)
    } else if dice.one_in(3) {
        (Bytes(0), Ratio::ZERO)
    } else {
        // Enough for the empty node, and then for all, some or hardly any of the sessions.
        (Bytes(dice.between(2 << 20, 16 << 20)), Ratio::ZERO)
    };
    let engine = dice.pick(&offered);
    StoreSpec {
        engine,
        allocator: if elasticache {
            Allocator::Bundled
        } else {
            dice.choice::<Allocator>()
        },
        shards: if dice.one_in(2) {
            1
        } else {
            dice.between(2, 9) as u32
        },
        node_type: node_type.map(str::to_owned),
        maxmemory,
        reserved_memory,
        maxmemory_policy: dice.choice::<EvictionPolicy>(),
        maxmemory_samples: dice.between(1, 64) as u32,
        hz: dice.pick(&[1, 10, 10, 100, 500]),
        active_expire_effort: dice.between(1, 10) as u32,
        lfu_log_factor: dice.between(0, 100) as u32,
        lfu_decay_time: dice.between(0, 60) as u32,
        service_time: if dice.one_in(2) {
            let fixed = Span(dice.between(0, 50_000));
            ServiceTime::ByBytes {
                fixed,
                per_kib: Span(dice.between(0, 2_000)),
            }
        } else {
            ServiceTime::Drawn(dice.spans(0, 100_000))
        },
        speed: speed(dice, node_type.and_then(node_types::find).as_ref(), engine),
    }
}

/// Often none; one that nothing uses, which must come back as it was written.
fn own_types(dice: &mut Dice) -> Vec<NodeType> {
    if !dice.one_in(4) {
        return Vec::new();
    }
    let offer = Offer {
        runs: true,
        price: None,
    };
    let vcpu = dice.between(1, 8) as u32;
    let enhanced_io = dice.one_in(2);
    let baseline = dice.between(1, 1_000);
    let limited = dice.one_in(2);
    vec![NodeType {
        name: "our.large".to_owned(),
        generation: "own".to_owned(),
        vcpu,
        maxmemory: Bytes(dice.between(1 << 20, 1 << 34)),
        network_baseline_mbps: limited.then_some(baseline),
        network_burst_mbps: (limited && dice.one_in(2)).then_some(2 * baseline),
        enhanced_io,
        tls_offload: enhanced_io && vcpu >= 4,
        cpu_credits_per_hour: dice.one_in(2).then_some(24),
        maxclients: 1_000,
        redis: offer,
        valkey: offer,
        memcached: offer,
        data_tiering: false,
        price_region: String::new(),
        price_date: String::new(),
    }]
}

/// Often as the node type is, else so slow and narrow that it matters.
fn speed(dice: &mut Dice, node_type: Option<&NodeType>, engine: Engine) -> SpeedSpec {
    let mut speed = SpeedSpec::of(node_type, engine);
    if dice.one_in(2) {
        return speed;
    }
    speed.speed = Speed(dice.between(1_000, 400_000));
    speed.tls = dice.one_in(2);
    speed.io_threads = dice.between(1, 9) as u32;
    if speed.credits_per_hour > 0 {
        speed.cpu_credits = dice.choice::<CpuCredits>();
        speed.credits_at_start = dice.share();
    }
    if dice.one_in(2) {
        speed.bandwidth = Bandwidth(dice.between(1, 100));
        speed.burst_bandwidth = Bandwidth(dice.between(speed.bandwidth.0, 10_000));
    } else {
        (speed.bandwidth, speed.burst_bandwidth) = (Bandwidth(0), Bandwidth(0));
    }
    speed.burst_time = Span(dice.between(0, 600_000_000_000));
    speed
}

fn user_class(dice: &mut Dice, number: usize, duration: Span) -> UserClass {
    let arrival = if dice.one_in(2) {
        Arrival::Concurrent {
            users: dice.between(1, 50),
            ramp_up: Span(dice.between(0, duration.0 / 2)),
        }
    } else {
        // At most 2,000 new users.
        let most = 2e12 / duration.seconds();
        Arrival::Poisson {
            rate: Rate(dice.between(1_000_000, most as u64)),
        }
    };
    let second = 1_000_000_000;
    UserClass {
        name: format!("class-{number}"),
        login: dice.one_in(2),
        arrival,
        think_time: dice.spans(5 * second, 60 * second),
        stay: dice.spans(10 * second, 600 * second),
        modify_share: dice.share(),
        logout_share: dice.share(),
        return_share: dice.share(),
        away: dice.spans(60 * second, 7_200 * second),
        session: session(dice),
    }
}

fn session(dice: &mut Dice) -> SessionSpec {
    let encoding = if dice.one_in(2) {
        Encoding::String
    } else {
        let fields = dice.between(1, 200) as u32;
        Encoding::Hash {
            fields,
            field_length: dice.between(1, 70) as u32,
        }
    };
    let ttl_kind = dice.choice::<TtlKind>();
    let ttl = match ttl_kind {
        TtlKind::None => Span::ZERO,
        _ => Span::from_millis(dice.between(1, 3_600_000)),
    };
    let mut session = SessionSpec {
        key: dice
            .pick(&["session:<id>", "<id>", "{shop}:<id>", "cart:{<id>}:v2"])
            .to_owned(),
        id_length: dice.between(8, 64) as u32,
        encoding,
        bytes: dice.distribution(1, 20_000),
        ttl,
        ttl_kind,
        login: Purpose::Login.program(encoding, ttl_kind),
        read: Purpose::Read.program(encoding, ttl_kind),
        modify: Purpose::Modify.program(encoding, ttl_kind),
        logout: Purpose::Logout.program(encoding, ttl_kind),
        restore: Purpose::Restore.program(encoding, ttl_kind),
    };
    vary(dice, &mut session);
    session
}

/// Programs as some libraries have them.
fn vary(dice: &mut Dice, session: &mut SessionSpec) {
    let step = |command, when| Step { command, when };
    let string = session.encoding == Encoding::String;
    if string && session.ttl_kind == TtlKind::Sliding && dice.one_in(2) {
        session.read = vec![step(CommandName::GetEx, When::Found)];
    }
    if string && dice.one_in(3) {
        session
            .login
            .insert(0, step(CommandName::SetNx, When::Always));
    }
    if string && session.ttl_kind != TtlKind::FromWrite && dice.one_in(4) {
        session.read.push(step(CommandName::Set, When::Missing));
    }
    let lead: Program = vec![step(CommandName::Exists, When::Found)];
    if dice.one_in(4) {
        session.modify.splice(0..0, lead.clone());
        session.logout.splice(0..0, lead);
    }
    if dice.one_in(4) {
        session.logout[0].when = When::Always;
    }
}
