//! Queues: first come, first served.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::units::{Span, Time};

/// One server that serves in order of arrival and lets everyone wait (Kendall: G/G/1).
#[derive(Clone, Copy, Debug, Default)]
pub struct Server {
    free_at: Time,
    busy: Span,
}

impl Server {
    /// Enters at `at`, to be served for `service`; returns when service begins and ends.
    /// Must be called in order of time.
    #[inline]
    pub fn enter(&mut self, at: Time, service: Span) -> (Time, Time) {
        let start = at.max(self.free_at);
        (start, self.serve(start, service))
    }

    /// Serves from `start`, at which it is free, for `service`; returns when that is done.
    #[inline]
    pub fn serve(&mut self, start: Time, service: Span) -> Time {
        // Whoever comes faster than they are served can wait beyond the end of the clock.
        let done = start.saturating_add(service);
        self.free_at = done;
        self.busy = Span(self.busy.0.saturating_add(service.0));
        done
    }

    /// Another takes its place at `at`: whoever waited is gone.
    pub fn restart(&mut self, at: Time) {
        self.free_at = at;
    }

    /// When all that entered so far will have been served.
    pub const fn free_at(&self) -> Time {
        self.free_at
    }

    /// Time spent, or promised, serving.
    pub const fn busy(&self) -> Span {
        self.busy
    }
}

/// What became of someone who came to a [`Station`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Served from `start` to `done`.
    Served {
        /// When service begins.
        start: Time,
        /// When it ends.
        done: Time,
    },
    /// Turned away: too many were waiting.
    Refused,
}

/// `c` equal servers with one queue that holds at most `queue_limit` (Kendall: G/G/c/c+limit).
///
/// Whoever is admitted stays, so the times of service are known on entering and the station
/// needs no events of its own.
#[derive(Clone, Debug)]
pub struct Station {
    /// When each server is free, earliest first.
    free_at: BinaryHeap<Reverse<Time>>,
    queue_limit: usize,
    /// When those who wait, or have waited, begin to be served, in order.
    starts: VecDeque<Time>,
    busy: Span,
    longest_queue: usize,
}

impl Station {
    /// A station of `servers` (at least 1), of whose guests at most `queue_limit` wait.
    #[must_use]
    pub fn new(servers: u32, queue_limit: u32) -> Self {
        Self {
            free_at: (0..servers.max(1)).map(|_| Reverse(Time::ZERO)).collect(),
            queue_limit: queue_limit as usize,
            starts: VecDeque::new(),
            busy: Span::ZERO,
            longest_queue: 0,
        }
    }

    /// Others take the servers' places at `at`: whoever was served or waited is gone.
    pub fn restart(&mut self, at: Time) {
        let servers = self.free_at.len();
        self.free_at = (0..servers).map(|_| Reverse(at)).collect();
        self.starts.clear();
    }

    /// Comes at `at`, to be served for `service`. Must be called in order of time.
    pub fn enter(&mut self, at: Time, service: Span) -> Admission {
        let waiting = self.waiting(at);
        let Some(mut earliest) = self.free_at.peek_mut() else {
            return Admission::Refused;
        };
        let start = at.max(earliest.0);
        if start > at {
            if waiting >= self.queue_limit {
                return Admission::Refused;
            }
            self.starts.push_back(start);
            self.longest_queue = self.longest_queue.max(waiting + 1);
        }
        let done = start.saturating_add(service);
        earliest.0 = done;
        self.busy = Span(self.busy.0.saturating_add(service.0));
        Admission::Served { start, done }
    }

    /// As [`Station::enter`], where service takes longer the more are served with it: `service` is
    /// told how many there will be when it begins, itself included.
    pub fn enter_shared(&mut self, at: Time, service: impl FnOnce(u32) -> Span) -> Admission {
        let Some(earliest) = self.free_at.peek().map(|earliest| earliest.0) else {
            return Admission::Refused;
        };
        let start = at.max(earliest);
        // One of those who are free by then takes it.
        let others = self.free_at.iter().filter(|free| free.0 > start).count();
        let service = service(others as u32 + 1);
        self.enter(at, service)
    }

    /// How many wait at `at`, which must not lie before the last call.
    pub fn waiting(&mut self, at: Time) -> usize {
        // First come, first served: starts are in order.
        while self.starts.front().is_some_and(|start| *start <= at) {
            self.starts.pop_front();
        }
        self.starts.len()
    }

    /// The longest the queue has been.
    pub const fn longest_queue(&self) -> usize {
        self.longest_queue
    }

