//! `allkeys-lfu` and `volatile-lfu`: the key that is asked for least often goes first.
//!
//! The stamp holds 16 bits of minutes and an 8-bit counter that grows ever more slowly and loses
//! one for each decay time that passed since the key was last asked for.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::store::entry::Entry;

/// Counter of a new key (`LFU_INIT_VAL`).
const INITIAL: u32 = 5;
/// Largest value of the C library's `rand()`.
const RAND_MAX: u64 = 0x7FFF_FFFF;

/// `lfu-log-factor` and `lfu-decay-time`.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Lfu {
    log_factor: u32,
    decay_minutes: u32,
}

/// The stamp of a new key.
#[inline]
pub(super) const fn new_stamp(minutes: u32) -> u32 {
    minutes << 8 | INITIAL
}

impl Lfu {
    pub(super) const fn new(log_factor: u32, decay_minutes: u32) -> Self {
        Self {
            log_factor,
            decay_minutes,
        }
    }

    /// The counter after the decay since the stamp (`LFUDecrAndReturn`).
    #[inline]
    pub(in crate::store) const fn decayed(self, stamp: u32, minutes: u32) -> u32 {
        let (then, counter) = (stamp >> 8, stamp & 0xFF);
        if self.decay_minutes == 0 || then == minutes {
            return counter;
        }
        let elapsed = if minutes >= then {
            minutes - then
        } else {
            65_535 - then + minutes
        };
        counter.saturating_sub(elapsed / self.decay_minutes)
    }

    /// The stamp with its decay taken into account: the minutes that led to it begin anew.
    pub(super) const fn with_decay(self, stamp: u32, minutes: u32) -> u32 {
        minutes << 8 | self.decayed(stamp, minutes)
    }

    /// The stamp after an access: one more with probability
    /// 1 / ((counter - 5) * log factor + 1) (`updateLFU`, `LFULogIncr`).
    #[inline]
    pub(in crate::store) fn touched(self, stamp: u32, minutes: u32, rng: &mut ChaCha8Rng) -> u32 {
        let counter = self.decayed(stamp, minutes);
        let above = u64::from(counter.saturating_sub(INITIAL));
        // rand() / RAND_MAX < 1 / (above * factor + 1), in integers.
        let rarity = above * u64::from(self.log_factor) + 1;
        let grows = counter < 255 && (rng.next_u64() >> 33) * rarity < RAND_MAX;
        minutes << 8 | (counter + u32::from(grows))
    }

    /// The lower the decayed counter, the higher.
    #[inline]
    pub(super) const fn score(self, entry: &Entry, minutes: u32) -> u64 {
        255 - self.decayed(entry.stamp(), minutes) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::streams::Streams;

    /// `redis.conf` prints a table of counters after a number of hits for several factors.
    #[test]
    fn counters_grow_as_the_documentation_says() {
        let mut rng = Streams::new(1, 0).stream("lfu");
        for (factor, hits, expected) in [
            (0, 100, 104),
            (1, 1_000, 49),
            (10, 100, 10),
            (10, 100_000, 142),
            (100, 100_000, 49),
        ] {
            let lfu = Lfu::new(factor, 1);
            let mean = (0..40)
                .map(|_| {
                    let stamp = (0..hits).fold(new_stamp(3), |s, _| lfu.touched(s, 3, &mut rng));
                    f64::from(stamp & 0xFF)
                })
                .sum::<f64>()
                / 40.0;
            // The table comes from a single run of each.
            let difference = (mean / f64::from(expected) - 1.0).abs();
            assert!(difference < 0.05, "factor {factor}, {hits} hits: {mean}");
        }
    }

    #[test]
    fn counters_decay_by_whole_decay_times_and_clocks_wrap() {
        let lfu = Lfu::new(10, 2);
        let stamp = 100 << 8 | 7;
        for (minutes, expected) in [(100, 7), (101, 7), (102, 6), (109, 3), (200, 0)] {
            assert_eq!(lfu.decayed(stamp, minutes), expected, "minute {minutes}");
        }
        assert_eq!(lfu.decayed(65_534 << 8 | 7, 3), 5);
        assert_eq!(Lfu::new(10, 0).decayed(stamp, 60_000), 7);
    }
}
