//! Quantities with their units: instants, spans, bytes, ratios and rates.
//!
//! All are integers, so that a value printed and read again is the same value, and so that
//! simulated time never depends on floating point. An instant ([`Time`]) and an interval
//! ([`Span`]) are different types: adding two instants does not compile.
//!
//! Each type parses the text people write in a scenario (`"30m"`, `"2KiB"`, `"95%"`, `"10k/s"`)
//! and displays itself as text that parses back to the same value.

mod machine;

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

pub use machine::{Bandwidth, Speed};

/// An instant of simulated time: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// An interval of simulated time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A share between 0 and 1, in parts of 10^-9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(pub u64);

/// Events a second, in units of 10^-9 a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u64);

impl Time {
    /// The start of a run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start, as a server's clock counts them.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Seconds since the start, for reports only.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The interval since `earlier`, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The instant `span` later, or [`Time::NEVER`].
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` nanoseconds.
    pub const fn from_nanos(n: u64) -> Self {
        Self(n)
    }

    /// `n` microseconds.
    pub const fn from_micros(n: u64) -> Self {
        Self(n * 1_000)
    }

    /// `n` milliseconds.
    pub const fn from_millis(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    /// `n` seconds.
    pub const fn from_secs(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for reports and closed forms only.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, n: u64) -> Self {
        Self(self.0 * n)
    }
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Everything.
    pub const ONE: Self = Self(1_000_000_000);

    /// As a number between 0 and 1, for reports only.
    pub fn fraction(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The threshold below which a uniform 64-bit draw means yes. A share of 1 is exact:
    /// compare with [`Ratio::is_one`] first where it matters.
    pub const fn threshold(self) -> u64 {
        ((self.0 as u128 * u64::MAX as u128) / 1_000_000_000) as u64
    }

    /// Whether this is the whole.
    pub const fn is_one(self) -> bool {
        self.0 >= 1_000_000_000
    }
}

impl Rate {
    /// Events a second, for reports and estimates only.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The mean interval between two events; `None` for a rate of zero.
    pub fn interval(self) -> Option<Span> {
        (self.0 > 0).then(|| Span((1_000_000_000_000_000_000u128 / self.0 as u128) as u64))
    }
}

/// Why a text is not the quantity it should be. Displays as a fragment that fits behind
/// "expected a duration, ", and names what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitError {
    /// There is no number where one should be.
    NoNumber,
    /// A number without its unit, and an example of one with it.
    MissingUnit(&'static str),
    /// The unit is none of the known ones, which are listed.
    UnknownUnit(String, &'static str),
    /// A negative number.
    Negative,
    /// Larger than the type or the model can hold; names the largest.
    TooLarge(&'static str),
    /// Finer than the model counts; names the step.
    NotWhole(&'static str),
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => write!(f, "this does not begin with a number"),
            Self::MissingUnit(example) => write!(f, "the unit is missing: write {example}"),
            Self::UnknownUnit(unit, known) => {
                write!(f, "unknown unit `{unit}`: write one of {known}")
            }
            Self::Negative => write!(f, "it must not be negative"),
            Self::TooLarge(limit) => write!(f, "too large: at most {limit}"),
            Self::NotWhole(step) => write!(f, "too fine: it must be a multiple of {step}"),
        }
    }
}

impl std::error::Error for UnitError {}

/// A decimal number read exactly: `digits * 10^-scale`.
struct Decimal {
    digits: u128,
    scale: u32,
}

impl Decimal {
    /// Splits `text` into a number and the rest. Underscores between digits are allowed.
    fn split(text: &str) -> Result<(Self, &str), UnitError> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err(UnitError::Negative);
        }
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
            .unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        let mut digits: u128 = 0;
        let mut scale = 0;
        let mut seen_point = false;
        let mut seen_digit = false;
        for c in number.chars() {
            match c {
                '_' => {}
                '.' if !seen_point => seen_point = true,
                '.' => return Err(UnitError::NoNumber),
                digit => {
                    seen_digit = true;
                    // More than 30 digits are beyond every unit here.
                    digits = digits
                        .checked_mul(10)
                        .and_then(|d| d.checked_add(u128::from(digit as u8 - b'0')))
                        .filter(|d| *d < 10u128.pow(30))
                        .ok_or(UnitError::TooLarge("30 digits"))?;
                    scale += u32::from(seen_point);
                }
            }
        }
        if seen_digit {
            Ok((Self { digits, scale }, rest.trim()))
        } else {
            Err(UnitError::NoNumber)
        }
    }

    /// This number of `unit` (an integer count of the smallest unit), rounded down.
    fn times(&self, unit: u128, limit: u64, limit_text: &'static str) -> Result<u64, UnitError> {
        self.digits
            .checked_mul(unit)
            .map(|n| n / 10u128.pow(self.scale))
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| *n <= limit)
            .ok_or(UnitError::TooLarge(limit_text))
    }
}

const SPAN_UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const SPAN_UNIT_NAMES: &str = "ns, us, ms, s, m, h, d";
/// Longest span that is accepted: times stay below 2^63.
const SPAN_MAX: u64 = 100 * 365 * 86_400_000_000_000;

impl FromStr for Span {
    type Err = UnitError;

    /// Reads `"150us"`, `"0.5ms"`, `"30m"`, `"1h30m"`, `"7d"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let mut rest = text.trim();
        let mut total: u64 = 0;
        loop {
            let (number, after) = Decimal::split(rest)?;
            let end = after
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(after.len());
            let (unit, next) = after.split_at(end);
            let unit = unit.trim();
            if unit.is_empty() {
                return Err(UnitError::MissingUnit("\"30s\", \"30m\" or \"0.5ms\""));
            }
            let scale = SPAN_UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, scale)| *scale)
                .ok_or_else(|| UnitError::UnknownUnit(unit.to_owned(), SPAN_UNIT_NAMES))?;
            total = number
                .times(scale.into(), SPAN_MAX, "100 years (36500d)")?
                .checked_add(total)
                .filter(|n| *n <= SPAN_MAX)
                .ok_or(UnitError::TooLarge("100 years (36500d)"))?;
            rest = next;
            if rest.is_empty() {
                return Ok(Self(total));
            }
        }
    }
}

