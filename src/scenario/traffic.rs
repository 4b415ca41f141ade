//! `[traffic]`: recorded traffic, beside users or instead of them.

use crate::units::Span;

use super::load::Input;
use super::reader::key::{Key, Section};
use super::reader::problem::Problem;
use super::reader::table::{Table, Wrong};
use super::reader::writer::Writer;
use super::users::Encoding;

/// Recorded traffic: each key of the trace is a session.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSpec {
    /// The file, as the scenario names it.
    pub file: String,
    /// What is in it.
    pub content: TraceContent,
    /// Whether lines that are no rows are left out.
    pub skip_bad_lines: bool,
    /// Pattern of the key; `<id>` stands for the number in the trace.
    pub key: String,
    /// Least length of that number in decimal digits: it is padded with zeros.
    pub id_length: u32,
    /// How values are stored.
    pub encoding: Encoding,
}

/// What is in a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceContent {
    /// What messages call the file: its path.
    pub name: String,
    /// SHA-256 of the decompressed content, in hexadecimal digits.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
    /// Lines that are no rows and were left out.
    pub skipped: u64,
    /// Number of different keys.
    pub keys: u64,
    /// Time of the last row.
    pub length: Span,
    /// Longest TTL that a row gives.
    pub longest_ttl: Span,
    /// Rows that may store a value.
    pub values: u64,
    /// Bytes of all these values.
    pub bytes: u64,
}

impl TraceContent {
    /// Mean bytes of a value; 0 if there is none. For estimates.
    pub fn mean_bytes(&self) -> f64 {
        self.bytes as f64 / self.values.max(1) as f64
    }
}

/// Stands for the number in a key's pattern.
const ID: &str = "<id>";
/// Longest name of a key.
const MAX_KEY: usize = 1024;
/// Most keys of a trace: an event names one by its place in 28 bits.
const MAX_KEYS: u64 = 1 << 28;

const TRACE: Key<String> = Key::optional(
    "trace",
    "all traffic comes from [[users]]",
    "A CSV file of recorded traffic, relative to this one, with the columns \
     t_ms,op,key,size,ttl_ms; it may be compressed with gzip or zstd. Each of its keys is a session: \
     `get` reads it and stores what it misses, `set` stores it, `touch` renews its TTL, `del` ends it.",
)
.called(&["file", "replay", "csv", "recording"]);

const TRACE_SHA256: Key<String> = Key::derived(
    "trace_sha256",
    "that of the file's content",
    "SHA-256 of the trace, decompressed, in hexadecimal digits. If it is given, no other content is \
     accepted.",
)
.called(&["sha256", "hash", "checksum"]);

const SKIP_BAD_LINES: Key<bool> = Key::built_in(
    "skip_bad_lines",
    "false",
    "a trace with bad lines is probably not what it should be",
    "Leaves out lines of the trace that are no rows.",
);

const KEY: Key<String> = Key::built_in(
    "key",
    "\"sess:<id>\"",
    "as in the measured reference runs",
    "Pattern of the keys of the trace; <id> stands for their number there. A hash tag ({...}) is \
     honoured.",
)
.called(&["pattern", "prefix"]);

const ID_LENGTH: Key<u32> = Key::built_in(
    "id_length",
    "35",
    "with the default pattern, keys of 40 bytes as `sessionsim replay` has them",
    "Decimal digits of a key's number, which is padded with zeros.",
)
.between(1, 64);

const FIELDS: Key<u32> = Key::optional(
    "fields",
    "values are strings",
    "Stores the values of the trace as hashes of so many fields, over which the bytes are divided \
     evenly.",
)
.between(1, 100_000);

const FIELD_LENGTH: Key<u32> = Key::derived(
    "field_length",
    "4 with `fields`, as in the measured reference runs",
    "Bytes of the name of a field.",
)
.between(1, 1024);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "traffic",
    repeated: false,
    help: "Recorded traffic, beside [[users]] or instead of them.",
    keys: &[
        TRACE.info(),
        TRACE_SHA256.info(),
        SKIP_BAD_LINES.info(),
        KEY.info(),
        ID_LENGTH.info(),
        FIELDS.info(),
        FIELD_LENGTH.info(),
    ],
    sections: &[],
    not_yet: &["format", "speed", "loop", "repeat"],
};

/// What stands in `[traffic]`: nothing, a trace, or something wrong, which has been reported.
pub(super) fn read(table: Table<'_>, input: &Input<'_>) -> Result<Option<TraceSpec>, Wrong> {
    let file = table.get_optional(&TRACE);
    if matches!(file, Ok(None)) {
        refuse_the_rest(&table);
        table.finish();
        return Ok(None);
    }
    let wanted = table.get_optional(&TRACE_SHA256);
    let skip_bad_lines = table.get(&SKIP_BAD_LINES);
    let key = read_key(&table);
    let id_length = table.get(&ID_LENGTH);
    let encoding = read_encoding(&table);
    let content = file
        .as_ref()
        .ok()
        .and_then(Option::as_ref)
        .zip(skip_bad_lines);
    let content = content.and_then(|(file, skip)| {
        let content = find(&table, input, file, skip)?;
        is_wanted(&table, &content, wanted.as_ref().ok()?.as_ref()).then_some(content)
    });
    if let (Some(content), Ok(None)) = (&content, &wanted) {
        // An origin for what follows from the file.
        table.get_or(&TRACE_SHA256, || Some(content.sha256.clone()));
    }
    table.finish();
    let trace = || {
        Some(TraceSpec {
            file: file.ok()??,
            content: content?,
            skip_bad_lines: skip_bad_lines?,
            key: key?,
            id_length: id_length?,
            encoding: encoding?,
        })
    };
    trace().map(Some).ok_or(Wrong)
}

