//! Findings as SARIF 2.1.0, which code scanners and forges exchange
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).

use std::fmt::Write as _;

use serde::Serialize;

use super::findings::{Checked, Finding, RULE, RULE_TEXT};

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: [Rule; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties<'a>>,
}

#[derive(Serialize)]
struct Properties<'a> {
    path: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<SarifRegion>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// One run with a result for each problem.
pub(super) fn render(checked: &[Checked]) -> String {
    let results = checked.iter().flat_map(Checked::findings);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "sessionsim",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: [Rule {
                        id: RULE,
                        short_description: Message {
                            text: RULE_TEXT.to_owned(),
                        },
                    }],
                },
            },
            column_kind: "unicodeCodePoints",
            results: results.map(|finding| result(&finding)).collect(),
        }],
    };
    let text = serde_json::to_string_pretty(&log).expect("texts and numbers only");
    text + "\n"
}

fn result<'a>(finding: &Finding<'a>) -> SarifResult<'a> {
    let region = finding.region.map(|region| SarifRegion {
        start_line: region.start.0,
        start_column: region.start.1,
        end_line: region.end.0,
        end_column: region.end.1,
    });
    SarifResult {
        rule_id: RULE,
        rule_index: 0,
        level: "error",
        message: Message {
            text: finding.whole_text(),
        },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: uri(finding.file),
                },
                region,
            },
        }],
        properties: (!finding.path.is_empty()).then_some(Properties { path: finding.path }),
    }
}

/// A path as a reference relative to the folder of the run, or as a `file` URI.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut uri = if path.starts_with('/') {
        "file://".to_owned()
    } else {
        String::new()
    };
    for byte in path.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/@".contains(&byte);
        if plain {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
