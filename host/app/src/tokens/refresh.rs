//! One refresh, as [`step`](super::step) says it goes.

use std::sync::Arc;

use patchbay_credentials::{
    Credential,
    oauth::{self, Busy},
};
use patchbay_egress::{CredentialError, Values};
use patchbay_model::{Code, ConnectionId, ConnectionState, TenantId, failpoint::failpoint};
use patchbay_store::StoreError;
use tokio::time::Instant;

use super::{
    Consent, Need, Present, busy, generation,
    step::{Aside, End, Event, Refresh, Step},
    values,
};
use crate::App;

pub(super) struct Lease {
    epoch: i64,
    pub(super) began: Instant,
}

/// What one refresh has in its hands.
pub(super) struct Work<'a> {
    pub(super) app: &'a Arc<App>,
    need: Need,
    /// The one that is asked for, where one is.
    consent: Option<Consent>,
    pub(super) present: Present,
    pub(super) client: Option<oauth::Client>,
    pub(super) lease: Option<Lease>,
    earlier_unknown: bool,
    pub(super) aside: Vec<(Aside, Credential)>,
    pub(super) fresh: Option<Credential>,
    /// What the provider, or whoever was in the way, said last; for the operator.
    pub(super) said: Busy,
    /// What the person is told, once nothing else helps.
    person: String,
}

impl App {
    pub(super) async fn refresh(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: &ConnectionId,
        need: Need,
        consent: Option<Consent>,
    ) -> Result<Arc<Values>, CredentialError> {
        let lock = self.refreshes.lock_of(connection);
        let _single = lock.lock().await;
        // Somebody may have done it while this one waited.
        let present = self.present(tenant, connection).await?;
        present.of(consent.as_ref())?;
        // It waits for its owner: the token that was refused is not sent again, by nobody who asks.
        if present.connection.state == ConnectionState::Broken && self.refreshes.follows(connection).is_none() {
            return Err(CredentialError::Dead(present.connection.reason.unwrap_or_default()));
        }
        let mut work = Work {
            app: self,
            need,
            consent,
            present,
            client: None,
            lease: None,
            earlier_unknown: false,
            aside: Vec::new(),
            fresh: None,
            said: Busy::from(String::new()),
            person: String::new(),
        };
        let mut refresh = Refresh::default();
        let mut event = work.row().await?;
        loop {
            event = match refresh.next(event) {
                Step::End(end) => return work.end(end).await,
                step => work.perform(step).await?,
            };
        }
    }
}

