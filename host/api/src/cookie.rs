//! The cookies of browsers that are signed in: one for operators, one for the portal.
//!
//! `__Host-` makes a browser refuse what another host or a page without TLS tries to set under the name. An operator's
//! is `Strict`; the portal's is `Lax`, because its user comes back from a provider's pages by a link, and the page that
//! finishes a connect has to know whose browser it is. Neither counts by itself: see [`browser`](crate::browser).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use patchbay_app::SessionKind;
use patchbay_model::Secret;

/// The name of a kind's cookie.
pub(crate) const fn name(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Operator => "__Host-patchbay-operator",
        SessionKind::Portal => "__Host-patchbay-portal",
    }
}

/// The cookie of this kind that a browser sent. One that came twice is none: a browser has one place for it.
pub(crate) fn of(headers: &HeaderMap, kind: SessionKind) -> Option<Secret> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, value)| *known == name(kind) && !value.is_empty());
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(Secret::new(value)),
        _ => None,
    }
}

/// Gives a browser its cookie for so long.
pub(crate) fn keep(headers: &mut HeaderMap, kind: SessionKind, cookie: &Secret, life: Duration) {
    set(headers, kind, cookie.expose(), life.as_secs());
}

/// Takes a browser's cookie back.
pub(crate) fn clear(headers: &mut HeaderMap, kind: SessionKind) {
    set(headers, kind, "", 0);
}

fn set(headers: &mut HeaderMap, kind: SessionKind, cookie: &str, seconds: u64) {
    let site = match kind {
        SessionKind::Operator => "Strict",
        SessionKind::Portal => "Lax",
    };
    let text = format!("{}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite={site}", name(kind));
    // Our own letters and digits: always a header.
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &[&'static str], kind: SessionKind) -> Option<String> {
        let headers: HeaderMap =
            cookies.iter().map(|value| (header::COOKIE, HeaderValue::from_static(value))).collect();
        of(&headers, kind).map(|found| found.expose().to_owned())
    }

    #[test]
    fn a_cookie_is_found_among_others_and_never_taken_for_one_of_the_other_kind() {
        let both = "a=1; __Host-patchbay-portal=p; __Host-patchbay-operator=o";
        assert_eq!(sent(&[both], SessionKind::Portal).as_deref(), Some("p"));
        assert_eq!(sent(&["a=1", both], SessionKind::Operator).as_deref(), Some("o"));
        assert_eq!(sent(&["x__Host-patchbay-portal=p; __host-patchbay-portal=p"], SessionKind::Portal), None);
        assert_eq!(sent(&["__Host-patchbay-portal="], SessionKind::Portal), None);
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let twice = "__Host-patchbay-portal=mine; __Host-patchbay-portal=planted";
        assert_eq!(sent(&[twice], SessionKind::Portal), None);
        assert_eq!(sent(&["__Host-patchbay-portal=mine", "__Host-patchbay-portal=planted"], SessionKind::Portal), None);
    }

    #[test]
    fn a_cookie_is_for_this_host_only_and_for_no_script() {
        let mut headers = HeaderMap::new();
        keep(&mut headers, SessionKind::Operator, &Secret::new("abc"), Duration::from_secs(43_200));
        clear(&mut headers, SessionKind::Portal);
        let set: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(
            set,
            [
                "__Host-patchbay-operator=abc; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict",
                "__Host-patchbay-portal=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
            ]
        );
        assert!(set.iter().all(|value| value.is_sensitive()));
    }
}
