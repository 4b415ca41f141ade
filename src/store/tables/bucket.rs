//! A bucket of a hash table of Valkey.

use crate::store::entry::NIL;

/// Keys in a bucket (`ENTRIES_PER_BUCKET` on 64-bit systems).
pub(super) const PLACES: usize = 7;
/// The child buckets, beside the two tables.
pub(super) const CHILDREN: usize = 2;

/// A bucket; the last of its places holds the number of a child bucket if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) keys: [u32; PLACES],
    pub(super) filled: u8,
    pub(super) has_child: bool,
}

pub(super) const EMPTY: Bucket = Bucket {
    keys: [NIL; PLACES],
    filled: 0,
    has_child: false,
};

impl Bucket {
    pub(super) const fn places(&self) -> usize {
        PLACES - self.has_child as usize
    }

    pub(super) const fn is_full(&self) -> bool {
        self.filled.count_ones() as usize == self.places()
    }

    pub(super) fn child(&self) -> Option<At> {
        self.has_child.then(|| At {
            table: CHILDREN,
            index: self.keys[PLACES - 1] as usize,
        })
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = u32> + '_ {
        (0..PLACES)
            .filter(|place| self.filled >> place & 1 == 1)
            .map(|place| self.keys[place])
    }
}

/// Where a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) table: usize,
    pub(super) index: usize,
}
