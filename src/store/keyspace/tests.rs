//! Rules of a keyspace.

mod oracles;
mod policies;

use super::*;
use crate::kernel::streams::Streams;
use crate::scenario::commands::CommandName;
use crate::scenario::store::{Allocator, Engine, EvictionPolicy};
use crate::units::Bytes;

const POLICIES: [EvictionPolicy; 8] = [
    EvictionPolicy::NoEviction,
    EvictionPolicy::AllKeysLru,
    EvictionPolicy::AllKeysLfu,
    EvictionPolicy::AllKeysRandom,
    EvictionPolicy::VolatileLru,
    EvictionPolicy::VolatileLfu,
    EvictionPolicy::VolatileRandom,
    EvictionPolicy::VolatileTtl,
];

fn spec(policy: EvictionPolicy, maxmemory: u64) -> StoreSpec {
    StoreSpec {
        maxmemory: Bytes(maxmemory),
        maxmemory_policy: policy,
        ..StoreSpec::upstream()
    }
}

fn keyspace(spec: &StoreSpec, seed: u64) -> Keyspace {
    let rng = Streams::new(seed, 0).stream("node/0");
    Keyspace::new(spec, rng, 1_800_000_000_000, CpuTime::default())
}

const STRING: Shape = Shape {
    key_length: 40,
    kind: ShapeKind::String,
};

const fn command(name: CommandName, bytes: u32, ttl: Ttl) -> Command {
    Command { name, bytes, ttl }
}

const GET: Command = command(CommandName::Get, 0, Ttl::Keep);
const DEL: Command = command(CommandName::Del, 0, Ttl::Keep);

const fn set(bytes: u32, ttl: Ttl) -> Command {
    command(CommandName::Set, bytes, ttl)
}

#[test]
fn a_value_lives_until_its_ttl_has_passed() {
    let mut keyspace = keyspace(&spec(EvictionPolicy::NoEviction, 0), 1);
    let shape = keyspace.register(STRING);
    let key = keyspace.create(1, 0, shape, 77);
    assert_eq!(keyspace.execute(&GET, key, Time::ZERO), Outcome::Miss);
    let ttl = Ttl::In(Span::from_millis(100));
    assert_eq!(
        keyspace.execute(&set(10, ttl), key, Time::ZERO),
        Outcome::Done
    );
    let at = |ms: u64| Time(ms * 1_000_000);
    assert_eq!(keyspace.execute(&GET, key, at(100)), Outcome::Hit);
    assert_eq!((keyspace.keys(), keyspace.expires()), (1, 1));
    assert_eq!(keyspace.execute(&GET, key, at(101)), Outcome::Miss);
    let death = keyspace.pop_death().unwrap();
    assert_eq!(
        (death.key, death.owner, death.cause),
        (key, 77, DeathCause::Expired)
    );
    assert_eq!((keyspace.keys(), keyspace.expires()), (0, 0));
    let stats = *keyspace.stats();
    assert_eq!(
        (
            stats.keyspace_hits,
            stats.keyspace_misses,
            stats.expired_keys
        ),
        (1, 2, 1)
    );
    keyspace.check().unwrap();
}

#[test]
fn commands_answer_as_the_server_does() {
    let mut keyspace = keyspace(&spec(EvictionPolicy::NoEviction, 0), 1);
    let shape = keyspace.register(STRING);
    let key = keyspace.create(1, 0, shape, 0);
    let minute = Ttl::In(Span::from_secs(60));
    let mut run = |name, bytes, ttl| {
        let outcome = keyspace.execute(&command(name, bytes, ttl), key, Time::ZERO);
        keyspace.check().unwrap();
        (outcome, keyspace.expires())
    };
    assert_eq!(run(CommandName::Expire, 0, minute), (Outcome::NotDone, 0));
    assert_eq!(run(CommandName::SetXx, 9, minute), (Outcome::NotDone, 0));
    assert_eq!(run(CommandName::SetNx, 9, Ttl::Clear), (Outcome::Done, 0));
    assert_eq!(run(CommandName::SetNx, 9, minute), (Outcome::NotDone, 0));
    assert_eq!(run(CommandName::GetEx, 0, minute), (Outcome::Hit, 1));
    assert_eq!(run(CommandName::SetXx, 900, Ttl::Keep), (Outcome::Done, 1));
    assert_eq!(run(CommandName::Set, 90, Ttl::Clear), (Outcome::Done, 0));
    assert_eq!(run(CommandName::Expire, 0, minute), (Outcome::Done, 1));
    assert_eq!(run(CommandName::Expire, 0, Ttl::Clear), (Outcome::Done, 0));
    assert_eq!(run(CommandName::Exists, 0, Ttl::Keep), (Outcome::Hit, 0));
    assert_eq!(run(CommandName::Del, 0, Ttl::Keep), (Outcome::Done, 0));
    assert_eq!(run(CommandName::Del, 0, Ttl::Keep), (Outcome::NotDone, 0));
    assert_eq!(run(CommandName::HGetAll, 0, Ttl::Keep), (Outcome::Miss, 0));
    assert_eq!(run(CommandName::HSet, 70, Ttl::Keep), (Outcome::Done, 0));
    assert!(keyspace.deaths().is_empty());
}

