//! A code becomes tokens.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{
    Clock, Code, Fault, Secret, Timestamp,
    manifest::{Auth, REGION},
};

use super::{
    Client, Transport,
    answer::{Answer, Unusable},
    call::{Failed, call},
    facts::{self, Answers},
    grant::{Ask, Grant},
    quote::Masks,
    region,
};
use crate::credential::{ACCESS_TOKEN, Credential, REFRESH_TOKEN};

/// What a login gives.
#[derive(Debug)]
pub struct Tokens {
    /// To be sealed and stored before its first use.
    pub credential: Credential,
    /// The manifest's facts of the answer and its tokens, and the region where the answer chooses it; what
    /// was known before is not repeated.
    pub facts: BTreeMap<String, String>,
}

/// Why a login gave no tokens. The texts are for the operator, masked and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// The provider refused what was entered: a wrong password or key.
    Refused(String),
    /// The provider refused the code of a callback.
    CodeRefused(String),
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
    /// The answer names a region that is not in the manifest's table.
    RegionUnknown(String),
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(text) => Self::new(Code::CredentialRefused).operator(text),
            TokenError::CodeRefused(text) => Self::new(Code::TokenAnswerInvalid).operator(text),
            TokenError::Misconfigured(text) => {
                Self::because(Code::TokenAnswerInvalid, "The operator's OAuth client does not fit the provider")
                    .operator(text)
            }
            TokenError::Unavailable(text) => {
                Self::because(Code::CredentialBusy, "The provider's login did not answer").operator(text)
            }
            TokenError::RegionUnknown(text) => Self::new(Code::RegionUnknown).operator(text),
            TokenError::Unreadable(text) => Self::new(Code::TokenAnswerInvalid).operator(text),
            TokenError::FactMissing { fact, why } => {
                Self::because(Code::TokenAnswerInvalid, format!("The provider did not say `{fact}`"))
                    .operator(format_args!("fact `{fact}`: {why}"))
            }
        }
    }
}

/// Exchanges a code, and makes the manifest's second request where it has one. `verifier` is the one of
/// [`begin`](super::begin); `facts` are the entered fields and the callback's facts.
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
    let mut masks = Masks::default();
    let ask = Ask { auth, client: Some(client), held: &BTreeMap::new(), facts };
    let grant = Grant::Code { code, verifier };
    let asked = clock.now();
    let answer = call(&ask, ("token", auth.token.as_ref()), &grant, &mut masks, transport).await.map_err(refused)?;
    let mut tokens = Tokens { credential: credential(auth, &answer, asked), facts: BTreeMap::new() };
    let mut answers =
        Answers { documents: vec![&answer.body.0], access_token: &answer.access_token, client: Some(&client.id) };
    let second = match &auth.exchange {
        Some(wanted) => {
            let mut facts = facts.clone();
            facts.extend(facts::known_early(auth, &answers, &masks));
            let ask = Ask { held: &tokens.credential.secrets, facts: &facts, ..ask };
            let asked = clock.now();
            let answer = call(&ask, ("exchange", Some(wanted)), &Grant::Own, &mut masks, transport).await;
            Some((answer.map_err(refused)?, asked))
        }
        None => None,
    };
    if let Some((answer, asked)) = &second {
        tokens.credential = renewed(auth, &tokens.credential, answer, *asked);
        answers.documents.push(&answer.body.0);
    }
    tokens.facts = told(auth, &answers, &masks)?;
    Ok(tokens)
}

/// What answers tell: facts, and the region where they choose it.
pub(super) fn told(auth: &Auth, answers: &Answers<'_>, masks: &Masks) -> Result<BTreeMap<String, String>, TokenError> {
    let mut facts = facts::from_answers(auth, answers, masks)
        .map_err(|missing| TokenError::FactMissing { fact: missing.id, why: missing.why.to_owned() })?;
    if let Some((by, pointer)) = region::by(auth, "answer") {
        let mut there = answers.documents.iter().filter_map(|document| document.pointer(pointer));
        let said = there.find(|value| !value.is_null()).map(|value| value.as_str().unwrap_or_default());
        let unknown = || TokenError::RegionUnknown(format!("it said {:?}", said.map(|said| masks.quote(said))));
        facts.insert(REGION.to_owned(), region::chosen(auth, by, said).ok_or_else(unknown)?.to_owned());
    }
    Ok(facts)
}

fn refused(failed: Failed) -> TokenError {
    match failed {
        Failed::Unfit(text) | Failed::Unusable(Unusable::Misconfigured(text)) => TokenError::Misconfigured(text),
        Failed::Unusable(Unusable::Refused { error, text, .. }) if is_misconfigured(&error) => {
            TokenError::Misconfigured(text)
        }
        Failed::Unusable(Unusable::Refused { text, .. } | Unusable::Dead(text)) => TokenError::CodeRefused(text),
        Failed::Silent { text, .. } | Failed::Unusable(Unusable::Trouble { text, .. }) => TokenError::Unavailable(text),
        Failed::Unusable(Unusable::Unreadable { text, .. }) => TokenError::Unreadable(text),
    }
}

/// The errors of RFC 6749, section 5.2, that neither person nor time can mend.
pub(super) fn is_misconfigured(error: &str) -> bool {
    matches!(error, "invalid_client" | "unauthorized_client" | "unsupported_grant_type" | "invalid_request")
}

/// The credential of an answer, which lives from when it was `asked` for: the provider counts from its answer (RFC 6749,
/// section 5.1), which a machine that sleeps may read hours later. Taken for young then, it would be refused, and a refusal of
/// what is young means that the access is gone.
pub(super) fn credential(auth: &Auth, answer: &Answer, asked: Timestamp) -> Credential {
    let mut secrets = answer.more.clone();
    secrets.insert(ACCESS_TOKEN.to_owned(), answer.access_token.clone());
    let refresh_ends = answer.refresh_token.as_ref().map(|token| {
        secrets.insert(REFRESH_TOKEN.to_owned(), token.clone());
        answer.refresh_expires_in.or_else(|| idle(auth)).map(|life| asked.plus(life))
    });
    Credential {
        auth: auth.id.clone(),
        secrets,
        scopes: answer.scopes.clone(),
        obtained_at: asked,
        expires_at: answer.expires_in.map(|life| asked.plus(life)),
        refresh_ends: refresh_ends.flatten(),
    }
}

/// A credential with what an answer brings; what it does not bring stays as it was.
pub(super) fn renewed(auth: &Auth, old: &Credential, answer: &Answer, asked: Timestamp) -> Credential {
    let mut fresh = credential(auth, answer, asked);
    if answer.refresh_token.is_none() && old.secrets.contains_key(REFRESH_TOKEN) {
        // RFC 6749, section 6: no new refresh token means that the old one stays; its use counts.
        fresh.refresh_ends = idle(auth).map(|life| asked.plus(life)).or(old.refresh_ends);
    }
    for (name, secret) in &old.secrets {
        fresh.secrets.entry(name.clone()).or_insert_with(|| secret.clone());
    }
    // Section 5.1: no scope means that it is what it was.
    fresh.scopes = fresh.scopes.or_else(|| old.scopes.clone());
    fresh
}

/// How long an unused refresh token lives by the manifest.
pub(super) fn idle(auth: &Auth) -> Option<Duration> {
    auth.idle_days.map(|days| Duration::from_secs(u64::from(days) * 86_400))
}

#[cfg(test)]
mod tests;
