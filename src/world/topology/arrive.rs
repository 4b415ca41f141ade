//! A command on its way, where shards have several nodes or nodes stand in several zones.

use crate::kernel::draws::{Purpose, RequestDraws};
use crate::probe::{CommandDone, Mark, Probe};
use crate::program::{StepId, Target};
use crate::store::keyspace::{Command, KeyId, KeyState, Outcome};
use crate::store::node::Reply;
use crate::store::speed::wire;
use crate::units::{Span, Time};
use crate::world::journey::{answer, ttl};
use crate::world::request::{Request, Stage};
use crate::world::side::KeyAt;
use crate::world::tales::Tale;
use crate::world::{World, visit_of};

use super::shard::Silence;
use super::{Age, Route};

impl<P: Probe> World<P> {
    /// The command of `step` leaves at `at`: for a replica, if it only reads the session's key and
    /// the scenario reads there. Returns when it arrives.
    pub(in crate::world) fn depart_in_topology(
        &mut self,
        place: u32,
        step: StepId,
        at: Time,
    ) -> Time {
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let request = self.requests.get_mut(place);
        let programs = &self.crowds[request.class as usize].programs;
        let of_step = programs.step(step);
        let reads = of_step.target == Target::Session && of_step.command.only_reads();
        let user = &self.visitors.get(request.visitor).user;
        let client = topology.zone_of(request.class, user.number());
        let (draws, number) = (request.draws, request.commands);
        let route = topology.route(request.node, client, reads, || {
            draws.at(number, Purpose::Replica)
        });
        topology.shards[request.node as usize]
            .history
            .warm(request.key);
        request.member = route.member;
        request.step = step;
        request.stage = Stage::Command;
        request.sent = at;
        let way = topology.way(request.node, route, draws.at(number, Purpose::HopOut));
        at.saturating_add(way)
    }

    /// As [`World::arrive`], where there is a topology.
    #[inline(never)]
    pub(in crate::world) fn arrive_in_topology(&mut self, place: u32) {
        let request = self.requests.get(place);
        let crowd = &self.crowds[request.class as usize];
        let step = crowd.programs.step(request.step);
        if step.is_special {
            self.arrive_special(place);
            return;
        }
        let visitor = self.visitors.get(request.visitor);
        let command = Command {
            name: step.command,
            bytes: visitor.session.bytes,
            ttl: ttl(step.ttl),
        };
        let at = request.key_at();
        let (reply, back) = self.command_in_topology(place, at, &command);
        let request = self.requests.get_mut(place);
        if request.unreachable {
            self.program_over(place, back);
            return;
        }
        let crowd = &self.crowds[request.class as usize];
        let step = crowd.programs.step(request.step);
        let visitor = self.visitors.get_mut(request.visitor);
        let done = matches!(reply.outcome, Outcome::Hit | Outcome::Done);
        let plain = step.is_plain && (!step.stores || visitor.session.is_open());
        let keyspace = self.nodes[at.node as usize].keyspace();
        if !(done && plain && keyspace.deaths().is_empty()) {
            let step = *step;
            self.consequences(place, &step, &reply);
            let missing = self.requests.get(place).missing;
            self.send(place, step.next(missing), back);
            return;
        }
        request.done(visitor, crowd, step, reply.start);
        let next = step.next(request.missing);
        self.send(place, next, back);
    }

