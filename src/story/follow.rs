//! Follows users, and notes what becomes of their sessions.

use std::collections::BTreeMap;

use crate::probe::{
    Aftermath, Fate, LossCause, Probe, RequestId, ShardTold, Told, UserId, VisitId,
};
use crate::units::Time;

use super::find::{Enough, user};
use super::{Event, Journal, Loss, SessionId, Story, What};

/// Events of all stories together that are kept at most, about.
const EVENTS: usize = 400_000;
/// Likewise of one story, in its beginning and in its end.
const ROOM: usize = 1000;
/// Fewer would be none.
const LEAST_ROOM: usize = 20;

/// What is wanted of a user's sessions.
#[derive(Clone, Debug)]
enum Wanted {
    /// The one with this identifier.
    Id(SessionId),
    /// Those lost at these times, each with its place among all that are wanted.
    LostAt(Vec<(Time, usize)>),
}

/// A user who is followed: the session they have, or are about to get.
#[derive(Debug)]
struct Followed {
    wanted: Wanted,
    /// `None` before the first one has a key.
    id: Option<SessionId>,
    shard: u16,
    created: Option<Time>,
    fate: Option<(Time, Fate)>,
    losses: Vec<Loss>,
    journal: Journal,
    /// Its place among the stories that are wanted, if it is one of them.
    place: Option<usize>,
}

/// A probe that follows users.
#[derive(Debug)]
pub struct Follower {
    users: BTreeMap<UserId, Followed>,
    about: UserId,
    /// Shards without a primary, with the failure.
    down: BTreeMap<u16, Event>,
    room: usize,
    /// So many stories are still to be told to their end.
    missing: usize,
    stories: BTreeMap<usize, Story>,
    enough: Enough,
}

impl Follower {
    fn new(wanted: BTreeMap<UserId, Wanted>, number: usize, enough: Enough) -> Self {
        let room = (EVENTS / (2 * number.max(1))).clamp(LEAST_ROOM, ROOM);
        let users = wanted
            .into_iter()
            .map(|(user, wanted)| (user, Followed::new(wanted, room)));
        Self {
            users: users.collect(),
            about: UserId { class: 0, user: 0 },
            down: BTreeMap::new(),
            room,
            missing: number,
            stories: BTreeMap::new(),
            enough,
        }
    }

    /// The session of `user` with identifier `id`.
    #[must_use]
    pub fn of_id(user: UserId, id: SessionId, enough: Enough) -> Self {
        Self::new(BTreeMap::from([(user, Wanted::Id(id))]), 1, enough)
    }

    /// Sessions by their users and the times at which they are lost.
    #[must_use]
    pub fn of_lost(lost: &[(UserId, Time)], enough: Enough) -> Self {
        let mut wanted: BTreeMap<UserId, Wanted> = BTreeMap::new();
        for (place, (user, at)) in lost.iter().enumerate() {
            let entry = wanted.entry(*user);
            if let Wanted::LostAt(times) = entry.or_insert_with(|| Wanted::LostAt(Vec::new())) {
                times.push((*at, place));
            }
        }
        Self::new(wanted, lost.len(), enough)
    }

    /// The stories, in the order in which they were asked for. A session that was lost twice has
    /// one.
    #[must_use]
    pub fn finish(mut self) -> Vec<Story> {
        let users: Vec<UserId> = self.users.keys().copied().collect();
        for user in users {
            self.end_of(user);
        }
        self.stories.into_values().collect()
    }

    /// Nothing more happens to the session that the user has.
    fn end_of(&mut self, user: UserId) {
        let Some(followed) = self.users.get_mut(&user) else {
            return;
        };
        let (Some(place), Some(id)) = (followed.place.take(), followed.id) else {
            return;
        };
        let mut journal = std::mem::replace(&mut followed.journal, Journal::new(self.room));
        if followed.fate.is_some() {
            // What becomes of its shard concerns it no more.
            journal.trim(|event| matches!(event.what, What::Shard(_)));
        }
        let story = Story {
            user,
            id,
            shard: followed.shard,
            created: followed.created,
            fate: followed.fate,
            losses: std::mem::take(&mut followed.losses),
            journal,
        };
        self.stories.insert(place, story);
        self.missing = self.missing.saturating_sub(1);
        if self.missing == 0 {
            self.enough.reach();
        }
    }

    fn note(&mut self, at: Time, what: What) {
        if let Some(followed) = self.users.get_mut(&self.about) {
            followed.note(at, None, what);
        }
    }

