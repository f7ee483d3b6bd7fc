//! Finds a connection's secrets in bytes, however they are spelt.
//!
//! Providers echo what they were sent: in error texts, in `Location`, in debug pages. What comes back
//! is masked, and what a guest sends is searched before anything is filled in (afterwards the gate
//! would find its own work). A secret of 16 bytes or more is found anywhere: as it is, with any of
//! its characters percent-encoded or JSON-escaped, in hex, and in base64 at each of the three
//! alignments, in both alphabets, itself percent-encoded or escaped. So is what the gate computed from
//! a secret of any length: a signature, or the pair of `Basic`.
//!
//! A shorter one would be found in half of all pages: the password `admin` is a word, and a value of
//! its own in somebody's records (`{"role":"admin"}`). What a page's records are made of is the body of
//! a 2xx, and the gate cannot tell a record that happens to hold the same word from an echo, so there a
//! short secret is never masked, not even as a complete value: a record that lost a word is wrong for
//! good, and nobody would notice. Everywhere else it counts where it is complete:
//!
//! | where | what |
//! |---|---|
//! | any header | all of its value is the secret, or what its slot makes of it (`Bearer admin`) |
//! | the header that the slot fills | the same, however short |
//! | a parameter that the slot fills, in any header (`Location`) | the same, however short |
//! | a body that is not 2xx | a complete string of JSON or value of a form; a parameter as above |
//!
//! "However short" only under the slot's own name: below six bytes a value without it says nothing.
//!
//! The other side chooses what is searched, so the search takes each byte a fixed number of times:
//! one automaton for all secrets, run over the bytes as they are and once for each kind of escape in
//! them. Memory is bounded by a small multiple of the body, whatever was found. Nearly all bodies hold no
//! secret, and for those the automaton is not even started: a few bytes of each needle, its core, are
//! looked for first with vector instructions, and where no core stands there is no secret.

mod windows;

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, packed};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use memchr::{memchr_iter, memchr2_iter};

pub(crate) use windows::Windows;

use crate::{
    slots::Echoes,
    spelling::{self, Reading, Spelling},
    template::percent,
};

/// From this length on a secret is found anywhere.
pub(crate) const LONG: usize = 16;
/// Below this length even a complete header value says nothing.
const SHORT: usize = 6;
/// Of a longer secret this many bytes are searched. No header carries more than a fraction of it.
const LONGEST: usize = 64 * 1024;
/// The automaton looks for what stands behind so many bytes of a needle; they may begin within what
/// reads as an escape, and are looked at by hand. The tail of an escape has no more.
const HEAD: usize = 5;
/// Bytes of a core, the last ones of a needle: its first ones may be those of every token of a provider.
const CORE: usize = 8;
/// What stands in a secret's place.
pub(crate) const MASK: &str = "[secret]";

/// Knows the secrets of one connection.
#[derive(Default)]
pub(crate) struct Masker {
    /// Each the first bytes of a needle, in the order of the automaton's patterns.
    heads: Vec<Vec<u8>>,
    /// Finds the rest of each needle; none when there is no long secret.
    tails: Option<AhoCorasick>,
    /// Finds the core of each needle; none where there are too many, or where the processor cannot.
    cores: Option<packed::Searcher>,
    short: Vec<String>,
    /// What slots with short secrets put into headers, by name.
    headers: Vec<(String, String)>,
    /// What they put into the query, by the parameter's name as an address spells it.
    parameters: Vec<(String, String)>,
    /// Whether a plus may stand for a space in one of them.
    spaced: bool,
    /// Bytes that a long secret may take up, however it is spelt; 0 when there is none.
    reach: usize,
}

