//! Identifiers, journals, and a user followed by hand.

use crate::probe::{Fate, LossCause, Probe, RequestId, Told, UserId, VisitId};
use crate::units::Time;

use super::find::Enough;
use super::follow::Follower;
use super::{Event, Journal, SessionId, Story, What};

#[test]
fn an_identifier_is_as_its_key_has_it() {
    let id = SessionId(0x0123_4567_89AB_CDEF);
    assert_eq!(id.to_string(), "fedcba9876543210");
    assert_eq!(SessionId::parse("fedcba9876543210"), Some(id));
    for wrong in [
        "",
        "fedcba987654321",
        "fedcba98765432100",
        "fedcba987654321g",
        "-edcba9876543210",
    ] {
        assert_eq!(SessionId::parse(wrong), None, "{wrong}");
    }
}

fn event(at: u64) -> Event {
    Event {
        at: Time(at),
        intent: None,
        what: What::Created,
    }
}

#[test]
fn a_journal_keeps_the_beginning_and_the_end() {
    let mut journal = Journal::new(3);
    (0..5).for_each(|at| journal.push(event(at)));
    assert_eq!(journal.timeline().left_out, 0);
    assert_eq!(journal.timeline().first.len(), 5);
    (5..1000).rev().for_each(|at| journal.push(event(at)));
    let timeline = journal.timeline();
    let times = |events: &[&Event]| events.iter().map(|event| event.at.0).collect::<Vec<_>>();
    assert_eq!(times(&timeline.first), [0, 1, 2]);
    assert_eq!(timeline.left_out, 994);
    assert_eq!(times(&timeline.last), [5, 6, 7]);
    journal.trim(|event| event.at.0 > 0);
    assert_eq!(times(&journal.timeline().first), [0]);
    let mut none = Journal::new(0);
    none.push(event(0));
    assert_eq!(none.events().count(), 0);
}

const USER: UserId = UserId { class: 0, user: 7 };

/// A user logs in at 10, and again with the next intent at 20 each time one is lost.
fn follow(mut follower: Follower) -> Vec<Story> {
    let visit = |user| VisitId {
        class: 0,
        user,
        first: 0,
    };
    for session in 0..3u64 {
        let (at, intent) = (Time(10 * session), session as u32);
        for user in [USER, UserId { class: 0, user: 8 }] {
            let request = RequestId { intent, attempt: 0 };
            let id = 100 * user.user + session;
            follower.told(at, user, request, &Told::Intends("login"));
            follower.told(at, user, request, &Told::Named { id, shard: 0 });
            follower.about(visit(user.user));
            follower.session_created(at, 0);
            let lost = Time(10 * session + 5);
            follower.session_closed(lost, 0, Fate::Lost(LossCause::Evicted));
            follower.loss_felt(lost, lost, 0, LossCause::Evicted, session == 1);
        }
    }
    follower.finish()
}

#[test]
fn a_follower_tells_what_was_asked_for() {
    let enough = Enough::default();
    let stories = follow(Follower::of_id(USER, SessionId(701), enough.clone()));
    assert!(enough.is_reached());
    let [story] = &stories[..] else {
        panic!("{stories:?}");
    };
    assert_eq!((story.id, story.created), (SessionId(701), Some(Time(10))));
    assert_eq!(story.losses[0].felt, Some(true));
    // It begins with the intent that led to it, and ends with the next session.
    let events: Vec<&Event> = story.journal.events().collect();
    assert_eq!(events[0].what, What::Told(Told::Intends("login")));
    assert_eq!(events[0].at, Time(10));
    assert_eq!(
        events.last().map(|last| last.what),
        Some(What::Next(SessionId(702)))
    );

    let lost = [(USER, Time(25)), (USER, Time(5))];
    let stories = follow(Follower::of_lost(&lost, Enough::default()));
    let ids: Vec<SessionId> = stories.iter().map(|story| story.id).collect();
    assert_eq!(ids, [SessionId(702), SessionId(700)]);
    let none = follow(Follower::of_id(USER, SessionId(5), Enough::default()));
    assert!(none.is_empty());
}
