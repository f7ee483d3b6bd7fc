//! `POST /v1/connectors`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use data_encoding::BASE64;
use patchbay_app::{Approval, Offer, Source};
use patchbay_model::{Code, Fault};

use crate::{
    Api,
    body::Component,
    caller::Operator,
    problem::{Problem, Refusal},
    wire::InstalledRelease,
};

/// The detached signature: its JSON document, base64.
const SIGNATURE: &str = "patchbay-signature";

/// The fingerprint of a publisher's first key that the operator confirms.
const TRUST_KEY: &str = "patchbay-trust-key";

/// Installs a connector, or a new version of one: the packaged component is the body.
///
/// It is checked, compiled and started once before this answers. The first release of a connector is
/// approved by being posted here and is active at once. A later one becomes active when it asks for nothing
/// beyond what was approved; else it waits in state `ready`, and `asks_beyond` says for what. Syncs that
/// run meanwhile finish on the release that they began with.
#[utoipa::path(
    post, path = "/v1/connectors", tag = "connectors", operation_id = "installConnector",
    params(
        ("Patchbay-Signature" = Option<String>, Header, description = "The detached signature, base64 of its JSON document"),
        ("Patchbay-Trust-Key" = Option<String>, Header, description = "The fingerprint of the publisher's key, `SHA256:…`: \
            this key is trusted from now on"),
    ),
    request_body(content = Component, content_type = "application/wasm", description = "The packaged component"),
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
    headers: HeaderMap,
    Component(bytes): Component,
) -> Result<(StatusCode, Json<InstalledRelease>), Problem> {
    let trust_key = said(&headers, TRUST_KEY)?.map(str::to_owned);
    let signature = said(&headers, SIGNATURE)?.map(|text| BASE64.decode(text.as_bytes())).transpose();
    let signature = signature.map_err(|_| unreadable(SIGNATURE))?;
    let approval = Approval { actor: caller.actor(), approves: true, trust_key };
    let offer = Offer { bytes: bytes.into(), signature, source: Source::Upload };
    let installed = api.app.install(offer, approval).await?;
    let status = if installed.known { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(installed.into())))
}

/// What a header says. One that comes twice, or cannot be read, is not taken for none.
fn said<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| unreadable(name)),
        (Some(_), Some(_)) => Err(unreadable(name)),
    }
}

fn unreadable(name: &str) -> Problem {
    Problem(Fault::because(Code::ParameterInvalid, format!("The header {name} cannot be read.")))
}
