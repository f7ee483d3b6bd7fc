//! The files of an item: which ones it may carry, and how they are kept with its push.

use patchbay_model::{
    BlobId, Code, Fault, TenantId,
    contract::Attachment,
    manifest::{Action, Attachments},
};
use patchbay_store::{Push, StoreError};
use serde::{Deserialize, Serialize};

use super::AttachmentAsked;
use crate::App;

/// Characters of a file's name.
const NAME: usize = 255;

/// A file as it is kept with a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Where its bytes are.
    pub blob: BlobId,
    /// Its name at the provider.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

impl From<&Attached> for Attachment {
    fn from(file: &Attached) -> Self {
        Self {
            blob: file.blob.to_string(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
            sha256: file.sha256.clone(),
        }
    }
}

/// The files of a push; a list that cannot be read is a defect of the database.
pub(crate) fn files_of(push: &Push) -> Result<Vec<Attached>, serde_json::Error> {
    serde_json::from_str(&push.attachments)
}

impl App {
    /// The files that an item names, each of this tenant, uploaded to its end and of a type that the action takes.
    pub(super) async fn files_of(
        &self,
        tenant: &TenantId,
        action: &Action,
        asked: &[AttachmentAsked],
    ) -> Result<Vec<Attached>, Fault> {
        let nothing = Attachments { min: 0, max: 0, types: Vec::new() };
        let takes = action.attachments.as_ref().unwrap_or(&nothing);
        let count = u32::try_from(asked.len()).unwrap_or(u32::MAX);
        if count < takes.min || count > takes.max {
            let text = match takes.max {
                0 => format!("the action {:?} takes no files", action.name),
                _ => format!("the action {:?} takes {} to {} files", action.name, takes.min, takes.max),
            };
            return Err(Fault::new(Code::PayloadInvalid).field("/attachments", text));
        }
        let mut files = Vec::with_capacity(asked.len());
        for (place, asked) in asked.iter().enumerate() {
            let wrong = |member: &str, text: String| {
                Err(Fault::new(Code::BlobUnusable).field(format!("/attachments/{place}/{member}"), text))
            };
            let blob = match self.store.blob(tenant, &asked.blob).await {
                Ok(blob) => blob,
                Err(StoreError::NotFound) => return wrong("blob", "is no file of this tenant".to_owned()),
                Err(error) => return Err(error.into()),
            };
            let Some(sha256) = blob.sha256 else { return wrong("blob", "was not uploaded to its end".to_owned()) };
            if !takes.types.is_empty() && !takes.types.iter().any(|taken| covers(taken, &blob.media_type)) {
                let text = format!("is {}; the action takes {}", blob.media_type, takes.types.join(", "));
                return wrong("blob", text);
            }
            let name = asked.name.clone().unwrap_or(blob.name);
            let odd = |c: char| c.is_control() || c == '/' || c == '\\';
            if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(odd) {
                return wrong("name", format!("must have 1 to {NAME} characters, without / and \\"));
            }
            let sha256 = data_encoding::HEXLOWER.encode(&sha256);
            files.push(Attached { blob: blob.id, name, media_type: blob.media_type, size: blob.size, sha256 });
        }
        Ok(files)
    }

    /// The same, as the push under this key has them already; none where it has others.
    pub(super) async fn files_known(
        &self,
        tenant: &TenantId,
        connector: &str,
        action: &Action,
        key: &str,
        asked: &[AttachmentAsked],
    ) -> Result<Option<Vec<Attached>>, Fault> {
        let there = self.store.push_by_key(tenant, connector, &action.name, key).await?;
        let Some(push) = there else { return Ok(None) };
        let known = files_of(&push).map_err(|error| Fault::new(Code::StorageFailed).operator(error))?;
        let same = known.len() == asked.len()
            && known.iter().zip(asked).all(|(known, asked)| {
                known.blob == asked.blob && asked.name.as_ref().is_none_or(|name| *name == known.name)
            });
        Ok(same.then_some(known))
    }
}

/// Whether a type, or `image/*`, stands for this media type, whatever its parameters.
fn covers(taken: &str, media_type: &str) -> bool {
    let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match taken.strip_suffix("/*") {
        Some(kind) => plain.split_once('/').is_some_and(|(there, _)| there == kind),
        None => plain == taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_stands_for_itself_and_a_star_for_its_kind() {
        assert!(covers("application/pdf", "Application/PDF; name=x"));
        assert!(covers("image/*", "image/png"));
        assert!(!covers("image/*", "imagex/png"));
        assert!(!covers("application/pdf", "application/pdfx"));
    }
}
