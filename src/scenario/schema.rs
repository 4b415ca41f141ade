//! The scenario language as a JSON Schema (draft 7), for editors, from the declarations of its
//! keys.
//!
//! It accepts every valid scenario. It cannot know all that makes one invalid: what must agree with
//! what, and how much is too much, `check` says.

use serde_json::{Map, Value, json};

use super::SECTIONS;
use super::reader::choice::Choice;
use super::reader::key::{Fallback, KeyInfo, Kind, Section};
use super::reader::tree::{self, Tree};
use super::users::ScriptStep;

/// The schema.
pub fn schema() -> Value {
    let top = SECTIONS[0];
    let mut schema = section(top);
    schema.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    schema.insert("title".to_owned(), json!("sessionsim scenario"));
    let required = top
        .keys
        .iter()
        .filter(|key| matches!(key.fallback, Fallback::Required(_)))
        .map(|key| key.name)
        .chain(["users"]);
    // What another scenario gives need not be here.
    schema.insert(
        "anyOf".to_owned(),
        json!([
            { "required": ["extends"] },
            { "required": required.collect::<Vec<_>>() },
        ]),
    );
    schema.insert("definitions".to_owned(), definitions());
    Value::Object(schema)
}

fn section(section: &Section) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in section.keys {
        properties.insert(key.name.to_owned(), Value::Object(property(key)));
    }
    for within in section.sections {
        let table = Value::Object(self::section(within));
        let value = if within.repeated {
            json!({ "type": "array", "items": table, "description": within.help })
        } else {
            table
        };
        properties.insert(within.name().to_owned(), value);
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("description".to_owned(), json!(section.help));
    object.insert("additionalProperties".to_owned(), json!(false));
    object.insert("properties".to_owned(), Value::Object(properties));
    object
}

/// What a value of the key's kind looks like.
fn form(key: &KeyInfo) -> Map<String, Value> {
    let mut property = Map::new();
    let mut put = |name: &str, value: Value| {
        property.insert(name.to_owned(), value);
    };
    let reference = |name: &str| json!([{ "$ref": format!("#/definitions/{name}") }]);
    match key.kind {
        Kind::Text => put("type", json!("string")),
        Kind::Flag => put("type", json!("boolean")),
        Kind::Whole => {
            put("type", json!("integer"));
            put("minimum", json!(key.least.unwrap_or(0)));
            if let Some(most) = key.most {
                put("maximum", json!(most));
            }
        }
        Kind::Choice(words) => put("enum", json!(words())),
        // Behind a bare reference draft 7 would ignore the description.
        Kind::Duration => put("allOf", reference("duration")),
        Kind::Size => put("allOf", reference("size")),
        Kind::Share => put("allOf", reference("share")),
        Kind::Rate => put("allOf", reference("rate")),
        Kind::Bandwidth => put("allOf", reference("bandwidth")),
        Kind::Speed => put("allOf", reference("speed")),
        Kind::Durations => put("allOf", reference("durations")),
        Kind::Sizes => put("allOf", reference("sizes")),
        Kind::Program => put("allOf", reference("program")),
        Kind::Parallel => put(
            "anyOf",
            json!([{ "type": "integer", "minimum": 1 }, { "type": "object" }]),
        ),
        Kind::Factor => {
            put("type", json!("number"));
            put("minimum", json!(0));
        }
        Kind::Factors => {
            put("type", json!("array"));
            put("items", json!({ "type": "number", "minimum": 0 }));
        }
        Kind::Names => put("allOf", reference("names")),
        Kind::Script => {
            put("type", json!("array"));
            put("minItems", json!(1));
            put("items", json!({ "enum": ScriptStep::words() }));
        }
        Kind::ServiceTime => put("allOf", reference("service_time")),
        Kind::Expectations => put("allOf", reference("expectations")),
        Kind::Alarm => {
            put("type", json!("string"));
            put(
                "pattern",
                json!("^\\s*[A-Za-z]+\\s*[<>]=?\\s*[0-9.]+\\s*%?\\s*$"),
            );
        }
        Kind::Texts => {
            put("type", json!("array"));
            put("items", json!({ "type": "string" }));
        }
        Kind::Values => {
            put("type", json!("array"));
            put("minItems", json!(2));
        }
        Kind::Any => put("type", json!(["integer", "string"])),
        Kind::Price => {
            put("type", json!("string"));
            put("pattern", json!("^\\s*\\$\\s*[0-9.]+\\s*$"));
        }
    }
    property
}

