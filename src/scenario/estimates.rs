//! What a run will roughly cost, from closed forms, before it begins; and what is too much.
//!
//! A class has visits of mean length S with a request each mean think time T, and so 1 + S / T
//! requests a visit and one more if it ends with a logout. With `concurrent` users there are
//! users / S visits a second. With an arrival rate, each new user makes further visits, each one
//! cycle of S and the time away after the one before, with probability `return_share` each time.

use crate::kernel::agenda::EVENT_LIMIT;
use crate::kernel::quantiles::{Distribution, Quantiles};
use crate::units::Span;

use super::Scenario;
use super::reader::problem::Problem;
use super::users::{Arrival, TtlKind, UserClass};

/// Live sessions, or users that are to come back, that one run may have. At some 200 bytes each
/// they fill 40 GB.
pub const MAX_LIVE_SESSIONS: u64 = 200_000_000;

/// Events on the agenda for each request beside one for each of its commands: the user's next
/// intent, and a reply from the database.
const EVENTS_BESIDE_COMMANDS: f64 = 2.0;

impl Scenario {
    /// Requests that the whole run will have, roughly.
    pub fn expected_requests(&self) -> f64 {
        self.users
            .iter()
            .map(|class| class.expected_requests(self.duration))
            .sum()
    }

    /// Sessions in the store when the run ends, roughly, if none is evicted; users away who will
    /// come back are counted too, whether their session lives or not.
    pub fn expected_live_sessions(&self) -> f64 {
        self.users
            .iter()
            .map(|class| class.expected_live_sessions(self.duration))
            .sum()
    }

    /// Events that the whole run will have, roughly.
    pub fn expected_events(&self) -> f64 {
        let requests: f64 = self
            .users
            .iter()
            .map(|class| class.expected_requests(self.duration) * class.events_a_request())
            .sum();
        let crons = f64::from(self.store.shards) * f64::from(self.store.hz);
        requests + crons * self.duration.seconds()
    }

    /// Why the run would take more time or memory than there is, if it would.
    pub(super) fn too_much(&self) -> Option<Problem> {
        let sessions = self.expected_live_sessions();
        if sessions > MAX_LIVE_SESSIONS as f64 {
            return Some(
                Problem::new(
                    None,
                    format!(
                        "about {} sessions would live at a time; at most {} can be simulated",
                        in_words(sessions),
                        in_words(MAX_LIVE_SESSIONS as f64)
                    ),
                )
                .hint("simulate a share of the users on a share of the shards, or a shorter time"),
            );
        }
        let events = self.expected_events();
        if events > EVENT_LIMIT as f64 {
            return Some(
                Problem::new(
                    None,
                    format!(
                        "the run would have about {} requests and {} events; at most {} events \
                         can be simulated",
                        in_words(self.expected_requests()),
                        in_words(events),
                        in_words(EVENT_LIMIT as f64)
                    ),
                )
                .hint("shorten `duration`, or simulate a share of the users on fewer shards"),
            );
        }
        None
    }
}

impl UserClass {
    /// Requests of the class in a run of `duration`, roughly.
    pub fn expected_requests(&self, duration: Span) -> f64 {
        self.visits(duration).in_all * self.requests_a_visit()
    }

    /// Sessions of the class at the end of a run of `duration`, roughly.
    pub fn expected_live_sessions(&self, duration: Span) -> f64 {
        let whole = duration.seconds();
        let visits = self.visits(duration).a_second_at_the_end;
        let returns = self.return_share.fraction();
        let ttl = match self.session.ttl_kind {
            TtlKind::None => whole,
            _ => self.session.ttl.seconds().min(whole),
        };
        // After a visit that did not end with a logout the session lives until its TTL, or until
        // the user is back and it is counted with the next visit.
        let lingers = (1.0 - self.logout_share.fraction())
            * ((1.0 - returns) * ttl + returns * mean_of_lesser(&self.away, ttl));
        let away = returns * mean_of_lesser(&self.away, whole);
        let present = match self.arrival {
            Arrival::Concurrent { users, .. } => users as f64,
            Arrival::Poisson { .. } => visits * self.stay_seconds().min(whole),
        };
        present + visits * lingers.max(away)
    }

