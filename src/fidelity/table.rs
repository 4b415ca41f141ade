//! The comparison as a table: one row a run, engine and figure.

use std::fmt::Write as _;

use serde::Serialize;

use super::cases::{BoundVerdict, CaseVerdict};
use super::figures::{Figure, Unit, Verdict};
use super::memory::MemoryVerdict;

/// Everything that was compared.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Results by run, engine and clock.
    pub results: Vec<Verdict>,
    /// Bytes of keys; a table of their own, not counted in `holds` and `of`.
    pub memory: Vec<MemoryVerdict>,
    /// Measured cases.
    pub cases: Vec<CaseVerdict>,
    /// How many results and cases hold.
    pub holds: usize,
    /// Of how many.
    pub of: usize,
}

const TICK: &str = "✓";
const CROSS: &str = "✗";
const NONE: &str = "-";

impl Comparison {
    /// Counts what holds.
    #[must_use]
    pub fn new(results: Vec<Verdict>, memory: Vec<MemoryVerdict>, cases: Vec<CaseVerdict>) -> Self {
        let results_hold = results.iter().filter(|verdict| verdict.holds).count();
        let cases_hold = cases.iter().filter(|verdict| verdict.holds).count();
        Self {
            holds: results_hold + cases_hold,
            of: results.len() + cases.len(),
            results,
            memory,
            cases,
        }
    }

    /// Whether everything holds, the rows of the memory table included.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.holds == self.of && self.memory.iter().all(|row| row.holds)
    }

    /// `N of M hold`.
    #[must_use]
    pub fn last_line(&self) -> String {
        format!("{} of {} hold\n", self.holds, self.of)
    }

    /// As a document for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("numbers and texts");
        text.push('\n');
        text
    }

    /// Lines of text, or a document in Markdown; ends with [`Comparison::last_line`].
    #[must_use]
    pub fn render(&self, layout: Layout, summary: bool) -> String {
        let mut text = String::new();
        if !self.results.is_empty() {
            let table = if summary {
                self.summary()
            } else {
                self.figures()
            };
            table.render(layout, &mut text);
        }
        if !self.memory.is_empty() {
            if !summary {
                self.memory_table().render(layout, &mut text);
            }
            let holds = self.memory.iter().filter(|row| row.holds).count();
            let rows = self.memory.len();
            let _ = writeln!(text, "{holds} of {rows} measured key sizes hold\n");
        }
        if !self.cases.is_empty() {
            self.case_table(summary).render(layout, &mut text);
        }
        text.push_str(&self.last_line());
        text
    }

    fn figures(&self) -> Table {
        let mut table = Table::new(
            [
                "run",
                "engine",
                "clock",
                "figure",
                "measured",
                "simulated",
                "difference",
                "chance",
                "bound",
                "",
            ],
            4..9,
        );
        for verdict in &self.results {
            let whose = [&verdict.run, &verdict.engine, &verdict.clock].map(Clone::clone);
            if verdict.figures.is_empty() {
                let row = ["not modelled", NONE, NONE, NONE, NONE, NONE, CROSS].map(str::to_owned);
                table
                    .rows
                    .push(whose.clone().into_iter().chain(row).collect());
            }
            for figure in &verdict.figures {
                let row = [
                    figure.figure.to_owned(),
                    figure.unit.show(figure.measured),
                    shown(figure.unit, figure.simulated),
                    signed(figure),
                    shown(figure.unit, figure.chance),
                    figure.unit.show(figure.bound),
                    mark(figure.holds),
                ];
                let whose = whose.clone();
                table.rows.push(whose.into_iter().chain(row).collect());
            }
        }
        table
    }

    fn summary(&self) -> Table {
        let mut table = Table::new(
            [
                "run",
                "policy",
                "engine",
                "clock",
                "hit ratio measured",
                "simulated",
                "evicted keys measured",
                "simulated",
                "bounds missed",
                "",
            ],
            4..8,
        );
        for verdict in &self.results {
            let figure = |name| verdict.figures.iter().find(|f| f.figure == name);
            let pair = |name| match figure(name) {
                Some(figure) => [
                    figure.unit.show(figure.measured),
                    shown(figure.unit, figure.simulated),
                ],
                None => [NONE.to_owned(), NONE.to_owned()],
            };
            let missed = verdict.figures.iter().filter(|figure| !figure.holds);
            let mut missed = missed.map(|f| f.figure).collect::<Vec<_>>().join("; ");
            if verdict.figures.is_empty() {
                "not modelled".clone_into(&mut missed);
            }
            let whose = [
                &verdict.run,
                &verdict.policy,
                &verdict.engine,
                &verdict.clock,
            ];
            let row = whose.map(Clone::clone).into_iter();
            let row = row.chain(pair("hit ratio")).chain(pair("evicted keys"));
            table
                .rows
                .push(row.chain([missed, mark(verdict.holds)]).collect());
        }
        table
    }

    fn memory_table(&self) -> Table {
        let mut table = Table::new(
            [
                "keys",
                "engine",
                "shape",
                "measured",
                "simulated",
                "difference",
                "bound",
                "",
            ],
            3..7,
        );
        for row in &self.memory {
            let percent = |share: f64| format!("{:+.2}%", share * 100.0);
            table.rows.push(vec![
                "memory".to_owned(),
                row.engine.clone(),
                row.shape.clone(),
                Unit::Count.show(row.measured),
                shown(Unit::Count, row.simulated),
                row.difference.map_or_else(|| NONE.to_owned(), percent),
                format!("{:.1}%", row.bound * 100.0),
                mark(row.holds),
            ]);
        }
        table
    }
}

