//! What several subjects need: scenarios from text, runs, metrics, and probes of their own.

use sessionsim::kernel::quantiles::Distribution;
use sessionsim::measure;
use sessionsim::metrics::catalogue::catalogue;
use sessionsim::metrics::measurements::Measurements;
pub(crate) use sessionsim::probe::Both;
use sessionsim::probe::Probe;
use sessionsim::scenario::{self, Scenario};
use sessionsim::units::Span;
use sessionsim::world;

/// The scenario that `text` states.
pub(crate) fn scenario(text: &str) -> Scenario {
    scenario::load("test.toml", text)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Runs `scenario` to its end under `probe`, and hands the probe back.
pub(crate) fn watch<P: Probe>(scenario: &Scenario, probe: P) -> P {
    world::simulate(scenario, 0, probe, &mut |_, _| true).probe
}

/// What the metrics of a run are made of.
pub(crate) fn measure(scenario: &Scenario) -> Measurements {
    measure::measure(scenario, Box::new(|| None), 0, &mut |_, _| true)
}

/// A metric's value.
pub(crate) fn metric(measurements: &Measurements, name: &str) -> f64 {
    let metric = catalogue().into_iter().find(|metric| metric.name == name);
    let metric = metric.unwrap_or_else(|| panic!("no metric is called {name}"));
    let value = metric.value(measurements);
    value
        .unwrap_or_else(|| panic!("{name} does not apply"))
        .number()
}

/// Holds `measured` within `tolerance` of `expected`, relative to it.
#[track_caller]
pub(crate) fn assert_close(what: &str, measured: f64, expected: f64, tolerance: f64) {
    assert!(
        (measured / expected - 1.0).abs() <= tolerance,
        "{what}: measured {measured}, expected {expected} within {tolerance}"
    );
}

/// Holds `measured` within `tolerance` of `expected`.
#[track_caller]
pub(crate) fn assert_near(what: &str, measured: f64, expected: f64, tolerance: f64) {
    assert!(
        (measured - expected).abs() <= tolerance,
        "{what}: measured {measured}, expected {expected} within {tolerance}"
    );
}

/// Always `span`.
pub(crate) const fn fixed(span: Span) -> Distribution<Span> {
    Distribution::Fixed(span)
}
