//! Calls that count on a browser's cookie, and what they have to prove.
//!
//! A browser sends its cookies whoever made the page that asks. So a cookie counts only for a call
//!
//! 1. that has the header `Patchbay-Session`, which says whose cookie it is about. A form cannot send it, nor an image or
//!    a link; and the script of another site may not, because this host never answers a preflight with consent;
//! 2. that comes from a page of this origin, as the browser says in `Origin`. What changes something must say it; what
//!    reads must not say anything else, there or in `Sec-Fetch-Site`;
//! 3. that has no key beside it: then nobody could tell which of the two was meant.
//!
//! Without the header, cookies are not looked at.

use axum::http::{
    HeaderMap, Method,
    header::{AUTHORIZATION, ORIGIN},
};
use patchbay_app::SessionKind;
use patchbay_model::{Code, Fault};

/// Says that the cookie of this kind counts.
pub(crate) const SESSION_HEADER: &str = "patchbay-session";
/// What browsers say of the page that asks.
const FETCH_SITE: &str = "sec-fetch-site";

/// Whose cookie the call counts on; none for a call with a key. Refused where that is not clear, or where the call does
/// not come from a page of `own`, the public origin.
pub(crate) fn session_of_call(method: &Method, headers: &HeaderMap, own: &str) -> Result<Option<SessionKind>, Fault> {
    let kind = match only(headers, SESSION_HEADER) {
        Said::Nothing => return Ok(None),
        Said::Once(word) => SessionKind::from_word(word),
        Said::Unclear => None,
    };
    let refused = |why: &str| Err(Fault::because(Code::Unauthenticated, why));
    let Some(kind) = kind else { return refused("Patchbay-Session is `operator` or `portal`, once.") };
    if headers.contains_key(AUTHORIZATION) {
        return refused("Send `Authorization` or `Patchbay-Session`, not both.");
    }
    if from_here(method, headers, own) { Ok(Some(kind)) } else { Err(Fault::new(Code::ForeignPage)) }
}

fn from_here(method: &Method, headers: &HeaderMap, own: &str) -> bool {
    let origin = match only(headers, ORIGIN.as_str()) {
        Said::Nothing => method == Method::GET || method == Method::HEAD,
        Said::Once(origin) => origin == own,
        Said::Unclear => false,
    };
    let site = match only(headers, FETCH_SITE) {
        Said::Nothing => true,
        // `none` is the person, who typed the address.
        Said::Once(site) => site == "same-origin" || site == "none",
        Said::Unclear => false,
    };
    origin && site
}

/// What a header says that may stand there once.
enum Said<'h> {
    Nothing,
    Once(&'h str),
    Unclear,
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Said<'h> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Said::Nothing,
        (Some(value), None) => value.to_str().map_or(Said::Unclear, Said::Once),
        (Some(_), Some(_)) => Said::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const OWN: &str = "https://hub.example.com";

    fn ask(method: Method, pairs: &[(&'static str, &'static str)]) -> Result<Option<SessionKind>, Code> {
        let pairs = pairs.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        session_of_call(&method, &pairs.collect(), OWN).map_err(|fault| fault.code)
    }

    #[test]
    fn without_the_header_cookies_are_not_looked_at() {
        assert_eq!(ask(Method::POST, &[("cookie", "__Host-patchbay-operator=x"), ("origin", OWN)]), Ok(None));
        assert_eq!(ask(Method::GET, &[("authorization", "Bearer pbt_x")]), Ok(None));
    }

    #[test]
    fn what_changes_something_says_that_it_comes_from_here() {
        let session = ("patchbay-session", "portal");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            assert_eq!(ask(method.clone(), &[session, ("origin", OWN)]), Ok(Some(SessionKind::Portal)));
            assert_eq!(ask(method, &[session]), Err(Code::ForeignPage), "missing");
        }
        for foreign in [
            "null",
            "",
            "https://evil.example",
            "http://hub.example.com",
            "https://hub.example.com:8443",
            "https://hub.example.com/",
            "https://hub.example.com.evil.example",
            "https://evil.example, https://hub.example.com",
            "HTTPS://hub.example.com",
        ] {
            assert_eq!(ask(Method::POST, &[session, ("origin", foreign)]), Err(Code::ForeignPage), "{foreign}");
            assert_eq!(ask(Method::GET, &[session, ("origin", foreign)]), Err(Code::ForeignPage), "{foreign}");
        }
        let twice = [session, ("origin", OWN), ("origin", "https://evil.example")];
        assert_eq!(ask(Method::POST, &twice), Err(Code::ForeignPage));
        assert_eq!(ask(Method::POST, &[session, ("origin", OWN), ("origin", OWN)]), Err(Code::ForeignPage));
    }

    #[test]
    fn what_reads_does_not_come_from_elsewhere() {
        let session = ("patchbay-session", "operator");
        assert_eq!(ask(Method::GET, &[session]), Ok(Some(SessionKind::Operator)));
        assert_eq!(ask(Method::HEAD, &[session, (FETCH_SITE, "same-origin")]), Ok(Some(SessionKind::Operator)));
        for site in ["cross-site", "same-site", "", "x"] {
            assert_eq!(ask(Method::GET, &[session, (FETCH_SITE, site)]), Err(Code::ForeignPage), "{site}");
            let posted = [session, ("origin", OWN), (FETCH_SITE, site)];
            assert_eq!(ask(Method::POST, &posted), Err(Code::ForeignPage), "{site}");
        }
    }

    #[test]
    fn whose_cookie_counts_is_said_once_and_without_a_key_beside_it() {
        for word in ["", "Portal", "tenant", "operator, portal"] {
            let asked = ask(Method::GET, &[("patchbay-session", word)]);
            assert_eq!(asked, Err(Code::Unauthenticated), "{word:?}");
        }
        let twice = [("patchbay-session", "portal"), ("patchbay-session", "operator")];
        assert_eq!(ask(Method::GET, &twice), Err(Code::Unauthenticated));
        let both = [("patchbay-session", "portal"), ("authorization", "Bearer pbt_x")];
        assert_eq!(ask(Method::GET, &both), Err(Code::Unauthenticated));
    }
}
