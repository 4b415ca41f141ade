//! When a primary gives a replica up, and when a partial resynchronisation is possible.

use crate::units::{Span, Time};

/// A server's block of replication buffers in bytes: `PROTO_REPLY_CHUNK_BYTES`.
const BLOCK: u64 = 16 * 1024;

/// `repl-backlog-size`: what a primary keeps of its stream for replicas that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// In bytes.
    pub size: u64,
}

impl Backlog {
    /// The first offset that is there when the stream's end is at `end`: the backlog goes block
    /// by block, and never below its size (`incrementalTrimReplicationBacklog` of Redis 7.0,
    /// whose blocks begin at the stream's start here).
    #[must_use]
    pub const fn start(&self, end: u64) -> u64 {
        end.saturating_sub(self.size) / BLOCK * BLOCK
    }

    /// Whether a replica at `offset` can go on without a full resynchronisation
    /// (`masterTryPartialResynchronization`).
    #[must_use]
    pub const fn reaches(&self, offset: u64, end: u64) -> bool {
        offset >= self.start(end) && offset <= end
    }
}

/// `client-output-buffer-limit replica`.
///
/// The rules are those of `checkClientOutputBufferLimits` in Redis 7.0 and Valkey 8: the hard
/// limit is never below the backlog's size, the soft one counts whole seconds, and 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    hard: u64,
    soft: u64,
    soft_seconds: u64,
    /// The whole second in which the soft limit was reached.
    reached: Option<u64>,
}

impl OutputLimit {
    /// Limits in bytes, with the seconds that a buffer may stay above the soft one.
    #[must_use]
    pub const fn new(hard: u64, soft: u64, soft_seconds: u64, backlog: Backlog) -> Self {
        let is_raised = hard > 0 && hard < backlog.size;
        Self {
            hard: if is_raised { backlog.size } else { hard },
            soft,
            soft_seconds,
            reached: None,
        }
    }

    /// Another connection begins.
    pub const fn reset(&mut self) {
        self.reached = None;
    }

    /// Whether a connection with `pending` bytes in its buffer is closed at `now`. To be asked
    /// after each write and once a second or more often.
    pub fn is_exceeded(&mut self, pending: u64, now: Time, clock: Clock) -> bool {
        if self.hard > 0 && pending >= self.hard {
            return true;
        }
        if self.soft == 0 || pending < self.soft {
            self.reached = None;
            return false;
        }
        let second = clock.second(now);
        second - *self.reached.get_or_insert(second) > self.soft_seconds
    }
}

/// A server's clock, of which it looks at whole seconds only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// How far into a second the clock is at time 0.
    pub offset: Span,
}

const SECOND: u64 = 1_000_000_000;

impl Clock {
    /// The whole second at `now`.
    #[must_use]
    pub const fn second(self, now: Time) -> u64 {
        (now.0 + self.offset.0) / SECOND
    }
}

/// What a server does at regular times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    /// When it first does.
    pub first: Time,
    /// The time from one to the next, above 0.
    pub period: Span,
}

impl Cron {
    /// The first time at `now` or later.
    #[must_use]
    pub const fn at_or_after(self, now: Time) -> Time {
        let periods = now.since(self.first).0.div_ceil(self.period.0);
        Time(self.first.0 + periods * self.period.0)
    }
}

/// When a server notices that it has heard nothing since `last`: at the first run of its
/// once-a-second `cron` at which more than `timeout` whole seconds have passed by its clock
/// (`replicationCron` in Redis 7.0: `time(NULL) - lastinteraction > repl_timeout` at the
/// replica, `unixtime - repl_ack_time > repl_timeout` at the primary).
#[must_use]
pub const fn times_out(last: Time, timeout_seconds: u64, clock: Clock, cron: Cron) -> Time {
    let second = clock.second(last) + timeout_seconds + 1;
    cron.at_or_after(Time((second * SECOND).saturating_sub(clock.offset.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Time {
        Time::ZERO + Span::from_secs(n)
    }

    #[test]
    fn a_backlog_holds_its_size_and_a_part_of_a_block() {
        let backlog = Backlog { size: 1 << 20 };
        let end = 10 << 20;
        let away = |bytes: u64| backlog.reaches(end + 5000 - bytes, end + 5000);
        assert!(away(0) && away(1 << 20) && away((1 << 20) + 5000));
        assert!(!away((1 << 20) + 5001) && !away(2 << 20));
        // From an offset of another history.
        assert!(!backlog.reaches(end + 1, end));
        assert!(backlog.reaches(0, 1 << 20));
    }

    #[test]
    fn the_hard_limit_is_raised_to_the_backlog_and_the_soft_one_is_not() {
        let clock = Clock::default();
        let backlog = Backlog { size: 64 << 20 };
        let mut limit = OutputLimit::new(16 << 20, 0, 0, backlog);
        assert!(!limit.is_exceeded((64 << 20) - 1, seconds(1), clock));
        assert!(limit.is_exceeded(64 << 20, seconds(1), clock));
        let mut limit = OutputLimit::new(0, 16 << 20, 5, backlog);
        let mut exceeded = |pending, at| limit.is_exceeded(pending, seconds(at), clock);
        assert!(!exceeded(16 << 20, 10));
        assert!(!exceeded(u64::MAX, 15));
        assert!(!exceeded((16 << 20) - 1, 16), "the seconds begin anew");
        assert!(!exceeded(16 << 20, 17));
        assert!(!exceeded(16 << 20, 22));
        assert!(exceeded(16 << 20, 23));
    }

    #[test]
    fn silence_is_noticed_one_to_two_seconds_of_the_clock_later() {
        let cron = Cron {
            first: Time::ZERO + Span::from_millis(300),
            period: Span::from_secs(1),
        };
        let last = Time::ZERO + Span::from_millis(9100);
        let out = times_out(last, 60, Clock::default(), cron);
        assert_eq!(out, Time::ZERO + Span::from_millis(70_300));
        // By a clock whose second had not ended when the last byte came, and by one whose had.
        for (offset, noticed) in [(850, 69_300), (950, 70_300)] {
            let clock = Clock {
                offset: Span::from_millis(offset),
            };
            let out = times_out(last, 60, clock, cron);
            assert_eq!(out, Time::ZERO + Span::from_millis(noticed));
        }
    }
}
