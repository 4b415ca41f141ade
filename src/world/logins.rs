//! How sessions begin: by a login, the first or a forced one, by a guest's first write, or by a
//! request without a cookie, if the library stores something for those.

use crate::kernel::draws::Purpose;
use crate::probe::{Probe, RequestKind, Told};
use crate::program::ProgramKind;
use crate::scenario::users::Rotation;
use crate::session::NO_KEY;
use crate::store::keyspace::KeyId;

use super::World;
use super::owners::abandoned;
use super::request::Stage;
use super::side::KeyAt;

impl<P: Probe> World<P> {
    /// Begins a session by `program`, in a request of its own. Users who must log in again do so
    /// at once.
    #[inline(never)]
    pub(super) fn begin_session(&mut self, place: u32, n: u32, attempt: u8, program: ProgramKind) {
        let visitor = self.visitors.get(place);
        let class = visitor.user.class() as usize;
        let is_login = program == ProgramKind::Login;
        let passes = program == ProgramKind::Cookieless
            && self.crowds[class].programs.first(program).is_none();
        // A guest's session lives on until the new one takes its place.
        let keeps = passes || (is_login && visitor.session.is_current());
        if !keeps {
            let now = self.now;
            self.ledger(place, |session, probe, class, _| {
                session.begin_creating(probe, class, now);
            });
        }
        let kind = if program == ProgramKind::Cookieless {
            RequestKind::Other
        } else {
            RequestKind::Login
        };
        let mut request = self.new_request(place, (n, attempt), kind);
        request.begins_session(program);
        let request = self.requests.insert(request);
        if self.crowds[class].prepares {
            self.begin_errand(request);
        }
        if !keeps {
            // Whatever is still on its way for the earlier session speaks for none any more.
            self.retire_key(place);
        }
        if passes {
            self.program_over(request, self.now);
        } else if is_login && self.crowds[class].login {
            self.query(request, Stage::Credentials);
        } else {
            self.create_session(request);
        }
    }

    /// Gives the user a new session with a key of its own, and stores it.
    pub(super) fn create_session(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let crowd = &self.crowds[request.class as usize];
        let session = self.visitors.get(request.visitor).session;
        let again = request.program == ProgramKind::Login && session.is_current();
        if again && crowd.manners.rotation == Rotation::None {
            self.log_in_under_same_key(place);
            return;
        }
        let renames = crowd.manners.rotation == Rotation::Rename;
        let now = self.now;
        // Of two logins at once the later one wins.
        self.ledger(request.visitor, |session, probe, class, _| {
            session.begin_creating(probe, class, now);
        });
        if again {
            self.part_from_old(place);
        } else {
            self.retire_key(request.visitor);
        }
        if !(again && renames) {
            self.give_up_others(request.visitor, request.class, false);
        }
        self.give_key(place);
        let empty = request.program == ProgramKind::Cookieless;
        let bytes = self.size_of_new(place, empty);
        self.visitors.get_mut(request.visitor).session.bytes = bytes;
        let program = if again {
            ProgramKind::LoginAgain
        } else {
            request.program
        };
        self.run_program(place, program);
    }

    /// The session goes on under its key, with what belongs to the user in it.
    fn log_in_under_same_key(&mut self, place: u32) {
        let bytes = self.size_of_new(place, false);
        let request = *self.requests.get(place);
        let session = &mut self.visitors.get_mut(request.visitor).session;
        session.bytes = bytes;
        let at = KeyAt {
            key: session.key,
            node: session.node,
        };
        self.requests.get_mut(place).works_on(at);
        self.errands.at(place).old = at;
        self.give_cookie(request.visitor);
        self.run_program(place, ProgramKind::LoginAgain);
    }

    /// A new key for the user's session.
    pub(super) fn give_key(&mut self, place: u32) {
        let request = *self.requests.get(place);
        let crowd = &mut self.crowds[request.class as usize];
        let id = request.draws.at(0, Purpose::SessionId);
        let slot = crowd.key.slot(id);
        let shape = crowd.shape;
        let node = self.slots.node(slot);
        let keyspace = self.nodes[node as usize].keyspace_mut();
        let key = keyspace.create(id, slot, shape, request.visitor).0;
        let session = &mut self.visitors.get_mut(request.visitor).session;
        session.key = key;
        session.node = node;
        self.requests.get_mut(place).works_on(KeyAt { key, node });
        self.tell(&request, self.now, || Told::Named { id, shard: node });
        self.give_cookie(request.visitor);
    }

    /// Parts the user from the key of an earlier session.
    pub(super) fn retire_key(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let key = std::mem::replace(&mut visitor.session.key, NO_KEY);
        if key == NO_KEY {
            return;
        }
        let (node, class) = (visitor.session.node, visitor.user.class());
        if visitor.user.requests_in_flight > 1 {
            let keyspace = self.nodes[node as usize].keyspace_mut();
            keyspace.set_owner(KeyId(key), abandoned(class));
        } else {
            self.give_up(class, KeyAt { key, node });
        }
    }
}
