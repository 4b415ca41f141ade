//! What a run will roughly cost, from closed forms, before it begins; and what is too much.
//!
//! A class has visits of mean length S with a request each mean think time T, and so 1 + S / T
//! requests a visit and one more if it ends with a logout. With `concurrent` users there are
//! users / S visits a second. With an arrival rate, each new user makes further visits, each one
//! cycle of S and the time away after the one before, with probability `return_share` each time.

use crate::kernel::agenda::EVENT_LIMIT;
use crate::kernel::quantiles::Distribution;
use crate::units::{Bytes, Span};

use super::Scenario;
use super::reader::problem::Problem;
use super::reader::tree::Place;
use super::users::arrivals::{Factor, Step};
use super::users::{Arrival, TtlKind, UserClass};

/// Live sessions, or users that are to come back, that one run may have. At some 200 bytes each
/// they fill 40 GB.
pub const MAX_LIVE_SESSIONS: u64 = 200_000_000;

/// Events on the agenda for each request beside one for each of its commands: the user's next
/// intent, and a reply from the database.
const EVENTS_BESIDE_COMMANDS: f64 = 2.0;
/// Events for each row of a trace, and for each request of a workload: its time, a command, and
/// for some a second one or a reply.
const EVENTS_A_ROW: f64 = 3.0;

impl Scenario {
    /// Requests that the whole run will have, roughly.
    pub fn expected_requests(&self) -> f64 {
        let users = self.users.iter();
        let of_users: f64 = users
            .map(|class| class.expected_requests(self.duration))
            .sum();
        of_users + self.expected_rows()
    }

    /// Rows of the trace that the run will come to, as if they were spread evenly.
    fn expected_rows(&self) -> f64 {
        self.trace.as_ref().map_or(0.0, |trace| {
            let length = trace.content.length.seconds();
            let share = if length > 0.0 {
                (self.duration.seconds() / length).min(1.0)
            } else {
                1.0
            };
            trace.content.rows as f64 * share
        })
    }

    /// Objects of all workloads.
    pub fn objects_of_workloads(&self) -> f64 {
        self.workloads
            .iter()
            .map(|workload| f64::from(workload.objects))
            .sum()
    }

    /// Sessions of the trace, as if none of them ever ended.
    fn recorded_sessions(&self) -> f64 {
        let keys = self.trace.as_ref().map_or(0, |trace| trace.content.keys);
        keys as f64
    }

    /// Sessions in the store when the run ends, roughly, if none is evicted; users away who will
    /// come back are counted too, whether their session lives or not.
    pub fn expected_live_sessions(&self) -> f64 {
        let users = self.users.iter();
        let of_users: f64 = users
            .map(|class| class.expected_live_sessions(self.since_the_first_user()))
            .sum();
        of_users + self.recorded_sessions()
    }

    /// Sessions in the store when the run ends, roughly, if none is evicted.
    pub fn expected_stored_sessions(&self) -> f64 {
        let users = self.users.iter();
        let of_users: f64 = users
            .map(|class| class.expected_stored_sessions(self.since_the_first_user()))
            .sum();
        of_users + self.recorded_sessions()
    }

    /// Events that the whole run will have, roughly.
    pub fn expected_events(&self) -> f64 {
        let requests: f64 = self
            .users
            .iter()
            .map(|class| class.expected_requests(self.duration) * class.events_a_request())
            .sum();
        let crons = if self.store.kind.is_cache() {
            f64::from(self.store.shards) * f64::from(self.store.hz)
        } else {
            0.0
        };
        let rows = self.expected_rows() * EVENTS_A_ROW;
        let workloads: f64 = self
            .workloads
            .iter()
            .map(|workload| workload.expected_requests(self) * EVENTS_A_ROW)
            .sum();
        let ticks = f64::from(u8::from(self.store.topology.replicas > 0));
        requests
            + rows
            + workloads
            + (crons + ticks) * self.duration.seconds()
            + self.past_intents()
    }

    /// How long there have been users when the run ends.
    fn since_the_first_user(&self) -> Span {
        Span(self.duration.0.saturating_add(self.start.history().0))
    }

    /// What users set out to do before the run, roughly.
    fn past_intents(&self) -> f64 {
        let history = self.start.history();
        let users = self.users.iter().filter(|_| history > Span::ZERO);
        users.map(|class| class.expected_requests(history)).sum()
    }

