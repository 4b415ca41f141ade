//! Prices of one's own, CloudWatch's view, and that neither changes what is simulated.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;

use crate::desk::Desk;

const SHOP: &str = "duration = \"40m\"\nwarmup = \"10m\"\nplatform = \"elasticache\"\n\
                    [store]\nnode_type = \"cache.t4g.micro\"\nmaxmemory = \"2MiB\"\nshards = 2\n\
                    [[users]]\nname = \"guests\"\narrival_rate = \"2/s\"\nstay = \"5m\"\n\
                    session = { bytes = \"3KB\", ttl = \"10m\" }\n";

fn summary(desk: &Desk, arguments: &[&str]) -> Value {
    let run = [
        "run",
        "shop.toml",
        "--out",
        "result",
        "--quiet",
        "--format",
        "json",
    ];
    serde_json::from_str(&desk.succeed(&[&run[..], arguments].concat())).unwrap()
}

fn dollars(summary: &Value, metric: &str) -> f64 {
    summary["metrics"][metric].as_f64().unwrap()
}

#[test]
fn prices_come_from_a_file_and_stay_with_the_result() {
    let desk = Desk::new();
    desk.write(
        "prices.csv",
        "item,engine,region,usd,date\ncache.t4g.micro,valkey,eu-west-1,0.02,2026-11\n\
                              cache.t4g.micro,redis,eu-west-1,0.03,2026-11\n",
    );
    let cost = "[cost]\nregion = \"eu-west-1\"\nprices = \"prices.csv\"\n";
    desk.write("shop.toml", format!("{SHOP}{cost}"));
    let valkey = summary(&desk, &[]);
    assert!((dollars(&valkey, "cost_per_month") - 2.0 * 730.0 * 0.02).abs() < 1e-6);
    assert_eq!(valkey["cost"]["prices"], "prices.csv, eu-west-1");
    assert!(
        valkey["metrics"]["cost_per_month.serverless"].is_null(),
        "the file has no such price"
    );
    // The resolved scenario has its prices in it, and is the same scenario.
    desk.write("again.toml", desk.read("result/scenario.toml"));
    let again = desk.succeed(&[
        "run",
        "again.toml",
        "--out",
        "again",
        "--quiet",
        "--format",
        "json",
    ]);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["id"], valkey["id"]);
    let redis = summary(&desk, &["--set", "store.engine=redis-7.0"]);
    assert!((dollars(&redis, "cost_per_month") - 2.0 * 730.0 * 0.03).abs() < 1e-6);
    let mut told = vec![desk.fail(&["check", "shop.toml", "--set", "cost.region=mars"])];
    desk.write(
        "prices.csv",
        "item,engine,region,usd,date\nx,any,eu-west-1,cheap,2026\n",
    );
    told.push(desk.fail(&["run", "shop.toml", "--quiet"]));
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn costs_and_alarms_change_nothing_that_is_simulated() {
    let desk = Desk::new();
    desk.write("shop.toml", SHOP);
    let plain = summary(&desk, &[]);
    let alarms =
        "[[alarms]]\nwhen = \"Evictions > 0\"\n[cost]\nbackups = 3\npayment = \"reserved\"\n";
    desk.write("shop.toml", format!("{SHOP}{alarms}"));
    let changed = summary(&desk, &[]);
    assert_eq!(changed["fingerprint"], plain["fingerprint"]);
    assert!(dollars(&changed, "cost_per_month") < dollars(&plain, "cost_per_month"));
    let own = changed["alarms"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&own["recommended"], &own["when"]),
        (&Value::from(false), &Value::from("Evictions > 0"))
    );
    assert!(!own["fired"].as_array().unwrap().is_empty());
}

/// What CloudWatch shows adds up to what the run counted, under its names and in its units.
#[test]
fn cloudwatch_shows_the_same_run() {
    let desk = Desk::new();
    desk.write("shop.toml", SHOP);
    let summary = summary(&desk, &[]);
    let text = desk.read("result/cloudwatch.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows[0],
        ["start", "period", "metric", "unit", "statistic", "value"]
    );
    let of = |metric: &str| -> Vec<f64> {
        let rows = rows.iter().filter(|row| row[2] == metric);
        rows.map(|row| row[5].parse().unwrap()).collect()
    };
    let counted = |metric: &str| summary["metrics"][metric].as_f64().unwrap();
    let sum = |metric: &str| of(metric).iter().sum::<f64>();
    let most = |metric: &str| of(metric).into_iter().fold(0.0, f64::max);
    assert_eq!(of("Evictions").len(), 30, "a datapoint a minute");
    assert!(counted("evicted_keys") > 0.0);
    assert!((sum("Evictions") - counted("evicted_keys")).abs() < 1e-6);
    assert!((sum("Reclaimed") - counted("expired_keys")).abs() < 1e-6);
    assert!((most("BytesUsedForCache") - counted("used_memory_max")).abs() < 1e-6);
    let percent = counted("memory_usage_max") * 100.0;
    assert!((most("DatabaseMemoryUsagePercentage") - percent).abs() < 1e-6);
    let unit = |metric: &str| rows.iter().find(|row| row[2] == metric).unwrap()[3].to_owned();
    assert_eq!(unit("CacheHitRate"), "Percent");
    assert_eq!(unit("SuccessfulReadRequestLatency"), "Microseconds");
}
