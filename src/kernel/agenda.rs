//! What is to happen, in exact order of (time, sequence).
//!
//! Two levels. Far events, such as a user's next intent, lie in a *wheel*: a ring of buckets,
//! each a span of time, filled unsorted and sorted when it is opened. Near events, such as a
//! command on its way, go to a small heap as large as the number of requests in flight: whatever
//! is earlier than the end of the open bucket goes there, so the order stays exact whatever the
//! width of a bucket. Events beyond the ring wait in a second heap until they come within it.
//!
//! An event is 32 bits that mean something to the caller; the agenda keeps it in one 128-bit key
//! with its time and sequence number, so keys order themselves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::memory::prefetch;
use crate::units::{Span, Time};

/// Times must be below this: 2^56 ns, 2.28 years.
pub const TIME_LIMIT: Time = Time(1 << TIME_BITS);
/// Events that one run may push: 2^40.
pub const EVENT_LIMIT: u64 = 1 << SEQUENCE_BITS;

const TIME_BITS: u32 = 56;
const SEQUENCE_BITS: u32 = 40;
const EVENT_BITS: u32 = 32;

/// How far ahead of its turn an event is announced to [`Warm::early`] and [`Warm::late`].
const EARLY: usize = 16;
const LATE: usize = 8;

/// Pushes into the wheel wait this long for their bucket's memory.
const DEFERRED: usize = 8;

/// Is told which events come soon, so that it can touch what they will need.
pub trait Warm {
    /// The event is some 16 far events away.
    fn early(&self, event: u32);
    /// The event is some 8 far events away.
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
    /// The open bucket's keys in order, from `head`.
    open: Vec<u128>,
    head: usize,
    /// Keys earlier than the end of the open bucket that were pushed since it opened.
    near: BinaryHeap<Reverse<u128>>,
    /// Number of the first bucket that is not open yet, counted from time 0.
    next_bucket: u64,
    wheel: Wheel,
    /// Pushes on their way into the wheel; the oldest is at `deferred_at`.
    deferred: [u128; DEFERRED],
    deferred_at: usize,
    /// Keys beyond the ring.
    far: BinaryHeap<Reverse<u128>>,
    /// Scratch space for sorting.
    scratch: Vec<u128>,
}

/// Marks an empty place among the deferred pushes: no event has this key.
const VACANT: u128 = u128::MAX;

#[inline]
const fn key(at: Time, sequence: u64, event: u32) -> u128 {
    (at.0 as u128) << (SEQUENCE_BITS + EVENT_BITS)
        | (sequence as u128) << EVENT_BITS
        | event as u128
}

#[inline]
const fn time_of(key: u128) -> Time {
    Time((key >> (SEQUENCE_BITS + EVENT_BITS)) as u64)
}

impl Agenda {
    /// An agenda for about `pending` far events, of which about `rate` a second become due.
    /// Both only decide speed and memory.
    #[must_use]
    pub fn new(pending: u64, rate: f64) -> Self {
        // Some 200 events a bucket: enough to spread the cost of opening it, few enough that the
        // open bucket stays in the fastest cache.
        let width = (200.0 / rate.max(1e-3) * 1e9) as u64;
        let width_bits = width
            .clamp(1 << 10, 1 << 36)
            .next_power_of_two()
            .trailing_zeros();
        // The ring reaches eight mean waits ahead: of exponential waits one in 3000 is longer.
        let buckets = (pending / 25).clamp(256, 1 << 22).next_power_of_two();
        Self {
            sequence: 0,
            open: Vec::with_capacity(1024),
            head: 0,
            near: BinaryHeap::with_capacity(1024),
            next_bucket: 0,
            wheel: Wheel::new(width_bits, buckets as usize),
            deferred: [VACANT; DEFERRED],
            deferred_at: 0,
            far: BinaryHeap::new(),
            scratch: Vec::with_capacity(1024),
        }
    }

