//! One replica: its stream, what the primary knows of it, and what it answers meanwhile.

use std::collections::VecDeque;

use super::limits::{Clock, OutputLimit};
use super::link::Link;
use super::log::Log;
use super::resync::Stages;
use super::stream::{Failure, Stream};
use crate::units::{Span, Time};

/// A replica acknowledges its offset once a second (`replicationCron`).
const ACKNOWLEDGES: Span = Span::from_secs(1);

/// What the primary believes of a replica.
#[derive(Clone, Debug)]
struct Acknowledged {
    /// When the replica next tells its offset.
    next: Time,
    /// What is on its way: when it arrives, and the offset.
    coming: VecDeque<(Time, u64)>,
    offset: u64,
    heard: Time,
}

/// A full resynchronisation that is under way.
#[derive(Clone, Copy, Debug)]
struct Loading {
    /// The offset of the old data.
    served: u64,
    stages: Stages,
}

/// What a replica answers a read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// The data set as of this offset.
    Offset(u64),
    /// It is without its primary and serves old data, as of this offset, only if
    /// `replica-serve-stale-data` says so; otherwise it answers `MASTERDOWN`.
    Stale(u64),
    /// `LOADING`.
    Loading,
}

/// A replica.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Its stream.
    pub stream: Stream,
    acknowledged: Acknowledged,
    limit: OutputLimit,
    loading: Option<Loading>,
    /// Whether it has data of this history.
    has_data: bool,
}

impl Replica {
    pub(super) fn new(
        stream: Stream,
        limit: OutputLimit,
        first_acknowledgement: Time,
        now: Time,
    ) -> Self {
        Self {
            acknowledged: Acknowledged {
                next: first_acknowledgement,
                coming: VecDeque::new(),
                offset: stream.applied(),
                heard: now,
            },
            stream,
            limit,
            loading: None,
            has_data: true,
        }
    }

    /// The offset of its data, as of the last time it was brought up to date.
    #[inline]
    pub(super) fn applied(&self) -> u64 {
        match &self.loading {
            Some(loading) => loading.served,
            None => self.stream.applied(),
        }
    }

    /// Whether it has data of this history that it could be promoted with, as of the last time it
    /// was brought up to date: not while it loads, and not before if there was nothing.
    pub(super) fn has_data(&self, now: Time) -> bool {
        let loads = |loading: &Loading| loading.stages.is_loading(now);
        self.has_data && !self.loading.as_ref().is_some_and(loads)
    }

    /// Whether it has data, or loads what it has received.
    pub(super) const fn will_have_data(&self) -> bool {
        self.has_data || self.loading.is_some()
    }

    /// What it has is gone, or of another history.
    pub(super) const fn lose_data(&mut self) {
        self.has_data = false;
        self.loading = None;
    }

    /// The number of the first record that it still needs, or that has to be taken back should it
    /// be promoted; `None` if it needs none.
    pub(super) fn needs<T: Copy>(&self, log: &Log<T>) -> Option<u64> {
        if self.stream.is_open() && self.loading.is_none() {
            return Some(self.stream.next_to_apply());
        }
        let follows = self.stream.is_open() || self.loading.is_some();
        let stream = follows.then(|| self.stream.next_to_apply());
        let data = self.has_data.then(|| log.after(self.applied()));
        stream.into_iter().chain(data).min()
    }

    pub(super) fn serves(&self, now: Time) -> Serves {
        match &self.loading {
            Some(loading) if loading.stages.is_loading(now) => Serves::Loading,
            Some(loading) => Serves::Stale(loading.served),
            None if self.stream.is_open() => Serves::Offset(self.stream.applied()),
            None => Serves::Stale(self.stream.applied()),
        }
    }

    pub(super) const fn acknowledged(&self) -> (u64, Time) {
        (self.acknowledged.offset, self.acknowledged.heard)
    }

    pub(super) fn is_over_its_limit<T: Copy>(
        &mut self,
        log: &Log<T>,
        now: Time,
        clock: Clock,
    ) -> bool {
        let pending = self.stream.pending(log, now);
        self.limit.is_exceeded(pending, now, clock)
    }

    /// The connection ends. A transfer that is not complete is thrown away, and the old data stay.
    pub(super) fn close<T: Copy>(&mut self, log: &Log<T>, now: Time, failure: Failure) {
        match self.loading {
            Some(loading) if now < loading.stages.received => {
                let link = self.stream.link().clone();
                self.stream = Stream::at_rest(link, loading.served, log.next(), now);
                self.loading = None;
            }
            _ => {
                self.stream.close(log, now, failure);
            }
        }
        self.limit.reset();
    }

    pub(super) fn resume<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        self.stream.resume(log, now);
        self.acknowledged.heard = now;
    }

    pub(super) fn resynchronise<T: Copy>(&mut self, log: &Log<T>, stages: Stages) {
        let served = self.applied();
        let link = self.stream.link().clone();
        self.stream = Stream::loading(link, log, stages);
        self.loading = Some(Loading { served, stages });
        self.acknowledged.heard = stages.forks;
    }

    /// Another primary, over another link, from the offset it has.
    pub(super) fn follow<T: Copy>(&mut self, link: Link, log: &Log<T>, now: Time) {
        let offset = self.applied();
        self.stream = Stream::new(link, offset, log.after(offset), now);
        self.loading = None;
        self.acknowledged.offset = offset;
        self.acknowledged.heard = now;
        self.acknowledged.coming.clear();
    }

    pub(super) fn settle<T: Copy>(&mut self, log: &Log<T>, now: Time) {
        while self.acknowledged.next <= now {
            self.acknowledge(log);
        }
        self.stream.advance(log, now);
        if let Some(loading) = &self.loading
            && loading.stages.loaded <= now
        {
            self.loading = None;
            self.has_data = true;
        }
        while let Some(&(at, offset)) = self.acknowledged.coming.front() {
            if at > now {
                break;
            }
            self.acknowledged.offset = offset;
            self.acknowledged.heard = at;
            self.acknowledged.coming.pop_front();
        }
    }

    #[cold]
    fn acknowledge<T: Copy>(&mut self, log: &Log<T>) {
        let now = self.acknowledged.next;
        if let Some(until) = self.stream.stalled_until(now) {
            self.acknowledged.next = until;
            return;
        }
        self.stream.advance(log, now);
        if self.stream.is_open() && !self.stream.is_cut() {
            let arrives = now + self.stream.link().back;
            let offset = self.stream.applied();
            self.acknowledged.coming.push_back((arrives, offset));
        }
        self.acknowledged.next = now + ACKNOWLEDGES;
    }
}
