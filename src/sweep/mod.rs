//! Sweeps: many points of one scenario, each run several times, and what can be said of them.
//!
//! A [`design`] lays out the points, and a [`plan`] is one whose points are all valid. Each point is
//! [run](runs) with a number of replicates; a run leaves a [`record`](records), the exact values of
//! all metrics. Everything else follows from the records in the order of points and replicates,
//! whoever computed them and when: [intervals](interval), differences, the best point, tables. No
//! file is opened here.

pub mod analysis;
pub mod choice;
pub mod design;
pub mod document;
pub mod interval;
pub mod partition;
pub mod plan;
pub mod records;
pub mod runs;
pub mod sensitivity;
pub mod tables;
pub mod text;
