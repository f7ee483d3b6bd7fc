//! Request bodies, queries and paths, read with a bound and refused with the place that is wrong.

use std::time::{Duration, Instant};

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use patchbay_model::{Code, Fault};
use serde::de::DeserializeOwned;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::{Api, problem::Problem, until_over::AskedBy};

/// A body that took longer than this is answered only to who may still ask.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A JSON body. Its type denies unknown fields, so that a typo is never silently ignored.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        in_its_time(api, request, |request| json(request, api)).await.map(Self)
    }
}

/// Reads a body. Who asks was proved by its head; a body may trickle in for as long as its sender likes, and a key that is revoked
/// meanwhile, or a session that ends, does nothing any more.
async fn in_its_time<T, F>(api: &Api, request: Request, read: impl FnOnce(Request) -> F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, Problem>>,
{
    let (asked, begun) = (request.extensions().get::<AskedBy>().cloned(), Instant::now());
    let read = read(request).await?;
    if begun.elapsed() > AT_ONCE
        && let Some(caller) = asked.as_ref().and_then(AskedBy::caller)
        && !api.app.still_counts(caller).await?
    {
        return Err(Problem::of(Code::Unauthenticated));
    }
    Ok(read)
}

/// A JSON body, whoever asks.
pub(crate) async fn json<T: DeserializeOwned, S: Send + Sync>(request: Request, state: &S) -> Result<T, Problem> {
    of_type(request.headers(), "application/json")?;
    let bytes = bytes(request, state).await?;
    let mut from = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let pointer = pointer(error.path());
        let message = error.into_inner().to_string();
        Problem(Fault::new(Code::BodyInvalid).field(pointer, message))
    })?;
    from.end().map_err(|error| Problem(Fault::new(Code::BodyInvalid).field("", error.to_string())))?;
    Ok(value)
}

/// Refuses a body that does not say that it is of this media type.
pub(crate) fn of_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    if given.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Problem(Fault::because(Code::MediaType, format!("This address takes {wanted}."))))
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

/// A packaged component as the body of a request.
pub(crate) struct Component(pub(crate) Bytes);

impl FromRequest<Api> for Component {
    type Rejection = Problem;

    async fn from_request(mut request: Request, api: &Api) -> Result<Self, Problem> {
        of_type(request.headers(), "application/wasm")?;
        // Larger than any JSON, and only operators get as far as here.
        DefaultBodyLimit::max(api.limits.component_bytes).apply(&mut request);
        let read = in_its_time(api, request, |request| bytes(request, api)).await;
        let component = read.map_err(|problem| match problem.0.code {
            Code::BodyTooLarge => Problem::of(Code::ComponentTooLarge),
            _ => problem,
        })?;
        Ok(Self(component))
    }
}

impl ToSchema for Component {}

impl PartialSchema for Component {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(binary))
            .description(Some("A packaged component."))
            .into()
    }
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

/// How many items a page is to have: `standard` when nobody says, `most` at most.
pub(crate) fn limit(given: Option<u32>, standard: u32, most: u32) -> Result<u32, Problem> {
    match given {
        None => Ok(standard),
        Some(given) if (1..=most).contains(&given) => Ok(given),
        Some(_) => Err(Problem(Fault::because(Code::ParameterInvalid, format!("limit must be from 1 to {most}.")))),
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

#[cfg(test)]
mod tests {
    use axum::body::Body as Bytes;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        count: u32,
    }

    async fn read(kind: &str, body: &str) -> Result<Wanted, Fault> {
        let request = Request::builder().header(header::CONTENT_TYPE, kind).body(Bytes::from(body.to_owned()));
        json(request.expect("a request"), &()).await.map_err(|problem| problem.0)
    }

    async fn pointer_of(body: &str) -> String {
        let fault = read("application/json", body).await.expect_err(body);
        assert_eq!(fault.code, Code::BodyInvalid, "{body}");
        fault.fields[0].pointer.clone()
    }

    #[tokio::test]
    async fn a_wrong_body_is_refused_with_the_place_that_is_wrong() {
        assert_eq!(pointer_of(r#"{"name":"x","inner":[{"count":1},{"count":"2"}]}"#).await, "/inner/1/count");
        assert_eq!(pointer_of(r#"{"name":"x","nam/e":1}"#).await, "/nam~1e");
        assert_eq!(pointer_of(r#"{"name":"x","inner":[{"count":1,"more":1}]}"#).await, "/inner/0/more");
        assert_eq!(pointer_of(r#"{"name":"x"} true"#).await, "");
        assert_eq!(pointer_of(r#"{"inner":[]}"#).await, "");
    }

    #[tokio::test]
    async fn a_body_of_another_media_type_is_not_read() {
        let read_well = read("application/json; charset=utf-8", r#"{"name":"x","inner":[{"count":2}]}"#).await;
        assert_eq!(read_well.ok(), Some(Wanted { name: "x".to_owned(), inner: vec![Inner { count: 2 }] }));
        for kind in ["text/plain", "application/jsonp", ""] {
            assert_eq!(read(kind, r#"{"name":"x"}"#).await.expect_err(kind).code, Code::MediaType, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_too_large() {
        let mut request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from("[".repeat(65)))
            .expect("a request");
        DefaultBodyLimit::max(64).apply(&mut request);
        let fault = json::<Wanted, _>(request, &()).await.expect_err("a refusal").0;
        assert_eq!(fault.code, Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn an_unknown_parameter_is_refused() {
        let (mut parts, ()) = Request::builder().uri("/?name=x&size=3").body(()).expect("a request").into_parts();
        let fault = Params::<Wanted>::from_request_parts(&mut parts, &()).await.err().expect("a refusal").0;
        assert_eq!(fault.code, Code::ParameterInvalid);
        assert!(fault.person.contains("size"), "{}", fault.person);
    }

    #[test]
    fn a_page_is_bounded() {
        assert_eq!(limit(None, 50, 200).ok(), Some(50));
        assert_eq!(limit(Some(200), 50, 200).ok(), Some(200));
        assert!(limit(Some(0), 50, 200).is_err() && limit(Some(201), 50, 200).is_err());
    }
}
