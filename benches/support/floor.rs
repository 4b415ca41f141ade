//! The floor: what one request costs at the very least, fixed so that the simulator's own code
//! can never raise it.
//!
//! For each request a record of 64 bytes is touched, one event is pushed into and popped from a
//! plain bucketed wheel, one number is drawn, and one value is recorded in a histogram. Nothing
//! here may change: ratios to the floor are compared across versions.

use hdrhistogram::Histogram;

const BUCKET_BITS: u32 = 20;
const BUCKETS: usize = 1 << 16;
const MEAN_GAP: u64 = 5_000;

#[derive(Clone)]
#[repr(align(64))]
struct Record {
    expires: u64,
    touched: u64,
    words: [u64; 6],
}

/// Serves `requests` requests of `sessions` sessions, each of which waits `sessions` * 5 us on
/// average, and returns a hash of what it did.
pub fn floor(sessions: u64, requests: u64) -> u64 {
    let mut records = vec![Record { expires: 0, touched: 0, words: [0; 6] }; sessions as usize];
    let mut wheel: Vec<Vec<u64>> = vec![Vec::new(); BUCKETS];
    let mut far: Vec<(u64, u64)> = Vec::new();
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 1 << 40, 3).expect("bounds");
    let mean = sessions * MEAN_GAP;
    let mut state = 0x1234_5678_9ABC_DEF1u64;
    // Keys hold the time within the bucket above the number of the session.
    let mut push = |wheel: &mut Vec<Vec<u64>>, far: &mut Vec<(u64, u64)>, open: u64, at: u64, id: u64| {
        let bucket = at >> BUCKET_BITS;
        if bucket - open < BUCKETS as u64 {
            let key = (at & ((1 << BUCKET_BITS) - 1)) << 32 | id;
            wheel[bucket as usize % BUCKETS].push(key);
        } else {
            far.push((at, id));
        }
    };
    for id in 0..sessions {
        push(&mut wheel, &mut far, 0, id * MEAN_GAP + (1 << BUCKET_BITS), id);
    }
    let mut served = 0;
    let mut open = 0;
    while served < requests {
        open += 1;
        if open % BUCKETS as u64 == 0 {
            for (at, id) in std::mem::take(&mut far) {
                push(&mut wheel, &mut far, open, at, id);
            }
        }
        let mut keys = std::mem::take(&mut wheel[open as usize % BUCKETS]);
        keys.sort_unstable();
        for &key in &keys {
            let now = (open << BUCKET_BITS) | key >> 32;
            let id = key & 0xFFFF_FFFF;
            let record = &mut records[id as usize];
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = state ^ record.words[0];
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^= bits >> 31;
            record.touched = now;
            record.expires = record.expires.max(now + mean);
            histogram.saturating_record(100_000 + (bits >> 46));
            let wait = ((u128::from(bits) * u128::from(2 * mean)) >> 64) as u64;
            push(&mut wheel, &mut far, open, now + (1 << BUCKET_BITS) + wait, id);
            served += 1;
        }
        keys.clear();
        wheel[open as usize % BUCKETS] = keys;
    }
    records.iter().fold(state, |hash, record| hash.rotate_left(5) ^ record.touched)
        ^ histogram.value_at_quantile(0.5)
}
