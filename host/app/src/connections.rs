//! Connections after they were made: listed, changed, switched off, deleted.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_model::{AccountId, Code, ConnectionId, Fault, ReleaseId, TenantId, manifest::Function};
use patchbay_store::{Account, Connection, ConnectionFilter, ConnectionUpdate};
use serde_json::Value;

use crate::{
    App,
    access::{NAME, check_text},
    push,
    standing::Standing,
    switches::{self, FunctionSwitch},
};

/// What may be changed; what is not given stays.
#[derive(Debug, Default)]
pub struct ConnectionChange {
    /// A name of the tenant's own.
    pub name: Option<String>,
    /// The switch of the whole connection.
    pub enabled: Option<bool>,
    /// The settings, an object that fits the manifest's schema.
    pub settings: Option<Value>,
    /// Which accounts are read, and whether.
    pub accounts: Vec<(AccountId, bool)>,
    /// The release that it is pinned to; the inner none follows the active one. An operator's word only.
    pub release: Option<Option<ReleaseId>>,
    /// The switches of functions.
    pub functions: BTreeMap<Function, bool>,
}

/// A page of a tenant's connections.
pub struct ConnectionList {
    /// Each with how it stands, in the order asked for.
    pub items: Vec<(Connection, Standing)>,
    /// What is passed as `after` for the next page; none at the end.
    pub next: Option<String>,
    /// Connections on all pages together.
    pub total: u64,
}

/// A connection with its accounts.
pub struct ConnectionDetail {
    /// The connection.
    pub connection: Connection,
    /// How it stands.
    pub standing: Standing,
    /// What it reaches.
    pub accounts: Vec<Account>,
    /// The functions that its connector serves, each with its switch; empty where its release cannot be read.
    pub functions: Vec<FunctionSwitch>,
}

impl App {
    /// Connections of the tenant. A query finds them by the name of their provider, too.
    pub async fn connections(&self, tenant: &TenantId, mut filter: ConnectionFilter) -> Result<ConnectionList, Fault> {
        if let Some(query) = filter.query.as_deref().map(str::to_lowercase).filter(|query| !query.is_empty()) {
            filter.found = self.connectors_named(&query).await?;
        }
        let (page, total) =
            tokio::try_join!(self.store.connections(tenant, &filter), self.store.count_connections(tenant, &filter))?;
        let standings = self.standings_of(tenant, &page.items).await?;
        Ok(ConnectionList { items: page.items.into_iter().zip(standings).collect(), next: page.next, total })
    }

    /// One connection with its accounts.
    pub async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<ConnectionDetail, Fault> {
        let connection = self.store.connection(tenant, id).await?;
        let accounts = self.store.accounts(tenant, id).await?;
        let standing = self.connection_standing(&connection).await?;
        let functions = match self.release_of(&connection).await {
            Ok(release) => {
                let found = self.discovered_of(id, &release.manifest).await?;
                switches::of(&connection, &release.manifest, &found)
            }
            // What can be said of it is said without its release.
            Err(_) => Vec::new(),
        };
        Ok(ConnectionDetail { connection, standing, accounts, functions })
    }

    /// Changes what the tenant may change.
    pub async fn change_connection(
        self: &Arc<Self>,
        tenant: TenantId,
        id: ConnectionId,
        change: ConnectionChange,
        actor: String,
    ) -> Result<ConnectionDetail, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let row = app.store.connection(&tenant, &id).await?;
            if let Some(name) = &change.name {
                check_text("/name", name, NAME)?;
            }
            // All accounts are known before the first one is changed.
            let known = app.store.accounts(&tenant, &id).await?;
            for (account, _) in &change.accounts {
                if known.iter().all(|row| row.id != *account) {
                    let pointer = format!("/accounts/{account}");
                    return Err(Fault::new(Code::BodyInvalid).field(pointer, "is no account of this connection"));
                }
            }
            if let Some(settings) = &change.settings {
                let release = app.release_of(&row).await?;
                push::check_settings(&release, settings)?;
            }
            if let Some(release) = &change.release {
                app.pin(&tenant, &id, release.as_ref(), &actor).await?;
            }
            let turned = match change.functions.is_empty() {
                true => None,
                false => Some(app.turn(&tenant, &row, &change.functions).await?),
            };
            let update = ConnectionUpdate {
                name: change.name,
                enabled: change.enabled,
                settings: change.settings.map(|settings| settings.to_string()),
                off: None,
            };
            app.store.update_connection(&tenant, &id, update, &actor).await?;
            if let Some(turned) = turned {
                app.store.change_off(&tenant, &id, &turned.add, &turned.remove, &actor).await?;
                app.extract_as_turned(&tenant, turned, &actor).await?;
            }
            for (account, selected) in &change.accounts {
                app.select(&tenant, &id, account, *selected, &actor).await?;
            }
            if !change.accounts.is_empty() {
                // Streams of accounts that are selected now.
                app.discover_soon(&id, &app.release_of(&row).await?.manifest).await?;
            }
            app.due.notify_one();
            app.connection(&tenant, &id).await
        })
        .await
    }

    /// Chooses an account: its streams are read from now on, or not any more.
    async fn select(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &AccountId,
        selected: bool,
        actor: &str,
    ) -> Result<(), Fault> {
        let account = self.store.select_account(tenant, connection, account, selected, actor).await?;
        let row = self.store.connection(tenant, connection).await?;
        let release = self.release_of(&row).await.ok();
        let mut off = Vec::new();
        for sync in self.store.syncs(tenant, connection).await? {
            if sync.account != account.provider_id || !sync.enabled {
                continue;
            }
            let function = release.as_ref().and_then(|release| switches::function_of(&release.manifest, &sync.stream));
            if !function.is_some_and(|function| switches::is_off(&row, function)) {
                continue;
            }
            // It is extracted once its function is switched on.
            self.store.set_sync_enabled(tenant, &sync.id, false, actor).await?;
            off.push(sync.id.to_string());
        }
        if !off.is_empty() {
            self.store.change_off(tenant, connection, &off, &[], actor).await?;
        }
        Ok(())
    }

    /// Removes the connection: our copy of the credential is given back to the provider where the manifest
    /// says how, and destroyed; its records are kept or removed. Nothing else happens at the provider.
    pub async fn delete_connection(
        self: &Arc<Self>,
        tenant: TenantId,
        id: ConnectionId,
        keep_records: bool,
        actor: String,
    ) -> Result<(), Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let row = app.store.connection(&tenant, &id).await?;
            // A release that cannot be read any more must not keep anybody from deleting.
            let release = app.release_of(&row).await.ok();
            let revocable = release
                .filter(|release| release.manifest.auth(&row.auth).is_some_and(|auth| auth.revoke.is_some()))
                .map(|release| release.id.clone());
            app.store.delete_connection(&tenant, &id, keep_records, revocable, &actor).await?;
            app.upkeep_due.notify_one();
            Ok(())
        })
        .await
    }
}
