//! Recorded traffic through several shards.
//!
//! A key's hash slot decides its shard, as a cluster's clients find it. Each shard sees its own
//! rows alone, as if it had a client for itself.

use std::fmt::Write as _;

use super::{Counts, FinalKeys, Replay, Replayed, Setup};
use crate::kernel::places::Places;
use crate::store::slots::{SlotMap, hash_slot};
use crate::traffic::trace::Row;
use crate::units::Time;

/// What stands before the number in a key's name.
const PREFIX: &str = "sess:";

/// A replay through a node, or through the shards of a cluster.
#[derive(Debug)]
pub struct Deployment {
    shards: Vec<Replay>,
    router: Option<Router>,
    last: Time,
}

/// What a replay through all shards found.
#[derive(Clone, Debug)]
pub struct Total {
    /// Of all shards together.
    pub counts: Counts,
    /// Of all shards together.
    pub final_keys: FinalKeys,
    /// Each shard for itself.
    pub shards: Vec<Replayed>,
}

impl Deployment {
    /// An empty deployment of as many shards as the store has.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let shards = setup.store.shards.max(1);
        Self {
            shards: (0..shards)
                .map(|index| Replay::of_shard(setup, index))
                .collect(),
            router: (shards > 1).then(|| Router::new(shards, setup.key_length)),
            last: Time::ZERO,
        }
    }

    /// The next rows, none of which may lie before the one above it; the same as one by one.
    pub fn rows(&mut self, rows: &[Row]) {
        if self.router.is_some() {
            for row in rows {
                self.row(row);
            }
        } else if let Some(last) = rows.last() {
            self.last = Time(last.millis * 1_000_000);
            self.shards[0].rows(rows);
        }
    }

    /// The next row, which must not lie before the last one.
    #[inline]
    pub fn row(&mut self, row: &Row) {
        self.last = Time(row.millis * 1_000_000);
        match &mut self.router {
            None => self.shards[0].row(row),
            Some(router) => {
                let slot = router.slot(row.key);
                let shard = usize::from(router.shards.node(slot));
                self.shards[shard].row_in_slot(row, slot);
            }
        }
    }

    /// The end: at the time of the last row, or at `end` if that is later.
    #[must_use]
    pub fn finish_at(self, end: Time) -> Total {
        let end = end.max(self.last);
        let shards = self.shards.into_iter();
        let shards: Vec<Replayed> = shards.map(|shard| shard.finish_at(end)).collect();
        let mut counts = Counts::default();
        let mut final_keys = FinalKeys::default();
        for shard in &shards {
            counts.add(&shard.counts);
            let ages = &shard.final_keys;
            final_keys.idle_resident.extend(&ages.idle_resident);
            final_keys.idle_lost.extend(&ages.idle_lost);
        }
        final_keys.idle_resident.sort_unstable();
        final_keys.idle_lost.sort_unstable();
        Total {
            counts,
            final_keys,
            shards,
        }
    }
}

/// Finds the slot of a key: once from its name, and then by its number.
#[derive(Debug)]
struct Router {
    shards: SlotMap,
    table: Places,
    slots: Vec<u16>,
    digits: usize,
    name: String,
}

impl Router {
    fn new(shards: u32, key_length: u32) -> Self {
        Self {
            shards: SlotMap::even(shards),
            table: Places::default(),
            slots: Vec::new(),
            digits: (key_length as usize).saturating_sub(PREFIX.len()),
            name: String::new(),
        }
    }

    #[inline]
    fn slot(&mut self, number: u64) -> u16 {
        let (place, new) = self.table.place(number);
        if new {
            self.add(number);
        }
        self.slots[place as usize]
    }

    fn add(&mut self, number: u64) {
        self.name.clear();
        let digits = self.digits;
        // Writing to a string cannot fail.
        let _ = write!(self.name, "{PREFIX}{number:0digits$}");
        self.slots.push(hash_slot(self.name.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::trace::Operation;

    fn rows() -> Vec<Row> {
        (0..60_000u64)
            .map(|n| Row {
                millis: n / 10,
                operation: Operation::Get,
                key: n * 7919 % 5_003,
                bytes: 500,
                ttl_millis: 0,
            })
            .collect()
    }

    fn replay(shards: u32) -> Total {
        let mut setup = Setup::default();
        setup.store.shards = shards;
        let mut deployment = Deployment::new(&setup);
        deployment.rows(&rows());
        deployment.finish_at(Time::ZERO)
    }

    #[test]
    fn a_key_goes_where_its_name_says() {
        let mut router = Router::new(3, 15);
        let slot = router.slot(12);
        assert_eq!(router.name, "sess:0000000012");
        assert_eq!(slot, hash_slot(b"sess:0000000012"));
        router.slot(13);
        assert_eq!(router.slot(12), slot);
        assert_eq!(
            router.name, "sess:0000000013",
            "a known key is not named again"
        );
        // A number that is longer than the name keeps all its digits.
        let mut short = Router::new(3, 7);
        short.slot(123);
        assert_eq!(short.name, "sess:123");
    }

    #[test]
    fn shards_share_the_keys_and_lose_none() {
        let (one, three) = (replay(1), replay(3));
        assert_eq!(one.counts, three.counts, "without a limit nothing differs");
        assert_eq!(three.shards.len(), 3);
        let keys: Vec<u64> = three
            .shards
            .iter()
            .map(|shard| shard.samples.last().expect("one at the end").keys)
            .collect();
        assert_eq!(keys.iter().sum::<u64>(), 5_003);
        // A third each, give or take four standard deviations.
        assert!(keys.iter().all(|&n| n.abs_diff(1_668) < 134), "{keys:?}");
        assert_eq!(three.final_keys.idle_resident.len(), 5_003);
        assert!(three.shards.iter().all(|shard| shard.broken.is_none()));
    }
}
