//! A provider of one answer, and a manifest like the accounting provider's, for tests.

use std::{collections::BTreeMap, sync::Mutex};

use http::{Request, Response};
use patchbay_model::{ManualClock, Secret, Timestamp, manifest::Auth};

use super::{Client, Transport, TransportError};

/// 2026-11-21T00:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_219_200_000);

/// Answers every request with the same, and keeps what it was sent.
pub(super) struct Script {
    answer: Result<(u16, Vec<u8>, Option<&'static str>), TransportError>,
    seen: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Script {
    pub(super) fn answering(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { answer: Ok((status, body.into(), None)), seen: Mutex::default() }
    }

    pub(super) fn throttling(status: u16, retry_after: &'static str) -> Self {
        Self { answer: Ok((status, Vec::new(), Some(retry_after))), seen: Mutex::default() }
    }

    pub(super) fn failing(error: TransportError) -> Self {
        Self { answer: Err(error), seen: Mutex::default() }
    }

    /// The one request that was sent.
    pub(super) fn request(&self) -> Request<Vec<u8>> {
        let mut seen = self.seen.lock().expect("seen");
        assert_eq!(seen.len(), 1, "requests");
        seen.remove(0)
    }

    pub(super) fn requests(&self) -> usize {
        self.seen.lock().expect("seen").len()
    }
}

#[async_trait::async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        self.seen.lock().expect("seen").push(request);
        let (status, body, retry_after) = self.answer.clone()?;
        let mut response = Response::builder().status(status);
        if let Some(wait) = retry_after {
            response = response.header("retry-after", wait);
        }
        Ok(response.body(body).expect("a response"))
    }
}

pub(super) fn clock() -> ManualClock {
    ManualClock::at(NOW)
}

pub(super) fn client() -> Client {
    Client {
        id: "client-1".to_owned(),
        secret: Some(Secret::new("canary client/secret+1")),
        redirect_uri: "https://pb.example.com/oauth/callback/cli_1".to_owned(),
    }
}

pub(super) fn firm() -> BTreeMap<String, String> {
    BTreeMap::from([("firm_id".to_owned(), "13827".to_owned())])
}

/// Books's login, as its sheet says.
pub(super) fn books() -> Auth {
    serde_json::from_value(serde_json::json!({
        "id": "oauth", "kind": "oauth2", "label": "Log in with Books",
        "authorize": {"url": "https://login.books.example/oauth/authorize", "params": {"prompt": "consent"}},
        "token": {"url": "https://login.books.example/f/{firm_id}/oauth/token"},
        "refresh": {
            "url": "https://login.books.example/f/{firm_id}/oauth/token",
            "params": {"redirect_uri": "{redirect_uri}"},
        },
        "scope": [
            {"name": "user:profile", "reason": "who logs in"},
            {"name": "administration:read", "reason": "companies"},
        ],
        "fact": [{"id": "firm_id", "from": "callback:authorized_firm_id", "pattern": "[0-9]+"}],
        "rotation": true,
        "idle-days": 60,
    }))
    .expect("a manifest")
}
