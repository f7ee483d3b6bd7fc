//! What a person authorised through a link, until the tenant's backend says that it was the right person.
//!
//! Whoever opens a link can be somebody else than the one it was made for (session fixation): PKCE and
//! state do not help, because one browser completes the whole flow. So nothing of it is used before the
//! browser came back to the tenant's application and the backend there, which knows its own user, redeemed
//! the completion code in that user's name (security-topics-update, 2.3).

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::{
    Credential,
    oauth::{self, RevokeError},
};
use patchbay_model::{
    Code, ConnectionId, Fault, ReleaseId, Secret, SessionId, TenantId, contract::Identity, manifest::RevokeEnds,
};
use patchbay_store::{ConnectSession, NewPending, Pending, StoreError, Through};

use super::{Authorised, Browser, Connected, hash, settle::RACES};
use crate::{App, vault::Place};

const FIELD: &str = "pending";

impl App {
    fn pending_place<'a>(tenant: &'a TenantId, session: &'a SessionId) -> Place<'a> {
        Place { tenant: Some(tenant), subject: session.as_str(), field: FIELD, row_version: 1 }
    }

    /// What follows an authorisation in a session: it waits for its completion, or it is settled at once
    /// where the person who began it is signed in to the portal in this very browser, or where the tenant switched
    /// the check off. What cannot be kept is given back.
    pub(super) async fn conclude(
        self: &Arc<Self>,
        session: &ConnectSession,
        given: Authorised,
        browser: &Browser,
    ) -> Result<(), Fault> {
        let done = self.conclude_now(session, &given, browser).await;
        if done.is_err() {
            self.give_back(&given).await;
        }
        done
    }

    async fn conclude_now(
        self: &Arc<Self>,
        session: &ConnectSession,
        given: &Authorised,
        browser: &Browser,
    ) -> Result<(), Fault> {
        let identity = self.identify_authorised(given).await?;
        // Asked here once more: whoever signed out while the provider answered has connected nothing.
        if let Some(signed_in) = self.portal_of(session, browser).await? {
            let through = Through::Portal(session.id.clone());
            return self.settle_identified(given, &identity, &through, &signed_in.actor()).await.map(|_| ());
        }
        let actor = format!("session {}", session.id);
        if !session.verification {
            let through = Through::Session(session.id.clone());
            return self.settle_identified(given, &identity, &through, &actor).await.map(|_| ());
        }
        let mut tries = 1;
        loop {
            match self.put_aside(session, given, &identity, &actor).await {
                // Another session has just brought the same business account: it is looked for again.
                Err(fault) if fault.code == Code::Conflict && fault.fields.is_empty() && tries < RACES => tries += 1,
                other => return other,
            }
        }
    }

    async fn put_aside(
        self: &Arc<Self>,
        session: &ConnectSession,
        given: &Authorised,
        identity: &Identity,
        actor: &str,
    ) -> Result<(), Fault> {
        let known = self.known_for(given, identity).await?;
        let (connection, new_connection) = match known {
            Some((known, _)) => (known.id, false),
            None => (ConnectionId::fresh(&*self.clock, &*self.random), true),
        };
        let place = Self::pending_place(&session.tenant, &session.id);
        let sealed = self.vault.seal(place, &given.credential.to_bytes()).await?;
        let auth = given.auth()?;
        let kept = serde_json::to_string(identity).map_err(|error| Fault::new(Code::Internal).operator(error))?;
        self.store
            .put_pending(NewPending {
                session: session.id.clone(),
                tenant: session.tenant.clone(),
                connection,
                new_connection,
                connector: given.release.manifest.id.clone(),
                release: given.release.id.clone(),
                client: given.client.clone(),
                auth: given.auth.clone(),
                facts: crate::facts::json(&given.facts),
                business_id: identity.id.clone(),
                business_name: identity.name.clone(),
                login: identity.login.clone(),
                name: given.name.clone(),
                reconnect: given.reconnect.clone(),
                identity: kept,
                sealed,
                row_version: 1,
                // Ending the whole grant would break a connection that works.
                revocable: auth.revoke.is_some() && auth.revoke_ends == RevokeEnds::Token,
                expires_at: self.clock.now().plus(self.settings.completion_time),
                actor: actor.to_owned(),
            })
            .await?;
        Ok(())
    }

