//! The keys of `[users.session]` with their defaults.

use crate::kernel::quantiles::Distribution;
use crate::scenario::commands::Program;
use crate::scenario::database::OnLostSession;
use crate::scenario::reader::key::{Key, Section};
use crate::scenario::users::{EncodingName, TtlKind};
use crate::units::{Bytes, Span};

use super::others;
use super::spec::{CookieKind, Rotation, StaleCookie, StaleId, Writes};

pub(super) const MILLISECOND: u64 = 1_000_000;
/// 100 years, the longest span there is.
pub(super) const MAX_TTL: u64 = 36_500 * 86_400_000_000_000;
/// `proto-max-bulk-len`: no value is longer (AWS: not modifiable; upstream default).
pub(super) const MAX_VALUE: u64 = 512 << 20;
/// An hour: no request takes longer.
const MAX_WORK: u64 = 3_600_000_000_000;

pub(super) const KEY: Key<String> = Key::built_in(
    "key",
    "\"session:<id>\"",
    "a usual prefix; its length is part of a session's memory",
    "Pattern of the session's key; <id> stands for its identifier. A hash tag ({...}) is honoured.",
)
.called(&["key_pattern", "prefix", "key_prefix"]);

pub(super) const ID_LENGTH: Key<u32> = Key::built_in(
    "id_length",
    "32",
    "as express-session and many others have it",
    "Length of the identifier in hexadecimal digits.",
)
.between(8, 64);

pub(super) const ENCODING: Key<EncodingName> = Key::built_in(
    "encoding",
    "\"string\"",
    "most libraries store one string",
    "How the session is stored: as one \"string\", or as a \"hash\" over whose fields the value is \
     divided evenly.",
)
.called(&["type", "data_type", "kind"]);

pub(super) const FIELDS: Key<u32> = Key::derived(
    "fields",
    "10 for a hash (assumed)",
    "Number of fields of a hash.",
)
.between(1, 100_000);

pub(super) const FIELD_LENGTH: Key<u32> = Key::derived(
    "field_length",
    "12 for a hash (assumed)",
    "Length of the name of a field of a hash, in bytes.",
)
.between(1, 1024);

pub(super) const BYTES: Key<Distribution<Bytes>> = Key::required(
    "bytes",
    "\"2KB\"",
    "Size of the session's value, drawn once for each session.",
)
.between(1, MAX_VALUE)
.called(&["size", "value", "value_size", "value_bytes"]);

pub(super) const TTL: Key<Span> = Key::derived(
    "ttl",
    "must be given unless `ttl_kind` is \"none\"",
    "Time to live, in whole milliseconds.",
)
.between(MILLISECOND, MAX_TTL)
.called(&["timeout", "expiry", "expire", "expires", "max_age"]);

pub(super) const TTL_KIND: Key<TtlKind> = Key::built_in(
    "ttl_kind",
    "\"sliding\"",
    "what most session libraries do",
    "What the time to live counts from: \"sliding\" from the last request, \"from-write\" from the \
     last change, \"absolute\" from the login; \"none\": the session never expires.",
)
.called(&["ttl_mode", "expiration", "sliding"]);

pub(super) const LIBRARY: Key<String> = Key::optional(
    "library",
    "all values are given here, or are those of a plain library",
    "Session library whose profile fills in all that is not given here; `sessionsim libraries` \
     lists them.",
)
.called(&["profile", "preset", "client_library"]);

pub(super) const EMPTY_BYTES: Key<Distribution<Bytes>> = Key::derived(
    "empty_bytes",
    "as `bytes`",
    "Size of a session with nothing in it, as some libraries store one for every visitor.",
)
.between(0, MAX_VALUE)
.called(&["bytes_empty", "initial_bytes"]);

pub(super) const GROWTH: Key<Distribution<Bytes>> = Key::optional(
    "growth",
    "sessions keep their size",
    "Bytes that each change adds to the value: a cart.",
)
.between(0, MAX_VALUE)
.called(&["grows", "growth_bytes"]);

pub(super) const MAX_BYTES: Key<Bytes> = Key::derived(
    "max_bytes",
    "with `growth`: 1 MiB (assumed)",
    "Size beyond which a session does not grow.",
)
.between(1, MAX_VALUE)
.called(&["max_size"]);

pub(super) const WRITES: Key<Writes> = Key::derived(
    "writes",
    "\"whole\"; of a hash \"changes\"",
    "What a change stores: the \"whole\" session as it was read, so that of two parallel requests \
     the later overwrites the earlier, or only the \"changes\".",
);

pub(super) const COOKIE: Key<CookieKind> = Key::built_in(
    "cookie",
    "\"session\"",
    "what most session libraries set",
    "What the life of the browser's cookie counts from: \"session\" lives as long as the browser, \
     \"fixed\" counts from the session's creation, \"refresh-on-write\" from the last change, \
     \"refresh-always\" from the last request.",
)
.called(&["cookie_kind", "cookie_refresh"]);

pub(super) const COOKIE_MAX_AGE: Key<Span> = Key::derived(
    "cookie_max_age",
    "as `ttl`; a cookie of the browser's session has none",
    "How long the browser keeps the cookie. Whoever comes back later has lost the session, though \
     its key lives on.",
)
.between(1, MAX_TTL)
.called(&["cookie_age", "cookie_ttl", "cookie_lifetime"]);

