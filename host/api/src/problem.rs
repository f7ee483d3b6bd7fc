//! Every failure leaves as `application/problem+json` (RFC 9457) with the code of its page.
//!
//! `detail` is for whoever made the request. What only operators may read goes to the log, and into the
//! answer only when an operator's key asked.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use patchbay_app::Caller;
use patchbay_model::{Code, Fault, Kind, contract::FieldError};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response as DocumentedResponse, ResponseBuilder},
};

/// Media type of a problem (RFC 9457).
const PROBLEM: &str = "application/problem+json";

/// A failure on its way out of a handler.
pub(crate) struct Problem(pub(crate) Fault);

/// A failure as clients read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// Address of the page about this code, relative to the host.
    #[schema(example = "/errors/PB5005")]
    r#type: String,
    /// The code's title: the same for every problem of this code.
    #[schema(example = "There is no such thing")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// The code: stable, for programs to branch on.
    #[schema(example = "PB5005")]
    code: String,
    /// What happened here.
    detail: String,
    /// Why; only an operator's key sees it.
    operator: Option<String>,
    /// The fields that are wrong, by JSON pointer (RFC 6901) into the request body.
    errors: Vec<FieldProblem>,
    /// When it makes sense to try again, seconds.
    retry_after: Option<u64>,
}

/// One field that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Where.
    #[schema(example = "/payload/title")]
    pointer: String,
    /// What is wrong with it.
    detail: String,
}

impl From<FieldError> for FieldProblem {
    fn from(field: FieldError) -> Self {
        Self { pointer: field.pointer, detail: field.message }
    }
}

/// What every operation may answer instead, for the document.
pub(crate) struct Refusal;

impl IntoResponses for Refusal {
    fn responses() -> BTreeMap<String, RefOr<DocumentedResponse>> {
        let answer = |description: &str| {
            let content = Content::new(Some(Ref::from_schema_name("ProblemBody")));
            ResponseBuilder::new().description(description).content(PROBLEM, content).build().into()
        };
        BTreeMap::from([
            ("4XX".to_owned(), answer("The request cannot be done as it is; `code` and `errors` say why")),
            ("5XX".to_owned(), answer("The host or the provider has trouble; `code` says which")),
        ])
    }
}

impl Problem {
    /// A failure that its code's title says all about.
    pub(crate) fn of(code: Code) -> Self {
        Self(Fault::new(code))
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

/// The one place that knows HTTP statuses.
fn status(code: Code) -> StatusCode {
    // A push waits for these; to whoever wants it sent at once, it does not fit the present state.
    if matches!(code, Code::NoConnection | Code::TargetMissing | Code::SwitchedOff) {
        return StatusCode::CONFLICT;
    }
    match code.kind() {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::Upstream | Kind::Failed => StatusCode::BAD_GATEWAY,
        Kind::Unavailable | Kind::Pause => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = render(&self.0, false);
        if self.0.operator.is_some() {
            log(&self.0);
            response.extensions_mut().insert(Told(Arc::new(self.0)));
        }
        response
    }
}

/// Tells the log what is for operators.
fn log(fault: &Fault) {
    let (code, Some(operator)) = (fault.code, &fault.operator) else { return };
    if status(code).is_server_error() {
        tracing::error!(code = code.id(), "{}: {operator}", code.title());
    } else {
        tracing::info!(code = code.id(), "{}: {operator}", code.title());
    }
}

/// A failure that has more to say to an operator; rides with the answer as far as [`for_operators`].
#[derive(Clone)]
struct Told(Arc<Fault>);

/// Set by the extractors once a key has proved that an operator asks.
#[derive(Clone, Default)]
pub(crate) struct AskedByOperator(Arc<AtomicBool>);

impl AskedByOperator {
    /// The key was an operator's.
    pub(crate) fn proved(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Says to operators why, where the person is only told what.
pub(crate) async fn for_operators(mut request: Request, next: Next) -> Response {
    let asked = AskedByOperator::default();
    request.extensions_mut().insert(asked.clone());
    let response = next.run(request).await;
    match response.extensions().get::<Told>() {
        Some(Told(fault)) if asked.0.load(Ordering::Relaxed) => render(fault, true),
        _ => response,
    }
}

impl ProblemBody {
    /// The problem of one of several things that were asked for at once: the answer as a whole is none.
    pub(crate) fn of_one(fault: &Fault, caller: &Caller) -> Self {
        log(fault);
        Self::of(fault, caller.is_operator())
    }

    fn of(fault: &Fault, for_operator: bool) -> Self {
        Self {
            r#type: format!("/errors/{}", fault.code.id()),
            title: fault.code.title().to_owned(),
            status: status(fault.code).as_u16(),
            code: fault.code.id().to_owned(),
            detail: fault.person.clone(),
            operator: fault.operator.clone().filter(|_| for_operator),
            errors: fault.fields.iter().cloned().map(Into::into).collect(),
            retry_after: fault.retry_after.map(|after| after.as_secs()),
        }
    }
}

fn render(fault: &Fault, for_operator: bool) -> Response {
    let status = status(fault.code);
    let mut response = (status, Json(ProblemBody::of(fault, for_operator))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(after) = fault.retry_after {
        headers.insert(header::RETRY_AFTER, after.as_secs().into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_that_cannot_go_yet_is_in_conflict_with_the_present_state_and_not_a_failure_of_the_host() {
        for code in [Code::NoConnection, Code::TargetMissing, Code::SwitchedOff, Code::PushBusy, Code::KeyReused] {
            assert_eq!(Problem::of(code).into_response().status(), StatusCode::CONFLICT, "{}", code.id());
        }
        assert_eq!(Problem::of(Code::ShuttingDown).into_response().status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn a_connect_that_fails_says_whether_to_correct_to_choose_or_to_wait() {
        for (code, expected) in [
            (Code::AccountMismatch, 409),
            (Code::EndUserMismatch, 409),
            (Code::CompletionRefused, 422),
            (Code::ReturnAddressRefused, 422),
            (Code::RefreshExhausted, 422),
            (Code::OriginRefused, 422),
            (Code::VerificationNeeded, 422),
            (Code::RegionUnknown, 502),
        ] {
            let answer = Problem::of(code).into_response();
            assert_eq!(answer.status().as_u16(), expected, "{}", code.id());
            assert_eq!(answer.headers()[header::CONTENT_TYPE], PROBLEM);
        }
    }
}
