//! `/link/session/{ses}/review` and `/link/session/{ses}/connect`: what will be shared, and the login that follows.
//!
//! The address says what is reviewed, the form holds the fields of the login and nothing else. Where nothing has to be
//! entered, the review leads to the provider; else to the form. A login that did not work shows the form again: errors
//! at their fields, what was typed in its place, secrets empty.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::{Authorise, Authorising, Review};
use patchbay_model::{Code, Fault, SessionId};

use super::{
    connect_page,
    form::{self, Typed},
    html::{Html, html, in_query},
    input::{self, Queried, Sent},
    journey_address, review_page, see_other, session_of, trouble,
    visitor::Visitor,
};
use crate::Api;

/// What the script adds to the address of a form that it sends to a window of its own.
const OWN_WINDOW: &str = "own";

/// What an address asks for.
pub(super) struct Wanted {
    /// The review of its connector.
    pub(super) review: Review,
    /// Whether this window was opened for the provider's pages.
    pub(super) own_window: bool,
}

/// `GET /link/session/{session}/review`
pub(super) async fn show(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    match wanted(&api, &session, query, &visitor).await {
        Err((fault, session)) => trouble::at(&api, &visitor, &fault, session.as_ref()).await,
        Ok((session, None)) => see_other(&journey_address(&session)),
        Ok((session, Some(wanted))) => {
            let texts = visitor.texts(wanted.review.sender.language);
            review_page::page(texts, &session, &wanted, None).answer_with_form(StatusCode::OK)
        }
    }
}

/// `GET /link/session/{session}/connect`
pub(super) async fn enter(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    match wanted(&api, &session, query, &visitor).await {
        Err((fault, session)) => trouble::at(&api, &visitor, &fault, session.as_ref()).await,
        Ok((session, None)) => see_other(&journey_address(&session)),
        // Nothing has to be entered: the review has the button.
        Ok((session, Some(Wanted { review, .. }))) if review.fields.is_empty() && review.leaves => {
            see_other(&review_address(&session, &review.connector, Some(&review.auth)))
        }
        Ok((session, Some(wanted))) => {
            let texts = visitor.texts(wanted.review.sender.language);
            connect_page::page(texts, &session, &wanted, &Typed::default(), None).answer_with_form(StatusCode::OK)
        }
    }
}

/// `POST` of either.
pub(super) async fn authorise(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
    sent: Sent,
) -> Response {
    let (session, wanted) = match wanted(&api, &session, query, &visitor).await {
        Err((fault, session)) => return trouble::at(&api, &visitor, &fault, session.as_ref()).await,
        Ok((session, None)) => return see_other(&journey_address(&session)),
        Ok((session, Some(wanted))) => (session, wanted),
    };
    let review = &wanted.review;
    let fields = input::sent(sent).and_then(|pairs| {
        input::only(pairs, |name| review.fields.iter().any(|field| field.id == name), Code::BodyInvalid)
    });
    let mut fields = match fields {
        Ok(fields) => fields,
        Err(fault) => return trouble::at(&api, &visitor, &fault, Some(&session)).await,
    };
    // An empty control and one that was not sent are the same.
    fields.retain(|_, value| !value.is_empty());
    // What may be shown again; the secrets are given away and not kept here.
    let shown = form::without_secrets(&review.fields, &fields);
    let request = Authorise {
        connector: review.connector.clone(),
        auth: review.auth.clone(),
        fields,
        own_window: wanted.own_window && review.leaves,
    };
    match api.app.authorise(session.clone(), visitor.browser.clone(), request).await {
        // To the provider's page of consent, which the release names and nobody else.
        Ok(Authorising::Provider(address)) => see_other(address.as_str()),
        Ok(Authorising::Here) => see_other(&journey_address(&session)),
        Err(fault) if fault.code == Code::SessionUnusable => trouble::at(&api, &visitor, &fault, Some(&session)).await,
        Err(fault) => refused(&session, &wanted, Typed::of(&review.fields, &shown, &fault), &fault, &visitor),
    }
}

/// The review that an address asks for; none where it names no connector.
pub(super) async fn wanted(
    api: &Api,
    session: &str,
    query: Queried,
    visitor: &Visitor,
) -> Result<(SessionId, Option<Wanted>), (Fault, Option<SessionId>)> {
    let session = session_of(session).map_err(|fault| (fault, None))?;
    let known = ["connector", "auth", "window"];
    let mut asked = input::query(query, &known).map_err(|fault| (fault, Some(session.clone())))?;
    let own_window = asked.remove("window").is_some_and(|window| window == OWN_WINDOW);
    let Some(connector) = asked.remove("connector") else { return Ok((session, None)) };
    let auth = asked.remove("auth");
    match api.app.review(&session, &visitor.browser, &connector, auth.as_deref()).await {
        Ok(review) => Ok((session, Some(Wanted { review, own_window }))),
        Err(fault) => Err((fault, Some(session))),
    }
}

