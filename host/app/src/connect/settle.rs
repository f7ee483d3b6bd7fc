//! From an authorisation to a connection that works.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use patchbay_credentials::Credential;
use patchbay_egress::{DoorScope, Grant, Writes};
use patchbay_engine::{NoBlobs, NoSteps, RunScope};
use patchbay_model::{
    ClientId, Code, ConnectionId, ConnectionState, Failure, Fault, TenantId,
    contract::{Context, Identity, limits},
    manifest,
};
use patchbay_store::{NewAccount, NewSync, Settle, Settled};
use tokio::time::Instant;

use super::Connected;
use crate::{
    App,
    connectors::Release,
    facts::Facts,
    runlog::RunLog,
    tokens::{FixedCredential, values},
    work::{auth_of, config_of, refused},
};

/// How often a lost race is run again.
const RACES: u32 = 3;
/// Up to so many accounts are read without anybody choosing; with more, a person chooses.
const SELECTED_BY_ITSELF: usize = 50;

/// How often a stream is read whose schedule cannot be read (the manifest check lets none through).
const EVERY: std::time::Duration = std::time::Duration::from_secs(3_600);

/// A credential that was just given, and what came with it.
pub(super) struct Authorised {
    pub(super) tenant: TenantId,
    pub(super) release: Arc<Release>,
    pub(super) auth: String,
    pub(super) client: Option<ClientId>,
    pub(super) facts: BTreeMap<String, String>,
    pub(super) credential: Credential,
    pub(super) name: Option<String>,
    pub(super) reconnect: Option<ConnectionId>,
}

impl App {
    /// Asks whose business account it is and stores the connection, in one transaction.
    pub(super) async fn settle(self: &Arc<Self>, given: Authorised, actor: &str) -> Result<Connected, Fault> {
        let identity = self.identify(&given).await?;
        let mut tries = 1;
        let settled = loop {
            match self.settle_as(&given, &identity, actor).await {
                // Somebody else has just stored the same account: what was exchanged is not thrown away.
                Err(fault) if fault.code == Code::Conflict && fault.fields.is_empty() && tries < RACES => tries += 1,
                other => break other?,
            }
        };
        let (connection, renewed) = (settled.connection, settled.renewed);
        self.store.wake_waiting_pushes().await?;
        self.due.notify_one();
        let connector = &given.release.manifest.id;
        tracing::info!(connection.id = %connection.id, connector, renewed, "connection {} is active", connection.id);
        Ok(Connected { connection, renewed })
    }

    async fn settle_as(&self, given: &Authorised, identity: &Identity, actor: &str) -> Result<Settled, Fault> {
        let connector = &given.release.manifest.id;
        let known = self.store.connection_for(&given.tenant, connector, &identity.id).await?;
        let facts = Facts { login: given.facts.clone(), identity: identity.facts.iter().cloned().collect() };
        let refused = |why: String| Fault::because(Code::Conflict, why).field("/reconnect", "is another account");
        match (&given.reconnect, &known) {
            // Repairing with another login would silently mix two accounts' data.
            (Some(wanted), known) if known.as_ref().is_none_or(|(known, _)| known.id != *wanted) => {
                return Err(refused(format!(
                    "This login belongs to {}, not to the account of this connection.",
                    identity.name
                )));
            }
            // The id is the connector's word; two hosts may use the same one.
            (None, Some((known, _))) if !facts.same_hosts(&Facts::read(&known.facts), &given.release.manifest) => {
                return Err(refused(format!(
                    "{} has the same account id as the connection {}, but at another address.",
                    identity.name, known.name
                )));
            }
            _ => {}
        }
        let expected_version = known.as_ref().map(|(_, version)| *version);
        let version = expected_version.map_or(1, |version| version + 1);
        let (id, settings, name) = match known {
            Some((known, _)) => (known.id, known.settings, Some(known.name)),
            None => (ConnectionId::fresh(&*self.clock, &*self.random), "{}".to_owned(), None),
        };
        let place = Self::credential_place(&given.tenant, &id, version);
        let plain = given.credential.to_bytes();
        let credential = self.vault.seal(place, &plain).await?;
        let accounts = accounts(identity);
        let settle = Settle {
            id,
            expected_version,
            tenant: given.tenant.clone(),
            connector: connector.clone(),
            release: None,
            client: given.client.clone(),
            auth: given.auth.clone(),
            business_id: identity.id.clone(),
            business_name: identity.name.clone(),
            login: identity.login.clone(),
            facts: facts.to_json(),
            settings,
            name: given.name.clone().or(name).unwrap_or_else(|| identity.name.clone()),
            state: ConnectionState::Active,
            credential,
            row_version: version,
            syncs: syncs(&given.release, &accounts),
            accounts,
            actor: actor.to_owned(),
        };
        Ok(self.store.settle(settle).await?)
    }

