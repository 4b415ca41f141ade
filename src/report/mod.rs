//! Reports: from measurements to text, without looking at anything else.
//!
//! Every report is a pure function of the scenario, its [identity](identity::Identity) and the
//! [`Measurements`]: equal inputs give equal bytes.

mod deployment;
mod expectations;
pub mod format;
pub mod identity;
mod incidents;
pub mod json;
mod latencies;
pub mod limits;
pub mod losses;
pub mod markdown;
mod outage;
mod page;
mod parts;
pub mod series;
pub mod text;
pub mod warnings;
mod workloads;

use crate::metrics::measurements::Measurements;
use crate::scenario::Scenario;

use identity::Identity;

/// All that a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// Which run it was.
    pub identity: &'a Identity,
    /// What it left.
    pub measurements: &'a Measurements,
}

#[cfg(test)]
mod tests;
