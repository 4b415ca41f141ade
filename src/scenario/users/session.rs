//! The keys of `[users.session]`, their defaults, and what makes sense together.

use crate::kernel::quantiles::Distribution;
use crate::scenario::commands::{CommandName, Program, Step, When};
use crate::scenario::reader::key::{Key, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::writer::Writer;
use crate::units::{Bytes, Span};

use super::{Encoding, EncodingName, SessionSpec, TtlKind};

/// Stands for the identifier in a key's pattern.
const ID: &str = "<id>";
const MAX_KEY: usize = 1024;
const MILLISECOND: u64 = 1_000_000;
/// 100 years, the longest span there is.
const MAX_TTL: u64 = 36_500 * 86_400_000_000_000;
/// `proto-max-bulk-len`: no value is longer (AWS: not modifiable; upstream default).
const MAX_VALUE: u64 = 512 << 20;

const KEY: Key<String> = Key::built_in(
    "key",
    "\"session:<id>\"",
    "a usual prefix; its length is part of a session's memory",
    "Pattern of the session's key; <id> stands for its identifier. A hash tag ({...}) is honoured.",
)
.called(&["key_pattern", "prefix", "key_prefix"]);

const ID_LENGTH: Key<u32> = Key::built_in(
    "id_length",
    "32",
    "as express-session and many others have it",
    "Length of the identifier in hexadecimal digits.",
)
.between(8, 64);

const ENCODING: Key<EncodingName> = Key::built_in(
    "encoding",
    "\"string\"",
    "most libraries store one string",
    "How the session is stored: as one \"string\", or as a \"hash\" over whose fields the value is \
     divided evenly.",
)
.called(&["type", "data_type", "kind"]);

const FIELDS: Key<u32> = Key::derived(
    "fields",
    "10 for a hash (assumed)",
    "Number of fields of a hash.",
)
.between(1, 100_000);

const FIELD_LENGTH: Key<u32> = Key::derived(
    "field_length",
    "12 for a hash (assumed)",
    "Length of the name of a field of a hash, in bytes.",
)
.between(1, 1024);

const BYTES: Key<Distribution<Bytes>> = Key::required(
    "bytes",
    "\"2KB\"",
    "Size of the session's value, drawn once for each session.",
)
.between(1, MAX_VALUE)
.called(&["size", "value", "value_size", "value_bytes"]);

const TTL: Key<Span> = Key::derived(
    "ttl",
    "must be given unless `ttl_kind` is \"none\"",
    "Time to live, in whole milliseconds.",
)
.between(MILLISECOND, MAX_TTL)
.called(&["timeout", "expiry", "expire", "expires", "max_age"]);

const TTL_KIND: Key<TtlKind> = Key::built_in(
    "ttl_kind",
    "\"sliding\"",
    "what most session libraries do",
    "What the time to live counts from: \"sliding\" from the last request, \"from-write\" from the \
     last change, \"absolute\" from the login; \"none\": the session never expires.",
)
.called(&["ttl_mode", "expiration", "sliding"]);

const LOGIN: Key<Program> = Key::derived(
    "login",
    "SET; of a hash HSET, and EXPIRE if there is a TTL",
    "Commands of a login, or of a guest's first request: they store the session.",
);

const READ: Key<Program> = Key::derived(
    "read",
    "GET or HGETALL, and EXPIRE if the TTL is sliding",
    "Commands of a request that only reads the session.",
);

const MODIFY: Key<Program> = Key::derived(
    "modify",
    "GET and SET; of a hash HGETALL and HSET, and EXPIRE if the TTL is sliding or from-write",
    "Commands of a request that changes the session.",
)
.called(&["write", "update"]);

const LOGOUT: Key<Program> = Key::derived("logout", "DEL", "Commands of a logout.");

const RESTORE: Key<Program> = Key::derived(
    "restore",
    "as `login`",
    "Commands that store a session again that was read back from the database.",
);

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "users.session",
    repeated: false,
    help: "What a session is in the store, and what the library does with it.",
    keys: &[
        KEY.info(),
        ID_LENGTH.info(),
        ENCODING.info(),
        FIELDS.info(),
        FIELD_LENGTH.info(),
        BYTES.info(),
        TTL.info(),
        TTL_KIND.info(),
        LOGIN.info(),
        READ.info(),
        MODIFY.info(),
        LOGOUT.info(),
        RESTORE.info(),
    ],
    sections: &[],
    not_yet: &["library", "keys", "locking", "compression", "cookie"],
};

