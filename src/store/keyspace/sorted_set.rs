//! Bytes of a sorted set, by its members.
//!
//! Sources: `t_zset.c`, `dict.c` and `listpack.c` of Redis 7.0 and Valkey 8.0; `t_zset.c` and
//! `hashtable.c` of Valkey's development branch, and the pull requests valkey#1427 (8.1: a hash
//! table of skip-list nodes) and valkey#2508 (9.1: the member lies in its node). The figures of
//! Redis 7.0 are measured (see the tests), those of Valkey 8.1 and 9.1 are not.

use super::memory::{Costs, DICT_ENTRY, POINTER, ShapeCost, ShapeKind, listpack_entry, sds};
use crate::store::engine::Layout;

/// `zset-max-listpack-entries` and `zset-max-listpack-value`, defaults.
const LISTPACK_ENTRIES: u64 = 128;
const LISTPACK_VALUE: u64 = 64;
/// Bytes of a score in a listpack: a whole number of up to seven digits, which fits into 24 bits.
const LISTPACK_SCORE: u64 = 5;
/// Highest level of a skip list, and the bytes of a level (`zskiplistLevel`).
const MAX_LEVEL: u64 = 32;
const LEVEL: u64 = 16;
/// Of the nodes of a level, as many have the next one too (`ZSKIPLIST_P`).
const NEXT_LEVEL: f64 = 0.25;
/// Bytes of a node besides its levels: member, score, link backward.
const NODE: u64 = 3 * POINTER;
/// `zset`, `zskiplist` and `dict`.
const SORTED_SET: u64 = 16;
const SKIP_LIST: u64 = 32;
const DICT: u64 = 56;

impl Costs {
    /// The mean bytes of a member of `length` bytes in a skip list and its hash table, the buckets
    /// aside.
    pub(super) fn member(&self, length: u64) -> f64 {
        let (node, beside) = match self.layout() {
            Layout::Separate | Layout::KeyInEntry => {
                (NODE, self.block(sds(length)) + self.block(DICT_ENTRY))
            }
            Layout::KeyInObject => (NODE, self.block(sds(length))),
            // A byte says how long the header of the member is.
            Layout::ValueInObject => (NODE - POINTER + 1 + sds(length), 0),
        };
        let mut share = 1.0 - NEXT_LEVEL;
        let mut mean = beside as f64;
        for level in 1..=MAX_LEVEL {
            mean += share * self.block(node + level * LEVEL) as f64;
            share *= NEXT_LEVEL;
        }
        mean
    }

    /// The body of a sorted set of `members`, its object aside. It grows one by one: a table that
    /// is being moved to a larger one is counted as if that was done.
    pub(super) fn sorted_set(&self, cost: &ShapeCost, members: u64) -> u64 {
        let ShapeKind::SortedSet { member_length } = cost.shape.kind else {
            return 0;
        };
        let length = u64::from(member_length);
        if members <= LISTPACK_ENTRIES && length <= LISTPACK_VALUE {
            return self.block(7 + members * (listpack_entry(length) + LISTPACK_SCORE));
        }
        let header = NODE + MAX_LEVEL * LEVEL;
        let structure = match self.layout() {
            Layout::Separate | Layout::KeyInEntry => {
                let buckets = members.max(4).next_power_of_two();
                self.block(SKIP_LIST) + self.block(header) + self.block(DICT) + POINTER * buckets
            }
            Layout::KeyInObject => {
                self.block(SKIP_LIST) + self.block(header) + self.hash_table(members as u32)
            }
            // The header lies in the list itself.
            Layout::ValueInObject => self.block(header) + self.hash_table(members as u32),
        };
        self.block(SORTED_SET) + structure + (cost.member * members as f64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Shape;
    use super::*;
    use crate::scenario::store::{Allocator, Engine};
    use crate::store::engine::EngineRules;

    fn costs(engine: Engine, allocator: Allocator) -> Costs {
        Costs::new(&EngineRules::of(engine, allocator), false)
    }

    /// What `used_memory` of redis-server 7.0.15 (Debian, jemalloc 5.3.0) grew by when a sorted
    /// set `board:1` was filled one by one with scores of six digits and all members had been
    /// visited twice; of the two smallest skip lists the mean of thirty. Levels are random there, so
    /// others are only met in the mean.
    #[test]
    fn sorted_sets_take_what_was_measured() {
        for (length, members, measured) in [
            (8, 1, 96),
            (8, 10, 224),
            (8, 100, 1_600),
            (8, 128, 2_112),
            (8, 129, 15_952),
            (8, 256, 28_480),
            (8, 257, 30_880),
            (8, 1_024, 112_736),
            (8, 5_000, 572_240),
            (8, 10_000, 1_146_048),
            (36, 1, 128),
            (36, 10, 512),
            (36, 128, 6_208),
            (36, 200, 29_556),
            (36, 1_024, 145_472),
            (36, 10_000, 1_465_392),
        ] {
            let mut costs = costs(Engine::Redis70, Allocator::Debian);
            let shape = costs.register(Shape {
                key_length: 7,
                kind: ShapeKind::SortedSet {
                    member_length: length,
                },
            });
            let ours = costs.key(shape, members, false);
            if members <= 128 {
                assert_eq!(ours, measured, "{members} members of {length} bytes");
            } else {
                let off = ours as f64 / measured as f64 - 1.0;
                assert!(
                    off.abs() < 0.012,
                    "{members} of {length}: {ours}, not {measured}"
                );
            }
        }
    }

    /// Likewise 10,000 counters with keys of 37 bytes, less the buckets of the main table and of
    /// the one that it was being moved from.
    #[test]
    fn counters_take_what_was_measured() {
        let measured = (996_576 - 131_072 - 65_536 + 5_000) / 10_000;
        let mut costs = costs(Engine::Redis70, Allocator::Debian);
        let mut key = |shared| {
            let shape = costs.register(Shape {
                key_length: 37,
                kind: ShapeKind::Counter { shared },
            });
            costs.key(shape, 1, false)
        };
        assert_eq!(key(true), measured);
        assert_eq!(key(false), measured + 16);
    }

    /// By the measure of valkey#1427 a member took 15 bytes less than before, and by that of
    /// valkey#2508 another 7; whole blocks of the allocator take that up or not.
    #[test]
    fn later_engines_need_less_for_a_member() {
        for length in [8, 20, 36, 60] {
            let of = |engine| costs(engine, Allocator::Bundled).member(length);
            let (old, hashtable, embedded) = (
                of(Engine::Valkey80),
                of(Engine::Valkey81),
                of(Engine::Valkey91),
            );
            assert!((old - hashtable - 24.0).abs() < 1e-6);
            assert!(
                embedded < hashtable + 16.0,
                "{length}: {embedded} {hashtable}"
            );
        }
    }
}
