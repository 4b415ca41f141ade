//! How far a run is, on a terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::report::format::{percent, significant, words};
use crate::units::{Span, Time};

use super::terminal::{is_dumb, to_stderr};

/// Between two updates of the line.
const PERIOD: Duration = Duration::from_millis(200);
/// A run that is over sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(400);

/// A line on stderr that is overwritten as the run goes on.
#[derive(Debug)]
pub(super) struct Progress {
    /// `None` if nothing is to be shown.
    clock: Option<Clock>,
    length: Span,
}

#[derive(Debug)]
struct Clock {
    started: Instant,
    next: Instant,
    shown: bool,
}

impl Progress {
    /// Progress of a run of that length; shows nothing if `quiet` or if stderr is no terminal.
    pub(super) fn new(length: Span, quiet: bool) -> Self {
        let visible = !quiet && io::stderr().is_terminal() && !is_dumb();
        let clock = visible.then(|| {
            let started = now();
            Clock {
                started,
                next: started + PATIENCE,
                shown: false,
            }
        });
        Self { clock, length }
    }

    /// The run has reached `at`, with that many requests so far.
    pub(super) fn update(&mut self, at: Time, requests: u64) {
        let Some(clock) = &mut self.clock else {
            return;
        };
        let present = now();
        if present < clock.next {
            return;
        }
        clock.next = present + PERIOD;
        clock.shown = true;
        let elapsed = present
            .duration_since(clock.started)
            .as_secs_f64()
            .max(1e-3);
        let share = at.seconds() / self.length.seconds().max(1e-9);
        to_stderr(&format!(
            "\r\x1b[2K{}",
            line(at, self.length, share, requests, elapsed)
        ));
    }

    /// The run is over: the line goes away.
    pub(super) fn finish(&mut self) {
        if self.clock.take().is_some_and(|clock| clock.shown) {
            to_stderr("\r\x1b[2K");
        }
    }
}

fn line(at: Time, length: Span, share: f64, requests: u64, elapsed: f64) -> String {
    const BAR: usize = 16;
    let filled = ((share * BAR as f64) as usize).min(BAR);
    let mut text = format!(
        "[{}{}] {} {} of {}, {} requests/s",
        "=".repeat(filled),
        " ".repeat(BAR - filled),
        percent((share * 100.0).floor() as i64 * 10_000_000),
        words(Span(at.0 - at.0 % 60_000_000_000)),
        words(length),
        rounded(requests as f64 / elapsed),
    );
    // Before the first percent an estimate is a guess.
    if share >= 0.01 {
        let left = elapsed / share - elapsed;
        let _ = write!(
            text,
            ", {} left",
            words(Span::from_secs(left.ceil() as u64))
        );
    }
    text
}

fn rounded(rate: f64) -> String {
    if rate >= 1e6 {
        format!("{} M", significant(rate / 1e6))
    } else {
        significant(rate)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "progress is about the time people wait"
)]
fn now() -> Instant {
    Instant::now()
}
