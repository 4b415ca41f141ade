//! The keys of `[users.arrivals]`, and how they are read and written.

use crate::scenario::reader::key::{Key, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::writer::Writer;
use crate::units::{Ratio, Span};

use super::super::keys::MAX_TIME;
use super::{Arrivals, Daily, Factor, Process, Spike, SpikeEnd, Step, Weekday};

const DAY: u64 = 86_400_000_000_000;
/// Most steps, and most spikes, of a class.
const MAX_CHANGES: usize = 64;

const PROCESS: Key<Process> = Key::built_in(
    "process",
    "\"poisson\"",
    "people come independently of each other",
    "Whether users come independently of each other (\"poisson\") or at equal distances \
     (\"constant\").",
)
.called(&["kind", "distribution", "type"]);

const BY_HOUR: Key<Vec<Factor>> = Key::optional(
    "by_hour",
    "all hours are alike, or follow `peak_at`",
    "24 weights, one for each local hour from midnight on, relative to each other: over a day their \
     mean is `arrival_rate`. The rate is the same throughout an hour.",
)
.called(&["hourly", "daily", "hours", "diurnal"]);

const PEAK_AT: Key<Span> = Key::optional(
    "peak_at",
    "there is no daily peak, or it follows from `by_hour`",
    "Local time of day, for example \"20h30m\", at which most users come. Over the day their rate \
     goes as a sine.",
)
.between(0, DAY - 1)
.called(&["peak", "peak_hour", "sine"]);

const SWING: Key<Ratio> = Key::derived(
    "swing",
    "50% with `peak_at` (assumed)",
    "With `peak_at`: how far the highest rate lies above the mean, and the lowest below it.",
)
.called(&["amplitude", "depth"]);

const BY_WEEKDAY: Key<Vec<Factor>> = Key::optional(
    "by_weekday",
    "all days are alike",
    "Seven weights from Monday on, relative to each other: over a week their mean is \
     `arrival_rate`.",
)
.called(&["weekly", "weekdays", "days"]);

const BEGINS_AT: Key<Span> = Key::built_in(
    "begins_at",
    "\"0s\"",
    "midnight",
    "Local time of day of these users when the run begins: classes in other time zones begin at \
     other times.",
)
.between(0, DAY - 1)
.called(&["time_zone", "timezone", "offset", "starts_at", "utc_offset"]);

const BEGINS_ON: Key<Weekday> = Key::built_in(
    "begins_on",
    "\"monday\"",
    "the first day of the week",
    "Local day of the week when the run begins.",
)
.called(&["weekday", "starts_on"]);

const GROWTH: Key<Ratio> = Key::built_in(
    "growth",
    "\"0%\"",
    "none",
    "By how much the rate grows in a day, compounding, from `arrival_rate` at the start of the run.",
)
.called(&["grows", "trend"]);

const AT: Key<Span> = Key::required(
    "at",
    "\"12h\"",
    "When it begins, from the start of the run.",
)
.between(0, MAX_TIME)
.called(&["start", "begins", "from"]);

const STEP_FACTOR: Key<Factor> = Key::required(
    "factor",
    "3",
    "What `arrival_rate`, or the number of `concurrent` users, is multiplied by from then on, \
     whatever the steps before. Where fewer users are to be in a visit, whoever leaves is not \
     replaced.",
)
.called(&["times", "multiplier"]);

const OVER: Key<Span> = Key::built_in(
    "over",
    "\"0s\"",
    "at once",
    "How long it takes to get there, evenly.",
)
.between(0, MAX_TIME)
.called(&["ramp", "ramp_up", "rise"]);

const SPIKE_FACTOR: Key<Factor> = Key::required(
    "factor",
    "10",
    "What the rate is multiplied by at the height of the spike.",
)
.called(&["times", "multiplier"]);

const RISE: Key<Span> = Key::built_in(
    "rise",
    "\"0s\"",
    "at once",
    "How long the rate takes to get there, evenly.",
)
.between(0, MAX_TIME)
.called(&["ramp", "ramp_up", "over"]);

const LASTS: Key<Span> = Key::built_in(
    "lasts",
    "\"0s\"",
    "it is over as soon as it is at its height",
    "How long the rate stays there.",
)
.between(0, MAX_TIME)
.called(&["duration", "length", "for", "hold"]);

const FALL: Key<Span> = Key::derived(
    "fall",
    "0 s (at once), unless there is a `decay`",
    "How long the rate then takes back to the usual one, evenly.",
)
.between(0, MAX_TIME)
.called(&["ramp_down"]);

const DECAY: Key<Span> = Key::optional(
    "decay",
    "the spike ends by its `fall`",
    "Instead of `fall`: what is above the usual rate shrinks to 1/e (37 %) in each such time, as \
     after a flash crowd.",
)
.between(1, MAX_TIME)
.called(&["half_life", "tau"]);

const EVERY: Key<Span> = Key::optional(
    "every",
    "it comes once",
    "The spike comes again after so long, from its beginning.",
)
.between(1, MAX_TIME)
.called(&["repeat", "period", "interval"]);

const STEPS: Section = Section {
    path: "users.arrivals.steps",
    repeated: true,
    help: "A change of the rate, or of the number of users, for good or until the next one.",
    keys: &[AT.info(), STEP_FACTOR.info(), OVER.info()],
    sections: &[],
    not_yet: &[],
};

const SPIKES: Section = Section {
    path: "users.arrivals.spikes",
    repeated: true,
    help: "More users for a while: a sale, a push message, a flash crowd. Spikes multiply.",
    keys: &[
        AT.info(),
        SPIKE_FACTOR.info(),
        RISE.info(),
        LASTS.info(),
        FALL.info(),
        DECAY.info(),
        EVERY.info(),
    ],
    sections: &[],
    not_yet: &[],
};

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "users.arrivals",
    repeated: false,
    help: "How the rate at which users come changes with time. All that is given multiplies. The \
           rate counts as constant over an hour's weight, over 10 minutes of a sine, an hour of \
           growth, a 32nd of a ramp and a 16th of a decay time.",
    keys: &[
        PROCESS.info(),
        BY_HOUR.info(),
        PEAK_AT.info(),
        SWING.info(),
        BY_WEEKDAY.info(),
        BEGINS_AT.info(),
        BEGINS_ON.info(),
        GROWTH.info(),
    ],
    sections: &[&STEPS, &SPIKES],
    not_yet: &[],
};

