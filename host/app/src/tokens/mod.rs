//! Why ten workers refresh once.
//!
//! A refresh token that rotates can be spent only once, and spending it twice can end the whole grant.
//! So a refresh is single in this process (a lock per connection) and single among processes (a lease
//! row with an epoch, committed before the call: it is the written intent, and it proves that the
//! database takes writes before the old token is spent). The new pair is stored by compare-and-swap in
//! one durable transaction **before** anybody uses the new access token. The exchange is cut off well
//! inside the lease, so a live holder always ends before its lease does; whoever loses the race all the
//! same keeps what it got in a sealed side table, because a token in hand must never be dropped. It runs
//! in a task of the host: a caller that goes away changes nothing.
//!
//! What a kill leaves behind, by the six places of a refresh (each is a failpoint of that name):
//!
//! | killed | left behind | next |
//! | --- | --- | --- |
//! | `before_intent` | nothing | as if it had never begun |
//! | `after_intent` | an open intent, a lease that lapses | the old token, which is good |
//! | `request_sent`, `answer_received`, `before_commit` | the same, and perhaps a spent token | the old token once: with a grace period it still works, else the connection needs its owner |
//! | `after_commit` | the new pair | the new pair |
//!
//! An open intent whose lease has lapsed is a reason to refresh at the next look ([`upkeep`](crate::upkeep)
//! looks all the time), because a grace period is short. Which step follows which is decided in [`step`],
//! which does nothing else; [`refresh`], [`ask`] and [`keep`] do what it says.

mod ask;
mod keep;
mod refresh;
mod source;
mod state;
mod step;

pub(crate) use source::{FixedCredential, LiveCredential};
pub(crate) use state::Refreshes;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use patchbay_credentials::Credential;
use patchbay_egress::{CredentialError, Values};
use patchbay_model::{
    Code, ConnectionId, Fault, ReleaseId, Secret, TenantId, Timestamp,
    manifest::{Auth, RevokeEnds},
};
use patchbay_store::{Connection, CredentialRow, StoreError};

use crate::{App, connectors::Release, facts::Facts, vault::Place};

/// Name under which a connection's credential is sealed.
pub(crate) const FIELD: &str = "credential";
/// Name under which one is sealed whose write lost; the same version may be stored under the other.
const LOST: &str = "lost";
/// Name under which slots find the operator's client secret.
const CLIENT_SECRET: &str = "client_secret";

/// How long a refresh is put off that is due and could not begin: its registration, its release or its region
/// is not there now.
const PUT_OFF: Duration = Duration::from_secs(900);
/// The same for one that was interrupted, as a grace period is short.
const PUT_OFF_INTERRUPTED: Duration = Duration::from_secs(60);

/// Why somebody asks for a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// To use it: it is refreshed when it ends soon.
    Use,
    /// The provider did not accept this generation.
    Refused(u64),
    /// It is this generation's time, used or not.
    Due(u64),
}

/// A consent: what was authorised then, where, and by which way of logging in. Hosts and placeholders of a door
/// are those of one consent, so the credential of another one is nothing to fill in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    authorized_at: Timestamp,
    auth: String,
}

impl Consent {
    pub(crate) fn of(connection: &Connection) -> Self {
        Self { authorized_at: connection.authorized_at, auth: connection.auth.clone() }
    }
}

/// A connection's credential and what it was made with, as they stand.
struct Present {
    connection: Connection,
    release: Arc<Release>,
    facts: BTreeMap<String, String>,
    row: CredentialRow,
    credential: Credential,
}

impl Present {
    fn auth(&self) -> Result<&Auth, CredentialError> {
        let id = &self.connection.auth;
        let missing = || CredentialError::Busy(format!("release {} has no auth method {id}", self.release.id));
        self.release.manifest.auth(id).ok_or_else(missing)
    }

    /// Whether it is the one that is meant, where one is.
    fn of(&self, consent: Option<&Consent>) -> Result<(), CredentialError> {
        match consent {
            Some(consent) if *consent != Consent::of(&self.connection) => {
                let id = &self.connection.id;
                Err(CredentialError::Busy(format!("connection {id} was authorised anew after this work began")))
            }
            _ => Ok(()),
        }
    }

    /// How a token of it that lost its race is revoked, and whether that ends a newer consent as well.
    fn revocable(&self) -> (Option<ReleaseId>, bool) {
        let auth = self.release.manifest.auth(&self.connection.auth);
        let auth = auth.filter(|auth| auth.revoke.is_some());
        (auth.map(|_| self.release.id.clone()), auth.is_none_or(|auth| auth.revoke_ends == RevokeEnds::Grant))
    }

