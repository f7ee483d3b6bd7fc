//! A credential is renewed without a person.
//!
//! Only an explicit `invalid_grant`, or what the manifest says means as much, ends a connection. Everything else (5xx, HTML, no answer, a wrong
//! client secret) leaves it as it is: two refreshes at the same time make one real server answer with a
//! 500 page, and a mistyped client secret must not cost every customer a login.

use std::{collections::BTreeMap, time::Duration};

use patchbay_model::{
    Clock,
    manifest::{Auth, Renewal},
};

use super::{
    Client, Transport,
    answer::Unusable,
    call::{Failed, call},
    exchange,
    grant::{Ask, Grant},
    login,
    quote::Masks,
};
use crate::credential::Credential;

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

/// Renews a credential in the way of its login: by its refresh token, by the access token itself, or by
/// asking again with what was entered. `facts` are the connection's: entered fields, callback and answers.
///
/// The caller sees to it that only one refresh of a credential runs at a time over all workers, and
/// stores the answer before it uses it.
///
/// # Errors
/// See [`RefreshError`].
pub async fn refresh(
    auth: &Auth,
    client: Option<&Client>,
    credential: &Credential,
    facts: &BTreeMap<String, String>,
    clock: &dyn Clock,
    transport: &dyn Transport,
) -> Result<Credential, RefreshError> {
    let renewal = credential.renewal(auth);
    let grant = match renewal {
        Renewal::Never => return Err(RefreshError::Dead("there is no refresh token".to_owned())),
        Renewal::RefreshToken => Grant::Refresh,
        Renewal::AccessToken => Grant::Own,
        Renewal::Afresh => login::grant(auth),
    };
    let mut masks = Masks::default();
    let ask = Ask { auth, client, held: &credential.secrets, facts };
    let wanted = ("refresh", auth.renewal_request());
    let asked = clock.now();
    let answer = call(&ask, wanted, &grant, &mut masks, transport).await.map_err(|failed| match renewal {
        Renewal::Afresh => login::refused_again(auth, failed),
        Renewal::Never | Renewal::RefreshToken | Renewal::AccessToken => refused(failed),
    })?;
    let fresh = match renewal {
        Renewal::Afresh => login::joined(auth, &credential.secrets, &answer, asked),
        _ => exchange::renewed(auth, credential, &answer, asked),
    };
    Ok(fresh)
}

fn refused(failed: Failed) -> RefreshError {
    match failed {
        Failed::Unfit(text) | Failed::Unusable(Unusable::Misconfigured(text)) => misconfigured(text),
        Failed::Silent { text, sent } => busy(text, sent, None),
        Failed::Unusable(Unusable::Dead(text)) => RefreshError::Dead(text),
        Failed::Unusable(Unusable::Refused { error, text, .. }) if error == "invalid_grant" => RefreshError::Dead(text),
        Failed::Unusable(Unusable::Refused { text, .. }) => misconfigured(text),
        Failed::Unusable(Unusable::Trouble { text, retry_after, throttled }) => busy(text, !throttled, retry_after),
        Failed::Unusable(Unusable::Unreadable { text, status, .. }) => busy(text, status.is_success(), None),
    }
}

pub(super) fn misconfigured(operator: String) -> RefreshError {
    RefreshError::Busy(Busy { operator, may_be_spent: false, misconfigured: true, retry_after: None })
}

pub(super) fn busy(operator: String, may_be_spent: bool, retry_after: Option<Duration>) -> RefreshError {
    RefreshError::Busy(Busy { operator, may_be_spent, misconfigured: false, retry_after })
}

#[cfg(test)]
mod tests;
