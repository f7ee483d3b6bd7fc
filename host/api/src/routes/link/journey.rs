//! `GET /link/session/{ses}`: the page of the step that the session is at.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use patchbay_app::{Journey, Stage};
use patchbay_model::{Fault, SessionId};

use super::{
    before::before_address,
    choose, confirm,
    input::{self, Queried},
    see_other, session_of, trouble,
    visitor::Visitor,
};
use crate::Api;

/// `GET /link/session/{session}`
pub(super) async fn show(
    State(api): State<Api>,
    Path(asked): Path<String>,
    query: Queried,
    visitor: Visitor,
) -> Response {
    let found = async {
        let session = session_of(&asked)?;
        let searched = input::query(query, &["q"])?.remove("q").unwrap_or_default();
        let journey = api.app.journey(&session, &visitor.browser).await?;
        Ok::<_, Fault>((session, searched, journey))
    };
    match found.await {
        Err(fault) => trouble::at(&api, &visitor, &fault, session_of(&asked).ok().as_ref()).await,
        Ok((session, searched, journey)) => answer(&session, &searched, &journey, &visitor),
    }
}

fn answer(session: &SessionId, searched: &str, journey: &Journey, visitor: &Visitor) -> Response {
    let texts = visitor.texts(journey.sender.language);
    match &journey.stage {
        // Nothing to choose, and nothing to say about an attempt before: on to what is needed.
        Stage::Choose(choices) => match (choices.as_slice(), journey.trouble) {
            ([one], None) => see_other(&before_address(session, &one.connector)),
            _ => choose::page(texts, session, searched, journey, choices).answer_with_form(StatusCode::OK),
        },
        Stage::Confirm(confirm) => confirm::waiting(texts, session, journey, confirm).answer_with_form(StatusCode::OK),
        Stage::Done(confirm) => confirm::done(texts, session, journey, confirm).answer_with_form(StatusCode::OK),
    }
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
        let to = format!("/link/session/{session}/before?connector=acme.books0");
        assert_eq!(answered.headers()[header::LOCATION], to.as_str());
        // What went wrong before has to be seen first.
        journey.trouble = Some(Code::ConsentRefused);
        assert_eq!(answer(&session, "", &journey, &visitor).status(), StatusCode::OK);
    }
}