    /// Why the run would take more time or memory than there is, if it would. `places` are those
    /// of the classes of users.
    pub(super) fn too_much(&self, places: &[Option<Place>]) -> Option<Problem> {
        let largest = |of: fn(&UserClass, Span) -> f64| {
            let of = |class: &UserClass| of(class, self.duration);
            let class = (0..self.users.len())
                .max_by(|a, b| of(&self.users[*a]).total_cmp(&of(&self.users[*b])));
            class.and_then(|class| places.get(class).copied().flatten())
        };
        let label = if self.users.len() == 1 {
            "from this class"
        } else {
            "most from this class"
        };
        let sessions = self.expected_live_sessions();
        if sessions > MAX_LIVE_SESSIONS as f64 {
            return Some(
                Problem::new(
                    largest(UserClass::expected_live_sessions),
                    format!(
                        "about {} sessions would live at a time; at most {} can be simulated",
                        in_words(sessions),
                        in_words(MAX_LIVE_SESSIONS as f64)
                    ),
                )
                .label(label)
                .hint("simulate a share of the users on a share of the shards, or a shorter time"),
            );
        }
        let events = self.expected_events();
        if events > EVENT_LIMIT as f64 {
            return Some(
                Problem::new(
                    largest(UserClass::expected_requests),
                    format!(
                        "the run would have about {} requests and {} events; at most {} events \
                         can be simulated",
                        in_words(self.expected_requests()),
                        in_words(events),
                        in_words(EVENT_LIMIT as f64)
                    ),
                )
                .label(label)
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

    /// Sessions of the class at the end of a run of `duration`, roughly, and users away who will
    /// come back.
    pub fn expected_live_sessions(&self, duration: Span) -> f64 {
        let whole = duration.seconds();
        let away = self.return_share.fraction() * mean_of_lesser(&self.away, whole);
        self.sessions(duration, self.lingers(whole).max(away))
    }

    /// Sessions of the class in the store at the end of a run of `duration`, roughly, if none is
    /// evicted.
    pub fn expected_stored_sessions(&self, duration: Span) -> f64 {
        self.sessions(duration, self.lingers(duration.seconds()))
    }

    /// Sessions of the class in the store in its stationary state, roughly, if none is evicted.
    pub(super) fn stationary_sessions(&self) -> f64 {
        const LONG: f64 = 1e9;
        let returns = self.return_share.fraction().min(0.999_999);
        let visits = match self.arrival {
            Arrival::Concurrent { users, .. } => users as f64 / self.stay_seconds(),
            Arrival::Poisson { rate } => rate.per_second() / (1.0 - returns),
        };
        visits * (self.stay_seconds() + self.lingers(LONG))
    }

    /// Those of users present, and those that live for `lingers` seconds after a visit.
    fn sessions(&self, duration: Span, lingers: f64) -> f64 {
        let stay = self.stay_seconds().min(duration.seconds());
        let visits = self.visits(duration).a_second_at_the_end;
        match self.arrival {
            Arrival::Concurrent { users, .. } => {
                let present = self.most_users(users);
                // Each opening of a seat is on a list from the start, a tenth of a session's size.
                let openings = present * self.arrivals.steps.len() as f64 / 10.0;
                (present + visits * lingers).max(openings)
            }
            Arrival::Poisson { .. } => {
                let lives = Span(((stay + lingers).min(1e9) * 1e9) as u64);
                let curve = self.arrivals.curve(Span::ZERO, duration);
                let peak = curve.peak(lives.0, duration.0.cast_signed());
                visits * (stay + lingers) * peak
            }
        }
    }

    /// Most of `users` concurrent users that there are at a time.
    fn most_users(&self, users: u64) -> f64 {
        let steps = self.arrivals.steps.iter();
        let most = steps.map(|step| step.factor).fold(Factor::ONE, Factor::max);
        users as f64 * most.value()
    }

    /// Seconds of concurrent users in a run of `duration`, for each of them.
    fn seconds_of_seats(&self, ramp_up: Span, duration: Span) -> f64 {
        let whole = duration.seconds();
        let middle = |step: &Step| (step.at.seconds() + step.over.seconds() / 2.0).min(whole);
        let steps = &self.arrivals.steps;
        // The ramp-up, up to the first step.
        let (first, ramp_up) = (steps.first().map_or(whole, middle), ramp_up.seconds());
        let mut seconds = if first < ramp_up {
            first * first / ramp_up / 2.0
        } else {
            first - ramp_up / 2.0
        };
        for (number, step) in steps.iter().enumerate() {
            let end = steps.get(number + 1).map_or(whole, middle);
            seconds += step.factor.value() * (end - middle(step));
        }
        seconds
    }

    /// Seconds that a session lives after a visit, in the mean: after one that did not end with a
    /// logout until its TTL, or until the user is back and it is counted with the next visit.
    fn lingers(&self, whole: f64) -> f64 {
        let returns = self.return_share.fraction();
        let ttl = match self.session.ttl_kind {
            TtlKind::None => whole,
            _ => self.session.ttl.seconds().min(whole),
        };
        (1.0 - self.logout_share.fraction())
            * ((1.0 - returns) * ttl + returns * mean_of_lesser(&self.away, ttl))
    }

    fn requests_a_visit(&self) -> f64 {
        if !self.cookies {
            return 1.0;
        }
        let parallel = self.parallel.distribution().mean();
        if !self.script.is_empty() {
            return self.script.len() as f64 * parallel;
        }
        let think = self.think_time.mean() / 1e9;
        1.0 + self.stay_seconds() / think * parallel + self.logout_share.fraction()
    }

    /// What a session holds at first: nothing much if whoever it is made for never comes back.
    pub fn stored_bytes(&self) -> &Distribution<Bytes> {
        if self.cookies {
            &self.session.bytes
        } else {
            &self.session.empty_bytes
        }
    }

    /// Bytes that the changes of a visit add to a session, in the mean.
    pub fn expected_growth(&self) -> f64 {
        self.session.growth.as_ref().map_or(0.0, |growth| {
            growth.by.mean() * self.requests_a_visit() * self.modify_share.fraction()
        })
    }

    fn stay_seconds(&self) -> f64 {
        self.stay.mean() / 1e9
    }

    fn events_a_request(&self) -> f64 {
        let session = &self.session.programs;
        if !self.cookies {
            return session.cookieless.len() as f64 + EVENTS_BESIDE_COMMANDS;
        }
        let modify = self.modify_share.fraction();
        let commands =
            (1.0 - modify) * session.read.len() as f64 + modify * session.modify.len() as f64;
        commands + EVENTS_BESIDE_COMMANDS + self.tries_a_request()
    }

    /// How often a request tries in vain to get its session's lock: as long as another one that
    /// it meets works.
    fn tries_a_request(&self) -> f64 {
        let Some(lock) = &self.session.lock else {
            return 0.0;
        };
        let work = self.session.work_time.mean() / 1e9;
        let meets = (work / (self.think_time.mean() / 1e9)).min(1.0);
        let tries = work.min(lock.ttl.seconds()) / lock.wait.seconds();
        let most = if lock.tries == 0 {
            f64::INFINITY
        } else {
            f64::from(lock.tries)
        };
        meets * tries.min(most)
    }

    fn visits(&self, duration: Span) -> Visits {
        let whole = duration.seconds();
        match self.arrival {
            Arrival::Concurrent { users, ramp_up } => {
                let a_second = users as f64 / self.stay_seconds();
                Visits {
                    in_all: a_second * self.seconds_of_seats(ramp_up, duration),
                    a_second_at_the_end: self.most_users(users) / self.stay_seconds(),
                }
            }
            Arrival::Poisson { rate } => {
                let cycle = self.stay_seconds() + self.away.mean() / 1e9;
                let mut visits = returning_visits(
                    rate.per_second(),
                    self.return_share.fraction(),
                    cycle,
                    whole,
                );
                // Those of a changing rate are as many in all, and more at its peak.
                let curve = self.arrivals.curve(Span::ZERO, duration);
                visits.in_all *= curve.passed(duration.0.cast_signed()) as f64 / duration.0 as f64;
                visits
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
    const GROUPS: u64 = 10_000;
    let mut visits = Visits {
        in_all: 0.0,
        a_second_at_the_end: 0.0,
    };
    let number = if returns > 0.0 {
        libm::floor(whole / cycle.max(1e-9)) + 1.0
    } else {
        1.0
    };
    let size = (number / GROUPS as f64).max(1.0);
    for group in 0..GROUPS.min(number as u64) {
        let middle = group as f64 * size + (size - 1.0) / 2.0;
        let share = if middle > 0.0 {
            libm::pow(returns, middle)
        } else {
            1.0
        };
        visits.in_all += rate * size * share * (whole - middle * cycle).max(0.0);
        visits.a_second_at_the_end += rate * size * share;
    }
    visits
}

/// The mean, in seconds, of the lesser of a draw and `limit` seconds.
pub(super) fn mean_of_lesser(distribution: &Distribution<Span>, limit: f64) -> f64 {
    match distribution {
        Distribution::Fixed(span) => span.seconds().min(limit),
        Distribution::Exponential { mean } if mean.0 == 0 => 0.0,
        Distribution::Exponential { mean } => {
            let mean = mean.seconds();
            mean * -libm::expm1(-limit / mean)
        }
        Distribution::Uniform { min, max } => {
            let (min, max) = (min.seconds(), max.seconds());
            if limit <= min {
                limit
            } else if limit >= max {
                f64::midpoint(min, max)
            } else {
                let below = (limit - min) / (max - min);
                below * f64::midpoint(min, limit) + (1.0 - below) * limit
            }
        }
        Distribution::Lognormal { median, p99 } if p99 <= median => median.seconds().min(limit),
        Distribution::Lognormal { median, p99 } => {
            let sigma = libm::log(p99.seconds() / median.seconds()) / NORMAL_Q99;
            let at = libm::log(limit / median.seconds()) / sigma;
            let mean = distribution.mean() / 1e9;
            mean * normal_below(at - sigma) + limit * (1.0 - normal_below(at))
        }
        Distribution::Empirical(list) => {
            let sum: f64 = list.iter().map(|span| span.seconds().min(limit)).sum();
            sum / list.len() as f64
        }
        Distribution::Weighted(list) => {
            let lesser = |(span, weight): &(Span, u64)| span.seconds().min(limit) * *weight as f64;
            let weights: f64 = list.iter().map(|(_, weight)| *weight as f64).sum();
            list.iter().map(lesser).sum::<f64>() / weights
        }
    }
}

/// The 99 % quantile of the standard normal distribution.
const NORMAL_Q99: f64 = 2.326_347_874_040_841;

/// The share of the standard normal distribution below `x`.
fn normal_below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::quantiles::Quantiles;

    /// Against an integral over the table that the simulation draws from.
    #[test]
    fn means_of_the_lesser_are_those_of_the_drawn_table() {
        let second = Span::from_secs;
        let distributions = [
            Distribution::Fixed(second(7)),
            Distribution::Exponential { mean: second(7) },
            Distribution::Uniform {
                min: second(2),
                max: second(20),
            },
            Distribution::Lognormal {
                median: second(5),
                p99: second(40),
            },
            Distribution::Empirical(vec![second(1), second(4), second(30)]),
            Distribution::Weighted(vec![(second(1), 5), (second(30), 3)]),
        ];
        for distribution in distributions {
            let table = Quantiles::new(&distribution);
            for limit in [0.5, 3.0, 10.0, 1000.0] {
                let steps = 1u64 << 18;
                let sum: f64 = (0..steps)
                    .map(|step| (table.draw((2 * step + 1) << 45) as f64 / 1e9).min(limit))
                    .sum();
                let integral = sum / steps as f64;
                let closed = mean_of_lesser(&distribution, limit);
                assert!(
                    (closed / integral - 1.0).abs() < 0.002,
                    "{distribution:?} below {limit}: {closed}, not {integral}"
                );
            }
        }
    }

    /// Against a sum visit by visit.
    #[test]
    fn returning_visits_are_a_geometric_sum() {
        for (returns, cycle, whole) in [
            (0.0, 10.0, 1000.0),
            (0.7, 10.0, 1000.0),
            (1.0, 0.5, 20_000.0),
            (0.9999, 0.1, 5_000.0),
        ] {
            let mut expected = 0.0;
            let mut share = 1.0;
            let mut n = 0.0;
            while n * cycle <= whole && share > 1e-15 {
                expected += 3.0 * share * (whole - n * cycle);
                share *= returns;
                n += 1.0;
            }
            let visits = returning_visits(3.0, returns, cycle, whole);
            assert!(
                (visits.in_all / expected - 1.0).abs() < 1e-3,
                "{returns} {cycle}: {} visits, not {expected}",
                visits.in_all
            );
        }
        // Whatever is asked, the answer comes at once.
        assert!(returning_visits(1e8, 1.0, 1e-9, 6e7).in_all.is_finite());
    }

    #[test]
    fn large_numbers_are_said_in_words() {
        assert_eq!(in_words(950.4), "950");
        assert_eq!(in_words(2_000_000.0), "2 million");
        assert_eq!(in_words(1_234_567_890.0), "1.2 billion");
        assert_eq!(in_words(1e21), "1.0e21");
    }
}
