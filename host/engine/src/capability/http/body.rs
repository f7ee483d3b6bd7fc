//! Bodies: blobs become bytes on the way out, and bytes a blob on the way in, all of them bounded.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use patchbay_egress::{Body, Part, Response};
use patchbay_model::contract::limits;
use serde_json::Value;

use super::http;
use crate::Blobs;

/// Bytes of all blobs of one request, and of one answer that becomes a blob.
const BLOB_BYTES: u64 = 50 * 1024 * 1024;
/// Bytes that are moved at a time.
const CHUNK: u32 = 256 * 1024;
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
        http::Body::Blob(id) => Ok(Body::Bytes(load(blobs, &id, &mut room).await?)),
        http::Body::Json(json) => Ok(Body::Json(document(blobs, json, &mut room).await?)),
        http::Body::Multipart(parts) => {
            if parts.len() > PARTS {
                return wrong(format!("{} parts, {PARTS} are allowed", parts.len()));
            }
            let mut loaded = Vec::with_capacity(parts.len());
            for part in parts {
                let bytes = match part.content {
                    http::Content::Bytes(bytes) => bytes,
                    http::Content::Blob(id) => load(blobs, &id, &mut room).await?,
                };
                loaded.push(Part { name: part.name, filename: part.filename, content_type: part.content_type, bytes });
            }
            Ok(Body::Multipart(loaded))
        }
    }
}

/// A blob's bytes, as long as `room` lasts.
async fn load(blobs: &dyn Blobs, id: &str, room: &mut u64) -> Result<Vec<u8>> {
    let Some(size) = blobs.size(id).await else {
        return wrong("the request names a blob that this run does not have");
    };
    let Some(rest) = room.checked_sub(size) else {
        return wrong(format!("the blobs of a request may have {BLOB_BYTES} bytes together"));
    };
    *room = rest;
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < size {
        let want = u32::try_from(size - at).unwrap_or(CHUNK).min(CHUNK);
        match blobs.read(id, at, want).await {
            Some(chunk) if !chunk.is_empty() && chunk.len() <= want as usize => {
                at += chunk.len() as u64;
                bytes.extend_from_slice(&chunk);
            }
            _ => return wrong("a blob of the request ended early"),
        }
    }
    Ok(bytes)
}

/// The document with its blobs in base64, each where the document holds null: what has another value there
/// was meant otherwise.
async fn document(blobs: &dyn Blobs, json: http::JsonBody, room: &mut u64) -> Result<Vec<u8>> {
    if json.document.len() > limits::DOCUMENT_BYTES {
        return wrong(format!("a document of {} bytes, {} are allowed", json.document.len(), limits::DOCUMENT_BYTES));
    }
    if json.blobs.is_empty() {
        return Ok(json.document);
    }
    if json.blobs.len() > PARTS {
        return wrong(format!("{} blobs in a document, {PARTS} are allowed", json.blobs.len()));
    }
    let Ok(mut document) = serde_json::from_slice::<Value>(&json.document) else {
        return wrong("the document with blobs is not JSON");
    };
    for blob in json.blobs {
        let bytes = load(blobs, &blob.blob, room).await?;
        match document.pointer_mut(&blob.pointer) {
            Some(place @ Value::Null) => *place = Value::String(BASE64_STANDARD.encode(bytes)),
            Some(_) => return wrong(format!("the document does not hold null at {:?}", blob.pointer)),
            None => return wrong(format!("the document has no {:?}", blob.pointer)),
        }
    }
    serde_json::to_vec(&document).or_else(|_| wrong("the document cannot be written"))
}

