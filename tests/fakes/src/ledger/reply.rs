//! An answer as it leaves: its head, its body, and in which manner the bytes go.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::odd::Odd;

const JSON: &str = "application/json; charset=utf-8";
const MIB: usize = 1024 * 1024;

/// How the bytes of a reply leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// All at once; the connection stays.
    Whole,
    /// So many bytes of the body, then the connection is closed in order.
    Close(usize),
    /// So many bytes of the body, then it is reset.
    Reset(usize),
    /// So many bytes of the body, then nothing until the caller goes.
    Stall(usize),
    /// So many bytes of the body one by one after a pause each, then the rest.
    Trickle(usize, Duration),
    /// The body as a chunk again and again.
    Chunks,
    /// The body after the head again and again, which never comes to its end.
    Headers,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) head: Vec<u8>,
    pub(super) body: Bytes,
    pub(super) manner: Manner,
}

impl Reply {
    /// With these headers, and the length.
    pub(super) fn of(status: u16, headers: &[(String, String)], body: Bytes) -> Self {
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // An interim answer has no body; nor have these two.
        let bodiless = status < 200 || status == 204 || status == 304;
        if !bodiless {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let body = if bodiless { Bytes::new() } else { body };
        Self { head: head.into_bytes(), body, manner: Manner::Whole }
    }

    pub(super) fn data(status: u16, body: Bytes) -> Self {
        Self::of(status, &[kind(JSON)], body)
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::data(status, Bytes::from(body.to_string()))
    }

    /// Nothing but a reset.
    pub(super) fn reset() -> Self {
        Self { head: Vec::new(), body: Bytes::new(), manner: Manner::Reset(0) }
    }

    fn manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }
}

/// An honest body as the oddity lets it leave.
pub(super) fn twisted(body: Bytes, odd: &Odd) -> Reply {
    let honest = |body| Reply::data(200, body);
    match odd {
        Odd::ResetInHead { bytes } => begun(honest(body), *bytes).manner(Manner::Reset(0)),
        Odd::StallInHead { bytes } => begun(honest(body), *bytes).manner(Manner::Stall(0)),
        Odd::ResetAfterHeaders => honest(body).manner(Manner::Reset(0)),
        Odd::ResetInBody { bytes } => honest(body).manner(Manner::Reset(*bytes)),
        Odd::CloseInBody { bytes } => honest(body).manner(Manner::Close(*bytes)),
        Odd::Stall { bytes } => honest(body).manner(Manner::Stall(*bytes)),
        Odd::Trickle { bytes, ms } => honest(body).manner(Manner::Trickle(*bytes, Duration::from_millis(*ms))),
        Odd::Endless => {
            bare(&[kind(JSON), ("transfer-encoding".to_owned(), "chunked".to_owned())], chunk(), Manner::Chunks)
        }
        Odd::EndlessHeaders => bare(&[kind(JSON)], headers(1_000).into(), Manner::Headers),
        Odd::ManyHeaders { count } => {
            let reply = honest(body);
            let mut head = reply.head.strip_suffix(b"\r\n").unwrap_or_default().to_vec();
            head.extend_from_slice(headers(*count).as_bytes());
            head.extend_from_slice(b"\r\n");
            Reply { head, ..reply }
        }
        Odd::GzipBomb { mib, layers } => {
            let layers = (*layers).max(1);
            let said = vec!["gzip"; usize::try_from(layers).unwrap_or(1)].join(", ");
            let packed = (1..layers).fold(bomb(*mib), |packed, _| again(&packed));
            Reply::of(200, &[kind(JSON), encoding(&said)], packed)
        }
        Odd::Length { bytes } => {
            let end = Manner::Close(body.len());
            bare(&[kind(JSON), ("content-length".to_owned(), bytes.to_string())], body, end)
        }
        Odd::Encoding { value } => Reply::of(200, &[kind(JSON), encoding(value)], body),
        Odd::ContentType { value } => Reply::of(200, &[kind(value)], body),
        Odd::Bom => honest([b"\xef\xbb\xbf", body.as_ref()].concat().into()),
        Odd::Utf16 => {
            let text = String::from_utf8_lossy(&body);
            honest([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
        }
        Odd::Null => honest(Bytes::from_static(b"null")),
        _ => honest(body),
    }
}

/// Only the first bytes of its head.
fn begun(reply: Reply, bytes: usize) -> Reply {
    Reply { head: reply.head.into_iter().take(bytes).collect(), body: Bytes::new(), ..reply }
}

fn kind(value: &str) -> (String, String) {
    ("content-type".to_owned(), value.to_owned())
}

fn encoding(value: &str) -> (String, String) {
    ("content-encoding".to_owned(), value.to_owned())
}

/// A head with these fields and nothing of its own; that of headers that never end has no end.
fn bare(fields: &[(String, String)], body: Bytes, manner: Manner) -> Reply {
    let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if manner != Manner::Headers {
        head.push_str("\r\n");
    }
    Reply { head: head.into_bytes(), body, manner }
}

/// 64 KiB of blanks, as a chunk.
fn chunk() -> Bytes {
    let mut chunk = b"10000\r\n".to_vec();
    chunk.resize(chunk.len() + 64 * 1024, b' ');
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

fn headers(count: u32) -> String {
    (0..count).map(|number| format!("x-odd-{number}: {number}\r\n")).collect()
}

/// A page without records, with so many MiB of blanks in it.
fn bomb(mib: u32) -> Bytes {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let blanks = vec![b' '; MIB];
    // Writing into memory does not fail.
    let mut write = |bytes: &[u8]| drop(packed.write_all(bytes));
    write(b"{\"items\":[");
    (0..mib).for_each(|_| write(&blanks));
    write(b"],\"next\":null}");
    packed.finish().unwrap_or_default().into()
}

fn again(packed: &[u8]) -> Bytes {
    let mut twice = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    drop(twice.write_all(packed));
    twice.finish().unwrap_or_default().into()
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Odd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_a_thousand_times_larger_than_it_looks() {
        let packed = bomb(4);
        assert!(packed.len() * 900 < 4 * MIB, "{}", packed.len());
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.as_ref()), &mut text).expect("gzip");
        assert!(text.len() > 4 * MIB && serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn an_answer_without_a_body_says_no_length() {
        let reply = Reply::of(304, &[], Bytes::from_static(b"x"));
        assert_eq!((reply.head.as_slice(), reply.body.len()), (b"HTTP/1.1 304 Not Modified\r\n\r\n".as_slice(), 0));
    }
}
