//! What a connector asks for, as a set that can be stored with an approval and compared later.
//!
//! A power is whatever decides where bytes go, who is asked for what, and what may be read or written.
//! It is spread out into its smallest parts, so that a release that only moves things around asks for
//! nothing more, and one that adds a single method to a single path does.

mod card;
mod client;
mod growth;
mod sentences;
mod settings;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use card::{CardChange, CardGroup, CardLine};
pub(crate) use client::hosts as hosts_of;
pub use settings::SettingAsked;
pub use work::{ActionAsked, DiscoveredAsked, PickerAsked, RateAsked, StreamAsked};

use super::{
    AnswerPlaces, Auth, AuthKind, Field, FieldKind, LimitsAsked, Manifest, RegionBy, RevokeEnds, Signature, SlotPlace,
    TokenRequest,
};

/// Everything that a connector asks for. Stored as JSON with an approval; what an older approval does
/// not mention was not granted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Asks {
    /// Where its requests may go, spread out: one entry for each path, method and slot.
    pub reach: BTreeSet<Reach>,
    /// Customers' own addresses that may be reached, by the origin in `reach`, and their ports besides 443.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub customer_origins: BTreeMap<String, BTreeSet<u16>>,
    /// Ways to log in, by id.
    pub logins: BTreeMap<String, LoginAsked>,
    /// Whether the connector is asked to read (`fetch`).
    pub fetch: bool,
    /// Whether the connector is asked to write (`push`).
    pub push: bool,
    /// What may be read, by name.
    pub streams: BTreeMap<String, StreamAsked>,
    /// The logins that a stream is read with, where they are not all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stream_logins: BTreeMap<String, BTreeSet<String>>,
    /// What is discovered, by what the names begin with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub discovered: BTreeMap<String, DiscoveredAsked>,
    /// What may be written, by name.
    pub actions: BTreeMap<String, ActionAsked>,
    /// What people pick targets from, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pickers: BTreeMap<String, PickerAsked>,
    /// What people are led to type into settings; none in an approval that was stored before this was noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeSet<SettingAsked>>,
    /// Bounds of how fast the provider is asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<RateAsked>,
    /// What people call the provider: whose credential they think they are asked for.
    pub name: String,
    /// SHA-256 of the logo, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Where what people read leads them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub links: BTreeSet<String>,
    /// Memory and time.
    pub limits: LimitsAsked,
}

/// One smallest part of what may be reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reach {
    /// Scheme and host.
    pub origin: String,
    /// What the path starts with.
    pub path: String,
    /// The method.
    pub method: String,
    /// The slot that is filled; none for a bare request.
    pub slot: Option<String>,
}

/// What one way to log in asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginAsked {
    /// Which kind.
    pub kind: AuthKind,
    /// Where the person is sent.
    pub authorize: Option<TokenRequest>,
    /// Where the code goes.
    pub token: Option<TokenRequest>,
    /// Where the refresh token goes; the token address when the manifest names no other.
    pub refresh: Option<TokenRequest>,
    /// Where the tokens of the login are turned into those that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<TokenRequest>,
    /// Where what was entered opens a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<TokenRequest>,
    /// Where tokens are given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke: Option<TokenRequest>,
    /// What giving them back ends.
    #[serde(default)]
    pub revoke_ends: RevokeEnds,
    /// Where the tokens stand in an answer, and which are kept besides the two of the standard.
    #[serde(default)]
    pub answer: AnswerPlaces,
    /// The table of regions, by id: what `{region.NAME}` is in each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<String, BTreeMap<String, String>>,
    /// What chooses the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_by: Option<RegionBy>,
    /// Whether the login is bound by PKCE.
    pub pkce: bool,
    /// The issuer that is compared.
    pub issuer: Option<String>,
    /// What the provider is asked to allow.
    pub scopes: BTreeSet<String>,
    /// What stands between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// Which answers mean what, as JSON text: an answer that ends a credential has requests sent again.
    #[serde(default)]
    pub rules: String,
    /// Whether refresh tokens rotate, and for how many seconds the old one works.
    #[serde(default)]
    pub rotation: (bool, u32),
    /// What the person is asked to enter.
    pub fields: BTreeMap<String, FieldAsked>,
    /// What is kept of the login and told to the connector.
    pub facts: BTreeMap<String, FactAsked>,
    /// Where the credential is put.
    pub slots: BTreeMap<String, SlotAsked>,
}

/// What one field asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldAsked {
    /// Its type; a secret is told to nobody.
    pub kind: FieldKind,
    /// What follows the one label of a subdomain.
    pub suffix: Option<String>,
    /// What it has to look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The values that can be chosen.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub options: BTreeSet<String>,
    /// What a person is told to enter, of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What one fact asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FactAsked {
    /// What it is taken from.
    pub from: String,
    /// What it has to look like.
    pub pattern: String,
}

/// What one slot asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SlotAsked {
    /// The place in the request.
    pub place: SlotPlace,
    /// The header's or parameter's name, or the pointer.
    pub name: Option<String>,
    /// What is put there.
    pub value: String,
    /// How it is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// What is filled together with it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub with: BTreeSet<String>,
}

