//! `http`: a guest's request, through the run's door.
//!
//! The door decides everything; here a request is put into its words, blobs are named to it rather than
//! read, and what ends the run ends it, whatever the guest would make of the answer.

mod body;
mod kept;

use std::{sync::Arc, time::Duration};

use patchbay_egress::{Request, Response, SendError};
use patchbay_model::{
    Failure,
    contract::{CredentialChoice, Effect},
};

use kept::IntoBlob;

use super::contract::http;
use crate::{Blobs, state::State};

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        self.host_call()?;
        let into_blob = request.into_blob;
        let blobs = Arc::clone(&self.blobs);
        let request = match outgoing(blobs.as_ref(), request).await {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        let Some(door) = &self.door else {
            return Ok(Err(http::HttpError::Denied("a component that is being probed sends nothing".to_owned())));
        };
        let sent = if into_blob {
            let into = Arc::new(IntoBlob::of(&blobs));
            let sent = door.send_into(request, into.clone()).await;
            if sent.is_err() {
                into.discard().await;
            }
            sent.map(|response| incoming(response, |_| http::Content::Blob(into.id())))
        } else {
            door.send(request).await.map(|response| incoming(response, http::Content::Bytes))
        };
        match sent {
            Ok(response) => Ok(Ok(response)),
            Err(error) => self.failed(error).map(Err),
        }
    }
}

async fn outgoing(blobs: &dyn Blobs, request: http::Request) -> Result<Request, http::HttpError> {
    Ok(Request {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: body::of(blobs, request.body).await?,
        credential: match request.credential {
            http::Credential::Standard => CredentialChoice::Standard,
            http::Credential::Nothing => CredentialChoice::Nothing,
            http::Credential::Slot(id) => CredentialChoice::Slot(id),
        },
        effect: match request.effect {
            http::Effect::Read => Effect::Read,
            http::Effect::Repeatable => Effect::Repeatable,
            http::Effect::Write => Effect::Write,
        },
        step: request.step,
        timeout: request.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
    })
}

fn incoming(response: Response, body: impl FnOnce(Vec<u8>) -> http::Content) -> http::Response {
    http::Response {
        status: response.status,
        headers: response.headers,
        body: body(response.body),
        replayed: response.replayed,
        ext: Vec::new(),
    }
}

impl State {
    /// What a guest may handle comes back to it; what ends the run traps it here.
    fn failed(&mut self, error: SendError) -> wasmtime::Result<http::HttpError> {
        match error {
            SendError::Denied(text) => Ok(http::HttpError::Denied(text)),
            SendError::NotSent(text) => Ok(http::HttpError::NotSent(text)),
            SendError::Unknown(text) => Ok(http::HttpError::Unknown(text)),
            SendError::TooLarge(size) => Ok(http::HttpError::TooLarge(size)),
            SendError::Stopped => Ok(http::HttpError::Stopped),
            SendError::Other(text) => Ok(http::HttpError::Other(text)),
            SendError::SecretSeen => self.end(Failure::SecretSeen),
            SendError::CredentialDead(text) => self.end(Failure::CredentialDead(text)),
            SendError::CredentialBusy(text) => self.end(Failure::CredentialBusy(text)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
