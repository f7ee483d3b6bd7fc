//! `/link/{token}`: who asks, and the click that binds the session to this browser.
//!
//! Nothing begins without the click: whoever opens the address of somebody else sees who asks for what. Where the
//! person began it in the portal a moment ago, in this very browser, that was the click.

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
    match api.app.landing(&token, &visitor.browser).await {
        Err(fault) => trouble::behind(&api, &visitor, &fault, &token).await,
        Ok(Landing { opened: Some(session), .. }) => see_other(&journey_address(&session)),
        Ok(Landing { portal: true, .. }) => opened(&api, &token, &visitor).await,
        Ok(landing) => page(visitor.texts(landing.sender.language), &landing).answer_with_form(StatusCode::OK),
    }
}

/// `POST /link/{token}`
pub(super) async fn start(State(api): State<Api>, Path(token): Path<String>, visitor: Visitor) -> Response {
    opened(&api, &token, &visitor).await
}

async fn opened(api: &Api, token: &str, visitor: &Visitor) -> Response {
    match api.app.begin_journey(token, &visitor.browser).await {
        Err(fault) => trouble::behind(api, visitor, &fault, token).await,
        Ok(opened) => {
            let mut response = see_other(&journey_address(&opened.session));
            keep_cookie(&mut response, &opened.cookie);
            response
        }
    }
}

pub(super) fn page<'t>(texts: &'t Texts, landing: &'t Landing) -> Page<'t> {
    let next: Html = [texts.landing_choose, texts.landing_review, texts.landing_login, texts.landing_confirm]
        .into_iter()
        .map(|step| html!("<li>{}</li>", step))
        .collect();
    let leave = match &landing.sender.back {
        Some(back) => html!(
            "<p class=\"centre\"><a href=\"{}\">{}</a></p>",
            back.as_str(),
            fill(texts.leave, &[("tenant", &landing.sender.brand.name)])
        ),
        None => Html::none(),
    };
    let body = html!(
        "<p class=\"lead\">{}</p><h2>{}</h2><ol class=\"next\">{}</ol>\
         <form id=\"start\" method=\"post\"><button>{}</button></form>{}<p class=\"small centre\">{}</p>",
        fill_strong(texts.landing_asks, &[("tenant", &landing.sender.brand.name)]),
        texts.landing_next,
        next,
        texts.start,
        leave,
        minutes_left(texts, landing.remaining),
    );
    Page::of(texts, &landing.sender, None, Html::text(texts.landing_title), body)
}

/// How long the session can still be used.
pub(super) fn minutes_left(texts: &Texts, remaining: std::time::Duration) -> Html {
    fill(texts.minutes_left, &[("minutes", &remaining.as_secs().div_ceil(60).to_string())])
}