    /// A command of a request reaches the node it was sent to. The reply, and when it is back.
    pub(in crate::world) fn command_in_topology(
        &mut self,
        place: u32,
        at: KeyAt,
        command: &Command,
    ) -> (Reply, Time) {
        let request = *self.requests.get(place);
        let (draws, number) = (request.draws, request.commands);
        let user = self.visitors.get(request.visitor).user.number();
        let route = self.route_of(&request, at, user);
        if let Some(silence) = self.fails_on(at.node, route, command) {
            return self.no_answer(place, at.node, route, silence);
        }
        let (reply, age) = self.execute_on_route(at, route, command, (draws, number));
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let way = topology.way(at.node, route, draws.at(number, Purpose::HopBack));
        let back = reply.done.saturating_add(way);
        if age != Age::Fresh {
            self.read_too_early(place, age, reply.start);
        }
        let request = self.requests.get_mut(place);
        request.commands = number.wrapping_add(1);
        request.took(back);
        self.probe.command(&CommandDone {
            node: at.node,
            owner: request.class,
            name: command.name,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        self.tell_command(place, at, (&reply, back), |world| Tale {
            node: route.member,
            age,
            offset: world.offset_of(at, route.member, command, &reply),
        });
        (reply, back)
    }

    /// The way of a request's command to the node of `at`.
    fn route_of(&self, request: &Request, at: KeyAt, user: u64) -> Route {
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let member = if at.node == request.node {
            request.member
        } else {
            topology.shards[at.node as usize].primary()
        };
        Route {
            client: topology.zone_of(request.class, user),
            member,
        }
    }

    /// The node executes the command in its turn: the primary with all that follows for its
    /// replicas, a replica as of what it has.
    fn execute_on_route(
        &mut self,
        at: KeyAt,
        route: Route,
        command: &Command,
        (draws, number): (RequestDraws, u8),
    ) -> (Reply, Age) {
        let Some(topology) = &mut self.topology else {
            unreachable!("asked for where there is none");
        };
        let key = KeyId(at.key);
        let node = &mut self.nodes[at.node as usize];
        let shard = &mut topology.shards[at.node as usize];
        let bits = || draws.at(number, Purpose::Service);
        let before = node.keyspace().state(key);
        let mut age = Age::Fresh;
        let member = &mut shard.members[usize::from(route.member)];
        let reply = match member.stream {
            Some(stream) if route.member != shard.primary => {
                let history = &mut shard.history;
                let find = |start: Time| {
                    let (outcome, found) = history.find_at(stream, key, before, start);
                    age = found;
                    outcome
                };
                let keyspace = node.keyspace();
                member
                    .reader
                    .read(command, key, keyspace, self.now, find, bits)
            }
            _ => {
                let reply = node.execute(command, key, self.now, bits);
                if shard.history.replicates() {
                    let history = &mut shard.history;
                    let bytes = history.executed(node.keyspace(), command, (key, before), &reply);
                    topology.streamed(at.node, bytes);
                }
                reply
            }
        };
        topology.meter(at.node, route, || {
            let shape = node.keyspace().shape(key);
            let request = wire::request(command, shape);
            let answer = wire::reply(command, reply.outcome, shape, before.bytes);
            wire::on_the_wire(request, false) + wire::on_the_wire(answer, false)
        });
        (reply, age)
    }

    /// Whether nobody executes a command at the end of the route, and what becomes of it then.
    #[inline]
    fn fails_on(&self, shard: u16, route: Route, command: &Command) -> Option<Silence> {
        let topology = self.topology.as_deref()?;
        let shard = &topology.shards[shard as usize];
        let member = &shard.members[usize::from(route.member)];
        if let Some(down) = member.down {
            return Some(down.silence);
        }
        let executes = if route.member == shard.primary {
            shard.crashed.is_none()
        } else {
            member.serves && command.name.only_reads()
        };
        (!executes).then_some(Silence::Refuses)
    }

    /// A request's command gets no answer: it fails.
    #[cold]
    fn no_answer(
        &mut self,
        place: u32,
        shard: u16,
        route: Route,
        silence: Silence,
    ) -> (Reply, Time) {
        let request = *self.requests.get(place);
        let user = self.visitors.get(request.visitor).user;
        let way = request.draws.at(request.commands, Purpose::HopBack);
        let back = match silence {
            Silence::Waits(timeout) => request.sent.saturating_add(timeout).max(self.now),
            Silence::Refuses => self
                .now
                .saturating_add(self.topology().way(shard, route, way)),
        };
        if self.topology_mut().troubled.insert(visit_of(&user)) {
            self.probe
                .mark(self.now, request.class, Mark::FailedVisit, 1);
        }
        let request = self.requests.get_mut(place);
        request.commands = request.commands.wrapping_add(1);
        request.took(back);
        request.refused = true;
        request.unreachable = true;
        request.looks = false;
        let at = KeyAt {
            node: shard,
            ..request.key_at()
        };
        let reply = refusal(self.now, back);
        self.tell_command(place, at, (&reply, back), |_| Tale {
            node: route.member,
            ..Tale::PLAIN
        });
        (reply, back)
    }

    /// A request read what the primary no longer has, or not what it has.
    #[cold]
    fn read_too_early(&mut self, place: u32, age: Age, at: Time) {
        let request = self.requests.get_mut(place);
        let mark = match age {
            Age::NotThere => Mark::EarlyRead,
            Age::Fresh | Age::Stale => Mark::StaleRead,
        };
        self.probe.mark(at, request.class, mark, 1);
        request.too_early |= age == Age::NotThere;
    }

    /// A command that is none of a user's reaches its shard's primary. The reply, and when it is
    /// back.
    pub(in crate::world) fn deliver_in_topology(
        &mut self,
        at: KeyAt,
        command: &Command,
        (draws, number): (RequestDraws, u8),
    ) -> (Reply, Time) {
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let route = topology.route_of_others(at.node, draws);
        if let Some(silence) = self.fails_on(at.node, route, command) {
            let way = draws.at(number, Purpose::HopBack);
            let wait = match silence {
                Silence::Waits(timeout) => timeout,
                Silence::Refuses => self.topology().way(at.node, route, way),
            };
            let back = self.now.saturating_add(wait);
            return (refusal(self.now, back), back);
        }
        let (reply, _) = self.execute_on_route(at, route, command, (draws, number));
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let way = topology.way(at.node, route, draws.at(number, Purpose::HopBack));
        (reply, reply.done.saturating_add(way))
    }

    /// When such a command that is sent at `at` will be at its node.
    pub(in crate::world) fn arrival_in_topology(
        &self,
        shard: u16,
        (draws, number): (RequestDraws, u8),
        at: Time,
    ) -> Time {
        let Some(topology) = &self.topology else {
            unreachable!("asked for where there is none");
        };
        let route = topology.route_of_others(shard, draws);
        let way: Span = topology.way(shard, route, draws.at(number, Purpose::HopOut));
        at.saturating_add(way)
    }
}

impl<P: Probe> World<P> {
    /// Gives value and time to live of `from` to the key `to` of the same node.
    pub(in crate::world) fn rename(&mut self, from: KeyAt, to: u32, at: Time) -> Outcome {
        let keyspace = self.nodes[from.node as usize].keyspace_mut();
        let keys = [KeyId(from.key), KeyId(to)];
        let before = keys.map(|key| keyspace.state(key));
        let outcome = keyspace.rename(keys[0], keys[1], at);
        let topology = self.topology.as_mut();
        let history = topology.and_then(|topology| topology.history_of(from.node));
        if let Some(history) = history {
            let mut bytes = 0;
            if !keyspace.deaths().is_empty() {
                bytes += history.buried(keyspace, at);
            }
            if outcome == Outcome::Done {
                let names = wire::deleted(keyspace.shape(keys[0]));
                let other = wire::deleted(keyspace.shape(keys[1]));
                // One command for both keys: "RENAME" is three letters longer than "DEL".
                bytes += history.write(at, names + 3, keys[0], before[0], (true, true));
                let died = keyspace.deaths().iter().any(|death| death.key == keys[1]);
                let before = if died { KeyState::default() } else { before[1] };
                bytes += history.write(at, other, keys[1], before, (true, true));
            }
            if let Some(topology) = &mut self.topology {
                topology.streamed(from.node, bytes);
            }
        }
        outcome
    }

    /// Whether the node that has a shard's keys is there.
    pub(in crate::world) fn is_served(&self, node: u16) -> bool {
        let topology = self.topology.as_ref();
        topology.is_none_or(|topology| topology.is_served(node))
    }

    /// Keys died at a node by its own work: its replicas are told.
    pub(in crate::world) fn stream_deaths(&mut self, node: u16) {
        let Some(topology) = &mut self.topology else {
            return;
        };
        let keyspace = self.nodes[node as usize].keyspace();
        if keyspace.deaths().is_empty() {
            return;
        }
        if let Some(history) = topology.history_of(node) {
            let bytes = history.buried(keyspace, self.now);
            topology.streamed(node, bytes);
        }
    }
}

/// What stands for the reply of a node that gives none.
const fn refusal(start: Time, done: Time) -> Reply {
    Reply {
        outcome: Outcome::Oom,
        start,
        done,
    }
}

impl super::Topology {
    /// Others than users come to the application in any zone.
    fn route_of_others(&self, shard: u16, draws: RequestDraws) -> Route {
        let bits = draws.at(0, Purpose::Replica);
        Route {
            client: (((bits >> 32) * self.zones as u64) >> 32) as u8,
            member: self.shards[shard as usize].primary(),
        }
    }
}
