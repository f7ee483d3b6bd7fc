//! A code becomes tokens.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{Clock, Code, Fault, Secret, Timestamp, manifest::Auth};

use super::{
    Client, Transport,
    answer::{self, Answer, Unusable},
    facts,
    request::{self, Grant},
};
use crate::credential::{ACCESS_TOKEN, Credential, REFRESH_TOKEN};

/// What an exchange gives.
#[derive(Debug)]
pub struct Tokens {
    /// To be sealed and stored before its first use.
    pub credential: Credential,
    /// The manifest's facts of kind `answer:/ptr`; those of the callback are not repeated.
    pub facts: BTreeMap<String, String>,
}

/// Why a code became no tokens. The texts are for the operator, masked and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// The provider refused the code.
    Refused(String),
    /// Client or manifest do not fit the provider; the operator has to act.
    Misconfigured(String),
    /// There was no answer, or the provider has trouble.
    Unavailable(String),
    /// The answer cannot be used.
    Unreadable(String),
    /// The answer lacks a fact, or it does not match.
    FactMissing {
        /// Which fact.
        fact: String,
        /// What is wrong with it.
        why: String,
    },
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(text) => Self::new(Code::TokenAnswerInvalid).operator(text),
            TokenError::Misconfigured(text) => {
                Self::because(Code::TokenAnswerInvalid, "The operator's OAuth client does not fit the provider")
                    .operator(text)
            }
            TokenError::Unavailable(text) => {
                Self::because(Code::CredentialBusy, "The provider's login did not answer").operator(text)
            }
            TokenError::Unreadable(text) => Self::new(Code::TokenAnswerInvalid).operator(text),
            TokenError::FactMissing { fact, why } => {
                Self::because(Code::TokenAnswerInvalid, format!("The provider did not say `{fact}`"))
                    .operator(format_args!("fact `{fact}`: {why}"))
            }
        }
    }
}

/// Exchanges a code. `verifier` is the one of [`begin`](super::begin); `facts` are the entered fields
/// and the callback's facts.
///
/// Runs in a task that the host owns, never in a request's: whoever closes the tab must not stop it.
///
/// # Errors
/// See [`TokenError`]. A code is spent by the attempt: never exchange it again.
pub async fn exchange(
    auth: &Auth,
    client: &Client,
    code: &Secret,
    verifier: Option<&Secret>,
    facts: &BTreeMap<String, String>,
    clock: &dyn Clock,
    transport: &dyn Transport,
) -> Result<Tokens, TokenError> {
    let wanted =
        auth.token.as_ref().ok_or_else(|| TokenError::Misconfigured("the manifest has no `token`".to_owned()))?;
    let outgoing = request::build(wanted, client, &Grant::Code { code, verifier }, facts)
        .map_err(|why| TokenError::Misconfigured(format!("token: {why}")))?;
    let mut masks = outgoing.masks;
    let response = transport
        .send(outgoing.request)
        .await
        .map_err(|error| TokenError::Unavailable(masks.quote(&error.to_string())))?;
    let now = clock.now();
    let answer = answer::read(response, &mut masks).map_err(|unusable| match unusable {
        Unusable::Refused { error, text } if is_misconfigured(&error) => TokenError::Misconfigured(text),
        Unusable::Refused { text, .. } => TokenError::Refused(text),
        Unusable::Trouble { text, .. } => TokenError::Unavailable(text),
        Unusable::Unreadable { text, .. } => TokenError::Unreadable(text),
    })?;
    let facts = facts::from_answer(auth, &answer.body.0, &masks)
        .map_err(|missing| TokenError::FactMissing { fact: missing.id, why: missing.why.to_owned() })?;
    Ok(Tokens { credential: credential(auth, answer, now), facts })
}

/// The errors of RFC 6749, section 5.2, that neither person nor time can mend.
fn is_misconfigured(error: &str) -> bool {
    matches!(error, "invalid_client" | "unauthorized_client" | "unsupported_grant_type" | "invalid_request")
}

