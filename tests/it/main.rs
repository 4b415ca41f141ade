//! The one integration test binary: a file a subject.

mod conservation;
mod layers;
mod lifetimes;
mod queues;
mod races;
mod run;
mod support;
