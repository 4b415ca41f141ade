//! The one integration test binary: a file a subject.

mod conservation;
mod determinism;
mod intents;
mod layers;
mod lifetimes;
mod metamorphic;
mod queues;
mod races;
mod run;
mod support;
