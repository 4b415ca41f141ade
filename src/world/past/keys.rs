//! Keys of the past are stored, and their owners let in.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::probe::Probe;
use crate::session::{KeyDeath, Presence};
use crate::store::keyspace::{DeathCause, KeyId, Outcome};
use crate::units::{Span, Time};

use super::super::event::Event;
use super::super::owners::{NOBODYS, nobodys};
use super::super::{Visitor, World};
use super::life::{Kept, Life};
use super::{Epoch, Record};

impl<P: Probe> World<P> {
    /// Stores the keys of `records` in their order, and lets their owners in.
    pub(super) fn store_records(
        &mut self,
        records: Vec<Record>,
        epoch: Epoch,
        rng: &mut ChaCha8Rng,
    ) {
        let mut crons = Crons::new(self, epoch);
        let mut pressure = Pressure::new(self.crowds.len(), self.nodes.len());
        let mut over = Vec::new();
        let mut waiting = Vec::new();
        for record in records {
            self.run_crons(&mut crons, record.kept.seen, &mut pressure);
            let lives = record.kept.ends > epoch.end();
            match record.owner {
                Some(life) if lives || life.session.is_none() => {
                    let place = self.let_in(&life, epoch);
                    waiting.extend(record.waits.map(|order| (record.class, order, place)));
                    if lives {
                        let (node, key) =
                            self.give_key_of_the_past(record.class, &record.kept, place);
                        pressure.watch(record.class, &record.kept, (node, key), epoch);
                        self.store_key(&record.kept, (node, key), Some(place), epoch);
                        self.bury_of_the_past(node, &mut pressure);
                    }
                    self.welcome(place, &life, record.waits.is_some(), epoch);
                }
                owner => {
                    self.store_for_nobody_of_the_past(
                        record.class,
                        &record.kept,
                        epoch,
                        &mut pressure,
                    );
                    over.extend(owner.map(|life| (record.class, record.kept, life, record.waits)));
                }
            }
        }
        self.run_crons(&mut crons, epoch.end(), &mut pressure);
        for (class, kept, life, waits) in over {
            let place = self.let_in(&life, epoch);
            waiting.extend(waits.map(|order| (class, order, place)));
            self.give_key_of_the_past(class, &kept, place);
            self.lose_in_the_past(place, pressure.has_evicted(class, rng));
            self.welcome(place, &life, waits.is_some(), epoch);
        }
        waiting.sort_unstable();
        for (class, _, place) in waiting {
            let seat = self.visitors.get(place).user.seat();
            self.crowds[usize::from(class)].seats.wait(seat, place);
        }
    }

    fn let_in(&mut self, life: &Life, epoch: Epoch) -> u32 {
        let mut user = life.user;
        user.set_back(epoch.length);
        self.visitors.insert(Visitor::new(user))
    }

    /// Puts on the agenda what somebody does next, who does not wait for a seat.
    fn welcome(&mut self, place: u32, life: &Life, waits: bool, epoch: Epoch) {
        let class = usize::from(life.user.class());
        if life.is_stale && life.session.is_some() {
            self.ledger(place, |session, probe, class, _| {
                session.found_gone(probe, class, Time::ZERO);
                session.recovery_failed();
            });
        }
        if self.crowds[class].prepares {
            self.sides.at(place).cookie_end = epoch.set_back(life.cookie_end);
        }
        let visiting = u64::from(life.user.is_visiting());
        self.users_present += visiting;
        self.crowds[class].users_present += visiting;
        if !waits {
            self.schedule(epoch.set_back(life.next), Event::Wake(place));
        }
        self.settle(place);
    }

    /// Makes a session's key known.
    fn give_key_of_the_past(&mut self, class: u16, kept: &Kept, place: u32) -> (u16, KeyId) {
        let (node, key) = self.create_key_of_the_past(class, kept, place);
        let session = &mut self.visitors.get_mut(place).session;
        session.key = key.0;
        session.node = node;
        session.bytes = kept.bytes;
        (node, key)
    }

