//! What is in a trace, found out before anything is simulated.
//!
//! A run cannot stop at a malformed line, so every line is read once before it begins. On the way
//! the content is hashed, because a result follows from it, and counted, because estimates do.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use crate::kernel::places::Places;
use crate::scenario::traffic::TraceContent;
use crate::units::Span;

use super::trace::{Operation, TraceError, TraceReader};

/// Reads all of the trace that messages call `name`. Malformed lines are errors, or only counted
/// if `skip_bad_lines` says so.
///
/// # Errors
/// If it cannot be read or, unless they are skipped, of the malformed lines the first.
pub fn survey(
    name: &str,
    input: impl BufRead,
    skip_bad_lines: bool,
) -> Result<TraceContent, TraceError> {
    let mut reader = TraceReader::new(Hashed::new(input));
    let mut places = Places::default();
    let mut content = TraceContent {
        name: name.to_owned(),
        ..TraceContent::default()
    };
    loop {
        let row = match reader.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(TraceError::Line { .. }) if skip_bad_lines => {
                content.skipped += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        content.rows += 1;
        content.length = Span::from_millis(row.millis);
        if places.place(row.key).1 {
            content.keys += 1;
        }
        if row.operation != Operation::Delete {
            let ttl = Span::from_millis(row.ttl_millis);
            content.longest_ttl = content.longest_ttl.max(ttl);
        }
        if matches!(row.operation, Operation::Get | Operation::Set) {
            content.values += 1;
            content.bytes += u64::from(row.bytes);
        }
    }
    content.sha256 = reader.into_inner().hash();
    Ok(content)
}

/// A reader that hashes what is read.
struct Hashed<R> {
    input: R,
    hash: Sha256,
}

impl<R> Hashed<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            hash: Sha256::new(),
        }
    }

    /// The hash of all that was read, in hexadecimal digits.
    fn hash(self) -> String {
        let digest = self.hash.finalize();
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }
}

impl<R: BufRead> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let length = available.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Hashed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed lies in the buffer already, so this cannot fail.
        if let Ok(available) = self.input.fill_buf() {
            self.hash.update(&available[..amount.min(available.len())]);
        }
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "t_ms,op,key,size,ttl_ms\n0,get,7,100,500\n5,set,8,300,1000\n\
                         7,oops\n9,touch,7,,2000\n9,del,8,,\n";

    #[test]
    fn a_trace_is_counted_and_hashed() {
        let content = survey("t.csv", TRACE.as_bytes(), true).unwrap();
        assert_eq!((content.rows, content.skipped, content.keys), (4, 1, 2));
        assert_eq!(content.length, Span::from_millis(9));
        assert_eq!(content.longest_ttl, Span::from_secs(2));
        assert_eq!((content.values, content.bytes), (2, 400));
        // As `sha256sum` prints it for the same bytes.
        assert_eq!(
            content.sha256,
            "76f2a52d1b598c24f16e8597db490211ac2fc68a85f0fe3631b3a2ab886b2c26"
        );
    }

    #[test]
    fn a_bad_line_is_named_unless_it_is_skipped() {
        let error = survey("t.csv", TRACE.as_bytes(), false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 4: unknown op `oops`: write one of get, set, touch, del"
        );
    }
}
