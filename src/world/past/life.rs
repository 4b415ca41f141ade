//! What users did before the run: their intents, as always, and what those made of their sessions.
//!
//! Nothing is sent: a store without limits answers at once. What makes a session of the past
//! depend on the store's memory, an eviction, is seen to when its key is stored: whoever asked for
//! an evicted session stored a new one at that moment, and so had one just as recently used.

use rand_chacha::ChaCha8Rng;

use crate::kernel::draws::{Purpose, RequestDraws};
use crate::program::{ProgramKind, Step, Target, TtlChange};
use crate::scenario::commands::CommandName;
use crate::scenario::users::{CookieKind, Rotation, StaleCookie, StaleId};
use crate::store::keyspace::Keyspace;
use crate::traffic::{Act, Intent, Phase, User};
use crate::units::{Span, Time};

use super::super::Crowd;

/// A session's key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) id: u64,
    /// When it was asked for or written the last time.
    pub(super) seen: Time,
    /// When its TTL is over; [`Time::ZERO`] if it is not stored.
    pub(super) ends: Time,
    pub(super) bytes: u32,
    /// How often it was asked for, where that matters.
    pub(super) accesses: u32,
}

/// A user, and what they have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) user: User,
    /// When they act or come back next.
    pub(super) next: Time,
    /// The session that they believe in, whether it lives or not.
    pub(super) session: Option<Kept>,
    /// They know that it is gone, and keep its cookie.
    pub(super) is_stale: bool,
    /// When the browser drops its cookie.
    pub(super) cookie_end: Time,
}

impl Life {
    pub(super) const fn new(user: User) -> Self {
        Self {
            user,
            next: Time::NEVER,
            session: None,
            is_stale: false,
            cookie_end: Time::NEVER,
        }
    }

    /// Whether there is anything left of them at `at`.
    pub(super) fn matters(&self, at: Time) -> bool {
        !matches!(self.user.phase(), Phase::Gone) || self.session.is_some_and(|s| s.ends > at)
    }
}

/// A class and what it has left behind so far.
pub(super) struct Past<'a> {
    pub(super) crowd: &'a Crowd,
    /// Counts accesses.
    pub(super) keyspace: &'a Keyspace,
    pub(super) rng: &'a mut ChaCha8Rng,
    /// From a command to its reply, in the mean.
    pub(super) reply: Span,
    /// Keys that ended before are forgotten.
    pub(super) from: Time,
    /// Keys that belong to nobody any more.
    pub(super) left_over: Vec<Kept>,
    /// Bit by command: executed at least once.
    pub(super) commands: u32,
    /// Commands of the present intent.
    sent: u64,
}

/// A request in the past.
#[derive(Clone, Copy)]
struct Asked {
    n: u32,
    attempt: u8,
    draws: RequestDraws,
    at: Time,
}

impl<'a> Past<'a> {
    pub(super) fn new(
        crowd: &'a Crowd,
        keyspace: &'a Keyspace,
        rng: &'a mut ChaCha8Rng,
        reply: Span,
    ) -> Self {
        Self {
            crowd,
            keyspace,
            rng,
            reply,
            from: Time::ZERO,
            left_over: Vec::new(),
            commands: 0,
            sent: 0,
        }
    }

    /// A visit that begins at `begin`. Returns when it is over; `None` if it goes on at `until`.
    pub(super) fn visit(&mut self, life: &mut Life, begin: Time, until: Time) -> Option<Time> {
        let class = &self.crowd.class;
        let mut now = begin;
        let mut act = class.begin_visit(&mut life.user, now);
        loop {
            life.next = act.next;
            self.sent = 0;
            self.perform(life, act, now);
            if !life.user.is_visiting() {
                return Some(now);
            }
            if life.user.phase() == Phase::Waiting {
                let reply = now.saturating_add(self.reply * self.sent);
                life.next = class.resume(&mut life.user, reply);
            }
            if life.next >= until {
                return None;
            }
            now = life.next;
            act = class.act(&mut life.user, now);
        }
    }

    fn perform(&mut self, life: &mut Life, act: Act, at: Time) {
        let asked = |n, attempt| Asked {
            n,
            attempt,
            draws: life.user.draws().request(n, attempt),
            at,
        };
        let first = asked(act.n, 0);
        match act.intent {
            Intent::Read => self.ask(life, ProgramKind::Read, first),
            Intent::Modify => self.ask(life, ProgramKind::Modify, first),
            Intent::Hit | Intent::Untouched => self.do_without(life, first),
            Intent::Login => self.begin_session(life, ProgramKind::Login, first),
            Intent::FirstWrite => self.write_first(life, first),
            Intent::Logout => self.log_out(life, first),
            Intent::Leave => {}
            Intent::Page => {
                for call in 0..self.crowd.class.calls(&life.user, act.n) {
                    let one = Asked {
                        draws: first.draws.call(call),
                        ..first
                    };
                    match self.crowd.class.call(&life.user, act.n, call) {
                        Intent::Modify => self.ask(life, ProgramKind::Modify, one),
                        Intent::Untouched => self.do_without(life, one),
                        _ => self.ask(life, ProgramKind::Read, one),
                    }
                }
            }
        }
    }

