//! Steps through a JSON text that is known to be valid, in one pass and without memory of its own.
//!
//! Records are a stranger's: what is looked for in them (a key, a depth, a number too large, the names of
//! fields) is found here in one go, and nothing is unescaped or kept that nobody asked for. The text has been
//! through serde_json before; of a text that has not, some nonsense is read, but nothing breaks.

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// `{` or `[`.
    Open(Kind),
    /// `}` or `]`.
    Close,
    /// The name of what follows, without its quotes and with its escapes.
    Name(&'a str),
    /// A value that holds no others; a text with its quotes.
    Value(Kind, &'a str),
}

/// What sort of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// Where a step of the text is.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte behind the last step.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// The place behind the closing quote of the text that begins here.
    fn end_of_text(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut from = self.at + 1;
        while let Some(found) = self.text.get(from..).and_then(|rest| rest.find('"')) {
            let quote = from + found;
            let mut escapes = 0;
            while quote > escapes && bytes.get(quote - escapes - 1) == Some(&b'\\') {
                escapes += 1;
            }
            if escapes % 2 == 0 {
                return quote + 1;
            }
            from = quote + 1;
        }
        bytes.len()
    }

    /// The place behind the number or word that begins here.
    fn end_of_word(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while let Some(byte) = bytes.get(end) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
                break;
            }
            end += 1;
        }
        end
    }

    fn text_or_name(&mut self) -> Step<'a> {
        let text = self.take(self.end_of_text());
        // A colon behind a text makes a name of it: a valid text has one nowhere else.
        let mut behind = self.at;
        while matches!(self.text.as_bytes().get(behind), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            behind += 1;
        }
        if self.text.as_bytes().get(behind) == Some(&b':') {
            return Step::Name(text.get(1..text.len().saturating_sub(1)).unwrap_or_default());
        }
        Step::Value(Kind::Text, text)
    }

    fn take(&mut self, end: usize) -> &'a str {
        let taken = self.text.get(self.at..end).unwrap_or_default();
        self.at = end;
        taken
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        let first = loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' => self.at += 1,
                other => break other,
            }
        };
        let simple = match first {
            b'"' => return Some(self.text_or_name()),
            b'{' => Step::Open(Kind::Object),
            b'[' => Step::Open(Kind::List),
            b'}' | b']' => Step::Close,
            b'n' => return Some(Step::Value(Kind::Null, self.take(self.end_of_word()))),
            b't' | b'f' => return Some(Step::Value(Kind::Boolean, self.take(self.end_of_word()))),
            _ => return Some(Step::Value(Kind::Number, self.take(self.end_of_word()))),
        };
        self.at += 1;
        Some(simple)
    }
}

/// What a name or text says, without quotes; none when it has a lone half of a surrogate pair.
pub(crate) fn unescaped(inner: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !inner.contains('\\') {
        return Some(inner.into());
    }
    serde_json::from_str::<String>(&format!("\"{inner}\"")).ok().map(Into::into)
}
