//! What users do in their visits, followed one by one.

use super::{Act, Class, Intent, Phase};
use crate::kernel::draws::DrawRoot;
use crate::scenario;
use crate::units::Time;

/// The class that these lines of `[[users]]` make.
pub(super) fn class(lines: &str) -> Class {
    let text = format!(
        "duration = \"1d\"\nplatform = \"self-managed\"\n[store]\nmaxmemory = \"1GiB\"\n\
         [[users]]\n{lines}\n[users.session]\nbytes = \"1KB\"\nttl = \"30m\"\n"
    );
    let scenario = scenario::load("test.toml", &text)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    Class::new(&scenario.users[0], 0, DrawRoot::new(7, 0))
}

/// The intents of one visit with their times, from `user`'s next visit on.
fn visit(class: &Class, user: &mut super::User, at: Time) -> Vec<(u64, Intent)> {
    let mut act: Act = class.begin_visit(user, at);
    let mut intents = vec![(at.0 / 1_000_000_000, act.intent)];
    while user.phase() == Phase::Visiting {
        let now = act.next;
        act = class.act(user, now);
        intents.push((now.0 / 1_000_000_000, act.intent));
    }
    intents
}

#[test]
fn a_script_is_followed_one_request_a_think_time() {
    use Intent::{FirstWrite, Hit, Leave, Login, Logout, Modify, Read, Untouched};
    let class = class(
        "arrival_rate = \"1/s\"\nthink_time = \"10s\"\nreturn_share = \"100%\"\n\
         script = [\"hit\", \"first-write\", \"login\", \"untouched\", \"logout\", \"read\", \"modify\"]",
    );
    let mut user = class.arriving_user(3);
    for at in [Time::ZERO, Time(5_000_000_000_000)] {
        let start = at.0 / 1_000_000_000;
        let wanted = [
            Hit, FirstWrite, Login, Untouched, Logout, Read, Modify, Leave,
        ];
        let wanted: Vec<_> = (0..).map(|n| start + 10 * n).zip(wanted).collect();
        assert_eq!(visit(&class, &mut user, at), wanted);
        assert_eq!(user.phase(), Phase::Away);
    }
}

#[test]
fn a_script_that_ends_with_a_logout_ends_with_it() {
    let class = class("arrival_rate = \"1/s\"\nscript = [\"login\", \"logout\"]");
    let intents = visit(&class, &mut class.arriving_user(0), Time::ZERO);
    assert_eq!(intents.len(), 2);
    assert_eq!(intents[1].1, Intent::Logout);
}

#[test]
fn a_stranger_makes_one_request() {
    let class = class("concurrent = 3\ncookies = false\nthink_time = \"5s\"");
    for generation in 0..3 {
        let mut user = class.seated_user(2, generation);
        let intents = visit(&class, &mut user, Time::ZERO);
        assert_eq!(intents, [(0, Intent::Hit), (5, Intent::Leave)]);
        assert_eq!(user.phase(), Phase::Gone);
    }
}

/// A guest's visit is that of the same user who logs in, but for the login itself.
#[test]
fn guests_log_in_later_or_never() {
    let lines = |more: &str| {
        class(&format!(
            "arrival_rate = \"1/s\"\nthink_time = \"7s\"\nstay = \"60s\"\n\
             return_share = \"100%\"\nlogout_share = \"0%\"\n{more}"
        ))
    };
    let at_once = lines("");
    let later = lines("login_after = \"20s\"");
    let beyond = lines("login_after = \"2m\"");
    let never = lines("login_share = \"0%\"");
    let first = |class: &Class| visit(class, &mut class.arriving_user(1), Time::ZERO);
    assert_eq!(first(&at_once)[0].1, Intent::Login);
    let intents = first(&later);
    assert_eq!(intents[0], (0, Intent::FirstWrite));
    let login = intents.iter().position(|(_, i)| *i == Intent::Login);
    assert_eq!(intents[login.unwrap()].0, 20);
    assert_eq!(intents.last().unwrap(), &(60, Intent::Leave));
    for class in [&beyond, &never] {
        let mut user = class.arriving_user(1);
        let guest = visit(class, &mut user, Time::ZERO);
        assert_eq!(guest[0].1, Intent::FirstWrite);
        assert!(guest.iter().all(|(_, intent)| *intent != Intent::Login));
        assert_eq!(guest[1..], first(&at_once)[1..]);
        // Back as a guest with a cookie.
        let again = visit(class, &mut user, Time(1_000_000_000_000));
        assert!(matches!(again[0].1, Intent::Read | Intent::Modify));
    }
    // Whoever has logged in once does not do so again.
    let mut user = later.arriving_user(1);
    visit(&later, &mut user, Time::ZERO);
    let again = visit(&later, &mut user, Time(1_000_000_000_000));
    assert!(again.iter().all(|(_, intent)| *intent != Intent::Login));
}

#[test]
fn as_many_log_in_as_the_share_says() {
    let class = class("arrival_rate = \"1/s\"\nlogin_share = \"30%\"");
    let logins = (0..10_000)
        .filter(|number| {
            let act = class.begin_visit(&mut class.arriving_user(*number), Time::ZERO);
            act.intent == Intent::Login
        })
        .count();
    // Four standard deviations of a binomial.
    assert!((2817..3183).contains(&logins), "{logins}");
}

#[test]
fn requests_that_do_not_touch_the_session_take_the_place_of_reads() {
    let lines = |share: &str| {
        class(&format!(
            "arrival_rate = \"1/s\"\nstay = \"2h\"\nmodify_share = \"20%\"\nuntouched_share = \"{share}\""
        ))
    };
    let visit = |class: &Class| visit(class, &mut class.arriving_user(5), Time::ZERO);
    let (none, some, all) = (lines("0%"), lines("30%"), lines("80%"));
    let (none, some, all) = (visit(&none), visit(&some), visit(&all));
    let mut untouched = 0;
    for ((was, is), becomes) in none.iter().zip(&some).zip(&all) {
        assert_eq!(was.0, is.0);
        match is.1 {
            Intent::Untouched => {
                untouched += 1;
                assert_eq!(was.1, Intent::Read);
            }
            intent => assert_eq!(was.1, intent),
        }
        if was.1 == Intent::Read {
            assert_eq!(becomes.1, Intent::Untouched);
        }
    }
    let share = f64::from(untouched) / none.len() as f64;
    assert!((0.2..0.4).contains(&share), "{share}");
}
