//! The pages of a connect session: `/link/{token}` and `/oauth/callback/{client}`.
//!
//! Plain HTML without a script, so that a strict content security policy can forbid all of them. The
//! page shows who asks for what and wants a click before anything begins, because a provider may skip
//! its own consent for somebody it knows. The hosted journey with choice, guide and languages is the web
//! app's; this is what a login needs.

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use patchbay_app::ReturnedLogin;
use patchbay_model::{Code, Fault, Kind, Secret};

use crate::Api;

/// Name of the cookie that binds a login to its browser. `__Host-` forbids other hosts to set it.
const COOKIE: &str = "__Host-patchbay-login";

/// The pages.
pub(crate) fn pages() -> Router<Api> {
    Router::new().route("/link/{token}", get(show).post(begin)).route("/oauth/callback/{client}", get(returned))
}

async fn show(State(api): State<Api>, Path(token): Path<String>) -> Response {
    match api.app.session_view(&token).await {
        Err(fault) => trouble(&fault),
        Ok(view) => {
            let provider = escape(&view.provider);
            let sections: String = [
                ("Before you start", &view.checklist),
                ("What will be read", &view.reads),
                ("What may be written", &view.writes),
                ("What you will be asked to allow", &view.asks),
                ("Where requests go", &view.reaches),
            ]
            .into_iter()
            .filter(|(_, items)| !items.is_empty())
            .map(|(heading, items)| {
                let items: String = items.iter().map(|item| format!("<li>{}</li>", escape(item))).collect();
                format!("<h2>{heading}</h2><ul>{items}</ul>")
            })
            .collect();
            let minutes = view.remaining.as_secs().div_ceil(60);
            page(
                StatusCode::OK,
                &format!("Connect {}", view.provider),
                &format!(
                    "<p><strong>{}</strong> asks to connect your account at <strong>{provider}</strong>.</p>{sections}\
                     <form method=\"post\"><button autofocus>Continue to {provider}</button></form>\
                     <p class=\"small\">You log in at {provider}; your password is never seen here. \
                     This page can be used for another {minutes} minutes.</p>",
                    escape(&view.tenant),
                ),
            )
        }
    }
}

async fn begin(State(api): State<Api>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    if !from_here(&headers, &api.app.public_origin()) {
        return trouble(&Fault::new(Code::SessionUnusable).operator("a form of another site"));
    }
    match api.app.begin_login(&token, cookie(&headers)).await {
        Err(fault) => trouble(&fault),
        Ok(login) => {
            let cookie =
                format!("{COOKIE}={}; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax", login.cookie.expose());
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, login.address.to_string())]).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
    }
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

async fn returned(
    State(api): State<Api>,
    Path(client): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let cookie = cookie(&headers);
    match api.app.complete_login(ReturnedLogin { client, query, cookie }).await {
        Err(fault) => trouble(&fault),
        Ok(connected) => page(
            StatusCode::OK,
            "Connected",
            &format!(
                "<p><strong>{}</strong> is connected. Its data keeps itself up to date from now on.</p>\
                 <p>You can close this window.</p>",
                escape(&connected.connection.business_name)
            ),
        ),
    }
}

fn cookie(headers: &HeaderMap) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == COOKIE)
        .map(|(_, value)| Secret::new(value))
}

/// What went wrong, for the person in front of the browser.
fn trouble(fault: &Fault) -> Response {
    let status = match fault.code.kind() {
        Kind::Internal | Kind::Unavailable | Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    if let Some(operator) = &fault.operator {
        tracing::info!(code = fault.code.id(), "a connect ended: {operator}");
    }
    page(
        status,
        "This did not work",
        &format!(
            "<p>{}</p><p>{}</p><p>{}</p><p class=\"small\">{}</p>",
            escape(fault.person.trim_end_matches('.')) + ".",
            escape(fault.code.happened()),
            escape(fault.code.remedy()),
            fault.code.id()
        ),
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>",
        title = escape(title)
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        // No form-action: a browser applies it to the redirect after the form, which leads to the provider.
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    // The address holds the session's token: the provider must not learn it, this host's form check needs it.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1a1d21}\
    main{max-width:440px;margin:48px auto;padding:32px;background:#fff;border-radius:8px;overflow-wrap:anywhere;box-shadow:0 1px 3px #0002}\
    h1{font-size:28px;line-height:1.2;margin:0 0 16px}h2{font-size:16px;margin:24px 0 4px}ul{padding-left:20px;margin:0}\
    button{font:inherit;font-weight:600;width:100%;padding:12px;margin-top:24px;border:0;border-radius:6px;background:#1f5fd6;color:#fff;cursor:pointer}\
    button:focus-visible{outline:3px solid #8ab4ff;outline-offset:2px}.small{font-size:14px;color:#5b6470}\
    @media(prefers-color-scheme:dark){body{background:#14161a;color:#e8eaed}main{background:#1e2126}.small{color:#9aa3ad}}";

/// Text for HTML, in element content and in double-quoted attributes.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, c| {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            plain => html.push(plain),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn a_name_cannot_bring_markup_into_the_page() {
        assert_eq!(escape("<img src=x onerror='a'>&\""), "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;");
    }

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
            with(&[("origin", "null")]),
        ] {
            assert!(!from_here(&foreign, own), "{foreign:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; __Host-patchbay-login=secret; b=2"));
        assert_eq!(cookie(&headers).map(|found| found.expose().to_owned()).as_deref(), Some("secret"));
        headers.insert(header::COOKIE, HeaderValue::from_static("x__Host-patchbay-login=secret"));
        assert!(cookie(&headers).is_none());
    }
}