impl fmt::Display for Span {
    /// The largest unit that divides the span: `24h` is `1d`, 90 minutes are `90m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, scale) = SPAN_UNITS
            .iter()
            .rev()
            .find(|(_, scale)| self.0.is_multiple_of(*scale) && self.0 >= *scale)
            .unwrap_or(&SPAN_UNITS[3]);
        write!(f, "{}{name}", self.0 / scale)
    }
}

const BYTE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];
const BYTE_UNIT_NAMES: &str = "B, KB (1000), KiB (1024), MB, MiB, GB, GiB, TiB";

impl FromStr for Bytes {
    type Err = UnitError;

    /// Reads `"5KB"` (5000), `"2KiB"` (2048), `"1.5GiB"`, `"300B"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = Decimal::split(text)?;
        if unit.is_empty() {
            return Err(UnitError::MissingUnit("\"300B\", \"5KB\" or \"2KiB\""));
        }
        let scale = BYTE_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, scale)| *scale)
            .ok_or_else(|| UnitError::UnknownUnit(unit.to_owned(), BYTE_UNIT_NAMES))?;
        number.times(scale.into(), 1 << 60, "1048576TiB").map(Bytes)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = ["TiB", "GiB", "MiB", "KiB", "GB", "MB", "KB"]
            .iter()
            .filter_map(|name| BYTE_UNITS.iter().find(|(unit, _)| unit == name))
            .find(|(_, scale)| self.0 >= *scale && self.0.is_multiple_of(*scale));
        match exact {
            Some((name, scale)) => write!(f, "{}{name}", self.0 / scale),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    /// Reads `"95%"`, `"0.1%"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = Decimal::split(text)?;
        match unit {
            "%" => number.times(10_000_000, Self::ONE.0, "100%").map(Ratio),
            "" => Err(UnitError::MissingUnit("\"95%\"")),
            other => Err(UnitError::UnknownUnit(other.to_owned(), "%")),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, 10_000_000)?;
        write!(f, "%")
    }
}

