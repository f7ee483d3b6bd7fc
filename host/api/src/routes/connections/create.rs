//! `POST /v1/connections`

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::FieldsConnect;
use patchbay_model::ConnectionId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Tenant,
    login,
    problem::{Problem, Refusal},
    wire::ConnectionDetail,
};

/// A connection to be made from what a person typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionWanted {
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// Which way to log in; may be left out where the connector has one by a form only.
    #[schema(example = "token")]
    auth: Option<String>,
    /// The fields of that login, by id. Secrets are sealed and never answered.
    fields: BTreeMap<String, String>,
    /// What to call the connection; the business account's name when left out.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The connection to repair. Fields of another business account are then refused.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    reconnect: Option<ConnectionId>,
}

/// Makes a connection from the fields of a form: a login of kind `fields`, `session` or
/// `oauth2_client_credentials`.
///
/// The provider is asked whose account it is. A business account that is connected already is renewed and
/// not connected twice. For a login at the provider, make a connect session instead.
#[utoipa::path(
    post, path = "/v1/connections", tag = "connections", operation_id = "createConnection",
    request_body = ConnectionWanted,
    responses(
        (status = 201, description = "The new connection", body = ConnectionDetail),
        (status = 200, description = "The connection of this business account, renewed", body = ConnectionDetail),
        Refusal
    ),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Body(wanted): Body<ConnectionWanted>,
) -> Result<(StatusCode, Json<ConnectionDetail>), Problem> {
    let auth = login::chosen(&api, &tenant.id, &wanted.connector, wanted.auth, login::by_form).await?;
    let request = FieldsConnect {
        connector: wanted.connector,
        auth,
        fields: wanted.fields,
        name: wanted.name,
        reconnect: wanted.reconnect,
    };
    let connected = api.app.connect_fields(tenant.id.clone(), tenant.caller.actor(), request).await?;
    let detail = api.app.connection(&tenant.id, &connected.connection.id).await?;
    let status = if connected.renewed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(detail.try_into()?)))
}