impl Arrivals {
    /// Reads them for users who come at a rate, or whose number is `fixed`, in a run of
    /// `duration`.
    pub(in crate::scenario::users) fn read(
        table: Table<'_>,
        fixed: bool,
        duration: Option<Span>,
    ) -> Option<Self> {
        let steps = read_steps(&table);
        let spikes = read_spikes(&table, fixed);
        if fixed {
            refuse_all(&table);
            table.finish();
            spikes?;
            return Some(Self {
                steps: steps?,
                ..Self::default()
            });
        }
        let process = table.get(&PROCESS);
        let daily = read_daily(&table);
        let by_weekday = read_weights(&table, &BY_WEEKDAY, 7);
        let begins_at = table.get(&BEGINS_AT);
        let begins_on = table.get(&BEGINS_ON);
        let growth = table.get(&GROWTH);
        let arrivals = || {
            Some(Self {
                process: process?,
                daily: daily?,
                by_weekday: by_weekday?,
                begins_at: begins_at?,
                begins_on: begins_on?,
                growth: growth?,
                steps: steps?,
                spikes: spikes?,
            })
        };
        let arrivals = arrivals();
        if let (Some(arrivals), Some(duration)) = (&arrivals, duration)
            && let Err(why) = arrivals.try_curve(Span::ZERO, duration)
        {
            table.own_problem(|problem| Problem {
                message: "this rate of arrivals cannot be simulated".to_owned(),
                label: why.to_owned(),
                hint: Some("shorten the run, or change less".to_owned()),
                ..problem
            });
            return None;
        }
        table.finish();
        arrivals
    }

