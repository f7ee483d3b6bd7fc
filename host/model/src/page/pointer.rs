//! JSON pointers (RFC 6901) that are followed while a text is stepped through, all in one pass.

use crate::scan::{Kind, Scanner, Step, unescaped};

/// A pointer taken apart.
pub(crate) struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    pub(crate) fn of(pointer: &str) -> Self {
        let tokens = pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
        Self { tokens: tokens.collect() }
    }
}

/// One pointer on its way through one text.
pub(crate) struct Search<'p, 'a> {
    tokens: &'p [String],
    /// How many tokens led to the innermost container that is still open and on the way.
    level: usize,
    /// The next value is the one that the next token names.
    arrived: bool,
    /// What was found; the last one where a name stands twice, as everybody reads JSON.
    pub(crate) found: Option<(Kind, &'a str)>,
}

impl<'p, 'a> Search<'p, 'a> {
    pub(crate) fn of(pointer: &'p Pointer) -> Self {
        Self { tokens: &pointer.tokens, level: 0, arrived: pointer.tokens.is_empty(), found: None }
    }

    /// A member begins, `depth` containers deep.
    pub(crate) fn name(&mut self, depth: usize, name: &str) {
        // Most names lie elsewhere, and this is asked for every name of every record.
        let wanted = self.level + 1 == depth
            && self.tokens.get(self.level).is_some_and(|token| {
                token == name || (name.contains('\\') && unescaped(name).as_deref() == Some(token))
            });
        self.arrived = wanted;
        if wanted {
            self.found = None;
        }
    }

    /// An item of a list begins, `depth` containers deep.
    pub(crate) fn item(&mut self, depth: usize, index: usize) {
        self.arrived =
            self.level + 1 == depth && self.tokens.get(self.level).and_then(|token| token.parse().ok()) == Some(index);
    }

    /// A value that holds no others, or a container that just opened.
    pub(crate) fn value(&mut self, kind: Kind, text: &'a str) {
        if !std::mem::take(&mut self.arrived) {
            return;
        }
        if self.level + 1 >= self.tokens.len() {
            self.found = Some((kind, text));
        } else if matches!(kind, Kind::List | Kind::Object) {
            self.level += 1;
        }
    }

    /// A container that was `depth` deep inside is closed.
    pub(crate) fn close(&mut self, depth: usize) {
        if depth > 1 && self.level + 1 == depth {
            self.level -= 1;
        }
    }
}

/// The text of the value at `pointer`; of a list or object only its first byte.
pub(crate) fn raw<'a>(document: &'a str, pointer: &str) -> Option<&'a str> {
    let pointer = Pointer::of(pointer);
    let mut search = Search::of(&pointer);
    walk(document, usize::MAX, std::slice::from_mut(&mut search), &mut |_, _| Ok(())).ok()?;
    search.found.map(|(_, text)| text)
}

/// Steps through `text` once with all searches; `value` sees each that holds no others. At most `deepest` containers lie
/// within each other.
pub(crate) fn walk<'a>(
    text: &'a str,
    deepest: usize,
    searches: &mut [Search<'_, 'a>],
    value: &mut dyn FnMut(Kind, &'a str) -> Result<(), String>,
) -> Result<(), String> {
    let mut scanner = Scanner::of(text);
    // For each open container: the index of the next item of a list; none for an object.
    let mut open: Vec<Option<usize>> = Vec::with_capacity(8);
    while let Some(step) = scanner.next() {
        let depth = open.len();
        if matches!(step, Step::Open(_) | Step::Value(..))
            && let Some(Some(index)) = open.last_mut()
        {
            for search in &mut *searches {
                search.item(depth, *index);
            }
            *index += 1;
        }
        match step {
            Step::Name(name) => {
                for search in &mut *searches {
                    search.name(depth, name);
                }
            }
            Step::Open(kind) => {
                if depth == deepest {
                    return Err(format!("it is deeper than {deepest} levels"));
                }
                let bracket = text.get(scanner.place().saturating_sub(1)..scanner.place()).unwrap_or_default();
                for search in &mut *searches {
                    search.value(kind, bracket);
                }
                open.push((kind == Kind::List).then_some(0));
            }
            Step::Close => {
                for search in &mut *searches {
                    search.close(depth);
                }
                open.pop();
            }
            Step::Value(kind, text) => {
                value(kind, text)?;
                for search in &mut *searches {
                    search.value(kind, text);
                }
            }
        }
    }
    Ok(())
}
