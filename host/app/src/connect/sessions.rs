//! Connect sessions: made by a tenant's backend for one of its end users.
//!
//! A session is a right to make or repair one connection, for 30 minutes, once, in the first browser that
//! opens its address. It says which connectors may be chosen, where the browser goes afterwards (an
//! address that the tenant registered, by id: nothing in a query is ever followed), and whether the
//! tenant's backend confirms at the end that its own user is the one who connected.

use patchbay_model::{BrowserSessionId, Code, ConnectionId, Fault, ReturnId, SessionId, TenantId};
use patchbay_store::{ConnectSession, NewSession};
use url::Url;

use super::{auth_method, hash};
use crate::{
    App,
    access::{NAME, check_text},
};

/// Connectors that one session may offer.
const CONNECTORS: usize = 100;

/// The language of the journey's own texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
}

impl Language {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::En, Self::Nl, Self::Pl];

    /// Its subtag (BCP 47).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nl => "nl",
            Self::Pl => "pl",
        }
    }

    /// The language of a subtag.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == word)
    }
}

/// What a tenant's backend asks for.
pub struct SessionRequest {
    /// The connectors that may be chosen; empty for all that can be connected.
    pub connectors: Vec<String>,
    /// Which way to log in, where there is one connector and it has several.
    pub auth: Option<String>,
    /// Whom the tenant sends there, in its own words; the completion names the same.
    pub end_user: String,
    /// A name of the tenant's own for the connection.
    pub name: Option<String>,
    /// The connection that is to be repaired.
    pub reconnect: Option<ConnectionId>,
    /// Where the browser goes at the end.
    pub return_to: Option<ReturnId>,
    /// The language of the pages; the browser's when left out.
    pub language: Option<Language>,
    /// Whether the tenant's backend confirms who connected.
    pub verification: bool,
    /// The portal's browser that asks: it proves at the end who connected, and nobody goes anywhere.
    pub portal: Option<BrowserSessionId>,
}

/// A session that was just made: the only moment at which its address exists here.
pub struct SessionStarted {
    /// Names it from now on.
    pub session: ConnectSession,
    /// What the end user opens.
    pub address: Url,
}

impl App {
    /// Makes a session for one login of one end user.
    pub async fn start_session(
        &self,
        tenant: &TenantId,
        mut request: SessionRequest,
        actor: &str,
    ) -> Result<SessionStarted, Fault> {
        if let Some(name) = &request.name {
            check_text("/name", name, NAME)?;
        }
        if request.verification || !request.end_user.is_empty() {
            check_text("/end_user", &request.end_user, NAME)?;
        }
        if request.verification && request.return_to.is_none() && request.portal.is_none() {
            return Err(Fault::new(Code::VerificationNeeded).field("/return_to", "names no address"));
        }
        if let Some(return_to) = &request.return_to {
            let known = self.store.return_address(tenant, return_to).await;
            known.map_err(|_| Fault::new(Code::ReturnAddressRefused).field("/return_to", "is no address of yours"))?;
        }
        if let Some(wanted) = &request.reconnect {
            let connection = self.store.connection(tenant, wanted).await?;
            match request.connectors.as_slice() {
                [] => request.connectors = vec![connection.connector],
                [one] if *one == connection.connector => {}
                _ => {
                    let message = format!("must be {}, the connector of the connection", connection.connector);
                    return Err(Fault::new(Code::BodyInvalid).field("/connectors", message));
                }
            }
        }
        self.check_choice(tenant, &request).await?;
        let token = self.secret();
        let session = self
            .store
            .create_session(NewSession {
                tenant: tenant.clone(),
                token_hash: hash(token.expose()),
                end_user: request.end_user,
                connectors: request.connectors,
                auth: request.auth,
                name: request.name,
                connection: request.reconnect,
                return_to: request.return_to,
                language: request.language.map(|language| language.as_str().to_owned()),
                verification: request.verification,
                portal: request.portal,
                expires_at: self.clock.now().plus(self.settings.session_time),
                actor: actor.to_owned(),
            })
            .await?;
        let address = self
            .settings
            .public_url
            .join(&format!("link/{}", token.expose()))
            .map_err(|error| Fault::new(Code::Internal).operator(error))?;
        Ok(SessionStarted { session, address })
    }

    /// Refuses now what the end user would run into: a connector that is not there or cannot be connected.
    async fn check_choice(&self, tenant: &TenantId, request: &SessionRequest) -> Result<(), Fault> {
        if request.connectors.len() > CONNECTORS {
            let message = format!("may name {CONNECTORS} at most; leave it out for all");
            return Err(Fault::new(Code::BodyInvalid).field("/connectors", message));
        }
        for connector in &request.connectors {
            let release = self.active_release(connector).await?;
            let named = match &request.auth {
                Some(auth) => vec![auth_method(&release, auth)?],
                None => release.manifest.auths.iter().collect(),
            };
            // One that works is enough: the person sees no other.
            let mut usable = Err(Fault::new(Code::AuthUnknown));
            for auth in named {
                usable = self.client_needed(auth, tenant, connector).await.map(|_| ());
                if usable.is_ok() {
                    break;
                }
            }
            usable?;
        }
        match (&request.auth, request.connectors.len()) {
            (Some(_), n) if n != 1 => {
                Err(Fault::new(Code::BodyInvalid).field("/auth", "needs exactly one connector that it belongs to"))
            }
            _ => Ok(()),
        }
    }

    /// How a session stands, for the backend that made it.
    pub async fn session(&self, tenant: &TenantId, session: &SessionId) -> Result<ConnectSession, Fault> {
        Ok(self.store.session(tenant, session).await?)
    }
}