/// The credential of an answer that was received `now`.
pub(super) fn credential(auth: &Auth, answer: Answer, now: Timestamp) -> Credential {
    let mut secrets = BTreeMap::from([(ACCESS_TOKEN.to_owned(), answer.access_token)]);
    let refresh_ends = answer.refresh_token.map(|token| {
        secrets.insert(REFRESH_TOKEN.to_owned(), token);
        answer.refresh_expires_in.or_else(|| idle(auth)).map(|life| now.plus(life))
    });
    Credential {
        auth: auth.id.clone(),
        secrets,
        scopes: answer.scopes,
        obtained_at: now,
        expires_at: answer.expires_in.map(|life| now.plus(life)),
        refresh_ends: refresh_ends.flatten(),
    }
}

/// How long an unused refresh token lives by the manifest.
pub(super) fn idle(auth: &Auth) -> Option<Duration> {
    auth.idle_days.map(|days| Duration::from_secs(u64::from(days) * 86_400))
}

#[cfg(test)]
mod tests {
    use patchbay_model::manifest::Fact;

    use super::*;
    use crate::oauth::{
        TransportError, begin, canary,
        script::{NOW, Script, books, client, clock, firm},
    };

    async fn exchanged(auth: &Auth, script: &Script) -> Result<Tokens, TokenError> {
        let (code, verifier) = (Secret::new("canary-code-1"), Secret::new("canary-verifier".repeat(3)));
        let result = exchange(auth, &client(), &code, Some(&verifier), &firm(), &clock(), script).await;
        canary::absent(&result);
        if let Err(error) = &result {
            canary::absent(&Fault::from(error.clone()));
        }
        result
    }

    #[tokio::test]
    async fn a_code_becomes_a_credential_that_ends_when_the_provider_says() {
        let script = Script::answering(
            200,
            r#"{"access_token":"canary-a","token_type":"bearer","expires_in":7200,"refresh_token":"canary-r"}"#,
        );
        let tokens = exchanged(&books(), &script).await.expect("tokens");
        assert_eq!(tokens.credential.auth, "oauth");
        assert_eq!(tokens.credential.secrets[ACCESS_TOKEN].expose(), "canary-a");
        assert_eq!(tokens.credential.secrets[REFRESH_TOKEN].expose(), "canary-r");
        assert_eq!(tokens.credential.obtained_at, NOW);
        assert_eq!(tokens.credential.expires_at, Some(NOW.plus(Duration::from_secs(7_200))));
        assert_eq!(tokens.credential.refresh_ends, Some(NOW.plus(Duration::from_secs(60 * 86_400))));
        assert_eq!(script.request().uri(), "https://login.books.example/f/13827/oauth/token");
    }

