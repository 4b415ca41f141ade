//! `WAIT`: a client waits until enough replicas have acknowledged what it wrote.

use crate::units::Time;

/// What decides when a `WAIT` is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How many replicas are wanted.
    pub replicas: usize,
    /// Its time-out in milliseconds; none waits for ever.
    pub timeout_ms: Option<u64>,
}

/// The answer of a `WAIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When the primary sends it.
    pub at: Time,
    /// How many replicas had acknowledged.
    pub replicas: usize,
}

/// Bytes of the question that the primary puts into the stream for a `WAIT`:
/// `REPLCONF GETACK *` as an array of three strings.
pub const GETACK_BYTES: u64 = 37;

impl Wait {
    /// The answer to a `WAIT` that reaches the primary at `asked`.
    ///
    /// `acknowledged` has the times, in order, at which replicas' acknowledgements of the
    /// client's last write reach the primary, those of the past included. `wakes` gives the
    /// first time later than another at which the server's loop turns for any other reason, such as
    /// its cron or another client.
    ///
    /// The server looks at time-outs before it sleeps, in whole milliseconds, and only if they
    /// have passed: an idle server, which wakes every 100 ms, is that late
    /// (`handleBlockedClientsTimeout` in Redis 7.0, which then counts what has been acknowledged
    /// by that time). [`Time::NEVER`] if it waits for ever.
    #[must_use]
    pub fn answer(
        &self,
        asked: Time,
        acknowledged: &[Time],
        mut wakes: impl FnMut(Time) -> Time,
    ) -> Answer {
        let by = |now: Time| acknowledged.partition_point(|&at| at <= now);
        let deadline = self.timeout_ms.map(|timeout| asked.millis() + timeout);
        let mut now = asked;
        loop {
            let replicas = by(now);
            let is_late = deadline.is_some_and(|deadline| now.millis() > deadline);
            if replicas >= self.replicas || is_late || now == Time::NEVER {
                return Answer { at: now, replicas };
            }
            let next = acknowledged.get(replicas).copied();
            now = next.unwrap_or(Time::NEVER).min(if deadline.is_some() {
                wakes(now)
            } else {
                Time::NEVER
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    fn micros(n: u64) -> Time {
        Time::ZERO + Span::from_micros(n)
    }

    const TWO: Wait = Wait {
        replicas: 2,
        timeout_ms: None,
    };

    fn never(_: Time) -> Time {
        Time::NEVER
    }

    #[test]
    fn the_kth_acknowledgement_answers() {
        let answer = TWO.answer(micros(10), &[micros(5), micros(400), micros(900)], never);
        assert_eq!((answer.at, answer.replicas), (micros(400), 2));
        let answer = TWO.answer(micros(500), &[micros(5), micros(400)], never);
        assert_eq!((answer.at, answer.replicas), (micros(500), 2));
        assert_eq!(TWO.answer(micros(10), &[micros(5)], never).at, Time::NEVER);
    }

    #[test]
    fn a_timeout_is_noticed_at_a_wake_up() {
        let wait = Wait {
            timeout_ms: Some(10),
            ..TWO
        };
        let cron = |now: Time| Time((now.0 / 100_000_000 + 1) * 100_000_000);
        let answer = wait.answer(micros(500), &[micros(5)], cron);
        assert_eq!((answer.at, answer.replicas), (micros(100_000), 1));
        // The deadline has to have passed in whole milliseconds: 90 + 10 has not at 100.
        let answer = wait.answer(micros(90_000), &[micros(5)], cron);
        assert_eq!(answer.at, micros(200_000));
        // An acknowledgement that comes before the server looks still counts.
        let answer = wait.answer(micros(500), &[micros(5), micros(60_000)], cron);
        assert_eq!((answer.at, answer.replicas), (micros(60_000), 2));
        // And one that is not enough is a wake-up too.
        let answer = wait.answer(micros(500), &[micros(60_000)], cron);
        assert_eq!((answer.at, answer.replicas), (micros(60_000), 1));
    }
}
