//! What only some classes have: side tables beside users and requests, touched by nobody else.
//!
//! A visitor whose library has a lock, other keys, a cookie that ends by itself, or whose requests
//! are followed in the order in which they read and write, has a [`Side`]; a request on its way,
//! an [`Errand`]. Both lie at the same place as the record they belong to.

use crate::kernel::quantiles::Quantiles;
use crate::scenario::database::OnLostSession;
use crate::scenario::users::{
    Cookie, CookieKind, KeyEncoding, KeyScope, KeySpec, Rotation, SessionSpec, StaleCookie,
    StaleId, Writes,
};
use crate::session::NO_KEY;
use crate::store::keyspace::{Shape, ShapeId, ShapeKind};
use crate::store::node::Node;
use crate::units::{Span, Time};

use super::build::register;
use super::key_pattern::KeyPattern;

/// Most keys of a session beside its own, the lock among them.
const KEYS: usize = 5;
/// The place of the lock among them.
pub(super) const LOCK: usize = KEYS - 1;

/// A key, and the node it lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyAt {
    pub(super) key: u32,
    pub(super) node: u16,
}

impl KeyAt {
    pub(super) const NONE: Self = Self {
        key: NO_KEY,
        node: 0,
    };

    pub(super) fn is_none(self) -> bool {
        self.key == NO_KEY
    }
}

/// Which changes a value holds: of the last 32, bit by bit, the latest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes {
    number: u32,
    held: u32,
}

impl Changes {
    /// The value becomes what a request makes of `read`, with a change of its own or without; or,
    /// with `merges`, it keeps what it holds. Returns how many changes are overwritten by that.
    pub(super) fn written(&mut self, read: Self, merges: bool, changes: bool) -> u32 {
        let behind = self.number.wrapping_sub(read.number);
        let known = read.held.checked_shl(behind).unwrap_or(0);
        let lost = if merges { 0 } else { self.held & !known };
        self.held &= !lost;
        if changes {
            self.number = self.number.wrapping_add(1);
            self.held = self.held << 1 | 1;
        }
        lost.count_ones()
    }
}

/// Beside a visitor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// When the browser drops the cookie.
    pub(super) cookie_end: Time,
    /// Other keys of the session by their places, and the lock.
    pub(super) keys: [KeyAt; KEYS],
    /// The request that took the lock last.
    pub(super) holder: u32,
    /// What the session's value holds.
    pub(super) changes: Changes,
    /// The minute in whose key the session is a member.
    pub(super) minute: u64,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            cookie_end: Time::NEVER,
            keys: [KeyAt::NONE; KEYS],
            holder: u32::MAX,
            changes: Changes::default(),
            minute: NO_MINUTE,
        }
    }
}

/// No minute.
pub(super) const NO_MINUTE: u64 = u64::MAX;

/// Beside a request.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about one request"
)]
pub(super) struct Errand {
    /// The key of the session before.
    pub(super) old: KeyAt,
    /// What the value held when the request read it.
    pub(super) read: Changes,
    /// Whether it has read it.
    pub(super) has_read: bool,
    /// Whether the change it makes is written.
    pub(super) has_changed: bool,
    /// How often the lock was tried.
    pub(super) tries: u32,
    /// Whether it holds the lock, unless that has expired.
    pub(super) holds: bool,
    /// Whether what it would write is dropped, since it did not get the lock.
    pub(super) drops: bool,
}

impl Default for Errand {
    fn default() -> Self {
        Self {
            old: KeyAt::NONE,
            read: Changes::default(),
            has_read: false,
            has_changed: false,
            tries: 0,
            holds: false,
            drops: false,
        }
    }
}

/// Records beside those of a slab.
#[derive(Debug)]
pub(super) struct Beside<T>(Vec<T>);

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Default> Beside<T> {
    /// The record beside that at `place`.
    pub(super) fn at(&mut self, place: u32) -> &mut T {
        let place = place as usize;
        if place >= self.0.len() {
            self.0.resize(place + 1, T::default());
        }
        &mut self.0[place]
    }

    /// Forgets what stood there.
    pub(super) fn clear(&mut self, place: u32) {
        if let Some(record) = self.0.get_mut(place as usize) {
            *record = T::default();
        }
    }
}

/// Another key of a class's sessions.
#[derive(Clone, Debug)]
pub(super) struct OtherKey {
    pub(super) pattern: KeyPattern,
    pub(super) shape: ShapeId,
    pub(super) scope: KeyScope,
    /// Of the value, or of a member.
    pub(super) bytes: u32,
}

/// The lock of a class's sessions.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub(super) key: OtherKey,
    pub(super) tries: u32,
    pub(super) wait: Span,
    pub(super) on_failure: crate::scenario::users::OnLockFailure,
}

