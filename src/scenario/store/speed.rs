//! What decides how fast a node is: keys, defaults, and how they are read and written.

use crate::scenario::presets::node_types::NodeType;
use crate::scenario::reader::choice::{Choice, choice_is_value};
use crate::scenario::reader::key::{Key, KeyInfo};
use crate::scenario::reader::problem::Problem;
use crate::scenario::reader::table::{Table, Wrong};
use crate::scenario::reader::writer::Writer;
use crate::units::{Bandwidth, Ratio, Span, Speed};

use super::Engine;

/// How fast a node is, beside the service time of its commands.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeedSpec {
    /// Virtual CPUs, if the node type is known.
    pub vcpu: Option<u32>,
    /// Speed of a core against the one on which service times were measured.
    pub speed: Speed,
    /// Whether clients speak TLS.
    pub tls: bool,
    /// Whether the threads for input and output do the TLS.
    pub tls_offload: bool,
    /// Threads that read and write, the main thread included, at least 1.
    pub io_threads: u32,
    /// What the CPU credits of a burstable type limit.
    pub cpu_credits: CpuCredits,
    /// Credits that a burstable type earns in an hour; 0 for all others.
    pub credits_per_hour: u32,
    /// Credits at the start, as a share of the most that are kept.
    pub credits_at_start: Ratio,
    /// Bandwidth that lasts, in each direction; 0 for no limit at all.
    pub bandwidth: Bandwidth,
    /// Bandwidth for a short time, not below `bandwidth`.
    pub burst_bandwidth: Bandwidth,
    /// How long it lasts.
    pub burst_time: Span,
}

/// What becomes of a burstable node without credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuCredits {
    /// It slows down to its baseline.
    Standard,
    /// Nothing: more can be bought, or the type has no credits.
    Unlimited,
}

impl Choice for CpuCredits {
    const WHAT: &'static str = "a mode of CPU credits";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("standard", Self::Standard), ("unlimited", Self::Unlimited)];
}

choice_is_value!(CpuCredits);

impl SpeedSpec {
    /// A server without any limit beside its service time: what a trace or a test starts from.
    pub const UNLIMITED: Self = Self {
        vcpu: None,
        speed: Speed::SAME,
        tls: false,
        tls_offload: false,
        io_threads: 1,
        cpu_credits: CpuCredits::Unlimited,
        credits_per_hour: 0,
        credits_at_start: Ratio::ZERO,
        bandwidth: Bandwidth(0),
        burst_bandwidth: Bandwidth(0),
        burst_time: BURST_TIME_DEFAULT,
    };

    /// As a node of that type with that engine is by default.
    #[must_use]
    pub fn of(node_type: Option<&NodeType>, engine: Engine) -> Self {
        let Some(node_type) = node_type else {
            return Self {
                // `redis.conf` of 7.0 and 7.4: threads do not work with SSL.
                tls_offload: !matches!(engine, Engine::Redis70 | Engine::Redis74),
                ..Self::UNLIMITED
            };
        };
        let credits_per_hour = node_type.cpu_credits_per_hour.unwrap_or(0);
        let bandwidth = Bandwidth(node_type.network_baseline_mbps.unwrap_or(0));
        let burst = Bandwidth(node_type.network_burst_mbps.unwrap_or(0));
        Self {
            vcpu: Some(node_type.vcpu),
            speed: Speed::percent(node_type.speed()),
            tls: false,
            tls_offload: node_type.tls_offload,
            io_threads: if node_type.enhanced_io {
                node_type.vcpu.clamp(1, MOST_USEFUL_THREADS)
            } else {
                1
            },
            cpu_credits: if credits_per_hour > 0 {
                CpuCredits::Standard
            } else {
                CpuCredits::Unlimited
            },
            credits_per_hour,
            credits_at_start: launch_credits(node_type),
            bandwidth,
            burst_bandwidth: burst.max(bandwidth),
            burst_time: BURST_TIME_DEFAULT,
        }
    }
}

