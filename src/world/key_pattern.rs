//! Names of keys, as far as they decide where a key lies.

use crate::kernel::draws::mix;
use crate::store::slots::hash_slot;

/// The pattern of a class's keys: what stands before and behind the session's identifier.
#[derive(Clone, Debug)]
pub(super) struct KeyPattern {
    /// A whole name; the identifier is written anew for each key.
    name: Vec<u8>,
    id_at: usize,
    id_length: usize,
}

/// Stands for the identifier in a pattern.
pub(super) const ID: &str = "<id>";

impl KeyPattern {
    /// The pattern `pattern` with identifiers of `id_length` hexadecimal digits.
    pub(super) fn new(pattern: &str, id_length: usize) -> Self {
        let (before, behind) = pattern.split_once(ID).unwrap_or((pattern, ""));
        let name = [before.as_bytes(), &vec![b'0'; id_length], behind.as_bytes()].concat();
        Self {
            name,
            id_at: before.len(),
            id_length,
        }
    }

    /// Length of a name in bytes.
    pub(super) fn len(&self) -> usize {
        self.name.len()
    }

    /// The hash slot of the key with identifier `id`.
    pub(super) fn slot(&mut self, id: u64) -> u16 {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = id;
        for (place, digit) in self.name[self.id_at..self.id_at + self.id_length]
            .iter_mut()
            .enumerate()
        {
            if place > 0 && place % 16 == 0 {
                bits = mix(id.wrapping_add(place as u64));
            }
            *digit = DIGITS[(bits & 15) as usize];
            bits >>= 4;
        }
        hash_slot(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_pattern_with_the_identifier() {
        let mut pattern = KeyPattern::new("cart:<id>:v2", 20);
        assert_eq!(pattern.len(), 28);
        pattern.slot(0xABC);
        assert!(pattern.name.starts_with(b"cart:cba0"));
        assert!(pattern.name.ends_with(b":v2"));
        let first = pattern.name.clone();
        pattern.slot(0xABD);
        assert_ne!(pattern.name, first);
        let other = pattern.slot(0xABC);
        assert_eq!(pattern.name, first);
        assert_eq!(pattern.slot(0xABC), other);
    }

    #[test]
    fn a_hash_tag_decides_alone() {
        let mut tagged = KeyPattern::new("{shop}:<id>", 32);
        assert_eq!(tagged.slot(1), tagged.slot(2));
    }
}
