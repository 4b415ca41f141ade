//! What a machine can do: bandwidth, and speed in relation to another.

use std::fmt;
use std::str::FromStr;

use super::{Decimal, UnitError, write_scaled};

/// Bandwidth in Mbit/s, which is as many thousandths of a bit in a nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(pub u64);

/// A speed in thousandths of a percent of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(pub u64);

impl Speed {
    /// As fast as the other.
    pub const SAME: Self = Self(100_000);

    /// That many percent of the other.
    pub const fn percent(percent: u32) -> Self {
        Self(percent as u64 * 1_000)
    }
}

impl FromStr for Bandwidth {
    type Err = UnitError;

    /// Reads `"750Mbps"`, `"0.75Gbps"`, `"10Gbit/s"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = Decimal::split(text)?;
        let scale = match unit {
            "Mbps" | "Mbit/s" => 1,
            "Gbps" | "Gbit/s" => 1_000,
            "" => return Err(UnitError::MissingUnit("\"750Mbps\" or \"10Gbps\"")),
            _ => return Err(UnitError::UnknownUnit(unit.to_owned(), "Mbps, Gbps")),
        };
        let thousandths = number.times(scale * 1_000, 1_000_000_000, "1000Gbps")?;
        if thousandths % 1_000 == 0 {
            Ok(Self(thousandths / 1_000))
        } else {
            Err(UnitError::NotWhole("1Mbps"))
        }
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1_000 {
            write_scaled(f, self.0, 1_000)?;
            write!(f, "Gbps")
        } else {
            write!(f, "{}Mbps", self.0)
        }
    }
}

impl FromStr for Speed {
    type Err = UnitError;

    /// Reads `"125%"`, `"80.5%"`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = Decimal::split(text)?;
        match unit {
            "%" => number.times(1_000, 10_000_000, "10000%").map(Speed),
            "" => Err(UnitError::MissingUnit("\"125%\"")),
            other => Err(UnitError::UnknownUnit(other.to_owned(), "%")),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, 1_000)?;
        write!(f, "%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(
            "1.7Mbps".parse::<Bandwidth>(),
            Err(UnitError::NotWhole("1Mbps"))
        );
        for (text, megabits) in [("750Mbps", 750), ("10Gbps", 10_000), ("1.875Gbps", 1_875)] {
            assert_eq!(text.parse(), Ok(Bandwidth(megabits)));
            assert_eq!(Bandwidth(megabits).to_string(), text);
        }
        assert_eq!("0.75 Gbit/s".parse(), Ok(Bandwidth(750)));
        for (text, parts) in [("100%", 100_000), ("80.5%", 80_500), ("1250%", 1_250_000)] {
            assert_eq!(text.parse(), Ok(Speed(parts)));
            assert_eq!(Speed(parts).to_string(), text);
        }
        assert_eq!(Speed::percent(100), Speed::SAME);
    }

    #[test]
    fn what_is_no_bandwidth_is_told() {
        assert!(matches!(
            "10".parse::<Bandwidth>(),
            Err(UnitError::MissingUnit(_))
        ));
        assert!(matches!(
            "10MB/s".parse::<Bandwidth>(),
            Err(UnitError::UnknownUnit(..))
        ));
        assert!(matches!(
            "1001Gbps".parse::<Bandwidth>(),
            Err(UnitError::TooLarge(_))
        ));
        assert!(matches!(
            "2x".parse::<Speed>(),
            Err(UnitError::UnknownUnit(..))
        ));
    }
}
