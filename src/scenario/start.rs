//! `start` and `history`: who is there when a run begins.

use crate::kernel::quantiles::Distribution;
use crate::units::{Ratio, Span};

use super::Scenario;
use super::estimates::mean_of_lesser;
use super::reader::choice::{Choice, choice_is_value};
use super::reader::key::Key;
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::writer::Writer;
use super::store::{EvictionPolicy, StoreKind, StoreSpec};
use super::users::{ScriptStep, TtlKind, UserClass};

/// Who is there when a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Nobody, and the nodes are empty.
    #[default]
    Cold,
    /// As if the system had been running.
    Stationary {
        /// For so long.
        history: Span,
    },
}

/// The word for a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Cold,
    Stationary,
}

impl Choice for Word {
    const WHAT: &'static str = "a start";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("cold", Self::Cold), ("stationary", Self::Stationary)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("empty", "cold"),
        ("warm", "stationary"),
        ("hot", "stationary"),
        ("steady", "stationary"),
        ("steady-state", "stationary"),
        ("running", "stationary"),
    ];
}

choice_is_value!(Word);

pub(super) const START: Key<Word> = Key::built_in(
    "start",
    "\"cold\"",
    "it needs no assumption",
    "Who is there when the run begins: nobody, and the nodes are empty (\"cold\"); or users, \
     sessions and keys as if the system had been running (\"stationary\"), so that nothing has to \
     be left out as a warm-up. Users who come after the start are the same either way.",
)
.called(&["begin", "initial_state", "warm_start"]);

pub(super) const HISTORY: Key<Span> = Key::derived(
    "history",
    "the longest time after which only one in a thousand is still there of the users who came \
     before, by the lengths of visits, think times and absences, and their sessions' TTL; with \
     half of a TTL for expired keys that nobody has reclaimed yet, and one more where memory is short",
    "With `start = \"stationary\"`: for how long the system had been running.",
)
.between(0, super::top::MAX_DURATION)
.called(&["past", "running_for", "spin_up"]);

/// Of users who came earlier than the history reaches, only this share is still there.
const FORGOTTEN: f64 = 1e-3;
/// Share of the time for which keys are stored that is added for those expired and not reclaimed.
/// Servers leave up to a tenth of all keys so (`active-expire-effort`): five times as long lets
/// their number settle to within a hundredth of itself.
const EXPIRED: f64 = 0.5;
/// What a key takes beside its value, roughly: its name, the entries of two hash tables and what
/// the allocator adds. For an estimate.
const BYTES_BESIDE: f64 = 150.0;
const MINUTE: u64 = 60_000_000_000;

impl Start {
    /// For how long the system had been running.
    pub const fn history(self) -> Span {
        match self {
            Self::Cold => Span::ZERO,
            Self::Stationary { history } => history,
        }
    }

    /// Reads it for a scenario of these users; `None` if something is wrong.
    pub(super) fn read(
        table: &Table<'_>,
        users: Option<&[UserClass]>,
        store: Option<&StoreSpec>,
    ) -> Option<Self> {
        let Some(word) = table.get(&START) else {
            table.get_or(&HISTORY, || None);
            return None;
        };
        match word {
            Word::Cold => {
                table.refuse(
                    &HISTORY,
                    "a cold start has no past",
                    "add start = \"stationary\", or leave it out",
                );
                Some(Self::Cold)
            }
            Word::Stationary => {
                let history = table.get_or(&HISTORY, || {
                    let lives = users?.iter().map(UserClass::longest_life);
                    let settling = settling(users?, store?).seconds();
                    let seconds = (lives.fold(settling, |a, b| a.max(b + settling))).min(6e7);
                    Some(Span(libm::ceil(seconds / 60.0) as u64 * MINUTE))
                })?;
                Some(Self::Stationary { history })
            }
        }
    }

    pub(super) fn write(self, out: &mut Writer) {
        match self {
            Self::Cold => out.put(&START, &Word::Cold),
            Self::Stationary { history } => {
                out.put(&START, &Word::Stationary);
                out.put(&HISTORY, &history);
            }
        }
    }
}

impl Scenario {
    /// Reports that the scenario has no stationary state to begin in, if so.
    pub(super) fn check_start(&self, table: &Table<'_>) {
        if let Start::Stationary { history } = self.start
            && let Some((message, hint)) = self.has_no_stationary_state(history)
        {
            table.problem(&START, |problem| Problem {
                message,
                label: "nothing says who is there at the start".to_owned(),
                hint: Some(hint.to_owned()),
                ..problem
            });
        }
    }

    /// Why not, and what to write instead.
    pub(super) fn has_no_stationary_state(&self, history: Span) -> Option<(String, &'static str)> {
        const COLD: &str = "write start = \"cold\", and leave a `warmup` out";
        if self.trace.is_some() {
            return Some((
                "recorded traffic has no past that is known".to_owned(),
                COLD,
            ));
        }
        if let Some(workload) = self.workloads.first() {
            let message = format!("what workload `{}` has stored is not known", workload.name);
            return Some((message, COLD));
        }
        if matches!(self.store.kind, StoreKind::InProcess(_)) {
            let message = "which sessions instances still hold from before is not known";
            return Some((message.to_owned(), COLD));
        }
        let mut classes = self.users.iter();
        let of_class = classes.find_map(|class| {
            let (why, hint) = class.has_no_stationary_state(history, self.duration)?;
            Some((format!("users of class `{}` {why}", class.name), hint))
        });
        of_class.or_else(|| {
            let hint = "give the nodes more memory, or write start = \"cold\"";
            Some((self.has_too_little_memory()?, hint))
        })
    }
}

