//! Looks for secrets in what is too large to be held, in windows that overlap by the longest spelling of
//! a secret: one that lies across the border of two is found in the second.
//!
//! What comes out is what [`Masker::mask`] would make of the whole. A window begins where an escape
//! does or none is, so each reads its bytes as the whole would be read; and what an earlier window masked
//! beyond its own end is known to the next.

use std::{mem, sync::Arc};

use super::{MASK, Masker};
use crate::spelling::Spelling;

/// Bytes that are looked at together, besides those that overlap.
const WINDOW: usize = 256 * 1024;

/// Bytes on their way through.
pub(crate) struct Windows {
    masker: Arc<Masker>,
    window: usize,
    held: Vec<u8>,
    /// Bytes at the beginning of `held` for which a mask stands already.
    masked: usize,
    found: bool,
}

impl Windows {
    pub(crate) fn over(masker: Arc<Masker>) -> Self {
        Self { masker, window: WINDOW, held: Vec::new(), masked: 0, found: false }
    }

    /// Whether a secret was seen.
    pub(crate) fn found(&self) -> bool {
        self.found
    }

    /// Takes the next bytes, and gives those that no secret can reach into any more.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let reach = self.masker.reach;
        if reach == 0 {
            return mem::take(&mut self.held);
        }
        match self.held.len().checked_sub(reach) {
            Some(certain) if certain >= self.window => self.pass(Spelling::border(&self.held, certain)),
            _ => Vec::new(),
        }
    }

    /// Gives the rest.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let rest = self.pass(self.held.len());
        self.masked = 0;
        rest
    }

    /// Gives what stands before `border`, masked; what is masked beyond it is not given later.
    fn pass(&mut self, border: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(border);
        let mut end = self.masked;
        for secret in self.masker.search(&self.held, usize::MAX) {
            if secret.start >= border {
                break;
            }
            self.found = true;
            // What overlaps is one mask, in whichever windows it was found.
            if secret.start >= end {
                out.extend_from_slice(self.held.get(end..secret.start).unwrap_or_default());
                out.extend_from_slice(MASK.as_bytes());
            }
            end = end.max(secret.end);
        }
        out.extend_from_slice(self.held.get(end..border).unwrap_or_default());
        self.masked = end.saturating_sub(border);
        self.held.drain(..border);
        out
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;
    use crate::{slots::Echoes, template::percent};

    const SECRET: &str = "s3cr3t/with+odd=\"chars\"&~\u{ff}more";

    fn masker() -> Arc<Masker> {
        Arc::new(Masker::of([SECRET], &Echoes::default()).expect("a masker"))
    }

    fn escaped() -> String {
        SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    /// A window for tests: what happens at its borders does not depend on how far they are apart.
    const SMALL: usize = 1_000;

    /// Through small windows, fed in pieces of this size.
    fn through(masker: &Arc<Masker>, bytes: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let mut windows = Windows { window: SMALL, ..Windows::over(Arc::clone(masker)) };
        let mut out: Vec<u8> = bytes.chunks(piece).flat_map(|piece| windows.take(piece)).collect();
        out.extend(windows.end());
        (out, windows.found())
    }

    #[test]
    fn a_secret_across_a_border_is_found_and_masked_in_every_spelling() {
        let masker = masker();
        for spelt in [SECRET.to_owned(), percent(SECRET), escaped(), STANDARD.encode(SECRET)] {
            // Wherever the borders are, the secret lies across each of them once, by each of its bytes.
            for before in 0..SMALL + masker.reach + spelt.len() {
                let body = [&vec![b'x'; before], spelt.as_bytes(), &vec![b'y'; 2 * SMALL]].concat();
                let (out, found) = through(&masker, &body, 250);
                assert!(found && out == masker.mask(body), "{spelt} behind {before} bytes");
            }
        }
    }

    #[test]
    fn a_border_does_not_tear_an_escape() {
        let masker = masker();
        // All escapes, so that every border wants to fall into one; the secret begins behind the last.
        for escape in ["\\\\", "%5c", "\\u005c", "\\ud83d\\ude00"] {
            for shift in 0..3 * escape.len() {
                let body = format!("{}{}{}", "x".repeat(shift), escape.repeat(3 * SMALL / escape.len()), escaped());
                assert_eq!(
                    through(&masker, body.as_bytes(), 125).0,
                    masker.mask(body.into_bytes()),
                    "{escape} {shift}"
                );
            }
        }
    }

    #[test]
    fn a_border_among_backslashes_does_not_change_what_they_escape() {
        // Read from the wrong one on, the last of them makes a line's end of the letter.
        let secret = r"\\\\\\\\\\\\n0-backslashes-and-more";
        let masker = Arc::new(Masker::of([secret], &Echoes::default()).expect("a masker"));
        for shift in 0..250 {
            let spelt = serde_json::to_string(secret).expect("JSON");
            let body = format!("{}{}{}", "x".repeat(shift), r"\\".repeat(SMALL), spelt.trim_matches('"'));
            let (out, found) = through(&masker, body.as_bytes(), 125);
            assert!(found && out == masker.mask(body.into_bytes()), "{shift}");
        }
    }

    #[test]
    fn without_a_secret_all_passes_at_once() {
        let nobody = Arc::new(Masker::default());
        let mut windows = Windows::over(nobody);
        assert_eq!(windows.take(b"abc"), b"abc");
        assert!(windows.end().is_empty() && !windows.found());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn windows_mask_what_the_whole_would_mask(
            texts in prop::collection::vec((0_usize..600, 0_usize..7, any::<u8>()), 4..40),
            piece in 1_usize..3_000,
        ) {
            let masker = masker();
            let mut body = Vec::new();
            for (filler, kind, byte) in texts {
                body.extend(std::iter::repeat_n(byte, filler));
                match kind {
                    0 => body.extend_from_slice(SECRET.as_bytes()),
                    1 => body.extend_from_slice(percent(SECRET).as_bytes()),
                    2 => body.extend_from_slice(STANDARD.encode(SECRET).as_bytes()),
                    3 => body.extend_from_slice(&SECRET.as_bytes()[..20]),
                    4 => body.extend_from_slice(escaped().as_bytes()),
                    5 => body.extend_from_slice(b"\\%5c\\u00"),
                    _ => body.extend_from_slice(SECRET.repeat(3).as_bytes()),
                }
            }
            prop_assert_eq!(through(&masker, &body, piece).0, masker.mask(body));
        }
    }
}
