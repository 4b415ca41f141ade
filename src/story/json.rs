//! Stories for programs.

use serde_json::{Map, Value, json};

use crate::probe::{CommandTold, Fate, On, ShardTold, Told};
use crate::scenario::Scenario;
use crate::units::Time;

use super::{Event, Loss, Story, What, class_name, key_name, user_name, words};

/// Raised when a field changes its meaning or goes away; new fields do not raise it.
const SCHEMA_VERSION: u32 = 1;

/// All of them, with times in seconds of simulated time.
#[must_use]
pub fn json(scenario: &Scenario, stories: &[Story]) -> String {
    let stories: Vec<Value> = stories.iter().map(|one| story(scenario, one)).collect();
    let document = json!({
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "stories": stories,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn seconds(at: Time) -> f64 {
    at.nanos() as f64 / 1e9
}

fn story(scenario: &Scenario, story: &Story) -> Value {
    let timeline = story.journal.timeline();
    let events = timeline.first.iter().chain(&timeline.last);
    let cause = match story.fate {
        Some((_, Fate::Lost(cause))) => Some(cause.as_str()),
        _ => None,
    };
    json!({
        "session": story.id.to_string(),
        "class": class_name(scenario, story.user),
        "user": user_name(story.user),
        "key": key_name(scenario, story),
        "shard": story.shard + 1,
        "created": story.created.map(seconds),
        "fate": story.fate.map(|(_, fate)| words::fate(fate)),
        "cause": cause,
        "over": story.fate.map(|(at, _)| seconds(at)),
        "losses": story.losses.iter().map(loss).collect::<Vec<Value>>(),
        "events_left_out": timeline.left_out,
        "events": events.map(|one| event(one)).collect::<Vec<Value>>(),
    })
}

fn loss(loss: &Loss) -> Value {
    json!({
        "at": seconds(loss.at),
        "cause": loss.cause.as_str(),
        "felt": loss.felt,
        "aftermath": loss.aftermath.map(words::aftermath),
    })
}

fn event(event: &Event) -> Value {
    let mut fields = Map::new();
    fields.insert("at".to_owned(), json!(seconds(event.at)));
    if let Some(intent) = event.intent {
        fields.insert("intent".to_owned(), json!(intent));
    }
    let (what, more) = match event.what {
        What::Told(told) => told_of(&told),
        What::Shard(shard) => shard_of(&shard),
        What::Created => ("created", Value::Null),
        What::Closed(fate) => {
            let cause = match fate {
                Fate::Lost(cause) => Some(cause.as_str()),
                _ => None,
            };
            ("closed", json!({"fate": words::fate(fate), "cause": cause}))
        }
        What::Felt(felt) => ("felt", json!({"felt": felt})),
        What::MadeGood(after) => ("aftermath", json!({"aftermath": words::aftermath(after)})),
        What::Next(id) => ("next-session", json!({"session": id.to_string()})),
    };
    fields.insert("what".to_owned(), json!(what));
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    Value::Object(fields)
}

fn told_of(told: &Told) -> (&'static str, Value) {
    match told {
        Told::Intends(intent) => ("intent", json!({"name": intent})),
        Told::Sends(kind) => ("request", json!({"kind": kind.as_str()})),
        Told::Command(told) => ("command", command(told)),
        Told::Query(done) => ("query", json!({"answered": done.map(seconds)})),
        Told::Answered { kind, seen, failed } => (
            "answer",
            json!({"kind": kind.as_str(), "session": words::seen(*seen), "failed": failed}),
        ),
        Told::Named { id, shard } => {
            let id = super::SessionId(*id).to_string();
            ("named", json!({"session": id, "shard": shard + 1}))
        }
        Told::Key { fate, shard } => ("key", json!({"fate": fate.as_str(), "shard": shard + 1})),
        Told::TakenBack {
            written,
            offset,
            acknowledged,
        } => (
            "write-taken-back",
            json!({"written": seconds(*written), "offset": offset, "acknowledged": acknowledged}),
        ),
        Told::Overlooked => ("overlooked", Value::Null),
    }
}

fn command(told: &CommandTold) -> Value {
    json!({
        "name": told.name.as_str(),
        "key": match told.on { On::Session => "session", On::Other => "other" },
        "shard": told.place.shard + 1,
        "node": told.place.node,
        "sent": seconds(told.sent),
        "executed": seconds(told.start),
        "back": seconds(told.back),
        "reply": told.came.as_str(),
        "offset": told.offset,
    })
}

fn shard_of(told: &ShardTold) -> (&'static str, Value) {
    match told {
        ShardTold::Fails {
            node,
            offset,
            survives,
        } => (
            "primary-fails",
            json!({"node": node, "offset": offset, "survives": survives}),
        ),
        ShardTold::Promoted { node, offset } => {
            ("promoted", json!({"node": node, "offset": offset}))
        }
        ShardTold::BeginsEmpty { node } => ("begins-empty", json!({"node": node})),
    }
}
