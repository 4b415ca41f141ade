//! The keyspace against closed forms, and active expiry against measured servers.

use super::*;
use crate::kernel::quantiles::{Distribution, Quantiles};

/// Keys under independent Poisson requests of the given rates (per second); returns the share of
/// requests after `warm` of `total` that found their key. A miss stores the key.
fn hit_ratio(
    spec: &StoreSpec,
    weights: &[f64],
    commands: (&Command, Option<&Command>),
    (warm, total): (u64, u64),
    gap: Span,
) -> f64 {
    let mut keyspace = keyspace(spec, 7);
    let shape = keyspace.register(STRING);
    let keys: Vec<KeyId> = (0..weights.len() as u64)
        .map(|id| keyspace.create(id, 0, shape, 0))
        .collect();
    let mut cumulative = Vec::with_capacity(weights.len());
    let sum: f64 = weights.iter().sum();
    let mut so_far = 0.0;
    for weight in weights {
        so_far += weight / sum;
        cumulative.push(so_far);
    }
    let gaps = Quantiles::new(&Distribution::Exponential { mean: gap });
    let mut rng = Streams::new(7, 1).stream("requests");
    let (store, renew) = commands;
    let mut at = Time::ZERO;
    let mut cron = Time::ZERO;
    let (mut hits, mut reads) = (0u64, 0u64);
    for n in 0..total {
        at += Span(gaps.draw(rng.next_u64()));
        while cron <= at {
            keyspace.cron(cron);
            cron += Span::from_millis(100);
        }
        let uniform = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let place = cumulative
            .partition_point(|&c| c < uniform)
            .min(keys.len() - 1);
        let hit = keyspace.execute(&GET, keys[place], at) == Outcome::Hit;
        if !hit {
            keyspace.execute(store, keys[place], at);
        } else if let Some(renew) = renew {
            keyspace.execute(renew, keys[place], at);
        }
        while keyspace.pop_death().is_some() {}
        if n >= warm {
            reads += 1;
            hits += u64::from(hit);
        }
    }
    keyspace.check().unwrap();
    hits as f64 / reads as f64
}

fn zipf(keys: usize, alpha: f64) -> Vec<f64> {
    (1..=keys)
        .map(|rank| libm::pow(rank as f64, -alpha))
        .collect()
}

/// Che, Tung, Wang, "Hierarchical web caching systems" (2002): an LRU cache of C keys hits key i
/// with probability 1 - exp(-p T), where T solves sum(1 - exp(-p T)) = C.
fn che(weights: &[f64], capacity: f64) -> f64 {
    let sum: f64 = weights.iter().sum();
    let occupied = |t: f64| {
        weights
            .iter()
            .map(|w| 1.0 - libm::exp(-w / sum * t))
            .sum::<f64>()
    };
    let t = where_it_reaches(capacity, occupied);
    weights
        .iter()
        .map(|w| w / sum * (1.0 - libm::exp(-w / sum * t)))
        .sum()
}

