//! One request for tokens, and its answer.

use patchbay_model::manifest::TokenRequest;

use super::{
    Transport, TransportError,
    answer::{self, Answer, Unusable},
    grant::{Ask, Grant},
    quote::Masks,
    request,
};

/// Why a request gave no tokens. The texts are for the operator, masked and bounded.
pub(super) enum Failed {
    /// Nothing was sent: client or manifest do not fit.
    Unfit(String),
    /// There is no answer; when it was sent, it may have had its effect.
    Silent { text: String, sent: bool },
    /// There is one, without a token.
    Unusable(Unusable),
}

/// Asks once. What was sent and received is added to `masks`.
pub(super) async fn call(
    ask: &Ask<'_>,
    (name, wanted): (&str, Option<&TokenRequest>),
    grant: &Grant<'_>,
    masks: &mut Masks,
    transport: &dyn Transport,
) -> Result<Answer, Failed> {
    let wanted = wanted.ok_or_else(|| Failed::Unfit(format!("the manifest has no `{name}`")))?;
    let request = request::build(ask, wanted, grant, masks).map_err(|why| Failed::Unfit(format!("{name}: {why}")))?;
    let response = transport.send(request).await.map_err(|error| Failed::Silent {
        sent: matches!(error, TransportError::Unknown(_)),
        text: masks.quote(&error.to_string()),
    })?;
    answer::read(ask.auth, response, masks).map_err(Failed::Unusable)
}
