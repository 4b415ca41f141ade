//! The keys of `[[users]]`, their defaults, and how they are read and written.

use std::collections::BTreeSet;

use crate::kernel::quantiles::Distribution;
use crate::scenario::estimates::MAX_LIVE_SESSIONS;
use crate::scenario::is_plain_name;
use crate::scenario::reader::key::{Key, Section};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::writer::Writer;
use crate::units::{Rate, Ratio, Span};

use super::visits::{self, Visits};
use super::{Arrival, Arrivals, Copies, SessionSpec, UserClass, arrivals, copies, session};

/// Two years: longer than any run.
pub(super) const MAX_TIME: u64 = 730 * 86_400_000_000_000;
/// One new user each ten nanoseconds.
const MAX_RATE: u64 = 100_000_000_000_000_000;
/// Below it a user would do nothing but click.
const MIN_MEAN_THINK: f64 = 1e6;

const NAME: Key<String> = Key::derived(
    "name",
    "\"users\" for the first class, \"users-2\" for the second, and so on",
    "Name of the class in reports: letters, digits, - and _.",
);

const CONCURRENT: Key<u64> = Key::optional(
    "concurrent",
    "users arrive at `arrival_rate`",
    "Users who are in a visit at any time: whoever leaves is replaced at once. Either this or \
     `arrival_rate`. From visits a day: 200,000 of 10 minutes are 200,000 x 10 / 1,440 = 1,389 at a \
     time.",
)
.between(1, MAX_LIVE_SESSIONS)
.called(&["users", "count", "number", "concurrent_users", "population"]);

const RAMP_UP: Key<Span> = Key::derived(
    "ramp_up",
    "the mean of `stay`, at most a tenth of the run",
    "With `concurrent`: the first users arrive spread evenly over this time.",
)
.between(0, MAX_TIME)
.called(&["rampup", "ramp"]);

const ARRIVAL_RATE: Key<Rate> = Key::optional(
    "arrival_rate",
    "the number of `concurrent` users is fixed",
    "New users by time, as a Poisson process, in the mean where [users.arrivals] says how the rate \
     changes; those who come back come on top. Either this or `concurrent`.",
)
.between(1, MAX_RATE)
.called(&[
    "rate",
    "arrival",
    "visits",
    "visits_per_day",
    "users_per_day",
]);

const THINK_TIME: Key<Distribution<Span>> = Key::built_in(
    "think_time",
    "{ exponential = \"20s\" }",
    "assumed: a page is read for some twenty seconds",
    "From one request to the next within a visit.",
)
.between(0, MAX_TIME)
.called(&["think", "pause", "interval"]);

const RETURN_SHARE: Key<Ratio> = Key::built_in(
    "return_share",
    "\"0%\"",
    "the simplest: nobody comes back",
    "Share of visits after which the user comes back.",
)
.called(&["returns", "comeback_share", "return_rate"]);

const AWAY: Key<Distribution<Span>> = Key::built_in(
    "away",
    "{ exponential = \"1d\" }",
    "assumed; without effect while `return_share` is 0 %",
    "From the end of a visit to the next one, for those who come back. With `concurrent` users the \
     place they had must be free again: whoever comes back to it earlier waits until its present \
     user leaves, about as long as a visit, and where a step has closed it, until it opens again.",
)
.between(0, MAX_TIME)
.called(&["absence", "return_after"]);

const ZONE: Key<String> = Key::optional(
    "zone",
    "the users are spread evenly over the zones of [network]",
    "Zone of the application's instances that serve these users.",
)
.called(&["zones", "availability_zone", "az"]);

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "users",
    repeated: true,
    help: "A class of users: people (or bots) alike.",
    keys: &[
        NAME.info(),
        copies::KEYS[0],
        copies::KEYS[1],
        copies::KEYS[2],
        visits::LOGIN.info(),
        visits::LOGIN_SHARE.info(),
        visits::LOGIN_AFTER.info(),
        visits::COOKIES.info(),
        CONCURRENT.info(),
        RAMP_UP.info(),
        ARRIVAL_RATE.info(),
        THINK_TIME.info(),
        visits::PACING.info(),
        visits::PARALLEL.info(),
        visits::SCRIPT.info(),
        visits::STAY.info(),
        visits::MODIFY_SHARE.info(),
        visits::UNTOUCHED_SHARE.info(),
        visits::LOGOUT_SHARE.info(),
        RETURN_SHARE.info(),
        AWAY.info(),
        ZONE.info(),
    ],
    sections: &[&arrivals::SECTION, &session::SECTION],
    not_yet: &["client", "on_error"],
};

