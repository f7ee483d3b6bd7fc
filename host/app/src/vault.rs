//! Sealing for tenants: data keys of each, wrapped with the key-encryption key, opened when needed.
//!
//! An owner (a tenant, or the deployment) has one current data key, which seals, and until a rotation is
//! over others, which only open: every sealed value says in its header with which one it was sealed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use patchbay_credentials::{DataKey, KeyRing, SealContext, SealError, seal::KeyNumber};
use patchbay_model::{Code, Fault, Random, TenantId};
use patchbay_store::{DataKeyRow, SealedRow, Store};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::keys::KeySource;

/// Name under which the deployment's own secrets are sealed; no tenant's id looks like it.
const DEPLOYMENT: &str = "deployment";
const KEY_CHECK: &str = "key_check";
/// Where the key of the audit chain stands, sealed.
const AUDIT_KEY: &str = "audit_key";
/// How long an owner's current key is taken for current without asking: another process may have made a
/// new one. Far less than the time for which a key out of use is kept.
const CURRENT_FOR: Duration = Duration::from_secs(60);

/// Whether a database has been begun with a key: then a fresh one would open nothing of it.
///
/// # Errors
/// The database does not answer.
pub async fn has_key(store: &Store) -> Result<bool, Fault> {
    Ok(store.meta(KEY_CHECK).await?.is_some())
}

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

    /// The place of a row that is sealed again.
    pub(crate) fn of(row: &'a SealedRow) -> Self {
        Self { tenant: row.owner.as_ref(), subject: &row.subject, field: &row.field, row_version: row.row_version }
    }
}

type Owner = Option<TenantId>;

/// The data keys that were opened so far.
#[derive(Default)]
struct Open {
    by_number: HashMap<(Owner, KeyNumber), Arc<DataKey>>,
    current: HashMap<Owner, (Arc<DataKey>, Instant)>,
}

/// The key ring and the data keys that were opened so far.
pub(crate) struct Vault {
    ring: Mutex<Arc<KeyRing>>,
    source: Arc<dyn KeySource>,
    store: Store,
    random: Arc<dyn Random>,
    open: Mutex<Open>,
    /// The database was last wrapped with a key that is not the ring's current one.
    behind: bool,
}

impl Vault {
    /// Compares the key with the database; the first start writes the check value, and the key that chains
    /// the audit log.
    pub(crate) async fn open(
        ring: KeyRing,
        source: Arc<dyn KeySource>,
        store: Store,
        random: Arc<dyn Random>,
    ) -> Result<Self, Fault> {
        let check = store.set_meta_once(KEY_CHECK, ring.check_value()).await?;
        if !ring.fits(&check) {
            return Err(Fault::new(Code::KeyMismatch));
        }
        let behind = check != ring.check_value();
        if behind {
            tracing::warn!("the rotation to key {} was not finished; it goes on", ring.current_number());
        }
        let ring = Mutex::new(Arc::new(ring));
        let vault = Self { ring, source, store, random, open: Mutex::default(), behind };
        vault.chain_audit().await?;
        Ok(vault)
    }

    /// Whether a rotation to the ring's current key had begun before this start, and wrapped nothing yet.
    pub(crate) fn behind(&self) -> bool {
        self.behind
    }

    /// Gives the store the key of the audit chain, before anything is written.
    async fn chain_audit(&self) -> Result<(), Fault> {
        let place = Place { tenant: None, subject: "audit", field: "key", row_version: 1 };
        let sealed = match self.store.meta(AUDIT_KEY).await? {
            Some(sealed) => sealed,
            None => {
                let mut fresh = Zeroizing::new([0_u8; 32]);
                self.random.fill(fresh.as_mut_slice());
                // Another process may have been quicker: what is stored counts.
                self.store.set_meta_once(AUDIT_KEY, self.seal(place, fresh.as_slice()).await?).await?
            }
        };
        let plain = self.open_sealed(place, &sealed).await?;
        let key = <[u8; 32]>::try_from(plain.as_slice())
            .map_err(|_| Fault::new(Code::SealBroken).operator("the key of the audit chain has not 32 bytes"))?;
        self.store.set_audit_key(key);
        Ok(())
    }

    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the source of the key again.
    pub(crate) async fn read_source(&self) -> Result<KeyRing, Fault> {
        self.source.read().await
    }

    /// From now on data keys are wrapped with this ring's current key.
    pub(crate) fn adopt(&self, ring: KeyRing) -> Arc<KeyRing> {
        let ring = Arc::new(ring);
        *self.ring.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        ring
    }

