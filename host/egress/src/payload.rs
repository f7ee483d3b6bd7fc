//! A request's body before it is a stream: what the guest wrote, and the files that go with it by name.
//!
//! Files are read while the body leaves ([`Outflow`](crate::outflow::Outflow)), and again for another
//! attempt. All that is asked of a body before that (how long it is, whether it is the same request as
//! before, whether a slot can be filled into it) is answered from a file's size and hash.

use std::sync::Arc;

use base64::encoded_len;
use bytes::Bytes;
use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::{BlobBody, json};

/// What is hashed in the place of a length where a body with files begins: no bytes are as many.
const WITH_FILES: u64 = u64::MAX;

/// A body, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// These bytes.
    Bytes(Bytes),
    /// A JSON document with files for some of its nulls, by pointer. It stays in one piece until it is
    /// sent, because slots may be filled into it as well.
    Document(Bytes, Arc<[(String, BlobBody)]>),
    /// One after the other.
    Pieces(Arc<[Piece]>),
}

/// A part of a body.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// A file as it is.
    File(BlobBody),
    /// A file in base64 (RFC 4648, 4).
    Base64(BlobBody),
}

impl Piece {
    /// Bytes that it will be.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(file) => file.size,
            Self::Base64(file) => {
                let len = usize::try_from(file.size).ok().and_then(|size| encoded_len(size, true));
                len.and_then(|len| u64::try_from(len).ok()).unwrap_or(u64::MAX)
            }
        }
    }

    /// The file that it is.
    pub(crate) fn file(&self) -> Option<&BlobBody> {
        match self {
            Self::Bytes(_) => None,
            Self::File(file) | Self::Base64(file) => Some(file),
        }
    }
}

impl Payload {
    /// Bytes of all of it.
    pub(crate) fn len(&self) -> Result<u64, String> {
        Ok(self.pieces()?.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.len())))
    }

    /// What it is made of, in the order in which it leaves.
    pub(crate) fn pieces(&self) -> Result<Arc<[Piece]>, String> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => Ok(Arc::default()),
            Self::Bytes(bytes) => Ok(Arc::from([Piece::Bytes(bytes.clone())])),
            Self::Document(document, files) => split(document, files),
            Self::Pieces(pieces) => Ok(Arc::clone(pieces)),
        }
    }

    /// The files in it.
    pub(crate) fn files(&self) -> Vec<&BlobBody> {
        match self {
            Self::Bytes(_) => Vec::new(),
            Self::Document(_, files) => files.iter().map(|(_, file)| file).collect(),
            Self::Pieces(pieces) => pieces.iter().filter_map(Piece::file).collect(),
        }
    }

    /// What the guest wrote itself: each text as one piece, so that nothing hides between two of them.
    pub(crate) fn written(&self) -> Vec<&[u8]> {
        match self {
            Self::Bytes(bytes) | Self::Document(bytes, _) => vec![bytes],
            Self::Pieces(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Bytes(bytes) => Some(&bytes[..]),
                    Piece::File(_) | Piece::Base64(_) => None,
                })
                .collect(),
        }
    }

    /// Whether this text stands in what the guest wrote itself.
    pub(crate) fn carries(&self, text: &str) -> bool {
        self.written().into_iter().any(|written| memmem::find(written, text.as_bytes()).is_some())
    }

    /// Its first bytes as a person may read them: each file is a note.
    pub(crate) fn shown(&self, most: usize) -> Result<Vec<u8>, String> {
        let mut shown = Vec::new();
        for piece in self.pieces()?.iter() {
            let note = piece.file().map(|file| {
                let sha256 = file.sha256.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
                format!("[a file of {} bytes, SHA-256 {sha256}]", file.size)
            });
            let text = match (piece, &note) {
                (_, Some(note)) => note.as_bytes(),
                (Piece::Bytes(bytes), None) => bytes,
                (Piece::File(_) | Piece::Base64(_), None) => b"",
            };
            let room = most.saturating_sub(shown.len());
            shown.extend_from_slice(text.get(..room).unwrap_or(text));
        }
        Ok(shown)
    }

    /// It with `value` at `pointer` of the document, where null stood.
    pub(crate) fn fill(&self, pointer: &str, value: &str) -> Result<Self, String> {
        Ok(match self {
            Self::Bytes(document) => Self::Bytes(json::fill(document, pointer, value)?.into()),
            Self::Document(document, files) => {
                Self::Document(json::fill(document, pointer, value)?.into(), Arc::clone(files))
            }
            Self::Pieces(_) => return Err("the body is not JSON: a value of it cannot be filled".to_owned()),
        })
    }

    /// What makes two bodies the same, without reading a file; each part with its length, so that none
    /// runs into the next.
    pub(crate) fn hash(&self, hash: &mut Sha256) {
        let mut field = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        match self {
            Self::Bytes(bytes) => field(bytes),
            Self::Document(document, files) => {
                hash.update(WITH_FILES.to_be_bytes());
                hash.update([0]);
                hash.update(Sha256::digest(document));
                for (pointer, file) in files.iter() {
                    hash.update(Sha256::digest(pointer));
                    hash.update(file.size.to_be_bytes());
                    hash.update(file.sha256);
                }
            }
            Self::Pieces(pieces) => {
                hash.update(WITH_FILES.to_be_bytes());
                for piece in pieces.iter() {
                    let (kind, digest) = match piece {
                        Piece::Bytes(bytes) => (1, Sha256::digest(bytes).into()),
                        Piece::File(file) => (2, file.sha256),
                        Piece::Base64(file) => (3, file.sha256),
                    };
                    hash.update([kind]);
                    hash.update(piece.len().to_be_bytes());
                    hash.update(digest);
                }
            }
        }
    }
}

