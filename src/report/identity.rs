//! Which run a result belongs to.

use sha2::{Digest, Sha256};

/// Raised whenever a change of the program changes any result, with an entry under "Changed
/// results" in the changelog. It is part of a result's id, so that results of different versions
/// never overwrite each other.
pub const RESULTS_VERSION: u32 = 2;

/// Hexadecimal digits of an id: 64 bits.
const ID_DIGITS: usize = 16;

/// What a result follows from, and the names made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the result: a hash of everything that it follows from.
    pub id: String,
    /// SHA-256 of the resolved scenario, in hexadecimal digits.
    pub scenario_hash: String,
    /// The resolved scenario as text.
    pub scenario_toml: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Number of the replicate.
    pub replicate: u64,
}

impl Identity {
    /// The identity of a run of the resolved scenario `scenario_toml`.
    #[must_use]
    pub fn new(scenario_toml: String, seed: u64, replicate: u64) -> Self {
        let scenario_hash = hexadecimal(&Sha256::digest(scenario_toml.as_bytes()));
        let inputs = format!(
            "scenario {scenario_hash}\nseed {seed}\nreplicate {replicate}\n\
             results_version {RESULTS_VERSION}\n"
        );
        let mut id = hexadecimal(&Sha256::digest(inputs.as_bytes()));
        id.truncate(ID_DIGITS);
        Self {
            id,
            scenario_hash,
            scenario_toml,
            seed,
            replicate,
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_changes_the_id() {
        let id = |toml: &str, seed, replicate| Identity::new(toml.to_owned(), seed, replicate).id;
        let base = id("name = \"a\"", 1, 0);
        assert_eq!(base.len(), ID_DIGITS);
        assert_eq!(base, id("name = \"a\"", 1, 0));
        assert_ne!(base, id("name = \"b\"", 1, 0));
        assert_ne!(base, id("name = \"a\"", 2, 0));
        assert_ne!(base, id("name = \"a\"", 1, 1));
        assert_ne!(id("", 1, 11), id("", 11, 1));
    }

    /// SHA-256 of "abc" from FIPS 180-2, appendix B.1.
    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            Identity::new("abc".to_owned(), 0, 0).scenario_hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
