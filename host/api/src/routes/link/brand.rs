//! Who asks, on top of every page: the tenant's logo and name, in its colour.

use patchbay_app::Brand;

use super::html::{Html, html};
use crate::routes::brand::files;

/// The sheet with the tenant's colour.
pub(super) fn sheet(brand: &Brand) -> Html {
    match brand.accent {
        Some(accent) => html!("<link rel=\"stylesheet\" href=\"{}\">", files::sheet_address(accent)),
        None => Html::none(),
    }
}

/// The head of the page. The name stands beside the logo, so that the picture says nothing to a reader.
pub(super) fn head(brand: &Brand) -> Html {
    let logo = match &brand.logo {
        Some(logo) => html!("<img src=\"{}\" alt=\"\" height=\"32\">", files::logo_address(logo)),
        None => Html::none(),
    };
    html!("<header>{}<span>{}</span></header>", logo, brand.name)
}