    fn requests_a_visit(&self) -> f64 {
        let think = self.think_time.mean() / 1e9;
        1.0 + self.stay_seconds() / think + self.logout_share.fraction()
    }

    fn stay_seconds(&self) -> f64 {
        self.stay.mean() / 1e9
    }

    fn events_a_request(&self) -> f64 {
        let session = &self.session;
        let modify = self.modify_share.fraction();
        let commands =
            (1.0 - modify) * session.read.len() as f64 + modify * session.modify.len() as f64;
        commands + EVENTS_BESIDE_COMMANDS
    }

    fn visits(&self, duration: Span) -> Visits {
        let whole = duration.seconds();
        match self.arrival {
            Arrival::Concurrent { users, ramp_up } => {
                let a_second = users as f64 / self.stay_seconds();
                let ramp_up = ramp_up.seconds().min(whole);
                Visits {
                    in_all: a_second * (whole - ramp_up / 2.0),
                    a_second_at_the_end: a_second,
                }
            }
            Arrival::Poisson { rate } => {
                let cycle = self.stay_seconds() + self.away.mean() / 1e9;
                returning_visits(
                    rate.per_second(),
                    self.return_share.fraction(),
                    cycle,
                    whole,
                )
            }
        }
    }
}

/// Visits of a class.
struct Visits {
    in_all: f64,
    a_second_at_the_end: f64,
}

/// Visits if new users arrive at `rate` and each visit is followed by another one `cycle` later
/// with probability `returns`: the n-th visits are returns^n of the first, n cycles later.
fn returning_visits(rate: f64, returns: f64, cycle: f64, whole: f64) -> Visits {
    // Many visits are taken together, in groups of equal size.
    const GROUPS: f64 = 10_000.0;
    let last = if returns > 0.0 {
        libm::floor(whole / cycle.max(1e-9))
    } else {
        0.0
    };
    let group = libm::ceil((last + 1.0) / GROUPS);
    let mut visits = Visits {
        in_all: 0.0,
        a_second_at_the_end: 0.0,
    };
    let mut first = 0.0;
    while first <= last {
        let size = group.min(last + 1.0 - first);
        let middle = first + (size - 1.0) / 2.0;
        let share = if middle > 0.0 {
            libm::pow(returns, middle)
        } else {
            1.0
        };
        if share < 1e-12 {
            break;
        }
        visits.in_all += rate * size * share * (whole - middle * cycle);
        visits.a_second_at_the_end += rate * size * share;
        first += size;
    }
    visits
}

/// The mean, in seconds, of the lesser of a draw and `limit` seconds.
fn mean_of_lesser(distribution: &Distribution<Span>, limit: f64) -> f64 {
    const STEPS: u64 = 1024;
    let table = Quantiles::new(distribution);
    let sum: f64 = (0..STEPS)
        .map(|step| (table.draw((2 * step + 1) << 53) as f64 / 1e9).min(limit))
        .sum();
    sum / STEPS as f64
}

/// A large number as people say it: "2.5 million".
pub fn in_words(number: f64) -> String {
    let scales = [
        (1e15, "quadrillion"),
        (1e12, "trillion"),
        (1e9, "billion"),
        (1e6, "million"),
    ];
    if number >= 1e18 {
        return format!("{number:.1e}");
    }
    match scales.iter().find(|(scale, _)| number >= *scale) {
        Some((scale, word)) => {
            let text = format!("{:.1}", number / scale);
            format!("{} {word}", text.strip_suffix(".0").unwrap_or(&text))
        }
        None => format!("{number:.0}"),
    }
}
