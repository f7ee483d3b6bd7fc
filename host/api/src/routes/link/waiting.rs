//! While the provider's pages are open in a window of their own: what the page behind it says, and what that window
//! says when it is over.
//!
//! Neither of them holds on to the other: the page asks how far its session is ([`state`](super::state)), the window
//! closes itself when it may.

use patchbay_app::{Review, Sender};
use patchbay_model::{Fault, SessionId};

use super::{
    html::{Html, fill, html},
    journey_address,
    page::Page,
    state,
    texts::Texts,
    trouble,
};

/// What takes the place of the question once the window is open; hidden until then. Begun in the portal, the journey
/// has a window of its own already, and the provider's pages come in it.
pub(super) fn section(texts: &Texts, session: &SessionId, review: &Review) -> Html {
    if review.portal {
        return Html::none();
    }
    let provider = [("provider", review.provider.as_str())];
    let failures = review.failures.to_string();
    html!(
        "<section id=\"waiting\" hidden data-state=\"{}\" data-journey=\"{}\" data-failures=\"{}\" data-title=\"{}\">\
         <p class=\"lead\">{}</p><p class=\"pulse\" role=\"status\"><i aria-hidden=\"true\"></i>{}</p>\
         <button type=\"button\" id=\"again\">{}</button>\
         <p><a class=\"button quiet\" href=\"{}\">{}</a></p></section>",
        state::address(session),
        journey_address(session),
        failures,
        texts.waiting_title,
        fill(texts.waiting_text, &provider),
        fill(texts.waiting_now, &provider),
        texts.waiting_again,
        journey_address(session),
        texts.waiting_over,
    )
}

/// The window's last page, when the login came back.
pub(super) fn over<'t>(texts: &'t Texts, session: &SessionId, sender: Option<&'t Sender>) -> Page<'t> {
    let body =
        html!("<p class=\"lead good\">{}</p><p>{}</p>{}", texts.window_done, texts.window_on, here(texts, session));
    Page { texts, sender, step: None, title: Html::text(texts.close_title), body, over: true }
}

/// The window's last page, when it did not work. It stays, so that the reason can be read.
pub(super) fn failed<'t>(texts: &'t Texts, session: &SessionId, sender: Option<&'t Sender>, fault: &Fault) -> Page<'t> {
    let body = html!("{}<p>{}</p>{}", trouble::said(texts, fault), texts.window_on, here(texts, session));
    Page { texts, sender, step: None, title: Html::text(texts.trouble_title), body, over: false }
}

/// For whoever has closed the page behind it.
fn here(texts: &Texts, session: &SessionId) -> Html {
    html!("<p><a class=\"button quiet\" href=\"{}\">{}</a></p>", journey_address(session), texts.window_here)
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;
    use crate::routes::link::samples;

    #[test]
    fn a_page_that_waits_says_what_to_do_and_how_to_begin_again() {
        let review = Review { failures: 2, ..samples::review() };
        let waits = section(Texts::of(Language::En), &samples::session(), &review);
        for part in ["hidden", "data-failures=\"2\"", "/state\"", "Acme Books", "id=\"again\"", "Start over"] {
            assert!(waits.as_str().contains(part), "{part} in {waits:?}");
        }
        let portal = Review { portal: true, ..samples::review() };
        assert!(section(Texts::of(Language::En), &samples::session(), &portal).is_empty());
    }

    #[test]
    fn only_a_window_that_did_its_work_closes_itself() {
        let (texts, session) = (Texts::of(Language::Nl), samples::session());
        assert!(over(texts, &session, None).markup().contains("data-window=\"over\""));
        let fault = Fault::new(patchbay_model::Code::ConsentRefused);
        assert!(!failed(texts, &session, None, &fault).markup().contains("data-window"));
    }
}
