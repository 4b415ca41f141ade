//! One server: a queue in front of a keyspace.

use crate::kernel::station::Server;
use crate::kernel::streams::Streams;
use crate::scenario::commands::CommandName;
use crate::scenario::store::StoreSpec;
use crate::units::{Span, Speed, Time};

use super::keyspace::{Command, CpuTime, KeyId, Keyspace, Outcome};
use super::speed::{MachineSample, Model};

/// Processor time of the server's own work. Active expiry took Redis 7.0.15 140 ms to reclaim
/// 122,161 keys (`expire_cycle_cpu_milliseconds` under the wall clock). The time to move a bucket
/// is an estimate, not measured: about a visit to memory that is not in the processor's cache.
const CPU_TIME: CpuTime = CpuTime {
    looked_at: Span::from_nanos(50),
    reclaimed: Span::from_nanos(1_100),
    moved: Span::from_nanos(100),
};

/// What a node answers, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of the command.
    pub outcome: Outcome,
    /// When the node began with it: the moment it took effect.
    pub start: Time,
    /// When the reply was ready, and has left where the network is limited.
    pub done: Time,
}

/// One server with one main thread: commands queue in order of arrival.
#[derive(Debug)]
pub struct Node {
    server: Server,
    model: Model,
    keyspace: Keyspace,
    /// Commands that it executed.
    commands: u64,
}

impl Node {
    /// Node number `index` of a store. `start_unix_ms` is the time of its clock at the start of
    /// the run; it decides when the clocks that count seconds and minutes tick.
    #[must_use]
    pub fn new(spec: &StoreSpec, index: u32, streams: &Streams, start_unix_ms: u64) -> Self {
        let rng = streams.stream(&format!("node/{index}"));
        let keyspace = Keyspace::new(spec, rng, start_unix_ms, CPU_TIME);
        Self {
            server: Server::default(),
            model: Model::new(spec),
            keyspace,
            commands: 0,
        }
    }

