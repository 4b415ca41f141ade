//! How long a node takes for a command: its service time by bytes and fields, what threads of their
//! own take off the main thread, and what TLS, the network and CPU credits add.
//!
//! Most nodes of a test, and those of one's own unless asked for more, have a plain `Pace`. What
//! only some nodes have is in a `Machine`, beside the way that the others take.

mod credits;
mod link;
pub(crate) mod wire;

use crate::kernel::quantiles::Quantiles;
use crate::kernel::station::{Admission, Station};
use crate::scenario::commands::CommandName;
use crate::scenario::store::{CpuCredits, ServiceTime, SpeedSpec, StoreSpec};
use crate::units::{Bandwidth, Span, Speed, Time};

use super::keyspace::{Command, KeyId, Keyspace, Outcome, Shape, ShapeKind};
use credits::Credits;
use link::Link;

/// Of the 7.25 us that a small command takes, 6.5 are system calls that read it and write its
/// reply: pipelined commands, which share them, take 0.75 us (redis-benchmark 7.0.15, one core).
/// With threads for these the main thread only executes. That agrees with what AWS says of such
/// nodes: more than a million requests a second on a cache.r7g.4xlarge.
const INPUT_AND_OUTPUT: (u64, u64) = (6_500, 7_250);
/// What TLS adds to a command, and to each KB of its value: measured likewise.
const TLS_FIXED: Span = Span::from_nanos(6_500);
const TLS_PER_KIB: Span = Span::from_nanos(512);
/// Processor time for each field that HGETALL returns and HSET stores, beyond that of its bytes:
/// the main thread of Redis 7.0.15 over a Unix socket, 64 commands at a time, 1 to 100 fields of
/// 10 to 100 bytes: 54 ns a field returned, 115 ns a field stored (within 30 %; a listpack of a
/// hundred fields takes more to store).
const FIELD_READ: Span = Span::from_nanos(54);
const FIELD_STORED: Span = Span::from_nanos(115);

/// Time by command, bytes and fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    fixed: Span,
    per_kib: Span,
    per_field_read: Span,
    per_field_stored: Span,
}

impl Pace {
    /// Of a core at the measured speed that does everything itself.
    const fn new(fixed: Span, per_kib: Span) -> Self {
        Self {
            fixed,
            per_kib,
            per_field_read: FIELD_READ,
            per_field_stored: FIELD_STORED,
        }
    }

    fn at_speed(self, speed: Speed) -> Self {
        let scaled = |span: Span| {
            let scaled = u128::from(span.0) * u128::from(Speed::SAME.0);
            Span((scaled / u128::from(speed.0.max(1))) as u64)
        };
        Self {
            fixed: scaled(self.fixed),
            per_kib: scaled(self.per_kib),
            per_field_read: scaled(self.per_field_read),
            per_field_stored: scaled(self.per_field_stored),
        }
    }

    fn with_tls(self) -> Self {
        Self {
            fixed: self.fixed + TLS_FIXED,
            per_kib: self.per_kib + TLS_PER_KIB,
            ..self
        }
    }

    /// The main thread's, and that of the threads for input and output if there are any.
    fn of(spec: &SpeedSpec, fixed: Span, per_kib: Span) -> (Self, Option<Self>) {
        let all = Self::new(fixed, per_kib);
        let secure = |pace: Self| if spec.tls { pace.with_tls() } else { pace };
        // What encrypts also reads and writes.
        if spec.io_threads < 2 || (spec.tls && !spec.tls_offload) {
            return (secure(all).at_speed(spec.speed), None);
        }
        let (part, whole) = INPUT_AND_OUTPUT;
        let moved = Span((u128::from(fixed.0) * u128::from(part) / u128::from(whole)) as u64);
        let main = Self::new(Span(fixed.0 - moved.0), per_kib);
        let io = Self {
            fixed: moved,
            per_kib: Span::ZERO,
            per_field_read: Span::ZERO,
            per_field_stored: Span::ZERO,
        };
        (
            main.at_speed(spec.speed),
            Some(secure(io).at_speed(spec.speed)),
        )
    }

    /// Of a command that moved that many bytes of its value.
    #[inline]
    pub(crate) const fn by_bytes(&self, moved: u32) -> Span {
        Span(self.fixed.0 + ((self.per_kib.0 * moved as u64) >> 10))
    }

