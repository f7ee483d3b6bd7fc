//! A failure on its way to a person: one code, and two texts that are never mixed.

use std::{fmt, time::Duration};

use crate::{Code, contract::FieldError};

/// What went wrong, for whom it says what.
///
/// `person` may be shown to anybody who made the request; `operator` goes to the log and to operators
/// only. There is no `Display`, so that neither is printed where the other was meant.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which page.
    pub code: Code,
    /// For the person: what happened, here.
    pub person: String,
    /// For the operator: why.
    pub operator: Option<String>,
    /// The fields that are wrong.
    pub fields: Vec<FieldError>,
    /// When it makes sense to try again.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A failure with its code's own title.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self::because(code, code.title())
    }

    /// A failure with a text of its own.
    #[must_use]
    pub fn because(code: Code, person: impl Into<String>) -> Self {
        Self { code, person: person.into(), operator: None, fields: Vec::new(), retry_after: None }
    }

    /// Adds the reason that only operators read.
    #[must_use]
    pub fn operator(mut self, text: impl fmt::Display) -> Self {
        self.operator = Some(text.to_string());
        self
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(FieldError { pointer: pointer.into(), message: message.into() });
        self
    }
}

/// In one line of printable characters: much of it is text of others (components, registries, providers), and a log or a
/// terminal must not take its line ends, control sequences or changes of direction for the host's own.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.id(), Plain(&self.person))?;
        if let Some(operator) = &self.operator {
            write!(f, " ({})", Plain(operator))?;
        }
        for field in &self.fields {
            write!(f, " [{}: {}]", Plain(&field.pointer), Plain(&field.message))?;
        }
        Ok(())
    }
}

/// A text with what is not printed written as `\u{…}`.
struct Plain<'t>(&'t str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|c| match is_unseen(c) {
            true => write!(f, "{}", c.escape_unicode()),
            false => f.write_char(c),
        })
    }
}

/// Control characters, line and paragraph separators, and what changes the direction of writing or has no width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_others_is_one_printable_line() {
        let fault =
            Fault::because(Code::Internal, "one\ntwo").operator("\u{1b}[2Jgone\u{202e}").field("/a\r", "ü \"b\"");
        let printed = format!("{fault:?}");
        assert!(printed.ends_with(r#"one\u{a}two (\u{1b}[2Jgone\u{202e}) [/a\u{d}: ü "b"]"#), "{printed}");
    }
}
