//! `GET /logos/{connector}/{digest}.svg`: the logo of a connector that can be connected.
//!
//! A publisher drew it: it is shown as an image, from an address of its own, where it can do nothing even when
//! somebody opens it by itself.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use patchbay_model::{Code, Fault};

use super::html::{Html, html};
use crate::{Api, problem::Problem, routes::brand::files};

pub(super) const PATH: &str = "/logos/{connector}/{file}";

/// `GET /logos/{connector}/{file}`
pub(super) async fn show(State(api): State<Api>, Path((connector, file)): Path<(String, String)>) -> Response {
    let found = async {
        let digest = file.strip_suffix(".svg").ok_or_else(|| Fault::new(Code::NotFound))?;
        api.app.connector_logo(&connector, digest).await
    };
    match found.await {
        Ok(logo) => files::picture("image/svg+xml", logo.into_bytes()),
        Err(fault) => Problem(fault).into_response(),
    }
}

/// A provider's mark: its logo, else its first letter. What it says stands beside it in words.
pub(super) fn mark(connector: &str, logo: Option<&str>, name: &str) -> Html {
    match logo {
        Some(digest) => html!(
            "<img class=\"mark\" src=\"/logos/{}/{}.svg\" alt=\"\" width=\"40\" height=\"40\">",
            connector,
            digest
        ),
        None => {
            let letter: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
            html!("<span class=\"mark\" aria-hidden=\"true\">{}</span>", letter)
        }
    }
}
