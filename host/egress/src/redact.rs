//! Finds a connection's secrets in bytes, however they are spelt.
//!
//! Providers echo what they were sent: in error texts, in `Location`, in debug pages. What comes back
//! is masked, and what a guest sends is searched before anything is filled in (afterwards the gate
//! would find its own work). A secret of 16 bytes or more is found anywhere: as it is, with any of
//! its characters percent-encoded or JSON-escaped, and in base64 at each of the three alignments, in
//! both alphabets, itself percent-encoded or escaped. A shorter one would be found in half of all
//! pages, so it counts only as a complete header value and, where the status is not 2xx, as a
//! complete value of a form or a string of JSON: what a page's records are made of comes with 2xx,
//! and the gate cannot tell a record that happens to hold the same word from an echo.
//!
//! The other side chooses what is searched, so the search takes each byte a fixed number of times:
//! one automaton for all secrets, run over the bytes as they are and once for each kind of escape in
//! them. Memory is bounded by a small multiple of the body, whatever was found.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memchr2_iter;

use crate::spelling::{Reading, Spelling};

/// From this length on a secret is found anywhere.
const LONG: usize = 16;
/// Below this length even a complete header value says nothing.
const SHORT: usize = 6;
/// Of a longer secret this many bytes are searched. No header carries more than a fraction of it.
const LONGEST: usize = 64 * 1024;
/// The automaton looks for what stands behind so many bytes of a needle; they may begin within what
/// reads as an escape, and are looked at by hand. The tail of an escape has no more.
const HEAD: usize = 5;
/// What stands in a secret's place.
pub(crate) const MASK: &str = "[secret]";

/// Knows the secrets of one connection.
#[derive(Default)]
pub(crate) struct Masker {
    /// Each the first bytes of a needle, in the order of the automaton's patterns.
    heads: Vec<Vec<u8>>,
    /// Finds the rest of each needle; none when there is no long secret.
    tails: Option<AhoCorasick>,
    short: Vec<String>,
    /// Whether a plus may stand for a space in one of them.
    spaced: bool,
}

impl Masker {
    /// Knows these secrets; the same one twice is harmless. The error is one of memory.
    pub(crate) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Result<Self, BuildError> {
        let (mut short, mut needles, mut spaced) = (Vec::new(), Vec::new(), false);
        for secret in secrets {
            if secret.len() >= LONG {
                let searched = secret.as_bytes().get(..LONGEST).unwrap_or(secret.as_bytes());
                spaced |= searched.contains(&b' ');
                needles_of(searched, &mut needles);
            } else if secret.len() >= SHORT {
                short.push(secret.to_owned());
            }
        }
        needles.sort_unstable();
        needles.dedup();
        let (heads, rest): (Vec<_>, Vec<_>) = needles.iter().filter_map(|needle| needle.split_at_checked(HEAD)).unzip();
        let tails = if rest.is_empty() {
            None
        } else {
            // Without a prefilter it steps once for each byte; as a table it would be far larger.
            let kind = Some(AhoCorasickKind::ContiguousNFA);
            Some(AhoCorasick::builder().kind(kind).prefilter(false).build(&rest)?)
        };
        Ok(Self { heads: heads.into_iter().map(<[u8]>::to_vec).collect(), tails, short, spaced })
    }

    /// Whether a secret stands anywhere in these bytes.
    pub(crate) fn finds(&self, bytes: &[u8]) -> bool {
        !self.search(bytes, 1).is_empty()
    }

    /// Whether a secret stands in a header's value, or is all of it.
    pub(crate) fn finds_in_header(&self, value: &[u8]) -> bool {
        self.is_short(value) || self.finds(value)
    }

    /// Masks a body that may be a page.
    pub(crate) fn mask(&self, bytes: Vec<u8>) -> Vec<u8> {
        let found = self.search(&bytes, usize::MAX);
        without(bytes, &found)
    }

