//! Steps that are more than a command on the session's own key: on another key, on the lock, on
//! the database, or of requests whose reads and writes are followed in their order.

use crate::kernel::draws::Purpose;
use crate::probe::{CommandDone, Mark, Probe};
use crate::program::{ProgramKind, Step, Target};
use crate::scenario::commands::CommandName;
use crate::scenario::users::{OnLockFailure, Writes};
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::store::node::Reply;
use crate::units::{Span, Time};

use super::World;
use super::event::Event;
use super::journey::{answer, ttl};
use super::request::Stage;
use super::side::{KeyAt, LOCK};
use super::tales::Tale;

impl<P: Probe> World<P> {
    /// It is such a step's turn.
    #[inline(never)]
    pub(super) fn arrive_special(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let step = *self.crowds[request.class as usize]
            .programs
            .step(request.step);
        let speaks = request.speaks_for(self.visitors.get(request.visitor));
        match step.target {
            Target::Lock | Target::Other(_) if !speaks => {
                // The user has begun anew: what belonged to this request's session is given up.
                let (_, back) = self.command_without_key(place, request.key_at(), step.command);
                self.go_on(place, back);
            }
            Target::Session => self.arrive_followed(place, &step),
            Target::Old => self.arrive_at_old(place, &step),
            Target::New => self.store_for_nobody(place, &step),
            Target::Lock => self.arrive_at_lock(place, &step),
            Target::Other(number) => self.arrive_at_other(place, &step, number),
            Target::Server => {
                let (_, back) = self.command_without_key(place, request.key_at(), step.command);
                self.go_on(place, back);
            }
            Target::Database(_) => self.ask_database(place),
        }
    }

    /// The next step follows at `at`, the time of the reply.
    pub(super) fn go_on(&mut self, place: u32, at: Time) {
        let request = self.requests.get(place);
        let programs = &self.crowds[request.class as usize].programs;
        let next = programs.step(request.step).next(request.missing);
        let next = next.filter(|_| !request.unreachable);
        self.send(place, next, at);
    }

    /// Executes a command that the request sent. Returns the reply and when it is back.
    pub(super) fn command_on(
        &mut self,
        place: u32,
        at: KeyAt,
        name: CommandName,
        (bytes, ttl): (u32, Ttl),
    ) -> (Reply, Time) {
        let command = Command { name, bytes, ttl };
        if self.elsewhere.is_some() {
            let reply = self.command_elsewhere(place, at, &command);
            self.bury(at.node);
            return (reply, reply.done);
        }
        if self.topology.is_some() {
            let done = self.command_in_topology(place, at, &command);
            self.bury(at.node);
            return done;
        }
        let request = self.requests.get_mut(place);
        let (draws, number) = (request.draws, request.commands);
        let node = &mut self.nodes[at.node as usize];
        let reply = node.execute(&command, KeyId(at.key), self.now, || {
            draws.at(number, Purpose::Service)
        });
        let back = self.replied(place, at.node, name, &reply);
        self.tell_command(place, at, (&reply, back), |_| Tale::PLAIN);
        (reply, back)
    }

