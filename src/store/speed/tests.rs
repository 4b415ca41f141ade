//! A node's speed against measured figures and closed forms.

use crate::kernel::draws::mix;
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::kernel::streams::Streams;
use crate::scenario::commands::CommandName;
use crate::scenario::presets::node_types;
use crate::scenario::store::{Engine, ServiceTime, SpeedSpec, StoreSpec};
use crate::store::keyspace::{Command, KeyId, Shape, ShapeKind, Ttl};
use crate::store::node::Node;
use crate::units::{Bandwidth, Ratio, Span, Speed, Time};

const SECOND: u64 = 1_000_000_000;

fn node(speed: SpeedSpec) -> Node {
    let spec = StoreSpec {
        engine: Engine::Valkey81,
        service_time: ServiceTime::ByBytes {
            fixed: Span(7_250),
            per_kib: Span(379),
        },
        speed,
        ..StoreSpec::upstream()
    };
    Node::new(&spec, 0, &Streams::new(1, 0), 1_767_225_600_000)
}

/// A node with a key of such a value.
fn with_value(speed: SpeedSpec, kind: ShapeKind, bytes: u32) -> (Node, KeyId) {
    let mut node = node(speed);
    let shape = Shape {
        key_length: 16,
        kind,
    };
    let shape = node.keyspace_mut().register(shape);
    let key = node.keyspace_mut().create(1, 0, shape, 0);
    let store = match kind {
        ShapeKind::Hash { .. } => CommandName::HSet,
        ShapeKind::String => CommandName::Set,
        ShapeKind::Set { .. } => CommandName::SAdd,
        ShapeKind::SortedSet { .. } => CommandName::ZIncrBy,
        ShapeKind::Counter { .. } => CommandName::Incr,
    };
    let command = Command {
        name: store,
        bytes,
        ttl: Ttl::Clear,
    };
    node.keyspace_mut().execute(&command, key, Time::ZERO);
    (node, key)
}

fn get(name: CommandName) -> Command {
    Command {
        name,
        bytes: 0,
        ttl: Ttl::Keep,
    }
}

/// Commands a second of a node that always has one to do.
fn throughput(speed: &SpeedSpec, bytes: u32) -> f64 {
    let (mut node, key) = with_value(speed.clone(), ShapeKind::String, bytes);
    let mut done = Time::ZERO;
    for _ in 0..20_000 {
        done = node
            .execute(&get(CommandName::Get), key, Time(1), || 0)
            .done;
    }
    20_000.0 / done.0 as f64 * 1e9
}

/// `redis-benchmark` 7.0.15 with 50 clients against one core: 87,719 GETs of 512 bytes a second and
/// 107,527 of 5 KB (noisy within 30 %), 60,150 and 66,667 with TLS.
#[test]
fn one_thread_does_as_much_as_was_measured() {
    let tls = SpeedSpec {
        tls: true,
        ..SpeedSpec::UNLIMITED
    };
    for (speed, bytes, measured) in [
        (&SpeedSpec::UNLIMITED, 512, 87_719.0),
        (&SpeedSpec::UNLIMITED, 5_120, 107_527.0),
        (&SpeedSpec::UNLIMITED, 20_480, 61_350.0),
        (&tls, 512, 60_150.0),
        (&tls, 5_120, 66_667.0),
        (&tls, 20_480, 40_609.0),
    ] {
        let ratio = throughput(speed, bytes) / measured;
        assert!((0.65..1.55).contains(&ratio), "{bytes} bytes: {ratio}");
    }
}

/// AWS: more than a million requests a second on a node of a cache.r7g.4xlarge. Without threads for
/// input and output it would be a sixth.
#[test]
fn threads_for_input_and_output_let_the_main_thread_execute() {
    let mut speed = SpeedSpec::of(
        node_types::find("cache.r7g.4xlarge").as_ref(),
        Engine::Valkey81,
    );
    assert_eq!(speed.io_threads, 8);
    let with = throughput(&speed, 512);
    assert!((1.0e6..1.4e6).contains(&with), "{with}");
    speed.io_threads = 1;
    let without = throughput(&speed, 512);
    assert!((1.6e5..1.8e5).contains(&without), "{without}");
    // Two threads: the one beside the main thread is what limits.
    speed.io_threads = 2;
    let two = throughput(&speed, 512);
    assert!((two / (1e9 / 5_200.0) - 1.0).abs() < 0.01, "{two}");
}

#[test]
fn tls_stays_with_the_main_thread_where_nothing_takes_it_off() {
    let with_tls = |name: &str| SpeedSpec {
        tls: true,
        ..SpeedSpec::of(node_types::find(name).as_ref(), Engine::Valkey81)
    };
    let large = throughput(&with_tls("cache.r7g.large"), 512);
    let xlarge = throughput(&with_tls("cache.r7g.xlarge"), 512);
    // 14.2 us at 125 % against three threads with 10.4 us each.
    assert!((large / 88_100.0 - 1.0).abs() < 0.02, "{large}");
    assert!((xlarge / 284_000.0 - 1.0).abs() < 0.02, "{xlarge}");
}

