//! A registration of an OAuth client on the wire: without its secrets.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;
use crate::{Api, problem::Problem};

/// A registration with a provider: the deployment's or one tenant's. Secrets are sealed and never answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OauthClient {
    /// Its id, `cli_…`.
    id: String,
    /// The connector that it is for.
    connector: String,
    /// The tenant that it is for; null for the deployment.
    tenant: Option<String>,
    /// The provider's client id.
    client_id: String,
    /// Whether a client secret is stored.
    has_secret: bool,
    /// The redirect address to enter at the provider, character for character.
    #[schema(example = "https://hub.example.com/oauth/callback/cli_068r3m5e4pvk3b8c9d0e1f2g3h")]
    redirect_uri: String,
    /// Since when it exists.
    created_at: Time,
    /// When it was changed last.
    updated_at: Time,
    /// Since when nothing new is connected with it; null while it is in use.
    retired_at: Option<Time>,
}

impl OauthClient {
    /// A registration and its redirect address.
    pub(crate) fn of(api: &Api, row: patchbay_app::OauthClient) -> Result<Self, Problem> {
        let redirect_uri = api.app.redirect_address(&row.id)?.to_string();
        Ok(Self {
            id: row.id.to_string(),
            connector: row.connector,
            tenant: row.tenant.map(|id| id.to_string()),
            client_id: row.client_id,
            has_secret: row.secret.is_some(),
            redirect_uri,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            retired_at: row.retired_at.map(Into::into),
        })
    }
}
