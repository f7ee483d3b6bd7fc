//! Finds a connection's secrets in bytes, however they are spelt.
//!
//! Providers echo what they were sent: in error texts, in `Location`, in debug pages. What comes back
//! is masked, and what a guest sends is searched before anything is filled in (afterwards the gate
//! would find its own work). A secret of 16 bytes or more is found anywhere: as it is, with any of
//! its characters percent-encoded or JSON-escaped, and in base64 at each of the three alignments, in
//! both alphabets, itself percent-encoded or escaped. A shorter one would be found in half of all
//! pages, so it counts only as a complete header value, and never in a page's records.

use std::ops::Range;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use memchr::{memchr3_iter, memmem};

/// From this length on a secret is found anywhere.
const LONG: usize = 16;
/// Below this length even a complete header value says nothing.
const SHORT: usize = 6;
/// What stands in a secret's place.
pub(crate) const MASK: &str = "[secret]";

/// Knows the secrets of one connection.
#[derive(Default)]
pub(crate) struct Masker {
    needles: Vec<Needle>,
    short: Vec<String>,
}

struct Needle {
    bytes: Vec<u8>,
    base64: bool,
}

impl Masker {
    /// Adds a secret; the same one twice is harmless.
    pub(crate) fn learn(&mut self, secret: &str) {
        if secret.len() < LONG {
            if secret.len() >= SHORT {
                self.short.push(secret.to_owned());
            }
            return;
        }
        self.needles.push(Needle { bytes: secret.as_bytes().to_vec(), base64: false });
        for shift in 0..3 {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(secret.as_bytes());
            let mut text = STANDARD_NO_PAD.encode(&shifted).into_bytes();
            // The characters at both ends also hold bits of what stands beside the secret.
            if shifted.len() % 3 != 0 {
                text.pop();
            }
            text.drain(..if shift == 0 { 0 } else { shift + 1 });
            self.needles.push(Needle { bytes: text, base64: true });
        }
    }

    /// Whether a secret stands anywhere in these bytes.
    pub(crate) fn finds(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| needle.first(bytes).is_some())
    }

    /// Whether a secret stands in a header's value, or is all of it.
    pub(crate) fn finds_in_header(&self, value: &[u8]) -> bool {
        self.is_short(value) || self.finds(value)
    }

    /// Masks a body.
    pub(crate) fn mask(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for needle in &self.needles {
            needle.all(&bytes, &mut found);
        }
        if found.is_empty() {
            return bytes;
        }
        found.sort_by_key(|range| range.start);
        let mut out = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for range in found {
            if range.start >= end {
                out.extend_from_slice(bytes.get(end..range.start).unwrap_or_default());
                out.extend_from_slice(MASK.as_bytes());
            }
            end = end.max(range.end);
        }
        out.extend_from_slice(bytes.get(end..).unwrap_or_default());
        out
    }

    /// Masks a header's value.
    pub(crate) fn mask_header(&self, value: &[u8]) -> String {
        if self.is_short(value) {
            return MASK.to_owned();
        }
        String::from_utf8_lossy(&self.mask(value.to_vec())).into_owned()
    }

    fn is_short(&self, value: &[u8]) -> bool {
        self.short.iter().any(|secret| secret.as_bytes() == value.trim_ascii())
    }
}

impl Needle {
    fn first(&self, bytes: &[u8]) -> Option<Range<usize>> {
        self.places(bytes).next()
    }

    fn all(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        found.extend(self.places(bytes));
        if !self.base64 {
            // A secret with a percent sign or a backslash of its own, as it is.
            let len = self.bytes.len();
            found.extend(memmem::find_iter(bytes, &self.bytes).map(|start| start..start + len));
        }
    }

    fn places<'n>(&'n self, bytes: &'n [u8]) -> impl Iterator<Item = Range<usize>> + 'n {
        let raw = (!self.base64).then(|| memmem::find(bytes, &self.bytes)).flatten();
        let raw = raw.map(|start| start..start + self.bytes.len());
        let first = self.bytes.first().copied().unwrap_or_default();
        // `+` and `/` begin with another character in the other alphabet.
        let other = match first {
            _ if !self.base64 => first,
            b'+' => b'-',
            b'/' => b'_',
            _ => first,
        };
        let spelt = memchr3_iter(first, b'%', b'\\', bytes);
        let twin = (other != first).then(|| memchr::memchr_iter(other, bytes)).into_iter().flatten();
        let starts = spelt.chain(twin);
        raw.into_iter().chain(starts.filter_map(|start| self.ends(bytes, start).map(|end| start..end)))
    }

    /// Where the needle ends if it begins at `start`.
    fn ends(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for &wanted in &self.bytes {
            let rest = bytes.get(at..)?;
            let (byte, len) = spelt(rest)?;
            if self.is(wanted, byte) {
                at += len;
            } else if rest.first().is_some_and(|&bare| self.is(wanted, bare)) {
                at += 1;
            } else {
                return None;
            }
        }
        Some(at)
    }

