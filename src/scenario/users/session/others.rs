//! `[users.session.lock]` and `[[users.session.keys]]`: what a session has beside its own key.

use std::collections::BTreeSet;

use crate::scenario::reader::key::{Key, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::writer::Writer;
use crate::units::{Bytes, Span};

use super::keys::{MAX_TTL, MAX_VALUE, MILLISECOND};
use super::spec::{KeyEncoding, KeyScope, KeySpec, LockSpec, OnLockFailure};
use crate::scenario::commands::StepKey;

/// Most keys of a session beside its own.
pub(in crate::scenario) const MAX_KEYS: usize = 4;
const MAX_KEY: usize = 1024;

const LOCK_KEY: Key<String> = Key::built_in(
    "key",
    "\"lock:<id>\"",
    "a usual prefix",
    "Pattern of the lock's key; <id> stands for the session's identifier.",
)
.called(&["key_pattern", "prefix"]);

const LOCK_TTL: Key<Span> = Key::built_in(
    "ttl",
    "\"30s\"",
    "as phpredis has it, after PHP's max_execution_time",
    "Time to live of the lock: whoever holds it longer has lost it.",
)
.between(MILLISECOND, MAX_TTL)
.called(&["expire", "timeout"]);

const LOCK_TRIES: Key<u32> = Key::built_in(
    "tries",
    "10",
    "as phpredis 5.3 has it",
    "How often the lock is tried; 0 for without end.",
)
.between(0, 1_000_000)
.called(&["retries", "attempts"]);

const LOCK_WAIT: Key<Span> = Key::built_in(
    "wait",
    "\"2ms\"",
    "as phpredis 5.3 has it",
    "From one try to the next.",
)
.between(100_000, 3_600_000_000_000)
.called(&["wait_time", "retry_delay"]);

const LOCK_ON_FAILURE: Key<OnLockFailure> = Key::built_in(
    "on_failure",
    "\"drop-writes\"",
    "what phpredis does",
    "What a request does when all tries failed: \"go-on\" as if it had the lock, \"drop-writes\", or \
     \"fail\" and go on without the session.",
)
.called(&["on_fail"]);

/// `[users.session.lock]` with its keys.
pub(in crate::scenario) const LOCK_SECTION: Section = Section {
    path: "users.session.lock",
    repeated: false,
    help: "The lock that keeps parallel requests of one session apart; steps name it \"lock\".",
    keys: &[
        LOCK_KEY.info(),
        LOCK_TTL.info(),
        LOCK_TRIES.info(),
        LOCK_WAIT.info(),
        LOCK_ON_FAILURE.info(),
    ],
    sections: &[],
    not_yet: &[],
};

const NAME: Key<String> = Key::required("name", "\"index\"", "How steps name the key.");

const KEY: Key<String> = Key::required(
    "key",
    "\"session:expires:<id>\"",
    "Pattern of the key: with <id> each session has one, with <user> each user, and with <minute> \
     all sessions of the class that end within a minute share one.",
)
.called(&["key_pattern", "prefix"]);

const ENCODING: Key<KeyEncoding> = Key::built_in(
    "encoding",
    "\"string\"",
    "the simplest",
    "How it is stored: as a \"string\", or as a \"set\" to which sessions add members.",
)
.called(&["type"]);

const BYTES: Key<Bytes> = Key::required("bytes", "\"36B\"", "Size of its value, or of a member.")
    .between(0, MAX_VALUE)
    .called(&["size"]);

const TTL: Key<Span> = Key::optional("ttl", "it never expires", "Its time to live.")
    .between(MILLISECOND, MAX_TTL)
    .called(&["timeout", "expire"]);

/// `[[users.session.keys]]` with its keys.
pub(in crate::scenario) const KEYS_SECTION: Section = Section {
    path: "users.session.keys",
    repeated: true,
    help: "A key that a session has beside its own; steps name it by its `name`.",
    keys: &[
        NAME.info(),
        KEY.info(),
        ENCODING.info(),
        BYTES.info(),
        TTL.info(),
    ],
    sections: &[],
    not_yet: &[],
};

/// The lock, if there is one.
pub(super) fn read_lock(table: &Table<'_>) -> Result<Option<LockSpec>, Wrong> {
    let table = table.optional_section(&LOCK_SECTION);
    let Some(table) = table else {
        return Ok(None);
    };
    let lock = read_lock_table(&table);
    table.finish();
    lock.map(Some).ok_or(Wrong)
}

fn read_lock_table(table: &Table<'_>) -> Option<LockSpec> {
    let key = read_pattern(table, &LOCK_KEY, &[KeyScope::Session]);
    let read = (
        table.get(&LOCK_TTL),
        table.get(&LOCK_TRIES),
        table.get(&LOCK_WAIT),
        table.get(&LOCK_ON_FAILURE),
    );
    Some(LockSpec {
        key: key?,
        ttl: read.0?,
        tries: read.1?,
        wait: read.2?,
        on_failure: read.3?,
    })
}

/// The other keys; `None` if something is wrong with one.
pub(super) fn read_keys(table: &Table<'_>) -> Option<Vec<KeySpec>> {
    let tables = table.sections(&KEYS_SECTION);
    if tables.len() > MAX_KEYS {
        table.own_problem(|problem| Problem {
            message: format!("a session has {} keys beside its own", tables.len()),
            label: format!("at most {MAX_KEYS}"),
            ..problem
        });
        return None;
    }
    let mut names = BTreeSet::new();
    let keys: Vec<Option<KeySpec>> = tables
        .into_iter()
        .map(|table| {
            let name = read_name(&table, &mut names);
            let key = read_pattern(&table, &KEY, &KeyScope::ALL);
            let encoding = table.get(&ENCODING);
            let bytes = table.get(&BYTES);
            let ttl = table.get_optional(&TTL);
            table.finish();
            Some(KeySpec {
                name: name?,
                key: key?,
                encoding: encoding?,
                bytes: bytes?,
                ttl: ttl.ok()?,
            })
        })
        .collect();
    keys.into_iter().collect()
}

fn read_name(table: &Table<'_>, names: &mut BTreeSet<String>) -> Option<String> {
    let name = table.get(&NAME)?;
    let label = if StepKey::RESERVED.contains(&name.as_str()) {
        "this word means something else in a step"
    } else if !crate::scenario::is_plain_name(&name) {
        "1 to 64 letters, digits, - or _, beginning with a letter or digit"
    } else if names.insert(name.clone()) {
        return Some(name);
    } else {
        "an earlier key has this name"
    };
    table.problem(&NAME, |problem| Problem {
        message: format!("`{name}` cannot name a key"),
        label: label.to_owned(),
        ..problem
    });
    None
}

fn read_pattern(table: &Table<'_>, key: &Key<String>, scopes: &[KeyScope]) -> Option<String> {
    let pattern = table.get(key)?;
    let placeholders: usize = scopes
        .iter()
        .map(|scope| pattern.matches(scope.placeholder()).count())
        .sum();
    let words: Vec<&str> = scopes.iter().map(|scope| scope.placeholder()).collect();
    let wrong = if placeholders != 1 {
        let words = words.join(" or ");
        format!("{words} must stand in it exactly once")
    } else if pattern.len() > MAX_KEY {
        format!("it has {} bytes; at most {MAX_KEY}", pattern.len())
    } else if pattern.chars().any(char::is_control) {
        "it has control characters".to_owned()
    } else {
        return Some(pattern);
    };
    table.problem(key, |problem| Problem {
        message: "`key` is no pattern of a key".to_owned(),
        label: wrong,
        hint: Some("write for example \"session:lock:<id>\"".to_owned()),
        ..problem
    });
    None
}

/// The name of a key, and whether it is a set.
pub(super) fn name_of(key: &KeySpec) -> (String, bool) {
    (key.name.clone(), key.encoding == KeyEncoding::Set)
}

pub(super) fn write(lock: Option<&LockSpec>, keys: &[KeySpec], out: &mut Writer) {
    if let Some(lock) = lock {
        out.section(&LOCK_SECTION);
        out.put(&LOCK_KEY, &lock.key);
        out.put(&LOCK_TTL, &lock.ttl);
        out.put(&LOCK_TRIES, &lock.tries);
        out.put(&LOCK_WAIT, &lock.wait);
        out.put(&LOCK_ON_FAILURE, &lock.on_failure);
    }
    for key in keys {
        out.section(&KEYS_SECTION);
        out.put(&NAME, &key.name);
        out.put(&KEY, &key.key);
        out.put(&ENCODING, &key.encoding);
        out.put(&BYTES, &key.bytes);
        if let Some(ttl) = &key.ttl {
            out.put(&TTL, ttl);
        }
    }
}
