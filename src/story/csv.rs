//! Lost sessions one by one, as a table.

use std::fmt::Write as _;

use crate::scenario::Scenario;

use super::words::aftermath;
use super::{Story, class_name, user_name};

/// A line for each loss, times in seconds of simulated time.
#[must_use]
pub fn csv(scenario: &Scenario, stories: &[Story]) -> String {
    let mut text = String::from("session,class,user,shard,created,lost,cause,felt,aftermath\n");
    for story in stories {
        for loss in &story.losses {
            let created = story.created.map_or(String::new(), |at| seconds(at.0));
            let felt = loss
                .felt
                .map_or("", |felt| if felt { "true" } else { "false" });
            let after = loss.aftermath.map_or("", aftermath);
            let _ = writeln!(
                text,
                "{},{},{},{},{created},{},{},{felt},{after}",
                story.id,
                class_name(scenario, story.user),
                user_name(story.user),
                story.shard + 1,
                seconds(loss.at.0),
                loss.cause.as_str(),
            );
        }
    }
    text
}

/// Nanoseconds as seconds, exactly.
fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}
