//! What happens in a visit: how it begins, how long it lasts, what its requests do.

use crate::kernel::quantiles::Distribution;
use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::{Key, Kind};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::Table;
use crate::scenario::reader::tree::{Node, Tree};
use crate::scenario::reader::value::{Value, wrong_type};
use crate::scenario::reader::{Reader, writer::Writer};
use crate::units::{Ratio, Span};

use super::keys::MAX_TIME;
use super::{Parallel, UserClass};

/// Most requests of a script.
const MAX_SCRIPT: usize = 1000;
/// Below it a visit is no visit.
const MIN_MEAN_STAY: f64 = 1e9;

/// One request of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptStep {
    /// A request without a cookie that stores nothing by itself.
    Hit,
    /// A visitor without a cookie does something that is stored.
    FirstWrite,
    /// A login.
    Login,
    /// A request that only reads the session.
    Read,
    /// A request that changes it.
    Modify,
    /// A request with a cookie that does not touch the session.
    Untouched,
    /// A logout.
    Logout,
}

impl Choice for ScriptStep {
    const WHAT: &'static str = "a request";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("hit", Self::Hit),
        ("first-write", Self::FirstWrite),
        ("login", Self::Login),
        ("read", Self::Read),
        ("modify", Self::Modify),
        ("untouched", Self::Untouched),
        ("logout", Self::Logout),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("cookieless", "hit"),
        ("landing", "hit"),
        ("create", "first-write"),
        ("first", "first-write"),
        ("write", "modify"),
        ("update", "modify"),
        ("static", "untouched"),
        ("sign-in", "login"),
        ("sign-out", "logout"),
    ];
}

choice_is_value!(ScriptStep);

/// The requests of a visit, in order.
pub type Script = Vec<ScriptStep>;

impl Value for Script {
    const KIND: Kind = Kind::Script;

    fn read(node: &Node, reader: &Reader) -> Option<Self> {
        const FORM: &str =
            "write a list such as [\"first-write\", \"login\", \"read\", \"logout\"]";
        let key = reader.key();
        let Tree::List(items) = &node.tree else {
            reader.report(wrong_type(node, &key, "a list of requests").hint(FORM));
            return None;
        };
        if items.is_empty() || items.len() > MAX_SCRIPT {
            let message = format!("`{key}` must have 1 to {MAX_SCRIPT} requests");
            let label = format!("it has {}", items.len());
            reader.report(Problem::new(node.place, message).label(label).hint(FORM));
            return None;
        }
        let steps: Vec<_> = items
            .iter()
            .map(|item| ScriptStep::from_word(item, reader))
            .collect();
        steps.into_iter().collect()
    }

    fn write(&self) -> String {
        let steps: Vec<String> = self.iter().map(Value::write).collect();
        format!("[{}]", steps.join(", "))
    }
}

pub(super) const LOGIN: Key<bool> = Key::derived(
    "login",
    "true, since most sessions begin with a login; false with `cookies = false`, and with a \
     `script` that has none",
    "Whether users log in; guests (false) own a session without that: their visit begins with a \
     first request that stores something.",
)
.called(&["logged_in", "authenticated"]);

pub(super) const LOGIN_SHARE: Key<Ratio> = Key::built_in(
    "login_share",
    "\"100%\"",
    "whoever has an account uses it",
    "With `login`: share of visits without a login so far that log in at all; in the others users \
     stay guests.",
)
.called(&["logins", "conversion"]);

pub(super) const LOGIN_AFTER: Key<Distribution<Span>> = Key::optional(
    "login_after",
    "a login is the first request of its visit",
    "With `login`: visits begin as those of guests, and a login follows so long after their \
     beginning, unless the visit is over by then.",
)
.between(0, MAX_TIME)
.called(&["login_at", "guest_for"]);

pub(super) const COOKIES: Key<bool> = Key::built_in(
    "cookies",
    "true",
    "browsers send them",
    "Whether users send the cookie they got. If not (bots, health checks), each request comes from \
     a stranger: each user makes one, and with `concurrent` the next takes the place a \
     `think_time` later.",
)
.called(&["cookie", "keeps_cookies"]);

