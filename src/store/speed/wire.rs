//! Bytes of commands and replies on the network: the protocol's own (RESP 2), and the headers of
//! packets.

use crate::scenario::commands::CommandName;
use crate::store::keyspace::{Command, Outcome, Shape, ShapeKind};

/// Ethernet, IPv4 and TCP with timestamps.
const HEADERS: u64 = 14 + 20 + 32;
/// What a packet carries: instances within a network of AWS speak with jumbo frames of 9,001 bytes.
const PAYLOAD: u64 = 9_001 - 52;
/// TLS 1.3: header, type and tag of a record, which holds at most 16 KiB.
const RECORD: u64 = 5 + 1 + 16;
const RECORD_PAYLOAD: u64 = 16_384;

/// Bytes of a score in a reply, as text.
const SCORE: u32 = 8;

/// A number's digits.
const fn digits(number: u64) -> u64 {
    match number.checked_ilog10() {
        None => 1,
        Some(log) => log as u64 + 1,
    }
}

/// A text of the protocol: `$5\r\nhello\r\n`.
const fn bulk(bytes: u64) -> u64 {
    1 + digits(bytes) + 2 + bytes + 2
}

/// A value as its parts, without what counts them.
fn value(shape: Shape, bytes: u64) -> (u64, u64) {
    match shape.kind {
        ShapeKind::Hash {
            fields,
            field_length,
        } => {
            let fields = u64::from(fields);
            let one = bulk(field_length.into()) + bulk(bytes / fields.max(1));
            (fields * one, 2 * fields)
        }
        ShapeKind::String => (bulk(bytes), 1),
        ShapeKind::Set { member } => {
            let members = bytes / u64::from(member.max(1));
            (members * bulk(member.into()), members)
        }
        // Each with its score.
        ShapeKind::SortedSet { member_length } => {
            let members = bytes / u64::from(member_length + SCORE).max(1);
            let one = bulk(member_length.into()) + bulk(SCORE.into());
            (members * one, 2 * members)
        }
        ShapeKind::Counter { .. } => (0, 0),
    }
}

/// What a command on a counter or a sorted set says besides its key.
fn arguments(name: CommandName, shape: Shape) -> (u64, u64) {
    let ShapeKind::SortedSet { member_length } = shape.kind else {
        return (0, 0);
    };
    let member = bulk(member_length.into());
    match name {
        CommandName::ZIncrBy => (bulk(1) + member, 2),
        CommandName::ZRevRank => (member, 1),
        // From the first to the last, "WITHSCORES".
        CommandName::ZRevRange => (bulk(1) + bulk(2) + bulk(10), 3),
        _ => (0, 0),
    }
}

/// Bytes of a command as its client sends it.
pub(crate) fn request(command: &Command, shape: Shape) -> u64 {
    let name = command.name.as_str().len() as u64;
    let mut bytes = bulk(name);
    let mut parts = 1;
    if !command.name.is_keyless() {
        bytes += bulk(shape.key_length.into());
        parts += 1;
    }
    let (more_bytes, more) = arguments(command.name, shape);
    bytes += more_bytes;
    parts += more;
    let counts = matches!(command.name, CommandName::Incr | CommandName::ZIncrBy);
    if (command.name.stores_value() && !counts) || command.name == CommandName::SRem {
        let (stored, more) = value(shape, command.bytes.into());
        bytes += stored;
        parts += more;
    }
    if command.sets_ttl() {
        // "PX" and milliseconds; the others have a number alone: of seconds, of milliseconds, or
        // since 1970.
        let (words, more) = match command.name {
            CommandName::Expire | CommandName::SetEx => (bulk(4), 1),
            CommandName::PExpire => (bulk(7), 1),
            CommandName::PExpireAt => (bulk(13), 1),
            _ => (bulk(2) + bulk(7), 2),
        };
        bytes += words;
        parts += more;
    }
    1 + digits(parts) + 2 + bytes
}

