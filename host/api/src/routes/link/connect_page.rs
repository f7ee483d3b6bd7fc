//! The step in which a person connects: the form of the login, or the button to the provider's own pages.

use patchbay_app::Review;
use patchbay_model::SessionId;

use super::{
    before::provider,
    form::{self, Typed},
    html::{Html, fill, fill_strong, html},
    landing::minutes_left,
    page::Page,
    recipient,
    review::{Wanted, connect_address, review_address},
    steps::{self, Place},
    texts::Texts,
    waiting,
};

/// The page. `failed` says what went wrong with what was typed.
pub(super) fn page<'t>(
    texts: &'t Texts,
    session: &SessionId,
    wanted: &'t Wanted,
    typed: &Typed,
    failed: Option<Html>,
) -> Page<'t> {
    let review = &wanted.review;
    let form =
        if review.leaves { leaving(texts, session, wanted, typed) } else { staying(texts, session, wanted, typed) };
    let ask = html!(
        "{}{}{}{}<p class=\"centre\"><a href=\"{}\">{}</a></p><p class=\"small centre\">{}</p>",
        notice(texts, review, typed, failed),
        provider(review),
        recipient::said(texts, &review.sender),
        form,
        review_address(session, &review.connector, Some(&review.auth)),
        texts.back,
        minutes_left(texts, review.remaining),
    );
    let waits =
        if review.leaves && !wanted.own_window { waiting::section(texts, session, review) } else { Html::none() };
    let title = fill(texts.review_title, &[("provider", &review.provider)]);
    let body = html!("<div id=\"ask\">{}</div>{}", ask, waits);
    Page::of(texts, &review.sender, Some(steps::at(review, Place::Connect)), title, body)
}

/// What went wrong, before everything else, and where a reader's focus begins.
fn notice(texts: &Texts, review: &Review, typed: &Typed, failed: Option<Html>) -> Html {
    let Some(failed) = failed else { return Html::none() };
    let again = if typed.lost_secrets(&review.fields) { html!("<p>{}</p>", texts.secrets_again) } else { Html::none() };
    html!(
        "<div class=\"notice\" role=\"alert\" tabindex=\"-1\" autofocus><h2>{}</h2>{}{}{}</div>",
        texts.errors_title,
        failed,
        typed.summary(&review.fields),
        again
    )
}

/// The form whose fields are all that is needed.
fn staying(texts: &Texts, session: &SessionId, wanted: &Wanted, typed: &Typed) -> Html {
    let provider = [("provider", wanted.review.provider.as_str())];
    html!(
        "<form id=\"login\" method=\"post\" action=\"{}\" data-busy=\"{}\"><h2>{}</h2>{}<button>{}</button></form>\
         <p class=\"small\">{}</p>",
        connect_address(session, wanted),
        texts.busy,
        fill(texts.fields_title, &provider),
        form::controls(texts, &wanted.review.fields, typed),
        fill(texts.here, &provider),
        fill_strong(texts.here_note, &provider),
    )
}

/// The form whose fields the provider's pages are found by.
fn leaving(texts: &Texts, session: &SessionId, wanted: &Wanted, typed: &Typed) -> Html {
    let provider = [("provider", wanted.review.provider.as_str())];
    html!(
        "<form id=\"login\" method=\"post\" action=\"{}\" data-busy=\"{}\">{}{}<button>{}</button></form>{}",
        connect_address(session, wanted),
        texts.busy,
        if wanted.review.fields.is_empty() {
            Html::none()
        } else {
            html!("<h2>{}</h2>", fill(texts.fields_title, &provider))
        },
        form::controls(texts, &wanted.review.fields, typed),
        fill(texts.away, &provider),
        away_notes(texts, &wanted.review),
    )
}

/// The button to the provider's pages, where nothing has to be entered before.
pub(super) fn away_form(texts: &Texts, session: &SessionId, wanted: &Wanted) -> Html {
    let review = &wanted.review;
    html!(
        "<form id=\"login\" method=\"post\" action=\"{}\" data-busy=\"{}\"><button>{}</button></form>",
        review_address(session, &review.connector, Some(&review.auth)),
        texts.busy,
        fill(texts.away, &[("provider", &review.provider)]),
    )
}

/// What happens at the provider's pages.
pub(super) fn away_notes(texts: &Texts, review: &Review) -> Html {
    let provider = [("provider", review.provider.as_str())];
    let unprotected =
        if review.pkce { Html::none() } else { html!("<p class=\"small\">{}</p>", fill(texts.no_pkce, &provider)) };
    html!("<p class=\"small\">{}</p>{}", fill_strong(texts.away_note, &provider), unprotected)
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples;

    fn shown(review: Review, own_window: bool) -> String {
        let wanted = Wanted { review, own_window };
        let page = page(Texts::of(Language::En), &samples::session(), &wanted, &Typed::default(), None);
        page.body.as_str().to_owned()
    }

    #[test]
    fn a_form_asks_for_what_the_provider_asks_for_and_goes_there_only() {
        let page = shown(samples::review(), false);
        let (before, after) = page.split_once("<button>").expect("a button");
        assert!(before.contains("The connection goes to <strong><bdi>Kantoor Vos"), "{page}");
        assert!(before.contains("What Acme Books asks for") && after.starts_with("Connect Acme Books"), "{page}");
        assert!(page.contains("goes to <strong>Acme Books</strong> only"), "{page}");
        assert!(!page.contains("id=\"waiting\""), "{page}");
    }

    #[test]
    fn a_login_at_the_provider_says_so_and_a_missing_protection_is_visible() {
        let leaves = |pkce| Review { leaves: true, pkce, ..samples::review() };
        let page = shown(leaves(true), false);
        assert!(page.contains("<button>Continue to Acme Books</button>") && !page.contains("PKCE"), "{page}");
        assert!(page.contains("id=\"waiting\""), "{page}");
        assert!(shown(leaves(false), false).contains("PKCE"));
        // The window that was opened for the provider opens no other one.
        assert!(!shown(leaves(true), true).contains("id=\"waiting\""));
    }
}
