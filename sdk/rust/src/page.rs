//! A page of a stream: the provider's own bytes, not re-serialised.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{Error, Result, record, shape};

/// Bytes of one page of records, at most.
pub const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Records of one page, at most.
pub const PAGE_RECORDS: u32 = 1_000;
/// Bytes of one record, at most.
pub const RECORD_BYTES: usize = 1024 * 1024;
/// Bytes of one cursor, at most.
pub const CURSOR_BYTES: usize = 64 * 1024;

/// Records on their way into a [`Page`]: a JSON array that is built by copying the provider's text.
///
/// ```
/// use patchbay_sdk::Records;
///
/// let records = Records::from_array(br#"[{"id":1},{"id":2}]"#.to_vec())?;
/// assert_eq!(records.count(), 2);
/// # Ok::<(), patchbay_sdk::Error>(())
/// ```
///
/// They can be a member of what an answer is read into, which looks at each byte of it once:
///
/// ```
/// use patchbay_sdk::Records;
///
/// #[derive(serde::Deserialize)]
/// struct Listing {
///     items: Records,
///     next: Option<u64>,
/// }
///
/// let listing: Listing = serde_json::from_str(r#"{"items":[{"id":1},{"id":2}],"next":2}"#).unwrap();
/// assert_eq!((listing.items.count(), listing.next), (2, Some(2)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    json: Vec<u8>,
    count: u32,
}

impl Records {
    /// No records yet.
    #[must_use]
    pub fn empty() -> Self {
        Self { json: b"[]".to_vec(), count: 0 }
    }

    /// A whole JSON array of objects, passed through byte for byte.
    ///
    /// # Errors
    /// `invalid-response` when it is no array of objects.
    pub fn from_array(json: Vec<u8>) -> Result<Self> {
        let rows: Vec<&RawValue> = serde_json::from_slice(&json)
            .map_err(|error| unreadable("The provider's answer is no list of records.").detail(shape::of(&error)))?;
        rows.iter().try_for_each(|row| check(row))?;
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Ok(Self { json, count })
    }

    /// Some of a provider's records, each passed through byte for byte.
    ///
    /// # Errors
    /// `invalid-response` when one is no object, or larger than 1 MiB.
    pub fn from_raw<'a>(rows: impl IntoIterator<Item = &'a RawValue>) -> Result<Self> {
        let mut records = Self::empty();
        rows.into_iter().try_for_each(|row| records.push(row))?;
        Ok(records)
    }

    /// Adds a record as it stands.
    ///
    /// # Errors
    /// `invalid-response` when it is no object, or larger than 1 MiB.
    pub fn push(&mut self, row: &RawValue) -> Result<()> {
        check(row)?;
        self.append(row.get());
        Ok(())
    }

    /// Adds a record with further members, such as the id of its parent, before its own. A member that it has already is
    /// replaced. The values of the record are copied, not re-serialised.
    ///
    /// # Errors
    /// `invalid-response` when it is no object, or larger than 1 MiB.
    pub fn push_with(&mut self, row: &RawValue, members: &[(&str, &str)]) -> Result<()> {
        check(row)?;
        self.append(&record::with_members(row, members)?);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len()
    }

    fn append(&mut self, text: &str) {
        self.json.pop();
        if self.count > 0 {
            self.json.push(b',');
        }
        self.json.extend_from_slice(text.as_bytes());
        self.json.push(b']');
        self.count += 1;
    }
}

/// The list is read once: each record is found, checked and copied in one go. It borrows from the answer, so it stands in a
/// struct by its own name, not under `flatten` or `untagged`.
impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Records;

            fn expecting(&self, what: &mut fmt::Formatter<'_>) -> fmt::Result {
                what.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> std::result::Result<Records, A::Error> {
                let mut records = Records::empty();
                while let Some(row) = rows.next_element::<&'de RawValue>()? {
                    records.push(row).map_err(A::Error::custom)?;
                }
                Ok(records)
            }
        }
        from.deserialize_seq(Rows)
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::empty()
    }
}

/// Where a stream stands after a page. The bytes are its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// There is more; `read` is called again with this cursor.
    More(Vec<u8>),
    /// A job at the provider is not ready; ask again with this cursor after so many milliseconds.
    Wait(Vec<u8>, u64),
    /// Up to date for now; the next run goes on from this cursor.
    End(Vec<u8>),
    /// Every record was returned since the pass began; what was not is deleted.
    Complete(Vec<u8>),
}

impl Position {
    /// The cursor it carries.
    #[must_use]
    pub fn cursor(&self) -> &[u8] {
        match self {
            Self::More(cursor) | Self::Wait(cursor, _) | Self::End(cursor) | Self::Complete(cursor) => cursor,
        }
    }
}

/// One page of a stream: records, and where to go on.
///
/// The cursor is any type that serde can write and that [`ReadRequest::cursor`](crate::ReadRequest::cursor) reads again, at
/// most 64 KiB as JSON. The host stores it together with the records, so put all that the next call needs into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// A JSON array of records.
    pub records: Vec<u8>,
    /// How many it holds.
    pub count: u32,
    /// Keys that the provider says are gone.
    pub deleted: Vec<String>,
    /// Where the stream stands.
    pub position: Position,
}

