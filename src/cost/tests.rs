//! Bills against prices multiplied by hand.

use super::*;
use crate::scenario;

fn contract(cost: &str) -> Contract {
    let text = format!(
        "duration = \"1h\"\n[store]\nengine = \"redis-7.0\"\nnode_type = \"cache.m6g.12xlarge\"\n\
         shards = 2\n[[users]]\nconcurrent = 10\n[users.session]\nbytes = \"3200B\"\nttl = \"30m\"\n\
         [cost]\n{cost}\n"
    );
    let loaded = scenario::load("cost.toml", &text);
    Contract::new(&loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))))
}

const HOUR_LONG: Span = Span::from_secs(3600);

fn usage() -> Usage {
    Usage {
        crossed: [0; 2],
        measured: HOUR_LONG,
        session_time: 50_000 * u128::from(HOUR_LONG.0),
        memory_time: 4_000_000_000 * u128::from(HOUR_LONG.0),
        memory_most: 5_000_000_000,
        commands: 3_600_000,
        queries_spared: 7_200_000,
    }
}

fn dollars(amount: Option<i64>) -> f64 {
    amount.unwrap() as f64 / 1e9
}

/// Infracost's bill of July 2024 for one cache.m6g.12xlarge: 2,596.61 USD a month on demand,
/// 1,772.44 USD for a year without upfront payment.
#[test]
fn nodes_cost_what_infracost_says() {
    let bill = contract("").bill(&usage());
    let close = |amount: Option<i64>, expected: f64| {
        assert!(
            (dollars(amount) / expected - 1.0).abs() < 1e-3,
            "{amount:?}"
        );
    };
    close(bill.on_demand, 2.0 * 2_596.61);
    close(bill.reserved, 2.0 * 1_772.44);
    assert_eq!(bill.total, bill.on_demand);
    // 50,000 sessions are 50 thousands.
    close(bill.by_1000_sessions, 2.0 * 2_596.61 / 50.0);
    assert_eq!(bill.backups, Some(0));
    assert_eq!(bill.database_saved, None);
    let reserved = contract("payment = \"reserved\"").bill(&usage());
    assert_eq!(reserved.total, bill.reserved);
}

#[test]
fn backups_are_paid_for_by_the_gigabyte() {
    let bill = contract("backups = 7").bill(&usage());
    // 7 backups of 5 GB at 0.085 USD.
    assert!((dollars(bill.backups) - 2.975).abs() < 1e-9);
    assert_eq!(
        bill.total.unwrap(),
        bill.on_demand.unwrap() + bill.backups.unwrap()
    );
}

/// AWS's example: 100,000 units a second cost 1.224 USD an hour with Redis OSS; here 1,000 commands
/// a second of 3.2 KB, "3.2 ECPU" each, and 4 GB at 0.125 USD an hour.
#[test]
fn serverless_is_paid_for_by_data_and_units() {
    let bill = contract("").bill(&usage());
    let expected = 730.0 * (4.0 * 0.125 + 1.224 * 0.032);
    assert!((dollars(bill.serverless) / expected - 1.0).abs() < 1e-6);
    let empty = Usage {
        commands: 0,
        memory_time: 0,
        ..usage()
    };
    // At least a GB.
    assert!((dollars(contract("").bill(&empty).serverless) - 730.0 * 0.125).abs() < 1e-6);
}

#[test]
fn a_spared_database_is_worth_its_queries() {
    let bill = contract("database_million_queries = \"$0.20\"").bill(&usage());
    assert!((dollars(bill.database_saved) - 730.0 * 7.2 * 0.2).abs() < 1e-6);
    let worse = Usage {
        queries_spared: -1_000_000,
        ..usage()
    };
    let bill = contract("database_million_queries = \"$0.20\"").bill(&worse);
    assert!((dollars(bill.database_saved) + 730.0 * 0.2).abs() < 1e-6);
}

#[test]
fn what_has_no_price_has_no_cost() {
    let text = "duration = \"1h\"\nplatform = \"self-managed\"\nstore.maxmemory = \"1GiB\"\n\
                [[users]]\nconcurrent = 1\nsession = { bytes = \"1KB\", ttl = \"30m\" }\n";
    let scenario = scenario::load("own.toml", text).unwrap();
    assert_eq!(Contract::new(&scenario).bill(&usage()), Bill::default());
    let priced = format!("{text}[cost]\nnode_hour = \"$0.10\"\n");
    let scenario = scenario::load("own.toml", &priced).unwrap();
    let bill = Contract::new(&scenario).bill(&usage());
    assert_eq!(bill.total, Some(73_000_000_000));
}

#[test]
fn nothing_measured_has_no_rate() {
    let bill = contract("database_million_queries = \"$1\"").bill(&Usage::default());
    assert_eq!(
        (bill.by_1000_sessions, bill.serverless, bill.database_saved),
        (None, None, None)
    );
    assert!(bill.total.is_some());
}

/// Whatever prices are written, and however long the run, a bill is an amount.
#[test]
fn no_price_is_too_high() {
    let most = "source = \"x\"\nnode_hour = \"$999999\"\ndatabase_million_queries = \"$999999\"";
    let mut contract = contract(most);
    contract.nodes = 16_384;
    let longest = Span::from_secs(730 * 86_400);
    let bill = contract.bill(&Usage {
        measured: longest,
        session_time: u128::from(longest.0),
        queries_spared: 1_000_000_000_000,
        ..usage()
    });
    // All of these are beyond nine billion dollars, the most that a bill can tell.
    assert_eq!(bill.on_demand, Some(i64::MAX));
    assert_eq!(bill.by_1000_sessions, Some(i64::MAX));
    assert_eq!(bill.database_saved, Some(i64::MAX));
}