fn refuse_the_rest(table: &Table<'_>) {
    let (why, hint) = (
        "there is no `trace`",
        "add trace = \"requests.csv\", or leave this out",
    );
    table.refuse(&TRACE_SHA256, why, hint);
    table.refuse(&SKIP_BAD_LINES, why, hint);
    table.refuse(&KEY, why, hint);
    table.refuse(&ID_LENGTH, why, hint);
    table.refuse(&FIELDS, why, hint);
    table.refuse(&FIELD_LENGTH, why, hint);
}

/// The content of `file`, or a report of what is wrong with it.
fn find(table: &Table<'_>, input: &Input<'_>, file: &str, skip: bool) -> Option<TraceContent> {
    let from = table
        .source_of(&TRACE)
        .unwrap_or_else(|| input.name.to_owned());
    let report = |message: &str, label: String, hint: Option<String>| {
        table.problem(&TRACE, |problem| Problem {
            message: message.to_owned(),
            label,
            hint,
            ..problem
        });
        None
    };
    let content = match (input.trace)(&from, file, skip) {
        Ok(content) => content,
        Err(Unusable::Unreadable(why)) => return report("the trace cannot be read", why, None),
        Err(Unusable::BadLine(what)) => {
            let hint = "skip_bad_lines = true leaves such lines out".to_owned();
            return report("the trace is malformed", what, Some(hint));
        }
    };
    if content.rows == 0 {
        let hint = "a row is for example 0,get,1,2000,1800000".to_owned();
        return report("the trace has no rows", content.name, Some(hint));
    }
    if content.keys > MAX_KEYS {
        let label = format!("{} keys; at most {MAX_KEYS}", content.keys);
        return report("the trace has too many keys", label, None);
    }
    Some(content)
}

/// Why a trace cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The file cannot be read: why.
    Unreadable(String),
    /// A line is no row: the file, which line and what is wrong with it.
    BadLine(String),
}

fn is_wanted(table: &Table<'_>, content: &TraceContent, wanted: Option<&String>) -> bool {
    let Some(wanted) = wanted else { return true };
    if wanted.eq_ignore_ascii_case(&content.sha256) {
        return true;
    }
    table.problem(&TRACE_SHA256, |problem| Problem {
        message: "the trace has another content".to_owned(),
        label: format!("that of `{}` is {}", content.name, content.sha256),
        hint: Some("name the file that was meant, or leave `trace_sha256` out".to_owned()),
        ..problem
    });
    false
}

fn read_key(table: &Table<'_>) -> Option<String> {
    let key = table.get(&KEY)?;
    let wrong = if key.matches(ID).count() != 1 {
        format!("{ID} must stand in it exactly once")
    } else if key.len() > MAX_KEY {
        format!("it has {} bytes; at most {MAX_KEY}", key.len())
    } else if key.chars().any(char::is_control) {
        "it has control characters".to_owned()
    } else {
        return Some(key);
    };
    table.problem(&KEY, |problem| Problem {
        message: "`key` is no pattern of a key".to_owned(),
        label: wrong,
        hint: Some("write for example \"sess:<id>\"".to_owned()),
        ..problem
    });
    None
}

fn read_encoding(table: &Table<'_>) -> Option<Encoding> {
    match table.get_optional(&FIELDS) {
        Ok(Some(fields)) => {
            let field_length = table.get_or(&FIELD_LENGTH, || Some(4))?;
            let names = 256u64.checked_pow(field_length).unwrap_or(u64::MAX);
            if names >= u64::from(fields) {
                return Some(Encoding::Hash {
                    fields,
                    field_length,
                });
            }
            table.problem(&FIELD_LENGTH, |problem| Problem {
                message: "`field_length` is too short".to_owned(),
                label: format!("{fields} fields need {fields} different names"),
                ..problem
            });
            None
        }
        Ok(None) => {
            let hint = "add `fields`, or leave this out";
            table.refuse(&FIELD_LENGTH, "a string has no fields", hint);
            Some(Encoding::String)
        }
        Err(_) => {
            table.get_or(&FIELD_LENGTH, || None);
            None
        }
    }
}

impl TraceSpec {
    /// Bytes of a key's name.
    pub fn key_length(&self) -> usize {
        self.key.len() - ID.len() + self.id_length as usize
    }

    /// What stands before and behind the number in a key's name.
    pub fn around_id(&self) -> (&str, &str) {
        self.key.split_once(ID).unwrap_or((&self.key, ""))
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&TRACE, &self.file);
        out.put(&TRACE_SHA256, &self.content.sha256);
        out.put(&SKIP_BAD_LINES, &self.skip_bad_lines);
        out.put(&KEY, &self.key);
        out.put(&ID_LENGTH, &self.id_length);
        if let Encoding::Hash {
            fields,
            field_length,
        } = self.encoding
        {
            out.put(&FIELDS, &fields);
            out.put(&FIELD_LENGTH, &field_length);
        }
    }
}
