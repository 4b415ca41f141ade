//! One hash table, of whichever kind the engine has.

use super::dict::Dict;
use super::hashtable::HashTable;
use crate::store::engine::TableKind;
use crate::store::entry::Entry;

/// One table, of either kind.
#[derive(Clone, Debug)]
pub(super) enum Table<const LINK: usize> {
    Dict(Dict<LINK>),
    Hash(HashTable),
}

impl<const LINK: usize> Table<LINK> {
    pub(super) fn new(kind: TableKind) -> Self {
        match kind {
            TableKind::Dict => Self::Dict(Dict::default()),
            TableKind::HashTable(_) => Self::Hash(HashTable::default()),
        }
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Dict(table) => table.len(),
            Self::Hash(table) => table.len(),
        }
    }

    #[inline]
    pub(super) const fn is_rehashing(&self) -> bool {
        match self {
            Self::Dict(table) => table.is_rehashing(),
            Self::Hash(table) => table.is_rehashing(),
        }
    }

    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        match self {
            Self::Dict(table) => table.is_full(),
            Self::Hash(table) => table.is_full(),
        }
    }

    /// Whether it holds keys and the next insertion wants a larger one.
    #[inline]
    pub(super) const fn wants_more(&self) -> bool {
        self.len() > 0 && self.is_full()
    }

    #[inline]
    pub(super) const fn bytes(&self) -> u64 {
        match self {
            Self::Dict(table) => table.bytes(),
            Self::Hash(table) => table.bytes(),
        }
    }

    /// A table so empty that active expiry does not look at it.
    pub(super) const fn is_too_sparse(&self) -> bool {
        match self {
            Self::Dict(table) => table.is_too_sparse(),
            Self::Hash(table) => table.top_level() > 0 && table.len() * 100 / table.top_level() < 1,
        }
    }

    /// Asks the processor for the first keys that a scan at `cursor` would hand out; returns the
    /// next cursor, 0 when it has come round, and the number of keys.
    pub(super) fn warm_scan(&self, entries: &[Entry], cursor: u64) -> (u64, usize) {
        if self.len() == 0 {
            return (0, 0);
        }
        match self {
            Self::Dict(table) => table.warm_scan(entries, cursor),
            Self::Hash(table) => table.warm_scan(entries, cursor),
        }
    }

    /// Moves `steps` buckets.
    pub(super) fn rehash(&mut self, entries: &mut [Entry], steps: usize) {
        match self {
            Self::Dict(table) => table.rehash(entries, steps),
            Self::Hash(table) => (0..steps).for_each(|_| table.rehash_step(entries)),
        }
    }
}
