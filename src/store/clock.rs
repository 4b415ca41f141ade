//! The server's clocks: what time it believes it is.

use crate::units::Time;

/// Simulated time as a server's coarse clocks count it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start_unix_ms: u64,
    /// `server.lruclock`: whole seconds, 24 bits, refreshed by the cron alone.
    lru: u32,
}

impl Clock {
    pub(crate) const fn new(start_unix_ms: u64) -> Self {
        Self {
            start_unix_ms,
            lru: (start_unix_ms / 1000) as u32 & 0xFF_FFFF,
        }
    }

    /// The cached LRU clock.
    #[inline]
    pub(crate) const fn lru(&self) -> u32 {
        self.lru
    }

    /// The cron looks at the time (`getLRUClock`).
    pub(crate) const fn refresh(&mut self, at: Time) {
        self.lru = ((self.start_unix_ms + at.millis()) / 1000) as u32 & 0xFF_FFFF;
    }

    /// Seconds between a stamp and now; the clock wraps after 194 days
    /// (`estimateObjectIdleTime`).
    #[inline]
    pub(crate) const fn idle(&self, stamp: u32) -> u32 {
        if self.lru >= stamp {
            self.lru - stamp
        } else {
            self.lru + 0xFF_FFFF - stamp
        }
    }

    /// Minutes, 16 bits (`LFUGetTimeInMinutes`).
    #[inline]
    pub(crate) const fn minutes(&self, now_ms: u64) -> u32 {
        ((self.start_unix_ms + now_ms) / 60_000) as u32 & 0xFFFF
    }
}
