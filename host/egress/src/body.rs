//! What a guest sends, put together, with the content type that says what it is.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::{
    Body, Content, Part,
    payload::{Payload, Piece},
};

/// Bytes of the largest body: 50 MiB of attachment, in base64, and what stands around it.
const LARGEST: u64 = 72 * 1024 * 1024;

/// Puts the body together; the text of a refusal is for the connector's author.
pub(crate) fn assemble(body: Body, headers: &mut Vec<(HeaderName, HeaderValue)>) -> Result<Payload, String> {
    let typed = headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE);
    if matches!(body, Body::Json(_) | Body::JsonBlobs { .. }) && !typed {
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    }
    let payload = match body {
        Body::Empty => Payload::default(),
        Body::Bytes(bytes) | Body::Json(bytes) => Payload::Bytes(bytes.into()),
        Body::JsonBlobs { document, blobs } if blobs.is_empty() => Payload::Bytes(document.into()),
        Body::JsonBlobs { document, blobs } => Payload::Document(document.into(), blobs.into()),
        Body::Blob(file) => Payload::Pieces(Arc::from([Piece::File(file)])),
        Body::Multipart(parts) => {
            if typed {
                return Err("the gate sets `content-type` of a multipart body, with its boundary".to_owned());
            }
            let boundary = boundary(&parts);
            let value = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
            headers.push((header::CONTENT_TYPE, value.map_err(|error| error.to_string())?));
            multipart(parts, &boundary)?
        }
    };
    let len = payload.len()?;
    if len > LARGEST {
        return Err(format!("a body may have {LARGEST} bytes, this one has {len}"));
    }
    Ok(payload)
}

/// A hash of the parts: nobody can put it into them, and the same request is the same bytes again. Of
/// what a part holds the hash suffices, so a file is not read for it.
fn boundary(parts: &[Part]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let texts = [Some(&part.name), part.filename.as_ref(), part.content_type.as_ref()];
        for text in texts.map(|text| text.map(String::as_str).unwrap_or_default()) {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        match &part.content {
            Content::Bytes(bytes) => hash.update(Sha256::digest(bytes)),
            Content::Blob(file) => hash.update(file.sha256),
        }
    }
    hash.finalize().iter().take(16).fold(String::from("patchbay-"), |text, byte| format!("{text}{byte:02x}"))
}

fn multipart(parts: Vec<Part>, boundary: &str) -> Result<Payload, String> {
    let mut pieces = Vec::new();
    let mut text = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(&part.name));
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(media_type) = &part.content_type {
            if HeaderValue::from_str(media_type).is_err() {
                return Err(format!("the content type of the part `{}` is no header value", quoted(&part.name)));
            }
            head.push_str("\r\ncontent-type: ");
            head.push_str(media_type);
        }
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(b"\r\n\r\n");
        match part.content {
            Content::Bytes(bytes) => text.extend_from_slice(&bytes),
            Content::Blob(file) => {
                pieces.push(Piece::Bytes(std::mem::take(&mut text).into()));
                pieces.push(Piece::File(file));
            }
        }
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let text = Bytes::from(text);
    if pieces.is_empty() {
        return Ok(Payload::Bytes(text));
    }
    pieces.push(Piece::Bytes(text));
    Ok(Payload::Pieces(pieces.into()))
}

/// As browsers write names in a form (HTML, multipart/form-data encoding).
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outflow::tests::file;

    fn part(name: &str, content: Content) -> Part {
        Part { name: name.to_owned(), filename: None, content_type: None, content }
    }

    fn text(payload: &Payload) -> String {
        payload.written().into_iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn a_part_cannot_begin_another() {
        let part = Part {
            name: "a\"\r\nx: y".to_owned(),
            filename: Some("b\r\n.txt".to_owned()),
            content_type: Some("text/plain".to_owned()),
            content: Content::Bytes(b"--patchbay-\r\n".to_vec()),
        };
        let mut headers = Vec::new();
        let body = assemble(Body::Multipart(vec![part.clone()]), &mut headers).expect("a body");
        let text = text(&body);
        assert!(text.contains(
            "name=\"a%22%0D%0Ax: y\"; filename=\"b%0D%0A.txt\"\r\ncontent-type: text/plain\r\n\r\n--patchbay-\r\n"
        ));
        assert_eq!(text.matches(&boundary(std::slice::from_ref(&part))).count(), 2);
        assert!(
            headers
                .iter()
                .any(|(_, value)| value.as_bytes().ends_with(boundary(std::slice::from_ref(&part)).as_bytes()))
        );
        let smuggled = Part { content_type: Some("a\r\nb".to_owned()), ..part };
        assert!(assemble(Body::Multipart(vec![smuggled]), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_boundary_depends_on_all_that_the_parts_hold_and_not_on_where_it_is_held() {
        let bytes = |text: &[u8]| part("a", Content::Bytes(text.to_vec()));
        let blob = |text: &[u8]| part("a", Content::Blob(file(text)));
        assert_eq!(boundary(&[bytes(b"x")]), boundary(&[blob(b"x")]));
        // Whoever writes a boundary into a part or beside it gets another one.
        let first = boundary(&[blob(b"x")]);
        let all = [
            first.clone(),
            boundary(&[blob(first.as_bytes())]),
            boundary(&[bytes(first.as_bytes()), blob(b"x")]),
            boundary(&[part(&first, Content::Blob(file(b"x")))]),
            boundary(&[Part { filename: Some(first.clone()), ..blob(b"x") }]),
            boundary(&[Part { content_type: Some(first), ..blob(b"x") }]),
        ];
        assert_eq!(std::collections::BTreeSet::from_iter(&all).len(), all.len());
    }

    #[test]
    fn parts_with_files_are_the_same_body_as_parts_with_their_bytes() {
        let parts = |content: fn(&[u8]) -> Content| vec![part("a", content(b"1")), part("b", content(b"two"))];
        let bytes = assemble(Body::Multipart(parts(|text| Content::Bytes(text.to_vec()))), &mut Vec::new());
        let files = assemble(Body::Multipart(parts(|text| Content::Blob(file(text)))), &mut Vec::new());
        let (bytes, files) = (bytes.expect("a body"), files.expect("a body"));
        assert_eq!(bytes.len(), files.len());
        assert_eq!(files.files().len(), 2);
        assert_eq!(text(&bytes).replace("\r\n1\r\n", "\r\n\r\n").replace("two", ""), text(&files));
    }

    #[test]
    fn a_body_that_is_too_large_is_refused_before_anything_is_read() {
        let huge = |size| Body::Blob(crate::BlobBody { size, ..file(b"") });
        assert!(assemble(huge(LARGEST), &mut Vec::new()).is_ok());
        assert!(assemble(huge(LARGEST + 1), &mut Vec::new()).is_err_and(|text| text.contains("75497472")));
        assert!(assemble(huge(u64::MAX), &mut Vec::new()).is_err());
        let coded = Body::JsonBlobs {
            document: b"[null]".to_vec(),
            blobs: vec![("/0".to_owned(), crate::BlobBody { size: u64::MAX, ..file(b"") })],
        };
        assert!(assemble(coded, &mut Vec::new()).is_err());
    }

    #[test]
    fn json_is_called_json_unless_the_guest_says_otherwise() {
        let mut headers = Vec::new();
        assemble(Body::Json(b"{}".to_vec()), &mut headers).expect("a body");
        assert!(headers.iter().any(|(_, value)| value == "application/json"));
        let mut own = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.api+json"))];
        assemble(Body::Json(b"{}".to_vec()), &mut own).expect("a body");
        assert_eq!(own.len(), 1);
    }
}