impl Manifest {
    /// What the connector asks for.
    #[must_use]
    pub fn asks(&self) -> Asks {
        let filled = self.filled();
        Asks {
            reach: reach(&filled),
            customer_origins: customer_origins(&filled),
            logins: filled.auths.iter().map(|auth| (auth.id.clone(), login(auth))).collect(),
            fetch: self.needs_fetch(),
            push: self.needs_push(),
            streams: work::named(&self.streams, |stream| &stream.name),
            stream_logins: self
                .streams
                .iter()
                .filter(|stream| !stream.auth.is_empty())
                .map(|stream| (stream.name.clone(), stream.auth.iter().cloned().collect()))
                .collect(),
            discovered: work::named(&self.discovered, |asked| &asked.prefix),
            actions: work::named(&self.actions, |action| &action.name),
            pickers: work::named(&self.pickers, |picker| &picker.name),
            settings: Some(settings::asked(self.settings.as_ref())),
            rates: filled.rates.iter().map(Into::into).collect(),
            name: self.name.clone(),
            logo: self.logo.as_ref().map(|logo| crate::package::digest(logo.as_bytes())),
            links: work::links(self),
            limits: self.limits,
        }
    }

    /// Whether it asks for addresses that customers enter: the operator decides which, for each connector.
    #[must_use]
    pub fn asks_customer_origins(&self) -> bool {
        !customer_origins(&self.filled()).is_empty()
    }

    /// Whether the component has to export `fetch`: it has streams, or a picker that searches, or discovers streams.
    #[must_use]
    pub fn needs_fetch(&self) -> bool {
        !self.streams.is_empty()
            || self.discovered.is_some()
            || self.pickers.iter().any(|picker| picker.from_stream.is_none())
    }

    /// Whether the component has to export `push`: it has actions.
    #[must_use]
    pub fn needs_push(&self) -> bool {
        !self.actions.is_empty()
    }
}

fn reach(manifest: &Manifest) -> BTreeSet<Reach> {
    let mut reach = BTreeSet::new();
    for host in &manifest.hosts {
        for path in &host.paths {
            for method in &host.methods {
                // A request may always leave its credential out, so a slot never comes alone.
                for slot in std::iter::once(None).chain(host.slots.iter().cloned().map(Some)) {
                    reach.insert(Reach {
                        origin: host.origin.clone(),
                        path: path.clone(),
                        method: method.clone(),
                        slot,
                    });
                }
            }
        }
    }
    reach
}

/// The addresses that are a field of type `origin`, of hosts and of logins. An address elsewhere begins
/// with `https://`, so whatever begins with a placeholder is a customer's.
fn customer_origins(manifest: &Manifest) -> BTreeMap<String, BTreeSet<u16>> {
    let mut own: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for host in manifest.hosts.iter().filter(|host| host.origin.starts_with('{')) {
        own.entry(host.origin.clone()).or_default().extend(&host.ports);
    }
    for (_, request) in manifest.auths.iter().flat_map(Auth::requests) {
        let placed = request.and_then(|request| request.url.strip_prefix('{')?.split_once('}'));
        if let Some((field, _)) = placed {
            own.entry(format!("{{{field}}}")).or_default();
        }
    }
    own
}

fn rules(auth: &Auth) -> String {
    let all = [&auth.expired, &auth.dead, &auth.throttled, &auth.misconfigured];
    if all.iter().all(|rules| rules.is_empty()) {
        return String::new();
    }
    // Numbers, texts and values of JSON can always be written.
    serde_json::to_string(&all).unwrap_or_default()
}

impl From<&Field> for FieldAsked {
    fn from(field: &Field) -> Self {
        Self {
            kind: field.kind,
            suffix: field.suffix.clone(),
            pattern: field.pattern.clone(),
            options: field.options.iter().cloned().collect(),
            label: (field.kind == FieldKind::Secret).then(|| field.label.clone()),
        }
    }
}

fn login(auth: &Auth) -> LoginAsked {
    LoginAsked {
        kind: auth.kind,
        authorize: auth.authorize.clone(),
        token: auth.token.clone(),
        refresh: auth.refresh.clone().or_else(|| auth.token.clone()),
        exchange: auth.exchange.clone(),
        login: auth.login.clone(),
        revoke: auth.revoke.clone(),
        revoke_ends: auth.revoke_ends,
        answer: auth.answer.clone(),
        regions: auth.regions.iter().map(|region| (region.id.clone(), region.values.clone())).collect(),
        region_by: auth.region_by.clone(),
        pkce: auth.pkce,
        issuer: auth.issuer.clone(),
        scopes: auth.scopes.iter().map(|scope| scope.name.clone()).collect(),
        scope_separator: auth.scope_separator.clone(),
        rules: rules(auth),
        rotation: (auth.rotation, auth.grace_seconds),
        fields: auth.fields.iter().map(|field| (field.id.clone(), field.into())).collect(),
        facts: auth
            .facts
            .iter()
            .map(|fact| (fact.id.clone(), FactAsked { from: fact.from.clone(), pattern: fact.pattern.clone() }))
            .collect(),
        slots: auth
            .slots
            .iter()
            .map(|slot| {
                let asked = SlotAsked {
                    place: slot.place,
                    name: slot.name.clone(),
                    value: slot.value.clone(),
                    signature: slot.signature.clone(),
                    with: slot.with.iter().cloned().collect(),
                };
                (slot.id.clone(), asked)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