/// Where a growing function reaches `target`.
fn where_it_reaches(target: f64, growing: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e12);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if growing(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Sampled LRU comes close to true LRU; with more samples closer. (With 10 samples and a pool,
/// "very close to the theoretical performance", `redis.conf`.)
#[test]
fn sampled_lru_against_che() {
    let weights = zipf(20_000, 0.9);
    let mut spec = spec(EvictionPolicy::AllKeysLru, 0);
    let base = EngineRules::of(spec.engine, spec.allocator).base;
    // One string of 1000 bytes takes 24 + 48 + 16 + 1024 bytes, and the table 8 for each bucket.
    let capacity = 6_000;
    let limit = base + 2 * HISTOGRAM_BYTES + capacity * (24 + 48 + 16 + 1024) + 8 * 8192;
    spec.maxmemory = Bytes(limit);
    let expected = che(&weights, capacity as f64);
    let mut ratios = Vec::new();
    for samples in [1, 5, 10] {
        spec.maxmemory_samples = samples;
        let store = set(1000, Ttl::Clear);
        // 200 requests a second: a second of the LRU clock is short beside the age of a victim.
        let gap = Span::from_micros(5000);
        ratios.push(hit_ratio(
            &spec,
            &weights,
            (&store, None),
            (100_000, 400_000),
            gap,
        ));
    }
    assert!(
        ratios[0] < ratios[1] && ratios[1] < ratios[2] + 0.002,
        "{ratios:?}"
    );
    assert!(
        (ratios[2] - expected).abs() < 0.006,
        "{ratios:?}, Che {expected}"
    );
    assert!(
        (ratios[1] - expected).abs() < 0.015,
        "{ratios:?}, Che {expected}"
    );
}

/// A random victim: h = p T / (1 + p T) where the sum over keys is the capacity (Gelenbe 1973;
/// FIFO has the same).
#[test]
fn random_eviction_against_gelenbe() {
    let weights = zipf(20_000, 0.9);
    let mut spec = spec(EvictionPolicy::AllKeysRandom, 0);
    let base = EngineRules::of(spec.engine, spec.allocator).base;
    let capacity = 6_000;
    let limit = base + 2 * HISTOGRAM_BYTES + capacity * (24 + 48 + 16 + 1024) + 8 * 8192;
    spec.maxmemory = Bytes(limit);
    let sum: f64 = weights.iter().sum();
    let hit = |w: f64, t: f64| w / sum * t / (1.0 + w / sum * t);
    let occupied = |t: f64| weights.iter().map(|&w| hit(w, t)).sum::<f64>();
    let t = where_it_reaches(capacity as f64, occupied);
    let expected: f64 = weights.iter().map(|&w| w / sum * hit(w, t)).sum();
    let store = set(1000, Ttl::Clear);
    let gap = Span::from_micros(5000);
    let ratio = hit_ratio(&spec, &weights, (&store, None), (100_000, 400_000), gap);
    assert!(
        (ratio - expected).abs() < 0.006,
        "{ratio}, Gelenbe {expected}"
    );
}

/// With a TTL from the write, a key hits rate T / (1 + rate T) of its Poisson requests; with one
/// that each read renews, 1 - exp(-rate T).
#[test]
fn ttl_hit_ratios_against_closed_forms() {
    let keys = 2_000;
    let weights = vec![1.0; keys];
    let gap = Span::from_millis(2);
    // One request a key every 4 s.
    let rate = 1.0 / (0.002 * keys as f64);
    for engine in ENGINES {
        let mut spec = spec(EvictionPolicy::NoEviction, 0);
        spec.engine = engine;
        for seconds in [2u64, 6] {
            let ttl = Ttl::In(Span::from_secs(seconds));
            let store = set(100, ttl);
            let renew = command(CommandName::Expire, 0, ttl);
            let span = (20_000, 220_000);
            let load = rate * seconds as f64;
            let absolute = hit_ratio(&spec, &weights, (&store, None), span, gap);
            let expected = load / (1.0 + load);
            assert!(
                (absolute - expected).abs() < 0.005,
                "{engine:?}: {absolute}, {expected}"
            );
            let sliding = hit_ratio(&spec, &weights, (&store, Some(&renew)), span, gap);
            let expected = 1.0 - libm::exp(-load);
            assert!(
                (sliding - expected).abs() < 0.005,
                "{engine:?}: {sliding}, {expected}"
            );
        }
    }
}

/// Keys that expire and that nobody asks for: the share that is still stored, in the second half
/// of the run, as measured on Redis 7.0.15 and Valkey 9.1.2 (means over one run each).
#[test]
fn stale_keys_pile_up_as_measured() {
    for (engine, rate, ttl, effort, seconds, measured) in [
        (Engine::Redis70, 200, 5, 1, 30, 0.113),
        (Engine::Valkey91, 200, 5, 1, 30, 0.108),
        (Engine::Redis70, 1000, 10, 1, 40, 0.155),
        (Engine::Valkey91, 1000, 10, 1, 40, 0.144),
        (Engine::Redis70, 1000, 5, 10, 25, 0.039),
    ] {
        let mut spec = spec(EvictionPolicy::NoEviction, 0);
        spec.engine = engine;
        spec.active_expire_effort = effort;
        let shares: Vec<f64> = (0..8)
            .map(|seed| stale_share(&spec, seed, rate, ttl, seconds))
            .collect();
        let share = shares.iter().sum::<f64>() / shares.len() as f64;
        assert!(
            (share - measured).abs() < 0.015,
            "{engine:?}, {rate}/s of {ttl} s: {share}, measured {measured}"
        );
    }
}

fn stale_share(spec: &StoreSpec, seed: u64, rate: u64, ttl: u64, seconds: u64) -> f64 {
    let mut keyspace = keyspace(spec, seed);
    let shape = keyspace.register(STRING);
    let store = set(100, Ttl::In(Span::from_secs(ttl)));
    let step = Span(1_000_000_000 / rate);
    let (mut at, mut cron) = (Time::ZERO, Time::ZERO);
    let (mut stored, mut live) = (0u64, 0u64);
    for id in 0..rate * seconds {
        let key = keyspace.create(id, 0, shape, 0);
        keyspace.execute(&store, key, at);
        if at >= cron {
            keyspace.cron(at);
            cron = at + Span::from_millis(100);
        }
        while let Some(death) = keyspace.pop_death() {
            keyspace.release(death.key);
        }
        if id > rate * seconds / 2 {
            stored += keyspace.keys();
            live += rate * ttl;
        }
        at += step;
    }
    keyspace.check().unwrap();
    1.0 - live as f64 / stored as f64
}
