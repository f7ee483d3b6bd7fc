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
    problem::{self, Problem},
    routes as r, until_over, web,
};

/// Routes that are in the OpenAPI document.
pub(crate) fn documented() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        // Operators: tenants and their keys.
        .routes(routes!(r::tenants::create::handler, r::tenants::list::handler))
        .routes(routes!(r::tenants::get::handler))
        .routes(routes!(r::keys::create::handler, r::keys::list::handler))
        .routes(routes!(r::keys::revoke::handler))
        // Operators: their own keys.
        .routes(routes!(r::operator_keys::create::handler, r::operator_keys::list::handler))
        .routes(routes!(r::operator_keys::revoke::handler))
        // Browsers: signing in and out.
        .routes(routes!(r::operator_sessions::create::handler))
        .routes(routes!(r::operator_sessions::invite::handler))
        .routes(routes!(r::portal_sessions::create::handler, r::portal_sessions::delete::handler))
        .routes(routes!(r::portal_sessions::enter::handler))
        .routes(routes!(r::sessions::get::handler, r::sessions::delete::handler))
        .routes(routes!(r::sessions::delete_all::handler))
        // Operators: connectors, their releases and OAuth clients.
        .routes(routes!(r::connectors::install::handler, r::connectors::list::handler))
        .routes(routes!(r::connectors::get::handler, r::connectors::upgrades::patch))
        .routes(routes!(r::connectors::upgrades::get))
        .routes(routes!(r::connectors::fetch::handler))
        .routes(routes!(r::indexes::list::handler))
        .routes(routes!(r::indexes::refresh::handler))
        .routes(routes!(r::indexes::connectors::handler))
        .routes(routes!(r::indexes::updates::handler))
        .routes(routes!(r::publishers::list::handler))
        .routes(routes!(r::publishers::trust::handler))
        .routes(routes!(r::publishers::revoke::handler))
        .routes(routes!(r::connectors::client::put, r::connectors::client::get, r::connectors::client::delete))
        .routes(routes!(r::connectors::clients::handler))
        .routes(routes!(r::connectors::grant::put, r::connectors::grant::get))
        .routes(routes!(r::connectors::config::put, r::connectors::config::get, r::connectors::config::delete))
        .routes(routes!(r::releases::get::handler))
        .routes(routes!(r::releases::approve::handler))
        .routes(routes!(r::releases::canary::begin, r::releases::canary::end))
        .routes(routes!(r::releases::promote::handler))
        .routes(routes!(r::connectors::rollback::handler))
        // Operators: the host's keys, and whether the audit log is whole.
        .routes(routes!(r::key_rotation::begin, r::key_rotation::get))
        .routes(routes!(r::audit::verify::handler))
        // Operators: how the node does, and which hosts of providers are left alone.
        .routes(routes!(r::deployment::handler))
        .routes(routes!(r::node::handler))
        .routes(routes!(r::circuit_breakers::list::handler))
        .routes(routes!(r::circuit_breakers::close::handler))
        // Both: who did what, and what went on.
        .routes(routes!(r::audit::list::handler))
        .routes(routes!(r::activity::handler))
        // Tenants: what can be connected, and connecting it.
        .routes(routes!(r::catalog::list::handler))
        .routes(routes!(r::catalog::get::handler))
        .routes(routes!(r::connect_sessions::create::handler))
        .routes(routes!(r::connect_sessions::get::handler))
        .routes(routes!(r::connect_sessions::complete::handler))
        .routes(routes!(r::return_addresses::create::handler, r::return_addresses::list::handler))
        .routes(routes!(r::return_addresses::delete::handler))
        .routes(routes!(r::brand::get::handler, r::brand::change::handler))
        .routes(routes!(r::connections::create::handler, r::connections::list::handler))
        .routes(routes!(r::connections::import::handler))
        .routes(routes!(r::connections::identify::handler))
        .routes(routes!(r::connections::discover::handler))
        .routes(routes!(r::connections::streams::handler))
        .routes(routes!(r::connections::get::handler, r::connections::change::handler, r::connections::delete::handler))
        .routes(routes!(r::used_systems::handler))
        // Tenants: reading.
        .routes(routes!(r::syncs::list::handler))
        .routes(routes!(r::syncs::change::handler))
        .routes(routes!(r::syncs::run::handler))
        .routes(routes!(r::syncs::reset::handler))
        .routes(routes!(r::syncs::backfill::handler))
        .routes(routes!(r::syncs::approve_deletions::handler))
        .routes(routes!(r::syncs::schema::handler))
        .routes(routes!(r::syncs::drifts::handler))
        .routes(routes!(r::runs::list::handler))
        .routes(routes!(r::runs::get::handler))
        .routes(routes!(r::runs::log::handler))
        .routes(routes!(r::runs::cancel::handler))
        .routes(routes!(r::progress::handler))
        .routes(routes!(r::records::list::handler))
        .routes(routes!(r::records::export::handler))
        .routes(routes!(r::dead_letters::list::handler))
        .routes(routes!(r::changes::list::handler))
        .routes(routes!(r::changes::of_connection::handler))
        // Tenants: being told.
        .routes(routes!(r::webhooks::create::handler, r::webhooks::list::handler))
        .routes(routes!(r::webhooks::get::handler, r::webhooks::change::handler, r::webhooks::delete::handler))
        .routes(routes!(r::webhooks::rotate_secret::handler))
        .routes(routes!(r::webhooks::test::handler))
        .routes(routes!(r::webhooks::deliveries::handler))
        .routes(routes!(r::webhooks::replay::one))
        .routes(routes!(r::webhooks::replay::since))
        .routes(routes!(r::events::list::handler))
        .routes(routes!(r::events::watch::handler))
        .routes(routes!(r::events::get::handler))
        // Tenants: files that items carry.
        .routes(routes!(r::blobs::create::handler, r::blobs::list::handler))
        .routes(routes!(r::blobs::get::handler, r::blobs::delete::handler))
        .routes(routes!(r::blobs::content::handler))
        // Tenants: writing.
        .routes(routes!(r::pickers::pick::handler))
        .routes(routes!(r::pickers::refresh::handler))
        .routes(routes!(r::pushes::create::handler, r::pushes::list::handler))
        .routes(routes!(r::pushes::batch::handler))
        .routes(routes!(r::pushes::dry_run::handler))
        .routes(routes!(r::pushes::get::handler))
        .routes(routes!(r::pushes::send::handler))
        .routes(routes!(r::pushes::withdraw::handler))
        .routes(routes!(r::pushes::resolve::handler))
        .routes(routes!(r::meetings::create::handler))
        // Anybody.
        .routes(routes!(r::errors::get::handler))
        .routes(routes!(r::health::live))
        .routes(routes!(r::health::ready))
}

