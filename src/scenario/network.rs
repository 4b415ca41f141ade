//! `[network]`: between the application and the nodes, and between the zones in which they stand.

use crate::kernel::quantiles::Distribution;
use crate::units::{Bandwidth, Span};

use super::reader::key::{Key, Section};
use super::reader::problem::Problem;
use super::reader::table::Table;
use super::reader::value::Names;
use super::reader::writer::Writer;

/// `[network]`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// One way between application and node within a zone.
    pub hop: Distribution<Span>,
    /// Availability zones.
    pub zones: ZoneSpec,
    /// Bandwidth of each link from a primary to a replica; `None` if it never matters.
    pub replication_bandwidth: Option<Bandwidth>,
}

/// The zones, and the ways between them.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneSpec {
    /// Their names; none if all is in one zone without a name.
    pub names: Vec<String>,
    /// One way between two zones.
    pub cross: Distribution<Span>,
    /// Pairs of zones, by their places in `names`, with a way of their own.
    pub pairs: Vec<(usize, usize, Distribution<Span>)>,
}

impl ZoneSpec {
    /// One zone without a name.
    pub const ONE: Self = Self {
        names: Vec::new(),
        cross: Distribution::Fixed(Span::ZERO),
        pairs: Vec::new(),
    };

    /// How many there are, at least 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.names.len().max(1)
    }
}

impl NetworkSpec {
    /// One way from zone `from` to zone `to`.
    #[must_use]
    pub fn way(&self, from: usize, to: usize) -> &Distribution<Span> {
        if from == to {
            return &self.hop;
        }
        let (least, most) = (from.min(to), from.max(to));
        let pairs = &self.zones.pairs;
        let own = pairs.iter().find(|(a, b, _)| (*a, *b) == (least, most));
        own.map_or(&self.zones.cross, |(_, _, way)| way)
    }
}

/// Longest hop, 1 minute.
const MAX_HOP: u64 = 60_000_000_000;
/// Most zones: no region of AWS has more.
pub(super) const MAX_ZONES: usize = 6;

/// Half a round trip within one availability zone. AWS measured 0.21 ms for a SET over a kept
/// connection (`BestPractices.Clients.Redis.Connections`), a vendor 0.34 ms on average, 0.11 ms at
/// best and 1.8 ms at worst for PING (r7g.xlarge, 1,489 samples). Two hops of this distribution
/// and 7 us of service have a mean of 0.30 ms. The shape is assumed.
const HOP: Key<Distribution<Span>> = Key::built_in(
    "hop",
    "{ lognormal = { median = \"120us\", p99 = \"500us\" } }",
    "between AWS's 0.21 ms for a SET and a vendor's 0.34 ms for a PING within one zone; the shape \
     is assumed",
    "One way between the application and a node; with `zones`, in the same zone.",
)
.between(0, MAX_HOP)
.called(&["latency", "rtt", "round_trip", "delay"]);

const ZONES: Key<Names> = Key::optional(
    "zones",
    "all is in one zone",
    "Names of the availability zones, such as [\"a\", \"b\", \"c\"]. Nodes stand in all of them \
     unless [store] says otherwise, users are spread over them by the application's instances \
     unless their class says otherwise.",
)
.called(&["availability_zones", "azs", "zone"]);

/// Measured from zone to zone and back: 0.83 ms in the mean (eu-west-1, 2022, five minutes of
/// ping), 0.94 to 1.13 ms (us-east-1, 2009), and between 0.5 and 1.5 ms for most pairs.
const CROSS_ZONE: Key<Distribution<Span>> = Key::built_in(
    "cross_zone",
    "{ lognormal = { median = \"400us\", p99 = \"900us\" } }",
    "half of the 0.83 ms there and back that a ping took between zones of eu-west-1 in 2022; most \
     pairs have 0.5 to 1.5 ms; the shape is assumed",
    "With `zones`: one way between two zones, for which [[network.pairs]] says nothing else.",
)
.between(0, MAX_HOP)
.called(&["inter_zone", "cross_az"]);

const REPLICATION_BANDWIDTH: Key<Bandwidth> = Key::optional(
    "replication_bandwidth",
    "the links never matter",
    "With `replicas`: bandwidth of the link from a primary to each of its replicas.",
)
.between(1, 1_000_000)
.called(&["bandwidth", "link_bandwidth"]);

const PAIR: Key<Names> =
    Key::required("zones", "[\"a\", \"b\"]", "The two zones, in either order.")
        .called(&["between", "pair"]);

const PAIR_HOP: Key<Distribution<Span>> =
    Key::required("hop", "\"700us\"", "One way between the two.")
        .between(0, MAX_HOP)
        .called(&["latency", "delay", "cross_zone"]);

