//! OAuth client registrations: what the operator entered for a connector, its secrets sealed.
//!
//! A registration belongs to exactly one connector, and to the deployment or one tenant, and has a
//! redirect address of its own, so that a code that was meant for one provider is never taken to another
//! (mix-up, RFC 9700, 4.4). Another `client_id` is another registration: what was made with the old one
//! goes on with it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use patchbay_credentials::{Transport, TransportError, oauth};
use patchbay_egress::{ExchangeError, Gate};
use patchbay_model::{
    ClientId, Code, Fault, Secret, TenantId,
    manifest::{Auth, AuthKind},
};
use patchbay_store::{Connection, OauthClient, PutClient};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use crate::{App, access::check_text, connectors::Release, vault::Place};

/// Bytes of a client id.
const CLIENT_ID: usize = 500;
const CLIENT_SECRET: &str = "client_secret";

/// What an operator enters.
pub struct RegisterClient {
    /// The public id.
    pub client_id: String,
    /// The secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// Secrets that hold in one region only, by the region's id.
    pub region_secrets: BTreeMap<String, Secret>,
}

/// The secrets of a registration, as they are sealed. It lives as long as it takes to seal or open.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    secret: Option<String>,
    regions: BTreeMap<String, String>,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.regions.values_mut().for_each(Zeroize::zeroize);
    }
}

/// Token requests leave through the gate, like everything else.
pub(crate) struct GateTransport {
    gate: Arc<Gate>,
    /// Ports that a customer's own address may have.
    ports: Vec<u16>,
    /// Hosts of the release that this deployment does not allow any more.
    beyond: Vec<String>,
}

#[async_trait]
impl Transport for GateTransport {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let host = request.uri().host().unwrap_or_default();
        if self.beyond.iter().any(|beyond| is_of(beyond, host)) {
            let text = format!("{host} is none of the hosts that are allowed here (`connectors.ceiling.hosts`)");
            return Err(TransportError::NotSent(text));
        }
        let answer = self.gate.exchange_at(request.map(bytes::Bytes::from), &self.ports).await;
        answer.map(|answer| answer.map(Into::into)).map_err(|error| match error {
            ExchangeError::Denied(_) | ExchangeError::NotSent(_) => TransportError::NotSent(error.to_string()),
            ExchangeError::Unknown(_) | ExchangeError::TooLarge(_) | ExchangeError::Other(_) => {
                TransportError::Unknown(error.to_string())
            }
        })
    }
}

/// Whether a host is this one of [`Asks::hosts`](patchbay_model::manifest::Asks::hosts), or one that a person's entry makes
/// of it.
fn is_of(asked: &str, host: &str) -> bool {
    asked.strip_prefix('…').map_or(asked == host, |end| host.ends_with(end))
}

impl App {
    /// The way out for the login requests of a release.
    pub(crate) fn transport_for(&self, release: &Release) -> GateTransport {
        let ports = release.manifest.hosts.iter().flat_map(|host| host.ports.iter().copied()).collect();
        let beyond = self.hosts_beyond_ceiling(&release.manifest);
        GateTransport { gate: Arc::clone(&self.gate), ports, beyond }
    }

    /// Registers the OAuth client of a connector: for the whole deployment, or for one tenant.
    pub async fn register_client(
        &self,
        connector: &str,
        tenant: Option<&TenantId>,
        client: RegisterClient,
        actor: &str,
    ) -> Result<OauthClient, Fault> {
        check_text("/client_id", &client.client_id, CLIENT_ID)?;
        let release = self.active_release(connector).await?;
        let regions: Vec<&str> =
            release.manifest.auths.iter().flat_map(|auth| &auth.regions).map(|region| region.id.as_str()).collect();
        for region in client.region_secrets.keys() {
            if !regions.contains(&region.as_str()) {
                let message = match regions.as_slice() {
                    [] => "is no region: this connector has none".to_owned(),
                    regions => format!("is no region; there are {}", regions.join(", ")),
                };
                return Err(Fault::new(Code::BodyInvalid).field(format!("/region_secrets/{region}"), message));
            }
        }
        let known = self.store.oauth_client_of(connector, tenant).await?;
        let (id, version) = match known.filter(|row| row.client_id == client.client_id) {
            Some(row) => (row.id, row.row_version + 1),
            None => (ClientId::fresh(&*self.clock, &*self.random), 1),
        };
        let secret = if client.client_secret.is_none() && client.region_secrets.is_empty() {
            None
        } else {
            Some(self.seal_client(&id, version, &client).await?)
        };
        let put = PutClient {
            id,
            connector: connector.to_owned(),
            tenant: tenant.cloned(),
            client_id: client.client_id,
            secret,
            row_version: version,
            actor: actor.to_owned(),
        };
        Ok(self.store.put_oauth_client(put).await?)
    }

