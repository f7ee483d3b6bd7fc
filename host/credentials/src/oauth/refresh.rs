//! A refresh token becomes a new access token.
//!
//! Only an explicit `invalid_grant` ends a connection. Everything else (5xx, HTML, no answer, a wrong
//! client secret) leaves it as it is: two refreshes at the same time make one real server answer with a
//! 500 page, and a mistyped client secret must not cost every customer a login.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{Clock, manifest::Auth};

use super::{
    Client, Transport, TransportError,
    answer::{self, Unusable},
    exchange,
    request::{self, Grant},
};
use crate::credential::{Credential, REFRESH_TOKEN};

/// Why there is no new token. The texts are for the operator, masked and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshError {
    /// The grant is gone. Before believing it, look whether another worker has stored a newer token.
    Dead(String),
    /// Not now; the credential stays as it is.
    Busy(Busy),
}

/// A refresh to be tried again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Why, for the operator.
    pub operator: String,
    /// The refresh token may have been used up without a readable answer. An `invalid_grant` after this
    /// does not prove that the grant was ended by somebody.
    pub may_be_spent: bool,
    /// Waiting does not mend it: client or manifest do not fit the provider.
    pub misconfigured: bool,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
}

/// A reason found before anything was sent.
impl From<String> for Busy {
    fn from(operator: String) -> Self {
        Self { operator, may_be_spent: false, misconfigured: false, retry_after: None }
    }
}

/// Refreshes a credential. `facts` are the connection's: entered fields, callback and token answer.
///
/// The caller sees to it that only one refresh of a credential runs at a time over all workers, and
/// stores the answer before it uses it.
///
/// # Errors
/// See [`RefreshError`].
pub async fn refresh(
    auth: &Auth,
    client: &Client,
    credential: &Credential,
    facts: &BTreeMap<String, String>,
    clock: &dyn Clock,
    transport: &dyn Transport,
) -> Result<Credential, RefreshError> {
    let old = credential
        .secrets
        .get(REFRESH_TOKEN)
        .ok_or_else(|| RefreshError::Dead("there is no refresh token".to_owned()))?;
    let wanted = auth
        .refresh
        .as_ref()
        .or(auth.token.as_ref())
        .ok_or_else(|| misconfigured("the manifest has neither `refresh` nor `token`".to_owned()))?;
    let outgoing = request::build(wanted, client, &Grant::Refresh { token: old }, facts)
        .map_err(|why| misconfigured(format!("refresh: {why}")))?;
    let mut masks = outgoing.masks;
    let response = transport.send(outgoing.request).await.map_err(|error| {
        let may_be_spent = matches!(error, TransportError::Unknown(_));
        busy(masks.quote(&error.to_string()), may_be_spent, None)
    })?;
    let now = clock.now();
    let answer = answer::read(response, &mut masks).map_err(|unusable| match unusable {
        Unusable::Refused { error, text } if error == "invalid_grant" => RefreshError::Dead(text),
        Unusable::Refused { text, .. } => misconfigured(text),
        Unusable::Trouble { text, retry_after, throttled } => busy(text, !throttled, retry_after),
        Unusable::Unreadable { text, accepted } => busy(text, accepted, None),
    })?;

    let rotated = answer.refresh_token.is_some();
    let mut fresh = exchange::credential(auth, answer, now);
    if !rotated {
        // RFC 6749, section 6: no new refresh token means that the old one stays.
        fresh.secrets.insert(REFRESH_TOKEN.to_owned(), old.clone());
        fresh.refresh_ends = exchange::idle(auth).map(|life| now.plus(life)).or(credential.refresh_ends);
    }
    // Section 5.1: no scope means that it is what it was.
    fresh.scopes = fresh.scopes.or_else(|| credential.scopes.clone());
    Ok(fresh)
}

fn misconfigured(operator: String) -> RefreshError {
    RefreshError::Busy(Busy { operator, may_be_spent: false, misconfigured: true, retry_after: None })
}

