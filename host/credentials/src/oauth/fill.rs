//! `{placeholder}` in addresses and parameters.

use std::{borrow::Cow, collections::BTreeMap};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use zeroize::Zeroizing;

/// All but the unreserved letters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An https address with facts in it, each percent-encoded and kept inside its path segment or label.
///
/// # Errors
/// For the operator: which placeholder is unknown or cannot stand there, or what is wrong with the
/// address. Quotes names only.
pub(super) fn address(template: &str, facts: &BTreeMap<String, String>) -> Result<Url, String> {
    let after_scheme = template.strip_prefix("https://").ok_or("the address does not start with https://")?;
    // What a URL parser would repair (`https:///x`, `\\`, tabs) moves the end of the host.
    if after_scheme.starts_with('/') || template.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err("the address is not written plainly".to_owned());
    }
    let authority_ends =
        template.len() - after_scheme.len() + after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    let filled = fill(template, |name, at| {
        let value = facts.get(name)?;
        let label = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        // In the host, only what is part of one label.
        if value.is_empty() || at < authority_ends && !label {
            return None;
        }
        Some(Cow::Owned(utf8_percent_encode(value, COMPONENT).to_string()))
    })
    .map_err(|name| format!("the address cannot be filled in at {{{name}}}"))?;
    // Looked for when all is filled in, since a value beside a dot of the template makes one as well.
    let path = filled.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err("the address has a segment that means another folder".to_owned());
    }
    let url = Url::parse(&filled).map_err(|error| format!("the address cannot be read: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("the address has a user or a fragment".to_owned());
    }
    Ok(url)
}

/// A parameter's value with host values and facts in it, as they are.
///
/// # Errors
/// The name of a placeholder that means nothing here.
pub(super) fn parameter(
    template: &str,
    host: &[(&str, &str)],
    facts: &BTreeMap<String, String>,
) -> Result<Zeroizing<String>, String> {
    fill(template, |name, _| {
        // The host's own names first: a fact cannot stand in for `{redirect_uri}`.
        let own = host.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        own.or_else(|| facts.get(name).map(String::as_str)).map(Cow::Borrowed)
    })
    .map_err(|name| format!("{{{name}}} means nothing in a parameter here"))
}

fn fill<'v>(template: &str, value: impl Fn(&str, usize) -> Option<Cow<'v, str>>) -> Result<Zeroizing<String>, String> {
    let mut filled = Zeroizing::new(String::with_capacity(template.len() + 1_024));
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').ok_or_else(|| "…".to_owned())?;
        let at = template.len() - rest.len() + before.len();
        filled.push_str(&value(name, at).ok_or_else(|| name.chars().take(64).collect::<String>())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_fact_stays_inside_its_segment() {
        let template = "https://live.example.com/f/{firm}/oauth/token";
        for (value, path) in [
            ("13827", Some("/f/13827/oauth/token")),
            ("a/../../b", Some("/f/a%2F..%2F..%2Fb/oauth/token")),
            ("x?y#z", Some("/f/x%3Fy%23z/oauth/token")),
            ("%2e%2e", Some("/f/%252e%252e/oauth/token")),
            ("é", Some("/f/%C3%A9/oauth/token")),
            ("..", None),
            (".", None),
            ("", None),
        ] {
            let url = address(template, &facts(&[("firm", value)]));
            assert_eq!(url.as_ref().ok().map(Url::path), path, "{value:?}: {url:?}");
            assert!(url.is_ok_and(|url| url.host_str() == Some("live.example.com")) == path.is_some());
        }
    }

    #[test]
    fn a_fact_beside_a_dot_does_not_climb() {
        for template in ["https://a.example/f/.{firm}/x", "https://a.example/f/%2e{firm}/x", "https://a.example/../x"] {
            assert!(address(template, &facts(&[("firm", ".")])).is_err(), "{template}");
        }
        assert!(address("https://a.example/f/v.{firm}/x", &facts(&[("firm", ".")])).is_ok());
    }

    #[test]
    fn a_fact_in_the_host_is_one_label() {
        let template = "https://{shop}.example.com/token?shop={shop}";
        let url = address(template, &facts(&[("shop", "acme-1")])).expect("an address");
        assert_eq!(url.as_str(), "https://acme-1.example.com/token?shop=acme-1");
        for value in ["evil.com/", "evil.com", "a@b", "evil.com#", "evil.com\\", "a:1", "é", ""] {
            assert!(address(template, &facts(&[("shop", value)])).is_err(), "{value:?}");
        }
    }

    #[test]
    fn an_address_that_is_no_plain_https_address_is_refused() {
        for template in [
            "http://example.com/token",
            "javascript:alert(1)",
            "https://user@example.com/token",
            "https://user:password@example.com/token",
            "https://example.com/token#x",
            "https:///token",
            "https://\\example.com/token",
            "https://example.com\\@evil.example/token",
            "https://exa\tmple.com/token",
            "https://",
            "https://example.com/{unknown}",
            "https://example.com/{client_secret}",
            "https://example.com/{firm",
        ] {
            assert!(address(template, &facts(&[("firm", "1")])).is_err(), "{template}");
        }
    }

    #[test]
    fn the_hosts_own_names_win_over_facts_in_parameters() {
        let facts = facts(&[("redirect_uri", "https://evil.com"), ("firm", "13 827")]);
        let host = [("redirect_uri", "https://pb.example.com/cb")];
        let filled = |template| parameter(template, &host, &facts).map(|text| text.to_string());
        assert_eq!(filled("{redirect_uri}").as_deref(), Ok("https://pb.example.com/cb"));
        assert_eq!(filled("firm:{firm}!").as_deref(), Ok("firm:13 827!"));
        assert!(filled("{client_secret}").is_err());
    }
}