/// Bytes of all sessions of these users, roughly, if none is evicted.
fn stored_bytes(users: &[UserClass]) -> f64 {
    let bytes = |class: &UserClass| {
        let one = class.session.bytes.mean() + class.expected_growth() + BYTES_BESIDE;
        class.stationary_sessions() * one
    };
    users.iter().map(bytes).sum()
}

/// How long before the start of a run keys expire, so that the number of those expired and not
/// reclaimed has settled; and, where memory is short, are evicted, so that each key was exposed to
/// that for all of its time.
pub fn settling(users: &[UserClass], store: &StoreSpec) -> Span {
    let memory = store.maxmemory.0 as f64 * f64::from(store.shards);
    let is_short = memory > 0.0 && stored_bytes(users) > memory * 0.7;
    let share = if is_short { 1.0 + EXPIRED } else { EXPIRED };
    let lasting = users
        .iter()
        .filter(|class| class.session.ttl_kind != TtlKind::None);
    let seconds = lasting
        .map(|class| class.session.ttl.seconds() + class.stay.mean() / 1e9)
        .fold(0.0, f64::max);
    Span(((seconds * share).min(6e7) * 1e9) as u64).max(Span::from_secs(60))
}

impl Scenario {
    /// Where memory is short, only policies that go by the time of the last access leave keys that
    /// can be told: not one that evicts nothing, or anything, or by how often a key was asked for
    /// in all of its life.
    fn has_too_little_memory(&self) -> Option<String> {
        let policy = self.store.maxmemory_policy;
        let ranks = !matches!(
            policy,
            EvictionPolicy::NoEviction
                | EvictionPolicy::AllKeysRandom
                | EvictionPolicy::VolatileRandom
                | EvictionPolicy::AllKeysLfu
                | EvictionPolicy::VolatileLfu
        );
        let memory = self.store.maxmemory.0 as f64 * f64::from(self.store.shards);
        if ranks || memory <= 0.0 || !self.store.kind.is_cache() {
            return None;
        }
        let bytes = stored_bytes(&self.users);
        (bytes > memory).then(|| {
            format!(
                "sessions need more memory than there is, and which of them {} leaves depends on \
                 all that came before",
                policy.as_str()
            )
        })
    }
}

impl UserClass {
    /// After so many seconds only [`FORGOTTEN`] are still there of those who came before, and
    /// their sessions.
    fn longest_life(&self) -> f64 {
        let ttl = match self.session.ttl_kind {
            TtlKind::None => 0.0,
            _ => self.session.ttl.seconds(),
        };
        ttl + self.cycles_seconds() + longest(&self.stay)
    }

    /// As long takes what lies between a user's first visit and the last one that counts.
    fn cycles_seconds(&self) -> f64 {
        let returns = self.return_share.fraction();
        // Where all come back nobody is ever forgotten, and the start is refused.
        if returns <= 0.0 || returns >= 1.0 {
            return 0.0;
        }
        let cycles = libm::ceil(libm::log(FORGOTTEN) / libm::log(returns));
        let cycle = (self.stay.mean() + self.away.mean()) / 1e9;
        longest(&self.away) + (cycles - 1.0).max(0.0) * cycle
    }

    fn has_no_stationary_state(
        &self,
        history: Span,
        duration: Span,
    ) -> Option<(String, &'static str)> {
        const COLD: &str = "write start = \"cold\", and leave a `warmup` out";
        if self.arrivals.is_passing() {
            return Some((
                "grow, or come in steps or spikes".to_owned(),
                "write start = \"cold\": what passes has no state that lasts",
            ));
        }
        if self.session.ttl_kind == TtlKind::None && !self.ends_by_logout() {
            return Some((
                "leave sessions behind that never end".to_owned(),
                "give them a TTL, or write start = \"cold\"",
            ));
        }
        if self.return_share == Ratio::ONE {
            return Some((
                "all come back, and new ones come on top: they grow without end".to_owned(),
                "write return_share below 100 %, such as \"95%\"",
            ));
        }
        if !self.session.keys.is_empty() {
            return Some((
                "have a library that stores keys beside the session's own".to_owned(),
                COLD,
            ));
        }
        let whole = Span(history.0.saturating_add(duration.0));
        let holds = |before, after| self.arrivals.try_curve(before, after).is_ok();
        if !(holds(history, Span::ZERO) && holds(Span::ZERO, whole)) {
            return Some((
                "come at a rate that cannot be held for so long".to_owned(),
                "make `history` shorter",
            ));
        }
        None
    }

    /// Whether every session ends by a logout.
    fn ends_by_logout(&self) -> bool {
        if !self.cookies {
            return self.session.programs.cookieless.is_empty();
        }
        match self.script.last() {
            Some(last) => *last == ScriptStep::Logout,
            None => self.logout_share.is_one(),
        }
    }
}

/// After so many seconds only [`FORGOTTEN`] of those are still under way who are under way at a
/// time, of visits or absences so long: the residual life of a renewal process (Cox, "Renewal
/// Theory", 1962, section 5.4).
fn longest(distribution: &Distribution<Span>) -> f64 {
    let mean = distribution.mean() / 1e9;
    let over = |seconds: f64| 1.0 - mean_of_lesser(distribution, seconds) / mean;
    let mut high = mean;
    while high < 6e7 && over(high) > FORGOTTEN {
        high *= 1.25;
    }
    high
}
