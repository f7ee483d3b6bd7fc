//! The last steps: what was authorised and waits to be confirmed, and what is connected.

use patchbay_app::{Confirm, Journey};
use patchbay_model::SessionId;

use super::{
    html::{Html, fill, fill_strong, html},
    journey_address,
    page::Page,
    texts::Texts,
};

/// The page of an authorisation that waits for its completion.
pub(super) fn waiting<'t>(texts: &'t Texts, session: &SessionId, journey: &'t Journey, confirm: &Confirm) -> Page<'t> {
    let tenant = [("tenant", journey.sender.brand.name.as_str())];
    let said = fill_strong(texts.confirm_text, &tenant);
    let renewed = if confirm.renewed { html!("<p>{}</p>", texts.confirm_renewed) } else { Html::none() };
    let end = if journey.sender.back.is_some() {
        leave(session, &fill(texts.finish, &tenant))
    } else {
        html!("<p>{}</p><p>{}</p>", fill(texts.confirm_waits, &tenant), texts.close)
    };
    let body = html!("{}<p>{}</p>{}{}", facts(texts, confirm), said, renewed, end);
    Page::of(texts, &journey.sender, None, Html::text(texts.confirm_title), body)
}

/// The page of a session that made its connection. Begun in the portal, its window has nothing more to do: the portal's
/// own page has noticed already.
pub(super) fn done<'t>(texts: &'t Texts, session: &SessionId, journey: &'t Journey, confirm: &Confirm) -> Page<'t> {
    let said = fill_strong(texts.done_text, &[("business", &confirm.business_name)]);
    let end = if journey.sender.back.is_some() {
        leave(session, &fill(texts.go_back, &[("tenant", &journey.sender.brand.name)]))
    } else {
        html!("<p>{}</p>", texts.close)
    };
    let body = html!("<p class=\"good\">{}</p>{}{}", said, facts(texts, confirm), end);
    Page { over: journey.portal, ..Page::of(texts, &journey.sender, None, Html::text(texts.done_title), body) }
}

fn leave(session: &SessionId, label: &Html) -> Html {
    html!(
        "<form id=\"finish\" method=\"post\" action=\"{}/finish\"><button>{}</button></form>",
        journey_address(session),
        label
    )
}

/// Whose account it is: tells equal names apart.
fn facts(texts: &Texts, confirm: &Confirm) -> Html {
    let accounts = confirm.accounts.to_string();
    let rows = [
        (texts.label_provider, Some(confirm.provider.as_str())),
        (texts.label_business, Some(confirm.business_name.as_str())),
        (texts.label_login, confirm.login.as_deref()),
        (texts.label_accounts, (confirm.accounts > 0).then_some(accounts.as_str())),
    ];
    let rows: Html = rows
        .into_iter()
        .filter_map(|(label, value)| Some(html!("<div><dt>{}</dt><dd>{}</dd></div>", label, value?)))
        .collect();
    html!("<dl>{}</dl>", rows)
}

#[cfg(test)]
mod tests {
    use patchbay_app::{Language, Stage};

    use super::*;
    use crate::routes::link::samples;

    fn shown(returns: bool, finished: bool) -> String {
        let (texts, session, confirm) = (Texts::of(Language::En), samples::session(), samples::confirm());
        let mut journey = samples::journey(Stage::Done(samples::confirm()));
        if !returns {
            journey.sender.back = None;
        }
        let page = if finished {
            done(texts, &session, &journey, &confirm)
        } else {
            waiting(texts, &session, &journey, &confirm)
        };
        page.body.as_str().to_owned()
    }

    #[test]
    fn the_person_sees_whose_account_it_is_before_it_counts() {
        let page = shown(true, false);
        for text in ["Acme Books", "Bakkerij &lt;Janssens&gt;", "els@example.com", "<dd>3</dd>"] {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert!(page.contains("<button>Finish and return to Kantoor &lt;V&gt; &amp; Zn</button>"), "{page}");
    }

    #[test]
    fn where_no_address_is_registered_there_is_no_button_to_it() {
        assert!(!shown(false, false).contains("<form") && shown(false, false).contains("confirms it now"));
        assert!(!shown(false, true).contains("<form") && shown(false, true).contains("is connected"));
        assert!(shown(true, true).contains("Return to Kantoor"));
    }
}
