//! Traces: a CSV file of `t_ms,op,key,size,ttl_ms`, sorted by time.

use std::fmt;
use std::io::{self, BufRead};

/// What a row does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads the key; if it is not there, stores it with the row's size and TTL.
    Get,
    /// Stores the key, replacing value and TTL.
    Set,
    /// Renews the TTL of the key if it is there.
    Touch,
    /// Deletes the key.
    Delete,
}

/// A row of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Milliseconds since the start.
    pub millis: u64,
    /// What it does.
    pub operation: Operation,
    /// Number of the key.
    pub key: u64,
    /// Bytes of the value.
    pub bytes: u32,
    /// TTL in milliseconds, 0 for none.
    pub ttl_millis: u64,
}

/// A trace that cannot be read.
#[derive(Debug)]
pub enum TraceError {
    /// The file cannot be read.
    Io(io::Error),
    /// A line is not a row.
    Line {
        /// Its number, counted from 1.
        number: u64,
        /// What is wrong with it.
        what: String,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Line { number, what } => write!(f, "line {number}: {what}"),
        }
    }
}

impl std::error::Error for TraceError {}

impl From<io::Error> for TraceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Longest time and TTL: a hundred years in milliseconds.
const LONGEST_MILLIS: u64 = 100 * 365 * 86_400_000;
/// Largest value: 512 MiB (`proto-max-bulk-len`).
const LARGEST_VALUE: u64 = 512 << 20;
/// A line that is longer than this is no row.
const LONGEST_LINE: usize = 256;

/// Reads rows one by one; holds no more than a line of the trace.
#[derive(Debug)]
pub struct TraceReader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    last_millis: u64,
}

impl<R: BufRead> TraceReader<R> {
    /// A reader of a trace that begins with its header.
    pub const fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
            last_millis: 0,
        }
    }

    /// What it reads from.
    pub fn into_inner(self) -> R {
        self.input
    }

    /// Number of the line that was read last.
    pub const fn line_number(&self) -> u64 {
        self.number
    }

    /// The next row, or `None` at the end. After an error in a line the next call goes on with
    /// the line behind it.
    ///
    /// # Errors
    /// If the file cannot be read or the line is not a row.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            if self.number == 1 && self.line.starts_with(b"t_ms,") || self.line.is_empty() {
                continue;
            }
            let row = parse(&self.line).and_then(|row| {
                if row.millis < self.last_millis {
                    return Err(format!(
                        "t_ms {} lies before that of the row above, {}",
                        row.millis, self.last_millis
                    ));
                }
                Ok(row)
            });
            return match row {
                Ok(row) => {
                    self.last_millis = row.millis;
                    Ok(Some(row))
                }
                Err(what) => Err(TraceError::Line {
                    number: self.number,
                    what,
                }),
            };
        }
    }

    /// Reads a line without its end; false at the end of the file.
    #[inline]
    fn read_line(&mut self) -> Result<bool, TraceError> {
        self.line.clear();
        let mut read = 0;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let length = end.unwrap_or(available.len());
            // Of an endless line no more than its beginning is kept.
            let room = LONGEST_LINE.saturating_sub(self.line.len()).min(length);
            self.line.extend_from_slice(&available[..room]);
            let used = length + usize::from(end.is_some());
            self.input.consume(used);
            read += used;
            if end.is_some() {
                break;
            }
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        self.number += 1;
        Ok(read > 0)
    }
}

#[inline]
fn parse(line: &[u8]) -> Result<Row, String> {
    let mut fields = line.split(|&byte| byte == b',');
    let mut next = |name: &str| fields.next().ok_or_else(|| format!("`{name}` is missing"));
    let millis = number(next("t_ms")?, "t_ms", LONGEST_MILLIS)?;
    let operation = operation(next("op")?)?;
    let key = number(next("key")?, "key", u64::MAX)?;
    let (size, ttl) = (next("size")?, next("ttl_ms")?);
    if fields.next().is_some() {
        return Err("there are more than 5 fields".to_owned());
    }
    // A deletion leaves both empty, a renewal has no size of its own.
    let optional = |field: &[u8], name, limit| {
        if field.is_empty() {
            Ok(0)
        } else {
            number(field, name, limit)
        }
    };
    Ok(Row {
        millis,
        operation,
        key,
        bytes: optional(size, "size", LARGEST_VALUE)? as u32,
        ttl_millis: optional(ttl, "ttl_ms", LONGEST_MILLIS)?,
    })
}

#[inline]
fn operation(field: &[u8]) -> Result<Operation, String> {
    match field {
        b"get" => Ok(Operation::Get),
        b"set" => Ok(Operation::Set),
        b"touch" => Ok(Operation::Touch),
        b"del" => Ok(Operation::Delete),
        other => Err(format!(
            "unknown op `{}`: write one of get, set, touch, del",
            shown(other)
        )),
    }
}

#[inline]
fn number(field: &[u8], name: &str, limit: u64) -> Result<u64, String> {
    let mut value = Some(0u64);
    for &byte in field {
        if !byte.is_ascii_digit() {
            value = None;
            break;
        }
        value = value.and_then(|v| v.checked_mul(10)?.checked_add(u64::from(byte - b'0')));
    }
    match value {
        Some(value) if !field.is_empty() && value <= limit => Ok(value),
        _ => Err(format!(
            "`{name}` is not a whole number from 0 to {limit}: `{}`",
            shown(field)
        )),
    }
}

/// A field for use in a message: its beginning, without control characters.
fn shown(field: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(field);
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Row>, Vec<String>) {
        let mut reader = TraceReader::new(text.as_bytes());
        let (mut rows, mut errors) = (Vec::new(), Vec::new());
        loop {
            match reader.next_row() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => return (rows, errors),
                Err(error) => errors.push(error.to_string()),
            }
        }
    }

    #[test]
    fn rows_are_read_with_and_without_header_and_final_newline() {
        let (rows, errors) =
            read("t_ms,op,key,size,ttl_ms\n0,get,7,100,0\r\n5,del,7,,\n5,touch,8,,900");
        assert_eq!(errors, [""; 0]);
        assert_eq!(rows.len(), 3);
        assert_eq!(
            (rows[0].operation, rows[0].key, rows[0].bytes),
            (Operation::Get, 7, 100)
        );
        assert_eq!(
            (rows[1].operation, rows[1].ttl_millis),
            (Operation::Delete, 0)
        );
        assert_eq!(
            (rows[2].operation, rows[2].ttl_millis),
            (Operation::Touch, 900)
        );
        assert_eq!(read("1,set,1,1,1\n").0.len(), 1);
        assert_eq!(read("").0.len(), 0);
    }

    #[test]
    fn bad_lines_are_named_and_the_next_ones_read() {
        let long = "9".repeat(10_000);
        let text = format!(
            "t_ms,op,key,size,ttl_ms\nx,get,1,1,1\n2,put,1,1,1\n3,get,1,1\n4,get,1,1,1,1\n\
             5,set,-1,1,1\n6,set,1,99999999999,1\n7,set,,1,1\n{long}\n8,get,1,1,0\n7,get,1,1,0\n"
        );
        let (rows, errors) = read(&text);
        assert_eq!(rows.len(), 1);
        assert_eq!(errors.len(), 9);
        assert!(errors[0].starts_with("line 2: `t_ms` is not a whole number"));
        assert_eq!(
            errors[1],
            "line 3: unknown op `put`: write one of get, set, touch, del"
        );
        assert_eq!(errors[2], "line 4: `ttl_ms` is missing");
        assert_eq!(
            errors[8],
            "line 11: t_ms 7 lies before that of the row above, 8"
        );
    }
}
