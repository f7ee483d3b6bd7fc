//! What went wrong, for the person in front of the browser: what happened, what to do, and the code in small
//! print. The codes' own pages are written for people who run or call the host.

use axum::{http::StatusCode, response::Response};
use patchbay_app::Sender;
use patchbay_model::{Code, Fault, Kind, SessionId};

use super::{
    html::{Html, fill, html},
    journey_address,
    page::Page,
    texts::Texts,
    visitor::Visitor,
};
use crate::Api;

/// The page of a failure in a session, as far as this browser may know of it.
pub(super) async fn at(api: &Api, visitor: &Visitor, fault: &Fault, session: Option<&SessionId>) -> Response {
    let sender = match session {
        Some(session) => api.app.sender(session, &visitor.browser).await,
        None => None,
    };
    // A session that cannot be used here has no journey to go back to.
    let again = session.filter(|_| sender.is_some() && fault.code != Code::SessionUnusable);
    page(visitor.texts(sender.as_ref().and_then(|sender| sender.language)), fault, again, sender.as_ref())
}

/// The page of a failure at the address of a session.
pub(super) async fn behind(api: &Api, visitor: &Visitor, fault: &Fault, token: &str) -> Response {
    let sender = api.app.sender_behind(token, &visitor.browser).await;
    page(visitor.texts(sender.as_ref().and_then(|sender| sender.language)), fault, None, sender.as_ref())
}

/// The page of a failure: with a way back to the journey where this browser owns one, and to whoever sent it.
pub(super) fn page(texts: &Texts, fault: &Fault, session: Option<&SessionId>, sender: Option<&Sender>) -> Response {
    log(fault);
    let again = session.map_or_else(Html::none, |session| {
        html!("<p><a class=\"button\" href=\"{}\">{}</a></p>", journey_address(session), texts.trouble_again)
    });
    let back =
        sender.and_then(|sender| Some((sender, sender.back.as_ref()?))).map_or_else(Html::none, |(sender, back)| {
            let class = if session.is_some() { "button quiet" } else { "button" };
            let label = fill(texts.go_back, &[("tenant", &sender.brand.name)]);
            html!("<p><a class=\"{}\" href=\"{}\">{}</a></p>", class, back.as_str(), label)
        });
    let body = html!("{}{}{}", said(texts, fault), again, back);
    let title = Html::text(texts.trouble_title);
    Page { texts, sender, step: None, title, body, over: false }.answer(status(fault.code))
}

/// What only operators may read goes to the log.
pub(super) fn log(fault: &Fault) {
    if let Some(operator) = &fault.operator {
        tracing::info!(code = fault.code.id(), "a connect ended: {operator}");
    }
}

/// The status that goes with a code on a page.
pub(super) fn status(code: Code) -> StatusCode {
    match code.kind() {
        Kind::Internal | Kind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable | Kind::Pause => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// What is said about a failure.
pub(super) fn said(texts: &Texts, fault: &Fault) -> Html {
    let (what, remedy) = texts_of(texts, fault.code);
    // A text about this one failure says more than ours; it is English.
    let detail = if fault.person == fault.code.title() || fault.person.is_empty() {
        Html::none()
    } else {
        html!("<p lang=\"en\">{}</p>", fault.person)
    };
    let code = fill(texts.trouble_code, &[("code", fault.code.id())]);
    html!("<p>{}</p>{}<p>{}</p><p class=\"small\">{}</p>", what, detail, remedy, code)
}

/// What happened and what to do.
fn texts_of(texts: &Texts, code: Code) -> (&'static str, &'static str) {
    match code {
        Code::SessionUnusable
        | Code::EndUserMismatch
        | Code::CompletionRefused
        | Code::VerificationNeeded
        | Code::ReturnAddressRefused => (texts.link_what, texts.link_do),
        Code::StateUnknown | Code::IssuerMismatch => (texts.lost_what, texts.lost_do),
        Code::ConsentRefused => (texts.consent_what, texts.consent_do),
        Code::CredentialRefused | Code::RefreshExhausted => (texts.refused_what, texts.refused_do),
        Code::PermissionMissing => (texts.permission_what, texts.permission_do),
        Code::AccountMismatch => (texts.account_what, texts.account_do),
        Code::OriginRefused => (texts.address_what, texts.address_do),
        Code::FieldInvalid | Code::BodyInvalid | Code::BodyTooLarge | Code::ParameterInvalid | Code::MediaType => {
            (texts.input_what, texts.input_do)
        }
        Code::ClientMissing
        | Code::AuthUnknown
        | Code::ConnectorUnknown
        | Code::ReleaseUnusable
        | Code::EgressDenied => (texts.operator_what, texts.operator_do),
        Code::TokenAnswerInvalid
        | Code::RegionUnknown
        | Code::CredentialBusy
        | Code::ProviderOutage
        | Code::Throttled
        | Code::AnswerUnreadable => (texts.provider_what, texts.provider_do),
        _ => (texts.general_what, texts.general_do),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_app::Language;

    use super::*;

    #[test]
    fn what_only_operators_may_read_is_not_on_the_page() {
        let fault = Fault::because(Code::ConsentRefused, "denied <b>").operator("secret reason");
        for language in Language::ALL {
            let said = said(Texts::of(language), &fault);
            assert!(!said.as_str().contains("secret"), "{said:?}");
            assert!(said.as_str().contains("<p lang=\"en\">denied &lt;b&gt;</p>"), "{said:?}");
            assert!(said.as_str().contains("PB2005"), "{said:?}");
        }
    }

    #[test]
    fn a_code_s_own_title_is_not_said_twice() {
        assert!(!said(Texts::of(Language::Nl), &Fault::new(Code::ConsentRefused)).as_str().contains("lang"));
    }

    #[test]
    fn every_failure_of_a_connect_says_more_than_that_something_went_wrong() {
        let texts = Texts::of(Language::En);
        let own = Code::ALL.iter().filter(|code| code.id().starts_with("PB20"));
        // The key of the host: nothing that an end user could know about.
        for code in own.filter(|code| !matches!(code, Code::KeyMismatch | Code::SealBroken)) {
            assert_ne!(texts_of(texts, *code).0, texts.general_what, "{}", code.id());
        }
    }
}
