//! Which charts a result has. Columns that no chart here asks for get charts of their own, so that
//! a metric that is new in the catalogue appears without a line here.

use crate::charts::{Across, Chart, Limit, MOST_SERIES, Marker, Series, Style, Unit};
use crate::metrics::catalogue;

use super::figures::{metric, words};
use super::saved::{Column, Saved};

/// A chart with what stands below it.
pub struct Plot {
    /// The chart.
    pub chart: Chart,
    /// A sentence on what it shows; may be empty.
    pub note: String,
}

/// A chart that is asked for by name.
struct Wanted {
    title: &'static str,
    note: &'static str,
    style: Style,
    logarithmic: bool,
    /// Whether values are counted by row, which the title then says.
    counted: bool,
    /// Names of columns, or what they begin with before a `*`, and what the legend calls them.
    columns: &'static [(&'static str, &'static str)],
}

const fn wanted(
    title: &'static str,
    note: &'static str,
    columns: &'static [(&'static str, &'static str)],
) -> Wanted {
    Wanted {
        title,
        note,
        style: Style::Lines,
        logarithmic: false,
        counted: false,
        columns,
    }
}

const WANTED: [Wanted; 15] = [
    wanted(
        "Hit rate",
        "",
        &[
            ("session_hit_rate", "requests that found their session"),
            ("hit_rate", "reads that hit"),
        ],
    ),
    Wanted {
        style: Style::Stacked,
        counted: true,
        ..wanted(
            "Sessions by fate",
            "When a fate became known, which can be later than it happened. The last row is left \
             out: the end of the run settles all that was open.",
            &[
                ("sessions_logged_out", "logged out"),
                ("sessions_superseded", "replaced at a login"),
                ("sessions_ended", "ended, not missed"),
                ("sessions_expired_in_use", "expired, then missed"),
                ("sessions_lost", "lost"),
            ],
        )
    },
    Wanted {
        counted: true,
        ..wanted("Lost sessions by cause", "", &[("sessions_lost.*", "")])
    },
    Wanted {
        counted: true,
        ..wanted(
            "What users notice",
            "",
            &[
                ("forced_logins", "forced logins"),
                ("guest_resets", "guest resets"),
                ("failed_requests", "failed requests"),
                ("failed_visits", "visits that met an error"),
            ],
        )
    },
    wanted(
        "Memory of the fullest node",
        "",
        &[("used_memory_max", "used memory")],
    ),
    Wanted {
        counted: true,
        ..wanted(
            "Evictions and expirations",
            "",
            &[
                ("evicted_keys", "evicted keys"),
                ("expired_keys", "expired keys"),
            ],
        )
    },
    Wanted {
        logarithmic: true,
        ..wanted(
            "Latency of requests",
            "The store's part, as the application sees it.",
            &[
                ("latency.p50", "half are faster (p50)"),
                ("latency.p99", "99 of 100 are faster (p99)"),
                ("latency.max", "the slowest"),
            ],
        )
    },
    Wanted {
        logarithmic: true,
        ..wanted(
            "Latency of commands at the node",
            "",
            &[
                ("node_latency.p50", "p50"),
                ("node_latency.p99", "p99"),
                ("node_latency.max", "the slowest"),
            ],
        )
    },
    wanted(
        "Replication lag",
        "Of the replica that is most behind. A primary learns of it once a second.",
        &[
            ("replication_lag.max", "in truth"),
            ("replication_lag_reported.max", "as the primary reports it"),
        ],
    ),
    Wanted {
        counted: true,
        ..wanted(
            "Time without service of some shard",
            "",
            &[
                ("write_outage", "takes no writes"),
                ("read_outage", "answers no reads"),
            ],
        )
    },
    wanted(
        "Connections of the busiest node",
        "",
        &[("connections*", "")],
    ),
    wanted(
        "CPU of the busiest node",
        "",
        &[("engine_cpu_max", "engine"), ("host_cpu_max", "host")],
    ),
    wanted(
        "Sessions and users",
        "",
        &[
            ("live_sessions_max", "live sessions"),
            ("users_present_max", "users in a visit"),
        ],
    ),
    wanted(
        "Requests and queries a second",
        "In the busiest minute of each row.",
        &[
            ("request_rate_max", "requests"),
            ("db_query_rate_max", "database queries"),
        ],
    ),
    Wanted {
        counted: true,
        ..wanted(
            "Database load with and without the cache",
            "",
            &[
                ("db_queries_without_cache", "queries without the cache"),
                ("db_queries", "queries with it"),
                ("db_refused", "refused"),
            ],
        )
    },
];

/// Columns that say what another chart says.
const SPARED: [&str; 12] = [
    "requests",
    "commands",
    "sessions_created",
    "visits",
    "visits_with_login",
    "failed_request_rate",
    "forced_login_rate",
    "db_load_saved",
    "latency.mean",
    "node_latency.mean",
    "memory_usage_max",
    "sessions_lost.felt",
];
/// The same, of whole families.
const SPARED_ENDS: [&str; 3] = [".unnoticed", ".restored", ".abandoned"];

