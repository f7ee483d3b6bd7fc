//! The way through the pages of the providers that log in as `consent` does.

use patchbay_fakes::{Client, Login};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::calls::{Answer, plain};

pub(crate) const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A provider's login as a test sees it.
pub(crate) struct Walk<'a> {
    pub(crate) origin: &'a str,
    pub(crate) host: &'a str,
    pub(crate) authorize: &'a str,
    pub(crate) token: &'a str,
    pub(crate) client: Client,
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Walk<'_> {
    pub(crate) fn address(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("client_id", self.client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("state", "st4te"),
        ];
        for (name, value) in more {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name, value));
        }
        format!("{}?{}", self.authorize, form(&pairs))
    }

    /// Opens the consent page without a session.
    pub(crate) fn open(&self, path: &str) -> Answer {
        plain("GET", &format!("{}{path}", self.origin), &[], "").expect("an answer")
    }

    /// Logs in and decides; what the callback is told.
    pub(crate) fn decide(&self, path: &str, login: &Login, decision: &str) -> Vec<(String, String)> {
        let sign_in = format!("{}{}", self.origin, self.open(path).headers["location"]);
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let signed = plain("POST", &sign_in, &[FORM], &typed).expect("a redirect");
        assert_eq!(signed.headers["location"], path, "{}", signed.body);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = plain("GET", &format!("{}{path}", self.origin), &[("cookie", &cookie)], "").expect("a page");
        let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let answered = form(&[("authenticity_token", token.expect("a form")), ("decision", decision)]);
        let back = plain("POST", &format!("{}{path}", self.origin), &[FORM, ("cookie", &cookie)], &answered);
        let to = Url::parse(&back.expect("a redirect").headers["location"]).expect("an address");
        to.query_pairs().into_owned().collect()
    }

    /// Asks the token address.
    pub(crate) fn token(&self, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![("client_id", self.client.id.as_str()), ("client_secret", self.client.secret.as_str())];
        pairs.extend_from_slice(more);
        let headers = [FORM, ("host", self.host)];
        plain("POST", &format!("{}{}", self.origin, self.token), &headers, &form(&pairs)).expect("an answer")
    }

    /// Logs in, allows, and exchanges the code.
    pub(crate) fn connect(&self, path: &str, login: &Login) -> Value {
        let told = self.decide(path, login, "allow");
        assert_eq!(told[1], ("state".to_owned(), "st4te".to_owned()));
        let code = ("code", told[0].1.as_str());
        let answer = self.token(&[("grant_type", "authorization_code"), ("redirect_uri", REDIRECT), code]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub(crate) fn refresh(&self, token: &Value) -> Answer {
        let token = token.as_str().unwrap_or_default();
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }
}
