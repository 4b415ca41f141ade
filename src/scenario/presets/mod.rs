//! Facts that scenarios build on, compiled in as data.

pub mod libraries;
pub mod node_types;
