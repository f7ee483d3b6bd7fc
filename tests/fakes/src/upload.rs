//! A `multipart/form-data` body that is hashed as it comes and not kept, so that a large file costs a fake nothing.

use sha2::{Digest, Sha256};

use crate::silverfin::multipart;

/// Bytes of a part's headers.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of a part that is no file.
const TEXT_BYTES: usize = 64 * 1024;

/// One part, without the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadPart {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    /// What it says, where it is no file.
    pub(crate) text: Option<String>,
}

/// A form on its way in.
pub(crate) struct Upload {
    /// What stands between parts, with the line end before it.
    between: Vec<u8>,
    buffer: Vec<u8>,
    at: At,
    parts: Vec<UploadPart>,
}

enum At {
    /// Before the first boundary.
    Start,
    /// Behind a boundary.
    Boundary,
    Head,
    Content(Box<Open>),
    End,
}

/// A part whose content comes.
struct Open {
    name: String,
    filename: Option<String>,
    media_type: Option<String>,
    size: u64,
    hash: Sha256,
    text: Vec<u8>,
}

impl Upload {
    /// A form with the boundary that this `Content-Type` says.
    pub(crate) fn of(content_type: &str) -> Result<Self, String> {
        let boundary = multipart::boundary(content_type)?;
        // The first boundary stands at the very start; with a line end before it, it is like all others.
        let (between, buffer) = (format!("\r\n--{boundary}").into_bytes(), b"\r\n".to_vec());
        Ok(Self { between, buffer, at: At::Start, parts: Vec::new() })
    }

    /// More of the body.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.buffer.extend_from_slice(bytes);
        loop {
            let at = std::mem::replace(&mut self.at, At::End);
            let (next, more) = self.step(at)?;
            self.at = next;
            if !more {
                return Ok(());
            }
        }
    }

    /// The parts, when the form has its end.
    pub(crate) fn finish(self) -> Result<Vec<UploadPart>, String> {
        match self.at {
            At::End if self.buffer.is_empty() || self.buffer == b"\r\n" => Ok(self.parts),
            At::End => Err("there is more after the last boundary".to_owned()),
            _ => Err("the last boundary is missing".to_owned()),
        }
    }

    /// One piece of what is here, and whether there may be another one.
    fn step(&mut self, at: At) -> Result<(At, bool), String> {
        match at {
            At::Start => match self.buffer.strip_prefix(self.between.as_slice()) {
                Some(_) => {
                    self.take(self.between.len());
                    Ok((At::Boundary, true))
                }
                None if self.between.starts_with(&self.buffer) => Ok((At::Start, false)),
                None => Err("the body does not start with the boundary".to_owned()),
            },
            At::Boundary if self.buffer.len() < 2 => Ok((At::Boundary, false)),
            At::Boundary => match self.take(2).as_slice() {
                b"--" => Ok((At::End, false)),
                b"\r\n" => Ok((At::Head, true)),
                _ => Err("a boundary is not followed by CR LF".to_owned()),
            },
            At::Head => match found(&self.buffer, b"\r\n\r\n") {
                Some(end) => {
                    let head = self.take(end);
                    self.take(4);
                    let head = multipart::head(&head)?;
                    let (name, filename, media_type) = (head.name, head.filename, head.media_type);
                    let (hash, text) = (Sha256::new(), Vec::new());
                    let open = Open { name, filename, media_type, size: 0, hash, text };
                    Ok((At::Content(Box::new(open)), true))
                }
                None if self.buffer.len() > HEAD_BYTES => Err("a part's headers do not end".to_owned()),
                None => Ok((At::Head, false)),
            },
            At::Content(mut open) => match found(&self.buffer, &self.between) {
                Some(end) => {
                    let content = self.take(end);
                    self.take(self.between.len());
                    open.add(&content)?;
                    self.parts.push(open.close()?);
                    Ok((At::Boundary, true))
                }
                None => {
                    // The end of what is here may be the start of a boundary.
                    let content = self.take(self.buffer.len().saturating_sub(self.between.len() - 1));
                    open.add(&content)?;
                    Ok((At::Content(open), false))
                }
            },
            At::End => Ok((At::End, false)),
        }
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(bytes.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }
}

impl Open {
    fn add(&mut self, content: &[u8]) -> Result<(), String> {
        self.size += u64::try_from(content.len()).unwrap_or(u64::MAX);
        self.hash.update(content);
        if self.filename.is_none() {
            self.text.extend_from_slice(content);
            if self.text.len() > TEXT_BYTES {
                return Err(format!("part {:?} is too long", self.name));
            }
        }
        Ok(())
    }

    fn close(self) -> Result<UploadPart, String> {
        let text = match &self.filename {
            Some(_) => None,
            None => {
                let text = String::from_utf8(self.text);
                Some(text.map_err(|_| format!("part {:?} is not UTF-8", self.name))?)
            }
        };
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let Self { name, filename, media_type, size, .. } = self;
        Ok(UploadPart { name, filename, media_type, size, sha256, text })
    }
}

/// Where this stands; looks only where its first byte does, which is quick in a build that is not optimised.
fn found(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(place) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let place = from + place;
        if bytes.get(place..)?.starts_with(wanted) {
            return Some(place);
        }
        from = place + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    const FORM: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"client\"\r\n\r\nc1\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a%22.pdf\"\r\nContent-Type: application/pdf\r\n\r\n\
        \r\n--x\r\n--bc\r\r\n--b--\r\n";

    fn read(form: &[u8], piece: usize) -> Result<Vec<UploadPart>, String> {
        let mut upload = Upload::of("multipart/form-data; boundary=b")?;
        form.chunks(piece).try_for_each(|bytes| upload.feed(bytes))?;
        upload.finish()
    }

    #[test]
    fn a_form_is_the_same_in_pieces_of_any_size() {
        let content = b"\r\n--x";
        for piece in [1, 2, 3, 7, 64, 4_096] {
            let form = String::from_utf8_lossy(FORM).replace("\r\n--bc\r\r\n--b--", "\r\n--b--");
            let parts = read(form.as_bytes(), piece).expect("a good form");
            assert_eq!((parts[0].name.as_str(), parts[0].text.as_deref()), ("client", Some("c1")));
            assert_eq!((parts[1].filename.as_deref(), parts[1].size), (Some("a\".pdf"), 5));
            assert_eq!((parts[1].sha256.as_str(), &parts[1].text), (seed::sha256(content).as_str(), &None));
            assert_eq!(parts[1].media_type.as_deref(), Some("application/pdf"));
        }
    }

    #[test]
    fn a_form_without_its_end_or_with_another_line_end_is_refused() {
        for piece in [1, 5, 4_096] {
            assert!(read(FORM, piece).is_err(), "a boundary that goes on");
            let cut = b"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nVerslag\r\n--b\r\n";
            assert!(read(cut, piece).is_err());
            assert!(read(b"--b\nContent-Disposition: form-data; name=\"text\"\n\nx\n--b--", piece).is_err());
            assert!(read(b"x--b--", piece).is_err());
        }
        assert!(Upload::of("multipart/form-data").is_err());
    }
}
