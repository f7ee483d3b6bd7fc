//! Ways to log in, as the manifest declares them. None of it is seen by the guest.

mod request;
mod slot;

pub use request::{ClientAuth, ExchangePlace, TokenRequest};
pub use slot::{Signature, SignatureEncoding, SignedInto, Slot, SlotPlace};

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
    /// Where a token is refreshed; as `token` when left out. A request whose parameters name
    /// `{access_token}` renews a token that still works (a provider without refresh tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<TokenRequest>,
    /// A second call right after the login, which turns its tokens into those that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<TokenRequest>,
    /// The request that opens a session (`session`); its parameters name fields, secret ones too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<TokenRequest>,
    /// Where a token is given back (RFC 7009) when a connection is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke: Option<TokenRequest>,
    /// What a revocation ends at the provider.
    #[serde(default, skip_serializing_if = "RevokeEnds::is_token")]
    pub revoke_ends: RevokeEnds,
    /// Where tokens, life and scopes stand in an answer; the names of RFC 6749 when left out.
    #[serde(default, skip_serializing_if = "AnswerPlaces::is_standard")]
    pub answer: AnswerPlaces,
    /// How long an access token lives, seconds, where answers do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_seconds: Option<u32>,
    /// How long before its end a token is renewed, days; 15 minutes or a third of its life when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_days_ahead: Option<u32>,
    /// The closed table of places that the provider is spread over.
    #[serde(default, rename = "region", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// What chooses the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_by: Option<RegionBy>,
    /// S256 on every login; a provider that rejects it is opted out, visibly.
    #[serde(default = "yes")]
    pub pkce: bool,
    /// The provider's issuer, where it sends `iss` (RFC 9207); then it is required and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What stands between scopes in a request; a space when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
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
    /// Answers of the token address that end the grant, besides `invalid_grant`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<ResponseRule>,
    /// Answers of the token address that ask to wait, besides 429 and 503.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub throttled: Vec<ResponseRule>,
    /// Answers of the token address that mean that the operator's client is wrong, besides `invalid_client`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misconfigured: Vec<ResponseRule>,
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
    /// OAuth 2 client credentials (RFC 6749, section 4.4): the client's own, or those that were entered in
    /// fields `client_id` and `client_secret`.
    Oauth2ClientCredentials,
    /// A request with what was entered opens a session, whose token is used until it dies.
    Session,
}

impl AuthKind {
    /// Whether a person is sent to the provider's own pages.
    #[must_use]
    pub fn has_consent(self) -> bool {
        matches!(self, Self::Oauth2)
    }

    /// Whether an operator's OAuth client may be needed.
    #[must_use]
    pub fn has_client(self) -> bool {
        matches!(self, Self::Oauth2 | Self::Oauth2ClientCredentials)
    }
}

/// How a credential is renewed without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It is not: when it ends, a person enters it again.
    Never,
    /// With the refresh token.
    RefreshToken,
    /// With the access token, while that still works.
    AccessToken,
    /// By asking for another one: client credentials, or a session's login.
    Afresh,
}

/// What a revocation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevokeEnds {
    /// The tokens of this login only.
    #[default]
    Token,
    /// All that this person ever granted to this client, other connections' tokens too.
    Grant,
}

impl RevokeEnds {
    fn is_token(&self) -> bool {
        *self == Self::Token
    }
}

/// Where tokens, life and scopes stand in the answer of a token address: JSON pointers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AnswerPlaces {
    /// The access token or session token; `/access_token` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The refresh token; `/refresh_token` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The life of the access token, seconds; `/expires_in` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<String>,
    /// The granted scopes; `/scope` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Further tokens by the name that slots use, and the pointer to each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

impl AnswerPlaces {
    fn is_standard(&self) -> bool {
        *self == Self::default()
    }
}

/// One place of a provider that is spread over several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Region {
    /// Its name: the value of `{region}`.
    pub id: String,
    /// What people choose, where a field chooses.
    pub label: String,
    /// The values of `{region.NAME}`: hosts, or parts of them.
    pub values: BTreeMap<String, String>,
}

