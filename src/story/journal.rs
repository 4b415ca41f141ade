//! What happened to a user, in bounded memory: the beginning and the end.

use std::collections::VecDeque;

use super::Event;

/// Events in the order in which they were told. If there are too many, some of the middle are left
/// out.
#[derive(Clone, Debug)]
pub struct Journal {
    first: Vec<Event>,
    last: VecDeque<Event>,
    left_out: u64,
    /// Room in each of the two.
    room: usize,
}

impl Journal {
    pub(super) const fn new(room: usize) -> Self {
        Self {
            first: Vec::new(),
            last: VecDeque::new(),
            left_out: 0,
            room,
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.first.len() < self.room {
            self.first.push(event);
            return;
        }
        if self.last.len() == self.room {
            self.last.pop_front();
            self.left_out += 1;
        }
        if self.room > 0 {
            self.last.push_back(event);
        }
    }

    /// Takes away the events at the end for which `is_idle` holds.
    pub(super) fn trim(&mut self, is_idle: impl Fn(&Event) -> bool) {
        while self.last.back().is_some_and(&is_idle) {
            self.last.pop_back();
        }
        if self.last.is_empty() {
            let keep = self.first.iter().rposition(|event| !is_idle(event));
            self.first.truncate(keep.map_or(0, |place| place + 1));
        }
    }

    /// All that are kept, as they were told.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.first.iter().chain(&self.last)
    }

    /// All that are kept, by time.
    #[must_use]
    pub fn timeline(&self) -> Timeline<'_> {
        let by_time = |mut events: Vec<_>| {
            events.sort_by_key(|event: &&Event| event.at);
            events
        };
        if self.left_out == 0 {
            return Timeline {
                first: by_time(self.events().collect()),
                left_out: 0,
                last: Vec::new(),
            };
        }
        Timeline {
            first: by_time(self.first.iter().collect()),
            left_out: self.left_out,
            last: by_time(self.last.iter().collect()),
        }
    }
}

/// The events of a journal, by time.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// The first of them, or all.
    pub first: Vec<&'a Event>,
    /// So many more happened then.
    pub left_out: u64,
    /// The last of them.
    pub last: Vec<&'a Event>,
}
