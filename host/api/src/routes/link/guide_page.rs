//! `GET /guides/{connector}/{guide}`: one guide of a connector, at an address that can be sent to whoever has to do it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_model::{Code, manifest::Guide};

use super::{
    guide,
    html::{Html, fill, html},
    page::Page,
    texts::Texts,
    trouble,
    visitor::Visitor,
};
use crate::Api;

/// `GET /guides/{connector}/{guide}`
pub(super) async fn show(
    State(api): State<Api>,
    Path((connector, guide)): Path<(String, String)>,
    visitor: Visitor,
) -> Response {
    let texts = visitor.texts(None);
    match api.app.guide(&connector, &guide).await {
        Ok((provider, guide)) => page(texts, &provider, &guide).answer(StatusCode::OK),
        Err(fault) if fault.code == Code::NotFound => absent(texts),
        Err(fault) => trouble::page(texts, &fault, None, None),
    }
}

fn page<'t>(texts: &'t Texts, provider: &str, guide: &Guide) -> Page<'t> {
    let body = html!(
        "<p class=\"small\">{} · {}</p><div class=\"text\">{}</div>",
        fill(texts.guide_for, &[("provider", provider)]),
        guide.audience,
        guide::rendered(&guide.text)
    );
    Page::plain(texts, Html::text(&guide.title), body)
}

fn absent(texts: &Texts) -> Response {
    let code = fill(texts.trouble_code, &[("code", Code::NotFound.id())]);
    let body = html!("<p>{}</p><p class=\"small\">{}</p>", texts.guide_absent, code);
    Page::plain(texts, Html::text(texts.guide_absent_title), body).answer(StatusCode::NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    #[test]
    fn a_guide_stands_by_itself_and_is_a_page_without_markup_of_its_publisher() {
        let mut guide = samples::review().guides.remove(0);
        let texts = Texts::of(Language::En);
        let markup = page(texts, "Acme Books", &guide).markup();
        assert!(
            markup.contains("<h1>Make a secret key</h1>") && markup.contains("<strong>Settings</strong>"),
            "{markup}"
        );
        (guide.title, guide.text, guide.audience) = (NASTY.to_owned(), NASTY.to_owned(), NASTY.to_owned());
        assert!(!page(texts, NASTY, &guide).markup().contains("<img"));
    }
}