    fn create_key_of_the_past(&mut self, class: u16, kept: &Kept, owner: u32) -> (u16, KeyId) {
        let crowd = &mut self.crowds[usize::from(class)];
        let slot = crowd.key.slot(kept.id);
        let node = self.slots.node(slot);
        let keyspace = self.nodes[usize::from(node)].keyspace_mut();
        (node, keyspace.create(kept.id, slot, crowd.shape, owner))
    }

    /// Stores a session's key. Its session is open from now on, or was refused.
    fn store_key(
        &mut self,
        kept: &Kept,
        (node, key): (u16, KeyId),
        owner: Option<u32>,
        epoch: Epoch,
    ) -> bool {
        let keyspace = self.nodes[usize::from(node)].keyspace_mut();
        let ttl = (kept.ends != Time::NEVER).then(|| kept.ends.since(kept.seen));
        let refused = keyspace.put(key, kept.bytes, ttl, kept.seen) == Outcome::Oom;
        if !refused && keyspace.counts_accesses() {
            keyspace.set_accesses(key, kept.accesses);
        }
        if let Some(place) = owner {
            let own_end = epoch.set_back(kept.ends);
            self.ledger(place, |session, probe, class, presence| {
                session.created(probe, class, Time::ZERO, own_end, refused, before(presence));
            });
        }
        !refused
    }

    /// Stores a key that belongs to nobody any more, unless it has been reclaimed by the start.
    fn store_for_nobody_of_the_past(
        &mut self,
        class: u16,
        kept: &Kept,
        epoch: Epoch,
        pressure: &mut Pressure,
    ) {
        if kept.ends > epoch.expiry_begins {
            let (node, key) = self.create_key_of_the_past(class, kept, nobodys(class));
            pressure.watch(class, kept, (node, key), epoch);
            if !self.store_key(kept, (node, key), None, epoch) {
                self.nodes[usize::from(node)].keyspace_mut().release(key);
            }
            self.bury_of_the_past(node, pressure);
        }
    }

    /// The session was over before the start, by its own end or since it was evicted before that.
    fn lose_in_the_past(&mut self, place: u32, evicted: bool) {
        let death = if evicted {
            KeyDeath::Evicted
        } else {
            KeyDeath::Expired
        };
        // An end that still lay ahead of it.
        let own_end = Time(1);
        let at = Time::ZERO;
        self.ledger(place, |session, probe, class, presence| {
            session.created(probe, class, at, own_end, false, before(presence));
            session.key_died(probe, class, at, death, before(presence));
        });
    }

    /// Tells the ledger which keys died. A loss before the start was felt by nobody who is there.
    fn bury_of_the_past(&mut self, node: u16, pressure: &mut Pressure) {
        while let Some(death) = self.nodes[usize::from(node)].keyspace_mut().pop_death() {
            let cause = match death.cause {
                DeathCause::Expired => KeyDeath::Expired,
                DeathCause::Evicted | DeathCause::Lost => KeyDeath::Evicted,
            };
            pressure.died(node, death.key, cause);
            if death.owner >= NOBODYS {
                let keyspace = self.nodes[usize::from(node)].keyspace_mut();
                keyspace.release(death.key);
                continue;
            }
            self.ledger(death.owner, |session, probe, class, presence| {
                session.key_died(probe, class, Time::ZERO, cause, before(presence));
            });
            self.settle(death.owner);
        }
    }

    /// Runs the nodes' crons before `at`.
    fn run_crons(&mut self, crons: &mut Crons, at: Time, pressure: &mut Pressure) {
        while crons.next < at {
            let node = crons.node;
            let keyspace = self.nodes[node].keyspace_mut();
            if self.elsewhere.is_some() {
                keyspace.expire_all(crons.next);
            } else {
                keyspace.cron(crons.next);
            }
            self.bury_of_the_past(node as u16, pressure);
            crons.advance();
        }
    }
}

