//! A deterministic simulator of session stores and carts.

pub mod kernel;
pub mod probe;
pub mod scenario;
pub mod units;