    async fn identify(self: &Arc<Self>, given: &Authorised) -> Result<Identity, Fault> {
        let manifest = &given.release.manifest;
        let (release, component) = self.release(&given.release.id).await?;
        let auth = auth_of(&release, &given.auth).map_err(|failure| refused(&failure))?;
        let deadline = Instant::now() + self.settings.call_timeout;
        let grant = Grant {
            tenant: given.tenant.to_string(),
            connector: manifest.id.clone(),
            connection: None,
            account: None,
            hosts: manifest.hosts.clone(),
            slots: auth.slots.clone(),
            expired: auth.expired.clone(),
            rates: manifest.rates.clone(),
            placeholders: given.facts.clone(),
        };
        let credential = Arc::new(FixedCredential(values(&given.credential, 0, false)));
        let scope = DoorScope { writes: Writes::Forbidden, deadline, stop: self.stop.clone() };
        let run = RunScope {
            door: self.gate.door(Arc::new(grant), credential, scope),
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_connect(&manifest.id)),
            steps: Arc::new(NoSteps),
            blobs: Arc::new(NoBlobs),
        };
        let context = Context {
            auth: given.auth.clone(),
            facts: given.facts.clone().into_iter().collect(),
            settings: b"{}".to_vec(),
            config: config_of(manifest),
            ..Context::default()
        };
        let mut instance = self.engine.open(&component, run).await.map_err(|failure| refused(&failure))?;
        let identity = instance.identify(&context).await.map_err(|failure| refused(&failure))?;
        if identity.id.is_empty() || identity.id.len() > limits::KEY_BYTES || identity.accounts.len() > limits::ACCOUNTS
        {
            return Err(refused(&Failure::ContractBroken("identify named no account, or too many".to_owned())));
        }
        Ok(identity)
    }
}

fn accounts(identity: &Identity) -> Vec<NewAccount> {
    let selected = identity.accounts.len() <= SELECTED_BY_ITSELF;
    let mut seen = BTreeSet::new();
    identity
        .accounts
        .iter()
        .filter(|account| !account.id.is_empty() && seen.insert(account.id.as_str()))
        .map(|account| NewAccount {
            provider_id: account.id.clone(),
            name: account.name.clone(),
            usable: account.usable,
            note: account.note.clone(),
            facts: json(&account.facts.iter().cloned().collect()),
            selected: selected && account.usable,
        })
        .collect()
}

/// Every stream once, or once for each account; switched on where the account is selected.
pub(crate) fn syncs(release: &Release, accounts: &[NewAccount]) -> Vec<NewSync> {
    let mut syncs = Vec::new();
    for stream in &release.manifest.streams {
        let schedule = manifest::parse_duration(&stream.schedule).unwrap_or(EVERY);
        let sync = |account: &str, enabled| NewSync {
            account: account.to_owned(),
            stream: stream.name.clone(),
            schedule,
            enabled,
        };
        if stream.per_account {
            syncs.extend(accounts.iter().map(|account| sync(&account.provider_id, account.selected)));
        } else {
            syncs.push(sync("", true));
        }
    }
    syncs
}

fn json(facts: &BTreeMap<String, String>) -> String {
    serde_json::to_string(facts).unwrap_or_else(|_| "{}".to_owned())
}