/// Whoever is in a visit at the start had not felt a loss before it.
const fn before(presence: Presence) -> Presence {
    match presence {
        Presence::InVisit | Presence::MayReturn => Presence::MayReturn,
        Presence::Gone => Presence::Gone,
    }
}

/// How many of the keys that had nearly reached their own end were evicted before: so many of the
/// sessions that seem to have reached it had not.
struct Pressure {
    /// By node and key: the class of such a key and 1, else 0.
    watched: Vec<Vec<u16>>,
    /// By class, and of all classes.
    old: Vec<[u64; 2]>,
    all: [u64; 2],
}

/// The number of all such keys, and of those evicted.
const ALL: usize = 0;
const EVICTED: usize = 1;

impl Pressure {
    /// Too few keys of a class say nothing.
    const FEW: u64 = 100;

    fn new(classes: usize, nodes: usize) -> Self {
        Self {
            watched: vec![Vec::new(); nodes],
            old: vec![[0; 2]; classes],
            all: [0; 2],
        }
    }

    /// A key is about to be stored.
    fn watch(&mut self, class: u16, kept: &Kept, (node, key): (u16, KeyId), epoch: Epoch) {
        let watched = &mut self.watched[usize::from(node)];
        let place = key.0 as usize;
        if place >= watched.len() {
            watched.resize(place + 1, 0);
        }
        let (seen, end) = (kept.seen, epoch.end());
        // In the last eighth of its time.
        let is_old = kept.ends > end
            && kept.ends != Time::NEVER
            && end.since(seen).0 / 7 >= kept.ends.since(end).0;
        watched[place] = if is_old { class + 1 } else { 0 };
        if is_old {
            self.old[usize::from(class)][ALL] += 1;
            self.all[ALL] += 1;
        }
    }

    fn died(&mut self, node: u16, key: KeyId, cause: KeyDeath) {
        let class = self.watched[usize::from(node)][key.0 as usize];
        if class > 0 && cause == KeyDeath::Evicted {
            self.old[usize::from(class - 1)][EVICTED] += 1;
            self.all[EVICTED] += 1;
        }
    }

    /// Whether the key of a session that is over was evicted before its own end.
    fn has_evicted(&self, class: u16, rng: &mut ChaCha8Rng) -> bool {
        let of_class = self.old[usize::from(class)];
        let [all, evicted] = if of_class[ALL] < Self::FEW {
            self.all
        } else {
            of_class
        };
        // Drawn in any case, so that nothing else depends on it.
        u128::from(rng.next_u64()) * u128::from(all) < u128::from(evicted) << 64
    }
}

/// The crons of all nodes in turn, in phase with those of the run.
struct Crons {
    period: Span,
    nodes: usize,
    /// Runs of each node's cron up to the start that are still to come.
    left: u64,
    node: usize,
    end: Time,
    next: Time,
}

impl Crons {
    fn new<P>(world: &World<P>, epoch: Epoch) -> Self {
        let period = world.cron_period;
        let mut crons = Self {
            period,
            nodes: world.nodes.len(),
            left: epoch.end().since(epoch.expiry_begins).0 / period.0,
            node: 0,
            end: epoch.end(),
            next: Time::NEVER,
        };
        crons.next = crons.at();
        crons
    }

    /// The last run of the last node comes at the very start, which is the run's own.
    fn at(&self) -> Time {
        let phase = self.period.0 * (self.node as u64 + 1) / self.nodes as u64;
        match self.end.0.checked_sub(self.left * self.period.0) {
            Some(begin) if self.left > 0 => Time(begin + phase),
            _ => Time::NEVER,
        }
    }

    fn advance(&mut self) {
        self.node += 1;
        if self.node == self.nodes {
            self.node = 0;
            self.left -= 1;
        }
        self.next = self.at();
    }
}
