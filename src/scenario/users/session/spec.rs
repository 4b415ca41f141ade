//! What `[users.session]` says, as types.

use crate::kernel::quantiles::Distribution;
use crate::scenario::commands::Program;
use crate::scenario::database::OnLostSession;
use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::units::{Bytes, Span};

use super::Encoding;
use crate::scenario::users::TtlKind;

/// `[users.session]`: what a session is in the store, and what the library does with it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSpec {
    /// The library whose profile the other values come from, where they are not given.
    pub library: Option<String>,
    /// Pattern of the key; `<id>` stands for the session's identifier. A hash tag (`{...}`) is
    /// honoured.
    pub key: String,
    /// Length of the identifier in bytes (hexadecimal digits), 8 to 64.
    pub id_length: u32,
    /// How it is stored.
    pub encoding: Encoding,
    /// Bytes of the value, drawn once a session.
    pub bytes: Distribution<Bytes>,
    /// Likewise of a session with nothing in it, as some libraries store them for everybody.
    pub empty_bytes: Distribution<Bytes>,
    /// Bytes that each change adds; `None` if sessions do not grow.
    pub growth: Option<Growth>,
    /// What a change stores.
    pub writes: Writes,
    /// Time to live; zero exactly when `ttl_kind` is `None`.
    pub ttl: Span,
    /// What renews it.
    pub ttl_kind: TtlKind,
    /// How long the browser keeps the cookie.
    pub cookie: Cookie,
    /// What a login does with the session that the user had before.
    pub rotation: Rotation,
    /// Under which identifier a session is stored whose cookie outlived it.
    pub stale_id: StaleId,
    /// What becomes of such a cookie if nothing is stored.
    pub stale_cookie: StaleCookie,
    /// What happens to a user whose session is gone; `None` for what `[database]` says.
    pub on_lost_session: Option<OnLostSession>,
    /// How long the application works between reading the session and what follows.
    pub work_time: Distribution<Span>,
    /// The lock that keeps requests of one session apart, if the library has one.
    pub lock: Option<LockSpec>,
    /// Keys of a session beside its own.
    pub keys: Vec<KeySpec>,
    /// What the library does, by kind of request.
    pub programs: SessionPrograms,
}

/// The programs of a library.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPrograms {
    /// Of a request without a cookie that stores nothing by itself.
    pub cookieless: Program,
    /// Of a visitor's first request that stores something.
    pub first_write: Program,
    /// Of a login: stores the session.
    pub login: Program,
    /// Of a request that only reads the session.
    pub read: Program,
    /// Of a request that changes it.
    pub modify: Program,
    /// Of a request with a cookie that does not touch the session.
    pub untouched: Program,
    /// Of a logout.
    pub logout: Program,
    /// What follows a read that found nothing; `None` if the application begins a new session by
    /// a request of its own.
    pub stale_read: Option<Program>,
    /// Likewise of a change.
    pub stale_write: Option<Program>,
    /// Stores a session read back from the database.
    pub restore: Program,
}

/// How sessions grow.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Bytes that a change adds.
    pub by: Distribution<Bytes>,
    /// Bytes beyond which nothing is added.
    pub most: Bytes,
}

/// What a change stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// The whole session as the request had read it.
    Whole,
    /// What the request changed, and nothing else.
    Changes,
}

/// What a cookie's life counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieKind {
    /// It lives as long as the browser, which is taken to outlive the run.
    Session,
    /// From the session's creation.
    Fixed,
    /// From the last change.
    RefreshOnWrite,
    /// From the last request.
    RefreshAlways,
}

/// How long a browser keeps the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// What its life counts from.
    pub kind: CookieKind,
    /// How long it lives; zero exactly for [`CookieKind::Session`].
    pub max_age: Span,
}

/// What a login does with the session that the user had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The session gets a new key and the old one is deleted.
    DeleteOld,
    /// The old key is renamed.
    Rename,
    /// The session gets a new key and the old one stays.
    Leak,
    /// The session keeps its key.
    None,
}

/// Under which identifier a session is stored whose cookie outlived it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleId {
    /// A new one.
    New,
    /// The one that the browser sent.
    Same,
}

