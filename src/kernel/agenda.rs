//! What is to happen, in exact order of (time, sequence).
//!
//! Two levels. Far events, such as a user's next intent, lie in a *wheel*: a ring of buckets,
//! each a span of time, filled unsorted. When its turn comes a bucket is opened: its events are
//! spread over 1024 *bins*, and a bin is sorted when its turn comes. Near events, such as a command
//! on its way, belong to the open bucket and go to their bin at once, so the order stays exact
//! whatever the width of a bucket. Events beyond the ring wait in a heap until they come within
//! it.
//!
//! An event is 32 bits that mean something to the caller; the agenda keeps it in one 128-bit key
//! with its time and sequence number, so keys order themselves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::memory::{prefetch, push_gently};
use crate::units::{Span, Time};

/// Times must be below this: 2^56 ns, 2.28 years.
pub const TIME_LIMIT: Time = Time(1 << TIME_BITS);
/// Events that one run may push: 2^40.
pub const EVENT_LIMIT: u64 = 1 << SEQUENCE_BITS;

const TIME_BITS: u32 = 56;
const SEQUENCE_BITS: u32 = 40;
const EVENT_BITS: u32 = 32;

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
        // Some 100 to 200 events a bucket: enough to spread the cost of opening it, few enough that
        // what they need stays in the fastest caches.
        let width = (100.0 / rate.max(1e-3) * 1e9) as u64;
        let width_bits = width
            .clamp(BINS as u64, 1 << 36)
            .next_power_of_two()
            .trailing_zeros();
        // The ring reaches eight mean waits ahead: of exponential waits one in 3000 is longer.
        let buckets = (pending / 12).clamp(256, 1 << 22).next_power_of_two();
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
    /// If `at` is not below [`TIME_LIMIT`] or lies before the last popped event (in debug builds).
    #[inline]
    pub fn push(&mut self, at: Time, event: u32) {
        debug_assert!(at < TIME_LIMIT, "{at:?} is beyond the clock");
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
            self.far.push(Reverse(key));
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

    /// Width of a bucket, for tests and benchmarks.
    pub fn bucket_width(&self) -> Span {
        Span(1 << self.wheel.width_bits)
    }
}

/// Enough that a bin seldom holds more than one event.
const BINS: usize = 1024;

/// The events of the open bucket that are still to come.
struct OpenBucket {
    /// Each bin spans 2^`bin_bits` ns.
    bin_bits: u32,
    /// The bin whose turn it is; all before it are empty.
    bin: usize,
    /// Its keys in order, from `head` on.
    current: Vec<u128>,
    head: usize,
    /// Those behind it, each a list of nodes.
    bins: Box<[u32; BINS]>,
    /// One bit a bin: whether it holds anything.
    occupied: [u64; BINS / 64],
    nodes: Vec<Node>,
    free: u32,
}

/// A key in its bin, and the next.
#[derive(Clone, Copy)]
struct Node {
    key: u128,
    next: u32,
}

impl OpenBucket {
    fn new(bin_bits: u32) -> Self {
        Self {
            bin_bits,
            bin: 0,
            current: Vec::with_capacity(64),
            head: 0,
            bins: Box::new([NONE; BINS]),
            occupied: [0; BINS / 64],
            nodes: Vec::with_capacity(1024),
            free: NONE,
        }
    }

    /// Takes over the keys of a bucket whose turn it is.
    fn begin(&mut self, keys: &[u128]) {
        self.bin = 0;
        for &key in keys {
            self.link(self.bin_of(time_of(key)), key);
        }
    }

    #[inline]
    const fn bin_of(&self, at: Time) -> usize {
        (at.0 >> self.bin_bits) as usize % BINS
    }

    /// Adds a key that lies in this bucket.
    #[inline]
    fn push(&mut self, at: Time, key: u128) {
        let bin = self.bin_of(at);
        if bin > self.bin {
            self.link(bin, key);
        } else {
            self.insert_now(key);
        }
    }

    #[inline]
    fn link(&mut self, bin: usize, key: u128) {
        if self.free == NONE {
            self.add_node();
        }
        let place = self.free;
        let vacant = &mut self.nodes[place as usize];
        self.free = vacant.next;
        *vacant = Node {
            key,
            next: self.bins[bin],
        };
        self.bins[bin] = place;
        self.occupied[bin / 64] |= 1 << (bin % 64);
    }

    #[cold]
    fn add_node(&mut self) {
        self.free = self.nodes.len() as u32;
        self.nodes.push(Node {
            key: VACANT,
            next: NONE,
        });
    }

    #[inline(never)]
    fn insert_now(&mut self, key: u128) {
        let place = self.current[self.head..].partition_point(|other| *other < key);
        self.current.insert(self.head + place, key);
    }

    /// Takes the next key.
    #[inline]
    fn pop(&mut self) -> Option<u128> {
        if let Some(&key) = self.current.get(self.head) {
            self.head += 1;
            return Some(key);
        }
        self.next_bin()
    }

    /// Turns to the next bin that holds anything, and takes its first key.
    #[inline]
    fn next_bin(&mut self) -> Option<u128> {
        let mut word = self.bin / 64;
        let mut bits = self.occupied[word];
        while bits == 0 {
            word += 1;
            bits = *self.occupied.get(word)?;
        }
        self.occupied[word] = bits & (bits - 1);
        self.bin = word * 64 + bits.trailing_zeros() as usize;
        let first = std::mem::replace(&mut self.bins[self.bin % BINS], NONE);
        let node = self.take_node(first);
        if node.next == NONE {
            Some(node.key)
        } else {
            self.first_of_many(node)
        }
    }

    #[inline]
    fn take_node(&mut self, place: u32) -> Node {
        let vacant = self.nodes[place as usize];
        self.nodes[place as usize].next = self.free;
        self.free = place;
        vacant
    }

    #[inline(never)]
    fn first_of_many(&mut self, first: Node) -> Option<u128> {
        self.current.clear();
        let mut node = first;
        loop {
            self.current.push(node.key);
            if node.next == NONE {
                break;
            }
            node = self.take_node(node.next);
        }
        sort(&mut self.current);
        self.head = 1;
        self.current.first().copied()
    }
}

/// Sorts the keys of one bin, mostly two or three.
#[inline]
fn sort(keys: &mut [u128]) {
    if keys.len() > 16 {
        keys.sort_unstable();
        return;
    }
    for at in 1..keys.len() {
        let mut place = at;
        while place > 0 && keys[place - 1] > keys[place] {
            keys.swap(place - 1, place);
            place -= 1;
        }
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

const KEYS: usize = 15;

/// 256 bytes: 15 keys and the number of the next chunk, which is full.
#[derive(Clone)]
#[repr(C, align(64))]
struct Chunk {
    keys: [u128; KEYS],
    next: u32,
}

const _: () = assert!(size_of::<Chunk>() == 256);

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
            push_gently(
                &mut self.chunks,
                Chunk {
                    keys: [0; KEYS],
                    next,
                },
            );
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
