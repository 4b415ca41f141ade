//! The journey of a workload's request.

use crate::kernel::draws::Purpose;
use crate::probe::{Probe, WorkloadDone};
use crate::scenario::commands::CommandName;
use crate::store::keyspace::{Command, KeyId, Outcome, Ttl};
use crate::units::{Span, Time};

use super::super::World;
use super::super::delivery::{Delivered, Delivery};
use super::super::event::Event;
use super::{FIRST_REQUEST, Kind, Place, Request, Stage, Workload};

impl<P: Probe> World<P> {
    /// Sends `command` at `at`.
    pub(super) fn send_work(&mut self, id: u32, command: CommandName, at: Time) {
        let request = self.workloads.requests.get_mut(id);
        request.stage = Stage::Command(command);
        request.sent = at;
        let (draws, number) = (request.draws, request.commands);
        let places = &self.workloads.list[request.workload as usize].places;
        let node = places[request.object as usize].node;
        let arrival = self.arrival(node, draws, number, at);
        self.schedule(arrival, Event::Workload(FIRST_REQUEST + id));
    }

    /// What the request waited for has come.
    pub(super) fn work_on(&mut self, id: u32) {
        match self.workloads.requests.get(id).stage {
            Stage::Command(name) => self.execute_work(id, name),
            Stage::Missed => self.query_for_work(id, Stage::Result),
            Stage::Result => self.send_work(id, CommandName::Set, self.now),
            Stage::Change => self.send_work(id, CommandName::Del, self.now),
        }
    }

    /// Asks the database, and goes on with its answer.
    pub(super) fn query_for_work(&mut self, id: u32, stage: Stage) {
        let request = self.workloads.requests.get_mut(id);
        request.stage = stage;
        match stage {
            Stage::Change => request.queries.writes += 1,
            _ => request.queries.reads += 1,
        }
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let bits = request.draws.at(number, Purpose::Query);
        if let Some(done) = self.enter_database_with(bits) {
            self.schedule(done, Event::Workload(FIRST_REQUEST + id));
        } else {
            self.workloads.requests.get_mut(id).refused = true;
            self.end_work(id, self.now);
        }
    }

    /// A command reaches its node, which executes it in its turn.
    fn execute_work(&mut self, id: u32, name: CommandName) {
        let request = *self.workloads.requests.get(id);
        let workload = &self.workloads.list[request.workload as usize];
        let Place { key, node } = workload.places[request.object as usize];
        let delivery = Delivery {
            node,
            owner: self.workload_number(request.workload),
            key: KeyId(key),
            command: command(workload, &request, name),
            sent: request.sent,
            draws: request.draws,
            number: request.commands,
        };
        let Delivered { reply, back, took } = self.deliver(&delivery);
        let keyspace = self.nodes[node as usize].keyspace();
        let is_first = keyspace.bytes(KeyId(key)) == 1;
        let has_ttl = keyspace.has_ttl(KeyId(key));
        let pending = self.workloads.requests.get_mut(id);
        pending.commands = pending.commands.wrapping_add(1);
        pending.store_time += took;
        pending.refused |= reply.outcome == Outcome::Oom;
        if name.is_read() {
            pending.found = Some(reply.outcome == Outcome::Hit);
        }
        let wants_ttl = self.workloads.list[request.workload as usize].ttl > Span::ZERO;
        match name {
            CommandName::Get if reply.outcome == Outcome::Miss => {
                pending.stage = Stage::Missed;
                self.schedule(back, Event::Workload(FIRST_REQUEST + id));
            }
            CommandName::Incr | CommandName::ZIncrBy if reply.outcome == Outcome::Done => {
                if name == CommandName::ZIncrBy {
                    self.joins(&request, is_first);
                }
                if is_first && wants_ttl && !has_ttl {
                    self.send_work(id, CommandName::Expire, back);
                } else {
                    self.end_work(id, back);
                }
            }
            _ => self.end_work(id, back),
        }
    }

    /// A member was given a score. If the set began with it, no other is in it any more.
    fn joins(&mut self, request: &Request, is_first: bool) {
        let workload = &mut self.workloads.list[request.workload as usize];
        let Kind::Leaderboard {
            members, joined, ..
        } = &mut workload.kind
        else {
            return;
        };
        let begin = u64::from(request.object) * u64::from(*members);
        if is_first {
            for bit in begin..begin + u64::from(*members) {
                joined[(bit / 64) as usize] &= !(1 << (bit % 64));
            }
        }
        let bit = begin + u64::from(request.member);
        joined[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    fn end_work(&mut self, id: u32, at: Time) {
        let request = self.workloads.requests.get(id);
        self.probe.workload_done(&WorkloadDone {
            workload: request.workload,
            issued: request.issued,
            done: at,
            store_time: request.store_time,
            found: request.found,
            refused: request.refused,
            queries: request.queries,
            without_cache: request.without_cache,
        });
        self.workloads.requests.remove(id);
    }
}

/// What a request asks of the node.
fn command(workload: &Workload, request: &Request, name: CommandName) -> Command {
    let bytes = match (name, &workload.kind) {
        (CommandName::Set, _) => workload.bytes_of(request.object),
        (
            CommandName::ZIncrBy,
            Kind::Leaderboard {
                members, joined, ..
            },
        ) => {
            let bit = u64::from(request.object) * u64::from(*members) + u64::from(request.member);
            u32::from(joined[(bit / 64) as usize] >> (bit % 64) & 1 == 0)
        }
        (CommandName::ZRevRange, Kind::Leaderboard { top_bytes, .. }) => *top_bytes,
        _ => 0,
    };
    let ttl = match name {
        CommandName::Set if workload.ttl == Span::ZERO => Ttl::Clear,
        CommandName::Set | CommandName::Expire => Ttl::In(workload.ttl),
        _ => Ttl::Keep,
    };
    Command { name, bytes, ttl }
}
