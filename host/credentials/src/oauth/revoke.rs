//! A token is given back (RFC 7009), when its connection is deleted.

use std::{collections::BTreeMap, time::Duration};

use http::{Response, header};
use patchbay_model::manifest::Auth;
use zeroize::Zeroizing;

use super::{
    Client, Transport,
    answer::{error_of, object},
    grant::{Ask, Grant},
    lenient::wait,
    quote::Masks,
    request,
    rules::{self, Meaning},
};
use crate::credential::Credential;

/// Why a token was not given back. The texts are for the operator, masked and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeError {
    /// Asking again would change nothing.
    Refused(String),
    /// Not now.
    Later {
        /// Why, for the operator.
        operator: String,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
}

/// Gives back a credential's token: the refresh token where there is one, which ends its access tokens as
/// well, unless the manifest's words name another. A token that the provider no longer knows is given back.
///
/// # Errors
/// See [`RevokeError`].
pub async fn revoke(
    auth: &Auth,
    client: Option<&Client>,
    credential: &Credential,
    facts: &BTreeMap<String, String>,
    transport: &dyn Transport,
) -> Result<(), RevokeError> {
    let wanted = auth.revoke.as_ref().ok_or_else(|| RevokeError::Refused("the manifest has no `revoke`".to_owned()))?;
    let mut masks = Masks::default();
    let ask = Ask { auth, client, held: &credential.secrets, facts };
    let request = request::build(&ask, wanted, &Grant::Revoke, &mut masks)
        .map_err(|why| RevokeError::Refused(format!("revoke: {why}")))?;
    match transport.send(request).await {
        Ok(response) => judge(auth, response, &masks),
        Err(error) => Err(RevokeError::Later { operator: masks.quote(&error.to_string()), retry_after: None }),
    }
}

fn judge(auth: &Auth, response: Response<Vec<u8>>, masks: &Masks) -> Result<(), RevokeError> {
    let (parts, body) = response.into_parts();
    let status = parts.status;
    let document = object(&Zeroizing::new(body)).ok();
    let error = document.as_ref().and_then(|document| error_of(document.0.as_object()?));
    let text = match &error {
        Some(error) => format!("status {}, the provider said {:?}", status.as_u16(), masks.quote(error)),
        None => format!("status {}", status.as_u16()),
    };
    let later = |operator| {
        let asked = parts.headers.get(header::RETRY_AFTER);
        let retry_after = asked.and_then(|value| wait(value.to_str().ok()?));
        Err(RevokeError::Later { operator, retry_after })
    };
    match rules::meaning(auth, status, document.as_ref().map(|document| &document.0)) {
        Some(Meaning::Throttled) => return later(text),
        Some(Meaning::Dead) => return Ok(()),
        Some(Meaning::Misconfigured) => return Err(RevokeError::Refused(text)),
        None => {}
    }
    if rules::is_trouble(status) {
        return later(text);
    }
    match error {
        Some(error) if is_gone(&error) => Ok(()),
        None if status.is_success() => Ok(()),
        Some(_) | None => Err(RevokeError::Refused(text)),
    }
}

/// Whether the provider's word means that there is no such token any more.
fn is_gone(error: &str) -> bool {
    let word = error.to_ascii_lowercase().replace([' ', '-'], "_");
    matches!(
        word.as_str(),
        "invalid_token" | "invalid_grant" | "token_revoked" | "token_expired" | "expired_token" | "unknown_token"
    )
}

#[cfg(test)]
mod tests;