    /// A request in the session that the user believes in.
    fn ask(&mut self, life: &mut Life, program: ProgramKind, asked: Asked) {
        if life.session.is_none() || self.cookie_is_over(life, program, asked.at) {
            self.come_without_cookie(life, program, asked);
            return;
        }
        let Some(session) = &mut life.session else {
            return;
        };
        if session.ends <= asked.at && program != ProgramKind::Untouched {
            self.make_good(life, program, asked);
            return;
        }
        if program == ProgramKind::Modify
            && let Some((growth, most)) = &self.crowd.manners.growth
        {
            let more = growth.draw(asked.draws.at(0, Purpose::Growth)) as u32;
            let grown = session.bytes.saturating_add(more).min(*most);
            session.bytes = session.bytes.max(grown);
        }
        self.run(session, &mut None, program, asked);
    }

    /// Whether the browser has dropped the cookie; else the answer brings it anew.
    fn cookie_is_over(&mut self, life: &mut Life, program: ProgramKind, at: Time) -> bool {
        let cookie = self.crowd.manners.cookie;
        if life.cookie_end <= at {
            self.leave_over(life.session.take());
            return true;
        }
        let refreshed = cookie.kind == CookieKind::RefreshAlways
            || (cookie.kind == CookieKind::RefreshOnWrite && program == ProgramKind::Modify);
        if refreshed {
            life.cookie_end = at.saturating_add(cookie.max_age);
        }
        false
    }

    /// The key of a session that is given up, if it is stored, stays until its TTL, or has stayed.
    fn leave_over(&mut self, session: Option<Kept>) {
        let from = self.from;
        self.left_over.extend(session.filter(|s| s.ends > from));
    }

    fn come_without_cookie(&mut self, life: &mut Life, program: ProgramKind, asked: Asked) {
        let crowd = self.crowd;
        let begins = match program {
            ProgramKind::Untouched => ProgramKind::Cookieless,
            _ if crowd.login => ProgramKind::Login,
            ProgramKind::Read if crowd.manners.stale[0] => ProgramKind::Cookieless,
            _ => ProgramKind::FirstWrite,
        };
        self.begin_session(life, begins, again(life, asked));
    }

    fn do_without(&mut self, life: &mut Life, asked: Asked) {
        if life.session.is_some() {
            self.ask(life, ProgramKind::Untouched, asked);
        } else {
            self.begin_session(life, ProgramKind::Cookieless, asked);
        }
    }

    fn write_first(&mut self, life: &mut Life, asked: Asked) {
        match &mut life.session {
            Some(session) if session.ends > asked.at => {
                session.bytes = self.crowd.bytes.draw(asked.draws.at(0, Purpose::Size)) as u32;
                self.ask(life, ProgramKind::Modify, asked);
            }
            _ => self.begin_session(life, ProgramKind::FirstWrite, asked),
        }
    }

    fn log_out(&mut self, life: &mut Life, asked: Asked) {
        if life.session.is_none() || self.cookie_is_over(life, ProgramKind::Logout, asked.at) {
            return;
        }
        let Some(mut session) = life.session.take() else {
            return;
        };
        if session.ends > asked.at {
            self.run(&mut session, &mut None, ProgramKind::Logout, asked);
            self.leave_over(Some(session));
        }
    }

    /// A request has found its session gone.
    fn make_good(&mut self, life: &mut Life, program: ProgramKind, asked: Asked) {
        let manners = &self.crowd.manners;
        if manners.restores
            && let Some(session) = &mut life.session
        {
            self.run(session, &mut None, ProgramKind::Restore, asked);
            return;
        }
        let changes = program == ProgramKind::Modify;
        let stale = if changes {
            ProgramKind::StaleWrite
        } else {
            ProgramKind::StaleRead
        };
        let login = self.crowd.login;
        let goes_on = manners.stale[usize::from(changes)];
        if goes_on && self.crowd.programs.first(stale).is_some() {
            let stores = self.crowd.programs.stores(stale);
            let old = life.session.take();
            self.leave_over(old);
            let mut session = self.new_session(asked, !changes);
            if let Some(old) = old.filter(|_| manners.stale_id == StaleId::Same || !stores) {
                session.id = old.id;
            }
            self.run(&mut session, &mut None, stale, asked);
            life.session = Some(session).filter(|session| session.ends > asked.at);
            if !login {
                return;
            }
        } else if goes_on && !login {
            life.is_stale = true;
            if manners.stale_cookie == StaleCookie::Drop {
                life.session = None;
            }
            return;
        }
        let begins = if login {
            ProgramKind::Login
        } else {
            ProgramKind::FirstWrite
        };
        self.begin_session(life, begins, again(life, asked));
    }

