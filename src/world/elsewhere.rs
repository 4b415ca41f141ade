//! Sessions that lie in no cache, for comparison: in the database alone, or in the memory of the
//! application's own instances.
//!
//! The journeys are those of a cache; only what happens to a command differs. In the database it is
//! a query, which waits for its turn there; in process it is done at once. There is no hop: that to
//! the database is part of its service time. The keys stand in keyspaces without a limit, so that
//! nothing is evicted, and a job deletes those whose TTL has passed.

use crate::kernel::draws::{Purpose, mix};
use crate::kernel::station::Admission;
use crate::probe::Probe;
use crate::scenario::store::{Instances, StoreKind};
use crate::store::keyspace::{Command, KeyId, Outcome};
use crate::store::node::Reply;
use crate::store::slots::SlotMap;
use crate::units::{Span, Time};

use super::World;
use super::event::Event;
use super::journey::ttl;
use super::side::KeyAt;
use super::tales::Tale;

/// Where sessions lie, if in no cache.
pub(super) enum Elsewhere {
    Database {
        cleanup_every: Span,
        /// When the latest query so far began to be served.
        last_start: Time,
    },
    InProcess(Fleet),
}

/// The application's instances.
pub(super) struct Fleet {
    spec: Instances,
    /// So many take new sessions; the others drain, or are gone.
    active: u32,
    /// Changes so far.
    step: usize,
    /// When the changes began to be repeated the last time.
    begin: Time,
    /// When each instance is gone if it does not come back before.
    gone_at: Vec<Time>,
}

impl Elsewhere {
    pub(super) fn new(kind: &StoreKind) -> Option<Self> {
        match kind {
            StoreKind::Cache => None,
            StoreKind::Database { cleanup_every } => Some(Self::Database {
                cleanup_every: *cleanup_every,
                last_start: Time::ZERO,
            }),
            StoreKind::InProcess(instances) => Some(Self::InProcess(Fleet {
                active: instances.number,
                step: 0,
                begin: Time::ZERO,
                gone_at: vec![Time::NEVER; instances.most() as usize],
                spec: instances.clone(),
            })),
        }
    }

    /// How many share the new sessions at the start.
    pub(super) const fn targets(&self) -> u32 {
        match self {
            Self::Database { .. } => 1,
            Self::InProcess(fleet) => fleet.active,
        }
    }

    pub(super) const fn cleanup_every(&self) -> Span {
        match self {
            Self::Database { cleanup_every, .. } => *cleanup_every,
            Self::InProcess(fleet) => fleet.spec.cleanup_every,
        }
    }
}

impl Fleet {
    /// When the number changes next, and to what.
    fn next(&self) -> Option<(Time, u32)> {
        let step = self.spec.scaling.get(self.step)?;
        Some((self.begin.saturating_add(step.at), step.instances))
    }

    /// The next change is done.
    fn advance(&mut self) {
        self.step += 1;
        if self.step == self.spec.scaling.len() && self.spec.repeat_every > Span::ZERO {
            self.step = 0;
            self.begin = self.begin.saturating_add(self.spec.repeat_every);
        }
    }
}

impl<P: Probe> World<P> {
    /// A command has come to where the sessions lie.
    #[inline(never)]
    pub(super) fn arrive_elsewhere(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let step = *self.crowds[request.class as usize]
            .programs
            .step(request.step);
        if step.is_special {
            self.arrive_special(place);
            return;
        }
        let command = Command {
            name: step.command,
            bytes: self.visitors.get(request.visitor).session.bytes,
            ttl: ttl(step.ttl),
        };
        let reply = self.command_elsewhere(place, request.key_at(), &command);
        self.consequences(place, &step, &reply);
        let missing = self.requests.get(place).missing;
        self.send(place, step.next(missing), reply.done);
    }

    /// Executes a command of a request where the sessions lie, and notes how long it took.
    pub(super) fn command_elsewhere(&mut self, place: u32, at: KeyAt, command: &Command) -> Reply {
        let request = self.requests.get(place);
        let (draws, number) = (request.draws, request.commands);
        let reply = self.execute_elsewhere(at.node, command, KeyId(at.key), || {
            draws.at(number, Purpose::Query)
        });
        let request = self.requests.get_mut(place);
        request.commands = number.wrapping_add(1);
        request.took(reply.done);
        self.tell_command(place, at, (&reply, reply.done), |_| Tale::PLAIN);
        reply
    }