/// What becomes of a cookie whose session is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleCookie {
    /// It stays with the browser.
    Keep,
    /// The answer deletes it.
    Drop,
}

/// What a request does that did not get the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLockFailure {
    /// Goes on as if it had it.
    GoOn,
    /// Reads, and what it would write is dropped.
    DropWrites,
    /// Goes on without the session.
    Fail,
}

/// `[users.session.lock]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LockSpec {
    /// Pattern of its key.
    pub key: String,
    /// Its time to live.
    pub ttl: Span,
    /// How often it is tried; 0 for without end.
    pub tries: u32,
    /// From one try to the next.
    pub wait: Span,
    /// What happens when all tries failed.
    pub on_failure: OnLockFailure,
}

/// How another key of a session is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// As a string.
    String,
    /// As a set, to which each session adds a member.
    Set,
}

/// One of `[[users.session.keys]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySpec {
    /// How steps name it.
    pub name: String,
    /// Pattern of the key: with `<id>` each session has one, with `<user>` each user, and with
    /// `<minute>` all sessions of the class that end within a minute share one.
    pub key: String,
    /// How it is stored.
    pub encoding: KeyEncoding,
    /// Bytes of its value, or of a member.
    pub bytes: Bytes,
    /// Its time to live; `None` if it never expires.
    pub ttl: Option<Span>,
}

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// A session's.
    Session,
    /// A user's.
    User,
    /// That of all sessions of the class that end within a minute.
    Minute,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Session, Self::User, Self::Minute];

    /// What stands for it in a pattern.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Session => "<id>",
            Self::User => "<user>",
            Self::Minute => "<minute>",
        }
    }
}

impl KeySpec {
    /// Whose it is.
    pub fn scope(&self) -> KeyScope {
        let named = |scope: &KeyScope| self.key.contains(scope.placeholder());
        KeyScope::ALL
            .into_iter()
            .find(named)
            .unwrap_or(KeyScope::Session)
    }
}

impl SessionSpec {
    /// How many kinds of keys its sessions have, the lock among them.
    pub const fn kinds_of_keys(&self) -> usize {
        1 + self.keys.len() + self.lock.is_some() as usize
    }
}

impl Choice for Writes {
    const WHAT: &'static str = "a way to write";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("whole", Self::Whole), ("changes", Self::Changes)];
}

impl Choice for CookieKind {
    const WHAT: &'static str = "a kind of cookie";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("session", Self::Session),
        ("fixed", Self::Fixed),
        ("refresh-on-write", Self::RefreshOnWrite),
        ("refresh-always", Self::RefreshAlways),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("rolling", "refresh-always"),
        ("sliding", "refresh-always"),
        ("always", "refresh-always"),
        ("persistent", "fixed"),
        ("absolute", "fixed"),
    ];
}

impl Choice for Rotation {
    const WHAT: &'static str = "a way to rotate";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("delete-old", Self::DeleteOld),
        ("rename", Self::Rename),
        ("leak", Self::Leak),
        ("none", Self::None),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("regenerate", "delete-old"),
        ("delete", "delete-old"),
        ("keep", "none"),
    ];
}

impl Choice for StaleId {
    const WHAT: &'static str = "an identifier";
    const CHOICES: &'static [(&'static str, Self)] = &[("new", Self::New), ("same", Self::Same)];
}

impl Choice for StaleCookie {
    const WHAT: &'static str = "a way with cookies";
    const CHOICES: &'static [(&'static str, Self)] = &[("keep", Self::Keep), ("drop", Self::Drop)];
}

impl Choice for OnLockFailure {
    const WHAT: &'static str = "a way to go on";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("go-on", Self::GoOn),
        ("drop-writes", Self::DropWrites),
        ("fail", Self::Fail),
    ];
}

impl Choice for KeyEncoding {
    const WHAT: &'static str = "an encoding";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("string", Self::String), ("set", Self::Set)];
}

choice_is_value!(
    Writes,
    CookieKind,
    Rotation,
    StaleId,
    StaleCookie,
    OnLockFailure,
    KeyEncoding
);
