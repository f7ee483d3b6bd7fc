use serde_json::json;

use super::*;
use crate::manifest::parse;

const BOOKS: &str = r#"id = "acme.books"
version = "0.1.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Reads the books."

[config]
schema = '''{"type": "object", "additionalProperties": false, "required": ["token-url", "api", "prefix"], "properties": {
  "token-url": {"type": "string"}, "api": {"type": "string"}, "prefix": {"type": "string"},
  "revoke-path": {"type": "string"}, "fields": {"type": "object", "properties": {"name": {"type": "string"}}}}}'''
defaults = '''{"token-url": "https://login.acme.example/token", "api": "https://api.acme.example", "prefix": "/v1/",
  "revoke-path": "/revoke", "fields": {"name": "name", "phone": "tel"}}'''

[[auth]]
id = "oauth"
kind = "oauth2"
label = "Log in"

[auth.authorize]
url = "https://login.acme.example/authorize"

[auth.token]
url = "{config.token-url}"

[auth.revoke]
url = "https://login.acme.example{config.revoke-path}"

[[auth.slot]]
id = "bearer"
place = "header"
name = "Authorization"
value = "Bearer {access_token}"
standard = true

[[host]]
origin = "{config.api}"
paths = ["{config.prefix}"]
methods = ["GET"]
slots = ["bearer"]
reason = "the books"

[[rate]]
scope = "connection"
path = "{config.prefix}"
per-minute = 60
"#;

fn books() -> Manifest {
    parse::parse(BOOKS, &|_| None).expect("a manifest")
}

/// What is wrong with the manifest in which `from` is `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(BOOKS.contains(from), "{from} is in the manifest");
    let problems = parse::parse(&BOOKS.replacen(from, to, 1), &|_| None).expect_err(to);
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn refused(correction: &Value) -> Vec<FieldError> {
    books().corrected(correction).expect_err("a refusal")
}

#[test]
fn addresses_in_the_config_are_filled_in_wherever_they_stand() {
    let filled = books().filled();
    let auth = &filled.auths[0];
    assert_eq!(auth.token.as_ref().unwrap().url, "https://login.acme.example/token");
    assert_eq!(auth.revoke.as_ref().unwrap().url, "https://login.acme.example/revoke");
    assert_eq!(filled.hosts[0].origin, "https://api.acme.example");
    assert_eq!(filled.hosts[0].paths, ["/v1/"]);
    assert_eq!(filled.rates[0].path.as_deref(), Some("/v1/"));
}

#[test]
fn what_is_asked_and_told_has_plain_addresses_and_asks_for_no_addresses_of_customers() {
    let manifest = books();
    assert_eq!(manifest.asks(), manifest.filled().asks());
    assert!(!manifest.asks_customer_origins());
    let sentences = manifest.asks().sentences(&manifest).join("\n");
    assert!(sentences.contains("Reaches https://api.acme.example (GET under /v1/)"), "{sentences}");
    assert!(!sentences.contains("{config"), "{sentences}");
}

#[test]
fn a_correction_is_laid_over_the_defaults_as_rfc_7396_says() {
    let corrected = books().corrected(&json!({ "fields": { "name": "naam", "phone": null } })).unwrap();
    let config = corrected.config.unwrap().defaults;
    assert_eq!(config["fields"], json!({ "name": "naam" }));
    assert_eq!(config["prefix"], "/v1/");
    assert_eq!(books().corrected(&json!({})).unwrap(), books().filled());
}

