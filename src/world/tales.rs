//! What a probe is told of single users, if it asks for that.
//!
//! Each of these is called wherever something happens that belongs to somebody's story. A probe that
//! does not want stories says so by a constant, and nothing is left of the call.

use crate::probe::{
    Came, CommandTold, KeyFate, On, Place, Probe, RequestId, SessionSeen, ShardTold, Told, UserId,
};
use crate::program::{Step, Target};
use crate::session::KeyDeath;
use crate::store::keyspace::{Command, Outcome};
use crate::store::node::Reply;
use crate::store::replication::log::Record;
use crate::traffic::{Act, Intent, User};
use crate::units::{Span, Time};

use super::World;
use super::owners::RECORDED;
use super::request::Request;
use super::side::KeyAt;
use super::topology::{Age, Change};

/// What a tale of a command needs beside its request.
pub(super) struct Tale {
    /// The node that executed it, or should have.
    pub(super) node: u8,
    pub(super) age: Age,
    pub(super) offset: Option<u64>,
}

impl Tale {
    /// Of a shard of one node.
    pub(super) const PLAIN: Self = Self {
        node: 0,
        age: Age::Fresh,
        offset: None,
    };
}

const fn user_id(user: &User) -> UserId {
    UserId {
        class: user.class(),
        user: user.number(),
    }
}

impl<P: Probe> World<P> {
    /// A user sets out to do something.
    #[inline]
    pub(super) fn tell_intent(&mut self, visitor: u32, act: &Act) {
        if self.probe.wants_stories() {
            let request = RequestId {
                intent: act.n,
                attempt: 0,
            };
            let user = user_id(&self.visitors.get(visitor).user);
            let what = Told::Intends(words(act.intent));
            self.probe.told(self.now, user, request, &what);
        }
    }

    /// A fact about a request's user.
    #[inline]
    pub(super) fn tell(&mut self, request: &Request, at: Time, what: impl FnOnce() -> Told) {
        if self.probe.wants_stories() {
            let user = user_id(&self.visitors.get(request.visitor).user);
            let id = RequestId {
                intent: request.n,
                attempt: request.attempt,
            };
            self.probe.told(at, user, id, &what());
        }
    }

    /// A node has executed a command of the request at `place`, which is back at `back`.
    #[inline]
    pub(super) fn tell_command(
        &mut self,
        place: u32,
        at: KeyAt,
        (reply, back): (&Reply, Time),
        tale: impl FnOnce(&Self) -> Tale,
    ) {
        if self.probe.wants_stories() {
            let tale = tale(self);
            self.tell_command_now(place, at, (reply, back), &tale);
        }
    }

    #[cold]
    fn tell_command_now(&mut self, place: u32, at: KeyAt, executed: (&Reply, Time), tale: &Tale) {
        let request = self.requests.get(place);
        let step = self.crowds[request.class as usize]
            .programs
            .step(request.step);
        let user = &self.visitors.get(request.visitor).user;
        let (user, id, told) = command_told(request, (user, step), at, executed, tale);
        self.probe.told(self.now, user, id, &told);
    }

    /// What a node of a shard has of the stream: the primary behind a command that changed
    /// something, a replica when it reads.
    pub(super) fn offset_of(
        &self,
        at: KeyAt,
        node: u8,
        command: &Command,
        reply: &Reply,
    ) -> Option<u64> {
        let topology = self.topology.as_deref()?;
        topology.offset_of(at.node, node, command, reply.outcome)
    }

    /// The user has the answer to a request at `at`.
    #[inline]
    pub(super) fn tell_answer(&mut self, place: u32, at: Time) {
        if self.probe.wants_stories() {
            let request = *self.requests.get(place);
            let seen: SessionSeen = request.seen;
            let what = Told::Answered {
                kind: request.kind,
                seen,
                failed: request.refused,
            };
            self.tell(&request, at, || what);
        }
    }

    /// A key died, whose owner is a visitor: the session's own.
    #[inline]
    pub(super) fn tell_death(&mut self, visitor: u32, node: u16, death: KeyDeath) {
        let fate = match death {
            KeyDeath::Evicted => KeyFate::Evicted,
            KeyDeath::Expired => KeyFate::Expired,
            KeyDeath::NodeLost => KeyFate::NodeLost,
            KeyDeath::Unreplicated => KeyFate::NeverWas,
        };
        self.tell_key(visitor, node, fate);
    }

    /// The session's key is not what it was.
    #[inline]
    pub(super) fn tell_key(&mut self, visitor: u32, shard: u16, fate: KeyFate) {
        if self.probe.wants_stories() {
            let user = user_id(&self.visitors.get(visitor).user);
            let what = Told::Key { fate, shard };
            let request = RequestId::default();
            self.probe.told(self.now, user, request, &what);
        }
    }

    /// A write was taken back, which clients in the mean `wire` away had sent. The primary had
    /// failed at `crashed`.
    pub(super) fn tell_taken_back(
        &mut self,
        shard: u16,
        record: &Record<Change>,
        (crashed, wire): (Time, Span),
    ) {
        if !self.probe.wants_stories() || !record.what.is_asked {
            return;
        }
        let key = record.what.key;
        let owner = self.nodes[shard as usize].keyspace().owner(key);
        if owner >= RECORDED {
            return;
        }
        let visitor = self.visitors.get(owner);
        if visitor.session.key != key.0 || visitor.session.node != shard {
            return;
        }
        let what = Told::TakenBack {
            written: record.at,
            offset: record.end,
            acknowledged: record.at.saturating_add(wire) <= crashed,
        };
        let user = user_id(&visitor.user);
        self.probe.told(self.now, user, RequestId::default(), &what);
    }

    /// A fact about a shard.
    #[inline]
    pub(super) fn tell_shard(&mut self, shard: u16, what: &ShardTold) {
        if self.probe.wants_stories() {
            self.probe.shard_told(self.now, shard, what);
        }
    }
}

/// What a probe is told of a command that was executed `at` a key.
pub(super) fn command_told(
    request: &Request,
    (user, step): (&User, &Step),
    at: KeyAt,
    (reply, back): (&Reply, Time),
    tale: &Tale,
) -> (UserId, RequestId, Told) {
    let is_own = step.target == Target::Session && at == request.key_at();
    let came = match (reply.outcome, tale.age) {
        _ if request.unreachable => Came::NoAnswer,
        (_, Age::NotThere) => Came::NotThere,
        (_, Age::Stale) => Came::Stale,
        (Outcome::Hit, _) => Came::Hit,
        (Outcome::Miss, _) => Came::Miss,
        (Outcome::Done, _) => Came::Done,
        (Outcome::NotDone, _) => Came::NotDone,
        (Outcome::Oom, _) => Came::Refused,
    };
    let command = CommandTold {
        name: step.command,
        on: if is_own { On::Session } else { On::Other },
        place: Place {
            shard: at.node,
            node: tale.node,
        },
        sent: request.sent,
        start: reply.start,
        back,
        came,
        offset: tale.offset,
    };
    let id = RequestId {
        intent: request.n,
        attempt: request.attempt,
    };
    (user_id(user), id, Told::Command(command))
}

/// What a user sets out to do, as scripts name it.
const fn words(intent: Intent) -> &'static str {
    match intent {
        Intent::Login => "login",
        Intent::FirstWrite => "first-write",
        Intent::Hit => "hit",
        Intent::Read => "read",
        Intent::Modify => "modify",
        Intent::Untouched => "untouched",
        Intent::Page => "page",
        Intent::Logout => "logout",
        Intent::Leave => "leave",
    }
}
