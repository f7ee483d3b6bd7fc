//! What is asked of a provider's login, with whose name and which secrets.

use std::collections::BTreeMap;

use patchbay_model::{
    Secret,
    manifest::{Auth, AuthKind},
};
use zeroize::Zeroizing;

use super::Client;
use crate::credential::{ACCESS_TOKEN, REFRESH_TOKEN};

/// The fields in which a person enters a client of their own.
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// What one request asks for.
pub(super) enum Grant<'a> {
    /// Tokens for a code of the callback, with the verifier of its login.
    Code { code: &'a Secret, verifier: Option<&'a Secret> },
    /// A token for the refresh token that is held.
    Refresh,
    /// A token for what is held, in the provider's own way: all that is said is the manifest's.
    Own,
    /// A token for the client itself (RFC 6749, section 4.4).
    Client,
    /// The end of what is held (RFC 7009).
    Revoke,
}

/// Who asks, and what may stand in a request.
pub(super) struct Ask<'a> {
    pub(super) auth: &'a Auth,
    /// What the operator registered, where the login needs it.
    pub(super) client: Option<&'a Client>,
    /// Secrets at hand, by the names that placeholders use.
    pub(super) held: &'a BTreeMap<String, Secret>,
    /// The facts of the login.
    pub(super) facts: &'a BTreeMap<String, String>,
}

/// The client as whom a request is made.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Option<&'a Secret>,
    pub(super) redirect_uri: Option<&'a str>,
}

/// Whether a person enters the client; a wrong one is then theirs to mend and not the operator's.
pub(super) fn enters_client(auth: &Auth) -> bool {
    auth.kind == AuthKind::Oauth2ClientCredentials && auth.fields.iter().any(|field| field.id == CLIENT_ID)
}

impl<'a> Ask<'a> {
    /// As whom this is asked; a session's login may need no client.
    pub(super) fn identity(&self) -> Result<Option<Identity<'a>>, String> {
        if enters_client(self.auth) {
            let entered = self.facts.get(CLIENT_ID).map(String::as_str);
            let id = entered.or_else(|| self.held.get(CLIENT_ID).map(Secret::expose));
            let id = id.ok_or("no `client_id` was entered")?;
            return Ok(Some(Identity { id, secret: self.held.get(CLIENT_SECRET), redirect_uri: None }));
        }
        match self.client {
            Some(client) => Ok(Some(Identity {
                id: &client.id,
                secret: client.secret_for(self.facts),
                redirect_uri: Some(&client.redirect_uri),
            })),
            None if self.auth.kind == AuthKind::Session => Ok(None),
            None => Err("there is no OAuth client".to_owned()),
        }
    }

    /// The parameters of the standard, in its order.
    pub(super) fn standard(
        &self,
        grant: &Grant<'_>,
        identity: Option<Identity<'_>>,
    ) -> Result<Vec<(String, Zeroizing<String>)>, String> {
        let mut params = Vec::new();
        let mut add = |name: &str, value: &str| params.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        match grant {
            Grant::Code { code, verifier } => {
                add("grant_type", "authorization_code");
                add("code", code.expose());
                if let Some(redirect_uri) = identity.and_then(|identity| identity.redirect_uri) {
                    add("redirect_uri", redirect_uri);
                }
                if let Some(verifier) = verifier {
                    add("code_verifier", verifier.expose());
                }
            }
            Grant::Refresh => {
                let token = self.held.get(REFRESH_TOKEN).ok_or("there is no refresh token")?;
                add("grant_type", "refresh_token");
                add("refresh_token", token.expose());
            }
            Grant::Client => {
                add("grant_type", "client_credentials");
                if !self.auth.scopes.is_empty() {
                    add("scope", &scope(self.auth));
                }
            }
            Grant::Revoke if !self.names_a_token() => {
                let named =
                    [REFRESH_TOKEN, ACCESS_TOKEN].into_iter().find_map(|name| Some((name, self.held.get(name)?)));
                let (name, token) = named.ok_or("there is no token to give back")?;
                add("token", token.expose());
                add("token_type_hint", name);
            }
            Grant::Own | Grant::Revoke => {}
        }
        Ok(params)
    }

    /// Whether the manifest's own words for the revocation say which token.
    fn names_a_token(&self) -> bool {
        let more = self.auth.answer.more.keys().map(String::as_str);
        let names: Vec<String> =
            [ACCESS_TOKEN, REFRESH_TOKEN].into_iter().chain(more).map(|name| format!("{{{name}}}")).collect();
        self.auth.revoke.as_ref().is_some_and(|revoke| {
            let mut texts = revoke.params.values().chain([&revoke.url]);
            texts.any(|text| names.iter().any(|name| text.contains(name)))
        })
    }
}

impl Grant<'_> {
    /// Parameters that carry the protocol; a manifest may add to them, not replace them.
    pub(super) fn reserves(&self, name: &str) -> bool {
        match self {
            Self::Code { .. } | Self::Refresh => {
                matches!(name, "grant_type" | "code" | "code_verifier" | "refresh_token" | "client_secret")
            }
            Self::Client => matches!(name, "grant_type" | "scope" | "client_secret"),
            Self::Own | Self::Revoke => name == "client_secret",
        }
    }
}

/// All scopes of a login as one text.
pub(super) fn scope(auth: &Auth) -> String {
    let names: Vec<&str> = auth.scopes.iter().map(|scope| scope.name.as_str()).collect();
    names.join(auth.scope_separator.as_deref().unwrap_or(" "))
}
