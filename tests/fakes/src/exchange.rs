//! One request as a fake sees it, and its answer.

use serde_json::Value;

use crate::{
    journal::{Created, Served},
    upload::UploadPart,
};

/// What a port serves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    /// The provider's API and token addresses.
    pub(crate) api: bool,
    /// `/_fake/` and the pages for people.
    pub(crate) plain: bool,
}

/// A whole request.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) port: Port,
    pub(crate) method: String,
    pub(crate) path: String,
    /// As sent, without the question mark.
    pub(crate) raw_query: String,
    /// Decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case; `host` is also there for HTTP/2.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The form instead of the body, where the provider digests it; or what is wrong with it.
    pub(crate) upload: Option<Result<Vec<UploadPart>, String>>,
}

impl Incoming {
    /// The first header of this name (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The first query parameter of this name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(param, _)| param == name).map(|(_, value)| value.as_str())
    }

    /// The path's segments, as sent.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }

    /// `Content-Type` without its parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as `application/x-www-form-urlencoded`.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// Whether the body contains this text; of a form that was digested, one of its texts or the name of its file.
    pub(crate) fn says(&self, text: &str) -> bool {
        let part =
            |part: &UploadPart| [&part.text, &part.filename].into_iter().flatten().any(|said| said.contains(text));
        match &self.upload {
            Some(Ok(parts)) => parts.iter().any(part),
            _ => String::from_utf8_lossy(&self.body).contains(text),
        }
    }

    /// Path and query, as sent.
    pub(crate) fn target(&self) -> String {
        if self.raw_query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.raw_query) }
    }
}

/// An answer, with what the journal keeps of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trace: Box<Trace>,
}

/// What only the journal sees of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    /// Name of the token that was sent.
    pub(crate) token: Option<String>,
    pub(crate) served: Vec<Served>,
    pub(crate) created: Option<Created>,
    /// Why the fake refused, when what was sent is not in the sheet.
    pub(crate) refusal: Option<String>,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, body: body.to_string().into_bytes(), ..Self::default() }
            .with("content-type", "application/json; charset=utf-8")
    }

    /// A page for people.
    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self { status, body: body.as_bytes().to_vec(), ..Self::default() }
            .with("content-type", "text/html; charset=utf-8")
    }

    /// 302 to another address.
    pub(crate) fn redirect(to: &str) -> Self {
        Self { status: 302, ..Self::default() }.with("location", to)
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the text that says what was refused.
    pub(crate) fn refused(mut self, why: &str) -> Self {
        self.trace.refusal = Some(why.to_owned());
        self
    }

    /// To the token of this name.
    pub(crate) fn to(mut self, token: Option<String>) -> Self {
        self.trace.token = token;
        self
    }

    /// With these records in it.
    pub(crate) fn serving(mut self, served: Vec<Served>) -> Self {
        self.trace.served = served;
        self
    }

    /// After this was made or changed.
    pub(crate) fn after(mut self, created: Created) -> Self {
        self.trace.created = Some(created);
        self
    }
}
