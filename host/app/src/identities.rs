//! Asking again whose business account a connection is: names, logins, facts and accounts change.

use std::sync::Arc;

use patchbay_egress::CredentialSource;
use patchbay_model::{Code, ConnectionId, ConnectionState, Fault, TenantId};
use patchbay_store::{Connection, IdentityUpdate};

use crate::{
    App, ConnectionDetail,
    connect::{AskIdentity, new_accounts, new_syncs},
    facts::{self, Facts},
    tokens::LiveCredential,
    work::refused,
};

impl App {
    /// Asks the provider about a connection, and writes down what it says now.
    pub async fn identify_again(
        self: &Arc<Self>,
        tenant: TenantId,
        connection: ConnectionId,
        actor: String,
    ) -> Result<ConnectionDetail, Fault> {
        let app = Arc::clone(self);
        self.own(async move {
            let row = app.store.connection(&tenant, &connection).await?;
            app.identify_connection(&row, &actor).await?;
            app.connection(&tenant, &connection).await
        })
        .await
    }

    pub(crate) async fn identify_connection(self: &Arc<Self>, row: &Connection, actor: &str) -> Result<(), Fault> {
        if matches!(row.state, ConnectionState::Pending | ConnectionState::Deleted) {
            return Err(Fault::because(Code::Conflict, "The connection is not made yet."));
        }
        let release = self.release_of(row).await?;
        if release.manifest.auth(&row.auth).is_none() {
            return Err(refused(&self.no_way_in(row).await));
        }
        let credential = Arc::new(LiveCredential::of(self, row));
        let facts = Facts::read(&row.facts);
        let asked = AskIdentity {
            tenant: row.tenant.clone(),
            release: Arc::clone(&release),
            auth: row.auth.clone(),
            connection: Some(row.id.clone()),
            facts,
            settings: row.settings.clone(),
            credential: Arc::clone(&credential) as Arc<dyn CredentialSource>,
        };
        let identity = match self.ask_identity(asked).await {
            Ok(identity) => identity,
            Err(fault) => {
                // One that was never handed out was found dead before, and is said to be already.
                let used = credential.used().filter(|_| fault.code == Code::CredentialRefused);
                if used.is_some() {
                    self.break_connection(&row.tenant, &row.id, used, &fault.person).await;
                }
                return Err(fault);
            }
        };
        if identity.id != row.business_id {
            // The credential works, for something else than what the records are of. Nothing is overwritten.
            tracing::error!(
                connection.id = %row.id,
                "connection {} is to {}, and its connector now says {}", row.id, row.business_id, identity.id
            );
            let why =
                format!("This login now belongs to {}, and the connection is to {}.", identity.name, row.business_name);
            return Err(Fault::because(Code::AccountMismatch, why));
        }
        let accounts = new_accounts(&identity);
        let update = IdentityUpdate {
            authorized_at: row.authorized_at,
            business_name: identity.name,
            login: identity.login,
            identity: facts::json(&identity.facts.iter().cloned().collect()),
            syncs: new_syncs(&release, &row.auth, &accounts),
            accounts,
        };
        self.store.update_identity(&row.tenant, &row.id, update, actor).await?;
        self.discover_soon(&row.id, &release.manifest).await?;
        self.due.notify_one();
        Ok(())
    }
}
