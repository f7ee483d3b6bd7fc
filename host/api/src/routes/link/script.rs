//! The one script of the journey. Every page works without it, in one window and with whole pages; with it, a list
//! narrows while somebody types, and the provider's pages get a window of their own.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::style::{KEPT, versioned};

/// Where it stands. No token is spelled like this: a token has no full stop.
pub(super) const PATH: &str = "/link/journey.js";

/// Its address as pages name it.
pub(super) static ADDRESS: LazyLock<String> = LazyLock::new(|| versioned(PATH, SCRIPT));

/// Its text.
pub(super) const SCRIPT: &str = include_str!("journey.js");

/// `GET /link/journey.js`
pub(super) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), KEPT], SCRIPT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_makes_no_markup_asks_no_other_host_and_trusts_no_other_window() {
        for power in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "postMessage"]
        {
            assert!(!SCRIPT.contains(power), "{power}");
        }
        assert!(!SCRIPT.contains("http:") && !SCRIPT.contains("https:") && !SCRIPT.contains("onmessage"));
        assert!(!SCRIPT.contains("Storage") && !SCRIPT.contains("document.cookie"));
    }
}
