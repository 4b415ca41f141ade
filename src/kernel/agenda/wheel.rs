//! The ring of buckets in which far events lie until their turn.

use super::key::{NONE, time_of};
use crate::kernel::memory::{prefetch, push_gently};
use crate::units::Time;

/// The ring of buckets.
pub(super) struct Wheel {
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

pub(super) const KEYS: usize = 15;

/// 256 bytes: 15 keys and the number of the next chunk, which is full.
#[derive(Clone)]
#[repr(C, align(64))]
struct Chunk {
    keys: [u128; KEYS],
    next: u32,
}

const _: () = assert!(size_of::<Chunk>() == 256);

impl Wheel {
    pub(super) fn new(width_bits: u32, buckets: usize) -> Self {
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

    pub(super) const fn len(&self) -> u64 {
        self.mask + 1
    }

    /// The number of the bucket of an instant, counted from time 0.
    #[inline]
    pub(super) const fn bucket(&self, at: Time) -> u64 {
        at.0 >> self.width_bits
    }

    #[inline]
    pub(super) fn prefetch_bucket(&self, bucket: u64) {
        prefetch(&self.buckets, (bucket & self.mask) as usize);
    }

    #[inline]
    pub(super) fn put(&mut self, key: u128) {
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
    pub(super) fn take(&mut self, bucket: u64, keys: &mut Vec<u128>) {
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
    pub(super) fn first_from(&self, bucket: u64) -> Option<u64> {
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