impl UserClass {
    /// Reads the `number`-th class, counted from 0, of a run of `duration` if that is known;
    /// `names` are those of the classes before it, `zones` those of `[network]`.
    pub(in crate::scenario) fn read(
        table: Table<'_>,
        number: usize,
        duration: Option<Span>,
        names: &mut BTreeSet<String>,
        zones: &[String],
    ) -> Option<Self> {
        let name = read_name(&table, number, names);
        let think_time = table.get(&THINK_TIME);
        let visits = Visits::read(&table, think_time.as_ref());
        let stay = visits.as_ref().map(|visits| &visits.stay);
        let arrival = read_arrival(&table, stay, duration);
        let copies = Copies::read(&table, arrival.as_ref());
        let names_of_copies = name_copies(&table, name.as_deref(), copies, names);
        let fixed = table.has(&CONCURRENT);
        let arrivals = Arrivals::read(table.section(&arrivals::SECTION), fixed, duration);
        let cookies = visits.as_ref().is_none_or(|visits| visits.cookies);
        let pacing = visits::read_pacing(&table, cookies);
        let (return_share, away) = read_returns(&table, cookies);
        let session = SessionSpec::read(
            table.required_section(&session::SECTION, "bytes = \"2KB\"\nttl = \"30m\""),
        );
        let zone = read_zone(&table, zones);
        let lively = check_think_time(&table, think_time.as_ref());
        table.finish();
        (lively && names_of_copies).then_some(())?;
        let visits = visits?;
        let (pacing, parallel) = pacing?;
        Some(Self {
            pacing,
            parallel,
            name: name?,
            copies: copies?,
            login: visits.login,
            login_share: visits.login_share,
            login_after: visits.login_after,
            cookies: visits.cookies,
            arrival: arrival?,
            arrivals: arrivals?,
            think_time: think_time?,
            stay: visits.stay,
            script: visits.script,
            modify_share: visits.modify_share,
            untouched_share: visits.untouched_share,
            logout_share: visits.logout_share,
            return_share: return_share?,
            away: away?,
            zone: zone.ok()?,
            session: session?,
        })
    }

    pub(in crate::scenario) fn write(&self, zones: &[String], out: &mut Writer) {
        out.section(&SECTION);
        out.put(&NAME, &self.name);
        self.copies.write(out);
        self.write_login(out);
        match &self.arrival {
            Arrival::Concurrent { users, ramp_up } => {
                out.put(&CONCURRENT, users);
                out.put(&RAMP_UP, ramp_up);
            }
            Arrival::Poisson { rate } => out.put(&ARRIVAL_RATE, rate),
        }
        out.put(&THINK_TIME, &self.think_time);
        self.write_pacing(out);
        self.write_visits(out);
        if self.cookies {
            out.put(&RETURN_SHARE, &self.return_share);
            out.put(&AWAY, &self.away);
        }
        if let Some(zone) = self.zone {
            out.put(&ZONE, &zones[zone]);
        }
        let fixed = matches!(self.arrival, Arrival::Concurrent { .. });
        self.arrivals.write(fixed, out);
        self.session.write(out);
    }
}

fn read_name(table: &Table<'_>, number: usize, names: &mut BTreeSet<String>) -> Option<String> {
    let name = table.get_or(&NAME, || {
        Some(if number == 0 {
            "users".to_owned()
        } else {
            format!("users-{}", number + 1)
        })
    })?;
    let (message, label) = if !is_plain_name(&name) {
        let allowed = "1 to 64 letters, digits, - or _, beginning with a letter or digit";
        (
            "`name` has characters that it must not have".to_owned(),
            allowed,
        )
    } else if !names.insert(name.clone()) {
        (
            format!("two classes are named `{name}`"),
            "an earlier class has this name",
        )
    } else {
        return Some(name);
    };
    table.problem(&NAME, |problem| Problem {
        message,
        label: label.to_owned(),
        hint: Some("give each [[users]] a `name` of its own".to_owned()),
        ..problem
    });
    None
}

