//! Active expiry: keys that nobody asks for any more (`expire.c`).
//!
//! A cycle looks at the buckets of the expires table in the order of a cursor that is kept from
//! one cycle to the next, a few keys at a time, and goes on while more than a share of those it
//! looked at had expired. So up to that share of the keys stays stored although expired.

use super::{DeathCause, Keyspace};
use crate::kernel::memory::prefetch;
use crate::store::engine::ExpiryWalk;
use crate::store::entry::{EXPIRES, NIL};
use crate::store::tables::Cursor;
use crate::store::tables::dict::Dict;
use crate::units::{Span, Time};

/// Keys that one turn looks at, with the lowest effort (`ACTIVE_EXPIRE_CYCLE_KEYS_PER_LOOP`).
const KEYS_PER_TURN: usize = 20;
/// Share of the time that a cycle may take, in percent, with the lowest effort.
const TIME_PERCENT: u64 = 25;
/// Length of a fast cycle, with the lowest effort (`ACTIVE_EXPIRE_CYCLE_FAST_DURATION`).
const FAST: Span = Span::from_micros(1000);
/// Expired keys that are left alone, in percent of those looked at, with the lowest effort.
const ACCEPTABLE_STALE: usize = 10;
/// Buckets that one turn looks at for each key it wants.
const BUCKETS_PER_KEY: usize = 20;
/// Turns between two looks at the clock.
const TURNS_BETWEEN_LOOKS: u32 = 16;

/// Where active expiry goes on.
#[derive(Debug, Default)]
pub(super) struct ExpiryCursor {
    bucket: usize,
    scan: Cursor,
    /// The keys that one step of the scan hands out.
    keys: Vec<u32>,
    is_out_of_time: bool,
    /// No fast cycle before this.
    next_fast: Time,
}

/// What a turn saw.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    sampled: usize,
    expired: usize,
    /// The cursor came round.
    is_round: bool,
}

impl ExpiryCursor {
    /// Clocks begin anew.
    pub(super) const fn begin_run(&mut self) {
        self.is_out_of_time = false;
        self.next_fast = Time::ZERO;
    }
}

impl Keyspace {
    /// A slow cycle, which the cron runs (`activeExpireCycle`). Returns the processor time it
    /// took: up to a quarter of the time between two runs of the cron.
    pub(super) fn expire_cycle(&mut self, now: u64) -> Span {
        let percent = TIME_PERCENT + 2 * u64::from(self.effort - 1);
        let limit = percent * 1_000_000 / u64::from(self.hz) / 100;
        self.expire_for(now, Span::from_micros(limit))
    }

    /// Whether the last cycle ran out of time: then the server goes on with short fast cycles
    /// between commands.
    #[inline]
    pub const fn wants_fast_expiry(&self) -> bool {
        self.expiry_cursor.is_out_of_time
    }

    /// A fast cycle, which the server runs between commands, but no more often than every twice
    /// its length. Returns the processor time it took.
    ///
    /// By its comments the server also runs them while it estimates that many keys are stale. But
    /// it compares a share between 0 and 1 with a percentage, so that this never happens.
    pub fn fast_expiry(&mut self, at: Time) -> Span {
        let length = FAST + Span(FAST.0 / 4) * u64::from(self.effort - 1);
        if at < self.expiry_cursor.next_fast {
            return Span::ZERO;
        }
        self.expiry_cursor.next_fast = at + length * 2;
        self.in_flight = 0;
        self.expire_for(at.millis(), length)
    }

    fn expire_for(&mut self, now: u64, limit: Span) -> Span {
        let extra = (self.effort - 1) as usize;
        let wanted = KEYS_PER_TURN + KEYS_PER_TURN / 4 * extra;
        let acceptable = ACCEPTABLE_STALE - extra;
        let mut spent = Span::ZERO;
        let mut turns = 0;
        self.expiry_cursor.is_out_of_time = false;
        while self.expires.len() > 0 {
            turns += 1;
            let wanted = wanted.min(self.expires.len());
            let turn = match self.rules.expiry {
                ExpiryWalk::ByBucket => self.turn_by_bucket(now, wanted),
                ExpiryWalk::ByScan { buckets_per_key } => {
                    self.turn_by_scan(now, wanted, wanted * buckets_per_key as usize)
                }
            };
            spent += self.cpu.looked_at * turn.sampled as u64;
            spent += self.cpu.reclaimed * turn.expired as u64;
            if turns % TURNS_BETWEEN_LOOKS == 0 && spent > limit {
                self.expiry_cursor.is_out_of_time = true;
                break;
            }
            let few = turn.sampled > 0 && turn.expired * 100 / turn.sampled <= acceptable;
            if turn.is_round || few {
                break;
            }
        }
        self.warm_next_turn(wanted);
        spent
    }

    /// Asks the processor for the records that the next cycle begins with. When commands are few,
    /// walking through keys that nobody asked for is most of a node's work, and most of that is
    /// waiting for memory.
    fn warm_next_turn(&self, wanted: usize) {
        match self.rules.expiry {
            ExpiryWalk::ByBucket => {
                let Some(dict) = self.expires.single_dict() else {
                    return;
                };
                for ahead in 0..wanted * 5 / 4 {
                    let bucket = self.expiry_cursor.bucket.wrapping_add(ahead);
                    prefetch(
                        &self.entries,
                        dict.bucket(0, bucket).unwrap_or(NIL) as usize,
                    );
                }
            }
            ExpiryWalk::ByScan { .. } => {
                self.expires
                    .warm_scan(&self.entries, self.expiry_cursor.scan, wanted);
            }
        }
    }

    fn turn_by_bucket(&mut self, now: u64, wanted: usize) -> Turn {
        let mut turn = Turn::default();
        let mut buckets = 0;
        // A table that is less than 1 % full is not worth the walk.
        if self.expires.single_dict().is_none_or(Dict::is_too_sparse) {
            return Turn {
                is_round: true,
                ..turn
            };
        }
        while turn.sampled < wanted && buckets < wanted * BUCKETS_PER_KEY {
            for table in 0..2 {
                let dict = self.expires.single_dict();
                let head = dict.and_then(|dict| dict.bucket(table, self.expiry_cursor.bucket));
                let Some(head) = head else { break };
                buckets += 1;
                let mut key = head;
                while key != NIL {
                    let entry = &self.entries[key as usize];
                    let next = entry.next[EXPIRES];
                    if now > entry.expires() {
                        self.die(key, DeathCause::Expired);
                        turn.expired += 1;
                    }
                    turn.sampled += 1;
                    key = next;
                }
            }
            self.expiry_cursor.bucket = self.expiry_cursor.bucket.wrapping_add(1);
        }
        turn
    }

    fn turn_by_scan(&mut self, now: u64, wanted: usize, most_buckets: usize) -> Turn {
        let mut turn = Turn::default();
        let mut buckets = 0;
        let mut keys = std::mem::take(&mut self.expiry_cursor.keys);
        while turn.sampled < wanted && buckets < most_buckets && !turn.is_round {
            let cursor = self.expiry_cursor.scan;
            keys.clear();
            let next = self.expires.scan(&self.entries, cursor, &mut keys);
            for &key in &keys {
                if now > self.entries[key as usize].expires() {
                    self.die(key, DeathCause::Expired);
                    turn.expired += 1;
                }
                turn.sampled += 1;
            }
            self.expires.end_scan(cursor);
            buckets += 1;
            turn.is_round = next.is_none();
            self.expiry_cursor.scan = next.unwrap_or_default();
        }
        self.expiry_cursor.keys = keys;
        turn
    }
}
