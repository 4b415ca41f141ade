//! `volatile-ttl`: the key that expires first goes first.

use crate::store::entry::Entry;

/// The earlier the expiry, the higher.
#[inline]
pub(super) const fn score(entry: &Entry) -> u64 {
    u64::MAX - entry.expires()
}