    #[tokio::test]
    async fn the_verifier_that_is_sent_fits_the_challenge_that_was_shown() {
        let begun = begin(&books(), &client(), &BTreeMap::new(), &patchbay_model::SeededRandom::new(5)).expect("begun");
        let script = Script::answering(200, r#"{"access_token":"canary-a"}"#);
        let code = Secret::new("canary-code-1");
        let verifier = begun.verifier.as_ref();
        exchange(&books(), &client(), &code, verifier, &firm(), &clock(), &script).await.expect("tokens");
        let request = script.request();
        let sent: BTreeMap<_, _> = url::form_urlencoded::parse(request.body()).collect();
        let shown: BTreeMap<_, _> = begun.address.query_pairs().collect();
        let challenge = oauth2::PkceCodeChallenge::from_code_verifier_sha256(&oauth2::PkceCodeVerifier::new(
            sent["code_verifier"].to_string(),
        ));
        assert_eq!(challenge.as_str(), shown["code_challenge"]);
        assert_eq!(sent["redirect_uri"], shown["redirect_uri"]);
    }

    #[tokio::test]
    async fn each_failure_is_told_apart() {
        type Expected = fn(&TokenError) -> bool;
        let rows: [(Script, Expected, Code); 9] = [
            (
                Script::answering(400, r#"{"error":"invalid_grant","error_description":"canary-code-1 is spent"}"#),
                |error| matches!(error, TokenError::Refused(_)),
                Code::TokenAnswerInvalid,
            ),
            (
                Script::answering(200, r#"{"error":"bad_verification_code"}"#),
                |error| matches!(error, TokenError::Refused(_)),
                Code::TokenAnswerInvalid,
            ),
            (
                Script::answering(401, r#"{"error":"invalid_client","error_description":"canary client/secret+1"}"#),
                |error| matches!(error, TokenError::Misconfigured(_)),
                Code::TokenAnswerInvalid,
            ),
            (
                Script::answering(500, "<html>canary-code-1"),
                |error| matches!(error, TokenError::Unavailable(_)),
                Code::CredentialBusy,
            ),
            (
                Script::failing(TransportError::Unknown("body=canary-code-1".to_owned())),
                |error| matches!(error, TokenError::Unavailable(_)),
                Code::CredentialBusy,
            ),
            (
                Script::failing(TransportError::NotSent("canary+client%2Fsecret%2B1".to_owned())),
                |error| matches!(error, TokenError::Unavailable(_)),
                Code::CredentialBusy,
            ),
            (
                Script::answering(200, "<html>"),
                |error| matches!(error, TokenError::Unreadable(_)),
                Code::TokenAnswerInvalid,
            ),
            (
                Script::answering(200, r#"{"refresh_token":"canary-r"}"#),
                |error| matches!(error, TokenError::Unreadable(_)),
                Code::TokenAnswerInvalid,
            ),
            (Script::answering(302, ""), |error| matches!(error, TokenError::Unreadable(_)), Code::TokenAnswerInvalid),
        ];
        for (at, (script, expected, code)) in rows.into_iter().enumerate() {
            let error = exchanged(&books(), &script).await.expect_err("refused");
            assert!(expected(&error), "row {at}: {error:?}");
            assert_eq!(Fault::from(error).code, code, "row {at}");
        }
    }

    fn with_fact(from: &str, pattern: &str) -> Auth {
        let mut auth = books();
        let (id, from, pattern) = ("org".to_owned(), from.to_owned(), pattern.to_owned());
        auth.facts.push(Fact { id, from, pattern, optional: false });
        auth
    }

    const WITH_ORG: &str = r#"{"access_token":"canary-a","org":{"id":42,"name":"A","self":"canary-a!","e":"canary-code-1"},
        "id_token":"canary-id"}"#;

    #[tokio::test]
    async fn facts_of_the_answer_are_taken_by_pointer_and_pattern() {
        for (from, pattern, value) in [("answer:/org/id", "[0-9]+", "42"), ("answer:/org/name", ".+", "A")] {
            let tokens = exchanged(&with_fact(from, pattern), &Script::answering(200, WITH_ORG)).await.expect("tokens");
            assert_eq!(tokens.facts, BTreeMap::from([("org".to_owned(), value.to_owned())]));
        }
    }

    #[tokio::test]
    async fn a_fact_that_is_missing_wrong_or_a_secret_ends_the_login_and_is_named() {
        for (from, pattern) in [
            ("answer:/org/missing", ".*"),
            ("answer:/org", ".*"),
            ("answer:/org/id", "[a-z]+"),
            ("answer:/org/id", "4"),
            ("answer:/org/id", "("),
            ("answer:/access_token", ".*"),
            ("answer:/id_token", ".*"),
            ("answer:/org/self", ".*"),
            ("answer:/org/e", ".*"),
            ("id_token:/sub", ".*"),
        ] {
            let error = exchanged(&with_fact(from, pattern), &Script::answering(200, WITH_ORG)).await.expect_err(from);
            assert!(matches!(&error, TokenError::FactMissing { fact, .. } if fact == "org"), "{from}: {error:?}");
            assert!(Fault::from(error).person.contains("org"));
        }
    }

    #[tokio::test]
    async fn a_manifest_that_cannot_be_followed_sends_nothing() {
        let tries: [fn(&mut Auth); 3] = [
            |auth| auth.token = None,
            |auth| auth.token.as_mut().expect("token").url = "https://x.example/{nobody}".to_owned(),
            |auth| auth.token.as_mut().expect("token").url = "http://x.example/token".to_owned(),
        ];
        for change in tries {
            let mut auth = books();
            change(&mut auth);
            let script = Script::answering(200, "{}");
            assert!(matches!(exchanged(&auth, &script).await, Err(TokenError::Misconfigured(_))));
            assert_eq!(script.requests(), 0);
        }
    }
}