    /// Notes the command and its answer; returns when the reply is back.
    fn replied(&mut self, place: u32, node: u16, name: CommandName, reply: &Reply) -> Time {
        let request = self.requests.get_mut(place);
        let number = request.commands;
        let hop = Span(self.hop.draw(request.draws.at(number, Purpose::HopBack)));
        let back = reply.done.saturating_add(hop);
        request.commands = number.wrapping_add(1);
        request.took(back);
        self.probe.command(&CommandDone {
            node,
            owner: request.class,
            name,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        self.bury(node);
        back
    }

    /// A command that finds nothing to work on, and takes its time all the same.
    pub(super) fn command_without_key(
        &mut self,
        place: u32,
        at: KeyAt,
        name: CommandName,
    ) -> (Reply, Time) {
        let command = Command {
            name: CommandName::Ping,
            bytes: 0,
            ttl: Ttl::Keep,
        };
        if self.elsewhere.is_some() {
            let reply = self.command_elsewhere(place, at, &command);
            return (reply, reply.done);
        }
        if self.topology.is_some() {
            return self.command_in_topology(place, at, &command);
        }
        let request = self.requests.get(place);
        let (draws, number) = (request.draws, request.commands);
        let node = &mut self.nodes[at.node as usize];
        // Any key of the node will do: nothing is done to it.
        let reply = node.execute(&command, KeyId(at.key), self.now, || {
            draws.at(number, Purpose::Service)
        });
        let back = self.replied(place, at.node, name, &reply);
        self.tell_command(place, at, (&reply, back), |_| Tale::PLAIN);
        (reply, back)
    }

    /// A library asks the database itself.
    fn ask_database(&mut self, place: u32) {
        match self.enter_database(place) {
            Some(done) => {
                self.requests.get_mut(place).stage = Stage::Query;
                self.schedule(done, Event::Reply(place));
            }
            // The application goes on without.
            None => self.go_on(place, self.now),
        }
    }

    /// A command on the session's key, of a request whose reads and writes are followed.
    fn arrive_followed(&mut self, place: u32, step: &Step) {
        let request = *self.requests.get(place);
        let errand = *self.errands.at(place);
        if errand.drops && step.stores {
            self.change_dropped(place);
            self.go_on(place, self.now);
            return;
        }
        let manners = &self.crowds[request.class as usize].manners;
        let bytes = if step.empty {
            manners.empty_bytes.draw(request.draws.at(0, Purpose::Size)) as u32
        } else {
            self.visitors.get(request.visitor).session.bytes
        };
        let at = request.key_at();
        let (reply, mut back) = self.command_on(place, at, step.command, (bytes, ttl(step.ttl)));
        if step.stores && reply.outcome == Outcome::Done {
            self.value_written(place);
        }
        self.consequences(place, step, &reply);
        if reply.outcome == Outcome::Hit && step.command.returns_value() {
            back = self.value_read(place, step, back);
        }
        self.go_on(place, back);
    }

    /// The request has the session's value; returns when the application has worked on it.
    fn value_read(&mut self, place: u32, step: &Step, back: Time) -> Time {
        let request = *self.requests.get(place);
        let changes = self.sides.at(request.visitor).changes;
        let errand = self.errands.at(place);
        errand.read = changes;
        if std::mem::replace(&mut errand.has_read, true) {
            return back;
        }
        match &self.crowds[request.class as usize].manners.work {
            Some(work) if step.is_plain => {
                back.saturating_add(Span(work.draw(request.draws.at(0, Purpose::Work))))
            }
            _ => back,
        }
    }

    /// The request has stored the session: what it had not read is overwritten.
    fn value_written(&mut self, place: u32) {
        let request = *self.requests.get(place);
        if !request.speaks_for(self.visitors.get(request.visitor)) {
            return;
        }
        let errand = self.errands.at(place);
        let side = self.sides.at(request.visitor);
        if !errand.has_read {
            // It creates the session.
            side.changes = super::side::Changes::default();
            return;
        }
        let merges = self.crowds[request.class as usize].manners.writes == Writes::Changes;
        let changes = request.program == ProgramKind::Modify && !errand.has_changed;
        let lost = side.changes.written(errand.read, merges, changes);
        errand.read = side.changes;
        errand.has_changed |= changes;
        if lost > 0 {
            self.probe
                .mark(self.now, request.class, Mark::LostUpdate, u64::from(lost));
        }
    }

    /// What the request would have written is dropped, since it did not get the lock.
    fn change_dropped(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let errand = self.errands.at(place);
        if request.program == ProgramKind::Modify && !errand.has_changed {
            errand.has_changed = true;
            self.probe
                .mark(self.now, request.class, Mark::LostUpdate, 1);
        }
    }

    /// A command on the key of the session before.
    fn arrive_at_old(&mut self, place: u32, step: &Step) {
        let old = self.errands.at(place).old;
        if old.is_none() {
            self.go_on(place, self.now);
            return;
        }
        if step.command == CommandName::Rename {
            self.rename_old(place, step, old);
            return;
        }
        let (reply, back) = self.command_on(place, old, step.command, (0, ttl(step.ttl)));
        if reply.outcome == Outcome::Miss {
            self.requests.get_mut(place).missing = true;
        }
        self.go_on(place, back);
    }

    /// The old session's value moves to the new key, if that lies on the same node: across slots
    /// a server refuses it.
    fn rename_old(&mut self, place: u32, step: &Step, old: KeyAt) {
        let (mut reply, back) = self.command_without_key(place, old, step.command);
        let request = *self.requests.get(place);
        if reply.outcome == Outcome::Oom {
            // A database refused it.
        } else if old.node == request.node && old.key != request.key {
            reply.outcome = self.rename(old, request.key, reply.start);
            self.bury(old.node);
        } else {
            reply.outcome = Outcome::NotDone;
        }
        self.consequences(place, step, &reply);
        self.go_on(place, back);
    }

    /// A logout stores an empty session for whoever comes next with that cookie: nobody, as far as
    /// the model is concerned.
    fn store_for_nobody(&mut self, place: u32, step: &Step) {
        let request = *self.requests.get(place);
        let crowd = &mut self.crowds[request.class as usize];
        let id = request.draws.at(1, Purpose::SessionId);
        let bytes = crowd
            .manners
            .empty_bytes
            .draw(request.draws.at(1, Purpose::Size)) as u32;
        let slot = crowd.key.slot(id);
        let shape = crowd.shape;
        let at = self.new_key(request.class, id, slot, shape);
        let (_, back) = self.command_on(place, at, step.command, (bytes, ttl(step.ttl)));
        self.give_up(request.class, at);
        self.go_on(place, back);
    }

    /// A command on the lock.
    fn arrive_at_lock(&mut self, place: u32, step: &Step) {
        let request = *self.requests.get(place);
        if step.command != CommandName::SetNx {
            let back = self.release_lock(place, step.command);
            self.go_on(place, back);
            return;
        }
        let at = self.other_key(request.visitor, request.class, LOCK);
        let Some(lock) = &self.crowds[request.class as usize].manners.lock else {
            unreachable!("a step on a lock of a class without one");
        };
        let (tries, wait, on_failure) = (lock.tries, lock.wait, lock.on_failure);
        let bytes = lock.key.bytes;
        let (reply, back) = self.command_on(place, at, step.command, (bytes, ttl(step.ttl)));
        let errand = self.errands.at(place);
        match reply.outcome {
            Outcome::NotDone => {
                errand.tries = errand.tries.saturating_add(1);
                if tries == 0 || errand.tries < tries {
                    self.send(place, Some(request.step), back.saturating_add(wait));
                    return;
                }
                match on_failure {
                    OnLockFailure::GoOn => {}
                    OnLockFailure::DropWrites => errand.drops = true,
                    OnLockFailure::Fail => {
                        self.change_dropped(place);
                        self.program_over(place, back);
                        return;
                    }
                }
            }
            Outcome::Done => {
                errand.holds = true;
                self.sides.at(request.visitor).holder = place;
            }
            _ => self.requests.get_mut(place).refused = true,
        }
        self.go_on(place, back);
    }

    /// The request gives the lock back, unless that has gone to another one since.
    fn release_lock(&mut self, place: u32, name: CommandName) -> Time {
        let request = *self.requests.get(place);
        let at = self.other_key(request.visitor, request.class, LOCK);
        let holds = std::mem::replace(&mut self.errands.at(place).holds, false);
        if holds && self.sides.at(request.visitor).holder == place {
            return self.command_on(place, at, name, (0, Ttl::Keep)).1;
        }
        // The script finds another's lock, or none.
        self.command_without_key(place, at, name).1
    }
}
