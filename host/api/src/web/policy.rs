//! What a browser may do with an answer: the headers that hold for the web app, and those for everything else.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

/// The web app loads and asks this host alone. No script stands in a page, and none is made of text.
const WEB_APP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// An answer that is no page: nothing is loaded for it, and it stands in no frame.
const NO_PAGE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The API's documentation (Swagger UI), which writes styles into its page.
pub(crate) const DOCUMENTATION: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Puts the web app's headers on an answer of its addresses.
pub(super) async fn on_answer(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WEB_APP));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Whoever opened the window, or is opened by it, gets no hold of it.
    headers.insert(OPENER, HeaderValue::from_static("same-origin"));
    response
}

/// What holds where an answer has no policy of its own.
pub(crate) fn otherwise(headers: &mut HeaderMap) {
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_lets_script_in_from_a_page_or_from_elsewhere() {
        for policy in [WEB_APP, NO_PAGE, DOCUMENTATION] {
            assert!(
                policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
                "{policy}"
            );
            assert!(policy.contains("base-uri 'none'"), "{policy}");
            for power in ["unsafe-eval", "wasm-unsafe-eval", "http", "*", "blob:", "script-src 'self' "] {
                assert!(!policy.contains(power), "{policy}");
            }
        }
        assert!(!WEB_APP.contains("unsafe") && !NO_PAGE.contains("unsafe"));
    }
}
