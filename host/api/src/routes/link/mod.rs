//! The hosted journey of a connect session: pages for the end user's browser.
//!
//! ```text
//! /link/{token}                 who asks; Start binds the session to this browser
//! /link/session/{ses}           choose, confirm or done, by how far the session is
//! /link/session/{ses}/before    what is needed, and how it is done
//! /link/session/{ses}/review    what will be shared, and the way to the provider
//! /link/session/{ses}/connect   the form, where something has to be entered
//! /link/session/{ses}/state     how far it is, for the page that waits for another window
//! /oauth/callback/{cli}         back from the provider
//! /link/session/{ses}/finish    back to the tenant's application, with the completion code
//! /guides/{connector}/{guide}   a guide by itself
//! /logos/{connector}/{digest}   the logo of a connector
//! ```
//!
//! Plain HTML that works without a script; the one script ([`script`]) narrows a list while somebody types and gives
//! the provider's pages a window of their own. Nothing of an address is followed or shown as markup: where a browser
//! goes is decided by what is stored, and every text passes [`html`](html::html). A form of another site is refused
//! before its handler runs ([`guard`]). What follows the first click is kept from other browsers by a cookie, so the
//! addresses behind it need not be secret; the first address holds the session's token and is never told to others.

mod before;
mod brand;
mod callback;
mod choose;
mod confirm;
mod connect_page;
mod finish;
mod form;
mod guard;
mod guide;
mod guide_page;
mod html;
mod input;
mod journey;
mod landing;
mod logo;
mod page;
mod recipient;
mod review;
mod review_page;
#[cfg(test)]
mod samples;
mod script;
mod state;
mod steps;
mod style;
mod texts;
mod trouble;
mod visitor;
mod waiting;

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use patchbay_model::{Code, Fault, SessionId};

use super::brand::files;
use crate::Api;

const LANDING: &str = "/link/{token}";
const JOURNEY: &str = "/link/session/{session}";
const BEFORE: &str = "/link/session/{session}/before";
const REVIEW: &str = "/link/session/{session}/review";
const CONNECT: &str = "/link/session/{session}/connect";
const STATE: &str = "/link/session/{session}/state";
const FINISH: &str = "/link/session/{session}/finish";
const CALLBACK: &str = "/oauth/callback/{client}";
const GUIDE: &str = "/guides/{connector}/{guide}";

/// The pages of a host that browsers reach under this origin.
pub(crate) fn pages(own: &str) -> Router<Api> {
    let routes = Router::new()
        .route(style::PATH, get(style::sheet))
        .route(script::PATH, get(script::script))
        .route(logo::PATH, get(logo::show))
        .route(files::PATH, get(files::show))
        .route(GUIDE, get(guide_page::show))
        .route(LANDING, get(landing::show).post(landing::start))
        .route(JOURNEY, get(journey::show))
        .route(BEFORE, get(before::show))
        .route(REVIEW, get(review::show).post(review::authorise))
        .route(CONNECT, get(review::enter).post(review::authorise))
        .route(STATE, get(state::show))
        .route(FINISH, post(finish::leave))
        .route(CALLBACK, get(callback::returned));
    guard::guarded(routes, own)
}

/// The address of a session's journey.
fn journey_address(session: &SessionId) -> String {
    format!("/link/session/{session}")
}

/// A session as an address names it. One that cannot be is answered like one that is not there.
fn session_of(text: &str) -> Result<SessionId, Fault> {
    text.parse().map_err(|_| Fault::new(Code::SessionUnusable).operator("the address names no session"))
}

/// Sends the browser to another address, which it asks for with GET whatever it asked before.
fn see_other(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn every_page_that_takes_a_form_takes_it_from_this_host_only() {
        let own = "https://hub.example.com";
        let taken = || post(|| async { "taken" });
        let routes = [LANDING, JOURNEY, REVIEW, CONNECT, FINISH, CALLBACK].map(|path| (path, taken()));
        let router = routes.into_iter().fold(Router::new(), |router, (path, taken)| router.route(path, taken));
        let guarded = guard::guarded(router, own);
        for path in [
            "/link/token",
            "/link/session/a",
            "/link/session/a/review",
            "/link/session/a/connect",
            "/link/session/a/finish",
            "/oauth/callback/a",
        ] {
            for (header, value, allowed) in [
                ("origin", own, true),
                ("sec-fetch-site", "same-origin", true),
                ("origin", "https://evil.example.com", false),
                ("origin", "null", false),
                ("sec-fetch-site", "cross-site", false),
                ("sec-fetch-site", "same-site", false),
                ("accept", "text/html", false),
            ] {
                let request = Request::post(path).header(header, value).body(Body::empty()).expect("a request");
                let status = guarded.clone().oneshot(request).await.expect("an answer").status();
                assert_eq!(status == StatusCode::OK, allowed, "{path} with {header}: {value} answered {status}");
            }
        }
    }

    #[test]
    fn an_address_that_names_no_session_is_refused() {
        for text in ["", "ses_", "../..", "con_068r3m5e4pvk3b8c9d0e1f2g3h", "ses_068r3m5e4pvk3b8c9d0e1f2g3h%0d%0a"] {
            assert_eq!(session_of(text).expect_err(text).code, Code::SessionUnusable);
        }
    }
}
