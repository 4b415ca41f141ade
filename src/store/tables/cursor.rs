//! The cursor of SCAN: walking a table that may grow or shrink between two steps.
//!
//! The bits that choose the bucket are counted from the highest down (Pieter Noordhuis'
//! algorithm, `dictScan`, `hashtableScan`). A bucket of the smaller of two tables is visited
//! together with those of the larger that its keys may move to or come from.

/// Visits the buckets behind `cursor` as (table, index), the smaller table's first, and returns
/// the next cursor, 0 when it has come round. The second size is 0 unless a rehash is under way.
#[inline]
pub(crate) fn walk(sizes: [usize; 2], mut cursor: u64, mut visit: impl FnMut(usize, usize)) -> u64 {
    let mask = |table: usize| sizes[table] as u64 - 1;
    if sizes[1] == 0 {
        visit(0, (cursor & mask(0)) as usize);
        return next(cursor, mask(0));
    }
    let (small, large) = if sizes[0] <= sizes[1] { (0, 1) } else { (1, 0) };
    visit(small, (cursor & mask(small)) as usize);
    loop {
        visit(large, (cursor & mask(large)) as usize);
        cursor = next(cursor, mask(large));
        if cursor & (mask(small) ^ mask(large)) == 0 {
            return cursor;
        }
    }
}

/// The cursor behind `cursor` in a table with this mask.
const fn next(cursor: u64, mask: u64) -> u64 {
    (cursor | !mask)
        .reverse_bits()
        .wrapping_add(1)
        .reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_visits_every_bucket_once() {
        let mut seen = [0; 16];
        let mut cursor = 0;
        loop {
            cursor = walk([16, 0], cursor, |_, index| seen[index] += 1);
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen, [1; 16]);
    }

    #[test]
    fn nothing_is_left_out_when_the_table_grows_or_shrinks_on_the_way() {
        for (before, during, after) in [(8, [8, 32], 32), (32, [32, 8], 8)] {
            // A key is a hash; whichever bucket it is in, some step must visit it.
            let mut seen = [false; 64];
            let mut cursor = 0;
            for step in 0.. {
                let sizes = match step {
                    0..2 => [before, 0],
                    2..4 => during,
                    _ => [after, 0],
                };
                cursor = walk(sizes, cursor, |table, index| {
                    for (hash, seen) in seen.iter_mut().enumerate() {
                        *seen |= hash & (sizes[table] - 1) == index;
                    }
                });
                if cursor == 0 {
                    break;
                }
            }
            assert!(seen.iter().all(|&seen| seen), "{before} to {after}");
        }
    }
}
