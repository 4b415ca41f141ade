//! Draws by a Zipf law: the k-th most popular of n things with a probability proportional to
//! k^-exponent.
//!
//! A draw is one look-up in a table by Walker's alias method, in integers: a column is chosen
//! evenly, and then its own rank or the one that fills it up (Vose, "A linear algorithm for
//! generating random numbers with a given distribution", IEEE TSE 17, 1991). The table is compiled
//! with `libm`, so it is the same everywhere.

use super::memory::prefetch;

/// A Zipf law over the ranks 0 to n - 1.
#[derive(Clone, Debug)]
pub struct Zipf {
    columns: Vec<Column>,
}

/// A column of equal probability.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Below it in parts of 2^32: the column's own rank.
    own: u32,
    /// The rank that has the rest.
    alias: u32,
}

impl Zipf {
    /// The law over `n` ranks, at least 1, with `exponent` in millionths; 0 makes all equal.
    #[must_use]
    pub fn new(n: u32, exponent: u32) -> Self {
        let n = n.max(1);
        if exponent == 0 {
            let even = (0..n).map(|rank| Column {
                own: u32::MAX,
                alias: rank,
            });
            return Self {
                columns: even.collect(),
            };
        }
        let shares = shares(n, exponent);
        let mut heights: Vec<f64> = shares.iter().map(|share| share * f64::from(n)).collect();
        let mut columns = vec![
            Column {
                own: u32::MAX,
                alias: 0
            };
            n as usize
        ];
        for (rank, column) in columns.iter_mut().enumerate() {
            column.alias = rank as u32;
        }
        // Ranks fall in popularity: the tall columns come first and give to the low ones behind.
        let mut low: Vec<u32> = (0..n)
            .filter(|&rank| heights[rank as usize] < 1.0)
            .collect();
        let mut tall: Vec<u32> = (0..n)
            .filter(|&rank| heights[rank as usize] >= 1.0)
            .collect();
        while let (Some(&giver), Some(taker)) = (tall.last(), low.pop()) {
            let height = heights[taker as usize];
            columns[taker as usize] = Column {
                own: (height * 4_294_967_296.0) as u32,
                alias: giver,
            };
            heights[giver as usize] -= 1.0 - height;
            if heights[giver as usize] < 1.0 {
                tall.pop();
                low.push(giver);
            }
        }
        Self { columns }
    }

    /// The rank that 64 uniform bits stand for.
    #[inline]
    #[must_use]
    pub fn draw(&self, bits: u64) -> u32 {
        let (place, rest) = self.place(bits);
        let column = self.columns[place as usize];
        if rest < column.own {
            place
        } else {
            column.alias
        }
    }

    /// Asks the processor for what [`Zipf::draw`] will look at.
    #[inline]
    pub fn warm(&self, bits: u64) {
        prefetch(&self.columns, self.place(bits).0 as usize);
    }

    /// A column, and 32 uniform bits that do not depend on it.
    #[inline]
    fn place(&self, bits: u64) -> (u32, u32) {
        let scaled = u128::from(bits) * self.columns.len() as u128;
        ((scaled >> 64) as u32, (scaled >> 32) as u32)
    }
}

/// The probability of each of `n` ranks, with `exponent` in millionths.
#[must_use]
pub fn shares(n: u32, exponent: u32) -> Vec<f64> {
    let exponent = f64::from(exponent) / 1e6;
    let mut shares: Vec<f64> = (1..=n)
        .map(|rank| libm::pow(f64::from(rank), -exponent))
        .collect();
    // The smallest first, so that they count.
    let sum: f64 = shares.iter().rev().sum();
    for share in &mut shares {
        *share /= sum;
    }
    shares
}

/// The sum of `of` over the probabilities of all `n` ranks, with `exponent` in millionths; of ranks
/// that differ little, many are taken together. For estimates.
pub fn share_sums(n: u32, exponent: u32, of: impl Fn(f64) -> f64) -> f64 {
    /// Ranks that are taken each for itself.
    const SINGLE: u64 = 1_000;
    let weight = |rank: f64| libm::pow(rank, -f64::from(exponent) / 1e6);
    let (mut groups, mut rank) = (Vec::new(), 1u64);
    while rank <= u64::from(n) {
        let size = if rank <= SINGLE { 1 } else { rank / 500 };
        let size = size.min(u64::from(n) + 1 - rank);
        let middle = rank as f64 + (size - 1) as f64 / 2.0;
        groups.push((size as f64, weight(middle)));
        rank += size;
    }
    let sum: f64 = groups.iter().rev().map(|(size, each)| size * each).sum();
    groups
        .into_iter()
        .map(|(size, each)| size * of(each / sum))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::mix;

    /// The law itself, read off the table: its own part of a column and all that others lend.
    #[test]
    fn the_table_is_the_law() {
        for (n, exponent) in [
            (1, 900_000),
            (7, 0),
            (1_000, 900_000),
            (5_000, 1_300_000),
            (300, 1),
        ] {
            let zipf = Zipf::new(n, exponent);
            let mut found = vec![0.0; n as usize];
            for (rank, column) in zipf.columns.iter().enumerate() {
                let own = f64::from(column.own) / 4_294_967_296.0;
                found[rank] += own;
                found[column.alias as usize] += 1.0 - own;
            }
            for (rank, share) in shares(n, exponent).into_iter().enumerate() {
                let found = found[rank] / f64::from(n);
                assert!(
                    (found - share).abs() < 1e-6 * share + 1e-9,
                    "rank {rank} of {n}: {found}, not {share}"
                );
            }
        }
    }

    #[test]
    fn sums_over_groups_are_those_over_ranks() {
        for (n, exponent) in [
            (1, 0),
            (900, 800_000),
            (200_000, 800_000),
            (50_000, 1_500_000),
        ] {
            let of = |share: f64| -libm::expm1(-20_000.0 * share);
            let exact: f64 = shares(n, exponent).into_iter().map(of).sum();
            let grouped = share_sums(n, exponent, of);
            assert!(
                (grouped / exact - 1.0).abs() < 1e-3,
                "{n}: {grouped}, not {exact}"
            );
        }
    }

    /// Draws against the closed form, by a chi-square test over the ranks.
    #[test]
    fn draws_follow_the_law() {
        let (n, draws) = (100, 1_000_000u64);
        let zipf = Zipf::new(n, 800_000);
        let mut counts = vec![0u64; n as usize];
        for draw in 0..draws {
            counts[zipf.draw(mix(draw)) as usize] += 1;
        }
        let chi2: f64 = shares(n, 800_000)
            .into_iter()
            .zip(counts)
            .map(|(share, count)| {
                let expected = share * draws as f64;
                (count as f64 - expected).powi(2) / expected
            })
            .sum();
        // 99 degrees of freedom: 99.9 % of samples lie below 149.
        assert!(chi2 < 149.0, "chi2 = {chi2}");
    }
}
