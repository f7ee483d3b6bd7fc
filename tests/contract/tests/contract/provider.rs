//! The provider of the example connector, as it was when the corpus began: what the kept components ask for, they get.
//!
//! A copy on purpose, and not the fake of `tests/fakes`: that one may change together with the example, and the kept
//! components do not.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use patchbay_egress::{Asked, Begin, Journal, JournalError, Player, Response, SendError, StoredAnswer};
use patchbay_engine::Steps;
use serde_json::{Value, json};

const API: &str = "https://api.notebook.example/v1";

/// Answers by method and address; anything else is not there.
pub(crate) struct Provider;

impl Player for Provider {
    fn answer(&self, asked: &Asked) -> Result<Response, SendError> {
        let path = asked.url.strip_prefix(API).unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let asked_for = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let (status, body) = match (asked.method.as_str(), path) {
            ("GET", "/me") => (200, json!({ "id": 7, "name": "Kantoor Voorbeeld", "email": "els@voorbeeld.example" })),
            ("GET", "/notebooks") => (200, json!({ "items": [{ "id": "nb-1", "name": "Clients" }], "next": null })),
            ("GET", "/notes") if asked_for("reference").is_some() => {
                (200, json!({ "items": [{ "id": 501, "url": "https://notebook.example/notes/501" }], "next": null }))
            }
            ("GET", "/notes") if asked_for("cursor") == Some("n2") => {
                (200, json!({ "items": [note(103)], "next": null }))
            }
            ("GET", "/notes") => (200, json!({ "items": [note(101), note(102)], "next": "n2" })),
            ("POST", "/notes") => {
                let sent: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let whole = sent["text"] == json!("Call back on Monday.") && sent["reference"] == json!(key("create"));
                if whole {
                    (201, json!({ "id": 501, "url": "https://notebook.example/notes/501" }))
                } else {
                    (422, sent)
                }
            }
            _ => (404, json!({ "error": format!("{} {}", asked.method, asked.url) })),
        };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(Response { status, headers, body: body.to_string().into_bytes(), replayed: false })
    }
}

fn note(id: u32) -> Value {
    json!({ "id": id, "notebook_id": "nb-1", "text": "Sent the contract.", "changed_at": "2026-11-20T16:45:10Z" })
}

fn key(step: &str) -> String {
    format!("{step:2<26}")
}

/// The journal of one push, which is attempted once.
#[derive(Default)]
pub(crate) struct Book(Mutex<BTreeMap<String, Option<StoredAnswer>>>);

impl Book {
    /// The steps that were answered.
    pub(crate) fn answered(&self) -> Vec<String> {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.iter().filter(|(_, answer)| answer.is_some()).map(|(step, _)| step.clone()).collect()
    }
}

#[async_trait]
impl Journal for Book {
    async fn begin(&self, step: &str, _request_hash: [u8; 32]) -> Result<Begin, JournalError> {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match steps.insert(step.to_owned(), None) {
            None => Ok(Begin::Send),
            Some(None) => Ok(Begin::Unknown),
            Some(Some(answer)) => Ok(Begin::Replay(answer)),
        }
    }

    async fn answered(&self, step: &str, answer: &StoredAnswer, _opens_again: bool) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), Some(answer.clone()));
        Ok(())
    }

    async fn not_sent(&self, step: &str) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
        Ok(())
    }

    async fn lost(&self, _step: &str) -> Result<(), JournalError> {
        Ok(())
    }
}

#[async_trait]
impl Steps for Book {
    async fn refused(&self, _step: &str) {}

    fn key(&self, step: &str) -> String {
        key(step)
    }
}