/// Measured on Redis 7.0.15: the insertion of key 65537 allocates a table of 131072
/// buckets, and the old one is given back when the rehash is over.
#[test]
fn tables_grow_at_their_load_and_the_old_one_is_given_back() {
    let mut keyspace = keyspace(&spec(EvictionPolicy::NoEviction, 0), 1);
    let shape = keyspace.register(STRING);
    let store = |keyspace: &mut Keyspace, id| {
        let key = keyspace.create(id, 0, shape, 0);
        let before = keyspace.used_memory();
        keyspace.execute(&set(10, Ttl::Clear), key, Time::ZERO);
        keyspace.used_memory().cast_signed() - before.cast_signed()
    };
    let steps: Vec<i64> = (0..65_537).map(|id| store(&mut keyspace, id)).collect();
    let key = steps[2];
    assert_eq!(steps[65_536] - key, 1_048_576);
    // The rehash of the table before was over by then: one bucket for each key and more.
    assert!(steps[50_000..65_536].iter().all(|&step| step == key));
    let before = keyspace.used_memory();
    keyspace.cron(Time::ZERO);
    assert_eq!(before - keyspace.used_memory(), 524_288);
    keyspace.check().unwrap();
}

const ENGINES: [Engine; 6] = [
    Engine::Redis70,
    Engine::Redis74,
    Engine::Redis80,
    Engine::Valkey80,
    Engine::Valkey81,
    Engine::Valkey91,
];

/// Random commands on few keys, with time passing: everything adds up after every few of them,
/// memory stays within the limit, and nothing is refused while something could be evicted.
fn swarm(engine: Engine, policy: EvictionPolicy, seed: u64) {
    let limit = EngineRules::of(engine, Allocator::Bundled).base_of(seed % 2 == 1) + 420_000;
    let mut spec = spec(policy, limit);
    spec.engine = engine;
    spec.shards = 1 + (seed % 2) as u32;
    let mut rng = Streams::new(seed, 1).stream("swarm");
    spec.maxmemory_samples = 1 + (rng.next_u64() % 10) as u32;
    let mut keyspace = keyspace(&spec, seed);
    let shapes = [
        keyspace.register(STRING),
        keyspace.register(Shape {
            key_length: 20,
            kind: ShapeKind::Hash {
                fields: 5,
                field_length: 4,
            },
        }),
    ];
    let keys: Vec<KeyId> = (0..2000)
        .map(|id| keyspace.create(id, (id % 40) as u16, shapes[id as usize % 2], id as u32))
        .collect();
    let mut live = vec![false; keys.len()];
    let mut at = Time::ZERO;
    for round in 0..10_000 {
        let bits = rng.next_u64();
        let key = keys[(bits % 2000) as usize];
        let name = CommandName::ALL[(bits >> 20) as usize % CommandName::ALL.len()];
        let ttl = match bits >> 30 & 7 {
            0 => Ttl::Clear,
            1 => Ttl::Keep,
            n => Ttl::In(Span::from_millis(n * (bits >> 40 & 0xFFF))),
        };
        let bytes = (bits >> 52) as u32 >> (bits >> 33 & 3);
        let outcome = keyspace.execute(&command(name, bytes, ttl), key, at);
        if outcome == Outcome::Oom {
            assert!(
                keyspace.used_memory() + 10_000 > limit,
                "refused without need"
            );
            let eligible = match policy {
                EvictionPolicy::NoEviction => 0,
                EvictionPolicy::AllKeysLru
                | EvictionPolicy::AllKeysLfu
                | EvictionPolicy::AllKeysRandom => keyspace.keys(),
                _ => keyspace.expires(),
            };
            assert_eq!(eligible, 0, "refused although keys could be evicted");
        }
        while let Some(death) = keyspace.pop_death() {
            live[death.owner as usize] = false;
            assert!(!keyspace.is_live(death.key) || death.key == key);
        }
        live[(bits % 2000) as usize] = keyspace.is_live(key);
        if bits >> 60 == 0 {
            at += Span::from_millis(100);
            keyspace.cron(at);
            while let Some(death) = keyspace.pop_death() {
                live[death.owner as usize] = false;
            }
        }
        if round % 500 == 0 {
            keyspace.check().unwrap_or_else(|broken| {
                panic!("{engine:?}, {policy:?}, seed {seed}, round {round}: {broken}")
            });
        }
    }
    keyspace.check().unwrap();
    for (key, live) in keys.iter().zip(live) {
        assert_eq!(keyspace.is_live(*key), live, "every death is told");
    }
}

#[test]
fn books_balance_under_random_commands() {
    for engine in ENGINES {
        for policy in POLICIES {
            for seed in 0..4 {
                swarm(engine, policy, seed);
            }
        }
    }
}

#[test]
fn a_released_id_is_used_again_and_its_old_name_is_never_evicted() {
    let mut keyspace = keyspace(&spec(EvictionPolicy::AllKeysLru, 1_200_000), 3);
    let shape = keyspace.register(STRING);
    let mut next = 0;
    for round in 0..20_000u64 {
        let key = keyspace.create(round, 0, shape, 0);
        keyspace.execute(&set(500, Ttl::Clear), key, Time(round * 10_000_000));
        if round % 3 == 0 && keyspace.is_live(key) {
            keyspace.execute(&DEL, key, Time(round * 10_000_000));
            keyspace.release(key);
        }
        if round % 10 == 0 {
            keyspace.cron(Time(round * 10_000_000));
        }
        while let Some(death) = keyspace.pop_death() {
            keyspace.release(death.key);
        }
        next = next.max(key.0);
    }
    assert!(next < 1000, "ids are recycled: {next}");
    keyspace.check().unwrap();
}
