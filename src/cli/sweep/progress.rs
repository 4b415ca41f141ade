//! How far a sweep is, on a terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::cli::progress::now;
use crate::cli::terminal::{is_dumb, to_stderr};
use crate::report::format::words;
use crate::units::Span;

/// Between two updates of the line.
const PERIOD: Duration = Duration::from_millis(200);

/// A line on stderr that is overwritten as runs finish.
#[derive(Debug)]
pub(super) struct SweepProgress {
    /// `None` if nothing is to be shown.
    state: Option<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    started: Instant,
    next: Instant,
    runs: u64,
    /// Events of all runs, of those that are done, and of those that had been done before.
    all: f64,
    done: f64,
    reused: f64,
}

impl SweepProgress {
    /// Progress of runs with so many events in all; shows nothing if `quiet` or if stderr is no
    /// terminal.
    pub(super) fn new(events: f64, quiet: bool) -> Self {
        let visible = !quiet && io::stderr().is_terminal() && !is_dumb();
        let state = visible.then(|| {
            let started = now();
            Mutex::new(State {
                started,
                next: started + PERIOD,
                runs: 0,
                all: events.max(1.0),
                done: 0.0,
                reused: 0.0,
            })
        });
        Self { state }
    }

    /// A run with about so many events is done, or had been before.
    pub(super) fn done(&self, events: f64, reused: bool) {
        let Some(Ok(mut state)) = self.state.as_ref().map(Mutex::lock) else {
            return;
        };
        state.runs += 1;
        state.done += events;
        state.reused += if reused { events } else { 0.0 };
        // More replicates than planned may be needed.
        state.all = state.all.max(state.done);
        let present = now();
        if present >= state.next {
            state.next = present + PERIOD;
            let elapsed = present.duration_since(state.started).as_secs_f64();
            to_stderr(&format!("\r\x1b[2K{}", line(&state, elapsed)));
        }
    }

    /// The line goes away.
    pub(super) fn finish(&self) {
        if self.state.is_some() {
            to_stderr("\r\x1b[2K");
        }
    }
}

fn line(state: &State, elapsed: f64) -> String {
    const BAR: usize = 24;
    let share = state.done / state.all;
    let filled = ((share * BAR as f64) as usize).min(BAR);
    let mut text = format!(
        "[{}{}] {:>3}%  {} runs done",
        "=".repeat(filled),
        " ".repeat(BAR - filled),
        (share * 100.0) as u64,
        state.runs
    );
    let new = state.done - state.reused;
    if new > 0.0 {
        let left = (state.all - state.done) / new * elapsed;
        let left = words(Span::from_secs(left.ceil() as u64));
        let _ = write!(text, ", {left} left");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_from_what_was_computed_now() {
        let state = |done, reused| State {
            started: now(),
            next: now(),
            runs: 3,
            all: 100.0,
            done,
            reused,
        };
        assert_eq!(
            line(&state(75.0, 50.0), 120.0),
            "[==================      ]  75%  3 runs done, 2 minutes left"
        );
        assert_eq!(
            line(&state(50.0, 50.0), 1.0),
            "[============            ]  50%  3 runs done"
        );
    }
}
