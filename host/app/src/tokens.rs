//! Why ten workers refresh once.
//!
//! A refresh token that rotates can be spent only once, and spending it twice can end the whole grant.
//! So a refresh is single in this process (a lock per connection) and single among processes (a lease
//! row with an epoch, committed before the call: it is the written intent, and it proves that the
//! database takes writes before the old token is spent). The new pair is stored by compare-and-swap in
//! one durable transaction **before** anybody uses the new access token. The exchange is cut off at
//! [`EXCHANGE`], well inside the lease, so a live holder always ends before its lease does; whoever
//! loses the race all the same keeps what it got in a sealed side table, because a token in hand must
//! never be dropped. After a crash in the middle the lease lapses and the old token is tried once: many
//! providers allow it for a while.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use patchbay_credentials::{Credential, RefreshError, oauth, oauth::Busy};
use patchbay_egress::{CredentialError, CredentialSource, Values};
use patchbay_model::{Code, ConnectionId, ConnectionState, Fault, TenantId};
use patchbay_store::{CredentialRow, StoreError};
use tokio::time::timeout;

use crate::{App, vault::Place};

/// How long a refresh is somebody's own.
const LEASE: Duration = Duration::from_secs(30);
/// Longest exchange with the token address; below [`LEASE`].
const EXCHANGE: Duration = Duration::from_secs(20);
/// Name under which a connection's credential is sealed.
pub(crate) const FIELD: &str = "credential";

/// One lock per connection that is being refreshed in this process.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<HashMap<ConnectionId, Arc<tokio::sync::Mutex<()>>>>);

impl Refreshes {
    fn lock_of(&self, connection: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else holds a lock that only the table knows; the table stays as small as the present.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(connection.clone()).or_default())
    }
}

/// The credential of one connection, as the gate of one run asks for it.
pub(crate) struct LiveCredential {
    pub(crate) app: Arc<App>,
    pub(crate) tenant: TenantId,
    pub(crate) connection: ConnectionId,
}