    /// A command arrives at `at`, waits for those before it, and is executed when its service
    /// begins. `bits` are uniform, for a service time that is drawn. Must be called in order of
    /// time.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "every request comes through here: a call more is 2 % of its instructions"
    )]
    pub fn execute(
        &mut self,
        command: &Command,
        key: KeyId,
        at: Time,
        bits: impl FnOnce() -> u64,
    ) -> Reply {
        self.commands += 1;
        let Model::Plain(pace) = &self.model else {
            return self.execute_on_machine(command, key, at, bits);
        };
        let start = at.max(self.server.free_at());
        let outcome = self.keyspace.execute(command, key, start);
        let service = match command.name {
            CommandName::Get if outcome == Outcome::Hit => pace.by_bytes(self.keyspace.bytes(key)),
            CommandName::Expire => pace.by_bytes(0),
            _ => pace.of_command(command, outcome, key, &self.keyspace),
        };
        let done = self.server.serve(start, service);
        if self.keyspace.wants_fast_expiry() {
            self.expire_between_commands();
        }
        Reply {
            outcome,
            start,
            done,
        }
    }

    /// Likewise, on a node with more than a main thread.
    #[inline(never)]
    fn execute_on_machine(
        &mut self,
        command: &Command,
        key: KeyId,
        at: Time,
        bits: impl FnOnce() -> u64,
    ) -> Reply {
        let Model::Machine(machine) = &mut self.model else {
            unreachable!("a plain node has no machine");
        };
        let shape = self.keyspace.shape(key);
        let value = if command.name.stores_value() {
            command.bytes
        } else if command.name.returns_value() && self.keyspace.is_live(key) {
            self.keyspace.bytes(key)
        } else {
            0
        };
        let ready = machine.receive(command, shape, value, at);
        let start = ready.max(self.server.free_at());
        let outcome = self.keyspace.execute(command, key, start);
        let work = machine.service(command, outcome, key, &self.keyspace, bits);
        let service = machine.at_its_speed(start, work);
        let executed = self.server.serve(start, service);
        let done = machine.send(command, outcome, shape, value, executed);
        if self.keyspace.wants_fast_expiry() {
            self.expire_between_commands();
        }
        Reply {
            outcome,
            start,
            done,
        }
    }

    /// The server has caught up with a command and reclaims expired keys before the next.
    #[cold]
    fn expire_between_commands(&mut self) {
        let now = self.server.free_at();
        let spent = self.keyspace.fast_expiry(now);
        self.work(now, spent);
    }

    /// The server's cron comes up at `at` and waits for the commands before it.
    pub fn cron(&mut self, at: Time) {
        let start = at.max(self.server.free_at());
        let spent = self.keyspace.cron(start);
        if spent > Span::ZERO {
            self.work(start, spent);
        }
    }

    /// The main thread is occupied from `start`, when it is free, with work of its own.
    fn work(&mut self, start: Time, work: Span) {
        let takes = match &mut self.model {
            Model::Plain(_) => work,
            Model::Machine(machine) => machine.at_its_speed(start, work),
        };
        self.server.serve(start, takes);
    }

    /// The process does nothing for `span` from `at` on, or from when it is free.
    pub fn stand_still(&mut self, at: Time, span: Span) {
        let start = at.max(self.server.free_at());
        self.server.serve(start, span);
    }

    /// Another host takes its place at `at`, with nothing before it.
    pub fn restart(&mut self, at: Time) {
        self.server.restart(at);
        self.model.restart(at);
    }

    /// From now on it is that fast, of what a node of `spec` is.
    pub fn change_speed(&mut self, spec: &StoreSpec, of: Speed) {
        self.model.change_speed(spec, of);
    }

    /// Its keys.
    pub const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Its keys.
    pub const fn keyspace_mut(&mut self) -> &mut Keyspace {
        &mut self.keyspace
    }

    /// Commands that it executed, refused ones included.
    pub const fn commands(&self) -> u64 {
        self.commands
    }

    /// Time it was busy, or has promised to be, since the start of the run.
    pub const fn busy(&self) -> Span {
        self.server.busy()
    }

    /// What else than its main thread did, until `at`.
    pub fn machine(&self, at: Time) -> MachineSample {
        self.model.sample(at)
    }

    /// Asks the processor for a key's record, which will be needed soon.
    #[inline]
    pub fn warm(&self, key: KeyId) {
        self.keyspace.warm(key);
    }
}

/// A replica as its readers see it: a queue of its own in front of its primary's keys.
#[derive(Debug)]
pub struct Reader {
    server: Server,
    model: Model,
}

impl Reader {
    /// A replica in a store.
    #[must_use]
    pub fn new(spec: &StoreSpec) -> Self {
        Self {
            server: Server::default(),
            model: Model::new(spec),
        }
    }

    /// A command that only reads arrives at `at`, as at a [`Node`]. `outcome` tells what it finds
    /// at the moment that it takes effect.
    pub fn read(
        &mut self,
        command: &Command,
        key: KeyId,
        keyspace: &Keyspace,
        at: Time,
        outcome: impl FnOnce(Time) -> Outcome,
        bits: impl FnOnce() -> u64,
    ) -> Reply {
        match &mut self.model {
            Model::Plain(pace) => {
                let start = at.max(self.server.free_at());
                let outcome = outcome(start);
                let service = pace.of_command(command, outcome, key, keyspace);
                Reply {
                    outcome,
                    start,
                    done: self.server.serve(start, service),
                }
            }
            Model::Machine(machine) => {
                let shape = keyspace.shape(key);
                let value = if command.name.returns_value() {
                    keyspace.bytes(key)
                } else {
                    0
                };
                let ready = machine.receive(command, shape, value, at);
                let start = ready.max(self.server.free_at());
                let outcome = outcome(start);
                let work = machine.service(command, outcome, key, keyspace, bits);
                let service = machine.at_its_speed(start, work);
                let executed = self.server.serve(start, service);
                Reply {
                    outcome,
                    start,
                    done: machine.send(command, outcome, shape, value, executed),
                }
            }
        }
    }

    /// As [`Node::restart`].
    pub fn restart(&mut self, at: Time) {
        self.server.restart(at);
        self.model.restart(at);
    }

