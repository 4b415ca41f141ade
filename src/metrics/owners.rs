//! What is counted for each owner of keys: the classes of users, recorded traffic, workloads.
//!
//! Where there is only one it is the whole, and nothing is counted twice.

use crate::probe::{
    Aftermath, CommandDone, Fate, Kept, LossCause, Mark, NodeSample, OwnerSample, Probe,
    RequestDone, RequestKind,
};
use crate::scenario::Scenario;
use crate::units::{Span, Time};

use super::histogram::{Bins, Brief, Quantile};
use super::measurements::{Counts, Gauges};
use super::parts::class_names;

/// Up to so many classes have rows of the time series and quantiles of their own; of more there
/// are the figures of the whole run, and of latency its mean and maximum. Bins of one class take
/// 230 KB.
pub const MOST_WITH_ROWS: usize = 32;

/// What one of several owners of keys leaves.
#[derive(Clone, Debug, Default)]
pub struct ClassMeasurements {
    /// What was counted since the measurement began.
    pub counts: Counts,
    /// Highest values observed since.
    pub gauges: Gauges,
    /// Latency of its requests, in the order of [`Quantile::ALL`].
    pub latency: [Option<u64>; Quantile::ALL.len()],
    /// What it kept when that was last counted, at the end of the run; `None` where sessions lie in no cache.
    pub memory: Option<Memory>,
    /// The time series; empty where there are too many classes.
    pub rows: Vec<ClassRow>,
}

/// What an owner keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Keys and bytes.
    pub kept: Kept,
    /// The bytes as a share of the nodes' `used_memory`, in parts of 10^-9.
    pub share: u64,
}

/// A row of the time series of a class.
#[derive(Clone, Copy, Debug)]
pub struct ClassRow {
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
    /// What was counted.
    pub counts: Counts,
    /// What was observed.
    pub gauges: Gauges,
    /// Latency of its requests.
    pub latency: Option<Brief>,
    /// What it kept at the end of the row, if that was counted then.
    pub memory: Option<Memory>,
}

/// The probe that counts for all owners, in the order by which facts number them. Beside a
/// [`Recorder`](super::recorder::Recorder), and only where there are several: then a request costs
/// some 50 instructions more.
#[derive(Debug)]
pub struct Owners {
    list: Vec<Tally>,
    /// Whether a class of users has a login. Recorded traffic is a class; workloads follow.
    logins: Vec<bool>,
    /// Requests sent before do not count.
    begin: Time,
    began: bool,
    row_start: Time,
}

#[derive(Clone, Debug)]
struct Tally {
    row: Counts,
    total: Counts,
    row_gauges: Gauges,
    gauges: Gauges,
    times: Times,
    kept: Option<Kept>,
    last: Option<Memory>,
    rows: Vec<ClassRow>,
}

/// Latencies of a class.
#[derive(Clone, Debug)]
enum Times {
    /// Of the row and of the rows before it.
    Bins(Box<[Bins; 2]>),
    Sums {
        sum: u128,
        count: u64,
        max: u64,
    },
}

impl Times {
    const NONE: Self = Self::Sums {
        sum: 0,
        count: 0,
        max: 0,
    };

    #[inline]
    fn record(&mut self, nanos: u64) {
        match self {
            Self::Bins(bins) => bins[0].record(nanos),
            Self::Sums { sum, count, max } => {
                *sum += u128::from(nanos);
                *count += 1;
                *max = (*max).max(nanos);
            }
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Bins(bins) => bins.iter_mut().for_each(Bins::clear),
            Self::Sums { .. } => *self = Self::NONE,
        }
    }

    fn figures(&self) -> [Option<u64>; Quantile::ALL.len()] {
        match self {
            Self::Bins(bins) => {
                let latencies = bins[1].latencies();
                Quantile::ALL.map(|quantile| latencies.figure(quantile))
            }
            Self::Sums { count: 0, .. } => [None; Quantile::ALL.len()],
            Self::Sums { sum, count, max } => Quantile::ALL.map(|quantile| match quantile {
                Quantile::Mean => Some(super::histogram::mean(*sum, *count)),
                Quantile::Max => Some(*max),
                _ => None,
            }),
        }
    }
}

