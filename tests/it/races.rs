//! What happens within one request, or while a user leaves: small worlds in which it happens often.

use sessionsim::probe::{NodeSample, Probe, RequestKind};
use sessionsim::units::Time;

use crate::support::{measure, metric, scenario, watch};

/// Live sessions and keys at the end of each row.
#[derive(Default)]
struct Stored(Vec<(u64, u64)>);

impl Probe for Stored {
    fn window(&mut self, _at: Time, nodes: &[NodeSample], live: u64, _present: u64) {
        self.0
            .push((live, nodes.iter().map(|node| node.keys).sum()));
    }
}

/// Storing a session can evict that very session first: then it is stored again, and both the
/// store and the ledger have it.
#[test]
fn a_change_that_evicts_its_own_session_stores_it_again() {
    for (encoding, policy) in [
        ("\"string\"", "allkeys-random"),
        ("\"string\"", "allkeys-lfu"),
        ("\"hash\"\nfields = 4\nfield_length = 8", "allkeys-random"),
    ] {
        let run = scenario(&format!(
            r#"
            platform = "self-managed"
            duration = "2h"
            warmup = "10m"
            window = "1m"

            [store]
            engine = "redis-7.0"
            maxmemory = "1400KiB"
            maxmemory_policy = "{policy}"

            [database]
            service_time = "1ms"
            on_lost_session = "restore"

            [[users]]
            login = false
            concurrent = 200
            ramp_up = "10s"
            think_time = {{ exponential = "20s" }}
            stay = "365d"
            modify_share = "100%"

            [users.session]
            bytes = "3KB"
            encoding = {encoding}
            ttl_kind = "none"
            "#
        ));
        let mut stored = watch(&run, Stored::default()).0;
        // The last row is stated after all sessions met their fates.
        stored.pop();
        assert!(stored.len() > 100);
        for (live, keys) in stored {
            // Each key belongs to a session, but for those whose requests are on their way.
            assert!(
                live > 20 && keys.abs_diff(live) <= 2,
                "{policy}: {live} sessions, {keys} keys"
            );
        }
    }
}

/// Requests by kind.
#[derive(Default)]
struct Kinds([u64; 4]);

impl Probe for Kinds {
    fn request_issued(&mut self, _at: Time, _class: u16, kind: RequestKind) {
        self.0[kind as usize] += 1;
    }
}

/// Whoever leaves while a request finds the session gone does not log in any more.
#[test]
fn nobody_logs_in_after_leaving() {
    // A request on leaving's heels: think time and stay are such that the last request of a
    // visit is still on its way when the user leaves.
    let run = scenario(
        r#"
        platform = "self-managed"
        duration = "1h"
        [store]
        engine = "redis-7.0"
        [network]
        hop = "400ms"
        [database]
        on_lost_session = "login"
        [[users]]
        login = false
        concurrent = 10
        ramp_up = "10s"
        think_time = "9500ms"
        stay = "10s"
        modify_share = "0%"
        logout_share = "0%"
        [users.session]
        bytes = "1KB"
        ttl = "2s"
        ttl_kind = "sliding"
        "#,
    );
    let Kinds(kinds) = watch(&run, Kinds::default());
    // One login and one read a visit.
    assert!(kinds[RequestKind::Read as usize] > 3000);
    assert!(kinds[RequestKind::Login as usize] - kinds[RequestKind::Read as usize] <= 10);
    // Those who found their session gone have given up; nobody helped them.
    let made_good = measure(&run).counts.made_good;
    assert_eq!(made_good[..3], [0; 3], "{made_good:?}");
}

/// Queues that grow without end promise replies beyond the end of the run, and of the clock.
#[test]
fn overload_beyond_the_end_of_time_is_no_trouble() {
    for service in ["10s", "1m"] {
        let run = scenario(&format!(
            r#"
            platform = "self-managed"
            duration = "6m"
            [store]
            engine = "redis-7.0"
            service_time = "{service}"
            [database]
            concurrency = 1
            queue_limit = 10_000_000
            service_time = "1h"
            [[users]]
            login = false
            concurrent = 20_000
            ramp_up = "1s"
            think_time = "4s"
            stay = "365d"
            [users.session]
            bytes = "1KB"
            ttl_kind = "none"
            "#
        ));
        let run = measure(&run);
        assert!(metric(&run, "requests") > 1.5e6);
        assert!(metric(&run, "engine_cpu_max") > 0.999);
    }
}

/// A key can be evicted after its session's own end and before the server notices that: then the
/// session has ended, and is not lost. Of keys with a TTL, `volatile-ttl` takes those first.
#[test]
fn what_is_evicted_after_its_end_is_not_lost() {
    let run = scenario(
        r#"
        platform = "self-managed"
        duration = "30m"
        warmup = "1m"
        [store]
        engine = "redis-7.0"
        hz = 1
        maxmemory = "2500KiB"
        maxmemory_policy = "volatile-ttl"
        maxmemory_samples = 10
        [[users]]
        login = false
        arrival_rate = "300/s"
        think_time = "10s"
        stay = "1s"
        logout_share = "0%"
        [users.session]
        bytes = "1KB"
        ttl = "4s"
        ttl_kind = "absolute"
        "#,
    );
    let counts = measure(&run).counts;
    let (evicted, lost) = (counts.evicted_keys, counts.lost_in_all());
    assert!(evicted > 10_000, "{evicted} evicted");
    assert!(lost * 10 < evicted, "{lost} lost of {evicted} evicted");
    assert!(counts.ended > 400_000);
}
