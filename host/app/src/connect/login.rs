//! Connecting by a login at the provider: from a connect session to the callback.
//!
//! The tenant's backend makes a session and gets an address. Whoever opens it sees who asks for what and
//! clicks; only then an attempt begins: state (256 bits, stored as a hash), PKCE verifier (sealed) and a
//! cookie bind it to this browser. On return, path, stored attempt, state and cookie must name the same
//! registration; the attempt is taken in one statement, so a second use finds nothing.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_credentials::oauth;
use patchbay_model::{Code, ConnectionId, Fault, Secret, SessionId, TenantId, manifest::AuthKind};
use patchbay_store::{Attempt, ConnectSession, NewSession, StoreError};
use sha2::{Digest, Sha256};
use url::Url;

use super::{Connected, auth_method, settle::Authorised};
use crate::{
    App,
    access::{NAME, check_text},
    vault::Place,
};

/// What a tenant's backend asks for.
pub struct OauthConnect {
    /// Which connector.
    pub connector: String,
    /// Which auth method of it.
    pub auth: String,
    /// Whom the tenant sends there, in its own words.
    pub end_user: Option<String>,
    /// A name of the tenant's own for the connection.
    pub name: Option<String>,
    /// The connection that is to be repaired.
    pub reconnect: Option<ConnectionId>,
}

/// A session that was just made: the only moment at which its address exists here.
pub struct SessionStarted {
    /// Names it from now on.
    pub session: ConnectSession,
    /// What the end user opens.
    pub address: Url,
}

/// What the page of a session shows.
pub struct SessionView {
    /// Who asks.
    pub tenant: String,
    /// The provider.
    pub provider: String,
    /// What will be read, in plain words.
    pub reads: Vec<String>,
    /// What may be written.
    pub writes: Vec<String>,
    /// What the provider will be asked to allow, and why.
    pub asks: Vec<String>,
    /// Where requests go.
    pub reaches: Vec<String>,
    /// What is needed before starting.
    pub checklist: Vec<String>,
    /// How long it can still be used.
    pub remaining: std::time::Duration,
}

/// A login that begins in this browser.
pub struct LoginStarted {
    /// Where the browser goes.
    pub address: Url,
    /// What the browser keeps until it comes back: the one it had, or a new one.
    pub cookie: Secret,
}

/// What came back with the browser.
pub struct ReturnedLogin {
    /// From the path.
    pub client: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The cookie of this login.
    pub cookie: Option<Secret>,
}

