//! Who calls: API keys, tenants, and what a key may do.
//!
//! A key is a prefix that says whose it is (`pbo_` operator, `pbt_` tenant) and 256 random bits. Only its
//! SHA-256 is stored: the bits are random, so a slow hash would protect nothing more.

use patchbay_model::{Code, Fault, Industry, KeyId, TenantId, Timestamp};
use patchbay_store::{ApiKey, Page, Tenant};
use sha2::{Digest, Sha256};

use crate::App;

const OPERATOR: &str = "pbo_";
const TENANT: &str = "pbt_";

/// Who calls, proved by a key.
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
}

impl Caller {
    /// The name that the audit log gets.
    #[must_use]
    pub fn actor(&self) -> String {
        match self {
            Self::Operator { key } => format!("operator {key}"),
            Self::Tenant { key, tenant } => format!("tenant {tenant} {key}"),
        }
    }
}

/// A key that was just made: the only moment at which its text exists here.
pub struct IssuedKey {
    /// Names it from now on.
    pub id: KeyId,
    /// The key itself.
    pub key: patchbay_model::Secret,
    /// When it was made.
    pub created_at: Timestamp,
}

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
        Ok(match row.tenant {
            None => Caller::Operator { key: row.id },
            Some(tenant) => Caller::Tenant { key: row.id, tenant },
        })
    }

    /// The tenant whose resources the caller reaches. An operator names it; a tenant is it.
    pub async fn tenant_for(&self, caller: &Caller, named: Option<&str>) -> Result<TenantId, Fault> {
        match (caller, named) {
            (Caller::Tenant { tenant, .. }, None) => Ok(tenant.clone()),
            (Caller::Tenant { tenant, .. }, Some(named)) if tenant.as_str() == named => Ok(tenant.clone()),
            (Caller::Tenant { .. }, Some(_)) => Err(Fault::new(Code::NotFound)),
            (Caller::Operator { .. }, None) => Err(Fault::new(Code::TenantMissing)),
            (Caller::Operator { .. }, Some(named)) => {
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
        let mut bits = [0_u8; 32];
        self.random.fill(&mut bits);
        let prefix = if tenant.is_some() { TENANT } else { OPERATOR };
        let text = format!("{prefix}{}", data_encoding::BASE32_NOPAD.encode(&bits).to_lowercase());
        let row = self.store.insert_api_key(tenant, hash(&text), name, actor).await?;
        Ok(IssuedKey { id: row.id, key: patchbay_model::Secret::new(text), created_at: row.created_at })
    }

    /// The keys of a tenant, without their text.
    pub async fn tenant_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>, Fault> {
        self.store.tenant(tenant).await?;
        Ok(self.store.api_keys(Some(tenant)).await?)
    }

    /// Ends a key at once.
    pub async fn revoke_key(&self, tenant: &TenantId, key: &KeyId, actor: &str) -> Result<(), Fault> {
        Ok(self.store.revoke_api_key(Some(tenant), key, actor).await?)
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
