//! Walking all keys, table by table.

use super::Tables;
use super::table::Table;
use crate::store::entry::Entry;

/// Where a scan is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Cursor {
    place: usize,
    bits: u64,
}

impl<const LINK: usize> Tables<LINK> {
    /// Hands out the keys behind the cursor; returns the cursor behind them, or `None` when it
    /// has come round. Until [`Tables::end_scan`] nothing moves.
    pub(in crate::store) fn scan(
        &mut self,
        entries: &[Entry],
        cursor: Cursor,
        keys: &mut Vec<u32>,
    ) -> Option<Cursor> {
        let table = self.all.get_mut(cursor.place)?;
        let bits = if table.is_too_sparse() {
            0
        } else {
            match table {
                Table::Dict(table) => table.scan(entries, cursor.bits, keys),
                Table::Hash(table) => table.scan(cursor.bits, keys),
            }
        };
        if bits != 0 {
            return Some(Cursor { bits, ..cursor });
        }
        let next = (cursor.place + 1..self.all.len()).find(|&at| self.all[at].len() > 0);
        next.map(|place| Cursor { place, bits: 0 })
    }

    /// Asks the processor for some `wanted` keys that the next scans will hand out. Does not look
    /// beyond the table that the cursor is in.
    pub(in crate::store) fn warm_scan(&self, entries: &[Entry], cursor: Cursor, wanted: usize) {
        let Some(table) = self.all.get(cursor.place) else {
            return;
        };
        let mut bits = cursor.bits;
        let mut seen = 0;
        // A table that is too sparse has many buckets for few keys.
        for _ in 0..wanted {
            let (next, keys) = table.warm_scan(entries, bits);
            bits = next;
            seen += keys;
            if bits == 0 || seen >= wanted {
                return;
            }
        }
    }

    /// Tidies up behind [`Tables::scan`].
    pub(in crate::store) fn end_scan(&mut self, cursor: Cursor) {
        if matches!(self.all.get(cursor.place), Some(Table::Hash(_))) {
            self.change(cursor.place, |table| {
                if let Table::Hash(table) = table {
                    table.end_scan();
                }
            });
        }
    }
}
