//! The way from a primary to one replica: its delay, its bandwidth, and TCP upon it.

use crate::kernel::draws::mix;
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::units::{Span, Time};

/// Bytes that IPv4 and TCP with time stamps put before each segment (RFC 791, 9293 and 7323:
/// 20 + 20 + 12).
pub const SEGMENT_OVERHEAD: u64 = 52;

/// What a kernel holds of one connection that is not yet on the wire, in bytes, when the process
/// cannot write any more.
///
/// Measured on Linux: when a process died behind a saturated link, its kernel went on to deliver
/// 1.25 MB in the median. A socket that was full becomes writable again when a third of it is
/// free (`sk_stream_is_writeable` in the kernel), so a socket that is always refilled holds
/// between two thirds and all of this.
pub const KERNEL_BUFFER: u64 = 1_500_000;

/// What a kernel accepts for a process that does not read, in bytes: measured with a replica
/// that was stopped.
pub const RECEIVE_WINDOW: u64 = 78_000;

/// From the last byte in the replica's kernel to the command's effect: wake-up, reading and
/// executing, as measured on an otherwise idle machine.
pub const APPLY: Span = Span::from_micros(50);

/// The time that a packet travels, without the time to put it on the wire.
#[derive(Clone, Debug)]
pub enum Delay {
    /// Always the same.
    Fixed(Span),
    /// Drawn for each packet; no packet overtakes another.
    Drawn {
        /// From what.
        quantiles: Quantiles,
        /// No draw is longer.
        longest: Span,
    },
}

impl Delay {
    /// A delay with that distribution.
    #[must_use]
    pub fn new(distribution: &Distribution<Span>) -> Self {
        match distribution {
            Distribution::Fixed(span) => Self::Fixed(*span),
            other => {
                let quantiles = Quantiles::new(other);
                let longest = Span(quantiles.largest());
                Self::Drawn { quantiles, longest }
            }
        }
    }

    /// No packet takes longer.
    #[inline]
    #[must_use]
    pub const fn longest(&self) -> Span {
        match self {
            Self::Fixed(span) => *span,
            Self::Drawn { longest, .. } => *longest,
        }
    }
}

/// A directed link with the TCP connection that replicates over it.
#[derive(Clone, Debug)]
pub struct Link {
    /// One way, primary to replica.
    pub delay: Delay,
    /// One way back: acknowledgements of TCP and of the replica.
    pub back: Span,
    /// Bandwidth in bits a second; none if it never matters.
    pub bits_per_second: Option<u64>,
    /// Largest segment in bytes: the link's MTU less [`SEGMENT_OVERHEAD`].
    pub segment: u64,
    /// See [`KERNEL_BUFFER`].
    pub kernel_buffer: u64,
    /// See [`RECEIVE_WINDOW`].
    pub receive_window: u64,
    /// See [`APPLY`].
    pub apply: Span,
    /// Root of the draws of this link: two links of a run never share one.
    pub draws: u64,
}

impl Link {
    /// A link of that delay, without a limit of its bandwidth, with frames of 9001 bytes as
    /// within an AWS VPC ("Network MTU for your EC2 instance", EC2 user guide).
    #[must_use]
    pub fn new(delay: Delay, back: Span, draws: u64) -> Self {
        Self {
            delay,
            back,
            bits_per_second: None,
            segment: 9001 - SEGMENT_OVERHEAD,
            kernel_buffer: KERNEL_BUFFER,
            receive_window: RECEIVE_WINDOW,
            apply: APPLY,
            draws,
        }
    }

    /// How long the record with that number travels.
    #[inline]
    pub(super) fn travel(&self, record: u64) -> Span {
        match &self.delay {
            Delay::Fixed(span) => *span,
            // The golden ratio's odd constant spreads consecutive numbers, as SplitMix64 does.
            Delay::Drawn { quantiles, .. } => {
                let position = record.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                Span(quantiles.draw(mix(self.draws.wrapping_add(position))))
            }
        }
    }

