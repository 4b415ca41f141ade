//! Rules that every eviction policy and every engine keeps.

use super::*;

const KEYS: u64 = 3_000;

fn is_eligible(policy: EvictionPolicy, has_ttl: bool) -> bool {
    match policy {
        EvictionPolicy::NoEviction => false,
        EvictionPolicy::AllKeysLru | EvictionPolicy::AllKeysLfu | EvictionPolicy::AllKeysRandom => {
            true
        }
        _ => has_ttl,
    }
}

/// A keyspace with room for about 1500 keys, every third without a TTL, driven far beyond it.
/// After each command memory is within the limit, but for what the command itself added; whoever
/// was evicted was there and could be chosen; a write is refused only when nobody could.
fn overfill(engine: Engine, policy: EvictionPolicy, shards: u32) {
    let case = format!("{engine:?}, {policy:?}, {shards} shards");
    let base = EngineRules::of(engine, Allocator::Bundled).base_of(shards > 1);
    let limit = base + 900_000;
    let mut spec = spec(policy, limit);
    spec.engine = engine;
    spec.shards = shards;
    let mut keyspace = keyspace(&spec, 5);
    let shape = keyspace.register(STRING);
    let keys: Vec<KeyId> = (0..KEYS)
        .map(|id| keyspace.create(id, (id % 7) as u16, shape, id as u32))
        .collect();
    let mut expected: Vec<Option<bool>> = vec![None; keys.len()];
    let mut rng = Streams::new(5, 2).stream("overfill");
    let (mut evicted, mut refused) = (0u64, 0u64);
    for round in 0..20_000u64 {
        let at = Time(round * 1_000_000);
        let place = (rng.next_u64() % KEYS) as usize;
        let with_ttl = !place.is_multiple_of(3);
        let ttl = if with_ttl {
            Ttl::In(Span::from_secs(3600))
        } else {
            Ttl::Clear
        };
        let bytes = 100 + (rng.next_u64() % 700) as u32;
        let outcome = keyspace.execute(&set(bytes, ttl), keys[place], at);
        while let Some(death) = keyspace.pop_death() {
            let was = expected[death.owner as usize].take();
            assert_eq!(death.cause, DeathCause::Evicted, "{case}");
            let was = was.unwrap_or_else(|| panic!("{case}: evicted a key that is not there"));
            assert!(
                is_eligible(policy, was),
                "{case}: evicted a key that may not be chosen"
            );
            evicted += 1;
        }
        if outcome == Outcome::Oom {
            refused += 1;
            let eligible = expected
                .iter()
                .flatten()
                .any(|&ttl| is_eligible(policy, ttl));
            assert!(!eligible, "{case}: refused although keys could be evicted");
        } else {
            expected[place] = Some(with_ttl);
            // The value was made room for; entries, the key's name and a larger table were not.
            let slack = 2 * (keyspace.main.bytes() + keyspace.expires.bytes()) + 4096;
            assert!(
                keyspace.used_memory() <= limit + slack,
                "{case}: far over the limit"
            );
        }
        if round % 10 == 0 {
            keyspace.cron(at);
        }
    }
    // Once everything has settled a read brings memory within the limit.
    keyspace.execute(&GET, keys[0], Time(20_000_000_000));
    while let Some(death) = keyspace.pop_death() {
        expected[death.owner as usize] = None;
    }
    let eligible = expected
        .iter()
        .flatten()
        .any(|&ttl| is_eligible(policy, ttl));
    assert!(
        keyspace.used_memory() <= limit || !eligible,
        "{case}: over the limit"
    );
    assert_eq!(evicted > 0, policy != EvictionPolicy::NoEviction, "{case}");
    assert_eq!(
        refused > 0,
        policy == EvictionPolicy::NoEviction || !eligible,
        "{case}"
    );
    for (key, expected) in keys.iter().zip(&expected) {
        assert_eq!(keyspace.is_live(*key), expected.is_some(), "{case}");
    }
    keyspace.check().unwrap();
}

#[test]
fn memory_stays_within_the_limit_and_nobody_is_refused_without_need() {
    for engine in ENGINES {
        for policy in POLICIES {
            overfill(engine, policy, 1);
            overfill(engine, policy, 3);
        }
    }
}

/// `volatile-*` without a key that has a TTL is `noeviction` (measured).
#[test]
fn volatile_policies_refuse_when_no_key_has_a_ttl() {
    for policy in POLICIES {
        let mut spec = spec(policy, 1_300_000);
        spec.engine = Engine::Redis70;
        let mut keyspace = keyspace(&spec, 1);
        let shape = keyspace.register(STRING);
        let refused = (0..2_000u64)
            .filter(|&id| {
                let key = keyspace.create(id, 0, shape, 0);
                keyspace.execute(&set(500, Ttl::Clear), key, Time::ZERO) == Outcome::Oom
            })
            .count();
        assert_eq!(
            refused == 0,
            is_eligible(policy, false),
            "{policy:?}: {refused}"
        );
    }
}