#[test]
fn a_correction_of_an_address_is_filled_in_and_asks_for_more() {
    let (before, after) =
        (json!({}), json!({ "token-url": "https://id.acme.example/t", "api": "https://api2.acme.example" }));
    let corrected = books().corrected(&after).unwrap();
    assert_eq!(corrected.auths[0].token.as_ref().unwrap().url, "https://id.acme.example/t");
    let beyond = corrected.asks().beyond(&books().asks()).join("\n");
    assert!(beyond.contains("https://api2.acme.example"), "{beyond}");
    assert!(beyond.contains("id.acme.example"), "{beyond}");
    assert_eq!(
        books().addresses_changed(&before, &after),
        [
            (
                "token-url".to_owned(),
                "changes the token address (oauth): https://login.acme.example/token becomes https://id.acme.example/t"
                    .to_owned()
            ),
            (
                "api".to_owned(),
                "changes the host: https://api.acme.example becomes https://api2.acme.example".to_owned()
            ),
        ]
    );
    assert_eq!(books().addresses_changed(&after, &before).len(), 2, "the way back is a change too");
    assert_eq!(books().addresses_changed(&before, &json!({ "fields": { "name": "naam" } })), []);
    assert_eq!(
        books().addresses_in_config().into_iter().collect::<Vec<_>>(),
        ["api", "prefix", "revoke-path", "token-url"]
    );
}

#[test]
fn a_correction_that_does_not_fit_is_refused_by_pointer() {
    let at = |correction: &Value| refused(correction).into_iter().map(|field| field.pointer).collect::<Vec<_>>();
    assert_eq!(at(&json!({ "fields": { "name": 1 } })), ["/fields/name"]);
    assert_eq!(at(&json!({ "more": 1 })), [""]);
    assert_eq!(at(&json!({ "api": null })), [""]);
    assert_eq!(at(&json!([])), [""]);
    let long = "x".repeat(70_000);
    assert!(refused(&json!({ "fields": { "name": long } }))[0].message.contains("bytes"));
    let mut nothing = books();
    nothing.config = None;
    nothing.auths.clear();
    assert!(nothing.corrected(&json!({ "a": 1 })).unwrap_err()[0].message.contains("nothing that can be corrected"));
}

#[test]
fn an_address_is_https_public_and_carries_nothing_else() {
    for (name, value) in [
        ("token-url", "http://login.acme.example/token"),
        ("token-url", "https://user:password@login.acme.example/token"),
        ("token-url", "https://127.0.0.1/token"),
        ("token-url", "https://localhost/token"),
        ("token-url", "https://login.acme.example\\@evil.example/"),
        ("token-url", "https://{shop}.acme.example/token"),
        ("token-url", "{config.api}/token"),
        ("token-url", "https://login.acme.example/../token"),
        ("token-url", ""),
        ("api", "https://api.acme.example/v2"),
        ("api", "https://[::1]"),
        ("api", "https://*.acme.example"),
        ("prefix", "v1/"),
        ("prefix", "/v1/{firm}/"),
        ("prefix", "/v1?x"),
        ("revoke-path", "revoke"),
        ("revoke-path", ".evil.example/revoke"),
        ("revoke-path", "//evil.example/revoke"),
        ("revoke-path", "@evil.example/revoke"),
    ] {
        let fields = refused(&json!({ name: value }));
        assert_eq!(fields[0].pointer, format!("/{name}"), "{name} = {value}: {fields:?}");
    }
}

#[test]
fn a_manifest_whose_placeholder_has_no_address_is_refused_once_with_its_line() {
    for (from, to, text) in [
        (
            "{config.token-url}",
            "{config.token}",
            "connector.toml:24: auth[0].token.url: the defaults of [config] have no",
        ),
        ("{config.token-url}", "{config.token-url}/x", "something beside"),
        ("{config.token-url}", "{config.token-url", "something beside"),
        ("{config.token-url}", "https://x.example/{config.prefix}", "no part of a path between two slashes"),
        ("{config.token-url}", "https://{config.fields}/x", "something beside"),
        ("{config.token-url}", "https://x.example/a?b=/{config.fields}", "something beside"),
        ("{config.token-url}", "https://x.example/{config.prefix}/{config.api}", "something beside"),
        ("{config.api}", "https://{config.api}", "write \"{config.NAME}\" for the whole origin"),
        ("{config.prefix}\"]", "/a{config.prefix}\"]", "write \"{config.NAME}\" for the whole prefix"),
        ("https://api.acme.example", "http://api.acme.example", "does not begin with https://"),
        ("\"/v1/\"", "7", "do not fit the schema"),
        ("{config.token-url}", "{config.fields}", "is no text"),
    ] {
        let told = refusal(from, to);
        assert!(told.contains(text), "{to}: {told}");
        assert!(told.matches("auth[0].token.url").count() <= 1, "told once: {told}");
    }
}

