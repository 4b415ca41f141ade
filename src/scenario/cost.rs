//! `[cost]`: what the deployment costs, in prices that are data.

use crate::units::Ratio;

use super::load::Input;
use super::own_types::{self, Dollars, Own};
use super::presets::prices::{self, Prices};
use super::reader::choice::{Choice, choice_is_value, clipped};
use super::reader::key::{Key, Section};
use super::reader::problem::Problem;
use super::reader::table::{Table, Wrong};
use super::reader::writer::Writer;
use super::store::{Platform, StoreSpec};

/// How nodes are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// By the hour.
    OnDemand,
    /// For a term.
    Reserved,
}

impl Choice for Payment {
    const WHAT: &'static str = "a way to pay";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("on-demand", Self::OnDemand), ("reserved", Self::Reserved)];
    const OTHER_WORDS: &'static [(&'static str, &'static str)] = &[
        ("ondemand", "on-demand"),
        ("hourly", "on-demand"),
        ("ri", "reserved"),
        ("commitment", "reserved"),
    ];
}
choice_is_value!(Payment);

impl Payment {
    /// As a scenario writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

/// `[cost]`. Prices are in millionths of a US dollar; `None` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostSpec {
    /// Region of the prices.
    pub region: String,
    /// Where they come from, and of when they are.
    pub source: String,
    /// How nodes are paid for.
    pub payment: Payment,
    /// What a term takes off the price of a node.
    pub reserved_discount: Ratio,
    /// A node for an hour, on demand.
    pub node: Option<u64>,
    /// Backups that are paid for.
    pub backups: u32,
    /// A GB of backups for a month.
    pub backup_storage: Option<u64>,
    /// A GB in a serverless cache for an hour.
    pub serverless_storage: Option<u64>,
    /// A million `ElastiCache` processing units.
    pub serverless_requests: Option<u64>,
    /// A GB that goes from zone to zone.
    pub cross_zone: Option<u64>,
    /// A million queries of the database.
    pub database_queries: Option<u64>,
}

const MAX_TEXT: usize = 200;
const MAX_PRICE: u64 = 1_000_000_000_000;

const REGION: Key<String> = Key::built_in(
    "region",
    "\"us-east-1\"",
    "the region of the prices that are known here",
    "Region whose prices hold. Another one needs `prices`.",
)
.called(&["aws_region", "location"]);

const PRICES: Key<String> = Key::optional(
    "prices",
    "the prices that `sessionsim nodes` lists hold",
    "A CSV file of prices, relative to the scenario, with the columns item, engine, region, usd \
     and date. An item is a node type (its price an hour), backup-gb-month, serverless-gb-hour or \
     serverless-million-ecpu; the engine redis, valkey or any. What it lacks has no price.",
)
.called(&["price_file", "pricing", "price_list"]);

const SOURCE: Key<String> = Key::derived(
    "source",
    "the file of `prices`, or who published the prices and when",
    "Where the prices come from, for reports. If it is given without `prices`, only the prices \
     that stand beside it hold.",
)
.called(&["price_date", "date"]);

const PAYMENT: Key<Payment> = Key::built_in(
    "payment",
    "\"on-demand\"",
    "what nobody has to sign for",
    "How nodes are paid for: cost_per_month is what that costs; both are shown.",
)
.called(&["pricing_model", "commitment", "term"]);

const RESERVED_DISCOUNT: Key<Ratio> = Key::built_in(
    "reserved_discount",
    "\"31.7%\"",
    "a year without upfront payment: 1,772.44 instead of 2,596.61 USD a month for a \
     cache.m6g.12xlarge in July 2024 (Infracost's test data); by term it is 30 % to 55 %",
    "What reserved nodes cost less than those on demand.",
)
.called(&["discount", "savings"]);

const NODE: Key<Dollars> = Key::derived(
    "node_hour",
    "the price of `node_type` with `engine`; none for servers of your own",
    "A node for an hour, on demand.",
)
.between(0, MAX_PRICE)
.called(&["node_price", "price", "price_per_hour"]);

const BACKUPS: Key<u32> = Key::built_in(
    "backups",
    "0",
    "ElastiCache's own default: automatic backups are off",
    "Backups that are kept, each as large as the data.",
)
.between(0, 1000)
.called(&["snapshots", "snapshot_retention", "retention"]);

const BACKUP_STORAGE: Key<Dollars> = Key::derived(
    "backup_gb_month",
    "that of the region; none for servers of your own",
    "A GB (10^9 bytes) of backups for a month.",
)
.between(0, MAX_PRICE);

const SERVERLESS_STORAGE: Key<Dollars> = Key::derived(
    "serverless_gb_hour",
    "that of the region and engine; none for servers of your own",
    "A GB (10^9 bytes) in a serverless cache for an hour.",
)
.between(0, MAX_PRICE);

