//! Who is there, and when: the world against what scenarios say of its users.

use sessionsim::probe::{NodeSample, Probe, RequestDone};
use sessionsim::units::Time;

use crate::support::{assert_close, scenario, watch};

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

/// Requests after the warm-up, and how long they took.
#[derive(Default)]
struct Responses {
    number: u64,
    time: f64,
}

/// When the warm-up of the closed loops is over.
const WARM: Time = Time(600_000_000_000);

impl Probe for Responses {
    fn request_done(&mut self, fact: &RequestDone) {
        if fact.issued >= WARM && fact.done < Time(7_200_000_000_000) {
            self.number += 1;
            self.time += (fact.done - fact.issued).seconds();
        }
    }
}

fn closed_loop(users: u32, service: &str, more: &str) -> Responses {
    let run = scenario(&format!(
        r#"
        platform = "self-managed"
        duration = "2h"
        warmup = "10m"

        [store]
        maxmemory = "1GiB"
        service_time = {service}

        [network]
        hop = "0s"

        [[users]]
        login = false
        concurrent = {users}
        ramp_up = "1m"
        stay = "3h"
        think_time = {{ exponential = "1s" }}
        pacing = "after-reply"
        modify_share = "0%"
        {more}

        [users.session]
        bytes = "100B"
        ttl = "1d"
        ttl_kind = "absolute"
        read = ["GET"]
        "#
    ));
    watch(&run, Responses::default())
}

/// Users who wait for replies obey the interactive response-time law, N = X (R + Z), whatever the
/// load; with exponential service they are the machine-repair model, whose response time mean
/// value analysis gives (Reiser and Lavenberg, "Mean-value analysis of closed multichain queuing
/// networks", JACM 1980).
#[test]
fn closed_loops_obey_the_interactive_response_time_law() {
    for (users, service) in [
        (40, "{ exponential = \"10ms\" }"),
        (100, "{ exponential = \"10ms\" }"),
        (150, "{ exponential = \"10ms\" }"),
        (150, "\"10ms\""),
    ] {
        let seen = closed_loop(users, service, "");
        let throughput = seen.number as f64 / (7200.0 - WARM.seconds());
        let response = seen.time / seen.number as f64;
        let population = throughput * (response + 1.0);
        assert_close("N", population, f64::from(users), 0.01);
        if service.contains("exponential") {
            let (mut waiting, mut expected) = (0.0, 0.0);
            for n in 1..=users {
                expected = 0.010 * (1.0 + waiting);
                waiting = f64::from(n) / (expected + 1.0) * expected;
            }
            assert_close("R", response, expected, 0.05);
        }
    }
}

/// A page is over when its last reply is back.
#[test]
fn pages_wait_for_the_last_of_their_replies() {
    let seen = closed_loop(1, "\"100ms\"", "parallel = 5");
    let pages = seen.number as f64 / 5.0;
    // One user alone: the replies come after 100, 200, ... 500 ms.
    assert_close("R", seen.time / seen.number as f64, 0.3, 0.002);
    let cycle = (7200.0 - WARM.seconds()) / pages;
    assert_close("a page and a think time", cycle, 1.5, 0.03);
}
