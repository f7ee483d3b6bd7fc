//! Who calls: API keys, tenants, and what a key may do. Browsers are in `sign_in`.
//!
//! A key is a prefix that says whose it is (`pbo_` operator, `pbt_` tenant) and 256 random bits. Only its
//! SHA-256 is stored: the bits are random, so a slow hash would protect nothing more.

use std::time::Duration;

use patchbay_model::{BrowserSessionId, Code, Fault, Industry, KeyId, Secret, TenantId, Timestamp};
use patchbay_store::{ApiKey, BrowserSession, Page, SessionKind, StoreError, Tenant, actor_of_session};
use sha2::{Digest, Sha256};

use crate::App;

const OPERATOR: &str = "pbo_";
const TENANT: &str = "pbt_";

/// Who calls, proved by a key or by the cookie of a browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever runs the host.
    Operator {
        /// The key's id, for the audit log.
        key: KeyId,
    },
    /// A tenant's backend.
    Tenant {
        /// The key's id, for the audit log.
        key: KeyId,
        /// Whose.
        tenant: TenantId,
    },
    /// An operator's browser: it may do what an operator's key may.
    OperatorSession {
        /// The session's id, for the audit log.
        session: BrowserSessionId,
        /// The key by which it was opened; none after a first start.
        key: Option<KeyId>,
    },
    /// The browser of a tenant's user: it may work with the tenant's connections, and is not its backend.
    Portal {
        /// The session's id.
        session: BrowserSessionId,
        /// Whose.
        tenant: TenantId,
        /// Who, in the tenant's own words.
        user: String,
    },
}

impl Caller {
    /// The name that the audit log gets.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Operator { key } => format!("operator {key}"),
            Self::Tenant { key, tenant } => format!("tenant {tenant} {key}"),
            Self::OperatorSession { session, .. } => actor_of_session(session, None),
            Self::Portal { session, user, .. } => actor_of_session(session, Some(user)),
        }
    }

    /// Whoever has this session; none for one of the portal that names no tenant or user.
    #[must_use]
    pub fn of_session(session: &BrowserSession) -> Option<Self> {
        let (id, key) = (session.id.clone(), session.key.clone());
        match session.kind {
            SessionKind::Operator => Some(Self::OperatorSession { session: id, key }),
            SessionKind::Portal => {
                Some(Self::Portal { session: id, tenant: session.tenant.clone()?, user: session.user.clone()? })
            }
        }
    }

    /// Whether it is an operator, by key or by browser.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        match self {
            Self::Operator { .. } | Self::OperatorSession { .. } => true,
            Self::Tenant { .. } | Self::Portal { .. } => false,
        }
    }

    /// The key that stands behind the call: with it ends what it opens.
    #[must_use]
    pub fn key(&self) -> Option<&KeyId> {
        match self {
            Self::Operator { key } | Self::Tenant { key, .. } => Some(key),
            Self::OperatorSession { key, .. } => key.as_ref(),
            Self::Portal { .. } => None,
        }
    }

    /// The user of a tenant whose browser it is, in the tenant's own words; none for keys and operators.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Portal { user, .. } => Some(user),
            Self::Operator { .. } | Self::OperatorSession { .. } | Self::Tenant { .. } => None,
        }
    }

    /// The tenant whose resources it reaches, where that is not its choice.
    #[must_use]
    pub fn own_tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Operator { .. } | Self::OperatorSession { .. } => None,
            Self::Tenant { tenant, .. } | Self::Portal { tenant, .. } => Some(tenant),
        }
    }
}

