//! What a node's speed, its network and its credits mean for a whole run.

use sessionsim::metrics::catalogue::{Value, catalogue};
use sessionsim::metrics::measurements::Measurements;
use sessionsim::metrics::recorder::Recorder;
use sessionsim::scenario::load;
use sessionsim::world::simulate;

/// 200 users who read 20 KB every two seconds: 16 Mbit/s.
fn run(store: &str) -> Measurements {
    let text = format!(
        r#"
        name = "speed"
        platform = "elasticache"
        duration = "40m"
        warmup = "10m"
        window = "1m"

        [store]
        {store}

        [[users]]
        name = "readers"
        concurrent = 200
        ramp_up = "5m"
        think_time = {{ exponential = "2s" }}
        stay = "1d"
        modify_share = "0%"
        return_share = "0%"

        [users.session]
        bytes = "20KB"
        ttl = "1h"
        ttl_kind = "from-write"
        "#
    );
    let scenario = load("speed.toml", &text).unwrap_or_else(|p| panic!("{}", p.render(false)));
    let simulated = simulate(&scenario, 0, Recorder::new(&scenario), &mut |_, _| true);
    simulated.probe.finish()
}

fn value(run: &Measurements, name: &str) -> Option<f64> {
    let metric = catalogue().into_iter().find(|metric| metric.name == name);
    let metric = metric.expect("the catalogue has it");
    metric.value(run).map(Value::number)
}

#[test]
fn bytes_on_the_network_are_those_of_the_requests() {
    let measured = run("node_type = \"cache.m5.large\"");
    let requests = value(&measured, "requests").unwrap();
    // A value of 20,000 bytes in three packets, with the protocol's ten bytes.
    let sent = value(&measured, "network_bytes_out").unwrap();
    assert!((sent / (requests * 20_208.0) - 1.0).abs() < 0.01, "{sent}");
    assert_eq!(value(&measured, "bandwidth_exceeded"), Some(0.0));
    // 100 requests a second of 750 Mbit/s.
    let usage = value(&measured, "network_usage_max").unwrap();
    assert!(
        (usage / (100.0 * 20_208.0 * 8.0 / 750e6) - 1.0).abs() < 0.1,
        "{usage}"
    );
    assert_eq!(value(&measured, "cpu_credits_min"), None);
    // Two vCPUs, of which one works.
    let (engine, host) = (
        value(&measured, "engine_cpu_max"),
        value(&measured, "host_cpu_max"),
    );
    assert!((engine.unwrap() / host.unwrap() - 2.0).abs() < 1e-3);
}

/// 16 Mbit/s and a baseline of 10: the bucket of a minute at 10 more lasts 100 s. Then users wait
/// for an ever longer queue.
#[test]
fn a_narrow_network_is_felt_as_latency() {
    let narrow = run(
        "maxmemory = \"1GiB\"\nbandwidth = \"10Mbps\"\nburst_bandwidth = \"20Mbps\"\nburst_time = \"1m\"",
    );
    let wide = run("maxmemory = \"1GiB\"");
    assert_eq!(value(&wide, "network_usage_max"), None);
    assert!(value(&wide, "latency.p99").unwrap() < 0.01);
    assert!(value(&narrow, "latency.p99").unwrap() > 60.0);
    assert!(value(&narrow, "bandwidth_exceeded").unwrap() > 100_000.0);
    // The same users asked the same.
    assert_eq!(value(&wide, "requests"), value(&narrow, "requests"));
}

/// 100 commands a second of 75 us each: less than a hundredth of a core, and credits grow by
/// 24 an hour less that.
#[test]
fn credits_grow_while_little_is_done() {
    let measured = run("node_type = \"cache.t3.small\"\nreserved_memory = \"10%\"");
    let least = value(&measured, "cpu_credits_min").unwrap();
    assert!(
        (3.0..=4.0).contains(&least),
        "10 minutes after launch: {least}"
    );
    let full = run(
        "node_type = \"cache.t3.small\"\nreserved_memory = \"10%\"\ncpu_credits_at_start = \"100%\"",
    );
    assert!(value(&full, "cpu_credits_min").unwrap() >= 575.0);
}
