//! How `[[workloads]]` are read and written.

use std::collections::BTreeSet;

use crate::scenario::reader::choice::Choice;
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::writer::Writer;
use crate::scenario::users::UserClass;
use crate::scenario::users::arrivals::Factor;
use crate::scenario::{Scenario, is_plain_name};
use crate::units::{Ratio, Span};

use super::keys::{
    BYTES, EXPONENT, FOLLOWS, ID_LENGTH, KEY, KIND, MAX_KEY, MAX_MEMBERS, MAX_WORKLOADS,
    MEMBER_LENGTH, MEMBERS, MILLISECOND, NAME, OBJECTS, RANK_SHARE, RATE, SECTION, TOP, TTL,
    UPDATE_SHARE,
};
use super::{ID, KindName, WorkloadKind, WorkloadSpec};

/// All workloads of the scenario.
pub(in crate::scenario) fn read(
    table: &Table<'_>,
    users: Option<&[UserClass]>,
) -> Option<Vec<WorkloadSpec>> {
    let tables = table.sections(&SECTION);
    if tables.len() > MAX_WORKLOADS {
        table.own_problem(|problem| Problem {
            place: None,
            message: format!("{} workloads are too many", tables.len()),
            hint: Some(format!("at most {MAX_WORKLOADS}: put alike ones into one")),
            ..problem
        });
        return None;
    }
    let mut names = BTreeSet::new();
    let workloads: Vec<_> = tables
        .into_iter()
        .map(|table| WorkloadSpec::read(table, users, &mut names))
        .collect();
    workloads.into_iter().collect()
}

impl WorkloadSpec {
    fn read(
        table: Table<'_>,
        users: Option<&[UserClass]>,
        names: &mut BTreeSet<String>,
    ) -> Option<Self> {
        let kind = table.get(&KIND);
        let name = read_name(&table, kind, names);
        let rate = table.get(&RATE);
        let follows = read_follows(&table, users);
        let objects = read_objects(&table, kind);
        let exponent = table.get_or(&EXPONENT, || {
            Some(Factor(match kind? {
                KindName::QueryCache => 800_000,
                KindName::Leaderboard | KindName::Counters => 0,
            }))
        });
        let exponent = exponent.filter(|exponent| is_exponent(&table, *exponent));
        let key = read_key(&table, kind);
        let id_length = table.get(&ID_LENGTH);
        let ttl = read_ttl(&table, kind);
        let kind = read_kind(&table, kind, objects);
        table.finish();
        Some(Self {
            name: name?,
            rate: rate?,
            follows: follows.ok()?,
            key: key?,
            id_length: id_length?,
            objects: objects?,
            exponent: exponent?,
            ttl: ttl?,
            kind: kind?,
        })
    }

    pub(in crate::scenario) fn write(&self, scenario: &Scenario, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&NAME, &self.name);
        out.put(&KIND, &self.kind_name());
        out.put(&RATE, &self.rate);
        if let Some(class) = self.follows.and_then(|place| scenario.users.get(place)) {
            out.put(&FOLLOWS, &class.name);
        }
        out.put(&OBJECTS, &self.objects);
        out.put(&EXPONENT, &self.exponent);
        out.put(&KEY, &self.key);
        out.put(&ID_LENGTH, &self.id_length);
        if self.ttl > Span::ZERO {
            out.put(&TTL, &self.ttl);
        }
        match &self.kind {
            WorkloadKind::QueryCache {
                bytes,
                update_share,
            } => {
                out.put(&BYTES, bytes);
                out.put(&UPDATE_SHARE, update_share);
            }
            WorkloadKind::Leaderboard {
                members,
                member_length,
                update_share,
                rank_share,
                top,
            } => {
                out.put(&UPDATE_SHARE, update_share);
                out.put(&MEMBERS, members);
                out.put(&MEMBER_LENGTH, member_length);
                out.put(&RANK_SHARE, rank_share);
                out.put(&TOP, top);
            }
            WorkloadKind::Counters => {}
        }
    }
}

fn read_name(
    table: &Table<'_>,
    kind: Option<KindName>,
    names: &mut BTreeSet<String>,
) -> Option<String> {
    let name = table.get_or(&NAME, || Some(kind?.word().to_owned()))?;
    let wrong = if !is_plain_name(&name) {
        (
            "`name` has characters that it must not have",
            "1 to 64 letters, digits, - or _, beginning with a letter or digit",
        )
    } else if !names.insert(name.clone()) {
        (
            "two workloads have the same name",
            "reports could not tell them apart: give each a `name`",
        )
    } else {
        return Some(name);
    };
    table.problem(&NAME, |problem| Problem {
        message: wrong.0.to_owned(),
        label: wrong.1.to_owned(),
        ..problem
    });
    None
}

fn read_follows(table: &Table<'_>, users: Option<&[UserClass]>) -> Result<Option<usize>, Wrong> {
    let Some(name) = table.get_optional(&FOLLOWS)? else {
        return Ok(None);
    };
    let users = users.ok_or(Wrong)?;
    let place = users.iter().position(|class| class.name == name);
    if place.is_none() {
        let known: Vec<&str> = users.iter().map(|class| class.name.as_str()).collect();
        table.problem(&FOLLOWS, |problem| Problem {
            message: format!("there is no class of users `{name}`"),
            hint: Some(match known.as_slice() {
                [] => "leave `follows` out".to_owned(),
                known => format!("classes of users: {}", known.join(", ")),
            }),
            ..problem
        });
    }
    place.map(Some).ok_or(Wrong)
}

