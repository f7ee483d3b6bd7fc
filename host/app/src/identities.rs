//! Asking again whose business account a connection is: names, logins, facts and accounts change.

use std::sync::{Arc, atomic::AtomicI64};

use patchbay_egress::CredentialSource;
use patchbay_model::{Code, ConnectionId, ConnectionState, Fault, TenantId};
use patchbay_store::{Connection, IdentityUpdate};

use crate::{
    App, ConnectionDetail,
    connect::{AskIdentity, new_accounts, new_syncs},
    facts::Facts,
    tokens::LiveCredential,
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
        let credential = Arc::new(LiveCredential {
            app: Arc::clone(self),
            tenant: row.tenant.clone(),
            connection: row.id.clone(),
            used: AtomicI64::default(),
        });
        let facts = Facts::read(&row.facts);
        let login = facts.login.clone();
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
                if fault.code == Code::CredentialRefused {
                    self.break_connection(&row.tenant, &row.id, credential.used(), &fault.person).await;
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
        let facts = Facts { login, identity: identity.facts.iter().cloned().collect() };
        let update = IdentityUpdate {
            business_name: identity.name,
            login: identity.login,
            facts: facts.to_json(),
            syncs: new_syncs(&release, &accounts),
            accounts,
        };
        self.store.update_identity(&row.tenant, &row.id, update, actor).await?;
        self.due.notify_one();
        Ok(())
    }
}