pub(super) const ROTATION: Key<Rotation> = Key::built_in(
    "rotation",
    "\"delete-old\"",
    "what libraries do against session fixation",
    "What a login does with the session that a guest had before: \"delete-old\", \"rename\", \"leak\" \
     (the old key stays), or \"none\" (the session keeps its key). What it sends says `login`.",
)
.called(&["id_rotation", "regenerate"]);

pub(super) const STALE_ID: Key<StaleId> = Key::built_in(
    "stale_id",
    "\"new\"",
    "what libraries do against session fixation",
    "With `stale_read` and `stale_write`: whether they store a session under a \"new\" identifier, \
     or under the \"same\" one that the browser sent.",
);

pub(super) const STALE_COOKIE: Key<StaleCookie> = Key::built_in(
    "stale_cookie",
    "\"keep\"",
    "most libraries do not say a word",
    "With `stale_read` and `stale_write` that store nothing: whether the browser is to \"keep\" the \
     cookie whose session is gone, or to \"drop\" it.",
);

pub(super) const ON_LOST_SESSION: Key<OnLostSession> = Key::optional(
    "on_lost_session",
    "what [database] says",
    "What happens to a user of this class whose session is gone: \"restore\" or \"login\".",
)
.called(&["on_miss", "on_lost"]);

pub(super) const WORK_TIME: Key<Distribution<Span>> = Key::built_in(
    "work_time",
    "\"0ms\"",
    "the simplest: a request is its commands",
    "How long the application works on a request in a session (no login, no logout) between reading \
     it and what follows; a lock is held meanwhile.",
)
.between(0, MAX_WORK)
.called(&["app_time", "processing_time"]);

pub(super) const COOKIELESS: Key<Program> = Key::derived(
    "cookieless",
    "nothing",
    "Commands of a request without a cookie that stores nothing by itself (bots, health checks). If \
     they store something, each such request leaves a session behind.",
)
.called(&["hit", "anonymous"]);

pub(super) const FIRST_WRITE: Key<Program> = Key::derived(
    "first_write",
    "as `login`, but for steps on an old key",
    "Commands of a visitor's first request that stores something: a guest's session begins.",
)
.called(&["create"]);

pub(super) const LOGIN: Key<Program> = Key::derived(
    "login",
    "SET; of a hash HSET, and EXPIRE if there is a TTL; DEL of the old key",
    "Commands of a login: they store the session. Steps on the \"old\" key are taken if the user \
     had a session as a guest.",
);

pub(super) const READ: Key<Program> = Key::derived(
    "read",
    "GET or HGETALL, and EXPIRE if the TTL is sliding",
    "Commands of a request that only reads the session.",
);

pub(super) const MODIFY: Key<Program> = Key::derived(
    "modify",
    "GET and SET; of a hash HGETALL and HSET, and EXPIRE if the TTL is sliding or from-write",
    "Commands of a request that changes the session.",
)
.called(&["write", "update"]);

pub(super) const UNTOUCHED: Key<Program> = Key::derived(
    "untouched",
    "nothing",
    "Commands of a request with a cookie that does not touch the session.",
);

pub(super) const LOGOUT: Key<Program> = Key::derived("logout", "DEL", "Commands of a logout.");

pub(super) const STALE_READ: Key<Program> = Key::optional(
    "stale_read",
    "the user logs in again, or a guest's session begins afresh, by a request of its own",
    "Commands behind those of `read` when it has found nothing. If they store something, the \
     visitor has a new session; if not, a guest has none until the next change.",
);

pub(super) const STALE_WRITE: Key<Program> = Key::optional(
    "stale_write",
    "the user logs in again, or a guest's session begins afresh, by a request of its own",
    "Likewise behind those of `modify`.",
);

pub(super) const RESTORE: Key<Program> = Key::derived(
    "restore",
    "as a plain library stores a session",
    "Commands that store a session again that was read back from the database.",
);

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "users.session",
    repeated: false,
    help: "What a session is in the store, and what the library does with it.",
    keys: &[
        LIBRARY.info(),
        KEY.info(),
        ID_LENGTH.info(),
        ENCODING.info(),
        FIELDS.info(),
        FIELD_LENGTH.info(),
        BYTES.info(),
        EMPTY_BYTES.info(),
        GROWTH.info(),
        MAX_BYTES.info(),
        WRITES.info(),
        TTL.info(),
        TTL_KIND.info(),
        COOKIE.info(),
        COOKIE_MAX_AGE.info(),
        ROTATION.info(),
        STALE_ID.info(),
        STALE_COOKIE.info(),
        ON_LOST_SESSION.info(),
        WORK_TIME.info(),
        COOKIELESS.info(),
        FIRST_WRITE.info(),
        LOGIN.info(),
        READ.info(),
        MODIFY.info(),
        UNTOUCHED.info(),
        LOGOUT.info(),
        STALE_READ.info(),
        STALE_WRITE.info(),
        RESTORE.info(),
    ],
    sections: &[&others::LOCK_SECTION, &others::KEYS_SECTION],
    not_yet: &["compression"],
};