/// `[[network.pairs]]` with its keys.
pub(super) const PAIRS: Section = Section {
    path: "network.pairs",
    repeated: true,
    help: "Two zones with a way of their own between them.",
    keys: &[PAIR.info(), PAIR_HOP.info()],
    sections: &[],
    not_yet: &[],
};

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "network",
    repeated: false,
    help: "Between the application and the nodes.",
    keys: &[
        HOP.info(),
        ZONES.info(),
        CROSS_ZONE.info(),
        REPLICATION_BANDWIDTH.info(),
    ],
    sections: &[&PAIRS],
    not_yet: &["tls"],
};

impl NetworkSpec {
    pub(super) fn read(table: Table<'_>) -> Option<Self> {
        let hop = table.get(&HOP);
        let zones = read_zones(&table);
        let bandwidth = table.get_optional(&REPLICATION_BANDWIDTH);
        table.finish();
        Some(Self {
            hop: hop?,
            zones: zones?,
            replication_bandwidth: bandwidth.ok()?,
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&HOP, &self.hop);
        let zones = &self.zones;
        if !zones.names.is_empty() {
            out.put(&ZONES, &Names(zones.names.clone()));
        }
        if zones.number() > 1 {
            out.put(&CROSS_ZONE, &zones.cross);
        }
        if let Some(bandwidth) = &self.replication_bandwidth {
            out.put(&REPLICATION_BANDWIDTH, bandwidth);
        }
        for (a, b, hop) in &zones.pairs {
            out.section(&PAIRS);
            let names = [a, b].map(|place| zones.names[*place].clone());
            out.put(&PAIR, &Names(names.to_vec()));
            out.put(&PAIR_HOP, hop);
        }
    }

    /// Says that the bandwidth of links that do not exist means nothing.
    pub(super) fn check_replicas(&self, table: &Table<'_>, replicas: u32) {
        if replicas == 0 && self.replication_bandwidth.is_some() {
            table.problem(&REPLICATION_BANDWIDTH, |problem| Problem {
                message: "`replication_bandwidth` has no meaning here".to_owned(),
                label: "there are no replicas".to_owned(),
                hint: Some("add replicas = 1 to [store], or leave it out".to_owned()),
                ..problem
            });
        }
    }
}

fn read_zones(table: &Table<'_>) -> Option<ZoneSpec> {
    let names = table.get_optional(&ZONES).map(Option::unwrap_or_default);
    let names = names.map(|names| names.0);
    let several = names.as_ref().is_ok_and(|names| names.len() > 1);
    let tables = table.sections(&PAIRS);
    if names.is_ok() && !several {
        let hint = "add for example zones = [\"a\", \"b\", \"c\"]";
        table.refuse(&CROSS_ZONE, "there is one zone", hint);
        for pair in &tables {
            pair.own_problem(|problem| Problem {
                message: "there are no two zones".to_owned(),
                label: "[network] names fewer".to_owned(),
                hint: Some(hint.to_owned()),
                ..problem
            });
        }
        let names = names.ok()?;
        return tables.is_empty().then_some(ZoneSpec {
            names,
            ..ZoneSpec::ONE
        });
    }
    let cross = table.get(&CROSS_ZONE);
    let names = names.ok()?;
    if names.len() > MAX_ZONES {
        table.problem(&ZONES, |problem| Problem {
            message: format!("{} zones are too many", names.len()),
            label: format!("at most {MAX_ZONES}"),
            ..problem
        });
        return None;
    }
    let mut pairs: Vec<(usize, usize, Distribution<Span>)> = Vec::new();
    let mut complete = true;
    for table in tables {
        match read_pair(table, &names, &pairs) {
            Some(pair) => pairs.push(pair),
            None => complete = false,
        }
    }
    let cross = cross?;
    complete.then_some(ZoneSpec {
        names,
        cross,
        pairs,
    })
}

fn read_pair(
    table: Table<'_>,
    known: &[String],
    others: &[(usize, usize, Distribution<Span>)],
) -> Option<(usize, usize, Distribution<Span>)> {
    let names = table.get(&PAIR);
    let hop = table.get(&PAIR_HOP);
    let place = |name: &String| known.iter().position(|zone| zone == name);
    let pair = match names.as_ref().map(|names| names.0.as_slice()) {
        None => None,
        Some([a, b]) if place(a).is_some() && place(b).is_some() => place(a).zip(place(b)),
        Some(names) => {
            let stranger = names.iter().find(|name| place(name).is_none());
            table.problem(&PAIR, |problem| match stranger {
                Some(name) => problem.no_such_zone(name, known),
                None => Problem {
                    message: "a pair is two zones".to_owned(),
                    hint: Some("write for example zones = [\"a\", \"b\"]".to_owned()),
                    ..problem
                },
            });
            None
        }
    };
    let pair = pair.map(|(a, b)| (a.min(b), a.max(b)));
    let again = pair.is_some_and(|pair| others.iter().any(|(a, b, _)| (*a, *b) == pair));
    if again {
        table.problem(&PAIR, |problem| Problem {
            message: "these two zones have a way already".to_owned(),
            hint: Some("it is the same both ways: keep one of the two".to_owned()),
            ..problem
        });
    }
    table.finish();
    let (a, b) = pair.filter(|_| !again)?;
    Some((a, b, hop?))
}
