//! `[users.session]`: what makes sense together.

mod keys;
mod others;
mod programs;
mod spec;

use crate::scenario::commands::Program;
use crate::scenario::presets::libraries;
use crate::scenario::reader::choice::nearest;
use crate::scenario::reader::key::Key;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::writer::Writer;
use crate::units::{Bytes, Span};

use super::{Encoding, EncodingName, TtlKind};
use keys::{
    BYTES, COOKIE, COOKIE_MAX_AGE, COOKIELESS, EMPTY_BYTES, ENCODING, FIELD_LENGTH, FIELDS,
    FIRST_WRITE, GROWTH, ID_LENGTH, KEY, LIBRARY, LOGIN, LOGOUT, MAX_BYTES, MILLISECOND, MODIFY,
    ON_LOST_SESSION, READ, RESTORE, ROTATION, STALE_COOKIE, STALE_ID, STALE_READ, STALE_WRITE, TTL,
    TTL_KIND, UNTOUCHED, WORK_TIME, WRITES,
};
use programs::Names;

pub(in crate::scenario) use keys::SECTION;
pub(in crate::scenario) use programs::Purpose;
use programs::without_old;
pub use spec::{
    Cookie, CookieKind, Growth, KeyEncoding, KeyScope, KeySpec, LockSpec, OnLockFailure, Rotation,
    SessionPrograms, SessionSpec, StaleCookie, StaleId, Writes,
};

/// Stands for the identifier in a key's pattern.
const ID: &str = "<id>";
const MAX_KEY: usize = 1024;

/// What the programs of a class must agree with.
struct Basis<'a> {
    table: &'a Table<'a>,
    encoding: Option<Encoding>,
    ttl_kind: Option<TtlKind>,
    rotation: Option<Rotation>,
    names: Names<'a>,
}

impl Basis<'_> {
    /// A program, or that of a plain library.
    fn program(&self, key: &Key<Program>, purpose: Purpose) -> Option<Program> {
        let plain = || Some(purpose.program(self.encoding?, self.ttl_kind?, self.rotation?));
        self.program_or(key, purpose, plain)
    }

    fn program_or(
        &self,
        key: &Key<Program>,
        purpose: Purpose,
        otherwise: impl FnOnce() -> Option<Program>,
    ) -> Option<Program> {
        let program = self.table.get_or(key, otherwise)?;
        self.makes_sense(key, purpose, &program).then_some(program)
    }

    fn optional(&self, key: &Key<Program>, purpose: Purpose) -> Result<Option<Program>, Wrong> {
        let program = self.table.get_optional(key)?;
        let sense = |program| self.makes_sense(key, purpose, program);
        let good = program.as_ref().is_none_or(sense);
        good.then_some(program).ok_or(Wrong)
    }

    fn makes_sense(&self, key: &Key<Program>, purpose: Purpose, program: &Program) -> bool {
        let (Some(encoding), Some(ttl_kind)) = (self.encoding, self.ttl_kind) else {
            return false;
        };
        let wrong = programs::wrong_with(program, purpose, encoding, ttl_kind, &self.names);
        let Some((message, hint)) = wrong else {
            return true;
        };
        self.table.problem(key, |problem| Problem {
            message,
            hint: Some(hint),
            ..problem
        });
        false
    }

    fn programs(&self) -> Option<SessionPrograms> {
        let login = self.program(&LOGIN, Purpose::Login);
        let programs = (
            self.program(&COOKIELESS, Purpose::Cookieless),
            self.program_or(&FIRST_WRITE, Purpose::FirstWrite, || {
                login.as_ref().map(without_old)
            }),
            self.program(&READ, Purpose::Read),
            self.program(&MODIFY, Purpose::Modify),
            self.program(&UNTOUCHED, Purpose::Untouched),
            self.program(&LOGOUT, Purpose::Logout),
            self.optional(&STALE_READ, Purpose::StaleRead),
            self.optional(&STALE_WRITE, Purpose::StaleWrite),
            self.program(&RESTORE, Purpose::Restore),
        );
        Some(SessionPrograms {
            cookieless: programs.0?,
            first_write: programs.1?,
            login: login?,
            read: programs.2?,
            modify: programs.3?,
            untouched: programs.4?,
            logout: programs.5?,
            stale_read: programs.6.ok()?,
            stale_write: programs.7.ok()?,
            restore: programs.8?,
        })
    }
}

