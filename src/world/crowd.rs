//! Classes of users as the run has them, copies of one class beside each other.

use crate::kernel::draws::DrawRoot;
use crate::kernel::quantiles::Quantiles;
use crate::program::Programs;
use crate::scenario::users::TtlKind;
use crate::scenario::{Member, Scenario};
use crate::store::keyspace::ShapeId;
use crate::store::node::Node;
use crate::traffic::{Arrivals, Class};
use crate::units::{Ratio, Span, Time};

use super::build::{register, shape_of};
use super::key_pattern::KeyPattern;
use super::side::Manners;
use super::visits::Seats;

/// A class of users with all that is compiled for it.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) class: Class,
    pub(super) programs: Programs,
    pub(super) login: bool,
    /// Whether requests have to be prepared before they are sent.
    pub(super) prepares: bool,
    /// What its library does beyond its commands.
    pub(super) manners: Manners,
    pub(super) ttl: Span,
    pub(super) ttl_kind: TtlKind,
    pub(super) key: KeyPattern,
    pub(super) bytes: Quantiles,
    pub(super) shape: ShapeId,
    /// Places of the concurrent users, where their number is fixed.
    pub(super) seats: Seats,
    /// When each seat opens, the earliest last, for those still to come.
    pub(super) openings: Vec<(Time, u32)>,
    /// Where users come at a rate: who comes when, and the time and number of the next.
    pub(super) arrivals: Arrivals,
    pub(super) next_arrival: (Time, u64),
    /// Sessions that live, as far as the application can know, and users in a visit.
    pub(super) live_sessions: u64,
    pub(super) users_present: u64,
}

impl Crowd {
    /// The own end of a session that is created or renewed at `at`.
    #[inline]
    pub(super) fn own_end(&self, at: Time) -> Time {
        if self.ttl_kind == TtlKind::None {
            Time::NEVER
        } else {
            at.saturating_add(self.ttl)
        }
    }
}

/// The classes of users. Where a run does not begin empty all seats are taken already.
pub(super) fn crowds(
    scenario: &Scenario,
    root: DrawRoot,
    (begins_empty, at_once): (bool, bool),
    nodes: &mut [Node],
) -> Vec<Crowd> {
    let mut crowds: Vec<Crowd> = Vec::new();
    for member in scenario.classes() {
        let index = crowds.len() as u16;
        let mut crowd = match crowds.last() {
            Some(before) if member.copy > 0 => before.copy(&member, index),
            _ => {
                let class = Class::new(&member, index, root);
                let mut crowd = crowd(scenario, &member, class, nodes);
                if at_once && !crowd.prepares {
                    crowd.programs.send_at_once();
                }
                crowd
            }
        };
        if !begins_empty {
            crowd.openings = Vec::new();
        }
        crowds.push(crowd);
    }
    crowds
}

/// A class, or the first of its copies.
fn crowd(scenario: &Scenario, member: &Member<'_>, class: Class, nodes: &mut [Node]) -> Crowd {
    let session = &member.class.session;
    let manners = Manners::new(session, scenario.database.on_lost_session, nodes);
    let key = KeyPattern::new(&session.key, session.id_length as usize);
    let shape = register(shape_of(session, key.len()), nodes);
    let programs = Programs::new(session, member.class.follows_updates());
    let prepares = manners.prepare() || programs.need_errands();
    Crowd {
        programs,
        login: member.class.login,
        prepares,
        manners,
        bytes: Quantiles::new(&session.bytes),
        ttl: session.ttl,
        ttl_kind: session.ttl_kind,
        key,
        shape,
        seats: Seats::new(&class, member.class.return_share > Ratio::ZERO),
        openings: class.openings(),
        arrivals: Arrivals::new(member, scenario.duration),
        next_arrival: (Time::NEVER, 0),
        live_sessions: 0,
        users_present: 0,
        class,
    }
}

impl Crowd {
    /// The same with the users of `member`, another copy of its class, as class number `index`.
    /// What is compiled is shared.
    fn copy(&self, member: &Member<'_>, index: u16) -> Self {
        let class = self.class.copy(member, index);
        Self {
            programs: self.programs.clone(),
            manners: self.manners.clone(),
            bytes: self.bytes.clone(),
            key: self.key.clone(),
            seats: Seats::new(&class, member.class.return_share > Ratio::ZERO),
            openings: class.openings(),
            arrivals: self.arrivals.copy(member),
            next_arrival: (Time::NEVER, 0),
            class,
            ..*self
        }
    }
}
