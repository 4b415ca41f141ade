//! An event with its time and sequence number, as one number that orders itself.

use crate::units::Time;

/// Times must be below this: 2^56 ns, 2.28 years.
pub const TIME_LIMIT: Time = Time(1 << TIME_BITS);
/// Events that one run may push: 2^40.
pub const EVENT_LIMIT: u64 = 1 << SEQUENCE_BITS;

const TIME_BITS: u32 = 56;
const SEQUENCE_BITS: u32 = 40;
const EVENT_BITS: u32 = 32;

/// No event has this key.
pub(super) const VACANT: u128 = u128::MAX;

/// No chunk, no node: the end of a list.
pub(super) const NONE: u32 = u32::MAX;

#[inline]
pub(super) const fn key(at: Time, sequence: u64, event: u32) -> u128 {
    (at.0 as u128) << (SEQUENCE_BITS + EVENT_BITS)
        | (sequence as u128) << EVENT_BITS
        | event as u128
}

#[inline]
pub(super) const fn time_of(key: u128) -> Time {
    Time((key >> (SEQUENCE_BITS + EVENT_BITS)) as u64)
}
