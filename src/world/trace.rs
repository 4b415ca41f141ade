//! Recorded traffic: each key of a trace is a session.
//!
//! A trace says what was asked for and when, and nothing of who asked. So a key is taken for a
//! guest who is in one long visit: its session begins with its first write that takes, a read that
//! misses what should be there feels its loss, and what is never asked for again is not missed.
//!
//! Rows become requests at their own time, whatever became of those before (an open system). Rows
//! of one millisecond follow each other by a microsecond, in their order. What a request does then
//! is what the recording application did: a read that misses stores what it wanted.

use crate::kernel::draws::{DrawRoot, Purpose, RequestDraws, UserDraws};
use crate::kernel::places::Places;
use crate::kernel::slab::Slab;
use crate::probe::{
    Aftermath, Answer, CommandDone, Probe, Queries, RequestDone, RequestKind, SessionSeen,
};
use crate::scenario::commands::CommandName;
use crate::scenario::database::OnLostSession;
use crate::scenario::traffic::TraceSpec;
use crate::scenario::users::Encoding;
use crate::session::{KeyDeath, Presence, Session};
use crate::store::keyspace::{Command, KeyId, Outcome, ShapeId, Ttl};
use crate::store::node::Node;
use crate::store::slots::hash_slot;
use crate::traffic::trace::{Operation, Row};
use crate::units::{Span, Time};

use super::build::{register, shape};
use super::event::Event;
use super::{RECORDED, World};

/// Hands out the rows of a trace one by one, in the order of time; `None` at its end.
pub type Rows = Box<dyn FnMut() -> Option<Row>>;

/// From a row to the next one of the same millisecond.
const BETWEEN_ROWS: Span = Span::from_micros(1);
/// Rows of one millisecond that follow each other so; those behind them come all at once.
const ROWS_A_MILLI: u64 = 999;

/// The recorded traffic of a run.
pub(super) struct Recorded {
    rows: Rows,
    /// The row whose time has not come yet.
    next: Option<Row>,
    /// Rows of its millisecond before it.
    before: u64,
    names: Names,
    shape: ShapeId,
    is_hash: bool,
    /// Places of the keys by their numbers in the trace.
    places: Places,
    keys: Vec<Key>,
    requests: Slab<Request>,
    /// Its number among the classes of users: the one behind the last.
    class: u16,
    root: DrawRoot,
}

/// A key of the trace.
#[derive(Clone, Copy, Debug)]
struct Key {
    session: Session,
    /// Number in the trace.
    number: u64,
    /// Rows so far: what is drawn for a row belongs to key and row.
    rows: u32,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// This command's turn at its node.
    Command(CommandName),
    /// The last command's reply, after which the application makes good for a lost session.
    Gone,
    /// The database's copy of the session.
    Copy,
    /// The last command's reply, after which the change is written to the database.
    Change,
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
struct Request {
    issued: Time,
    /// When its present command was sent.
    sent: Time,
    /// The store's part of its time so far.
    store_time: Span,
    draws: RequestDraws,
    ttl: Span,
    /// Place of its key.
    key: u32,
    /// Bytes of the value, if it comes to store one.
    bytes: u32,
    /// Commands and queries so far.
    commands: u8,
    operation: Operation,
    kind: RequestKind,
    stage: Stage,
    /// It believes in a session and looks for it.
    looks: bool,
    seen: SessionSeen,
    refused: bool,
}

/// Names of keys, as far as they decide where a key lies.
struct Names {
    before: String,
    behind: String,
    digits: usize,
    name: String,
}

impl Names {
    fn slot(&mut self, number: u64) -> u16 {
        use std::fmt::Write as _;
        let Self {
            before,
            behind,
            digits,
            name,
        } = self;
        name.clear();
        // Writing to a string cannot fail.
        let _ = write!(name, "{before}{number:0digits$}{behind}");
        hash_slot(name.as_bytes())
    }
}

impl Recorded {
    /// The traffic that `rows` say, as class number `class`.
    pub(super) fn new(
        trace: &TraceSpec,
        rows: Rows,
        class: u16,
        root: DrawRoot,
        nodes: &mut [Node],
    ) -> Self {
        let (before, behind) = trace.around_id();
        Self {
            rows,
            next: None,
            before: 0,
            names: Names {
                before: before.to_owned(),
                behind: behind.to_owned(),
                digits: trace.id_length as usize,
                name: String::new(),
            },
            shape: register(shape(trace.encoding, trace.key_length()), nodes),
            is_hash: matches!(trace.encoding, Encoding::Hash { .. }),
            places: Places::default(),
            keys: Vec::new(),
            requests: Slab::with_capacity(64),
            class,
            root,
        }
    }

