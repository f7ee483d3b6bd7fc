//! The error bodies of the sheet (section 8).

use serde_json::{Value, json};

use crate::exchange::Answer;

const CORRELATION: &str = "5a1f0000-0000-4000-8000-000000000077";

/// An error with its category.
pub(super) fn problem(status: u16, category: &str, message: &str) -> Answer {
    with_errors(status, category, message, &[])
}

/// The same with the single errors below it.
pub(super) fn with_errors(status: u16, category: &str, message: &str, errors: &[Value]) -> Answer {
    let mut body = json!({ "status": "error", "message": message, "correlationId": CORRELATION, "category": category });
    if let (false, Some(members)) = (errors.is_empty(), body.as_object_mut()) {
        members.insert("errors".to_owned(), json!(errors));
    }
    Answer::json(status, &body)
}

/// What is wrong with the value of a property.
#[derive(Debug, Clone)]
pub(super) struct Invalid {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) property: String,
}

impl Invalid {
    pub(super) fn of(code: &'static str, property: &str, message: &str) -> Self {
        Self { code, message: message.to_owned(), property: property.to_owned() }
    }

    /// One of `errors`.
    pub(super) fn error(&self) -> Value {
        json!({ "message": self.message, "code": self.code, "context": { "propertyName": [self.property] } })
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> Answer {
        with_errors(400, "VALIDATION_ERROR", "Property values were not valid", &[self.error()])
    }
}

/// What is not there.
pub(super) fn missing() -> Answer {
    problem(404, "OBJECT_NOT_FOUND", "Object not found. objectId are usually numeric.")
}

/// 403 for a scope that was not granted.
pub(super) fn forbidden(scope: &str) -> Answer {
    let error = json!({ "message": "One or more of the following scopes are required.",
        "context": { "requiredGranularScopes": [scope] } });
    let message = "This app hasn't been granted all required scopes to make this call.";
    with_errors(403, "MISSING_SCOPES", message, &[error])
}

/// 400 for what the sheet does not name.
pub(super) fn refusal(why: &str) -> Answer {
    problem(400, "VALIDATION_ERROR", &format!("fake: {why}")).refused(why)
}
