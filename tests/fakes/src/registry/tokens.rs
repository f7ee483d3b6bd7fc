//! Tokens: who may do what, as `401` with a challenge and a token address.

use super::{
    Answers, Shelf,
    http::{Answer, Request},
};

/// The host where it keeps bytes, if it says so.
pub(super) const FILES: &str = "files.example";
/// What stands between a token and its bearer.
const TOKEN: &str = "token-of-the-fake-registry";

impl Shelf {
    /// Sends who has no token to where one is to be had.
    pub(super) fn challenge(&self, request: &Request) -> Option<Answer> {
        self.login.as_ref()?;
        // Where the bytes lie who knows the address may read, and a sly one asks for more.
        let elsewhere = request.host() == FILES;
        if elsewhere && self.answers != Answers::FilesAsk {
            return None;
        }
        if request.header("authorization") == Some(&format!("Bearer {TOKEN}")) {
            return None;
        }
        let realm = match (self.answers, request.plain()) {
            (Answers::FilesAsk, _) if elsewhere => format!("https://{FILES}/token"),
            (Answers::TokensElsewhere, _) => "https://tokens.evil.example/token".to_owned(),
            (_, true) => format!("http://{}/token", request.host()),
            (_, false) => format!("https://{}/token", request.host()),
        };
        let challenge = format!(r#"Bearer realm="{realm}",service="fake",scope="repository:any:pull""#);
        Some(Answer::refusal(401, "UNAUTHORIZED").header("www-authenticate", &challenge))
    }

    /// A token for who says name and password.
    pub(super) fn token(&self, request: &Request) -> Answer {
        let wanted = self.login.as_ref().map(|(user, password)| format!("Basic {}", base64(user, password)));
        if wanted.as_deref() != request.header("authorization") {
            return Answer::refusal(401, "DENIED");
        }
        if self.answers == Answers::EndlessToken {
            return Answer::endless("application/json");
        }
        Answer::json(200, &format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#))
    }
}

fn base64(user: &str, password: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(format!("{user}:{password}"))
}
