//! `GET /link/session/{ses}`: the page of the step that the session is at.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::{Journey, Stage};
use patchbay_model::{Fault, SessionId};

use super::{
    choose, confirm,
    html::in_query,
    input::{self, Queried},
    journey_address, see_other, session_of, trouble,
    visitor::Visitor,
};
use crate::Api;

/// `GET /link/session/{session}`
pub(super) async fn show(
    State(api): State<Api>,
    Path(session): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    let found = async {
        let session = session_of(&session)?;
        let searched = input::query(query, &["q"])?.remove("q").unwrap_or_default();
        let journey = api.app.journey(&session, visitor.cookie.as_ref()).await?;
        Ok::<_, Fault>((session, searched, journey))
    };
    match found.await {
        Err(fault) => trouble::page(visitor.texts(None), &fault, None),
        Ok((session, searched, journey)) => answer(&session, &searched, &journey, &visitor),
    }
}

fn answer(session: &SessionId, searched: &str, journey: &Journey, visitor: &Visitor) -> Response {
    let texts = visitor.texts(journey.language);
    match &journey.stage {
        // Nothing to choose, and nothing to say about an attempt before: on to what will be shared.
        Stage::Choose(choices) => match (choices.as_slice(), journey.trouble) {
            ([one], None) => see_other(&review_address(session, &one.connector, None)),
            _ => choose::page(texts, session, searched, journey, choices).answer_with_form(StatusCode::OK),
        },
        Stage::Confirm(confirm) => confirm::waiting(texts, session, journey, confirm).answer_with_form(StatusCode::OK),
        Stage::Done(confirm) => confirm::done(texts, session, journey, confirm).answer_with_form(StatusCode::OK),
    }
}

/// The address of the review of one connector, with one way to log in or the first.
pub(super) fn review_address(session: &SessionId, connector: &str, auth: Option<&str>) -> String {
    let auth = auth.map_or_else(String::new, |auth| format!("&auth={}", in_query(auth)));
    format!("{}/review?connector={}{auth}", journey_address(session), in_query(connector))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};
    use patchbay_model::Code;

    use super::*;
    use crate::routes::link::samples;

    #[test]
    fn with_one_choice_there_is_nothing_to_choose() {
        let (session, visitor) = (samples::session(), Visitor::of(&HeaderMap::new()));
        let mut journey = samples::journey(Stage::Choose(samples::choices(1)));
        let answered = answer(&session, "", &journey, &visitor);
        assert_eq!(answered.status(), StatusCode::SEE_OTHER);
        let to = format!("/link/session/{session}/review?connector=acme.books0");
        assert_eq!(answered.headers()[header::LOCATION], to.as_str());
        // What went wrong before has to be seen first.
        journey.trouble = Some(Code::ConsentRefused);
        assert_eq!(answer(&session, "", &journey, &visitor).status(), StatusCode::OK);
    }

    #[test]
    fn an_address_of_a_review_holds_what_it_is_given_as_one_value() {
        let address = review_address(&samples::session(), "a&b", Some("//evil.example"));
        assert!(address.ends_with("/review?connector=a%26b&auth=%2F%2Fevil.example"), "{address}");
    }
}
