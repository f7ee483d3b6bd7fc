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
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use patchbay_credentials::{Credential, RefreshError, oauth, oauth::Busy};
use patchbay_egress::{CredentialError, CredentialSource, Values};
use patchbay_model::{Code, ConnectionId, Fault, TenantId, Timestamp};
use patchbay_store::{CredentialRow, StoreError};
use tokio::time::timeout;

use crate::{App, facts::Facts, vault::Place};

/// How long a refresh is somebody's own.
const LEASE: Duration = Duration::from_secs(30);
/// Longest exchange with the token address; below [`LEASE`].
const EXCHANGE: Duration = Duration::from_secs(20);
/// Name under which a connection's credential is sealed.
pub(crate) const FIELD: &str = "credential";

/// Shortest pause after a refresh that did not work.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// Longest one, whatever the provider asks.
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(3_600);
/// Pauses between attempts to store a fresh pair; together well inside the lease.
const STORE_AGAIN: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(4)];

/// What this process knows about refreshes of one connection.
#[derive(Default)]
struct Refreshing {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// Not before this moment again.
    pause_until: Option<Timestamp>,
    /// A fresh pair that the database did not take yet, and the version of the row that it follows: the
    /// old one is spent.
    unsaved: Option<(i64, Credential)>,
}

/// Connections whose credential is, or was just, refreshed by this process.
#[derive(Default)]
pub(crate) struct Refreshes(Mutex<HashMap<ConnectionId, Refreshing>>);

impl Refreshes {
    fn with<T>(&self, connection: &ConnectionId, act: impl FnOnce(&mut Refreshing) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What holds nothing that anybody needs is forgotten; the table stays as small as the present.
        all.retain(|_, one| Arc::strong_count(&one.lock) > 1 || one.pause_until.is_some() || one.unsaved.is_some());
        act(all.entry(connection.clone()).or_default())
    }

    fn lock_of(&self, connection: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        self.with(connection, |one| Arc::clone(&one.lock))
    }

    /// Whether this connection is left alone for now.
    fn pauses(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        self.with(connection, |one| {
            one.pause_until = one.pause_until.filter(|until| *until > now);
            one.pause_until.is_some()
        })
    }

    fn pause(&self, connection: &ConnectionId, until: Timestamp) {
        self.with(connection, |one| one.pause_until = Some(until));
    }

    fn keep(&self, connection: &ConnectionId, follows: i64, fresh: Credential) {
        self.with(connection, |one| one.unsaved = Some((follows, fresh)));
    }

    /// The pair that follows this version. One of an earlier version is of no use any more: somebody has
    /// consented anew since, and it must not take the place of that consent.
    fn take(&self, connection: &ConnectionId, version: i64) -> Option<Credential> {
        self.with(connection, |one| one.unsaved.take())
            .filter(|(follows, _)| *follows == version)
            .map(|(_, fresh)| fresh)
    }
}

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

    fn note(&self, values: Arc<Values>) -> Arc<Values> {
        self.used.store(i64::try_from(values.generation).unwrap_or_default(), Ordering::Relaxed);
        values
    }
}

#[async_trait]
impl CredentialSource for LiveCredential {
    async fn current(&self) -> Result<Arc<Values>, CredentialError> {
        let values = self.app.current_values(&self.tenant, &self.connection, None).await?;
        Ok(self.note(values))
    }

    async fn renew(&self, refused: &Values) -> Result<Arc<Values>, CredentialError> {
        let values = self.app.current_values(&self.tenant, &self.connection, Some(refused.generation)).await?;
        Ok(self.note(values))
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
            self.break_connection(tenant, connection, Some(row.row_version), text).await;
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
        if refused.is_none() && self.refreshes.pauses(connection, self.clock.now()) {
            return if still_good {
                Ok(values(&credential, generation(&row), false))
            } else {
                Err(CredentialError::Busy("the last refresh has failed; it is tried again soon".to_owned()))
            };
        }
        let Some(lease) = self.store.lease_refresh(connection, LEASE).await.map_err(busy)? else {
            return if still_good {
                Ok(values(&credential, generation(&row), false))
            } else {
                Err(CredentialError::Busy("another process is refreshing this credential".to_owned()))
            };
        };
        let epoch = lease.epoch;
        let asked = match self.refreshes.take(connection, row.row_version) {
            // An earlier refresh got it, and the database was not there to take it.
            Some(fresh) => Ok(fresh),
            None => self.ask_for_refresh(tenant, connection, &credential).await,
        };
        match asked {
            Ok(fresh) => self.keep_refreshed(tenant, &row, epoch, fresh, refused.is_some()).await,
            Err(RefreshError::Dead(text)) => self.refresh_is_dead(tenant, &row, epoch, refused.is_some(), text).await,
            Err(RefreshError::Busy(why)) => {
                self.cool_down(connection, epoch, &why).await?;
                if still_good {
                    Ok(values(&credential, generation(&row), false))
                } else {
                    Err(CredentialError::Busy(why.operator))
                }
            }
        }
    }

    /// Gives the lease back, and leaves the token address alone for a while.
    async fn cool_down(&self, connection: &ConnectionId, epoch: i64, why: &Busy) -> Result<(), CredentialError> {
        let pause = why.retry_after.unwrap_or_default().clamp(COOL_DOWN, LONGEST_COOL_DOWN);
        self.refreshes.pause(connection, self.clock.now().plus(pause));
        self.store.release_refresh(connection, epoch, !why.may_be_spent).await.map_err(busy)
    }

