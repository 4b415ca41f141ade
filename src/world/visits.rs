//! Users who come, act, leave and come back.

use crate::kernel::draws::Purpose;
use crate::kernel::slab::Slab;
use crate::probe::{Probe, RequestKind};
use crate::program::ProgramKind;
use crate::session::NO_KEY;
use crate::traffic::{Act, Class, Intent, Phase, User};
use crate::units::Time;

use super::event::Event;
use super::side::KeyAt;
use super::{Visitor, World};

/// The seats of a class with a fixed number of concurrent users: whoever leaves one is replaced
/// at once.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// One a seat; empty if nobody ever comes back and no seat ever closes, since then nothing
    /// needs to be known of them.
    seats: Vec<Seat>,
    /// Links of the lists of those who wait.
    links: Slab<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    /// Who waits to come back, first come, first served: a list of links.
    first: u32,
    last: u32,
    /// How many users have had the seat so far, its present one included.
    users: u32,
    taken: bool,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    visitor: u32,
    next: u32,
}

const NOBODY: u32 = u32::MAX;

impl Seats {
    /// Those of `class`; with `returns` if users come back to them.
    pub(super) fn new(class: &Class, returns: bool) -> Self {
        let number = match class.seats() {
            Some(number) if returns || class.seats_change() => number as usize,
            _ => 0,
        };
        let empty = Seat {
            first: NOBODY,
            last: NOBODY,
            users: 0,
            taken: false,
        };
        Self {
            seats: vec![empty; number],
            links: Slab::with_capacity(0),
        }
    }

    /// A user is back and waits for the seat to be free.
    pub(super) fn wait(&mut self, seat: u32, visitor: u32) {
        let link = self.links.insert(Link {
            visitor,
            next: NOBODY,
        });
        let seat = &mut self.seats[seat as usize];
        if seat.first == NOBODY {
            seat.first = link;
        } else {
            self.links.get_mut(seat.last).next = link;
        }
        seat.last = link;
    }

    /// Who takes the seat that opens: a visitor who waits for it, or the number of the generation
    /// of someone new. `None` if whoever had it when it closed still has it.
    fn opens(&mut self, seat: u32) -> Option<Result<u32, u32>> {
        match self.seats.get(seat as usize) {
            None => Some(Err(0)),
            Some(seat) if seat.taken => None,
            Some(_) => Some(self.seat_next(seat)),
        }
    }

    /// Who takes the seat that `user` leaves.
    fn next(&mut self, user: &User) -> Result<u32, u32> {
        if self.seats.is_empty() {
            return Err(user.next_generation());
        }
        self.seat_next(user.seat())
    }

    fn seat_next(&mut self, seat: u32) -> Result<u32, u32> {
        let seat = &mut self.seats[seat as usize];
        seat.taken = true;
        if seat.first == NOBODY {
            seat.users += 1;
            return Err(seat.users - 1);
        }
        let link = *self.links.get(seat.first);
        self.links.remove(seat.first);
        seat.first = link.next;
        Ok(link.visitor)
    }

    /// All seats are taken from the start on.
    pub(super) fn take_all(&mut self) {
        for seat in &mut self.seats {
            seat.taken = true;
        }
    }

    /// The seat has closed before its user left.
    fn close(&mut self, seat: u32) {
        self.seats[seat as usize].taken = false;
    }
}

impl<P: Probe> World<P> {
    /// Puts the next new user of a class on the agenda.
    pub(super) fn expect_next_user(&mut self, class: usize) {
        let crowd = &mut self.crowds[class];
        let at = if crowd.class.seats().is_none() {
            crowd.next_arrival = crowd.arrivals.next(&crowd.class);
            crowd.next_arrival.0
        } else if let Some((at, _)) = crowd.openings.last() {
            *at
        } else {
            return;
        };
        // Beyond the end nobody arrives; the clock reaches no further.
        if at < self.end {
            self.agenda.push(at, Event::NewUser(class as u32).pack());
        }
    }