const SERVERLESS_REQUESTS: Key<Dollars> = Key::derived(
    "serverless_million_ecpu",
    "that of the region and engine; none for servers of your own",
    "A million ElastiCache processing units (ECPU).",
)
.between(0, MAX_PRICE);

const CROSS_ZONE: Key<Dollars> = Key::derived(
    "cross_zone_gb",
    "that of the region; none for servers of your own",
    "A GB (10^9 bytes) that goes from zone to zone. On ElastiCache only what users' requests send is \
     paid for, and only at the end of the application.",
)
.between(0, MAX_PRICE)
.called(&["cross_zone", "transfer", "data_transfer"]);

const DATABASE_QUERIES: Key<Dollars> = Key::optional(
    "database_million_queries",
    "what the database is spared has no price",
    "A million queries of the database, such as \"$0.20\".",
)
.between(0, MAX_PRICE)
.called(&["query_price", "database_price"]);

/// The section with its keys.
pub(super) const SECTION: Section = Section {
    path: "cost",
    repeated: false,
    help: "What the deployment costs. Without effect on what is simulated.",
    keys: &[
        REGION.info(),
        PRICES.info(),
        SOURCE.info(),
        PAYMENT.info(),
        RESERVED_DISCOUNT.info(),
        NODE.info(),
        BACKUPS.info(),
        BACKUP_STORAGE.info(),
        SERVERLESS_STORAGE.info(),
        SERVERLESS_REQUESTS.info(),
        CROSS_ZONE.info(),
        DATABASE_QUERIES.info(),
    ],
    sections: &[],
    not_yet: &["currency"],
};

/// The prices that hold, before single ones are replaced.
#[derive(Default)]
struct Tariff {
    source: String,
    node: Option<u64>,
    backup_storage: Option<u64>,
    serverless_storage: Option<u64>,
    serverless_requests: Option<u64>,
    cross_zone: Option<u64>,
}