impl SessionSpec {
    pub(in crate::scenario) fn read(table: Table<'_>) -> Option<Self> {
        let key = read_key(&table);
        let id_length = table.get(&ID_LENGTH);
        let encoding = read_encoding(&table);
        let bytes = table.get(&BYTES);
        let ttl_kind = table.get(&TTL_KIND);
        let ttl = read_ttl(&table, ttl_kind);
        let program = |key: &Key<Program>, purpose: Purpose| {
            let program = table.get_or(key, || Some(purpose.program(encoding?, ttl_kind?)))?;
            let wrong = wrong_with(&program, purpose, encoding?, ttl_kind?);
            if let Some((message, hint)) = wrong {
                table.problem(key, |problem| Problem {
                    message,
                    hint: Some(hint),
                    ..problem
                });
                return None;
            }
            Some(program)
        };
        let login = program(&LOGIN, Purpose::Login);
        let read = program(&READ, Purpose::Read);
        let modify = program(&MODIFY, Purpose::Modify);
        let logout = program(&LOGOUT, Purpose::Logout);
        let restore = program(&RESTORE, Purpose::Restore);
        table.finish();
        Some(Self {
            key: key?,
            id_length: id_length?,
            encoding: encoding?,
            bytes: bytes?,
            ttl: ttl?,
            ttl_kind: ttl_kind?,
            login: login?,
            read: read?,
            modify: modify?,
            logout: logout?,
            restore: restore?,
        })
    }

    /// Bytes of a key's name.
    pub fn key_length(&self) -> usize {
        self.key.len() - ID.len() + self.id_length as usize
    }

    pub(in crate::scenario) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
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
        if self.ttl_kind != TtlKind::None {
            out.put(&TTL, &self.ttl);
        }
        out.put(&TTL_KIND, &self.ttl_kind);
        out.put(&LOGIN, &self.login);
        out.put(&READ, &self.read);
        out.put(&MODIFY, &self.modify);
        out.put(&LOGOUT, &self.logout);
        out.put(&RESTORE, &self.restore);
    }
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

/// What a program is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::scenario) enum Purpose {
    Login,
    Read,
    Modify,
    Logout,
    Restore,
}

impl Purpose {
    /// The program of a plain library.
    pub(in crate::scenario) fn program(self, encoding: Encoding, ttl_kind: TtlKind) -> Program {
        use CommandName::{Del, Expire, Get, HGetAll, HSet, Set};
        let hash = matches!(encoding, Encoding::Hash { .. });
        let (get, set) = if hash { (HGetAll, HSet) } else { (Get, Set) };
        let renews = match self {
            // SET sets the TTL itself, HSET does not.
            Self::Login | Self::Restore => hash && ttl_kind != TtlKind::None,
            Self::Modify => hash && matches!(ttl_kind, TtlKind::Sliding | TtlKind::FromWrite),
            Self::Read => ttl_kind == TtlKind::Sliding,
            Self::Logout => false,
        };
        let commands = match self {
            Self::Login | Self::Restore => vec![set],
            Self::Read => vec![get],
            Self::Modify => vec![get, set],
            Self::Logout => vec![Del],
        };
        commands
            .into_iter()
            .chain(renews.then_some(Expire))
            .map(|command| Step {
                command,
                when: When::Found,
            })
            .collect()
    }
}

/// What makes no sense in a program: what is wrong, and what to do about it.
fn wrong_with(
    program: &Program,
    purpose: Purpose,
    encoding: Encoding,
    ttl_kind: TtlKind,
) -> Option<(String, String)> {
    wrong_commands(program, purpose, encoding)
        .or_else(|| wrong_conditions(program))
        .or_else(|| wrong_ttl(program, purpose, ttl_kind))
}

