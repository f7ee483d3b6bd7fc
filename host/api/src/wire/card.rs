//! Cards of the catalog on the wire.

use patchbay_app::{Card as AppCard, CatalogEntry as AppEntry};
use patchbay_model::manifest;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    form::Login,
    offer::{Action, Picker, Stream},
    words::{Availability, CardStatus, Category, Function},
};

/// An integration as a tenant sees it in the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Card {
    /// The connector, `publisher.name`.
    #[schema(example = "acme.books")]
    connector: String,
    /// Version of the release that new connections use.
    version: String,
    /// What people call the provider.
    #[schema(example = "Acme Books")]
    name: String,
    /// One or two sentences.
    summary: String,
    /// Where it stands.
    category: Category,
    /// The logo, SVG text; show it as an image (`data:image/svg+xml`), not inside your own page.
    logo: Option<String>,
    /// Whether it can be connected yet.
    availability: Availability,
    /// Whether it fits the tenant's industry.
    recommended: bool,
    /// The status for this tenant, derived from its connections.
    status: CardStatus,
    /// The functions that it serves.
    functions: Vec<Function>,
    /// Connections that the tenant has of it.
    #[schema(example = 2)]
    connections: u64,
}

impl From<AppCard> for Card {
    fn from(card: AppCard) -> Self {
        Self::of(&card)
    }
}

impl Card {
    fn of(card: &AppCard) -> Self {
        let manifest = &card.manifest;
        Self {
            connector: manifest.id.clone(),
            version: manifest.version.clone(),
            name: manifest.name.clone(),
            summary: manifest.summary.clone(),
            category: manifest.category.into(),
            logo: manifest.logo.clone(),
            availability: manifest.availability.into(),
            recommended: card.recommended,
            status: card.status.into(),
            functions: card.functions.iter().copied().map(Into::into).collect(),
            connections: card.connections,
        }
    }
}

/// A card opened: all that is needed to show the integration, to build its forms and to use it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogEntry {
    /// The card.
    #[serde(flatten)]
    card: Card,
    /// What it reads, writes and reaches, in plain words, one line each: show it before connecting.
    sentences: Vec<String>,
    /// What the end user needs before starting, one line each.
    checklist: Vec<String>,
    /// Step-by-step instructions, by audience.
    guides: Vec<Guide>,
    /// Ways to log in.
    logins: Vec<Login>,
    /// What it reads.
    streams: Vec<Stream>,
    /// What it writes.
    actions: Vec<Action>,
    /// Typeaheads for targets.
    pickers: Vec<Picker>,
    /// JSON Schema of a connection's settings; null when there are none.
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
}

/// Instructions for one audience.
#[derive(Debug, Serialize, ToSchema)]
struct Guide {
    /// Its id.
    #[schema(example = "end-user")]
    id: String,
    /// Whom it is for.
    audience: String,
    /// Its heading.
    title: String,
    /// Markdown, written by the connector's publisher: render it without HTML.
    text: String,
}

impl From<manifest::Guide> for Guide {
    fn from(guide: manifest::Guide) -> Self {
        Self { id: guide.id, audience: guide.audience, title: guide.title, text: guide.text }
    }
}

impl From<AppEntry> for CatalogEntry {
    fn from(entry: AppEntry) -> Self {
        let card = Card::of(&entry.card);
        let manifest = entry.card.manifest;
        Self {
            card,
            sentences: entry.sentences,
            checklist: manifest.checklist,
            guides: manifest.guides.into_iter().map(Into::into).collect(),
            logins: manifest.auths.into_iter().map(Into::into).collect(),
            streams: manifest.streams.into_iter().map(Into::into).collect(),
            actions: manifest.actions.into_iter().map(Into::into).collect(),
            pickers: manifest.pickers.into_iter().map(Into::into).collect(),
            settings: manifest.settings,
        }
    }
}