/// An answer's body as a blob.
pub(super) async fn keep(blobs: &dyn Blobs, response: &Response) -> Result<http::Content> {
    let size = response.body.len() as u64;
    if size > BLOB_BYTES {
        return Err(http::HttpError::TooLarge(size));
    }
    let media_type = response.headers.iter().find(|(name, _)| name == "content-type");
    let id = blobs.create(media_type.map_or("application/octet-stream", |(_, value)| value)).await;
    for chunk in response.body.chunks(CHUNK as usize) {
        if !blobs.append(&id, chunk.to_vec()).await {
            return Err(http::HttpError::TooLarge(size));
        }
    }
    Ok(http::Content::Blob(id))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// Blobs that are as they are told; the id of a fresh one is its media type.
    #[derive(Default)]
    struct Held(Mutex<Vec<(String, u64, Vec<u8>)>>);

    impl Held {
        /// A blob that claims `size` bytes and has these.
        fn with(id: &str, size: u64, bytes: &[u8]) -> Self {
            Self(Mutex::new(vec![(id.to_owned(), size, bytes.to_vec())]))
        }

        fn of<T>(&self, id: &str, then: impl FnOnce(&mut (String, u64, Vec<u8>)) -> T) -> Option<T> {
            self.0.lock().expect("a lock").iter_mut().find(|held| held.0 == id).map(then)
        }
    }

    #[async_trait]
    impl Blobs for Held {
        async fn size(&self, id: &str) -> Option<u64> {
            self.of(id, |held| held.1)
        }

        async fn read(&self, id: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
            let from = usize::try_from(offset).ok()?;
            self.of(id, |held| held.2.iter().skip(from).take(len as usize).copied().collect())
        }

        async fn create(&self, media_type: &str) -> String {
            self.0.lock().expect("a lock").push((media_type.to_owned(), 0, Vec::new()));
            media_type.to_owned()
        }

        async fn append(&self, id: &str, data: Vec<u8>) -> bool {
            self.of(id, |held| held.2.extend(data)).is_some()
        }
    }

    fn json(document: &str, pointer: &str) -> http::Body {
        let blobs = vec![http::JsonBlob { pointer: pointer.to_owned(), blob: "b".to_owned() }];
        http::Body::Json(http::JsonBody { document: document.as_bytes().to_vec(), blobs })
    }

    fn said(error: http::HttpError) -> String {
        let http::HttpError::Other(text) = error else { panic!("{error:?}") };
        text
    }

    #[tokio::test]
    async fn a_blob_stands_in_base64_where_the_document_held_null() {
        let blobs = Held::with("b", 3, b"\xff\x00a");
        let Ok(Body::Json(document)) = of(&blobs, json(r#"{"file":null}"#, "/file")).await else { panic!("no body") };
        assert_eq!(String::from_utf8_lossy(&document), r#"{"file":"/wBh"}"#);
        for (document, pointer) in [(r#"{"file":""}"#, "/file"), (r#"{"file":null}"#, "/other"), ("not JSON", "/file")]
        {
            assert!(of(&blobs, json(document, pointer)).await.is_err(), "{document} {pointer}");
        }
    }

    #[tokio::test]
    async fn a_blob_longer_than_one_read_is_put_together() {
        let bytes: Vec<u8> = (0..CHUNK * 2 + 7).map(|n| u8::try_from(n % 251).expect("small")).collect();
        let blobs = Held::with("b", bytes.len() as u64, &bytes);
        let body = of(&blobs, http::Body::Blob("b".to_owned())).await;
        assert!(matches!(body, Ok(Body::Bytes(sent)) if sent == bytes));
    }

    #[tokio::test]
    async fn a_blob_that_is_missing_short_or_too_large_is_no_body() {
        let wanted = || http::Body::Blob("b".to_owned());
        let missing = of(&Held::default(), wanted()).await.expect_err("an error");
        assert!(said(missing).contains("does not have"));
        let short = of(&Held::with("b", 10, b"four"), wanted()).await.expect_err("an error");
        assert!(said(short).contains("ended early"));
        let large = of(&Held::with("b", BLOB_BYTES + 1, b""), wanted()).await.expect_err("an error");
        assert!(said(large).contains("52428800"));
    }

    #[tokio::test]
    async fn an_answer_becomes_a_blob_of_its_media_type() {
        let blobs = Held::default();
        let response = Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/pdf".to_owned())],
            body: vec![7; CHUNK as usize + 1],
            replayed: false,
        };
        let Ok(http::Content::Blob(id)) = keep(&blobs, &response).await else { panic!("no blob") };
        assert_eq!(id, "application/pdf");
        assert_eq!(blobs.of(&id, |held| held.2.len()), Some(response.body.len()));
    }
}
