//! What a request carries.

/// Bytes here, or bytes at the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes themselves.
    Bytes(Vec<u8>),
    /// The id of a blob.
    Blob(String),
}

/// A request's body on its way to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Empty,
    Bytes(Vec<u8>),
    Blob(String),
    Json { document: Vec<u8>, blobs: Vec<(String, String)> },
    Multipart(Vec<Part>),
}

/// One part of a `multipart/form-data` body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: Content,
}

impl Part {
    /// A plain field.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::of(name.into(), Content::Bytes(value.into().into_bytes()))
    }

    /// A file whose bytes stay at the host.
    pub fn blob(name: impl Into<String>, blob: impl Into<String>) -> Self {
        Self::of(name.into(), Content::Blob(blob.into()))
    }

    /// A file made of these bytes.
    pub fn bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::of(name.into(), Content::Bytes(bytes))
    }

    /// Adds the file's name.
    #[must_use]
    pub fn filename(mut self, name: impl Into<String>) -> Self {
        self.filename = Some(name.into());
        self
    }

    /// Adds its media type.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    fn of(name: String, content: Content) -> Self {
        Self { name, filename: None, content_type: None, content }
    }
}
