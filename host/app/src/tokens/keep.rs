//! What a refresh got is kept: as the connection's, in the side table, or in this process until the database
//! is there again. Nowhere is it dropped.

use std::time::Duration;

use patchbay_credentials::Credential;
use patchbay_egress::CredentialError;
use patchbay_model::{Fault, Timestamp, failpoint::failpoint, manifest::Auth};
use patchbay_store::StoreError;

use super::{busy, refresh::Work, state::Unsaved, step::Event};
use crate::App;

/// Pauses between attempts to store a fresh pair; together well inside the lease.
const STORE_AGAIN: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

impl App {
    /// When an unused credential is refreshed next.
    fn next_refresh(&self, credential: &Credential, auth: &Auth) -> Option<Timestamp> {
        let next = credential.next_refresh(auth)?;
        // Where the provider drops what nobody uses, the operator says how often that is.
        Some(if auth.idle_days.is_some() { next.min(self.clock.now().plus(self.settings.idle_refresh)) } else { next })
    }
}

impl Work<'_> {
    pub(super) async fn store(&mut self) -> Result<Event, CredentialError> {
        let Some(fresh) = self.fresh.clone() else { return Ok(Event::Unstored) };
        let mut pauses = STORE_AGAIN.into_iter();
        loop {
            match self.store_once(&fresh).await {
                Ok(event) => return Ok(event),
                Err(fault) => match pauses.next() {
                    None => {
                        let id = self.connection();
                        tracing::error!(connection.id = %id, "a refresh of {id} could not be stored; it is tried again: {fault:?}");
                        self.hold(fresh);
                        return Ok(Event::Unstored);
                    }
                    Some(pause) => {
                        #[expect(
                            clippy::disallowed_methods,
                            reason = "the old token is spent: the new one is stored now"
                        )]
                        tokio::time::sleep(pause).await;
                    }
                },
            }
        }
    }

    async fn store_once(&mut self, fresh: &Credential) -> Result<Event, Fault> {
        let (id, version) = (self.connection(), self.version());
        let place = App::credential_place(self.tenant(), id, version + 1);
        let sealed = self.app.vault.seal(place, &fresh.to_bytes()).await?;
        let auth = self.present.release.manifest.auth(&self.present.connection.auth);
        let next = auth.and_then(|auth| self.app.next_refresh(fresh, auth));
        failpoint("refresh.before_commit").await;
        match self.app.store.store_refreshed(id, self.epoch(), version, sealed, version + 1, next).await {
            Ok(()) => {
                failpoint("refresh.after_commit").await;
                tracing::info!(connection.id = %id, "credential of {id} refreshed");
                self.app.refreshes.succeeded(id);
                Ok(Event::Stored)
            }
            // Somebody else has the lease, or the person has consented anew.
            Err(StoreError::Stale) => Ok(Event::Overtaken),
            // The connection is gone, and with it all that this pair could open.
            Err(StoreError::NotFound) => Ok(Event::Overtaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a pair in this process: the next refresh begins with it, and the upkeep asks for one.
    fn hold(&self, fresh: Credential) {
        let unsaved = Unsaved { tenant: self.tenant().clone(), follows: self.version(), fresh };
        self.app.refreshes.keep(self.connection(), unsaved);
        self.app.upkeep_due.notify_one();
    }

    pub(super) async fn keep_aside(&mut self) -> Result<Event, CredentialError> {
        if let Some(fresh) = self.fresh.take() {
            let id = self.connection();
            tracing::warn!(connection.id = %id, "a refresh of {id} lost its race; its token is kept aside");
            let unsaved = Unsaved { tenant: self.tenant().clone(), follows: self.version(), fresh };
            self.put_aside(unsaved).await?;
        }
        Ok(Event::Done)
    }

    /// Into the side table; what that does not take stays in this process.
    pub(super) async fn put_aside(&self, unsaved: Unsaved) -> Result<(), CredentialError> {
        let version = unsaved.follows + 1;
        let place = App::credential_place(self.tenant(), self.connection(), version);
        let kept = async {
            let sealed = self.app.vault.seal(place, &unsaved.fresh.to_bytes()).await?;
            Ok::<(), Fault>(self.app.store.keep_lost_token(self.connection(), sealed, version).await?)
        };
        let kept = kept.await;
        if kept.is_err() {
            self.app.refreshes.keep(self.connection(), unsaved);
        }
        kept.map_err(busy)
    }
}
