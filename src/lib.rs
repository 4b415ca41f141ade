//! A deterministic simulator of session stores and carts on `ElastiCache`, Redis and Valkey.
//!
//! Five minutes through the code:
//!
//! * A scenario file becomes a validated [`Scenario`](scenario::Scenario):
//!   [`scenario::load`] reports every mistake at once, and after it nothing can fail.
//! * [`world::simulate`] runs it. The world is the one place where the components meet: the users
//!   of [`traffic`], whose intents depend on nothing but the seed; the [`program`]s of commands
//!   that a session library sends; the [`store`], nodes that behave as measured servers do; the
//!   ledger of [`session`] fates. Start reading in `world/journey.rs`.
//! * Underneath, the [`kernel`] keeps events in exact order of (time, sequence) and draws random
//!   numbers that belong to somebody by name.
//! * The world states facts to a [`probe::Probe`]. The one that counts is
//!   [`metrics::recorder::Recorder`]; the catalogue in [`metrics`] turns its measurements into
//!   named numbers, and [`report`] renders them.
//! * [`replay`] drives one keyspace with recorded traffic, to hold it against measured servers.
//!
//! ```
//! use sessionsim::{metrics::recorder::Recorder, scenario, world};
//!
//! let scenario = scenario::load(
//!     "tiny.toml",
//!     r#"
//!     duration = "10m"
//!     warmup = "5m"
//!     platform = "self-managed"
//!     store.maxmemory = "16MiB"
//!
//!     [[users]]
//!     name = "visitors"
//!     concurrent = 20
//!
//!     [users.session]
//!     bytes = "2KB"
//!     ttl = "2m"
//!     "#,
//! )?;
//! let recorder = Recorder::new(&scenario);
//! let simulated = world::simulate(&scenario, 0, recorder, &mut |_now, _requests| true);
//! let measurements = simulated.probe.finish();
//! assert!(measurements.counts.requests > 0);
//! # Ok::<(), scenario::Problems>(())
//! ```

pub mod charts;
pub mod cli;
pub mod cloudwatch;
pub mod compare;
pub mod cost;
pub mod fidelity;
pub mod gate;
pub mod kernel;
pub mod measure;
pub mod metrics;
pub mod page;
pub mod probe;
pub mod program;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod session;
pub mod store;
pub mod story;
pub mod sweep;
pub mod traffic;
pub mod units;
pub mod world;