impl Work<'_> {
    async fn perform(&mut self, step: Step) -> Result<Event, CredentialError> {
        Ok(match step {
            Step::Read => {
                self.present = self.app.present(self.tenant(), self.connection()).await?;
                self.present.of(self.consent.as_ref())?;
                self.row().await?
            }
            Step::Lease => self.lease().await?,
            Step::Ask(token) => self.ask(&token).await?,
            Step::Store => self.store().await?,
            Step::KeepAside => self.keep_aside().await?,
            Step::Look => {
                self.aside = self.read_aside().await?;
                let row = self.app.store.credential(self.connection()).await.map_err(busy)?;
                Event::Looked { version: row.row_version, aside: self.named() }
            }
            Step::Release { known } => self.release(known).await?,
            Step::CoolDown { known } => self.cool_down(known).await?,
            Step::Break => {
                let (id, said) = (self.connection(), &self.said.operator);
                tracing::warn!(connection.id = %id, "the access of {id} is gone: {said}");
                let name = &self.present.release.manifest.name;
                self.person = if self.earlier_unknown {
                    format!("{name} ended the access after a renewal that did not get through. Log in again to go on.")
                } else {
                    format!("{name} does not accept the access any more. Log in again to go on.")
                };
                self.app.needs_owner(&self.present, Code::CredentialRefused, &self.person).await;
                self.release(true).await?
            }
            Step::End(_) => Event::Done,
        })
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.present.connection.tenant
    }

    pub(super) fn connection(&self) -> &ConnectionId {
        &self.present.connection.id
    }

    pub(super) fn version(&self) -> i64 {
        self.present.row.row_version
    }

    pub(super) fn epoch(&self) -> i64 {
        self.lease.as_ref().map_or(0, |lease| lease.epoch)
    }

    async fn row(&mut self) -> Result<Event, CredentialError> {
        let follows = self.app.refreshes.follows(self.connection());
        if follows.is_some_and(|follows| follows != self.version())
            && let Some(unsaved) = self.app.refreshes.take(self.connection())
        {
            // Another pair has taken its place: it is kept for the day that one fails.
            self.app.keep_unsaved(unsaved).await?;
        }
        let wanted = self.app.wants_refresh(&self.present, self.need)?;
        let pausing = self.app.refreshes.pauses(self.connection(), self.version(), self.app.clock.now());
        // What is in hand already needs nobody's answer, so no pause.
        let unsaved = self.app.refreshes.follows(self.connection()).is_some();
        Ok(Event::Row { version: self.version(), wanted, pausing: pausing && !unsaved })
    }

    async fn lease(&mut self) -> Result<Event, CredentialError> {
        // All that may fail without having spent anything comes first.
        self.client = self.app.oauth_client_of(&self.present.connection).await.map_err(busy)?;
        let (connector, auth) = (&self.present.connection.connector, self.present.auth()?);
        self.app.check_origins(connector, auth, &self.present.facts).await.map_err(busy)?;
        failpoint("refresh.before_intent").await;
        let began = Instant::now();
        let lease = self.app.store.lease_refresh(self.connection(), self.app.settings.refresh_lease).await;
        let Some(lease) = lease.map_err(busy)? else { return Ok(Event::Taken) };
        failpoint("refresh.after_intent").await;
        self.lease = Some(Lease { epoch: lease.epoch, began });
        self.earlier_unknown = lease.earlier_unknown;
        self.aside = self.read_aside().await?;
        let version = lease.credential.row_version;
        if version == self.version() && self.app.refreshes.follows(self.connection()) == Some(version) {
            self.fresh = self.app.refreshes.take(self.connection()).map(|unsaved| unsaved.fresh);
        }
        let (earlier_unknown, unsaved, aside) = (lease.earlier_unknown, self.fresh.is_some(), self.named());
        Ok(Event::Leased { version, earlier_unknown, unsaved, aside })
    }

    fn named(&self) -> Vec<Aside> {
        self.aside.iter().map(|(aside, _)| aside.clone()).collect()
    }

    /// Pairs that lost a race, of this consent: what an earlier consent left behind was replaced on purpose.
    async fn read_aside(&self) -> Result<Vec<(Aside, Credential)>, CredentialError> {
        let mut aside = Vec::new();
        for lost in self.app.store.lost_tokens(self.connection()).await.map_err(busy)? {
            let place = App::lost_place(self.tenant(), self.connection(), lost.row_version);
            match self.app.open_credential(place, &lost.sealed).await {
                Ok(credential) if credential.obtained_at < self.present.connection.authorized_at => {}
                Ok(credential) => aside.push((Aside { name: lost.sealed, version: lost.row_version }, credential)),
                Err(fault) => {
                    let id = self.connection();
                    tracing::error!(connection.id = %id, "a kept token of {id} cannot be opened: {fault:?}");
                }
            }
        }
        Ok(aside)
    }

    async fn release(&mut self, known: bool) -> Result<Event, CredentialError> {
        match self.app.store.release_refresh(self.connection(), self.epoch(), known).await {
            // Another has it: then there is nothing to give back.
            Ok(()) | Err(StoreError::Stale) => Ok(Event::Done),
            Err(error) => Err(busy(error)),
        }
    }

    /// Gives the lease back, and leaves the token address alone for a while. After so many days of it the
    /// connection needs its owner, unless the operator's own client is what is wrong.
    async fn cool_down(&mut self, known: bool) -> Result<Event, CredentialError> {
        let (app, id, now) = (self.app, self.connection(), self.app.clock.now());
        let times = (app.settings.cool_down, app.settings.longest_cool_down);
        let pause = app.refreshes.failed(id, self.version(), now, self.said.retry_after, times);
        let said = &self.said.operator;
        tracing::warn!(connection.id = %id, "a refresh of {id} failed, the next one is tried in {} s at the earliest: {said}", pause.as_secs());
        let days = match app.store.refresh_failed(id, self.epoch(), known, now.plus(pause)).await {
            Ok(days) => days,
            Err(StoreError::Stale) => 0,
            Err(error) => return Err(busy(error)),
        };
        let works = self.present.still_good(self.need, now);
        if days >= app.settings.failing_days && !works && !self.said.misconfigured {
            let name = &self.present.release.manifest.name;
            let person = format!("{name} has not renewed the access on {days} days. Log in again to go on.");
            app.needs_owner(&self.present, Code::RefreshExhausted, &person).await;
        }
        Ok(Event::Done)
    }

    async fn end(mut self, end: End) -> Result<Arc<Values>, CredentialError> {
        let why = match end {
            End::Current => return self.app.hand_out(&self.present, self.need).await,
            End::Refreshed => return self.refreshed().await,
            End::Dead => return Err(CredentialError::Dead(self.person)),
            End::Pausing => "the last refresh has failed; it is tried again soon".to_owned(),
            End::Elsewhere => "another process is refreshing this credential".to_owned(),
            End::Unsaved => "the refreshed credential could not be stored; it is tried again".to_owned(),
            End::NotNow => std::mem::take(&mut self.said.operator),
        };
        // After a refresh that gave a pair, the old one may have ended with it.
        if end != End::Unsaved && self.present.still_good(self.need, self.app.clock.now()) {
            return self.app.hand_out(&self.present, self.need).await;
        }
        Err(CredentialError::Busy(why))
    }

    async fn refreshed(self) -> Result<Arc<Values>, CredentialError> {
        let auth = self.present.auth()?;
        let client = self.present.connection.client.as_ref();
        let secret = self.app.client_secret_for(auth, client, &self.present.facts).await.map_err(busy)?;
        let fresh = self.fresh.as_ref().unwrap_or(&self.present.credential);
        let after_refusal = matches!(self.need, Need::Refused(_));
        Ok(values(fresh, auth, secret, generation(&self.present.row) + 1, after_refusal))
    }
}