    /// Takes the next row, and says when its time comes.
    fn take_next(&mut self) -> Option<Time> {
        let last = self.next.take().map(|row| row.millis);
        self.next = (self.rows)();
        let millis = self.next?.millis;
        self.before = if last == Some(millis) {
            self.before + 1
        } else {
            0
        };
        let offset = BETWEEN_ROWS * self.before.min(ROWS_A_MILLI);
        Some(Time(millis * 1_000_000) + offset)
    }

    fn draws_of(&self, number: u64) -> UserDraws {
        self.root.user(self.class.into(), number)
    }

    /// The command that reads a value, and the one that stores it.
    const fn reads_and_stores(&self) -> (CommandName, CommandName) {
        if self.is_hash {
            (CommandName::HGetAll, CommandName::HSet)
        } else {
            (CommandName::Get, CommandName::Set)
        }
    }
}

impl<P: Probe> World<P> {
    /// Recorded traffic goes on.
    pub(super) fn play(&mut self, number: u32) {
        match number.checked_sub(1) {
            None => self.play_row(),
            Some(place) => self.play_on(place),
        }
    }

    fn recording(&mut self) -> &mut Recorded {
        let recorded = self.recorded.as_mut();
        recorded.expect("what is recorded has a recording")
    }

    /// Puts the next row on the agenda. What lies beyond the run is not asked for again.
    pub(super) fn expect_next_row(&mut self) {
        let Some(recorded) = &mut self.recorded else {
            return;
        };
        if let Some(at) = recorded.take_next()
            && at < self.end
        {
            self.agenda
                .push(at.max(self.now), Event::Recorded(0).pack());
        }
    }

    /// The time of the next row has come: it becomes a request.
    fn play_row(&mut self) {
        let Some(row) = self.recording().next else {
            return;
        };
        let place = self.key_of(row.key);
        self.ask_for(place, &row);
        self.expect_next_row();
    }

    /// The place of the key with that number; of one that is new, a new place.
    fn key_of(&mut self, number: u64) -> u32 {
        let recorded = self.recorded.as_mut().expect("rows are recorded");
        let (place, new) = recorded.places.place(number);
        if new {
            let slot = recorded.names.slot(number);
            let node = self.slots.node(slot);
            let keyspace = self.nodes[node as usize].keyspace_mut();
            let key = keyspace.create(number, slot, recorded.shape, RECORDED + place);
            let mut session = Session::default();
            session.key = key.0;
            session.node = node;
            recorded.keys.push(Key {
                session,
                number,
                rows: 0,
            });
        }
        place
    }

    /// A row becomes a request.
    fn ask_for(&mut self, place: u32, row: &Row) {
        let now = self.now;
        let recorded = self.recorded.as_mut().expect("rows are recorded");
        let class = recorded.class;
        let key = &mut recorded.keys[place as usize];
        let n = key.rows;
        key.rows = n.wrapping_add(1);
        let (number, session) = (key.number, key.session);
        let begins = matches!(row.operation, Operation::Get | Operation::Set) && session.is_none();
        let kind = match row.operation {
            _ if begins => RequestKind::Login,
            Operation::Get | Operation::Touch => RequestKind::Read,
            Operation::Set => RequestKind::Modify,
            Operation::Delete => RequestKind::Logout,
        };
        let (reads, stores) = recorded.reads_and_stores();
        let command = match row.operation {
            Operation::Get => reads,
            Operation::Set => stores,
            Operation::Touch => CommandName::Expire,
            Operation::Delete => CommandName::Del,
        };
        let request = Request {
            issued: now,
            sent: now,
            store_time: Span::ZERO,
            draws: recorded.draws_of(number).request(n, 0),
            ttl: Span::from_millis(row.ttl_millis),
            key: place,
            bytes: row.bytes,
            commands: 0,
            operation: row.operation,
            kind,
            stage: Stage::Command(command),
            // Who only writes does not look.
            looks: row.operation != Operation::Set && session.is_known(),
            seen: SessionSeen::NotBelieved,
            refused: false,
        };
        let id = recorded.requests.insert(request);
        self.issued += 1;
        self.probe.request_issued(now, class, kind);
        if begins {
            self.probe.visit_began(now, class);
            self.recorded_ledger(place, |session, probe, class| {
                session.begin_creating(probe, class, now);
            });
        }
        self.send_recorded(id, command, now);
    }

    /// Sends `command` at `at`.
    fn send_recorded(&mut self, id: u32, command: CommandName, at: Time) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let request = recorded.requests.get_mut(id);
        request.stage = Stage::Command(command);
        request.sent = at;
        let bits = request.draws.at(request.commands, Purpose::HopOut);
        let arrival = at.saturating_add(Span(self.hop.draw(bits)));
        self.schedule(arrival, Event::Recorded(id + 1));
    }

