//! Records that come and go, addressed by small numbers.

use super::memory::push_gently;

/// A vector whose freed places are used again, last freed first.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    records: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<T> Slab<T> {
    /// An empty slab with room for `capacity` records.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            records: Vec::with_capacity(capacity),
            free: Vec::new(),
        }
    }

    /// Stores `record` and returns its place.
    ///
    /// # Panics
    /// Beyond 2^32 - 1 records; scenarios that large are refused when they are loaded.
    #[inline]
    pub fn insert(&mut self, record: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.records[place as usize] = record;
            place
        } else {
            let place = u32::try_from(self.records.len()).expect("fewer than 2^32 records");
            push_gently(&mut self.records, record);
            place
        }
    }

    /// Gives the place back. What lies there stays readable until the place is used again.
    #[inline]
    pub fn remove(&mut self, place: u32) {
        self.free.push(place);
    }

    /// The record at `place`.
    #[inline]
    pub fn get(&self, place: u32) -> &T {
        &self.records[place as usize]
    }

    /// The record at `place`.
    #[inline]
    pub fn get_mut(&mut self, place: u32) -> &mut T {
        &mut self.records[place as usize]
    }

    /// Records in use.
    pub fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// Whether none is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All places ever used, freed ones included, in order.
    pub fn places(&self) -> &[T] {
        &self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_places_are_used_again() {
        let mut slab = Slab::with_capacity(2);
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        slab.remove(a);
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.insert("c"), a);
        assert_eq!((*slab.get(a), *slab.get(b)), ("c", "b"));
        assert_eq!(slab.places().len(), 2);
    }
}
