//! A client of the host's API: one key, an optional tenant, JSON in and out.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::{Result, Trouble};

const LIMIT: Duration = Duration::from_secs(120);
const BODY_BYTES: u64 = 64 * 1024 * 1024;

/// Who calls.
#[derive(Clone)]
pub struct Api {
    agent: ureq::Agent,
    base: String,
    key: Option<String>,
    tenant: Option<String>,
}

/// What came back, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method and path, for the text of a failure.
    pub asked: String,
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Api {
    /// A caller without a key; `base` is the host's origin.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { agent: agent(), base, key: None, tenant: None }
    }

    /// The same with this key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same for this tenant (the header of an operator).
    #[must_use]
    pub fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    /// The host's origin.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, Vec::new())
    }

    /// POST of a JSON document.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, Some("application/json"), body.to_string().into_bytes())
    }

    /// PUT of a JSON document.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("PUT", path, Some("application/json"), body.to_string().into_bytes())
    }

    /// PATCH with a JSON document.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("PATCH", path, Some("application/json"), body.to_string().into_bytes())
    }

    /// DELETE.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.send("DELETE", path, None, Vec::new())
    }

    /// Any request; without a media type there is no body.
    ///
    /// # Errors
    ///
    /// There was no answer, or the request cannot be made of these parts.
    pub fn send(&self, method: &str, path: &str, media_type: Option<&str>, body: Vec<u8>) -> Result<Answer> {
        self.send_with(method, path, &[], media_type, body)
    }

    /// The same with further headers.
    ///
    /// # Errors
    ///
    /// There was no answer, or the request cannot be made of these parts.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        media_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("patchbay-tenant", tenant);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let asked = format!("{method} {path}");
        match media_type {
            None => self.run(asked, request.body(())?),
            Some(media_type) => self.run(asked, request.header("content-type", media_type).body(body)?),
        }
    }

    fn run(&self, asked: String, request: http::Request<impl ureq::AsSendBody>) -> Result<Answer> {
        let failed = |error: ureq::Error| Trouble::new(format!("{asked}: no answer: {error}"));
        let mut response = self.agent.run(request).map_err(failed)?;
        let headers = flat(response.headers());
        let body = response.body_mut().with_config().limit(BODY_BYTES).read_to_vec().map_err(failed)?;
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answer { asked, status: response.status().as_u16(), headers, body, json })
    }
}

impl Answer {
    /// The answer itself when it has this status.
    ///
    /// # Errors
    ///
    /// It has another; the text shows the answer.
    pub fn expect(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let body: String = self.text().chars().take(2_000).collect();
        Err(Trouble::new(format!("{}: {status} was expected, {} came: {body}", self.asked, self.status)))
    }

    /// The text at a JSON pointer.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn text_at(&self, pointer: &str) -> Result<String> {
        let text = self.json.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| Trouble::new(format!("{}: no text at {pointer}: {}", self.asked, self.text())))
    }

    /// The array at a JSON pointer.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn array_at(&self, pointer: &str) -> Result<Vec<Value>> {
        let array = self.json.pointer(pointer).and_then(Value::as_array);
        array.cloned().ok_or_else(|| Trouble::new(format!("{}: no array at {pointer}: {}", self.asked, self.text())))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// No redirects, no proxy, and an answer is an answer whatever its status.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(LIMIT))
        // The host closes what is idle for ten seconds; who sends into that is reset.
        .max_idle_age(Duration::from_secs(5))
        .build()
        .into()
}

/// Several values of one header are joined as HTTP says; `set-cookie` is read elsewhere.
pub(crate) fn flat(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        flat.entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert(value);
    }
    flat
}
