//! A provider of one answer, and a manifest like the accounting provider's, for tests.

use std::{collections::BTreeMap, sync::Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Request, Response};
use patchbay_model::{ManualClock, Secret, Timestamp, manifest::Auth};

use super::{Client, Transport, TransportError};

/// 2026-11-21T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_219_200_000);

type Scripted = Result<(u16, Vec<u8>, Option<&'static str>), TransportError>;

/// Gives its answers in turn, the last one again and again, and keeps what it was sent.
pub(crate) struct Script {
    answers: Vec<Scripted>,
    seen: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Script {
    pub(crate) fn answering(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Ok((status, body.into(), None)))
    }

    pub(crate) fn throttling(status: u16, retry_after: &'static str) -> Self {
        Self::of(Ok((status, Vec::new(), Some(retry_after))))
    }

    pub(crate) fn failing(error: TransportError) -> Self {
        Self::of(Err(error))
    }

    fn of(answer: Scripted) -> Self {
        Self { answers: vec![answer], seen: Mutex::default() }
    }

    /// And after that, this.
    pub(crate) fn then(mut self, next: Self) -> Self {
        self.answers.extend(next.answers);
        self
    }

    /// The one request that was sent.
    pub(crate) fn request(&self) -> Request<Vec<u8>> {
        let mut seen = self.sent();
        assert_eq!(seen.len(), 1, "requests");
        seen.remove(0)
    }

    /// All requests that were sent.
    pub(crate) fn sent(&self) -> Vec<Request<Vec<u8>>> {
        std::mem::take(&mut *self.seen.lock().expect("seen"))
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().expect("seen").len()
    }
}

#[async_trait::async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let mut seen = self.seen.lock().expect("seen");
        let answer = self.answers.get(seen.len()).or(self.answers.last()).cloned();
        seen.push(request);
        let (status, body, retry_after) = answer.expect("an answer")?;
        let mut response = Response::builder().status(status);
        if let Some(wait) = retry_after {
            response = response.header("retry-after", wait);
        }
        Ok(response.body(body).expect("a response"))
    }
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(NOW)
}

pub(crate) fn client() -> Client {
    Client {
        id: "client-1".to_owned(),
        secret: Some(Secret::new("canary client/secret+1")),
        region_secrets: BTreeMap::from([("eu".to_owned(), Secret::new("canary-secret-of-eu"))]),
        redirect_uri: "https://pb.example.com/oauth/callback/cli_1".to_owned(),
    }
}

pub(crate) fn firm() -> BTreeMap<String, String> {
    BTreeMap::from([("firm_id".to_owned(), "13827".to_owned())])
}

/// Books's login, as its sheet says.
pub(crate) fn books() -> Auth {
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

/// A login at a provider that is spread over two places, told apart by the callback.
pub(crate) fn spread() -> Auth {
    serde_json::from_value(serde_json::json!({
        "id": "oauth", "kind": "oauth2", "label": "Log in",
        "authorize": {"url": "https://accounts.books.example/oauth/v2/auth"},
        "token": {"url": "https://{region.accounts}/oauth/v2/token"},
        "region-by": {"from": "callback:accounts-server", "equals": "accounts-server"},
        "region": [
            {"id": "us", "label": "United States", "values": {
                "accounts": "accounts.books.example", "accounts-server": "https://accounts.books.example"}},
            {"id": "eu", "label": "Europe", "values": {
                "accounts": "accounts.books.example.eu", "accounts-server": "https://accounts.books.example.eu"}},
        ],
    }))
    .expect("a manifest")
}

/// A login without refresh tokens: its access token is lengthened right after it, and then every month.
pub(crate) fn by_access_token() -> Auth {
    serde_json::from_value(serde_json::json!({
        "id": "oauth", "kind": "oauth2", "label": "Log in",
        "authorize": {"url": "https://ads.example/dialog/oauth"},
        "token": {"url": "https://graph.ads.example/oauth/access_token", "method": "GET"},
        "exchange": {"url": "https://graph.ads.example/oauth/access_token", "method": "GET",
            "params": {"grant_type": "exchange_token", "exchange_token": "{access_token}"}},
        "refresh": {"url": "https://graph.ads.example/oauth/access_token", "method": "GET",
            "params": {"grant_type": "exchange_token", "exchange_token": "{access_token}"}},
        "revoke": {"url": "https://graph.ads.example/{user_id}/permissions", "method": "DELETE", "place": "query",
            "client-auth": "none", "params": {"access_token": "{access_token}"}},
        "dead": [{"pointer": "/error/code", "equals": 190}],
        "throttled": [{"pointer": "/error/code", "equals": 4}],
        "misconfigured": [{"pointer": "/error/code", "equals": 101}],
        "renew-days-ahead": 30,
    }))
    .expect("a manifest")
}

/// Client credentials that a person enters.
pub(crate) fn entered_client() -> Auth {
    serde_json::from_value(serde_json::json!({
        "id": "api", "kind": "oauth2-client-credentials", "label": "API client",
        "field": [
            {"id": "client_id", "label": "Id", "type": "text"},
            {"id": "client_secret", "label": "Secret", "type": "secret"},
        ],
        "token": {"url": "https://login.books.example/oauth/token", "client-auth": "basic"},
        "scope": [{"name": "a", "reason": "r"}, {"name": "b", "reason": "r"}],
    }))
    .expect("a manifest")
}

/// A session that a request with user and password opens.
pub(crate) fn session() -> Auth {
    serde_json::from_value(serde_json::json!({
        "id": "session", "kind": "session", "label": "Log in",
        "field": [
            {"id": "user", "label": "User", "type": "text"},
            {"id": "password", "label": "Password", "type": "secret"},
        ],
        "login": {"url": "https://api.books.example/session", "place": "json",
            "params": {"/login/user": "{user}", "/login/password": "{password}", "kind": "api"}},
        "answer": {"access-token": "/result/session/token", "expires-in": "/result/session/ttl"},
        "dead": [{"pointer": "/result", "equals": false}],
    }))
    .expect("a manifest")
}

pub(crate) fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn region(id: &str) -> BTreeMap<String, String> {
    facts(&[("region", id)])
}

pub(crate) fn held(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

/// A token with these claims, signed by nobody.
pub(crate) fn token_of(claims: &serde_json::Value) -> String {
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&serde_json::json!({"alg": "RS256"})), part(claims))
}
