//! A registration of an OAuth client on the wire: without its secret.

use serde::Serialize;
use utoipa::ToSchema;

use super::Time;

/// The deployment's registration with a provider. The secret is sealed and never answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OauthClient {
    /// Its id, `cli_…`.
    id: String,
    /// The connector that it is for.
    connector: String,
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
}

impl OauthClient {
    /// A registration and its redirect address.
    pub(crate) fn of(row: patchbay_app::OauthClient, redirect_uri: String) -> Self {
        Self {
            id: row.id.to_string(),
            connector: row.connector,
            client_id: row.client_id,
            has_secret: row.secret.is_some(),
            redirect_uri,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}