fn property(key: &KeyInfo) -> Map<String, Value> {
    let mut property = form(key);
    let mut put = |name: &str, value: Value| {
        property.insert(name.to_owned(), value);
    };
    let rest = match key.fallback {
        Fallback::BuiltIn(text, source) => {
            if let Some(value) = value_of(text) {
                put("default", value);
            }
            format!("Default: {text} ({source}).")
        }
        Fallback::Platform {
            elasticache,
            self_managed,
            source,
        } => format!(
            "Default: {elasticache} on elasticache, {self_managed} on self-managed ({source})."
        ),
        Fallback::Derived(rule) => format!("Default: {rule}."),
        Fallback::Absent(meaning) => format!("Without it: {meaning}."),
        Fallback::Required(example) => {
            put("examples", json!([value_of(example)]));
            "It must be given.".to_owned()
        }
    };
    put("description", json!(format!("{}\n\n{rest}", key.help)));
    property
}

/// A value of TOML as JSON has it.
fn value_of(text: &str) -> Option<Value> {
    fn convert(tree: &Tree) -> Value {
        match tree {
            Tree::Text(text) | Tree::Float(text) | Tree::Date(text) => json!(text),
            Tree::Integer(_, number) => json!(number.and_then(|n| u64::try_from(n).ok())),
            Tree::Flag(flag) => json!(flag),
            Tree::List(items) => items.iter().map(|item| convert(&item.tree)).collect(),
            Tree::Table(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), convert(&entry.node.tree)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
    tree::parse_value(0, text)
        .ok()
        .map(|node| convert(&node.tree))
}

fn definitions() -> Value {
    let quantity = |unit: &str, examples: Value| {
        json!({
            "type": "string",
            "pattern": format!("^\\s*[0-9._]+\\s*({unit})\\s*$"),
            "examples": examples,
        })
    };
    json!({
        "duration": {
            "type": "string",
            "pattern": "^\\s*([0-9._]+\\s*(ns|us|ms|s|m|h|d)\\s*)+$",
            "examples": ["150us", "0.5ms", "30s", "1h30m", "7d"],
        },
        "size": quantity("[kKMG]?B|[KMGT]iB", json!(["300B", "5KB", "2KiB", "1.5GiB"])),
        "share": quantity("%", json!(["95%", "0.1%"])),
        "rate": quantity("[kM]?\\s*/\\s*[smhd]", json!(["12/s", "10k/s", "500/h"])),
        "bandwidth": quantity("[MG]bps|[MG]bit/s", json!(["750Mbps", "10Gbps"])),
        "speed": quantity("%", json!(["125%"])),
        "durations": distribution("duration"),
        "sizes": distribution("size"),
        "service_time": {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["fixed", "per_kib"],
                    "properties": {
                        "fixed": { "$ref": "#/definitions/duration" },
                        "per_kib": { "$ref": "#/definitions/duration" },
                    },
                },
                { "$ref": "#/definitions/durations" },
            ],
        },
        "names": { "type": "array", "minItems": 1, "items": { "type": "string" } },
        "program": program(),
        "expectations": {
            "type": "array",
            "items": {
                "anyOf": [
                    { "$ref": "#/definitions/expectation" },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["that"],
                        "properties": {
                            "that": { "$ref": "#/definitions/expectation" },
                            "class": { "type": "string" },
                            "why": { "type": "string" },
                        },
                    },
                ],
            },
        },
        "expectation": {
            "type": "string",
            "pattern": "^\\s*[a-z0-9_.]+\\s*(<=|<|>=|>|==|!=)\\s*-?[0-9._]+.*$",
            "examples": ["hit_rate >= 95%", "latency.p99 < 5ms", "evicted_keys == 0"],
        },
    })
}

fn distribution(of: &str) -> Value {
    let one = json!({ "$ref": format!("#/definitions/{of}") });
    let form = |name: &str, value: Value| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [name],
            "properties": { name: value },
        })
    };
    json!({
        "anyOf": [
            one,
            form("exponential", one.clone()),
            form(
                "uniform",
                json!({ "type": "array", "items": one, "minItems": 2, "maxItems": 2 }),
            ),
            form(
                "lognormal",
                json!({
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["median", "p99"],
                    "properties": { "median": one, "p99": one },
                }),
            ),
            form("values", json!({ "type": "array", "items": one, "minItems": 1 })),
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["values", "weights"],
                "properties": {
                    "values": { "type": "array", "items": one, "minItems": 1 },
                    "weights": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
                },
            },
        ],
    })
}

fn program() -> Value {
    use super::commands::{CommandName, MAX_STEPS, Query, When};
    let commands = CommandName::ALL.map(CommandName::as_str);
    let conditions = [When::Found, When::Missing, When::Always].map(When::as_str);
    let step = |what: &str, words: Value| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [what],
            "properties": {
                what: { "enum": words },
                "key": { "type": "string" },
                "when": { "enum": conditions },
                "value": { "enum": ["session", "empty"] },
            },
        })
    };
    json!({
        "type": "array",
        "maxItems": MAX_STEPS,
        "items": {
            "anyOf": [
                { "enum": commands },
                step("command", json!(commands)),
                step("query", json!(Query::words())),
            ],
        },
    })
}