fn read_objects(table: &Table<'_>, kind: Option<KindName>) -> Option<u32> {
    let given = table.has(&OBJECTS);
    let one = kind == Some(KindName::Leaderboard);
    let objects = table.get_or(&OBJECTS, || one.then_some(1));
    if !given && !one && kind.is_some() {
        must_be_given(table, "objects", "100000");
    }
    objects
}

fn must_be_given(table: &Table<'_>, name: &'static str, example: &str) {
    table.own_problem(|problem| Problem {
        message: format!("`{name}` is missing"),
        label: "in this [[workloads]]".to_owned(),
        hint: Some(format!("add for example {name} = {example}")),
        ..problem.missing(name)
    });
}

fn is_exponent(table: &Table<'_>, exponent: Factor) -> bool {
    // Beyond it hardly anything but the first object is asked for.
    const MAX: u64 = 10_000_000;
    if exponent.0 <= MAX {
        return true;
    }
    table.problem(&EXPONENT, |problem| Problem {
        message: "`exponent` is too large".to_owned(),
        label: format!("at most {}", Factor(MAX)),
        ..problem
    });
    false
}

fn read_key(table: &Table<'_>, kind: Option<KindName>) -> Option<String> {
    let key = table.get_or(&KEY, || {
        let key = match kind? {
            KindName::QueryCache => "cache:<id>",
            KindName::Leaderboard => "board:<id>",
            KindName::Counters => "rate:<id>",
        };
        Some(key.to_owned())
    })?;
    let wrong = if key.matches(ID).count() != 1 {
        format!("{ID} must stand in it exactly once")
    } else if key.len() > MAX_KEY {
        format!("it has {} bytes; at most {MAX_KEY}", key.len())
    } else if key.chars().any(char::is_control) {
        "it has control characters".to_owned()
    } else {
        return Some(key);
    };
    table.problem(&KEY, |problem| Problem {
        message: "`key` is no pattern of a key".to_owned(),
        label: wrong,
        hint: Some("write for example \"cache:<id>\"".to_owned()),
        ..problem
    });
    None
}

fn read_ttl(table: &Table<'_>, kind: Option<KindName>) -> Option<Span> {
    let given = table.has(&TTL);
    let counters = kind == Some(KindName::Counters);
    let ttl = table.get_or(&TTL, || None);
    if !given {
        if counters {
            must_be_given(table, "ttl", "\"1m\"");
            return None;
        }
        return Some(Span::ZERO);
    }
    let ttl = ttl?;
    if !ttl.0.is_multiple_of(MILLISECOND) {
        table.problem(&TTL, |problem| Problem {
            message: "`ttl` must be whole milliseconds".to_owned(),
            label: "servers count no finer".to_owned(),
            ..problem
        });
        return None;
    }
    Some(ttl)
}

/// What belongs to a kind alone; what belongs to another one is refused.
fn read_kind(
    table: &Table<'_>,
    kind: Option<KindName>,
    objects: Option<u32>,
) -> Option<WorkloadKind> {
    let is = |wanted: KindName| kind.is_none_or(|kind| kind == wanted);
    let not_here = |what: &str| format!("only {what} has it");
    let leave = "leave it out, or choose another `kind`";
    let percent = |percent: u64| Ratio(percent * Ratio::ONE.0 / 100);
    let bytes = if is(KindName::QueryCache) {
        let given = table.has(&BYTES);
        let bytes = table.get_or(&BYTES, || None);
        if !given && kind.is_some() {
            must_be_given(table, "bytes", "\"4KB\"");
        }
        bytes
    } else {
        table.refuse(&BYTES, &not_here("a query cache"), leave);
        None
    };
    let update_share = if kind == Some(KindName::Counters) {
        table.refuse(&UPDATE_SHARE, "each request counts up", leave);
        None
    } else {
        table.get_or(&UPDATE_SHARE, || {
            Some(percent(if kind? == KindName::QueryCache { 0 } else { 50 }))
        })
    };
    if !is(KindName::Leaderboard) {
        let why = not_here("a leaderboard");
        table.refuse(&MEMBERS, &why, leave);
        table.refuse(&MEMBER_LENGTH, &why, leave);
        table.refuse(&RANK_SHARE, &why, leave);
        table.refuse(&TOP, &why, leave);
    }
    let leaderboard = if is(KindName::Leaderboard) {
        read_leaderboard(table, kind.is_some(), objects, update_share)
    } else {
        None
    };
    match kind? {
        KindName::QueryCache => Some(WorkloadKind::QueryCache {
            bytes: bytes?,
            update_share: update_share?,
        }),
        KindName::Leaderboard => leaderboard,
        KindName::Counters => Some(WorkloadKind::Counters),
    }
}

fn read_leaderboard(
    table: &Table<'_>,
    is_known: bool,
    objects: Option<u32>,
    update_share: Option<Ratio>,
) -> Option<WorkloadKind> {
    let given = table.has(&MEMBERS);
    let members = table.get_or(&MEMBERS, || None);
    if !given && is_known {
        must_be_given(table, "members", "100000");
    }
    let member_length = table.get_or(&MEMBER_LENGTH, || Some(36));
    let rank_share = table.get_or(&RANK_SHARE, || Some(Ratio(Ratio::ONE.0 / 2)));
    let top = table.get_or(&TOP, || Some(10));
    let (members, objects) = (members?, objects?);
    let all = u64::from(members) * u64::from(objects);
    if all > MAX_MEMBERS {
        table.problem(&MEMBERS, |problem| Problem {
            message: "the leaderboards would have too many members".to_owned(),
            label: format!("{all} in all; at most {MAX_MEMBERS}"),
            ..problem
        });
        return None;
    }
    Some(WorkloadKind::Leaderboard {
        members,
        member_length: member_length?,
        update_share: update_share?,
        rank_share: rank_share?,
        top: top?,
    })
}
