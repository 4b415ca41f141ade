//! Recorded traffic: each key of a trace is a session.
//!
//! A trace says what was asked for and when, and nothing of who asked. So a key is taken for a
//! guest who is in one long visit: its session begins with its first write that takes, a read that
//! misses what should be there feels its loss, and what is never asked for again is not missed.
//!
//! Rows become requests at their own time, whatever became of those before (an open system). Rows
//! of one millisecond follow each other by a microsecond, in their order. What a request does then
//! is what the recording application did: a read that misses stores what it wanted.

mod books;
mod journey;

use crate::kernel::draws::{DrawRoot, RequestDraws, UserDraws};
use crate::kernel::places::Places;
use crate::kernel::slab::Slab;
use crate::probe::{Probe, RequestKind, SessionSeen};
use crate::scenario::commands::CommandName;
use crate::scenario::traffic::TraceSpec;
use crate::scenario::users::Encoding;
use crate::session::Session;
use crate::store::keyspace::ShapeId;
use crate::store::node::Node;
use crate::store::slots::hash_slot;
use crate::traffic::trace::{Operation, Row};
use crate::units::{Span, Time};

use super::World;
use super::build::{register, shape};
use super::event::Event;
use super::owners::RECORDED;

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
    /// What draws are keyed by: the same, but for copies of classes.
    key: u32,
    root: DrawRoot,
    /// Sessions that live.
    pub(super) live_sessions: u64,
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
    /// The traffic that `rows` say, as class number `class`, whose draws are keyed by `key`.
    pub(super) fn new(
        trace: &TraceSpec,
        rows: Rows,
        (class, key): (u16, u32),
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
            key,
            root,
            live_sessions: 0,
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
        self.root.user(self.key, number)
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
}
