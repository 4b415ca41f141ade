//! Expectations as scenarios state them.

use crate::scenario::{Input, Loaded, Problems, load_input, no_trace};

use crate::units::Span;

use super::*;

const SCENARIO: &str = "\
duration = \"1h\"

[store]
maxmemory = \"1GiB\"

[[users]]
concurrent = 10
logout_share = \"0%\"

[users.session]
bytes = \"2KB\"
ttl = \"30m\"
";

fn load(text: &str) -> Result<Loaded, Problems> {
    load_input(&Input {
        name: "shop.toml",
        text,
        sets: &[],
        base: &|_, _| Err("there are no other files".to_owned()),
        trace: &no_trace,
        judge: Some(JUDGE),
    })
}

fn expecting(list: &str) -> Result<Scenario, Problems> {
    load(&format!("expect = {list}\n{SCENARIO}")).map(|loaded| loaded.scenario)
}

#[test]
fn each_metric_can_be_expected_in_its_unit_alone() {
    let bounds = ["95%", "5ms", "7", "3GiB", "2/s", "$5"];
    for metric in catalogue() {
        let fitting: Vec<&str> = bounds
            .into_iter()
            .filter(|bound| {
                let expected = expecting(&format!("[\"{} <= {bound}\"]", metric.name));
                !expected.is_err_and(|problems| problems.to_string().contains("expected a "))
            })
            .collect();
        assert_eq!(fitting.len(), 1, "{}: {fitting:?}", metric.name);
    }
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    for list in [
        "[\"hit_rat >= 95%\"]",
        "[\"Evictions == 0\"]",
        "[\"latency < 5ms\"]",
        "[\"replication_lag.p99 < 1s\"]",
        "[\"hit_rate >= 95\"]",
        "[\"hit_rate >= 0.95\"]",
        "[\"latency.p99 < 5\"]",
        "[\"evicted_keys == 0%\"]",
        "[\"hit_rate => 95%\"]",
        "[\"hit_rate\"]",
        "[{ that = \"hit_rate >= 95%\", after = \"az-outage\" }]",
        "[{ that = \"hit_rate >= 95%\", wy = \"SLO\" }]",
        "[{ why = \"SLO\" }]",
        "[{ that = 3 }]",
        "\"hit_rate >= 95%\"",
        "[95]",
        "[\"latency.logout.p99 < 5ms\", \"guest_resets == 0\"]",
    ] {
        insta::assert_snapshot!(expecting(list).unwrap_err().to_string());
    }
    // Everything at once, in the order of the text.
    let problems = expecting("[\"a == 1\", \"hit_rate < 3\", \"b = 2\"]").unwrap_err();
    let columns: Vec<usize> = problems
        .list
        .iter()
        .filter_map(|problem| Some(problems.position(problem)?.2))
        .collect();
    assert_eq!(columns, [12, 33, 37]);
}

#[test]
fn expectations_survive_the_resolved_scenario() {
    let list = "[\"hit_rate >= 95%\", { that = \"latency.p99 < 5ms\", why = \"SLO \\\"3\\\"\" }]";
    let scenario = expecting(list).unwrap();
    assert_eq!(scenario.expect.len(), 2);
    assert_eq!(scenario.expect[1].why, "SLO \"3\"");
    assert_eq!(load(&scenario.to_toml()).unwrap().scenario, scenario);
    let plain = load(SCENARIO).unwrap().scenario;
    assert!(plain.expect.is_empty());
    assert_ne!(plain.to_toml(), scenario.to_toml());
}

#[test]
fn values_are_compared_exactly() {
    let share = |share| Value::Billionths(share);
    let bound = Bound::Ratio(950_000_000);
    assert_eq!(distance(share(949_999_999), bound), -1);
    assert_eq!(distance(share(950_000_000), bound), 0);
    let most = Value::Whole(u64::MAX);
    assert_eq!(distance(most, Bound::Count(u64::MAX)), 0);
    assert_eq!(distance(most, Bound::Count(u64::MAX - 1)), 1_000_000_000);
    assert_eq!(distance(share(-1), Bound::Ratio(0)), -1);
    assert_eq!(
        distance(
            Value::Billionths(5_000_000),
            Bound::Span(Span::from_millis(5))
        ),
        0
    );
}

const CLASSES: &str = "\
duration = \"1h\"
store.maxmemory = \"1GiB\"

[[users]]
name = \"admins\"
concurrent = 10
session = { bytes = \"2KB\", ttl = \"30m\" }

[[users]]
name = \"guests\"
login = false
concurrent = 10
session = { bytes = \"2KB\", ttl = \"30m\" }
";

fn expecting_of_classes(list: &str) -> Result<Scenario, Problems> {
    load(&format!("expect = {list}\n{CLASSES}")).map(|loaded| loaded.scenario)
}

#[test]
fn what_is_wrong_with_a_class_is_told_at_its_place() {
    for list in [
        "[{ that = \"sessions_lost == 0\", class = \"admin\" }]",
        "[{ that = \"sessions_lost == 0\", class = \"zebras\" }]",
        "[{ that = \"sessions_lost == 0\", class = 1 }]",
        "[{ that = \"db_queries == 0\", class = \"admins\" }]",
        "[{ that = \"hit_rat >= 95%\", class = \"admins\" }]",
        "[{ that = \"guest_resets == 0\", class = \"admins\" }]",
        "[{ that = \"forced_logins == 0\", class = \"guests\" }]",
        "[\"memory_share <= 50%\"]",
    ] {
        insta::assert_snapshot!(expecting_of_classes(list).unwrap_err().to_string());
    }
    let alone = expecting("[{ that = \"memory_share <= 50%\", class = \"users\" }]");
    insta::assert_snapshot!(alone.unwrap_err().to_string());
}

#[test]
fn expectations_of_classes_survive_the_resolved_scenario() {
    let list = "[{ that = \"memory_share <= 50%\", class = \"admins\", why = \"fair\" }, \
                { that = \"forced_logins == 0\", class = \"admins\" }]";
    let scenario = expecting_of_classes(list).unwrap();
    assert_eq!(scenario.expect[0].class.as_deref(), Some("admins"));
    assert_eq!(scenario.expect[1].in_full(), "admins: forced_logins == 0");
    assert_eq!(load(&scenario.to_toml()).unwrap().scenario, scenario);
}