    /// Of a command after it was executed.
    #[inline]
    pub(crate) fn of_command(
        &self,
        command: &Command,
        outcome: Outcome,
        key: KeyId,
        keyspace: &Keyspace,
    ) -> Span {
        let time = self.by_bytes(moved(command, outcome, key, keyspace));
        if command.name.reads_hash() || command.name.is_hset() {
            return time + self.of_fields(command.name, outcome, keyspace.shape(key));
        }
        time
    }

    #[inline(never)]
    fn of_fields(&self, name: CommandName, outcome: Outcome, shape: Shape) -> Span {
        let ShapeKind::Hash { fields, .. } = shape.kind else {
            return Span::ZERO;
        };
        match outcome {
            Outcome::Hit if name.reads_hash() => self.per_field_read * u64::from(fields),
            Outcome::Done if name.is_hset() => self.per_field_stored * u64::from(fields),
            _ => Span::ZERO,
        }
    }
}

/// Bytes of a value that a command moved. What the client sends moves even if it is refused.
#[inline]
fn moved(command: &Command, outcome: Outcome, key: KeyId, keyspace: &Keyspace) -> u32 {
    if outcome == Outcome::Hit {
        if command.name.returns_value() {
            keyspace.bytes(key)
        } else if command.name.returns_part() {
            command.bytes
        } else {
            0
        }
    } else if command.name.stores_value() {
        command.bytes
    } else {
        0
    }
}

#[derive(Debug)]
enum Service {
    ByBytes(Pace),
    Drawn(Box<Quantiles>),
}

/// Threads for input and output. What they read and what they write is one stay with them, before
/// the command executes: how it is divided changes neither what they can do nor how long it takes.
#[derive(Debug)]
struct InputOutput {
    pace: Pace,
    threads: Station,
}

/// A node's network.
#[derive(Clone, Copy, Debug)]
struct Network {
    inbound: Link,
    outbound: Link,
    baseline: Bandwidth,
    tls: bool,
}

/// What only some nodes have.
#[derive(Debug)]
pub(crate) struct Machine {
    service: Service,
    io: Option<InputOutput>,
    credits: Option<Credits>,
    network: Option<Network>,
}

/// What a machine did so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineSample {
    /// Time that the threads for input and output worked, all together.
    pub io_busy: Span,
    /// CPU credits that are left, if the node is limited by them.
    pub cpu_credits: Option<u64>,
    /// The network, if it has a limit.
    pub network: Option<NetworkSample>,
}

/// What went over a node's network so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkSample {
    /// Bytes that the node received.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
    /// Commands and replies that had to wait because the allowance was used up.
    pub exceeded: u64,
    /// Bandwidth that lasts, in each direction.
    pub baseline: Bandwidth,
}

/// How a node's speed is modelled.
#[derive(Debug)]
pub(crate) enum Model {
    Plain(Pace),
    Machine(Box<Machine>),
}

impl Model {
    pub(crate) fn new(spec: &StoreSpec) -> Self {
        let speed = &spec.speed;
        let (service, io) = match &spec.service_time {
            ServiceTime::ByBytes { fixed, per_kib } => {
                let (main, io) = Pace::of(speed, *fixed, *per_kib);
                (Service::ByBytes(main), io)
            }
            ServiceTime::Drawn(distribution) => {
                (Service::Drawn(Box::new(Quantiles::new(distribution))), None)
            }
        };
        let io = io.map(|pace| InputOutput {
            pace,
            threads: Station::new(speed.io_threads - 1, u32::MAX),
        });
        let limited = speed.credits_per_hour > 0 && speed.cpu_credits == CpuCredits::Standard;
        let credits = limited.then(|| Credits::new(speed.credits_per_hour, speed.credits_at_start));
        let link = Link::new(speed.bandwidth, speed.burst_bandwidth, speed.burst_time);
        let network = (speed.bandwidth > Bandwidth(0)).then_some(Network {
            inbound: link,
            outbound: link,
            baseline: speed.bandwidth,
            tls: speed.tls,
        });
        match service {
            Service::ByBytes(pace) if io.is_none() && credits.is_none() && network.is_none() => {
                Self::Plain(pace)
            }
            service => Self::Machine(Box::new(Machine {
                service,
                io,
                credits,
                network,
            })),
        }
    }
}

