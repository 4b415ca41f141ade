//! A small discrete-event kernel that knows nothing of caches.
//!
//! [`Agenda`](agenda::Agenda) keeps what is to happen in exact order of (time, sequence),
//! [`draws`] and [`streams`] are the two sources of randomness, [`quantiles`] turns a
//! distribution into an integer table, [`station`] holds queues, [`slab`] keeps records that
//! come and go, and [`memory`] is the one place with `unsafe` code.

pub mod agenda;
pub mod curve;
pub mod draws;
pub mod memory;
pub mod places;
pub mod quantiles;
pub mod slab;
pub mod station;
pub mod streams;
pub mod zipf;