    /// What the request waited for has come.
    fn play_on(&mut self, id: u32) {
        let stage = self.recording().requests.get(id).stage;
        match stage {
            Stage::Command(command) => self.execute_recorded(id, command),
            Stage::Gone => self.make_good_recorded(id),
            Stage::Copy => {
                let now = self.now;
                let key = self.recording().requests.get(id).key;
                self.recorded_ledger(key, |session, probe, class| {
                    session.made_good(probe, class, now, Aftermath::Restored);
                    session.begin_restoring();
                });
                self.store_recorded(id, now);
            }
            Stage::Change => {
                // Nobody waits for the database's answer to a change.
                let _ = self.query_recorded(id);
                self.answer_recorded(id, self.now);
            }
        }
    }

    /// A command reaches its node, which executes it in its turn.
    fn execute_recorded(&mut self, id: u32, name: CommandName) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let is_hash = recorded.is_hash;
        let request = recorded.requests.get_mut(id);
        let session = &recorded.keys[request.key as usize].session;
        let (node, key) = (session.node, KeyId(session.key));
        let (draws, number) = (request.draws, request.commands);
        let command = Command {
            name,
            bytes: request.bytes,
            ttl: match name {
                CommandName::HSet => Ttl::Keep,
                CommandName::Set if request.ttl == Span::ZERO => Ttl::Clear,
                _ => Ttl::In(request.ttl),
            },
        };
        let reply = self.nodes[node as usize].execute(&command, key, self.now, || {
            draws.at(number, Purpose::Service)
        });
        let hop = Span(self.hop.draw(draws.at(number, Purpose::HopBack)));
        let back = reply.done.saturating_add(hop);
        request.commands = number.wrapping_add(1);
        request.store_time += back - request.sent;
        request.refused |= reply.outcome == Outcome::Oom;
        if request.looks {
            request.looks = false;
            request.seen = match reply.outcome {
                Outcome::Miss | Outcome::NotDone => SessionSeen::Gone,
                _ => SessionSeen::Found,
            };
        }
        let request = *request;
        self.probe.command(&CommandDone {
            node,
            name,
            answer: answer(reply.outcome),
            arrived: self.now,
            done: reply.done,
        });
        self.bury(node);
        match name {
            CommandName::Del => {
                self.recorded_ledger(request.key, |session, probe, class| {
                    let found = reply.outcome == Outcome::Done;
                    session.logged_out(probe, class, reply.start, found);
                });
                self.changed_recorded(id, back);
            }
            CommandName::Expire => {
                if reply.outcome == Outcome::Done {
                    self.renew_recorded(&request, reply.start);
                }
                if request.operation == Operation::Touch {
                    self.answer_recorded(id, back);
                } else {
                    self.changed_recorded(id, back);
                }
            }
            CommandName::Set | CommandName::HSet => {
                self.stored_recorded(&request, reply.start);
                let is_stored = !request.refused;
                if is_hash && is_stored && request.ttl > Span::ZERO {
                    self.send_recorded(id, CommandName::Expire, back);
                } else {
                    self.changed_recorded(id, back);
                }
            }
            _ if reply.outcome == Outcome::Hit => self.answer_recorded(id, back),
            _ => self.missed_recorded(id, back),
        }
    }

    /// A read found nothing; its reply is back at `back`.
    fn missed_recorded(&mut self, id: u32, back: Time) {
        let now = self.now;
        let request = *self.recording().requests.get(id);
        let mut makes_good = false;
        if request.seen == SessionSeen::Gone {
            self.recorded_ledger(request.key, |session, probe, class| {
                makes_good = session.found_gone(probe, class, now);
            });
        }
        if makes_good {
            self.recording().requests.get_mut(id).stage = Stage::Gone;
            self.schedule(back, Event::Recorded(id + 1));
        } else {
            self.store_recorded(id, back);
        }
    }

    /// The application knows that a session it believed in is gone.
    fn make_good_recorded(&mut self, id: u32) {
        let now = self.now;
        let key = self.recording().requests.get(id).key;
        if self.database.on_lost_session == OnLostSession::Restore {
            if let Some(done) = self.query_recorded(id) {
                self.recording().requests.get_mut(id).stage = Stage::Copy;
                self.schedule(done, Event::Recorded(id + 1));
            } else {
                self.recorded_ledger(key, |session, _, _| session.recovery_failed());
                self.answer_recorded(id, now);
            }
            return;
        }
        self.recorded_ledger(key, |session, probe, class| {
            session.made_good(probe, class, now, Aftermath::GuestReset);
            if session.is_none() {
                session.begin_creating(probe, class, now);
            }
        });
        self.store_recorded(id, now);
    }

    /// Sends the command that stores the value.
    fn store_recorded(&mut self, id: u32, at: Time) {
        let stores = self.recording().reads_and_stores().1;
        self.send_recorded(id, stores, at);
    }

    /// A command that stores the value was executed at `at`, or refused.
    fn stored_recorded(&mut self, request: &Request, at: Time) {
        let own_end = own_end(request, at);
        let refused = request.refused;
        let keeps_ttl = self.recording().is_hash;
        self.recorded_ledger(request.key, |session, probe, class| {
            if session.is_none() {
                session.begin_creating(probe, class, at);
            }
            if session.is_to_be_stored() {
                session.created(probe, class, at, own_end, refused, Presence::InVisit);
            } else if refused {
                // The old value, if there is one, stays.
            } else if !session.is_open() {
                session.stored_again(probe, class, at, own_end, Presence::InVisit);
            } else if !keeps_ttl {
                session.renewed(own_end);
            }
        });
    }

    fn renew_recorded(&mut self, request: &Request, at: Time) {
        let own_end = own_end(request, at);
        self.recorded_ledger(request.key, |session, _, _| session.renewed(own_end));
    }

    /// The program that changed the session is over; where there are copies, so must they.
    fn changed_recorded(&mut self, id: u32, back: Time) {
        let copies = self.database.on_lost_session == OnLostSession::Restore;
        let request = self.recording().requests.get_mut(id);
        // What was read from there need not be written back.
        let is_change = request.kind != RequestKind::Read;
        if copies && is_change {
            request.stage = Stage::Change;
            self.schedule(back, Event::Recorded(id + 1));
        } else {
            self.answer_recorded(id, back);
        }
    }

    /// When the database answers a query of the request; `None` if it refuses it.
    fn query_recorded(&mut self, id: u32) -> Option<Time> {
        let request = self.recording().requests.get_mut(id);
        let number = request.commands;
        request.commands = number.wrapping_add(1);
        let bits = request.draws.at(number, Purpose::Query);
        self.enter_database_with(bits)
    }

    fn answer_recorded(&mut self, id: u32, at: Time) {
        let recorded = self.recorded.as_mut().expect("requests are recorded");
        let request = recorded.requests.get(id);
        self.probe.request_done(&RequestDone {
            class: recorded.class,
            kind: request.kind,
            first_attempt: true,
            issued: request.issued,
            done: at,
            store_time: request.store_time,
            session: request.seen,
            refused: request.refused,
            without_cache: without_cache(request.kind),
        });
        recorded.requests.remove(id);
    }
}

