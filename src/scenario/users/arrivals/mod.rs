//! `[users.arrivals]`: how the rate at which users come changes with time.

mod factor;
mod keys;
mod rate;

use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::units::{Ratio, Span};

pub use factor::Factor;
pub(super) use keys::SECTION;

/// What stands between one arrival and the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// Users come independently of each other.
    #[default]
    Poisson,
    /// They come at equal distances.
    Constant,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Weekday {
    /// The first.
    #[default]
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

/// How the rate goes over a day; its mean over the day is 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Daily {
    /// It does not change.
    #[default]
    Flat,
    /// By the local hour, from midnight on, relative to each other; 24 of them.
    ByHour(Vec<Factor>),
    /// A sine with its highest rate at this local time of day, so much above the mean.
    Sine {
        /// Local time of day of the highest rate.
        peak: Span,
        /// How far it lies above the mean, and the lowest below.
        swing: Ratio,
    },
}

/// From some instant on, for good or until the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it begins.
    pub at: Span,
    /// What the rate, or the number of users, is multiplied by.
    pub factor: Factor,
    /// How long it takes to get there.
    pub over: Span,
}

/// More users for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// When it begins.
    pub at: Span,
    /// What the rate is multiplied by at its height.
    pub factor: Factor,
    /// How long it takes to get there.
    pub rise: Span,
    /// How long it stays there.
    pub lasts: Span,
    /// How it ends.
    pub end: SpikeEnd,
    /// It comes again after so long.
    pub every: Option<Span>,
}

/// How a spike ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpikeEnd {
    /// Evenly over this time.
    Fall(Span),
    /// What is above the usual rate shrinks to 1/e in each such time: a flash crowd.
    Decay(Span),
}

/// How users come over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrivals {
    /// What stands between two arrivals.
    pub process: Process,
    /// Over the day.
    pub daily: Daily,
    /// By the day of the week, Monday first, relative to each other; seven or none.
    pub by_weekday: Vec<Factor>,
    /// Local time of day when the run begins.
    pub begins_at: Span,
    /// Local day of the week when the run begins.
    pub begins_on: Weekday,
    /// By how much the rate grows in a day.
    pub growth: Ratio,
    /// For good, in order.
    pub steps: Vec<Step>,
    /// For a while.
    pub spikes: Vec<Spike>,
}

impl Choice for Process {
    const WHAT: &'static str = "a process of arrivals";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("poisson", Self::Poisson), ("constant", Self::Constant)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("random", "poisson"),
        ("exponential", "poisson"),
        ("even", "constant"),
        ("fixed", "constant"),
        ("deterministic", "constant"),
    ];
}

impl Choice for Weekday {
    const WHAT: &'static str = "a day of the week";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("monday", Self::Monday),
        ("tuesday", Self::Tuesday),
        ("wednesday", Self::Wednesday),
        ("thursday", Self::Thursday),
        ("friday", Self::Friday),
        ("saturday", Self::Saturday),
        ("sunday", Self::Sunday),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("mon", "monday"),
        ("tue", "tuesday"),
        ("wed", "wednesday"),
        ("thu", "thursday"),
        ("fri", "friday"),
        ("sat", "saturday"),
        ("sun", "sunday"),
    ];
}

choice_is_value!(Process, Weekday);
