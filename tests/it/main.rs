//! The one integration test binary: a file a subject.

mod catalogues;
mod check;
mod desk;
mod documents;
mod expectations;
mod explain;
mod init;
mod layers;
mod mutants;
mod run;