/// Measured: 0.33 us for HGETALL of one field of 10 bytes, 5.5 us of a hundred; HSET 0.35 us and
/// 13.8 us with fields of 100 bytes, of which 3.6 us are for their bytes.
#[test]
fn a_hash_takes_time_by_its_fields() {
    let hash = |fields| ShapeKind::Hash {
        fields,
        field_length: 20,
    };
    let service = |fields, name, bytes| {
        let (mut node, key) = with_value(SpeedSpec::UNLIMITED, hash(fields), bytes);
        let command = Command { bytes, ..get(name) };
        let reply = node.execute(&command, key, Time(1), || 0);
        (reply.done - reply.start).0
    };
    let read = service(100, CommandName::HGetAll, 1_000) - service(1, CommandName::HGetAll, 1_000);
    assert_eq!(read, 99 * 54);
    let stored = service(100, CommandName::HSet, 10_000) - service(1, CommandName::HSet, 100);
    assert!(
        (13_400_i64 - stored.cast_signed()).abs() < 2_000,
        "{stored}"
    );
}

#[test]
fn a_faster_core_takes_less_time() {
    let speed = SpeedSpec {
        speed: Speed::percent(125),
        ..SpeedSpec::UNLIMITED
    };
    let (mut node, key) = with_value(speed, ShapeKind::String, 2_048);
    let reply = node.execute(&get(CommandName::Get), key, Time(1), || 0);
    // 7,250 / 1.25 and 2 x 379 / 1.25, rounded down.
    assert_eq!(reply.done - reply.start, Span(5_800 + 2 * 303));
}

/// Poisson arrivals at a t3.micro without credits: M/D/1 at a fifth of the speed, as long as its
/// utilisation at full speed stays below the baseline on average it has credits for the rest.
#[test]
fn a_burstable_node_without_credits_is_a_slower_one() {
    let micro = node_types::find("cache.t3.micro");
    let mut speed = SpeedSpec::of(micro.as_ref(), Engine::Valkey81);
    (speed.bandwidth, speed.burst_bandwidth) = (Bandwidth(0), Bandwidth(0));
    // More than it earns, and at full speed no load at all: 25 % of a core.
    let wait = |at_start: Ratio, utilisation: f64, count: u64| {
        let speed = SpeedSpec {
            credits_at_start: at_start,
            ..speed.clone()
        };
        let (mut node, key) = with_value(speed, ShapeKind::String, 0);
        let mean = Span((7_250.0 / utilisation) as u64);
        let gaps = Quantiles::new(&Distribution::Exponential { mean });
        let mut at = Time(1);
        let mut waited = 0;
        for n in 0..count {
            at += Span(gaps.draw(mix(n)));
            let reply = node.execute(&get(CommandName::Get), key, at, || 0);
            waited += (reply.start - at).0;
        }
        (waited as f64 / count as f64, at)
    };
    // With credits: rho / (2 (1 - rho)) services.
    let (mean, _) = wait(Ratio::ONE, 0.25, 1_000_000);
    let full = 7_250.0 * 0.25 / (2.0 * 0.75);
    assert!((mean / full - 1.0).abs() < 0.02, "{mean} against {full}");
    // Without: it gets a fifth of a core and is asked for a fourth, so that the queue grows by a
    // fifth of the time.
    let (mean, end) = wait(Ratio::ZERO, 0.25, 1_000_000);
    let grows = end.0 as f64 * 0.25 / 2.0;
    assert!((mean / grows - 1.0).abs() < 0.02, "{mean} against {grows}");
}

/// Values of 20 KB at 1,000 a second are 164 Mbit/s: more than a t4g.micro's baseline of 64. Its
/// credits, (5,000 - 64) Mbit/s for five minutes, last for four hours and a few minutes.
#[test]
fn a_node_that_sends_too_much_bursts_and_then_queues() {
    let micro = node_types::find("cache.t4g.micro");
    let mut speed = SpeedSpec::of(micro.as_ref(), Engine::Valkey81);
    speed.credits_at_start = Ratio::ONE;
    speed.burst_time = Span(SECOND);
    let (mut node, key) = with_value(speed, ShapeKind::String, 20_480);
    let mut empty = None;
    let mut at = Time::ZERO;
    let message = 20_480 + 10 + 3 * 66;
    for n in 0..200_000u64 {
        at = Time(1 + n * 1_000_000);
        node.execute(&get(CommandName::Get), key, at, || 0);
        let network = node.machine(at).network.unwrap();
        if network.exceeded > 0 && empty.is_none() {
            empty = Some(at);
            assert_eq!(network.bytes_out, (n + 1) * message);
        }
    }
    let offered = message * 8 * 1_000;
    let lasts = 4_936_000_000.0 / (offered as f64 - 64e6);
    let measured = empty.unwrap().0 as f64 / 1e9;
    assert!(
        (measured / lasts - 1.0).abs() < 0.001,
        "{measured} against {lasts}"
    );
    // The rest of the time it queued at the baseline.
    let reply = node.execute(&get(CommandName::Get), key, at, || 0);
    let rest = (200.0 - lasts) * (offered as f64 / 64e6 - 1.0);
    let waits = (reply.done - at).0 as f64 / 1e9;
    assert!((waits / rest - 1.0).abs() < 0.01, "{waits} against {rest}");
}
