//! A release with everything that it may do, for whoever has to approve it.

use patchbay_model::manifest;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Canary, Release,
    permission_card::{PermissionLine, ReleasePublisher},
    words::{Category, Function, LoginKind},
};

/// A release with what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReleaseDetail {
    /// The release.
    release: Release,
    /// What people call the provider.
    name: String,
    /// One or two sentences.
    summary: String,
    /// Where it stands in the catalog.
    category: Category,
    /// Everything that it may do, in plain words, one line each.
    sentences: Vec<String>,
    /// What of it goes beyond what is approved for the connector.
    asks_beyond: Vec<String>,
    /// Who stands for it.
    publisher: ReleasePublisher,
    /// The permission card: all that it asks for, beside what was approved last.
    card: Vec<PermissionLine>,
    /// How far its trial is; null where nothing tries it.
    canary: Option<Canary>,
    /// Where its requests may go.
    hosts: Vec<Host>,
    /// Ways to log in.
    logins: Vec<LoginAsked>,
    /// What it can read.
    streams: Vec<Capability>,
    /// What it can write.
    actions: Vec<Capability>,
    /// Memory of one instance that it asks for, MiB.
    memory_mib: u32,
    /// Time of one run that it asks for, minutes.
    run_minutes: u32,
}

/// A place that requests may go to.
#[derive(Debug, Serialize, ToSchema)]
struct Host {
    /// Scheme, host and port.
    #[schema(example = "https://api.acme.com")]
    origin: String,
    /// What a path starts with.
    paths: Vec<String>,
    /// Methods.
    methods: Vec<String>,
    /// Whether a credential may go there.
    credential: bool,
    /// Why, in the publisher's words.
    reason: String,
}

/// A way to log in, with the addresses that see a credential.
#[derive(Debug, Serialize, ToSchema)]
struct LoginAsked {
    /// Its id.
    id: String,
    /// Which kind.
    kind: LoginKind,
    /// What people choose.
    label: String,
    /// Where the person is sent to consent.
    authorize_url: Option<String>,
    /// Where codes and refresh tokens are exchanged.
    token_urls: Vec<String>,
    /// What the provider is asked to allow, each with its reason.
    scopes: Vec<Scope>,
}

/// Something that a provider is asked to allow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scope {
    /// The provider's word.
    name: String,
    /// Why, in plain words.
    reason: String,
}

impl From<manifest::AuthScope> for Scope {
    fn from(scope: manifest::AuthScope) -> Self {
        Self { name: scope.name, reason: scope.reason }
    }
}

/// A stream or an action.
#[derive(Debug, Serialize, ToSchema)]
struct Capability {
    /// Its name.
    name: String,
    /// Its title.
    title: String,
    /// Which function it belongs to.
    function: Function,
    /// What is read or written, in plain words.
    meaning: String,
}

impl From<manifest::Auth> for LoginAsked {
    fn from(auth: manifest::Auth) -> Self {
        Self {
            id: auth.id,
            kind: auth.kind.into(),
            label: auth.label,
            authorize_url: auth.authorize.map(|request| request.url),
            token_urls: auth.token.into_iter().chain(auth.refresh).map(|request| request.url).collect(),
            scopes: auth.scopes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<manifest::Host> for Host {
    fn from(host: manifest::Host) -> Self {
        Self {
            origin: host.origin,
            paths: host.paths,
            methods: host.methods,
            credential: !host.slots.is_empty(),
            reason: host.reason,
        }
    }
}

impl From<patchbay_app::ReleaseDetail> for ReleaseDetail {
    fn from(detail: patchbay_app::ReleaseDetail) -> Self {
        let manifest = detail.manifest;
        let publisher = ReleasePublisher::of(&detail.release, detail.key.as_ref());
        Self {
            release: detail.release.into(),
            name: manifest.name,
            summary: manifest.summary,
            category: manifest.category.into(),
            sentences: detail.sentences,
            publisher,
            card: detail.card.into_iter().map(Into::into).collect(),
            asks_beyond: detail.beyond,
            canary: detail.canary.map(Into::into),
            hosts: manifest.hosts.into_iter().map(Into::into).collect(),
            logins: manifest.auths.into_iter().map(Into::into).collect(),
            streams: manifest
                .streams
                .into_iter()
                .map(|stream| Capability {
                    name: stream.name,
                    title: stream.title,
                    function: stream.function.into(),
                    meaning: stream.meaning,
                })
                .collect(),
            actions: manifest
                .actions
                .into_iter()
                .map(|action| Capability {
                    name: action.name,
                    title: action.title,
                    function: action.function.into(),
                    meaning: action.meaning,
                })
                .collect(),
            memory_mib: manifest.limits.memory_mib,
            run_minutes: manifest.limits.run_minutes,
        }
    }
}
