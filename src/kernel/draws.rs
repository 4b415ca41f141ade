//! Draws that belong to a user: counter-based, stateless, in any order.
//!
//! A draw is a pure function of (seed, class, user, counter). What one user draws never depends
//! on another user, on the deployment, or on how many draws came before. The generator is
//! `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA
//! 2014) addressed by position: `finalise(base + position * GAMMA)`.

/// The odd constant of `SplitMix64`: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Stafford's variant 13 of the `MurmurHash3` finaliser, as `SplitMix64` uses it: a bijection
/// whose output bits each depend on all input bits.
#[inline]
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The root of all draws that users make in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawRoot(u64);

/// The draws of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserDraws(u64);

/// The draws of one request of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDraws(u64);

/// What a draw is for. One user's draws for one intent, attempt and command differ by this
/// alone, so a new purpose changes no other draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// When the user first arrives.
    Arrival = 0,
    /// The time to the next intent.
    Think = 1,
    /// How long the visit lasts.
    Stay = 2,
    /// Which kind of request it is.
    Kind = 3,
    /// How the visit ends: logging out or just leaving.
    Leave = 4,
    /// Whether the user comes back.
    Return = 5,
    /// How long the user stays away.
    Away = 6,
    /// The identifier of a new session.
    SessionId = 7,
    /// The size of a session.
    Size = 8,
    /// A hop from the application to a node.
    HopOut = 9,
    /// A hop from a node back to the application.
    HopBack = 10,
    /// The time a command occupies its node.
    Service = 11,
    /// The time a query occupies the database.
    Query = 12,
    /// Whether a visit that begins without a login has one later.
    LogsIn = 13,
    /// When it does.
    LoginAfter = 14,
    /// How many requests are sent at once.
    Calls = 15,
    /// What a change adds to a session.
    Growth = 20,
    /// How long the application works on a request.
    Work = 21,
    /// Which of several things a request is about.
    Object = 30,
    /// Which replica a command goes to.
    Replica = 40,
}

impl DrawRoot {
    /// The root for a seed and a replicate.
    #[must_use]
    pub const fn new(seed: u64, replicate: u64) -> Self {
        Self(mix(
            mix(seed.wrapping_add(GAMMA)) ^ replicate.wrapping_mul(0xD1B5_4A32_D192_ED03)
        ))
    }

    /// The draws of user `number` of class `class` (its place in the scenario).
    #[inline]
    #[must_use]
    pub const fn user(self, class: u32, number: u64) -> UserDraws {
        let class = mix(self.0 ^ (class as u64).wrapping_mul(0xA24B_AED4_963E_E407));
        UserDraws(mix(class ^ number.wrapping_mul(GAMMA)))
    }
}

impl UserDraws {
    /// 64 uniform bits for intent `n` of this user.
    #[inline]
    #[must_use]
    pub const fn intent(self, n: u32, purpose: Purpose) -> u64 {
        self.at(n, 0, 0, purpose)
    }

    /// 64 uniform bits for `command` (its place in the request) of `attempt` at intent `n`.
    #[inline]
    #[must_use]
    pub const fn at(self, n: u32, attempt: u8, command: u8, purpose: Purpose) -> u64 {
        self.request(n, attempt).at(command, purpose)
    }

    /// The draws of the request that is `attempt` at intent `n`.
    #[inline]
    #[must_use]
    pub const fn request(self, n: u32, attempt: u8) -> RequestDraws {
        let position = (n as u64) << 24 | (attempt as u64) << 16;
        RequestDraws(self.0.wrapping_add(position.wrapping_mul(GAMMA)))
    }
}

impl RequestDraws {
    /// Those of the request that is number `call` of several at once, from 0.
    #[inline]
    #[must_use]
    pub const fn call(self, call: u8) -> Self {
        Self(
            self.0
                .wrapping_add(((call as u64) << 56).wrapping_mul(GAMMA)),
        )
    }

    /// 64 uniform bits for `command` (its place in the request).
    #[inline]
    #[must_use]
    pub const fn at(self, command: u8, purpose: Purpose) -> u64 {
        let position = (command as u64) << 8 | purpose as u64;
        mix(self.0.wrapping_add(position.wrapping_mul(GAMMA)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of `SplitMix64` for seed 1234567, as published with the generator's
    /// reference implementation (Vigna, splitmix64.c; quoted by Rosetta Code).
    #[test]
    fn known_vectors() {
        let mut state = 1_234_567u64;
        let mut next = || {
            state = state.wrapping_add(GAMMA);
            mix(state)
        };
        assert_eq!(next(), 6_457_827_717_110_365_317);
        assert_eq!(next(), 3_203_168_211_198_807_973);
        assert_eq!(next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn draws_are_uniform_over_users_intents_and_purposes() {
        let root = DrawRoot::new(1, 0);
        let mut counts = [0u32; 256];
        for user in 0..64 {
            let draws = root.user(3, user);
            for n in 0..64 {
                for purpose in [Purpose::Think, Purpose::Kind, Purpose::HopOut] {
                    counts[(draws.at(n, 0, 1, purpose) >> 56) as usize] += 1;
                }
            }
        }
        // Chi-square with 255 degrees of freedom: 99.9 % of samples lie below 330.
        let expected = f64::from(counts.iter().sum::<u32>()) / 256.0;
        let chi2: f64 = counts
            .iter()
            .map(|&c| (f64::from(c) - expected).powi(2) / expected)
            .sum();
        assert!(chi2 < 330.0, "chi2 = {chi2}");
    }

    #[test]
    fn neighbours_share_nothing() {
        let root = DrawRoot::new(7, 0);
        let a = root.user(0, 1);
        let b = root.user(0, 2);
        assert_ne!(a.intent(0, Purpose::Think), b.intent(0, Purpose::Think));
        assert_ne!(a.intent(0, Purpose::Think), a.intent(1, Purpose::Think));
        assert_ne!(a.intent(0, Purpose::Think), a.intent(0, Purpose::Kind));
        let calls = |call: u8| a.request(0, 0).call(call).at(0, Purpose::Kind);
        assert_eq!(calls(0), a.intent(0, Purpose::Kind));
        assert_ne!(calls(0), calls(1));
        assert_ne!(calls(1), calls(2));
        assert_ne!(
            DrawRoot::new(7, 0).user(0, 1),
            DrawRoot::new(7, 1).user(0, 1)
        );
    }
}