/// What the policy is for: of keys that differ in one respect, those of the right half go.
#[test]
fn policies_choose_whom_they_say() {
    for (policy, expected) in [
        (EvictionPolicy::AllKeysLru, 0.97),
        (EvictionPolicy::VolatileLru, 0.97),
        (EvictionPolicy::AllKeysLfu, 0.95),
        (EvictionPolicy::VolatileLfu, 0.95),
        (EvictionPolicy::VolatileTtl, 0.97),
        (EvictionPolicy::AllKeysRandom, 0.5),
        (EvictionPolicy::VolatileRandom, 0.5),
    ] {
        for engine in ENGINES {
            let share = share_of_the_right_half(engine, policy);
            assert!(
                (share - expected).abs() < 0.06,
                "{engine:?}, {policy:?}: {share}"
            );
        }
    }
}

/// 2000 keys of which the first half is older, used less often and expires sooner; then new ones
/// push a quarter out. Returns the share of the first half among those.
fn share_of_the_right_half(engine: Engine, policy: EvictionPolicy) -> f64 {
    let mut spec = spec(policy, 0);
    spec.engine = engine;
    let mut keyspace = keyspace(&spec, 2);
    let shape = keyspace.register(STRING);
    let at = |seconds: u64| Time(seconds * 1_000_000_000);
    let ttl = |seconds| Ttl::In(Span::from_secs(seconds));
    let keys: Vec<KeyId> = (0..2_500)
        .map(|id| keyspace.create(id, 0, shape, id as u32))
        .collect();
    for (place, &key) in keys[..2_000].iter().enumerate() {
        let second = place >= 1_000;
        let now = at(if second { 20 } else { 0 });
        if place == 1_000 {
            keyspace.cron(now);
        }
        keyspace.execute(&set(500, ttl(if second { 9_000 } else { 4_000 })), key, now);
        for _ in 0..if second { 40 } else { 1 } {
            keyspace.execute(&GET, key, now);
        }
    }
    keyspace.cron(at(21));
    keyspace.limit = keyspace.used_memory();
    for &key in &keys[2_000..] {
        keyspace.execute(&set(500, ttl(90_000)), key, at(22));
        for _ in 0..40 {
            keyspace.execute(&GET, key, at(22));
        }
    }
    let deaths = keyspace.deaths();
    assert!(deaths.len() > 400, "{} evictions", deaths.len());
    let right = deaths.iter().filter(|death| death.owner < 1_000).count();
    right as f64 / deaths.iter().filter(|death| death.owner < 2_000).count() as f64
}

/// The short way of frequent commands does what the long way does.
#[test]
fn the_short_way_is_the_long_way() {
    for engine in ENGINES {
        for policy in [EvictionPolicy::VolatileLru, EvictionPolicy::AllKeysLfu] {
            let mut spec = spec(
                policy,
                EngineRules::of(engine, Allocator::Bundled).base + 500_000,
            );
            spec.engine = engine;
            let mut ways = [keyspace(&spec, 9), keyspace(&spec, 9)];
            let shape = ways.each_mut().map(|way| way.register(STRING))[0];
            let keys: Vec<KeyId> = (0..1_500)
                .map(|id| ways.each_mut().map(|way| way.create(id, 0, shape, 0))[0])
                .collect();
            let mut rng = Streams::new(9, 9).stream("ways");
            for round in 0..30_000u64 {
                let bits = rng.next_u64();
                let key = keys[(bits % 1_500) as usize];
                let now = round * 3;
                let ttl = Ttl::In(Span::from_millis(bits >> 50));
                let name = [
                    CommandName::Get,
                    CommandName::Expire,
                    CommandName::Get,
                    CommandName::Expire,
                    CommandName::Set,
                    CommandName::Del,
                ][(bits >> 20) as usize % 6];
                let command = command(name, (bits >> 40) as u32 & 0x1FF, ttl);
                let short = ways[0].execute(&command, key, Time(now * 1_000_000));
                let long = ways[1].execute_in_full(&command, key.0, now);
                assert_eq!(short, long);
                if round % 33 == 0 {
                    for way in &mut ways {
                        way.cron(Time(now * 1_000_000));
                    }
                }
                assert_eq!(ways[0].deaths(), ways[1].deaths());
                assert_eq!(ways[0].used_memory(), ways[1].used_memory());
            }
            assert_eq!(ways[0].stats(), ways[1].stats());
            let entries = ways.each_ref().map(|way| format!("{:?}", way.entries));
            assert_eq!(entries[0], entries[1]);
        }
    }
}
