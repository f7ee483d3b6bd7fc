//! Connectors that are announced: cards in the catalog without code behind them.
//!
//! A manifest is all that there is of one, so nothing is kept in the database: what the operator has put into the folder
//! of connectors is what is announced, on each node as its folder says, and a file that goes away takes its card along.
//! As soon as a release of the same connector is active, the announcement is over.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use patchbay_model::{
    Fault,
    manifest::{Availability, Manifest},
};

use crate::App;

/// What is announced, by the connector's id.
#[derive(Default)]
pub(crate) struct Announced(Mutex<BTreeMap<String, Manifest>>);

impl Announced {
    pub(crate) fn all(&self) -> Vec<Manifest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(crate) fn one(&self, connector: &str) -> Option<Manifest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connector).cloned()
    }
}

impl App {
    /// Announces these connectors and no others. Those that are not `coming-soon` are passed over: a connector that
    /// can be used has code.
    pub fn announce(&self, manifests: Vec<Manifest>) {
        let announced = manifests.into_iter().filter(|manifest| manifest.availability == Availability::ComingSoon);
        let announced = announced.map(|manifest| (manifest.id.clone(), manifest)).collect();
        *self.announced.0.lock().unwrap_or_else(PoisonError::into_inner) = announced;
    }

    /// Announced connectors of which no release is active.
    pub(crate) async fn announced(&self) -> Result<Vec<Manifest>, Fault> {
        let mut announced = Vec::new();
        for manifest in self.announced.all() {
            if self.store.active_release_id(&manifest.id).await?.is_none() {
                announced.push(manifest);
            }
        }
        Ok(announced)
    }
}