pub(super) const STAY: Key<Distribution<Span>> = Key::built_in(
    "stay",
    "{ exponential = \"10m\" }",
    "assumed: a visit of some thirty requests",
    "Length of a visit.",
)
.between(0, MAX_TIME)
.called(&["visit", "visit_length", "session_length", "duration"]);

pub(super) const SCRIPT: Key<Script> = Key::optional(
    "script",
    "requests are drawn by their shares until the visit has lasted for `stay`",
    "The requests of each visit, in order, one a `think_time`: \"hit\" (without a cookie), \
     \"first-write\" (a guest's first), \"login\", \"read\", \"modify\", \"untouched\" (does not touch \
     the session), \"logout\". Then the user leaves.",
)
.called(&["requests", "steps", "visit_script", "scenario"]);

pub(super) const MODIFY_SHARE: Key<Ratio> = Key::built_in(
    "modify_share",
    "\"10%\"",
    "assumed",
    "Share of requests that change the session; the others only read it.",
)
.called(&["write_share", "writes", "modify"]);

pub(super) const UNTOUCHED_SHARE: Key<Ratio> = Key::built_in(
    "untouched_share",
    "\"0%\"",
    "the simplest: every request needs the session",
    "Share of requests with a cookie that do not touch the session.",
)
.called(&["static_share", "untouched"]);

pub(super) const LOGOUT_SHARE: Key<Ratio> = Key::built_in(
    "logout_share",
    "\"10%\"",
    "assumed: most people just leave",
    "Share of visits that end with a logout; the others just end.",
)
.called(&["logout"]);

/// What a user's think time runs from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pacing {
    /// From one request to the next, however long the reply takes.
    #[default]
    FromRequest,
    /// From the reply to the next request.
    AfterReply,
}

impl Choice for Pacing {
    const WHAT: &'static str = "a pacing";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("from-request", Self::FromRequest),
        ("after-reply", Self::AfterReply),
    ];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("open", "from-request"),
        ("closed", "after-reply"),
        ("closed-loop", "after-reply"),
        ("from-reply", "after-reply"),
    ];
}

choice_is_value!(Pacing);

pub(super) const PACING: Key<Pacing> = Key::built_in(
    "pacing",
    "\"from-request\"",
    "so that two deployments see the very same requests at the very same times",
    "What `think_time` runs from: the request before, however long its reply takes, or with \
     \"after-reply\" the moment at which all its replies are back. Then slow replies slow users \
     down.",
)
.called(&["loop", "wait_for_reply"]);

pub(super) const PARALLEL: Key<Parallel> = Key::built_in(
    "parallel",
    "1",
    "one request a page",
    "Requests that a user sends at once each time, a page with its calls: a number, or a \
     distribution as { uniform = [1, 5] } or { values = [1, 6], weights = [9, 1] }. Which of them \
     change the session is drawn for each. Logins and first requests come alone.",
)
.called(&["concurrency", "requests_per_page", "calls"]);

/// What `[[users]]` says about visits.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Visits {
    pub(in crate::scenario) login: bool,
    pub(in crate::scenario) login_share: Ratio,
    pub(in crate::scenario) login_after: Option<Distribution<Span>>,
    pub(in crate::scenario) cookies: bool,
    pub(in crate::scenario) stay: Distribution<Span>,
    pub(in crate::scenario) script: Script,
    pub(in crate::scenario) modify_share: Ratio,
    pub(in crate::scenario) untouched_share: Ratio,
    pub(in crate::scenario) logout_share: Ratio,
}

impl Visits {
    /// One request of a stranger.
    pub(in crate::scenario) fn of_a_stranger(think_time: &Distribution<Span>) -> Self {
        Self {
            login: false,
            login_share: Ratio::ONE,
            login_after: None,
            cookies: false,
            stay: think_time.clone(),
            script: Script::new(),
            modify_share: Ratio::ZERO,
            untouched_share: Ratio::ONE,
            logout_share: Ratio::ZERO,
        }
    }