impl Owners {
    /// Those of `scenario`, if there are several.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Option<Self> {
        Self::of(scenario).if_several()
    }

    /// Those of `scenario`.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let logins = class_names(scenario).map(|(_, login)| login).collect();
        Self::with(logins, scenario.workloads.len())
    }

    /// Itself, if there is more than one of them.
    #[must_use]
    pub fn if_several(self) -> Option<Self> {
        (self.list.len() > 1).then_some(self)
    }

    fn with(logins: Vec<bool>, workloads: usize) -> Self {
        let classes = logins.len();
        let tally = |times| Tally {
            row: Counts::default(),
            total: Counts::default(),
            row_gauges: Gauges::default(),
            gauges: Gauges::default(),
            times,
            kept: None,
            last: None,
            rows: Vec::new(),
        };
        let class = |_| {
            tally(if classes <= MOST_WITH_ROWS {
                Times::Bins(Box::default())
            } else {
                Times::NONE
            })
        };
        // The requests of workloads are the recorder's.
        let workload = |_| tally(Times::NONE);
        let list = (0..classes).map(class);
        let list = list.chain((0..workloads).map(workload)).collect();
        Self {
            list,
            logins,
            begin: Time::ZERO,
            began: false,
            row_start: Time::ZERO,
        }
    }

    /// Counts of the present row of an owner.
    #[inline]
    fn row(&mut self, owner: u16) -> &mut Counts {
        &mut self.list[usize::from(owner)].row
    }

    /// Drops all that was counted so far.
    fn forget(&mut self) {
        for tally in &mut self.list {
            tally.row = Counts::default();
            tally.total = Counts::default();
            tally.row_gauges = Gauges::default();
            tally.gauges = Gauges::default();
            tally.times.clear();
            tally.kept = None;
            tally.last = None;
            tally.rows.clear();
        }
    }

    /// What each class leaves, and the counts of workloads.
    pub(super) fn finish(mut self) -> (Vec<ClassMeasurements>, Vec<Counts>) {
        if !self.began {
            self.forget();
        }
        let workloads = self.list.split_off(self.logins.len()).into_iter();
        let classes = self.list.into_iter().map(|tally| ClassMeasurements {
            latency: tally.times.figures(),
            counts: tally.total,
            gauges: tally.gauges,
            memory: tally.last,
            rows: tally.rows,
        });
        (
            classes.collect(),
            workloads.map(|tally| tally.total).collect(),
        )
    }
}

impl Tally {
    /// A row ends, in nodes whose `used_memory` is so many bytes in all.
    fn end_row(&mut self, (start, end): (Time, Time), used_memory: u64, with_rows: bool) {
        // Without nodes sessions lie in no cache.
        let memory = self.kept.take().filter(|_| used_memory > 0).map(|kept| {
            let billion = u128::from(kept.bytes) * 1_000_000_000;
            Memory {
                kept,
                share: (billion / u128::from(used_memory)) as u64,
            }
        });
        self.last = memory.or(self.last);
        let counts = std::mem::take(&mut self.row);
        let gauges = std::mem::take(&mut self.row_gauges);
        self.total.add(&counts);
        let mut latency = None;
        if let Times::Bins(bins) = &mut self.times {
            let [row, total] = &mut **bins;
            latency = row.brief();
            total.add(row);
            row.clear();
        }
        if with_rows {
            self.rows.push(ClassRow {
                start,
                end,
                counts,
                gauges,
                latency,
                memory,
            });
        }
    }
}

impl Probe for Owners {
    #[inline]
    fn request_issued(&mut self, _at: Time, class: u16, _kind: RequestKind) {
        self.row(class).requests += 1;
    }

    #[inline]
    fn request_done(&mut self, fact: &RequestDone) {
        let tally = &mut self.list[usize::from(fact.class)];
        if fact.issued < self.begin {
            tally.row.carried += 1;
            return;
        }
        tally.row.answered[fact.session as usize] += 1;
        tally.row.failed += u64::from(fact.refused);
        if fact.store_time > Span::ZERO {
            tally.times.record(fact.store_time.0);
        }
    }

