//! Bodies: a blob of a request goes to the gate by name, and is read while it leaves.

use patchbay_egress::{BlobBody, Body, Content, Part};
use patchbay_model::contract::limits;

use super::http;
use crate::Blobs;

/// Bytes of all blobs of one request.
const BLOB_BYTES: u64 = 50 * 1024 * 1024;
/// Parts of a multipart body; blobs of a JSON document.
const PARTS: usize = 100;

type Result<T> = std::result::Result<T, http::HttpError>;

fn wrong<T>(text: impl Into<String>) -> Result<T> {
    Err(http::HttpError::Other(text.into()))
}

/// A guest's body as the gate takes it.
pub(super) async fn of(blobs: &dyn Blobs, body: http::Body) -> Result<Body> {
    let mut room = BLOB_BYTES;
    match body {
        http::Body::Empty => Ok(Body::Empty),
        http::Body::Bytes(bytes) => Ok(Body::Bytes(bytes)),
        http::Body::Blob(id) => Ok(Body::Blob(named(blobs, &id, &mut room).await?)),
        http::Body::Json(json) => document(blobs, json, &mut room).await,
        http::Body::Multipart(parts) => {
            if parts.len() > PARTS {
                return wrong(format!("{} parts, {PARTS} are allowed", parts.len()));
            }
            let mut all = Vec::with_capacity(parts.len());
            for part in parts {
                let content = match part.content {
                    http::Content::Bytes(bytes) => Content::Bytes(bytes),
                    http::Content::Blob(id) => Content::Blob(named(blobs, &id, &mut room).await?),
                };
                let http::Part { name, filename, content_type, .. } = part;
                all.push(Part { name, filename, content_type, content });
            }
            Ok(Body::Multipart(all))
        }
    }
}

/// The blob, as long as `room` lasts. A blob that a request names twice is sent twice.
async fn named(blobs: &dyn Blobs, id: &str, room: &mut u64) -> Result<BlobBody> {
    let Some(blob) = blobs.body(id).await else {
        return wrong("the request names a blob that this run does not have");
    };
    let Some(rest) = room.checked_sub(blob.size) else {
        return wrong(format!("the blobs of a request may have {BLOB_BYTES} bytes together"));
    };
    *room = rest;
    Ok(blob)
}

/// The document and the blobs that stand in it; whether it has their places is for the gate to see, which
/// puts them in.
async fn document(blobs: &dyn Blobs, json: http::JsonBody, room: &mut u64) -> Result<Body> {
    if json.document.len() > limits::DOCUMENT_BYTES {
        return wrong(format!("a document of {} bytes, {} are allowed", json.document.len(), limits::DOCUMENT_BYTES));
    }
    if json.blobs.is_empty() {
        return Ok(Body::Json(json.document));
    }
    if json.blobs.len() > PARTS {
        return wrong(format!("{} blobs in a document, {PARTS} are allowed", json.blobs.len()));
    }
    let mut all = Vec::with_capacity(json.blobs.len());
    for blob in json.blobs {
        all.push((blob.pointer, named(blobs, &blob.blob, room).await?));
    }
    Ok(Body::JsonBlobs { document: json.document, blobs: all })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::http::tests::Held;

    fn json(document: &str, pointers: &[&str]) -> http::Body {
        let blob = |pointer: &&str| http::JsonBlob { pointer: (*pointer).to_owned(), blob: "b".to_owned() };
        let blobs = pointers.iter().map(blob).collect();
        http::Body::Json(http::JsonBody { document: document.as_bytes().to_vec(), blobs })
    }

    fn said(error: http::HttpError) -> String {
        let http::HttpError::Other(text) = error else { panic!("{error:?}") };
        text
    }

    #[tokio::test]
    async fn blobs_go_to_the_gate_by_name_and_not_as_bytes() {
        let blobs = Held::with("b", 3, b"\xff\x00a");
        let Ok(Body::JsonBlobs { document, blobs: named }) = of(&blobs, json(r#"{"file":null}"#, &["/file"])).await
        else {
            panic!("no body")
        };
        assert_eq!(document, br#"{"file":null}"#);
        assert!(matches!(named.as_slice(), [(pointer, blob)] if pointer == "/file" && blob.size == 3));
        assert!(matches!(of(&blobs, json("{}", &[])).await, Ok(Body::Json(document)) if document == b"{}"));
        let part = |content| http::Part { name: "p".to_owned(), filename: None, content_type: None, content };
        let parts = vec![part(http::Content::Blob("b".to_owned())), part(http::Content::Bytes(b"x".to_vec()))];
        let Ok(Body::Multipart(parts)) = of(&blobs, http::Body::Multipart(parts)).await else { panic!("no body") };
        assert!(matches!(&parts[0].content, Content::Blob(blob) if blob.size == 3));
        assert!(matches!(&parts[1].content, Content::Bytes(bytes) if bytes == b"x"));
        assert_eq!(blobs.read_so_far(), 0, "the gate reads, nobody else");
    }

    #[tokio::test]
    async fn a_blob_that_is_missing_or_too_large_is_no_body() {
        let wanted = || http::Body::Blob("b".to_owned());
        let missing = of(&Held::default(), wanted()).await.expect_err("an error");
        assert!(said(missing).contains("does not have"));
        let large = of(&Held::with("b", BLOB_BYTES + 1, b""), wanted()).await.expect_err("an error");
        assert!(said(large).contains("52428800"));
        let half = Held::with("b", BLOB_BYTES / 2 + 1, b"");
        assert!(of(&half, json("[null]", &["/0"])).await.is_ok());
        let twice = of(&half, json("[null,null]", &["/0", "/1"])).await.expect_err("an error");
        assert!(said(twice).contains("together"));
    }
}
