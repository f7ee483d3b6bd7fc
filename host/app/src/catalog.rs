//! The Integrations page: one card per connector, its status derived from facts and never stored.

use patchbay_model::{
    CardStatus, Code, ConnectionState, Fault, ReleaseState, TenantId, Timestamp,
    manifest::{Availability, Manifest},
};
use patchbay_store::Health;

use crate::App;

/// A card.
pub struct Card {
    /// What the manifest says of itself.
    pub manifest: Manifest,
    /// The status for this tenant.
    pub status: CardStatus,
    /// Whether it fits the tenant's industry.
    pub recommended: bool,
}

/// A card opened: what it reads, writes and reaches.
pub struct CatalogEntry {
    /// The card.
    pub card: Card,
    /// In plain words, one line each.
    pub sentences: Vec<String>,
}

/// First that fits, as `architecture.md` orders them.
fn status(manifest: &Manifest, connections: &[Health], now: Timestamp) -> CardStatus {
    let troubled =
        |health: &Health| health.enabled && (health.troubled > 0 || health.unknown_pushes > 0 || health.overdue(now));
    let needs_a_person =
        |health: &Health| matches!(health.state, ConnectionState::Broken | ConnectionState::NeedsSetup);
    if manifest.availability == Availability::ComingSoon {
        CardStatus::ComingSoon
    } else if connections.iter().all(|health| health.state == ConnectionState::Pending) {
        CardStatus::Connect
    } else if connections.iter().any(needs_a_person) {
        CardStatus::ActionRequired
    } else if connections.iter().any(troubled) {
        CardStatus::Warning
    } else {
        CardStatus::Active
    }
}

impl App {
    /// All cards, by name.
    pub async fn catalog(&self, tenant: &TenantId) -> Result<Vec<Card>, Fault> {
        let industry = self.store.tenant(tenant).await?.industry;
        let mut cards = Vec::new();
        for row in self.store.connectors().await? {
            if row.state == ReleaseState::Active {
                let release = self.release_facts(&row.id).await?;
                cards.push(self.card(tenant, &release.manifest, &industry).await?);
            }
        }
        for manifest in self.announced().await? {
            cards.push(self.card(tenant, &manifest, &industry).await?);
        }
        cards.sort_by(|one, other| one.manifest.name.cmp(&other.manifest.name));
        Ok(cards)
    }

    /// One card with what it may do.
    pub async fn catalog_entry(&self, tenant: &TenantId, connector: &str) -> Result<CatalogEntry, Fault> {
        let industry = self.store.tenant(tenant).await?.industry;
        let card = match self.active_release(connector).await {
            Ok(release) => self.card(tenant, &release.manifest, &industry).await?,
            Err(none) => match self.announced.one(connector) {
                Some(manifest) if none.code == Code::ConnectorUnknown => {
                    self.card(tenant, &manifest, &industry).await?
                }
                _ => return Err(none),
            },
        };
        let sentences = card.manifest.asks().sentences(&card.manifest);
        Ok(CatalogEntry { card, sentences })
    }

    async fn card(&self, tenant: &TenantId, manifest: &Manifest, industry: &str) -> Result<Card, Fault> {
        let connections = self.store.health(tenant, Some(&manifest.id), None).await?;
        let recommended = manifest.recommended_for.iter().any(|fits| fits == industry);
        Ok(Card { status: status(manifest, &connections, self.clock.now()), manifest: manifest.clone(), recommended })
    }
}
