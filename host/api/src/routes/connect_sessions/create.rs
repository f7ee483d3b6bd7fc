//! `POST /v1/connect-sessions`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::OauthConnect;
use patchbay_model::{ConnectionId, manifest::AuthKind};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    login,
    problem::{Problem, Refusal},
    wire::NewConnectSession,
};

/// A connect session to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionWanted {
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// Which way to log in; may be left out where the connector has one at the provider only.
    auth: Option<String>,
    /// Your own id or name of whom you send there; told back with the session.
    #[schema(max_length = 200)]
    end_user: Option<String>,
    /// What to call the connection; the business account's name when left out.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The connection to repair. A login to another business account is then refused.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    reconnect: Option<ConnectionId>,
}

/// Makes a connect session: the right to make or repair one connection by a login at the provider.
///
/// Open `url` in the end user's browser. The page shows what will be shared, then leads to the provider and
/// back. Follow the session with `GET /v1/connect-sessions/{id}`.
#[utoipa::path(
    post, path = "/v1/connect-sessions", tag = "connections", operation_id = "createConnectSession",
    request_body = SessionWanted,
    responses((status = 201, description = "The session, with its address", body = NewConnectSession), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(wanted): Body<SessionWanted>,
) -> Result<(StatusCode, Json<NewConnectSession>), Problem> {
    let auth = login::chosen(&api, &tenant.id, &wanted.connector, wanted.auth, AuthKind::Oauth2).await?;
    let started = api
        .app
        .start_session(
            &tenant.id,
            OauthConnect {
                connector: wanted.connector,
                auth,
                end_user: wanted.end_user,
                name: wanted.name,
                reconnect: wanted.reconnect,
            },
        )
        .await?;
    Ok((StatusCode::CREATED, Json(NewConnectSession::of(started))))
}
