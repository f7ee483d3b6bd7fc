//! All routes on one page.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::Response,
};
use patchbay_model::Code;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    openapi::{self, Document},
    problem::Problem,
    routes as r,
};

/// Routes that are in the OpenAPI document.
pub(crate) fn documented() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        // Operators: tenants and their keys.
        .routes(routes!(r::tenants::create::handler, r::tenants::list::handler))
        .routes(routes!(r::tenants::get::handler))
        .routes(routes!(r::keys::create::handler, r::keys::list::handler))
        .routes(routes!(r::keys::revoke::handler))
        // Operators: connectors, their releases and OAuth clients.
        .routes(routes!(r::connectors::install::handler, r::connectors::list::handler))
        .routes(routes!(r::connectors::get::handler))
        .routes(routes!(r::connectors::client::put, r::connectors::client::get))
        .routes(routes!(r::releases::get::handler))
        .routes(routes!(r::releases::approve::handler))
        // Tenants: what can be connected, and connecting it.
        .routes(routes!(r::catalog::list::handler))
        .routes(routes!(r::catalog::get::handler))
        .routes(routes!(r::connect_sessions::create::handler))
        .routes(routes!(r::connect_sessions::get::handler))
        .routes(routes!(r::connections::create::handler, r::connections::list::handler))
        .routes(routes!(
            r::connections::get::handler,
            r::connections::change::handler,
            r::connections::delete::handler
        ))
        // Tenants: reading.
        .routes(routes!(r::syncs::list::handler))
        .routes(routes!(r::syncs::change::handler))
        .routes(routes!(r::syncs::run::handler))
        .routes(routes!(r::runs::list::handler))
        .routes(routes!(r::runs::get::handler))
        .routes(routes!(r::runs::cancel::handler))
        .routes(routes!(r::records::list::handler))
        .routes(routes!(r::changes::list::handler))
        // Tenants: writing.
        .routes(routes!(r::pickers::pick::handler))
        .routes(routes!(r::pickers::refresh::handler))
        .routes(routes!(r::pushes::create::handler, r::pushes::list::handler))
        .routes(routes!(r::pushes::get::handler))
        // Anybody.
        .routes(routes!(r::errors::get::handler))
        .routes(routes!(r::health::live))
        .routes(routes!(r::health::ready))
}

/// The whole service.
pub fn router(api: Api) -> Router {
    let (documented, _) = documented().split_for_parts();
    documented
        // Pages for browsers, not for clients: the journey of a connect session, and the way back.
        .merge(r::link::pages())
        .merge(openapi::pages())
        .fallback(|| async { Problem::of(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::of(Code::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(api.limits.body_bytes))
        .layer(middleware::from_fn(plain_headers))
        .with_state(api)
}

/// Headers that every answer has.
async fn plain_headers(request: Request, next: Next) -> Response {
    use axum::http::{HeaderValue, header};
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