    /// The time to put `bytes` of the stream on the wire: as segments of their own, or behind a
    /// backlog as a part of full segments, in which the overhead nearly vanishes.
    #[inline]
    pub(super) fn service(&self, bytes: u64, packed: bool) -> Span {
        let Some(rate) = self.bits_per_second else {
            return Span::ZERO;
        };
        let overhead = if packed {
            bytes * SEGMENT_OVERHEAD / self.segment.max(1)
        } else {
            bytes.div_ceil(self.segment.max(1)) * SEGMENT_OVERHEAD
        };
        let bits = 8 * u128::from(bytes + overhead);
        let nanos = (bits * 1_000_000_000).div_ceil(u128::from(rate.max(1)));
        Span(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// How TCP on Linux goes on after a silent cut of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// The first time-out: at least 200 ms (`TCP_RTO_MIN`) plus what the connection's round trips
    /// add. Each further one doubles it (RFC 6298, section 5.5).
    pub first: Span,
    /// From the healing of a cut that was shorter than the first time-out to the stream's going
    /// on: new data come through, the receiver's duplicate acknowledgements report the gap, and
    /// the sender fills it (RFC 5681, section 3.2).
    pub gap: Span,
}

/// Retransmissions before TCP gives up: Linux's `tcp_retries2`.
const RETRIES: u32 = 15;
/// No time-out is longer: Linux's `TCP_RTO_MAX`.
const LONGEST: Span = Span::from_secs(120);

impl Retransmission {
    /// When what was first sent into the cut at `lost` comes through, if the link is whole again
    /// from `healed` on; [`Time::NEVER`] if TCP has given up by then.
    #[must_use]
    pub fn resumes(&self, lost: Time, healed: Time) -> Time {
        let mut wait = self.first;
        let mut next = lost + wait;
        if healed < next {
            return (healed + self.gap).min(next).max(healed);
        }
        for _ in 0..RETRIES {
            wait = Span((wait.0 * 2).min(LONGEST.0));
            next += wait;
            if next > healed {
                return next;
            }
        }
        Time::NEVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: Retransmission = Retransmission {
        first: Span::from_millis(235),
        gap: Span::from_millis(20),
    };

    #[test]
    fn a_cut_ends_with_the_first_retransmission_after_it() {
        let resumes = |millis: u64| {
            let resumed = TCP.resumes(Time::ZERO, Time::ZERO + Span::from_millis(millis));
            resumed.millis()
        };
        assert_eq!(resumes(100), 120);
        // A retransmission that is due before the gap would be noticed fills it.
        assert_eq!(resumes(230), 235);
        for (cut, doublings) in [(300, 2), (1000, 3), (2000, 4), (5000, 5), (20_000, 7)] {
            assert_eq!(resumes(cut), 235 * ((1 << doublings) - 1), "{cut} ms");
        }
    }

    /// With the shortest first time-out of 200 ms and 15 retries the last wait ends after 924.6 s
    /// (tcp(7), `tcp_retries2`).
    #[test]
    fn tcp_gives_up_in_the_end() {
        let tcp = Retransmission {
            first: Span::from_millis(200),
            ..TCP
        };
        let healed = |millis| Time::ZERO + Span::from_millis(millis);
        assert_eq!(tcp.resumes(Time::ZERO, healed(924_599)), healed(924_600));
        assert_eq!(tcp.resumes(Time::ZERO, healed(924_600)), Time::NEVER);
    }

    #[test]
    fn segments_cost_their_headers() {
        let mut link = Link::new(Delay::Fixed(Span::ZERO), Span::ZERO, 0);
        assert_eq!(link.service(1102, false), Span::ZERO);
        link.bits_per_second = Some(20_000_000);
        link.segment = 8948;
        // 1102 + 52 bytes at 2.5 bytes a microsecond.
        assert_eq!(link.service(1102, false), Span::from_nanos(461_600));
        assert_eq!(
            link.service(8949, false),
            Span::from_nanos((8949 + 104) * 400)
        );
        assert_eq!(link.service(8948, true), Span::from_nanos(9000 * 400));
        assert_eq!(link.service(590, true), Span::from_nanos(593 * 400));
    }
}
