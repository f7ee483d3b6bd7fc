use axum::{body::Body, extract::Request, http::Method};
use tower::ServiceExt as _;

use super::*;
use crate::body::bytes;

static WHOLE: Web = Web {
    index: Some(b"<!doctype html>"),
    assets: &[
        Asset { name: "index-1.js", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") },
        Asset { name: "logo-2.svg", plain: b"<svg/>", brotli: None, gzip: None },
    ],
};
static NOTHING: Web = Web { index: None, assets: &[] };

async fn ask(web: &'static Web, path: &str, encodings: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(Method::GET).uri(path).header(header::ACCEPT_ENCODING, encodings);
    let answer = of(web).oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let body = bytes(Request::new(body), &()).await.map_err(|problem| problem.0).expect("a body");
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn every_address_of_the_web_app_is_its_page_and_no_browser_keeps_it() {
    for path in ["/app", "/app/", "/app/connections/con_1", "/app/enter", "/admin", "/admin/", "/admin/sign-in"] {
        let (status, headers, body) = ask(&WHOLE, path, "br").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "<!doctype html>"), "{path}");
        assert_eq!(text(&headers, "content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(text(&headers, "cache-control"), "no-store", "{path}");
    }
    let (status, headers, _) = ask(&WHOLE, "/", "").await;
    assert_eq!((status, text(&headers, "location")), (StatusCode::SEE_OTHER, "/app/"));
}

#[tokio::test]
async fn a_file_is_kept_for_ever_and_comes_compressed_where_the_browser_takes_it() {
    for (encodings, coding, bytes) in
        [("gzip, br", "br", "brotli"), ("gzip", "gzip", "gzip"), ("identity", "", "plain"), ("br;q=0", "", "plain")]
    {
        let (status, headers, body) = ask(&WHOLE, "/assets/index-1.js", encodings).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, bytes), "{encodings}");
        assert_eq!(text(&headers, "content-encoding"), coding, "{encodings}");
        assert_eq!(text(&headers, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(text(&headers, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(text(&headers, "vary"), "Accept-Encoding");
    }
    let (_, headers, body) = ask(&WHOLE, "/assets/logo-2.svg", "br").await;
    assert_eq!((text(&headers, "content-type"), body.as_str()), ("image/svg+xml", "<svg/>"));
    assert_eq!(text(&headers, "content-encoding"), "");
}

#[tokio::test]
async fn a_page_that_names_no_icon_has_one() {
    let (status, headers, body) = ask(&NOTHING, "/favicon.ico", "").await;
    assert_eq!((status, text(&headers, "content-type")), (StatusCode::OK, "image/svg+xml"));
    assert!(body.contains("<svg") && !body.contains("<script"), "{body}");
}

#[tokio::test]
async fn the_policy_is_on_every_answer_also_of_what_is_not_there() {
    for web in [&WHOLE, &NOTHING] {
        for path in ["/", "/app", "/app/x", "/admin/", "/assets/index-1.js", "/assets/none.js", "/assets/..%2fx"] {
            let (_, headers, _) = ask(web, path, "").await;
            let policy = text(&headers, "content-security-policy");
            assert!(policy.contains("script-src 'self'; ") && policy.contains("frame-ancestors 'none'"), "{path}");
            assert!(policy.contains("require-trusted-types-for 'script'"), "{path}");
            assert_eq!(text(&headers, "x-frame-options"), "DENY", "{path}");
            assert_eq!(text(&headers, "cross-origin-opener-policy"), "same-origin", "{path}");
        }
    }
    assert_eq!(ask(&WHOLE, "/assets/none.js", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_host_that_was_built_without_the_web_app_says_how_to_build_it() {
    for path in ["/app/", "/admin/sign-in"] {
        let (status, headers, body) = ask(&NOTHING, path, "").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(text(&headers, "content-type"), "text/html; charset=utf-8");
        assert!(body.contains("cargo xtask web") && !body.contains("<style") && !body.contains("<script"), "{body}");
    }
}
