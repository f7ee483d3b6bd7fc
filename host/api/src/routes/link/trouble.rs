//! What went wrong, for the person in front of the browser: what happened, what to do, and the code in small
//! print. The codes' own pages are written for people who run or call the host.

use axum::{http::StatusCode, response::Response};
use patchbay_model::{Code, Fault, Kind, SessionId};

use super::{
    html::{Html, fill, html},
    journey_address,
    page::Page,
    texts::Texts,
};

/// The page of a failure; with a way back to the journey where this browser owns one.
pub(super) fn page(texts: &Texts, fault: &Fault, session: Option<&SessionId>) -> Response {
    log(fault);
    let back = session.map_or_else(Html::none, |session| {
        html!("<p><a href=\"{}\">{}</a></p>", journey_address(session), texts.trouble_again)
    });
    let body = html!("{}{}", said(texts, fault), back);
    Page { texts, step: None, title: Html::text(texts.trouble_title), body }.answer(status(fault.code))
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
