//! Prices as a table: the one that is compiled in, or a file of the user's.

/// What a price is for, beside node types, which are named as they are.
pub const BACKUP: &str = "backup-gb-month";
/// A GB in a serverless cache for an hour.
pub const SERVERLESS_STORAGE: &str = "serverless-gb-hour";
/// A million `ElastiCache` processing units of a serverless cache.
pub const SERVERLESS_REQUESTS: &str = "serverless-million-ecpu";
/// A GB that goes from zone to zone, at the end that pays.
pub const CROSS_ZONE: &str = "cross-zone-gb";
/// The engine of a price that holds for all of them.
const ANY: &str = "any";
const HEAD: [&str; 5] = ["item", "engine", "region", "usd", "date"];
/// Highest price: what is above it is a slip.
const MOST: f64 = 1e6;

/// The region of the prices that are compiled in.
pub const REGION: &str = "us-east-1";

/// A price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    item: String,
    engine: String,
    region: String,
    /// Millionths of a US dollar.
    pub micros: u64,
    /// When it held, as the table says it.
    pub date: String,
}

/// A table of prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(Vec<Price>);

impl Prices {
    /// The table that is compiled in.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn built_in() -> Self {
        Self::read(include_str!("prices.csv")).expect("the table is well-formed")
    }

    /// Reads a table: CSV with the columns item, engine, region, usd and date; lines that begin
    /// with `#` are comments.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let head = reader.headers().map_err(|error| malformed(&error))?;
        if *head != HEAD[..] {
            return Err(format!("its first line must be `{}`", HEAD.join(",")));
        }
        let mut prices: Vec<Price> = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| malformed(&error))?;
            let line = row.position().map_or(0, csv::Position::line);
            let usd = row[3].parse::<f64>().ok();
            let Some(usd) = usd.filter(|usd| (0.0..MOST).contains(usd)) else {
                let found: String = row[3].chars().take(40).collect();
                return Err(format!(
                    "line {line}: `{found}` is no price in US dollars below a million"
                ));
            };
            if !["redis", "valkey", "memcached", ANY].contains(&&row[1]) {
                let found: String = row[1].chars().take(40).collect();
                return Err(format!(
                    "line {line}: `{found}` is none of redis, valkey, memcached, any"
                ));
            }
            let price = Price {
                item: row[0].to_owned(),
                engine: row[1].to_owned(),
                region: row[2].to_owned(),
                micros: libm::round(usd * 1e6) as u64,
                date: row[4].to_owned(),
            };
            let same = |other: &Price| {
                (&other.item, &other.engine, &other.region)
                    == (&price.item, &price.engine, &price.region)
            };
            if prices.iter().any(same) {
                return Err(format!("line {line}: a second price of `{}`", price.item));
            }
            prices.push(price);
        }
        Ok(Self(prices))
    }

    /// The price of `item` with that engine in that region; one for the engine goes before one
    /// for any.
    pub fn find(&self, item: &str, engine: &str, region: &str) -> Option<&Price> {
        let with = |engine: &str| {
            self.0.iter().find(|price| {
                (&*price.item, &*price.engine, &*price.region) == (item, engine, region)
            })
        };
        with(engine).or_else(|| with(ANY))
    }

    /// All regions of the table, each once, in its order.
    pub fn regions(&self) -> Vec<&str> {
        let mut regions: Vec<&str> = Vec::new();
        for price in &self.0 {
            if !regions.contains(&&*price.region) {
                regions.push(&price.region);
            }
        }
        regions
    }
}

fn malformed(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            len, expected_len, ..
        } => format!("line {line} has {len} columns instead of {expected_len}"),
        _ => format!("line {line} is no text in UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The prices as AWS publishes them (see the head of the table).
    #[test]
    fn the_table_is_whole() {
        let prices = Prices::built_in();
        let of = |item, engine| prices.find(item, engine, REGION).unwrap().micros;
        assert_eq!(of(BACKUP, "valkey"), 85_000);
        assert_eq!(of(SERVERLESS_STORAGE, "valkey"), 84_000);
        assert_eq!(of(SERVERLESS_STORAGE, "redis"), 125_000);
        assert_eq!(of(SERVERLESS_REQUESTS, "valkey"), 2_300);
        assert_eq!(prices.regions(), [REGION]);
        assert_eq!(prices.find(BACKUP, "valkey", "eu-west-1"), None);
        // AWS: 1.224 USD an hour for 100,000 ECPU a second.
        let hour = of(SERVERLESS_REQUESTS, "redis") as f64 / 1e6 * 0.1 * 3600.0;
        assert!((hour - 1.224).abs() < 1e-9);
    }

    #[test]
    fn the_engine_goes_before_any() {
        let text = "item,engine,region,usd,date\nx,any,a,1,2026\nx,redis,a,2,2026\n";
        let prices = Prices::read(text).unwrap();
        assert_eq!(prices.find("x", "redis", "a").unwrap().micros, 2_000_000);
        assert_eq!(prices.find("x", "valkey", "a").unwrap().micros, 1_000_000);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let told = |rows: &str| Prices::read(&format!("item,engine,region,usd,date\n{rows}"));
        assert_eq!(
            told("a,any,r,free,2026").unwrap_err(),
            "line 2: `free` is no price in US dollars below a million"
        );
        assert_eq!(
            told("a,any,r,1,x\na,any,r,2,x").unwrap_err(),
            "line 3: a second price of `a`"
        );
        assert_eq!(
            told("a,mysql,r,1,x").unwrap_err(),
            "line 2: `mysql` is none of redis, valkey, memcached, any"
        );
        assert_eq!(
            told("a,any").unwrap_err(),
            "line 2 has 2 columns instead of 5"
        );
        assert!(Prices::read("node,usd\n").is_err());
    }
}
