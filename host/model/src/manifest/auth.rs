//! Ways to log in, as the manifest declares them. None of it is seen by the guest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way to log in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Auth {
    /// Told to the guest as `context.auth`.
    pub id: String,
    /// Which kind.
    pub kind: AuthKind,
    /// What people choose.
    pub label: String,
    /// What the person enters.
    #[serde(default, rename = "field", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Where the person is sent to consent (`oauth2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorize: Option<TokenRequest>,
    /// Where the code is exchanged (`oauth2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenRequest>,
    /// Where a token is refreshed; as `token` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<TokenRequest>,
    /// S256 on every login; a provider that rejects it is opted out, visibly.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// The provider's issuer, where it sends `iss` (RFC 9207); then it is required and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What is asked for, each with its reason.
    #[serde(default, rename = "scope", skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<AuthScope>,
    /// What the login tells about the account and is no secret.
    #[serde(default, rename = "fact", skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// Where the gate puts the credential.
    #[serde(default, rename = "slot", skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// Answers that mean that the credential is no longer accepted; status 401 when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<ResponseRule>,
    /// A refresh gives a new refresh token and ends the old one.
    #[serde(default)]
    pub rotation: bool,
    /// Seconds for which the old refresh token still works after a rotation.
    #[serde(default)]
    pub grace_seconds: u32,
    /// Days after which an unused refresh token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_days: Option<u32>,
}

fn yes() -> bool {
    true
}

/// Which kind of login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthKind {
    /// Keys, or user and password, entered in the form.
    Fields,
    /// OAuth 2 authorization code (RFC 6749, section 4.1).
    Oauth2,
}

/// Something the person enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Field {
    /// Its name in placeholders.
    pub id: String,
    /// What stands above it.
    pub label: String,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Regular expression that the whole value matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The values of a `select`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What follows the one label of a `subdomain`, e.g. `.example.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Whether it may be left empty.
    #[serde(default)]
    pub optional: bool,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Plain text; told to the guest as a fact.
    Text,
    /// Sealed; never told to anybody.
    Secret,
    /// One of `options`; told to the guest as a fact.
    Select,
    /// A bare word, or a pasted address that is reduced to one label before `suffix`.
    Subdomain,
}

/// A request of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenRequest {
    /// Its address; placeholders are facts and fields, percent-encoded.
    pub url: String,
    /// Parameters besides those of the standard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Where its parameters stand.
    #[serde(default)]
    pub place: ExchangePlace,
    /// How the client proves itself.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// Where the parameters of a token request stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangePlace {
    /// `application/x-www-form-urlencoded`, as the standard says.
    #[default]
    Form,
    /// A JSON object.
    Json,
    /// The query string.
    Query,
}

/// How the client proves itself at the token address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// `client_id` and `client_secret` as parameters.
    #[default]
    Body,
    /// HTTP Basic (RFC 6749, section 2.3.1).
    Basic,
    /// Only `client_id` (a public client).
    None,
}

/// Something the provider is asked to allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthScope {
    /// The provider's word.
    pub name: String,
    /// Why, in plain words, for the review step.
    pub reason: String,
}

/// Something the login tells that is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fact {
    /// Its name in placeholders, and for the guest.
    pub id: String,
    /// `callback:NAME` or `answer:/json/pointer`.
    pub from: String,
    /// Regular expression that the whole value matches.
    pub pattern: String,
}

/// Where the gate puts a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Slot {
    /// What a request names.
    pub id: String,
    /// What a request without a name gets.
    #[serde(default)]
    pub standard: bool,
    /// The place in the request.
    pub place: SlotPlace,
    /// The header's or parameter's name, or the JSON pointer; not for `basic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is put there: `Bearer {access_token}`; for `basic`, `{user}:{password}`.
    pub value: String,
}

/// The place of a slot in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotPlace {
    /// A header.
    Header,
    /// A query parameter, appended last.
    Query,
    /// `Authorization: Basic …`.
    Basic,
    /// A value in a JSON body that is null before.
    Json,
}

/// An answer of the provider that means something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResponseRule {
    /// The status, when it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// JSON pointer into the answer, when it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
}

impl Auth {
    /// The slot that a request without a name gets.
    #[must_use]
    pub fn standard_slot(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.standard)
    }
}
