//! `POST /v1/connections/import`

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::Import;
use patchbay_model::{Code, Fault, Secret, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Backend,
    login,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// What another hub knew of a connection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportWanted {
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// Which way to log in; may be left out where the connector has one only.
    #[schema(example = "login")]
    auth: Option<String>,
    /// What to call the connection; the business account's name when left out.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// What the login told or the person entered and is no secret, by the names of the connector; `region` where
    /// it has regions.
    #[serde(default)]
    facts: BTreeMap<String, String>,
    /// The tokens by name: `access_token`, which has to work still, `refresh_token`, and what else the connector
    /// names. They are sealed and never answered.
    secrets: BTreeMap<String, String>,
    /// When the access token ends, RFC 3339; left out where it is not known.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-12T10:20:05Z")]
    expires_at: Option<String>,
    /// The scopes that were granted, in the provider's words; left out where they are not known.
    scopes: Option<Vec<String>>,
}

/// Makes a connection with tokens that another hub obtained: nobody has to log in again.
///
/// The provider is asked whose account it is. OAuth tokens need the same client id at the provider as before:
/// register it first. Stop the other hub's refresh before; where a provider renews refresh tokens, only one of
/// the two can go on. Nothing is renewed by the import itself: an access token that has ended is refused.
#[utoipa::path(
    post, path = "/v1/connections/import", tag = "connections", operation_id = "importConnection",
    request_body = ImportWanted,
    responses(
        (status = 201, description = "The new connection", body = ConnectionDetail),
        (status = 200, description = "The connection of this business account, renewed", body = ConnectionDetail),
        Refusal
    ),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Body(wanted): Body<ImportWanted>,
) -> Result<(StatusCode, Json<ConnectionDetail>), Problem> {
    let expires_at = wanted.expires_at.as_deref().map(moment).transpose()?;
    let auth = login::chosen(&api, &tenant.id, &wanted.connector, wanted.auth, |_| true).await?;
    let import = Import {
        connector: wanted.connector,
        auth,
        name: wanted.name,
        facts: wanted.facts,
        secrets: wanted.secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        expires_at,
        scopes: wanted.scopes,
    };
    let connected = api.app.import_connection(tenant.id.clone(), tenant.caller.actor(), import).await?;
    let detail = api.app.connection(&tenant.id, &connected.connection.id).await?;
    let status = if connected.renewed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(detail.try_into()?)))
}

fn moment(text: &str) -> Result<Timestamp, Fault> {
    let message = "must be a moment as RFC 3339 writes it, e.g. 2026-03-12T10:20:05Z";
    text.parse().map_err(|_| Fault::new(Code::BodyInvalid).field("/expires_at", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_none_is_refused_at_its_place() {
        assert_eq!(moment("1970-01-01T00:00:01Z").ok(), Some(Timestamp::from_millis(1_000)));
        for bad in ["", "tomorrow", "2026-03-12", "1773310805"] {
            assert_eq!(moment(bad).expect_err(bad).fields[0].pointer, "/expires_at");
        }
    }
}
