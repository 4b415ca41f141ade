//! What is to happen, in exact order of (time, sequence).
//!
//! Two levels. Far events, such as a user's next intent, lie in a *wheel*: a ring of buckets,
//! each a span of time, filled unsorted. When its turn comes a bucket is opened: its events are
//! spread over 2048 *bins*, and a bin is sorted when its turn comes. Near events, such as a command
//! on its way, belong to the open bucket and go to their bin at once, so the order stays exact
//! whatever the width of a bucket. Events beyond the ring wait in a heap until they come within
//! it.
//!
//! An event is 32 bits that mean something to the caller; the agenda keeps it in one 128-bit key
//! with its time and sequence number, so keys order themselves.

mod bins;
mod key;
mod wheel;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::Time;

use bins::{BINS, OpenBucket};
pub use key::{EVENT_LIMIT, TIME_LIMIT};
use key::{VACANT, key, time_of};
use wheel::Wheel;

/// Is told which events come soon, so that it can touch what they will need.
pub trait Warm {
    /// The event is one of the some hundred far events that come next.
    fn early(&self, event: u32);
    /// Likewise, and all of them were announced to `early` before.
    fn late(&self, event: u32);
}

/// Needs no warning.
impl Warm for () {
    fn early(&self, _: u32) {}
    fn late(&self, _: u32) {}
}

/// The agenda.
pub struct Agenda {
    /// Next sequence number.
    sequence: u64,
    /// Number of the first bucket that is not open yet, counted from time 0.
    next_bucket: u64,
    open: OpenBucket,
    wheel: Wheel,
    /// Pushes on their way into the wheel; the oldest is at `deferred_at`.
    deferred: [u128; DEFERRED],
    deferred_at: usize,
    /// Keys beyond the ring.
    far: BinaryHeap<Reverse<u128>>,
    /// The keys of a bucket on their way from the wheel into the bins.
    opening: Vec<u128>,
}

/// Pushes into the wheel wait for this many others, until their bucket's memory has come.
const DEFERRED: usize = 8;

impl Agenda {
    /// An agenda for about `pending` far events, of which about `rate` a second become due.
    /// Both only decide speed and memory.
    #[must_use]
    pub fn new(pending: u64, rate: f64) -> Self {
        // Some 200 to 400 events a bucket: enough to spread the cost of opening it, few enough that
        // what they need stays in the second-level cache.
        let width = (200.0 / rate.max(1e-3) * 1e9) as u64;
        let width_bits = width
            .clamp(BINS as u64, 1 << 36)
            .next_power_of_two()
            .trailing_zeros();
        // The ring reaches eight mean waits ahead: of exponential waits one in 3000 is longer.
        let buckets = (pending / 25).clamp(256, 1 << 22).next_power_of_two();
        Self {
            sequence: 0,
            next_bucket: 0,
            open: OpenBucket::new(width_bits - BINS.trailing_zeros()),
            wheel: Wheel::new(width_bits, buckets as usize),
            deferred: [VACANT; DEFERRED],
            deferred_at: 0,
            far: BinaryHeap::new(),
            opening: Vec::with_capacity(1024),
        }
    }

    /// Puts `event` on the agenda. Events of one time come out in the order they went in.
    ///
    /// # Panics
    /// If `at` is not below [`TIME_LIMIT`].
    #[inline]
    pub fn push(&mut self, at: Time, event: u32) {
        let key = key(at, self.sequence, event);
        self.sequence += 1;
        let bucket = self.wheel.bucket(at);
        if bucket < self.next_bucket {
            self.open.push(at, key);
        } else {
            self.push_far(bucket, key);
        }
    }

    #[inline(never)]
    fn push_far(&mut self, bucket: u64, key: u128) {
        if bucket - self.next_bucket >= self.wheel.len() {
            self.push_beyond(bucket, key);
            return;
        }
        // Written eight pushes later, when the bucket's memory has come.
        self.wheel.prefetch_bucket(bucket);
        let due = std::mem::replace(&mut self.deferred[self.deferred_at % DEFERRED], key);
        self.deferred_at = (self.deferred_at + 1) % DEFERRED;
        if due != VACANT {
            self.wheel.put(due);
        }
    }