/// The unit of a metric as charts know it.
pub(super) fn unit(name: &str) -> Unit {
    match metric(name).map(|metric| metric.unit) {
        Some(catalogue::Unit::Ratio) => Unit::Ratio,
        Some(catalogue::Unit::Seconds) => Unit::Seconds,
        Some(catalogue::Unit::Bytes) => Unit::Bytes,
        Some(catalogue::Unit::PerSecond) => Unit::PerSecond,
        Some(catalogue::Unit::Dollars) => Unit::Dollars,
        Some(catalogue::Unit::Count) | None => Unit::Count,
    }
}

fn points(saved: &Saved, column: &Column) -> Vec<(f64, f64)> {
    points_of(&saved.times, column)
}

/// The values of a column at those times.
pub(super) fn points_of(times: &[f64], column: &Column) -> Vec<(f64, f64)> {
    let pairs = times.iter().zip(&column.values);
    pairs
        .filter_map(|(at, value)| Some((*at, (*value)?)))
        .collect()
}

fn is_quiet(column: &Column) -> bool {
    column.values.iter().flatten().all(|value| *value == 0.0)
}

/// What the legend calls a column that is asked for by its family.
fn last_part(name: &str) -> String {
    let last = name.split_once('.').map_or(name, |(_, rest)| rest);
    last.replace('_', " ")
}

/// All charts of a result, and what stayed at zero, as a sentence.
#[must_use]
pub fn plots(saved: &Saved) -> (Vec<Plot>, String) {
    let mut plots = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut quiet: Vec<&str> = Vec::new();
    for wanted in &WANTED {
        let mut shown = Vec::new();
        for (name, label) in wanted.columns {
            for column in matching(saved, name) {
                asked.push(&column.name);
                let label = match *label {
                    "" => last_part(&column.name),
                    label => label.to_owned(),
                };
                if !is_quiet(column) {
                    shown.push((column, label));
                } else if column.values.iter().any(Option::is_some) {
                    quiet.push(&column.name);
                }
            }
        }
        plots.extend(plot(saved, wanted, &shown));
        if wanted.title == "Latency of requests" {
            plots.extend(curves(saved));
        }
    }
    let rest = saved.columns.iter().filter(|column| {
        let name = column.name.as_str();
        !asked.contains(&name)
            && !SPARED.contains(&name)
            && !SPARED_ENDS.iter().any(|end| name.ends_with(end))
    });
    let rest: Vec<&Column> = rest.collect();
    quiet.extend(
        rest.iter()
            .filter(|column| is_quiet(column) && column.values.iter().any(Option::is_some))
            .map(|column| column.name.as_str()),
    );
    plots.extend(families(saved, &rest));
    plots.extend(super::parts::plots(saved));
    let quiet = match quiet.as_slice() {
        [] => String::new(),
        names => format!("Always zero: {}.", names.join(", ")),
    };
    (plots, quiet)
}

fn matching<'a>(saved: &'a Saved, name: &'a str) -> impl Iterator<Item = &'a Column> {
    let family = name.strip_suffix('*');
    saved.columns.iter().filter(move |column| match family {
        Some(family) => {
            column.name.starts_with(family)
                && !SPARED.contains(&&*column.name)
                && !SPARED_ENDS.iter().any(|end| column.name.ends_with(end))
        }
        None => column.name == name,
    })
}

fn plot(saved: &Saved, wanted: &Wanted, shown: &[(&Column, String)]) -> Option<Plot> {
    let (first, _) = shown.first()?;
    let drawn = |column: &Column| {
        let mut points = points(saved, column);
        if wanted.style == Style::Stacked && points.len() > 1 {
            points.pop();
        }
        points
    };
    let series = shown
        .iter()
        .take(MOST_SERIES)
        .map(|(column, label)| Series {
            name: label.clone(),
            points: drawn(column),
        });
    let title = if wanted.counted {
        let window = words(saved.summary.window_seconds);
        let window = window.strip_prefix("1 ").unwrap_or(&window).to_owned();
        format!("{} (per {window})", wanted.title)
    } else {
        wanted.title.to_owned()
    };
    let chart = Chart {
        style: wanted.style,
        logarithmic: wanted.logarithmic,
        limits: limits(saved, &first.name),
        markers: markers(saved),
        ..Chart::over_time(&title, unit(&first.name), series.collect())
    };
    Some(Plot {
        chart,
        note: wanted.note.to_owned(),
    })
}