/// The whole service.
pub fn router(api: Api) -> Router {
    let (documented, _) = documented().split_for_parts();
    let routes = documented
        // Pages for browsers, not for clients: the journey of a connect session, and the way back.
        .merge(r::link::pages(&api.app.public_origin()))
        .merge(openapi::pages())
        .merge(web::pages());
    let routes = routes.layer(middleware::from_fn_with_state(api.clone(), until_over::streams_end));
    finished(routes, api.limits.body_bytes).with_state(api)
}

/// Adds what holds for every address: problems where nothing else answers, a limit, plain headers.
fn finished<S: Clone + Send + Sync + 'static>(routes: Router<S>, body_bytes: usize) -> Router<S> {
    routes
        .fallback(|| async { Problem::of(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::of(Code::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(body_bytes))
        .layer(middleware::from_fn(problem::for_operators))
        .layer(middleware::from_fn(plain_headers))
}

/// Headers that every answer has.
async fn plain_headers(request: Request, next: Next) -> Response {
    use axum::{
        body::HttpBody,
        http::{HeaderValue, Version, header},
    };
    // A request that was refused before its body was read leaves the rest of it on the connection, where
    // it would be taken for the next request. HTTP/2 has no such trouble.
    let may_leave_rest = !request.body().is_end_stream() && request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if may_leave_rest && response.status().is_client_error() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    web::otherwise(headers);
    response
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body as Bytes,
        http::{Method, StatusCode, header},
        routing::{get, post},
    };
    use serde_json::Value;
    use tower::ServiceExt;

    use axum::Extension;
    use patchbay_model::Fault;

    use super::*;
    use crate::{
        body::{bytes, json},
        problem::AskedByOperator,
    };

    fn broken() -> Problem {
        Problem(Fault::new(Code::StorageFailed).operator("disk I/O error"))
    }

    fn small() -> Router {
        let routes =
            Router::new()
                .route("/broken", get(|| async { broken() }))
                .route(
                    "/broken-for-operators",
                    get(|Extension(asked): Extension<AskedByOperator>| async move {
                        asked.proved();
                        broken()
                    }),
                )
                .route("/here", get(|| async { "here" }))
                .route(
                    "/body",
                    post(|request: Request| async move {
                        json::<Value, _>(request, &()).await.map(|value| value.to_string())
                    }),
                );
        finished(routes, 16)
    }

    async fn ask(method: Method, path: &str, body: &'static str) -> (Response, Value) {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let answer = small().oneshot(request.body(Bytes::from(body)).expect("a request")).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let read = bytes(Request::new(body), &()).await.map_err(|problem| problem.0).expect("a body");
        (Response::from_parts(parts, Bytes::empty()), serde_json::from_slice(&read).unwrap_or_default())
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_answered_with_a_problem() {
        let (answer, problem) = ask(Method::GET, "/nowhere", "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!((&problem["code"], &problem["type"]), (&"PB5005".into(), &"/errors/PB5005".into()));
    }

    #[tokio::test]
    async fn a_method_that_is_not_taken_is_answered_with_a_problem_and_the_ones_that_are() {
        let (answer, problem) = ask(Method::DELETE, "/here", "").await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(problem["code"], "PB5009");
        assert_eq!(answer.headers()[header::ALLOW], "GET,HEAD");
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_answered_with_a_problem() {
        let (answer, problem) = ask(Method::POST, "/body", "\"0123456789abcdef\"").await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(problem["code"], "PB5002");
        assert_eq!(ask(Method::POST, "/body", "\"0123\"").await.0.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn only_an_operator_is_told_why() {
        let (answer, problem) = ask(Method::GET, "/broken", "").await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!problem.to_string().contains("disk"), "{problem}");
        let (answer, problem) = ask(Method::GET, "/broken-for-operators", "").await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(problem["operator"], "disk I/O error");
    }

    #[tokio::test]
    async fn no_answer_is_kept_by_a_cache_or_read_as_another_type() {
        for path in ["/here", "/nowhere"] {
            let (answer, _) = ask(Method::GET, path, "").await;
            assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        }
    }
}
