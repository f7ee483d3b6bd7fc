//! `POST /v1/connectors/fetch`

use axum::{Json, extract::State, http::StatusCode};
use patchbay_app::Approval;
use patchbay_model::{Code, Fault};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::InstalledRelease,
};

/// What is fetched: `reference`, or `connector` with or without `version`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// A connector in a registry, with a tag or a digest. A tag is resolved now and never again.
    #[schema(example = "registry.example/acme/books:1.2.0")]
    reference: Option<String>,
    /// A connector that an index lists.
    #[schema(example = "acme.books")]
    connector: Option<String>,
    /// Which version of it; the highest when left out.
    #[schema(example = "1.2.0")]
    version: Option<String>,
    /// The fingerprint of the publisher's key, `SHA256:…`: this key is trusted from now on.
    trust_key: Option<String>,
}

/// Fetches a connector from a registry, or the one that an index lists, and installs it.
///
/// The registry has to be one of `registries.allowed`. What comes is compared with the digests that name it, written down
/// with its digest, and then installed like a file that is posted: its signature is judged, it is compiled and started
/// once, and it becomes active or waits.
#[utoipa::path(
    post, path = "/v1/connectors/fetch", tag = "connectors", operation_id = "fetchConnector",
    request_body = Wanted,
    responses(
        (status = 201, description = "A release that was not known", body = InstalledRelease),
        (status = 200, description = "The same bytes were installed before", body = InstalledRelease),
        Refusal
    ),
    security(("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    Operator(caller): Operator,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<InstalledRelease>), Problem> {
    let Wanted { reference, connector, version, trust_key } = wanted;
    let approval = Approval { actor: caller.actor(), approves: true, trust_key };
    let installed = match (reference, connector) {
        (Some(reference), None) if version.is_none() => api.app.install_from_registry(&reference, approval).await?,
        (None, Some(connector)) => api.app.install_from_index(&connector, version.as_deref(), approval).await?,
        _ => {
            let fault = Fault::new(Code::BodyInvalid);
            return Err(Problem(fault.field("", "holds either `reference`, or `connector` and perhaps `version`")));
        }
    };
    let status = if installed.known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(installed.into())))
}