    /// From now on it is that fast, of what a node of `spec` is.
    pub fn change_speed(&mut self, spec: &StoreSpec, of: Speed) {
        self.model.change_speed(spec, of);
    }

    /// As [`Node::busy`].
    pub const fn busy(&self) -> Span {
        self.server.busy()
    }

    /// As [`Node::machine`].
    pub fn machine(&self, at: Time) -> MachineSample {
        self.model.sample(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::store::ServiceTime;

    use crate::store::keyspace::{Shape, ShapeKind, Ttl};

    fn node() -> Node {
        let spec = StoreSpec {
            service_time: ServiceTime::ByBytes {
                fixed: Span::from_micros(5),
                per_kib: Span::from_micros(2),
            },
            ..StoreSpec::upstream()
        };
        Node::new(&spec, 0, &Streams::new(1, 0), 1_767_225_600_000)
    }

    #[test]
    fn commands_queue_and_take_time_by_the_bytes_they_move() {
        let mut node = node();
        let shape = node.keyspace_mut().register(Shape {
            key_length: 20,
            kind: ShapeKind::String,
        });
        let key = node.keyspace_mut().create(1, 0, shape, 0);
        let command = |name, bytes| Command {
            name,
            bytes,
            ttl: Ttl::Clear,
        };
        let at = Time(1_000_000);
        let mut run = |name, bytes, at| {
            let reply = node.execute(&command(name, bytes), key, at, || 0);
            (reply.start.0, (reply.done - reply.start).0, reply.outcome)
        };
        assert_eq!(
            run(CommandName::Get, 0, at),
            (1_000_000, 5_000, Outcome::Miss)
        );
        // Waits for the one before; 2 KiB at 2 us each.
        assert_eq!(
            run(CommandName::Set, 2048, at),
            (1_005_000, 9_000, Outcome::Done)
        );
        assert_eq!(
            run(CommandName::Get, 0, at),
            (1_014_000, 9_000, Outcome::Hit)
        );
        assert_eq!(
            run(CommandName::Expire, 0, at),
            (1_023_000, 5_000, Outcome::Done)
        );
        assert_eq!(node.busy(), Span(28_000));
    }

    /// 100,000 keys expire at once: a slow cycle stops after 25 ms, fast ones of 1 ms go on
    /// between the commands that follow.
    #[test]
    fn a_wave_of_expiring_keys_occupies_the_node_a_quarter_of_its_time_and_then_some() {
        let mut node = node();
        let shape = node.keyspace_mut().register(Shape {
            key_length: 20,
            kind: ShapeKind::String,
        });
        let ttl = Ttl::In(Span::from_secs(10));
        let set = Command {
            name: CommandName::Set,
            bytes: 10,
            ttl,
        };
        for id in 0..100_000 {
            let key = node.keyspace_mut().create(id, 0, shape, 0);
            node.keyspace_mut().execute(&set, key, Time::ZERO);
        }
        for run in 0..3 {
            node.cron(Time(run * 100_000_000));
        }
        let before = node.busy();
        node.cron(Time(11_000_000_000));
        let spent = (node.busy().0 - before.0) / 1_000_000;
        assert!((25..27).contains(&spent), "the slow cycle took {spent} ms");
        assert!(node.keyspace().wants_fast_expiry());
        let key = node.keyspace_mut().create(200_000, 0, shape, 0);
        let get = Command {
            name: CommandName::Get,
            bytes: 0,
            ttl: Ttl::Keep,
        };
        let keys = node.keyspace().keys();
        for n in 0..4_000 {
            node.execute(&get, key, Time(11_030_000_000 + n * 10_000), || 0);
        }
        // One every 2 ms for 40 ms and the time that they add. The clock is looked at every 320
        // keys, so that each of 1 ms ends behind 960 keys at 1.15 us.
        let reclaimed = keys - node.keyspace().keys();
        assert!(
            (20 * 960..24 * 1_000).contains(&reclaimed),
            "{reclaimed} reclaimed"
        );
        node.keyspace().check().unwrap();
    }
}
