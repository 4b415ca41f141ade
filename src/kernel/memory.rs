//! Growing large vectors, and hints to the processor about memory that will be needed soon: the
//! one file with `unsafe`.
//!
//! A simulation visits its records in random order, so most of a request's time is memory
//! latency. Whoever knows what comes next asks for it here while other work goes on. A hint
//! changes no result; where the platform has none, it does nothing.
#![allow(unsafe_code)]

/// Asks for the cache line of `slice[index]`; an index out of bounds is ignored.
#[inline]
pub fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if index < slice.len() {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the pointer is inside the slice, and a prefetch neither reads nor faults as far
        // as the program can observe. SSE is part of every x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(slice.as_ptr().add(index).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}

/// Pushes `item`. A full vector grows by a thirty-second, not to twice its size: the records of a large
/// run are most of its memory.
#[inline]
pub fn push_gently<T>(vector: &mut Vec<T>, item: T) {
    if vector.len() == vector.capacity() {
        grow_gently(vector);
    }
    vector.push(item);
}

#[cold]
fn grow_gently<T>(vector: &mut Vec<T>) {
    vector.reserve_exact(vector.len() / 32 + 64);
}
