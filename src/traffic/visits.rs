//! What a user does in a visit.
//!
//! Most classes draw each request by its shares until the visit ends. Whatever else there is (a
//! login in the middle, a script, strangers without a cookie) happens at the turns of a visit,
//! [`User::turn`], which every request looks at anyway.

use std::sync::Arc;

use crate::kernel::draws::{Purpose, RequestDraws, UserDraws};
use crate::kernel::quantiles::Quantiles;
use crate::scenario::users::{Pacing, ScriptStep, UserClass};
use crate::units::{Ratio, Span, Time};

use super::{Act, Carries, Intent, Phase, User};

/// How the visits of a class go, compiled for the run. Clones share what is large.
#[derive(Clone, Debug)]
pub(super) struct Visits {
    plan: Plan,
    think: Quantiles,
    stay: Quantiles,
    away: Quantiles,
    kinds: Kinds,
    /// What [`Kinds::Slow`] stands for.
    page_kinds: Kinds,
    parallel: Option<Quantiles>,
    after_reply: bool,
    logout: Share,
    comes_back: Share,
}

/// What makes up a visit.
#[derive(Clone, Debug)]
enum Plan {
    /// Requests by their shares, of guests.
    Guests,
    /// Requests by their shares, of users of whom so many log in: in the middle of the visit if
    /// there is a time for it.
    Users {
        log_in: Share,
        after: Option<Quantiles>,
    },
    /// These, one after the other.
    Script(Arc<[Intent]>),
    /// A single request without a cookie.
    Stranger,
}

/// Which requests there are, by 64 uniform bits.
#[derive(Clone, Copy, Debug)]
enum Kinds {
    Read,
    Modify,
    /// Below the threshold a change, else a read.
    ReadOrModify(u64),
    /// Below the first threshold a change, from the second on without the session.
    Any {
        modify: u64,
        untouched: u64,
    },
    Untouched,
    /// More than that is to be known: several requests at once, or users who wait for a reply.
    Slow,
}

impl Kinds {
    const fn new(modify: Ratio, untouched: Ratio) -> Self {
        if modify.is_one() {
            Self::Modify
        } else if untouched.is_one() {
            Self::Untouched
        } else if untouched.threshold() > 0 {
            Self::Any {
                modify: modify.threshold(),
                untouched: 0u64.wrapping_sub(untouched.threshold()),
            }
        } else if modify.threshold() == 0 {
            Self::Read
        } else {
            Self::ReadOrModify(modify.threshold())
        }
    }

    /// What a request is. One whose kind is certain is not drawn.
    #[inline]
    fn draw(self, draws: RequestDraws) -> Option<Intent> {
        Some(match self {
            Self::Read => Intent::Read,
            Self::Modify => Intent::Modify,
            Self::ReadOrModify(modify) => {
                if draws.at(0, Purpose::Kind) < modify {
                    Intent::Modify
                } else {
                    Intent::Read
                }
            }
            Self::Any { modify, untouched } => {
                let bits = draws.at(0, Purpose::Kind);
                if bits < modify {
                    Intent::Modify
                } else if bits >= untouched {
                    Intent::Untouched
                } else {
                    Intent::Read
                }
            }
            Self::Untouched => Intent::Untouched,
            Self::Slow => return None,
        })
    }
}

/// A probability, for one kind of draw.
#[derive(Clone, Copy, Debug)]
enum Share {
    Never,
    Always,
    /// Below this threshold 64 uniform bits mean yes.
    Below(u64),
}

impl Share {
    const fn new(ratio: Ratio) -> Self {
        if ratio.is_one() {
            Self::Always
        } else if ratio.threshold() == 0 {
            Self::Never
        } else {
            Self::Below(ratio.threshold())
        }
    }

    /// Draws are independent of each other, so one whose outcome is certain is not made.
    #[inline]
    const fn says_yes(self, draws: UserDraws, n: u32, purpose: Purpose) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Below(threshold) => draws.intent(n, purpose) < threshold,
        }
    }
}

