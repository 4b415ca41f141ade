//! `docs/metrics.md`, made from the catalogue.

use std::fmt::Write as _;

use super::catalogue::catalogue;

/// The page that explains every metric.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(HEAD);
    for metric in catalogue() {
        let series = if metric.has_rows() { "yes" } else { "" };
        let better = match metric.better.as_str() {
            "neither" => "",
            word => word,
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {better} | {series} | {} |",
            metric.name,
            metric.unit.as_str(),
            metric.help
        );
    }
    text
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

| name | unit | better | by window | what it is |
| --- | --- | --- | --- | --- |
";
