//! Forms are taken from this host's own pages only.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    response::Response,
};
use patchbay_model::{Code, Fault};

use super::{trouble, visitor::Visitor};

/// The routes behind the check: whatever changes something comes from a page of this origin.
pub(super) fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>, own: &str) -> Router<S> {
    routes.layer(middleware::from_fn_with_state(Arc::<str>::from(own), only_from_here))
}

async fn only_from_here(State(own): State<Arc<str>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || from_here(request.headers(), &own) {
        return next.run(request).await;
    }
    let texts = Visitor::of(request.headers()).texts(None);
    trouble::page(texts, &Fault::new(Code::SessionUnusable).operator("a form of another site"), None, None)
}

/// Whether the form that was sent stands on this host's own page: a form of another site would start a
/// login without the page that says what it is for. Browsers say so in `Sec-Fetch-Site`; those that do
/// not, and pages without TLS, in `Origin`.
fn from_here(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => text("origin") == Some(own),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_form_of_another_site_begins_nothing() {
        let own = "https://hub.example.com";
        let with = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect()
        };
        assert!(from_here(&with(&[("sec-fetch-site", "same-origin")]), own));
        assert!(from_here(&with(&[("origin", "https://hub.example.com")]), own));
        for foreign in [
            with(&[]),
            with(&[("sec-fetch-site", "cross-site")]),
            with(&[("sec-fetch-site", "same-site")]),
            with(&[("sec-fetch-site", "none")]),
            with(&[("sec-fetch-site", "cross-site"), ("origin", "https://hub.example.com")]),
            with(&[("origin", "https://evil.example.com")]),
            with(&[("origin", "https://hub.example.com.evil.example.com")]),
            with(&[("origin", "http://hub.example.com")]),
            with(&[("origin", "null")]),
        ] {
            assert!(!from_here(&foreign, own), "{foreign:?}");
        }
    }
}
