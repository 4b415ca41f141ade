//! A full resynchronisation: the replica gets the whole data set anew.

use crate::units::{Span, Time};

/// The primary's fork, in picoseconds a byte of data: 31 us a megabyte, as measured.
const FORK_PICOSECONDS: u64 = 31;
/// Bytes a second that the child turns into a stream at most, as measured over a link without a
/// limit.
const SENDS: u64 = 270_000_000;
/// Bytes a second that a replica loads, as measured.
const LOADS: u64 = 450_000_000;
/// Bytes a second that the child writes to a disk, as measured: 200 MB took 0.15 s longer that
/// way.
const WRITES: u64 = 1_400_000_000;

/// What decides how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullResync {
    /// Keys and values in bytes; without the overhead that `used_memory` counts.
    pub data: u64,
    /// Bandwidth of the link to the replica in bits a second; none if it never matters.
    pub bits_per_second: Option<u64>,
    /// `repl-diskless-sync`: the child writes to the socket and not to a file first.
    pub is_diskless: bool,
    /// `repl-diskless-sync-delay`: the primary waits for further replicas.
    pub diskless_delay: Span,
    /// `repl-diskless-load swapdb`: the replica loads what it receives at once, beside its old
    /// data, which it serves until then.
    pub is_swapped: bool,
}

/// The stages of a full resynchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stages {
    /// The replica's `PSYNC` at the primary.
    pub asked: Time,
    /// The primary forks: the data set is that of this moment, and the primary's process stands
    /// still until `forked`.
    pub forks: Time,
    /// The child is there.
    pub forked: Time,
    /// The replica has all of it. Until then it serves its old data, if it may; from here to
    /// `loaded` it answers `LOADING`, unless it swaps.
    pub received: Time,
    /// The replica serves the new data, and the stream since the fork follows.
    pub loaded: Time,
    /// Whether the replica has nothing to serve while it loads.
    pub is_emptied: bool,
}

impl Stages {
    /// Whether the replica answers `LOADING` at `now`.
    #[must_use]
    pub fn is_loading(&self, now: Time) -> bool {
        self.is_emptied && now >= self.received && now < self.loaded
    }
}

fn takes(bytes: u64, per_second: u64) -> Span {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(per_second.max(1));
    Span(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl FullResync {
    /// Its stages if the replica asks at `asked` and no other resynchronisation is under way.
    #[must_use]
    pub fn stages(&self, asked: Time) -> Stages {
        let forks = if self.is_diskless {
            asked + self.diskless_delay
        } else {
            asked
        };
        let fork = u128::from(self.data) * u128::from(FORK_PICOSECONDS) / 1000;
        let forked = forks + Span(u64::try_from(fork).unwrap_or(u64::MAX));
        let link = self.bits_per_second.map_or(u64::MAX, |bits| bits / 8);
        let mut received = forked + takes(self.data, link.min(SENDS));
        if !self.is_diskless {
            received += takes(self.data, WRITES);
        }
        let load = takes(self.data, LOADS);
        // A swapping replica loads while it receives, and is never ahead.
        let loaded = if self.is_swapped {
            received.max(forked + load)
        } else {
            received + load
        };
        Stages {
            asked,
            forks,
            forked,
            received,
            loaded,
            is_emptied: !self.is_swapped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: FullResync = FullResync {
        data: 270_000_000,
        bits_per_second: None,
        is_diskless: true,
        diskless_delay: Span::from_secs(5),
        is_swapped: false,
    };

    #[test]
    fn stages_follow_each_other() {
        let stages = PLAIN.stages(Time::ZERO);
        assert_eq!(stages.forks, Time::ZERO + Span::from_secs(5));
        // 31 us for each of 270 MB.
        assert_eq!(stages.forked.since(stages.forks), Span::from_micros(8370));
        assert_eq!(stages.received.since(stages.forked), Span::from_secs(1));
        assert_eq!(stages.loaded.since(stages.received), Span::from_millis(600));
    }

    #[test]
    fn a_slow_link_and_a_swap_change_what_they_should() {
        let slow = FullResync {
            bits_per_second: Some(216_000_000),
            ..PLAIN
        };
        let stages = slow.stages(Time::ZERO);
        assert_eq!(stages.received.since(stages.forked), Span::from_secs(10));
        let swapped = FullResync {
            is_swapped: true,
            ..PLAIN
        };
        let stages = swapped.stages(Time::ZERO);
        assert_eq!(stages.loaded, stages.received);
        let disk = FullResync {
            is_diskless: false,
            ..PLAIN
        };
        let stages = disk.stages(Time::ZERO);
        assert_eq!(stages.forks, Time::ZERO);
        assert!(stages.received.since(stages.forked) > Span::from_secs(1));
    }
}