/// The place of the zone that is named, if one is.
fn read_zone(table: &Table<'_>, known: &[String]) -> Result<Option<usize>, Wrong> {
    let Some(name) = table.get_optional(&ZONE)? else {
        return Ok(None);
    };
    let place = known.iter().position(|zone| *zone == name);
    if place.is_none() {
        table.problem(&ZONE, |problem| problem.no_such_zone(&name, known));
    }
    place.map(Some).ok_or(Wrong)
}

/// Notes the names of a class's copies; false, and reported, if one is taken.
fn name_copies(
    table: &Table<'_>,
    name: Option<&str>,
    copies: Option<Copies>,
    names: &mut BTreeSet<String>,
) -> bool {
    let (Some(name), Some(copies)) = (name, copies.filter(|copies| copies.are_several())) else {
        return true;
    };
    let taken = (1..=copies.number)
        .map(|copy| format!("{name}-{copy}"))
        .find(|name| !names.insert(name.clone()));
    let Some(taken) = taken else {
        return true;
    };
    table.problem(&NAME, |problem| Problem {
        message: format!("two classes are named `{taken}`"),
        label: "one of the copies of this class has the name of an earlier class".to_owned(),
        hint: Some("give each [[users]] a `name` of its own".to_owned()),
        ..problem
    });
    false
}

fn read_arrival(
    table: &Table<'_>,
    stay: Option<&Distribution<Span>>,
    duration: Option<Span>,
) -> Option<Arrival> {
    let both = table.has(&CONCURRENT) && table.has(&ARRIVAL_RATE);
    let users = table.get_optional(&CONCURRENT);
    let rate = table.get_optional(&ARRIVAL_RATE);
    if both {
        table.get_or(&RAMP_UP, || None);
        table.problem(&ARRIVAL_RATE, |problem| Problem {
            message: "users come in two ways at once".to_owned(),
            label: "`concurrent` is given too".to_owned(),
            hint: Some("keep one of the two, or make two classes of users".to_owned()),
            ..problem
        });
        return None;
    }
    if let Ok(Some(users)) = users {
        let ramp_up = table.get_or(&RAMP_UP, || {
            let mean = Span(libm::round(stay?.mean()) as u64);
            Some(mean.min(Span(duration?.0 / 10)))
        });
        return Some(Arrival::Concurrent {
            users,
            ramp_up: ramp_up?,
        });
    }
    let hint = "`ramp_up` goes with `concurrent`";
    if table.has(&ARRIVAL_RATE) {
        table.refuse(&RAMP_UP, "a Poisson process needs none", hint);
        return Some(Arrival::Poisson { rate: rate.ok()?? });
    }
    table.get_or(&RAMP_UP, || None);
    if users.is_ok() {
        table.own_problem(|problem| Problem {
            message: "nothing says how many users there are".to_owned(),
            label: "in this class".to_owned(),
            hint: Some("add for example concurrent = 10000, or arrival_rate = \"50/s\"".to_owned()),
            ..problem
        });
    }
    None
}

/// Whoever is not known cannot come back.
fn read_returns(table: &Table<'_>, cookies: bool) -> (Option<Ratio>, Option<Distribution<Span>>) {
    if !cookies {
        let why = "each request comes from a stranger: `cookies` is false";
        let hint = visits::SEPARATE;
        table.refuse(&RETURN_SHARE, why, hint);
        table.refuse(&AWAY, why, hint);
        return (Some(Ratio::ZERO), Some(Distribution::Fixed(Span::ZERO)));
    }
    (table.get(&RETURN_SHARE), table.get(&AWAY))
}

/// A user must think, or the clock would stand still.
fn check_think_time(table: &Table<'_>, think_time: Option<&Distribution<Span>>) -> bool {
    if think_time.is_none_or(|think_time| think_time.mean() >= MIN_MEAN_THINK) {
        return true;
    }
    table.problem(&THINK_TIME, |problem| Problem {
        message: "`think_time` is too short".to_owned(),
        label: "its mean must be at least 1 ms".to_owned(),
        ..problem
    });
    false
}
