//! `docs/metrics.md`, made from the catalogue.

use std::fmt::Write as _;

use super::catalogue::{Metric, catalogue, memory};
use super::parts::{is_of_classes, is_of_nodes};

/// The page that explains every metric.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(HEAD);
    for metric in catalogue() {
        let parts = match (is_of_classes(&metric), is_of_nodes(&metric)) {
            (true, true) => "class, node",
            (true, false) => "class",
            (false, true) => "node",
            (false, false) => "",
        };
        line(&mut text, &metric, parts);
    }
    text.push_str(PARTS);
    for metric in memory() {
        let parts = if metric.name == "keys" {
            "class, node"
        } else {
            "class"
        };
        line(&mut text, &metric, parts);
    }
    text
}

fn line(text: &mut String, metric: &Metric, parts: &str) {
    let series = if metric.has_rows() { "yes" } else { "" };
    let better = match metric.better.as_str() {
        "neither" => "",
        word => word,
    };
    let _ = writeln!(
        text,
        "| `{}` | {} | {better} | {series} | {parts} | {} |",
        metric.name,
        metric.unit.as_str(),
        metric.help
    );
}

const HEAD: &str = "\
<!-- Made from src/metrics/catalogue/table.rs. After a change there, run
     `SESSIONSIM_UPDATE=1 cargo test metrics_reference`. -->
# Metrics

All files name metrics alike: `summary.json` has every one of them, `timeseries.csv` those marked
\"by window\", in each row for that row's time alone. Ratios lie between 0 and 1, times are in
seconds. A metric that does not apply is `null` in JSON and empty in CSV, never 0. Nothing before
the end of the warm-up counts; a request counts if it was sent after it, a fate if it became known
after it.

A latency is the store's part of a request, as the application sees it: network, waiting and
service of all its commands, without the database. Quantiles overstate by at most 1/256, `mean` and
`max` are exact. `*_max` of memory is the highest value seen once a minute and at the end of every
row; of rates and of CPU it is the highest minute (in rows shorter than a minute: the row's
average).

| name | unit | better | by window | also by | what it is |
| --- | --- | --- | --- | --- | --- |
";

const PARTS: &str = "
## By class of users and by node

Where a scenario has several classes of users (recorded traffic is one, called `trace`), or beside
one class workloads, `classes.csv` has what the metrics marked \"class\" are for each class, and
`timeseries-classes.csv` what they are by window. Of several nodes `timeseries-nodes.csv` has those
marked \"node\"; nodes are counted from 1. `summary.json` has both under `classes` and `nodes`, of
more than 100 classes those whose users fared worst. Beyond 32 classes there is no time series of
them, and of latency only mean and maximum; beyond 128 nodes there is none of these. Counts of
classes and workloads add up to those of the run, and so do those of nodes; what a shard's replicas
do is no node's. A key that a session has left behind still counts to the class. What classes keep is
counted at the end of the run, and at the end of a row after eight requests for each key.

| name | unit | better | by window | of | what it is |
| --- | --- | --- | --- | --- | --- |
";