impl Visits {
    pub(super) fn new(class: &UserClass) -> Self {
        let plan = if !class.cookies {
            Plan::Stranger
        } else if !class.script.is_empty() {
            Plan::Script(class.script.iter().map(|step| intent(*step)).collect())
        } else if class.login {
            Plan::Users {
                log_in: Share::new(class.login_share),
                after: class.login_after.as_ref().map(Quantiles::new),
            }
        } else {
            Plan::Guests
        };
        let page_kinds = Kinds::new(class.modify_share, class.untouched_share);
        let parallel = &class.parallel;
        let parallel = (!parallel.is_one()).then(|| Quantiles::new(parallel.distribution()));
        let after_reply = class.pacing == Pacing::AfterReply;
        let kinds = if parallel.is_some() || after_reply {
            Kinds::Slow
        } else {
            page_kinds
        };
        Self {
            plan,
            think: Quantiles::new(&class.think_time),
            stay: Quantiles::new(&class.stay),
            away: Quantiles::new(&class.away),
            kinds,
            page_kinds,
            parallel,
            after_reply,
            logout: Share::new(class.logout_share),
            comes_back: Share::new(class.return_share),
        }
    }

    /// The user begins a visit at `now`.
    pub(super) fn begin(&self, user: &mut User, now: Time) -> Act {
        user.phase = Phase::Visiting;
        user.first = user.n;
        let intent = match &self.plan {
            Plan::Script(_) => {
                user.turn = Time::ZERO;
                return self.next_of_script(user, now);
            }
            Plan::Stranger => {
                user.turn = now;
                return self.think_beyond_the_turn(user, now, Intent::Hit);
            }
            Plan::Guests => {
                user.turn = now.saturating_add(self.stay(user));
                let is_new = user.carries == Carries::Nothing;
                user.carries = Carries::Known;
                is_new.then_some(Intent::FirstWrite)
            }
            Plan::Users { log_in, after } => self.first_of_user(user, now, *log_in, after.as_ref()),
        };
        match intent {
            Some(intent) => self.think_slowly(user, now, intent),
            None => self.act_slowly(user, now),
        }
    }

    /// The first intent of a visit of a class that logs in; `None` for a request like all others.
    fn first_of_user(
        &self,
        user: &mut User,
        now: Time,
        log_in: Share,
        after: Option<&Quantiles>,
    ) -> Option<Intent> {
        let n = user.n;
        let stay = self.stay(user);
        user.turn = now.saturating_add(stay);
        if user.carries == Carries::Known {
            return None;
        }
        let logs_in = log_in.says_yes(user.draws, n, Purpose::LogsIn);
        if logs_in && after.is_none() {
            user.carries = Carries::Known;
            return Some(Intent::Login);
        }
        let is_new = user.carries == Carries::Nothing;
        user.carries = Carries::Guest;
        if let Some(after) = after
            && logs_in
        {
            let login = login_after(user, after);
            if login < stay {
                user.carries = Carries::GuestUntilLogin;
                user.turn = now.saturating_add(login);
            }
        }
        is_new.then_some(Intent::FirstWrite)
    }

    pub(super) fn only_visit_ends(&self, user: &User, now: Time) -> Option<Time> {
        let stays = matches!(self.plan, Plan::Guests | Plan::Users { .. });
        let once = matches!(self.comes_back, Share::Never);
        (stays && once).then(|| {
            let stay = self.stay.draw(user.draws.intent(user.n, Purpose::Stay));
            now.saturating_add(Span(stay))
        })
    }

    /// The user, in a visit, acts at `now`.
    #[inline]
    pub(super) fn act(&self, user: &mut User, now: Time) -> Act {
        if now >= user.turn {
            return self.turn(user, now);
        }
        match self.kinds.draw(user.draws.request(user.n, 0)) {
            Some(intent) => self.think(user, now, intent),
            None => self.act_slowly(user, now),
        }
    }

    /// A request like all others of the visit, of any class.
    #[inline(never)]
    fn act_slowly(&self, user: &mut User, now: Time) -> Act {
        let intent = if self.parallel.is_some() {
            Intent::Page
        } else {
            self.call(user, user.n, 0)
        };
        self.think_slowly(user, now, intent)
    }

    pub(super) fn calls(&self, user: &User, n: u32) -> u8 {
        let bits = user.draws.intent(n, Purpose::Calls);
        self.parallel.as_ref().map_or(1, |p| p.draw(bits) as u8)
    }

    pub(super) fn call(&self, user: &User, n: u32, call: u8) -> Intent {
        if let Plan::Script(script) = &self.plan {
            return script[n.wrapping_sub(user.first) as usize];
        }
        let draws = user.draws.request(n, 0).call(call);
        self.page_kinds.draw(draws).unwrap_or(Intent::Read)
    }

