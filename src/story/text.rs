//! Stories for people.

use std::fmt::Write as _;

use crate::probe::{
    Aftermath, Came, CommandTold, Fate, KeyFate, LossCause, On, SessionSeen, ShardTold, Told,
};
use crate::report::format::{duration, thousands, wrap};
use crate::scenario::Scenario;
use crate::units::Time;

use super::{Event, SessionId, Story, What, class_name, key_name, user_name};

/// Characters in a line of prose.
const WIDTH: usize = 100;

/// All of them, one behind the other.
#[must_use]
pub fn text(scenario: &Scenario, stories: &[Story]) -> String {
    let told = stories.iter().map(|story| tell(scenario, story));
    told.collect::<Vec<_>>().join("\n")
}

fn tell(scenario: &Scenario, story: &Story) -> String {
    let mut text = format!(
        "Session {} of \"{}\", user {}: key {}, shard {}\n",
        story.id,
        class_name(scenario, story.user),
        user_name(story.user),
        key_name(scenario, story),
        story.shard + 1,
    );
    for line in wrap(&answer(story), WIDTH) {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
    let timeline = story.journal.timeline();
    lines(&mut text, &timeline.first);
    if timeline.left_out > 0 {
        let left_out = thousands(timeline.left_out);
        let _ = writeln!(text, "  ... {left_out} more of that kind ...");
    }
    lines(&mut text, &timeline.last);
    text
}

fn lines(text: &mut String, events: &[&Event]) {
    for (place, event) in events.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| events[place]);
        if before.is_some_and(|before| is_said(before, event)) {
            continue;
        }
        let (indent, line) = line(event);
        let at = clock(event.at);
        let _ = writeln!(text, "  {at:>15}  {:indent$}{line}", "");
    }
}

/// Whether an event is no news behind the one before: a user who sets out to read sends a request that
/// reads.
fn is_said(before: &Event, event: &Event) -> bool {
    match (before.what, event.what) {
        (What::Told(Told::Intends(intent)), What::Told(Told::Sends(kind))) => {
            before.intent == event.intent && intent == kind.as_str()
        }
        _ => false,
    }
}

/// Hours, minutes and seconds of simulated time, to the microsecond.
fn clock(at: Time) -> String {
    let micros = at.nanos() / 1000;
    let seconds = micros / 1_000_000;
    format!(
        "{}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros % 1_000_000
    )
}

/// The fate and its cause in a sentence or two.
fn answer(story: &Story) -> String {
    let Some((at, fate)) = story.fate else {
        return match story.created {
            Some(_) => "Its fate was still open when the run ended.".to_owned(),
            None => "It was never stored.".to_owned(),
        };
    };
    let at = clock(at);
    match fate {
        Fate::LoggedOut => format!("Its user logged out at {at}."),
        Fate::Superseded => format!("A login at {at} gave its user another one."),
        Fate::Ended => format!("Its time to live was over at {at}, and nobody missed it."),
        Fate::Alive => format!("It was alive when the run ended at {at}."),
        Fate::ExpiredInUse => {
            format!("Its time to live was over at {at}, and its user came back to it later.")
        }
        Fate::Lost(cause) => format!("Lost at {at}: {}{}", why(story, cause), sequel(story)),
    }
}

fn why(story: &Story, cause: LossCause) -> String {
    let fails = story
        .journal
        .events()
        .filter_map(|event| match event.what {
            What::Shard(ShardTold::Fails {
                node,
                offset,
                survives,
            }) => Some((event.at, node, offset, survives)),
            _ => None,
        })
        .last();
    match (cause, fails) {
        (LossCause::Evicted, _) => "its key was evicted, for want of memory.".to_owned(),
        (LossCause::Refused, _) => "no write that was to store it was done.".to_owned(),
        (LossCause::CookieExpired, _) => "its cookie was over before the session was.".to_owned(),
        (LossCause::NodeLost, Some((failed, node, ..))) => format!(
            "node {node} of shard {} failed at {}, and no other one had its data.",
            story.shard + 1,
            clock(failed)
        ),
        (LossCause::NodeLost, None) => "what held it is gone.".to_owned(),
        (LossCause::Unreplicated, Some((failed, node, offset, Some(survives)))) => format!(
            "its creation was acknowledged, but the replica that became the primary \
             never had it. Node {node} of shard {} failed at {} with {} bytes that no replica had.",
            story.shard + 1,
            clock(failed),
            thousands(offset.saturating_sub(survives)),
        ),
        (LossCause::Unreplicated, _) => {
            "its creation was acknowledged, but not on the replica that became the primary."
                .to_owned()
        }
    }
}

fn sequel(story: &Story) -> &'static str {
    let Some(loss) = story.losses.last() else {
        return "";
    };
    match (loss.felt, loss.aftermath) {
        (Some(false), _) => " Nobody missed it in that visit.",
        (_, Some(Aftermath::Restored)) => " Its user missed it, and it was restored.",
        (_, Some(Aftermath::ForcedLogin)) => " Its user had to log in again.",
        (_, Some(Aftermath::GuestReset)) => " Its user had to start afresh.",
        (_, Some(Aftermath::Abandoned)) => " Its user missed it, and gave up.",
        (Some(true), None) => " Its user missed it.",
        (None, None) => "",
    }
}