    /// Seals `plain` for exactly this place.
    pub(crate) async fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.current(place.tenant).await?.seal(&place.context(), plain, &*self.random)?)
    }

    /// Opens what was sealed for exactly this place.
    pub(crate) async fn open_sealed(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let Some(number) = KeyNumber::of(sealed) else {
            // Any key says what is wrong with it.
            return Ok(DataKey::fresh(&*self.random).open(&place.context(), sealed)?);
        };
        Ok(self.numbered(place.tenant, number).await?.open(&place.context(), sealed)?)
    }

    /// The key of an owner that seals, made when it has none.
    async fn current(&self, tenant: Option<&TenantId>) -> Result<Arc<DataKey>, Fault> {
        let owner = tenant.cloned();
        if let Some((key, since)) = self.opened().current.get(&owner)
            && since.elapsed() < CURRENT_FOR
        {
            return Ok(Arc::clone(key));
        }
        let row = match self.store.current_data_key(tenant).await? {
            Some(row) => row,
            None => {
                let (number, wrapped) = self.fresh_key(tenant)?;
                // Another process may have been quicker: what is stored counts.
                self.store.keep_data_key(tenant, number.as_bytes(), wrapped).await?
            }
        };
        let key = self.unwrapped(&row).await?;
        self.opened().current.insert(owner, (Arc::clone(&key), Instant::now()));
        Ok(key)
    }

    async fn numbered(&self, tenant: Option<&TenantId>, number: KeyNumber) -> Result<Arc<DataKey>, Fault> {
        let known = self.opened().by_number.get(&(tenant.cloned(), number)).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let row = self.store.data_key(tenant, number.as_bytes()).await?.ok_or(SealError::UnknownKey(number))?;
        self.unwrapped(&row).await
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A data key out of its wrapping. One that was wrapped with a key that this process has not seen yet
    /// (another one has rotated) is a reason to look at the source again.
    async fn unwrapped(&self, row: &DataKeyRow) -> Result<Arc<DataKey>, Fault> {
        let name = name(row.owner.as_ref());
        let opened = match self.ring().open_data_key(name, &row.wrapped) {
            Err(SealError::UnknownWrappingKey(number)) => {
                let ring = self.read_source().await?;
                if !ring.holds(number) {
                    return Err(SealError::UnknownWrappingKey(number).into());
                }
                self.adopt(ring).open_data_key(name, &row.wrapped)
            }
            opened => opened,
        };
        let key = Arc::new(opened?);
        self.opened().by_number.insert((row.owner.clone(), key.number()), Arc::clone(&key));
        Ok(key)
    }

    fn fresh_key(&self, tenant: Option<&TenantId>) -> Result<(KeyNumber, Vec<u8>), Fault> {
        let fresh = DataKey::fresh(&*self.random);
        let wrapped = self.ring().wrap_data_key(name(tenant), &fresh, &*self.random)?;
        Ok((fresh.number(), wrapped))
    }

    /// Gives an owner a new data key: stored first, used from then on. Nothing when another has done it.
    pub(crate) async fn renew(&self, row: &DataKeyRow) -> Result<(), Fault> {
        let owner = row.owner.as_ref();
        let (number, wrapped) = self.fresh_key(owner)?;
        self.store.replace_data_key(owner, number.as_bytes(), wrapped, &row.number).await?;
        self.opened().current.remove(&row.owner);
        self.current(owner).await.map(|_| ())
    }

    /// The number of the key of an owner that seals.
    pub(crate) async fn current_number(&self, tenant: Option<&TenantId>) -> Result<KeyNumber, Fault> {
        Ok(self.current(tenant).await?.number())
    }

    /// The same data key, wrapped with the ring's current key. One that cannot be opened stays as it is.
    pub(crate) async fn rewrapped(&self, row: DataKeyRow) -> DataKeyRow {
        let ring = self.ring();
        if KeyNumber::of(&row.wrapped) == Some(ring.current_number()) {
            return row;
        }
        let wrapped = match self.unwrapped(&row).await {
            Ok(key) => ring.wrap_data_key(name(row.owner.as_ref()), &key, &*self.random).map_err(Fault::from),
            Err(fault) => Err(fault),
        };
        match wrapped {
            Ok(wrapped) => DataKeyRow { wrapped, ..row },
            Err(fault) => {
                let owner = name(row.owner.as_ref());
                tracing::error!("a data key of {owner} cannot be opened, and stays wrapped as it is: {fault:?}");
                row
            }
        }
    }

    /// A key that the database does not hold any more.
    pub(crate) fn forget(&self, row: &DataKeyRow) {
        if let Some(number) = KeyNumber::from_bytes(&row.number) {
            self.opened().by_number.remove(&(row.owner.clone(), number));
        }
    }
}

fn name(owner: Option<&TenantId>) -> &str {
    owner.map_or(DEPLOYMENT, TenantId::as_str)
}
