//! `allkeys-lru` and `volatile-lru`: the key that was not asked for the longest goes first.

use crate::store::clock::Clock;
use crate::store::entry::Entry;

/// Idle time in whole seconds of the cached clock: keys last used within the same second rank
/// equal (`estimateObjectIdleTime`, `LRU_CLOCK_RESOLUTION`).
#[inline]
pub(super) const fn score(entry: &Entry, clock: &Clock) -> u64 {
    clock.idle(entry.stamp()) as u64
}
