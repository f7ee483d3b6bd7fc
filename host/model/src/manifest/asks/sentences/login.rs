//! What is asked at a login, in the words of the review step.

use super::{super::client, listed};
use crate::manifest::{Auth, AuthKind, Fact, FieldKind, Renewal, RevokeEnds, SignedInto, Slot, placeholders};

pub(super) fn sentences(auth: &Auth, sentences: &mut Vec<String>) {
    requests(auth, sentences);
    regions(auth, sentences);
    hosts(auth, sentences);
    for (name, pointer) in &auth.answer.more {
        sentences
            .push(format!("Keeps a further token of the login, {name} from {pointer}, kept secret ({})", auth.label));
    }
    for slot in &auth.slots {
        put(auth, slot, sentences);
    }
    for scope in &auth.scopes {
        sentences.push(format!("Asks the provider to allow {}: {}", scope.name, scope.reason));
    }
    for field in &auth.fields {
        let secret = if field.kind == FieldKind::Secret { ", kept secret" } else { "" };
        sentences.push(format!("Asks the person for {}{secret} ({})", field.label, auth.label));
    }
    for fact in &auth.facts {
        sentences.push(told(auth, fact));
    }
}

/// A fact is kept in plain text, and the connector learns it.
fn told(auth: &Auth, fact: &Fact) -> String {
    let (source, name) = fact.from.split_once(':').unwrap_or((&fact.from, ""));
    let source = match source {
        "callback" => "the callback",
        "answer" => "the token answer",
        "id_token" => "the id token",
        "access_token" => "the claims of the access token",
        other => other,
    };
    format!("Is told {} of the login: {name} from {source}, as {} ({})", fact.id, fact.pattern, auth.label)
}

/// Every host that gets something of the login, whichever request it is.
fn hosts(auth: &Auth, sentences: &mut Vec<String>) {
    let regions = || auth.regions.iter().map(|region| &region.values);
    let all = auth.login_hosts().into_iter().flat_map(|origin| client::hosts(&origin, regions()));
    let named: Vec<String> = all.map(|host| in_words(auth, &host)).collect();
    if !named.is_empty() {
        let hosts = listed(named.iter().map(String::as_str));
        sentences.push(format!("Sends what is entered, codes and tokens of the login to {hosts} ({})", auth.label));
    }
}

/// A host, and what the person enters of it.
fn in_words(auth: &Auth, host: &str) -> String {
    let label =
        |id: &str| auth.fields.iter().find(|field| field.id == id).map_or(id.to_owned(), |field| field.label.clone());
    match host.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((field, "")) => format!("the address of the customer's own that is entered as {}", label(field)),
        Some((field, _)) => format!("{host} with what is entered as {}", label(field)),
        None => host.to_owned(),
    }
}

fn requests(auth: &Auth, sentences: &mut Vec<String>) {
    let label = &auth.label;
    if let Some(authorize) = &auth.authorize {
        sentences.push(format!("Sends the person to {} to log in ({label})", authorize.url));
        let more: Vec<String> = authorize.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !more.is_empty() {
            sentences.push(format!("Tells the login page {} ({label})", more.join(", ")));
        }
    }
    if let Some(token) = &auth.token {
        sentences.push(match auth.kind {
            AuthKind::Oauth2ClientCredentials if auth.fields.iter().any(|field| field.id == "client_secret") => {
                format!("Sends the client id and secret that the person enters to {} for tokens ({label})", token.url)
            }
            AuthKind::Oauth2ClientCredentials => {
                format!("Logs in as the operator's own client at {}, without a person ({label})", token.url)
            }
            AuthKind::Oauth2 | AuthKind::Fields | AuthKind::Session => format!("Gets tokens from {}", token.url),
        });
    }
    if let Some(login) = &auth.login {
        sentences.push(format!("Sends what the person enters to {} to open a session ({label})", login.url));
    }
    if let Some(exchange) = &auth.exchange {
        sentences.push(format!("Exchanges the tokens right after the login at {} ({label})", exchange.url));
    }
    match &auth.refresh {
        Some(refresh) if auth.renewal(true) == Renewal::AccessToken => {
            sentences.push(format!("Renews tokens at {}, with the token that still works", refresh.url));
        }
        Some(refresh) if auth.refresh != auth.token => sentences.push(format!("Renews tokens at {}", refresh.url)),
        _ => {}
    }
    if let Some(revoke) = &auth.revoke {
        let ends = match auth.revoke_ends {
            RevokeEnds::Token => "",
            RevokeEnds::Grant => ", which ends all that the person ever granted to this client",
        };
        sentences.push(format!("Gives tokens back at {} when a connection is deleted{ends} ({label})", revoke.url));
    }
    if auth.authorize.is_some() && !auth.pkce {
        sentences.push(format!("Logs in without PKCE, which the provider rejects ({label})"));
    }
}

fn regions(auth: &Auth, sentences: &mut Vec<String>) {
    let Some(by) = &auth.region_by else { return };
    let chosen = match by.from.split_once(':') {
        Some(("field", _)) => "what the person chooses",
        Some(("callback", _)) => "what the login page says",
        _ => "what the answer of the login says",
    };
    let places: Vec<String> = auth
        .regions
        .iter()
        .map(|region| format!("{} ({})", region.id, listed(region.values.values().map(String::as_str))))
        .collect();
    sentences.push(format!("Uses one of these places, by {chosen}: {} ({})", places.join("; "), auth.label));
}

/// What is worth a sentence: signatures, credentials that go together, and tokens that are not the usual.
fn put(auth: &Auth, slot: &Slot, sentences: &mut Vec<String>) {
    let label = &auth.label;
    if let Some(signature) = &slot.signature {
        let into = match signature.into {
            SignedInto::Header => "header",
            SignedInto::Query => "parameter",
        };
        let named = slot.name.as_deref().unwrap_or_default();
        let key = secrets(&signature.key);
        sentences.push(format!("Signs requests with {key}, in the {into} {named} (slot {}, {label})", slot.id));
    }
    if !slot.with.is_empty() {
        let others = slot.with.join(", ");
        sentences.push(format!("Sends the credential {others} whenever it sends {} ({label})", slot.id));
    }
}

fn secrets(template: &str) -> String {
    let names = placeholders(template).unwrap_or_default();
    listed(names.into_iter().map(|name| if name == "client_secret" { "the client's secret" } else { name }))
}
