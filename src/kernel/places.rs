//! From numbers of any size to dense places.

use crate::kernel::draws::mix;
use crate::kernel::memory::prefetch;

const EMPTY: u32 = u32::MAX;

/// An open-addressing table that only grows. Nothing ever iterates over it, so its order reaches
/// no result.
#[derive(Debug)]
pub struct Places {
    /// A number and its place.
    slots: Vec<(u64, u32)>,
    len: u32,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            slots: vec![(0, EMPTY); 1024],
            len: 0,
        }
    }
}

impl Places {
    /// The place of `number`, and whether it is new. Places count from 0.
    #[inline]
    pub fn place(&mut self, number: u64) -> (u32, bool) {
        let mask = self.slots.len() - 1;
        let mut slot = mix(number) as usize & mask;
        loop {
            let (known, place) = self.slots[slot];
            if place == EMPTY {
                return (self.insert(number, slot), true);
            }
            if known == number {
                return (place, false);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Asks the processor for where `number` will be looked for.
    #[inline]
    pub fn warm(&self, number: u64) {
        prefetch(&self.slots, mix(number) as usize & (self.slots.len() - 1));
    }

    #[inline(never)]
    fn insert(&mut self, number: u64, slot: usize) -> u32 {
        let place = self.len;
        self.slots[slot] = (number, place);
        self.len += 1;
        if self.len as usize * 2 > self.slots.len() {
            self.grow();
        }
        place
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let old = std::mem::replace(&mut self.slots, vec![(0, EMPTY); mask + 1]);
        for (number, place) in old.into_iter().filter(|(_, place)| *place != EMPTY) {
            let mut slot = mix(number) as usize & mask;
            while self.slots[slot].1 != EMPTY {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = (number, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_dense_and_stay() {
        let mut table = Places::default();
        let number = |n: u64| n.wrapping_mul(0x1_0000_0001);
        for n in 0..10_000 {
            assert_eq!(table.place(number(n)), (n as u32, true));
        }
        for n in 0..10_000 {
            assert_eq!(table.place(number(n)), (n as u32, false));
        }
    }
}