impl SessionSpec {
    pub(in crate::scenario) fn read(mut table: Table<'_>) -> Option<Self> {
        let library = read_library(&table);
        // Whoever names a library leaves out what it gives.
        table.broken |= library.is_err();
        let key = read_key(&table);
        let id_length = table.get(&ID_LENGTH);
        let encoding = read_encoding(&table);
        let bytes = table.get(&BYTES);
        let empty_bytes = table.get_or(&EMPTY_BYTES, || bytes.clone());
        let growth = read_growth(&table);
        let writes = table.get_or(&WRITES, || {
            Some(match encoding? {
                Encoding::String => Writes::Whole,
                Encoding::Hash { .. } => Writes::Changes,
            })
        });
        let ttl_kind = table.get(&TTL_KIND);
        let ttl = read_ttl(&table, ttl_kind);
        let cookie = read_cookie(&table, ttl, ttl_kind);
        let rotation = table.get(&ROTATION);
        let stale_id = table.get(&STALE_ID);
        let stale_cookie = table.get(&STALE_COOKIE);
        let on_lost_session = table.get_optional(&ON_LOST_SESSION);
        let work_time = table.get(&WORK_TIME);
        let lock = others::read_lock(&table);
        let keys = others::read_keys(&table);
        let names: Vec<(String, bool)> = keys.iter().flatten().map(others::name_of).collect();
        let programs = Basis {
            table: &table,
            encoding,
            ttl_kind,
            rotation,
            names: Names {
                keys: &names,
                lock: !matches!(lock, Ok(None)),
            },
        }
        .programs();
        table.finish();
        Some(Self {
            library: library.ok()?,
            key: key?,
            id_length: id_length?,
            encoding: encoding?,
            bytes: bytes?,
            empty_bytes: empty_bytes?,
            growth: growth.ok()?,
            writes: writes?,
            ttl: ttl?,
            ttl_kind: ttl_kind?,
            cookie: cookie?,
            rotation: rotation?,
            stale_id: stale_id?,
            stale_cookie: stale_cookie?,
            on_lost_session: on_lost_session.ok()?,
            work_time: work_time?,
            lock: lock.ok()?,
            keys: keys?,
            programs: programs?,
        })
    }

    /// Bytes of a key's name.
    pub fn key_length(&self) -> usize {
        self.key.len() - ID.len() + self.id_length as usize
    }

    pub(in crate::scenario) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        if let Some(library) = &self.library {
            out.put(&LIBRARY, library);
        }
        out.put(&KEY, &self.key);
        out.put(&ID_LENGTH, &self.id_length);
        match self.encoding {
            Encoding::String => out.put(&ENCODING, &EncodingName::String),
            Encoding::Hash {
                fields,
                field_length,
            } => {
                out.put(&ENCODING, &EncodingName::Hash);
                out.put(&FIELDS, &fields);
                out.put(&FIELD_LENGTH, &field_length);
            }
        }
        out.put(&BYTES, &self.bytes);
        out.put(&EMPTY_BYTES, &self.empty_bytes);
        if let Some(growth) = &self.growth {
            out.put(&GROWTH, &growth.by);
            out.put(&MAX_BYTES, &growth.most);
        }
        out.put(&WRITES, &self.writes);
        if self.ttl_kind != TtlKind::None {
            out.put(&TTL, &self.ttl);
        }
        out.put(&TTL_KIND, &self.ttl_kind);
        out.put(&COOKIE, &self.cookie.kind);
        if self.cookie.kind != CookieKind::Session {
            out.put(&COOKIE_MAX_AGE, &self.cookie.max_age);
        }
        out.put(&ROTATION, &self.rotation);
        out.put(&STALE_ID, &self.stale_id);
        out.put(&STALE_COOKIE, &self.stale_cookie);
        if let Some(way) = &self.on_lost_session {
            out.put(&ON_LOST_SESSION, way);
        }
        out.put(&WORK_TIME, &self.work_time);
        self.programs.write(out);
        others::write(self.lock.as_ref(), &self.keys, out);
    }
}

impl SessionPrograms {
    fn write(&self, out: &mut Writer) {
        out.put(&COOKIELESS, &self.cookieless);
        out.put(&FIRST_WRITE, &self.first_write);
        out.put(&LOGIN, &self.login);
        out.put(&READ, &self.read);
        out.put(&MODIFY, &self.modify);
        out.put(&UNTOUCHED, &self.untouched);
        out.put(&LOGOUT, &self.logout);
        for (key, program) in [
            (&STALE_READ, &self.stale_read),
            (&STALE_WRITE, &self.stale_write),
        ] {
            if let Some(program) = program {
                out.put(key, program);
            }
        }
        out.put(&RESTORE, &self.restore);
    }
}

/// The library's values have been laid under the table already, if there is such a library.
fn read_library(table: &Table<'_>) -> Result<Option<String>, Wrong> {
    let library = table.get_optional(&LIBRARY)?;
    let Some(name) = &library else {
        return Ok(None);
    };
    if libraries::find(name).is_some() {
        return Ok(library);
    }
    let names = libraries::names();
    let near = nearest(name, &names).map(|near| format!("did you mean `{near}`?"));
    table.problem(&LIBRARY, |problem| Problem {
        message: format!("there is no library `{name}`"),
        label: near.unwrap_or_default(),
        hint: Some("`sessionsim libraries` lists those that are known".to_owned()),
        ..problem
    });
    Err(Wrong)
}

