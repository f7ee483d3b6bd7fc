//! The style sheet of the journey: a file of its own, so that no page needs a style of its own.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// Where it stands. No token is spelled like this: a token has no full stop.
pub(super) const ADDRESS: &str = "/link/style.css";

/// Its text.
pub(super) const SHEET: &str = include_str!("style.css");

/// `GET /link/style.css`
pub(super) async fn sheet() -> Response {
    let kept = (header::CACHE_CONTROL, "public, max-age=600");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), kept], SHEET).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_loads_nothing_and_knows_the_dark() {
        assert!(!SHEET.contains("url(") && !SHEET.contains("@import"));
        assert!(SHEET.contains("prefers-color-scheme: dark") && SHEET.contains(":focus-visible"));
    }
}