    /// Whatever is beyond the clock is also beyond the ring.
    #[cold]
    fn push_beyond(&mut self, bucket: u64, key: u128) {
        assert!(
            bucket < self.wheel.bucket(TIME_LIMIT),
            "bucket {bucket} is beyond the clock"
        );
        self.far.push(Reverse(key));
    }

    /// Takes the next event. `None` says that the open bucket is empty: then
    /// [`Agenda::open_next`] decides whether there is more.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, u32)> {
        let key = self.open.pop()?;
        Some((time_of(key), key as u32))
    }

    /// Events pushed so far.
    pub fn pushed(&self) -> u64 {
        self.sequence
    }

    /// Opens the next bucket that holds anything, and tells `warm` what is in it. False if there
    /// is none: the agenda is empty. Call it when [`Agenda::pop`] finds nothing.
    #[inline(never)]
    pub fn open_next(&mut self, warm: &impl Warm) -> bool {
        for place in 0..DEFERRED {
            let due = std::mem::replace(&mut self.deferred[place], VACANT);
            if due != VACANT {
                self.wheel.put(due);
            }
        }
        let beyond = self.far.peek().map(|key| self.wheel.bucket(time_of(key.0)));
        let bucket = match (self.wheel.first_from(self.next_bucket), beyond) {
            (Some(inside), Some(beyond)) => inside.min(beyond),
            (Some(bucket), None) | (None, Some(bucket)) => bucket,
            (None, None) => return false,
        };
        self.next_bucket = bucket + 1;
        while let Some(key) = self.far.peek() {
            // Reaches one bucket less than the ring: the one just opened is still in its place.
            if self.wheel.bucket(time_of(key.0)) >= bucket + self.wheel.len() {
                break;
            }
            let Some(key) = self.far.pop() else { break };
            self.wheel.put(key.0);
        }
        self.opening.clear();
        self.wheel.take(bucket, &mut self.opening);
        for &key in &self.opening {
            warm.early(key as u32);
        }
        self.open.begin(&self.opening);
        for &key in &self.opening {
            warm.late(key as u32);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::mix;
    use crate::units::Span;
    use proptest::prelude::*;

    /// The order that the agenda must reproduce.
    #[derive(Default)]
    struct Oracle {
        heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
        sequence: u64,
    }

    impl Oracle {
        fn push(&mut self, at: Time, event: u32) {
            self.heap.push(Reverse((at.0, self.sequence, event)));
            self.sequence += 1;
        }

        fn pop(&mut self) -> Option<(Time, u32)> {
            self.heap
                .pop()
                .map(|Reverse((at, _, event))| (Time(at), event))
        }
    }

    fn next(agenda: &mut Agenda) -> Option<(Time, u32)> {
        loop {
            let popped = agenda.pop();
            if popped.is_some() || !agenda.open_next(&()) {
                return popped;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Random pushes and pops, with delays from nothing to far beyond the ring.
        #[test]
        fn agrees_with_a_heap(
            seed in any::<u64>(),
            pending in 1u64..5_000,
            rate in 0.01f64..1e7,
            scale_bits in 1u32..45,
        ) {
            let mut agenda = Agenda::new(pending, rate);
            let mut oracle = Oracle::default();
            let mut now = Time::ZERO;
            let mut draw = seed;
            for step in 0..3_000u32 {
                draw = mix(draw.wrapping_add(u64::from(step)));
                let pushes = if step < 100 { 3 } else { draw % 3 };
                for push in 0..pushes {
                    let bits = mix(draw ^ push);
                    // Ties are common: delays are rounded to a few values.
                    let delay = (bits >> (64 - scale_bits)) >> (bits % 20) << (bits % 20);
                    agenda.push(now + Span(delay), step);
                    oracle.push(now + Span(delay), step);
                }
                let popped = next(&mut agenda);
                prop_assert_eq!(popped, oracle.pop());
                if let Some((at, _)) = popped {
                    now = at;
                }
            }
            loop {
                let popped = next(&mut agenda);
                prop_assert_eq!(popped, oracle.pop());
                if popped.is_none() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_crowd_at_one_instant_keeps_its_order() {
        let mut agenda = Agenda::new(100, 1.0);
        for event in 0..100_000 {
            agenda.push(Time(5_000_000_000), event);
        }
        for event in 0..100_000 {
            assert_eq!(next(&mut agenda), Some((Time(5_000_000_000), event)));
        }
        assert_eq!(next(&mut agenda), None);
    }
}
