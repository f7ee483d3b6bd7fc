//! OAuth client registrations: what the operator entered for a connector, its secret sealed.
//!
//! A registration belongs to exactly one connector and has a redirect address of its own, so that a code
//! that was meant for one provider is never taken to another (`trust.md` 1.4, mix-up).

use std::sync::Arc;

use async_trait::async_trait;
use patchbay_credentials::{Transport, TransportError, oauth};
use patchbay_egress::{ExchangeError, Gate};
use patchbay_model::{ClientId, Code, Fault, Secret, TenantId};
use patchbay_store::{Connection, OauthClient, PutClient};
use url::Url;

use crate::{App, access::check_text, vault::Place};

/// Bytes of a client id.
const CLIENT_ID: usize = 500;
const CLIENT_SECRET: &str = "client_secret";

/// Token requests leave through the gate, like everything else.
pub(crate) struct GateTransport(Arc<Gate>);

#[async_trait]
impl Transport for GateTransport {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let answer = self.0.exchange(request.map(bytes::Bytes::from)).await;
        answer.map(|answer| answer.map(Into::into)).map_err(|error| match error {
            ExchangeError::Denied(_) | ExchangeError::NotSent(_) => TransportError::NotSent(error.to_string()),
            ExchangeError::Unknown(_) | ExchangeError::TooLarge(_) | ExchangeError::Other(_) => {
                TransportError::Unknown(error.to_string())
            }
        })
    }
}

impl App {
    pub(crate) fn transport(&self) -> GateTransport {
        GateTransport(Arc::clone(&self.gate))
    }

    /// Registers the OAuth client of a connector for the whole deployment.
    pub async fn register_client(
        &self,
        connector: &str,
        client_id: &str,
        client_secret: Option<Secret>,
        actor: &str,
    ) -> Result<OauthClient, Fault> {
        check_text("/client_id", client_id, CLIENT_ID)?;
        self.active_release(connector).await?;
        let known = self.store.oauth_client_of(connector, None).await?;
        let (id, version) = match known {
            Some(row) => (row.id, row.row_version + 1),
            None => (ClientId::fresh(&*self.clock, &*self.random), 1),
        };
        let sealed = match client_secret {
            None => None,
            Some(secret) => {
                let place = Self::client_place(&id, version);
                Some(self.vault.seal(place, secret.expose().as_bytes()).await?)
            }
        };
        let put = PutClient {
            id,
            connector: connector.to_owned(),
            tenant: None,
            client_id: client_id.to_owned(),
            secret: sealed,
            row_version: version,
            actor: actor.to_owned(),
        };
        Ok(self.store.put_oauth_client(put).await?)
    }

    /// The registration of a connector, without its secret.
    pub async fn registered_client(&self, connector: &str) -> Result<OauthClient, Fault> {
        self.store.oauth_client_of(connector, None).await?.ok_or_else(|| Fault::new(Code::NotFound))
    }

    /// The origin under which browsers reach this host.
    #[must_use]
    pub fn public_origin(&self) -> String {
        self.settings.public_url.origin().ascii_serialization()
    }

    /// Where the provider sends the browser back to; one for each registration.
    pub fn redirect_address(&self, client: &ClientId) -> Result<Url, Fault> {
        self.settings
            .public_url
            .join(&format!("oauth/callback/{client}"))
            .map_err(|error| Fault::new(Code::Internal).operator(error))
    }

    fn client_place(client: &ClientId, row_version: i64) -> Place<'_> {
        Place { tenant: None, subject: client.as_str(), field: CLIENT_SECRET, row_version }
    }

    pub(super) async fn oauth_client_for(&self, tenant: &TenantId, connector: &str) -> Result<OauthClient, Fault> {
        self.store.oauth_client_for(connector, tenant).await?.ok_or_else(|| {
            Fault::because(Code::ClientMissing, format!("No OAuth client is registered for {connector}."))
        })
    }

    pub(super) async fn open_client(&self, row: &OauthClient) -> Result<oauth::Client, Fault> {
        let secret = match &row.secret {
            None => None,
            Some(sealed) => {
                let place = Self::client_place(&row.id, row.row_version);
                let plain = self.vault.open_sealed(place, sealed).await?;
                Some(Secret::new(String::from_utf8_lossy(&plain).into_owned()))
            }
        };
        Ok(oauth::Client {
            id: row.client_id.clone(),
            secret,
            redirect_uri: self.redirect_address(&row.id)?.to_string(),
        })
    }

    /// The OAuth client that a connection was made with.
    pub(crate) async fn oauth_client_of(&self, row: &Connection) -> Result<oauth::Client, Fault> {
        let client = row.client.as_ref().ok_or_else(|| Fault::new(Code::ClientMissing))?;
        self.open_client(&self.store.oauth_client(client).await?).await
    }
}
