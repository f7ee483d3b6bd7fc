//! What a person sees before anything begins: what is needed, what will be shared and with whom.

use std::time::Duration;

use patchbay_model::{
    Code, Fault, SessionId,
    manifest::{Auth, Field, Guide, Manifest},
};

use super::{Browser, Sender, auth_method};
use crate::{App, connectors::Release};

/// One thing that is shared, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// What it is called.
    pub what: String,
    /// What it is, or what it is needed for.
    pub why: String,
}

impl Shared {
    fn of(what: &str, why: &str) -> Self {
        Self { what: what.to_owned(), why: why.to_owned() }
    }
}

/// What will be shared, before anything begins.
pub struct Review {
    /// Who asks.
    pub sender: Sender,
    /// The provider.
    pub provider: String,
    /// The connector's id.
    pub connector: String,
    /// SHA-256 of its logo, where it has one.
    pub logo: Option<String>,
    /// The way to log in that is shown.
    pub auth: String,
    /// All ways to log in, id and label.
    pub logins: Vec<(String, String)>,
    /// What will be read, in plain words.
    pub reads: Vec<Shared>,
    /// What may be written.
    pub writes: Vec<Shared>,
    /// What the provider will be asked to allow.
    pub asks: Vec<Shared>,
    /// Where requests go.
    pub reaches: Vec<Shared>,
    /// What is needed before starting.
    pub checklist: Vec<String>,
    /// Step by step, for those who connect and for their administrators.
    pub guides: Vec<Guide>,
    /// What has to be entered.
    pub fields: Vec<Field>,
    /// Whether the browser goes to the provider's own pages.
    pub leaves: bool,
    /// Whether the login is bound by PKCE.
    pub pkce: bool,
    /// How long the session can still be used.
    pub remaining: Duration,
    /// How many connectors may be chosen.
    pub one_of: usize,
    /// How many logins in this session did not work.
    pub failures: u32,
    /// Whether it was begun in the portal, in this browser.
    pub portal: bool,
}

impl App {
    /// What will be shared with this connector, and what the person has to enter.
    pub async fn review(
        &self,
        session: &SessionId,
        browser: &Browser,
        connector: &str,
        auth: Option<&str>,
    ) -> Result<Review, Fault> {
        let session = self.usable_session(session, browser).await?;
        let release = self.active_release(connector).await?;
        let manifest = &release.manifest;
        let mut logins: Vec<&Auth> = Vec::new();
        for one in manifest.auths.iter().filter(|one| session.auth.as_ref().is_none_or(|only| *only == one.id)) {
            if self.client_needed(one, &session.tenant, connector).await.is_ok() {
                logins.push(one);
            }
        }
        let chosen = match auth {
            Some(id) => auth_method(&release, id)?,
            None => logins.first().copied().ok_or_else(|| Fault::new(Code::ClientMissing))?,
        };
        self.check_allowed(&session, connector, &chosen.id)?;
        Ok(Review {
            sender: self.sender_of(&session).await?,
            provider: manifest.name.clone(),
            connector: manifest.id.clone(),
            logo: logo_of(manifest),
            auth: chosen.id.clone(),
            logins: logins.iter().map(|auth| (auth.id.clone(), auth.label.clone())).collect(),
            reads: reads(manifest),
            writes: manifest.actions.iter().map(|action| Shared::of(&action.title, &action.meaning)).collect(),
            asks: chosen.scopes.iter().map(|scope| Shared::of(&scope.name, &scope.reason)).collect(),
            reaches: reaches(manifest, chosen),
            checklist: manifest.checklist.clone(),
            guides: guides(&release),
            fields: chosen.fields.clone(),
            leaves: chosen.kind.has_consent(),
            pkce: chosen.pkce,
            remaining: session.expires_at.since(self.clock.now()),
            one_of: self.choices(&session).await?.len(),
            failures: session.failures,
            portal: session.portal.is_some(),
        })
    }

    /// One guide of a connector that can be connected, with the provider's name: public, as its address is.
    pub async fn guide(&self, connector: &str, guide: &str) -> Result<(String, Guide), Fault> {
        let release = self.active_release(connector).await.map_err(|fault| match fault.code {
            Code::ConnectorUnknown => Fault::new(Code::NotFound),
            _ => fault,
        })?;
        let found = release.manifest.guides.iter().find(|one| one.id == guide);
        let found = found.ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok((release.manifest.name.clone(), found.clone()))
    }

    /// The logo of a connector that can be connected, if it is this one.
    pub async fn connector_logo(&self, connector: &str, digest: &str) -> Result<String, Fault> {
        let absent = || Fault::new(Code::NotFound);
        let release = self.active_release(connector).await.map_err(|_| absent())?;
        if logo_of(&release.manifest).as_deref() != Some(digest) {
            return Err(absent());
        }
        release.manifest.logo.clone().ok_or_else(absent)
    }
}

/// What a logo's address names it by.
pub(super) fn logo_of(manifest: &Manifest) -> Option<String> {
    manifest.logo.as_ref().map(|logo| patchbay_model::package::digest(logo.as_bytes()))
}

fn reads(manifest: &Manifest) -> Vec<Shared> {
    let streams = manifest.streams.iter().map(|stream| Shared::of(&stream.title, &stream.meaning));
    // Each only once somebody switches it on.
    let discovered = manifest.discovered.iter().map(|asked| Shared::of("", &asked.meaning));
    streams.chain(discovered).collect()
}

/// What the operator has to set up is nothing for whoever connects.
fn guides(release: &Release) -> Vec<Guide> {
    let for_operators = |guide: &Guide| guide.audience.to_lowercase().contains("operator");
    release.manifest.guides.iter().filter(|guide| !for_operators(guide)).cloned().collect()
}

/// Where requests go: what the connector reaches, and what the login itself sends codes and secrets to.
fn reaches(manifest: &Manifest, auth: &Auth) -> Vec<Shared> {
    let hosts = manifest.hosts.iter().map(|host| Shared::of(&host.origin, &host.reason));
    let logins = auth.login_hosts().into_iter();
    let logins = logins.filter(|origin| manifest.hosts.iter().all(|host| host.origin != *origin));
    hosts.chain(logins.map(|origin| Shared::of(&origin, &auth.label))).collect()
}