/// Characters of the browser's cookie.
const COOKIE: usize = 43;
const VERIFIER: &str = "verifier";

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl App {
    fn secret(&self) -> Secret {
        let mut bits = [0_u8; 32];
        self.random.fill(&mut bits);
        Secret::new(data_encoding::BASE64URL_NOPAD.encode(&bits))
    }

    /// Makes a session for one login of one end user.
    pub async fn start_session(&self, tenant: &TenantId, request: OauthConnect) -> Result<SessionStarted, Fault> {
        if let Some(name) = &request.name {
            check_text("/name", name, NAME)?;
        }
        if let Some(end_user) = &request.end_user {
            check_text("/end_user", end_user, NAME)?;
        }
        let release = self.active_release(&request.connector).await?;
        let auth = auth_method(&release, &request.auth)?;
        if auth.kind != AuthKind::Oauth2 {
            return Err(Fault::because(
                Code::AuthUnknown,
                format!("{} is entered in a form: create the connection with its fields.", auth.label),
            ));
        }
        self.oauth_client_for(tenant, &request.connector).await?;
        if let Some(connection) = &request.reconnect {
            self.store.connection(tenant, connection).await?;
        }
        let token = self.secret();
        let session = self
            .store
            .create_session(NewSession {
                tenant: tenant.clone(),
                token_hash: hash(token.expose()),
                end_user: request.end_user.unwrap_or_default(),
                connectors: vec![request.connector],
                auth: request.auth,
                name: request.name,
                connection: request.reconnect,
                return_to: None,
                expires_at: self.clock.now().plus(self.settings.login_time),
            })
            .await?;
        let address = self
            .settings
            .public_url
            .join(&format!("link/{}", token.expose()))
            .map_err(|error| Fault::new(Code::Internal).operator(error))?;
        Ok(SessionStarted { session, address })
    }

    /// How a session stands, for the backend that made it.
    pub async fn session(&self, tenant: &TenantId, session: &SessionId) -> Result<ConnectSession, Fault> {
        Ok(self.store.session(tenant, session).await?)
    }

    /// The session behind an address, while it can be used, and its connector.
    async fn usable_session(&self, token: &str) -> Result<(ConnectSession, String), Fault> {
        let unusable = || Fault::new(Code::SessionUnusable);
        let session = self.store.session_by_token(hash(token)).await?.ok_or_else(unusable)?;
        let ended = session.expires_at <= self.clock.now() || session.ended_at.is_some();
        match session.connectors.first().cloned() {
            Some(connector) if !ended => Ok((session, connector)),
            _ => Err(unusable()),
        }
    }

    /// What the page behind the address shows, before anything begins.
    pub async fn session_view(&self, token: &str) -> Result<SessionView, Fault> {
        let (session, connector) = self.usable_session(token).await?;
        let release = self.active_release(&connector).await?;
        let auth = auth_method(&release, &session.auth)?;
        let said = |title: &str, text: &str| format!("{title}: {text}");
        Ok(SessionView {
            tenant: self.store.tenant(&session.tenant).await?.name,
            provider: release.manifest.name.clone(),
            reads: release.manifest.streams.iter().map(|stream| said(&stream.title, &stream.meaning)).collect(),
            writes: release.manifest.actions.iter().map(|action| said(&action.title, &action.meaning)).collect(),
            asks: auth.scopes.iter().map(|scope| said(&scope.name, &scope.reason)).collect(),
            reaches: release.manifest.hosts.iter().map(|host| host.origin.clone()).collect(),
            checklist: release.manifest.checklist.clone(),
            remaining: session.expires_at.since(self.clock.now()),
        })
    }

    /// Begins the login: the person clicked. The first browser that does so has the session; another is
    /// refused. Beginning again ends what was begun before.
    pub async fn begin_login(self: &Arc<Self>, token: &str, browser: Option<Secret>) -> Result<LoginStarted, Fault> {
        let (session, connector) = self.usable_session(token).await?;
        let cookie = browser.filter(|cookie| cookie.len() == COOKIE).unwrap_or_else(|| self.secret());
        self.store.bind_session(&session.id, hash(cookie.expose())).await.map_err(|error| match error {
            StoreError::Conflict(why) => Fault::new(Code::SessionUnusable).operator(why),
            other => other.into(),
        })?;
        let release = self.active_release(&connector).await?;
        let auth = auth_method(&release, &session.auth)?;
        let client_row = self.oauth_client_for(&session.tenant, &connector).await?;
        let client = self.open_client(&client_row).await?;
        let begun = oauth::begin(auth, &client, &BTreeMap::new(), &*self.random)?;
        let place = Self::attempt_place(&session.tenant, &session.id);
        let verifier = match &begun.verifier {
            Some(verifier) => Some(self.vault.seal(place, verifier.expose().as_bytes()).await?),
            None => None,
        };
        self.store
            .insert_attempt(Attempt {
                state_hash: begun.state_hash,
                session: Some(session.id.clone()),
                tenant: session.tenant.clone(),
                connector,
                release: release.id.clone(),
                client: Some(client_row.id.clone()),
                auth: session.auth.clone(),
                verifier,
                row_version: 1,
                cookie_hash: Some(hash(cookie.expose())),
                reconnect: session.connection.clone(),
                name: session.name.clone(),
                facts: "{}".to_owned(),
                created_at: self.clock.now(),
                expires_at: self.clock.now().plus(self.settings.login_time).min(session.expires_at),
            })
            .await?;
        Ok(LoginStarted { address: self.gate.browser_address(&begun.address), cookie })
    }

    fn attempt_place<'a>(tenant: &'a TenantId, session: &'a SessionId) -> Place<'a> {
        Place { tenant: Some(tenant), subject: session.as_str(), field: VERIFIER, row_version: 1 }
    }

    /// Completes a login. The attempt is taken first: whatever follows, it cannot be used again.
    pub async fn complete_login(self: &Arc<Self>, returned: ReturnedLogin) -> Result<Connected, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let state = oauth::state_of(&returned.query)?;
            let taken = app.store.take_attempt(state).await?;
            let attempt = taken.ok_or_else(|| Fault::new(Code::StateUnknown))?;
            let result = app.complete(&attempt, &returned).await;
            if let Some(session) = &attempt.session {
                let (made, code) = match &result {
                    Ok(connected) => (Some(&connected.connection.id), None),
                    Err(fault) => (None, Some(fault.code)),
                };
                app.store.end_session(session, made, code).await?;
            }
            result
        })
        .await
    }

    async fn complete(self: &Arc<Self>, attempt: &Attempt, returned: &ReturnedLogin) -> Result<Connected, Fault> {
        if attempt.expires_at <= self.clock.now() {
            return Err(Fault::new(Code::StateUnknown).operator("the attempt is too old"));
        }
        if let Some(session) = &attempt.session
            && self.store.session(&attempt.tenant, session).await?.ended_at.is_some()
        {
            return Err(Fault::new(Code::SessionUnusable).operator("the session has made a connection already"));
        }
        let Some(client_id) = attempt.client.as_ref().filter(|client| client.as_str() == returned.client) else {
            return Err(Fault::new(Code::IssuerMismatch).operator("the callback's path names another registration"));
        };
        let cookie = returned.cookie.as_ref().map(|cookie| hash(cookie.expose()));
        if cookie.is_none() || cookie != attempt.cookie_hash {
            return Err(Fault::new(Code::StateUnknown).operator("the callback came with another browser's cookie"));
        }
        // Endpoints come from the release that the login was started with, not from a newer one.
        let release = self.release_facts(&attempt.release).await?;
        let auth = auth_method(&release, &attempt.auth)?;
        let callback = oauth::callback(auth, &returned.query)?;
        let client = self.open_client(&self.store.oauth_client(client_id).await?).await?;
        let verifier = match (&attempt.verifier, &attempt.session) {
            (None, _) | (_, None) => None,
            (Some(sealed), Some(session)) => {
                let plain = self.vault.open_sealed(Self::attempt_place(&attempt.tenant, session), sealed).await?;
                Some(Secret::new(String::from_utf8_lossy(&plain).into_owned()))
            }
        };
        let tokens = oauth::exchange(
            auth,
            &client,
            &callback.code,
            verifier.as_ref(),
            &callback.facts,
            &*self.clock,
            &self.transport(),
        )
        .await?;
        let mut facts = callback.facts;
        facts.extend(tokens.facts);
        self.settle(
            Authorised {
                tenant: attempt.tenant.clone(),
                release: Arc::clone(&release),
                auth: attempt.auth.clone(),
                client: attempt.client.clone(),
                facts,
                credential: tokens.credential,
                name: attempt.name.clone(),
                reconnect: attempt.reconnect.clone(),
            },
            &attempt.session.as_ref().map_or_else(|| "login".to_owned(), |session| format!("session {session}")),
        )
        .await
    }
}
