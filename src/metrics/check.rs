//! Conservation laws of a run's measurements. A violation is a bug of the model or the recorder.

use super::measurements::{Counts, Measurements};
use super::owners::adds_up;

/// Says which law `measurements` breaks, if any. `others` are the counts of owners of keys that are
/// no classes of users.
///
/// # Errors
/// The broken law with its numbers.
pub fn check(measurements: &Measurements, others: &[Counts]) -> Result<(), String> {
    if measurements.began.is_none() {
        // Nothing was measured, so the books were never opened.
        return Ok(());
    }
    let counts = &measurements.counts;
    let answered: u64 = counts.answered.iter().sum();
    equal(
        "sessions created + open at the start = sum of the fates",
        counts.created + measurements.open_at_start,
        counts.fates(),
    )?;
    equal(
        "requests + in flight at the start = answered + carried over + in flight at the end",
        counts.requests + measurements.in_flight_at_start,
        answered + counts.carried + measurements.in_flight_at_end,
    )?;
    equal(
        "sessions lost = felt + unnoticed",
        counts.lost_in_all(),
        counts.felt + counts.unnoticed,
    )?;
    equal(
        "felt losses = restored + forced logins + guest resets + abandoned",
        counts.felt,
        counts.after_loss.iter().sum(),
    )?;
    equal(
        "sessions expired in use + pending at the start = restored + forced logins + guest resets \
         + abandoned",
        counts.expired_in_use + measurements.expired_pending_at_start,
        counts.after_expiry.iter().sum(),
    )?;
    if measurements.classes.is_empty() {
        return Ok(());
    }
    let classes = measurements.classes.iter().map(|class| &class.counts);
    adds_up(counts, classes.chain(others))
}

fn equal(law: &str, left: u64, right: u64) -> Result<(), String> {
    if left == right {
        Ok(())
    } else {
        Err(format!("{law} does not hold: {left} against {right}"))
    }
}
