//! The requests of an OAuth login: where they go, and what stands in them.

use super::{address, facts, names, plain_fields};
use crate::manifest::{
    Auth, AuthKind, TokenRequest, placeholders,
    problem::{Findings, Path},
};

/// What the host writes itself.
const RESERVED: &[&str] = &[
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "response_type",
    "scope",
    "state",
];

pub(super) fn check(auth: &Auth, subdomains: &[address::Subdomain<'_>], path: &Path, findings: &mut Findings) {
    let requests = [("authorize", &auth.authorize), ("token", &auth.token), ("refresh", &auth.refresh)];
    match auth.kind {
        AuthKind::Fields => {
            for (key, asked) in requests {
                if asked.is_some() {
                    let remedy = format!("leave {key} out, or write kind = \"oauth2\"");
                    findings.add(path.key(key), "a login by fields asks nobody for a token", remedy);
                }
            }
            if !auth.scopes.is_empty() {
                let message = "a login by fields asks for no scopes";
                findings.add(
                    path.entry("scope", 0),
                    message,
                    "leave [[auth.scope]] out, and say in the guide what the key needs",
                );
            }
        }
        AuthKind::Oauth2 => {
            for (key, asked) in requests {
                match asked {
                    Some(asked) => request(auth, key, asked, subdomains, &path.key(key), findings),
                    None if key != "refresh" => findings.add(
                        path.key(key),
                        format!("an OAuth login needs the {key} address"),
                        format!("write [auth.{key}] with url = \"https://…\""),
                    ),
                    None => {}
                }
            }
            scopes(auth, path, findings);
        }
        AuthKind::Oauth2ClientCredentials | AuthKind::Session => {}
    }
    if let Some(issuer) = &auth.issuer
        && !address::url(issuer, &[]).is_ok_and(|used| used.is_empty())
    {
        findings.add(
            path.key("issuer"),
            format!("{issuer:?} is not an issuer"),
            "write the https address that the provider sends as iss",
        );
    }
    if auth.grace_seconds > 0 && !auth.rotation {
        findings.add(
            path.key("grace-seconds"),
            "it means nothing without rotation",
            "write rotation = true, or leave it out",
        );
    }
}

fn scopes(auth: &Auth, path: &Path, findings: &mut Findings) {
    for (place, scope) in auth.scopes.iter().enumerate() {
        let at = path.entry("scope", place);
        if scope.name.is_empty() || !scope.name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            let remedy = "write one [[auth.scope]] for each, in the provider's own word";
            findings.add(at.key("name"), format!("{:?} is not one scope", scope.name), remedy);
        }
        names::said(&scope.reason, 400, at.key("reason"), findings);
    }
    let all =
        auth.scopes.iter().enumerate().map(|(i, scope)| (scope.name.as_str(), path.entry("scope", i).key("name")));
    names::unique(all, findings);
}

fn request(
    auth: &Auth,
    key: &str,
    asked: &TokenRequest,
    subdomains: &[address::Subdomain<'_>],
    path: &Path,
    findings: &mut Findings,
) {
    let known = known_at(auth, key);
    match address::url(&asked.url, subdomains) {
        Ok(used) => {
            for name in used {
                if !known.contains(&name) {
                    findings.add(
                        path.key("url"),
                        format!("{{{name}}} is not known when this address is asked"),
                        remedy(&known),
                    );
                }
            }
        }
        Err((message, remedy)) => findings.add(path.key("url"), message, remedy),
    }
    for (name, value) in &asked.params {
        let at = path.key("params").key(name);
        let again = key == "refresh" && name == "redirect_uri" && value == "{redirect_uri}";
        if again {
            continue;
        }
        if RESERVED.contains(&name.as_str()) {
            let remedy = match name.as_str() {
                "scope" => "leave it out, and write an [[auth.scope]] with its reason",
                "redirect_uri" if key == "refresh" => "write redirect_uri = \"{redirect_uri}\", or leave it out",
                _ => "leave it out; it is sent as the standard says",
            };
            findings.add(at, format!("{name} is written by the host"), remedy);
            continue;
        }
        match placeholders(value) {
            Ok(used) => {
                for name in used {
                    // A browser shows the login page's address, so no secret may stand in it.
                    let secret = key != "authorize" && auth.fields.iter().any(|field| field.id == name);
                    if !secret && !known.contains(&name) {
                        findings.add(at.clone(), format!("{{{name}}} is not known when this is sent"), remedy(&known));
                    }
                }
            }
            Err(error) => findings.add(at, error, "write placeholders as {name}"),
        }
    }
}

/// What may stand in an address: fields that are no secret, and the facts that were learnt by then.
fn known_at<'a>(auth: &'a Auth, key: &str) -> Vec<&'a str> {
    let mut known: Vec<&str> = plain_fields(auth).collect();
    match key {
        "authorize" => {}
        "token" => {
            let early = auth.facts.iter().filter(|fact| fact.from.starts_with("callback:"));
            known.extend(early.map(|fact| fact.id.as_str()));
        }
        _ => known.extend(facts(auth)),
    }
    known
}

fn remedy(known: &[&str]) -> String {
    if known.is_empty() {
        return "leave it out, or write an [[auth.field]] or [[auth.fact]] for it".to_owned();
    }
    format!("write one of {{{}}}", known.join("}, {"))
}
