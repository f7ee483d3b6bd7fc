//! Where the gate gets a credential from.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use patchbay_egress::{CredentialError, CredentialSource, Values};
use patchbay_model::{ConnectionId, TenantId};
use patchbay_store::Connection;

use super::{Consent, Need};
use crate::App;

/// The credential of one connection, as the gate of one run asks for it.
pub(crate) struct LiveCredential {
    app: Arc<App>,
    tenant: TenantId,
    connection: ConnectionId,
    /// The consent with which the door was made, and so the places it opens to.
    consent: Consent,
    /// Version of the row that was handed out last; 0 before the first.
    used: AtomicI64,
}

impl LiveCredential {
    /// Of a connection as it was read: the same reading that everything else of the door comes from.
    pub(crate) fn of(app: &Arc<App>, connection: &Connection) -> Self {
        Self {
            app: Arc::clone(app),
            tenant: connection.tenant.clone(),
            connection: connection.id.clone(),
            consent: Consent::of(connection),
            used: AtomicI64::default(),
        }
    }

    /// The version that a refusal is about.
    pub(crate) fn used(&self) -> Option<i64> {
        Some(self.used.load(Ordering::Relaxed)).filter(|version| *version > 0)
    }

    async fn values(&self, need: Need) -> Result<Arc<Values>, CredentialError> {
        let values = self.app.current_values(&self.tenant, &self.connection, need, Some(&self.consent)).await?;
        self.used.fetch_max(i64::try_from(values.generation).unwrap_or_default(), Ordering::Relaxed);
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
