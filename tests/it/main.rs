//! The one integration test binary: a file a subject.

mod application;
mod catalogues;
mod check;
mod conservation;
mod desk;
mod determinism;
mod documents;
mod expectations;
mod explain;
mod fidelity;
mod init;
mod intents;
mod layers;
mod libraries;
mod lifetimes;
mod metamorphic;
mod mutants;
mod queues;
mod races;
mod replay;
mod run;
mod speed;
mod support;
mod traces;
mod traffic;
