//! A page of the web app in a browser that is signed in, as the host sees its calls.

use patchbay_test_support::{Answer, Api, Result, Trouble};
use serde_json::{Value, json};

use crate::{Rig, Tenant};

/// The header that says whose cookie counts.
pub const SESSION: &str = "patchbay-session";

/// A tab, with the cookie that its browser has.
#[derive(Clone)]
pub struct Tab {
    /// `operator` or `portal`.
    pub kind: &'static str,
    /// The value of the cookie; empty where there is none.
    pub cookie: String,
    /// What a call has beside it: `origin`, as browsers send it.
    pub headers: Vec<(String, String)>,
    /// The host, without any proof.
    pub api: Api,
}

impl Tab {
    /// A browser that nobody signed in with.
    #[must_use]
    pub fn fresh(rig: &Rig, kind: &'static str) -> Self {
        let headers = vec![("origin".to_owned(), rig.host.base())];
        Self { kind, cookie: String::new(), headers, api: rig.stranger() }
    }

    /// An operator's, who was invited.
    ///
    /// # Errors
    ///
    /// The sign-in is refused.
    pub fn operator(rig: &Rig) -> Result<Self> {
        let mut tab = Self::fresh(rig, "operator");
        let invited = rig.operator.post("/v1/operator-sessions/invite", &json!({}))?.expect(201)?;
        tab.sign_in(&token(&invited.text_at("/url")?)?)?.expect(200)?;
        Ok(tab)
    }

    /// That of a user whom the tenant's backend sent.
    ///
    /// # Errors
    ///
    /// The sign-in is refused.
    pub fn portal(rig: &Rig, tenant: &Tenant, user: &str) -> Result<Self> {
        let mut tab = Self::fresh(rig, "portal");
        let sent = tenant.api.post("/v1/portal-sessions", &json!({ "user": user }))?.expect(201)?;
        tab.sign_in(&token(&sent.text_at("/url")?)?)?.expect(200)?;
        Ok(tab)
    }

    /// Signs in with a token or key, and keeps the cookie where one is given.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn sign_in(&mut self, token: &str) -> Result<Answer> {
        let path = if self.kind == "operator" { "/v1/operator-sessions" } else { "/v1/portal-sessions/enter" };
        let answer = self.post(path, &json!({ "token": token }))?;
        if let Some(cookie) = answer.headers.get("set-cookie").and_then(|set| given(set, &self.name())) {
            self.cookie = cookie;
        }
        Ok(answer)
    }

    /// The same tab, whose browser says something else in this header; empty for nothing.
    #[must_use]
    pub fn saying(&self, header: &str, value: &str) -> Self {
        let mut tab = self.clone();
        tab.headers.retain(|(name, _)| name != header);
        if !value.is_empty() {
            tab.headers.push((header.to_owned(), value.to_owned()));
        }
        tab
    }

    /// The name of its cookie.
    #[must_use]
    pub fn name(&self) -> String {
        format!("__Host-patchbay-{}", self.kind)
    }

    /// GET.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, Vec::new())
    }

    /// POST of JSON.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, Some("application/json"), body.to_string().into_bytes())
    }

    /// DELETE.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.send("DELETE", path, None, Vec::new())
    }

    /// Any call. What `headers` say of [`SESSION`] counts instead of the tab's kind.
    ///
    /// # Errors
    ///
    /// There was no answer.
    pub fn send(&self, method: &str, path: &str, media_type: Option<&str>, body: Vec<u8>) -> Result<Answer> {
        let cookie = format!("{}={}", self.name(), self.cookie);
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if !headers.iter().any(|(name, _)| *name == SESSION) {
            headers.push((SESSION, self.kind));
        }
        headers.retain(|(_, value)| *value != NONE);
        if !self.cookie.is_empty() {
            headers.push(("cookie", &cookie));
        }
        self.api.send_with(method, path, &headers, media_type, body)
    }
}

/// Said of a header that is left out.
pub const NONE: &str = "-";

/// What stands behind the `#` of an address.
///
/// # Errors
///
/// Nothing does.
pub fn token(address: &str) -> Result<String> {
    let token = address.split_once('#').map(|(_, token)| token.to_owned());
    token.ok_or_else(|| Trouble::new(format!("{address} has no token")))
}

/// The value that an answer gives to this cookie; none when it takes it back.
fn given(set_cookie: &str, name: &str) -> Option<String> {
    let (_, rest) = set_cookie.split_once(&format!("{name}="))?;
    let value = rest.split(';').next().unwrap_or_default();
    (!value.is_empty()).then(|| value.to_owned())
}