    /// Someone new comes, or a seat opens.
    pub(super) fn new_user(&mut self, class: u32) {
        let class = class as usize;
        let crowd = &mut self.crowds[class];
        let visitor = if let Some((_, seat)) = crowd.openings.pop() {
            // What is left of a long list is most of a run's memory at its beginning.
            if crowd.openings.len() < crowd.openings.capacity() / 2 {
                crowd.openings.shrink_to_fit();
            }
            crowd.seats.opens(seat).map(|next| match next {
                Ok(visitor) => visitor,
                Err(generation) => {
                    let user = crowd.class.seated_user(seat, generation);
                    self.visitors.insert(Visitor::new(user))
                }
            })
        } else {
            let user = crowd.class.arriving_user(crowd.next_arrival.1);
            Some(self.visitors.insert(Visitor::new(user)))
        };
        if let Some(visitor) = visitor {
            self.begin_visit(visitor);
        }
        self.expect_next_user(class);
    }

    /// A user acts, or is back.
    #[inline]
    pub(super) fn wake(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let crowd = &mut self.crowds[visitor.user.class() as usize];
        if visitor.user.phase() == Phase::Visiting {
            let act = crowd.class.act(&mut visitor.user, self.now);
            self.perform(place, act);
        } else {
            self.come_back(place);
        }
    }

    /// A user is back.
    fn come_back(&mut self, place: u32) {
        let user = self.visitors.get(place).user;
        let crowd = &mut self.crowds[user.class() as usize];
        if crowd.class.seats().is_none() {
            self.begin_visit(place);
        } else {
            // The seat is taken: someone else was let in when this user left.
            crowd.seats.wait(user.seat(), place);
        }
    }

    fn begin_visit(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let class = visitor.user.class();
        self.users_present += 1;
        self.crowds[class as usize].users_present += 1;
        self.probe.visit_began(self.now, class);
        let act = self.crowds[class as usize]
            .class
            .begin_visit(&mut visitor.user, self.now);
        self.perform(place, act);
    }

    /// A user has left a seat: whoever waits for it sits down, else someone new, unless it has
    /// closed.
    fn pass_on_seat(&mut self, user: &User) {
        let crowd = &mut self.crowds[user.class() as usize];
        if crowd.class.seats().is_none() {
            return;
        }
        if crowd.class.seats_change() && !crowd.class.seat_is_open(user.seat(), self.now) {
            crowd.seats.close(user.seat());
            return;
        }
        let next = crowd.seats.next(user).unwrap_or_else(|generation| {
            let user = crowd.class.seated_user(user.seat(), generation);
            self.visitors.insert(Visitor::new(user))
        });
        self.begin_visit(next);
    }

    /// What the user set out to do begins.
    #[inline]
    fn perform(&mut self, place: u32, act: Act) {
        if act.next < self.end {
            self.agenda.push(act.next, Event::Wake(place).pack());
        }
        self.tell_intent(place, &act);
        match act.intent {
            Intent::Read => self.request(place, (act.n, 0), RequestKind::Read),
            Intent::Modify => self.request(place, (act.n, 0), RequestKind::Modify),
            _ => self.come_or_go(place, act),
        }
    }

    #[inline(never)]
    fn come_or_go(&mut self, place: u32, act: Act) {
        match act.intent {
            // Requests like all others.
            Intent::Read | Intent::Modify => {}
            Intent::Page => self.request_page(place, act.n),
            Intent::Hit | Intent::Untouched => self.do_without(place, (act.n, 0)),
            Intent::Login => self.begin_session(place, act.n, 0, ProgramKind::Login),
            Intent::FirstWrite => self.write_first(place, act.n),
            Intent::Logout => {
                // What becomes of the session is known when the logout is answered.
                self.visitors.get_mut(place).session.begin_leaving();
                self.request(place, (act.n, 0), RequestKind::Logout);
                if !self.visitors.get(place).user.is_visiting() {
                    self.visit_over(place);
                    return;
                }
            }
            Intent::Leave => {
                let now = self.now;
                self.ledger(place, |session, probe, class, presence| {
                    session.left(probe, class, now, presence);
                });
                self.visit_over(place);
                return;
            }
        }
        self.resume_if_idle(place, self.now);
    }