    /// Puts `event` on the agenda. Events of one time come out in the order they went in.
    ///
    /// # Panics
    /// If `at` is not below [`TIME_LIMIT`] (in debug builds) or lies before the last popped event.
    #[inline]
    pub fn push(&mut self, at: Time, event: u32) {
        debug_assert!(at < TIME_LIMIT, "{at:?} is beyond the clock");
        let key = key(at, self.sequence, event);
        self.sequence += 1;
        let bucket = self.wheel.bucket(at);
        if bucket < self.next_bucket {
            self.near.push(Reverse(key));
        } else if bucket - self.next_bucket < self.wheel.len() {
            // Written eight pushes later, when the memory has come.
            self.wheel.prefetch_bucket(bucket);
            let halfway = self.deferred[(self.deferred_at + DEFERRED / 2) % DEFERRED];
            if halfway != VACANT {
                self.wheel.prefetch_place(halfway);
            }
            let due = std::mem::replace(&mut self.deferred[self.deferred_at], key);
            self.deferred_at = (self.deferred_at + 1) % DEFERRED;
            if due != VACANT {
                self.wheel.put(due);
            }
        } else {
            self.far.push(Reverse(key));
        }
    }

    /// Takes the next event, and tells `warm` which come after it.
    #[inline]
    pub fn pop(&mut self, warm: &impl Warm) -> Option<(Time, u32)> {
        loop {
            let near = self.near.peek().map_or(VACANT, |key| key.0);
            let far = self.open.get(self.head).copied().unwrap_or(VACANT);
            if far < near {
                self.head += 1;
                if let Some(&early) = self.open.get(self.head + EARLY) {
                    warm.early(early as u32);
                }
                if let Some(&late) = self.open.get(self.head + LATE) {
                    warm.late(late as u32);
                }
                return Some((time_of(far), far as u32));
            }
            if near != VACANT {
                self.near.pop();
                return Some((time_of(near), near as u32));
            }
            if !self.open_next(warm) {
                return None;
            }
        }
    }

    /// Events pushed so far.
    pub fn pushed(&self) -> u64 {
        self.sequence
    }

    /// Opens the next bucket that holds anything. False if there is none.
    #[inline(never)]
    fn open_next(&mut self, warm: &impl Warm) -> bool {
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
        self.open.clear();
        self.head = 0;
        self.wheel.take(bucket, &mut self.open);
        sort(&mut self.open, &mut self.scratch, self.wheel.width_bits);
        for &key in self.open.iter().take(EARLY + 1) {
            warm.early(key as u32);
        }
        for &key in self.open.iter().take(LATE + 1) {
            warm.late(key as u32);
        }
        true
    }

    /// Width of a bucket, for tests and benchmarks.
    pub fn bucket_width(&self) -> Span {
        Span(1 << self.wheel.width_bits)
    }
}

/// The ring of buckets.
struct Wheel {
    width_bits: u32,
    mask: u64,
    buckets: Box<[Bucket]>,
    /// One bit a bucket: whether it holds anything.
    occupied: Box<[u64]>,
    chunks: Vec<Chunk>,
    free: u32,
}

/// The chunk that is being filled, and how many keys are in it.
#[derive(Clone, Copy)]
struct Bucket {
    chunk: u32,
    len: u32,
}

const KEYS: usize = 31;

/// 512 bytes: 31 keys and the number of the next chunk, which is full.
#[derive(Clone)]
#[repr(C, align(64))]
struct Chunk {
    keys: [u128; KEYS],
    next: u32,
}

const _: () = assert!(size_of::<Chunk>() == 512);

const NONE: u32 = u32::MAX;

impl Wheel {
    fn new(width_bits: u32, buckets: usize) -> Self {
        Self {
            width_bits,
            mask: buckets as u64 - 1,
            buckets: vec![
                Bucket {
                    chunk: NONE,
                    len: KEYS as u32
                };
                buckets
            ]
            .into_boxed_slice(),
            occupied: vec![0; buckets.div_ceil(64)].into_boxed_slice(),
            chunks: Vec::new(),
            free: NONE,
        }
    }

    const fn len(&self) -> u64 {
        self.mask + 1
    }

    /// The number of the bucket of an instant, counted from time 0.
    #[inline]
    const fn bucket(&self, at: Time) -> u64 {
        at.0 >> self.width_bits
    }

    #[inline]
    fn prefetch_bucket(&self, bucket: u64) {
        prefetch(&self.buckets, (bucket & self.mask) as usize);
    }

    #[inline]
    fn prefetch_place(&self, key: u128) {
        let bucket = self.buckets[(self.bucket(time_of(key)) & self.mask) as usize];
        if let Some(chunk) = self.chunks.get(bucket.chunk as usize) {
            prefetch(&chunk.keys, bucket.len as usize);
        }
    }