/// What a node has when it is launched: a T2 gets 30 credits for each vCPU, a T3 or T4g none (AWS,
/// "Standard mode concepts for burstable instances").
fn launch_credits(node_type: &NodeType) -> Ratio {
    let most = 24 * u64::from(node_type.cpu_credits_per_hour.unwrap_or(0));
    if most == 0 || !node_type.name.starts_with("cache.t2.") {
        return Ratio::ZERO;
    }
    Ratio((30 * u64::from(node_type.vcpu) * Ratio::ONE.0 / most).min(Ratio::ONE.0))
}

/// `redis.conf`: more than 8 threads are unlikely to help much.
const MOST_USEFUL_THREADS: u32 = 8;
/// AWS: a burst lasts typically 5 to 60 minutes, by the size of the instance.
const BURST_TIME_DEFAULT: Span = Span::from_secs(300);
/// `IO_THREADS_MAX_NUM` of the servers.
const MAX_IO_THREADS: u64 = 128;

const TLS: Key<bool> = Key::built_in(
    "tls",
    "false",
    "AWS encrypts in transit only if asked to (TransitEncryptionEnabled), servers likewise",
    "Whether clients speak TLS: a command takes 6.5 us longer, and 0.5 us for each KB of its value \
     (measured). Without effect on a `service_time` that is drawn.",
)
.called(&[
    "transit_encryption",
    "in_transit_encryption",
    "transit_encryption_enabled",
    "ssl",
]);

const SPEED: Key<Speed> = Key::derived(
    "speed",
    "100%; a type of another generation as it is assumed: 80% up to the fourth, 125% the seventh, \
     160% the eighth",
    "Speed of a core against the one on which `service_time` was measured. AWS publishes none. \
     Without effect on a `service_time` that is drawn.",
)
.between(1_000, 10_000_000)
.called(&["speed_factor", "cpu_factor", "cpu_speed"]);

const IO_THREADS: Key<u32> = Key::derived(
    "io_threads",
    "1, as in redis.conf; on types with enhanced I/O as many as they have vCPUs, at most 8 \
     (assumed: AWS does not say)",
    "Threads that read requests and write replies, the main thread included: with more than one \
     it only executes. Without effect on a `service_time` that is drawn.",
)
.between(1, MAX_IO_THREADS)
.called(&["io-threads", "threads"]);

const CPU_CREDITS: Key<CpuCredits> = Key::derived(
    "cpu_credits",
    "\"standard\" on burstable types (T2, T3, T4g), else \"unlimited\"",
    "Whether a burstable node slows down to its baseline when it has used up its CPU credits.",
)
.called(&["credits", "credit_specification"]);

const CREDITS_AT_START: Key<Ratio> = Key::derived(
    "cpu_credits_at_start",
    "what AWS gives at launch: nothing on T3 and T4g, 30 credits for each vCPU on T2",
    "CPU credits at the start, as a share of the most that a node keeps (a day's worth).",
)
.called(&["launch_credits", "initial_credits"]);

const BANDWIDTH: Key<Bandwidth> = Key::derived(
    "bandwidth",
    "the node type's baseline; \"0Mbps\" without a type, or where AWS does not document it",
    "Bandwidth of a node that lasts, in each direction; \"0Mbps\" for no limit.",
)
.between(0, 1_000_000)
.called(&["network", "network_bandwidth", "baseline_bandwidth"]);

const BURST_BANDWIDTH: Key<Bandwidth> = Key::derived(
    "burst_bandwidth",
    "the node type's, at least `bandwidth`",
    "Bandwidth of a node for a short time, while it has credits from times when it used less.",
)
.between(0, 1_000_000)
.called(&["network_burst", "max_bandwidth"]);

const BURST_TIME: Key<Span> = Key::built_in(
    "burst_time",
    "\"5m\"",
    "AWS: typically 5 to 60 minutes, depending on the size; the least of these is assumed",
    "How long a node that was idle before can use all of `burst_bandwidth`.",
)
.between(0, 7_200_000_000_000);

