//! The table of metrics.

use std::borrow::Cow;

use crate::metrics::histogram::Quantile;
use crate::metrics::measurements::Group;
use crate::probe::{Aftermath, Answer, LossCause, Mark, SessionSeen};

use super::Better::{self, Higher, Lower, Neither};
use super::Source::{self, Counts as ByCount, Gauges as ByGauge, RunCounts};
use super::deployment;
use super::{Metric, Unit, Value, count, seconds};

/// All metrics, in the order in which they are printed.
#[must_use]
pub fn catalogue() -> Vec<Metric> {
    let mut metrics = Vec::with_capacity(112);
    metrics.extend(requests());
    metrics.extend(cache());
    metrics.extend(sessions());
    metrics.extend(consequences());
    metrics.extend(libraries());
    metrics.extend(latencies());
    metrics.extend(deployment::nodes());
    metrics.extend(deployment::replicas());
    metrics.extend(deployment::failures());
    metrics.extend(deployment::database());
    metrics.extend(deployment::costs());
    metrics
}

pub(super) const fn metric(
    name: &'static str,
    unit: Unit,
    better: Better,
    help: &'static str,
    source: Source,
) -> Metric {
    Metric {
        name: Cow::Borrowed(name),
        unit,
        better,
        help: Cow::Borrowed(help),
        source,
    }
}

fn requests() -> [Metric; 5] {
    [
        metric(
            "requests",
            Unit::Count,
            Neither,
            "Requests that users sent, logins included.",
            ByCount(|c, _| count(c.requests)),
        ),
        metric(
            "failed_requests",
            Unit::Count,
            Lower,
            "Requests one of whose commands the store refused (out of memory) or did not answer.",
            ByCount(|c, _| count(c.failed)),
        ),
        metric(
            "failed_request_rate",
            Unit::Ratio,
            Lower,
            "failed_requests of all answered requests.",
            ByCount(|c, _| ratio(c.failed, c.answered.iter().sum())),
        ),
        metric(
            "commands",
            Unit::Count,
            Neither,
            "Commands that reached a node.",
            ByCount(|c, _| count(c.commands.iter().sum())),
        ),
        metric(
            "request_rate_max",
            Unit::PerSecond,
            Neither,
            "Requests a second in the busiest minute.",
            ByGauge(|g| rate(g.request_rate)),
        ),
    ]
}

fn cache() -> [Metric; 5] {
    [
        metric(
            "hit_rate",
            Unit::Ratio,
            Higher,
            "Keyspace hits of all read commands.",
            ByCount(|c, _| {
                let hits = c.commands[Answer::Hit as usize];
                ratio(hits, hits + c.commands[Answer::Miss as usize])
            }),
        ),
        metric(
            "session_hit_rate",
            Unit::Ratio,
            Higher,
            "Requests that found the session they believed in, of those that believed in one.",
            ByCount(|c, _| {
                let found = c.answered[SessionSeen::Found as usize];
                ratio(found, found + c.answered[SessionSeen::Gone as usize])
            }),
        ),
        metric(
            "evicted_keys",
            Unit::Count,
            Lower,
            "Keys evicted to make room.",
            ByCount(|c, _| count(c.evicted_keys)),
        ),
        metric(
            "expired_keys",
            Unit::Count,
            Neither,
            "Expired keys reclaimed, on access or by the active cycle.",
            ByCount(|c, _| count(c.expired_keys)),
        ),
        metric(
            "oom_errors",
            Unit::Count,
            Lower,
            "Commands refused because the memory limit was reached and nothing could be evicted.",
            ByCount(|c, _| count(c.commands[Answer::Oom as usize])),
        ),
    ]
}

