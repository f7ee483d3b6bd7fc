//! What a run knows of its secrets, and answers without them.

use std::sync::Arc;

use http::StatusCode;
use patchbay_model::Secret;

use super::Run;
use crate::{
    Response, SendError, Values,
    answer::Answer,
    redact::Masker,
    slots::{self, Echoes},
};

impl Run {
    /// The masker that knows these values and all that came before them in this run: a token that was
    /// just replaced may still be echoed.
    pub(super) fn learn(&self, values: &Arc<Values>) -> Result<Arc<Masker>, SendError> {
        let mut state = self.state();
        let same = |known: &Arc<Values>| {
            let secrets = |values: &Values| {
                values.secrets.values().map(Secret::expose).eq(known.secrets.values().map(Secret::expose))
            };
            Arc::ptr_eq(known, values) || (known.generation == values.generation && secrets(values))
        };
        if !state.known.iter().any(same) {
            state.known.push(Arc::clone(values));
            let mut echoes = Echoes::default();
            for values in &state.known {
                slots::echoes(&self.grant, values, &mut echoes);
            }
            let all = state.known.iter().flat_map(|values| values.secrets.values()).map(Secret::expose);
            let masker = Masker::of(all, &echoes);
            // What cannot be searched for is not sent, now or on the next try.
            let masker =
                masker.map_err(|_| SendError::Other("the credential is too large to be searched for".to_owned()));
            state.masker = masker.inspect_err(|_| drop(state.known.pop())).map(Arc::new)?;
        }
        Ok(Arc::clone(&state.masker))
    }
}

/// The answer as the guest may see it.
pub(super) fn masked(answer: Answer, masker: &Masker) -> Response {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), masker.mask_header(name.as_str(), value.as_bytes()))
    };
    let headers = answer.headers.iter().map(header).collect();
    let status: StatusCode = answer.status;
    let body = match answer.body {
        body if answer.in_sink => body,
        // Records come with 2xx only, so in all else a short secret is an echo.
        body if status.is_success() => masker.mask(body),
        body => masker.mask_refusal(body),
    };
    Response { status: status.as_u16(), headers, body, replayed: false }
}
