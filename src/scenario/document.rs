//! The reference of the scenario language, `docs/scenario.md`, from the declarations of its keys.

use super::SECTIONS;
use super::reader::key::{Fallback, KeyInfo, Kind, Section};

const HEAD: &str = "\
# The scenario file

<!-- Generated from the declarations of the keys in src/scenario. Do not edit: change them \
there and
     run `SESSIONSIM_UPDATE=1 cargo test scenario_reference`. -->

A scenario is one TOML file. Unknown keys are errors, and every quantity has its unit:

| a value that is a | is written |
| --- | --- |
| duration | `\"150us\"`, `\"0.5ms\"`, `\"30s\"`, `\"1h30m\"`, `\"7d\"` |
| size | `\"300B\"`, `\"5KB\"` (5,000 bytes), `\"2KiB\"` (2,048), `\"1.5GiB\"` |
| share | `\"95%\"`, `\"0.1%\"` |
| rate | `\"12/s\"`, `\"10k/s\"`, `\"500/h\"`, `\"1.5M/d\"` |
| distribution of durations or sizes | `\"20s\"` (always the same), `{ exponential = \"20s\" }` \
(its \
mean), `{ uniform = [\"1s\", \"3s\"] }` (smallest and largest), `{ lognormal = { median = \
\"1ms\", p99 \
= \"5ms\" } }`, `{ values = [\"1s\", \"2s\"] }` (each as likely as the others), `{ values = [\"1s\", \"2s\"], weights \
= [3, 1] }` |
| list of commands | `[\"GET\", \"EXPIRE\"]`, each sent after the reply to the one before, \
unless a read \
before it found nothing; `{ command = \"SET\", when = \"missing\" }` is sent only then, and \
`when = \
\"always\"` in any case |
| service time | `{ fixed = \"7us\", per_kib = \"0.4us\" }`, so much for each command and so \
much for \
each KiB of value, or a duration or distribution whatever the size |

The smallest scenario says how long, how much memory, who and what:

```toml
duration = \"1d\"

[store]
node_type = \"cache.m5.large\"

[[users]]
concurrent = 1000

[users.session]
bytes = \"2KB\"
ttl = \"30m\"
```

`platform` decides the defaults of `[store]`: where there are two, the first is that of
`\"elasticache\"`, the second that of `\"self-managed\"`. A default in brackets follows from \
other keys.
";

/// The whole document, in Markdown.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        text.push_str(&section_text(section));
    }
    text
}

fn section_text(section: &Section) -> String {
    let title = match section.path {
        "" => "The top of the file".to_owned(),
        _ => format!("`{}`", section.heading()),
    };
    let mut text = format!("\n## {title}\n\n{}\n\n", section.help);
    text.push_str("| key | value | default | what it is |\n| --- | --- | --- | --- |\n");
    for key in section.keys {
        let cells = [
            format!("`{}`", key.name),
            value(key),
            default(key),
            help(key),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        text.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    text
}

fn value(key: &KeyInfo) -> String {
    let amount = key.amount;
    let kind = match key.kind {
        Kind::Choice(words) => {
            let words: Vec<String> = words().iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        kind => kind.name().to_owned(),
    };
    match (key.least, key.most) {
        (Some(1), Some(most)) if !matches!(key.kind, Kind::Whole) => {
            format!("{kind}, above 0, at most {}", amount(most))
        }
        (Some(0) | None, Some(most)) => format!("{kind}, at most {}", amount(most)),
        (Some(least), Some(most)) => format!("{kind}, {} to {}", amount(least), amount(most)),
        _ => kind,
    }
}

fn default(key: &KeyInfo) -> String {
    match key.fallback {
        Fallback::Required(example) => format!("must be given, for example `{example}`"),
        Fallback::BuiltIn(value, _) => format!("`{value}`"),
        Fallback::Platform {
            elasticache,
            self_managed,
            ..
        } => {
            format!("`{elasticache}`; `{self_managed}`")
        }
        Fallback::Derived(rule) => format!("({rule})"),
        Fallback::Absent(meaning) => format!("none: {meaning}"),
    }
}

fn help(key: &KeyInfo) -> String {
    match key.fallback {
        Fallback::BuiltIn(_, source) | Fallback::Platform { source, .. } => {
            format!("{} Default: {source}.", key.help)
        }
        _ => key.help.to_owned(),
    }
}
