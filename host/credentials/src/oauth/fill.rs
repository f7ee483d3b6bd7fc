//! `{placeholder}` in addresses and parameters.

use std::{borrow::Cow, collections::BTreeMap};

use patchbay_model::manifest::{Auth, FieldKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use zeroize::Zeroizing;

use crate::fields;

/// All but the unreserved letters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An https address with values in it, each percent-encoded and kept inside its path segment or label.
///
/// In the host stand facts of one label, and `{region.NAME}` as the table has it; instead of scheme and
/// host may stand one `{field}` of type `origin`. `own` are the host's own values, for after the host.
///
/// # Errors
/// For the operator: which placeholder is unknown or cannot stand there, or what is wrong with the
/// address. Quotes names only.
pub(super) fn address(
    auth: &Auth,
    template: &str,
    values: &BTreeMap<String, String>,
    own: &[(&str, &str)],
) -> Result<Url, String> {
    let written = with_origin(auth, template, values)?;
    let template = written.as_ref();
    let after_scheme = template.strip_prefix("https://").ok_or("the address does not start with https://")?;
    // What a URL parser would repair (`https:///x`, `\\`, tabs) moves the end of the host.
    if after_scheme.starts_with('/') || template.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err("the address is not written plainly".to_owned());
    }
    let authority_ends =
        template.len() - after_scheme.len() + after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    let filled = fill(template, |name, at| {
        let in_host = at < authority_ends;
        let own = own.iter().find(|(known, _)| !in_host && *known == name).map(|(_, value)| *value);
        let value = own.or_else(|| values.get(name).map(String::as_str))?;
        // In the host, only what is part of one label; of the release's own table, whole names as well.
        if value.is_empty() || in_host && !may_stand_in_host(name, value) {
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

/// The template with its first placeholder filled in, where that stands for a whole origin.
fn with_origin<'t>(auth: &Auth, template: &'t str, values: &BTreeMap<String, String>) -> Result<Cow<'t, str>, String> {
    let Some((name, rest)) = template.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(Cow::Borrowed(template));
    };
    let entered = auth.fields.iter().any(|field| field.id == name && field.kind == FieldKind::Origin);
    // Reduced once more: the value was stored, and what follows must not join it.
    let origin = values.get(name).filter(|value| entered && fields::origin(value).as_deref() == Ok(value.as_str()));
    match origin {
        Some(origin) if rest.is_empty() || rest.starts_with(['/', '?']) => Ok(Cow::Owned(format!("{origin}{rest}"))),
        _ => Err(format!("the address cannot begin with {{{}}}", name.chars().take(64).collect::<String>())),
    }
}

fn may_stand_in_host(name: &str, value: &str) -> bool {
    let label = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // No fact has a dot in its name: `Auth::placeholders` lets only the table's values have one.
    if name.starts_with("region.") { value.split('.').all(label) } else { label(value) }
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
    use crate::oauth::script::{books, spread};

    fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn filled(template: &str, pairs: &[(&str, &str)]) -> Result<Url, String> {
        address(&books(), template, &facts(pairs), &[("client_id", "client/1")])
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
            let url = filled(template, &[("firm", value)]);
            assert_eq!(url.as_ref().ok().map(Url::path), path, "{value:?}: {url:?}");
            assert!(url.is_ok_and(|url| url.host_str() == Some("live.example.com")) == path.is_some());
        }
    }

    #[test]
    fn a_fact_beside_a_dot_does_not_climb() {
        for template in ["https://a.example/f/.{firm}/x", "https://a.example/f/%2e{firm}/x", "https://a.example/../x"] {
            assert!(filled(template, &[("firm", ".")]).is_err(), "{template}");
        }
        assert!(filled("https://a.example/f/v.{firm}/x", &[("firm", ".")]).is_ok());
    }

    #[test]
    fn a_fact_in_the_host_is_one_label() {
        let template = "https://{shop}.example.com/token?shop={shop}";
        let url = filled(template, &[("shop", "acme-1")]).expect("an address");
        assert_eq!(url.as_str(), "https://acme-1.example.com/token?shop=acme-1");
        for value in ["evil.com/", "evil.com", "a@b", "evil.com#", "evil.com\\", "a:1", "é", ""] {
            assert!(filled(template, &[("shop", value)]).is_err(), "{value:?}");
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
            assert!(filled(template, &[("firm", "1")]).is_err(), "{template}");
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

    #[test]
    fn a_region_is_a_host_of_the_table_and_no_fact_can_pose_as_one() {
        let auth = spread();
        let place = |values: &[(&str, &str)]| {
            let values = auth.placeholders(&facts(values));
            address(&auth, "https://{region.accounts}/oauth/v2/token", &values, &[]).map(|url| url.to_string())
        };
        assert_eq!(place(&[("region", "eu")]).as_deref(), Ok("https://accounts.books.example.eu/oauth/v2/token"));
        for values in [
            &[("region", "mars")][..],
            &[("region.accounts", "evil.example")],
            &[("region", "accounts.evil.example")],
            &[("region", "mars"), ("region.accounts", "evil.example")],
            &[],
        ] {
            assert!(place(values).is_err(), "{values:?}");
        }
        let both = place(&[("region", "eu"), ("region.accounts", "evil.example")]);
        assert_eq!(both.as_deref(), Ok("https://accounts.books.example.eu/oauth/v2/token"));
        for host in ["evil.example/", "a..b", "a@b", "a:1", ".a", "a."] {
            let values = facts(&[("region.accounts", host)]);
            assert!(address(&auth, "https://{region.accounts}/x", &values, &[]).is_err(), "{host}");
        }
    }

    #[test]
    fn a_customers_own_origin_comes_from_a_field_of_that_type_only() {
        let mut auth = books();
        auth.fields = serde_json::from_value(serde_json::json!([
            {"id": "base", "label": "Address", "type": "origin"},
            {"id": "text", "label": "Text", "type": "text"},
        ]))
        .expect("fields");
        let at = |template: &str, name: &str, value: &str| {
            address(&auth, template, &facts(&[(name, value)]), &[]).map(|url| url.to_string())
        };
        let good = at("{base}/web/login", "base", "https://odoo.acme.example:8443");
        assert_eq!(good.as_deref(), Ok("https://odoo.acme.example:8443/web/login"));
        for (template, name, value) in [
            ("{text}/x", "text", "https://odoo.acme.example"),
            ("{firm}/x", "firm", "https://odoo.acme.example"),
            ("{base}.evil.example/x", "base", "https://odoo.acme.example"),
            ("{base}@evil.example/x", "base", "https://odoo.acme.example"),
            ("{base}:1/x", "base", "https://odoo.acme.example"),
            ("{base}/x", "base", "https://odoo.acme.example/y"),
            ("{base}/x", "base", "http://odoo.acme.example"),
            ("{base}/x", "base", "https://127.0.0.1"),
            ("https://{base}/x", "base", "https://odoo.acme.example"),
        ] {
            assert!(at(template, name, value).is_err(), "{template} with {value}");
        }
    }

    #[test]
    fn the_hosts_own_values_stand_after_the_host_and_encoded() {
        let url = filled("https://a.example/apps/{client_id}/grant", &[]).expect("an address");
        assert_eq!(url.path(), "/apps/client%2F1/grant");
        assert!(filled("https://{client_id}.example/x", &[]).is_err());
    }
}