/// A key that was just made: the only moment at which its text exists here.
pub struct IssuedKey {
    /// Names it from now on.
    pub id: KeyId,
    /// The key itself.
    pub key: Secret,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How exactly it is known when a key was used last.
const EXACTLY: Duration = Duration::from_secs(60);

/// Bytes of a name that people give to something.
pub(crate) const NAME: usize = 200;

/// Refuses a text that is empty, too long, or would disturb a log or a table.
pub(crate) fn check_text(pointer: &str, text: &str, most: usize) -> Result<(), Fault> {
    if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
        let message = format!("must have 1 to {most} bytes of printable characters");
        return Err(Fault::new(Code::BodyInvalid).field(pointer, message));
    }
    Ok(())
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl App {
    /// Whose key this is.
    pub async fn authenticate(&self, key: &str) -> Result<Caller, Fault> {
        let unknown = || Fault::new(Code::Unauthenticated);
        if !(key.starts_with(OPERATOR) || key.starts_with(TENANT)) || key.len() > 128 {
            return Err(unknown());
        }
        let row = self.store.api_key_by_hash(hash(key)).await?.ok_or_else(unknown)?;
        if row.last_used_at.is_none_or(|used| self.clock.now().since(used) > EXACTLY)
            && let Err(error) = self.store.touch_api_key(&row.id).await
        {
            // Whoever reads can go on reading while nothing can be written.
            tracing::warn!(%error, "it could not be noted that a key was used");
        }
        Ok(match row.tenant {
            None => Caller::Operator { key: row.id },
            Some(tenant) => Caller::Tenant { key: row.id, tenant },
        })
    }

    /// The tenant whose resources the caller reaches. An operator names it; a tenant is it.
    pub async fn tenant_for(&self, caller: &Caller, named: Option<&str>) -> Result<TenantId, Fault> {
        match (caller.own_tenant(), named) {
            (Some(tenant), None) => Ok(tenant.clone()),
            (Some(tenant), Some(named)) if tenant.as_str() == named => Ok(tenant.clone()),
            (Some(_), Some(_)) => Err(Fault::new(Code::NotFound)),
            (None, None) => Err(Fault::new(Code::TenantMissing)),
            (None, Some(named)) => {
                let tenant = named.parse().map_err(|_| Fault::new(Code::NotFound))?;
                Ok(self.store.tenant(&tenant).await?.id)
            }
        }
    }

    /// Makes the operator's first key, once in the life of a database; none when there is one already.
    pub async fn first_operator_key(&self) -> Result<Option<IssuedKey>, Fault> {
        if self.store.api_keys(None).await?.is_empty() {
            return self.issue(None, "first start", "first start").await.map(Some);
        }
        Ok(None)
    }

    /// Makes a key for a tenant's backend.
    pub async fn issue_tenant_key(&self, tenant: &TenantId, name: &str, actor: &str) -> Result<IssuedKey, Fault> {
        check_text("/name", name, NAME)?;
        self.store.tenant(tenant).await?;
        self.issue(Some(tenant), name, actor).await
    }

    async fn issue(&self, tenant: Option<&TenantId>, name: &str, actor: &str) -> Result<IssuedKey, Fault> {
        let key = self.fresh_secret(if tenant.is_some() { TENANT } else { OPERATOR });
        let row = self.store.insert_api_key(tenant, hash(key.expose()), name, actor).await?;
        Ok(IssuedKey { id: row.id, key, created_at: row.created_at })
    }

    /// A prefix and 256 random bits, in letters and digits that survive any copying.
    pub(crate) fn fresh_secret(&self, prefix: &str) -> Secret {
        let mut bits = [0_u8; 32];
        self.random.fill(&mut bits);
        Secret::new(format!("{prefix}{}", data_encoding::BASE32_NOPAD.encode(&bits).to_lowercase()))
    }

    /// The keys of a tenant, without their text.
    pub async fn tenant_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, Fault> {
        self.store.tenant(tenant).await?;
        Ok(self.store.api_keys(Some(tenant)).await?)
    }

    /// Ends a tenant's key at once.
    pub async fn revoke_key(&self, tenant: &TenantId, key: &KeyId, actor: &str) -> Result<(), Fault> {
        Ok(self.store.revoke_api_key(Some(tenant), key, actor).await?)
    }

    /// Makes a key for somebody who runs the host.
    pub async fn issue_operator_key(&self, name: &str, actor: &str) -> Result<IssuedKey, Fault> {
        check_text("/name", name, NAME)?;
        match self.issue(None, name, actor).await {
            Err(fault) if fault.code == Code::Conflict => {
                Err(Fault { person: "So many keys of operators work already. Revoke one first.".to_owned(), ..fault })
            }
            other => other,
        }
    }

    /// The operators' keys, without their text.
    pub async fn operator_keys(&self) -> Result<Vec<ApiKey>, Fault> {
        Ok(self.store.api_keys(None).await?)
    }

    /// Ends an operator's key at once. Not the one that stands behind the call: that another one works does not say that anybody
    /// has it, and a call with it does. Nor the last that works.
    pub async fn revoke_operator_key(&self, key: &KeyId, caller: &Caller) -> Result<(), Fault> {
        let another = |why| {
            let text = "Make another one first, and call with that one: without a key nobody could run this host.";
            Err(Fault::because(Code::Conflict, text).operator(why))
        };
        if caller.key() == Some(key) {
            return another("it is the key behind this call");
        }
        match self.store.revoke_api_key(None, key, &caller.actor()).await {
            Err(StoreError::Conflict(why)) => another(why),
            other => Ok(other?),
        }
    }

    /// Makes a tenant.
    pub async fn create_tenant(&self, name: &str, industry: Option<&str>, actor: &str) -> Result<Tenant, Fault> {
        check_text("/name", name, NAME)?;
        if let Some(industry) = industry
            && Industry::from_word(industry).is_none()
        {
            let known: Vec<&str> = Industry::ALL.iter().map(|industry| industry.as_str()).collect();
            let message = format!("must be one of {}", known.join(", "));
            return Err(Fault::new(Code::BodyInvalid).field("/industry", message));
        }
        Ok(self.store.create_tenant(name.trim(), industry.unwrap_or_default(), actor).await?)
    }

    /// One tenant.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<Tenant, Fault> {
        Ok(self.store.tenant(tenant).await?)
    }

    /// All tenants, oldest first.
    pub async fn tenants(&self, after: Option<&str>, limit: u32) -> Result<Page<Tenant>, Fault> {
        Ok(self.store.tenants(after, limit).await?)
    }
}
