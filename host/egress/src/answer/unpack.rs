//! A body on its way out of its packing, with a ceiling on what comes out.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};

use super::{ReadError, SLICE, as_u64};

/// How many times larger than its packed form a body may be.
const RATIO: usize = 200;
/// Up to this size the ratio says nothing: a short text of one letter packs better than any bomb.
const RATIO_FROM: usize = 256 * 1024;

pub(super) enum Unpacking {
    Plain,
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Unpacking {
    pub(super) fn of(headers: &HeaderMap, limit: usize) -> Result<Self, ReadError> {
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = codings.next().map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase());
        match (coding.as_deref(), codings.next()) {
            (None | Some(b"" | b"identity"), None) => Ok(Self::Plain),
            (Some(b"gzip" | b"x-gzip"), None) => {
                let to = Bounded { out: Vec::new(), passed: 0, limit, allowed: RATIO_FROM, full: false };
                Ok(Self::Gzip(Box::new(MultiGzDecoder::new(to))))
            }
            _ => Err(ReadError::Broken("the answer is packed in a way that was not asked for".to_owned())),
        }
    }

    /// How much is taken at a time, so that what comes of it at once is bounded as well.
    pub(super) fn slice(&self) -> usize {
        match self {
            Self::Plain => usize::MAX,
            Self::Gzip(_) => SLICE,
        }
    }

    /// What comes of these bytes; `wire` is how many there were so far.
    pub(super) fn take<'a>(&'a mut self, data: &'a [u8], wire: usize) -> Result<&'a [u8], ReadError> {
        let Self::Gzip(decoder) = self else { return Ok(data) };
        let bounded = decoder.get_mut();
        bounded.out.clear();
        bounded.allowed = wire.saturating_mul(RATIO).max(RATIO_FROM);
        let written = decoder.write_all(data);
        decoder.get_ref().judge(written)?;
        Ok(&decoder.get_ref().out)
    }

    /// What comes at the end.
    pub(super) fn end(&mut self, wire: usize) -> Result<&[u8], ReadError> {
        let Self::Gzip(decoder) = self else { return Ok(&[]) };
        decoder.get_mut().out.clear();
        // An answer without a body names its packing all the same (HEAD, 204, 304).
        if wire > 0 {
            let ended = decoder.try_finish();
            decoder.get_ref().judge(ended)?;
        }
        Ok(&decoder.get_ref().out)
    }
}

/// Takes what is unpacked until it is too much.
pub(super) struct Bounded {
    /// What came of the last bytes.
    out: Vec<u8>,
    /// Bytes of all of it.
    passed: usize,
    limit: usize,
    /// By the ratio, for what came so far.
    allowed: usize,
    full: bool,
}

impl Bounded {
    fn judge(&self, done: io::Result<()>) -> Result<(), ReadError> {
        if self.full {
            return Err(ReadError::TooLarge(as_u64(self.limit)));
        }
        done.map_err(|error| ReadError::Broken(format!("the answer cannot be unpacked: {error}")))
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.passed = self.passed.saturating_add(data.len());
        if self.passed > self.limit.min(self.allowed) {
            self.full = true;
            return Err(io::Error::other("too large"));
        }
        self.out.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
