use super::*;
use crate::scenario::store::{Allocator, EvictionPolicy};
use crate::traffic::trace::TraceReader;
use crate::units::Bytes;

fn setup(policy: EvictionPolicy, maxmemory: u64) -> Setup {
    Setup {
        store: StoreSpec {
            allocator: Allocator::Debian,
            maxmemory: Bytes(maxmemory),
            maxmemory_policy: policy,
            ..StoreSpec::upstream()
        },
        key_length: 40,
        kind: ShapeKind::String,
        start_unix_ms: 1_800_000_001_000,
        end: Time(3_000_000_000),
        sample_every: Span::from_secs(1),
        seed: 1,
    }
}

fn replay(setup: &Setup, trace: &str) -> Replayed {
    let mut reader = TraceReader::new(trace.as_bytes());
    let mut replay = Replay::new(setup);
    while let Some(row) = reader.next_row().unwrap() {
        replay.row(&row);
    }
    replay.finish()
}

#[test]
fn misses_are_told_apart_by_what_the_client_knows() {
    let trace = "0,get,1,100,500\n1,get,1,100,500\n2,set,2,100,0\n3,del,2,,\n4,get,2,10,0\n\
                 400,touch,1,,500\n901,get,1,100,0\n902,get,1,100,0\n903,touch,9,,1\n904,del,9,,\n";
    let replayed = replay(&setup(EvictionPolicy::NoEviction, 0), trace);
    let counts = replayed.counts;
    assert_eq!((counts.get_hits, counts.miss_cold), (2, 1));
    assert_eq!(
        (counts.miss_expired, counts.miss_deleted, counts.miss_lost),
        (1, 1, 0)
    );
    assert_eq!((counts.touch_hits, counts.touch_misses), (1, 1));
    assert_eq!((counts.delete_hits, counts.delete_misses), (1, 1));
    assert_eq!(
        (counts.expired_keys, counts.evicted_keys, counts.sets_ok),
        (1, 0, 4)
    );
    let at: Vec<u64> = replayed
        .samples
        .iter()
        .map(|sample| sample.at.millis())
        .collect();
    assert_eq!(at, [1000, 2000, 3000]);
    assert_eq!(
        replayed.final_keys.idle_resident,
        [2098, 2996].map(Span::from_millis)
    );
    assert_eq!(replayed.broken, None);
}

#[test]
fn refused_writes_leave_the_old_value() {
    let small = setup(EvictionPolicy::NoEviction, 1_100_000);
    let trace = "0,set,1,20000,0\n1,set,2,90000,0\n2,get,2,90000,0\n3,get,1,1,0\n4,set,1,90000,0\n\
                 5,get,1,1,0\n";
    let counts = replay(&small, trace).counts;
    assert_eq!((counts.sets_ok, counts.sets_refused), (1, 3));
    assert_eq!((counts.get_hits, counts.miss_rejected), (2, 1));
}
