//! Bytes of keys against what servers reported.

use serde_json::Value;

use super::*;

/// All measured shapes: `used_memory` grows as it did in the server, the latency histograms of
/// the commands included that its test used.
#[test]
fn bytes_of_keys_are_those_that_servers_report() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fidelity/memory-measured.json");
    let rows: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 238);
    for row in rows {
        let number = |key: &str| row[key].as_u64().unwrap_or(0);
        let name = row["engine"].as_str().unwrap();
        let (engine, allocator) = crate::replay::engine_of(name);
        let mut spec = spec(EvictionPolicy::NoEviction, 0);
        spec.engine = engine;
        spec.allocator = allocator;
        let mut keyspace = keyspace(&spec, 1);
        let is_hash = row["kind"] == "hash";
        let (fields, field_length) = (number("F") as u32, number("fl") as u32);
        let kind = if is_hash {
            ShapeKind::Hash {
                fields,
                field_length,
            }
        } else {
            ShapeKind::String
        };
        let shape = keyspace.register(Shape {
            key_length: number("K") as u32,
            kind,
        });
        let bytes = number("S") as u32 * fields.max(1);
        let ttl = match number("ttl") {
            0 => Ttl::Clear,
            seconds => Ttl::In(Span::from_secs(seconds)),
        };
        let before = keyspace.used_memory();
        for id in 0..number("N") {
            let key = keyspace.create(id, 0, shape, 0);
            if is_hash {
                keyspace.execute(
                    &command(CommandName::HSet, bytes, Ttl::Keep),
                    key,
                    Time::ZERO,
                );
                if ttl != Ttl::Clear {
                    keyspace.execute(&command(CommandName::Expire, 0, ttl), key, Time::ZERO);
                }
            } else {
                keyspace.execute(&set(bytes, ttl), key, Time::ZERO);
            }
            if id % 1000 == 0 {
                keyspace.cron(Time::ZERO);
            }
        }
        keyspace.cron(Time::ZERO);
        keyspace.cron(Time::ZERO);
        let formula = |key: &str| row[key].as_f64().unwrap();
        let histograms = formula("formula_with_histograms") - formula("formula_keyspace");
        let ours = u64::from(keyspace.seen_commands.count_ones()) * HISTOGRAM_BYTES;
        let grown = (keyspace.used_memory() - before - ours) as f64 + histograms;
        let error = (grown / formula("delta") - 1.0).abs();
        // All hashes of the test have the same field names, so that the number of child buckets
        // of Valkey's table is a single draw instead of a mean.
        let one_draw = is_hash && name.starts_with("valkey") && (fields, bytes) == (20, 2000);
        let bound = if one_draw { 0.012 } else { 0.005 };
        assert!(error <= bound, "{row}: {grown}");
    }
}