fn read_growth(table: &Table<'_>) -> Result<Option<Growth>, Wrong> {
    let by = table.get_optional(&GROWTH);
    if let Ok(None) = by {
        let hint = "add for example growth = \"200B\"";
        table.refuse(&MAX_BYTES, "sessions do not grow", hint);
        return Ok(None);
    }
    let most = table.get_or(&MAX_BYTES, || Some(Bytes(1 << 20)));
    let growth = by?.zip(most).map(|(by, most)| Growth { by, most });
    growth.map(Some).ok_or(Wrong)
}

fn read_cookie(table: &Table<'_>, ttl: Option<Span>, ttl_kind: Option<TtlKind>) -> Option<Cookie> {
    let kind = table.get(&COOKIE);
    if kind == Some(CookieKind::Session) {
        let hint = "leave it out, or write for example cookie = \"fixed\"";
        table.refuse(&COOKIE_MAX_AGE, "it lives as long as the browser", hint);
        return Some(Cookie {
            kind: CookieKind::Session,
            max_age: Span::ZERO,
        });
    }
    let derived = ttl.filter(|_| ttl_kind.is_some_and(|kind| kind != TtlKind::None));
    let max_age = table.get_or(&COOKIE_MAX_AGE, || derived);
    if max_age.is_none() && ttl_kind == Some(TtlKind::None) && !table.has(&COOKIE_MAX_AGE) {
        table.own_problem(|problem| Problem {
            message: "`cookie_max_age` is missing".to_owned(),
            label: "in [users.session]".to_owned(),
            hint: Some("add for example cookie_max_age = \"30d\"".to_owned()),
            ..problem.missing("cookie_max_age")
        });
    }
    Some(Cookie {
        kind: kind?,
        max_age: max_age?,
    })
}

fn read_key(table: &Table<'_>) -> Option<String> {
    let key = table.get(&KEY)?;
    let wrong = if key.matches(ID).count() != 1 {
        Some(format!("{ID} must stand in it exactly once"))
    } else if key.len() > MAX_KEY {
        Some(format!("it has {} bytes; at most {MAX_KEY}", key.len()))
    } else if key.chars().any(char::is_control) {
        Some("it has control characters".to_owned())
    } else {
        None
    };
    let Some(wrong) = wrong else { return Some(key) };
    table.problem(&KEY, |problem| Problem {
        message: "`key` is no pattern of a key".to_owned(),
        label: wrong,
        hint: Some("write for example \"session:<id>\"".to_owned()),
        ..problem
    });
    None
}

fn read_encoding(table: &Table<'_>) -> Option<Encoding> {
    match table.get(&ENCODING) {
        Some(EncodingName::String) => {
            let hint = "write encoding = \"hash\" to divide the value over fields";
            table.refuse(&FIELDS, "a string has no fields", hint);
            table.refuse(&FIELD_LENGTH, "a string has no fields", hint);
            Some(Encoding::String)
        }
        Some(EncodingName::Hash) => {
            let fields = table.get_or(&FIELDS, || Some(10));
            let field_length = table.get_or(&FIELD_LENGTH, || Some(12));
            let (fields, field_length) = (fields?, field_length?);
            let names = 256u64.checked_pow(field_length).unwrap_or(u64::MAX);
            if names < u64::from(fields) {
                table.problem(&FIELD_LENGTH, |problem| Problem {
                    message: "`field_length` is too short".to_owned(),
                    label: format!("{fields} fields need {fields} different names"),
                    ..problem
                });
                return None;
            }
            Some(Encoding::Hash {
                fields,
                field_length,
            })
        }
        None => {
            table.get_or(&FIELDS, || None);
            table.get_or(&FIELD_LENGTH, || None);
            None
        }
    }
}

fn read_ttl(table: &Table<'_>, kind: Option<TtlKind>) -> Option<Span> {
    let given = table.has(&TTL);
    if kind == Some(TtlKind::None) {
        let hint = "leave `ttl` out, or choose another `ttl_kind`";
        table.refuse(&TTL, "`ttl_kind` is \"none\": sessions never expire", hint);
        return Some(Span::ZERO);
    }
    let ttl = table.get_or(&TTL, || None);
    if !given && kind.is_some() {
        table.own_problem(|problem| Problem {
            message: "`ttl` is missing".to_owned(),
            label: "in [users.session]".to_owned(),
            hint: Some("add for example ttl = \"30m\", or ttl_kind = \"none\"".to_owned()),
            ..problem.missing("ttl")
        });
    }
    let ttl = ttl?;
    if !ttl.0.is_multiple_of(MILLISECOND) {
        table.problem(&TTL, |problem| Problem {
            message: "`ttl` must be whole milliseconds".to_owned(),
            label: "servers count no finer".to_owned(),
            ..problem
        });
        return None;
    }
    Some(ttl)
}
