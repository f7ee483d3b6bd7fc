//! What is pushed, and how it ended.

use serde::de::DeserializeOwned;

use crate::{Error, Result, shape};

/// One item to write to the provider.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// The action's name in the manifest.
    pub action: String,
    /// The caller's key, the same on every attempt.
    pub key: String,
    /// The chosen target: JSON text that fits the action's `target` schema.
    pub target: Vec<u8>,
    /// The payload: JSON text that fits the action's schema.
    pub payload: Vec<u8>,
    /// Files, in the caller's order.
    pub attachments: Vec<Attachment>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// What else the host knows, by name; [`Item::written`] and [`Item::found`] read it.
    pub ext: Vec<(String, String)>,
}

/// A file that goes with an item. Its bytes stay at the host: see [`blob`](crate::blob).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The blob's id.
    pub blob: String,
    /// The file's name, without a folder.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// An object at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The provider's id.
    pub id: String,
    /// Where a person can see it.
    pub url: Option<String>,
}

/// How a push ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A new object.
    Created(Object),
    /// An object that was there, and was changed.
    Updated(Object),
    /// The object was there already, as wanted; nothing was written.
    Exists(Object),
}

impl Item {
    /// The payload as a type.
    ///
    /// # Errors
    /// `invalid-input` when it does not fit.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.payload, "payload")
    }

    /// The target as a type.
    ///
    /// # Errors
    /// `invalid-input` when it does not fit.
    pub fn target<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.target, "target")
    }

    /// The object that this item was written to before, when the caller sent its key again with other content: change
    /// that one. Only for an action that says `update = true`; none for an item that is new.
    #[must_use]
    pub fn written(&self) -> Option<Object> {
        self.named("object")
    }

    /// What a step was found to have written although its answer was lost: it is done, go on behind it. Only for an
    /// action that says `multi-step = true`; sending the step again is refused.
    #[must_use]
    pub fn found(&self, step: &str) -> Option<Object> {
        self.named(&format!("step.{step}"))
    }

    /// The names of the steps of this item that are over, from attempts before this one. Sending one of them again gives
    /// the answer that came then; a name that says where it wrote lets the rest go there too, whatever the settings say
    /// since.
    pub fn answered(&self) -> impl Iterator<Item = &str> {
        self.ext.iter().filter(|(key, _)| key == "answered").map(|(_, step)| step.as_str())
    }

    fn named(&self, name: &str) -> Option<Object> {
        let value = |wanted: &str| self.ext.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
        Some(Object { id: value(name)?, url: value(&format!("{name}.url")) })
    }

    /// The error for an action that the connector does not have.
    #[must_use]
    pub fn unsupported(&self) -> Error {
        Error::unsupported(format!("This connector has no action `{}`.", self.action))
    }
}

impl Object {
    /// An object without an address.
    pub fn of(id: impl ToString) -> Self {
        Self { id: id.to_string(), url: None }
    }

    /// Adds where a person can see it.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }
}

impl Outcome {
    /// The object, however it came to be there.
    #[must_use]
    pub fn object(&self) -> &Object {
        match self {
            Self::Created(object) | Self::Updated(object) | Self::Exists(object) => object,
        }
    }
}

fn read<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T> {
    let text = if text.is_empty() { b"{}".as_slice() } else { text };
    serde_json::from_slice(text).map_err(|error| {
        Error::invalid_input(format!("The {what} of this item cannot be used."))
            .detail(format!("{what}: {}", shape::of(&error)))
    })
}
