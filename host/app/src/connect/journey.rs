//! The hosted journey, as its pages need it: who asks, what may be chosen, what will be shared, how it ended.
//!
//! Nothing here begins anything. The address of a session is shown to whoever has it; from the moment at
//! which a browser opens the session, only that browser sees more.

use std::time::Duration;

use patchbay_model::{
    Code, Fault, Secret, SessionId,
    manifest::{Auth, Availability, Category, Field, Guide, Manifest},
};
use patchbay_store::{ConnectSession, StoreError};
use url::Url;

use super::{Language, auth_method, hash};
use crate::App;

/// Characters of the browser's cookie.
const COOKIE: usize = 43;

/// What the address of a session shows.
pub struct Landing {
    /// Who asks.
    pub tenant: String,
    /// The language that the session asks for.
    pub language: Option<Language>,
    /// How long it can still be used.
    pub remaining: Duration,
    /// The session, when this browser has opened it already.
    pub opened: Option<SessionId>,
}

/// A session that belongs to this browser now.
pub struct Opened {
    /// Which.
    pub session: SessionId,
    /// What the browser keeps: the one it had, or a new one.
    pub cookie: Secret,
}

/// How a session stands, for its browser.
pub struct Journey {
    /// Who asks.
    pub tenant: String,
    /// The language that the session asks for.
    pub language: Option<Language>,
    /// How long it can still be used.
    pub remaining: Duration,
    /// What comes next.
    pub stage: Stage,
    /// Why the last attempt did not work.
    pub trouble: Option<Code>,
    /// Whether there is an address to return to.
    pub returns: bool,
}

/// A step of the journey.
pub enum Stage {
    /// What is to be connected.
    Choose(Vec<Choice>),
    /// It is authorised: the application has to be told.
    Confirm(Confirm),
    /// It is connected.
    Done(Confirm),
}

/// A connector that may be chosen.
pub struct Choice {
    /// Its id.
    pub connector: String,
    /// What people call the provider.
    pub name: String,
    /// One or two sentences.
    pub summary: String,
    /// Where it stands in the catalog.
    pub category: Category,
}

/// What was connected.
pub struct Confirm {
    /// The provider.
    pub provider: String,
    /// The business account.
    pub business_name: String,
    /// E-mail or login behind it.
    pub login: Option<String>,
    /// How many accounts it reaches.
    pub accounts: usize,
    /// Whether it was connected before.
    pub renewed: bool,
}

/// What will be shared, before anything begins.
pub struct Review {
    /// Who asks.
    pub tenant: String,
    /// The provider.
    pub provider: String,
    /// The connector's id.
    pub connector: String,
    /// The way to log in that is shown.
    pub auth: String,
    /// All ways to log in, id and label.
    pub logins: Vec<(String, String)>,
    /// What will be read, in plain words.
    pub reads: Vec<String>,
    /// What may be written.
    pub writes: Vec<String>,
    /// What the provider will be asked to allow, and why.
    pub asks: Vec<String>,
    /// Where requests go.
    pub reaches: Vec<String>,
    /// What is needed before starting.
    pub checklist: Vec<String>,
    /// Step by step.
    pub guides: Vec<Guide>,
    /// What has to be entered.
    pub fields: Vec<Field>,
    /// Whether the browser goes to the provider's own pages.
    pub leaves: bool,
    /// Whether the login is bound by PKCE.
    pub pkce: bool,
    /// The language that the session asks for.
    pub language: Option<Language>,
    /// How long the session can still be used.
    pub remaining: Duration,
    /// How many connectors may be chosen.
    pub one_of: usize,
}

impl App {
    async fn session_behind(&self, token: &str) -> Result<ConnectSession, Fault> {
        let unusable = || Fault::new(Code::SessionUnusable);
        let session = self.store.session_by_token(hash(token)).await?.ok_or_else(unusable)?;
        if session.expires_at <= self.clock.now() { Err(unusable()) } else { Ok(session) }
    }

    /// What the address shows to whoever opens it.
    pub async fn landing(&self, token: &str, cookie: Option<&Secret>) -> Result<Landing, Fault> {
        let session = self.session_behind(token).await?;
        let given = cookie.map(|cookie| hash(cookie.expose()));
        match session.browser_hash {
            Some(browser) if given != Some(browser) => {
                return Err(Fault::new(Code::SessionUnusable).operator("it was opened in another browser"));
            }
            None if session.ended_at.is_some() => return Err(Fault::new(Code::SessionUnusable)),
            _ => {}
        }
        Ok(Landing {
            tenant: self.store.tenant(&session.tenant).await?.name,
            language: language(&session),
            remaining: session.expires_at.since(self.clock.now()),
            opened: session.browser_hash.is_some().then_some(session.id),
        })
    }

    /// Binds a session to this browser: the person clicked. Another one is refused from now on.
    pub async fn open_session(&self, token: &str, cookie: Option<Secret>) -> Result<Opened, Fault> {
        let session = self.session_behind(token).await?;
        let cookie = cookie.filter(|cookie| cookie.len() == COOKIE).unwrap_or_else(|| self.secret());
        self.store.bind_session(&session.id, hash(cookie.expose())).await.map_err(|error| match error {
            StoreError::Conflict(why) => Fault::new(Code::SessionUnusable).operator(why),
            other => other.into(),
        })?;
        Ok(Opened { session: session.id, cookie })
    }

