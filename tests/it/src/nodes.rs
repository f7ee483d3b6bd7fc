//! Several hosts on one PostgreSQL database: one key, the same providers, a folder for each.
//!
//! The first one is a [`Rig`], so that everything a test does with one host it does with several. Each calls itself
//! `node-N` at the database, where the [`crate::Witness`] sees who wrote what.

use std::time::Duration;

use patchbay_test_support::{Api, HostProcess, Result, Trouble, together};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Rig, RigSetup, ServerDatabase, Tenant, tenant::at};

/// Where all of them find the key; the first makes it.
const KEY: &str = "PATCHBAY_KEY__FILE";

/// Running hosts, by number from 0.
pub struct Nodes {
    /// Number 0, with the providers.
    pub rig: Rig,
    others: Vec<HostProcess>,
    operator_key: String,
    _shared: TempDir,
}

impl Nodes {
    /// Starts so many on this database.
    ///
    /// # Errors
    ///
    /// Something did not start.
    pub fn start(count: usize, database: &ServerDatabase, mut setup: RigSetup) -> Result<Self> {
        let shared = tempfile::tempdir()?;
        let key = shared.path().join("shared.key").to_string_lossy().into_owned();
        setup.variables.push((KEY.to_owned(), key));
        setup.database = Some(database.url_of(&name(0)));
        let rig = setup.start()?;
        let others = together(count.saturating_sub(1), |number| rig.another(&database.url_of(&name(number + 1))));
        let others = others.into_iter().collect::<Result<Vec<_>>>()?;
        let operator_key = rig.host.operator_key()?;
        Ok(Self { rig, others, operator_key, _shared: shared })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// There is none of that number.
    pub fn host(&self, node: usize) -> Result<&HostProcess> {
        let other = || self.others.get(node.saturating_sub(1)).ok_or_else(|| missing(node));
        if node == 0 { Ok(&self.rig.host) } else { other() }
    }

    /// One of them, to be killed, suspended or started again.
    ///
    /// # Errors
    ///
    /// There is none of that number.
    pub fn host_mut(&mut self, node: usize) -> Result<&mut HostProcess> {
        if node == 0 {
            return Ok(&mut self.rig.host);
        }
        self.others.get_mut(node - 1).ok_or_else(|| missing(node))
    }

    /// The operator's API of one of them.
    ///
    /// # Errors
    ///
    /// There is none of that number.
    pub fn operator(&self, node: usize) -> Result<Api> {
        Ok(Api::new(&self.host(node)?.base()).with_key(&self.operator_key))
    }

    /// A tenant who asks this one.
    ///
    /// # Errors
    ///
    /// There is none of that number.
    pub fn tenant_at(&self, node: usize, tenant: &Tenant) -> Result<Tenant> {
        let api = Api::new(&self.host(node)?.base()).with_key(&tenant.key);
        Ok(Tenant { id: tenant.id.clone(), key: tenant.key.clone(), api })
    }

    /// Runs that one of them works on.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub fn running(&self, node: usize) -> Result<u64> {
        self.says(node, "running")
    }

    /// Writes of one of them that were refused because another had taken over, since its start.
    ///
    /// # Errors
    ///
    /// It does not say.
    pub fn stale_writes(&self, node: usize) -> Result<u64> {
        self.says(node, "stale_writes")
    }

    fn says(&self, node: usize, name: &str) -> Result<u64> {
        let said = self.operator(node)?.get("/v1/node")?.expect(200)?;
        at(&said.json, name).as_u64().ok_or_else(|| Trouble::new(format!("{name}: {}", said.text())))
    }

    /// Moves the clocks of all hosts and of the providers on.
    ///
    /// # Errors
    ///
    /// They were started without a test clock.
    pub fn advance(&self, by: Duration) -> Result<()> {
        self.rig.advance_with(by, &self.others)
    }
}

/// What a node calls itself at the database.
#[must_use]
pub fn name(node: usize) -> String {
    format!("node-{node}")
}

fn missing(node: usize) -> Trouble {
    Trouble::new(format!("there is no node {node}"))
}

/// A number of an object; 0 when there is none.
pub(crate) fn number(object: &Value, name: &str) -> u64 {
    at(object, name).as_u64().unwrap_or_default()
}
