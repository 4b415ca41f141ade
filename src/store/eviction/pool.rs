//! The candidates for eviction (`EvictionPoolLRU`, `evictionPoolPopulate`).

/// `EVPOOL_SIZE`.
const SIZE: usize = 16;
/// Stands for a candidate whose key's id was given to another key: a name that no longer exists.
const GHOST: u32 = u32::MAX;

/// Up to sixteen candidates in ascending order of their scores.
#[derive(Clone, Debug)]
pub(in crate::store) struct Pool {
    len: usize,
    scores: [u64; SIZE],
    keys: [u32; SIZE],
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            len: 0,
            scores: [0; SIZE],
            keys: [GHOST; SIZE],
        }
    }
}

impl Pool {
    /// Offers a candidate, with the server's own rules for a full pool. The same key may be in
    /// more than once.
    #[inline]
    pub(in crate::store) fn offer(&mut self, key: u32, score: u64) -> bool {
        let place = self.scores[..self.len]
            .iter()
            .take_while(|&&other| other < score)
            .count();
        if self.len < SIZE {
            self.scores.copy_within(place..self.len, place + 1);
            self.keys.copy_within(place..self.len, place + 1);
            self.len += 1;
            self.put(place, key, score);
            return true;
        }
        if place == 0 {
            return false;
        }
        // The lowest makes room.
        self.scores.copy_within(1..place, 0);
        self.keys.copy_within(1..place, 0);
        self.put(place - 1, key, score);
        true
    }

    #[inline]
    fn put(&mut self, place: usize, key: u32, score: u64) {
        self.scores[place] = score;
        self.keys[place] = key;
    }

    /// The best candidate, if there is one and its name was not given away.
    #[inline]
    pub(in crate::store) fn best(&self) -> Option<u32> {
        let key = self.keys[self.len.checked_sub(1)?];
        (key != GHOST).then_some(key)
    }

    /// Takes the best candidate out. It may no longer exist.
    #[inline]
    pub(in crate::store) fn take(&mut self) -> Option<u32> {
        self.len = self.len.checked_sub(1)?;
        Some(self.keys[self.len])
    }

    /// The name behind `key` is about to be another's.
    pub(in crate::store) fn forget(&mut self, key: u32) {
        for other in &mut self.keys[..self.len] {
            if *other == key {
                *other = GHOST;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(scores: impl IntoIterator<Item = u64>) -> Pool {
        let mut pool = Pool::default();
        for (key, score) in scores.into_iter().enumerate() {
            pool.offer(key as u32, score);
        }
        pool
    }

    #[test]
    fn the_highest_score_goes_first_and_the_newest_among_equals_last() {
        let mut pool = filled([3, 9, 1, 9]);
        // Key 3 came with the score of key 1 and stands before it.
        assert_eq!(
            [pool.take(), pool.take(), pool.take()],
            [Some(1), Some(3), Some(0)]
        );
        assert_eq!((pool.take(), pool.take()), (Some(2), None));
    }

    #[test]
    fn a_full_pool_drops_its_lowest_for_a_better_one_only() {
        let mut pool = filled(10..26);
        assert!(!pool.offer(90, 9));
        assert!(!pool.offer(91, 10), "not better than the lowest");
        assert!(pool.offer(92, 11));
        assert_eq!(pool.scores[..3], [11, 11, 12]);
        assert_eq!(pool.keys[..3], [92, 1, 2]);
        assert!(pool.offer(93, 100));
        assert_eq!(pool.take(), Some(93));
    }

    #[test]
    fn forgotten_candidates_keep_their_place_as_ghosts() {
        let mut pool = filled([1, 2]);
        pool.forget(1);
        assert_eq!((pool.take(), pool.take()), (Some(GHOST), Some(0)));
    }
}
