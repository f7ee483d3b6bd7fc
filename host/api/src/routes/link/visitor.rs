//! Who stands in front of the browser: the cookie that a session is bound to, and the language.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::Response,
};
use patchbay_app::{Browser, Language, SessionKind};
use patchbay_model::Secret;

use super::texts::Texts;
use crate::cookie;

/// Name of the cookie that binds a session to its browser. `__Host-` forbids other hosts to set it.
const COOKIE: &str = "__Host-patchbay-login";
/// Seconds for which a browser keeps it: the life of a session and of what waits for its completion.
const COOKIE_SECONDS: u32 = 2_400;

/// What a request says about its sender.
pub(super) struct Visitor {
    /// The cookies that this host gave the browser.
    pub(super) browser: Browser,
    /// The language that the browser asks for, of those that we speak.
    accepts: Option<Language>,
}

impl Visitor {
    /// What these headers say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(accepted);
        let browser = Browser { login: login(headers), portal: cookie::of(headers, SessionKind::Portal) };
        Self { browser, accepts }
    }

    /// The texts in the session's language, else in the browser's.
    pub(super) fn texts(&self, session: Option<Language>) -> &'static Texts {
        Texts::of(session.or(self.accepts).unwrap_or(Language::En))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// Gives the browser its cookie. `Lax`, because a browser comes back from the provider by a link.
pub(super) fn keep_cookie(response: &mut Response, cookie: &Secret) {
    let text =
        format!("{COOKIE}={}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; Secure; SameSite=Lax", cookie.expose());
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn login(headers: &HeaderMap) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == COOKIE)
        .map(|(_, value)| Secret::new(value))
}

/// The language with the highest weight of those that we speak (RFC 9110, section 12.5.4).
fn accepted(header: &str) -> Option<Language> {
    let weighed = header.split(',').take(20).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let language = Language::from_word(tag.split('-').next().unwrap_or_default())?;
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.trim().parse::<f32>().ok())?;
        (weight > 0.0).then_some((language, weight))
    });
    // Of equal ones the first counts.
    weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        let both = "a=1; __Host-patchbay-login=secret; __Host-patchbay-portal=other; b=2";
        headers.insert(header::COOKIE, HeaderValue::from_static(both));
        let browser = Visitor::of(&headers).browser;
        let text = |cookie: Option<Secret>| cookie.map(|cookie| cookie.expose().to_owned());
        assert_eq!(text(browser.login).as_deref(), Some("secret"));
        assert_eq!(text(browser.portal).as_deref(), Some("other"));
        headers.insert(header::COOKIE, HeaderValue::from_static("x__Host-patchbay-login=secret"));
        assert!(login(&headers).is_none());
    }

    #[test]
    fn the_cookie_is_for_this_host_and_for_no_script() {
        let mut response = ().into_response();
        keep_cookie(&mut response, &Secret::new("abc"));
        let set = &response.headers()[header::SET_COOKIE];
        assert_eq!(set, "__Host-patchbay-login=abc; Path=/; Max-Age=2400; HttpOnly; Secure; SameSite=Lax");
    }

    #[test]
    fn the_session_s_language_counts_before_the_browser_s() {
        let visitor = |accepts: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepts));
            Visitor::of(&headers)
        };
        let spoken = |accepts, session| visitor(accepts).texts(session).language;
        assert_eq!(spoken("pl-PL,pl;q=0.9,en;q=0.8", None), Language::Pl);
        assert_eq!(spoken("fr, en;q=0.3, nl-BE;q=0.7", None), Language::Nl);
        assert_eq!(spoken("nl;q=0, fr", None), Language::En);
        assert_eq!(spoken("nl;q=x;q=<script>, *", None), Language::En);
        assert_eq!(spoken("pl", Some(Language::Nl)), Language::Nl);
        assert_eq!(Visitor::of(&HeaderMap::new()).texts(None).language, Language::En);
    }
}
