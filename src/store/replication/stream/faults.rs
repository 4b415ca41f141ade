//! What faults do to a stream: each takes back what it changes of what was worked out ahead.

use super::super::link::Retransmission;
use super::super::log::Log;
use super::{Cut, Failure, Flight, Stall, Stream};
use crate::units::Time;

impl Stream {
    /// The replica's process stops at `from`, which is now, and goes on at `until`.
    pub fn stall<T: Copy>(&mut self, log: &Log<T>, from: Time, until: Time) {
        self.disturb(log, from);
        let read = self
            .flights
            .partition_point(|flight| flight.applies <= from);
        let stall = match self.stall {
            Some(stall) if stall.until > from => Stall {
                until: stall.until.max(until),
                ..stall
            },
            _ => Stall {
                until,
                read: self.end_of(read),
            },
        };
        self.stall = Some(stall);
        let resumes = stall.until + self.link.apply;
        for flight in self.flights.range_mut(read..) {
            flight.applies = flight.applies.max(resumes);
        }
        self.take_back(log, from, |flight| flight.departs > from);
    }

    /// The primary's process stops at `from`, which is now, and goes on at `until`: it executes
    /// nothing, and what is in its buffer stays there. Its kernel goes on.
    pub fn stall_primary<T: Copy>(&mut self, log: &Log<T>, from: Time, until: Time) {
        self.disturb(log, from);
        self.hand_from = self.hand_from.max(until);
        self.take_back(log, from, |flight| flight.handed > from);
    }

    /// From now on the network loses what is sent; what is on the wire arrives.
    pub fn cut<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        if self.cut.is_some() {
            return;
        }
        self.disturb(log, now);
        if !self.is_open {
            // A dead process's kernel goes on sending, until now.
            let sent = self.flights.partition_point(|flight| flight.departs <= now);
            self.flights.truncate(sent);
            return;
        }
        self.cut = Some(Cut { lost: None });
        self.take_back(log, now, |flight| flight.departs > now);
    }

    /// The network is whole again. When the stream goes on: at once if nothing was lost,
    /// otherwise when TCP has sent it again.
    pub fn heal<T: Copy>(&mut self, log: &Log<T>, now: Time, tcp: Retransmission) -> Time {
        self.disturb(log, now);
        let Some(cut) = self.cut.take() else {
            return now;
        };
        let resumes = cut.lost.map_or(now, |lost| tcp.resumes(lost, now));
        self.depart_from = self.depart_from.max(resumes);
        self.take_back(log, now, |flight| flight.departs > now);
        resumes
    }

    /// The offset up to which everything reaches the replica if the primary fails at `now`.
    #[must_use]
    pub fn survives<T: Copy>(&mut self, log: &Log<T>, now: Time, failure: Failure) -> u64 {
        self.disturb(log, now);
        let count = self.surviving(now, failure);
        self.end_of(count)
    }

    fn surviving(&self, now: Time, failure: Failure) -> usize {
        self.flights.partition_point(|flight| match failure {
            // Behind a cut the kernel would try for a quarter of an hour; whoever promotes the
            // replica does not wait for that.
            Failure::Process => flight.handed <= now && flight.arrives < Time::NEVER,
            Failure::Host => flight.departs <= now,
            Failure::HostAndWire => flight.arrives <= now,
        })
    }

    /// The connection ends at `now`: the primary writes no more to it. What survives `failure` is
    /// still applied. The offset that the replica will have reached.
    pub fn close<T: Copy>(&mut self, log: &Log<T>, now: Time, failure: Failure) -> u64 {
        self.disturb(log, now);
        let count = self.surviving(now, failure);
        self.next -= (self.flights.len() - count) as u64;
        self.flights.truncate(count);
        self.sent = 0;
        self.is_open = false;
        self.cut = None;
        self.end_of(count)
    }

    /// The offset that a closed stream's replica will have reached.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.tail().end
    }

    /// When everything that still reaches a closed stream's replica is applied.
    #[must_use]
    pub fn drained(&self) -> Time {
        self.tail().applies
    }

    /// The stream goes on from the replica's offset at `at`, over a new connection. The replica
    /// must have been brought to `at`, and the log must hold everything beyond its offset.
    pub fn resume<T: Copy>(&mut self, log: &Log<T>, at: Time) {
        let end = self.applied();
        let stall = self.stall;
        *self = Self::new(self.link.clone(), end, log.after(end), at);
        self.stall = stall;
    }

    /// Works out anew the flights for which `is_changed` holds, which are the last ones. What the
    /// kernel had by `now` it keeps.
    fn take_back<T: Copy>(
        &mut self,
        log: &Log<T>,
        now: Time,
        is_changed: impl Fn(&Flight) -> bool,
    ) {
        if !self.is_open {
            // Nobody would write them again.
            return;
        }
        let keep = self.flights.partition_point(|flight| !is_changed(flight));
        for flight in self.flights.drain(keep..) {
            self.next -= 1;
            if flight.handed <= now {
                self.kept.push_back((flight.handed, flight.room));
            }
        }
        self.sent = 0;
        self.take_up(log, now);
    }
}
