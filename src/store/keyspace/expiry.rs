//! Active expiry: keys that nobody asks for any more (`expire.c`).
//!
//! A cycle looks at the buckets of the expires table in the order of a cursor that is kept from
//! one cycle to the next, a few keys at a time, and goes on while more than a share of those it
//! looked at had expired. So up to that share of the keys stays stored although expired.

use super::entry::NIL;
use super::{DeathCause, Keyspace};
use crate::units::Span;

/// Keys that one turn looks at, with the lowest effort (`ACTIVE_EXPIRE_CYCLE_KEYS_PER_LOOP`).
const KEYS_PER_TURN: usize = 20;
/// Share of the time that a cycle may take, in percent, with the lowest effort.
const TIME_PERCENT: u64 = 25;
/// Expired keys that are left alone, in percent of those looked at, with the lowest effort.
const ACCEPTABLE_STALE: usize = 10;
/// Buckets that one turn looks at for each key it wants.
const BUCKETS_PER_KEY: usize = 20;
/// Turns between two looks at the clock.
const TURNS_BETWEEN_LOOKS: u32 = 16;

/// What a turn saw.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    sampled: usize,
    expired: usize,
}

impl Keyspace {
    /// A slow cycle (`activeExpireCycle`). Returns the processor time it took.
    pub(super) fn expire_cycle(&mut self, now: u64) -> Span {
        let extra = self.effort - 1;
        let wanted = KEYS_PER_TURN + KEYS_PER_TURN / 4 * extra as usize;
        let acceptable = ACCEPTABLE_STALE - extra as usize;
        let percent = TIME_PERCENT + 2 * u64::from(extra);
        let limit = Span::from_micros(percent * 1_000_000 / u64::from(self.hz) / 100);
        let mut spent = Span::ZERO;
        let mut turns = 0;
        loop {
            turns += 1;
            let (keys, buckets) = (self.expires.len(), self.expires.buckets());
            // A table that is less than 1 % full is not worth the walk.
            if keys == 0 || buckets > super::dict::SMALLEST && keys * 100 / buckets < 1 {
                return spent;
            }
            let turn = self.expire_turn(now, wanted.min(keys));
            spent += self.cpu.looked_at * turn.sampled as u64;
            spent += self.cpu.reclaimed * turn.expired as u64;
            if turns % TURNS_BETWEEN_LOOKS == 0 && spent > limit {
                return spent;
            }
            if turn.sampled > 0 && turn.expired * 100 / turn.sampled <= acceptable {
                return spent;
            }
        }
    }

    fn expire_turn(&mut self, now: u64, wanted: usize) -> Turn {
        let mut turn = Turn::default();
        let mut buckets = 0;
        while turn.sampled < wanted && buckets < wanted * BUCKETS_PER_KEY {
            for table in 0..2 {
                let Some(head) = self.expires.bucket(table, self.expires_cursor) else {
                    break;
                };
                buckets += 1;
                let mut key = head;
                while key != NIL {
                    let entry = &self.entries[key as usize];
                    let next = entry.next[super::entry::EXPIRES];
                    if now > entry.expires() {
                        self.die(key, DeathCause::Expired);
                        turn.expired += 1;
                    }
                    turn.sampled += 1;
                    key = next;
                }
            }
            self.expires_cursor = self.expires_cursor.wrapping_add(1);
        }
        turn
    }
}