fn busy(operator: String, may_be_spent: bool, retry_after: Option<Duration>) -> RefreshError {
    RefreshError::Busy(Busy { operator, may_be_spent, misconfigured: false, retry_after })
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Secret, Timestamp};

    use super::*;
    use crate::{
        credential::ACCESS_TOKEN,
        oauth::{
            canary,
            script::{NOW, Script, books, client, clock, firm},
        },
    };

    fn old() -> Credential {
        let secrets = [(ACCESS_TOKEN, "canary-old-a"), (REFRESH_TOKEN, "canary-old-r")]
            .map(|(name, text)| (name.to_owned(), Secret::new(text)));
        Credential {
            scopes: Some(vec!["user:profile".to_owned()]),
            refresh_ends: Some(NOW.plus(Duration::from_secs(5))),
            ..Credential::entered("oauth", secrets.into(), Timestamp::from_millis(0))
        }
    }

    async fn refreshed(auth: &Auth, script: &Script) -> Result<Credential, RefreshError> {
        let result = refresh(auth, &client(), &old(), &firm(), &clock(), script).await;
        canary::absent(&result);
        result
    }

    #[tokio::test]
    async fn a_rotated_refresh_token_takes_the_place_of_the_old_one() {
        let script =
            Script::answering(200, r#"{"access_token":"canary-a2","refresh_token":"canary-r2","expires_in":"60"}"#);
        let fresh = refreshed(&books(), &script).await.expect("fresh");
        assert_eq!(fresh.secrets[ACCESS_TOKEN].expose(), "canary-a2");
        assert_eq!(fresh.secrets[REFRESH_TOKEN].expose(), "canary-r2");
        assert_eq!(fresh.expires_at, Some(NOW.plus(Duration::from_secs(60))));
        let body = String::from_utf8(script.request().into_body()).expect("text");
        assert!(body.starts_with("grant_type=refresh_token&refresh_token=canary-old-r&"), "{body}");
    }

    #[tokio::test]
    async fn no_new_refresh_token_keeps_the_old_one_and_no_scope_keeps_the_scopes() {
        for body in [
            r#"{"access_token":"canary-a2"}"#,
            r#"{"access_token":"canary-a2","refresh_token":null}"#,
            r#"{"access_token":"canary-a2","refresh_token":""}"#,
        ] {
            let fresh = refreshed(&books(), &Script::answering(200, body)).await.expect("fresh");
            assert_eq!(fresh.secrets[REFRESH_TOKEN].expose(), "canary-old-r", "{body}");
            assert_eq!(fresh.scopes, old().scopes);
            assert_eq!(fresh.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))), "its use counts");
        }
        let mut auth = books();
        auth.idle_days = None;
        let fresh = refreshed(&auth, &Script::answering(200, r#"{"access_token":"canary-a2"}"#)).await.expect("fresh");
        assert_eq!(fresh.refresh_ends, old().refresh_ends);
    }

    #[tokio::test]
    async fn the_token_request_serves_where_no_refresh_request_is_declared() {
        let mut auth = books();
        auth.refresh = None;
        let script = Script::answering(200, r#"{"access_token":"canary-a2"}"#);
        refreshed(&auth, &script).await.expect("fresh");
        assert_eq!(script.request().uri().path(), "/f/13827/oauth/token");
    }

    #[tokio::test]
    async fn only_an_explicit_invalid_grant_is_the_end() {
        for (status, body) in [
            (400, r#"{"error":"invalid_grant","error_description":"canary-old-r was revoked"}"#),
            (401, r#"{"error":"invalid_grant"}"#),
            (200, r#"{"error":"invalid_grant"}"#),
        ] {
            let error = refreshed(&books(), &Script::answering(status, body)).await.expect_err("refused");
            assert!(matches!(error, RefreshError::Dead(_)), "{status} {body}: {error:?}");
        }
        let mut without = old();
        without.secrets.remove(REFRESH_TOKEN);
        let script = Script::answering(200, "{}");
        let error = refresh(&books(), &client(), &without, &firm(), &clock(), &script).await;
        assert!(matches!(error, Err(RefreshError::Dead(_))));
        assert_eq!(script.requests(), 0);
    }

    #[tokio::test]
    async fn everything_else_leaves_the_credential_and_says_whether_it_may_be_spent() {
        for (status, body, may_be_spent, misconfigured) in [
            (401, r#"{"error":"invalid_client","error_description":"canary client/secret+1"}"#, false, true),
            (400, r#"{"error":"unauthorized_client"}"#, false, true),
            (400, r#"{"error":"invalid_request"}"#, false, true),
            (500, "<html>database is locked", true, false),
            (500, r#"{"error":"invalid_grant"}"#, true, false),
            (503, "", true, false),
            (200, "<html>maintenance", true, false),
            (200, "", true, false),
            (200, r#"{"access_token":"canary-a2","refr"#, true, false),
            (200, r#"{"access_token":"canary-a2","token_type":"mac"}"#, true, false),
            (401, "", false, false),
            (404, "<html>", false, false),
            (429, r#"{"error":"invalid_grant"}"#, false, false),
            (302, "", false, false),
        ] {
            let error = refreshed(&books(), &Script::answering(status, body)).await.expect_err("refused");
            let RefreshError::Busy(busy) = error else { panic!("{status} {body}: {error:?}") };
            assert_eq!((busy.may_be_spent, busy.misconfigured), (may_be_spent, misconfigured), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn a_lost_answer_may_have_spent_the_token_and_an_unsent_request_has_not() {
        for (error, expected) in [
            (TransportError::NotSent("no address for canary-old-r".to_owned()), false),
            (TransportError::Unknown("15 s over, sent canary-old-r".to_owned()), true),
        ] {
            let error = refreshed(&books(), &Script::failing(error)).await.expect_err("refused");
            assert!(matches!(error, RefreshError::Busy(Busy { may_be_spent, .. }) if may_be_spent == expected));
        }
    }

    #[tokio::test]
    async fn a_wait_that_the_provider_asks_for_is_handed_on() {
        let error = refreshed(&books(), &Script::throttling(429, "120")).await.expect_err("refused");
        assert!(matches!(error, RefreshError::Busy(Busy { retry_after: Some(wait), .. }) if wait.as_secs() == 120));
    }
}
