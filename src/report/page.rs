//! A page of text: headings, sentences behind a word, figures in two columns.

use super::format::wrap;

/// Longest line.
const WIDTH: usize = 100;
/// Where the second column begins.
const MIDDLE: usize = 50;

/// A label with its figure, in a section.
pub(super) struct Pair {
    label: String,
    figure: String,
}

impl Pair {
    pub(super) fn new(label: &str, figure: String) -> Self {
        Self {
            label: label.to_owned(),
            figure,
        }
    }
}

/// A section: heading and pairs.
pub(super) type Section = (&'static str, Vec<Pair>);

/// The text so far.
pub(super) struct Page {
    text: String,
    color: bool,
}

impl Page {
    /// An empty page.
    pub(super) const fn new(color: bool) -> Self {
        Self {
            text: String::new(),
            color,
        }
    }

    /// All of it.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// What the page is about, in as many lines as it takes.
    pub(super) fn title(&mut self, text: &str) {
        // A description is the user's own text: it shall not steer the terminal.
        let text: String = text
            .chars()
            .filter(|c| !c.is_control() || c.is_whitespace())
            .collect();
        for line in wrap(&text, WIDTH) {
            self.strong(&line);
        }
    }

    /// A sentence in as many lines as it takes.
    pub(super) fn prose(&mut self, text: &str) {
        for line in wrap(text, WIDTH) {
            self.line(&line);
        }
    }

    pub(super) fn blank(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A heading.
    pub(super) fn strong(&mut self, line: &str) {
        let line = self.painted(line.trim_end(), "1");
        self.line(&line);
    }

    /// A sentence or two behind a word.
    pub(super) fn answer(&mut self, word: &str, text: &str) {
        const INDENT: usize = 10;
        for (number, line) in wrap(text, WIDTH - INDENT).iter().enumerate() {
            let label = if number == 0 { word } else { "" };
            let label = self.painted(&format!("{label:<INDENT$}"), "1");
            self.line(&format!("{label}{line}"));
        }
    }

    pub(super) fn warning(&mut self, text: &str) {
        for (number, line) in wrap(text, WIDTH - 9).iter().enumerate() {
            let label = if number == 0 {
                "warning: "
            } else {
                "         "
            };
            let label = self.painted(label, "1;33");
            self.line(&format!("{label}{line}"));
        }
    }

    /// A line behind a tick or a cross, and the reason, on lines of its own if it is long.
    pub(super) fn judged(&mut self, holds: bool, line: &str, why: &str) {
        const INDENT: usize = 4;
        const GAP: &str = "   ";
        let (sign, code) = if holds {
            ("\u{2713}", "32")
        } else {
            ("\u{2717}", "1;31")
        };
        let sign = self.painted(sign, code);
        let length = INDENT + line.chars().count() + GAP.len() + why.chars().count();
        if length <= WIDTH {
            self.line(&format!("  {sign} {line}{GAP}{why}"));
            return;
        }
        self.line(&format!("  {sign} {line}"));
        for line in wrap(why, WIDTH - 2 * INDENT) {
            self.line(&format!("{:1$}{line}", "", 2 * INDENT));
        }
    }

    /// Two sections side by side.
    pub(super) fn columns(&mut self, left: &Section, right: &Section) {
        const GAP: usize = 4;
        let heading = format!("{:<MIDDLE$}{}", left.0, right.0);
        self.strong(&heading);
        for place in 0..left.1.len().max(right.1.len()) {
            let cell = |section: &Section| {
                section.1.get(place).map_or(String::new(), |pair| {
                    let width = MIDDLE - GAP - 2 - pair.label.chars().count();
                    format!("  {}{:>width$}", pair.label, pair.figure)
                })
            };
            self.line(&format!("{:<MIDDLE$}{}", cell(left), cell(right)));
        }
        self.blank();
    }

    fn painted(&self, text: &str, code: &str) -> String {
        if self.color && !text.trim().is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
