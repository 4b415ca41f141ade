//! What a workload will roughly do, before it does it.

use crate::kernel::zipf::share_sums;
use crate::scenario::Scenario;
use crate::units::Span;

use super::{WorkloadKind, WorkloadSpec};

impl WorkloadSpec {
    /// Requests in the whole run of `scenario`, roughly.
    pub fn expected_requests(&self, scenario: &Scenario) -> f64 {
        let end = scenario.duration.0.cast_signed();
        let class = self.follows.and_then(|place| scenario.users.get(place));
        let passed = class.map_or(end, |class| {
            class
                .arrivals
                .curve(Span::ZERO, scenario.duration)
                .passed(end)
        });
        self.rate.per_second() * passed as f64 / 1e9
    }

    /// Keys at the end of the run of `scenario`, roughly, if none is evicted.
    ///
    /// A key without a TTL is there once it was asked for. One with a TTL is there for that long,
    /// and then not until it is asked for again.
    pub fn expected_keys(&self, scenario: &Scenario) -> f64 {
        let requests = self.expected_requests(scenario);
        let share_of_run = self.ttl.seconds() / scenario.duration.seconds().max(1e-9);
        share_sums(self.objects, self.exponent.0 as u32, |share| {
            let asked = requests * share;
            if self.ttl > Span::ZERO && share_of_run < 1.0 {
                let within_ttl = asked * share_of_run;
                within_ttl / (1.0 + within_ttl)
            } else {
                -libm::expm1(-asked)
            }
        })
    }

    /// What a key holds at the end of the run of `scenario`, roughly: bytes of a result, members of
    /// a leaderboard.
    pub fn expected_size(&self, scenario: &Scenario) -> f64 {
        match &self.kind {
            WorkloadKind::QueryCache { bytes, .. } => bytes.mean(),
            WorkloadKind::Leaderboard {
                members,
                update_share,
                ..
            } => {
                let members = f64::from(*members);
                let updates = self.expected_requests(scenario) * update_share.fraction();
                let each = updates / f64::from(self.objects) / members;
                members * -libm::expm1(-each)
            }
            WorkloadKind::Counters => 1.0,
        }
    }
}
