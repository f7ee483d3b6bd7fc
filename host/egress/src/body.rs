//! A request's body as bytes, with the content type that says what it is.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::{Body, Part};

/// Bytes of the largest body: 50 MiB of attachment, in base64, and what stands around it.
const LARGEST: usize = 72 * 1024 * 1024;

/// Puts the body together; the text of a refusal is for the connector's author.
pub(crate) fn assemble(body: Body, headers: &mut Vec<(HeaderName, HeaderValue)>) -> Result<Bytes, String> {
    let typed = headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE);
    let bytes = match body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes,
        Body::Json(document) => {
            if !typed {
                headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
            }
            document
        }
        Body::Multipart(parts) => {
            if typed {
                return Err("the gate sets `content-type` of a multipart body, with its boundary".to_owned());
            }
            let boundary = boundary(&parts);
            let value = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
            headers.push((header::CONTENT_TYPE, value.map_err(|error| error.to_string())?));
            multipart(&parts, &boundary)?
        }
    };
    if bytes.len() > LARGEST {
        return Err(format!("a body may have {LARGEST} bytes, this one has {}", bytes.len()));
    }
    Ok(Bytes::from(bytes))
}

/// A hash of the parts: nobody can put it into them, and the same request is the same bytes again.
fn boundary(parts: &[Part]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        for field in [part.name.as_bytes(), part.filename.as_deref().unwrap_or_default().as_bytes(), &part.bytes] {
            hash.update(field.len().to_be_bytes());
            hash.update(field);
        }
    }
    hash.finalize().iter().take(16).fold(String::from("patchbay-"), |text, byte| format!("{text}{byte:02x}"))
}

fn multipart(parts: &[Part], boundary: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
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
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&part.bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// As browsers write names in a form (HTML, multipart/form-data encoding).
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_cannot_begin_another() {
        let part = Part {
            name: "a\"\r\nx: y".to_owned(),
            filename: Some("b\r\n.txt".to_owned()),
            content_type: Some("text/plain".to_owned()),
            bytes: b"--patchbay-\r\n".to_vec(),
        };
        let mut headers = Vec::new();
        let body = assemble(Body::Multipart(vec![part.clone()]), &mut headers).expect("a body");
        let text = String::from_utf8_lossy(&body).into_owned();
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
    fn json_is_called_json_unless_the_guest_says_otherwise() {
        let mut headers = Vec::new();
        assemble(Body::Json(b"{}".to_vec()), &mut headers).expect("a body");
        assert!(headers.iter().any(|(_, value)| value == "application/json"));
        let mut own = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.api+json"))];
        assemble(Body::Json(b"{}".to_vec()), &mut own).expect("a body");
        assert_eq!(own.len(), 1);
    }
}
