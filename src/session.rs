//! The ledger: what becomes of every session, and why.
//!
//! A [`Session`] is a small state machine. The world tells it what happened (its creating write
//! took, its key left the store, a request found it gone, the user left) and it states the fates
//! to the probe. Every session that is created meets exactly one [`Fate`]; the recorder's
//! conservation check holds this module to it.

use crate::probe::{Aftermath, Fate, LossCause, Probe};
use crate::units::Time;

/// The session a user believes in, or has left behind. 24 bytes: it lies beside the user.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// Its own end, by TTL kind; [`Time::NEVER`] without TTL. Once closed: when it was closed.
    own_end: Time,
    /// Identity key, local to the node.
    pub key: u32,
    /// Bytes of its value.
    pub bytes: u32,
    /// Node of the identity key.
    pub node: u16,
    state: State,
    cause: LossCause,
    /// Whether a request is making good for its loss.
    recovering: bool,
    /// Whether its user has sent a logout.
    leaving: bool,
}

/// No key.
pub const NO_KEY: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    /// There is none; the user knows of none.
    None,
    /// A login is under way.
    Creating,
    /// The application stores it again, from the database's copy.
    Restoring,
    /// Lives, as far as the application can know.
    Open,
    /// Closed as lost; whether that is felt is not known yet.
    Lost,
    /// Closed as lost and unnoticed; the user may still come back to it.
    LostUnnoticed,
    /// Lost and felt, but not made good yet.
    Felt,
    /// Its own end came; whether the user comes back to it is not known yet.
    Expired,
    /// Closed as expired in use, but not made good yet.
    ExpiredFelt,
}

/// Whether the user may still act in this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In a visit.
    InVisit,
    /// Away, but coming back.
    MayReturn,
    /// Gone for good.
    Gone,
}

/// How a key left the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDeath {
    /// By eviction.
    Evicted,
    /// By reaching its TTL.
    Expired,
    /// With all of its node.
    NodeLost,
    /// By never having been: the replica that became the primary had none of it.
    Unreplicated,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            own_end: Time::NEVER,
            key: NO_KEY,
            bytes: 0,
            node: 0,
            state: State::None,
            cause: LossCause::Evicted,
            recovering: false,
            leaving: false,
        }
    }
}

impl Session {
    /// Whether the user has nothing to send with a request: no session, and no memory of one.
    #[inline]
    pub const fn is_none(&self) -> bool {
        matches!(self.state, State::None)
    }

    /// Whether the user believes in it, rightly or not, and no login is under way.
    #[inline]
    pub const fn is_known(&self) -> bool {
        !matches!(self.state, State::None | State::Creating)
    }

    /// Whether a login is under way.
    #[inline]
    pub const fn is_creating(&self) -> bool {
        matches!(self.state, State::Creating)
    }

    /// Whether it begins as soon as it is stored: by a login, or anew from the database's copy.
    #[inline]
    pub const fn is_to_be_stored(&self) -> bool {
        matches!(self.state, State::Creating | State::Restoring)
    }

    /// Whether it lives, as far as the application can know.
    #[inline]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether it lives and its user is about to go on in it: no logout is under way.
    pub const fn is_current(&self) -> bool {
        self.is_open() && !self.leaving
    }

    /// The user sends a logout.
    pub const fn begin_leaving(&mut self) {
        self.leaving = true;
    }

    /// Whether its fate is still to come.
    pub const fn has_no_fate(&self) -> bool {
        matches!(self.state, State::Open | State::Expired)
    }