/// What happened, and how far to the right it stands: what follows from something is indented.
fn line(event: &Event) -> (usize, String) {
    match event.what {
        What::Told(told) => told_of(&told, event.at),
        What::Shard(told) => (0, shard_of(&told)),
        What::Created => (4, "the session begins".to_owned()),
        What::Closed(fate) => (4, closed(fate).to_owned()),
        What::Felt(true) => (4, "its user misses it".to_owned()),
        What::Felt(false) => (4, "nobody will have missed it".to_owned()),
        What::MadeGood(after) => (4, made_good(after).to_owned()),
        What::Next(id) => (0, format!("another session begins: {id}")),
    }
}

fn told_of(told: &Told, at: Time) -> (usize, String) {
    match told {
        Told::Intends(intent) => (0, format!("the user: {intent}")),
        Told::Sends(kind) => (2, format!("request: {}", kind.as_str())),
        Told::Command(command) => (4, command_of(command)),
        Told::Query(Some(done)) => {
            let took = duration(done.since(at).nanos());
            (4, format!("asks the database: answered after {took}"))
        }
        Told::Query(None) => (4, "asks the database: refused".to_owned()),
        Told::Answered { kind, seen, failed } => {
            let seen = match seen {
                SessionSeen::NotBelieved => "",
                SessionSeen::Found => ", session found",
                SessionSeen::Gone => ", no session",
            };
            let failed = if *failed { ", with an error" } else { "" };
            (2, format!("answer to {}{seen}{failed}", kind.as_str()))
        }
        Told::Named { id, .. } => (4, format!("gets the identifier {}", SessionId(*id))),
        Told::Key { fate, shard } => (4, key(*fate, *shard)),
        Told::TakenBack {
            written,
            offset,
            acknowledged,
        } => {
            let whose = if *acknowledged {
                "acknowledged"
            } else {
                "not acknowledged"
            };
            let (offset, written) = (thousands(*offset), clock(*written));
            (
                4,
                format!("the write of {written} (offset {offset}, {whose}) is taken back"),
            )
        }
        Told::Overlooked => (
            4,
            "the application takes it for gone, although it lives".to_owned(),
        ),
    }
}

fn command_of(told: &CommandTold) -> String {
    let other = match told.on {
        On::Session => "",
        On::Other => " of another key",
    };
    let place = format!("shard {} node {}", told.place.shard + 1, told.place.node);
    let came = match told.came {
        Came::Hit => "found",
        Came::Miss => "nothing there",
        Came::Stale => "an older value",
        Came::NotThere => "nothing there yet",
        Came::Done => "done",
        Came::NotDone => "not done",
        Came::Refused => "refused",
        Came::NoAnswer => "NO ANSWER",
    };
    let took = duration(told.back.since(told.sent).nanos());
    let offset = match (told.offset, told.name.only_reads()) {
        (Some(offset), true) => format!(", as of offset {}", thousands(offset)),
        (Some(offset), false) => format!(", offset {}", thousands(offset)),
        (None, _) => String::new(),
    };
    format!(
        "{}{other} at {place}: {came} in {took}{offset}",
        told.name.as_str()
    )
}

fn shard_of(told: &ShardTold) -> String {
    match told {
        ShardTold::Fails {
            node,
            offset,
            survives: Some(survives),
        } => format!(
            "** node {node}, the primary, fails at offset {}; up to {} survives",
            thousands(*offset),
            thousands(*survives)
        ),
        ShardTold::Fails { node, .. } => {
            format!("** node {node}, the primary, fails; no replica has its data")
        }
        ShardTold::Promoted { node, offset } => format!(
            "** node {node} is the primary, from offset {} on",
            thousands(*offset)
        ),
        ShardTold::BeginsEmpty { node } => {
            format!("** node {node} is the primary, without any data")
        }
    }
}

fn key(fate: KeyFate, shard: u16) -> String {
    let shard = shard + 1;
    match fate {
        KeyFate::Evicted => format!("shard {shard} evicts its key"),
        KeyFate::Expired => format!("shard {shard} deletes its key, which had expired"),
        KeyFate::NodeLost => format!("its key is gone with the node of shard {shard}"),
        KeyFate::NeverWas => format!("its key has never been on shard {shard}'s new primary"),
        KeyFate::Older => format!("shard {shard}'s new primary has an older value of it"),
    }
}

const fn closed(fate: Fate) -> &'static str {
    match fate {
        Fate::LoggedOut => "over: its user logged out",
        Fate::Superseded => "over: a login gave its user another one",
        Fate::Ended => "over: its time to live ended, and nobody missed it",
        Fate::Alive => "alive when the run ends",
        Fate::ExpiredInUse => "over: its time to live had ended, and its user came back",
        Fate::Lost(cause) => match cause {
            LossCause::Evicted => "LOST: evicted",
            LossCause::Refused => "LOST: refused",
            LossCause::NodeLost => "LOST: node_lost",
            LossCause::CookieExpired => "LOST: cookie_expired",
            LossCause::Unreplicated => "LOST: unreplicated",
        },
    }
}

const fn made_good(after: Aftermath) -> &'static str {
    match after {
        Aftermath::Restored => "restored from the database",
        Aftermath::ForcedLogin => "its user has to log in again",
        Aftermath::GuestReset => "its user starts afresh",
        Aftermath::Abandoned => "its user gives up",
    }
}
