//! Sealing for tenants: one data key each, wrapped with the key-encryption key, opened when needed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_credentials::{DataKey, KeyRing, SealContext};
use patchbay_model::{Code, Fault, Random, TenantId};
use patchbay_store::Store;
use zeroize::Zeroizing;

/// Name under which the deployment's own secrets are sealed; no tenant's id looks like it.
const DEPLOYMENT: &str = "deployment";
const KEY_CHECK: &str = "key_check";

/// Where a sealed value belongs. What was sealed for one place opens nowhere else.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Whose it is; none for the deployment's own.
    pub(crate) tenant: Option<&'a TenantId>,
    /// The connection, session or registration.
    pub(crate) subject: &'a str,
    /// Which secret of it.
    pub(crate) field: &'a str,
    /// Version of its row.
    pub(crate) row_version: i64,
}

impl<'a> Place<'a> {
    fn context(&self) -> SealContext<'a> {
        SealContext {
            tenant: self.tenant.map_or(DEPLOYMENT, TenantId::as_str),
            connection: self.subject,
            field: self.field,
            row_version: self.row_version,
        }
    }
}

/// The key ring and the data keys that were opened so far.
pub(crate) struct Vault {
    ring: KeyRing,
    store: Store,
    random: Arc<dyn Random>,
    open: Mutex<HashMap<Option<TenantId>, Arc<DataKey>>>,
}

impl Vault {
    /// Compares the key with the database; the first start writes the check value.
    pub(crate) async fn open(ring: KeyRing, store: Store, random: Arc<dyn Random>) -> Result<Self, Fault> {
        let check = store.set_meta_once(KEY_CHECK, ring.check_value()).await?;
        if !ring.fits(&check) {
            return Err(Fault::new(Code::KeyMismatch));
        }
        Ok(Self { ring, store, random, open: Mutex::default() })
    }

    /// The data key of a tenant, made when it has none.
    async fn data_key(&self, tenant: Option<&TenantId>) -> Result<Arc<DataKey>, Fault> {
        let owner = tenant.cloned();
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&owner).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let name = tenant.map_or(DEPLOYMENT, TenantId::as_str);
        let wrapped = match self.store.data_key(tenant).await? {
            Some(wrapped) => wrapped,
            None => {
                let fresh = DataKey::fresh(&*self.random);
                let wrapped = self.ring.wrap_data_key(name, &fresh, &*self.random)?;
                // Another process may have been quicker: what is stored counts.
                self.store.keep_data_key(tenant, wrapped).await?
            }
        };
        let key = Arc::new(self.ring.open_data_key(name, &wrapped)?);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(owner, Arc::clone(&key));
        Ok(key)
    }

    /// Seals `plain` for exactly this place.
    pub(crate) async fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.data_key(place.tenant).await?.seal(&place.context(), plain, &*self.random)?)
    }

    /// Opens what was sealed for exactly this place.
    pub(crate) async fn open_sealed(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        Ok(self.data_key(place.tenant).await?.open(&place.context(), sealed)?)
    }
}
