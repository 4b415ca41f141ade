//! Runs a scenario and measures it, by class of users where there are several.

use crate::metrics::measurements::Measurements;
use crate::metrics::owners::Owners;
use crate::metrics::recorder::Recorder;
use crate::probe::Both;
use crate::scenario::Scenario;
use crate::units::Time;
use crate::world::{Rows, Simulated, simulate_recorded};

/// What a run of `scenario` leaves, with `rows` as those of the trace that it names. `watch` is
/// told the simulated time and the number of requests every few thousand events; the run ends early
/// when it says no.
///
/// # Panics
/// If an invariant of the model is broken, which is a bug: the message names seed and time.
pub fn measure(
    scenario: &Scenario,
    rows: Rows,
    replicate: u64,
    watch: &mut dyn FnMut(Time, u64) -> bool,
) -> Measurements {
    let recorder = Recorder::new(scenario);
    let Some(owners) = Owners::new(scenario) else {
        return simulate_recorded(scenario, rows, replicate, recorder, watch)
            .probe
            .finish();
    };
    let both = Both(recorder, owners);
    let Simulated { probe, .. } = simulate_recorded(scenario, rows, replicate, both, watch);
    probe.0.finish_with(Some(probe.1))
}
