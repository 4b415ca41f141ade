//! A primary with its replicas, and the verbs of what happens to them.

use super::limits::{Backlog, Clock, OutputLimit};
use super::link::{Link, Retransmission};
use super::log::{Log, Record};
use super::replica::{Replica, Serves};
use super::resync::Stages;
use super::stream::{Failure, Stream};
use crate::units::{Span, Time};

/// After so many writes all replicas are brought up to date, so that the log stays short.
const WRITES_BETWEEN: u32 = 4096;

/// A primary's log with the replicas that follow it. `T` is what the world wants to know of a
/// write when it is lost: its key, the version before it.
#[derive(Clone, Debug)]
pub struct Shard<T> {
    log: Log<T>,
    backlog: Backlog,
    clock: Clock,
    replicas: Vec<Replica>,
    writes: u32,
}

/// What a promotion made of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promoted {
    /// The offset at which the new history begins.
    pub offset: u64,
    /// Acknowledged or not, the records beyond it: they never were.
    pub lost: usize,
}

impl<T: Copy> Shard<T> {
    /// A primary without replicas.
    #[must_use]
    pub fn new(backlog: Backlog, clock: Clock) -> Self {
        Self {
            log: Log::new(),
            backlog,
            clock,
            replicas: Vec::new(),
            writes: 0,
        }
    }

    /// A primary without data and without replicas, whose stream goes on at an offset.
    #[must_use]
    pub fn starting_at(offset: u64, backlog: Backlog, clock: Clock) -> Self {
        Self {
            log: Log::starting_at(offset),
            ..Self::new(backlog, clock)
        }
    }

    /// Adds a replica that has everything there is at `now`; it acknowledges its offset once a
    /// second, first at `first_acknowledgement`. Its number.
    pub fn add(
        &mut self,
        link: Link,
        limit: OutputLimit,
        first_acknowledgement: Time,
        now: Time,
    ) -> usize {
        let end = self.log.end();
        let stream = Stream::new(link, end, self.log.next(), now);
        let replica = Replica::new(stream, limit, first_acknowledgement, now);
        self.replicas.push(replica);
        self.replicas.len() - 1
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &Log<T> {
        &self.log
    }

    /// The replicas.
    #[must_use]
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The primary executes a write of `bytes` in the stream. The offset behind it.
    #[inline]
    pub fn write(&mut self, now: Time, bytes: u64, what: T) -> u64 {
        let end = self.log.write(now, bytes, what);
        self.writes += 1;
        if self.writes == WRITES_BETWEEN {
            self.settle(now);
        }
        end
    }

    /// Brings all replicas to `now` and forgets what nobody needs any more.
    pub fn settle(&mut self, now: Time) {
        self.writes = 0;
        for replica in &mut self.replicas {
            replica.settle(&self.log, now);
        }
        let mut keep = self.log.after(self.backlog.start(self.log.end()));
        for needed in self.replicas.iter().filter_map(|r| r.needs(&self.log)) {
            keep = keep.min(needed);
        }
        self.log.forget(keep);
    }

    /// Closes the streams whose output buffer is over its limit at `now`, and names their
    /// replicas. To be asked after a write as long as a stream [is not plain](Stream::is_plain),
    /// and once a second.
    pub fn enforce_limits(&mut self, now: Time) -> Vec<usize> {
        let mut closed = Vec::new();
        for (place, replica) in self.replicas.iter_mut().enumerate() {
            if !replica.stream.is_open() {
                continue;
            }
            if replica.is_over_its_limit(&self.log, now, self.clock) {
                replica.close(&self.log, now, Failure::Process);
                closed.push(place);
            }
        }
        closed
    }

    /// The offset that a replica has applied at `now`. A read of what a later write made there is
    /// stale.
    #[inline]
    #[must_use]
    pub fn applied(&mut self, replica: usize, now: Time) -> u64 {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.applied()
    }

    /// What a replica answers a read with at `now`.
    #[must_use]
    pub fn serves(&mut self, replica: usize, now: Time) -> Serves {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.serves(now)
    }

    /// Whether a replica has data at `now` that it could be promoted with.
    #[must_use]
    pub fn has_data(&mut self, replica: usize, now: Time) -> bool {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.has_data(now)
    }

    /// Whether a replica, once the primary has failed, has data or will have loaded them when its
    /// stream is drained.
    #[must_use]
    pub fn will_have_data(&self, replica: usize) -> bool {
        self.replicas[replica].will_have_data()
    }

    /// A replica's data are gone: it has none before it is resynchronised.
    pub fn lose_data(&mut self, replica: usize) {
        self.replicas[replica].lose_data();
    }

    /// The true lag at `now`: how long ago the oldest write was that is not applied.
    #[must_use]
    pub fn lag(&mut self, replica: usize, now: Time) -> Span {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        let waiting = self.log.get(replica.stream.next_to_apply());
        waiting.map_or(Span::ZERO, |record| now.since(record.at))
    }

    /// What the primary knows of a replica at `now`: its last acknowledged offset, and when the
    /// acknowledgement came. `INFO` and `min-replicas-to-write` see this, up to a second old.
    #[must_use]
    pub fn acknowledged(&mut self, replica: usize, now: Time) -> (u64, Time) {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.acknowledged()
    }

    /// A replica's process stands still from `now` to `until`.
    pub fn stall(&mut self, replica: usize, now: Time, until: Time) {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.stream.stall(&self.log, now, until);
    }

    /// The primary's process stands still from `now` to `until`.
    pub fn stall_primary(&mut self, now: Time, until: Time) {
        for replica in &mut self.replicas {
            replica.stream.stall_primary(&self.log, now, until);
        }
    }

    /// The network between the primary and a replica swallows what is sent from `now` on.
    pub fn cut(&mut self, replica: usize, now: Time) {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.stream.cut(&self.log, now);
    }

    /// The network is whole again at `now`. When the stream goes on.
    pub fn heal(&mut self, replica: usize, now: Time, tcp: Retransmission) -> Time {
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        replica.stream.heal(&self.log, now, tcp)
    }

    /// The connection to a replica ends at `now`, at the replica's side or the primary's.
    pub fn disconnect(&mut self, replica: usize, now: Time, failure: Failure) {
        self.replicas[replica].close(&self.log, now, failure);
    }

    /// A replica asks at `now` to go on from its offset, over a new connection. Whether it may:
    /// if not, it needs a full resynchronisation.
    pub fn reconnect(&mut self, replica: usize, now: Time) -> bool {
        let end = self.log.end();
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, now);
        let offset = replica.applied();
        let is_held = self.backlog.reaches(offset, end) && offset >= self.log.start();
        let is_possible = is_held && replica.has_data(now);
        if is_possible {
            replica.resume(&self.log, now);
        }
        is_possible
    }

