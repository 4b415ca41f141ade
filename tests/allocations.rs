//! No allocation per request once a run has warmed up. A binary of its own: its allocator counts
//! for the whole process, so no other test may run beside it.
#![allow(unsafe_code, reason = "a global allocator is unsafe by its nature")]

#[path = "../benches/support/cases.rs"]
mod cases;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sessionsim::metrics::recorder::Recorder;
use sessionsim::units::Time;
use sessionsim::world;

use cases::Case;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came; only a counter is added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Requests that are watched.
const REQUESTS: u64 = 1_000_000;

#[test]
fn requests_allocate_nothing() {
    for case in Case::ALL {
        let sessions = 20_000;
        let scenario = case.scenario(sessions, REQUESTS / sessions + 20);
        let begin = Time::ZERO + scenario.warmup;
        let mut first = None;
        let mut seen = (0, 0);
        world::simulate(
            &scenario,
            0,
            Recorder::new(&scenario),
            &mut |now, requests| {
                if now < begin {
                    return true;
                }
                let (requests_before, allocations_before) =
                    *first.get_or_insert((requests, ALLOCATIONS.load(Relaxed)));
                seen = (
                    requests - requests_before,
                    ALLOCATIONS.load(Relaxed) - allocations_before,
                );
                seen.0 < REQUESTS
            },
        );
        let (requests, allocations) = seen;
        assert!(requests >= REQUESTS, "{}: {requests} requests", case.name());
        // A list can still reach a new greatest length, and a row of the time series may end.
        assert!(
            allocations <= 20,
            "{}: {allocations} allocations in {requests} requests",
            case.name()
        );
    }
}
