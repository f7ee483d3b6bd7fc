//! The requests of a login: where they go, and what stands in them.

use super::{
    Findings, Path, address, braced, enters_client, facts, fillers, plain_fields,
    region::{Chosen, chosen},
    region_names, secret_fields,
};
use crate::manifest::{Auth, AuthKind, ClientAuth, ExchangePlace, TokenRequest, placeholders};

/// What the host writes itself where a person logs in and where tokens are asked for.
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

/// What the host writes itself in every other request of a client.
const OF_THE_CLIENT: &[&str] = &["client_id", "client_secret"];

pub(super) fn check(auth: &Auth, key: &str, asked: &TokenRequest, path: &Path, findings: &mut Findings) {
    way(auth, key, asked, path, findings);
    address(auth, key, asked, path, findings);
    for (name, value) in &asked.params {
        param(auth, key, asked, (name, value), path.key("params").key(name), findings);
    }
    if asked.place == ExchangePlace::Json {
        one_place_each(asked, path, findings);
    }
    if key == "refresh" {
        renewal(asked, path, findings);
    }
}

/// In a JSON body no parameter stands in the place of another, or within it.
fn one_place_each(asked: &TokenRequest, path: &Path, findings: &mut Findings) {
    let mut taken: Vec<(&str, String)> = Vec::new();
    for name in asked.params.keys() {
        let pointer = if name.starts_with('/') {
            name.clone()
        } else {
            format!("/{}", name.replace('~', "~0").replace('/', "~1"))
        };
        let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        let clash = |other: &str| other == pointer || within(other, &pointer) || within(&pointer, other);
        if let Some((other, _)) = taken.iter().find(|(_, other)| clash(other)) {
            let message = format!("it stands in the same place as {other:?}");
            findings.add(path.key("params").key(name), message, "give each parameter a place of its own");
        }
        taken.push((name, pointer));
    }
}

/// Method, place, and how the client proves itself.
fn way(auth: &Auth, key: &str, asked: &TokenRequest, path: &Path, findings: &mut Findings) {
    let methods = ["GET", "POST", "PUT", "DELETE"];
    if !methods.contains(&asked.method.as_str()) {
        let remedy = if methods.contains(&&*asked.method.to_ascii_uppercase()) {
            format!("write {:?}", asked.method.to_ascii_uppercase())
        } else {
            format!("write one of {}", methods.join(", "))
        };
        findings.add(path.key("method"), format!("{:?} is no method of a login", asked.method), remedy);
    } else if key == "authorize" && asked.method != "POST" {
        findings.add(path.key("method"), "a browser opens this address, with GET", "leave method out");
    } else if asked.method == "GET" && asked.place != ExchangePlace::Query {
        findings.add(path.key("method"), "a GET has no body", "write place = \"query\" beside it, or leave method out");
    }
    if key == "authorize" && asked.place == ExchangePlace::Json {
        findings.add(path.key("place"), "a browser opens this address, with a query", "leave place out");
    }
    match (auth.kind, asked.client_auth) {
        (AuthKind::Session, ClientAuth::Basic | ClientAuth::None) => {
            findings.add(path.key("client-auth"), "a session has no client", "leave client-auth out");
        }
        (AuthKind::Oauth2ClientCredentials, ClientAuth::None) if key == "token" => findings.add(
            path.key("client-auth"),
            "a client that proves nothing gets no token",
            "write client-auth = \"basic\", or leave it out for client_id and client_secret as parameters",
        ),
        _ => {}
    }
}

fn address(auth: &Auth, key: &str, asked: &TokenRequest, path: &Path, findings: &mut Findings) {
    let filled = match address::url(&asked.url, &fillers(std::slice::from_ref(auth))) {
        Ok(filled) => filled,
        Err((message, remedy)) => return findings.add(path.key("url"), message, remedy),
    };
    if filled.origin.is_some() && auth.kind.has_client() && !enters_client(auth) {
        let remedy = "write the provider's address, or let client_id and client_secret be entered \
                      (kind = \"oauth2-client-credentials\")";
        let message = "the operator's client would be sent wherever the person wants";
        findings.add(path.key("url"), message, remedy);
    }
    let mut known = known_at(auth, key);
    if auth.kind.has_client() {
        known.push("client_id".to_owned());
    }
    for name in filled.names {
        if known.iter().any(|one| one == name) {
            continue;
        }
        if is_secret(auth, name) {
            findings.add(
                path.key("url"),
                format!("{{{name}}} is a secret, and addresses are logged"),
                "write it in params; with place = \"query\" where the provider wants it so",
            );
        } else {
            let message = format!("{{{name}}} is not known when this address is asked");
            findings.add(path.key("url"), message, remedy(name, &known));
        }
    }
}

