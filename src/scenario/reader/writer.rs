//! Prints values back as a scenario.

use super::key::{Key, Section};
use super::value::Value;

/// The text of a scenario in the making.
#[derive(Default)]
pub(in crate::scenario) struct Writer {
    text: String,
}

impl Writer {
    /// Begins a section.
    pub(in crate::scenario) fn section(&mut self, section: &Section) {
        self.text.push('\n');
        self.text.push_str(&section.heading());
        self.text.push('\n');
    }

    /// Writes one key.
    pub(in crate::scenario) fn put<T: Value>(&mut self, key: &Key<T>, value: &T) {
        self.text.push_str(key.info().name);
        self.text.push_str(" = ");
        self.text.push_str(&value.write());
        self.text.push('\n');
    }

    /// The whole text.
    pub(in crate::scenario) fn finish(self) -> String {
        self.text
    }
}
