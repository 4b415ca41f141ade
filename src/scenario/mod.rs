//! A scenario: what is deployed, who uses it, and for how long.
//!
//! The types here are validated: whoever holds a [`Scenario`] can run it, and nothing below
//! needs to ask whether it makes sense. Each section has one file or folder with its type, its
//! keys, their reader and their writer; what all sections share is in [`reader`]. This is the only
//! module that knows TOML.
//!
//! To add a key: declare it as a `Key` beside its section's others, list it in `SECTION`, read it
//! with `table.get` and write it with `out.put`. Documents and messages follow.

pub mod alarms;
pub mod commands;
pub mod cost;
pub mod database;
pub mod document;
pub mod estimates;
pub mod expect;
pub mod faults;
mod load;
mod naming;
pub mod network;
mod own_types;
pub mod presets;
pub mod random;
pub mod reader;
pub mod schema;
mod start;
pub mod store;
pub mod sweep;
#[cfg(test)]
mod tests;
mod top;
pub mod traffic;
pub mod users;
pub mod workloads;

use crate::units::Span;

pub use load::{Input, Loaded, load, load_input, load_with, no_trace};
pub use reader::problem::{Location, Problem, Problems};
pub use reader::tree::Source;
pub use reader::{Origin, ValueOrigin};
pub use start::{Start, settling};
pub use top::SECTIONS;

use alarms::Alarm;
use cost::CostSpec;
use database::DatabaseSpec;
use expect::Expectation;
use faults::FaultSpec;
use network::NetworkSpec;
use presets::node_types::NodeType;
use store::{Platform, StoreSpec};
use traffic::TraceSpec;
use users::{Arrival, UserClass};
use workloads::WorkloadSpec;

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
    /// Who is there when the run begins.
    pub start: Start,
    /// Left out of all metrics, from the start.
    pub warmup: Span,
    /// Length of a row of `timeseries.csv`.
    pub window: Span,
    /// Decides defaults and limits.
    pub platform: Platform,
    /// What the run must show; may be empty.
    pub expect: Vec<Expectation>,
    /// The cache tier.
    pub store: StoreSpec,
    /// Node types of one's own, beside those of the catalogue.
    pub node_types: Vec<NodeType>,
    /// Between the application and the nodes.
    pub network: NetworkSpec,
    /// What fails; may be empty.
    pub faults: Vec<FaultSpec>,
    /// Behind the cache.
    pub database: DatabaseSpec,
    /// Alarms beside those that AWS recommends; may be empty.
    pub alarms: Vec<Alarm>,
    /// What it costs.
    pub cost: CostSpec,
    /// Recorded traffic, if any.
    pub trace: Option<TraceSpec>,
    /// Who uses it; at least one class unless there is recorded traffic.
    pub users: Vec<UserClass>,
    /// What else uses the nodes; may be empty.
    pub workloads: Vec<WorkloadSpec>,
}

/// A class of the run: one that stands in the scenario, or a copy of it.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The class as the scenario has it.
    pub class: &'a UserClass,
    /// Its place among those of the scenario.
    pub place: usize,
    /// Which of its copies this is, counted from 0.
    pub copy: u32,
    /// Its own users.
    pub arrival: Arrival,
}

impl<'a> Member<'a> {
    /// A class that stands for itself, or the first of its copies.
    pub fn first(class: &'a UserClass, place: usize) -> Self {
        let arrival = class.arrivals_of_copies().swap_remove(0);
        Self {
            class,
            place,
            copy: 0,
            arrival,
        }
    }

    /// Its name in reports.
    pub fn name(&self) -> String {
        self.class.name_of_copy(self.copy)
    }
}

impl Scenario {
    /// All classes of the run in the order of their numbers, copies by themselves.
    pub fn classes(&self) -> impl Iterator<Item = Member<'_>> {
        self.users.iter().enumerate().flat_map(|(place, class)| {
            let arrivals = (0..).zip(class.arrivals_of_copies());
            arrivals.map(move |(copy, arrival)| Member {
                class,
                place,
                copy,
                arrival,
            })
        })
    }

    /// The node type of that name: one of the scenario's own, or of the catalogue.
    pub fn node_type(&self, name: &str) -> Option<NodeType> {
        own_types::find(&self.node_types, name)
    }
}

/// Whether a name can stand in paths: 1 to 64 letters, digits, `-` or `_`, the first a letter or
/// a digit.
fn is_plain_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
