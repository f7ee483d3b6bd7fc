//! `GET /link/session/{ses}/before`: what a person needs before starting, and how it is done, step by step.
//!
//! A connector that says nothing about it has no such page.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::Review;
use patchbay_model::SessionId;

use super::{
    guide,
    html::{Html, fill, html, in_query},
    input::Queried,
    journey_address, logo,
    page::Page,
    review::{Wanted, review_address, wanted},
    see_other,
    steps::{self, Place},
    texts::Texts,
    trouble,
    visitor::Visitor,
};
use crate::Api;

/// `GET /link/session/{session}/before`
pub(super) async fn show(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    match wanted(&api, &session, query, &visitor).await {
        Err((fault, session)) => trouble::at(&api, &visitor, &fault, session.as_ref()).await,
        Ok((session, None)) => see_other(&journey_address(&session)),
        Ok((session, Some(Wanted { review, .. }))) if !steps::prepares(&review) => {
            see_other(&review_address(&session, &review.connector, None))
        }
        Ok((session, Some(Wanted { review, .. }))) => {
            page(visitor.texts(review.sender.language), &session, &review).answer(StatusCode::OK)
        }
    }
}

/// Its address, for one connector.
pub(super) fn before_address(session: &SessionId, connector: &str) -> String {
    format!("{}/before?connector={}", journey_address(session), in_query(connector))
}

pub(super) fn page<'t>(texts: &'t Texts, session: &SessionId, review: &'t Review) -> Page<'t> {
    let checklist: Html = review.checklist.iter().map(|item| html!("<li>{}</li>", item)).collect();
    let checklist = if checklist.is_empty() {
        Html::none()
    } else {
        html!("<h2>{}</h2><ul class=\"checklist\">{}</ul>", texts.before_needs, checklist)
    };
    let guides: Html = review.guides.iter().map(|one| guide_of(texts, review, one)).collect();
    let guides = if guides.is_empty() { Html::none() } else { html!("<h2>{}</h2>{}", texts.before_guides, guides) };
    let body = html!(
        "{}{}{}<p><a class=\"button\" href=\"{}\">{}</a></p>{}",
        provider(review),
        checklist,
        guides,
        review_address(session, &review.connector, None),
        texts.next,
        other(texts, session, review)
    );
    Page::of(texts, &review.sender, Some(steps::at(review, Place::Before)), Html::text(texts.review_before), body)
}

/// One guide, folded up, with the address at which it stands by itself.
fn guide_of(texts: &Texts, review: &Review, one: &patchbay_model::manifest::Guide) -> Html {
    html!(
        "<details class=\"guide\"><summary><span>{}<small>{}</small></span></summary><div>{}\
         <p class=\"small\"><a href=\"{}\" target=\"_blank\" rel=\"noopener\">{}</a></p></div></details>",
        one.title,
        one.audience,
        guide::rendered(&one.text),
        guide::address(&review.connector, &one.id),
        texts.guide_share
    )
}

/// What is being connected.
pub(super) fn provider(review: &Review) -> Html {
    html!(
        "<p class=\"provider\">{}<span>{}</span></p>",
        logo::mark(&review.connector, review.logo.as_deref(), &review.provider),
        review.provider
    )
}

/// The way back to the choice, where there was one.
pub(super) fn other(texts: &Texts, session: &SessionId, review: &Review) -> Html {
    if review.one_of < 2 {
        return Html::none();
    }
    html!(
        "<p class=\"centre\"><a href=\"{}\">{}</a></p>",
        journey_address(session),
        fill(texts.review_other, &[("provider", &review.provider)])
    )
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    #[test]
    fn the_person_sees_what_is_needed_and_how_it_is_done_before_the_next_step() {
        let (session, review) = (samples::session(), samples::review());
        let page = page(Texts::of(Language::En), &session, &review).body;
        for part in ["Administrator rights", "<summary>", "Make a secret key", "href=\"/guides/acme.books/end-user\""] {
            assert!(page.as_str().contains(part), "{part} in {page:?}");
        }
        assert!(page.as_str().contains("/review?connector=acme.books"), "{page:?}");
    }

    #[test]
    fn nothing_of_a_manifest_is_markup() {
        let mut review = samples::review();
        let nasty = || NASTY.to_owned();
        (review.provider, review.connector, review.checklist) = (nasty(), nasty(), vec![nasty()]);
        for guide in &mut review.guides {
            (guide.title, guide.text, guide.audience, guide.id) = (nasty(), nasty(), nasty(), nasty());
        }
        let page = page(Texts::of(Language::Pl), &samples::session(), &review).body;
        assert!(!page.as_str().contains("<img"), "{page:?}");
    }
}
