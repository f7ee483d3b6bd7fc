//! What reading and picking are asked, and what a stream is.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result, page::cursor_bytes, shape};

/// What one page is asked for.
#[derive(Debug, Clone, Default)]
pub struct ReadRequest {
    /// The stream's name in the manifest.
    pub stream: String,
    /// Where to go on; none starts a pass. [`cursor`](Self::cursor) reads it.
    pub cursor: Option<Vec<u8>>,
    /// How many records the host would like, 1 to 1,000. Fewer are fine.
    pub page_hint: u32,
    /// Nothing that changed before is wanted, milliseconds since 1970; more may be returned.
    pub since_ms: Option<u64>,
}

impl ReadRequest {
    /// A request for a stream's first page.
    pub fn of(stream: impl Into<String>) -> Self {
        Self { stream: stream.into(), cursor: None, page_hint: 1_000, since_ms: None }
    }

    /// The cursor as the type that the last page wrote; none at the start of a pass.
    ///
    /// # Errors
    /// `cursor-invalid` when it is of another shape, as after a new release; the host then starts afresh.
    pub fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        read_cursor(self.cursor.as_deref())
    }

    /// How many records to ask the provider for, when it gives at most `ceiling`.
    #[must_use]
    pub fn page_size(&self, ceiling: u32) -> u32 {
        self.page_hint.clamp(1, ceiling.max(1))
    }

    /// The error for a stream that the connector does not have.
    #[must_use]
    pub fn unsupported(&self) -> Error {
        Error::unsupported(format!("This connector has no stream `{}`.", self.stream))
    }
}

/// A stream as the connector finds it for this connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name in the manifest.
    pub name: String,
    /// Its title, for people.
    pub title: String,
    /// JSON pointers to the values that make a record's key.
    pub key: Vec<String>,
    /// JSON Schema of a record; empty when nothing is promised.
    pub schema: Vec<u8>,
    /// Whether it is read once for each selected account.
    pub per_account: bool,
}

/// What a picker is asked while a person types.
#[derive(Debug, Clone, Default)]
pub struct PickRequest {
    /// The picker's name in the manifest.
    pub picker: String,
    /// What the person typed so far; may be empty.
    pub query: String,
    /// The choices that this one depends on: picker and choice id.
    pub parents: Vec<(String, String)>,
    /// Where to go on. [`cursor`](Self::cursor) reads it.
    pub cursor: Option<Vec<u8>>,
}

impl PickRequest {
    /// The cursor as the type that [`Choices::next`] was given.
    ///
    /// # Errors
    /// `cursor-invalid` when it is of another shape.
    pub fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        read_cursor(self.cursor.as_deref())
    }

    /// The id that was chosen in the picker that this one depends on.
    #[must_use]
    pub fn parent(&self, picker: &str) -> Option<&str> {
        self.parents.iter().find(|(name, _)| name == picker).map(|(_, id)| id.as_str())
    }
}

/// An answer to a picker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// In the order to show, at most 100.
    pub items: Vec<Choice>,
    /// Where to go on; none at the end.
    pub next: Option<Vec<u8>>,
}

impl Choices {
    /// The last choices.
    #[must_use]
    pub fn of(items: Vec<Choice>) -> Self {
        Self { items, next: None }
    }

    /// Says that there are more.
    ///
    /// # Errors
    /// `other` when the cursor is larger than 64 KiB.
    pub fn next(mut self, cursor: &impl Serialize) -> Result<Self> {
        self.next = Some(cursor_bytes(cursor)?);
        Ok(self)
    }
}

/// One choice of a picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What becomes the target's `id` in a push.
    pub id: String,
    /// What the person reads.
    pub label: String,
    /// What tells equal labels apart.
    pub hint: Option<String>,
}

impl Choice {
    /// A choice without a hint.
    pub fn of(id: impl ToString, label: impl Into<String>) -> Self {
        Self { id: id.to_string(), label: label.into(), hint: None }
    }

    /// Adds what tells equal labels apart.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn read_cursor<T: DeserializeOwned>(cursor: Option<&[u8]>) -> Result<Option<T>> {
    let Some(bytes) = cursor else { return Ok(None) };
    serde_json::from_slice(bytes).map(Some).map_err(|error| {
        Error::cursor_invalid("The place where reading stopped is no longer known. Reading starts afresh.")
            .detail(format!("cursor: {}", shape::of(&error)))
    })
}

#[cfg(test)]
mod tests {
    use super::ReadRequest;
    use crate::Case;

    #[test]
    fn a_cursor_of_another_shape_starts_the_stream_afresh() {
        let request = ReadRequest { cursor: Some(b"17".to_vec()), ..ReadRequest::of("issues") };
        assert_eq!(request.cursor::<u32>().unwrap(), Some(17));
        assert_eq!(request.cursor::<Vec<String>>().unwrap_err().case(), Case::CursorInvalid);
        assert_eq!(ReadRequest::of("issues").cursor::<u32>().unwrap(), None);
    }

    #[test]
    fn the_page_size_is_the_hint_within_the_providers_ceiling() {
        let mut request = ReadRequest::of("issues");
        assert_eq!(request.page_size(100), 100);
        request.page_hint = 7;
        assert_eq!(request.page_size(100), 7);
        request.page_hint = 0;
        assert_eq!(request.page_size(100), 1);
    }
}
