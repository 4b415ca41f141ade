//! What a primary has written and not every replica has applied.

use std::collections::VecDeque;

use crate::units::Time;

/// One write of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<T> {
    /// When the primary executed it.
    pub at: Time,
    /// The stream's offset behind it, in bytes.
    pub end: u64,
    /// What it was, as far as the log's owner wants to know: its key, the version before it.
    pub what: T,
}

/// The records of a primary's stream, in order, numbered from 0 without a gap.
#[derive(Clone, Debug)]
pub struct Log<T> {
    records: VecDeque<Record<T>>,
    /// The number of the first record that is kept.
    first: u64,
    /// The offset before that record.
    start: u64,
    end: u64,
}

impl<T: Copy> Log<T> {
    /// An empty log at offset 0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            records: VecDeque::new(),
            first: 0,
            start: 0,
            end: 0,
        }
    }

    /// An empty log that goes on at an offset.
    #[must_use]
    pub fn starting_at(offset: u64) -> Self {
        Self {
            start: offset,
            end: offset,
            ..Self::new()
        }
    }

    /// Adds a write of `bytes` executed at `at`, not before the one before it. The offset behind
    /// it.
    #[inline]
    pub fn write(&mut self, at: Time, bytes: u64, what: T) -> u64 {
        debug_assert!(self.records.back().is_none_or(|last| last.at <= at));
        self.end += bytes;
        self.records.push_back(Record {
            at,
            end: self.end,
            what,
        });
        self.end
    }

    /// The offset behind everything.
    #[inline]
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The offset before the first record that is kept.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The number of the next record to be written.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    /// The number of the first record that is kept.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The record of that number, if it is there.
    #[inline]
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Record<T>> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.records.get(place)
    }

    /// The number of the first record that is not wholly within the first `offset` bytes.
    #[must_use]
    pub fn after(&self, offset: u64) -> u64 {
        self.first + self.records.partition_point(|record| record.end <= offset) as u64
    }

    /// The number of the first record that was written after `at`.
    #[must_use]
    pub fn written_after(&self, at: Time) -> u64 {
        self.first + self.records.partition_point(|record| record.at <= at) as u64
    }

    /// The records that are not wholly within the first `offset` bytes, oldest first.
    pub fn beyond(&self, offset: u64) -> impl Iterator<Item = &Record<T>> {
        let from = self.records.partition_point(|record| record.end <= offset);
        self.records.range(from..)
    }

    /// Forgets the records before that number.
    pub fn forget(&mut self, number: u64) {
        while self.first < number {
            let Some(record) = self.records.pop_front() else {
                return;
            };
            self.start = record.end;
            self.first += 1;
        }
    }

    /// Takes the records beyond `offset` away: another history begins there. Their number.
    pub fn cut(&mut self, offset: u64) -> usize {
        let keep = self.records.partition_point(|record| record.end <= offset);
        let gone = self.records.len() - keep;
        self.records.truncate(keep);
        self.end = self.records.back().map_or(self.start, |last| last.end);
        gone
    }
}

impl<T: Copy> Default for Log<T> {
    fn default() -> Self {
        Self::new()
    }
}