impl Model {
    /// From now on it is as fast as one of `spec` at another speed; what has its own state goes on.
    pub(crate) fn change_speed(&mut self, spec: &StoreSpec, of: Speed) {
        let ServiceTime::ByBytes { fixed, per_kib } = &spec.service_time else {
            return;
        };
        let speed = u128::from(spec.speed.speed.0) * u128::from(of.0) / u128::from(Speed::SAME.0);
        let speed = SpeedSpec {
            speed: Speed(u64::try_from(speed).unwrap_or(u64::MAX).max(1)),
            ..spec.speed.clone()
        };
        let (main, io) = Pace::of(&speed, *fixed, *per_kib);
        match self {
            Self::Plain(pace) => *pace = main,
            Self::Machine(machine) => {
                machine.service = Service::ByBytes(main);
                if let (Some(threads), Some(pace)) = (&mut machine.io, io) {
                    threads.pace = pace;
                }
            }
        }
    }
}

impl Model {
    /// Another host takes its place at `at`, with nothing that waits. What it counts goes on, and so
    /// do its CPU credits.
    pub(crate) fn restart(&mut self, at: Time) {
        let Self::Machine(machine) = self else {
            return;
        };
        if let Some(io) = &mut machine.io {
            io.threads.restart(at);
        }
        if let Some(network) = &mut machine.network {
            network.inbound.restart(at);
            network.outbound.restart(at);
        }
    }

    /// What else than its main thread it did, until `at`.
    pub(crate) fn sample(&self, at: Time) -> MachineSample {
        match self {
            Self::Plain(_) => MachineSample::default(),
            Self::Machine(machine) => machine.sample(at),
        }
    }
}

impl Machine {
    /// A command of a value of `bytes` arrives at `at`; returns when the main thread can begin.
    pub(crate) fn receive(
        &mut self,
        command: &Command,
        shape: Shape,
        bytes: u32,
        mut at: Time,
    ) -> Time {
        if let Some(network) = &mut self.network {
            let request = wire::request(command, shape);
            at = network
                .inbound
                .pass(at, wire::on_the_wire(request, network.tls));
        }
        let Some(io) = &mut self.io else {
            return at;
        };
        let work = io.pace.by_bytes(bytes);
        if let Some(credits) = &mut self.credits {
            credits.spend(at, work);
        }
        match io.threads.enter(at, work) {
            Admission::Served { done, .. } => done,
            Admission::Refused => unreachable!("everyone may wait for a thread"),
        }
    }

    /// Time that the main thread is occupied by a command with which it began at `start`.
    pub(crate) fn service(
        &mut self,
        command: &Command,
        outcome: Outcome,
        key: KeyId,
        keyspace: &Keyspace,
        bits: impl FnOnce() -> u64,
    ) -> Span {
        match &self.service {
            Service::ByBytes(pace) => pace.of_command(command, outcome, key, keyspace),
            Service::Drawn(quantiles) => Span(quantiles.draw(bits())),
        }
    }

    /// The main thread begins at `start` with what takes `work` at full speed; returns the time
    /// that it takes.
    pub(crate) fn at_its_speed(&mut self, start: Time, work: Span) -> Span {
        match &mut self.credits {
            None => work,
            Some(credits) => credits.serve(start, work),
        }
    }

    /// A reply is ready at `at`; returns when the last of it has left.
    pub(crate) fn send(
        &mut self,
        command: &Command,
        outcome: Outcome,
        shape: Shape,
        stored: u32,
        at: Time,
    ) -> Time {
        let Some(network) = &mut self.network else {
            return at;
        };
        let bytes = wire::reply(command, outcome, shape, stored);
        network
            .outbound
            .pass(at, wire::on_the_wire(bytes, network.tls))
    }

    /// What it did until `at`.
    pub(crate) fn sample(&self, at: Time) -> MachineSample {
        MachineSample {
            io_busy: self.io.as_ref().map_or(Span::ZERO, |io| io.threads.busy()),
            cpu_credits: self.credits.as_ref().map(|credits| credits.whole(at)),
            network: self.network.as_ref().map(|network| NetworkSample {
                bytes_in: network.inbound.bytes(),
                bytes_out: network.outbound.bytes(),
                exceeded: network.inbound.exceeded() + network.outbound.exceeded(),
                baseline: network.baseline,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
