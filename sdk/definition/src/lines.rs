//! From a place in a definition to its line.

use toml::de::DeTable;

use crate::finding::{Path, Step};

/// A parsed document beside its text.
pub(crate) struct Lines<'a> {
    pub(crate) text: &'a str,
    pub(crate) document: DeTable<'a>,
}

impl Lines<'_> {
    /// The line of what `path` leads to, or of the nearest thing around it that is written.
    pub(crate) fn line_of(&self, path: &Path) -> usize {
        let mut found = 0;
        let mut table = Some(&self.document);
        let mut array = None;
        for step in path.steps() {
            let next = match step {
                Step::Key(key) => {
                    let entry = table.and_then(|table| table.get_key_value(key.as_str()));
                    entry.map(|(key, value)| (key.span().start, value.get_ref()))
                }
                Step::At(index) => array
                    .and_then(|array: &toml::de::DeArray<'_>| array.get(*index))
                    .map(|value| (value.span().start, value.get_ref())),
            };
            let Some((start, value)) = next else { break };
            found = start;
            table = value.as_table();
            array = value.as_array();
        }
        line_at(self.text, found)
    }
}

/// The line of a byte of `text`, from 1.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
