//! A deterministic simulator of session stores and carts.

pub mod cli;
pub mod fidelity;
pub mod kernel;
pub mod metrics;
pub mod probe;
pub mod program;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod session;
pub mod store;
pub mod traffic;
pub mod units;
pub mod world;