    /// Whether it works for now, as far as its own end tells.
    fn still_good(&self, need: Need, now: Timestamp) -> bool {
        let refused = matches!(need, Need::Refused(version) if version == generation(&self.row));
        !refused && self.credential.expires_at.is_none_or(|end| end > now)
    }
}

fn busy(fault: impl Into<Fault>) -> CredentialError {
    let fault = fault.into();
    CredentialError::Busy(fault.operator.unwrap_or(fault.person))
}

fn generation(row: &CredentialRow) -> u64 {
    u64::try_from(row.row_version).unwrap_or_default()
}

/// What the gate gets of a credential; `client_secret` where a slot names it.
pub(crate) fn values(
    credential: &Credential,
    auth: &Auth,
    client_secret: Option<Secret>,
    generation: u64,
    after_refusal: bool,
) -> Arc<Values> {
    let mut secrets = credential.secrets.clone();
    if let Some(secret) = client_secret {
        // One that was entered is the one that is meant.
        secrets.entry(CLIENT_SECRET.to_owned()).or_insert(secret);
    }
    let renewable = credential.renewable(auth);
    Arc::new(Values { secrets, obtained_at: credential.obtained_at, generation, renewable, after_refusal })
}

impl App {
    pub(crate) fn credential_place<'a>(
        tenant: &'a TenantId,
        connection: &'a ConnectionId,
        row_version: i64,
    ) -> Place<'a> {
        Place { tenant: Some(tenant), subject: connection.as_str(), field: FIELD, row_version }
    }

    fn lost_place<'a>(tenant: &'a TenantId, connection: &'a ConnectionId, row_version: i64) -> Place<'a> {
        Place { field: LOST, ..Self::credential_place(tenant, connection, row_version) }
    }

    /// The credential of a connection, refreshed when it ends soon or when `need` says so of the very
    /// generation that is stored. With `consent` only that one's: who asks for another one's has to begin anew.
    pub(crate) async fn current_values(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        need: Need,
        consent: Option<&Consent>,
    ) -> Result<Arc<Values>, CredentialError> {
        let present = self.present(tenant, connection).await?;
        present.of(consent)?;
        if !self.wants_refresh(&present, need)? {
            return self.hand_out(&present, need).await;
        }
        if !present.credential.renewable(present.auth()?) {
            let name = &present.release.manifest.name;
            let again = if present.auth()?.kind.has_consent() { "Log in again" } else { "Enter it again" };
            let text = format!("{name} does not accept the credential any more. {again} to go on.");
            self.needs_owner(&present, Code::CredentialRefused, &text).await;
            return Err(CredentialError::Dead(text));
        }
        // The refresh runs to its end whatever becomes of this caller: a spent token must be stored.
        let (app, tenant, connection) = (Arc::clone(self), tenant.clone(), connection.clone());
        let consent = consent.cloned();
        let refreshed = self.tasks.spawn(async move { app.refresh(&tenant, &connection, need, consent).await }).await;
        refreshed.unwrap_or_else(|error| Err(CredentialError::Busy(error.to_string())))
    }

    /// Refreshes a credential whose time has come, or whose refresh was interrupted. One that cannot even begin
    /// is put off, so that it is not in the way of others.
    pub(crate) async fn refresh_unused(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
    ) -> Result<(), CredentialError> {
        let row = match self.store.credential(connection).await {
            Err(StoreError::NotFound) => return self.let_go(connection).await,
            row => row.map_err(busy)?,
        };
        let due = Need::Due(generation(&row));
        let refreshed = self.current_values(tenant, connection, due, None).await;
        let pause = if row.refresh_intent_at.is_some() { PUT_OFF_INTERRUPTED } else { PUT_OFF };
        self.store.put_off_refresh(connection, row.row_version, self.clock.now().plus(pause)).await.map_err(busy)?;
        refreshed.map(|_| ())
    }

    async fn present(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Present, CredentialError> {
        // In this order: a credential of before a new consent may come with the connection of after it, which is
        // found (`Present::of`, the lease); the other way round it would be sent to the old one's places.
        let row = self.store.credential(connection).await.map_err(busy)?;
        let connection = self.store.connection(tenant, connection).await.map_err(busy)?;
        let release = self.release_of(&connection).await.map_err(busy)?;
        if release.manifest.auth(&connection.auth).is_none() {
            return Err(self.no_longer_offered(&connection, &release, &row).await);
        }
        let facts = Facts::read(&connection.facts).login;
        let place = Self::credential_place(tenant, &connection.id, row.row_version);
        let credential = match self.open_credential(place, &row.sealed).await {
            Err(fault) if fault.code == Code::SealBroken => {
                return Err(self.unreadable(&connection, &row, &fault).await);
            }
            opened => opened.map_err(busy)?,
        };
        Ok(Present { connection, release, facts, credential, row })
    }

    async fn open_credential(&self, place: Place<'_>, sealed: &[u8]) -> Result<Credential, Fault> {
        Credential::from_bytes(&self.vault.open_sealed(place, sealed).await?)
    }

    async fn hand_out(&self, present: &Present, need: Need) -> Result<Arc<Values>, CredentialError> {
        let auth = present.auth()?;
        let client = present.connection.client.as_ref();
        let secret = self.client_secret_for(auth, client, &present.facts).await.map_err(busy)?;
        let after_refusal = matches!(need, Need::Refused(_));
        Ok(values(&present.credential, auth, secret, generation(&present.row), after_refusal))
    }

    fn wants_refresh(&self, present: &Present, need: Need) -> Result<bool, CredentialError> {
        let (row, auth, now) = (&present.row, present.auth()?, self.clock.now());
        if matches!(need, Need::Refused(refused) if refused == generation(row)) {
            return Ok(true);
        }
        let due = match need {
            Need::Due(version) => version == generation(row),
            Need::Use | Need::Refused(_) => present.credential.refresh_due(auth, now),
        };
        let interrupted = row.refresh_intent_at.is_some() && row.refresh_lease_until.is_none_or(|until| until <= now);
        let unsaved = self.refreshes.follows(&row.connection) == Some(row.row_version);
        Ok(present.credential.renewable(auth) && (due || interrupted || unsaved))
    }

    /// The person has to log in again, and is told why.
    async fn needs_owner(&self, present: &Present, code: Code, reason: &str) {
        let (connection, version) = (&present.connection, Some(present.row.row_version));
        self.say_broken(&connection.tenant, &connection.id, version, code, reason).await;
    }

    /// The provider refused the credential of this version.
    pub(crate) async fn break_connection(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        row_version: Option<i64>,
        reason: &str,
    ) {
        self.say_broken(tenant, connection, row_version, Code::CredentialRefused, reason).await;
    }

    /// The way it was logged in by is not in the release any more: no later try finds it, a new login does.
    async fn no_longer_offered(
        &self,
        connection: &Connection,
        release: &Release,
        row: &CredentialRow,
    ) -> CredentialError {
        let (id, auth, name) = (&connection.id, &connection.auth, &release.manifest.name);
        tracing::error!(connection.id = %id, "release {} has no auth method {auth}, by which {id} was made", release.id);
        let text = format!("This way to log in to {name} is no longer offered. Connect it again to go on.");
        self.say_broken(&connection.tenant, id, Some(row.row_version), Code::CredentialRefused, &text).await;
        // A pair that is nowhere else outlives this process: the release may be taken back.
        if let Some(unsaved) = self.refreshes.take(id)
            && let Err(error) = self.keep_unsaved(unsaved).await
        {
            return error;
        }
        CredentialError::Dead(text)
    }

    /// The stored credential was changed or moved: time does not mend that, a new consent does.
    async fn unreadable(&self, connection: &Connection, row: &CredentialRow, fault: &Fault) -> CredentialError {
        let (id, name) = (&connection.id, &connection.business_name);
        tracing::error!(connection.id = %id, "the credential of {id} cannot be opened: {fault:?}");
        let text = format!("What was stored to reach {name} cannot be opened any more. Connect it again to go on.");
        self.say_broken(&connection.tenant, id, Some(row.row_version), Code::SealBroken, &text).await;
        CredentialError::Dead(text)
    }

    /// Said on the connection, so that card and table show it. A fresh consent in between (another version of
    /// the credential) is left alone.
    async fn say_broken(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        row_version: Option<i64>,
        code: Code,
        reason: &str,
    ) {
        if let Err(error) = self.store.break_connection(tenant, connection, row_version, code, reason).await {
            let fault = Fault::from(error);
            tracing::error!(connection.id = %connection, "connection {connection} is broken, and that could not be stored: {fault:?}");
        }
    }
}

#[cfg(test)]
mod tests;
