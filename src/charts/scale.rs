//! Where ticks lie, and how values are written at them.

use super::Unit;

/// A tick: where, and what stands there.
pub(super) type Tick = (f64, String);

/// From the lowest to the highest value, and the ticks between.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<Tick>,
}

/// The vertical axis for values between `low` and `high`.
pub(super) fn vertical(low: f64, high: f64, unit: Unit, wanted: usize) -> Axis {
    let all = unit == Unit::Ratio && high <= 1.0;
    // A share that is always high would be a line at the top: show where it moves.
    let zoomed = all && low > 0.6;
    let from = if zoomed || low < 0.0 { low } else { 0.0 };
    let to = if zoomed { 1.0 } else { high };
    let span = if to - from > 0.0 {
        to - from
    } else if to > 0.0 {
        to
    } else {
        1.0
    };
    let step = step(span / wanted as f64, unit);
    let low = libm::floor(from / step + 1e-9) * step;
    let mut high = libm::ceil((from + span) / step - 1e-9) * step;
    if all {
        high = high.min(1.0);
    }
    let count = libm::round((high - low) / step) as i64;
    let ticks = (0..=count).map(|number| {
        let at = low + number as f64 * step;
        let at = if at.abs() < step * 1e-6 { 0.0 } else { at };
        (at, tick_label(at, step, unit))
    });
    let ticks = ticks.collect();
    Axis { low, high, ticks }
}

/// A logarithmic axis: exponents of ten, and ticks at them.
pub(super) fn logarithmic(low: f64, high: f64, unit: Unit) -> Axis {
    let from = libm::floor(libm::log10(low) + 1e-9);
    let to = libm::ceil(libm::log10(high) - 1e-9).max(from + 1.0);
    let mut ticks = Vec::new();
    for exponent in from as i64..=to as i64 {
        ticks.push((
            exponent as f64,
            label(libm::pow(10.0, exponent as f64), unit),
        ));
    }
    Axis {
        low: from,
        high: to,
        ticks,
    }
}

/// The horizontal axis over time, in seconds.
pub(super) fn time(low: f64, high: f64, wanted: usize) -> Axis {
    const STEPS: [f64; 24] = [
        1.0,
        2.0,
        5.0,
        10.0,
        15.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        900.0,
        1800.0,
        3600.0,
        7200.0,
        10800.0,
        21600.0,
        43200.0,
        86400.0,
        172_800.0,
        604_800.0,
        1_209_600.0,
        2_592_000.0,
        7_776_000.0,
        15_552_000.0,
    ];
    let least = (high - low) / wanted as f64;
    let step = STEPS
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(least);
    let first = libm::ceil(low / step - 1e-9) as i64;
    let last = libm::floor(high / step + 1e-9) as i64;
    let days = high > 86_400.0;
    let ticks = (first..=last).map(|number| {
        let at = number as f64 * step;
        let text = if step >= 86_400.0 {
            format!("day {}", libm::floor(at / 86_400.0) as i64 + 1)
        } else {
            clock(at, days && libm::fmod(at, 86_400.0) == 0.0)
        };
        (at, text)
    });
    let ticks = ticks.collect();
    Axis { low, high, ticks }
}

/// The horizontal axis of values that are no times.
pub(super) fn values(low: f64, high: f64, unit: Unit, wanted: usize) -> Axis {
    let step = step((high - low) / wanted as f64, unit);
    let first = libm::ceil(low / step - 1e-9) as i64;
    let last = libm::floor(high / step + 1e-9) as i64;
    let ticks = (first..=last).map(|number| {
        let at = number as f64 * step;
        (at, tick_label(at, step, unit))
    });
    let ticks = ticks.collect();
    Axis { low, high, ticks }
}

