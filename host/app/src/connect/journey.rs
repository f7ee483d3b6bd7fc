//! The hosted journey, as its pages need it: who asks, what may be chosen, how far it is, how it ended.
//!
//! Nothing here begins anything. The address of a session is shown to whoever has it; from the moment at
//! which a browser opens the session, only that browser sees more. A session that was begun in the portal is
//! shown to the portal's own browser only, from its first page on.

use std::time::Duration;

use patchbay_model::{
    Code, Fault, Secret, SessionId,
    manifest::{Availability, Category},
};
use patchbay_store::{ConnectSession, StoreError};

use super::{Browser, Sender, hash, review::logo_of};
use crate::App;

/// Characters of the browser's cookie.
const COOKIE: usize = 43;

/// What the address of a session shows.
pub struct Landing {
    /// Who asks.
    pub sender: Sender,
    /// How long it can still be used.
    pub remaining: Duration,
    /// The session, when this browser has opened it already.
    pub opened: Option<SessionId>,
    /// Whether this very browser began it in the portal: no click has to say so once more.
    pub portal: bool,
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
    pub sender: Sender,
    /// How long it can still be used.
    pub remaining: Duration,
    /// What comes next.
    pub stage: Stage,
    /// Why the last attempt did not work.
    pub trouble: Option<Code>,
    /// Whether it was begun in the portal, in this browser.
    pub portal: bool,
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

/// How far a session is, for a page that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Nothing came back yet.
    Open,
    /// It is authorised or connected.
    Back,
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
    /// SHA-256 of its logo, where it has one.
    pub logo: Option<String>,
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

impl App {
    async fn session_behind(&self, token: &str, browser: &Browser) -> Result<ConnectSession, Fault> {
        let unusable = || Fault::new(Code::SessionUnusable);
        let session = self.store.session_by_token(hash(token)).await?.ok_or_else(unusable)?;
        self.portal_of(&session, browser).await?;
        if session.expires_at <= self.clock.now() { Err(unusable()) } else { Ok(session) }
    }

    /// What the address shows to whoever opens it.
    pub async fn landing(&self, token: &str, browser: &Browser) -> Result<Landing, Fault> {
        let session = self.session_behind(token, browser).await?;
        let given = browser.login.as_ref().map(|cookie| hash(cookie.expose()));
        match session.browser_hash {
            Some(owner) if given != Some(owner) => {
                return Err(Fault::new(Code::SessionUnusable).operator("it was opened in another browser"));
            }
            None if session.ended_at.is_some() => return Err(Fault::new(Code::SessionUnusable)),
            _ => {}
        }
        Ok(Landing {
            sender: self.sender_of(&session).await?,
            remaining: session.expires_at.since(self.clock.now()),
            portal: session.portal.is_some(),
            opened: session.browser_hash.is_some().then_some(session.id),
        })
    }

    /// Binds a session to this browser: the person clicked. Another one is refused from now on.
    pub async fn begin_journey(&self, token: &str, browser: &Browser) -> Result<Opened, Fault> {
        let session = self.session_behind(token, browser).await?;
        let cookie = browser.login.clone().filter(|cookie| cookie.len() == COOKIE).unwrap_or_else(|| self.secret());
        self.store.bind_session(&session.id, hash(cookie.expose())).await.map_err(|error| match error {
            StoreError::Conflict(why) => Fault::new(Code::SessionUnusable).operator(why),
            other => other.into(),
        })?;
        Ok(Opened { session: session.id, cookie })
    }

    /// How a session stands, for the browser that opened it.
    pub async fn journey(&self, session: &SessionId, browser: &Browser) -> Result<Journey, Fault> {
        let session = self.browsers_session(session, browser).await?;
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
                let session = self.usable_session(&session.id, browser).await?;
                Stage::Choose(self.choices(&session).await?)
            }
        };
        Ok(Journey {
            sender: self.sender_of(&session).await?,
            remaining: session.expires_at.since(self.clock.now()),
            stage,
            trouble: session.code,
            portal: session.portal.is_some(),
        })
    }

    /// How far a session is, and how many logins in it did not work: what a page asks every second.
    pub async fn reached(&self, session: &SessionId, browser: &Browser) -> Result<(Reached, u32), Fault> {
        let session = self.browsers_session(session, browser).await?;
        if session.made.is_some() || self.waiting(&session.id).await?.is_some() {
            return Ok((Reached::Back, session.failures));
        }
        if session.expires_at <= self.clock.now() {
            return Err(Fault::new(Code::SessionUnusable).operator("the session is over"));
        }
        Ok((Reached::Open, session.failures))
    }

    /// The connectors of a session that can be connected now, by name.
    pub(super) async fn choices(&self, session: &ConnectSession) -> Result<Vec<Choice>, Fault> {
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
                    logo: logo_of(&manifest),
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
}
