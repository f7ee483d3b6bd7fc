//! The Integrations page: one card per connector, its status derived from facts and never stored.

use std::collections::BTreeSet;

use patchbay_model::{
    CardStatus, Code, Fault, ReleaseState, TenantId,
    manifest::{Availability, Function, Manifest},
};
use patchbay_store::Tally;

use crate::{App, standing};

/// A card.
pub struct Card {
    /// What the manifest says of itself.
    pub manifest: Manifest,
    /// The status for this tenant.
    pub status: CardStatus,
    /// Whether it fits the tenant's industry.
    pub recommended: bool,
    /// What it serves.
    pub functions: BTreeSet<Function>,
    /// The tenant's connections of it.
    pub connections: u64,
}

/// A card opened: what it reads, writes and reaches.
pub struct CatalogEntry {
    /// The card.
    pub card: Card,
    /// In plain words, one line each.
    pub sentences: Vec<String>,
}

impl App {
    /// All cards, by name.
    pub async fn catalog(&self, tenant: &TenantId) -> Result<Vec<Card>, Fault> {
        let industry = self.store.tenant(tenant).await?.industry;
        let tallies = self.store.tally(tenant, None).await?;
        let tally = |connector: &str| tallies.iter().find(|tally| tally.connector == connector);
        let mut cards = Vec::new();
        for row in self.store.connectors().await? {
            if row.state == ReleaseState::Active {
                let release = self.release_facts(&row.id).await?;
                cards.push(card(&release.manifest, tally(&row.connector), &industry));
            }
        }
        for manifest in self.announced().await? {
            cards.push(card(&manifest, tally(&manifest.id), &industry));
        }
        cards.sort_by(|one, other| one.manifest.name.cmp(&other.manifest.name));
        Ok(cards)
    }

    /// Connectors whose provider's name contains this, in small letters.
    pub(crate) async fn connectors_named(&self, wanted: &str) -> Result<Vec<String>, Fault> {
        let mut found = Vec::new();
        for (connector, release) in self.store.active_release_ids().await? {
            if self.release_read(&release).await?.manifest.name.to_lowercase().contains(wanted) {
                found.push(connector);
            }
        }
        Ok(found)
    }

    /// One card with what it may do.
    pub async fn catalog_entry(&self, tenant: &TenantId, connector: &str) -> Result<CatalogEntry, Fault> {
        let industry = self.store.tenant(tenant).await?.industry;
        let tallies = self.store.tally(tenant, Some(connector)).await?;
        let card = match self.active_release(connector).await {
            Ok(release) => card(&release.manifest, tallies.first(), &industry),
            Err(none) => match self.announced.one(connector) {
                Some(manifest) if none.code == Code::ConnectorUnknown => card(&manifest, tallies.first(), &industry),
                _ => return Err(none),
            },
        };
        let sentences = card.manifest.asks().sentences(&card.manifest);
        Ok(CatalogEntry { card, sentences })
    }
}

fn card(manifest: &Manifest, tally: Option<&Tally>, industry: &str) -> Card {
    Card {
        status: match manifest.availability {
            Availability::ComingSoon => CardStatus::ComingSoon,
            Availability::Available => standing::of_card(tally),
        },
        recommended: manifest.recommended_for.iter().any(|fits| fits == industry),
        functions: manifest.functions(),
        connections: tally.map_or(0, |tally| tally.connections),
        manifest: manifest.clone(),
    }
}