    /// Visits by a script, with the shares and the length that follow from it.
    pub(in crate::scenario) fn scripted(
        login: bool,
        script: Script,
        think_time: &Distribution<Span>,
    ) -> Self {
        let count = |wanted| script.iter().filter(|step| **step == wanted).count();
        let share =
            |wanted| Ratio(Ratio::ONE.0 * count(wanted) as u64 / script.len().max(1) as u64);
        let length = libm::round(think_time.mean() * script.len() as f64);
        Self {
            login,
            login_share: Ratio::ONE,
            login_after: None,
            cookies: true,
            stay: Distribution::Fixed(Span(length as u64)),
            modify_share: share(ScriptStep::Modify),
            untouched_share: share(ScriptStep::Untouched),
            logout_share: if count(ScriptStep::Logout) > 0 {
                Ratio::ONE
            } else {
                Ratio::ZERO
            },
            script,
        }
    }

    pub(super) fn read(table: &Table<'_>, think_time: Option<&Distribution<Span>>) -> Option<Self> {
        let cookies = table.get(&COOKIES);
        let script = table.get_optional(&SCRIPT);
        if cookies == Some(false) {
            return read_strangers(table, think_time);
        }
        let scripted = script.as_ref().ok().and_then(Option::as_ref);
        let login = table.get_or(&LOGIN, || {
            Some(scripted.is_none_or(|script| script.contains(&ScriptStep::Login)))
        });
        let Ok(Some(script)) = script else {
            let drawn = read_drawn(table, login.unwrap_or(true));
            return script.ok().and(login).and(drawn);
        };
        refuse_what_is_drawn(table, "the `script` says what a visit is");
        if !check_script(table, &script, login?) {
            return None;
        }
        Some(Self::scripted(login?, script, think_time?))
    }
}

/// Requests of strangers have no visits to speak of.
fn read_strangers(table: &Table<'_>, think_time: Option<&Distribution<Span>>) -> Option<Visits> {
    let why = "each request comes from a stranger: `cookies` is false";
    let login = table.get_or(&LOGIN, || Some(false));
    refuse_what_is_drawn(table, why);
    if login == Some(true) {
        table.problem(&LOGIN, |problem| Problem {
            message: "nobody can log in without a cookie".to_owned(),
            label: "the next request would not know of it".to_owned(),
            hint: Some("leave out `login`, or `cookies = false`".to_owned()),
            ..problem
        });
        return None;
    }
    if table.has(&SCRIPT) {
        table.problem(&SCRIPT, |problem| Problem {
            message: "`script` has no meaning here".to_owned(),
            label: why.to_owned(),
            hint: Some(SEPARATE.to_owned()),
            ..problem
        });
        return None;
    }
    Some(Visits::of_a_stranger(think_time?))
}

/// How requests follow each other; strangers make only one.
pub(super) fn read_pacing(table: &Table<'_>, cookies: bool) -> Option<(Pacing, Parallel)> {
    if cookies {
        let (pacing, parallel) = (table.get(&PACING), table.get(&PARALLEL));
        return pacing.zip(parallel);
    }
    let why = "each request comes from a stranger: `cookies` is false";
    table.refuse(&PACING, why, SEPARATE);
    table.refuse(&PARALLEL, why, SEPARATE);
    Some((Pacing::FromRequest, Parallel::ONE))
}

/// What to do about a key that does not go with another.
pub(super) const SEPARATE: &str = "leave it out, or make two classes of users";

fn refuse_what_is_drawn(table: &Table<'_>, why: &str) {
    let hint = SEPARATE;
    table.refuse(&LOGIN_SHARE, why, hint);
    table.refuse(&LOGIN_AFTER, why, hint);
    table.refuse(&STAY, why, hint);
    table.refuse(&MODIFY_SHARE, why, hint);
    table.refuse(&UNTOUCHED_SHARE, why, hint);
    table.refuse(&LOGOUT_SHARE, why, hint);
}