/// What chooses the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegionBy {
    /// `field:ID`, `callback:NAME` or `answer:/json/pointer`.
    pub from: String,
    /// Which value of the table has to equal it; the region's id when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
    /// The region where nothing is said; without it, nothing said is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
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
    /// A day, `YYYY-MM-DD`; told to the guest as a fact.
    Date,
    /// An address of the customer's own, reduced to scheme, host and port. Where it may lead is the
    /// operator's decision.
    Origin,
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
    /// `callback:NAME`, `answer:/json/pointer`, `id_token:/claim` or `access_token:/claim`.
    pub from: String,
    /// Regular expression that the whole value matches.
    pub pattern: String,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
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
    /// What does not stand there; the rule fits where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<Value>,
}

impl ResponseRule {
    /// Whether what stands at the pointer is what is meant; none where nothing stands there.
    #[must_use]
    pub fn means(&self, found: Option<&Value>) -> bool {
        match found {
            // `unless` alone names what is not meant: what says nothing is meant.
            None => !self.unless.is_empty() && self.equals.is_none(),
            Some(found) => self.equals.as_ref().is_none_or(|wanted| wanted == found) && !self.unless.contains(found),
        }
    }
}

impl Auth {
    /// The requests of this login, by their keys in the manifest.
    #[must_use]
    pub fn requests(&self) -> [(&'static str, Option<&TokenRequest>); 6] {
        [
            ("authorize", self.authorize.as_ref()),
            ("token", self.token.as_ref()),
            ("refresh", self.refresh.as_ref()),
            ("exchange", self.exchange.as_ref()),
            ("login", self.login.as_ref()),
            ("revoke", self.revoke.as_ref()),
        ]
    }

    /// Where the host itself sends what is entered, codes and tokens of this login: the origins of its
    /// requests, with placeholders as they are written. The login page, to which only the person goes, is
    /// none of them.
    #[must_use]
    pub fn login_hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for (_, request) in self.requests().into_iter().filter(|(key, _)| *key != "authorize") {
            if let Some(origin) = request.map(TokenRequest::origin)
                && !hosts.iter().any(|host| host == origin)
            {
                hosts.push(origin.to_owned());
            }
        }
        hosts
    }

    /// The slot that a request without a name gets.
    #[must_use]
    pub fn standard_slot(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.standard)
    }

    /// The slot of this id.
    #[must_use]
    pub fn slot(&self, id: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// The request that renews a credential with what it holds, where one does.
    #[must_use]
    pub fn renewal_request(&self) -> Option<&TokenRequest> {
        match self.kind {
            AuthKind::Fields => None,
            AuthKind::Oauth2 => self.refresh.as_ref().or(self.token.as_ref()),
            AuthKind::Oauth2ClientCredentials => self.token.as_ref(),
            AuthKind::Session => self.login.as_ref(),
        }
    }

    /// How a credential of this login is renewed; `has_refresh_token` is what the credential itself holds.
    #[must_use]
    pub fn renewal(&self, has_refresh_token: bool) -> Renewal {
        let by_access_token = || {
            self.refresh.as_ref().is_some_and(|refresh| {
                refresh.params.values().chain([&refresh.url]).any(|text| text.contains("{access_token}"))
            })
        };
        match self.kind {
            AuthKind::Fields => Renewal::Never,
            AuthKind::Oauth2ClientCredentials | AuthKind::Session => Renewal::Afresh,
            AuthKind::Oauth2 if by_access_token() => Renewal::AccessToken,
            AuthKind::Oauth2 if has_refresh_token => Renewal::RefreshToken,
            AuthKind::Oauth2 => Renewal::Never,
        }
    }

    /// The region of this id.
    #[must_use]
    pub fn region(&self, id: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.id == id)
    }

    /// What fills placeholders of hosts, paths, slots and login requests: the facts of the login, and
    /// `{region.NAME}` of the region that the fact `region` names. The table is the release's, so what an
    /// operator approved is what is reached.
    #[must_use]
    pub fn placeholders(&self, facts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = facts.clone();
        all.retain(|name, _| !name.contains('.'));
        if let Some(region) = facts.get(REGION).and_then(|id| self.region(id)) {
            all.extend(region.values.iter().map(|(name, value)| (format!("{REGION}.{name}"), value.clone())));
        }
        all
    }
}

/// The fact that names the region of a connection.
pub const REGION: &str = "region";

#[cfg(test)]
mod tests;
