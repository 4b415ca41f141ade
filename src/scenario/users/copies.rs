//! `copies`: classes that are alike in all but their users, such as tenants.

use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::Key;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::writer::Writer;
use crate::units::Rate;

use super::arrivals::Factor;
use super::{Arrival, UserClass};

/// Most copies of a class.
const MOST: u64 = 10_000;

/// So many classes that are alike in all but their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// One, if the class stands for itself.
    pub number: u32,
    /// How unequal they are: the k-th has users in proportion to k^-skew (Zipf's law). 0 makes all
    /// alike.
    pub skew: Factor,
}

/// How users are shared out among the copies of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Equal,
    Zipf,
}

impl Choice for Share {
    const WHAT: &'static str = "a way to share users out";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("equal", Self::Equal), ("zipf", Self::Zipf)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] =
        &[("even", "equal"), ("uniform", "equal"), ("pareto", "zipf")];
}

choice_is_value!(Share);

const COPIES: Key<u64> = Key::built_in(
    "copies",
    "1",
    "most classes stand for themselves",
    "So many classes like this one, such as the tenants of an application: `name-1`, `name-2` and so \
     on. They share its users (`concurrent` or `arrival_rate`) out among themselves, and are counted \
     each by itself.",
)
.between(1, MOST)
.called(&["tenants", "times", "instances", "replicas"]);

const SHARE: Key<Share> = Key::built_in(
    "share",
    "\"equal\"",
    "the simplest",
    "With `copies`: how users are shared out. \"equal\", or \"zipf\": the k-th copy has users in \
     proportion to k^-skew. Of `concurrent` users each copy has at least one.",
)
.called(&["shares", "distribution", "split"]);

const SKEW: Key<Factor> = Key::built_in(
    "skew",
    "1",
    "Zipf's law in its plain form: the second has half as many users as the first",
    "With `share = \"zipf\"`: how unequal the copies are.",
)
.called(&["exponent", "zipf", "alpha"]);

/// The section's keys.
pub(super) const KEYS: [crate::scenario::reader::key::KeyInfo; 3] =
    [COPIES.info(), SHARE.info(), SKEW.info()];

impl Copies {
    /// A class that stands for itself.
    pub const ONE: Self = Self {
        number: 1,
        skew: Factor(0),
    };

    /// Whether there are several.
    pub const fn are_several(self) -> bool {
        self.number > 1
    }

    /// Reads them; `None` if something is wrong.
    pub(super) fn read(table: &Table<'_>, arrival: Option<&Arrival>) -> Option<Self> {
        let number = table.get(&COPIES);
        let share = table.get(&SHARE);
        let skew = if share == Some(Share::Zipf) {
            table.get(&SKEW)
        } else {
            let hint = "add share = \"zipf\", or leave it out";
            table.refuse(&SKEW, "the copies are alike", hint);
            Some(Factor(0))
        };
        let (number, _) = (number?, share?);
        let copies = Self {
            number: number as u32,
            skew: skew?,
        };
        if copies.are_several() && copies.has_empty(arrival?) {
            table.problem(&COPIES, |problem| Problem {
                message: "there are more copies than users".to_owned(),
                label: "some would have nobody".to_owned(),
                hint: Some("make `copies` smaller, or give the class more users".to_owned()),
                ..problem
            });
            return None;
        }
        Some(copies)
    }

    pub(super) fn write(self, out: &mut Writer) {
        out.put(&COPIES, &u64::from(self.number));
        if self.skew == Factor(0) {
            out.put(&SHARE, &Share::Equal);
        } else {
            out.put(&SHARE, &Share::Zipf);
            out.put(&SKEW, &self.skew);
        }
    }

    /// Whether there are too few users for all copies to have any.
    pub(in crate::scenario) fn has_empty(self, arrival: &Arrival) -> bool {
        match arrival {
            Arrival::Concurrent { users, .. } => *users < u64::from(self.number),
            Arrival::Poisson { rate } => self.share_out(rate.0).contains(&0),
        }
    }

    /// `all` in whole parts that add up to it, one for each copy.
    fn share_out(self, all: u64) -> Vec<u64> {
        let number = self.number;
        let skew = self.skew.value();
        let weights = (1..=number).map(|k| libm::pow(f64::from(k), -skew));
        let weights: Vec<f64> = weights.collect();
        let sum: f64 = weights.iter().sum();
        let (mut so_far, mut given) = (0.0, 0);
        let shares = (1..=number).zip(weights).map(|(k, weight)| {
            so_far += weight;
            let up_to = if skew > 0.0 && k < number {
                ((so_far / sum * all as f64) as u64).clamp(given, all)
            } else {
                // Exactly, so that equal shares of other totals are equal, too.
                (u128::from(all) * u128::from(k) / u128::from(number)) as u64
            };
            let share = up_to - given;
            given = up_to;
            share
        });
        shares.collect()
    }
}

impl UserClass {
    /// How many classes it stands for.
    pub fn number_of_copies(&self) -> u32 {
        self.copies.number
    }

    /// The users of each of the classes it stands for.
    pub fn arrivals_of_copies(&self) -> Vec<Arrival> {
        let copies = self.copies;
        if !copies.are_several() {
            return vec![self.arrival.clone()];
        }
        let number = u64::from(copies.number);
        let shares = match self.arrival {
            // One each, and the rest by their shares.
            Arrival::Concurrent { users, .. } => copies.share_out(users.saturating_sub(number)),
            Arrival::Poisson { rate } => copies.share_out(rate.0),
        };
        let arrival = |share| match self.arrival {
            Arrival::Concurrent { ramp_up, .. } => Arrival::Concurrent {
                users: share + 1,
                ramp_up,
            },
            Arrival::Poisson { .. } => Arrival::Poisson { rate: Rate(share) },
        };
        shares.into_iter().map(arrival).collect()
    }

    /// The name of the `copy`-th of the classes it stands for, counted from 0.
    pub fn name_of_copy(&self, copy: u32) -> String {
        if self.copies.are_several() {
            format!("{}-{}", self.name, copy + 1)
        } else {
            self.name.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_users_are_shared_out() {
        for (number, skew, all) in [
            (3, 0, 10),
            (7, 1_000_000, 1_000),
            (5_000, 2_000_000, 12_345),
        ] {
            let copies = Copies {
                number,
                skew: Factor(skew),
            };
            let shares = copies.share_out(all);
            assert_eq!(shares.iter().sum::<u64>(), all);
            assert_eq!(shares.len(), number as usize);
        }
        let zipf = Copies {
            number: 3,
            skew: Factor(1_000_000),
        };
        // 6/11, 3/11 and 2/11.
        assert_eq!(zipf.share_out(1_100), [600, 300, 200]);
    }
}