/// The horizontal axis of quantiles: x is -log10(1 - quantile).
pub(super) fn quantiles(high: f64) -> Axis {
    let all = [
        (0.0, "0%"),
        (std::f64::consts::LOG10_2, "50%"),
        (1.0, "90%"),
        (2.0, "99%"),
        (3.0, "99.9%"),
        (4.0, "99.99%"),
        (5.0, "99.999%"),
    ];
    let ticks = all.into_iter().filter(|(at, _)| *at <= high);
    Axis {
        low: 0.0,
        high: high.max(1.0),
        ticks: ticks.map(|(at, text)| (at, text.to_owned())).collect(),
    }
}

/// The horizontal axis of levels, of which so many names fit.
pub(super) fn levels(names: &[String], wanted: usize) -> Axis {
    let every = names.len().div_ceil(wanted.max(1)).max(1);
    let ticks = names.iter().enumerate().step_by(every);
    Axis {
        low: -0.5,
        high: names.len().max(1) as f64 - 0.5,
        ticks: ticks.map(|(at, name)| (at as f64, name.clone())).collect(),
    }
}

/// 1, 2 or 5 times a power of ten, or for bytes a power of two, at least `least`.
fn step(least: f64, unit: Unit) -> f64 {
    let floor: f64 = if unit == Unit::Count { 1.0 } else { 1e-9 };
    let least = least.max(floor);
    if unit == Unit::Bytes {
        return libm::exp2(libm::ceil(libm::log2(least) - 1e-9).max(0.0));
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(least) + 1e-9));
    let nice = [1.0, 2.0, 5.0, 10.0];
    let found = nice
        .into_iter()
        .find(|nice| nice * power >= least * (1.0 - 1e-9));
    found.unwrap_or(10.0) * power
}

/// A value at a tick: no more digits than the distance of ticks needs.
fn tick_label(value: f64, step: f64, unit: Unit) -> String {
    let digits = |step: f64| (-libm::floor(libm::log10(step) + 1e-9)).clamp(0.0, 9.0) as usize;
    match unit {
        Unit::Ratio => {
            let digits = digits(step * 100.0);
            format!("{:.digits$}%", value * 100.0)
        }
        Unit::Count | Unit::PerSecond => shortened(value, step),
        Unit::Dollars => format!("${}", shortened(value, step)),
        Unit::Seconds => {
            let (scale, name) = second_scale(value.abs().max(step));
            format!("{:.*} {name}", digits(step / scale), value / scale)
        }
        Unit::Bytes => {
            let (scale, name) = byte_scale(value.abs().max(step));
            format!("{:.*} {name}", digits(step / scale).min(2), value / scale)
        }
    }
}

/// A number with k, M or G where that is shorter.
fn shortened(value: f64, step: f64) -> String {
    let (scale, name) = match value.abs() {
        size if size >= 1e9 => (1e9, "G"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let digits = (-libm::floor(libm::log10(step / scale) + 1e-9)).clamp(0.0, 9.0) as usize;
    format!("{:.digits$}{name}", value / scale)
}

/// The largest unit of time that is no larger than `seconds`.
fn second_scale(seconds: f64) -> (f64, &'static str) {
    match seconds {
        s if s >= 1.0 => (1.0, "s"),
        s if s >= 1e-3 => (1e-3, "ms"),
        s if s >= 1e-6 => (1e-6, "\u{b5}s"),
        _ => (1e-9, "ns"),
    }
}

fn byte_scale(bytes: f64) -> (f64, &'static str) {
    match bytes {
        b if b >= (1u64 << 40) as f64 => ((1u64 << 40) as f64, "TiB"),
        b if b >= (1u64 << 30) as f64 => ((1u64 << 30) as f64, "GiB"),
        b if b >= (1u64 << 20) as f64 => ((1u64 << 20) as f64, "MiB"),
        b if b >= 1024.0 => (1024.0, "KiB"),
        _ => (1.0, "B"),
    }
}

/// A value with its unit and three digits.
pub(super) fn label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => {
            let percent = value * 100.0;
            let rest = (100.0 - percent).abs();
            match (percent == 0.0 || rest == 0.0, percent > 99.0 && rest < 0.1) {
                (true, _) => format!("{percent:.0}%"),
                (_, true) => format!("{percent:.4}%"),
                _ => format!("{percent:.2}%"),
            }
        }
        Unit::Count | Unit::PerSecond => {
            let unit = if unit == Unit::PerSecond { "/s" } else { "" };
            format!("{}{unit}", three_digits(value))
        }
        Unit::Dollars => format!("${}", three_digits(value)),
        Unit::Seconds if value == 0.0 => "0 s".to_owned(),
        Unit::Seconds => {
            let (scale, name) = second_scale(value.abs() * (1.0 + 1e-9));
            format!("{} {name}", three_digits(value / scale))
        }
        Unit::Bytes => {
            let (scale, name) = byte_scale(value.abs());
            format!("{} {name}", three_digits(value / scale))
        }
    }
}