    async fn seal_client(&self, id: &ClientId, version: i64, client: &RegisterClient) -> Result<Vec<u8>, Fault> {
        let sealed = Sealed {
            secret: client.client_secret.as_ref().map(|secret| secret.expose().to_owned()),
            regions: client
                .region_secrets
                .iter()
                .map(|(id, secret)| (id.clone(), secret.expose().to_owned()))
                .collect(),
        };
        let texts = sealed.secret.iter().chain(sealed.regions.values()).map(|text| 6 * text.len() + 80).sum::<usize>();
        let mut plain = Zeroizing::new(Vec::with_capacity(texts + 64));
        serde_json::to_writer(&mut *plain, &sealed).map_err(|_| Fault::new(Code::Internal))?;
        self.vault.seal(Self::client_place(id, version), &plain).await
    }

    /// The registration of a connector, without its secrets.
    pub async fn registered_client(&self, connector: &str, tenant: Option<&TenantId>) -> Result<OauthClient, Fault> {
        self.store.oauth_client_of(connector, tenant).await?.ok_or_else(|| Fault::new(Code::NotFound))
    }

    /// All registrations of a connector: the deployment's and the tenants'.
    pub async fn registered_clients(&self, connector: &str) -> Result<Vec<OauthClient>, Fault> {
        Ok(self.store.oauth_clients(connector).await?)
    }

    /// Takes a registration out of use; connections that were made with it keep it.
    pub async fn retire_client(&self, connector: &str, tenant: Option<&TenantId>, actor: &str) -> Result<(), Fault> {
        let row = self.registered_client(connector, tenant).await?;
        Ok(self.store.retire_oauth_client(&row.id, actor).await?)
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

    /// The registration that a login of this tenant needs; none where the login needs none, or where the
    /// client's own id and secret are entered.
    pub(crate) async fn client_needed(
        &self,
        auth: &Auth,
        tenant: &TenantId,
        connector: &str,
    ) -> Result<Option<OauthClient>, Fault> {
        let entered =
            auth.kind == AuthKind::Oauth2ClientCredentials && auth.fields.iter().any(|field| field.id == "client_id");
        if !auth.kind.has_client() || entered {
            return Ok(None);
        }
        let row = self.store.oauth_client_for(connector, tenant).await?;
        row.map(Some).ok_or_else(|| {
            Fault::because(Code::ClientMissing, format!("No OAuth client is registered for {connector}."))
        })
    }

    pub(crate) async fn open_client(&self, row: &OauthClient) -> Result<oauth::Client, Fault> {
        let (secret, region_secrets) = match &row.secret {
            None => (None, BTreeMap::new()),
            Some(sealed) => {
                let plain = self.vault.open_sealed(Self::client_place(&row.id, row.row_version), sealed).await?;
                let mut opened: Sealed = serde_json::from_slice(&plain)
                    .map_err(|_| Fault::new(Code::SealBroken).operator("opened, but not a client's secrets"))?;
                let regions = std::mem::take(&mut opened.regions);
                let regions = regions.into_iter().map(|(id, secret)| (id, Secret::new(secret))).collect();
                (opened.secret.take().map(Secret::new), regions)
            }
        };
        let redirect_uri = self.redirect_address(&row.id)?.to_string();
        Ok(oauth::Client { id: row.client_id.clone(), secret, region_secrets, redirect_uri })
    }

    /// A registration by its id, opened.
    pub(crate) async fn client_by_id(&self, id: &ClientId) -> Result<oauth::Client, Fault> {
        self.open_client(&self.store.oauth_client(id).await?).await
    }

    /// The OAuth client that a connection was made with, where it was made with one.
    pub(crate) async fn oauth_client_of(&self, row: &Connection) -> Result<Option<oauth::Client>, Fault> {
        match &row.client {
            None => Ok(None),
            Some(client) => Ok(Some(self.client_by_id(client).await?)),
        }
    }

    /// The client's secret, where a slot of this login signs or fills with it.
    pub(crate) async fn client_secret_for(
        &self,
        auth: &Auth,
        client: Option<&ClientId>,
        facts: &BTreeMap<String, String>,
    ) -> Result<Option<Secret>, Fault> {
        let named = auth.slots.iter().any(|slot| {
            let key = slot.signature.as_ref().map(|signature| signature.key.as_str());
            std::iter::once(slot.value.as_str()).chain(key).any(|text| text.contains("{client_secret}"))
        });
        match client {
            Some(id) if named => {
                let mut client = self.client_by_id(id).await?;
                let regional =
                    facts.get(patchbay_model::manifest::REGION).and_then(|r| client.region_secrets.remove(r));
                Ok(regional.or(client.secret))
            }
            _ => Ok(None),
        }
    }
}