/// One version in every address.
fn versioned() -> Manifest {
    let text = BOOKS
        .replacen("\"prefix\": \"/v1/\"", "\"prefix\": \"/v1/\", \"version\": \"v25.0\"", 1)
        .replacen(
            "\"prefix\": {\"type\": \"string\"}",
            "\"prefix\": {\"type\": \"string\"}, \"version\": {\"type\": \"string\"}",
            1,
        )
        .replacen("https://login.acme.example/authorize", "https://login.acme.example/{config.version}/authorize", 1)
        .replacen("{config.token-url}", "https://login.acme.example/oauth/{config.version}", 1)
        .replacen("paths = [\"{config.prefix}\"]", "paths = [\"/{config.version}/\", \"/crm/{config.version}\"]", 1);
    parse::parse(&text, &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn one_part_of_a_path_may_come_from_the_config_in_every_address() {
    let addresses = |manifest: &Manifest| {
        let auth = &manifest.auths[0];
        let url = |request: &Option<crate::manifest::TokenRequest>| request.as_ref().expect("a request").url.clone();
        [vec![url(&auth.authorize), url(&auth.token)], manifest.hosts[0].paths.clone()].concat()
    };
    let said = ["https://login.acme.example/v25.0/authorize", "https://login.acme.example/oauth/v25.0"];
    assert_eq!(addresses(&versioned().filled()), [&said[..], &["/v25.0/", "/crm/v25.0"]].concat());
    let (before, after) = (json!({}), json!({ "version": "2026-09" }));
    let corrected = versioned().corrected(&after).expect("fits");
    let said = ["https://login.acme.example/2026-09/authorize", "https://login.acme.example/oauth/2026-09"];
    assert_eq!(addresses(&corrected), [&said[..], &["/2026-09/", "/crm/2026-09"]].concat());
    let changed = versioned().addresses_changed(&before, &after);
    assert_eq!(changed.len(), 4, "each place is a change of power: {changed:?}");
    assert!(changed.iter().all(|(name, _)| name == "version"), "{changed:?}");
}

#[test]
fn a_part_of_a_path_leads_nowhere_else() {
    for value in
        ["", ".", "..", "v1/..", "v1/x", "%2e%2e", "v1?x=1", "v1#x", "{firm}", "@evil.example", "v 1", "é", "\\"]
    {
        let fields = versioned().corrected(&json!({ "version": value })).expect_err(value);
        assert_eq!(fields[0].pointer, "/version", "{value:?}: {fields:?}");
    }
    let long = "v".repeat(101);
    assert!(versioned().corrected(&json!({ "version": long })).is_err());
}

#[test]
fn only_addresses_take_a_value_of_the_config() {
    let told = refusal("Bearer {access_token}", "Bearer {access_token}{config.prefix}");
    assert!(told.contains("auth[0].slot[0].value"), "{told}");
}

/// A rule that came after the release was taken ends nobody's work, and is no reason to refuse a correction.
#[test]
fn a_correction_is_held_against_what_it_breaks_itself() {
    for property in [json!({ "api_key": { "type": "string" } }), json!({ "name": { "pattern": "^.{1,300}$" } })] {
        let mut old = books();
        old.settings = Some(json!({ "type": "object", "properties": property }));
        assert!(!validate::findings(&old).is_empty(), "nobody could install it today");
        assert!(old.corrected(&json!({ "prefix": "/v2/" })).is_ok(), "{property}");
        // However much it costs, all of it is looked at.
        let mut broken = old.clone();
        broken.hosts[0].paths = Vec::new();
        let all = validate::findings_of_known(&broken);
        assert!(all.iter().any(|finding| finding.message == "no path may be reached"), "{all:#?}");
    }
}