    /// A replica whose stream is closed and at rest gets everything anew, in these stages; to be
    /// called when the primary forks. The primary's process stands still until the child is
    /// there. The stream from the fork on waits in the output buffer until the transfer is over,
    /// and may exceed its limit there.
    pub fn resynchronise(&mut self, replica: usize, stages: Stages) {
        self.stall_primary(stages.forks, stages.forked);
        let replica = &mut self.replicas[replica];
        replica.settle(&self.log, stages.forks);
        replica.resynchronise(&self.log, stages);
    }

    /// The primary fails at `now`. The offset that each replica will have reached when what
    /// survives has arrived and is applied, and when that is.
    pub fn fail(&mut self, now: Time, failure: Failure) -> Vec<(u64, Time)> {
        let replicas = self.replicas.iter_mut();
        let reached = replicas.map(|replica| {
            if replica.stream.is_open() {
                replica.close(&self.log, now, failure);
            }
            (replica.stream.reached(), replica.stream.drained())
        });
        reached.collect()
    }

    /// A replica of a failed primary becomes the primary at `now`: `lost` is told each write that
    /// it does not have. Replicas that have no more than it follow it over the links that
    /// `link_to` gives for their old numbers; the others, which need a full resynchronisation,
    /// are left out, like the promoted one. Numbers close up.
    pub fn promote(
        &mut self,
        replica: usize,
        now: Time,
        mut lost: impl FnMut(&Record<T>),
        mut link_to: impl FnMut(usize) -> Link,
    ) -> Promoted {
        for replica in &mut self.replicas {
            replica.settle(&self.log, now);
        }
        let offset = self.replicas[replica].applied();
        self.log.beyond(offset).for_each(&mut lost);
        let lost = self.log.cut(offset);
        let mut number = 0;
        self.replicas.retain_mut(|other| {
            let place = number;
            number += 1;
            let theirs = other.applied();
            let follows = other.has_data(now) && theirs <= offset && theirs >= self.log.start();
            if place == replica || !follows {
                return false;
            }
            other.follow(link_to(place), &self.log, now);
            true
        });
        Promoted { offset, lost }
    }
}