    /// Masks a body that came with another status than 2xx, so holds no records: short secrets too,
    /// where they are a complete value.
    pub(crate) fn mask_refusal(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut found = self.search(&bytes, usize::MAX);
        found.extend(self.short_values(&bytes));
        without(bytes, &coalesced(found))
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

    /// Where secrets stand, in order and without overlap; stops after `enough` hits.
    fn search(&self, bytes: &[u8], enough: usize) -> Vec<Range<usize>> {
        let Some(tails) = &self.tails else { return Vec::new() };
        let mut found = Vec::new();
        for spelling in std::iter::once(Spelling::default()).chain(Spelling::all_in(bytes, self.spaced)) {
            let reading = Reading::of(bytes, spelling);
            let mut here: Vec<Range<usize>> = Vec::new();
            // Also those that overlap, because the tail that counts may begin within one that does not.
            for tail in tails.find_overlapping_iter(reading.text()) {
                let head = self.heads.get(tail.pattern().as_usize());
                if let Some(range) = head.and_then(|head| reading.place(head, tail.range())) {
                    push(&mut here, range);
                    if here.len() >= enough {
                        return here;
                    }
                }
            }
            found.append(&mut here);
            found = coalesced(found);
        }
        found
    }

    /// Short secrets that are all of a string of JSON, or all of a form's value. A member's name is no
    /// value. Strings within strings (`"{\"a\":\"b\"}"`) count as well.
    fn short_values(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let begins = memchr2_iter(b'"', b'=', if self.short.is_empty() { &[] } else { bytes });
        for start in begins.map(|mark| mark + 1) {
            let quoted = bytes.get(start - 1) == Some(&b'"');
            let spelling = if quoted { Spelling::JSON } else { Spelling::FORM };
            let ends = self.short.iter().filter_map(|secret| spelling.ends(bytes, start, secret.as_bytes()));
            let mut whole = ends.filter(|&end| {
                let after = bytes.get(end..).unwrap_or_default();
                if quoted { ends_string(after) } else { ends_form_value(after) }
            });
            if let Some(end) = whole.next() {
                found.push(start..end);
            }
        }
        found
    }
}

fn ends_string(after: &[u8]) -> bool {
    let after = after.strip_prefix(b"\\").unwrap_or(after);
    after.strip_prefix(b"\"").is_some_and(|after| !after.trim_ascii_start().starts_with(b":"))
}

fn ends_form_value(after: &[u8]) -> bool {
    after.first().is_none_or(|byte| matches!(byte, b'&' | b'"' | b'\\') || byte.is_ascii_whitespace())
}

/// A secret as it is and in base64.
fn needles_of(secret: &[u8], needles: &mut Vec<Vec<u8>>) {
    needles.push(secret.to_vec());
    for shift in 0..3 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(secret);
        let mut text = STANDARD_NO_PAD.encode(&shifted).into_bytes();
        // The characters at both ends also hold bits of what stands beside the secret.
        if shifted.len() % 3 != 0 {
            text.pop();
        }
        text.drain(..if shift == 0 { 0 } else { shift + 1 });
        let url = |byte: &u8| match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        };
        needles.push(text.iter().map(url).collect());
        needles.push(text);
    }
}

/// Adds a range that ends last; what overlaps becomes one, what only touches does not.
fn push(found: &mut Vec<Range<usize>>, mut range: Range<usize>) {
    while let Some(last) = found.pop_if(|last| last.end > range.start) {
        range = range.start.min(last.start)..range.end.max(last.end);
    }
    found.push(range);
}

fn coalesced(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut found = Vec::with_capacity(ranges.len());
    ranges.into_iter().for_each(|range| push(&mut found, range));
    found
}

