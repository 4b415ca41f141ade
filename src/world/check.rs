//! What holds at the end of every run. A violation is a bug and ends the program loudly.

use crate::probe::Probe;
use crate::store::keyspace::KeyId;

use super::World;

impl<P: Probe> World<P> {
    /// Closes the books: every session that is still open meets its fate.
    pub(super) fn close_books(&mut self, complete: bool) {
        let now = self.now;
        let open = self
            .visitors
            .places()
            .iter()
            .filter(|v| v.session.is_open())
            .count();
        let open = open + self.recorded_sessions().filter(|s| s.is_open()).count();
        self.hold(
            open as u64 == self.live_sessions,
            "the count of live sessions is off",
        );
        self.hold(
            self.visitors
                .places()
                .iter()
                .map(|v| &v.session)
                .chain(self.recorded_sessions())
                .filter(|session| session.is_open())
                .all(|session| {
                    let keyspace = self.nodes[session.node as usize].keyspace();
                    keyspace.is_live(KeyId(session.key))
                }),
            "a session lives and its key is not stored",
        );
        let live_sessions = self.live_sessions;
        self.sample_owners(true);
        for place in 0..self.visitors.places().len() as u32 {
            self.ledger(place, |session, probe, class, _| {
                session.run_ended(probe, class, now);
            });
        }
        self.close_recorded_sessions();
        // Rows and minutes end where the next begins; the last ones end with the run.
        self.sample_nodes();
        self.state_crossings();
        self.probe
            .window(self.now, &self.samples, live_sessions, self.users_present);
        self.probe.minute(self.now, &self.samples);
        let in_flight = self.requests.len() as u64 + self.recorded_in_flight();
        self.probe
            .run_ends(self.now, in_flight, self.fingerprint, complete);
        self.check();
    }

    fn check(&self) {
        let on_their_way: u64 = self
            .visitors
            .places()
            .iter()
            .map(|v| u64::from(v.user.requests_in_flight))
            .sum();
        self.hold(
            on_their_way == self.requests.len() as u64,
            "users and the books disagree on the requests in flight",
        );
        self.hold(
            self.visitors
                .places()
                .iter()
                .map(|v| &v.session)
                .chain(self.recorded_sessions())
                .all(|session| !session.has_no_fate()),
            "a session has no fate",
        );
        if let Some(topology) = &self.topology
            && let Err(broken) = topology.check()
        {
            self.hold(false, &broken);
        }
        for node in &self.nodes {
            self.hold(
                node.keyspace().deaths().is_empty(),
                "a key died and nobody was told",
            );
            if let Err(broken) = node.keyspace().check() {
                self.hold(false, &broken);
            }
        }
    }

    pub(super) fn hold(&self, holds: bool, what: &str) {
        assert!(holds, "{what} (seed {}, at {:?})", self.seed, self.now);
    }
}
