//! Numbers as people read them. Files use plain numbers instead.

use crate::metrics::catalogue::{Unit, Value};
use crate::units::{Span, Time};

/// What stands where a metric does not apply.
pub const NOT_APPLICABLE: &str = "-";

/// A value in the way that suits its unit.
pub fn value(value: Option<Value>, unit: Unit) -> String {
    match (value, unit) {
        (None, _) => NOT_APPLICABLE.to_owned(),
        (Some(Value::Whole(number)), Unit::Bytes) => bytes(number),
        (Some(Value::Whole(number)), _) => thousands(number),
        (Some(Value::Billionths(number)), Unit::Ratio) => percent(number),
        (Some(Value::Billionths(number)), Unit::Dollars) => dollars(number),
        (Some(Value::Billionths(number)), Unit::Seconds) => duration(number.unsigned_abs()),
        (Some(number), Unit::PerSecond) => format!("{}/s", significant(number.number())),
        (Some(number), _) => significant(number.number()),
    }
}

/// A whole number with its thousands set apart: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Billionths of a whole as percent: two decimals, and more where two would make something look
/// like nothing, or nearly everything like everything.
pub fn percent(billionths: i64) -> String {
    const ALL: i64 = 1_000_000_000;
    if billionths == 0 || billionths == ALL {
        return format!("{}%", billionths / 10_000_000);
    }
    let percent = billionths as f64 / 1e7;
    let digits = (2..=6).find(|&digits| {
        let text = format!("{percent:.digits$}");
        let shown: f64 = text.parse().unwrap_or(percent);
        let to_all = (shown - 100.0).abs() * 1e7;
        shown.abs() * 1e7 >= 0.5 && (to_all >= 0.5 || billionths > ALL)
    });
    match digits {
        Some(digits) => format!("{percent:.digits$}%"),
        // A billionth more than nothing, or less than everything.
        None => format!("{percent}%"),
    }
}

/// Billionths of a US dollar, to the cent.
pub fn dollars(billionths: i64) -> String {
    let sign = if billionths < 0 { "-" } else { "" };
    let size = billionths.unsigned_abs();
    if size > 0 && size < 5_000_000 {
        return format!("{sign}${}", significant(size as f64 / 1e9));
    }
    let cents = (size + 5_000_000) / 10_000_000;
    format!("{sign}${}.{:02}", thousands(cents / 100), cents % 100)
}

/// Three significant digits, with thousands set apart.
pub fn significant(number: f64) -> String {
    let size = number.abs();
    // The limits are those at which the next format's rounding takes over.
    if size >= 99.95 {
        let whole = thousands(size.round() as u64);
        return if number < 0.0 {
            format!("-{whole}")
        } else {
            whole
        };
    }
    if size >= 9.995 {
        format!("{number:.1}")
    } else if size >= 0.0995 || size == 0.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.4}")
    }
}

/// Nanoseconds with three significant digits and a unit.
pub fn duration(nanos: u64) -> String {
    let nanos_float = nanos as f64;
    match nanos {
        0 => "0".to_owned(),
        1..1_000 => format!("{nanos} ns"),
        1_000..999_500 => format!("{} µs", significant(nanos_float / 1e3)),
        999_500..999_500_000 => format!("{} ms", significant(nanos_float / 1e6)),
        _ => format!("{} s", significant(nanos_float / 1e9)),
    }
}

/// Bytes in binary units.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1023.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} bytes")
    } else {
        format!("{} {}", significant(size), UNITS[unit])
    }
}

/// A span in words: `2 days`, `36 hours`, `90 s`, `1 day 6 hours`.
pub fn words(span: Span) -> String {
    const SCALES: [(&str, &str, u64); 3] = [
        ("day", "days", 86_400),
        ("hour", "hours", 3_600),
        ("minute", "minutes", 60),
    ];
    let mut seconds = span.0 / 1_000_000_000;
    if seconds < 60 {
        return duration(span.0);
    }
    let mut parts = Vec::new();
    for (one, many, scale) in SCALES {
        let number = seconds / scale;
        seconds %= scale;
        if number > 0 {
            parts.push(plural(number, one, many));
        }
    }
    if seconds > 0 && parts.len() < 2 {
        parts.push(plural(seconds, "second", "seconds"));
    }
    parts.truncate(2);
    parts.join(" ")
}

/// A moment of simulated time: `02:00:15`, `day 2, 00:00:00.500`.
pub fn clock(at: Time) -> String {
    let (seconds, millis) = (at.0 / 1_000_000_000, at.0 / 1_000_000 % 1_000);
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if millis > 0 {
        text = format!("{text}.{millis:03}");
    }
    if day > 0 {
        text = format!("day {}, {text}", thousands(day + 1));
    }
    text
}

/// A number with the noun that agrees with it.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// Breaks a text between words into lines of at most `width` characters.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(String::new());
            length = 0;
        }
        if let Some(line) = lines.last_mut() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
        }
        length += word_length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_says_the_day_from_the_second_on() {
        let at = |millis: u64| clock(Time(millis * 1_000_000));
        assert_eq!(at(0), "00:00:00");
        assert_eq!(at(7_215_000), "02:00:15");
        assert_eq!(at(86_400_500), "day 2, 00:00:00.500");
    }

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 999, 1_000, 1_234_567, 12_345].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "12,345"]);
    }

    #[test]
    fn percent_never_hides_a_loss() {
        assert_eq!(percent(0), "0%");
        assert_eq!(percent(1_000_000_000), "100%");
        assert_eq!(percent(948_712_345), "94.87%");
        assert_eq!(percent(999_999_000), "99.9999%");
        assert_eq!(percent(999_999_999), "99.9999999%");
        assert_eq!(percent(2_000), "0.0002%");
        assert_eq!(percent(-123_400_000), "-12.34%");
        assert_eq!(percent(1), "0.0000001%");
    }

    #[test]
    fn durations_have_three_digits() {
        let shown = [
            0,
            999,
            1_000,
            312_345,
            999_499,
            999_500,
            1_234_567,
            12_345_678_901,
        ]
        .map(duration);
        assert_eq!(
            shown,
            [
                "0", "999 ns", "1.00 µs", "312 µs", "999 µs", "1.00 ms", "1.23 ms", "12.3 s"
            ]
        );
    }

    #[test]
    fn bytes_have_binary_units() {
        let shown = [512, 2048, 5_000_000_000, 1_048_575].map(bytes);
        assert_eq!(shown, ["512 bytes", "2.00 KiB", "4.66 GiB", "1.00 MiB"]);
    }

    #[test]
    fn spans_are_words() {
        assert_eq!(words(Span::from_secs(172_800)), "2 days");
        assert_eq!(words(Span::from_secs(129_600)), "1 day 12 hours");
        assert_eq!(words(Span::from_secs(90)), "1 minute 30 seconds");
        assert_eq!(words(Span::from_secs(86_401)), "1 day 1 second");
        assert_eq!(words(Span::from_millis(1_500)), "1.50 s");
    }
}
