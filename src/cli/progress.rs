//! How far a run is, on a terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::report::format::{plural, significant, words};
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

    /// The run is over: the line gives way to how fast it was.
    pub(super) fn finish(&mut self, requests: u64) {
        let Some(clock) = self.clock.take().filter(|clock| clock.shown) else {
            return;
        };
        let elapsed = now().duration_since(clock.started).as_secs_f64().max(1e-3);
        to_stderr(&format!(
            "\r\x1b[2KSimulated {} in {} s, {} a second.\n",
            plural(requests, "request", "requests"),
            significant(elapsed),
            rounded(requests as f64 / elapsed),
        ));
    }
}

fn line(at: Time, length: Span, share: f64, requests: u64, elapsed: f64) -> String {
    const BAR: usize = 16;
    let filled = ((share * BAR as f64) as usize).min(BAR);
    let mut text = format!(
        "[{}{}] {:>3}%  {} of {}  {} requests/s",
        "=".repeat(filled),
        " ".repeat(BAR - filled),
        (share * 100.0) as u64,
        simulated(Span(at.0), length),
        words(length),
        rounded(requests as f64 / elapsed),
    );
    // Before the first percent an estimate is a guess.
    if share >= 0.01 {
        let left = (elapsed / share - elapsed).ceil() as u64;
        let _ = match left {
            0..100 => write!(text, "  {left} s left"),
            _ => write!(text, "  {} left", words(Span::from_secs(left))),
        };
    }
    text
}

/// Simulated time, no finer than people can follow.
fn simulated(at: Span, length: Span) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    let step = if length.0 >= 24 * HOUR {
        HOUR
    } else {
        HOUR / 60
    };
    match at.0 - at.0 % step {
        0 => "0".to_owned(),
        whole => words(Span(whole)),
    }
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
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_long() {
        let day = Span::from_secs(86_400);
        let at = |hours: u64| Time(Span::from_secs(3_600 * hours).0);
        assert_eq!(
            line(at(0), day, 0.001, 500, 1.0),
            "[                ]   0%  0 of 1 day  500 requests/s"
        );
        assert_eq!(
            line(at(12), day, 0.5, 30_000_000, 6.0),
            "[========        ]  50%  12 hours of 1 day  5.00 M requests/s  6 s left"
        );
        let longest = line(at(5_000), Span(day.0 * 365), 0.5, 30_000_000, 6_000.0);
        assert!(longest.len() < 100, "{longest}");
    }
}
