//! The stream from a primary to one replica: a replica is an offset.
//!
//! A record passes the stages of a real server: executed, in the process's output buffer, handed
//! to the kernel, put on the wire, arrived in the replica's kernel, applied. Records never
//! overtake each other, so each stage's time follows from the same record's stage before and the
//! record before in the same stage: a write costs a few additions, and no event. Times are
//! worked out when somebody asks, ahead of the clock where nothing but a fault could change them;
//! a fault takes back what it changes, and no more.
//!
//! Over a link without a limit nothing is worked out until somebody asks: what was written the
//! longest delay ago is applied, and only what is younger has to be looked at.

mod faults;

use std::collections::VecDeque;

use super::link::Link;
use super::log::Log;
use super::resync::Stages;
use crate::units::Time;

/// When a record passes each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flight {
    /// The stream's offset behind it.
    end: u64,
    /// In the primary's kernel.
    handed: Time,
    /// Its first bit on the wire.
    departs: Time,
    /// Its last bit on the wire.
    free: Time,
    /// In the replica's kernel.
    arrives: Time,
    /// Applied.
    applies: Time,
    /// While the process's buffer drains in bursts: the offset up to which the kernel has room
    /// in this burst. 0 for a record that went straight to the kernel.
    room: u64,
}

/// The replica's process does nothing from one moment to another.
#[derive(Clone, Copy, Debug)]
struct Stall {
    until: Time,
    /// The offset it had read before.
    read: u64,
}

/// The network takes packets and delivers none.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// When the first of them was sent.
    lost: Option<Time>,
}

/// What is lost with a primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The process dies, its kernel lives: what the kernel holds is still delivered.
    Process,
    /// The host dies: what is on the wire, the packet being sent included, still arrives.
    Host,
    /// The host dies, and what is on the wire is lost with it.
    HostAndWire,
}

/// The stream to one replica.
#[derive(Clone, Debug)]
pub struct Stream {
    link: Link,
    /// Records on their way.
    flights: VecDeque<Flight>,
    /// How many were on the wire when the last record was handed to the kernel.
    sent: usize,
    /// The last record that is applied, before the first of the flights.
    last: Flight,
    /// Number of the next record to be worked out.
    next: u64,
    /// What the kernel had of the records that a fault took back.
    kept: VecDeque<(Time, u64)>,
    /// The process hands nothing to its kernel before this.
    hand_from: Time,
    /// Nothing goes on the wire before this.
    depart_from: Time,
    stall: Option<Stall>,
    cut: Option<Cut>,
    /// Whether the bandwidth is without limit, and nothing else is going on.
    plain: bool,
    is_open: bool,
}

impl Stream {
    /// An open stream to a replica that has everything up to offset `end`, the next record being
    /// number `next`, from `at` on.
    #[must_use]
    pub fn new(link: Link, end: u64, next: u64, at: Time) -> Self {
        let last = Flight {
            end,
            handed: at,
            departs: at,
            free: at,
            arrives: at,
            applies: at,
            room: 0,
        };
        Self {
            link,
            flights: VecDeque::new(),
            sent: 0,
            last,
            next,
            kept: VecDeque::new(),
            hand_from: at,
            depart_from: at,
            stall: None,
            cut: None,
            plain: false,
            is_open: true,
        }
    }

    /// A closed stream to a replica that has everything up to offset `end` and gets no more.
    #[must_use]
    pub fn at_rest(link: Link, end: u64, next: u64, at: Time) -> Self {
        Self {
            is_open: false,
            ..Self::new(link, end, next, at)
        }
    }

    /// An open stream to a replica that is about to load all there is in the log: from the fork
    /// on it waits in the process's buffer, goes out behind the transfer, and is read when the
    /// replica has loaded.
    #[must_use]
    pub fn loading<T: Copy>(link: Link, log: &Log<T>, stages: Stages) -> Self {
        let end = log.end();
        let mut stream = Self::new(link, end, log.next(), stages.received);
        stream.last.applies = stages.loaded;
        stream.stall = Some(Stall {
            until: stages.loaded,
            read: end,
        });
        stream
    }

