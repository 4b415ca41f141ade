//! A scenario: what is deployed, who uses it, and for how long.
//!
//! The types here are validated: whoever holds a [`Scenario`] can run it, and nothing below
//! needs to ask whether it makes sense. Each section has one file with its type, the reader of
//! its keys and their writer. This is the only module that knows TOML.

pub mod commands;
pub mod database;
pub mod network;
pub mod store;
pub mod users;

use crate::units::Span;

use database::DatabaseSpec;
use network::NetworkSpec;
use store::{Platform, StoreSpec};
use users::UserClass;

/// A validated scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Names the result's folder; letters, digits, `-` and `_`.
    pub name: String,
    /// One sentence for reports; may be empty.
    pub description: String,
    /// Seed of every random number of the run.
    pub seed: u64,
    /// Simulated time, the warm-up included.
    pub duration: Span,
    /// Left out of all metrics, from the start.
    pub warmup: Span,
    /// Length of a row of `timeseries.csv`.
    pub window: Span,
    /// Decides defaults and limits.
    pub platform: Platform,
    /// The cache tier.
    pub store: StoreSpec,
    /// Between the application and the nodes.
    pub network: NetworkSpec,
    /// Behind the cache.
    pub database: DatabaseSpec,
    /// Who uses it; at least one class.
    pub users: Vec<UserClass>,
}

impl Scenario {
    pub fn expected_requests(&self) -> f64 {
        160_000.0 * self.duration.seconds()
    }
    pub fn expected_live_sessions(&self) -> f64 {
        self.users
            .iter()
            .map(|u| match u.arrival {
                users::Arrival::Concurrent { users, .. } => users as f64,
                _ => 1e5,
            })
            .sum()
    }
}
