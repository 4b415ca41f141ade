//! The stream from a primary to one replica: a replica is an offset.
//!
//! A record passes the stages of a real server: executed, in the process's output buffer, handed
//! to the kernel, put on the wire, arrived in the replica's kernel, applied. Records never
//! overtake each other, so each stage's time follows from the same record's stage before and the
//! record before in the same stage: a write costs a few additions, and no event. Times are
//! worked out when somebody asks, ahead of the clock where nothing but a fault could change them;
//! a fault takes back what it changes, and no more.
//!
//! Over a link of a fixed delay and without a limit nothing is worked out at all: what was
//! written a delay ago is applied.

mod faults;

use std::collections::VecDeque;

use super::link::{Delay, Link};
use super::log::Log;
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
    /// Records on their way, and those that TCP has not acknowledged.
    flights: VecDeque<Flight>,
    /// How many of these are applied.
    applied: usize,
    /// How many were acknowledged when the last record was handed to the kernel.
    acked: usize,
    /// The record before the first of the flights.
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
    /// Whether the delay is fixed, the bandwidth without limit, and nothing else is going on.
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
            applied: 0,
            acked: 0,
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

    /// Brings the replica to `now`, not earlier than the last time; `each` is told the number of
    /// each record that it applied, and when.
    #[inline]
    pub fn settle<T: Copy>(&mut self, log: &Log<T>, now: Time, mut each: impl FnMut(u64, Time)) {
        if self.plain {
            return self.settle_plain(log, now, each);
        }
        self.take_up(log, now);
        let first = self.next - self.flights.len() as u64;
        while let Some(flight) = self.flights.get(self.applied) {
            if flight.applies > now {
                break;
            }
            each(first + self.applied as u64, flight.applies);
            self.applied += 1;
        }
        while self.applied > 0 {
            let Some(flight) = self.flights.front() else {
                break;
            };
            if self.is_open && flight.arrives.saturating_add(self.link.back) > now {
                break;
            }
            self.last = *flight;
            self.flights.pop_front();
            self.applied -= 1;
            self.acked = self.acked.saturating_sub(1);
        }
        self.become_plain(now);
    }

    fn settle_plain<T: Copy>(&mut self, log: &Log<T>, now: Time, mut each: impl FnMut(u64, Time)) {
        let Delay::Fixed(delay) = self.link.delay else {
            unreachable!("a plain stream has a fixed delay");
        };
        let way = delay + self.link.apply;
        let Some(newest) = now.0.checked_sub(way.0) else {
            return;
        };
        let mut last = None;
        while let Some(record) = log.get(self.next) {
            if record.at.0 > newest {
                break;
            }
            each(self.next, record.at + way);
            last = Some(*record);
            self.next += 1;
        }
        if let Some(record) = last {
            self.last = Flight {
                end: record.end,
                handed: record.at,
                departs: record.at,
                free: record.at,
                arrives: record.at + delay,
                applies: record.at + way,
                room: 0,
            };
        }
    }

    fn become_plain(&mut self, now: Time) {
        let is_quiet = self.flights.is_empty() && self.cut.is_none() && self.is_open;
        let is_simple =
            matches!(self.link.delay, Delay::Fixed(_)) && self.link.bits_per_second.is_none();
        let is_over = self.stalled_until(now).is_none()
            && self.hand_from <= now
            && self.depart_from <= now
            && self.last.applies <= now;
        if is_quiet && is_simple && is_over {
            self.stall = None;
            self.plain = true;
        }
    }

    /// The offset that is applied, as of the last time the replica was brought up to date.
    #[inline]
    #[must_use]
    pub fn applied(&self) -> u64 {
        match self.applied.checked_sub(1) {
            Some(place) => self.flights[place].end,
            None => self.last.end,
        }
    }

    /// The number of the first record that is not applied.
    #[inline]
    #[must_use]
    pub fn next_to_apply(&self) -> u64 {
        self.next - (self.flights.len() - self.applied) as u64
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

    /// Bytes the primary's kernel holds at `now`: not sent, or not acknowledged.
    #[must_use]
    pub fn in_kernel<T: Copy>(&mut self, log: &Log<T>, now: Time) -> u64 {
        self.disturb(log, now);
        let back = self.link.back;
        let handed = self.flights.partition_point(|flight| flight.handed <= now);
        let acked = |flight: &Flight| flight.arrives.saturating_add(back) <= now;
        self.end_of(handed) - self.end_of(self.flights.partition_point(acked))
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
        while let Some(flight) = self.flights.get(self.acked) {
            if flight.arrives.saturating_add(self.link.back) > handed {
                break;
            }
            self.acked += 1;
        }
        if end - self.end_of(self.acked) <= self.link.kernel_buffer {
            (handed, 0)
        } else {
            self.next_burst(end, ready, tail)
        }
    }

    /// The kernel is full: it takes more when a third of its buffer is free, as much as fits.
    fn next_burst(&mut self, end: u64, ready: Time, tail: &Flight) -> (Time, u64) {
        let low = self.link.kernel_buffer / 3 * 2;
        while tail.end - self.end_of(self.acked) > low {
            self.acked += 1;
        }
        let writable = match self.acked.checked_sub(1) {
            Some(place) => self.flights[place].arrives.saturating_add(self.link.back),
            None => Time::ZERO,
        };
        let handed = writable.max(ready).max(tail.handed);
        let room = self.end_of(self.acked) + self.link.kernel_buffer;
        (handed, room.max(end))
    }
}
