//! The open bucket: its events by bins, near ones among them.

use super::key::{NONE, VACANT, time_of};
use crate::units::Time;

/// Enough that a bin seldom holds more than one event.
pub(super) const BINS: usize = 2048;

/// The events of the open bucket that are still to come.
pub(super) struct OpenBucket {
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
    pub(super) fn new(bin_bits: u32) -> Self {
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
    pub(super) fn begin(&mut self, keys: &[u128]) {
        self.bin = 0;
        for &key in keys {
            self.link(self.bin_of(time_of(key)), key);
        }
    }

    #[inline]
    pub(super) const fn bin_of(&self, at: Time) -> usize {
        (at.0 >> self.bin_bits) as usize % BINS
    }

    /// Adds a key that lies in this bucket.
    #[inline]
    pub(super) fn push(&mut self, at: Time, key: u128) {
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
    pub(super) fn pop(&mut self) -> Option<u128> {
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