/// Visits whose requests are drawn.
fn read_drawn(table: &Table<'_>, login: bool) -> Option<Visits> {
    let (login_share, login_after) = if login {
        (table.get(&LOGIN_SHARE), table.get_optional(&LOGIN_AFTER))
    } else {
        let hint = "leave it out, or write login = true";
        table.refuse(&LOGIN_SHARE, "these users are guests", hint);
        table.refuse(&LOGIN_AFTER, "these users are guests", hint);
        (Some(Ratio::ONE), Ok(None))
    };
    let stay = table.get(&STAY);
    let modify_share = table.get(&MODIFY_SHARE);
    let untouched_share = table.get(&UNTOUCHED_SHARE);
    let logout_share = table.get(&LOGOUT_SHARE);
    let stay = stay?;
    let mut good = true;
    if stay.mean() < MIN_MEAN_STAY {
        table.problem(&STAY, |problem| Problem {
            message: "`stay` is too short".to_owned(),
            label: "its mean must be at least 1 s".to_owned(),
            ..problem
        });
        good = false;
    }
    let (modify, untouched) = (modify_share?, untouched_share?);
    if modify.0 + untouched.0 > Ratio::ONE.0 {
        table.problem(&UNTOUCHED_SHARE, |problem| Problem {
            message: "more than all requests are shared out".to_owned(),
            label: format!("`modify_share` is {modify}"),
            hint: Some("the two must not exceed 100% together; the rest are reads".to_owned()),
            ..problem
        });
        good = false;
    }
    good.then_some(())?;
    Some(Visits {
        login,
        login_share: login_share?,
        login_after: login_after.ok()?,
        cookies: true,
        stay,
        script: Script::new(),
        modify_share: modify,
        untouched_share: untouched,
        logout_share: logout_share?,
    })
}

/// A request in a session needs one.
fn check_script(table: &Table<'_>, script: &Script, login: bool) -> bool {
    use ScriptStep::{FirstWrite, Hit, Login};
    let begins = |step: &ScriptStep| matches!(step, FirstWrite | Login);
    let first = script.iter().position(begins).unwrap_or(script.len());
    let early = script[..first].iter().find(|step| **step != Hit);
    let (message, label, hint) = if let Some(step) = early {
        (
            format!("`{}` comes before there is a session", step.word()),
            "only \"hit\" can".to_owned(),
            "put \"first-write\" or \"login\" before it",
        )
    } else if !login && script.contains(&Login) {
        (
            "guests do not log in".to_owned(),
            "`login` is false".to_owned(),
            "leave out `login = false`, or \"login\" from the script",
        )
    } else {
        return true;
    };
    table.problem(&SCRIPT, |problem| Problem {
        message,
        label,
        hint: Some(hint.to_owned()),
        ..problem
    });
    false
}

impl UserClass {
    /// Writes what it says about visits up to their length.
    pub(super) fn write_login(&self, out: &mut Writer) {
        out.put(&LOGIN, &self.login);
        if self.login && self.is_drawn() {
            out.put(&LOGIN_SHARE, &self.login_share);
            if let Some(after) = &self.login_after {
                out.put(&LOGIN_AFTER, after);
            }
        }
        out.put(&COOKIES, &self.cookies);
    }

    /// Writes how requests follow each other.
    pub(super) fn write_pacing(&self, out: &mut Writer) {
        if self.cookies {
            out.put(&PACING, &self.pacing);
            out.put(&PARALLEL, &self.parallel);
        }
    }

    /// Writes the rest of what it says about visits.
    pub(super) fn write_visits(&self, out: &mut Writer) {
        if self.is_drawn() {
            out.put(&STAY, &self.stay);
            out.put(&MODIFY_SHARE, &self.modify_share);
            out.put(&UNTOUCHED_SHARE, &self.untouched_share);
            out.put(&LOGOUT_SHARE, &self.logout_share);
        } else if self.cookies {
            out.put(&SCRIPT, &self.script);
        }
    }

    /// Whether its requests are drawn by their shares.
    pub fn is_drawn(&self) -> bool {
        self.cookies && self.script.is_empty()
    }
}
