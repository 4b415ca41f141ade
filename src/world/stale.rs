//! Cookies: those that end by themselves, those whose session is gone, and requests without one.

use crate::kernel::draws::Purpose;
use crate::probe::{Aftermath, Mark, Probe, RequestKind};
use crate::program::ProgramKind;
use crate::scenario::users::{CookieKind, StaleCookie, StaleId};
use crate::store::keyspace::KeyId;
use crate::units::Time;

use super::World;
use super::owners::abandoned;
use super::side::{Errand, KeyAt};

impl<P: Probe> World<P> {
    /// Prepares a request: the cookie it brings, what it adds to the session. False if it comes
    /// without a cookie, and has been sent as such.
    pub(super) fn prepare(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) -> bool {
        let visitor = self.visitors.get(place);
        let class = visitor.user.class() as usize;
        let cookie = self.crowds[class].manners.cookie;
        if cookie.kind != CookieKind::Session {
            let end = self.sides.at(place).cookie_end;
            if end <= self.now && !visitor.session.is_to_be_stored() {
                self.cookie_is_over(place, n, kind);
                return false;
            }
            let refreshed = cookie.kind == CookieKind::RefreshAlways
                || (cookie.kind == CookieKind::RefreshOnWrite && kind == RequestKind::Modify);
            if refreshed {
                self.sides.at(place).cookie_end = self.now.saturating_add(cookie.max_age);
            }
        }
        if kind == RequestKind::Modify
            && let Some((growth, most)) = &self.crowds[class].manners.growth
        {
            let visitor = self.visitors.get_mut(place);
            if visitor.session.is_open() {
                let draws = visitor.user.draws().request(n, 0).call(call);
                let more = growth.draw(draws.at(0, Purpose::Growth)) as u32;
                let grown = visitor.session.bytes.saturating_add(more).min(*most);
                visitor.session.bytes = visitor.session.bytes.max(grown);
            }
        }
        true
    }

    /// The browser has dropped the cookie: the session is lost to its user, who comes as a
    /// stranger.
    fn cookie_is_over(&mut self, place: u32, n: u32, kind: RequestKind) {
        let now = self.now;
        let visitor = self.visitors.get(place);
        let login = self.crowds[visitor.user.class() as usize].login;
        let mut alone = false;
        self.ledger(place, |session, probe, class, _| {
            session.cookie_expired(probe, class, now);
            alone = session.found_gone(probe, class, now);
            if kind == RequestKind::Logout {
                session.made_good(probe, class, now, Aftermath::Abandoned);
            } else if alone {
                session.made_good(probe, class, now, aftermath(login));
            }
        });
        if kind != RequestKind::Logout && alone {
            self.come_without_cookie(place, n, kind);
        }
    }

    /// A user who is in a visit and has no session sends a request.
    pub(super) fn come_without_cookie(&mut self, place: u32, n: u32, kind: RequestKind) {
        let crowd = &self.crowds[self.visitors.get(place).user.class() as usize];
        let program = match kind {
            RequestKind::Other => ProgramKind::Cookieless,
            _ if crowd.login => ProgramKind::Login,
            // A library that says what it does with a stale cookie stores nothing for a guest who
            // only reads; of a plain one the guest's session begins afresh.
            RequestKind::Read if crowd.manners.stale[0] => ProgramKind::Cookieless,
            _ => ProgramKind::FirstWrite,
        };
        self.begin_session(place, n, 1, program);
    }

    /// A request of a session that is gone: whether its library goes on by itself. It does so
    /// within the request, by what it does with a stale cookie.
    pub(super) fn go_on_stale(&mut self, place: u32) -> bool {
        let request = *self.requests.get(place);
        let changes = request.kind == RequestKind::Modify;
        let crowd = &self.crowds[request.class as usize];
        let manners = &crowd.manners;
        if !manners.stale[usize::from(changes)] {
            return false;
        }
        let program = if changes {
            ProgramKind::StaleWrite
        } else {
            ProgramKind::StaleRead
        };
        let (login, stores) = (crowd.login, crowd.programs.stores(program));
        if crowd.programs.first(program).is_none() {
            return !login && self.guest_goes_on(place);
        }
        let same = manners.stale_id == StaleId::Same || !stores;
        let now = self.now;
        self.ledger(request.visitor, |session, probe, class, _| {
            session.made_good(probe, class, now, aftermath(login));
            session.begin_creating(probe, class, now);
        });
        if same {
            self.errands.at(place).old = KeyAt::NONE;
        } else {
            self.part_from_old(place);
            self.give_key(place);
        }
        let bytes = self.size_of_new(place, !changes);
        self.visitors.get_mut(request.visitor).session.bytes = bytes;
        self.run_program(place, program);
        true
    }

    /// A guest has nothing any more, and nothing is stored for them: the cookie stays, and the
    /// next request finds as little; or it goes, and the next change begins a session.
    fn guest_goes_on(&mut self, place: u32) -> bool {
        let request = *self.requests.get(place);
        let drops = self.crowds[request.class as usize].manners.stale_cookie == StaleCookie::Drop;
        let now = self.now;
        self.ledger(request.visitor, |session, probe, class, _| {
            if drops {
                session.made_good(probe, class, now, Aftermath::GuestReset);
            } else {
                session.recovery_failed();
            }
        });
        self.answer(place, self.now);
        true
    }

    /// The request goes on under a new key, and remembers the one that the session had.
    pub(super) fn part_from_old(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let session = &mut self.visitors.get_mut(request.visitor).session;
        let old = KeyAt {
            key: std::mem::replace(&mut session.key, KeyAt::NONE.key),
            node: session.node,
        };
        if !old.is_none() {
            self.nodes[old.node as usize]
                .keyspace_mut()
                .set_owner(KeyId(old.key), abandoned(request.class));
        }
        self.errands.at(place).old = old;
    }

    /// The program that worked on an old key is over: if that is still stored it has leaked.
    pub(super) fn finish_old(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let old = std::mem::replace(&mut self.errands.at(place).old, KeyAt::NONE);
        if old.is_none() || old == request.key_at() {
            return;
        }
        let alone = self.visitors.get(request.visitor).user.requests_in_flight <= 1;
        let keyspace = self.nodes[old.node as usize].keyspace();
        let live = keyspace.is_live(KeyId(old.key));
        if alone {
            self.give_up(request.class, old);
        }
        if live && request.program == ProgramKind::LoginAgain {
            self.probe.mark(self.now, request.class, Mark::LeakedKey, 1);
        }
    }

    /// A new errand for a request that begins.
    pub(super) fn begin_errand(&mut self, place: u32) {
        *self.errands.at(place) = Errand::default();
    }

    /// When the browser will drop a cookie that it is given now.
    pub(super) fn give_cookie(&mut self, place: u32) {
        let class = self.visitors.get(place).user.class() as usize;
        let cookie = self.crowds[class].manners.cookie;
        if cookie.kind != CookieKind::Session {
            self.sides.at(place).cookie_end = Time::saturating_add(self.now, cookie.max_age);
        }
    }
}

/// What follows a lost session for those who would have to log in, and for guests.
pub(super) const fn aftermath(login: bool) -> Aftermath {
    if login {
        Aftermath::ForcedLogin
    } else {
        Aftermath::GuestReset
    }
}
