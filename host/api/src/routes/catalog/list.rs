//! `GET /v1/catalog`

use axum::{Json, extract::State};
use serde::Deserialize;

use crate::{
    Api,
    body::Params,
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::{Card, CardStatus, Category, List},
};

/// Which cards.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this category.
    category: Option<Category>,
    /// With this status.
    status: Option<CardStatus>,
    /// Whether they fit the tenant's industry.
    recommended: Option<bool>,
    /// Whose name or summary contains this, whatever its case.
    q: Option<String>,
}

impl Which {
    fn takes(&self, card: &patchbay_app::Card) -> bool {
        let contains = |text: &str, wanted: &str| text.to_lowercase().contains(wanted);
        self.category.is_none_or(|category| category == card.manifest.category.into())
            && self.status.is_none_or(|status| status == card.status.into())
            && self.recommended.is_none_or(|recommended| recommended == card.recommended)
            && self.q.as_deref().map(str::trim).map(str::to_lowercase).is_none_or(|wanted| {
                contains(&card.manifest.name, &wanted) || contains(&card.manifest.summary, &wanted)
            })
    }
}

/// The integrations, by name, each with its status for the tenant.
///
/// The list is whole: `next` is always null.
#[utoipa::path(
    get, path = "/v1/catalog", tag = "catalog", operation_id = "listCatalog",
    params(Which),
    responses((status = 200, description = "The cards", body = List<Card>), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    Params(which): Params<Which>,
) -> Result<Json<List<Card>>, Problem> {
    let mut cards = api.app.catalog(&tenant.id).await?;
    cards.retain(|card| which.takes(card));
    Ok(Json(List::whole(cards)))
}
