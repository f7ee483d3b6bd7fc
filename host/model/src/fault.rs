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

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.id(), self.person)?;
        if let Some(operator) = &self.operator {
            write!(f, " ({operator})")?;
        }
        for field in &self.fields {
            write!(f, " [{}: {}]", field.pointer, field.message)?;
        }
        Ok(())
    }
}