/// The books.
impl<P: Probe> World<P> {
    /// Changes the session of a key, and keeps count of those that live.
    fn recorded_ledger(&mut self, place: u32, change: impl FnOnce(&mut Session, &mut P, u16)) {
        let recorded = self.recorded.as_mut().expect("keys are recorded");
        let session = &mut recorded.keys[place as usize].session;
        let before = u64::from(session.is_open());
        change(session, &mut self.probe, recorded.class);
        self.live_sessions += u64::from(session.is_open());
        self.live_sessions -= before;
    }

    /// A key of the trace died.
    pub(super) fn recorded_key_died(&mut self, place: u32, cause: KeyDeath) {
        let now = self.now;
        self.recorded_ledger(place, |session, probe, class| {
            session.key_died(probe, class, now, cause, Presence::InVisit);
        });
    }

    /// The sessions of all keys of the trace.
    pub(super) fn recorded_sessions(&self) -> impl Iterator<Item = &Session> {
        let keys = self.recorded.iter().flat_map(|recorded| &recorded.keys);
        keys.map(|key| &key.session)
    }

    /// Requests on their way.
    pub(super) fn recorded_in_flight(&self) -> u64 {
        let requests = self
            .recorded
            .as_ref()
            .map(|recorded| recorded.requests.len());
        requests.unwrap_or(0) as u64
    }

    /// The run is over: every session that is still open meets its fate.
    pub(super) fn close_recorded_sessions(&mut self) {
        let now = self.now;
        let keys = self
            .recorded
            .as_ref()
            .map_or(0, |recorded| recorded.keys.len());
        for place in 0..keys as u32 {
            self.recorded_ledger(place, |session, probe, class| {
                session.run_ended(probe, class, now);
            });
        }
    }
}

/// When a session that is stored or renewed at `at` ends by itself.
const fn own_end(request: &Request, at: Time) -> Time {
    if request.ttl.0 == 0 {
        Time::NEVER
    } else {
        at.saturating_add(request.ttl)
    }
}

const fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Hit => Answer::Hit,
        Outcome::Miss => Answer::Miss,
        Outcome::Done | Outcome::NotDone => Answer::Done,
        Outcome::Oom => Answer::Oom,
    }
}

/// Without a cache a request reads its session from the database, and a change is written there.
fn without_cache(kind: RequestKind) -> Queries {
    Queries {
        reads: u8::from(kind != RequestKind::Login),
        writes: u8::from(kind != RequestKind::Read),
    }
}
