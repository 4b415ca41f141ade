//! The table of latencies.

use std::fmt::Write as _;

use crate::metrics::histogram::Quantile;
use crate::metrics::measurements::{Group, Measurements};

use super::format::{NOT_APPLICABLE, duration, thousands};
use super::page::Page;

pub(super) fn table(page: &mut Page, run: &Measurements) {
    let rows = [
        (Group::Requests, "all requests"),
        (Group::Read, "  read"),
        (Group::Modify, "  modify"),
        (Group::Login, "  login"),
        (Group::Logout, "  logout"),
        (Group::Other, "  other"),
        (Group::Node, "command at the node"),
        (Group::Database, "database query"),
        (Group::ReplicationLag, "replica behind"),
        (Group::ReportedLag, "  as reported"),
    ];
    if rows
        .iter()
        .all(|(group, _)| run.latency(*group).count() == 0)
    {
        return;
    }
    let mut heading = format!("{:<24}{:>14}", "Latency", "number");
    for quantile in Quantile::ALL {
        let name = if quantile == Quantile::P999 {
            "p99.9"
        } else {
            quantile.as_str()
        };
        let _ = write!(heading, "{name:>10}");
    }
    page.strong(&heading);
    for (group, label) in rows {
        let latencies = run.latency(group);
        if latencies.count() == 0 {
            continue;
        }
        let mut line = format!("  {label:<22}{:>14}", thousands(latencies.count()));
        for quantile in Quantile::ALL {
            let figure = latencies
                .figure(quantile)
                .map_or(NOT_APPLICABLE.to_owned(), duration);
            let _ = write!(line, "{figure:>10}");
        }
        page.line(&line);
    }
    page.blank();
}
