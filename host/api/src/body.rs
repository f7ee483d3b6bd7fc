//! Request bodies, queries and paths, read with a bound and refused with the place that is wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use patchbay_model::{Code, Fault};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body. Its type denies unknown fields, so that a typo is never silently ignored.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !json {
            return Err(Problem::of(Code::MediaType));
        }
        let bytes = bytes(request, state).await?;
        let mut from = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
            let pointer = pointer(error.path());
            let message = error.into_inner().to_string();
            Problem(Fault::new(Code::BodyInvalid).field(pointer, message))
        })?;
        from.end().map_err(|error| Problem(Fault::new(Code::BodyInvalid).field("", error.to_string())))?;
        Ok(Self(value))
    }
}

/// The raw body, within the limit of the route.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
        use axum::response::IntoResponse;
        let text = rejection.body_text();
        match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::of(Code::BodyTooLarge),
            _ => Problem(Fault::new(Code::BodyInvalid).operator(text)),
        }
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// Query parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem(Fault::because(Code::ParameterInvalid, rejection.body_text()))),
        }
    }
}

/// Path parameters. An id that cannot be one is answered like one that does not exist.
pub(crate) struct InPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::of(Code::NotFound)),
        }
    }
}