    fn last_loss(&mut self) -> Option<&mut Loss> {
        self.users.get_mut(&self.about)?.losses.last_mut()
    }
}

impl Followed {
    fn new(wanted: Wanted, room: usize) -> Self {
        Self {
            wanted,
            id: None,
            shard: 0,
            created: None,
            fate: None,
            losses: Vec::new(),
            journal: Journal::new(room),
            place: None,
        }
    }

    fn note(&mut self, at: Time, intent: Option<u32>, what: What) {
        self.journal.push(Event { at, intent, what });
    }

    /// Another session begins: with what led to it.
    fn begin(&mut self, intent: u32, id: SessionId, shard: u16, room: usize) {
        let mut journal = Journal::new(room);
        let before = std::mem::replace(&mut self.journal, Journal::new(0));
        let led = before
            .events()
            .filter(|event| event.intent == Some(intent) && !matches!(event.what, What::Next(_)));
        led.for_each(|event| journal.push(*event));
        self.id = Some(id);
        self.shard = shard;
        self.created = None;
        self.fate = None;
        self.losses = Vec::new();
        self.journal = journal;
        self.place = match &self.wanted {
            Wanted::Id(wanted) => (*wanted == id).then_some(0),
            Wanted::LostAt(_) => None,
        };
    }

    fn lost(&mut self, at: Time, cause: LossCause) {
        self.losses.push(Loss {
            at,
            cause,
            felt: None,
            aftermath: None,
        });
        if let Wanted::LostAt(times) = &self.wanted
            && let Some((_, place)) = times.iter().find(|(time, _)| *time == at)
        {
            self.place.get_or_insert(*place);
        }
    }
}

impl Probe for Follower {
    fn wants_stories(&self) -> bool {
        true
    }

    fn told(&mut self, at: Time, user: UserId, request: RequestId, what: &Told) {
        let room = self.room;
        let Some(followed) = self.users.get_mut(&user) else {
            return;
        };
        let of_request = !matches!(what, Told::Key { .. } | Told::TakenBack { .. });
        let intent = of_request.then_some(request.intent);
        if let Told::Named { id, shard } = *what {
            let id = SessionId(id);
            if followed.id.is_some() {
                followed.note(at, intent, What::Next(id));
            }
            let copy = followed.journal.clone();
            self.end_of(user);
            if let Some(followed) = self.users.get_mut(&user) {
                followed.journal = copy;
                followed.begin(request.intent, id, shard, room);
                if let Some(failure) = self.down.get(&shard) {
                    followed.journal.push(*failure);
                }
                followed.note(at, intent, What::Told(*what));
            }
            return;
        }
        followed.note(at, intent, What::Told(*what));
    }

    fn shard_told(&mut self, at: Time, shard: u16, what: &ShardTold) {
        if matches!(what, ShardTold::Fails { .. }) {
            let event = Event {
                at,
                intent: None,
                what: What::Shard(*what),
            };
            self.down.insert(shard, event);
        } else {
            self.down.remove(&shard);
        }
        for followed in self.users.values_mut() {
            if followed.id.is_some() && followed.shard == shard {
                followed.note(at, None, What::Shard(*what));
            }
        }
    }

    fn about(&mut self, visit: VisitId) {
        self.about = user(visit);
    }

    fn session_created(&mut self, at: Time, _class: u16) {
        self.note(at, What::Created);
        if let Some(followed) = self.users.get_mut(&self.about) {
            followed.created.get_or_insert(at);
            followed.fate = None;
        }
    }

    fn session_closed(&mut self, at: Time, _class: u16, fate: Fate) {
        self.note(at, What::Closed(fate));
        if let Some(followed) = self.users.get_mut(&self.about) {
            followed.fate = Some((at, fate));
            if let Fate::Lost(cause) = fate {
                followed.lost(at, cause);
            }
        }
    }

    fn loss_felt(&mut self, at: Time, _lost: Time, _class: u16, _cause: LossCause, felt: bool) {
        self.note(at, What::Felt(felt));
        if let Some(loss) = self.last_loss() {
            loss.felt = Some(felt);
        }
    }

    fn aftermath(&mut self, at: Time, _closed: Time, _class: u16, fate: Fate, after: Aftermath) {
        self.note(at, What::MadeGood(after));
        if let (Fate::Lost(_), Some(loss)) = (fate, self.last_loss()) {
            loss.aftermath = Some(after);
        }
    }

    fn found_late(&mut self, at: Time, _class: u16, _cause: LossCause, after: Aftermath) {
        self.note(at, What::MadeGood(after));
    }
}