impl Masker {
    /// Knows these secrets and what slots make of them; the same one twice is harmless. The error is
    /// one of memory.
    pub(crate) fn of<'s>(secrets: impl IntoIterator<Item = &'s str>, echoes: &'s Echoes) -> Result<Self, BuildError> {
        let (mut short, mut needles, mut spaced) = (Vec::new(), Vec::new(), false);
        for secret in secrets.into_iter().chain(echoes.computed.iter().map(String::as_str)) {
            if secret.len() >= LONG {
                let searched = secret.as_bytes().get(..LONGEST).unwrap_or(secret.as_bytes());
                spaced |= searched.contains(&b' ');
                needles_of(searched, &mut needles);
            } else if secret.len() >= SHORT {
                short.push(secret.to_owned());
            }
        }
        short.extend(echoes.whole.iter().filter(|text| text.len() >= SHORT).cloned());
        short.sort_unstable();
        short.dedup();
        let encoded = |(name, _): &(String, String)| percent(name) != *name;
        let mut parameters = echoes.parameters.clone();
        let again: Vec<_> = parameters.iter().filter(|one| encoded(one)).cloned().collect();
        parameters.extend(again.into_iter().map(|(name, text)| (percent(&name), text)));
        needles.sort_unstable();
        needles.dedup();
        let (heads, rest): (Vec<_>, Vec<_>) = needles.iter().filter_map(|needle| needle.split_at_checked(HEAD)).unzip();
        let cores = packed::Searcher::new(rest.iter().map(|rest| core(rest)));
        let tails = if rest.is_empty() {
            None
        } else {
            // Without a prefilter it steps once for each byte; as a table it would be far larger.
            let kind = Some(AhoCorasickKind::ContiguousNFA);
            Some(AhoCorasick::builder().kind(kind).prefilter(false).build(&rest)?)
        };
        let heads = heads.into_iter().map(<[u8]>::to_vec).collect();
        // And one more escape, which the end of a window may tear.
        let reach = needles.iter().map(|needle| (needle.len() + 2) * spelling::LONGEST).max().unwrap_or(0);
        Ok(Self { reach, heads, tails, cores, short, headers: echoes.headers.clone(), parameters, spaced })
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
        found.extend(self.parameter_values(&bytes));
        without(bytes, &coalesced(found))
    }

    /// Masks a header's value.
    pub(crate) fn mask_header(&self, name: &str, value: &[u8]) -> String {
        let own = |(header, text): &(String, String)| {
            header.eq_ignore_ascii_case(name) && text.as_bytes().trim_ascii() == value.trim_ascii()
        };
        if self.is_short(value) || self.headers.iter().any(own) {
            return MASK.to_owned();
        }
        let mut found = self.search(value, usize::MAX);
        found.extend(self.parameter_values(value));
        String::from_utf8_lossy(&without(value.to_vec(), &coalesced(found))).into_owned()
    }

    /// Masks a text of the host's own about an exchange.
    pub(crate) fn mask_text(&self, text: &str) -> String {
        self.mask_header("", text.as_bytes())
    }

    fn is_short(&self, value: &[u8]) -> bool {
        self.short.iter().any(|secret| secret.as_bytes() == value.trim_ascii())
    }

    /// Where secrets stand, in order and without overlap; stops after `enough` hits.
    fn search(&self, bytes: &[u8], enough: usize) -> Vec<Range<usize>> {
        let Some(tails) = &self.tails else { return Vec::new() };
        let mut found = Vec::new();
        for spelling in std::iter::once(Spelling::default()).chain(Spelling::all_in(bytes, self.spaced)) {
            if !self.may_stand_in(&Reading::text_of(bytes, spelling)) {
                continue;
            }
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

    /// Whether a core stands in what a reader sees; without one there is no secret.
    fn may_stand_in(&self, text: &[u8]) -> bool {
        self.cores.as_ref().is_none_or(|cores| cores.find(text).is_some())
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

    /// What slots put into the query, behind the parameter's name: in an address, in a form.
    fn parameter_values(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for mark in memchr_iter(b'=', if self.parameters.is_empty() { &[] } else { bytes }) {
            let named = |name: &str| {
                let before = bytes.get(..mark).unwrap_or_default();
                let (rest, own) = before.split_at(before.len().saturating_sub(name.len()));
                own.eq_ignore_ascii_case(name.as_bytes()) && rest.last().is_none_or(|&byte| parts_parameters(byte))
            };
            let here = self.parameters.iter().filter(|(name, _)| named(name));
            let ends = here.filter_map(|(_, text)| Spelling::FORM.ends(bytes, mark + 1, text.as_bytes()));
            found.extend(
                ends.filter(|&end| bytes.get(end).is_none_or(|&b| parts_parameters(b))).map(|end| mark + 1..end),
            );
        }
        found
    }
}

/// What stands beside a parameter in an address, and where an address ends in a text.
fn parts_parameters(byte: u8) -> bool {
    matches!(byte, b'?' | b'&' | b';' | b'#' | b'"' | b'\'' | b'\\' | b'<' | b'>' | b',' | b')' | b'(')
        || byte.is_ascii_whitespace()
}

fn ends_string(after: &[u8]) -> bool {
    let after = after.strip_prefix(b"\\").unwrap_or(after);
    after.strip_prefix(b"\"").is_some_and(|after| !after.trim_ascii_start().starts_with(b":"))
}

fn ends_form_value(after: &[u8]) -> bool {
    after.first().is_none_or(|byte| matches!(byte, b'&' | b'"' | b'\\') || byte.is_ascii_whitespace())
}

/// A secret as it is, in hex and in base64.
fn needles_of(secret: &[u8], needles: &mut Vec<Vec<u8>>) {
    needles.push(secret.to_vec());
    let hex = |digits: [u8; 16]| {
        let digit = move |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
        secret.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect::<Vec<u8>>()
    };
    needles.push(hex(*b"0123456789abcdef"));
    needles.push(hex(*b"0123456789ABCDEF"));
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

fn core(rest: &[u8]) -> &[u8] {
    rest.get(rest.len().saturating_sub(CORE)..).unwrap_or_default()
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
mod tests;
