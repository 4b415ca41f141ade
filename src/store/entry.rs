//! The record of a key.

/// The number of a key: dense, so that a command needs no lookup by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// The number of a [`Shape`](super::keyspace::Shape) of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShapeId(pub u8);

/// No key: the end of a chain, an empty bucket.
pub(crate) const NIL: u32 = u32::MAX;

/// Links of the main table's chains in [`Entry::next`].
pub(crate) const MAIN: usize = 0;
/// Links of the expires table's chains.
pub(crate) const EXPIRES: usize = 1;

/// Milliseconds since the start of the run that mean "no TTL"; 42 bits reach 139 years.
const NEVER: u64 = (1 << 42) - 1;

const LIVE: u32 = 1;
const POOLED: u32 = 2;
const KNOWN: u32 = 4;

/// What the keyspace knows of a key. Two of them share a cache line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// From the top: 42 bits expiry in ms since the start of the run, 14 bits slot, 8 bits shape.
    word: u64,
    /// 24 bits as the server's `lru` field (seconds, or minutes and a counter), 8 bits flags.
    access: u32,
    /// Bytes of the value.
    pub(crate) bytes: u32,
    /// Whose key it is.
    pub(crate) owner: u32,
    /// The next key in the chain of the main table and of the expires table.
    pub(crate) next: [u32; 2],
    /// Decides the bucket.
    pub(crate) hash: u32,
}

const _: () = assert!(size_of::<Entry>() == 32);

impl Entry {
    /// A key that is known, but not live.
    pub(crate) const fn new(hash: u32, slot: u16, shape: ShapeId, owner: u32) -> Self {
        Self {
            word: NEVER << 22 | (slot as u64) << 8 | shape.0 as u64,
            access: KNOWN,
            bytes: 0,
            owner,
            next: [NIL; 2],
            hash,
        }
    }

    #[inline]
    pub(crate) const fn is_live(&self) -> bool {
        self.access & LIVE != 0
    }

    /// Whether the id is in use, for a live key or another.
    pub(crate) const fn is_known(&self) -> bool {
        self.access & KNOWN != 0
    }

    pub(crate) const fn forget(&mut self) {
        self.access = 0;
    }

    /// Begins to live with the given access stamp.
    #[inline]
    pub(crate) const fn begin(&mut self, bytes: u32, stamp: u32) {
        self.bytes = bytes;
        self.access = stamp << 8 | self.access & 0xFF | LIVE;
    }

    /// Is no longer live and has no TTL.
    #[inline]
    pub(crate) const fn end(&mut self) {
        self.access &= !LIVE;
        self.word |= NEVER << 22;
    }

    /// Whether the eviction pool may still name the key.
    pub(crate) const fn is_pooled(&self) -> bool {
        self.access & POOLED != 0
    }

    pub(crate) const fn set_pooled(&mut self, pooled: bool) {
        self.access = if pooled {
            self.access | POOLED
        } else {
            self.access & !POOLED
        };
    }

    /// The 24 bits of the server's `lru` field.
    #[inline]
    pub(crate) const fn stamp(&self) -> u32 {
        self.access >> 8
    }

    #[inline]
    pub(crate) const fn set_stamp(&mut self, stamp: u32) {
        self.access = stamp << 8 | self.access & 0xFF;
    }

    /// When it expires, in ms since the start of the run; later than any time if never.
    #[inline]
    pub(crate) const fn expires(&self) -> u64 {
        self.word >> 22
    }

    #[inline]
    pub(crate) const fn has_ttl(&self) -> bool {
        self.expires() != NEVER
    }

    #[inline]
    pub(crate) const fn set_expires(&mut self, millis: u64) {
        let millis = if millis < NEVER { millis } else { NEVER - 1 };
        self.word = millis << 22 | self.word & ((1 << 22) - 1);
    }

    #[inline]
    pub(crate) const fn clear_expires(&mut self) {
        self.word |= NEVER << 22;
    }

    #[inline]
    pub(crate) const fn shape(&self) -> ShapeId {
        ShapeId(self.word as u8)
    }

    pub(crate) const fn slot(&self) -> u16 {
        (self.word >> 8) as u16 & 0x3FFF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_disturb_each_other() {
        let mut entry = Entry::new(7, 16_383, ShapeId(255), 9);
        assert!(!entry.is_live() && entry.is_known() && !entry.has_ttl());
        entry.begin(100, 0xFF_FFFF);
        entry.set_pooled(true);
        entry.set_expires(123_456_789_012);
        assert_eq!((entry.slot(), entry.shape()), (16_383, ShapeId(255)));
        assert_eq!(
            (entry.expires(), entry.stamp()),
            (123_456_789_012, 0xFF_FFFF)
        );
        entry.set_stamp(1);
        assert!(entry.is_live() && entry.is_pooled() && entry.has_ttl());
        entry.set_expires(u64::MAX >> 22);
        assert!(
            entry.has_ttl(),
            "a TTL beyond the clock's reach is still a TTL"
        );
        entry.end();
        assert!(!entry.is_live() && !entry.has_ttl() && entry.is_pooled());
        assert_eq!(
            (entry.slot(), entry.shape(), entry.stamp()),
            (16_383, ShapeId(255), 1)
        );
    }
}
