//! Tests of scenarios as a whole: examples, errors, round trips.

mod malformed;
mod round_trip;
mod sources;

use super::store::{Engine, EvictionPolicy};
use super::*;
use crate::units::{Bytes, Ratio};

#[track_caller]
fn loaded(name: &str, text: &str) -> Scenario {
    load(name, text).unwrap_or_else(|problems| panic!("{problems}"))
}

const CARTS: &str = include_str!("carts.toml");

#[test]
fn the_example_is_resolved_with_the_platforms_defaults() {
    let text = include_str!("../../../scenarios/ecommerce-carts.toml");
    let scenario = loaded("scenarios/ecommerce-carts.toml", text);
    assert_eq!(scenario.store.engine, Engine::Valkey81);
    assert_eq!(scenario.store.maxmemory, Bytes(5_140_907_059));
    assert_eq!(scenario.store.reserved_memory, Ratio(250_000_000));
    assert_eq!(scenario.store.maxmemory_policy, EvictionPolicy::VolatileTtl);
    assert_eq!(scenario.store.maxmemory_samples, 3);
    assert_eq!(loaded("again.toml", &scenario.to_toml()), scenario);
}
