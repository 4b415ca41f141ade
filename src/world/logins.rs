//! Logins, the first and the forced: a user gets a session with a key of its own.

use crate::kernel::draws::Purpose;
use crate::probe::{Probe, RequestKind};
use crate::program::ProgramKind;
use crate::session::NO_KEY;
use crate::store::keyspace::KeyId;

use super::journey::Stage;
use super::{ABANDONED, NO_OWNER, World};

impl<P: Probe> World<P> {
    /// Begins a login: a request of its own. Users who must log in again do so at once.
    #[inline(never)]
    pub(super) fn log_in(&mut self, place: u32, n: u32, attempt: u8) {
        let now = self.now;
        self.ledger(place, |session, probe, class, _| {
            session.begin_creating(probe, class, now);
        });
        let class = self.visitors.get(place).user.class();
        let request = self.new_request(place, (n, attempt), RequestKind::Login);
        let request = self.requests.insert(request);
        // Whatever is still on its way for the earlier session speaks for none any more.
        self.retire_key(place);
        if self.crowds[class as usize].login {
            self.query(request, Stage::Credentials);
        } else {
            self.create_session(request);
        }
    }

    /// Gives the user a new session with a key of its own, and stores it.
    pub(super) fn create_session(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let now = self.now;
        // Of two logins at once the later one wins.
        self.ledger(request.visitor, |session, probe, class, _| {
            session.begin_creating(probe, class, now);
        });
        self.retire_key(request.visitor);
        let crowd = &mut self.crowds[request.class as usize];
        let visitor = self.visitors.get_mut(request.visitor);
        let id = request.draws.at(0, Purpose::SessionId);
        let size = request.draws.at(0, Purpose::Size);
        let slot = crowd.key.slot(id);
        let node = self.slots.node(slot);
        let keyspace = self.nodes[node as usize].keyspace_mut();
        let key = keyspace.create(id, slot, crowd.shape, request.visitor);
        visitor.session.key = key.0;
        visitor.session.node = node;
        visitor.session.bytes = crowd.bytes.draw(size) as u32;
        let request = self.requests.get_mut(place);
        request.key = key.0;
        request.node = node;
        self.run_program(place, ProgramKind::Login);
    }

    /// Parts the user from the key of an earlier session.
    pub(super) fn retire_key(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let key = std::mem::replace(&mut visitor.session.key, NO_KEY);
        if key == NO_KEY {
            return;
        }
        let keyspace = self.nodes[visitor.session.node as usize].keyspace_mut();
        if visitor.user.requests_in_flight > 1 {
            keyspace.set_owner(KeyId(key), ABANDONED);
        } else if keyspace.is_live(KeyId(key)) {
            keyspace.set_owner(KeyId(key), NO_OWNER);
        } else {
            keyspace.release(KeyId(key));
        }
    }
}