/// The keys in the order in which they are written.
pub(super) const KEYS: [KeyInfo; 8] = [
    TLS.info(),
    SPEED.info(),
    IO_THREADS.info(),
    CPU_CREDITS.info(),
    CREDITS_AT_START.info(),
    BANDWIDTH.info(),
    BURST_BANDWIDTH.info(),
    BURST_TIME.info(),
];

/// Reads them.
pub(super) fn read(
    table: &Table<'_>,
    node_type: Result<Option<&NodeType>, Wrong>,
    engine: Option<Engine>,
) -> Option<SpeedSpec> {
    let default = node_type.ok().zip(engine);
    let default = default.map(|(node_type, engine)| SpeedSpec::of(node_type, engine));
    let default = default.as_ref();
    let tls = table.get(&TLS);
    let speed = table.get_or(&SPEED, || Some(default?.speed));
    let io_threads = table.get_or(&IO_THREADS, || Some(default?.io_threads));
    let credits = read_credits(table, default);
    let bandwidth = table.get_or(&BANDWIDTH, || Some(default?.bandwidth));
    let burst_bandwidth = table.get_or(&BURST_BANDWIDTH, || {
        let bandwidth = bandwidth?;
        if bandwidth == Bandwidth(0) {
            return Some(bandwidth);
        }
        Some(default?.burst_bandwidth.max(bandwidth))
    });
    let burst_time = table.get(&BURST_TIME);
    let (bandwidth, burst_bandwidth) = (bandwidth?, burst_bandwidth?);
    if burst_bandwidth < bandwidth || (bandwidth == Bandwidth(0) && burst_bandwidth != bandwidth) {
        table.problem(&BURST_BANDWIDTH, |problem| Problem {
            message: "`burst_bandwidth` does not go with `bandwidth`".to_owned(),
            label: if bandwidth == Bandwidth(0) {
                "`bandwidth` sets no limit".to_owned()
            } else {
                format!("`bandwidth` is {bandwidth}, and lasts")
            },
            hint: Some("leave `burst_bandwidth` out for no bursts".to_owned()),
            ..problem
        });
        return None;
    }
    let default = default?;
    let (cpu_credits, credits_at_start) = credits?;
    Some(SpeedSpec {
        vcpu: default.vcpu,
        speed: speed?,
        tls: tls?,
        tls_offload: default.tls_offload,
        io_threads: io_threads?,
        cpu_credits,
        credits_per_hour: default.credits_per_hour,
        credits_at_start,
        bandwidth,
        burst_bandwidth,
        burst_time: burst_time?,
    })
}

fn read_credits(table: &Table<'_>, default: Option<&SpeedSpec>) -> Option<(CpuCredits, Ratio)> {
    if default.is_some_and(|default| default.credits_per_hour == 0) {
        let hint = "leave it out, or take a type such as cache.t4g.small";
        table.refuse(&CPU_CREDITS, "only burstable types have CPU credits", hint);
        table.refuse(
            &CREDITS_AT_START,
            "only burstable types have CPU credits",
            hint,
        );
        return Some((CpuCredits::Unlimited, Ratio::ZERO));
    }
    let cpu_credits = table.get_or(&CPU_CREDITS, || Some(default?.cpu_credits));
    let at_start = table.get_or(&CREDITS_AT_START, || Some(default?.credits_at_start));
    Some((cpu_credits?, at_start?))
}

impl SpeedSpec {
    pub(super) fn write(&self, out: &mut Writer) {
        out.put(&TLS, &self.tls);
        out.put(&SPEED, &self.speed);
        out.put(&IO_THREADS, &self.io_threads);
        if self.credits_per_hour > 0 {
            out.put(&CPU_CREDITS, &self.cpu_credits);
            out.put(&CREDITS_AT_START, &self.credits_at_start);
        }
        out.put(&BANDWIDTH, &self.bandwidth);
        out.put(&BURST_BANDWIDTH, &self.burst_bandwidth);
        out.put(&BURST_TIME, &self.burst_time);
    }
}