    /// How a session stands, for the browser that opened it.
    pub async fn journey(&self, session: &SessionId, cookie: Option<&Secret>) -> Result<Journey, Fault> {
        let session = self.browsers_session(session, cookie).await?;
        let stage = match (&session.made, self.waiting(&session.id).await?) {
            (_, Some((pending, accounts))) => Stage::Confirm(Confirm {
                provider: self.release_facts(&pending.release).await?.manifest.name.clone(),
                business_name: pending.business_name,
                login: pending.login,
                accounts,
                renewed: pending.reconnect.is_some(),
            }),
            (Some(made), None) => {
                let row = self.store.connection(&session.tenant, made).await?;
                Stage::Done(Confirm {
                    provider: self.release_of(&row).await?.manifest.name.clone(),
                    business_name: row.business_name,
                    login: row.login,
                    accounts: self.store.accounts(&session.tenant, made).await?.len(),
                    renewed: session.connection.is_some(),
                })
            }
            (None, None) => {
                let session = self.usable_session(&session.id, cookie).await?;
                Stage::Choose(self.choices(&session).await?)
            }
        };
        Ok(Journey {
            tenant: self.store.tenant(&session.tenant).await?.name,
            language: language(&session),
            remaining: session.expires_at.since(self.clock.now()),
            stage,
            trouble: session.code,
            returns: session.return_to.is_some(),
        })
    }

    /// The connectors of a session that can be connected now, by name.
    async fn choices(&self, session: &ConnectSession) -> Result<Vec<Choice>, Fault> {
        let mut choices = Vec::new();
        for card in self.catalog(&session.tenant).await? {
            let manifest = card.manifest;
            let offered = session.connectors.is_empty() || session.connectors.contains(&manifest.id);
            if !offered || manifest.availability != Availability::Available {
                continue;
            }
            let mut usable = false;
            for auth in manifest.auths.iter().filter(|auth| session.auth.as_ref().is_none_or(|only| *only == auth.id)) {
                usable = usable || self.client_needed(auth, &session.tenant, &manifest.id).await.is_ok();
            }
            if usable {
                choices.push(Choice {
                    connector: manifest.id,
                    name: manifest.name,
                    summary: manifest.summary,
                    category: manifest.category,
                });
            }
        }
        choices.sort_by_key(|choice| choice.name.to_lowercase());
        Ok(choices)
    }

    /// What will be shared with this connector, and what the person has to enter.
    pub async fn review(
        &self,
        session: &SessionId,
        cookie: Option<&Secret>,
        connector: &str,
        auth: Option<&str>,
    ) -> Result<Review, Fault> {
        let session = self.usable_session(session, cookie).await?;
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
        let said = |title: &str, text: &str| format!("{title}: {text}");
        Ok(Review {
            tenant: self.store.tenant(&session.tenant).await?.name,
            provider: manifest.name.clone(),
            connector: manifest.id.clone(),
            auth: chosen.id.clone(),
            logins: logins.iter().map(|auth| (auth.id.clone(), auth.label.clone())).collect(),
            reads: manifest
                .streams
                .iter()
                .map(|stream| said(&stream.title, &stream.meaning))
                // Each only once somebody switches it on.
                .chain(manifest.discovered.iter().map(|asked| asked.meaning.clone()))
                .collect(),
            writes: manifest.actions.iter().map(|action| said(&action.title, &action.meaning)).collect(),
            asks: chosen.scopes.iter().map(|scope| said(&scope.name, &scope.reason)).collect(),
            reaches: reaches(manifest, chosen),
            checklist: manifest.checklist.clone(),
            guides: manifest.guides.clone(),
            fields: chosen.fields.clone(),
            leaves: chosen.kind.has_consent(),
            pkce: chosen.pkce,
            language: language(&session),
            remaining: session.expires_at.since(self.clock.now()),
            one_of: self.choices(&session).await?.len(),
        })
    }

    /// The end of the journey: the registered address, with a fresh completion code where one is awaited.
    /// None when the session has no address, and the browser stays.
    pub async fn finish_session(&self, session: &SessionId, cookie: Option<&Secret>) -> Result<Option<Url>, Fault> {
        let session = self.browsers_session(session, cookie).await?;
        let Some(return_to) = &session.return_to else { return Ok(None) };
        let row = self.store.return_address(&session.tenant, return_to).await.map_err(|_| {
            Fault::new(Code::ReturnAddressRefused).operator("the session's return address was removed meanwhile")
        })?;
        let mut address =
            Url::parse(&row.address).map_err(|error| Fault::new(Code::ReturnAddressRefused).operator(error))?;
        let code = match self.waiting(&session.id).await? {
            Some(_) => Some(self.completion_code(&session.id).await?),
            None if session.ended_at.is_some() => None,
            None => return Err(Fault::new(Code::SessionUnusable).operator("nothing was connected")),
        };
        let mut query = address.query_pairs_mut();
        query.append_pair("session", session.id.as_str());
        if let Some(code) = &code {
            query.append_pair("code", code.expose());
        }
        drop(query);
        Ok(Some(address))
    }
}

fn language(session: &ConnectSession) -> Option<Language> {
    session.language.as_deref().and_then(Language::from_word)
}

/// Where requests go: what the connector reaches, and what the login itself sends codes and secrets to.
fn reaches(manifest: &Manifest, auth: &Auth) -> Vec<String> {
    let hosts = manifest.hosts.iter().map(|host| format!("{}: {}", host.origin, host.reason));
    let logins = auth.login_hosts().into_iter();
    let logins = logins.filter(|origin| manifest.hosts.iter().all(|host| host.origin != *origin));
    hosts.chain(logins.map(|origin| format!("{origin}: {}", auth.label))).collect()
}
