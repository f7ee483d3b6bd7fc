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
