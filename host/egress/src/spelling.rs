//! Bytes as their reader sees them, and where each stood before its escape was undone.

use std::{borrow::Cow, ops::Range};

use memchr::memchr3;

/// Which escapes a reader undoes, each once and in one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spelling {
    /// `%2F`.
    pub(crate) percent: bool,
    /// `+` for a space, as in forms.
    pub(crate) plus: bool,
    /// `\"` and `\u00e9`, as in strings of JSON.
    pub(crate) json: bool,
}

/// What stands first, out of its escape.
struct Unit {
    bytes: [u8; 4],
    count: usize,
    /// How many bytes spell it.
    len: usize,
}

/// Bytes with their escapes undone.
pub(crate) struct Reading<'b> {
    from: &'b [u8],
    spelling: Spelling,
    text: Vec<u8>,
    /// Where the escape of each byte of `text` begins. Answers are far smaller than 4 GiB.
    starts: Vec<u32>,
}

impl Spelling {
    /// A string of JSON.
    pub(crate) const JSON: Self = Self { percent: false, plus: false, json: true };
    /// A value of a form.
    pub(crate) const FORM: Self = Self { percent: true, plus: true, json: false };

    /// The spellings in which these bytes may read differently than they stand; never more than six.
    pub(crate) fn all_in(bytes: &[u8], plus: bool) -> impl Iterator<Item = Self> + use<> {
        let has = |byte| memchr::memchr(byte, bytes).is_some();
        let (percents, pluses, escapes) = (has(b'%'), plus && has(b'+'), has(b'\\'));
        let urls = [(false, false), (true, false), (true, true)];
        let all = urls.into_iter().flat_map(|(percent, plus)| [false, true].map(|json| Self { percent, plus, json }));
        all.filter(move |s| {
            let url = match (s.percent, s.plus) {
                (true, false) => percents,
                (_, true) => pluses,
                (false, false) => s.json,
            };
            url && (!s.json || escapes)
        })
    }

    /// Where `wanted` ends in `bytes` if it begins at `at`, each character escaped or bare.
    pub(crate) fn ends(self, bytes: &[u8], mut at: usize, mut wanted: &[u8]) -> Option<usize> {
        while let Some(&first) = wanted.first() {
            let rest = bytes.get(at..)?;
            let unit = self.unit(rest)?;
            let text = unit.bytes.get(..unit.count)?;
            if let Some(left) = wanted.strip_prefix(text) {
                (wanted, at) = (left, at + unit.len);
            } else if text.starts_with(wanted) {
                // It ends within a character, and so does the reading of who asks.
                return Some(at);
            } else if rest.first() == Some(&first) {
                (wanted, at) = (wanted.get(1..)?, at + 1);
            } else {
                return None;
            }
        }
        Some(at)
    }

    /// What stands in `from`, piece by piece: where it begins, its bytes, and whether they stand there bare.
    fn each(self, from: &[u8], mut take: impl FnMut(usize, &[u8], bool)) {
        let mut at = 0;
        while let Some(rest) = from.get(at..).filter(|rest| !rest.is_empty()) {
            let bare = memchr3(b'%', b'\\', b'+', rest).unwrap_or(rest.len());
            take(at, rest.get(..bare).unwrap_or_default(), true);
            at += bare;
            let Some(unit) = from.get(at..).and_then(|rest| self.unit(rest)) else { break };
            take(at, unit.bytes.get(..unit.count).unwrap_or_default(), false);
            at += unit.len;
        }
    }

    /// The last place up to `most` where no escape of any reader is torn. Escapes of the two kinds never
    /// overlap, so one reading knows all of them.
    pub(crate) fn border(bytes: &[u8], most: usize) -> usize {
        let all = Self { percent: true, plus: false, json: true };
        let mut last = 0;
        // What begins at the place itself is still read as a whole.
        let near = bytes.get(..most + 2 * LONGEST).unwrap_or(bytes);
        all.each(near, |at, text, bare| {
            if at <= most {
                last = if bare { most.min(at + text.len()) } else { at };
            }
        });
        last
    }

    fn unit(self, rest: &[u8]) -> Option<Unit> {
        let one = |byte, len| Unit { bytes: [byte, 0, 0, 0], count: 1, len };
        let plain = one(*rest.first()?, 1);
        Some(match rest {
            [b'+', ..] if self.plus => one(b' ', 1),
            [b'%', digits @ ..] if self.percent => {
                let byte = number(digits.get(..2)).and_then(|code| u8::try_from(code).ok());
                byte.map_or(plain, |byte| one(byte, 3))
            }
            [b'\\', b'u', ..] if self.json => character(rest).unwrap_or(plain),
            [b'\\', escaped, ..] if self.json => match escaped {
                b'"' | b'\\' | b'/' => one(*escaped, 2),
                b'n' => one(b'\n', 2),
                b't' => one(b'\t', 2),
                b'r' => one(b'\r', 2),
                b'b' => one(8, 2),
                b'f' => one(12, 2),
                _ => plain,
            },
            _ => plain,
        })
    }
}

