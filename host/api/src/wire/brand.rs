//! Brands on the wire.

use patchbay_app::Brand as AppBrand;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::brand::files;

/// How a tenant looks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Brand {
    /// What its people call it.
    #[schema(example = "Kantoor Vermeulen")]
    name: String,
    /// Its colour; null for the host's own.
    #[schema(example = "#1f5fd6")]
    accent: Option<String>,
    /// The public address of its logo at this host; null when it has none.
    #[schema(example = "/brand/6f1ed002ab5595859014ebf0951522d9f1d2b1f2f0bd5e6f8d6b3b1f0c3a9e77.svg")]
    logo: Option<String>,
}

impl From<AppBrand> for Brand {
    fn from(brand: AppBrand) -> Self {
        Self {
            name: brand.name,
            accent: brand.accent.map(|accent| accent.to_string()),
            logo: brand.logo.as_ref().map(files::logo_address),
        }
    }
}