fn sessions() -> Vec<Metric> {
    let mut metrics = vec![
        metric(
            "live_sessions_max",
            Unit::Count,
            Neither,
            "Most sessions alive at the end of a row of the time series.",
            ByGauge(|g| g.live_sessions.and_then(count)),
        ),
        metric(
            "users_present_max",
            Unit::Count,
            Neither,
            "Most users in a visit at the end of a row of the time series.",
            ByGauge(|g| g.users_present.and_then(count)),
        ),
        metric(
            "sessions_created",
            Unit::Count,
            Neither,
            "Sessions created.",
            ByCount(|c, _| count(c.created)),
        ),
        metric(
            "sessions_logged_out",
            Unit::Count,
            Neither,
            "Sessions whose user logged out.",
            ByCount(|c, _| count(c.logged_out)),
        ),
        metric(
            "sessions_superseded",
            Unit::Count,
            Neither,
            "Sessions of guests whose login gave them another one.",
            ByCount(|c, _| count(c.superseded)),
        ),
        metric(
            "sessions_ended",
            Unit::Count,
            Neither,
            "Sessions whose own end came without a later request in them before the run ended.",
            ByCount(|c, _| count(c.ended)),
        ),
        metric(
            "sessions_alive",
            Unit::Count,
            Neither,
            "Sessions that outlived the run.",
            RunCounts(|c, _| count(c.alive)),
        ),
        metric(
            "sessions_expired_in_use",
            Unit::Count,
            Lower,
            "Sessions whose own end came although the user came back later.",
            ByCount(|c, _| count(c.expired_in_use)),
        ),
        metric(
            "sessions_lost",
            Unit::Count,
            Lower,
            "Sessions lost before their own end, whatever the cause.",
            ByCount(|c, _| count(c.lost_in_all())),
        ),
    ];
    metrics.extend(LossCause::ALL.map(|cause| Metric {
        name: format!("sessions_lost.{}", cause.as_str()).into(),
        unit: Unit::Count,
        better: Lower,
        help: because(cause).into(),
        source: Source::Lost(cause),
    }));
    metrics
}

const fn because(cause: LossCause) -> &'static str {
    match cause {
        LossCause::Evicted => "Sessions lost because their key was evicted.",
        LossCause::Refused => "Sessions lost because the write that creates them was refused.",
        LossCause::NodeLost => {
            "Sessions lost because the node or the instance that held them is gone."
        }
        LossCause::CookieExpired => {
            "Sessions lost because the browser had dropped the cookie when the user came back."
        }
        LossCause::Unreplicated => {
            "Sessions lost because the replica that became the primary had none of them, although \
             their creation had been acknowledged."
        }
    }
}

fn consequences() -> [Metric; 9] {
    [
        metric(
            "sessions_lost.felt",
            Unit::Count,
            Lower,
            "Lost sessions that a later request of the same visit missed.",
            ByCount(|c, _| count(c.felt)),
        ),
        metric(
            "sessions_lost.unnoticed",
            Unit::Count,
            Neither,
            "Lost sessions that nobody missed in the same visit.",
            ByCount(|c, _| count(c.unnoticed)),
        ),
        metric(
            "sessions_lost.restored",
            Unit::Count,
            Neither,
            "Felt losses rebuilt from the database.",
            ByCount(|c, _| count(c.after_loss[Aftermath::Restored as usize])),
        ),
        metric(
            "sessions_lost.abandoned",
            Unit::Count,
            Lower,
            "Felt losses that nothing made good for before the user left.",
            ByCount(|c, _| count(c.after_loss[Aftermath::Abandoned as usize])),
        ),
        metric(
            "visits",
            Unit::Count,
            Neither,
            "Visits that began.",
            ByCount(|c, _| count(c.visits_with_login + c.visits_of_guests)),
        ),
        metric(
            "visits_with_login",
            Unit::Count,
            Neither,
            "Visits of classes with login.",
            ByCount(|c, a| count(c.visits_with_login).filter(|_| a.logins)),
        ),
        metric(
            "forced_logins",
            Unit::Count,
            Lower,
            "How often users had to log in again: their session was lost and missed, or expired in use.",
            ByCount(|c, a| count(c.made_good_by(Aftermath::ForcedLogin)).filter(|_| a.logins)),
        ),
        metric(
            "forced_login_rate",
            Unit::Ratio,
            Lower,
            "forced_logins by the visits of classes with login; above 1 if they had to more than once a \
             visit.",
            ByCount(|c, a| {
                let forced = c.made_good_by(Aftermath::ForcedLogin);
                ratio(forced, c.visits_with_login).filter(|_| a.logins)
            }),
        ),
        metric(
            "guest_resets",
            Unit::Count,
            Lower,
            "Guests who had to start afresh: their session was lost and missed, or expired in use.",
            ByCount(|c, a| count(c.made_good_by(Aftermath::GuestReset)).filter(|_| a.guests)),
        ),
    ]
}

