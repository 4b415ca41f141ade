//! The commands.

use crate::scenario::commands::CommandName;
use crate::store::engine::HISTOGRAM_BYTES;
use crate::units::{Span, Time};

use super::{Command, DeathCause, KeyId, Keyspace, Outcome, Ttl};

/// A TTL as servers keep it.
#[inline]
const fn millis(span: Span) -> u64 {
    span.0 / 1_000_000
}

impl Keyspace {
    /// Executes `command` on `key` at `at`, which must not lie before the last call. Makes room
    /// first if memory is short, as the server does before every command (`processCommand`).
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "every request comes through here: a call more is 2 % of its instructions"
    )]
    pub fn execute(&mut self, command: &Command, key: KeyId, at: Time) -> Outcome {
        let now = at.millis();
        if self.has_nothing_else_to_do(command.name)
            && let Some(outcome) = self.execute_on_live_key(command, key.0, now)
        {
            return outcome;
        }
        self.execute_in_full(command, key.0, now)
    }

    /// Whether a command only does what it is for: no eviction, no step of a rehash, no first
    /// execution, no LFU counter.
    #[inline]
    const fn has_nothing_else_to_do(&self, name: CommandName) -> bool {
        self.used_memory() <= self.limit
            && !self.is_rehashing()
            && self.seen_commands >> name as u32 & 1 == 1
            && !self.policy.counts()
    }

    /// The most frequent cases, in few instructions; `None` for all others. Does what
    /// [`Keyspace::execute_in_full`] would (a test compares them).
    #[inline]
    fn execute_on_live_key(&mut self, command: &Command, key: u32, now: u64) -> Option<Outcome> {
        let entry = &mut self.entries[key as usize];
        if !entry.is_live() || now > entry.expires() {
            return None;
        }
        match (command.name, command.ttl) {
            (CommandName::Get | CommandName::HGetAll | CommandName::HMGet, _) => {
                entry.set_stamp(self.clock.lru());
                self.stats.keyspace_hits += 1;
                Some(Outcome::Hit)
            }
            (
                CommandName::Expire | CommandName::PExpire | CommandName::PExpireAt,
                Ttl::In(span),
            ) if entry.has_ttl() && millis(span) > 0 && !self.expires.may_be_full() => {
                entry.set_stamp(self.clock.lru());
                entry.set_expires(now + millis(span));
                Some(Outcome::Done)
            }
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn execute_in_full(&mut self, command: &Command, key: u32, now: u64) -> Outcome {
        let seen = 1 << command.name as u32;
        if self.seen_commands & seen == 0 {
            self.first_execution(seen);
        }
        let stores = command.name.stores_value();
        self.in_flight = if stores {
            let shape = self.entries[key as usize].shape();
            self.costs.in_flight(shape, command.bytes)
        } else {
            0
        };
        if self.used_memory() + self.in_flight > self.limit && !self.make_room(now) && stores {
            return Outcome::Oom;
        }
        match command.name {
            CommandName::Get
            | CommandName::HGetAll
            | CommandName::HMGet
            | CommandName::Touch
            | CommandName::ZRevRange
            | CommandName::ZRevRank => self.read(key, now, true),
            CommandName::Exists => self.read(key, now, false),
            CommandName::GetEx => self.get_and_expire(key, now, command.ttl),
            CommandName::Set | CommandName::SetNx | CommandName::SetXx | CommandName::SetEx => {
                self.set(key, now, command)
            }
            CommandName::HSet | CommandName::HMSet => self.set_fields(key, now, command.bytes),
            CommandName::Expire | CommandName::PExpire | CommandName::PExpireAt => {
                self.expire(key, now, command.ttl)
            }
            CommandName::Del | CommandName::EvalSha => self.remove(key, now),
            CommandName::SAdd | CommandName::Append => self.extend(key, now, command.bytes),
            CommandName::SRem => self.shorten(key, now, command.bytes),
            CommandName::Incr => self.raise(key, now, 1),
            CommandName::ZIncrBy => self.raise(key, now, command.bytes),
            // They work on no key; RENAME on two, which `Keyspace::rename` does behind it.
            CommandName::Ping | CommandName::Publish | CommandName::Rename => Outcome::Done,
        }
    }

    /// The first execution of a command allocates its latency histogram.
    #[cold]
    pub(super) fn first_execution(&mut self, seen: u32) {
        self.seen_commands |= seen;
        self.used += HISTOGRAM_BYTES;
    }

    /// Whether the key is there; one whose TTL has passed is reclaimed (`lookupKey`,
    /// `expireIfNeeded`).
    #[inline]
    fn find(&mut self, key: u32, now: u64) -> bool {
        if self.is_rehashing() {
            self.rehash_on_lookup(key);
        }
        let entry = &self.entries[key as usize];
        // Strictly later: at its very millisecond a key still lives (`keyIsExpired`).
        if now > entry.expires() {
            self.die(key, DeathCause::Expired);
            return false;
        }
        entry.is_live()
    }

    /// A lookup moves a bucket of each table it looks into.
    #[cold]
    #[inline(never)]
    fn rehash_on_lookup(&mut self, key: u32) {
        self.rehash_main(key, 1);
        if self.entries[key as usize].is_live() {
            self.rehash_expires(key, 1);
        }
    }

    #[inline]
    fn touch(&mut self, key: u32, now: u64) {
        if self.policy.counts() {
            self.touch_counter(key, now);
        } else {
            self.entries[key as usize].set_stamp(self.clock.lru());
        }
    }

    #[inline(never)]
    fn touch_counter(&mut self, key: u32, now: u64) {
        let entry = &mut self.entries[key as usize];
        let minutes = self.clock.minutes(now);
        let stamp = self
            .policy
            .lfu
            .touched(entry.stamp(), minutes, &mut self.rng);
        entry.set_stamp(stamp);
    }

    #[inline]
    fn read(&mut self, key: u32, now: u64, touches: bool) -> Outcome {
        if !self.find(key, now) {
            self.stats.keyspace_misses += 1;
            self.warm_for_storing(key);
            return Outcome::Miss;
        }
        self.stats.keyspace_hits += 1;
        if touches {
            self.touch(key, now);
        }
        Outcome::Hit
    }

    fn get_and_expire(&mut self, key: u32, now: u64, ttl: Ttl) -> Outcome {
        let outcome = self.read(key, now, true);
        if outcome == Outcome::Hit {
            self.apply_ttl(key, now, ttl);
        }
        outcome
    }

    #[inline]
    fn apply_ttl(&mut self, key: u32, now: u64, ttl: Ttl) {
        match ttl {
            Ttl::Keep => {}
            Ttl::In(span) => {
                if self.is_rehashing() {
                    self.rehash_main(key, 1);
                    self.rehash_expires(key, 1);
                }
                self.set_ttl(key, now + millis(span));
            }
            Ttl::Clear => {
                if self.entries[key as usize].has_ttl() {
                    self.rehash_expires(key, 1);
                    self.clear_ttl(key);
                }
            }
        }
    }

    #[inline]
    fn expire(&mut self, key: u32, now: u64, ttl: Ttl) -> Outcome {
        if !self.find(key, now) {
            return Outcome::NotDone;
        }
        self.touch(key, now);
        if matches!(ttl, Ttl::In(span) if millis(span) == 0) {
            // A time that is already over deletes the key at once (`checkAlreadyExpired`).
            self.die(key, DeathCause::Expired);
        } else {
            self.apply_ttl(key, now, ttl);
        }
        Outcome::Done
    }

    #[inline]
    fn set(&mut self, key: u32, now: u64, command: &Command) -> Outcome {
        let found = self.find(key, now);
        if found {
            self.touch(key, now);
        }
        let wanted = match command.name {
            CommandName::SetNx => !found,
            CommandName::SetXx => found,
            _ => true,
        };
        if !wanted {
            return Outcome::NotDone;
        }
        if found {
            self.rehash_main(key, 1);
            self.resize_value(key, command.bytes);
        } else {
            self.add(key, command.bytes, now);
        }
        if command.ttl == Ttl::Keep {
            return Outcome::Done;
        }
        // SET first takes the old TTL away (`setKey`, `removeExpire`), then gives the new one.
        self.rehash_main(key, 1);
        if self.expires.len() > 0 {
            self.rehash_expires(key, 1);
        }
        let has_ttl = self.entries[key as usize].has_ttl();
        match command.ttl {
            // Outside a rehash the key would come back to the very same bucket.
            Ttl::In(span) if has_ttl && !self.is_rehashing() => {
                self.entries[key as usize].set_expires(now + millis(span));
            }
            ttl => {
                if has_ttl {
                    self.clear_ttl(key);
                }
                self.apply_ttl(key, now, ttl);
            }
        }
        Outcome::Done
    }

    fn set_fields(&mut self, key: u32, now: u64, bytes: u32) -> Outcome {
        if self.find(key, now) {
            self.touch(key, now);
            self.resize_value(key, bytes);
        } else {
            self.add(key, bytes, now);
        }
        Outcome::Done
    }

    /// A counter counts up, a sorted set takes new members: `by` more, or the first if the key is
    /// not there. What such a value holds is its count.
    fn raise(&mut self, key: u32, now: u64, by: u32) -> Outcome {
        if self.find(key, now) {
            self.touch(key, now);
            let count = self.entries[key as usize].bytes.saturating_add(by);
            self.resize_value(key, count);
        } else {
            self.add(key, 1, now);
        }
        Outcome::Done
    }

    /// A member of a set, or an end to a string.
    fn extend(&mut self, key: u32, now: u64, bytes: u32) -> Outcome {
        if self.find(key, now) {
            self.touch(key, now);
            let more = self.entries[key as usize].bytes.saturating_add(bytes);
            self.resize_value(key, more);
        } else {
            self.add(key, bytes, now);
        }
        Outcome::Done
    }

    /// A member leaves a set; with the last one the key goes (`sremCommand`).
    fn shorten(&mut self, key: u32, now: u64, bytes: u32) -> Outcome {
        if !self.find(key, now) {
            return Outcome::NotDone;
        }
        self.touch(key, now);
        let left = self.entries[key as usize].bytes.saturating_sub(bytes);
        if left == 0 {
            self.delete(key);
        } else {
            self.resize_value(key, left);
        }
        Outcome::Done
    }

    /// Gives value and TTL of `from` to `to`, whatever that was (`renameGenericCommand`).
    pub fn rename(&mut self, from: KeyId, to: KeyId, at: Time) -> Outcome {
        let now = at.millis();
        if !self.find(from.0, now) {
            return Outcome::NotDone;
        }
        let entry = self.entries[from.0 as usize];
        if self.find(to.0, now) {
            self.delete(to.0);
        }
        self.add(to.0, entry.bytes, now);
        if entry.has_ttl() {
            self.set_ttl(to.0, entry.expires());
        }
        self.delete(from.0);
        Outcome::Done
    }

    fn remove(&mut self, key: u32, now: u64) -> Outcome {
        let entry = &self.entries[key as usize];
        if now > entry.expires() {
            self.die(key, DeathCause::Expired);
            return Outcome::NotDone;
        }
        if !entry.is_live() {
            return Outcome::NotDone;
        }
        self.delete(key);
        Outcome::Done
    }
}
