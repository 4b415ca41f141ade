//! What users do in their visits, followed one by one.

use super::{Act, Arrivals, Class, Intent, Phase};
use crate::kernel::draws::DrawRoot;
use crate::scenario::users::UserClass;
use crate::scenario::{self, Member};
use crate::units::{Span, Time};

/// The class that these lines of `[[users]]` make.
fn class(lines: &str) -> Class {
    Class::new(
        &Member::first(&class_spec(lines), 0),
        0,
        DrawRoot::new(7, 0),
    )
}

fn class_spec(lines: &str) -> UserClass {
    let text = format!(
        "duration = \"3d\"\nplatform = \"self-managed\"\n[store]\nmaxmemory = \"1GiB\"\n\
         [[users]]\n{lines}\n[users.session]\nbytes = \"1KB\"\nttl = \"30m\"\n"
    );
    let mut scenario = scenario::load("test.toml", &text)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    scenario.users.remove(0)
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

/// The times of all arrivals within `hours`, in seconds.
fn arrivals(lines: &str, hours: u64) -> Vec<f64> {
    let class = class_spec(lines);
    let compiled = Class::new(&Member::first(&class, 0), 0, DrawRoot::new(7, 0));
    let mut arrivals = Arrivals::new(&Member::first(&class, 0), Span::from_secs(3600 * hours));
    let end = Time(3_600_000_000_000 * hours);
    std::iter::from_fn(|| Some(arrivals.next(&compiled)))
        .enumerate()
        .map(|(n, (at, number))| {
            assert_eq!(n as u64, number);
            at
        })
        .take_while(|at| *at < end)
        .map(Time::seconds)
        .collect()
}

/// Whether counts have the means of a Poisson process, by the chi-square statistic in standard
/// deviations from its mean.
fn assert_poisson(arrivals: &[f64], bins: &[(f64, f64, f64)]) {
    let chi2: f64 = bins
        .iter()
        .map(|(from, to, mean)| {
            let inside = arrivals.iter().filter(|at| (from..to).contains(at));
            (inside.count() as f64 - mean).powi(2) / mean
        })
        .sum();
    let n = bins.len() as f64;
    let deviation = (chi2 - n) / (2.0 * n).sqrt();
    assert!(deviation.abs() < 4.0, "{deviation} deviations: {bins:?}");
}

#[test]
fn arrivals_follow_the_hours_of_a_day() {
    let lines = "arrival_rate = \"2000/h\"\n[users.arrivals]\nbegins_at = \"6h\"\nby_hour = \
                 [1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 8, 8, 9, 9, 10, 11, 12, 12, 8, 4, 2]";
    let weights = [
        1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 8, 8, 9, 9, 10, 11, 12, 12, 8, 4, 2,
    ];
    let sum: i32 = weights.iter().sum();
    let bins: Vec<_> = (0..48u32)
        .map(|hour| {
            let weight = weights[(hour as usize + 6) % 24];
            let from = f64::from(hour) * 3600.0;
            let mean = 2000.0 * 24.0 * f64::from(weight) / f64::from(sum);
            (from, from + 3600.0, mean)
        })
        .collect();
    assert_poisson(&arrivals(lines, 48), &bins);
}

/// Counts of a sine with a peak at 20:00, by its integral.
#[test]
fn arrivals_follow_a_sine() {
    let lines = "arrival_rate = \"2000/h\"\n[users.arrivals]\npeak_at = \"20h\"\nswing = \"80%\"";
    let turn = core::f64::consts::TAU / 24.0;
    let integral = |hour: f64| hour + 0.8 / turn * libm::sin(turn * (hour - 20.0));
    let bins: Vec<_> = (0..96)
        .map(|n| {
            let (from, to) = (f64::from(n) / 2.0, f64::from(n + 1) / 2.0);
            let mean = 2000.0 * (integral(to) - integral(from));
            (from * 3600.0, to * 3600.0, mean)
        })
        .collect();
    assert_poisson(&arrivals(lines, 48), &bins);
}

#[test]
fn arrivals_follow_growth_a_spike_and_a_flash_crowd() {
    let lines = "arrival_rate = \"1000/h\"\n[users.arrivals]\ngrowth = \"50%\"";
    let grown = |hour: f64| 24.0 / libm::log(1.5) * libm::pow(1.5, hour / 24.0);
    let bins: Vec<_> = (0..72)
        .map(|n| {
            let (from, to) = (f64::from(n), f64::from(n + 1));
            (
                from * 3600.0,
                to * 3600.0,
                1000.0 * (grown(to) - grown(from)),
            )
        })
        .collect();
    assert_poisson(&arrivals(lines, 72), &bins);
    let lines = "arrival_rate = \"10/s\"\n[users.arrivals]\nspikes = [{ at = \"1h\", factor = 8, rise = \
                 \"4m\", lasts = \"10m\", fall = \"6m\" }, { at = \"2h\", factor = 21, decay = \"5m\" }]";
    let decay =
        |n: f64| 10.0 * (60.0 + 20.0 * 300.0 * (libm::exp(-n / 5.0) - libm::exp(-(n + 1.0) / 5.0)));
    let mut bins = vec![
        (3540.0, 3600.0, 600.0),
        // The rate rises from 10 to 80 a second.
        (3600.0, 3720.0, 120.0 * 27.5),
        (3720.0, 3840.0, 120.0 * 62.5),
        (3840.0, 4440.0, 48_000.0),
        (4440.0, 4620.0, 180.0 * 62.5),
        (4620.0, 4800.0, 180.0 * 27.5),
        (4800.0, 7200.0, 24_000.0),
    ];
    bins.extend((0..15).map(|n| {
        let from = 7200.0 + f64::from(n) * 60.0;
        (from, from + 60.0, decay(f64::from(n)))
    }));
    assert_poisson(&arrivals(lines, 3), &bins);
}

/// A change leaves all earlier arrivals where they were.
#[test]
fn a_further_spike_changes_no_earlier_arrival() {
    let lines = |more: &str| {
        format!(
            "arrival_rate = \"1/s\"\n[users.arrivals]\npeak_at = \"20h\"\nspikes = [{{ at = \"1h\", \
             factor = 3, lasts = \"10m\" }}{more}]"
        )
    };
    let before = arrivals(&lines(""), 4);
    let after = arrivals(&lines(", { at = \"2h\", factor = 9, decay = \"1m\" }"), 4);
    let same = before
        .iter()
        .zip(&after)
        .filter(|(a, b)| a.total_cmp(b).is_eq())
        .count();
    let early = before.iter().filter(|at| **at < 7200.0).count();
    assert!(same >= early && early > 5000, "{same} of {early}");
    assert!(after.len() > before.len() + 200);
}

#[test]
fn constant_arrivals_are_equally_far_apart() {
    let lines = "arrival_rate = \"3/m\"\n[users.arrivals]\nprocess = \"constant\"";
    let times = arrivals(lines, 1);
    assert_eq!(times.len(), 179);
    assert!(
        times
            .iter()
            .zip(1..)
            .all(|(at, n)| (at - 20.0 * f64::from(n)).abs() < 1e-6)
    );
    // At twice the rate they are half as far apart.
    let lines = format!("{lines}\nsteps = [{{ at = \"30m\", factor = 2 }}]");
    let times = arrivals(&lines, 1);
    assert_eq!(times.len(), 269);
    assert!((times[100] - times[99] - 10.0).abs() < 1e-6);
}

#[test]
fn seats_open_and_close_by_steps() {
    let class = class(
        "concurrent = 100\nramp_up = \"10m\"\n[users.arrivals]\nsteps = [{ at = \"1h\", factor = 3, \
         over = \"10m\" }, { at = \"2h\", factor = 0.5 }, { at = \"3h\", factor = 1.2 }]",
    );
    assert_eq!(class.seats(), Some(300));
    let open = |minute: u64| {
        let at = Time(minute * 60_000_000_000);
        (0..300)
            .filter(|seat| class.seat_is_open(*seat, at))
            .count()
    };
    assert_eq!(
        [10, 59, 70, 119, 120, 179, 180].map(open),
        [100, 100, 300, 300, 50, 50, 120]
    );
    assert!((150..250).contains(&open(65)), "{}", open(65));
    let openings = class.openings();
    assert!(openings.is_sorted_by(|a, b| a > b));
    let within = |from: u64, to: u64| {
        let range = Time(from * 60_000_000_000)..=Time(to * 60_000_000_000);
        openings.iter().filter(|(at, _)| range.contains(at)).count()
    };
    assert_eq!(
        [within(0, 10), within(60, 70), within(180, 180)],
        [100, 200, 70]
    );
    assert_eq!(openings.len(), 370);
}

/// A page is the request it was, and some more beside it.
#[test]
fn a_page_sends_several_requests() {
    let lines = |more: &str| {
        class(&format!(
            "arrival_rate = \"1/s\"\nstay = \"5h\"\nmodify_share = \"20%\"\nuntouched_share = \"10%\"\n{more}"
        ))
    };
    let single = lines("");
    let pages = lines("parallel = { values = [1, 6], weights = [3, 1] }");
    let (mut user, mut of_pages) = (single.arriving_user(5), pages.arriving_user(5));
    let mut act = single.begin_visit(&mut user, Time::ZERO);
    let mut page = pages.begin_visit(&mut of_pages, Time::ZERO);
    assert_eq!((act.intent, page.intent), (Intent::Login, Intent::Login));
    let (mut all, mut changes, mut untouched) = (0u32, 0u32, 0u32);
    for n in 1.. {
        assert_eq!(act.next, page.next);
        let now = act.next;
        act = single.act(&mut user, now);
        page = pages.act(&mut of_pages, now);
        if user.phase() != Phase::Visiting {
            assert_eq!(page.intent, act.intent);
            break;
        }
        assert_eq!((page.intent, page.n), (Intent::Page, n));
        let calls = pages.calls(&of_pages, n);
        assert!(calls == 1 || calls == 6);
        assert_eq!(pages.call(&of_pages, n, 0), act.intent);
        for call in 0..calls {
            let intent = pages.call(&of_pages, n, call);
            all += 1;
            changes += u32::from(intent == Intent::Modify);
            untouched += u32::from(intent == Intent::Untouched);
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(all);
    assert!(all > 1500, "{all}");
    assert!((share(changes) - 0.2).abs() < 0.04, "{changes} of {all}");
    assert!(
        (share(untouched) - 0.1).abs() < 0.03,
        "{untouched} of {all}"
    );
}

#[test]
fn pages_of_a_script_are_of_its_kind() {
    let class = class("arrival_rate = \"1/s\"\nscript = [\"login\", \"modify\"]\nparallel = 3");
    let mut user = class.arriving_user(0);
    let act = class.begin_visit(&mut user, Time::ZERO);
    let act = class.act(&mut user, act.next);
    assert_eq!(act.intent, Intent::Page);
    assert_eq!(class.calls(&user, act.n), 3);
    assert!((0..3).all(|call| class.call(&user, act.n, call) == Intent::Modify));
}

/// Waiting for replies shifts the times of a visit and nothing else, until it ends.
#[test]
fn waiting_for_replies_changes_only_times() {
    let lines = |more: &str| {
        class(&format!(
            "arrival_rate = \"1/s\"\nstay = \"1h\"\nlogin_after = \"10m\"\n{more}"
        ))
    };
    let (open, closed) = (lines(""), lines("pacing = \"after-reply\""));
    let wanted = visit(&open, &mut open.arriving_user(2), Time::ZERO);
    for delay in [0, 3_000_000_000] {
        let mut user = closed.arriving_user(2);
        let mut act = closed.begin_visit(&mut user, Time::ZERO);
        let mut now = Time::ZERO;
        let mut intents = vec![(0, act.intent)];
        while user.is_visiting() {
            assert_eq!((user.phase(), act.next), (Phase::Waiting, Time::NEVER));
            now = closed.resume(&mut user, Time(now.0 + delay));
            act = closed.act(&mut user, now);
            intents.push((now.0 / 1_000_000_000, act.intent));
        }
        if delay == 0 {
            assert_eq!(intents, wanted);
            continue;
        }
        assert!(intents.len() < wanted.len() - 5);
        let login = |intents: &[(u64, Intent)]| {
            intents
                .iter()
                .position(|(_, intent)| *intent == Intent::Login)
        };
        let (at, in_time) = (login(&intents).unwrap(), login(&wanted).unwrap());
        assert_eq!(intents[at].0, 600, "a login comes when it comes");
        assert!(at < in_time);
        let kinds = |intents: &[(u64, Intent)]| -> Vec<Intent> {
            intents[..at].iter().map(|(_, intent)| *intent).collect()
        };
        assert_eq!(kinds(&intents), kinds(&wanted));
    }
}
