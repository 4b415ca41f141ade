//! Keys of sessions beside their own: found, made when they are first needed, and given up.

use crate::kernel::draws::{Purpose, mix};
use crate::probe::Probe;
use crate::program::{ProgramKind, Step};
use crate::scenario::commands::CommandName;
use crate::scenario::users::KeyScope;
use crate::store::keyspace::{KeyId, ShapeId};
use crate::units::Time;

use super::World;
use super::journey::ttl;
use super::owners::{abandoned, nobodys};
use super::side::{KeyAt, LOCK, NO_MINUTE};

/// A minute of simulated time, in ns.
const MINUTE: u64 = 60_000_000_000;
/// So many minutes after its own a minute's key is given up.
const LINGER: u64 = 2;

impl<P: Probe> World<P> {
    /// Makes a key of a class known, of which nobody is told when it dies.
    pub(super) fn new_key(&mut self, class: u16, id: u64, slot: u16, shape: ShapeId) -> KeyAt {
        self.new_key_on(self.slots.node(slot), class, (id, slot), shape)
    }

    fn new_key_on(
        &mut self,
        node: u16,
        class: u16,
        (id, slot): (u64, u16),
        shape: ShapeId,
    ) -> KeyAt {
        let keyspace = self.nodes[node as usize].keyspace_mut();
        let key = keyspace.create(id, slot, shape, abandoned(class)).0;
        KeyAt { key, node }
    }

    /// Nothing needs the key of a class any more: if it is stored, it stays until its TTL or an
    /// eviction.
    pub(super) fn give_up(&mut self, class: u16, at: KeyAt) {
        let keyspace = self.nodes[at.node as usize].keyspace_mut();
        if keyspace.is_live(KeyId(at.key)) {
            keyspace.set_owner(KeyId(at.key), nobodys(class));
        } else {
            self.release_key(class, at);
        }
    }

    /// The `number`-th other key of the visitor's session, or its lock.
    pub(super) fn other_key(&mut self, visitor: u32, class: u16, number: usize) -> KeyAt {
        let known = self.sides.at(visitor).keys[number];
        if !known.is_none() {
            return known;
        }
        let manners = &mut self.crowds[class as usize].manners;
        let other = if number == LOCK {
            manners.lock.as_mut().map(|lock| &mut lock.key)
        } else {
            manners.others.get_mut(number)
        };
        let other = other.expect("a loaded scenario names only keys it has");
        // The session's own identifier, or the user's: all that matters is that it is theirs.
        let session = self.visitors.get(visitor);
        let owner = match other.scope {
            KeyScope::User => session.user.number(),
            _ => u64::from(session.session.key) << 16 | u64::from(session.session.node),
        };
        let id = mix(owner ^ (u64::from(class) << 8 | number as u64) << 48);
        let slot = other.pattern.slot(id);
        let shape = other.shape;
        let node = self.node_beside(session.session.node, slot);
        let at = self.new_key_on(node, class, (id, slot), shape);
        self.sides.at(visitor).keys[number] = at;
        at
    }

    /// The key of a minute.
    fn minute_key(&mut self, class: u16, number: u8, minute: u64) -> KeyAt {
        if let Some(at) = self.minutes.get(&(class, number, minute)) {
            return *at;
        }
        let now = self.now.0 / MINUTE;
        let over = |(&key, &at): (&(u16, u8, u64), &KeyAt)| {
            (key.0 == class && key.1 == number && key.2 + LINGER < now).then_some((key, at))
        };
        let passed: Vec<_> = self.minutes.iter().filter_map(over).collect();
        for (key, at) in passed {
            self.minutes.remove(&key);
            self.give_up(class, at);
        }
        let other = &mut self.crowds[class as usize].manners.others[number as usize];
        let id = mix(minute ^ (u64::from(class) << 8 | u64::from(number)) << 48);
        let slot = other.pattern.slot(id);
        let shape = other.shape;
        let at = self.new_key(class, id, slot, shape);
        self.minutes.insert((class, number, minute), at);
        at
    }

    /// A command on one of the session's other keys.
    pub(super) fn arrive_at_other(&mut self, place: u32, step: &Step, number: u8) {
        let request = *self.requests.get(place);
        let crowd = &self.crowds[request.class as usize];
        let other = &crowd.manners.others[number as usize];
        let bytes = other.bytes;
        let own_end = crowd.own_end(self.now);
        if other.scope == KeyScope::Minute {
            self.arrive_at_minute(place, step, number, own_end);
            return;
        }
        let at = self.other_key(request.visitor, request.class, number as usize);
        let back = if step.command == CommandName::Rename {
            // The keys of a session go with it.
            self.command_without_key(place, at, step.command).1
        } else {
            self.command_on(place, at, step.command, (bytes, ttl(step.ttl)))
                .1
        };
        self.go_on(place, back);
    }

    /// A command on the key that all sessions share which end in the minute of `own_end`, or on
    /// the one in which the session is a member.
    fn arrive_at_minute(&mut self, place: u32, step: &Step, number: u8, own_end: Time) {
        let request = *self.requests.get(place);
        let member = self.sides.at(request.visitor).minute;
        let minute = own_end.0 / MINUTE + 1;
        let goes_on = matches!(
            request.program,
            ProgramKind::Read | ProgramKind::Modify | ProgramKind::Untouched
        );
        let removes = step.command == CommandName::SRem;
        if removes && (member == NO_MINUTE || (goes_on && member == minute)) {
            // The library knows that there is nothing to remove.
            self.go_on(place, self.now);
            return;
        }
        let at = self.minute_key(request.class, number, if removes { member } else { minute });
        let adds = step.command == CommandName::SAdd;
        let back = if adds && member == minute {
            // It is a member already.
            self.command_without_key(place, at, step.command).1
        } else {
            let bytes = self.crowds[request.class as usize].manners.others[number as usize].bytes;
            self.command_on(place, at, step.command, (bytes, ttl(step.ttl)))
                .1
        };
        let side = self.sides.at(request.visitor);
        if removes {
            side.minute = NO_MINUTE;
        } else if adds {
            side.minute = minute;
        }
        self.go_on(place, back);
    }

    /// The session is over, or begins anew under another key: its other keys are given up, all but
    /// those of the user, who stays unless `gone`.
    pub(super) fn give_up_others(&mut self, visitor: u32, class: u16, gone: bool) {
        let manners = &self.crowds[class as usize].manners;
        if manners.lock.is_none() && manners.others.is_empty() {
            return;
        }
        let users = manners.others.iter().enumerate();
        let stays: Vec<usize> = users
            .filter(|(_, other)| other.scope == KeyScope::User && !gone)
            .map(|(number, _)| number)
            .collect();
        let side = self.sides.at(visitor);
        side.minute = NO_MINUTE;
        side.holder = u32::MAX;
        let mut keys = std::mem::replace(&mut side.keys, [KeyAt::NONE; LOCK + 1]);
        for number in stays {
            self.sides.at(visitor).keys[number] = std::mem::replace(&mut keys[number], KeyAt::NONE);
        }
        for at in keys {
            if !at.is_none() {
                self.give_up(class, at);
            }
        }
    }

    /// The size of a new session.
    pub(super) fn size_of_new(&self, place: u32, empty: bool) -> u32 {
        let request = self.requests.get(place);
        let crowd = &self.crowds[request.class as usize];
        let sizes = if empty {
            &crowd.manners.empty_bytes
        } else {
            &crowd.bytes
        };
        sizes.draw(request.draws.at(0, Purpose::Size)) as u32
    }
}