/// The page again after a login that did not work.
fn refused(session: &SessionId, wanted: &Wanted, typed: Typed, fault: &Fault, visitor: &Visitor) -> Response {
    let review = &wanted.review;
    let texts = visitor.texts(review.sender.language);
    trouble::log(fault);
    let status = match trouble::status(fault.code) {
        StatusCode::BAD_REQUEST => StatusCode::UNPROCESSABLE_ENTITY,
        other => other,
    };
    let said: Html = if typed.summary(&review.fields).is_empty() {
        trouble::said(texts, fault)
    } else {
        html!("<p>{}</p>", texts.input_what)
    };
    connect_page::page(texts, session, wanted, &typed, Some(said)).answer_with_form(status)
}

/// The address of the review of one connector, with one way to log in or the first.
pub(super) fn review_address(session: &SessionId, connector: &str, auth: Option<&str>) -> String {
    address(session, "review", connector, auth)
}

/// The address of the form of one way to log in.
pub(super) fn connect_address(session: &SessionId, wanted: &Wanted) -> String {
    let review = &wanted.review;
    let window = if wanted.own_window { format!("&window={OWN_WINDOW}") } else { String::new() };
    format!("{}{window}", address(session, "connect", &review.connector, Some(&review.auth)))
}

fn address(session: &SessionId, page: &str, connector: &str, auth: Option<&str>) -> String {
    let auth = auth.map_or_else(String::new, |auth| format!("&auth={}", in_query(auth)));
    format!("{}/{page}?connector={}{auth}", journey_address(session), in_query(connector))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::{
        extract::Request,
        http::{HeaderMap, header},
    };

    use super::*;
    use crate::{body::bytes, routes::link::samples};

    async fn again(fault: Fault, typed: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        let (session, wanted) = (samples::session(), Wanted { review: samples::review(), own_window: false });
        let values: BTreeMap<_, _> = typed.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect();
        let typed = Typed::of(&wanted.review.fields, &values, &fault);
        let (parts, body) = refused(&session, &wanted, typed, &fault, &Visitor::of(&HeaderMap::new())).into_parts();
        let body = bytes(Request::new(body), &()).await.map_err(|problem| problem.0).expect("a body");
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn a_login_that_did_not_work_shows_its_page_again_without_the_secrets() {
        let canary = "canary-0123456789abcdef";
        let fault = Fault::new(Code::CredentialRefused).operator("401 from the provider");
        let (status, headers, page) = again(fault, &[("firm", "acme"), ("key", canary)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            headers[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .is_ok_and(|policy| policy.contains("frame-ancestors 'none'"))
        );
        assert!(
            page.contains("value=\"acme\"") && page.contains("role=\"alert\"") && page.contains("PB2002"),
            "{page}"
        );
        assert!(page.contains("Enter keys and passwords again"), "{page}");
        assert!(!page.contains(canary) && !page.contains("401 from"), "{page}");
    }

    #[tokio::test]
    async fn a_wrong_field_is_named_above_and_at_its_place() {
        let fault = Fault::new(Code::FieldInvalid).field("/fields/firm", "must be a word");
        let (_, _, page) = again(fault, &[("firm", "a b")]).await;
        assert!(page.contains("<a href=\"#field-firm\">") && page.contains("id=\"error-firm\""), "{page}");
        assert_eq!(page.matches("must be a word").count(), 2, "{page}");
    }

    #[test]
    fn an_address_of_a_review_holds_what_it_is_given_as_one_value() {
        let address = review_address(&samples::session(), "a&b", Some("//evil.example"));
        assert!(address.ends_with("/review?connector=a%26b&auth=%2F%2Fevil.example"), "{address}");
    }

    #[test]
    fn a_window_that_was_opened_for_the_provider_stays_one() {
        let wanted = |own_window| Wanted { review: samples::review(), own_window };
        assert!(connect_address(&samples::session(), &wanted(true)).ends_with("&auth=key&window=own"));
        assert!(connect_address(&samples::session(), &wanted(false)).ends_with("&auth=key"));
    }
}