    fn is(&self, wanted: u8, byte: u8) -> bool {
        wanted == byte
            || (self.base64 && matches!((wanted, byte), (b'+', b'-') | (b'/', b'_')))
            || (!self.base64 && wanted == b' ' && byte == b'+')
    }
}

/// The character that stands first, out of its encoding, and how many bytes spell it.
fn spelt(bytes: &[u8]) -> Option<(u8, usize)> {
    let hex = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let plain = bytes.first().map(|&byte| (byte, 1));
    match bytes {
        [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            hex(&[*a, *b]).and_then(|code| u8::try_from(code).ok()).map(|byte| (byte, 3)).or(plain)
        }
        [b'\\', b'u', a, b, c, d, ..] => match hex(&[*a, *b, *c, *d]) {
            Some(code @ 0..=0x7f) => u8::try_from(code).ok().map(|byte| (byte, 6)),
            _ => plain,
        },
        [b'\\', escaped, ..] => match escaped {
            b'"' | b'\\' | b'/' => Some((*escaped, 2)),
            b'n' => Some((b'\n', 2)),
            b't' => Some((b'\t', 2)),
            b'r' => Some((b'\r', 2)),
            _ => plain,
        },
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "s3cr3t/with+odd=\"chars\"&~\u{ff}more>>>???";

    fn masker() -> Masker {
        let mut masker = Masker::default();
        masker.learn(SECRET);
        masker.learn("hunter2");
        masker
    }

    fn spellings() -> Vec<String> {
        let every: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut all = vec![
            SECRET.to_owned(),
            crate::template::percent(SECRET),
            crate::template::percent(SECRET).replace("%2B", "%2b").replace("%3D", "%3d"),
            every,
            serde_json::to_string(SECRET).expect("JSON"),
            serde_json::to_string(SECRET).expect("JSON").replace('/', "\\/").replace('&', "\\u0026"),
            SECRET.replace('+', "\\u002B"),
        ];
        for before in ["", "a", "ab", "user:"] {
            for after in ["", "z", "zz"] {
                let text = format!("{before}{SECRET}{after}");
                all.extend([STANDARD.encode(&text), URL_SAFE.encode(&text), URL_SAFE_NO_PAD.encode(&text)]);
                all.push(crate::template::percent(&STANDARD.encode(&text)));
                all.push(STANDARD.encode(&text).replace('/', "\\/"));
            }
        }
        all
    }

    #[test]
    fn a_long_secret_is_masked_in_every_spelling() {
        let masker = masker();
        for spelling in spellings() {
            let body = format!(r#"{{"echo":"{spelling}"}} %zz \u12"#).into_bytes();
            assert!(masker.finds(&body), "{spelling}");
            let masked = masker.mask(body);
            assert!(!masker.finds(&masked), "{spelling}");
            let text = String::from_utf8_lossy(&masked).into_owned();
            assert!(text.contains(MASK) && !text.contains("s3cr3t"), "{text}");
        }
    }

    #[test]
    fn a_short_secret_counts_only_as_a_whole_header() {
        let masker = masker();
        assert_eq!(masker.mask(b"hunter2".to_vec()), b"hunter2");
        assert_eq!(masker.mask_header(b"hunter2"), MASK);
        assert_eq!(masker.mask_header(b"hunter2 and more"), "hunter2 and more");
        assert!(masker.finds_in_header(b" hunter2 ") && !masker.finds(b"hunter2"));
    }

    #[test]
    fn two_secrets_side_by_side_and_overlapping_are_both_gone() {
        let mut masker = Masker::default();
        masker.learn("aaaaaaaaaaaaaaaa");
        masker.learn("aaaaaaaabbbbbbbb");
        let masked = masker.mask(b"xaaaaaaaaaaaaaaaabbbbbbbbyaaaaaaaaaaaaaaaa!".to_vec());
        assert_eq!(String::from_utf8_lossy(&masked), format!("x{MASK}y{MASK}!"));
    }

    proptest! {
        #[test]
        fn what_holds_no_secret_comes_back_as_it_was(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(masker().mask(body.clone()), body);
        }

        #[test]
        fn a_secret_is_found_behind_anything(before in ".{0,20}", secret in "[!-~]{16,40}", after in ".{0,20}") {
            let mut masker = Masker::default();
            masker.learn(&secret);
            let body = format!("{before}{secret}{after}");
            prop_assert!(masker.finds(body.as_bytes()));
            let encoded = STANDARD.encode(&body);
            prop_assert!(masker.finds(encoded.as_bytes()));
            let percent = format!("{before}{}", crate::template::percent(&secret));
            prop_assert!(masker.finds(percent.as_bytes()));
        }
    }
}