/// What a library does beyond its commands.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    pub(super) empty_bytes: Quantiles,
    /// What a change adds, and up to where.
    pub(super) growth: Option<(Quantiles, u32)>,
    pub(super) writes: Writes,
    pub(super) cookie: Cookie,
    pub(super) rotation: Rotation,
    pub(super) stale_id: StaleId,
    pub(super) stale_cookie: StaleCookie,
    /// Whether it says what becomes of a stale cookie; by whether the request changes something.
    pub(super) stale: [bool; 2],
    /// Whether lost sessions are restored from the database.
    pub(super) restores: bool,
    /// How long the application works on a request.
    pub(super) work: Option<Quantiles>,
    pub(super) lock: Option<Lock>,
    pub(super) others: Vec<OtherKey>,
}

impl Manners {
    pub(super) fn new(
        session: &SessionSpec,
        on_lost_session: OnLostSession,
        nodes: &mut [Node],
    ) -> Self {
        let id_length = session.id_length as usize;
        let others = session
            .keys
            .iter()
            .map(|key| {
                let kind = kind_of(key);
                other_key(&key.key, key.scope(), id_length, kind, key.bytes.0, nodes)
            })
            .collect();
        let lock = session.lock.as_ref().map(|lock| Lock {
            key: other_key(
                &lock.key,
                KeyScope::Session,
                id_length,
                ShapeKind::String,
                LOCK_BYTES,
                nodes,
            ),
            tries: lock.tries,
            wait: lock.wait,
            on_failure: lock.on_failure,
        });
        Self {
            empty_bytes: Quantiles::new(&session.empty_bytes),
            growth: session
                .growth
                .as_ref()
                .map(|growth| (Quantiles::new(&growth.by), growth.most.0 as u32)),
            writes: session.writes,
            cookie: session.cookie,
            rotation: session.rotation,
            stale_id: session.stale_id,
            stale_cookie: session.stale_cookie,
            stale: [
                session.programs.stale_read.is_some(),
                session.programs.stale_write.is_some(),
            ],
            restores: session.on_lost_session.unwrap_or(on_lost_session) == OnLostSession::Restore,
            work: (session.work_time.mean() > 0.0).then(|| Quantiles::new(&session.work_time)),
            lock,
            others,
        }
    }

    /// Whether requests have to be prepared before they are sent.
    pub(super) fn prepare(&self) -> bool {
        self.cookie.kind != CookieKind::Session
            || self.growth.is_some()
            || self.work.is_some()
            || self.lock.is_some()
            || !self.others.is_empty()
    }
}

/// Bytes of a lock's value: a random number, or the name of its holder.
const LOCK_BYTES: u64 = 32;

/// How another key is stored.
pub(super) fn kind_of(key: &KeySpec) -> ShapeKind {
    match key.encoding {
        KeyEncoding::String => ShapeKind::String,
        KeyEncoding::Set => ShapeKind::Set {
            member: key.bytes.0.max(1) as u32,
        },
    }
}

/// The shape of the name of another key, with identifiers of `id_length` bytes.
pub(super) fn pattern_of(pattern: &str, scope: KeyScope, id_length: usize) -> KeyPattern {
    let length = match scope {
        KeyScope::Session => id_length,
        // A number of the database, and milliseconds since 1970.
        KeyScope::User => 8,
        KeyScope::Minute => 13,
    };
    KeyPattern::new(&pattern.replace(scope.placeholder(), "<id>"), length)
}

fn other_key(
    pattern: &str,
    scope: KeyScope,
    id_length: usize,
    kind: ShapeKind,
    bytes: u64,
    nodes: &mut [Node],
) -> OtherKey {
    let pattern = pattern_of(pattern, scope, id_length);
    let shape = Shape {
        key_length: pattern.len() as u32,
        kind,
    };
    OtherKey {
        shape: register(shape, nodes),
        pattern,
        scope,
        bytes: bytes as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against sets of changes, each with a number of its own.
    #[test]
    fn what_is_overwritten_is_what_the_reader_had_not_seen() {
        let mut value = Changes::default();
        let before = value;
        assert_eq!(value.written(before, false, true), 0);
        let with_one = value;
        // Two that had both read the empty value.
        assert_eq!(value.written(before, false, true), 1);
        let with_other = value;
        // Whoever read the first and not the second loses the second and brings back the first.
        assert_eq!(value.written(with_one, false, true), 1);
        // A read-only request that rewrites what it had read.
        assert_eq!(value.written(with_other, false, false), 1);
        assert_eq!(value.written(value, false, true), 0);
        assert_eq!(value.written(before, true, true), 0);
        // Beyond 32 changes nothing is known.
        for _ in 0..40 {
            assert_eq!(value.written(value, false, true), 0);
        }
        assert_eq!(value.written(before, false, true), 32);
    }
}