impl Comparison {
    /// One row a case and bound, or one a case.
    fn case_table(&self, summary: bool) -> Table {
        let header = [
            "case",
            "engine",
            "statistic",
            "measured",
            "simulated",
            "difference",
            "bound",
            "",
        ];
        let mut table = Table::new(header, 3..6);
        for case in &self.cases {
            let mut push = |cells: [String; 5], holds: bool| {
                let whose = [case.id.clone(), case.engine.clone()];
                let row = whose.into_iter().chain(cells);
                table.rows.push(row.chain([mark(holds)]).collect());
            };
            let single = |text: String| [text, NONE.into(), NONE.into(), NONE.into(), NONE.into()];
            if !case.is_modelled {
                push(single(format!("{}: not modelled", case.kind)), false);
            } else if case.bounds.is_empty() {
                push(single("no bounds".to_owned()), true);
            } else if summary {
                let missed = case.bounds.iter().filter(|bound| !bound.holds);
                let missed: Vec<String> = missed.map(|b| format!("{} {}", b.of, b.at)).collect();
                let missed = match missed.as_slice() {
                    [] => format!("{} bounds", case.bounds.len()),
                    missed => format!("missed: {}", missed.join(", ")),
                };
                push(single(missed), case.holds);
            } else {
                for bound in &case.bounds {
                    push(bound_cells(bound), bound.holds);
                }
            }
        }
        table
    }
}

fn bound_cells(bound: &BoundVerdict) -> [String; 5] {
    let shown = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), short);
    let difference = bound.simulated.zip(bound.measured);
    let signed = |(simulated, measured): (f64, f64)| {
        let sign = if simulated < measured { "-" } else { "+" };
        format!("{sign}{}", short((simulated - measured).abs()))
    };
    [
        format!("{} {}", bound.of, bound.at),
        shown(bound.measured),
        shown(bound.simulated),
        difference.map_or_else(|| NONE.to_owned(), signed),
        bound.bound.clone(),
    ]
}

/// A number with four digits that tell something.
pub(super) fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn mark(holds: bool) -> String {
    if holds { TICK } else { CROSS }.to_owned()
}

fn shown(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| unit.show(value))
}

/// The difference with its sign.
fn signed(figure: &Figure) -> String {
    let Some(difference) = figure.difference else {
        return NONE.to_owned();
    };
    let size = figure.unit.show(difference.abs());
    let is_zero = size.chars().all(|c| !c.is_ascii_digit() || c == '0');
    match (is_zero, difference < 0.0) {
        (true, _) => size,
        (false, true) => format!("-{size}"),
        (false, false) => format!("+{size}"),
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.4}"),
            // Means of repeats and shares of large numbers: a tenth tells enough.
            Self::Count | Self::Milliseconds if value.fract().abs() < 1e-9 => {
                format!("{value:.0}")
            }
            Self::Count | Self::Milliseconds => format!("{value:.1}"),
        }
    }
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In columns, for a terminal and for `grep`.
    Text,
    /// As a table of Markdown.
    Markdown,
}

struct Table {
    header: Vec<&'static str>,
    /// Columns of numbers, which stand to the right.
    numbers: std::ops::Range<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new<const N: usize>(header: [&'static str; N], numbers: std::ops::Range<usize>) -> Self {
        Self {
            header: header.to_vec(),
            numbers,
            rows: Vec::new(),
        }
    }

    /// The table and an empty line.
    fn render(&self, layout: Layout, text: &mut String) {
        match layout {
            Layout::Text => self.render_columns(text),
            Layout::Markdown => self.render_markdown(text),
        }
        text.push('\n');
    }

    fn render_columns(&self, text: &mut String) {
        let header: Vec<String> = self.header.iter().map(|&cell| cell.to_owned()).collect();
        let width = |column: usize| {
            let rows = self.rows.iter().map(|row| row[column].chars().count());
            rows.chain([header[column].chars().count()])
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        for row in [&header].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let _ = if self.numbers.contains(&column) {
                    write!(line, "{cell:>width$}")
                } else {
                    write!(line, "{cell:<width$}")
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }

    fn render_markdown(&self, text: &mut String) {
        let _ = writeln!(text, "| {} |", self.header.join(" | "));
        let rule = (0..self.header.len()).map(|column| {
            if self.numbers.contains(&column) {
                "--:"
            } else {
                "---"
            }
        });
        let _ = writeln!(text, "|{}|", rule.collect::<Vec<_>>().join("|"));
        for row in &self.rows {
            let cells = row.iter().map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        }
    }
}
