//! Comparisons of small runs, held to what must hold of any two.

use super::*;
use crate::metrics::recorder::Recorder;
use crate::probe::{Aftermath, Both};
use crate::scenario;
use crate::world;

fn side(name: &str, changes: &[(&str, &str)]) -> Side {
    const TEXT: &str = "duration = \"90m\"\nwarmup = \"20m\"\nexpect = [\"evicted_keys == 0\"]\n\
                        [store]\nnode_type = \"cache.t4g.micro\"\nmaxmemory = \"6MiB\"\n\
                        [[users]]\nname = \"customers\"\narrival_rate = \"2/s\"\nstay = \"6m\"\n\
                        modify_share = \"10%\"\n\
                        [users.session]\nbytes = \"3KB\"\nttl = \"20m\"\n";
    let loaded = scenario::load_with("x.toml", TEXT, changes);
    let scenario = loaded
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
        .scenario;
    let probe = Both(Recorder::new(&scenario), Visits::default());
    let Both(recorder, visits) = world::simulate(&scenario, 0, probe, &mut |_, _| true).probe;
    Side {
        name: name.to_owned(),
        identity: Identity::new(scenario.to_toml(), scenario.seed, 0),
        measurements: recorder.finish(),
        scenario,
        visits,
    }
}

#[test]
fn two_equal_runs_differ_by_exactly_nothing() {
    let (one, other) = (side("one", &[]), side("other", &[]));
    let found = compare([&one, &other]);
    assert!(found.is_nothing());
    assert!(
        found
            .lines
            .iter()
            .all(|line| line.difference().is_none_or(|d| d == 0))
    );
    assert_eq!(found.visits.as_ref().unwrap().differing(), 0);
    // Something happened that could have differed.
    assert!(found.visits.as_ref().unwrap().pairs.len() > 1);
    assert!(words::sentence(&found).starts_with("No difference: all "));
    for text in [text::text(&found, false), markdown::markdown(&found)] {
        assert!(
            !text.contains("better") && !text.contains("worse"),
            "{text}"
        );
    }
}

/// What only one of the two has cannot have become more or less.
#[test]
fn a_sentence_tells_no_difference_of_what_only_one_has() {
    let guests = side("guests", &[("users.0.login", "false")]);
    let found = compare([&side("members", &[]), &guests]);
    assert!(found.line("guest_resets").unwrap().difference().is_none());
    let sentence = words::sentence(&found);
    assert!(
        !sentence.contains("guest resets") && !sentence.contains(" ,"),
        "{sentence}"
    );
}

#[test]
fn more_memory_is_better_for_visits_and_worse_for_nobody() {
    let small = side("small", &[]);
    let large = side("large", &[("store.maxmemory", "300MiB")]);
    let found = compare([&small, &large]);
    assert_eq!(found.line("evicted_keys").unwrap().verdict, Verdict::Better);
    assert_eq!(
        found.line("sessions_lost").unwrap().verdict,
        Verdict::Better
    );
    // The users are the same to the last visit.
    let visits = found.line("visits").unwrap();
    assert_eq!(visits.verdict, Verdict::Same);
    let visits = found.visits.as_ref().unwrap();
    let (better, worse) = visits.better_and_worse();
    assert!(better > 0, "{visits:?}");
    assert_eq!(worse, 0, "{visits:?}");
    assert_eq!(found.expected[0].holds, [Some(false), Some(true)]);
    // The other way round all is the other way round.
    let back = compare([&large, &small]);
    assert_eq!(back.visits.unwrap().better_and_worse(), (worse, better));
    for (line, back) in found.lines.iter().zip(&back.lines) {
        assert_eq!(line.difference(), back.difference().map(|d| -d));
        assert_eq!(
            line.verdict == Verdict::Better,
            back.verdict == Verdict::Worse
        );
    }
}

/// Whoever comes back to a session that was evicted meanwhile must log in again, though no visit
/// lost anything: as bad for the visit as one that expired.
#[test]
fn losses_between_visits_are_met_by_the_next_one() {
    let back = [("users.0.return_share", "50%"), ("users.0.away", "15m")];
    let small = side("small", &back);
    let large = [&back[..], &[("store.maxmemory", "300MiB")]].concat();
    let found = compare([&small, &side("large", &large)]);
    let visits = found.visits.as_ref().unwrap();
    let before = |met: &Option<Met>| matches!(met, Some(Met::ForcedLogin(Why::LostBefore(_))));
    let met: u64 = visits
        .pairs
        .iter()
        .filter(|((one, _), _)| before(one))
        .map(|(_, n)| n)
        .sum();
    assert!(met > 100, "{visits:?}");
    let (better, worse) = visits.better_and_worse();
    assert!(better > 100 && worse == 0, "{visits:?}");
}

/// Every aftermath is of a visit: visits cannot have met more than the run counted, and where all
/// of a run's visits were met at most once, exactly that.
#[test]
fn visits_met_what_the_run_counted() {
    let side = side("small", &[]);
    let same = compare([&side, &side]).visits.unwrap();
    let counts = &side.measurements.counts;
    let of = |is: fn(&Met) -> bool| -> u64 {
        let pairs = same.pairs.iter();
        let met = pairs.filter(|((first, _), _)| first.as_ref().is_some_and(is));
        met.map(|(_, number)| number).sum()
    };
    let forced = of(|met| matches!(met, Met::ForcedLogin(Why::Expired | Why::Lost(_))));
    let counted = counts.made_good_by(Aftermath::ForcedLogin);
    assert!(forced > 0 && forced <= counted, "{forced} of {counted}");
    assert!(forced >= counted * 9 / 10, "{forced} of {counted}");
    assert_eq!(same.pairs.values().sum::<u64>(), same.all);
}

#[test]
fn other_users_cannot_be_paired() {
    let (one, other) = (side("one", &[]), side("other", &[("seed", "2")]));
    let found = compare([&one, &other]);
    assert!(found.visits.is_none());
    assert!(found.reservations[0].starts_with("The users are not the same"));
    let ttl = side("ttl", &[("users.0.session.ttl", "10m")]);
    assert!(
        compare([&one, &ttl]).visits.is_some(),
        "a TTL is the design's"
    );
}

#[test]
fn the_forms_say_the_same() {
    let small = side("small <b>", &[]);
    let large = side(
        "large|`",
        &[("store.maxmemory", "300MiB"), ("cost.node_hour", "$1")],
    );
    let found = compare([&small, &large]);
    insta::assert_snapshot!("text", text::text(&found, false));
    let markdown = markdown::markdown(&found);
    assert!(!markdown.contains("<b>") && markdown.len() < 60 << 10);
    insta::assert_snapshot!("markdown", markdown);
    let json: serde_json::Value = serde_json::from_str(&json::json(&found)).unwrap();
    assert_eq!(json["metrics"].as_array().unwrap().len(), found.lines.len());
    assert_eq!(json["equal"], false);
    assert_eq!(json["visits"]["all"], found.visits.unwrap().all);
}
