//! Logins without a browser: client credentials (RFC 6749, section 4.4), and sessions of a provider's own.
//!
//! The credential holds what was entered beside the token, because a token that has ended is had again
//! with it. A wrong password is the person's to mend, so it is told apart from a wrong client of the
//! operator's.

use std::collections::BTreeMap;

use http::StatusCode;
use patchbay_model::{
    Clock, Secret, Timestamp,
    manifest::{Auth, AuthKind},
};

use super::{
    Client, RefreshError, TokenError, Tokens, Transport,
    answer::{Answer, Unusable},
    call::{Failed, call},
    exchange,
    facts::Answers,
    grant::{self, Ask, Grant},
    quote::Masks,
    refresh,
};
use crate::credential::{ACCESS_TOKEN, Credential, REFRESH_TOKEN};

/// Opens a login of kind `session` or `oauth2-client-credentials`. `secrets` and `facts` are what was
/// entered; `client` is the operator's, for a login that has one.
///
/// Safe to repeat: nothing of what is sent is spent by it.
///
/// # Errors
/// See [`TokenError`]; `Refused` is a wrong password or key.
pub async fn open(
    auth: &Auth,
    client: Option<&Client>,
    facts: &BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    clock: &dyn Clock,
    transport: &dyn Transport,
) -> Result<Tokens, TokenError> {
    let unfit = |why: &str| Err(TokenError::Misconfigured(why.to_owned()));
    if !matches!(auth.kind, AuthKind::Session | AuthKind::Oauth2ClientCredentials) {
        return unfit("this login is not opened by a request");
    }
    let given = |name: &str| name == ACCESS_TOKEN || name == REFRESH_TOKEN || auth.answer.more.contains_key(name);
    if secrets.keys().any(|name| given(name)) {
        return unfit("a field is called like a token of the answer");
    }
    let mut masks = Masks::default();
    let ask = Ask { auth, client, held: &secrets, facts };
    let wanted = ("login", auth.renewal_request());
    let asked = clock.now();
    let answer = call(&ask, wanted, &grant(auth), &mut masks, transport).await.map_err(|why| refused(auth, why))?;
    let identity = ask.identity().ok().flatten();
    let answers = Answers {
        documents: vec![&answer.body.0],
        access_token: &answer.access_token,
        client: identity.map(|identity| identity.id),
    };
    let facts = exchange::told(auth, &answers, &masks)?;
    Ok(Tokens { credential: joined(auth, &secrets, &answer, asked), facts })
}

/// What such a login asks for.
pub(super) fn grant(auth: &Auth) -> Grant<'static> {
    if auth.kind == AuthKind::Session { Grant::Own } else { Grant::Client }
}

/// What was entered, and the tokens of an answer. A refresh token is not kept: the login is asked again
/// (RFC 6749, section 4.4.3).
pub(super) fn joined(auth: &Auth, held: &BTreeMap<String, Secret>, answer: &Answer, asked: Timestamp) -> Credential {
    let mut credential = exchange::credential(auth, answer, asked);
    credential.secrets.remove(REFRESH_TOKEN);
    credential.refresh_ends = None;
    for (name, secret) in held {
        credential.secrets.entry(name.clone()).or_insert_with(|| secret.clone());
    }
    credential
}

/// Whether what was sent is a person's own, and so theirs to mend.
fn is_entered(auth: &Auth) -> bool {
    auth.kind == AuthKind::Session || grant::enters_client(auth)
}

fn is_denial(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn refused(auth: &Auth, failed: Failed) -> TokenError {
    let entered = is_entered(auth);
    match failed {
        Failed::Unfit(text) | Failed::Unusable(Unusable::Misconfigured(text)) => TokenError::Misconfigured(text),
        Failed::Silent { text, .. } | Failed::Unusable(Unusable::Trouble { text, .. }) => TokenError::Unavailable(text),
        Failed::Unusable(Unusable::Dead(text)) => TokenError::Refused(text),
        Failed::Unusable(Unusable::Refused { error, text, status }) => {
            let wrong_client = error == "invalid_client" || is_denial(status);
            match (entered, wrong_client) {
                (true, true) => TokenError::Refused(text),
                (false, true) => TokenError::Misconfigured(text),
                (_, false) if exchange::is_misconfigured(&error) => TokenError::Misconfigured(text),
                (_, false) => TokenError::Refused(text),
            }
        }
        Failed::Unusable(Unusable::Unreadable { text, status, .. }) if is_denial(status) => {
            if entered {
                TokenError::Refused(text)
            } else {
                TokenError::Misconfigured(text)
            }
        }
        Failed::Unusable(Unusable::Unreadable { text, .. }) => TokenError::Unreadable(text),
    }
}

/// The same for a login that worked before. A page for people says nothing about a password: it is a
/// gateway's, or the provider's on a bad day.
pub(super) fn refused_again(auth: &Auth, failed: Failed) -> RefreshError {
    let retry_after = match &failed {
        Failed::Unusable(Unusable::Trouble { retry_after, .. }) => *retry_after,
        _ => None,
    };
    if let Failed::Unusable(Unusable::Unreadable { text, page: true, .. }) = failed {
        return refresh::busy(text, false, None);
    }
    match refused(auth, failed) {
        TokenError::Refused(text) | TokenError::CodeRefused(text) => RefreshError::Dead(text),
        TokenError::Misconfigured(text) => refresh::misconfigured(text),
        TokenError::Unavailable(text) | TokenError::Unreadable(text) | TokenError::RegionUnknown(text) => {
            refresh::busy(text, false, retry_after)
        }
        TokenError::FactMissing { why, .. } => refresh::busy(why, false, retry_after),
    }
}

#[cfg(test)]
mod tests;
