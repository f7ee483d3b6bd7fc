//! The write of a push without Patchbay: what the provider itself takes for it.
//!
//! Twice: over a bare socket, and through the gate, which has a journal here that keeps nothing. Both open a connection
//! for each write, as the gate does for a push (a kept one may be closed in the very moment it is used, and nobody would
//! know what was taken), and both send what the connector sends.

use std::sync::Arc;

use async_trait::async_trait;
use patchbay_egress::{Begin, Body, Door, Journal, JournalError, Request, StoredAnswer, Writes};
use patchbay_model::contract::{CredentialChoice, Effect};
use serde_json::{Value, json};

use crate::{
    Result,
    native::Way,
    provider::{DESK, Provider},
    told,
    wire::Wire,
};

/// Whom letters go to.
pub(crate) const CLIENT: &str = "c1";
/// Bytes of a letter's text.
const TEXT: usize = 500;
/// Status of the answer.
const CREATED: u16 = 201;

/// What letter number `n` of a side says.
pub(crate) fn said(side: &str, n: u64) -> Value {
    json!({ "title": format!("Letter {n} of {side}"), "text": format!("{:.<TEXT$}", "line") })
}

/// The body of its request, and its key: as long as the host's.
fn letter(side: &str, n: u64) -> (String, String) {
    let mut body = said(side, n);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("client".to_owned(), CLIENT.into());
    }
    (body.to_string(), format!("{side:-<6}{n:020}"))
}

/// The request over a bare socket.
pub(crate) struct Bare(Vec<u8>);

impl Bare {
    pub(crate) fn of(provider: &Provider, n: u64) -> Self {
        let (body, key) = letter("socket", n);
        let (bearer, length) = (provider.key.expose(), body.len());
        let request = format!(
            "POST /letters HTTP/1.1\r\nhost: {DESK}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n\
             user-agent: patchbay\r\naccept-encoding: gzip\r\nauthorization: Bearer {bearer}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self(request.into_bytes())
    }

    pub(crate) async fn send(&self, provider: &Provider) -> Result<()> {
        let mut wire = Wire::open(provider).await?;
        wire.ask(&self.0, CREATED, &mut Vec::new()).await.map(drop)
    }
}

/// The request through the gate.
pub(crate) struct Gated {
    door: Door,
    request: Request,
}

impl Gated {
    pub(crate) fn of(way: &Way, n: u64) -> Self {
        let (body, key) = letter("gate", n);
        let request = Request {
            method: "POST".to_owned(),
            url: format!("https://{DESK}/letters"),
            headers: vec![("idempotency-key".to_owned(), key)],
            body: Body::Json(body.into_bytes()),
            credential: CredentialChoice::Standard,
            effect: Effect::Write,
            step: Some("send".to_owned()),
            timeout: None,
        };
        Self { door: way.door_with(Writes::Journal(Arc::new(KeepsNothing))), request }
    }

    pub(crate) async fn send(self) -> Result<()> {
        let answer = self.door.send(self.request).await.map_err(told)?;
        if answer.status == CREATED { Ok(()) } else { Err(format!("the provider answered {}", answer.status)) }
    }
}

/// A journal without a database.
struct KeepsNothing;

#[async_trait]
impl Journal for KeepsNothing {
    async fn begin(&self, _: &str, _: [u8; 32]) -> std::result::Result<Begin, JournalError> {
        Ok(Begin::Send)
    }

    async fn answered(&self, _: &str, _: &StoredAnswer, _: bool) -> std::result::Result<(), JournalError> {
        Ok(())
    }

    async fn not_sent(&self, _: &str) -> std::result::Result<(), JournalError> {
        Ok(())
    }

    async fn lost(&self, _: &str) -> std::result::Result<(), JournalError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_each_side_has_a_key_of_its_own_that_is_as_long_as_the_hosts() {
        let (body, key) = letter("socket", 7);
        assert_eq!((key.len(), letter("gate", 7).1.len()), (26, 26));
        assert!(key != letter("gate", 7).1 && key != letter("socket", 8).1);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        assert_eq!((text("client"), text("title"), text("text").len()), ("c1", "Letter 7 of socket", TEXT));
        assert_eq!(
            body.as_object().map(serde_json::Map::len),
            Some(said("host", 7).as_object().expect("fields").len() + 1)
        );
    }
}
