//! What a failure was to the users, in a sentence.

use std::fmt::Write as _;

use crate::metrics::measurements::Counts;
use crate::probe::Mark;
use crate::units::Span;

use super::format::{plural, words};

/// How long shards were not there, and whom that met.
pub(super) fn outage(counts: &Counts) -> String {
    let long = |nanos| words(Span(nanos));
    let mut text = match (counts.write_outage, counts.read_outage) {
        (0, _) => "Every shard answered all the time".to_owned(),
        (writes, 0) => format!("Some shard took no writes for {}", long(writes)),
        (writes, reads) if writes == reads => {
            format!("Some shard answered nothing for {}", long(writes))
        }
        (writes, reads) => format!(
            "Some shard took no writes for {}, and answered no reads for {}",
            long(writes),
            long(reads)
        ),
    };
    let of = |mark| counts.marks[mark as usize];
    let visits = plural(of(Mark::FailedVisit), "visit", "visits");
    let writes = of(Mark::LostWrite);
    let writes = plural(writes, "acknowledged write is", "acknowledged writes are");
    let older = plural(of(Mark::StaleSession), "session lives", "sessions live");
    for (mark, sentence) in [
        (Mark::FailedVisit, format!("{visits} met an error")),
        (Mark::LostWrite, format!("{writes} gone")),
        (
            Mark::StaleSession,
            format!("{older} on in an older version"),
        ),
    ] {
        if of(mark) > 0 {
            let _ = write!(text, "; {sentence}");
        }
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_long_and_how_many() {
        let mut counts = Counts::default();
        assert_eq!(outage(&counts), "Every shard answered all the time.");
        counts.write_outage = 15_000_000_000;
        counts.marks[Mark::FailedVisit as usize] = 1200;
        assert_eq!(
            outage(&counts),
            "Some shard took no writes for 15.0 s; 1,200 visits met an error."
        );
        counts.read_outage = 240_000_000_000;
        counts.write_outage = 240_000_000_000;
        counts.marks[Mark::LostWrite as usize] = 1;
        counts.marks[Mark::StaleSession as usize] = 2;
        assert_eq!(
            outage(&counts),
            "Some shard answered nothing for 4 minutes; 1,200 visits met an error; 1 acknowledged \
             write is gone; 2 sessions live on in an older version."
        );
    }
}
