//! Random valid scenarios, small enough to run in a test.

mod beside;
mod sessions;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::kernel::quantiles::Distribution;
use crate::kernel::streams::Streams;
use crate::units::{Bytes, Rate, Ratio, Span};

mod store;
mod topology;

use self::store::{own_types, store};
use super::alarms::{Alarm, Condition, Side};
use super::cost::{CostSpec, Payment};
use super::database::{DatabaseSpec, OnLostSession, Writes};
use super::expect::{Bound, Comparison, Expectation};
use super::network::{NetworkSpec, ZoneSpec};
use super::reader::choice::Choice;
use super::store::Platform;
use super::users::arrivals::{Arrivals, Daily, Factor, Spike, SpikeEnd, Step as RateStep};
use super::users::{Arrival, Calls, Copies, Pacing, Parallel, ScriptStep, UserClass, Visits};
use super::{Scenario, Start};

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
    let mut scenario = Scenario {
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
        start: Start::Cold,
        warmup: Span(dice.between(0, duration.0 / 2)),
        window: Span::from_secs(dice.between(1, 600)),
        platform,
        store: store(&mut dice, platform),
        node_types: own_types(&mut dice),
        network: NetworkSpec {
            hop: dice.spans(0, 2_000_000),
            zones: ZoneSpec::ONE,
            replication_bandwidth: None,
        },
        faults: Vec::new(),
        database: DatabaseSpec {
            concurrency: dice.between(1, 64) as u32,
            queue_limit: dice.between(0, 1000) as u32,
            service_time: dice.spans(1_000, 20_000_000),
            contention: Ratio::ZERO,
            coherency: Ratio::ZERO,
            on_lost_session: dice.choice::<OnLostSession>(),
            writes: Writes::Alongside,
        },
        expect: expectations(&mut dice),
        cost: cost(&mut dice),
        alarms: alarms(&mut dice),
        trace: None,
        workloads: beside::workloads(&mut dice, duration),
        users,
    };
    beside::elsewhere(&mut dice, &mut scenario);
    if scenario.store.kind.is_cache() {
        topology::topology(&mut dice, &mut scenario);
    }
    // Spikes of a crowd that clicks on large pages would take too long to run.
    if scenario.expected_requests() > MOST_REQUESTS {
        for class in &mut scenario.users {
            class.parallel = Parallel::ONE;
            class.arrivals = Arrivals::default();
        }
    }
    if dice.one_in(3) {
        begin_in_the_middle(&mut dice, &mut scenario);
    }
    for class in &mut scenario.users {
        class.copies = copies(&mut dice, &class.arrival);
    }
    scenario
}

/// Beyond as many a scenario leaves off what multiplies its requests.
const MOST_REQUESTS: f64 = 500_000.0;

/// Gives the scenario a past, if it has a stationary state.
fn begin_in_the_middle(dice: &mut Dice, scenario: &mut Scenario) {
    let history = Span::from_secs(dice.between(1, 3600));
    let with_past = Scenario {
        start: Start::Stationary { history },
        workloads: Vec::new(),
        ..scenario.clone()
    };
    if with_past.has_no_stationary_state(history).is_none() {
        *scenario = with_past;
    }
}

/// Likewise.
fn alarms(dice: &mut Dice) -> Vec<Alarm> {
    let number = dice.between(0, 2);
    (0..number)
        .map(|_| {
            let datapoints = dice.between(1, 5) as u32;
            Alarm {
                name: dice.pick(&["mine", "\"<b>\" \u{e4}"]).to_owned(),
                when: Condition {
                    metric: dice.pick(&["Evictions", "CacheHitRate"]).to_owned(),
                    side: dice.pick(&[Side::Above, Side::AtLeast, Side::Below, Side::AtMost]),
                    threshold: dice.between(0, 200_000_000),
                },
                period: Span::from_secs(60 * dice.between(1, 60)),
                datapoints,
                of: datapoints + dice.between(0, 3) as u32,
            }
        })
        .collect()
}