    /// Time that servers spent, or promised, serving.
    pub const fn busy(&self) -> Span {
        self.busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::draws::mix;
    use crate::kernel::quantiles::{Distribution, Quantiles};

    const SERVICE: u64 = 1_000_000;

    /// Poisson arrivals at a station; returns (mean wait in mean services, share refused).
    fn simulate(servers: u32, queue_limit: u32, utilisation: f64, exponential: bool) -> (f64, f64) {
        let mean = Span(SERVICE);
        let gaps = Quantiles::new(&Distribution::Exponential {
            mean: Span((SERVICE as f64 / utilisation / f64::from(servers)) as u64),
        });
        let services = Quantiles::new(&if exponential {
            Distribution::Exponential { mean }
        } else {
            Distribution::Fixed(mean)
        });
        let mut station = Station::new(servers, queue_limit);
        let mut at = Time::ZERO;
        let (mut waited, mut served, mut refused) = (0u64, 0u64, 0u64);
        for n in 0..2_000_000u64 {
            at += Span(gaps.draw(mix(2 * n)));
            match station.enter(at, Span(services.draw(mix(2 * n + 1)))) {
                Admission::Served { start, .. } => {
                    waited += (start - at).0;
                    served += 1;
                }
                Admission::Refused => refused += 1,
            }
        }
        let wait = waited as f64 / served as f64 / SERVICE as f64;
        (wait, refused as f64 / (served + refused) as f64)
    }

    fn assert_close(measured: f64, expected: f64, relative: f64) {
        assert!(
            (measured / expected - 1.0).abs() < relative,
            "measured {measured}, expected {expected}"
        );
    }

    #[test]
    fn waits_of_one_server_follow_pollaczek_and_khinchine() {
        for utilisation in [0.3, 0.7, 0.9] {
            let mm1 = utilisation / (1.0 - utilisation);
            assert_close(simulate(1, u32::MAX, utilisation, true).0, mm1, 0.04);
            assert_close(simulate(1, u32::MAX, utilisation, false).0, mm1 / 2.0, 0.04);
        }
    }

    #[test]
    fn waits_of_many_servers_follow_erlang_c() {
        let (servers, utilisation) = (8u32, 0.8);
        let load = f64::from(servers) * utilisation;
        let mut term = 1.0;
        let mut sum = 0.0;
        for k in 0..servers {
            sum += term;
            term *= load / f64::from(k + 1);
        }
        let queued = term / (1.0 - utilisation);
        let erlang_c = queued / (sum + queued);
        let expected = erlang_c / (f64::from(servers) * (1.0 - utilisation));
        assert_close(
            simulate(servers, u32::MAX, utilisation, true).0,
            expected,
            0.04,
        );
    }

    /// Always as many in service as there are servers: throughput is that of the universal
    /// scalability law, N / (1 + sigma (N - 1) + kappa N (N - 1)).
    #[test]
    fn a_shared_station_under_full_load_follows_the_law_of_scalability() {
        let (sigma, kappa) = (0.03, 0.0007);
        let factor = |n: f64| 1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0);
        for servers in [1u32, 4, 16, 64] {
            let mut station = Station::new(servers, u32::MAX);
            let mut last = Time::ZERO;
            let queries = 20_000 * u64::from(servers);
            for _ in 0..queries {
                let admission = station.enter_shared(Time::ZERO, |n| {
                    Span((SERVICE as f64 * factor(f64::from(n))) as u64)
                });
                if let Admission::Served { done, .. } = admission {
                    last = last.max(done);
                }
            }
            let throughput = queries as f64 / (last.0 as f64 / SERVICE as f64);
            let n = f64::from(servers);
            assert_close(throughput, n / factor(n), 0.005);
        }
    }

    #[test]
    fn a_full_station_refuses_as_m_m_c_k() {
        // M/M/2/5: two servers, three places to wait, offered load 2.4 erlang.
        let load: f64 = 2.4;
        let weights: Vec<f64> = (0..=5)
            .scan(1.0, |weight, k| {
                let now = *weight;
                *weight *= load / f64::from((k + 1).min(2));
                Some(now)
            })
            .collect();
        let blocked = weights[5] / weights.iter().sum::<f64>();
        assert_close(simulate(2, 3, load / 2.0, true).1, blocked, 0.02);
    }

    #[test]
    fn nobody_waits_where_nobody_may() {
        let mut station = Station::new(1, 0);
        assert!(matches!(
            station.enter(Time(0), Span(10)),
            Admission::Served { .. }
        ));
        assert_eq!(station.enter(Time(5), Span(10)), Admission::Refused);
        assert_eq!(
            station.enter(Time(10), Span(10)),
            Admission::Served {
                start: Time(10),
                done: Time(20)
            }
        );
    }

    #[test]
    fn a_server_serves_in_order() {
        let mut server = Server::default();
        assert_eq!(server.enter(Time(5), Span(10)), (Time(5), Time(15)));
        assert_eq!(server.enter(Time(6), Span(1)), (Time(15), Time(16)));
        assert_eq!(server.enter(Time(30), Span(1)), (Time(30), Time(31)));
        assert_eq!(server.busy(), Span(12));
    }
}