    /// Writes them; of a fixed number of users there are steps alone.
    pub(in crate::scenario::users) fn write(&self, fixed: bool, out: &mut Writer) {
        if !fixed {
            out.section(&SECTION);
            out.put(&PROCESS, &self.process);
            match &self.daily {
                Daily::Flat => {}
                Daily::ByHour(factors) => out.put(&BY_HOUR, factors),
                Daily::Sine { peak, swing } => {
                    out.put(&PEAK_AT, peak);
                    out.put(&SWING, swing);
                }
            }
            if !self.by_weekday.is_empty() {
                out.put(&BY_WEEKDAY, &self.by_weekday);
            }
            out.put(&BEGINS_AT, &self.begins_at);
            out.put(&BEGINS_ON, &self.begins_on);
            out.put(&GROWTH, &self.growth);
        }
        for step in &self.steps {
            out.section(&STEPS);
            out.put(&AT, &step.at);
            out.put(&STEP_FACTOR, &step.factor);
            out.put(&OVER, &step.over);
        }
        for spike in &self.spikes {
            out.section(&SPIKES);
            out.put(&AT, &spike.at);
            out.put(&SPIKE_FACTOR, &spike.factor);
            out.put(&RISE, &spike.rise);
            out.put(&LASTS, &spike.lasts);
            match &spike.end {
                SpikeEnd::Fall(fall) => out.put(&FALL, fall),
                SpikeEnd::Decay(decay) => out.put(&DECAY, decay),
            }
            if let Some(every) = &spike.every {
                out.put(&EVERY, every);
            }
        }
    }
}

/// With a fixed number of users there is no rate.
fn refuse_all(table: &Table<'_>) {
    let why = "the number of `concurrent` users is fixed";
    let hint = "of [users.arrivals] only `steps` go with it; or write `arrival_rate`";
    table.refuse(&PROCESS, why, hint);
    table.refuse(&BY_HOUR, why, hint);
    table.refuse(&PEAK_AT, why, hint);
    table.refuse(&SWING, why, hint);
    table.refuse(&BY_WEEKDAY, why, hint);
    table.refuse(&BEGINS_AT, why, hint);
    table.refuse(&BEGINS_ON, why, hint);
    table.refuse(&GROWTH, why, hint);
}

fn read_daily(table: &Table<'_>) -> Option<Daily> {
    if table.has(&BY_HOUR) {
        let hint = "keep one of the two";
        table.refuse(&PEAK_AT, "`by_hour` says how a day goes", hint);
        table.refuse(&SWING, "`by_hour` says how a day goes", hint);
        return read_weights(table, &BY_HOUR, 24).map(Daily::ByHour);
    }
    read_weights(table, &BY_HOUR, 24)?;
    let peak = table.get_optional(&PEAK_AT);
    if !table.has(&PEAK_AT) {
        table.refuse(
            &SWING,
            "there is no `peak_at`",
            "add for example peak_at = \"20h\"",
        );
        return Some(Daily::Flat);
    }
    let swing = table.get_or(&SWING, || Some(Ratio(Ratio::ONE.0 / 2)));
    Some(Daily::Sine {
        peak: peak.ok()??,
        swing: swing?,
    })
}

/// So many weights, or none.
fn read_weights(table: &Table<'_>, key: &Key<Vec<Factor>>, number: usize) -> Option<Vec<Factor>> {
    let Some(weights) = table.get_optional(key).ok()? else {
        return Some(Vec::new());
    };
    let name = key.info().name;
    let wrong = if weights.len() != number {
        format!("it has {}", weights.len())
    } else if weights.iter().all(|weight| weight.0 == 0) {
        "all of them are zero".to_owned()
    } else {
        return Some(weights);
    };
    table.problem(key, |problem| Problem {
        message: format!("`{name}` must have {number} weights, one of them above 0"),
        label: wrong,
        ..problem
    });
    None
}

