//! Random streams by name, for what is not a user's: a node's sampling, random faults.
//!
//! Each component owns one `ChaCha8` stream named after itself, so adding a component, or one that
//! draws more often, never shifts the numbers of another. `ChaCha8Rng` is portable and its output
//! is fixed; `StdRng` and `SmallRng` are neither and are never used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::draws::mix;

/// The source of named streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
    replicate: u64,
}

impl Streams {
    /// The streams of a seed and a replicate.
    #[must_use]
    pub const fn new(seed: u64, replicate: u64) -> Self {
        Self { seed, replicate }
    }

    /// The stream of that name, always from its beginning.
    #[must_use]
    pub fn stream(&self, name: &str) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        // FNV-1a over the name; 64 bits are ample for a few hundred names.
        let name = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let words = [self.seed, self.replicate, name, mix(name ^ self.seed)];
        for (slot, word) in key.chunks_exact_mut(8).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::Rng;

    #[test]
    fn a_stream_is_its_name() {
        let streams = Streams::new(1, 0);
        let first = |name: &str| streams.stream(name).next_u64();
        assert_eq!(first("node/0"), first("node/0"));
        assert_ne!(first("node/0"), first("node/1"));
        assert_ne!(
            first("node/0"),
            Streams::new(2, 0).stream("node/0").next_u64()
        );
        assert_ne!(
            first("node/0"),
            Streams::new(1, 1).stream("node/0").next_u64()
        );
    }

    /// Guards against a silent change of the generator under us: the `ChaCha8` key stream of the
    /// all-zero key (draft-strombergson-chacha-test-vectors-01, TC1, 8 rounds) begins 3e 00 ef 2f.
    #[test]
    fn known_vector() {
        let mut rng = ChaCha8Rng::from_seed([0; 32]);
        assert_eq!(rng.next_u32().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f]);
    }
}
