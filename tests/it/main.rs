//! The one integration test binary: a file a subject.

mod browser;
mod catalogues;
mod check;
mod compare;
mod conservation;
mod cost;
mod desk;
mod determinism;
mod documents;
mod expectations;
mod explain;
mod fidelity;
mod init;
mod intents;
mod layers;
mod lifetimes;
mod metamorphic;
mod mutants;
mod queues;
mod races;
mod replay;
mod report;
mod run;
mod support;
mod traces;
mod traffic;