#[async_trait]
impl CredentialSource for LiveCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        self.app.current_values(&self.tenant, &self.connection, None).await
    }

    async fn renew(&self, refused: &Values) -> Result<Arc<Values>, CredentialError> {
        self.app.current_values(&self.tenant, &self.connection, Some(refused.generation)).await
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

fn busy(fault: impl Into<Fault>) -> CredentialError {
    let fault = fault.into();
    CredentialError::Busy(fault.operator.unwrap_or(fault.person))
}

/// What the gate gets of a credential.
pub(crate) fn values(credential: &Credential, generation: u64, after_refusal: bool) -> Arc<Values> {
    Arc::new(Values {
        secrets: credential.secrets.clone(),
        obtained_at: credential.obtained_at,
        generation,
        renewable: credential.refreshable(),
        after_refusal,
    })
}

impl App {
    pub(crate) fn credential_place<'a>(
        tenant: &'a TenantId,
        connection: &'a ConnectionId,
        row_version: i64,
    ) -> Place<'a> {
        Place { tenant: Some(tenant), subject: connection.as_str(), field: FIELD, row_version }
    }

    async fn open_credential(&self, tenant: &TenantId, row: &CredentialRow) -> Result<Credential, Fault> {
        let place = Self::credential_place(tenant, &row.connection, row.row_version);
        let plain = self.vault.open_sealed(place, &row.sealed).await?;
        Credential::from_bytes(&plain)
    }

    /// The credential of a connection, refreshed when it ends soon or when `refused` names the very
    /// generation that the provider did not accept.
    async fn current_values(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        refused: Option<u64>,
    ) -> Result<Arc<Values>, CredentialError> {
        let row = self.store.credential(connection).await.map_err(busy)?;
        let credential = self.open_credential(tenant, &row).await.map_err(busy)?;
        if !self.wants_refresh(&credential, &row, refused) {
            return Ok(values(&credential, generation(&row), refused.is_some()));
        }
        if refused.is_some() && !credential.refreshable() {
            let text = "The provider does not accept the credential any more.";
            self.break_connection(tenant, connection, text).await;
            return Err(CredentialError::Dead(text.to_owned()));
        }
        // The refresh runs to its end whatever becomes of this run: a spent token must be stored.
        let (app, tenant, connection) = (Arc::clone(self), tenant.clone(), connection.clone());
        let refreshed = self.tasks.spawn(async move { app.refresh(&tenant, &connection, refused).await }).await;
        refreshed.unwrap_or_else(|error| Err(CredentialError::Busy(error.to_string())))
    }

    fn wants_refresh(&self, credential: &Credential, row: &CredentialRow, refused: Option<u64>) -> bool {
        match refused {
            Some(generation_refused) => generation(row) == generation_refused,
            None => credential.refreshable() && credential.refresh_due(self.clock.now()),
        }
    }

    async fn refresh(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        refused: Option<u64>,
    ) -> Result<Arc<Values>, CredentialError> {
        let lock = self.refreshes.lock_of(connection);
        let _single = lock.lock().await;
        // Somebody may have done it while this one waited.
        let row = self.store.credential(connection).await.map_err(busy)?;
        let credential = self.open_credential(tenant, &row).await.map_err(busy)?;
        if !self.wants_refresh(&credential, &row, refused) {
            return Ok(values(&credential, generation(&row), refused.is_some()));
        }
        let still_good = refused.is_none() && credential.expires_at.is_none_or(|end| end > self.clock.now());
        let Some(lease) = self.store.lease_refresh(connection, LEASE).await.map_err(busy)? else {
            return if still_good {
                Ok(values(&credential, generation(&row), false))
            } else {
                Err(CredentialError::Busy("another process is refreshing this credential".to_owned()))
            };
        };
        let epoch = lease.epoch;
        let asked = self.ask_for_refresh(tenant, connection, &credential).await;
        match asked {
            Ok(fresh) => self.keep_refreshed(tenant, &row, epoch, &fresh, refused.is_some()).await,
            Err(RefreshError::Dead(text)) => {
                self.store.release_refresh(connection, epoch, true).await.map_err(busy)?;
                let latest = self.store.credential(connection).await.map_err(busy)?;
                if latest.row_version != row.row_version {
                    let credential = self.open_credential(tenant, &latest).await.map_err(busy)?;
                    return Ok(values(&credential, generation(&latest), refused.is_some()));
                }
                self.break_connection(tenant, connection, &text).await;
                Err(CredentialError::Dead(text))
            }
            Err(RefreshError::Busy(why)) => {
                self.store.release_refresh(connection, epoch, !why.may_be_spent).await.map_err(busy)?;
                if still_good {
                    Ok(values(&credential, generation(&row), false))
                } else {
                    Err(CredentialError::Busy(why.operator))
                }
            }
        }
    }

    async fn ask_for_refresh(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        credential: &Credential,
    ) -> Result<Credential, RefreshError> {
        let busy = |fault: Fault| RefreshError::Busy(Busy::from(fault.operator.unwrap_or(fault.person)));
        let row = self.store.connection(tenant, connection).await.map_err(|error| busy(error.into()))?;
        let release = self.release_of(&row).await.map_err(busy)?;
        let auth = release
            .manifest
            .auth(&row.auth)
            .ok_or_else(|| RefreshError::Busy(Busy::from(format!("the release has no auth method {}", row.auth))))?;
        let client = self.oauth_client_of(&row).await.map_err(busy)?;
        let facts = facts_of(&row.facts);
        let transport = self.transport();
        let call = oauth::refresh(auth, &client, credential, &facts, &*self.clock, &transport);
        timeout(EXCHANGE, call).await.unwrap_or_else(|_| {
            Err(RefreshError::Busy(Busy {
                operator: "the provider's login did not answer in time".to_owned(),
                may_be_spent: true,
                misconfigured: false,
                retry_after: None,
            }))
        })
    }

    async fn keep_refreshed(
        &self,
        tenant: &TenantId,
        row: &CredentialRow,
        epoch: i64,
        fresh: &Credential,
        after_refusal: bool,
    ) -> Result<Arc<Values>, CredentialError> {
        let version = row.row_version + 1;
        let place = Self::credential_place(tenant, &row.connection, version);
        let plain = fresh.to_bytes();
        let sealed = self.vault.seal(place, &plain).await.map_err(busy)?;
        let stored = self.store.store_refreshed(&row.connection, epoch, row.row_version, sealed.clone(), version);
        match stored.await {
            Ok(()) => {
                tracing::info!(connection.id = %row.connection, "credential of {} refreshed", row.connection);
                Ok(values(fresh, u64::try_from(version).unwrap_or_default(), after_refusal))
            }
            Err(StoreError::Stale) => {
                self.store.keep_lost_token(&row.connection, sealed, version).await.map_err(busy)?;
                tracing::warn!(connection.id = %row.connection, "a refresh of {} lost its race; its token is kept aside", row.connection);
                Err(CredentialError::Busy("another refresh was quicker".to_owned()))
            }
            Err(error) => Err(busy(error)),
        }
    }

    /// The person has to reconnect: said on the connection, so that card and table show it.
    pub(crate) async fn break_connection(&self, tenant: &TenantId, connection: &ConnectionId, reason: &str) {
        let why = (Code::CredentialRefused, reason.to_owned());
        let state = ConnectionState::Broken;
        let broken = self.store.set_connection_state(tenant, connection, state, Some(why), "host").await;
        if let Err(error) = broken {
            let fault = Fault::from(error);
            tracing::error!(connection.id = %connection, "connection {connection} is broken, and that could not be stored: {fault:?}");
        }
    }
}

/// The facts of a connection or account, as they are stored: a JSON object of texts.
pub(crate) fn facts_of(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}

fn generation(row: &CredentialRow) -> u64 {
    u64::try_from(row.row_version).unwrap_or_default()
}