fn without(bytes: Vec<u8>, found: &[Range<usize>]) -> Vec<u8> {
    if found.is_empty() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut end = 0;
    for range in found {
        out.extend_from_slice(bytes.get(end..range.start).unwrap_or_default());
        out.extend_from_slice(MASK.as_bytes());
        end = range.end;
    }
    out.extend_from_slice(bytes.get(end..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "s3cr3t/with+odd=\"chars\"&~\u{ff}more\u{1f600}>>>???";

    fn knowing(secrets: &[&str]) -> Masker {
        Masker::of(secrets.iter().copied()).expect("a masker")
    }

    fn masker() -> Masker {
        knowing(&[SECRET, "hunter2"])
    }

    fn spellings() -> Vec<String> {
        let escaped: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let every: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut all = vec![
            SECRET.to_owned(),
            crate::template::percent(SECRET),
            crate::template::percent(SECRET).replace("%2B", "%2b").replace("%3D", "%3d"),
            every,
            escaped,
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
    fn a_secret_beyond_ascii_is_masked_where_json_escapes_it() {
        let masker = knowing(&["pässwörter-😀-für-alle"]);
        for spelling in [
            r"p\u00e4ssw\u00f6rter-\ud83d\ude00-f\u00fcr-alle",
            r"p\u00E4ssw\u00F6rter-\uD83D\uDE00-f\u00FCr-alle",
            r"pässw\u00f6rter-😀-für-alle",
        ] {
            let masked = masker.mask(format!("{{\"echo\":\"x{spelling}y\"}}").into_bytes());
            assert_eq!(String::from_utf8_lossy(&masked), format!("{{\"echo\":\"x{MASK}y\"}}"), "{spelling}");
        }
    }

    /// A guest may choose what an echo puts before a secret.
    #[test]
    fn what_stands_before_a_secret_cannot_hide_it() {
        let secret = "ab/cd\"ef/uu0041\u{e9}/nn/";
        let percent = crate::template::percent(secret);
        let json: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for (secret, spelling) in [
            (secret, percent.clone()),
            (secret, json),
            (secret, serde_json::to_string(secret).expect("JSON").trim_matches('"').replace('/', "\\/")),
            ("u0041/\"/0123456789", r#"u0041\/\"\/0123456789"#.to_owned()),
            ("\nnew/line/0123456", r"\nnew\/line\/0123456".to_owned()),
            ("\\back/0123456789ab", r"\\back\/0123456789ab".to_owned()),
        ] {
            let masker = knowing(&[secret]);
            for before in
                ["%", "%%", "%4", "%e", "\\", "\\\\", "\\\\\\", r"\u", r"\u0", r"\u00", r"\u004", r"\ud83d", "%5C"]
            {
                let body = format!("{before}{spelling}!").into_bytes();
                assert!(masker.finds(&body), "{before} and {spelling}");
                assert!(!masker.finds(&masker.mask(body)), "{before} and {spelling}");
            }
        }
    }

    #[test]
    fn a_short_secret_is_masked_in_a_refusal_where_it_is_a_complete_value() {
        let masker = knowing(&["hunter2", "pä/ss\"w"]);
        for (body, expected) in [
            (r#"{"error":"hunter2"}"#, r#"{"error":"[secret]"}"#),
            (r#"["hunter2" , "pä\/ss\"w","p\u00e4/ss\"w"]"#, r#"["[secret]" , "[secret]","[secret]"]"#),
            (r#"{"raw":"{\"k\":\"hunter2\"}"}"#, r#"{"raw":"{\"k\":\"[secret]\"}"}"#),
            ("user=a&password=hunter2", "user=a&password=[secret]"),
            ("password=p%C3%A4%2Fss%22w&user=a\n", "password=[secret]&user=a\n"),
            (r#"{"sent":"password=hunter2"}"#, r#"{"sent":"password=[secret]"}"#),
        ] {
            let masked = masker.mask_refusal(body.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&masked), expected);
        }
        for whole in
            ["hunter2", r#"{"hunter2":1}"#, r#"{"a":"hunter2 it is"}"#, "password=hunter22&x", "\"hunter2", "="]
        {
            let masked = masker.mask_refusal(whole.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&masked), whole, "it is part of something else");
        }
    }

    #[test]
    fn a_short_secret_in_what_may_be_a_page_stays() {
        for page in [r#"[{"name":"hunter2"}]"#, "name=hunter2"] {
            assert_eq!(masker().mask(page.as_bytes().to_vec()), page.as_bytes());
        }
    }

    #[test]
    fn of_an_endless_secret_the_first_64_kib_are_masked() {
        let secret: String = (0..40_000).map(|n| format!("{n:x}.")).collect();
        let masker = knowing(&[&secret]);
        let masked = masker.mask(secret.clone().into_bytes());
        assert_eq!(masked, [MASK.as_bytes(), &secret.as_bytes()[LONGEST..]].concat());
    }

    /// Both times are of this machine and this moment. A search that goes through the secret again at
    /// each byte takes thousands of times as long; in a build that is not optimised, looking at a tail
    /// at each byte takes forty times as long as the automaton, which is.
    #[test]
    fn a_body_made_to_be_slow_costs_little_more_than_any_other() {
        const BODY: usize = 8 * 1024 * 1024;
        let spelt = |text: &str| text.bytes().cycle().take(BODY).collect::<Vec<u8>>();
        let took = |secret: &str, body: &[u8]| {
            let masker = knowing(&[secret]);
            let since = std::time::Instant::now();
            let many = masker.search(body, usize::MAX).len();
            (since.elapsed(), many)
        };
        let late = format!("{}b", "a".repeat(4_095));
        let early = format!("b{}", "a".repeat(4_095));
        let whole = "a".repeat(4_096);
        for (harmless, evil) in [("plain text. ", "a"), ("%2F \\n abcd ", r"%61\u0061")] {
            let (harmless, evil) = (spelt(harmless), spelt(evil));
            let (usual, _) = took(&late, &harmless);
            for (secret, expected) in [(&late, 0), (&early, 0), (&whole, 1)] {
                let (slow, many) = took(secret, &evil);
                assert!(many <= expected, "what overlaps is one range: {many}");
                assert!(slow < usual * 200, "{slow:?} is more than a small multiple of {usual:?}");
            }
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
        let masker = knowing(&["aaaaaaaaaaaaaaaa", "aaaaaaaabbbbbbbb"]);
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
            let masker = knowing(&[&secret]);
            let body = format!("{before}{secret}{after}");
            prop_assert!(masker.finds(body.as_bytes()));
            let encoded = STANDARD.encode(&body);
            prop_assert!(masker.finds(encoded.as_bytes()));
            let percent = format!("{before}{}", crate::template::percent(&secret));
            prop_assert!(masker.finds(percent.as_bytes()));
        }
    }
}
