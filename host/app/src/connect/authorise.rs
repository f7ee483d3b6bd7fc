//! The step in which a person gives access: the form that was filled in, or the way to the provider.
//!
//! Only a click begins anything. An attempt is bound to this browser by state (256 bits, stored as a
//! hash), PKCE verifier (sealed) and cookie; what was entered before waits sealed with it.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::oauth;
use patchbay_model::{Code, Fault, SessionId, TenantId};
use patchbay_store::{Attempt, ConnectSession};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use super::{Browser, auth_method, fields::check_fields};
use crate::{App, connectors::Release, vault::Place};

const VERIFIER: &str = "verifier";

/// What the person chose and typed.
pub struct Authorise {
    /// Which connector.
    pub connector: String,
    /// Which way to log in.
    pub auth: String,
    /// The fields, by id.
    pub fields: BTreeMap<String, String>,
    /// Whether the page has opened a window of its own for the provider.
    pub own_window: bool,
}

/// Where the browser goes.
pub enum Authorising {
    /// To the provider's login.
    Provider(Url),
    /// Back to the journey: the form was all that was needed.
    Here,
}

/// What an attempt keeps sealed until the browser comes back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) verifier: Option<String>,
    pub(super) secrets: BTreeMap<String, String>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.verifier.zeroize();
        self.secrets.values_mut().for_each(Zeroize::zeroize);
    }
}

impl App {
    /// Begins a login, or completes a form. Beginning again ends what was begun before.
    pub async fn authorise(
        self: &Arc<Self>,
        session: SessionId,
        browser: Browser,
        request: Authorise,
    ) -> Result<Authorising, Fault> {
        let app = Arc::clone(self);
        self.own(async move { app.authorise_now(&session, &browser, &request).await }).await
    }

    async fn authorise_now(
        self: &Arc<Self>,
        session: &SessionId,
        browser: &Browser,
        request: &Authorise,
    ) -> Result<Authorising, Fault> {
        let session = self.usable_session(session, browser).await?;
        self.check_allowed(&session, &request.connector, &request.auth)?;
        let release = self.active_release(&request.connector).await?;
        let auth = auth_method(&release, &request.auth)?;
        if auth.kind.has_consent() {
            return self.begin_login(&session, &release, request).await.map(Authorising::Provider);
        }
        let given = self.authorise_fields(&session.tenant, &release, auth, &request.fields).await;
        let done = match given {
            Ok(mut given) => {
                given.name = session.name.clone();
                given.reconnect = session.connection.clone();
                self.conclude(&session, given, browser).await
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = &done {
            self.store.end_session(&session.id, None, Some(fault.code)).await?;
        }
        done.map(|()| Authorising::Here)
    }

    async fn begin_login(
        &self,
        session: &ConnectSession,
        release: &Arc<Release>,
        request: &Authorise,
    ) -> Result<Url, Fault> {
        let auth = auth_method(release, &request.auth)?;
        let entered = check_fields(auth, &request.fields)?;
        self.check_origins(&release.manifest.id, auth, &entered.facts).await?;
        let client_row = self
            .client_needed(auth, &session.tenant, &release.manifest.id)
            .await?
            .ok_or_else(|| Fault::new(Code::ClientMissing))?;
        let client = self.open_client(&client_row).await?;
        let begun = oauth::begin(auth, &client, &entered.facts, &*self.random)?;
        let kept = Kept {
            verifier: begun.verifier.as_ref().map(|verifier| verifier.expose().to_owned()),
            secrets: entered.secrets.iter().map(|(name, secret)| (name.clone(), secret.expose().to_owned())).collect(),
        };
        let sealed = self.seal_kept(&session.tenant, &session.id, &kept).await?;
        self.store
            .insert_attempt(Attempt {
                state_hash: begun.state_hash,
                session: Some(session.id.clone()),
                tenant: session.tenant.clone(),
                connector: release.manifest.id.clone(),
                release: release.id.clone(),
                client: Some(client_row.id.clone()),
                auth: auth.id.clone(),
                verifier: Some(sealed),
                row_version: 1,
                cookie_hash: session.browser_hash,
                reconnect: session.connection.clone(),
                name: session.name.clone(),
                facts: crate::facts::json(&entered.facts),
                own_window: request.own_window,
                created_at: self.clock.now(),
                expires_at: self.clock.now().plus(self.settings.login_time).min(session.expires_at),
            })
            .await?;
        Ok(self.gate.browser_address(&begun.address))
    }

    async fn seal_kept(&self, tenant: &TenantId, session: &SessionId, kept: &Kept) -> Result<Vec<u8>, Fault> {
        let texts = kept.secrets.iter().map(|(name, text)| name.len() + 6 * text.len() + 8).sum::<usize>();
        let mut plain = Zeroizing::new(Vec::with_capacity(texts + 256));
        serde_json::to_writer(&mut *plain, kept).map_err(|_| Fault::new(Code::Internal))?;
        self.vault.seal(Self::attempt_place(tenant, session), &plain).await
    }

    pub(super) async fn open_kept(&self, attempt: &Attempt) -> Result<Kept, Fault> {
        let (Some(sealed), Some(session)) = (&attempt.verifier, &attempt.session) else {
            return Err(Fault::new(Code::StateUnknown).operator("the attempt keeps nothing"));
        };
        let plain = self.vault.open_sealed(Self::attempt_place(&attempt.tenant, session), sealed).await?;
        serde_json::from_slice(&plain).map_err(|_| Fault::new(Code::SealBroken).operator("opened, but no attempt"))
    }

    fn attempt_place<'a>(tenant: &'a TenantId, session: &'a SessionId) -> Place<'a> {
        Place { tenant: Some(tenant), subject: session.as_str(), field: VERIFIER, row_version: 1 }
    }

    /// Whether the session offers this connector and this way to log in.
    pub(super) fn check_allowed(&self, session: &ConnectSession, connector: &str, auth: &str) -> Result<(), Fault> {
        let offered = session.connectors.is_empty() || session.connectors.iter().any(|one| one == connector);
        if !offered || session.auth.as_deref().is_some_and(|only| only != auth) {
            return Err(Fault::new(Code::SessionUnusable).operator("the session does not offer this"));
        }
        Ok(())
    }
}
