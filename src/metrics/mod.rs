//! From facts to numbers.
//!
//! The [`Recorder`](recorder::Recorder) listens to a run and leaves
//! [`Measurements`](measurements::Measurements): counts, latencies, gauges and the rows of the
//! time series. The [`catalogue`] says what each metric is called and how it follows from them;
//! every report derives from it. [`check`] holds a run to its conservation laws.

pub mod catalogue;
pub mod check;
pub mod document;
pub mod expect;
pub mod histogram;
pub mod incidents;
mod loads;
pub mod losses;
pub mod measurements;
pub mod nodes;
pub mod owners;
pub mod parts;
pub mod recorder;
pub mod workloads;

#[cfg(test)]
mod tests;