fn read_steps(table: &Table<'_>) -> Option<Vec<Step>> {
    let members = table.sections(&STEPS);
    if !few_enough(table, &STEPS, members.len()) {
        return None;
    }
    let mut steps: Vec<Option<Step>> = Vec::new();
    let mut earliest = 0;
    for member in members {
        let (at, factor, over) = (member.get(&AT), member.get(&STEP_FACTOR), member.get(&OVER));
        if at.is_some_and(|at| at.0 < earliest) {
            member.problem(&AT, |problem| Problem {
                message: "a step begins before the one before it is done".to_owned(),
                label: format!("that is so at {}", Span(earliest)),
                hint: Some("put steps in order, none within the `over` of another".to_owned()),
                ..problem
            });
        }
        member.finish();
        if let (Some(at), Some(over)) = (at, over) {
            earliest = earliest.max(at.0.saturating_add(over.0));
        }
        steps.push(
            at.zip(factor)
                .zip(over)
                .map(|((at, factor), over)| Step { at, factor, over }),
        );
    }
    steps.into_iter().collect()
}

fn read_spikes(table: &Table<'_>, fixed: bool) -> Option<Vec<Spike>> {
    let members = table.sections(&SPIKES);
    if !few_enough(table, &SPIKES, members.len()) {
        return None;
    }
    if fixed && !members.is_empty() {
        members[0].own_problem(|problem| Problem {
            message: "a fixed number of users has no spikes".to_owned(),
            label: "with `concurrent`".to_owned(),
            hint: Some(
                "write two steps, there and back: steps = [{ at = \"12h\", factor = 10 }, \
                 { at = \"13h\", factor = 1 }]"
                    .to_owned(),
            ),
            ..problem
        });
        return None;
    }
    let spikes: Vec<_> = members.into_iter().map(read_spike).collect();
    spikes.into_iter().collect()
}

fn read_spike(table: Table<'_>) -> Option<Spike> {
    let at = table.get(&AT);
    let factor = table.get(&SPIKE_FACTOR);
    let rise = table.get(&RISE);
    let lasts = table.get(&LASTS);
    let end = match table.get_optional(&DECAY) {
        Ok(Some(decay)) => {
            let hint = "keep one of the two";
            table.refuse(&FALL, "`decay` says how the spike ends", hint);
            Some(SpikeEnd::Decay(decay))
        }
        Ok(None) => table.get_or(&FALL, || Some(Span::ZERO)).map(SpikeEnd::Fall),
        Err(_) => {
            table.get_or(&FALL, || None);
            None
        }
    };
    let every = table.get_optional(&EVERY);
    let spike = || {
        Some(Spike {
            at: at?,
            factor: factor?,
            rise: rise?,
            lasts: lasts?,
            end: end?,
            every: every.ok()?,
        })
    };
    let spike = spike();
    let length = spike.map_or(1, |spike| spike.length());
    let (message, label) = if length == 0 {
        (
            "the spike has no length",
            "give it for example a `lasts`".to_owned(),
        )
    } else if spike.is_some_and(|spike| spike.every.is_some_and(|every| every.0 < length)) {
        (
            "the spike comes again before it is over",
            format!("it takes {} from its rise to its end", Span(length)),
        )
    } else {
        table.finish();
        return spike;
    };
    table.own_problem(|problem| Problem {
        message: message.to_owned(),
        label,
        ..problem
    });
    table.finish();
    None
}

fn few_enough(table: &Table<'_>, section: &Section, number: usize) -> bool {
    if number > MAX_CHANGES {
        table.own_problem(|problem| Problem {
            message: format!("{number} {} are too many", section.name()),
            label: format!("at most {MAX_CHANGES}"),
            ..problem
        });
    }
    number <= MAX_CHANGES
}
