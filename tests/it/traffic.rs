//! Who is there, and when: the world against what scenarios say of its users.

use sessionsim::probe::{NodeSample, Probe};
use sessionsim::units::Time;

use crate::support::{scenario, watch};

/// Users in a visit at the end of each window.
#[derive(Default)]
struct Present(Vec<(u64, u64)>);

impl Probe for Present {
    fn window(&mut self, at: Time, _: &[NodeSample], _: u64, users_present: u64) {
        self.0.push((at.0 / 60_000_000_000, users_present));
    }
}

/// Players at a tournament: seats open at once, and empty as visits end.
#[test]
fn concurrent_users_follow_the_steps() {
    for returns in ["0%", "60%"] {
        let run = scenario(&format!(
            r#"
            platform = "self-managed"
            duration = "4h"
            warmup = "30m"

            [store]
            maxmemory = "1GiB"

            [[users]]
            concurrent = 200
            ramp_up = "10m"
            stay = {{ uniform = ["5m", "15m"] }}
            return_share = "{returns}"
            away = "25m"

            [users.arrivals]
            steps = [
                {{ at = "1h", factor = 5, over = "10m" }},
                {{ at = "2h", factor = 0.5, over = "5m" }},
                {{ at = "3h", factor = 1 }},
            ]

            [users.session]
            bytes = "1KB"
            ttl = "20m"
            "#
        ));
        let present = watch(&run, Present::default()).0;
        let mut seen = 0;
        for (minute, users) in present {
            let expected = match minute {
                31..60 | 181..240 => 200..=200,
                64..66 => 400..=800,
                71..120 => 1000..=1000,
                141..=179 => 100..=100,
                _ => continue,
            };
            seen += 1;
            assert!(expected.contains(&users), "{users} at {minute} minutes");
        }
        assert!(seen > 150);
    }
}