/// A chart for each family of columns: what stands before the first point.
fn families(saved: &Saved, columns: &[&Column]) -> Vec<Plot> {
    let mut families: Vec<(&str, Vec<&Column>)> = Vec::new();
    for column in columns.iter().filter(|column| !is_quiet(column)) {
        let family = column.name.split('.').next().unwrap_or_default();
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(column),
            None => families.push((family, vec![column])),
        }
    }
    let plot = |(family, members): (&str, Vec<&Column>)| {
        let series = members.iter().take(MOST_SERIES).map(|column| Series {
            name: last_part(&column.name),
            points: points(saved, column),
        });
        let unit = unit(&members[0].name);
        let mut title = family.replace('_', " ");
        title[..1].make_ascii_uppercase();
        let mut chart = Chart::over_time(&title, unit, series.collect());
        chart.markers = markers(saved);
        let help = metric(&members[0].name).map(|metric| metric.help.to_string());
        let note = match members.len() {
            1 => help.unwrap_or_default(),
            number if number > MOST_SERIES => {
                format!("{MOST_SERIES} of {number} are drawn; timeseries.csv has them all.")
            }
            _ => String::new(),
        };
        Plot { chart, note }
    };
    families.into_iter().map(plot).collect()
}

pub(super) fn limits(saved: &Saved, name: &str) -> Vec<Limit> {
    let limit = |at: f64, label: &str| {
        vec![Limit {
            at,
            label: label.to_owned(),
        }]
    };
    match name {
        "used_memory_max" => saved
            .summary
            .maxmemory_bytes
            .map_or(Vec::new(), |bytes| limit(bytes as f64, "maxmemory")),
        "engine_cpu_max" => limit(0.9, "AWS's alarm, 90%"),
        _ => Vec::new(),
    }
}

/// What follows a failure and needs no mark of its own; the page's timeline has it.
const UNMARKED: [&str; 5] = [
    "primary-down",
    "replica-down",
    "replaced",
    "serves",
    "recovered",
];

/// What happened when: failures, alarms, users who notice.
pub(super) fn markers(saved: &Saved) -> Vec<Marker> {
    let summary = &saved.summary;
    let alarms = summary.alarms.iter().filter_map(|alarm| {
        Some(Marker {
            at: alarm.fired.first()?[0],
            label: format!("alarm: {}", alarm.name),
        })
    });
    let noticed = summary.first_noticed_seconds.map(|at| Marker {
        at,
        label: "users notice".to_owned(),
    });
    let incidents = summary.incidents.iter();
    let incidents = incidents
        .filter(|incident| !UNMARKED.contains(&&*incident.what))
        .map(|incident| Marker {
            at: incident.at_seconds,
            label: incident.what.replace('-', " "),
        });
    let mut markers: Vec<Marker> = incidents.chain(alarms).chain(noticed).collect();
    markers.sort_by(|one, other| one.at.total_cmp(&other.at));
    markers
}

/// The curves of quantiles by kind of request.
fn curves(saved: &Saved) -> Option<Plot> {
    let series: Vec<Series> = saved
        .latency
        .iter()
        .map(|(kind, points)| {
            let name = match kind.as_str() {
                "latency" => "all requests".to_owned(),
                "node_latency" => "command at the node".to_owned(),
                "db_latency" => "database query".to_owned(),
                kind => last_part(kind),
            };
            // The maximum lies at no quantile short of one: it is left to the table.
            let points = points
                .iter()
                .filter(|(quantile, seconds)| *quantile < 1.0 && *seconds > 0.0);
            let points = points.map(|(quantile, seconds)| (-libm::log10(1.0 - quantile), *seconds));
            Series {
                name,
                points: points.collect(),
            }
        })
        .filter(|series| series.points.len() > 1)
        .take(MOST_SERIES)
        .collect();
    (!series.is_empty()).then(|| Plot {
        chart: Chart {
            across: Across::Quantiles,
            logarithmic: true,
            ..Chart::over_time("Latency by share of requests", Unit::Seconds, series)
        },
        note: "So many of the requests of a kind are faster.".to_owned(),
    })
}

/// The charts that show two results over each other: those of single columns that differ.
#[must_use]
pub fn comparison(one: &Saved, other: &Saved, names: [&str; 2]) -> Vec<Plot> {
    const COLUMNS: [(&str, &str); 9] = [
        ("session_hit_rate", "Requests that found their session"),
        ("sessions_lost", "Lost sessions"),
        ("forced_logins", "Forced logins"),
        ("used_memory_max", "Memory of the fullest node"),
        ("evicted_keys", "Evicted keys"),
        ("latency.p99", "Latency of requests, p99"),
        ("engine_cpu_max", "CPU of the busiest node"),
        ("live_sessions_max", "Live sessions"),
        ("db_queries", "Database queries"),
    ];
    let plot = |(column, title): (&str, &str)| {
        let (first, second) = (one.column(column)?, other.column(column)?);
        if is_quiet(first) && is_quiet(second) {
            return None;
        }
        let series = [(one, first, names[0]), (other, second, names[1])];
        let series = series.map(|(saved, column, name)| Series {
            name: name.to_owned(),
            points: points(saved, column),
        });
        Some(Plot {
            chart: Chart::over_time(title, unit(column), series.to_vec()),
            note: String::new(),
        })
    };
    COLUMNS.into_iter().filter_map(plot).collect()
}
