//! Asking a connector whose business account a credential belongs to (`auth.identify`).

use std::sync::Arc;

use patchbay_egress::{CredentialSource, DoorScope, Grant, Writes};
use patchbay_engine::{NoSteps, RunScope};
use patchbay_model::{
    ConnectionId, Failure, Fault, TenantId,
    contract::{Context, Identity, limits},
};
use tokio::time::Instant;

use crate::{
    App,
    blobs::RunBlobs,
    connectors::Release,
    facts::Facts,
    runlog::RunLog,
    work::{auth_of, config_of, refused},
};

/// With what it is asked.
pub(crate) struct AskIdentity {
    pub(crate) tenant: TenantId,
    pub(crate) release: Arc<Release>,
    pub(crate) auth: String,
    /// None before there is one.
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) facts: Facts,
    /// The connection's settings, JSON.
    pub(crate) settings: String,
    pub(crate) credential: Arc<dyn CredentialSource>,
}

impl App {
    /// Asks once, with limits of one call, and refuses an answer that is none.
    pub(crate) async fn ask_identity(self: &Arc<Self>, asked: AskIdentity) -> Result<Identity, Fault> {
        let manifest = &asked.release.manifest;
        let (release, component) = self.release(&asked.release.id).await?;
        let auth = auth_of(&release, &asked.auth).map_err(|failure| refused(&failure))?;
        let deadline = Instant::now() + self.settings.call_timeout;
        let grant = Grant {
            tenant: asked.tenant.to_string(),
            connector: manifest.id.clone(),
            connection: asked.connection.as_ref().map(ToString::to_string),
            account: None,
            hosts: manifest.hosts.clone(),
            slots: auth.slots.clone(),
            expired: auth.expired.clone(),
            rates: manifest.rates.clone(),
            placeholders: auth.placeholders(&asked.facts.login),
            customer_origins: self.origins_for(manifest).await?,
            ceiling: self.settings.connectors.ceiling.hosts.clone(),
        };
        let scope = DoorScope { writes: Writes::Forbidden, deadline, stop: self.stop.clone() };
        let run = RunScope {
            door: self.gate.door(Arc::new(grant), asked.credential, scope),
            memory_bytes: self.memory_for(&release),
            call_timeout: self.settings.call_timeout,
            deadline,
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(RunLog::of_connect(&manifest.id)),
            steps: Arc::new(NoSteps),
            blobs: RunBlobs::none(self),
        };
        let context = Context {
            auth: asked.auth.clone(),
            facts: asked.facts.told(),
            settings: asked.settings.into_bytes(),
            config: config_of(manifest),
            ..Context::default()
        };
        let mut instance = self.engine.open(&component, run).await.map_err(|failure| refused(&failure))?;
        let identity = instance.identify(&context).await.map_err(|failure| refused(&failure))?;
        let named = !identity.id.is_empty() && identity.id.len() <= limits::KEY_BYTES;
        if !named || identity.accounts.len() > limits::ACCOUNTS {
            return Err(refused(&Failure::ContractBroken("identify named no account, or too many".to_owned())));
        }
        Ok(identity)
    }
}
