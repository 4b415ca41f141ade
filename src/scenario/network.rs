//! `[network]`: between the application and the nodes.

use crate::kernel::quantiles::Distribution;
use crate::units::Span;

use super::reader::key::{Key, Section};
use super::reader::table::Table;
use super::reader::writer::Writer;

/// `[network]`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// One way between application and node.
    pub hop: Distribution<Span>,
}

/// Longest hop, 1 minute.
const MAX_HOP: u64 = 60_000_000_000;

/// Half a round trip within one availability zone. AWS measured 0.21 ms for a SET over a kept
/// connection (`BestPractices.Clients.Redis.Connections`), a vendor 0.34 ms on average, 0.11 ms at
/// best and 1.8 ms at worst for PING (r7g.xlarge, 1,489 samples). Two hops of this distribution
/// and 7 us of service have a mean of 0.30 ms. The shape is assumed.
const HOP: Key<Distribution<Span>> = Key::built_in(
    "hop",
    "{ lognormal = { median = \"120us\", p99 = \"500us\" } }",
    "between AWS's 0.21 ms for a SET and a vendor's 0.34 ms for a PING within one zone; the shape \
     is assumed",
    "One way between the application and a node.",
)
.between(0, MAX_HOP)
.called(&["latency", "rtt", "round_trip", "delay"]);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "network",
    repeated: false,
    help: "Between the application and the nodes.",
    keys: &[HOP.info()],
    sections: &[],
    not_yet: &["zones", "zone", "bandwidth", "cross_zone", "tls"],
};

impl NetworkSpec {
    pub(super) fn read(table: Table<'_>) -> Option<Self> {
        let hop = table.get(&HOP);
        table.finish();
        Some(Self { hop: hop? })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&HOP, &self.hop);
    }
}
