//! The scenarios that are part of the program.

use crate::scenario::Source;
use crate::scenario::reader::choice::nearest;

use super::exit::{Exit, Failure};

/// Each with its name and its text, in the order in which they are listed.
pub(super) const SCENARIOS: &[(&str, &str)] = &[
    (
        "ecommerce-carts",
        include_str!("../../scenarios/ecommerce-carts.toml"),
    ),
    (
        "database-only",
        include_str!("../../scenarios/database-only.toml"),
    ),
    (
        "sticky-sessions",
        include_str!("../../scenarios/sticky-sessions.toml"),
    ),
    ("mixed-use", include_str!("../../scenarios/mixed-use.toml")),
    ("no-ttl", include_str!("../../scenarios/no-ttl.toml")),
    ("bots", include_str!("../../scenarios/bots.toml")),
    (
        "flash-sale",
        include_str!("../../scenarios/flash-sale.toml"),
    ),
    (
        "game-tournament",
        include_str!("../../scenarios/game-tournament.toml"),
    ),
    (
        "saas-tenants",
        include_str!("../../scenarios/saas-tenants.toml"),
    ),
    (
        "node-failure-no-replica",
        include_str!("../../scenarios/node-failure-no-replica.toml"),
    ),
    (
        "replica-reads-stale",
        include_str!("../../scenarios/replica-reads-stale.toml"),
    ),
    ("slow-link", include_str!("../../scenarios/slow-link.toml")),
    ("az-outage", include_str!("../../scenarios/az-outage.toml")),
    (
        "ttl-and-nodes-sweep",
        include_str!("../../scenarios/ttl-and-nodes-sweep.toml"),
    ),
    (
        "capacity-sweep",
        include_str!("../../scenarios/capacity-sweep.toml"),
    ),
];

/// What the name of a scenario that is shipped begins with.
const SIGN: char = '@';

/// Whether it names a scenario that is shipped, and no file.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(SIGN)
}

/// The scenario of that name, with or without its sign.
pub(super) fn read(name: &str) -> Result<Source, Failure> {
    let plain = name.strip_prefix(SIGN).unwrap_or(name);
    let found = SCENARIOS.iter().find(|(known, _)| *known == plain);
    let Some((known, text)) = found else {
        let names: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
        let meant = match nearest(plain, &names) {
            Some(near) => format!("did you mean `@{near}`?"),
            None => "`sessionsim scenarios` lists those that there are".to_owned(),
        };
        let message = format!("no scenario `@{plain}` is shipped; {meant}");
        return Err(Failure::new(Exit::Io, message));
    };
    Ok(Source {
        name: format!("{SIGN}{known}"),
        text: (*text).to_owned(),
    })
}
