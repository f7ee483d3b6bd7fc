//! Where secrets stand in addresses and headers, by what the place is called.
//!
//! A parameter is one wherever its name follows `?`, `&`, `#` or `;`: in a whole address, in a relative one, in a `Link`
//! header and in a text that has addresses in it.

use patchbay_model::manifest::is_named_like_a_secret;

use super::named::called;

/// Parts of names under which nothing but a secret stands, in JSON too, and which the usual list does not have.
pub(super) const HANDED: &[&str] = &["authorization", "csrf", "xsrf"];
/// Those that it has.
const SURE: &[&str] = &["credential", "jwt", "passphrase", "passwd", "password", "secret", "signature", "token"];
/// Whole names of such.
const SIGNS: &[&str] = &["hdnea", "hdnts", "hmac", "pwd", "sig"];
/// Whole names that are a secret's in an address or a header, and say something else in a record.
const WHOLE: &[&str] = &["auth", "code", "otp", "pass", "policy", "sign", "ticket"];
/// Ends of names that say something about a secret.
const ABOUT: &[&str] =
    &["algorithm", "count", "limit", "method", "remaining", "scope", "scopes", "ttl", "type", "version"];
/// Parts of a cookie that are not its value.
const OF_A_COOKIE: &[&str] = &["domain", "expires", "max-age", "path", "priority", "samesite"];

/// A value in a text, and what it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    /// As it is spelt there.
    pub(super) value: &'a str,
    /// The byte that it begins at.
    pub(super) at: usize,
}

/// Whether a parameter or a header of this name holds a secret.
pub(super) fn is_for_a_secret(name: &str) -> bool {
    let whole = || WHOLE.contains(&name.to_ascii_lowercase().as_str());
    is_surely_for_a_secret(name) || (!is_about(name) && (is_named_like_a_secret(name) || whole()))
}

/// Whether it holds one even where a connector says it by itself.
pub(super) fn is_surely_for_a_secret(name: &str) -> bool {
    let whole = || SIGNS.contains(&name.to_ascii_lowercase().as_str());
    !is_about(name) && (called(name, HANDED) || called(name, SURE) || whole())
}

fn is_about(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("expir") || ABOUT.iter().any(|end| lower.ends_with(end))
}

/// The parameters of all addresses in a text.
pub(super) fn parameters(text: &str) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    for (equals, _) in text.match_indices('=') {
        let before = text.get(..equals).unwrap_or_default();
        let led = before.trim_end_matches(of_a_name);
        let name = before.get(led.len()..).unwrap_or_default();
        let name = match name.strip_prefix("u0026") {
            // `&` as JSON may spell it.
            Some(name) if led.ends_with('\\') => name,
            _ if led.ends_with(['?', '&', '#', ';']) => name,
            _ => continue,
        };
        let rest = text.get(equals + 1..).unwrap_or_default();
        let value = rest.split(ends_a_value).next().unwrap_or_default();
        // What ends the sentence that an address stands in.
        let value = value.trim_end_matches([')', ']', '.', ',', '!']);
        if !name.is_empty() && !value.is_empty() {
            found.push(Place { name, value, at: equals + 1 });
        }
    }
    found
}

/// Who asks, and the password, where an address says it.
pub(super) fn users(text: &str) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    for (at, scheme) in text.match_indices("://") {
        let begins = at + scheme.len();
        let rest = text.get(begins..).unwrap_or_default();
        let authority = rest.split(|letter: char| letter == '/' || ends_a_value(letter)).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else { continue };
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        for (value, at) in [(name, begins), (password, begins + name.len() + 1)] {
            if !value.is_empty() {
                found.push(Place { name: "", value, at });
            }
        }
    }
    found
}

/// The secrets of all addresses in a text, in their order.
pub(super) fn secrets(text: &str) -> Vec<Place<'_>> {
    let mut all = users(text);
    all.extend(parameters(text).into_iter().filter(|parameter| is_for_a_secret(parameter.name)));
    all.sort_by_key(|place| place.at);
    all
}

/// The secrets of a header that holds some: what stands behind `Bearer` and the like, the values of cookies, or all.
pub(super) fn credentials<'a>(name: &'a str, text: &'a str) -> Vec<Place<'a>> {
    if called(name, &["cookie"]) {
        return cookies(text);
    }
    let text = text.trim_end();
    let value = match text.trim_start().split_once(' ') {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => rest.trim_start(),
        _ => text.trim_start(),
    };
    vec![Place { name, value, at: text.len() - value.len() }]
}

fn cookies(text: &str) -> Vec<Place<'_>> {
    let (mut found, mut begins) = (Vec::new(), 0);
    for part in text.split(';') {
        if let Some((name, value)) = part.split_once('=') {
            let (name, value) = (name.trim(), value.trim());
            if !value.is_empty() && !OF_A_COOKIE.contains(&name.to_ascii_lowercase().as_str()) {
                found.push(Place { name, value, at: begins + part.trim_end().len() - value.len() });
            }
        }
        begins += part.len() + 1;
    }
    found
}

fn of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-.~$%[]".contains(letter)
}

fn ends_a_value(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "?&#;\"'<>\\`{}|^".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_an_address_stands_and_exactly_there() {
        for (text, value) in [
            ("https://a.example/f?page=2&token=abc%2F1", "abc%2F1"),
            ("/f?X-Amz-Signature=abc", "abc"),
            ("https://a.example/#access_token=abc&state=1", "abc"),
            ("<https://a.example/f?sig=abc>; rel=\"next\"", "abc"),
            ("See (https://a.example/f?Key-Pair-Id=abc).", "abc"),
            ("<a href='/f?page=2&amp;code=abc'>", "abc"),
            ("{\"u\":\"/f?page=2\\u0026token=abc\"}", "abc"),
            ("https://a.example/f?to=https://b.example/?token=abc", "abc"),
        ] {
            let found = secrets(text);
            assert_eq!(found.iter().map(|place| place.value).collect::<Vec<_>>(), [value], "{text}");
            assert!(found.iter().all(|place| text[place.at..].starts_with(place.value)), "{text}");
        }
        let users = secrets("https://bot:pw@a.example/p@q");
        assert_eq!(users.iter().map(|place| (place.value, place.at)).collect::<Vec<_>>(), [("bot", 8), ("pw", 12)]);
    }

    #[test]
    fn what_is_called_like_no_secret_is_none() {
        for text in [
            "https://a.example/f?page=2&cursor=abc&X-Amz-Expires=300&X-Amz-Algorithm=AWS4-HMAC-SHA256&token_type=x",
            "token=abc",
            "a token = abc",
            "https://a.example/mail/els@claes.be",
            "https://a.example/f?token=&key={key}",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn of_a_header_only_the_credential_is_one() {
        let found = |name: &'static str, text: &'static str| -> Vec<&'static str> {
            let places = credentials(name, text);
            assert!(places.iter().all(|place| text[place.at..].starts_with(place.value)), "{name}: {text}");
            places.into_iter().map(|place| place.value).collect()
        };
        assert_eq!(found("authorization", "Bearer  abc.def "), ["abc.def"]);
        assert_eq!(found("x-csrf-token", "abc"), ["abc"]);
        assert_eq!(found("set-cookie", "id=abc; Path=/; Max-Age=60; HttpOnly"), ["abc"]);
        assert_eq!(found("cookie", "id=abc; theme = dark"), ["abc", "dark"]);
        assert!(is_for_a_secret("X-Api-Key") && !is_for_a_secret("acme-authentication-token-expiration"));
    }
}