/// Commands of the other encoding, and programs that do not do what they are for.
fn wrong_commands(
    program: &Program,
    purpose: Purpose,
    encoding: Encoding,
) -> Option<(String, String)> {
    use CommandName::{Del, Get, GetEx, HGetAll, HSet, Set, SetNx, SetXx};
    let hash = matches!(encoding, Encoding::Hash { .. });
    let strange = |command: CommandName| match command {
        Get | GetEx | Set | SetNx | SetXx => hash,
        HGetAll | HSet => !hash,
        _ => false,
    };
    let has = |wanted: fn(CommandName) -> bool| program.iter().any(|step| wanted(step.command));
    let found = program.iter().find(|step| strange(step.command));
    if let Some(step) = found {
        let (is, other) = if hash {
            ("hash", "string")
        } else {
            ("string", "hash")
        };
        return Some((
            format!("{} does not work on a {is}", step.command.as_str()),
            format!("use commands of a {is}, or write encoding = \"{other}\""),
        ));
    }
    let creates = |command| matches!(command, Set | SetNx | HSet);
    let loads = |command| matches!(command, Get | GetEx | HGetAll);
    let deletes = |command| command == Del;
    let wrong = match purpose {
        Purpose::Login | Purpose::Restore if !has(creates) => (
            "stores no session",
            if hash { "add HSET" } else { "add SET" },
        ),
        Purpose::Read if !has(loads) => (
            "does not read the session",
            if hash { "add HGETALL" } else { "add GET" },
        ),
        Purpose::Modify if !has(CommandName::stores_value) => {
            ("changes nothing", if hash { "add HSET" } else { "add SET" })
        }
        Purpose::Read | Purpose::Modify | Purpose::Restore if has(deletes) => {
            ("deletes the session", "DEL belongs to `logout`")
        }
        _ => return None,
    };
    Some((format!("this program {}", wrong.0), wrong.1.to_owned()))
}

/// A condition on what a read found needs a read before it.
fn wrong_conditions(program: &Program) -> Option<(String, String)> {
    let first_read = program
        .iter()
        .position(|step| step.command.is_read())
        .unwrap_or(program.len());
    let idle = program.iter().position(|step| step.when == When::Missing)?;
    (idle <= first_read).then(|| {
        let command = program[idle].command.as_str();
        (
            format!("{command} is never sent: no command before it reads"),
            "put GET, HGETALL or EXISTS before it, or leave out when = \"missing\"".to_owned(),
        )
    })
}

/// A program must renew the TTL exactly when its kind says so.
fn wrong_ttl(program: &Program, purpose: Purpose, ttl_kind: TtlKind) -> Option<(String, String)> {
    use CommandName::{Expire, GetEx, HSet, Set, SetXx};
    let touches = program
        .iter()
        .find(|step| matches!(step.command, Expire | GetEx));
    let renews = program
        .iter()
        .any(|step| matches!(step.command, Expire | GetEx | Set | SetXx));
    let bare_hash = program.iter().any(|step| step.command == HSet)
        && !program.iter().any(|step| step.command == Expire);
    let creates = matches!(purpose, Purpose::Login | Purpose::Restore);
    let wrong = match (ttl_kind, purpose) {
        (TtlKind::None, _) if touches.is_some() => (
            format!(
                "{} needs a TTL, and `ttl_kind` is \"none\"",
                touches?.command.as_str()
            ),
            "leave it out, or give a `ttl`",
        ),
        (TtlKind::None, _) => return None,
        _ if creates && bare_hash => (
            "HSET sets no TTL: the session would never expire".to_owned(),
            "add EXPIRE behind it",
        ),
        (TtlKind::Sliding, Purpose::Read | Purpose::Modify) if !renews => (
            "a sliding TTL is renewed by every request, and this program does not".to_owned(),
            "add EXPIRE, or write ttl_kind = \"from-write\"",
        ),
        (TtlKind::FromWrite, Purpose::Read) if renews => (
            "reading must not renew a TTL from the last write".to_owned(),
            "leave out what sets the TTL, or write ttl_kind = \"sliding\"",
        ),
        (TtlKind::FromWrite, Purpose::Modify) if !renews => (
            "a change must renew a TTL from the last write".to_owned(),
            "add EXPIRE, or write ttl_kind = \"absolute\"",
        ),
        (TtlKind::Absolute, Purpose::Read | Purpose::Modify) if touches.is_some() => (
            format!(
                "{} renews a TTL that is absolute",
                touches?.command.as_str()
            ),
            "leave it out, or write ttl_kind = \"sliding\"",
        ),
        _ => return None,
    };
    Some((wrong.0, wrong.1.to_owned()))
}