    /// The provider says that the grant is gone. Before that is believed, what else there is is tried:
    /// a pair that another worker has stored, and pairs that lost a race, the newest first.
    async fn refresh_is_dead(
        self: &Arc<Self>,
        tenant: &TenantId,
        row: &CredentialRow,
        epoch: i64,
        after_refusal: bool,
        text: String,
    ) -> Result<Arc<Values>, CredentialError> {
        let latest = self.store.credential(&row.connection).await.map_err(busy)?;
        if latest.row_version != row.row_version {
            self.store.release_refresh(&row.connection, epoch, true).await.map_err(busy)?;
            let credential = self.open_credential(tenant, &latest).await.map_err(busy)?;
            return Ok(values(&credential, generation(&latest), after_refusal));
        }
        for lost in self.store.lost_tokens(&row.connection).await.map_err(busy)? {
            let place = Self::credential_place(tenant, &row.connection, lost.row_version);
            let plain = self.vault.open_sealed(place, &lost.sealed).await;
            if let Ok(credential) = plain.and_then(|plain| Credential::from_bytes(&plain)) {
                match self.ask_for_refresh(tenant, &row.connection, &credential).await {
                    Ok(fresh) => return self.keep_refreshed(tenant, row, epoch, fresh, after_refusal).await,
                    // It may be the good one: it is tried again, later.
                    Err(RefreshError::Busy(why)) => {
                        self.cool_down(&row.connection, epoch, &why).await?;
                        return Err(CredentialError::Busy(why.operator));
                    }
                    Err(RefreshError::Dead(_)) => {}
                }
            }
            self.store.drop_lost_token(&row.connection, lost.row_version).await.map_err(busy)?;
        }
        self.store.release_refresh(&row.connection, epoch, true).await.map_err(busy)?;
        self.break_connection(tenant, &row.connection, Some(row.row_version), &text).await;
        Err(CredentialError::Dead(text))
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
        let facts = Facts::read(&row.facts).login;
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
        fresh: Credential,
        after_refusal: bool,
    ) -> Result<Arc<Values>, CredentialError> {
        let version = row.row_version + 1;
        let mut pauses = STORE_AGAIN.into_iter();
        let failed = loop {
            match self.store_refreshed(tenant, row, epoch, &fresh, version).await {
                Ok(true) => {
                    tracing::info!(connection.id = %row.connection, "credential of {} refreshed", row.connection);
                    return Ok(values(&fresh, u64::try_from(version).unwrap_or_default(), after_refusal));
                }
                Ok(false) => return Err(CredentialError::Busy("another refresh was quicker".to_owned())),
                Err(fault) => match pauses.next() {
                    None => break fault,
                    Some(pause) => {
                        #[expect(
                            clippy::disallowed_methods,
                            reason = "the old token is spent: the new one is stored now"
                        )]
                        tokio::time::sleep(pause).await;
                    }
                },
            }
        };
        // The next refresh begins with it, as soon as the database is there again.
        self.refreshes.keep(&row.connection, row.row_version, fresh);
        Err(busy(failed))
    }

    /// Whether the pair is stored as the connection's; false when it lost a race and is kept aside.
    async fn store_refreshed(
        &self,
        tenant: &TenantId,
        row: &CredentialRow,
        epoch: i64,
        fresh: &Credential,
        version: i64,
    ) -> Result<bool, Fault> {
        let place = Self::credential_place(tenant, &row.connection, version);
        let sealed = self.vault.seal(place, &fresh.to_bytes()).await?;
        let stored = self.store.store_refreshed(&row.connection, epoch, row.row_version, sealed.clone(), version).await;
        match stored {
            Ok(()) => Ok(true),
            Err(StoreError::Stale) => {
                self.store.keep_lost_token(&row.connection, sealed, version).await?;
                tracing::warn!(connection.id = %row.connection, "a refresh of {} lost its race; its token is kept aside", row.connection);
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The person has to reconnect: said on the connection, so that card and table show it. A fresh
    /// consent in between (another version of the credential) is left alone.
    pub(crate) async fn break_connection(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        row_version: Option<i64>,
        reason: &str,
    ) {
        let code = Code::CredentialRefused;
        if let Err(error) = self.store.break_connection(tenant, connection, row_version, code, reason).await {
            let fault = Fault::from(error);
            tracing::error!(connection.id = %connection, "connection {connection} is broken, and that could not be stored: {fault:?}");
        }
    }
}

fn generation(row: &CredentialRow) -> u64 {
    u64::try_from(row.row_version).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use patchbay_model::{ManualClock, SeededRandom};

    use super::*;

    fn connection() -> ConnectionId {
        ConnectionId::fresh(&ManualClock::default(), &SeededRandom::new(1))
    }

    fn fresh() -> Credential {
        Credential::entered("oauth", BTreeMap::new(), Timestamp::from_millis(0))
    }

    #[test]
    fn a_pair_that_was_not_stored_is_the_next_one_and_only_once() {
        let (refreshes, connection) = (Refreshes::default(), connection());
        refreshes.keep(&connection, 3, fresh());
        assert!(refreshes.take(&connection, 3).is_some());
        assert!(refreshes.take(&connection, 3).is_none());
    }

    #[test]
    fn a_pair_of_an_earlier_consent_does_not_replace_a_later_one() {
        let (refreshes, connection) = (Refreshes::default(), connection());
        refreshes.keep(&connection, 3, fresh());
        assert!(refreshes.take(&connection, 4).is_none());
        assert!(refreshes.take(&connection, 3).is_none(), "it is forgotten, not kept for later");
    }

    #[test]
    fn a_pause_ends_at_its_moment() {
        let (refreshes, connection) = (Refreshes::default(), connection());
        refreshes.pause(&connection, Timestamp::from_millis(30_000));
        assert!(refreshes.pauses(&connection, Timestamp::from_millis(29_999)));
        assert!(!refreshes.pauses(&connection, Timestamp::from_millis(30_000)));
    }
}
