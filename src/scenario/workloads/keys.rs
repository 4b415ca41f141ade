//! The keys of `[[workloads]]`.

use crate::kernel::quantiles::Distribution;
use crate::scenario::reader::key::{Key, Section};
use crate::scenario::users::arrivals::Factor;
use crate::units::{Bytes, Rate, Ratio, Span};

use super::KindName;

/// Most workloads.
pub(super) const MAX_WORKLOADS: usize = 32;
/// Most objects of a workload: each costs the simulator some 50 bytes.
pub(super) const MAX_OBJECTS: u64 = 20_000_000;
/// Most members of all sets of a workload: each costs the simulator a bit.
pub(super) const MAX_MEMBERS: u64 = 1 << 31;
/// One request each ten nanoseconds.
pub(super) const MAX_RATE: u64 = 100_000_000_000_000_000;
/// Ten years.
pub(super) const MAX_TTL: u64 = 3_650 * 86_400_000_000_000;
pub(super) const MILLISECOND: u64 = 1_000_000;
/// 512 MiB (`proto-max-bulk-len`).
pub(super) const MAX_VALUE: u64 = 512 << 20;
pub(super) const MAX_KEY: usize = 1024;

pub(super) const NAME: Key<String> = Key::derived(
    "name",
    "the kind of workload",
    "Name of the workload in reports: letters, digits, - and _.",
);

pub(super) const KIND: Key<KindName> = Key::required(
    "kind",
    "\"query-cache\"",
    "What it is: \"query-cache\" keeps results of queries (GET; what is missing is asked of the \
     database and SET), \"leaderboard\" keeps sorted sets (ZINCRBY, ZREVRANGE, ZREVRANK), \
     \"counters\" count up within a window of time (INCR, EXPIRE).",
)
.called(&["type"]);

pub(super) const RATE: Key<Rate> = Key::required(
    "rate",
    "\"500/s\"",
    "Requests by time, as a Poisson process.",
)
.between(1, MAX_RATE)
.called(&["requests", "arrival_rate", "request_rate"]);

pub(super) const FOLLOWS: Key<String> = Key::optional(
    "follows",
    "the rate does not change",
    "Name of a class of users: the rate follows the curve of its [users.arrivals], so that both have \
     their peaks at the same time. `rate` is then the mean.",
)
.called(&["arrivals", "curve", "like"]);

pub(super) const OBJECTS: Key<u32> = Key::derived(
    "objects",
    "1 for a leaderboard; else it must be given",
    "Number of different keys: results of queries, leaderboards, counters.",
)
.between(1, MAX_OBJECTS)
.called(&["keys", "queries", "boards", "clients"]);

pub(super) const EXPONENT: Key<Factor> = Key::derived(
    "exponent",
    "0.8 for a query cache (Breslau et al. 1999 found 0.64 to 0.83 in six traces of web proxies), 0 \
     for the others: all alike",
    "How unequal the popularity of objects is: the k-th most popular one is asked for in proportion \
     to k^-exponent (Zipf's law). 0 makes all alike.",
)
.called(&["zipf", "alpha", "skew", "zipf_exponent"]);

pub(super) const KEY: Key<String> = Key::derived(
    "key",
    "\"cache:<id>\", \"board:<id>\" or \"rate:<id>\"",
    "Pattern of the keys; <id> stands for the identifier of an object. A hash tag ({...}) is \
     honoured.",
)
.called(&["pattern", "prefix"]);

pub(super) const ID_LENGTH: Key<u32> = Key::built_in(
    "id_length",
    "32",
    "the length of an MD5 hash, as many query caches name their results",
    "Length of the identifier in bytes.",
)
.between(8, 64);

pub(super) const TTL: Key<Span> = Key::derived(
    "ttl",
    "none for a query cache and a leaderboard; counters must have one",
    "Time to live of a key from when it is stored, in whole milliseconds.",
)
.between(MILLISECOND, MAX_TTL)
.called(&["timeout", "expiry", "expire", "max_age", "window"]);

pub(super) const BYTES: Key<Distribution<Bytes>> = Key::derived(
    "bytes",
    "must be given for a query cache",
    "Size of a result, drawn once for each object.",
)
.between(1, MAX_VALUE)
.called(&["size", "value", "value_size"]);

pub(super) const UPDATE_SHARE: Key<Ratio> = Key::derived(
    "update_share",
    "0 % for a query cache, 50 % for a leaderboard (assumed)",
    "Share of requests that change something: the database, so that the result is deleted, or a \
     score.",
)
.called(&["write_share", "modify_share", "writes"]);

pub(super) const MEMBERS: Key<u32> = Key::derived(
    "members",
    "must be given for a leaderboard",
    "Different members that each leaderboard may come to have; those that are updated join it.",
)
.between(1, 100_000_000)
.called(&["players", "entries"]);

pub(super) const MEMBER_LENGTH: Key<u32> = Key::derived(
    "member_length",
    "36 for a leaderboard: a UUID",
    "Bytes of a member.",
)
.between(1, 1024);

pub(super) const RANK_SHARE: Key<Ratio> = Key::derived(
    "rank_share",
    "50 % for a leaderboard (assumed)",
    "Of the requests that only read a leaderboard, the share that asks for a member's rank; the rest \
     asks for the top.",
);

pub(super) const TOP: Key<u32> = Key::derived(
    "top",
    "10 for a leaderboard",
    "Members that a request for the top gets.",
)
.between(1, 100_000)
.called(&["limit", "page"]);

/// The section with its keys.
pub(in crate::scenario) const SECTION: Section = Section {
    path: "workloads",
    repeated: true,
    help: "What else uses the same nodes, beside the sessions.",
    keys: &[
        NAME.info(),
        KIND.info(),
        RATE.info(),
        FOLLOWS.info(),
        OBJECTS.info(),
        EXPONENT.info(),
        KEY.info(),
        ID_LENGTH.info(),
        TTL.info(),
        BYTES.info(),
        UPDATE_SHARE.info(),
        MEMBERS.info(),
        MEMBER_LENGTH.info(),
        RANK_SHARE.info(),
        TOP.info(),
    ],
    sections: &[],
    not_yet: &["library", "encoding", "publish", "stream", "queue"],
};