impl Page {
    /// There is more. The cursor must be another one than before.
    ///
    /// # Errors
    /// `invalid-response` when the page is larger than 8 MiB or 1,000 records; `other` when the cursor is too large.
    pub fn more(records: Records, cursor: &impl Serialize) -> Result<Self> {
        Self::at(records, Position::More(cursor_bytes(cursor)?))
    }

    /// A job at the provider is not ready: ask again after so many milliseconds.
    ///
    /// # Errors
    /// As [`more`](Self::more).
    pub fn wait(cursor: &impl Serialize, wait_ms: u64) -> Result<Self> {
        Self::at(Records::empty(), Position::Wait(cursor_bytes(cursor)?, wait_ms))
    }

    /// Up to date for now.
    ///
    /// # Errors
    /// As [`more`](Self::more).
    pub fn end(records: Records, cursor: &impl Serialize) -> Result<Self> {
        Self::at(records, Position::End(cursor_bytes(cursor)?))
    }

    /// Every record was returned since the pass began. Only when that is sure: what was not returned is deleted.
    ///
    /// # Errors
    /// As [`more`](Self::more).
    pub fn complete(records: Records, cursor: &impl Serialize) -> Result<Self> {
        Self::at(records, Position::Complete(cursor_bytes(cursor)?))
    }

    /// Adds keys that the provider says are gone, as the host spells them: a single text as it is, a single number as JSON,
    /// several values as a JSON array.
    #[must_use]
    pub fn deleted(mut self, keys: Vec<String>) -> Self {
        self.deleted = keys;
        self
    }

    fn at(records: Records, position: Position) -> Result<Self> {
        if records.json.len() > PAGE_BYTES || records.count > PAGE_RECORDS {
            return Err(unreadable("The provider sent more at once than fits into one page.").detail(format!(
                "{} records, {} bytes",
                records.count,
                records.json.len()
            )));
        }
        Ok(Self { records: records.json, count: records.count, deleted: Vec::new(), position })
    }
}

pub(crate) fn cursor_bytes(cursor: &impl Serialize) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec(cursor)
        .map_err(|error| Error::other("The place where reading stopped cannot be kept.").detail(error.to_string()))?;
    if bytes.len() > CURSOR_BYTES {
        return Err(Error::other("The place where reading stopped cannot be kept.")
            .detail(format!("the cursor has {} bytes; at most {CURSOR_BYTES} are allowed", bytes.len())));
    }
    Ok(bytes)
}

fn check(row: &RawValue) -> Result<()> {
    if !row.get().starts_with('{') {
        return Err(unreadable("The provider's list holds something that is no record."));
    }
    if row.get().len() > RECORD_BYTES {
        return Err(unreadable("The provider sent a record that is too large.")
            .detail(format!("{} bytes; at most {RECORD_BYTES} are allowed", row.get().len())));
    }
    Ok(())
}

fn unreadable(message: &str) -> Error {
    Error::invalid_response(message)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{CURSOR_BYTES, Page, Position, Records};
    use crate::Case;

    #[test]
    fn an_array_passes_through_byte_for_byte() {
        let text = b"[ {\"id\": 1.50, \"n\":\"\\u00e9\"} ,\n{}]".to_vec();
        let page = Page::more(Records::from_array(text.clone()).unwrap(), &7).unwrap();
        assert_eq!((page.records, page.count), (text, 2));
        assert_eq!(page.position, Position::More(b"7".to_vec()));
    }

    #[test]
    fn what_is_no_array_of_objects_is_refused() {
        for text in ["{}", "[1]", "[[]]", "[{}", "", "<html>", "[{}] x", "null"] {
            let error = Records::from_array(text.as_bytes().to_vec()).unwrap_err();
            assert_eq!(error.case(), Case::InvalidResponse, "{text}");
        }
    }

    #[test]
    fn chosen_rows_keep_their_text() {
        let rows: Vec<Box<RawValue>> = serde_json::from_str(r#"[{"a": 1},{"b":2.0}]"#).unwrap();
        let records = Records::from_raw(rows.iter().map(|row| &**row)).unwrap();
        assert_eq!(String::from_utf8(records.json).unwrap(), r#"[{"a": 1},{"b":2.0}]"#);
    }

    #[test]
    fn a_page_of_more_than_a_thousand_records_is_refused() {
        let mut records = Records::empty();
        let row: Box<RawValue> = serde_json::from_str("{}").unwrap();
        for _ in 0..1_001 {
            records.push(&row).unwrap();
        }
        assert_eq!(Page::end(records, &()).unwrap_err().case(), Case::InvalidResponse);
    }

    #[test]
    fn a_cursor_that_is_too_large_is_refused() {
        let cursor = "x".repeat(CURSOR_BYTES);
        assert_eq!(Page::end(Records::empty(), &cursor).unwrap_err().case(), Case::Other);
    }
}
