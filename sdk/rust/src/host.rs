//! The way to the host: on Wasm the contract's imports, elsewhere the test harness.

use crate::http::{HttpError, WireRequest, WireResponse};

#[cfg(not(target_family = "wasm"))]
use crate::testing::current as there;
#[cfg(target_family = "wasm")]
use wasm as there;

pub(crate) fn send(request: WireRequest) -> Result<WireResponse, HttpError> {
    there::send(request)
}

pub(crate) fn now_ms() -> u64 {
    there::now_ms()
}

pub(crate) fn random(len: u32) -> Vec<u8> {
    there::random(len)
}

pub(crate) fn remaining_ms() -> u64 {
    there::remaining_ms()
}

pub(crate) fn should_stop() -> bool {
    there::should_stop()
}

pub(crate) fn log(level: u8, message: &str, fields: &[(String, String)]) {
    there::log(level, message, fields);
}

pub(crate) fn progress(done: u64, total: Option<u64>) {
    there::progress(done, total);
}

pub(crate) fn step_key(step: &str) -> String {
    there::step_key(step)
}

pub(crate) fn step_refused(step: &str) {
    there::step_refused(step);
}

pub(crate) fn blob_size(blob: &str) -> Option<u64> {
    there::blob_size(blob)
}

pub(crate) fn blob_read(blob: &str, offset: u64, len: u32) -> Option<Vec<u8>> {
    there::blob_read(blob, offset, len)
}

pub(crate) fn blob_create(media_type: &str) -> String {
    there::blob_create(media_type)
}

pub(crate) fn blob_append(blob: &str, data: &[u8]) -> bool {
    there::blob_append(blob, data)
}

#[cfg(target_family = "wasm")]
mod wasm {
    use crate::bindings::host::patchbay::connector::{blob, http, run};
    use crate::http::{Body, Content, Credential, Effect, HttpError, Part, WireRequest, WireResponse};

    pub(super) use run::{now_ms, progress, random, remaining_ms, should_stop, step_key, step_refused};

    pub(super) use blob::{append as blob_append, create as blob_create, read as blob_read, size as blob_size};

    pub(super) fn log(level: u8, message: &str, fields: &[(String, String)]) {
        run::log(level, message, fields);
    }

    pub(super) fn send(request: WireRequest) -> Result<WireResponse, HttpError> {
        let request = http::Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: body(request.body),
            credential: match request.credential {
                Credential::Standard => http::Credential::Standard,
                Credential::Nothing => http::Credential::Nothing,
                Credential::Slot(slot) => http::Credential::Slot(slot),
            },
            effect: match request.effect {
                Effect::Read => http::Effect::Read,
                Effect::Repeatable => http::Effect::Repeatable,
                Effect::Write => http::Effect::Write,
            },
            step: request.step,
            timeout_ms: request.timeout_ms,
            into_blob: request.into_blob,
            ext: Vec::new(),
        };
        match http::send(&request) {
            Ok(answer) => Ok(WireResponse {
                status: answer.status,
                headers: answer.headers,
                body: match answer.body {
                    http::Content::Bytes(bytes) => Content::Bytes(bytes),
                    http::Content::Blob(blob) => Content::Blob(blob),
                },
                replayed: answer.replayed,
            }),
            Err(error) => Err(match error {
                http::HttpError::Denied(text) => HttpError::Denied(text),
                http::HttpError::NotSent(text) => HttpError::NotSent(text),
                http::HttpError::Unknown(text) => HttpError::Unknown(text),
                http::HttpError::TooLarge(size) => HttpError::TooLarge(size),
                http::HttpError::Stopped => HttpError::Stopped,
                http::HttpError::Other(text) => HttpError::Other(text),
            }),
        }
    }

    fn body(body: Body) -> http::Body {
        match body {
            Body::Empty => http::Body::Empty,
            Body::Bytes(bytes) => http::Body::Bytes(bytes),
            Body::Blob(blob) => http::Body::Blob(blob),
            Body::Json { document, blobs } => http::Body::Json(http::JsonBody {
                document,
                blobs: blobs.into_iter().map(|(pointer, blob)| http::JsonBlob { pointer, blob }).collect(),
            }),
            Body::Multipart(parts) => http::Body::Multipart(parts.into_iter().map(part).collect()),
        }
    }

    fn part(part: Part) -> http::Part {
        http::Part {
            name: part.name,
            filename: part.filename,
            content_type: part.content_type,
            content: match part.content {
                Content::Bytes(bytes) => http::Content::Bytes(bytes),
                Content::Blob(blob) => http::Content::Blob(blob),
            },
        }
    }
}
