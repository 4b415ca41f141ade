//! `losses.csv`: lost sessions by minute and cause.

use std::fmt::Write as _;

use crate::metrics::losses::Losses;
use crate::metrics::measurements::Measurements;

/// The text of `losses.csv`: a line for each minute in which sessions were lost and each cause.
/// `minute` is when it begins, in seconds of simulated time.
#[must_use]
pub fn losses(measurements: &Measurements) -> String {
    let mut text = String::from(
        "minute,cause,lost,felt,unnoticed,restored,forced_logins,guest_resets,abandoned\n",
    );
    for (minute, cause, losses) in measurements.losses.rows() {
        let Losses {
            lost,
            felt,
            unnoticed,
            made_good: [restored, logins, resets, abandoned],
        } = losses;
        let (start, cause) = (minute * 60, cause.as_str());
        let _ = writeln!(
            text,
            "{start},{cause},{lost},{felt},{unnoticed},{restored},{logins},{resets},{abandoned}"
        );
    }
    text
}
