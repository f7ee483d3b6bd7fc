//! From a place in the manifest to its line, and back.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::manifest::problem::{Path, Step};

/// A parsed document beside its text.
pub(super) struct Lines<'a> {
    text: &'a str,
    document: DeTable<'a>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str, document: DeTable<'a>) -> Self {
        Self { text, document }
    }

    /// The line of what `path` leads to, or of the nearest thing around it that is written.
    pub(super) fn line_of(&self, path: &Path) -> usize {
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
                    .and_then(|array: &toml::de::DeArray<'a>| array.get(*index))
                    .map(|value| (value.span().start, value.get_ref())),
            };
            let Some((start, value)) = next else { break };
            found = start;
            table = value.as_table();
            array = value.as_array();
        }
        self.line_at(found)
    }

    /// The line of a byte.
    pub(super) fn line_at(&self, byte: usize) -> usize {
        line_at(self.text, byte)
    }

    /// The innermost key whose name or value is at `span`.
    pub(super) fn path_at(&self, span: &Range<usize>) -> Path {
        in_table(&self.document, span, &Path::default()).unwrap_or_default()
    }
}

/// The line of a byte of `text`, from 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn in_table(table: &DeTable<'_>, span: &Range<usize>, path: &Path) -> Option<Path> {
    // A list of tables has the span of its first header, and its key stands in there: the key itself
    // counts first, then what is within a value, for a table's own span is its header as well.
    if let Some((key, _)) = table.iter().find(|(key, _)| key.span() == *span) {
        return Some(path.key(key.get_ref()));
    }
    let deeper = table.iter().find_map(|(key, value)| in_value(value.get_ref(), span, &path.key(key.get_ref())));
    deeper.or_else(|| {
        let mut entries = table.iter();
        let (key, _) = entries.find(|(key, value)| holds(&key.span(), span) || holds(&value.span(), span))?;
        Some(path.key(key.get_ref()))
    })
}

fn in_value(value: &DeValue<'_>, span: &Range<usize>, path: &Path) -> Option<Path> {
    match value {
        DeValue::Table(table) => in_table(table, span, path),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(index, value)| {
            let path = path.then(Step::At(index));
            in_value(value.get_ref(), span, &path).or_else(|| holds(&value.span(), span).then_some(path))
        }),
        _ => None,
    }
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && !outer.is_empty()
}
