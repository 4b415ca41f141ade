//! One direction of a node's network: bandwidth that lasts, and more of it for a while.
//!
//! A node whose traffic stays below its baseline earns credits with what it leaves, up to a limit;
//! with credits it sends as fast as its burst bandwidth. That is a token bucket, and AWS says no
//! more about it than "network I/O credit mechanism", that a node has all its credits at launch,
//! and that a burst lasts typically 5 to 60 minutes. What cannot be sent at once waits its turn.
//!
//! All is exact: bandwidths are in thousandths of a bit in a nanosecond, and so are credits.

use crate::units::{Bandwidth, Span, Time};

/// Thousandths of a bit in a byte.
const BYTE: u64 = 8_000;

/// A direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    baseline: u64,
    /// At least the baseline.
    burst: u64,
    /// Credits at `at`, and the most of them.
    credits: u64,
    most: u64,
    at: Time,
    /// When all that was sent so far is through.
    free_at: Time,
    bytes: u64,
    exceeded: u64,
}

impl Link {
    /// A direction with all its credits. `baseline` must be above zero, and `burst` not below it.
    pub(crate) fn new(baseline: Bandwidth, burst: Bandwidth, burst_time: Span) -> Self {
        let most = (burst.0 - baseline.0) * burst_time.0;
        Self {
            baseline: baseline.0,
            burst: burst.0,
            credits: most,
            most,
            at: Time::ZERO,
            free_at: Time::ZERO,
            bytes: 0,
            exceeded: 0,
        }
    }

    /// `bytes` come to the link at `at` and wait for those before them; returns when the last of
    /// them is through. Must be called in order of time.
    pub(crate) fn pass(&mut self, at: Time, bytes: u64) -> Time {
        self.bytes += bytes;
        let start = at.max(self.free_at);
        let earned = self.baseline.saturating_mul(start.since(self.at).0);
        self.credits = self.most.min(self.credits.saturating_add(earned));
        let bits = bytes * BYTE;
        let fast = bits.div_ceil(self.burst);
        let drain = bits.saturating_sub(self.baseline * fast);
        let takes = if drain <= self.credits {
            self.credits -= drain;
            // Without bursts there are no credits: the limit is felt by those who wait.
            self.exceeded += u64::from(self.burst == self.baseline && start > at);
            fast
        } else {
            self.exceeded += 1;
            self.pass_beyond_credits(bits)
        };
        self.free_at = start.saturating_add(Span(takes));
        self.at = self.free_at;
        self.free_at
    }

    /// A message that is more than the credits: part of it goes at the burst bandwidth, the rest
    /// at the baseline.
    fn pass_beyond_credits(&mut self, bits: u64) -> u64 {
        let more = self.burst - self.baseline;
        let fast = self.credits / more;
        let rest = bits - self.burst * fast;
        let slow = rest.div_ceil(self.baseline);
        // What the last nanosecond had room for is not lost.
        self.credits = self.credits - more * fast + (self.baseline * slow - rest);
        fast + slow
    }

    /// Another host takes the node's place at `at`: nothing waits there, and no credits are spent.
    pub(crate) const fn restart(&mut self, at: Time) {
        self.credits = self.most;
        self.at = at;
        self.free_at = at;
    }

    /// Bytes so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Messages so far that found too few credits, or without bursts had to wait.
    pub(crate) const fn exceeded(&self) -> u64 {
        self.exceeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    /// A node that sends r with a baseline of b bursts for credits / (r - b), then sends b.
    #[test]
    fn a_steady_load_bursts_as_long_as_the_bucket_lasts() {
        // Credits for 5 minutes of 900 Mbit/s more than the baseline; 400 Mbit/s are used, 300
        // more than the baseline: they last 15 minutes.
        let mut link = Link::new(Bandwidth(100), Bandwidth(1_000), Span(5 * MINUTE));
        let message = 50_000;
        let gap = 1_000_000;
        let mut last_fast = 0;
        let mut through = Time::ZERO;
        for n in 0..1_200_000u64 {
            let at = Time(n * gap);
            through = link.pass(at, message);
            if link.exceeded() == 0 {
                assert_eq!(through.0 - at.0, 400_000, "50 KB at 1 Gbit/s take 0.4 ms");
                last_fast = at.0;
            }
        }
        let expected = 15 * MINUTE;
        assert!(last_fast.abs_diff(expected) < 10 * gap, "{last_fast}");
        // From then on 100 Mbit/s of 400: each second leaves three more waiting.
        let (sent, load) = (1_200 - 900, 4);
        let waits = through.0 as f64 / 1e9 - 1_200.0;
        let wanted = f64::from(sent * (load - 1));
        assert!((waits / wanted - 1.0).abs() < 0.001, "{waits} {wanted}");
    }

    #[test]
    fn no_bit_is_lost_or_made() {
        let mut link = Link::new(Bandwidth(64), Bandwidth(5_000), Span(1_000_000));
        let mut end = Time::ZERO;
        let mut bytes = 0;
        for n in 0..10_000u64 {
            let size = 1 + n * 7_919 % 3_000;
            end = link.pass(Time(n), size);
            bytes += size;
        }
        // All of them were there from the start: what the bucket gave and the baseline.
        let given = (5_000 - 64) * 1_000_000 + 64 * end.0;
        assert!(
            given >= bytes * BYTE && given - bytes * BYTE < 2 * 5_000,
            "{given}"
        );
        assert_eq!(link.bytes(), bytes);
    }

    #[test]
    fn credits_come_back_while_less_is_sent() {
        let mut link = Link::new(Bandwidth(100), Bandwidth(200), Span(10 * MINUTE));
        // 12.5 MB/s are the baseline, so a minute holds 750 MB of it.
        let end = link.pass(Time::ZERO, 2 * 750_000_000 * 10);
        assert_eq!((end, link.exceeded()), (Time(10 * MINUTE), 0));
        let end = link.pass(end, 750_000_000);
        assert_eq!((end, link.exceeded()), (Time(11 * MINUTE), 1));
        // Nine idle minutes later there is a bucket for nine.
        let end = link.pass(Time(20 * MINUTE), 2 * 750_000_000 * 9);
        assert_eq!((end, link.exceeded()), (Time(29 * MINUTE), 1));
        // However long it idles, never for more than ten.
        let end = link.pass(Time(100 * MINUTE), 2 * 750_000_000 * 11);
        assert_eq!((end, link.exceeded()), (Time(112 * MINUTE), 2));
    }

    #[test]
    fn a_link_without_bursts_is_a_queue() {
        let mut link = Link::new(Bandwidth(8_000), Bandwidth(8_000), Span(MINUTE));
        assert_eq!(link.pass(Time(10), 100), Time(110));
        assert_eq!(link.pass(Time(50), 100), Time(210));
        assert_eq!(link.exceeded(), 1);
    }
}
