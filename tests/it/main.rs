//! The one integration test binary: a file a subject.

mod layers;
mod run;