    fn begin_session(&mut self, life: &mut Life, program: ProgramKind, asked: Asked) {
        let crowd = self.crowd;
        if program == ProgramKind::Cookieless && crowd.programs.first(program).is_none() {
            return;
        }
        let mut old = life.session.take();
        if old.is_some_and(|old| old.ends <= asked.at) {
            self.leave_over(old.take());
        }
        let again = program == ProgramKind::Login && old.is_some();
        let mut session = self.new_session(asked, program == ProgramKind::Cookieless);
        let program = if again {
            ProgramKind::LoginAgain
        } else {
            program
        };
        if again && crowd.manners.rotation == Rotation::None {
            let bytes = session.bytes;
            session = old.take().unwrap_or(session);
            session.bytes = bytes;
        }
        self.run(&mut session, &mut old, program, asked);
        self.leave_over(old);
        life.is_stale = false;
        life.session = Some(session).filter(|session| session.ends > asked.at);
        if crowd.manners.cookie.kind != CookieKind::Session {
            life.cookie_end = asked.at.saturating_add(crowd.manners.cookie.max_age);
        }
    }

    fn new_session(&self, asked: Asked, empty: bool) -> Kept {
        let sizes = if empty {
            &self.crowd.manners.empty_bytes
        } else {
            &self.crowd.bytes
        };
        Kept {
            id: asked.draws.at(0, Purpose::SessionId),
            seen: asked.at,
            ends: Time::ZERO,
            bytes: sizes.draw(asked.draws.at(0, Purpose::Size)) as u32,
            accesses: 0,
        }
    }

    /// Runs a program of the library.
    fn run(
        &mut self,
        session: &mut Kept,
        old: &mut Option<Kept>,
        program: ProgramKind,
        asked: Asked,
    ) {
        let mut missing = false;
        let mut next = self.crowd.programs.first(program);
        while let Some(id) = next {
            let step = *self.crowd.programs.step(id);
            self.sent += 1;
            if !matches!(step.target, Target::Database(_)) {
                self.commands |= 1 << step.command as u32;
            }
            match step.target {
                Target::Session => missing |= !self.execute(session, &step, asked.at),
                Target::Old if step.command == CommandName::Rename => {
                    if let Some(old) = old.take() {
                        *session = Kept {
                            id: session.id,
                            seen: asked.at,
                            ..old
                        };
                    }
                }
                Target::Old => {
                    if let Some(old) = old {
                        self.execute(old, &step, asked.at);
                    }
                }
                Target::New => {
                    let mut nobody = self.new_session(asked, true);
                    nobody.id = asked.draws.at(1, Purpose::SessionId);
                    self.execute(&mut nobody, &step, asked.at);
                    self.leave_over(Some(nobody));
                }
                Target::Lock | Target::Other(_) | Target::Server | Target::Database(_) => {}
            }
            next = step.next(missing);
        }
    }

    /// A command on a session's key; false if it reads and finds nothing.
    fn execute(&mut self, key: &mut Kept, step: &Step, at: Time) -> bool {
        let name = step.command;
        let stored = key.ends > at;
        if matches!(name, CommandName::Del | CommandName::EvalSha) {
            key.ends = Time::ZERO;
            return true;
        }
        if name.stores_value() {
            let skips = match name {
                CommandName::SetNx => stored,
                CommandName::SetXx => !stored,
                _ => false,
            };
            if skips {
                return true;
            }
            if !stored {
                key.ends = Time::NEVER;
            }
        } else if !stored {
            return name.is_expire();
        }
        match step.ttl {
            TtlChange::Keep => {}
            TtlChange::Renew(span) => key.ends = at.saturating_add(span),
            TtlChange::Remove => key.ends = Time::NEVER,
        }
        if name != CommandName::Exists {
            key.seen = at;
            if self.keyspace.counts_accesses() {
                let before = stored.then_some(key.accesses);
                key.accesses = self.keyspace.count_access(before, at, self.rng);
            }
        }
        true
    }
}

/// The request that follows another one of the same intent.
fn again(life: &Life, asked: Asked) -> Asked {
    let attempt = asked.attempt.saturating_add(1);
    Asked {
        attempt,
        draws: life.user.draws().request(asked.n, attempt),
        ..asked
    }
}
