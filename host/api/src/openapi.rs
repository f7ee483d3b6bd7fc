//! The contract of the API: made from the handlers, checked in as `openapi.json`, served as it is
//! checked in. `cargo xtask generate --check` fails when the two differ.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    Api,
    problem::{FieldProblem, ProblemBody},
    router,
};

/// The head of the document; the paths come from the router.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Patchbay",
        version = "1",
        description = "Connect business accounts at providers, keep their data up to date, and write to them \
                       without doubling anything.\n\nSend `Authorization: Bearer pbt_…` (a tenant's key). An \
                       operator's key (`pbo_…`) reaches tenant resources with the header \
                       `Patchbay-Tenant: ten_…`. Lists are paged: pass `next` back as `after`. Failures are \
                       `application/problem+json`; branch on `code`, each of which has a page under `/errors`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody, FieldProblem)),
    modifiers(&Keys),
    tags(
        (name = "tenants", description = "Operators: customers and their keys."),
        (name = "connectors", description = "Operators: what is installed, and what it may do."),
        (name = "catalog", description = "What can be connected."),
        (name = "connections", description = "Authorised business accounts."),
        (name = "syncs", description = "Keeping data up to date: syncs and their runs."),
        (name = "records", description = "What was read: records as they are, and the feed of changes."),
        (name = "pushes", description = "Writing to providers, once."),
        (name = "host", description = "The host itself."),
    )
)]
pub(crate) struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, text) in [
            ("tenant", "A tenant's key, `pbt_…`; or an operator's with the header `Patchbay-Tenant`."),
            ("operator", "An operator's key, `pbo_…`."),
        ] {
            let mut scheme = Http::new(HttpAuthScheme::Bearer);
            scheme.description = Some(text.to_owned());
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The document, as it is checked in: pretty JSON with a newline at its end.
#[must_use]
pub fn document() -> String {
    let (_, document) = router::documented().split_for_parts();
    document.to_pretty_json().map(|json| json + "\n").unwrap_or_default()
}

/// `/openapi.json` and `/docs`.
pub(crate) fn pages() -> Router<Api> {
    Router::new()
        .route("/openapi.json", get(served))
        .merge(SwaggerUi::new("/docs").config(Config::new(["/openapi.json"])))
}

async fn served() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}
