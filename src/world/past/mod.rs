//! A stationary start: who is there at time 0, and what they have in the store.
//!
//! In three steps:
//! 1. Users of the past live through their intents, one after the other (`life.rs`): those who
//!    came at a rate, counted backwards from the start, or those who had a seat (`seats.rs`).
//! 2. Their keys are stored by the real nodes, in the order in which they were asked for the last
//!    time, at those times, with the nodes' crons in between: so their memory, their tables, what
//!    is evicted and what is expired and not reclaimed yet are the nodes' own doing.
//! 3. The nodes' clocks are set to the start, and everybody who is there is put on the agenda.
//!
//! All this happens on a clock of its own, which shows 0 when the past begins. Sessions that were
//! evicted before the start are gone when the measurement begins: whoever comes back to one finds
//! it gone, as one lost between two visits.

mod keys;
mod life;
mod seats;

use rand_chacha::ChaCha8Rng;

use crate::kernel::streams::Streams;
use crate::probe::Probe;
use crate::scenario::commands::CommandName;
use crate::scenario::store::StoreKind;
use crate::scenario::{Member, Scenario, settling};
use crate::traffic::{PastArrivals, Phase};
use crate::units::{Span, Time};

use super::World;
use super::build::START_UNIX_MS;
use life::{Kept, Life, Past};
use seats::Waiting;

const MINUTE: u64 = 60_000_000_000;
/// The past of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch {
    /// Its length, in whole minutes: the clocks that count them stay in phase.
    length: Span,
    /// Before this no key ends that matters to those stored at the start.
    expiry_begins: Time,
    /// One way to a node, in the mean.
    hop: Span,
}

impl Epoch {
    /// `None` for a cold start.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let history = scenario.start.history();
        if history == Span::ZERO {
            return None;
        }
        let length = Span(history.0.div_ceil(MINUTE) * MINUTE);
        let settling = settling(&scenario.users, &scenario.store).0;
        let cleanup = match scenario.store.kind {
            StoreKind::Database { cleanup_every } => cleanup_every.0,
            _ => 0,
        };
        Some(Self {
            length,
            expiry_begins: Time(length.0.saturating_sub(settling.max(cleanup))),
            hop: Span(scenario.network.hop.mean() as u64),
        })
    }

    /// When the nodes' clocks were started, in ms since 1970.
    pub(super) const fn start_unix_ms(self) -> u64 {
        START_UNIX_MS - self.length.0 / 1_000_000
    }

    const fn end(self) -> Time {
        Time(self.length.0)
    }

    /// The start of the run is time 0 from now on.
    const fn set_back(self, at: Time) -> Time {
        if at.0 == Time::NEVER.0 {
            at
        } else {
            Time(at.0.saturating_sub(self.length.0))
        }
    }
}

/// A key that is to be stored, and whose it is.
struct Record {
    class: u16,
    kept: Kept,
    owner: Option<Box<Life>>,
    /// Whether the owner is back and waits for a seat, and which of all who do: the first sits down
    /// first.
    waits: Option<u32>,
}

impl<P: Probe> World<P> {
    /// Fills the world with those who are there at the start.
    pub(super) fn begin_in_the_middle(
        &mut self,
        epoch: Epoch,
        scenario: &Scenario,
        streams: &Streams,
    ) {
        let mut rng = streams.stream("past");
        for crowd in &mut self.crowds {
            crowd.seats.take_all();
        }
        let mut records = Vec::new();
        for (class, member) in scenario.classes().enumerate() {
            self.live_through(class, &member, epoch, &mut rng, &mut records);
        }
        // Nobody asks for two sessions at one instant; keys of nobody may coincide with others.
        records.sort_by_key(|record| {
            let user = record.owner.as_ref().map(|life| life.user.number());
            (record.kept.seen, record.class, user, record.kept.id)
        });
        self.store_records(records, epoch, &mut rng);
        for node in &mut self.nodes {
            node.keyspace_mut().begin_run(START_UNIX_MS, epoch.length);
        }
    }