    /// Sends all requests of a page at once.
    fn request_page(&mut self, place: u32, n: u32) {
        let user = self.visitors.get(place).user;
        let class = user.class() as usize;
        for call in 0..self.crowds[class].class.calls(&user, n) {
            match self.crowds[class].class.call(&user, n, call) {
                Intent::Modify => self.request(place, (n, call), RequestKind::Modify),
                Intent::Untouched => self.do_without(place, (n, call)),
                _ => self.request(place, (n, call), RequestKind::Read),
            }
        }
    }

    /// A user who waits for a reply, and for whom nothing is on its way any more at `at`, begins
    /// to think.
    pub(super) fn resume_if_idle(&mut self, place: u32, at: Time) {
        let visitor = self.visitors.get_mut(place);
        let user = &mut visitor.user;
        if user.phase() == Phase::Waiting && user.requests_in_flight == 0 {
            let next = self.crowds[user.class() as usize].class.resume(user, at);
            self.schedule(next, Event::Wake(place));
        }
    }

    /// Sends a request in the session the user believes in.
    #[inline]
    fn request(&mut self, place: u32, (n, call): (u32, u8), kind: RequestKind) {
        let session = &self.visitors.get(place).session;
        if session.is_known() {
            self.ask(place, (n, call), kind);
        } else if session.is_none() && kind != RequestKind::Logout {
            // Nobody is logged in: the application asks for a login first. There is nothing to
            // log out of.
            self.come_without_cookie(place, n, kind);
        } else {
            // While a login is under way the user waits for its page: there is nothing to click.
            self.resume_if_idle(place, self.now);
        }
    }

    /// A request that needs no session. Whoever has a cookie sends it.
    fn do_without(&mut self, place: u32, (n, call): (u32, u8)) {
        let session = &self.visitors.get(place).session;
        if session.is_known() {
            self.ask(place, (n, call), RequestKind::Other);
        } else if session.is_none() {
            self.begin_session(place, n, 0, ProgramKind::Cookieless);
        }
    }

    /// A guest's session begins, unless a request without a cookie has given them one: then that
    /// one is filled.
    fn write_first(&mut self, place: u32, n: u32) {
        let visitor = self.visitors.get_mut(place);
        if !visitor.session.is_current() {
            self.begin_session(place, n, 0, ProgramKind::FirstWrite);
            return;
        }
        let size = visitor.user.draws().at(n, 0, 0, Purpose::Size);
        let crowd = &self.crowds[visitor.user.class() as usize];
        visitor.session.bytes = crowd.bytes.draw(size) as u32;
        self.ask(place, (n, 0), RequestKind::Modify);
    }

    fn visit_over(&mut self, place: u32) {
        let user = self.visitors.get(place).user;
        self.users_present -= 1;
        self.crowds[user.class() as usize].users_present -= 1;
        self.settle(place);
        self.pass_on_seat(&user);
    }

    /// Gives back what nothing needs any more: the key of a session that is over, and a user who
    /// is gone for good. Waits until none of the user's requests is on its way.
    #[inline]
    pub(super) fn settle(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        if visitor.session.is_none() && visitor.user.requests_in_flight == 0 {
            self.settle_ended(place);
        }
    }

    #[inline(never)]
    fn settle_ended(&mut self, place: u32) {
        let visitor = self.visitors.get_mut(place);
        let class = visitor.user.class();
        let key = std::mem::replace(&mut visitor.session.key, NO_KEY);
        if key != NO_KEY {
            let node = visitor.session.node;
            // If it is there it stays in the store without a session, until its TTL or an eviction.
            self.give_up(class, KeyAt { key, node });
        }
        let gone = self.visitors.get(place).user.phase() == Phase::Gone;
        if self.crowds[class as usize].prepares {
            self.give_up_others(place, class, gone);
        }
        if gone {
            self.visitors.remove(place);
            self.sides.clear(place);
        }
    }
}
