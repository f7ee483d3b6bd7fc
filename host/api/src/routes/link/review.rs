//! `/link/session/{ses}/review`: what will be shared, and the login that follows.
//!
//! The address says what is reviewed, the form holds the fields of the login and nothing else. A login that
//! did not work shows the page again: errors at their fields, what was typed in its place, secrets empty.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::{Authorise, Authorising, Review};
use patchbay_model::{Code, Fault, SessionId};

use super::{
    form::{self, Typed},
    html::{Html, html},
    input::{self, Queried, Sent},
    journey_address, review_page, see_other, session_of, trouble,
    visitor::Visitor,
};
use crate::Api;

/// `GET /link/session/{session}/review`
pub(super) async fn show(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    match reviewed(&api, &session, query, &visitor).await {
        Err((fault, session)) => trouble::page(visitor.texts(None), &fault, session.as_ref()),
        Ok((session, None)) => see_other(&journey_address(&session)),
        Ok((session, Some(review))) => {
            let texts = visitor.texts(review.language);
            review_page::page(texts, &session, &review, &Typed::default(), None).answer_with_form(StatusCode::OK)
        }
    }
}

/// `POST /link/session/{session}/review`
pub(super) async fn authorise(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
    sent: Sent,
) -> Response {
    let (session, review) = match reviewed(&api, &session, query, &visitor).await {
        Err((fault, session)) => return trouble::page(visitor.texts(None), &fault, session.as_ref()),
        Ok((session, None)) => return see_other(&journey_address(&session)),
        Ok((session, Some(review))) => (session, review),
    };
    let fields = input::sent(sent).and_then(|pairs| {
        input::only(pairs, |name| review.fields.iter().any(|field| field.id == name), Code::BodyInvalid)
    });
    let mut fields = match fields {
        Ok(fields) => fields,
        Err(fault) => return trouble::page(visitor.texts(review.language), &fault, Some(&session)),
    };
    // An empty control and one that was not sent are the same.
    fields.retain(|_, value| !value.is_empty());
    // What may be shown again; the secrets are given away and not kept here.
    let shown = form::without_secrets(&review.fields, &fields);
    let request = Authorise { connector: review.connector.clone(), auth: review.auth.clone(), fields };
    match api.app.authorise(session.clone(), visitor.cookie.clone(), request).await {
        // To the provider's page of consent, which the release names and nobody else.
        Ok(Authorising::Provider(address)) => see_other(address.as_str()),
        Ok(Authorising::Here) => see_other(&journey_address(&session)),
        Err(fault) => refused(&session, &review, Typed::of(&review.fields, &shown, &fault), &fault, &visitor),
    }
}

/// The review that an address asks for; none where it names no connector.
async fn reviewed(
    api: &Api,
    session: &str,
    query: Queried,
    visitor: &Visitor,
) -> Result<(SessionId, Option<Review>), (Fault, Option<SessionId>)> {
    let session = session_of(session).map_err(|fault| (fault, None))?;
    let mut asked = input::query(query, &["connector", "auth"]).map_err(|fault| (fault, Some(session.clone())))?;
    let Some(connector) = asked.remove("connector") else { return Ok((session, None)) };
    let auth = asked.remove("auth");
    let review = api.app.review(&session, visitor.cookie.as_ref(), &connector, auth.as_deref()).await;
    match review {
        Ok(review) => Ok((session, Some(review))),
        // A session that cannot be used here has no journey to go back to.
        Err(fault) if fault.code == Code::SessionUnusable => Err((fault, None)),
        Err(fault) => Err((fault, Some(session))),
    }
}

/// The page again after a login that did not work.
fn refused(session: &SessionId, review: &Review, typed: Typed, fault: &Fault, visitor: &Visitor) -> Response {
    let texts = visitor.texts(review.language);
    if fault.code == Code::SessionUnusable {
        return trouble::page(texts, fault, None);
    }
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
    review_page::page(texts, session, review, &typed, Some(said)).answer_with_form(status)
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
        let (session, review) = (samples::session(), samples::review());
        let values: BTreeMap<_, _> = typed.iter().map(|(id, value)| ((*id).to_owned(), (*value).to_owned())).collect();
        let typed = Typed::of(&review.fields, &values, &fault);
        let (parts, body) = refused(&session, &review, typed, &fault, &Visitor::of(&HeaderMap::new())).into_parts();
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

    #[tokio::test]
    async fn a_session_that_ended_meanwhile_leads_nowhere() {
        let (status, _, page) = again(Fault::new(Code::SessionUnusable), &[]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(!page.contains("<form") && !page.contains("<a "), "{page}");
    }
}
