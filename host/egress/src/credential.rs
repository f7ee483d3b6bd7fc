//! Where the gate gets what it fills slots with.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use patchbay_model::{Secret, Timestamp};

/// The credential of one connection, kept fresh by somebody else.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential to use now; refreshed ahead of its expiry, once for all who ask.
    async fn current(&self) -> Result<Arc<Values>, CredentialError>;
    /// A credential newer than `refused`, after the provider did not accept that one.
    async fn renew(&self, refused: &Values) -> Result<Arc<Values>, CredentialError>;
}

/// The values of a credential.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// By the name that slots use: `access_token`, `password`. Each is masked in what comes back and
    /// must not be in what a guest sends, so what is no secret belongs to the grant's placeholders.
    pub secrets: BTreeMap<String, Secret>,
    /// When it was asked for, or entered: its age counts from there.
    pub obtained_at: Timestamp,
    /// Grows with each credential of the connection.
    pub generation: u64,
    /// Whether there is a way to get another without a person.
    pub renewable: bool,
    /// It was itself fetched because the provider refused the one before.
    pub after_refusal: bool,
}

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Only a person can help; the text is for that person.
    #[error("the credential is dead: {0}")]
    Dead(String),
    /// Not now; the text is for the operator.
    #[error("the credential could not be had: {0}")]
    Busy(String),
}

/// The source of a connection that has no credential.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCredential;

#[async_trait]
impl CredentialSource for NoCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        Ok(Arc::new(Values::default()))
    }

    async fn renew(&self, _refused: &Values) -> Result<Arc<Values>, CredentialError> {
        Ok(Arc::new(Values::default()))
    }
}
