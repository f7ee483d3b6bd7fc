//! The way back from the provider.
//!
//! Path, stored attempt, session, state and cookie must name the same registration, tenant and browser;
//! endpoints come from the release that the login was started with. The attempt is taken in one statement,
//! so a second use finds nothing, and everything after it runs in a task of the host: whoever closes the
//! tab stops nothing half-way.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::oauth;
use patchbay_model::{Code, Fault, ReleaseState, Secret, SessionId};
use patchbay_store::{Attempt, ConnectSession};

use super::{Authorised, Browser, auth_method, hash};
use crate::App;

/// What came back with the browser.
pub struct ReturnedLogin {
    /// From the path.
    pub client: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// Which browser.
    pub browser: Browser,
}

/// A login that came back.
pub struct LoginReturned {
    /// Where it goes on.
    pub session: SessionId,
    /// Whether the provider's pages had a window of their own, which is over now.
    pub own_window: bool,
}

/// A login that did not work.
pub struct LoginFailed {
    /// Why.
    pub fault: Fault,
    /// The session that this very browser can go on with.
    pub session: Option<SessionId>,
    /// Whether the provider's pages had a window of their own, which is over now.
    pub own_window: bool,
}

impl From<Fault> for LoginFailed {
    fn from(fault: Fault) -> Self {
        Self { fault, session: None, own_window: false }
    }
}

impl App {
    /// Completes a login: its authorisation waits, or its connection is made.
    pub async fn complete_login(self: &Arc<Self>, returned: ReturnedLogin) -> Result<LoginReturned, LoginFailed> {
        let app = Arc::clone(self);
        let done = self.own(async move { Ok(app.complete_login_now(&returned).await) }).await;
        done.unwrap_or_else(|fault| Err(fault.into()))
    }

    async fn complete_login_now(self: &Arc<Self>, returned: &ReturnedLogin) -> Result<LoginReturned, LoginFailed> {
        let state = oauth::state_of(&returned.query)?;
        let taken = self.store.take_attempt(state).await.map_err(Fault::from)?;
        let attempt = taken.ok_or_else(|| Fault::new(Code::StateUnknown))?;
        let session = self.session_of(&attempt, returned).await?;
        // From here on the browser is the one that began: it may be led back to its session.
        match self.complete(&session, &attempt, returned).await {
            Ok(()) => Ok(LoginReturned { session: session.id, own_window: attempt.own_window }),
            Err(fault) => {
                self.store.end_session(&session.id, None, Some(fault.code)).await.map_err(Fault::from)?;
                Err(LoginFailed { fault, session: Some(session.id), own_window: attempt.own_window })
            }
        }
    }

    /// The session of an attempt, when all that came back names the same.
    async fn session_of(&self, attempt: &Attempt, returned: &ReturnedLogin) -> Result<ConnectSession, Fault> {
        let cookie = returned.browser.login.as_ref().map(|cookie| hash(cookie.expose()));
        if cookie.is_none() || cookie != attempt.cookie_hash {
            return Err(Fault::new(Code::StateUnknown).operator("the callback came with another browser's cookie"));
        }
        if attempt.client.as_ref().is_none_or(|client| client.as_str() != returned.client) {
            return Err(Fault::new(Code::IssuerMismatch).operator("the callback's path names another registration"));
        }
        let id = attempt.session.as_ref().ok_or_else(|| Fault::new(Code::StateUnknown))?;
        let session = self.store.session(&attempt.tenant, id).await?;
        if session.browser_hash != cookie {
            return Err(Fault::new(Code::SessionUnusable).operator("the session belongs to another browser"));
        }
        // Begun in the portal: whoever is signed in there now has to be the one who began it. Asked before the code is
        // exchanged, so that nothing of another person is ever fetched.
        self.portal_of(&session, &returned.browser).await?;
        self.check_allowed(&session, &attempt.connector, &attempt.auth)?;
        Ok(session)
    }

    async fn complete(
        self: &Arc<Self>,
        session: &ConnectSession,
        attempt: &Attempt,
        returned: &ReturnedLogin,
    ) -> Result<(), Fault> {
        if attempt.expires_at <= self.clock.now() {
            return Err(Fault::new(Code::StateUnknown).operator("the attempt is too old"));
        }
        if session.ended_at.is_some() {
            return Err(Fault::new(Code::SessionUnusable).operator("the session has made a connection already"));
        }
        let release = self.release_facts(&attempt.release).await?;
        // Stopped meanwhile: neither code nor client secret goes to its addresses any more.
        if self.store.release(&attempt.release).await?.state == ReleaseState::Quarantined {
            return Err(Fault::new(Code::ReleaseUnusable).operator("the release was quarantined meanwhile"));
        }
        let auth = auth_method(&release, &attempt.auth)?;
        let callback = oauth::callback(auth, &returned.query)?;
        let client_id = attempt.client.as_ref().ok_or_else(|| Fault::new(Code::ClientMissing))?;
        let client = self.client_by_id(client_id).await?;
        let mut kept = self.open_kept(attempt).await?;
        let verifier = kept.verifier.take().map(Secret::new);
        // What the login says wins over what was typed before it.
        let mut facts: BTreeMap<String, String> = serde_json::from_str(&attempt.facts).unwrap_or_default();
        facts.extend(callback.facts);
        let transport = self.transport_for(&release);
        let tokens =
            oauth::exchange(auth, &client, &callback.code, verifier.as_ref(), &facts, &*self.clock, &transport).await?;
        facts.extend(tokens.facts);
        let mut credential = tokens.credential;
        for (name, secret) in std::mem::take(&mut kept.secrets) {
            credential.secrets.entry(name).or_insert_with(|| Secret::new(secret));
        }
        let given = Authorised {
            tenant: session.tenant.clone(),
            release: Arc::clone(&release),
            auth: attempt.auth.clone(),
            client: Some(client_id.clone()),
            facts,
            credential,
            name: attempt.name.clone(),
            reconnect: attempt.reconnect.clone(),
        };
        self.conclude(session, given, &returned.browser).await
    }
}
