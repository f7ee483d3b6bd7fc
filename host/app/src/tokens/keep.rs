//! What a refresh got is kept: as the connection's, in the side table, or in this process until the database
//! is there again. Nowhere is it dropped while the consent it is of stands; after that it is given back to the
//! provider, which would honour it for as long as it lives.

use std::time::Duration;

use patchbay_credentials::Credential;
use patchbay_egress::CredentialError;
use patchbay_model::{ConnectionId, Fault, Timestamp, failpoint::failpoint, manifest::Auth};
use patchbay_store::{LostFate, NewLostToken, StoreError};

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
        self.app.refreshes.keep(self.connection(), self.unsaved(fresh));
    }

    fn unsaved(&self, fresh: Credential) -> Unsaved {
        let (of, revocable) = (self.present.connection.clone(), self.present.revocable());
        Unsaved { of, revocable, follows: self.version(), fresh }
    }

    pub(super) async fn keep_aside(&mut self) -> Result<Event, CredentialError> {
        if let Some(fresh) = self.fresh.take() {
            self.app.keep_unsaved(self.unsaved(fresh)).await?;
        }
        Ok(Event::Done)
    }
}

impl App {
    /// Into the side table, or, when the consent it is of does not stand any more, to where it waits to be
    /// revoked; what the database does not take stays in this process.
    pub(super) async fn keep_unsaved(&self, unsaved: Unsaved) -> Result<(), CredentialError> {
        let (id, version) = (unsaved.of.id.clone(), unsaved.follows + 1);
        let kept = async {
            let place = Self::lost_place(&unsaved.of.tenant, &id, version);
            let sealed = self.vault.seal(place, &unsaved.fresh.to_bytes()).await?;
            let (of, (revocable, ends_grant)) = (unsaved.of.clone(), unsaved.revocable.clone());
            let lost = NewLostToken { of, sealed, row_version: version, revocable, ends_grant };
            Ok::<LostFate, Fault>(self.store.keep_lost_token(lost).await?)
        };
        match kept.await {
            Ok(LostFate::Kept) => {
                tracing::warn!(connection.id = %id, "a refresh of {id} lost its race; its token is kept aside");
            }
            Ok(LostFate::Revoked) => {
                tracing::info!(connection.id = %id, "a refresh of {id} ended after the consent it was of; its token is given back");
                self.upkeep_due.notify_one();
            }
            Ok(LostFate::Dropped) => {
                tracing::info!(connection.id = %id, "a refresh of {id} ended after the consent it was of; its token is dropped");
            }
            Err(fault) => {
                self.refreshes.keep(&id, unsaved);
                return Err(busy(fault));
            }
        }
        Ok(())
    }

    /// What this process holds for a connection without a credential, which was deleted, is given back.
    pub(super) async fn let_go(&self, connection: &ConnectionId) -> Result<(), CredentialError> {
        // Whoever is at it keeps aside what it gets by itself.
        let lock = self.refreshes.lock_of(connection);
        let _single = lock.lock().await;
        match self.refreshes.take(connection) {
            Some(unsaved) => self.keep_unsaved(unsaved).await,
            None => Ok(()),
        }
    }
}
