//! `[database]`: the store behind the cache.

use crate::kernel::quantiles::Distribution;
use crate::units::Span;

/// What the application does when a session it looked for is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLostSession {
    /// Read it from the database and store it again. Every change is written to the database
    /// too, or there would be nothing to read.
    Restore,
    /// Ask the user to log in again (a guest starts afresh).
    Login,
}

/// `[database]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseSpec {
    /// Queries served at a time, at least 1.
    pub concurrency: u32,
    /// Queries that may wait, beyond those served; further ones are refused.
    pub queue_limit: u32,
    /// Time that a query occupies the database.
    pub service_time: Distribution<Span>,
    /// What becomes of a lost session.
    pub on_lost_session: OnLostSession,
}
