//! The style sheet of the journey: a file of its own, so that no page needs a style of its own.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// Where it stands. No token is spelled like this: a token has no full stop.
pub(super) const PATH: &str = "/link/style.css";

/// Its address as pages name it: another text has another one, so that it may be kept for ever.
pub(super) static ADDRESS: LazyLock<String> = LazyLock::new(|| versioned(PATH, SHEET));

/// Its text.
pub(super) const SHEET: &str = include_str!("style.css");

/// `GET /link/style.css`
pub(super) async fn sheet() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), KEPT], SHEET).into_response()
}

/// For files whose address changes with what is in them.
pub(super) const KEPT: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

/// An address that changes with the text behind it.
pub(super) fn versioned(path: &str, text: &str) -> String {
    let digest = patchbay_model::package::digest(text.as_bytes());
    format!("{path}?v={}", digest.get(..12).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_loads_nothing_and_knows_the_dark() {
        assert!(!SHEET.contains("url(") && !SHEET.contains("@import"));
        assert!(SHEET.contains("light-dark(") && SHEET.contains(":focus-visible"));
        assert!(SHEET.contains("prefers-reduced-motion"));
    }
}