/// The document with its files in base64, each where it holds null: what has another value there was
/// meant otherwise.
fn split(document: &Bytes, files: &[(String, BlobBody)]) -> Result<Arc<[Piece]>, String> {
    let pointers: Vec<&str> = files.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let places = json::nulls(document, &pointers)?;
    let mut places: Vec<_> = places.into_iter().zip(files.iter().map(|(_, file)| file)).collect();
    places.sort_by_key(|(place, _)| place.start);
    let (mut pieces, mut text, mut end) = (Vec::with_capacity(files.len() * 2 + 1), Vec::new(), 0);
    for (place, file) in places {
        let before = document.get(end..place.start);
        text.extend_from_slice(before.ok_or("two files stand at the same place of the document")?);
        text.push(b'"');
        pieces.push(Piece::Bytes(std::mem::take(&mut text).into()));
        pieces.push(Piece::Base64(file.clone()));
        text.push(b'"');
        end = place.end;
    }
    text.extend_from_slice(document.get(end..).unwrap_or_default());
    pieces.push(Piece::Bytes(text.into()));
    Ok(pieces.into())
}

impl Default for Payload {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outflow::tests::file;

    fn document(text: &str, pointers: &[&str]) -> Payload {
        let files = pointers.iter().map(|pointer| ((*pointer).to_owned(), file(b"\xff\x00a")));
        Payload::Document(Bytes::copy_from_slice(text.as_bytes()), files.collect())
    }

    fn hashed(payload: &Payload) -> Vec<u8> {
        let mut hash = Sha256::new();
        payload.hash(&mut hash);
        hash.finalize().to_vec()
    }

    #[test]
    fn a_file_stands_in_the_document_where_null_stood_and_nothing_else_changes() {
        let text = r#"{"b":null, "n": 1.10e400,"a":[null,{"c":null}]}"#;
        let pieces = document(text, &["/a/1/c", "/b"]).pieces().expect("pieces");
        let texts: Vec<_> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Piece::File(_) => "file".to_owned(),
                Piece::Base64(_) => "base64".to_owned(),
            })
            .collect();
        let wanted = [r#"{"b":""#, "base64", r#"", "n": 1.10e400,"a":[null,{"c":""#, "base64", r#""}]}"#];
        assert_eq!(texts, wanted);
        assert_eq!(document(text, &["/a/1/c", "/b"]).len(), Ok(text.len() as u64 - 8 + 2 * (4 + 2)));
    }

    #[test]
    fn a_file_and_a_slot_share_a_document_and_not_a_place() {
        let payload = document(r#"{"file":null,"token":null}"#, &["/file"]);
        let filled = payload.fill("/token", "se\"cret").expect("filled");
        assert!(filled.carries(r#""token":"se\"cret""#) && filled.pieces().is_ok());
        let both = payload.fill("/file", "secret").expect("filled");
        assert!(both.pieces().is_err(), "what the slot filled is not null any more");
        assert!(document(r#"{"file":null}"#, &["/file", "/file"]).pieces().is_err());
        for (text, pointer) in [(r#"{"file":""}"#, "/file"), (r#"{"file":null}"#, "/other"), ("not JSON", "/file")] {
            assert!(document(text, &[pointer]).pieces().is_err(), "{text} {pointer}");
        }
        assert!(Payload::Pieces(Arc::from([Piece::File(file(b"{}"))])).fill("/a", "b").is_err());
    }

    #[test]
    fn two_bodies_are_the_same_by_the_hashes_of_their_files() {
        let pieces = |pieces: &[Piece]| Payload::Pieces(pieces.into());
        let bytes = |text: &'static [u8]| Piece::Bytes(Bytes::from_static(text));
        let bodies = [
            Payload::default(),
            Payload::Bytes(Bytes::from_static(b"abc")),
            Payload::Bytes(Bytes::from(u64::MAX.to_be_bytes().to_vec())),
            document(r#"{"a":null,"b":null}"#, &["/a"]),
            document(r#"{"a":null,"b":null}"#, &["/b"]),
            document(r#"{"a":null,"b":null}"#, &["/a", "/b"]),
            pieces(&[]),
            pieces(&[Piece::File(file(b"abc"))]),
            pieces(&[Piece::Base64(file(b"abc"))]),
            pieces(&[Piece::File(file(b"abd"))]),
            pieces(&[bytes(b"abc")]),
            pieces(&[bytes(b"abc"), Piece::File(file(b"abc"))]),
            pieces(&[Piece::File(file(b"abc")), bytes(b"abc")]),
        ];
        let hashes: std::collections::BTreeSet<_> = bodies.iter().map(hashed).collect();
        assert_eq!(hashes.len(), bodies.len());
        assert!(bodies.iter().all(|body| hashed(body) == hashed(&body.clone())));
        assert_eq!(hashed(&pieces(&[Piece::File(file(b"abc"))])), hashed(&bodies[7]), "another source, the same file");
    }
}
