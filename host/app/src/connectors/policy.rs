//! Which upgrades go ahead by themselves, of those that ask for nothing beyond what was approved.

use patchbay_model::{Code, Fault, Upgrades};
use patchbay_store::Release as ReleaseRow;

use crate::App;

/// What holds for the upgrades of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradePolicy {
    /// What was said of this connector; none where the configuration decides.
    pub said: Option<Upgrades>,
    /// What holds.
    pub holds: Upgrades,
}

impl App {
    /// What holds for the upgrades of a connector.
    pub async fn upgrade_policy(&self, connector: &str) -> Result<UpgradePolicy, Fault> {
        let said = self.store.upgrades(connector).await?.and_then(|word| Upgrades::of(&word));
        Ok(UpgradePolicy { said, holds: said.unwrap_or(self.settings.connectors.upgrades) })
    }

    /// Says it for one connector, or leaves it to the configuration again. It holds for what is installed from now on:
    /// what waits goes on waiting.
    pub async fn set_upgrade_policy(
        &self,
        connector: &str,
        said: Option<Upgrades>,
        actor: &str,
    ) -> Result<UpgradePolicy, Fault> {
        if self.store.releases(Some(connector)).await?.is_empty() {
            return Err(Fault::new(Code::ConnectorUnknown));
        }
        self.store.set_upgrades(connector, said.map(Upgrades::word), actor).await?;
        self.upgrade_policy(connector).await
    }

    /// Why an upgrade that asks for no more waits all the same; none where it goes ahead, and for a first release.
    pub(super) async fn held_by_policy(&self, row: &ReleaseRow) -> Result<Option<String>, Fault> {
        let from = match self.store.active_release(&row.connector).await? {
            Some(active) => Some(active),
            None => {
                self.store.releases(Some(&row.connector)).await?.into_iter().find(|other| other.activated_at.is_some())
            }
        };
        let Some(from) = from.filter(|from| from.id != row.id) else { return Ok(None) };
        Ok(self.upgrade_policy(&row.connector).await?.holds.holds(&from.version, &row.version))
    }
}