impl CostSpec {
    pub(super) fn read(
        table: Table<'_>,
        input: &Input<'_>,
        (platform, own): (Platform, &Own),
        store: Option<&StoreSpec>,
    ) -> Option<Self> {
        let region = read_region(&table);
        let file = table.get_optional(&PRICES);
        let payment = table.get(&PAYMENT);
        let reserved_discount = table.get(&RESERVED_DISCOUNT);
        let backups = table.get(&BACKUPS);
        let tariff = match (&region, &file, store) {
            (Some(region), Ok(file), Some(store)) => read_tariff(
                &table,
                input,
                (platform, own),
                store,
                region,
                file.as_deref(),
            ),
            _ => None,
        };
        let known = tariff.as_ref();
        let node = price(&table, &NODE, known.and_then(|tariff| tariff.node));
        let backup_storage = known.and_then(|tariff| tariff.backup_storage);
        let backup_storage = price(&table, &BACKUP_STORAGE, backup_storage);
        let storage = known.and_then(|tariff| tariff.serverless_storage);
        let storage = price(&table, &SERVERLESS_STORAGE, storage);
        let requests = known.and_then(|tariff| tariff.serverless_requests);
        let requests = price(&table, &SERVERLESS_REQUESTS, requests);
        let cross_zone = known.and_then(|tariff| tariff.cross_zone);
        let cross_zone = price(&table, &CROSS_ZONE, cross_zone);
        let database = table.get_optional(&DATABASE_QUERIES);
        let source = table.get_or(&SOURCE, || Some(tariff.as_ref()?.source.clone()));
        let source = source.filter(|source| is_short(&table, &SOURCE, source));
        table.finish();
        tariff?;
        Some(Self {
            region: region?,
            source: source?,
            payment: payment?,
            reserved_discount: reserved_discount?,
            node: node.ok()?,
            backups: backups?,
            backup_storage: backup_storage.ok()?,
            serverless_storage: storage.ok()?,
            serverless_requests: requests.ok()?,
            cross_zone: cross_zone.ok()?,
            database_queries: database.ok()?.map(|dollars| dollars.0),
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section(&SECTION);
        out.put(&REGION, &self.region);
        out.put(&SOURCE, &self.source);
        out.put(&PAYMENT, &self.payment);
        out.put(&RESERVED_DISCOUNT, &self.reserved_discount);
        let mut put = |key: &Key<Dollars>, price: Option<u64>| {
            if let Some(price) = price {
                out.put(key, &Dollars(price));
            }
        };
        put(&NODE, self.node);
        out.put(&BACKUPS, &self.backups);
        let mut put = |key: &Key<Dollars>, price: Option<u64>| {
            if let Some(price) = price {
                out.put(key, &Dollars(price));
            }
        };
        put(&BACKUP_STORAGE, self.backup_storage);
        put(&SERVERLESS_STORAGE, self.serverless_storage);
        put(&SERVERLESS_REQUESTS, self.serverless_requests);
        put(&CROSS_ZONE, self.cross_zone);
        put(&DATABASE_QUERIES, self.database_queries);
    }
}

/// A price that is given, or the one that holds.
fn price(table: &Table<'_>, key: &Key<Dollars>, known: Option<u64>) -> Result<Option<u64>, Wrong> {
    match known {
        Some(known) => {
            let price = table.get_or(key, || Some(Dollars(known))).ok_or(Wrong)?;
            Ok(Some(price.0))
        }
        None => Ok(table.get_optional(key)?.map(|price| price.0)),
    }
}

fn read_region(table: &Table<'_>) -> Option<String> {
    let region = table.get(&REGION)?;
    (is_short(table, &REGION, &region)).then_some(region)
}

fn is_short(table: &Table<'_>, key: &Key<String>, text: &str) -> bool {
    let fits = !text.is_empty() && text.len() <= MAX_TEXT;
    if !fits {
        table.problem(key, |problem| Problem {
            message: format!("`{}` has {} bytes", key.info().name, text.len()),
            label: format!("1 to {MAX_TEXT}"),
            ..problem
        });
    }
    fits
}

/// The prices of a file, or those that are compiled in.
fn read_tariff(
    table: &Table<'_>,
    input: &Input<'_>,
    (platform, own): (Platform, &Own),
    store: &StoreSpec,
    region: &str,
    file: Option<&str>,
) -> Option<Tariff> {
    let node_type = store.node_type.as_deref();
    let engine = if store.engine.is_valkey() {
        "valkey"
    } else {
        "redis"
    };
    if let Some(file) = file {
        let (name, prices) = read_file(table, input, file)?;
        let of = |item| prices.find(item, engine, region).map(|price| price.micros);
        let tariff = Tariff {
            source: format!("{name}, {region}"),
            node: node_type.and_then(of),
            backup_storage: of(prices::BACKUP),
            serverless_storage: of(prices::SERVERLESS_STORAGE),
            serverless_requests: of(prices::SERVERLESS_REQUESTS),
            cross_zone: of(prices::CROSS_ZONE),
        };
        if !prices.regions().contains(&region) {
            table.problem(&PRICES, |problem| Problem {
                message: format!("there are no prices of {}", clipped(region)),
                label: match prices.regions()[..] {
                    [] => "it has no prices at all".to_owned(),
                    ref regions => format!("it has those of {}", clipped(&regions.join(", "))),
                },
                hint: Some("set `region` to one of them".to_owned()),
                ..problem
            });
            return None;
        }
        return Some(tariff);
    }
    if table.has(&SOURCE) {
        // As in a resolved scenario, which has all its prices in it.
        return Some(Tariff::default());
    }
    if platform == Platform::SelfManaged {
        return Some(Tariff {
            source: "none: servers of your own".to_owned(),
            ..Tariff::default()
        });
    }
    let found = node_type.and_then(|name| own_types::find(&own.types, name));
    let offer = found.as_ref().and_then(|found| match engine {
        "redis" => found.redis.price,
        _ => found.valkey.price,
    });
    let is_own = found
        .as_ref()
        .is_some_and(|found| found.price_region.is_empty());
    if region != prices::REGION {
        // Whoever gives the price of a node, here or in a type of their own, knows their region.
        if table.has(&NODE) || is_own {
            return Some(Tariff {
                source: format!("the scenario, {region}"),
                node: offer.filter(|_| is_own),
                ..Tariff::default()
            });
        }
        table.problem(&REGION, |problem| Problem {
            message: format!("there are no prices of {} here", clipped(region)),
            label: format!("only those of {}", prices::REGION),
            hint: Some("give a file of your own as `prices`, or at least `node_hour`".to_owned()),
            ..problem
        });
        return None;
    }
    let prices = Prices::built_in();
    let of = |item| prices.find(item, engine, region).map(|price| price.micros);
    let source = match &found {
        Some(found) if !is_own => format!("AWS, {region}, {}", found.price_date),
        _ => format!("AWS, {region}"),
    };
    Some(Tariff {
        source,
        node: offer,
        backup_storage: of(prices::BACKUP),
        serverless_storage: of(prices::SERVERLESS_STORAGE),
        serverless_requests: of(prices::SERVERLESS_REQUESTS),
        cross_zone: of(prices::CROSS_ZONE),
    })
}

/// The prices of the user's file, and its name.
fn read_file(table: &Table<'_>, input: &Input<'_>, file: &str) -> Option<(String, Prices)> {
    let from = table
        .source_of(&PRICES)
        .unwrap_or_else(|| input.name.to_owned());
    let report = |message: &str, label: String| {
        table.problem(&PRICES, |problem| Problem {
            message: message.to_owned(),
            label,
            ..problem
        });
        None
    };
    let source = match (input.base)(&from, file) {
        Ok(source) => source,
        Err(why) => return report("the prices cannot be read", why),
    };
    match Prices::read(&source.text) {
        Ok(prices) => {
            let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
            Some((name.to_owned(), prices))
        }
        Err(what) => report("the file of prices is malformed", what),
    }
}