    /// Gives tokens back that nobody will use, where that ends nothing else. As well as it goes: they were
    /// never stored.
    pub(super) async fn give_back(self: &Arc<Self>, given: &Authorised) {
        let Ok(auth) = given.auth() else { return };
        if auth.revoke.is_none() || auth.revoke_ends != RevokeEnds::Token {
            return;
        }
        let client = match &given.client {
            Some(client) => self.client_by_id(client).await.ok(),
            None => None,
        };
        let transport = self.transport_for(&given.release);
        let done = oauth::revoke(auth, client.as_ref(), &given.credential, &given.facts, &transport).await;
        if let Err(RevokeError::Refused(why) | RevokeError::Later { operator: why, .. }) = done {
            tracing::warn!("tokens of a connect that failed could not be given back: {why}");
        }
    }

    /// Redeems a completion code in the name of an end user: the connection is made or renewed now.
    ///
    /// With another end user's name nothing is made, and what was authorised is dropped and taken back.
    pub async fn complete_session(
        self: &Arc<Self>,
        tenant: TenantId,
        id: SessionId,
        code: Secret,
        end_user: String,
        actor: String,
    ) -> Result<Connected, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.complete_session_now(&tenant, &id, &code, &end_user, &actor).await }).await
    }

    async fn complete_session_now(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &SessionId,
        code: &Secret,
        end_user: &str,
        actor: &str,
    ) -> Result<Connected, Fault> {
        let refused = |why: &str| Fault::new(Code::CompletionRefused).operator(why);
        let session = self.store.session(tenant, id).await?;
        let pending = self.store.pending(id).await?.ok_or_else(|| refused("nothing waits for this code"))?;
        if pending.expires_at <= self.clock.now() {
            return Err(refused("the authorisation is too old"));
        }
        if pending.code_hash != Some(hash(code.expose())) {
            return Err(refused("the code is another one"));
        }
        if session.end_user != end_user {
            self.store.drop_pending(id, Code::EndUserMismatch, actor).await?;
            self.upkeep_due.notify_one();
            return Err(Fault::new(Code::EndUserMismatch));
        }
        let through = Through::Completion { session: id.clone(), code_hash: pending.code_hash };
        let (given, identity) = self.open_pending(pending).await?;
        let settled = self.settle_identified(&given, &identity, &through, actor).await;
        settled.map_err(|fault| match fault.code {
            // Redeemed twice at the same time: the other one has it.
            Code::Conflict if fault.fields.is_empty() => refused("it was redeemed meanwhile"),
            _ => fault,
        })
    }

    async fn open_pending(self: &Arc<Self>, pending: Pending) -> Result<(Authorised, Identity), Fault> {
        let place = Self::pending_place(&pending.tenant, &pending.session);
        let credential = Credential::from_bytes(&self.vault.open_sealed(place, &pending.sealed).await?)?;
        let identity = read_identity(&pending.identity)?;
        let release: ReleaseId = pending.release;
        let given = Authorised {
            tenant: pending.tenant,
            // What the person saw and authorised is this release, not a newer one.
            release: self.release_facts(&release).await?,
            auth: pending.auth,
            client: pending.client,
            facts: serde_json::from_str::<BTreeMap<String, String>>(&pending.facts).unwrap_or_default(),
            credential,
            name: pending.name,
            reconnect: pending.reconnect,
        };
        Ok((given, identity))
    }

    /// A code for the browser to take to the tenant's application; the newest one counts.
    pub(super) async fn completion_code(&self, session: &SessionId) -> Result<Secret, Fault> {
        let code = self.secret();
        let stored = self.store.set_completion_code(session, hash(code.expose())).await;
        stored.map_err(|error| match error {
            StoreError::NotFound => Fault::new(Code::SessionUnusable).operator("nothing waits to be completed"),
            other => other.into(),
        })?;
        Ok(code)
    }

    /// What a session waits with, while it may still be completed.
    pub(super) async fn waiting(&self, session: &SessionId) -> Result<Option<(Pending, usize)>, Fault> {
        let pending = self.store.pending(session).await?.filter(|pending| pending.expires_at > self.clock.now());
        Ok(pending.map(|pending| {
            let accounts = read_identity(&pending.identity).map_or(0, |identity| identity.accounts.len());
            (pending, accounts)
        }))
    }
}

fn read_identity(json: &str) -> Result<Identity, Fault> {
    serde_json::from_str(json).map_err(|_| Fault::new(Code::Internal).operator("a kept identity cannot be read"))
}