/// What session libraries do to sessions besides their fates.
fn libraries() -> [Metric; 4] {
    [
        metric(
            "sessions_created_cookieless",
            Unit::Count,
            Lower,
            "Of the sessions created, those of requests without a cookie that had nothing to store: \
             bots, health checks.",
            ByCount(|c, _| count(c.marks[Mark::CreatedCookieless as usize])),
        ),
        metric(
            "leaked_keys",
            Unit::Count,
            Lower,
            "Keys of superseded sessions that a login left in the store.",
            ByCount(|c, _| count(c.marks[Mark::LeakedKey as usize])),
        ),
        metric(
            "lost_updates",
            Unit::Count,
            Lower,
            "Changes that a parallel request overwrote, having read the session before them, or \
             that were dropped for want of the lock. Followed in classes with a `work_time` or a \
             lock.",
            ByCount(|c, _| count(c.marks[Mark::LostUpdate as usize])),
        ),
        metric(
            "resurrected_sessions",
            Unit::Count,
            Lower,
            "Sessions that were over, since their user had logged out or had another, and are in the \
             store again: stored by a request on its way, or not known to be over by the replica \
             that became the primary.",
            ByCount(|c, _| count(c.marks[Mark::Resurrected as usize])),
        ),
    ]
}

fn latencies() -> impl Iterator<Item = Metric> {
    Group::ALL.into_iter().flat_map(|group| {
        Quantile::ALL.map(|quantile| Metric {
            name: format!("{}.{}", group.prefix(), quantile.as_str()).into(),
            unit: Unit::Seconds,
            better: Lower,
            help: format!("{}: {}.", describe(group), quantile.as_str()).into(),
            source: Source::Latency(group, quantile),
        })
    })
}

const fn describe(group: Group) -> &'static str {
    match group {
        Group::Requests => "The store's part of a request, as the application sees it",
        Group::Read => "The store's part of a request that only reads the session",
        Group::Modify => "The store's part of a request that changes the session",
        Group::Login => "The store's part of a login, or of a guest's first request",
        Group::Logout => "The store's part of a logout",
        Group::Other => {
            "The store's part of a request that brings no cookie or does not touch the session"
        }
        Group::Node => "A command at the server, from its arrival to its execution",
        Group::Database => "A query of the database, waiting included",
        Group::ReplicationLag => {
            "How far replicas are behind their primary, looked at every 0.618 s"
        }
        Group::ReportedLag => {
            "How far replicas are behind as their primary knows it, up to a second old \
             (ReplicationLag)"
        }
    }
}

pub(super) fn rate(billionths: Option<u64>) -> Option<Value> {
    billionths.map(seconds)
}

/// `part` of `whole`, rounded to the nearest billionth; `None` if there is no whole.
pub(super) fn ratio(part: u64, whole: u64) -> Option<Value> {
    let scaled = u128::from(part) * 1_000_000_000 + u128::from(whole / 2);
    let billionths = scaled.checked_div(u128::from(whole))?;
    Some(Value::Billionths(
        i64::try_from(billionths).unwrap_or(i64::MAX),
    ))
}