fn three_digits(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        size if size >= 99.95 => return with_thousands(value),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.0995 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

fn with_thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{text}")
}

/// A time of the run: `06:30`, with seconds if there are any, with its day from the second on if
/// `with_day`.
pub(super) fn clock(seconds: f64, with_day: bool) -> String {
    let whole = libm::floor(seconds) as u64;
    let (day, rest) = (whole / 86_400, whole % 86_400);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let mut text = format!("{hour:02}:{minute:02}");
    if second > 0 {
        text = format!("{text}:{second:02}");
    }
    if with_day && day > 0 {
        if rest == 0 {
            return format!("day {}", day + 1);
        }
        return format!("day {}, {text}", day + 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            texts(&vertical(0.0, 0.93, Unit::Ratio, 4)),
            ["0%", "50%", "100%"]
        );
        let high = vertical(0.971, 0.999, Unit::Ratio, 4);
        assert_eq!(texts(&high), ["97%", "98%", "99%", "100%"]);
        let counts = vertical(0.0, 3.0, Unit::Count, 4);
        assert_eq!(texts(&counts), ["0", "1", "2", "3"]);
        let many = vertical(0.0, 43_000.0, Unit::Count, 4);
        assert_eq!(texts(&many), ["0", "20k", "40k", "60k"]);
        let memory = vertical(0.0, 3.1 * (1u64 << 30) as f64, Unit::Bytes, 4);
        assert_eq!(
            texts(&memory),
            ["0 GiB", "1 GiB", "2 GiB", "3 GiB", "4 GiB"]
        );
        let delay = vertical(0.0, 0.0031, Unit::Seconds, 4);
        assert_eq!(texts(&delay), ["0 ms", "1 ms", "2 ms", "3 ms", "4 ms"]);
        assert_eq!(
            texts(&vertical(0.0, 0.0, Unit::Count, 4)).first(),
            Some(&"0")
        );
        assert_eq!(
            texts(&logarithmic(0.0002, 0.04, Unit::Seconds)),
            ["100 \u{b5}s", "1 ms", "10 ms", "100 ms"]
        );
    }

    #[test]
    fn times_are_those_of_a_clock() {
        let axis = time(1800.0, 7200.0, 6);
        assert_eq!(
            texts(&axis),
            [
                "00:30", "00:45", "01:00", "01:15", "01:30", "01:45", "02:00"
            ]
        );
        let axis = time(0.0, 172_800.0, 4);
        assert_eq!(texts(&axis), ["00:00", "12:00", "day 2", "12:00", "day 3"]);
        assert_eq!(clock(86_400.0 * 2.0 + 61.0, true), "day 3, 00:01:01");
    }

    #[test]
    fn values_have_three_digits() {
        assert_eq!(label(0.99995, Unit::Ratio), "99.9950%");
        assert_eq!(label(0.001_234, Unit::Seconds), "1.23 ms");
        assert_eq!(label(0.001, Unit::Seconds), "1 ms");
        assert_eq!(label(1_234_567.0, Unit::Count), "1,234,567");
        assert_eq!(label(5.0 * 1_048_576.0, Unit::Bytes), "5 MiB");
    }
}
