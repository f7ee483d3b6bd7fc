//! The step in which a person sees what will be shared, and with whom.

use patchbay_app::{Review, Shared};
use patchbay_model::SessionId;

use super::{
    before::{other, provider},
    connect_page::{away_form, away_notes},
    html::{Html, fill, html},
    landing::minutes_left,
    page::Page,
    recipient,
    review::{Wanted, connect_address, review_address},
    steps::{self, Place},
    texts::Texts,
    waiting,
};

/// Things of one group that are shown at once; the others fold up.
const AT_ONCE: usize = 6;

/// The page. `failed` says what went wrong before.
pub(super) fn page<'t>(texts: &'t Texts, session: &SessionId, wanted: &'t Wanted, failed: Option<Html>) -> Page<'t> {
    let review = &wanted.review;
    let leaves_now = review.leaves && review.fields.is_empty();
    let next = if leaves_now {
        html!("{}{}", away_form(texts, session, wanted), away_notes(texts, review))
    } else {
        html!("<p><a class=\"button\" href=\"{}\">{}</a></p>", connect_address(session, wanted), texts.next)
    };
    let ask = html!(
        "{}{}{}{}{}{}{}<p class=\"small centre\">{}</p>",
        failed.map_or_else(Html::none, |failed| html!("<div class=\"notice\" role=\"alert\">{}</div>", failed)),
        provider(review),
        recipient::said(texts, &review.sender),
        shared(texts, review),
        logins(texts, session, review),
        next,
        other(texts, session, review),
        minutes_left(texts, review.remaining),
    );
    let waits = if leaves_now { waiting::section(texts, session, review) } else { Html::none() };
    let title = fill(texts.shared_title, &[("provider", &review.provider)]);
    let body = html!("<div id=\"ask\">{}</div>{}", ask, waits);
    Page::of(texts, &review.sender, Some(steps::at(review, Place::Review)), title, body)
}

/// What is read, written and asked for, and where requests go.
fn shared(texts: &Texts, review: &Review) -> Html {
    let tenant = [("tenant", review.sender.brand.name.as_str())];
    [
        (fill(texts.review_reads, &tenant), &review.reads),
        (fill(texts.review_writes, &tenant), &review.writes),
        (Html::text(texts.review_asks), &review.asks),
        (Html::text(texts.review_reaches), &review.reaches),
    ]
    .into_iter()
    .map(|(heading, items)| group(texts, &heading, items))
    .collect()
}

/// One group of what is shared: each thing by name, with its reason folded up.
fn group(texts: &Texts, heading: &Html, items: &[Shared]) -> Html {
    if items.is_empty() {
        return Html::none();
    }
    let (first, rest) = items.split_at(items.len().min(AT_ONCE));
    let more = if rest.is_empty() {
        Html::none()
    } else {
        let count = rest.len().to_string();
        html!(
            "<details class=\"more\"><summary>{}</summary><ul class=\"shared\">{}</ul></details>",
            fill(texts.shared_more, &[("count", &count)]),
            rest.iter().map(thing).collect::<Html>()
        )
    };
    html!("<h2>{}</h2><ul class=\"shared\">{}</ul>{}", heading, first.iter().map(thing).collect::<Html>(), more)
}

fn thing(shared: &Shared) -> Html {
    if shared.what.is_empty() || shared.why.is_empty() {
        return html!("<li class=\"plain\">{}{}</li>", shared.what, shared.why);
    }
    html!("<li><details><summary>{}</summary><p>{}</p></details></li>", shared.what, shared.why)
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
                let label = html!("<span><strong>{}</strong><small>{}</small></span>", label, texts.login_chosen);
                return html!("<li><a href=\"{}\" aria-current=\"true\">{}</a></li>", address, label);
            }
            html!("<li><a href=\"{}\"><span><strong>{}</strong></span></a></li>", address, label)
        })
        .collect();
    html!("<h2>{}</h2><ul class=\"choices\">{}</ul>", texts.logins_title, items)
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples::{self, NASTY};

    fn shown(review: Review) -> String {
        let wanted = Wanted { review, own_window: false };
        let page = page(Texts::of(Language::En), &samples::session(), &wanted, None);
        page.body.as_str().to_owned()
    }

    fn leaving() -> Review {
        Review { leaves: true, fields: Vec::new(), ..samples::review() }
    }

    #[test]
    fn the_person_sees_what_is_shared_before_the_button() {
        let page = shown(leaving());
        let (before, after) = page.split_once("<button>").expect("a button");
        for text in [
            "The connection goes to <strong><bdi>Kantoor Vos &lt;V&gt; BV</bdi></strong>",
            "Kantoor &lt;V&gt; &amp; Zn will be able to read",
            "able to write",
            "Where requests go",
            "<summary>https://api.books.example</summary><p>All of it.</p>",
            "<summary>2 more</summary>",
            "<li class=\"plain\">Tables of your own",
        ] {
            assert!(before.contains(text), "{text} in {before}");
        }
        assert!(after.starts_with("Continue to Acme Books"), "{after}");
    }

    #[test]
    fn what_has_to_be_entered_is_asked_for_on_the_next_page() {
        let page = shown(samples::review());
        assert!(!page.contains("<form") && !page.contains("id=\"waiting\""), "{page}");
        assert!(page.contains("/connect?connector=acme.books&amp;auth=key\">Continue</a>"), "{page}");
    }

    #[test]
    fn only_several_ways_to_log_in_and_several_connectors_are_a_choice() {
        let mut review = samples::review();
        let page = shown(samples::review());
        assert!(page.contains("aria-current=\"true\"") && page.contains("Choose other software"));
        review.logins.truncate(1);
        review.one_of = 1;
        let page = shown(review);
        assert!(!page.contains("aria-current") && !page.contains("Choose other software"));
    }

    #[test]
    fn nothing_of_a_manifest_or_a_tenant_is_markup() {
        let mut review = leaving();
        let nasty = || NASTY.to_owned();
        review.sender.brand.name = nasty();
        (review.provider, review.connector, review.auth) = (nasty(), nasty(), nasty());
        review.logins = vec![(nasty(), nasty()), (nasty(), nasty())];
        for list in [&mut review.reads, &mut review.writes, &mut review.asks, &mut review.reaches] {
            *list = vec![Shared { what: nasty(), why: nasty() }, Shared { what: String::new(), why: nasty() }];
        }
        let page = shown(review);
        assert!(!page.contains("<img"), "{page}");
    }
}
