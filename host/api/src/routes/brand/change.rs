//! `PUT /v1/brand`

use axum::{Json, extract::State};
use patchbay_app::{BrandChange, NewLogo};
use patchbay_model::{Code, Fault};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::{
    Api,
    body::Body,
    caller::Backend,
    problem::{Problem, Refusal},
    wire::Brand,
};

/// What is to change. What is left out stays as it is; null takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BrandWanted {
    /// What your people call you; the tenant's name without it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200, example = "Kantoor Vermeulen")]
    name: Option<Option<String>>,
    /// Your colour. Text on it is white or black, whichever can be read.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = "^#[0-9a-fA-F]{6}$", example = "#1f5fd6")]
    accent: Option<Option<String>>,
    /// Your logo.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LogoWanted>)]
    logo: Option<Option<LogoWanted>>,
}

/// A logo: an SVG of shapes, or a PNG of at most 4,096 pixels each way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoWanted {
    /// `image/svg+xml` or `image/png`.
    #[schema(example = "image/svg+xml")]
    media_type: String,
    /// The picture in base64, at most 64 KiB of it.
    data: String,
}

/// Tells null from nothing.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Changes how the tenant looks. A logo is checked: it is a picture and nothing else, and has a public address.
#[utoipa::path(
    put, path = "/v1/brand", tag = "connections", operation_id = "changeBrand",
    request_body = BrandWanted,
    responses((status = 200, description = "The brand as it is now", body = Brand), Refusal),
    security(("backend" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Backend,
    Body(wanted): Body<BrandWanted>,
) -> Result<Json<Brand>, Problem> {
    let actor = tenant.caller.actor();
    Ok(Json(api.app.change_brand(&tenant.id, change(wanted)?, &actor).await?.into()))
}

fn change(wanted: BrandWanted) -> Result<BrandChange, Fault> {
    let logo = match wanted.logo {
        Some(Some(logo)) => {
            let data = data_encoding::BASE64.decode(logo.data.as_bytes());
            let data = data.map_err(|_| Fault::new(Code::BodyInvalid).field("/logo/data", "is no base64"))?;
            Some(Some(NewLogo { media_type: logo.media_type, data }))
        }
        Some(None) => Some(None),
        None => None,
    };
    Ok(BrandChange { name: wanted.name, accent: wanted.accent, logo })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn changed(body: Value) -> Result<BrandChange, String> {
        let wanted: BrandWanted = serde_json::from_value(body).map_err(|error| error.to_string())?;
        change(wanted).map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_it_away() {
        let change = changed(json!({ "accent": null, "name": "Ours" })).expect("a change");
        assert_eq!((change.name, change.accent), (Some(Some("Ours".to_owned())), Some(None)));
        assert!(change.logo.is_none());
        assert!(changed(json!({ "logo": null })).is_ok_and(|change| matches!(change.logo, Some(None))));
    }

    #[test]
    fn a_logo_comes_in_base64_and_with_its_type() {
        let logo = |data: &str| json!({ "logo": { "media_type": "image/png", "data": data } });
        let taken = changed(logo("AAEC")).expect("a change").logo.flatten().expect("a logo");
        assert_eq!((taken.media_type.as_str(), taken.data.as_slice()), ("image/png", [0, 1, 2].as_slice()));
        assert!(changed(logo("not base64!")).is_err_and(|why| why.contains("/logo/data")));
        assert!(changed(json!({ "logo": { "data": "AAEC" } })).is_err());
        assert!(changed(json!({ "colour": "#000000" })).is_err());
    }
}
