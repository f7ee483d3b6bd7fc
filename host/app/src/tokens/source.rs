//! Where the gate gets a credential from.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use patchbay_egress::{CredentialError, CredentialSource, Values};
use patchbay_model::{ConnectionId, TenantId};

use super::Need;
use crate::App;

/// The credential of one connection, as the gate of one run asks for it.
pub(crate) struct LiveCredential {
    pub(crate) app: Arc<App>,
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
    /// Version of the row that was handed out last; 0 before the first.
    pub(crate) used: AtomicI64,
}

impl LiveCredential {
    /// The version that a refusal is about.
    pub(crate) fn used(&self) -> Option<i64> {
        Some(self.used.load(Ordering::Relaxed)).filter(|version| *version > 0)
    }

    async fn values(&self, need: Need) -> Result<Arc<Values>, CredentialError> {
        let values = self.app.current_values(&self.tenant, &self.connection, need).await?;
        self.used.store(i64::try_from(values.generation).unwrap_or_default(), Ordering::Relaxed);
        Ok(values)
    }
}

#[async_trait]
impl CredentialSource for LiveCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        self.values(Need::Use).await
    }

    async fn renew(&self, refused: &Values) -> Result<Arc<Values>, CredentialError> {
        self.values(Need::Refused(refused.generation)).await
    }
}

/// A credential that is not stored yet: the one that `identify` is asked with during a connect.
pub(crate) struct FixedCredential(pub(crate) Arc<Values>);

#[async_trait]
impl CredentialSource for FixedCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        Ok(Arc::clone(&self.0))
    }

    async fn renew(&self, _: &Values) -> Result<Arc<Values>, CredentialError> {
        Err(CredentialError::Dead("the provider does not accept what was just entered".to_owned()))
    }
}
