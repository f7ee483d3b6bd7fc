//! From an authorisation to a connection that works.
//!
//! One transaction stores the sealed credential, the connection, its accounts and syncs, and an audit
//! line. A known business account renews its connection, under the same id, with history and settings
//! kept: nobody gets a second copy by connecting twice.

use std::sync::Arc;

use patchbay_model::{Code, ConnectionId, Fault, contract::Identity};
use patchbay_store::{Connection, Settle, Settled, Through};

use super::{AskIdentity, Authorised, Connected, shape};
use crate::{
    App,
    facts::Facts,
    tokens::{FixedCredential, values},
};

/// How often a lost race is run again.
pub(super) const RACES: u32 = 3;

impl App {
    /// Whose business account it is, by the credential that was just given.
    pub(super) async fn identify_authorised(self: &Arc<Self>, given: &Authorised) -> Result<Identity, Fault> {
        let extra = self.client_secret_for(given.auth()?, given.client.as_ref(), &given.facts).await?;
        let credential = FixedCredential(values(&given.credential, given.auth()?, extra, 0, false));
        self.ask_identity(AskIdentity {
            tenant: given.tenant.clone(),
            release: Arc::clone(&given.release),
            auth: given.auth.clone(),
            connection: None,
            facts: Facts { login: given.facts.clone(), ..Facts::default() },
            settings: "{}".to_owned(),
            credential: Arc::new(credential),
        })
        .await
    }

    /// The connection that an authorisation belongs to, if the tenant has it.
    pub(super) async fn known_for(
        &self,
        given: &Authorised,
        identity: &Identity,
    ) -> Result<Option<(Connection, Option<i64>)>, Fault> {
        let manifest = &given.release.manifest;
        let known = self.store.connection_for(&given.tenant, &manifest.id, &identity.id).await?;
        let facts = facts_of(given, identity);
        match (&given.reconnect, &known) {
            // Repairing with another login would silently mix two accounts' data.
            (Some(wanted), known) if known.as_ref().is_none_or(|(known, _)| known.id != *wanted) => {
                let there = self.store.connection(&given.tenant, wanted).await?;
                Err(Fault::because(
                    Code::AccountMismatch,
                    format!(
                        "This login belongs to {}, but the connection is to {}. Log in with that account, or make a \
                         new connection for {}.",
                        identity.name, there.business_name, identity.name
                    ),
                )
                .field("/reconnect", "is another account"))
            }
            // The id is the connector's word; two hosts may use the same one. What only waits is nowhere yet.
            (None, Some((known, Some(_)))) if !facts.same_hosts(&Facts::read(&known.facts), manifest) => {
                let why = format!(
                    "{} has the same account id as the connection {}, but at another address.",
                    identity.name, known.name
                );
                Err(Fault::because(Code::Conflict, why).field("/reconnect", "is another account"))
            }
            _ => Ok(known),
        }
    }

    /// Asks whose it is and stores the connection.
    pub(super) async fn settle(self: &Arc<Self>, given: &Authorised, actor: &str) -> Result<Connected, Fault> {
        let identity = self.identify_authorised(given).await?;
        self.settle_identified(given, &identity, &Through::Backend, actor).await
    }

    /// Stores the connection, in one transaction.
    pub(super) async fn settle_identified(
        self: &Arc<Self>,
        given: &Authorised,
        identity: &Identity,
        through: &Through,
        actor: &str,
    ) -> Result<Connected, Fault> {
        let mut tries = 1;
        let settled = loop {
            match self.settle_once(given, identity, through, actor).await {
                // Somebody else has just stored the same account: what was exchanged is not thrown away.
                Err(fault) if fault.code == Code::Conflict && fault.fields.is_empty() && tries < RACES => tries += 1,
                other => break other?,
            }
        };
        let (connection, renewed) = (settled.connection, settled.renewed);
        // It is made, whatever becomes of this: what waits is looked at again later.
        if let Err(error) = self.store.wake_waiting_pushes().await {
            tracing::warn!("pushes that wait for {} were not woken: {:?}", connection.id, Fault::from(error));
        }
        if let Err(fault) = self.discover_soon(&connection.id, &given.release.manifest).await {
            tracing::warn!("{} will be asked for its streams with its next identification: {fault:?}", connection.id);
        }
        self.due.notify_one();
        let connector = &given.release.manifest.id;
        tracing::info!(
            connection.id = %connection.id, connector, renewed,
            "connection {} is {}", connection.id, connection.state.as_str()
        );
        Ok(Connected { connection, renewed })
    }

    async fn settle_once(
        &self,
        given: &Authorised,
        identity: &Identity,
        through: &Through,
        actor: &str,
    ) -> Result<Settled, Fault> {
        let known = self.known_for(given, identity).await?;
        let expected_version = known.as_ref().and_then(|(_, version)| *version);
        let version = expected_version.map_or(1, |version| version + 1);
        let accounts = shape::new_accounts(identity);
        let chosen = match &known {
            Some((known, Some(_))) => self.store.accounts(&given.tenant, &known.id).await?,
            _ => Vec::new(),
        };
        let any_selected = if chosen.is_empty() {
            accounts.iter().any(|account| account.selected)
        } else {
            chosen
                .iter()
                .any(|account| account.selected && accounts.iter().any(|a| a.provider_id == account.provider_id))
        };
        let (id, settings, name) = match known {
            Some((known, _)) => (known.id, known.settings, Some(known.name)),
            None => (ConnectionId::fresh(&*self.clock, &*self.random), "{}".to_owned(), None),
        };
        let place = Self::credential_place(&given.tenant, &id, version);
        let credential = self.vault.seal(place, &given.credential.to_bytes()).await?;
        let settle = Settle {
            id,
            expected_version,
            tenant: given.tenant.clone(),
            connector: given.release.manifest.id.clone(),
            release: None,
            client: given.client.clone(),
            auth: given.auth.clone(),
            business_id: identity.id.clone(),
            business_name: identity.name.clone(),
            login: identity.login.clone(),
            facts: facts_of(given, identity).to_json(),
            settings,
            name: given.name.clone().or(name).unwrap_or_else(|| identity.name.clone()),
            state: shape::state_of(&given.release, &given.auth, any_selected),
            credential,
            row_version: version,
            syncs: shape::new_syncs(&given.release, &given.auth, &accounts),
            accounts,
            through: through.clone(),
            // Through a session without a completion, whoever had the link may have connected.
            verified: !matches!(through, Through::Session(_)),
            next_refresh_at: given.credential.next_refresh(given.auth()?),
            actor: actor.to_owned(),
        };
        Ok(self.store.settle(settle).await?)
    }
}

fn facts_of(given: &Authorised, identity: &Identity) -> Facts {
    Facts { login: given.facts.clone(), identity: identity.facts.iter().cloned().collect() }
}
