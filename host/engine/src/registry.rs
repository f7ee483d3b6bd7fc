//! Loaded components by digest, and their code by its own: each is loaded once, however many ask, and goes when nobody
//! uses it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, Weak},
};

use patchbay_model::contract::Exports;
use tokio::sync::Mutex;
use wasmtime::component::InstancePre;

use crate::{LoadError, contract::Guests, state::State};

/// A component that is compiled, mapped and linked: ready to be opened.
pub struct Component {
    pub(crate) digest: String,
    /// Shared with other packages of the same code.
    pub(crate) _code: Arc<Code>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) guests: Guests,
}

impl Component {
    /// SHA-256 of the component, hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Which interfaces it has.
    #[must_use]
    pub fn exports(&self) -> Exports {
        self.guests.exports()
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Code that is compiled and mapped.
pub(crate) struct Code(pub(crate) wasmtime::component::Component);

type Slot<T> = Arc<Mutex<Weak<T>>>;

/// Who asks while a component is being loaded waits for that one load; when it fails, or its caller goes
/// away, the next one tries.
pub(crate) struct Registry<T>(std::sync::Mutex<HashMap<String, Slot<T>>>);

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self(std::sync::Mutex::default())
    }
}

impl<T> Registry<T> {
    pub(crate) async fn get_or_load(
        &self,
        digest: &str,
        load: impl Future<Output = Result<T, LoadError>>,
    ) -> Result<Arc<T>, LoadError> {
        let slot = self.slot(digest);
        let mut held = slot.lock().await;
        if let Some(component) = held.upgrade() {
            return Ok(component);
        }
        let component = Arc::new(load.await?);
        *held = Arc::downgrade(&component);
        Ok(component)
    }

    fn slot(&self, digest: &str) -> Slot<T> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A slot that only the map holds and whose component is gone is of no more use.
        slots.retain(|_, slot| {
            Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|component| component.strong_count() > 0)
        });
        slots.entry(digest.to_owned()).or_default().clone()
    }
}
