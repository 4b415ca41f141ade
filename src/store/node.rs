//! One server: a queue in front of a keyspace.

use crate::kernel::quantiles::Quantiles;
use crate::kernel::station::Server;
use crate::kernel::streams::Streams;
use crate::scenario::store::{ServiceTime, StoreSpec};
use crate::units::{Span, Time};

use super::keyspace::{Command, CpuTime, KeyId, Keyspace, Outcome};

/// Processor time of the server's own work. Estimates, not measured: a lookup in a table that is
/// not in the processor's cache, and the deletion of a key as a command costs it.
const CPU_TIME: CpuTime = CpuTime {
    looked_at: Span::from_nanos(50),
    reclaimed: Span::from_nanos(750),
    moved: Span::from_nanos(100),
};

/// What a node answers, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of the command.
    pub outcome: Outcome,
    /// When the node began with it: the moment it took effect.
    pub start: Time,
    /// When the reply was ready.
    pub done: Time,
}

#[derive(Debug)]
enum Service {
    ByBytes { fixed: Span, per_kib: Span },
    Drawn(Box<Quantiles>),
}

/// One server with one thread: commands queue in order of arrival.
#[derive(Debug)]
pub struct Node {
    server: Server,
    service: Service,
    keyspace: Keyspace,
}

impl Node {
    /// Node number `index` of a store. `start_unix_ms` is the time of its clock at the start of
    /// the run; it decides when the clocks that count seconds and minutes tick.
    #[must_use]
    pub fn new(spec: &StoreSpec, index: u32, streams: &Streams, start_unix_ms: u64) -> Self {
        let rng = streams.stream(&format!("node/{index}"));
        let service = match &spec.service_time {
            ServiceTime::ByBytes { fixed, per_kib } => Service::ByBytes {
                fixed: *fixed,
                per_kib: *per_kib,
            },
            ServiceTime::Drawn(distribution) => {
                Service::Drawn(Box::new(Quantiles::new(distribution)))
            }
        };
        let keyspace = Keyspace::new(spec, rng, start_unix_ms, CPU_TIME);
        Self {
            server: Server::default(),
            service,
            keyspace,
        }
    }

    /// A command arrives at `at`, waits for those before it, and is executed when its service
    /// begins. `bits` are uniform, for a service time that is drawn. Must be called in order of
    /// time.
    #[inline]
    pub fn execute(
        &mut self,
        command: &Command,
        key: KeyId,
        at: Time,
        bits: impl FnOnce() -> u64,
    ) -> Reply {
        let start = at.max(self.server.free_at());
        let outcome = self.keyspace.execute(command, key, start);
        let service = match &self.service {
            Service::ByBytes { fixed, per_kib } => {
                let moved = match outcome {
                    Outcome::Hit => self.keyspace.bytes(key),
                    Outcome::Miss => 0,
                    Outcome::Done | Outcome::NotDone | Outcome::Oom => {
                        if command.name.stores_value() {
                            command.bytes
                        } else {
                            0
                        }
                    }
                };
                *fixed + Span((per_kib.0 * u64::from(moved)) >> 10)
            }
            Service::Drawn(quantiles) => Span(quantiles.draw(bits())),
        };
        let (start, done) = self.server.enter(at, service);
        Reply {
            outcome,
            start,
            done,
        }
    }

    /// The server's cron comes up at `at` and waits for the commands before it.
    pub fn cron(&mut self, at: Time) {
        let start = at.max(self.server.free_at());
        let spent = self.keyspace.cron(start);
        if spent > Span::ZERO {
            self.server.enter(at, spent);
        }
    }

    /// Its keys.
    pub const fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Its keys.
    pub const fn keyspace_mut(&mut self) -> &mut Keyspace {
        &mut self.keyspace
    }

    /// Time it was busy, or has promised to be, since the start of the run.
    pub const fn busy(&self) -> Span {
        self.server.busy()
    }

    /// Asks the processor for a key's record, which will be needed soon.
    #[inline]
    pub fn warm(&self, key: KeyId) {
        self.keyspace.warm(key);
    }
}
