//! Sweeps: many points of one scenario, each run several times, and what can be said of them.
//!
//! A [`design`] lays out the points. Each point is run with a number of replicates; a run leaves a
//! [`record`](records::Record), the exact values of all metrics. Everything else follows from the
//! records in the order of points and replicates, whoever computed them and when: intervals,
//! differences, the best point, tables. No file is opened here.

pub mod design;
pub mod plan;
