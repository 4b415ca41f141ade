//! The floor: what one request costs at the very least, fixed so that the simulator's own code
//! can never raise it.
//!
//! For each request a record of 64 bytes is touched, one event is pushed into and popped from a
//! plain bucketed wheel, one number is drawn, and one value is recorded in a histogram. Nothing
//! here may change: ratios to the floor are compared across versions.

use hdrhistogram::Histogram;

/// A bucket spans 2^20 ns, some 200 events at the mean gap.
const BUCKET_BITS: u32 = 20;
const MEAN_GAP: u64 = 5_000;
/// Records are touched this many events before their turn, so that their memory is on its way.
const AHEAD: usize = 16;

#[derive(Clone)]
#[repr(align(64))]
struct Record {
    expires: u64,
    touched: u64,
    words: [u64; 6],
}

/// Sessions that each wait `sessions` * 5 us on average from one request to the next.
pub(crate) struct Floor {
    mean: u64,
    mask: u64,
    records: Vec<Record>,
    wheel: Vec<Vec<u64>>,
    open: u64,
    state: u64,
    warmed: u64,
    histogram: Histogram<u64>,
}

impl Floor {
    pub(crate) fn new(sessions: u64) -> Self {
        let mean = sessions * MEAN_GAP;
        // No event lies further ahead than the ring reaches.
        let buckets = (((2 * mean) >> BUCKET_BITS) + 3).next_power_of_two();
        let mut floor = Self {
            mean,
            mask: buckets - 1,
            records: vec![
                Record {
                    expires: 0,
                    touched: 0,
                    words: [0; 6]
                };
                sessions as usize
            ],
            wheel: vec![Vec::with_capacity(256); buckets as usize],
            open: 0,
            state: 0x1234_5678_9ABC_DEF1,
            warmed: 0,
            histogram: Histogram::new_with_bounds(1, 1 << 40, 3).expect("valid bounds"),
        };
        for id in 0..sessions {
            floor.push(id * MEAN_GAP + (1 << BUCKET_BITS), id);
        }
        floor
    }

    /// Keys hold the time within the bucket above the number of the session.
    #[inline]
    fn push(&mut self, at: u64, id: u64) {
        let key = (at & ((1 << BUCKET_BITS) - 1)) << 32 | id;
        self.wheel[((at >> BUCKET_BITS) & self.mask) as usize].push(key);
    }

    /// Serves at least `requests` requests; returns how many.
    pub(crate) fn serve(&mut self, requests: u64) -> u64 {
        let mut served = 0;
        while served < requests {
            self.open += 1;
            let mut keys = std::mem::take(&mut self.wheel[(self.open & self.mask) as usize]);
            keys.sort_unstable();
            for (place, &key) in keys.iter().enumerate() {
                if let Some(&ahead) = keys.get(place + AHEAD) {
                    self.warmed ^= self.records[(ahead & 0xFFFF_FFFF) as usize].expires;
                }
                let now = (self.open << BUCKET_BITS) | key >> 32;
                let id = key & 0xFFFF_FFFF;
                let record = &mut self.records[id as usize];
                self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut bits = self.state ^ record.words[0];
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                bits ^= bits >> 31;
                record.touched = now;
                record.expires = record.expires.max(now + self.mean);
                self.histogram.saturating_record(100_000 + (bits >> 46));
                let wait = ((u128::from(bits) * u128::from(2 * self.mean)) >> 64) as u64;
                self.push(now + (1 << BUCKET_BITS) + wait, id);
            }
            served += keys.len() as u64;
            keys.clear();
            self.wheel[(self.open & self.mask) as usize] = keys;
        }
        served
    }

    /// A hash of all that was done, so that none of it can be left out.
    pub(crate) fn hash(&self) -> u64 {
        self.records.iter().fold(self.state, |hash, record| {
            hash.rotate_left(5) ^ record.touched
        }) ^ self.histogram.value_at_quantile(0.5)
            ^ self.warmed
    }
}