    /// The users of a class live through the past.
    fn live_through(
        &mut self,
        class: usize,
        member: &Member<'_>,
        epoch: Epoch,
        rng: &mut ChaCha8Rng,
        records: &mut Vec<Record>,
    ) {
        let crowd = &self.crowds[class];
        // Out and back; the node's own time is short beside it.
        let reply = epoch.hop * 2;
        let mut past = Past::new(crowd, self.nodes[0].keyspace(), rng, reply);
        past.from = epoch.expiry_begins;
        let mut lives = Vec::new();
        let mut waiting = Vec::new();
        match crowd.class.seats() {
            None => past.arrivals(PastArrivals::new(member, epoch.length), epoch, &mut lives),
            Some(seats) => {
                let stay = Span(member.class.stay.mean() as u64);
                for seat in 0..seats as u32 {
                    past.seat(seat, stay, epoch, &mut lives, &mut waiting);
                }
            }
        }
        let commands = past.commands;
        let left_over = std::mem::take(&mut past.left_over);
        self.note_commands(commands);
        let class = class as u16;
        let nobody = left_over.into_iter().map(|kept| Record {
            class,
            kept,
            owner: None,
            waits: None,
        });
        let record = |life: Life, waits| {
            let kept = life.session.unwrap_or(Kept::NONE);
            let is_gone = life.user.phase() == Phase::Gone && kept.ends <= epoch.end();
            Record {
                class,
                kept,
                owner: (!is_gone).then(|| Box::new(life)),
                waits,
            }
        };
        let lives = lives.into_iter().map(|life| record(life, None));
        let waiting = (0..).zip(waiting);
        let waiting = waiting.map(|(order, Waiting(life))| record(life, Some(order)));
        records.extend(nobody.chain(lives).chain(waiting));
    }

    fn note_commands(&mut self, commands: u32) {
        for name in CommandName::ALL {
            if commands >> name as u32 & 1 == 1 {
                for node in &mut self.nodes {
                    node.keyspace_mut().has_executed(name);
                }
            }
        }
    }
}

impl Kept {
    /// No session.
    const NONE: Self = Self {
        id: 0,
        seen: Time::ZERO,
        ends: Time::ZERO,
        bytes: 0,
        accesses: 0,
    };
}

impl Past<'_> {
    /// Those who came at a rate.
    fn arrivals(&mut self, mut arrivals: PastArrivals, epoch: Epoch, lives: &mut Vec<Life>) {
        while let Some((before, number)) = arrivals.next(&self.crowd.class) {
            let Some(begin) = epoch.end().0.checked_sub(before.0).map(Time) else {
                return;
            };
            let mut life = Life::new(self.crowd.class.arriving_user(number));
            if !self.leaves_nothing(&life, begin, epoch) {
                self.live(&mut life, begin, epoch);
                keep(life, epoch, lives);
            }
        }
    }

    /// Whether it is known already that nothing is left at the start of somebody who comes now.
    fn leaves_nothing(&self, life: &Life, begin: Time, epoch: Epoch) -> bool {
        let ends = self.crowd.class.only_visit_ends(&life.user, begin);
        // A request on which the visit ends is its last.
        ends.is_some_and(|ends| self.crowd.own_end(ends) < epoch.expiry_begins)
    }

    /// One visit after the other, up to the start.
    fn live(&mut self, life: &mut Life, mut begin: Time, epoch: Epoch) {
        while self.visit(life, begin, epoch.end()).is_some()
            && life.user.phase() == Phase::Away
            && life.next < epoch.end()
        {
            begin = life.next;
        }
    }
}

/// Keeps whoever there is something left of.
fn keep(life: Life, epoch: Epoch, lives: &mut Vec<Life>) {
    if life.matters(epoch.expiry_begins) {
        lives.push(life);
    }
}