/// Bytes of what a primary sends its replicas for a command that was done: times to live are
/// moments there, in ms since 1970 (`propagateNow` of what `setGenericCommand` and
/// `expireGenericCommand` rewrite).
pub(crate) fn replicated(command: &Command, shape: Shape) -> u64 {
    let name = match command.name {
        CommandName::Expire | CommandName::PExpire | CommandName::GetEx => CommandName::PExpireAt,
        CommandName::SetEx => CommandName::Set,
        CommandName::EvalSha => CommandName::Del,
        name => name,
    };
    let command = Command { name, ..*command };
    let bytes = request(&command, shape);
    if name.is_set() && command.sets_ttl() {
        // "PXAT" and a moment instead of "PX" and a span.
        bytes + (bulk(4) - bulk(2)) + (bulk(13) - bulk(7))
    } else {
        bytes
    }
}

/// Bytes of what it sends them when a key is evicted or has expired.
pub(crate) const fn deleted(shape: Shape) -> u64 {
    4 + bulk(3) + bulk(shape.key_length as u64)
}

/// Bytes of the reply; `stored` are the bytes of the value that was read.
pub(crate) fn reply(command: &Command, outcome: Outcome, shape: Shape, stored: u32) -> u64 {
    match outcome {
        Outcome::Hit if command.name.returns_value() => {
            let (bytes, parts) = value(shape, stored.into());
            if parts == 1 {
                bytes
            } else {
                1 + digits(parts) + 2 + bytes
            }
        }
        Outcome::Hit if command.name.returns_part() => {
            let (bytes, parts) = value(shape, command.bytes.into());
            1 + digits(parts) + 2 + bytes
        }
        // "-OOM command not allowed when used memory > 'maxmemory'."
        Outcome::Oom => 58,
        // "+OK", ":1", "$-1".
        Outcome::Hit | Outcome::Miss | Outcome::Done | Outcome::NotDone => 5,
    }
}

