//! Ctrl-C and SIGTERM.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// Whether someone has asked the run to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. The first signal asks the run to stop and leave what it has; the
    /// second ends the program at once. Nothing lies half-written then: results are written only
    /// after a run, and under their name only when whole.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let flag = interrupt.clone();
        // Without a handler a signal ends the program as usual, which is no reason not to run.
        let _ = ctrlc::set_handler(move || {
            if flag.0.swap(true, Ordering::Relaxed) {
                #[allow(clippy::exit, reason = "a second signal means now")]
                std::process::exit(Exit::Interrupted as i32);
            }
        });
        interrupt
    }

    pub(super) fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