    /// A login begins, and the user forgets any earlier session. One that lives is superseded,
    /// unless it had been logged out of: the user is back before the logout reached the store.
    pub fn begin_creating<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) {
        if self.is_current() {
            probe.session_closed(at, class, Fate::Superseded);
        } else {
            self.logged_out(probe, class, at, true);
        }
        self.state = State::Creating;
        self.recovering = false;
        self.leaving = false;
    }

    /// The application has the database's copy and stores it, unless there is nothing to restore
    /// any more.
    pub fn begin_restoring(&mut self) {
        if self.is_none() {
            self.state = State::Restoring;
        }
    }

    /// The login came to nothing: the database refused it. Or nothing was to be stored. A guest's
    /// session that was to be left lives on.
    pub fn creation_failed(&mut self) {
        if self.is_creating() {
            self.state = State::None;
        }
    }

    /// The browser dropped the cookie of a session that may live on in the store.
    pub fn cookie_expired<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) {
        if self.is_open() && self.own_end <= at {
            // Its own end came first, and nobody has looked at its key since.
            self.state = State::Expired;
        } else if self.is_open() {
            self.lose(probe, class, at, LossCause::CookieExpired);
        }
    }

    /// The creating write was answered: the session exists from `at` to `own_end`, or if the
    /// write was refused it is lost at birth.
    pub fn created<P: Probe>(
        &mut self,
        probe: &mut P,
        class: u16,
        at: Time,
        own_end: Time,
        refused: bool,
        presence: Presence,
    ) {
        probe.session_created(at, class);
        self.state = State::Open;
        self.leaving = false;
        self.own_end = own_end;
        if refused {
            self.lose(probe, class, at, LossCause::Refused);
        }
        if presence != Presence::InVisit {
            // The user did not wait for it.
            self.left(probe, class, at, presence);
        }
    }

    /// A request renewed it: it now ends at `own_end` by itself.
    #[inline]
    pub fn renewed(&mut self, own_end: Time) {
        if self.is_open() {
            self.own_end = own_end;
        }
    }

    /// Its identity key left the store at `at`.
    pub fn key_died<P: Probe>(
        &mut self,
        probe: &mut P,
        class: u16,
        at: Time,
        death: KeyDeath,
        presence: Presence,
    ) {
        if !self.is_open() {
            return;
        }
        // An expired key that is still resident can be evicted: its session was over before.
        if death != KeyDeath::Expired && at < self.own_end {
            let cause = match death {
                KeyDeath::NodeLost => LossCause::NodeLost,
                KeyDeath::Unreplicated => LossCause::Unreplicated,
                _ => LossCause::Evicted,
            };
            self.lose(probe, class, at, cause);
            if presence != Presence::InVisit {
                self.left(probe, class, at, presence);
            }
        } else if presence == Presence::Gone {
            self.end(probe, class);
        } else {
            self.state = State::Expired;
        }
    }

    /// A request that had found it stored it at `at`, although its key had left the store in
    /// between. Nobody noticed: it begins anew, until `own_end`.
    pub fn stored_again<P: Probe>(
        &mut self,
        probe: &mut P,
        class: u16,
        at: Time,
        own_end: Time,
        presence: Presence,
    ) {
        match self.state {
            State::Lost => self.left(probe, class, at, presence),
            State::Expired => self.end(probe, class),
            State::LostUnnoticed => {}
            // It lives; or another request has found it gone and makes good for that.
            _ => return,
        }
        self.recovering = false;
        self.created(probe, class, at, own_end, false, presence);
    }

    /// A request that believed in it found it gone at `at`. Returns whether the application now
    /// makes good for it: not if another request of the user already does.
    pub fn found_gone<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) -> bool {
        // A node with a queue may have stated a loss ahead of its time.
        let at = at.max(self.own_end);
        match self.state {
            State::Lost => {
                probe.loss_felt(at, self.own_end, class, self.cause, true);
                self.state = State::Felt;
            }
            State::Expired => {
                probe.session_closed(self.own_end, class, Fate::ExpiredInUse);
                self.state = State::ExpiredFelt;
            }
            State::LostUnnoticed | State::Felt | State::ExpiredFelt => {}
            State::None | State::Creating | State::Restoring | State::Open => return false,
        }
        !std::mem::replace(&mut self.recovering, true)
    }

    /// A request in it got no answer from the store at `at`. Whoever sends one misses a session that
    /// is lost.
    pub fn unreachable<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) {
        if self.state == State::Lost && self.found_gone(probe, class, at) {
            self.recovering = false;
        }
    }

    /// The store knows of no later renewal: it ends by itself at `end` at the latest.
    pub fn ends_by(&mut self, end: Time) {
        if self.is_open() {
            self.own_end = self.own_end.min(end);
        }
    }

    /// The application could not make good for it: the database refused the query. The next
    /// request may try again.
    pub fn recovery_failed(&mut self) {
        self.recovering = false;
    }

    /// What the application did about a session found gone took effect at `at`: the user knows
    /// of none now. Does nothing if there is nothing to make good for.
    pub fn made_good<P: Probe>(
        &mut self,
        probe: &mut P,
        class: u16,
        at: Time,
        aftermath: Aftermath,
    ) {
        let closed_at = self.own_end;
        let at = at.max(closed_at);
        match self.state {
            State::Felt => {
                probe.aftermath(at, closed_at, class, Fate::Lost(self.cause), aftermath);
            }
            State::ExpiredFelt => {
                probe.aftermath(at, closed_at, class, Fate::ExpiredInUse, aftermath);
            }
            // Lost between two visits: no fate of its own is felt, but whoever comes back meets it.
            State::LostUnnoticed => probe.found_late(at, class, self.cause, aftermath),
            State::None
            | State::Creating
            | State::Restoring
            | State::Open
            | State::Lost
            | State::Expired => return,
        }
        self.state = State::None;
        self.recovering = false;
    }

    /// The user logged out at `at`, and the session was (`found`) or was not there.
    pub fn logged_out<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time, found: bool) {
        if found && self.is_open() {
            probe.session_closed(at, class, Fate::LoggedOut);
            self.state = State::None;
        } else {
            self.found_gone(probe, class, at);
            self.made_good(probe, class, at, Aftermath::Abandoned);
        }
    }

    /// The visit ended at `at` without a logout, or the run did. Whoever felt the loss and was
    /// not helped by then has given up.
    pub fn left<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time, presence: Presence) {
        match self.state {
            State::Lost => {
                probe.loss_felt(at, self.own_end, class, self.cause, false);
                self.state = State::LostUnnoticed;
            }
            State::Felt | State::ExpiredFelt => {
                self.made_good(probe, class, at, Aftermath::Abandoned);
            }
            State::Expired if presence == Presence::Gone => self.end(probe, class),
            // Without a TTL the user's last intent is the session's own end.
            State::Open if presence == Presence::Gone && self.own_end == Time::NEVER => {
                self.own_end = at;
                self.end(probe, class);
            }
            _ => {}
        }
        if presence == Presence::Gone && self.state == State::LostUnnoticed {
            self.state = State::None;
        }
    }

    /// Closes as ended what reached its own end by `at` and whose user is gone for good: it may
    /// still lie in the store, expired, but nothing more can happen to it.
    pub fn close_if_over<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) {
        if self.is_open() && self.own_end <= at {
            self.end(probe, class);
        }
    }

    /// The run ended at `at`.
    pub fn run_ended<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time) {
        self.left(probe, class, at, Presence::MayReturn);
        match self.state {
            State::Open if self.own_end > at => {
                probe.session_closed(at, class, Fate::Alive);
                self.state = State::None;
            }
            State::Open | State::Expired => self.end(probe, class),
            _ => {}
        }
    }

    fn lose<P: Probe>(&mut self, probe: &mut P, class: u16, at: Time, cause: LossCause) {
        probe.session_closed(at, class, Fate::Lost(cause));
        self.state = State::Lost;
        self.cause = cause;
        self.own_end = at;
    }

    fn end<P: Probe>(&mut self, probe: &mut P, class: u16) {
        probe.session_closed(self.own_end, class, Fate::Ended);
        self.state = State::None;
    }
}
