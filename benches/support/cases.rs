//! The canonical scenarios: one application in front of four self-managed Redis 7.0 nodes, each
//! 30 % busy: hops of 100 to 200 us, 7.5 us a command, 160,000 requests a second whatever the
//! number of sessions.

use std::fmt::Write as _;

use sessionsim::scenario::{self, Scenario};
use sessionsim::units::Span;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// A single GET; a session lives 32 mean think times from its creation, so that 97 % of the
    /// requests find it.
    Get,
    /// GET, then EXPIRE; the session slides, and 97 % find it.
    GetExpire,
    /// A single GET, with memory for about 80 % of the sessions: every fifth request finds its
    /// session evicted, and storing it again evicts another.
    Evict,
    /// As [`Case::Get`], by five classes of users with three kinds of keys: strings with short and
    /// long names, and hashes; each class is counted by itself.
    Classes,
}

impl Case {
    pub(crate) const ALL: [Self; 4] = [Self::Get, Self::GetExpire, Self::Evict, Self::Classes];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetExpire => "get-expire",
            Self::Evict => "evict",
            Self::Classes => "classes",
        }
    }

    /// Mean think times until all sessions are there and as many end as begin.
    pub(crate) const fn warmup_thinks(self) -> u64 {
        match self {
            Self::Get | Self::Classes => 32,
            Self::GetExpire => 5,
            Self::Evict => 8,
        }
    }

    /// The scenario for `sessions` sessions, measured for `thinks` mean think times.
    pub(crate) fn scenario(self, sessions: u64, thinks: u64) -> Scenario {
        self.with_replicas(sessions, thinks, 0)
    }

    /// The same, each of the four nodes with so many replicas.
    pub(crate) fn with_replicas(self, sessions: u64, thinks: u64, replicas: u32) -> Scenario {
        let think = Span(sessions * 6_250);
        let warmup = think * self.warmup_thinks();
        let (ttl, ttl_kind, read) = match self {
            Self::Get | Self::Classes => (think * 32, "from-write", "[\"GET\"]"),
            Self::GetExpire => (
                Span::from_millis(think.0 * 7 / 2_000_000),
                "sliding",
                "[\"GET\", \"EXPIRE\"]",
            ),
            Self::Evict => (think * 1000, "from-write", "[\"GET\"]"),
        };
        // A session of 1,000 bytes takes 1,158 bytes on Redis 7.0.
        let limit = match self {
            Self::Evict => format!("maxmemory = \"{}B\"", 1_048_576 + sessions * 1_158 / 5),
            Self::Get | Self::GetExpire | Self::Classes => String::new(),
        };
        let mut text = format!(
            r#"
            name = "canonical"
            platform = "self-managed"
            duration = "{duration}"
            warmup = "{warmup}"
            window = "60s"

            [store]
            engine = "redis-7.0"
            shards = 4
            replicas = {replicas}
            {limit}
            maxmemory_policy = "allkeys-lru"
            service_time = {{ fixed = "7500ns", per_kib = "0s" }}

            [network]
            hop = {{ uniform = ["100us", "200us"] }}

            [database]
            concurrency = 64
            queue_limit = 100_000
            service_time = {{ exponential = "1ms" }}
            on_lost_session = "restore"

            "#,
            duration = warmup + think * thinks,
        );
        let stay = warmup + think * (thinks + 1);
        let string = |prefix: &str| format!("key = \"{prefix}<id>\"\nread = {read}");
        let classes = match self {
            Self::Classes => vec![
                string("s:"),
                string("s:"),
                string("application:session:"),
                string("application:session:"),
                "key = \"cart:<id>\"\nencoding = \"hash\"\nfields = 8\nread = [\"HGETALL\"]"
                    .to_owned(),
            ],
            _ => vec![string("s:")],
        };
        let share = sessions / classes.len() as u64;
        for (number, key) in classes.iter().enumerate() {
            let _ = write!(
                text,
                r#"
                [[users]]
                name = "users-{number}"
                login = false
                concurrent = {share}
                ramp_up = "{warmup}"
                think_time = {{ exponential = "{think}" }}
                stay = "{stay}"
                modify_share = "0%"
                logout_share = "0%"
                return_share = "0%"

                [users.session]
                {key}
                bytes = "1000B"
                ttl = "{ttl}"
                ttl_kind = "{ttl_kind}"
                "#
            );
        }
        scenario::load("canonical.toml", &text)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    }
}