const RATE_UNIT_NAMES: &str = "/s, /m, /h, /d, with k or M before the slash for thousands";

impl FromStr for Rate {
    type Err = UnitError;

    /// Reads `"12/s"`, `"10k/s"`, `"500/h"`, `"1.5M/d"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = Decimal::split(text)?;
        let (multiple, period) = match unit.split_once('/') {
            Some((multiple, period)) => (multiple.trim(), period.trim()),
            None if unit.is_empty() => return Err(UnitError::MissingUnit("\"10/s\" or \"500/h\"")),
            None => return Err(UnitError::UnknownUnit(unit.to_owned(), RATE_UNIT_NAMES)),
        };
        let multiple: u128 = match multiple {
            "" => 1,
            "k" => 1_000,
            "M" => 1_000_000,
            _ => return Err(UnitError::UnknownUnit(unit.to_owned(), RATE_UNIT_NAMES)),
        };
        let seconds = match period {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(UnitError::UnknownUnit(unit.to_owned(), RATE_UNIT_NAMES)),
        };
        let exact = number.times(multiple * 1_000_000_000, u64::MAX, "18G/s")?;
        Ok(Self(exact / seconds))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, 1_000_000_000)?;
        write!(f, "/s")
    }
}

/// Writes `value / scale` exactly, without trailing zeros; `scale` is a power of ten.
fn write_scaled(f: &mut fmt::Formatter<'_>, value: u64, scale: u64) -> fmt::Result {
    write!(f, "{}", value / scale)?;
    if !value.is_multiple_of(scale) {
        let width = scale.ilog10() as usize;
        let digits = format!("{:0width$}", value % scale);
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!("30m".parse(), Ok(Span::from_secs(1800)));
        assert_eq!("0.5ms".parse(), Ok(Span::from_micros(500)));
        assert_eq!("1h30m".parse(), Ok(Span::from_secs(5400)));
        assert_eq!("5KB".parse(), Ok(Bytes(5000)));
        assert_eq!("2KiB".parse(), Ok(Bytes(2048)));
        assert_eq!("95%".parse(), Ok(Ratio(950_000_000)));
        assert_eq!("10k/s".parse(), Ok(Rate(10_000_000_000_000)));
        assert_eq!("60/m".parse(), Ok(Rate(1_000_000_000)));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(
            "30".parse::<Span>(),
            Err(UnitError::MissingUnit("\"30s\", \"30m\" or \"0.5ms\""))
        );
        assert_eq!("-3s".parse::<Span>(), Err(UnitError::Negative));
        assert_eq!("fast".parse::<Span>(), Err(UnitError::NoNumber));
        assert!(
            matches!("3w".parse::<Span>(), Err(UnitError::UnknownUnit(unit, _)) if unit == "w")
        );
        assert!(matches!(
            "1e30s".parse::<Span>(),
            Err(UnitError::UnknownUnit(..))
        ));
        assert!(matches!(
            "9999999d".parse::<Span>(),
            Err(UnitError::TooLarge(_))
        ));
        assert!(matches!(
            "101%".parse::<Ratio>(),
            Err(UnitError::TooLarge(_))
        ));
        assert!(matches!("NaN".parse::<Bytes>(), Err(UnitError::NoNumber)));
    }

    proptest! {
        #[test]
        fn display_parses_back(n in 0u64..SPAN_MAX, ratio in 0u64..=1_000_000_000) {
            prop_assert_eq!(Span(n).to_string().parse(), Ok(Span(n)));
            prop_assert_eq!(Bytes(n >> 3).to_string().parse(), Ok(Bytes(n >> 3)));
            prop_assert_eq!(Ratio(ratio).to_string().parse(), Ok(Ratio(ratio)));
            prop_assert_eq!(Rate(n).to_string().parse(), Ok(Rate(n)));
        }
    }
}
