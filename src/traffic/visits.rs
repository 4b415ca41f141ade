//! What a user does in a visit.
//!
//! Most classes draw each request by its shares until the visit ends. Whatever else there is (a
//! login in the middle, a script, strangers without a cookie) happens at the turns of a visit,
//! [`User::turn`], which every request looks at anyway.

use crate::kernel::draws::{Purpose, UserDraws};
use crate::kernel::quantiles::Quantiles;
use crate::scenario::users::{ScriptStep, UserClass};
use crate::units::{Ratio, Span, Time};

use super::{Act, Carries, Intent, Phase, User};

/// How the visits of a class go, compiled for the run.
#[derive(Debug)]
pub(super) struct Visits {
    plan: Plan,
    think: Quantiles,
    stay: Quantiles,
    away: Quantiles,
    kinds: Kinds,
    logout: Share,
    comes_back: Share,
}

/// What makes up a visit.
#[derive(Debug)]
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
    Script(Box<[Intent]>),
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

    /// What request `n` is. One whose kind is certain is not drawn.
    #[inline]
    fn draw(self, draws: UserDraws, n: u32) -> Intent {
        match self {
            Self::Read => Intent::Read,
            Self::Modify => Intent::Modify,
            Self::ReadOrModify(modify) => {
                if draws.intent(n, Purpose::Kind) < modify {
                    Intent::Modify
                } else {
                    Intent::Read
                }
            }
            Self::Any { modify, untouched } => {
                let bits = draws.intent(n, Purpose::Kind);
                if bits < modify {
                    Intent::Modify
                } else if bits >= untouched {
                    Intent::Untouched
                } else {
                    Intent::Read
                }
            }
            Self::Untouched => Intent::Untouched,
        }
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
        Self {
            plan,
            think: Quantiles::new(&class.think_time),
            stay: Quantiles::new(&class.stay),
            away: Quantiles::new(&class.away),
            kinds: Kinds::new(class.modify_share, class.untouched_share),
            logout: Share::new(class.logout_share),
            comes_back: Share::new(class.return_share),
        }
    }

    /// The user begins a visit at `now`.
    pub(super) fn begin(&self, user: &mut User, now: Time) -> Act {
        user.phase = Phase::Visiting;
        user.first = user.n;
        match &self.plan {
            Plan::Script(_) => {
                user.turn = Time::ZERO;
                self.next_of_script(user, now)
            }
            Plan::Stranger => {
                user.turn = now;
                self.think_beyond_the_turn(user, now, Intent::Hit)
            }
            Plan::Guests => {
                user.turn = now.saturating_add(self.stay(user));
                let intent = if user.carries == Carries::Nothing {
                    user.carries = Carries::Known;
                    Intent::FirstWrite
                } else {
                    self.kinds.draw(user.draws, user.n)
                };
                self.think(user, now, intent)
            }
            Plan::Users { log_in, after } => {
                let intent = self.first_of_user(user, now, *log_in, after.as_ref());
                self.think(user, now, intent)
            }
        }
    }

    /// The first intent of a visit of a class that logs in.
    fn first_of_user(
        &self,
        user: &mut User,
        now: Time,
        log_in: Share,
        after: Option<&Quantiles>,
    ) -> Intent {
        let n = user.n;
        let stay = self.stay(user);
        user.turn = now.saturating_add(stay);
        if user.carries == Carries::Known {
            return self.kinds.draw(user.draws, n);
        }
        let logs_in = log_in.says_yes(user.draws, n, Purpose::LogsIn);
        if logs_in && after.is_none() {
            user.carries = Carries::Known;
            return Intent::Login;
        }
        let intent = if user.carries == Carries::Nothing {
            Intent::FirstWrite
        } else {
            self.kinds.draw(user.draws, n)
        };
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
        intent
    }

    /// The user, in a visit, acts at `now`.
    #[inline]
    pub(super) fn act(&self, user: &mut User, now: Time) -> Act {
        if now >= user.turn {
            return self.turn(user, now);
        }
        let intent = self.kinds.draw(user.draws, user.n);
        self.think(user, now, intent)
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
                self.think(user, now, Intent::Login)
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
            Some(intent) => self.think_beyond_the_turn(user, now, *intent),
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