/// `\uXXXX`, or two of them for what lies beyond the first plane; none for half of such a pair.
fn character(rest: &[u8]) -> Option<Unit> {
    let half = |at: usize| match rest.get(at..at + 6)? {
        [b'\\', b'u', digits @ ..] => number(Some(digits)),
        _ => None,
    };
    let (code, len) = match (half(0)?, half(6)) {
        (high @ 0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        (code, _) => (code, 6),
    };
    let mut bytes = [0; 4];
    let count = char::from_u32(code)?.encode_utf8(&mut bytes).len();
    Some(Unit { bytes, count, len })
}

fn number(digits: Option<&[u8]>) -> Option<u32> {
    let digit = |sum: u32, byte: &u8| Some(sum * 16 + char::from(*byte).to_digit(16)?);
    digits?.iter().try_fold(0, digit)
}

impl<'b> Reading<'b> {
    /// What it says alone, for a first look.
    pub(crate) fn text_of(from: &'b [u8], spelling: Spelling) -> Cow<'b, [u8]> {
        if spelling == Spelling::default() {
            return Cow::Borrowed(from);
        }
        let mut text = Vec::with_capacity(from.len());
        spelling.each(from, |_, bytes, _| text.extend_from_slice(bytes));
        Cow::Owned(text)
    }

    /// Reads all of it once; takes five bytes of memory for each byte.
    pub(crate) fn of(from: &'b [u8], spelling: Spelling) -> Self {
        let mut reading = Self { from, spelling, text: Vec::new(), starts: Vec::new() };
        if spelling == Spelling::default() {
            return reading;
        }
        reading.text.reserve_exact(from.len());
        reading.starts.reserve_exact(from.len());
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        spelling.each(from, |at, bytes, bare| {
            reading.text.extend_from_slice(bytes);
            if bare {
                reading.starts.extend(place(at)..place(at + bytes.len()));
            } else {
                reading.starts.extend(std::iter::repeat_n(place(at), bytes.len()));
            }
        });
        reading
    }

    /// What it says.
    pub(crate) fn text(&self) -> &[u8] {
        if self.is_plain() { self.from } else { &self.text }
    }

    /// Where `head` and then what stands at `tail` of the text came from; none when no `head` stands
    /// before it.
    ///
    /// The head may begin within what reads as an escape: in `%ab%2Fcd` the secret may be `ab/cd`
    /// behind a percent sign of its own. It is short, so this is a bounded number of steps.
    pub(crate) fn place(&self, head: &[u8], tail: Range<usize>) -> Option<Range<usize>> {
        let before = self.text().get(..tail.start)?;
        let end = self.start(tail.end);
        if before.ends_with(head) {
            return Some(self.start(tail.start - head.len())..end);
        }
        let meets = self.start(tail.start);
        let bare = tail.start.checked_sub(head.len() + 1).map(|at| meets - self.start(at));
        if self.is_plain() || bare == Some(head.len() + 1) {
            return None;
        }
        let first = meets.saturating_sub(head.len() * LONGEST);
        let near = self.from.get(first..meets)?;
        // Within an escape stand a bare character or, after a backslash, another backslash.
        let begins = |byte: u8| byte == b'\\' || head.first() == Some(&byte);
        let mut starts = (first..).zip(near).filter(|&(_, &byte)| begins(byte)).map(|(start, _)| start);
        starts.find(|&start| self.spelling.ends(self.from, start, head) == Some(meets)).map(|start| start..end)
    }

    fn start(&self, at: usize) -> usize {
        if self.is_plain() {
            return at;
        }
        self.starts.get(at).and_then(|&start| usize::try_from(start).ok()).unwrap_or(self.from.len())
    }

    fn is_plain(&self) -> bool {
        self.spelling == Spelling::default()
    }
}

/// Bytes of the escape that is longest for each byte it stands for: `\u0041`.
pub(crate) const LONGEST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_undoes_its_own_escapes_once() {
        let read = |text: &str, spelling| String::from_utf8(Reading::of(text.as_bytes(), spelling).text().to_vec());
        let both = Spelling { json: true, ..Spelling::FORM };
        for (text, spelling, expected) in [
            ("a+b%2F%2541\\n", Spelling::FORM, "a b/%41\\n"),
            ("a+b%2F%2541\\n", Spelling::default(), "a+b%2F%2541\\n"),
            (r#"\"\\\/\u00e9\ud83d\ude00%41+"#, Spelling::JSON, "\"\\/é😀%41+"),
            (r"\u00E9%C3%A9+", both, "éé "),
            (r"\ud83d \ude00 \u00g9 \u12 \x %g1 %4", both, r"\ud83d \ude00 \u00g9 \u12 \x %g1 %4"),
        ] {
            assert_eq!(read(text, spelling).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn only_the_spellings_that_change_something_are_read() {
        let many = |text: &str, plus| Spelling::all_in(text.as_bytes(), plus).count();
        assert_eq!((many("plain", true), many("a+b", false), many("a+b", true)), (0, 0, 1));
        assert_eq!(
            (many("a%41", true), many(r"a\n", true), many(r"a\n%41", true), many(r"a\n%41+", true)),
            (1, 1, 3, 5)
        );
    }
}
