//! The step in which a person sees what will be shared, and logs in.

use patchbay_app::Review;
use patchbay_model::SessionId;

use super::{
    form::{self, Typed},
    guide,
    html::{Html, fill, fill_strong, html, section},
    journey::review_address,
    journey_address,
    landing::minutes_left,
    page::Page,
    texts::Texts,
};

/// The page. `failed` says what went wrong with what was typed.
pub(super) fn page<'t>(
    texts: &'t Texts,
    session: &SessionId,
    review: &Review,
    typed: &Typed,
    failed: Option<Html>,
) -> Page<'t> {
    let body = html!(
        "{}{}{}{}{}{}{}",
        notice(texts, review, typed, failed),
        before(texts, review),
        shared(texts, review),
        logins(texts, session, review),
        login_form(texts, session, review, typed),
        if review.one_of > 1 {
            html!("<p><a href=\"{}\">{}</a></p>", journey_address(session), texts.review_other)
        } else {
            Html::none()
        },
        html!("<p class=\"small\">{}</p>", minutes_left(texts, review.remaining)),
    );
    let title = fill(texts.review_title, &[("provider", &review.provider)]);
    Page { texts, step: Some("2"), title, body }
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

/// What is needed before starting: a list, and the guides to open.
fn before(texts: &Texts, review: &Review) -> Html {
    let guides: Html = review
        .guides
        .iter()
        .map(|guide| html!("<details><summary>{}</summary>{}</details>", guide.title, guide::rendered(&guide.text)))
        .collect();
    html!("{}{}", section(&Html::text(texts.review_before), &review.checklist), guides)
}

/// What is read, written and asked for, and where requests go.
fn shared(texts: &Texts, review: &Review) -> Html {
    let tenant = [("tenant", review.tenant.as_str())];
    [
        (fill(texts.review_reads, &tenant), &review.reads),
        (fill(texts.review_writes, &tenant), &review.writes),
        (Html::text(texts.review_asks), &review.asks),
        (Html::text(texts.review_reaches), &review.reaches),
    ]
    .into_iter()
    .map(|(heading, items)| section(&heading, items))
    .collect()
}

/// The choice between ways to log in, where there are several.
fn logins(texts: &Texts, session: &SessionId, review: &Review) -> Html {
    if review.logins.len() < 2 {
        return Html::none();
    }
    let items: Html = review
        .logins
        .iter()
        .map(|(id, label)| {
            let address = review_address(session, &review.connector, Some(id));
            if *id == review.auth {
                let label = html!("<strong>{}</strong>({})", label, texts.login_chosen);
                return html!("<li><a href=\"{}\" aria-current=\"true\">{}</a></li>", address, label);
            }
            html!("<li><a href=\"{}\"><strong>{}</strong></a></li>", address, label)
        })
        .collect();
    html!("<h2>{}</h2><ul class=\"choices\">{}</ul>", texts.logins_title, items)
}

fn login_form(texts: &Texts, session: &SessionId, review: &Review, typed: &Typed) -> Html {
    let provider = [("provider", review.provider.as_str())];
    let heading =
        if review.fields.is_empty() { Html::none() } else { html!("<h2>{}</h2>", fill(texts.fields_title, &provider)) };
    let (label, note) = match review.leaves {
        true => (texts.away, texts.away_note),
        false => (texts.here, texts.here_note),
    };
    let unprotected = if review.leaves && !review.pkce {
        html!("<p class=\"small\">{}</p>", fill(texts.no_pkce, &provider))
    } else {
        Html::none()
    };
    html!(
        "<form id=\"login\" method=\"post\" action=\"{}\">{}{}<button>{}</button></form><p class=\"small\">{}</p>{}",
        review_address(session, &review.connector, Some(&review.auth)),
        heading,
        form::controls(texts, &review.fields, typed),
        fill(label, &provider),
        fill_strong(note, &provider),
        unprotected
    )
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    fn shown(review: &Review) -> String {
        let page = page(Texts::of(Language::En), &samples::session(), review, &Typed::default(), None);
        page.body.as_str().to_owned()
    }

    #[test]
    fn the_person_sees_what_is_shared_before_the_button() {
        let page = shown(&samples::review());
        let (before, after) = page.split_once("<button>").expect("a button");
        for text in [
            "Before you start",
            "Kantoor &lt;V&gt; &amp; Zn will be able to read",
            "able to write",
            "Where requests go",
            "https://api.books.example",
            "<summary>",
        ] {
            assert!(before.contains(text), "{text} in {before}");
        }
        assert!(after.starts_with("Connect Acme Books"), "{after}");
    }

    #[test]
    fn a_login_at_the_provider_says_so_and_a_missing_protection_is_visible() {
        let mut review = samples::review();
        (review.leaves, review.fields, review.pkce) = (true, Vec::new(), true);
        assert!(shown(&review).contains("<button>Continue to Acme Books</button>") && !shown(&review).contains("PKCE"));
        review.pkce = false;
        assert!(shown(&review).contains("PKCE"));
    }

    #[test]
    fn only_several_ways_to_log_in_and_several_connectors_are_a_choice() {
        let mut review = samples::review();
        assert!(shown(&review).contains("aria-current=\"true\"") && shown(&review).contains("Choose other software"));
        review.logins.truncate(1);
        review.one_of = 1;
        assert!(!shown(&review).contains("aria-current") && !shown(&review).contains("Choose other software"));
    }

    #[test]
    fn nothing_of_a_manifest_or_a_tenant_is_markup() {
        let mut review = samples::review();
        let nasty = || NASTY.to_owned();
        (review.tenant, review.provider, review.connector, review.auth) = (nasty(), nasty(), nasty(), nasty());
        review.logins = vec![(nasty(), nasty()), (nasty(), nasty())];
        for list in
            [&mut review.reads, &mut review.writes, &mut review.asks, &mut review.reaches, &mut review.checklist]
        {
            *list = vec![nasty()];
        }
        for guide in &mut review.guides {
            (guide.title, guide.text) = (nasty(), nasty());
        }
        let page = shown(&review);
        assert!(!page.contains("<img"), "{page}");
    }
}