fn param(
    auth: &Auth,
    key: &str,
    asked: &TokenRequest,
    (name, value): (&String, &String),
    at: Path,
    findings: &mut Findings,
) {
    if name.starts_with('/') {
        if asked.place != ExchangePlace::Json || key == "authorize" {
            findings.add(at, "only a JSON body has levels", "write place = \"json\", or a name without /");
            return;
        }
        super::names::pointer(name, at.clone(), findings);
    } else if name.is_empty() || name.chars().any(char::is_control) {
        findings.add(at, "the parameter has no name", "write the provider's name of it");
        return;
    }
    if key == "refresh" && name == "redirect_uri" && value == "{redirect_uri}" {
        return;
    }
    let plain = name.strip_prefix('/').unwrap_or(name);
    if reserved(auth, key, asked).contains(&plain) {
        let remedy = match plain {
            "scope" => "leave it out, and write an [[auth.scope]] with its reason",
            "redirect_uri" if key == "refresh" => "write redirect_uri = \"{redirect_uri}\", or leave it out",
            _ => "leave it out; it is sent as the standard says",
        };
        findings.add(at, format!("{plain} is written by the host"), remedy);
        return;
    }
    let used = match placeholders(value) {
        Ok(used) => used,
        Err(error) => return findings.add(at, error, "write placeholders as {name}"),
    };
    let mut known = known_at(auth, key);
    known.extend(of_the_host(auth, key, asked).iter().map(|&name| name.to_owned()));
    if key == "revoke" {
        known.extend(auth.answer.more.keys().cloned());
    }
    if ["refresh", "exchange", "revoke"].contains(&key) {
        let signed = auth.slots.iter().filter(|slot| slot.signature.is_some());
        known.extend(signed.map(|slot| format!("slot.{}", slot.id)));
    }
    if key != "authorize" {
        known.extend(secret_fields(auth).map(|field| field.id.clone()));
    }
    for used in used {
        if known.iter().any(|one| one == used) {
            continue;
        }
        let message = match used {
            _ if key == "authorize" && is_secret(auth, used) => {
                format!("{{{used}}} is a secret, and the browser shows the login page's address")
            }
            "client_secret" if asked.client_auth == ClientAuth::None => {
                "{client_secret} is not there with client-auth = \"none\"".to_owned()
            }
            _ => format!("{{{used}}} is not known when this is sent"),
        };
        findings.add(at.clone(), message, remedy(used, &known));
    }
}

/// A refresh is by the one token or by the other.
fn renewal(asked: &TokenRequest, path: &Path, findings: &mut Findings) {
    let names = |token: &str| asked.params.values().any(|value| value.contains(token));
    if names("{access_token}") && names("{refresh_token}") {
        findings.add(
            path.key("params"),
            "it renews with the access token and with the refresh token",
            "leave {refresh_token} out: it is sent by itself where no parameter names {access_token}",
        );
    }
}

/// Parameters that the host writes in this request.
fn reserved(auth: &Auth, key: &str, asked: &TokenRequest) -> &'static [&'static str] {
    let with_access_token = asked.params.values().any(|value| value.contains("{access_token}"));
    match (auth.kind, key) {
        (AuthKind::Session, _) => &[],
        (_, "authorize" | "token") => RESERVED,
        (_, "refresh") if !with_access_token => RESERVED,
        _ => OF_THE_CLIENT,
    }
}

/// What the host knows besides fields and facts when it sends this.
fn of_the_host(auth: &Auth, key: &str, asked: &TokenRequest) -> Vec<&'static str> {
    let mut known: Vec<&'static str> = match (auth.kind, key) {
        (AuthKind::Session, "revoke") => vec!["access_token"],
        (AuthKind::Session | AuthKind::Fields, _) => return Vec::new(),
        (_, "authorize") => return vec!["client_id", "redirect_uri"],
        (AuthKind::Oauth2ClientCredentials, "token") => vec!["client_id"],
        (AuthKind::Oauth2ClientCredentials, _) => vec!["client_id", "access_token"],
        (AuthKind::Oauth2, "token") => vec!["client_id", "redirect_uri", "code"],
        (AuthKind::Oauth2, "exchange" | "revoke") => vec!["client_id", "access_token", "refresh_token"],
        (AuthKind::Oauth2, _) => vec!["client_id", "redirect_uri", "access_token", "refresh_token"],
    };
    if auth.kind.has_client() && asked.client_auth != ClientAuth::None {
        known.push("client_secret");
    }
    known
}

/// What may stand in an address: fields that are no secret, the facts that were learnt by then, and the
/// region when it is chosen by then.
fn known_at(auth: &Auth, key: &str) -> Vec<String> {
    let mut known: Vec<String> = plain_fields(auth).map(str::to_owned).collect();
    let by = match key {
        "authorize" | "login" => Chosen::Field,
        "token" => {
            let early = auth.facts.iter().filter(|fact| fact.from.starts_with("callback:"));
            known.extend(early.map(|fact| fact.id.clone()));
            Chosen::Callback
        }
        "exchange" => {
            known.extend(facts(auth).map(str::to_owned));
            Chosen::Callback
        }
        _ => {
            known.extend(facts(auth).map(str::to_owned));
            Chosen::Answer
        }
    };
    if chosen(auth).is_some_and(|chosen| chosen <= by) {
        known.extend(region_names(auth));
    }
    known.dedup();
    known
}

fn is_secret(auth: &Auth, name: &str) -> bool {
    super::SECRETS.contains(&name)
        || auth.answer.more.contains_key(name)
        || secret_fields(auth).any(|field| field.id == name)
}

fn remedy(name: &str, known: &[String]) -> String {
    if name.starts_with("region.") {
        return "write [auth.region-by] so that the region is chosen by then: by a field for the login page, by a field \
                or the callback for the tokens; or write the host itself"
            .to_owned();
    }
    if known.is_empty() {
        return "leave it out, or write an [[auth.field]] or [[auth.fact]] for it".to_owned();
    }
    format!("write one of {}", braced(known))
}