/// Drawn last: it has no effect on a run.
fn cost(dice: &mut Dice) -> CostSpec {
    let mut price = |most: u64| (!dice.one_in(3)).then(|| dice.between(0, most));
    let node = price(20_000_000);
    let backup_storage = price(100_000);
    let serverless_storage = price(200_000);
    let serverless_requests = price(5_000);
    let database_queries = price(2_000_000);
    let cross_zone = price(100_000);
    CostSpec {
        region: dice.pick(&["us-east-1", "eu-\"west\"-1"]).to_owned(),
        source: dice.pick(&["AWS, 2026", "our <contract>"]).to_owned(),
        payment: dice.choice::<Payment>(),
        reserved_discount: dice.share(),
        node,
        backups: dice.between(0, 35) as u32,
        backup_storage,
        serverless_storage,
        cross_zone,
        serverless_requests,
        database_queries,
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
            class: None,
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
            Distribution::Weighted(list) => {
                Distribution::Weighted(list.into_iter().map(|(n, w)| (Span(n.0), w)).collect())
            }
        }
    }

    fn distribution(&mut self, least: u64, most: u64) -> Distribution<Bytes> {
        match self.between(0, 5) {
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
            4 => {
                let n = self.between(1, 3);
                let draws = (0..n).map(|_| {
                    let value = Bytes(self.between(least, most));
                    (value, self.between(1, 9))
                });
                Distribution::Weighted(draws.collect())
            }
            _ => {
                let n = self.between(1, 5);
                let draws = (0..n).map(|_| Bytes(self.between(least, most)));
                Distribution::Empirical(draws.collect())
            }
        }
    }
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
    let think_time = dice.spans(5 * second, 60 * second);
    let visits = visits(dice, &think_time);
    let arrivals = arrivals(dice, &arrival, duration);
    UserClass {
        name: format!("class-{number}"),
        copies: Copies::ONE,
        login: visits.login,
        login_share: visits.login_share,
        login_after: visits.login_after,
        cookies: visits.cookies,
        arrival,
        arrivals,
        think_time,
        pacing: if visits.cookies {
            dice.choice()
        } else {
            Pacing::FromRequest
        },
        parallel: if visits.cookies && dice.one_in(4) {
            let calls = (0..dice.between(1, 3)).map(|_| Calls(dice.between(1, 4) as u8));
            Parallel::of(calls.zip(1..).collect())
        } else {
            Parallel::ONE
        },
        zone: None,
        stay: visits.stay,
        script: visits.script,
        modify_share: visits.modify_share,
        untouched_share: visits.untouched_share,
        logout_share: visits.logout_share,
        return_share: if visits.cookies {
            dice.share()
        } else {
            Ratio::ZERO
        },
        away: if visits.cookies {
            dice.spans(60 * second, 7_200 * second)
        } else {
            Distribution::Fixed(Span::ZERO)
        },
        session: sessions::session(dice),
    }
}

/// A few copies, of some classes.
fn copies(dice: &mut Dice, arrival: &Arrival) -> Copies {
    let copies = Copies {
        number: dice.between(2, 9) as u32,
        skew: Factor(dice.between(0, 2_000_000)),
    };
    if dice.one_in(6) && !copies.has_empty(arrival) {
        copies
    } else {
        Copies::ONE
    }
}

/// How the rate, or the number of users, changes.
fn arrivals(dice: &mut Dice, arrival: &Arrival, duration: Span) -> Arrivals {
    if dice.one_in(2) {
        return Arrivals::default();
    }
    let factor = |dice: &mut Dice| Factor(dice.between(0, 2_500_000));
    let mut steps = Vec::new();
    let mut at = duration.0 / 20;
    for _ in 0..dice.between(0, 3) {
        let over = dice.between(0, duration.0 / 8);
        at += dice.between(0, duration.0 / 3);
        steps.push(RateStep {
            at: Span(at),
            factor: factor(dice),
            over: Span(over),
        });
        at += over;
    }
    if matches!(arrival, Arrival::Concurrent { .. }) {
        return Arrivals {
            steps,
            ..Arrivals::default()
        };
    }
    let spikes = (0..dice.between(0, 2)).map(|_| Spike {
        at: Span(dice.between(0, duration.0)),
        factor: factor(dice),
        rise: Span(dice.between(0, duration.0 / 20)),
        lasts: Span(dice.between(0, duration.0 / 20)),
        end: if dice.one_in(2) {
            SpikeEnd::Fall(Span(dice.between(1, duration.0 / 20)))
        } else {
            SpikeEnd::Decay(Span(dice.between(1, duration.0 / 100)))
        },
        every: dice.one_in(3).then_some(Span(duration.0 / 3)),
    });
    let spikes = spikes.collect();
    Arrivals {
        process: dice.choice(),
        daily: match dice.between(0, 3) {
            0 => Daily::ByHour((0..24).map(|hour| Factor((hour + 1) * 100_000)).collect()),
            1 => Daily::Sine {
                peak: Span::from_secs(dice.between(0, 86_399)),
                swing: dice.share(),
            },
            _ => Daily::Flat,
        },
        by_weekday: if dice.one_in(3) {
            (1..=7).map(|day| Factor(day * 1_500_000)).collect()
        } else {
            Vec::new()
        },
        begins_at: Span::from_secs(dice.between(0, 86_399)),
        begins_on: dice.choice(),
        growth: dice.share(),
        steps,
        spikes,
    }
}

fn visits(dice: &mut Dice, think_time: &Distribution<Span>) -> Visits {
    let second = 1_000_000_000;
    if dice.one_in(8) {
        return Visits::of_a_stranger(think_time);
    }
    let login = dice.one_in(2);
    if dice.one_in(5) {
        let mut script = vec![ScriptStep::FirstWrite];
        for _ in 0..dice.between(0, 12) {
            let step = dice.choice::<ScriptStep>();
            if login || step != ScriptStep::Login {
                script.push(step);
            }
        }
        return Visits::scripted(login, script, think_time);
    }
    let modify_share = dice.share();
    Visits {
        login,
        login_share: if login { dice.share() } else { Ratio::ONE },
        login_after: if login && dice.one_in(3) {
            Some(dice.spans(0, 300 * second))
        } else {
            None
        },
        cookies: true,
        stay: dice.spans(10 * second, 600 * second),
        script: Vec::new(),
        modify_share,
        untouched_share: if dice.one_in(3) {
            Ratio(dice.between(0, Ratio::ONE.0 - modify_share.0))
        } else {
            Ratio::ZERO
        },
        logout_share: dice.share(),
    }
}
