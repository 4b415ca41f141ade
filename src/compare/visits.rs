//! What happened in visits, run by run, and side by side.

use std::collections::BTreeMap;

use crate::probe::{Aftermath, Fate, LossCause, NodeSample, Probe, VisitId};
use crate::units::Time;

/// The worst that happened in a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// A session was missed and rebuilt from the database.
    Restored(Why),
    /// A guest had to start afresh.
    GuestReset(Why),
    /// The user had to log in again.
    ForcedLogin(Why),
    /// The user gave up.
    Abandoned(Why),
}

/// Why the session was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its own end had come.
    Expired,
    /// It was lost before the visit.
    LostBefore(LossCause),
    /// It was lost during the visit.
    Lost(LossCause),
}

impl Met {
    /// In a few words.
    #[must_use]
    pub fn words(self) -> String {
        let (what, why) = match self {
            Self::Restored(why) => ("rebuilt from the database", why),
            Self::GuestReset(why) => ("guest started afresh", why),
            Self::ForcedLogin(why) => ("logged in again", why),
            Self::Abandoned(why) => ("gave up", why),
        };
        match why {
            Why::Expired => format!("{what} (expired)"),
            Why::LostBefore(cause) => format!("{what} ({} before)", cause.as_str()),
            Why::Lost(cause) => format!("{what} ({})", cause.as_str()),
        }
    }
}

/// A probe that notes the worst that happened in each visit; undisturbed visits take no room.
#[derive(Clone, Debug, Default)]
pub struct Visits {
    present: VisitId,
    met: BTreeMap<VisitId, Met>,
}

impl Visits {
    fn note(&mut self, why: Why, aftermath: Aftermath) {
        let met = match aftermath {
            Aftermath::Restored => Met::Restored(why),
            Aftermath::GuestReset => Met::GuestReset(why),
            Aftermath::ForcedLogin => Met::ForcedLogin(why),
            Aftermath::Abandoned => Met::Abandoned(why),
        };
        let worst = self.met.entry(self.present).or_insert(met);
        *worst = met.max(*worst);
    }
}

impl Probe for Visits {
    #[inline]
    fn about(&mut self, visit: VisitId) {
        self.present = visit;
    }

    fn aftermath(&mut self, _: Time, _: Time, _: u16, fate: Fate, aftermath: Aftermath) {
        let why = match fate {
            Fate::Lost(cause) => Why::Lost(cause),
            _ => Why::Expired,
        };
        self.note(why, aftermath);
    }

    fn found_late(&mut self, _: Time, _: u16, cause: LossCause, aftermath: Aftermath) {
        self.note(Why::LostBefore(cause), aftermath);
    }

    fn measurement_begins(&mut self, _: Time, _: &[NodeSample], _: u64) {
        self.met.clear();
    }
}

/// What happened in the visits of the first run by what happened in the same of the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatHappened {
    /// Visits in all.
    pub all: u64,
    /// Number of visits by what they met in the first and in the second; `None` is nothing.
    pub pairs: BTreeMap<(Option<Met>, Option<Met>), u64>,
}

impl WhatHappened {
    pub(super) fn new(first: &Visits, second: &Visits, all: u64) -> Self {
        let mut pairs = BTreeMap::new();
        let mut disturbed = 0;
        for (visit, met) in &first.met {
            let pair = (Some(*met), second.met.get(visit).copied());
            *pairs.entry(pair).or_insert(0) += 1;
            disturbed += 1;
        }
        for (visit, met) in &second.met {
            if !first.met.contains_key(visit) {
                *pairs.entry((None, Some(*met))).or_insert(0) += 1;
                disturbed += 1;
            }
        }
        // A visit that began before the measurement can be disturbed in it.
        let quiet = all.saturating_sub(disturbed);
        if quiet > 0 {
            pairs.insert((None, None), quiet);
        }
        Self {
            all: all.max(disturbed),
            pairs,
        }
    }

    /// Visits that did not fare alike.
    pub fn differing(&self) -> u64 {
        let pairs = self.pairs.iter();
        let others = pairs.filter(|((first, second), _)| first != second);
        others.map(|(_, number)| number).sum()
    }

    /// Visits that fared better in the second, and those that fared worse.
    pub fn better_and_worse(&self) -> (u64, u64) {
        let mut found = (0, 0);
        for ((first, second), number) in &self.pairs {
            match rank(*second).cmp(&rank(*first)) {
                std::cmp::Ordering::Less => found.0 += number,
                std::cmp::Ordering::Greater => found.1 += number,
                std::cmp::Ordering::Equal => {}
            }
        }
        found
    }

    /// What visits met in the first, and in the second, each once, the mildest first.
    pub fn heads(&self) -> [Vec<Option<Met>>; 2] {
        let mut heads = [vec![None], vec![None]];
        for (first, second) in self.pairs.keys() {
            heads[0].push(*first);
            heads[1].push(*second);
        }
        for head in &mut heads {
            head.sort_unstable();
            head.dedup();
        }
        heads
    }

    /// Visits that met the one in the first and the other in the second.
    pub fn number(&self, first: Option<Met>, second: Option<Met>) -> u64 {
        self.pairs.get(&(first, second)).copied().unwrap_or(0)
    }
}

/// How bad it is: a user who must log in again does not care why.
const fn rank(met: Option<Met>) -> u8 {
    match met {
        None => 0,
        Some(Met::Restored(_)) => 1,
        Some(Met::GuestReset(_)) => 2,
        Some(Met::ForcedLogin(_)) => 3,
        Some(Met::Abandoned(_)) => 4,
    }
}

/// What a visit met, in words.
#[must_use]
pub(super) fn words(met: Option<Met>) -> String {
    met.map_or("undisturbed".to_owned(), Met::words)
}
