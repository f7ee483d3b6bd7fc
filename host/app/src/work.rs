//! What every piece of work on a connection needs: its door, its context, its limits.

use std::sync::Arc;

use patchbay_egress::{CredentialError, CredentialSource, Door, DoorScope, Grant, Writes};
use patchbay_model::{
    Code, Failure, Fault,
    contract::Context,
    manifest::{Auth, Manifest},
};
use patchbay_store::{Account, Connection, StoreError};
use tokio::{sync::watch, time::Instant};

use crate::{
    App,
    connectors::Release,
    facts::{self, Facts},
    tokens::LiveCredential,
};

impl App {
    /// The gate's door for work on a connection: what it may reach, and whose credential is filled in. The
    /// credential tells afterwards which version of it was used.
    pub(crate) async fn door(
        self: &Arc<Self>,
        connection: &Connection,
        account: Option<&Account>,
        release: &Release,
        writes: Writes,
        deadline: Instant,
        stop: watch::Receiver<bool>,
    ) -> Result<(Door, Arc<LiveCredential>), Failure> {
        let Some(auth) = release.manifest.auth(&connection.auth) else { return Err(self.no_way_in(connection).await) };
        let grant = Grant {
            tenant: connection.tenant.to_string(),
            connector: release.manifest.id.clone(),
            connection: Some(connection.id.to_string()),
            account: account.map(|account| account.provider_id.clone()),
            hosts: release.manifest.hosts.clone(),
            slots: auth.slots.clone(),
            expired: auth.expired.clone(),
            rates: release.manifest.rates.clone(),
            placeholders: auth.placeholders(&Facts::read(&connection.facts).login),
            customer_origins: self.origins_for(&release.manifest).await.map_err(unusable)?,
        };
        let credential = Arc::new(LiveCredential::of(self, connection));
        let source: Arc<dyn CredentialSource> = Arc::clone(&credential) as _;
        Ok((self.gate.door(Arc::new(grant), source, DoorScope { writes, deadline, stop }), credential))
    }

    /// What becomes of work on a connection whose way of logging in the release does not have: its owner has to
    /// choose another one, unless that was done a moment ago.
    pub(crate) async fn no_way_in(self: &Arc<Self>, connection: &Connection) -> Failure {
        match LiveCredential::of(self, connection).current().await {
            Err(CredentialError::Dead(text)) => Failure::CredentialDead(text),
            Err(CredentialError::Busy(text)) => Failure::CredentialBusy(text),
            Ok(_) => Failure::CredentialBusy(format!("the release of {} was changed meanwhile", connection.id)),
        }
    }

    /// What the manifest asks, never more than the operator's ceiling.
    pub(crate) fn memory_for(&self, release: &Release) -> usize {
        let asked = usize::try_from(release.manifest.limits.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        asked.min(self.settings.memory_bytes)
    }
}

/// What a connector is told about the connection it works for.
pub(crate) fn context_of(connection: &Connection, account: Option<&Account>, manifest: &Manifest) -> Context {
    Context {
        auth: connection.auth.clone(),
        account: account.map(|account| account.provider_id.clone()),
        facts: Facts::read(&connection.facts).told(),
        account_facts: account
            .map(|account| facts::of_account(&account.facts))
            .unwrap_or_default()
            .into_iter()
            .collect(),
        settings: connection.settings.clone().into_bytes(),
        config: config_of(manifest),
    }
}

/// The manifest's defaults as the operator corrected them, for the connector.
pub(crate) fn config_of(manifest: &Manifest) -> Vec<u8> {
    manifest.config.as_ref().map_or_else(|| b"{}".to_vec(), |config| config.defaults.to_string().into_bytes())
}

pub(crate) fn auth_of<'r>(release: &'r Release, id: &str) -> Result<&'r Auth, Failure> {
    release
        .manifest
        .auth(id)
        .ok_or_else(|| Failure::ReleaseUnusable(format!("release {} has no auth method {id}", release.id)))
}

/// A failure of the store, as the end of work.
pub(crate) fn stored(error: StoreError) -> Failure {
    error.into()
}

/// A release that cannot be used, as the end of work; or that could not be had just now.
pub(crate) fn unusable(fault: Fault) -> Failure {
    let code = fault.code;
    let text = fault.operator.unwrap_or(fault.person);
    if code == Code::StorageFailed { Failure::Storage(text) } else { Failure::ReleaseUnusable(text) }
}

/// A failure of a connector, as the answer to somebody who waits for it.
pub(crate) fn refused(failure: &Failure) -> Fault {
    let mut fault = Fault::because(failure.code(), failure.person());
    fault.operator = failure.operator();
    if let Failure::Connector(error) = failure {
        fault.fields.clone_from(&error.info().fields);
        fault.retry_after = error.info().retry_after;
    }
    fault
}

/// A failure of a list: its place to go on is the only thing that can conflict.
pub(crate) fn listed(error: StoreError) -> Fault {
    match error {
        StoreError::Conflict(_) => {
            Fault::because(Code::ParameterInvalid, "`after` is not the `next` of an earlier answer.")
        }
        other => other.into(),
    }
}
