//! Facts that scenarios build on, compiled in as data.

pub mod cloudwatch;
pub mod libraries;
pub mod node_types;
pub mod prices;
