//! `/api/MANNER/…`: whose the credential is, judged by the manner that the path names and no other.

use serde_json::json;

use super::{
    Logins, Place, echo,
    grants::{Grant, TokenKind},
    secrets::ACCOUNTS,
    session, token,
};
use crate::{
    exchange::{Answer, Incoming},
    lock,
};

/// Whose credential it is, and its name in the journal.
type Whose = (String, Option<String>);

/// Answers a call of the API.
pub(super) fn answer(
    logins: &Logins,
    request: &Incoming,
    place: &Place,
    manner: &str,
    what: &str,
) -> Result<Answer, Answer> {
    let (account, name) = whose(logins, request, place, manner).ok_or_else(dead)?;
    let answer = match what {
        "me" => Answer::json(200, &echo::me(request, &account)),
        "records" => {
            let texts = ["signed in as admin", "nothing to see", "the password is never here"];
            let records = texts.iter().zip(1..).map(|(text, id)| json!({ "id": id, "owner": account, "text": text }));
            Answer::json(200, &records.collect())
        }
        _ => return Err(super::problem(404, "not_found", "the fake knows `me` and `records`")),
    };
    Ok(echo::headers(answer, request).to(name))
}

fn dead() -> Answer {
    let challenge = "Bearer realm=\"logins\", error=\"invalid_token\"";
    Answer::json(401, &json!({ "error": "invalid_token" })).with("www-authenticate", challenge)
}

fn whose(logins: &Logins, request: &Incoming, place: &Place, manner: &str) -> Option<Whose> {
    let bearer = || request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let by_key =
        |key: Option<&str>| ACCOUNTS.into_iter().find(|account| key == Some(&logins.credentials(account).api_key));
    let known = |account: &str| (account.to_owned(), None);
    match manner {
        "bearer" => open(logins, bearer()?, TokenKind::Access, place),
        "signed" => {
            let value = bearer()?;
            let proof = request.header("x-proof").or_else(|| request.param("proof"))?;
            open(logins, value, TokenKind::Access, place).filter(|_| proof == logins.proof(value))
        }
        "session" => open(logins, request.header("x-session")?, TokenKind::Session, place),
        "key-header" => by_key(request.header("x-api-key")).map(known),
        "key-query" => by_key(request.param("api_key")).map(known),
        "pair" => {
            let account = by_key(request.header("x-api-key"))?;
            let both = request.header("x-api-secret") == Some(&logins.credentials(account).api_secret);
            both.then(|| known(account))
        }
        "basic" => {
            let (user, password) = token::basic(request, false)?;
            session::account(logins, None, Some(&user), Some(&password)).map(known)
        }
        _ => None,
    }
}

/// A token of a region is good at the hosts of that region, one without at all others.
fn open(logins: &Logins, value: &str, kind: TokenKind, place: &Place) -> Option<Whose> {
    let (name, Grant { account, region, .. }) = lock(&logins.grants).open_door(value, kind, logins.clock.now())?;
    let here = match place {
        Place::Region(region) => Some(region.clone()),
        Place::Main | Place::Customer | Place::Evil => None,
    };
    (here == region).then_some((account, Some(name)))
}
