//! The addresses that give, exchange and end tokens.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{
    Logins, Place, TokenCall,
    behaviour::{Behaviour, Proof, Revocation, ScopesAs},
    grants::{Grant, Pair, Refused},
    problem,
    secrets::{self, ACCOUNTS},
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
    login::proves,
    strict,
};

const PARAMS: [&str; 8] =
    ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token", "scope"];

/// Why nothing is given: the error, and whether a login ended.
type No = (&'static str, bool);

/// `POST /oauth/token`.
pub(super) fn answer(logins: &Logins, request: &Incoming, place: &Place) -> Result<Answer, Answer> {
    let given = parameters(request, &PARAMS)?;
    let get = |name: &str| given.get(name).map(String::as_str);
    let (rules, grant) = (logins.behaviour(), get("grant_type").unwrap_or_default().to_owned());
    let sent = get("refresh_token").map(|value| lock(&logins.grants).name(value).unwrap_or("unknown".to_owned()));
    let mut call = TokenCall::of(&grant, sent);
    let decided = client(logins, request, &given, place, &rules)
        .and_then(|client| decide(logins, &given, place, &rules, &client));
    let answer = match decided {
        Ok(pair) => {
            call.gave = Some(pair.name.clone());
            Answer::json(200, &body(&pair, &rules)).with("cache-control", "no-store").to(Some(pair.name))
        }
        Err((error, family)) => {
            (call.refused, call.family) = (Some(error.to_owned()), family);
            refusal(error, &rules)
        }
    };
    logins.note(request, call);
    Ok(answer)
}

fn decide(
    logins: &Logins,
    given: &BTreeMap<String, String>,
    place: &Place,
    rules: &Behaviour,
    client: &str,
) -> Result<Pair, No> {
    let get = |name: &str| given.get(name).map(String::as_str);
    let (now, region) = (logins.clock.now(), region(place));
    let mut grants = lock(&logins.grants);
    match get("grant_type") {
        Some("authorization_code") => {
            let consent = grants.redeem(get("code").unwrap_or_default(), now, |consent| {
                consent.grant.client == client
                    && get("redirect_uri") == Some(consent.redirect.as_str())
                    && proves(consent.challenge.as_deref(), get("code_verifier"))
                    && consent.grant.region.as_deref() == region
            });
            Ok(grants.begin(consent.ok_or(("invalid_grant", false))?.grant, rules, true, now))
        }
        Some("refresh_token") => {
            let renewed = grants.renew(get("refresh_token").unwrap_or_default(), client, rules, now);
            renewed.map_err(|Refused { family }| ("invalid_grant", family))
        }
        Some("client_credentials") => {
            let account = client.strip_prefix("machine-").unwrap_or("machine").to_owned();
            let scopes = get("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            let grant = Grant { account, client: client.to_owned(), region: region.map(str::to_owned), scopes };
            Ok(grants.begin(grant, rules, false, now))
        }
        _ => Err(("unsupported_grant_type", false)),
    }
}

/// `/oauth/exchange`: `client_id`, `client_secret` and the `access_token` that still works.
pub(super) fn exchange(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    let given = parameters(request, &["grant_type", "client_id", "client_secret", "access_token"])?;
    let (rules, access) = (logins.behaviour(), given.get("access_token").cloned().unwrap_or_default());
    let mut call = TokenCall::of("exchange", lock(&logins.grants).name(&access));
    let decided = client(logins, request, &given, &Place::Main, &rules).and_then(|client| {
        let again = lock(&logins.grants).again(&access, &client, &rules, logins.clock.now());
        again.ok_or(("invalid_grant", false))
    });
    let answer = match decided {
        Ok(pair) => {
            call.gave = Some(pair.name.clone());
            Answer::json(200, &body(&pair, &rules)).to(Some(pair.name))
        }
        Err((error, _)) => {
            call.refused = Some(error.to_owned());
            refusal(error, &rules)
        }
    };
    logins.note(request, call);
    Ok(answer)
}

/// `POST /oauth/revoke`; a token that nobody knows is no error (RFC 7009, section 2.2).
pub(super) fn revoke(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    let given = parameters(request, &["token", "token_type_hint", "client_id", "client_secret"])?;
    let (rules, token) = (logins.behaviour(), given.get("token").cloned().unwrap_or_default());
    let mut call = TokenCall::of("revoke", lock(&logins.grants).name(&token));
    let answer = match client(logins, request, &given, &Place::Main, &rules) {
        Ok(client) => {
            lock(&logins.grants).revoke(&token, &client, rules.revocation == Revocation::Account);
            Answer { status: 200, ..Answer::default() }
        }
        Err((error, _)) => {
            call.refused = Some(error.to_owned());
            refusal(error, &rules)
        }
    };
    logins.note(request, call);
    Ok(answer)
}

fn region(place: &Place) -> Option<&str> {
    match place {
        Place::Region(region) => Some(region),
        Place::Main | Place::Customer | Place::Evil => None,
    }
}

/// Parameters from the query, or from a form or JSON body; each once.
fn parameters(request: &Incoming, names: &[&str]) -> Result<BTreeMap<String, String>, Answer> {
    let wrong = |why: String| problem(400, "invalid_request", &why);
    let mut pairs = request.query.clone();
    match request.media_type().as_str() {
        "application/json" => {
            for (name, value) in strict::object(request, names).map_err(wrong)? {
                pairs.push((name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
        }
        "application/x-www-form-urlencoded" => pairs.extend(request.form()),
        _ if request.body.is_empty() => {}
        other => return Err(wrong(format!("the body must be a form or JSON, not {other:?}"))),
    }
    strict::params("parameter", &pairs, names).map_err(wrong)?;
    Ok(pairs.into_iter().collect())
}

/// The id of the client that proves itself as the table says.
fn client(
    logins: &Logins,
    request: &Incoming,
    given: &BTreeMap<String, String>,
    place: &Place,
    rules: &Behaviour,
) -> Result<String, No> {
    let wrong = ("invalid_client", false);
    let by_body =
        given.get("client_secret").map(|secret| (given.get("client_id").cloned().unwrap_or_default(), secret.clone()));
    let (id, secret) = match (basic(request, true), by_body, rules.proof) {
        (Some(basic), None, Proof::Basic | Proof::Either) => basic,
        (None, Some(body), Proof::Body | Proof::Either) => body,
        _ => return Err(wrong),
    };
    let own = secrets::client(logins.seed);
    let wanted = match region(place).filter(|_| rules.secret_by_region) {
        Some(region) if id == own.id => secrets::by_region(logins.seed).remove(region),
        _ if id == own.id => Some(own.secret),
        _ => {
            let machines = ACCOUNTS.map(|account| secrets::of(logins.seed, account).client);
            machines.into_iter().find(|machine| machine.id == id).map(|machine| machine.secret)
        }
    };
    if wanted.as_ref() == Some(&secret) { Ok(id) } else { Err(wrong) }
}

/// User and password of HTTP Basic; `encoded` as a client's have to be (RFC 6749, section 2.3.1).
pub(super) fn basic(request: &Incoming, encoded: bool) -> Option<(String, String)> {
    let text =
        String::from_utf8(STANDARD.decode(request.header("authorization")?.strip_prefix("Basic ")?).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let plain = |text: &str| match encoded {
        true => percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned(),
        false => text.to_owned(),
    };
    Some((plain(user), plain(password)))
}

fn body(pair: &Pair, rules: &Behaviour) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("access_token", json!(pair.access));
    put("token_type", json!("Bearer"));
    if rules.says_life {
        put("expires_in", json!(pair.life.as_secs()));
    }
    if let Some(refresh) = &pair.refresh {
        put("refresh_token", json!(refresh));
    }
    match rules.scopes {
        ScopesAs::Spaces => drop(put("scope", json!(pair.scopes.join(" ")))),
        ScopesAs::Commas => drop(put("scope", json!(pair.scopes.join(",")))),
        ScopesAs::Array => drop(put("scope", json!(pair.scopes))),
        ScopesAs::Nothing => {}
    }
    if rules.nested { json!({ "ok": true, "data": { "auth": body } }) } else { Value::Object(body) }
}

fn refusal(error: &str, rules: &Behaviour) -> Answer {
    let status = match (rules.errors_in_200, error) {
        (true, _) => 200,
        (false, "invalid_client") => 401,
        (false, _) => 400,
    };
    let body = json!({ "error": error, "error_description": format!("fake: {error}") });
    let answer = Answer::json(status, &body).refused(error);
    if status == 401 { answer.with("www-authenticate", "Basic realm=\"logins\"") } else { answer }
}
