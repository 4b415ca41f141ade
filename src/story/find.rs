//! Finds the users whose stories are asked for.

use std::cell::Cell;
use std::rc::Rc;

use crate::probe::{Fate, LossCause, NodeSample, Probe, RequestId, Told, UserId, VisitId};
use crate::units::Time;

use super::SessionId;

/// Tells the run that a probe has what it wanted.
#[derive(Clone, Debug, Default)]
pub struct Enough(Rc<Cell<bool>>);

impl Enough {
    /// Whether it has.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.0.get()
    }

    pub(super) fn reach(&self) {
        self.0.set(true);
    }
}

/// The first sessions that are lost in the measured part of a run.
#[derive(Debug)]
pub struct Lost {
    /// Classes of users; recorded traffic is none of them.
    classes: u16,
    wanted: usize,
    /// Only those lost for this cause, if it says one.
    cause: Option<LossCause>,
    measures: bool,
    about: UserId,
    /// Whose they are, and when they are lost.
    pub found: Vec<(UserId, Time)>,
    enough: Enough,
}

impl Lost {
    /// The first `wanted` ones of so many classes, of all or of one cause.
    #[must_use]
    pub fn first(wanted: usize, cause: Option<LossCause>, classes: usize, enough: Enough) -> Self {
        Self {
            classes: classes as u16,
            wanted,
            cause,
            measures: false,
            about: UserId { class: 0, user: 0 },
            found: Vec::new(),
            enough,
        }
    }
}

impl Probe for Lost {
    fn about(&mut self, visit: VisitId) {
        self.about = user(visit);
    }

    fn measurement_begins(&mut self, _at: Time, _nodes: &[NodeSample], _open: u64) {
        self.measures = true;
    }

    fn session_closed(&mut self, at: Time, class: u16, fate: Fate) {
        let Fate::Lost(cause) = fate else {
            return;
        };
        let is_wanted = self.measures
            && class < self.classes
            && self.cause.is_none_or(|wanted| wanted == cause);
        if is_wanted && self.found.len() < self.wanted {
            self.found.push((self.about, at));
            if self.found.len() == self.wanted {
                self.enough.reach();
            }
        }
    }
}

/// The session with an identifier.
#[derive(Debug)]
pub struct ById {
    id: SessionId,
    /// Whose it is.
    pub found: Option<UserId>,
    enough: Enough,
}

impl ById {
    /// That with identifier `id`.
    #[must_use]
    pub const fn new(id: SessionId, enough: Enough) -> Self {
        Self {
            id,
            found: None,
            enough,
        }
    }
}

impl Probe for ById {
    fn wants_stories(&self) -> bool {
        true
    }

    fn told(&mut self, _at: Time, user: UserId, _request: RequestId, what: &Told) {
        if let Told::Named { id, .. } = what
            && SessionId(*id) == self.id
        {
            self.found = Some(user);
            self.enough.reach();
        }
    }
}

/// The user of a visit.
pub(super) const fn user(visit: VisitId) -> UserId {
    UserId {
        class: visit.class,
        user: visit.user,
    }
}
