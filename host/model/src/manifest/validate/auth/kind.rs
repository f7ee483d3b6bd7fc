//! Which requests and keys each kind of login has.

use super::names;
use crate::manifest::{
    Auth, AuthKind, RevokeEnds,
    problem::{Findings, Path},
};

/// The kind as a sentence begins with it.
fn said(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::Fields => "a login by fields",
        AuthKind::Oauth2 => "an OAuth login",
        AuthKind::Oauth2ClientCredentials => "a login with client credentials",
        AuthKind::Session => "a session",
    }
}

/// Whether a login of this kind may have the request of this name.
pub(super) fn may_ask(kind: AuthKind, key: &str) -> bool {
    match kind {
        AuthKind::Fields => false,
        AuthKind::Oauth2 => key != "login",
        AuthKind::Oauth2ClientCredentials => ["token", "revoke"].contains(&key),
        AuthKind::Session => ["login", "revoke"].contains(&key),
    }
}

fn must_ask(kind: AuthKind) -> &'static [&'static str] {
    match kind {
        AuthKind::Fields => &[],
        AuthKind::Oauth2 => &["authorize", "token"],
        AuthKind::Oauth2ClientCredentials => &["token"],
        AuthKind::Session => &["login"],
    }
}

pub(super) fn check(auth: &Auth, path: &Path, findings: &mut Findings) {
    let kind = said(auth.kind);
    for (key, asked) in auth.requests() {
        if asked.is_some() && !may_ask(auth.kind, key) {
            let message = match (auth.kind, key) {
                (AuthKind::Fields, _) => "a login by fields asks nobody for a token".to_owned(),
                (AuthKind::Oauth2ClientCredentials, "refresh") => {
                    "a login with client credentials gets its next token like its first".to_owned()
                }
                (AuthKind::Session, "refresh") => "a session is opened again, not refreshed".to_owned(),
                _ => format!("{kind} has no {key} request"),
            };
            findings.add(path.key(key), message, format!("leave [auth.{key}] out, or write {}", other_kind(key)));
        } else if asked.is_none() && must_ask(auth.kind).contains(&key) {
            let remedy = format!("write [auth.{key}] with url = \"https://…\"");
            findings.add(path.key(key), format!("{kind} needs the {key} address"), remedy);
        }
    }
    keys(auth, path, findings);
    scopes(auth, path, findings);
}

fn other_kind(key: &str) -> &'static str {
    match key {
        "login" => "kind = \"session\"",
        "token" => "kind = \"oauth2\" or \"oauth2-client-credentials\"",
        "revoke" => "another kind",
        _ => "kind = \"oauth2\"",
    }
}

/// Keys that mean nothing in this kind.
fn keys(auth: &Auth, path: &Path, findings: &mut Findings) {
    let (fields, oauth2) = (auth.kind == AuthKind::Fields, auth.kind == AuthKind::Oauth2);
    for (key, written, means_something) in [
        ("answer", auth.answer != Default::default(), !fields),
        ("life-seconds", auth.life_seconds.is_some(), !fields),
        ("renew-days-ahead", auth.renew_days_ahead.is_some(), !fields),
        ("scope-separator", auth.scope_separator.is_some(), auth.kind.has_client()),
        ("pkce", !auth.pkce, oauth2),
        ("issuer", auth.issuer.is_some(), oauth2),
        ("rotation", auth.rotation, oauth2),
        ("idle-days", auth.idle_days.is_some(), oauth2),
        ("dead", !auth.dead.is_empty(), !fields),
        ("throttled", !auth.throttled.is_empty(), !fields),
        ("misconfigured", !auth.misconfigured.is_empty(), auth.kind.has_client()),
    ] {
        if written && !means_something {
            let list = ["dead", "throttled", "misconfigured"].contains(&key);
            let at = if list { path.entry(key, 0) } else { path.key(key) };
            findings.add(at, format!("{key} means nothing in {}", said(auth.kind)), format!("leave {key} out"));
        }
    }
    if auth.revoke_ends == RevokeEnds::Grant && auth.revoke.is_none() {
        findings.add(
            path.key("revoke-ends"),
            "it says what a revocation ends, and nothing is revoked",
            "write [auth.revoke] with url = \"https://…\", or leave it out",
        );
    }
}

fn scopes(auth: &Auth, path: &Path, findings: &mut Findings) {
    if !auth.scopes.is_empty() && !auth.kind.has_client() {
        findings.add(
            path.entry("scope", 0),
            format!("{} asks for no scopes", said(auth.kind)),
            "leave [[auth.scope]] out, and say in the guide what the key needs",
        );
        return;
    }
    let separator = auth.scope_separator.as_deref();
    if let Some(text) = separator
        && ![" ", ",", "+", ";", "|"].contains(&text)
    {
        let message = format!("{text:?} stands between no provider's scopes");
        findings.add(path.key("scope-separator"), message, "write one of \" \" \",\" \"+\" \";\" \"|\"");
    }
    for (place, scope) in auth.scopes.iter().enumerate() {
        let at = path.entry("scope", place);
        let splits = separator.is_some_and(|text| !text.is_empty() && scope.name.contains(text));
        let word = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if scope.name.is_empty() || splits || !scope.name.bytes().all(word) {
            let remedy = "write one [[auth.scope]] for each, in the provider's own word";
            findings.add(at.key("name"), format!("{:?} is not one scope", scope.name), remedy);
        }
        names::said(&scope.reason, 400, at.key("reason"), findings);
    }
    let all =
        auth.scopes.iter().enumerate().map(|(i, scope)| (scope.name.as_str(), path.entry("scope", i).key("name")));
    names::unique(all, findings);
}
