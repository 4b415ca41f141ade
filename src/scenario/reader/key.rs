//! Declarations of keys: everything that the reader, the writer and the documents know of one.

use std::marker::PhantomData;

use super::value::Value;

/// A section of a scenario with all its keys.
#[derive(Debug)]
pub struct Section {
    /// Path, for example `users.session`; empty for the top of the file.
    pub path: &'static str,
    /// Whether it may be given several times, as `[[users]]`.
    pub repeated: bool,
    /// What it is about.
    pub help: &'static str,
    /// Its keys in the order in which they are written.
    pub keys: &'static [KeyInfo],
    /// Sections within it.
    pub sections: &'static [&'static Section],
    /// Words that one could expect here and that the simulator does not model yet.
    pub not_yet: &'static [&'static str],
}

impl Section {
    /// As the file heads it: `[store]`, `[[users]]`.
    pub fn heading(&self) -> String {
        if self.repeated {
            format!("[[{}]]", self.path)
        } else {
            format!("[{}]", self.path)
        }
    }

    /// The last part of its path.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// A duration with its unit.
    Duration,
    /// A size in bytes with its unit.
    Size,
    /// A share in percent.
    Share,
    /// Events by time.
    Rate,
    /// One of a few words.
    Choice(fn() -> Vec<&'static str>),
    /// A duration or a distribution of durations.
    Durations,
    /// A size or a distribution of sizes.
    Sizes,
    /// A list of names.
    Names,
    /// A list of commands.
    Program,
    /// A list of requests.
    Script,
    /// A number of requests at once, or a distribution of them.
    Parallel,
    /// What something is multiplied by.
    Factor,
    /// A list of such numbers.
    Factors,
    /// A duration by bytes, or a distribution of durations.
    ServiceTime,
    /// A list of expectations.
    Expectations,
    /// An amount of US dollars.
    Price,
    /// Bits by time.
    Bandwidth,
    /// A speed in percent of another.
    Speed,
    /// A metric of CloudWatch with a threshold.
    Alarm,
    /// A list of texts.
    Texts,
    /// A list of values of whatever type.
    Values,
    /// A value of whatever type.
    Any,
}

impl Kind {
    /// A few words for documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Whole => "whole number",
            Self::Flag => "true or false",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Share => "share",
            Self::Rate => "rate",
            Self::Choice(_) => "one of",
            Self::Durations => "duration or distribution",
            Self::Sizes => "size or distribution",
            Self::Names => "list of names",
            Self::Program => "list of commands",
            Self::Script => "list of requests",
            Self::Parallel => "whole number or distribution",
            Self::Factor => "number",
            Self::Factors => "list of numbers",
            Self::ServiceTime => "service time",
            Self::Expectations => "list of expectations",
            Self::Price => "price",
            Self::Bandwidth => "bandwidth",
            Self::Speed => "percent",
            Self::Alarm => "condition",
            Self::Texts => "list of texts",
            Self::Values => "list of values",
            Self::Any => "number or quantity",
        }
    }
}

/// What holds when a key is absent.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// It must be given; an example.
    Required(&'static str),
    /// A value of the simulator, as TOML, and what it rests on.
    BuiltIn(&'static str, &'static str),
    /// A value of the platform, as TOML.
    Platform {
        /// On `elasticache`.
        elasticache: &'static str,
        /// On `self-managed`.
        self_managed: &'static str,
        /// Who says so.
        source: &'static str,
    },
    /// It follows from other values; the rule in words.
    Derived(&'static str),
    /// Nothing; what that means.
    Absent(&'static str),
}

/// What is known of a key, whatever its type.
#[derive(Clone, Copy, Debug)]
pub struct KeyInfo {
    /// Name.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// What holds without it.
    pub fallback: Fallback,
    /// Smallest value in the smallest unit.
    pub least: Option<u64>,
    /// Largest value in the smallest unit.
    pub most: Option<u64>,
    /// Writes an amount in the smallest unit as a scenario does.
    pub amount: fn(u64) -> String,
    /// Other words that people use for it.
    pub also_called: &'static [&'static str],
    /// What it is, in a sentence or two.
    pub help: &'static str,
}

/// A key whose values are of type `T`.
pub(in crate::scenario) struct Key<T> {
    info: KeyInfo,
    value: PhantomData<fn() -> T>,
}

impl<T: Value> Key<T> {
    const fn new(name: &'static str, fallback: Fallback, help: &'static str) -> Self {
        let info = KeyInfo {
            name,
            kind: T::KIND,
            fallback,
            least: None,
            most: None,
            amount: T::amount,
            also_called: &[],
            help,
        };
        Self {
            info,
            value: PhantomData,
        }
    }

    /// A key that must be given.
    pub(in crate::scenario) const fn required(
        name: &'static str,
        example: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Fallback::Required(example), help)
    }

    /// A key with a default of the simulator.
    pub(in crate::scenario) const fn built_in(
        name: &'static str,
        value: &'static str,
        source: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Fallback::BuiltIn(value, source), help)
    }

    /// A key whose default the platform decides: on `elasticache`, on `self-managed`.
    pub(in crate::scenario) const fn by_platform(
        name: &'static str,
        values: [&'static str; 2],
        source: &'static str,
        help: &'static str,
    ) -> Self {
        let [elasticache, self_managed] = values;
        Self::new(
            name,
            Fallback::Platform {
                elasticache,
                self_managed,
                source,
            },
            help,
        )
    }

    /// A key whose default follows from others.
    pub(in crate::scenario) const fn derived(
        name: &'static str,
        rule: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Fallback::Derived(rule), help)
    }

    /// A key that need not be given.
    pub(in crate::scenario) const fn optional(
        name: &'static str,
        meaning: &'static str,
        help: &'static str,
    ) -> Self {
        Self::new(name, Fallback::Absent(meaning), help)
    }

    /// With limits in the smallest unit, both allowed.
    #[must_use]
    pub(in crate::scenario) const fn between(mut self, least: u64, most: u64) -> Self {
        self.info.least = Some(least);
        self.info.most = Some(most);
        self
    }

    /// With other words that people use for it.
    #[must_use]
    pub(in crate::scenario) const fn called(mut self, words: &'static [&'static str]) -> Self {
        self.info.also_called = words;
        self
    }

    /// What is known of it.
    pub(in crate::scenario) const fn info(&self) -> KeyInfo {
        self.info
    }
}