    fn is_in_database(&self) -> bool {
        matches!(self.elsewhere.as_deref(), Some(Elsewhere::Database { .. }))
    }

    /// Executes a command where the sessions lie.
    pub(super) fn execute_elsewhere(
        &mut self,
        node: u16,
        command: &Command,
        key: KeyId,
        bits: impl FnOnce() -> u64,
    ) -> Reply {
        let (mut start, mut done) = (self.now, self.now);
        if self.is_in_database() {
            let Admission::Served {
                start: from,
                done: to,
            } = self.admit(bits())
            else {
                return Reply {
                    outcome: Outcome::Oom,
                    start,
                    done,
                };
            };
            (start, done) = (from, to);
            self.began(start);
        }
        let keyspace = self.nodes[node as usize].keyspace_mut();
        Reply {
            outcome: keyspace.execute(command, key, start),
            start,
            done,
        }
    }

    /// A query began, or will begin, to be served at `start`; returns the latest such moment.
    fn began(&mut self, start: Time) -> Time {
        let Some(Elsewhere::Database { last_start, .. }) = self.elsewhere.as_deref_mut() else {
            return start;
        };
        *last_start = start.max(*last_start);
        *last_start
    }

    /// The job that deletes expired sessions.
    pub(super) fn clean_up(&mut self, node: u32) {
        let mut at = self.now;
        if self.is_in_database() {
            // One statement, which nobody waits for.
            let bits = mix(self.seed ^ mix(self.now.0));
            if let Admission::Served { start, .. } = self.admit(bits) {
                at = self.began(start);
            }
        }
        self.nodes[node as usize].keyspace_mut().expire_all(at);
        self.bury(node as u16);
        self.agenda
            .push(self.now + self.cron_period, Event::Cron(node).pack());
    }

    /// Puts the next change of the number of instances on the agenda.
    pub(super) fn expect_scaling(&mut self) {
        let Some(Elsewhere::InProcess(fleet)) = self.elsewhere.as_deref() else {
            return;
        };
        if let Some((at, _)) = fleet.next()
            && at < self.end
        {
            self.agenda.push(at, Event::Instances(0).pack());
        }
    }

    /// The number of instances changes, or one of them is gone.
    pub(super) fn scale(&mut self, number: u32) {
        let now = self.now;
        let Some(Elsewhere::InProcess(fleet)) = self.elsewhere.as_deref_mut() else {
            return;
        };
        if let Some(instance) = number.checked_sub(1) {
            // It may have been called back, and sent away again.
            if fleet.gone_at[instance as usize] == now {
                self.lose_instance(instance);
            }
            return;
        }
        let Some((_, instances)) = fleet.next() else {
            return;
        };
        let gone = now.saturating_add(fleet.spec.drain);
        for (instance, gone_at) in fleet.gone_at.iter_mut().enumerate() {
            let is_active = (instance as u32) < instances;
            let was_active = (instance as u32) < fleet.active;
            if is_active {
                *gone_at = Time::NEVER;
            } else if was_active {
                *gone_at = gone;
                if gone < self.end {
                    let event = Event::Instances(instance as u32 + 1);
                    self.agenda.push(gone, event.pack());
                }
            }
        }
        fleet.active = instances;
        fleet.advance();
        self.slots = SlotMap::even(instances);
        self.expect_scaling();
    }

    /// An instance is gone, and its sessions with it.
    fn lose_instance(&mut self, instance: u32) {
        self.nodes[instance as usize].keyspace_mut().lose_all();
        self.bury(instance as u16);
    }

    /// The load balancer sends a user whose instance takes no more sessions to another one, where
    /// the session gets a key of its own.
    pub(super) fn rehome(&mut self, place: u32) {
        let Some(Elsewhere::InProcess(fleet)) = self.elsewhere.as_deref() else {
            return;
        };
        let request = *self.requests.get(place);
        if u32::from(request.node) < fleet.active {
            return;
        }
        self.retire_key(request.visitor);
        self.give_up_others(request.visitor, request.class, true);
        self.give_key(place);
    }

    /// The node of a key beside those of a session that lies on `node`: in process all of a
    /// session lies together.
    pub(super) fn node_beside(&self, node: u16, slot: u16) -> u16 {
        match self.elsewhere.as_deref() {
            Some(Elsewhere::InProcess(_)) => node,
            _ => self.slots.node(slot),
        }
    }
}
