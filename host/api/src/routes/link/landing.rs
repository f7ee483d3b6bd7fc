//! `/link/{token}`: who asks, and the click that binds the session to this browser.
//!
//! Nothing begins without the click: whoever opens the address of somebody else sees who asks for what.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::Landing;

use super::{
    html::{Html, fill, fill_strong, html},
    journey_address,
    page::Page,
    see_other,
    texts::Texts,
    trouble,
    visitor::{Visitor, keep_cookie},
};
use crate::Api;

/// `GET /link/{token}`
pub(super) async fn show(State(api): State<Api>, Path(token): Path<String>, visitor: Visitor) -> Response {
    match api.app.landing(&token, visitor.cookie.as_ref()).await {
        Err(fault) => trouble::page(visitor.texts(None), &fault, None),
        Ok(Landing { opened: Some(session), .. }) => see_other(&journey_address(&session)),
        Ok(landing) => page(visitor.texts(landing.language), &landing).answer_with_form(StatusCode::OK),
    }
}

/// `POST /link/{token}`
pub(super) async fn start(State(api): State<Api>, Path(token): Path<String>, visitor: Visitor) -> Response {
    let texts = visitor.texts(None);
    match api.app.open_session(&token, visitor.cookie).await {
        Err(fault) => trouble::page(texts, &fault, None),
        Ok(opened) => {
            let mut response = see_other(&journey_address(&opened.session));
            keep_cookie(&mut response, &opened.cookie);
            response
        }
    }
}

pub(super) fn page<'t>(texts: &'t Texts, landing: &Landing) -> Page<'t> {
    let next: Html = [texts.landing_choose, texts.landing_review, texts.landing_login, texts.landing_confirm]
        .into_iter()
        .map(|step| html!("<li>{}</li>", step))
        .collect();
    let body = html!(
        "<p>{}</p><h2>{}</h2><ol>{}</ol>\
         <form id=\"start\" method=\"post\"><button>{}</button></form><p class=\"small\">{}</p>",
        fill_strong(texts.landing_asks, &[("tenant", &landing.tenant)]),
        texts.landing_next,
        next,
        texts.start,
        minutes_left(texts, landing.remaining),
    );
    Page { texts, step: None, title: Html::text(texts.landing_title), body }
}

/// How long the session can still be used.
pub(super) fn minutes_left(texts: &Texts, remaining: std::time::Duration) -> Html {
    fill(texts.minutes_left, &[("minutes", &remaining.as_secs().div_ceil(60).to_string())])
}