    /// The link.
    #[must_use]
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the primary still writes to it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether nothing holds the stream up: what was written is on the wire.
    #[inline]
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether the network is cut.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Until when the replica's process is stopped, if it is at `now`.
    #[must_use]
    pub fn stalled_until(&self, now: Time) -> Option<Time> {
        let until = self.stall?.until;
        (until > now).then_some(until)
    }

    /// Brings the replica to `now`, not earlier than the last time.
    #[inline]
    pub fn advance<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        if self.plain {
            self.advance_plain(log, now);
        } else {
            self.settle(log, now, |_, _| ());
        }
    }

    /// The same; `each` is told the number of each record that was applied, and when.
    pub fn settle<T: Copy>(&mut self, log: &Log<T>, now: Time, mut each: impl FnMut(u64, Time)) {
        if self.plain {
            let (first, mut arrives) = (self.next, self.last.arrives);
            self.advance_plain(log, now);
            for number in first..self.next {
                if let Some(record) = log.get(number) {
                    arrives = arrives.max(record.at + self.link.travel(number));
                    each(number, arrives + self.link.apply);
                }
            }
            return;
        }
        self.take_up(log, now);
        while let Some(&flight) = self.flights.front() {
            if flight.applies > now {
                break;
            }
            each(self.next_to_apply(), flight.applies);
            self.last = flight;
            self.flights.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        self.become_plain(log, now);
    }

    /// Everything written the longest delay and the time to apply ago is applied. Of what is
    /// younger, everything before the first record that has not arrived: none overtakes another.
    fn advance_plain<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        let Some(arrived) = now.0.checked_sub(self.link.apply.0).map(Time) else {
            return;
        };
        let longest = self.link.delay.longest();
        let surely = arrived.0.checked_sub(longest.0).map(Time);
        let mut next = surely.map_or(0, |at| log.written_after(at)).max(self.next);
        let mut latest = arrived.min(self.last.arrives);
        while let Some(record) = log.get(next) {
            let arrives = record.at + self.link.travel(next);
            if arrives > arrived {
                break;
            }
            latest = latest.max(arrives);
            next += 1;
        }
        if next > self.next
            && let Some(record) = log.get(next - 1)
        {
            self.next = next;
            let arrives = latest.max(record.at + self.link.travel(next - 1));
            self.last = Flight {
                end: record.end,
                handed: record.at,
                departs: record.at,
                free: record.at,
                arrives,
                applies: arrives + self.link.apply,
                room: 0,
            };
        }
    }

    /// Forgets what was worked out if it is no more than any plain stream does.
    fn become_plain<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        let is_whole = self.is_open && self.cut.is_none() && self.link.bits_per_second.is_none();
        let is_over =
            self.stalled_until(now).is_none() && self.hand_from <= now && self.depart_from <= now;
        if !is_whole || !is_over {
            return;
        }
        let mut latest = self.last.arrives;
        let is_as_written = |(place, flight): (usize, &Flight)| {
            let number = self.next_to_apply() + place as u64;
            log.get(number).is_some_and(|record| {
                latest = latest.max(record.at + self.link.travel(number));
                flight.handed == record.at
                    && flight.departs == record.at
                    && flight.applies == latest + self.link.apply
            })
        };
        if self.flights.iter().enumerate().all(is_as_written) {
            self.next = self.next_to_apply();
            self.flights.clear();
            self.sent = 0;
            self.stall = None;
            self.plain = true;
        }
    }

    /// The offset that is applied, as of the last time the replica was brought up to date.
    #[inline]
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.last.end
    }

    /// The number of the first record that is not applied.
    #[inline]
    #[must_use]
    pub fn next_to_apply(&self) -> u64 {
        self.next - self.flights.len() as u64
    }

    /// Bytes in the process's output buffer at `now`.
    #[must_use]
    pub fn pending<T: Copy>(&mut self, log: &Log<T>, now: Time) -> u64 {
        if self.plain || !self.is_open {
            return 0;
        }
        self.take_up(log, now);
        let handed = self.flights.partition_point(|flight| flight.handed <= now);
        log.end() - self.end_of(handed)
    }

    /// Bytes the primary's kernel holds at `now` that are not on the wire.
    #[must_use]
    pub fn in_kernel<T: Copy>(&mut self, log: &Log<T>, now: Time) -> u64 {
        self.disturb(log, now);
        let handed = self.flights.partition_point(|flight| flight.handed <= now);
        let sent = |flight: &Flight| flight.free <= now;
        self.end_of(handed) - self.end_of(self.flights.partition_point(sent))
    }

    /// The offset behind the first `count` flights.
    fn end_of(&self, count: usize) -> u64 {
        match count.checked_sub(1) {
            Some(place) => self.flights[place].end,
            None => self.last.end,
        }
    }

    fn tail(&self) -> &Flight {
        self.flights.back().unwrap_or(&self.last)
    }

    /// Works out where everything is at `now`, because a fault or a question needs it.
    fn disturb<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        self.plain = false;
        self.take_up(log, now);
    }

    /// Works out the records written by `now`.
    fn take_up<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        if !self.is_open {
            return;
        }
        while let Some(record) = log.get(self.next) {
            if record.at > now {
                break;
            }
            let flight = self.flight(record.at, record.end);
            self.flights.push_back(flight);
            self.next += 1;
        }
    }

    /// The way of a record written at `at` behind all others.
    fn flight(&mut self, at: Time, end: u64) -> Flight {
        let tail = *self.tail();
        let (handed, room) = match self.kept.pop_front() {
            Some(kept) => kept,
            None => self.hand(at, end, &tail),
        };
        let mut departs = handed.max(tail.free).max(self.depart_from);
        if let Some(stall) = &self.stall
            && departs < stall.until
            && end > stall.read + self.link.receive_window
        {
            // The window opens again when the replica reads.
            departs = departs.max(stall.until.saturating_add(self.link.back));
        }
        if let Some(cut) = &mut self.cut {
            cut.lost.get_or_insert(departs);
            departs = Time::NEVER;
        }
        let free = departs.saturating_add(self.link.service(end - tail.end, room > 0));
        let arrives = free.saturating_add(self.link.travel(self.next));
        let arrives = arrives.max(tail.arrives);
        let read = match &self.stall {
            Some(stall) => arrives.max(stall.until),
            None => arrives,
        };
        Flight {
            end,
            handed,
            departs,
            free,
            arrives,
            applies: read.saturating_add(self.link.apply).max(tail.applies),
            room,
        }
    }

    /// When the kernel takes the record, and the room of the burst in which it does.
    fn hand(&mut self, at: Time, end: u64, tail: &Flight) -> (Time, u64) {
        let ready = at.max(self.hand_from);
        let is_waiting = tail.room > 0 && tail.handed > ready;
        if is_waiting {
            // It stands in the process's buffer behind others.
            if end <= tail.room {
                return (tail.handed, tail.room);
            }
            return self.next_burst(end, ready, tail);
        }
        let handed = ready.max(tail.handed);
        while let Some(flight) = self.flights.get(self.sent) {
            if flight.free > handed {
                break;
            }
            self.sent += 1;
        }
        if end - self.end_of(self.sent) <= self.link.kernel_buffer {
            (handed, 0)
        } else {
            self.next_burst(end, ready, tail)
        }
    }

    /// The kernel is full: it takes more when a third of its buffer is free, as much as fits.
    fn next_burst(&mut self, end: u64, ready: Time, tail: &Flight) -> (Time, u64) {
        let low = self.link.kernel_buffer / 3 * 2;
        while tail.end - self.end_of(self.sent) > low {
            self.sent += 1;
        }
        let writable = match self.sent.checked_sub(1) {
            Some(place) => self.flights[place].free,
            None => Time::ZERO,
        };
        let handed = writable.max(ready).max(tail.handed);
        let room = self.end_of(self.sent) + self.link.kernel_buffer;
        (handed, room.max(end))
    }
}
