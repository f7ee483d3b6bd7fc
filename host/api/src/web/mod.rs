//! The web app: one page for `/app` (a tenant's people) and `/admin` (operators), and the files that it loads.
//!
//! The binary carries what `cargo xtask web` built (`build.rs`). The page itself is never kept by a browser; what it
//! loads has the digest of its content in its name and is kept for ever. `/link` is none of this: the host writes its
//! pages itself (`routes/link`).
//!
//! The policy lets a page load and ask this host alone, run no script that is written into it, and stand in no frame.
//! It is on every answer of these addresses, whatever the answer is.

mod encoding;
mod policy;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use patchbay_model::Code;

use crate::problem::Problem;

pub(crate) use policy::{DOCUMENTATION, otherwise};

/// What the binary carries.
pub(crate) struct Web {
    /// The page; none where the web app was not built.
    index: Option<&'static [u8]>,
    assets: &'static [Asset],
}

/// A file that the page loads.
pub(crate) struct Asset {
    /// Below `/assets/`, with the digest of its content.
    name: &'static str,
    plain: &'static [u8],
    /// The same, compressed when it was built.
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// What was built with this binary.
static BUILT: Web = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// For pages that name no icon of their own, as those of `/link`: a browser asks for it all the same.
const ICON: &str = include_str!("../../../web/src/theme/icon.svg");

/// What stands in place of a web app that was not built.
const ABSENT: &str = include_str!("absent.html");

/// The addresses of the web app.
pub(crate) fn pages<S: Clone + Send + Sync + 'static>() -> Router<S> {
    of(&BUILT)
}

fn of<S: Clone + Send + Sync + 'static>(web: &'static Web) -> Router<S> {
    let page = || get(move || async move { page(web) });
    let places = ["/app", "/app/", "/app/{*place}", "/admin", "/admin/", "/admin/{*place}"];
    let router = places.into_iter().fold(Router::new(), |router, place| router.route(place, page()));
    router
        .route("/", get(|| async { Redirect::to("/app/") }))
        .route("/favicon.ico", get(icon))
        .route(
            "/assets/{name}",
            get(move |Path(name): Path<String>, headers: HeaderMap| async move { asset(web, &name, &headers) }),
        )
        .layer(middleware::map_response(policy::on_answer))
}

/// The page, the same for every address: what it shows is decided in it.
fn page(web: &Web) -> Response {
    let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    match web.index {
        Some(index) => ([html, (header::CACHE_CONTROL, "no-store")], index).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, [html], ABSENT).into_response(),
    }
}

async fn icon() -> Response {
    let kept = (header::CACHE_CONTROL, "public, max-age=86400");
    ([(header::CONTENT_TYPE, media_type("icon.svg")), kept], ICON).into_response()
}

/// One file, compressed where the browser takes it so.
fn asset(web: &'static Web, name: &str, asked: &HeaderMap) -> Response {
    let Some(asset) = web.assets.iter().find(|asset| asset.name == name) else {
        return Problem::of(Code::NotFound).into_response();
    };
    let accepted = encoding::accepted(asked);
    let (bytes, coding) = match (asset.brotli, asset.gzip) {
        (Some(bytes), _) if accepted.brotli => (bytes, Some("br")),
        (_, Some(bytes)) if accepted.gzip => (bytes, Some("gzip")),
        _ => (asset.plain, None),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