/// A message with the headers of its packets, and of its TLS records.
pub(crate) const fn on_the_wire(bytes: u64, tls: bool) -> u64 {
    let bytes = if tls {
        bytes + RECORD * bytes.div_ceil(RECORD_PAYLOAD)
    } else {
        bytes
    };
    bytes + HEADERS * bytes.div_ceil(PAYLOAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keyspace::Ttl;
    use crate::units::Span;

    fn command(name: CommandName, bytes: u32, ttl: Ttl) -> Command {
        Command { name, bytes, ttl }
    }

    /// Against messages written out by hand.
    #[test]
    fn messages_have_the_bytes_of_the_protocol() {
        let string = Shape {
            key_length: 5,
            kind: ShapeKind::String,
        };
        let hash = Shape {
            key_length: 5,
            kind: ShapeKind::Hash {
                fields: 2,
                field_length: 3,
            },
        };
        let written = |text: &str| text.len() as u64;
        let get = command(CommandName::Get, 0, Ttl::Keep);
        assert_eq!(
            request(&get, string),
            written("*2\r\n$3\r\nGET\r\n$5\r\ns:abc\r\n")
        );
        assert_eq!(
            reply(&get, Outcome::Hit, string, 10),
            written("$10\r\n0123456789\r\n")
        );
        assert_eq!(reply(&get, Outcome::Miss, string, 0), written("$-1\r\n"));
        let set = command(CommandName::Set, 4, Ttl::In(Span::from_secs(1_800)));
        assert_eq!(
            request(&set, string),
            written(
                "*5\r\n$3\r\nSET\r\n$5\r\ns:abc\r\n$4\r\nabcd\r\n$2\r\nPX\r\n$7\r\n1800000\r\n"
            )
        );
        assert_eq!(reply(&set, Outcome::Done, string, 4), written("+OK\r\n"));
        assert_eq!(
            reply(&set, Outcome::Oom, string, 0),
            written("-OOM command not allowed when used memory > 'maxmemory'.\r\n")
        );
        let all = command(CommandName::HGetAll, 0, Ttl::Keep);
        assert_eq!(
            reply(&all, Outcome::Hit, hash, 8),
            written("*4\r\n$3\r\nabc\r\n$4\r\n0123\r\n$3\r\ndef\r\n$4\r\n4567\r\n")
        );
        let expire = command(CommandName::Expire, 0, Ttl::In(Span::from_secs(1_800)));
        assert_eq!(
            request(&expire, string),
            written("*3\r\n$6\r\nEXPIRE\r\n$5\r\ns:abc\r\n$4\r\n1800\r\n")
        );
    }

    #[test]
    fn counters_and_sorted_sets_have_the_bytes_of_the_protocol() {
        let counter = Shape {
            key_length: 5,
            kind: ShapeKind::Counter { shared: true },
        };
        let board = Shape {
            key_length: 5,
            kind: ShapeKind::SortedSet { member_length: 4 },
        };
        let written = |text: &str| text.len() as u64;
        assert_eq!(
            request(&command(CommandName::Incr, 0, Ttl::Keep), counter),
            written("*2\r\n$4\r\nINCR\r\n$5\r\nr:abc\r\n")
        );
        // Whether the member is new, as `bytes` says, is nothing that the client sends.
        for bytes in [0, 1] {
            assert_eq!(
                request(&command(CommandName::ZIncrBy, bytes, Ttl::Keep), board),
                written("*4\r\n$7\r\nZINCRBY\r\n$5\r\nb:abc\r\n$1\r\n5\r\n$4\r\nanna\r\n")
            );
        }
        assert_eq!(
            request(&command(CommandName::ZRevRank, 0, Ttl::Keep), board),
            written("*3\r\n$8\r\nZREVRANK\r\n$5\r\nb:abc\r\n$4\r\nanna\r\n")
        );
        let top = command(CommandName::ZRevRange, 2 * (4 + SCORE), Ttl::Keep);
        assert_eq!(
            request(&top, board),
            written(
                "*5\r\n$9\r\nZREVRANGE\r\n$5\r\nb:abc\r\n$1\r\n0\r\n$2\r\n10\r\n\
                 $10\r\nWITHSCORES\r\n"
            )
        );
        assert_eq!(
            reply(&top, Outcome::Hit, board, 0),
            written("*4\r\n$4\r\nanna\r\n$8\r\n12345678\r\n$4\r\nbert\r\n$8\r\n12345677\r\n")
        );
        assert_eq!(reply(&top, Outcome::Miss, board, 0), 5);
    }

    /// Against what a primary was seen to send, written out by hand.
    #[test]
    fn replicas_get_moments_and_deletions() {
        let string = Shape {
            key_length: 5,
            kind: ShapeKind::String,
        };
        let written = |text: &str| text.len() as u64;
        let ttl = Ttl::In(Span::from_secs(1_800));
        for name in [CommandName::Set, CommandName::SetEx] {
            assert_eq!(
                replicated(&command(name, 4, ttl), string),
                written(
                    "*5\r\n$3\r\nSET\r\n$5\r\ns:abc\r\n$4\r\nabcd\r\n$4\r\nPXAT\r\n\
                     $13\r\n1767225600000\r\n"
                )
            );
        }
        for name in [
            CommandName::Expire,
            CommandName::PExpireAt,
            CommandName::GetEx,
        ] {
            assert_eq!(
                replicated(&command(name, 0, ttl), string),
                written("*3\r\n$9\r\nPEXPIREAT\r\n$5\r\ns:abc\r\n$13\r\n1767225600000\r\n")
            );
        }
        assert_eq!(
            deleted(string),
            written("*2\r\n$3\r\nDEL\r\n$5\r\ns:abc\r\n")
        );
    }

    #[test]
    fn packets_and_records_have_headers() {
        assert_eq!(on_the_wire(100, false), 166);
        assert_eq!(on_the_wire(8_949, false), 8_949 + 66);
        assert_eq!(on_the_wire(8_950, false), 8_950 + 2 * 66);
        assert_eq!(on_the_wire(100, true), 100 + 22 + 66);
    }
}