    #[inline]
    fn put(&mut self, key: u128) {
        let place = (self.bucket(time_of(key)) & self.mask) as usize;
        let bucket = &mut self.buckets[place];
        if bucket.len as usize == KEYS {
            let next = bucket.chunk;
            let chunk = self.new_chunk(next);
            self.buckets[place] = Bucket { chunk, len: 1 };
            self.occupied[place / 64] |= 1 << (place % 64);
            self.chunks[chunk as usize].keys[0] = key;
        } else {
            self.chunks[bucket.chunk as usize].keys[bucket.len as usize] = key;
            bucket.len += 1;
        }
    }

    fn new_chunk(&mut self, next: u32) -> u32 {
        if self.free == NONE {
            self.chunks.push(Chunk {
                keys: [0; KEYS],
                next,
            });
            (self.chunks.len() - 1) as u32
        } else {
            let chunk = self.free;
            let place = &mut self.chunks[chunk as usize];
            self.free = std::mem::replace(&mut place.next, next);
            chunk
        }
    }

    /// Moves the bucket's keys, in no order, to `keys`.
    fn take(&mut self, bucket: u64, keys: &mut Vec<u128>) {
        let place = (bucket & self.mask) as usize;
        let Bucket { mut chunk, len } = self.buckets[place];
        let mut len = len as usize;
        while chunk != NONE {
            let taken = &mut self.chunks[chunk as usize];
            keys.extend_from_slice(&taken.keys[..len]);
            let next = std::mem::replace(&mut taken.next, self.free);
            self.free = chunk;
            chunk = next;
            len = KEYS;
        }
        self.buckets[place] = Bucket {
            chunk: NONE,
            len: KEYS as u32,
        };
        self.occupied[place / 64] &= !(1 << (place % 64));
    }

    /// The first bucket from `bucket` on that holds anything, once around the ring.
    fn first_from(&self, bucket: u64) -> Option<u64> {
        let start = (bucket & self.mask) as usize;
        let words = self.occupied.len();
        for step in 0..=words {
            let word = (start / 64 + step) % words;
            let mut bits = self.occupied[word];
            if step == 0 {
                bits &= !0 << (start % 64);
            } else if step == words {
                bits &= !(!0 << (start % 64));
            }
            if bits != 0 {
                let place = (word * 64) as u64 + u64::from(bits.trailing_zeros());
                return Some(bucket + (place.wrapping_sub(bucket) & self.mask));
            }
        }
        None
    }
}

const BINS: usize = 256;

/// Sorts the keys of one bucket: a counting pass over the top bits of their time within the
/// bucket, then insertion, since few are left out of place. Crowded bins are sorted in general.
fn sort(keys: &mut Vec<u128>, scratch: &mut Vec<u128>, width_bits: u32) {
    if keys.len() < 8 || keys.len() > 8 * BINS {
        keys.sort_unstable();
        return;
    }
    // A bucket is at least 2^10 ns wide, so eight bits of the time within it exist.
    let shift = SEQUENCE_BITS + EVENT_BITS + width_bits - BINS.trailing_zeros();
    let bin = |key: u128| (key >> shift) as usize % BINS;
    let mut ends = [0u16; BINS];
    for &key in &*keys {
        ends[bin(key)] += 1;
    }
    let mut total = 0;
    let mut fullest = 0;
    for end in &mut ends {
        fullest = fullest.max(*end);
        total += *end;
        *end = total;
    }
    if fullest > 64 {
        keys.sort_unstable();
        return;
    }
    scratch.clear();
    scratch.resize(keys.len(), 0);
    for &key in &*keys {
        let end = &mut ends[bin(key)];
        *end -= 1;
        scratch[*end as usize] = key;
    }
    for at in 1..scratch.len() {
        let key = scratch[at];
        let mut place = at;
        while place > 0 && scratch[place - 1] > key {
            scratch[place] = scratch[place - 1];
            place -= 1;
        }
        scratch[place] = key;
    }
    std::mem::swap(keys, scratch);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::mix;
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
                let popped = agenda.pop(&());
                prop_assert_eq!(popped, oracle.pop());
                if let Some((at, _)) = popped {
                    now = at;
                }
            }
            loop {
                let popped = agenda.pop(&());
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
            assert_eq!(agenda.pop(&()), Some((Time(5_000_000_000), event)));
        }
        assert_eq!(agenda.pop(&()), None);
    }
}
