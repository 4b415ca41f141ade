//! What is deployed, in words.

use crate::scenario::store::{StoreKind, StoreSpec};

use super::format::{bytes, plural, thousands};

/// What is deployed, in one line.
pub(super) fn deployment(store: &StoreSpec) -> String {
    match &store.kind {
        StoreKind::Cache => {}
        StoreKind::Database { .. } => return "Sessions in the database, no cache".to_owned(),
        StoreKind::InProcess(instances) => {
            let number = plural(instances.number.into(), "instance", "instances");
            return match instances.most() {
                most if most > instances.number => format!(
                    "Sessions in the memory of {number} of the application, at most {most}, no cache"
                ),
                _ => format!("Sessions in the memory of {number} of the application, no cache"),
            };
        }
    }
    let nodes = match (&store.node_type, store.shards) {
        (Some(node_type), 1) => format!("One {node_type}"),
        (Some(node_type), shards) => format!("{} shards of {node_type}", thousands(shards.into())),
        (None, shards) => plural(shards.into(), "node", "shards"),
    };
    let limit = match store.maxmemory.0 {
        0 => "no memory limit".to_owned(),
        limit => format!("maxmemory {}", bytes(limit)),
    };
    let (engine, policy) = (store.engine.as_str(), store.maxmemory_policy.as_str());
    let each = if store.shards > 1 { " each" } else { "" };
    let replicas = match store.topology.replicas {
        0 => String::new(),
        number => {
            let number = plural(number.into(), "replica", "replicas");
            format!(" with {number}{each}")
        }
    };
    format!("{nodes}{replicas}, {engine}, {limit}{each}, {policy}")
}