    /// The user acts, and now is time for a turn.
    fn turn(&self, user: &mut User, now: Time) -> Act {
        match &self.plan {
            Plan::Script(_) => self.next_of_script(user, now),
            Plan::Users {
                after: Some(after), ..
            } if user.carries == Carries::GuestUntilLogin => {
                user.carries = Carries::Known;
                let rest = self.stay(user).0 - login_after(user, after).0;
                user.turn = now.saturating_add(Span(rest));
                self.think_slowly(user, now, Intent::Login)
            }
            _ => self.end(user, now),
        }
    }

    /// Length of the present visit.
    fn stay(&self, user: &User) -> Span {
        Span(self.stay.draw(user.draws.intent(user.first, Purpose::Stay)))
    }

    #[inline]
    fn think(&self, user: &mut User, now: Time, intent: Intent) -> Act {
        let turn = user.turn;
        let mut act = self.think_beyond_the_turn(user, now, intent);
        act.next = act.next.min(turn);
        act
    }

    /// Likewise, of any class: whoever waits for the reply does not know yet when to act.
    fn think_slowly(&self, user: &mut User, now: Time, intent: Intent) -> Act {
        let mut act = self.think(user, now, intent);
        if self.after_reply {
            user.phase = Phase::Waiting;
            act.next = Time::NEVER;
        }
        act
    }

    pub(super) fn resume(&self, user: &mut User, at: Time) -> Time {
        user.phase = Phase::Visiting;
        let n = user.n.wrapping_sub(1);
        let think = self.think.draw(user.draws.intent(n, Purpose::Think));
        let next = at.saturating_add(Span(think));
        match self.plan {
            Plan::Script(_) => next,
            _ => next.min(user.turn).max(at),
        }
    }

    #[inline]
    fn think_beyond_the_turn(&self, user: &mut User, now: Time, intent: Intent) -> Act {
        let n = user.n;
        user.n = n.wrapping_add(1);
        let think = self.think.draw(user.draws.intent(n, Purpose::Think));
        let next = now.saturating_add(Span(think));
        Act { intent, n, next }
    }

    fn next_of_script(&self, user: &mut User, now: Time) -> Act {
        let Plan::Script(script) = &self.plan else {
            unreachable!("the class has no script");
        };
        let place = user.n.wrapping_sub(user.first) as usize;
        match script.get(place) {
            None => self.leave(user, now, Intent::Leave),
            Some(Intent::Logout) if place + 1 == script.len() => {
                self.leave(user, now, Intent::Logout)
            }
            Some(intent) => {
                let mut act = self.think_beyond_the_turn(user, now, *intent);
                let of_session = matches!(intent, Intent::Read | Intent::Modify);
                if of_session && self.parallel.is_some() {
                    act.intent = Intent::Page;
                }
                if self.after_reply {
                    user.phase = Phase::Waiting;
                    act.next = Time::NEVER;
                }
                act
            }
        }
    }

    /// The visit is over.
    fn end(&self, user: &mut User, now: Time) -> Act {
        let logs_out = self.logout.says_yes(user.draws, user.n, Purpose::Leave);
        if logs_out {
            user.carries = Carries::Nothing;
            return self.leave(user, now, Intent::Logout);
        }
        self.leave(user, now, Intent::Leave)
    }

    fn leave(&self, user: &mut User, now: Time, intent: Intent) -> Act {
        let n = user.n;
        user.n = n.wrapping_add(1);
        let next = if self.comes_back.says_yes(user.draws, n, Purpose::Return) {
            user.phase = Phase::Away;
            let away = self.away.draw(user.draws.intent(n, Purpose::Away));
            now.saturating_add(Span(away))
        } else {
            user.phase = Phase::Gone;
            Time::NEVER
        };
        Act { intent, n, next }
    }
}

/// How long after the beginning of the present visit its guest logs in.
fn login_after(user: &User, after: &Quantiles) -> Span {
    Span(after.draw(user.draws.intent(user.first, Purpose::LoginAfter)))
}

const fn intent(step: ScriptStep) -> Intent {
    match step {
        ScriptStep::Hit => Intent::Hit,
        ScriptStep::FirstWrite => Intent::FirstWrite,
        ScriptStep::Login => Intent::Login,
        ScriptStep::Read => Intent::Read,
        ScriptStep::Modify => Intent::Modify,
        ScriptStep::Untouched => Intent::Untouched,
        ScriptStep::Logout => Intent::Logout,
    }
}