    #[inline]
    fn command(&mut self, fact: &CommandDone) {
        self.row(fact.owner).commands[fact.answer as usize] += 1;
    }

    fn key_evicted(&mut self, _at: Time, _node: u16, owner: u16) {
        self.row(owner).evicted_keys += 1;
    }

    fn key_expired(&mut self, _at: Time, _node: u16, owner: u16) {
        self.row(owner).expired_keys += 1;
    }

    fn visit_began(&mut self, _at: Time, class: u16) {
        let login = self.logins[usize::from(class)];
        self.row(class).visits_with_login += u64::from(login);
        self.row(class).visits_of_guests += u64::from(!login);
    }

    fn session_created(&mut self, _at: Time, class: u16) {
        self.row(class).created += 1;
    }

    fn session_closed(&mut self, _at: Time, class: u16, fate: Fate) {
        self.row(class).close(fate);
    }

    fn loss_felt(&mut self, _at: Time, lost_at: Time, class: u16, _cause: LossCause, felt: bool) {
        if lost_at >= self.begin {
            self.row(class).feel(felt);
        }
    }

    fn aftermath(
        &mut self,
        _at: Time,
        closed_at: Time,
        class: u16,
        fate: Fate,
        aftermath: Aftermath,
    ) {
        let since = closed_at >= self.begin;
        self.row(class).make_good(fate, aftermath, since);
    }

    fn mark(&mut self, _at: Time, class: u16, mark: Mark, number: u64) {
        self.row(class).marks[mark as usize] += number;
    }

    fn overlooked(&mut self, _at: Time, class: u16, aftermath: Aftermath) {
        self.row(class).made_good[aftermath as usize] += 1;
    }

    fn wants_owners(&self) -> bool {
        true
    }

    fn owners(&mut self, _at: Time, owners: &[OwnerSample]) {
        if !self.began {
            return;
        }
        for (tally, sample) in self.list.iter_mut().zip(owners) {
            tally.kept = sample.kept;
            let gauges = Gauges {
                live_sessions: Some(sample.live_sessions),
                users_present: Some(sample.users_present),
                ..Gauges::default()
            };
            tally.row_gauges.raise(&gauges);
            tally.gauges.raise(&gauges);
        }
    }

    fn window(&mut self, at: Time, nodes: &[NodeSample], _live: u64, _present: u64) {
        if !self.began {
            return;
        }
        let used_memory = nodes.iter().map(|node| node.used_memory).sum();
        let classes = self.logins.len();
        // An interrupt can come just as a row ends; then there is no further row.
        let is_row = at > self.row_start;
        for (place, tally) in self.list.iter_mut().enumerate() {
            let with_rows = is_row && classes <= MOST_WITH_ROWS && place < classes;
            tally.end_row((self.row_start, at), used_memory, with_rows);
        }
        self.row_start = at;
    }

    fn measurement_begins(&mut self, at: Time, _nodes: &[NodeSample], _open: u64) {
        self.forget();
        self.began = true;
        self.begin = at;
        self.row_start = at;
    }
}

/// Whether counts of the parts add up to those of the whole, as far as parts are counted.
///
/// # Errors
/// The counts that do not.
pub(super) fn adds_up<'a>(
    whole: &Counts,
    parts: impl Iterator<Item = &'a Counts>,
) -> Result<(), String> {
    let mut sum = Counts::default();
    parts.for_each(|part| sum.add(part));
    let counted = |counts: &Counts| Counts {
        db_queries: 0,
        db_refused: 0,
        db_baseline: 0,
        network_in: 0,
        network_out: 0,
        bandwidth_exceeded: 0,
        crossed: 0,
        replicated: 0,
        write_outage: 0,
        read_outage: 0,
        ..*counts
    };
    let (whole, sum) = (counted(whole), counted(&sum));
    if whole == sum {
        Ok(())
    } else {
        Err(format!(
            "the owners' counts do not add up: {sum:?} against {whole:?}"
        ))
    }
}
