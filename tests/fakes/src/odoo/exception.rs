//! What goes wrong at Odoo, and how each of the two families says it (sheet 8, and the observed answers).

use serde_json::{Value, json};

use crate::exchange::Answer;

/// An exception of the server.
#[derive(Debug)]
pub(super) struct Exception {
    status: u16,
    name: String,
    message: String,
    /// A connector that knows the sheet never causes it.
    refusal: bool,
}

impl Exception {
    fn of(status: u16, name: &str, message: impl Into<String>) -> Self {
        Self { status, name: name.to_owned(), message: message.into(), refusal: false }
    }

    /// It is in the sheet, but a connector must never cause it.
    pub(super) fn refused(mut self) -> Self {
        self.refusal = true;
        self
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::of(401, "werkzeug.exceptions.Unauthorized", message)
    }

    pub(super) fn denied() -> Self {
        Self::of(403, "odoo.exceptions.AccessDenied", "Access Denied")
    }

    pub(super) fn access(title: &str, model: &str) -> Self {
        let message = format!("You are not allowed to access '{title}' ({model}) records.");
        Self::of(403, "odoo.exceptions.AccessError", message)
    }

    /// A record of another company.
    pub(super) fn company(model: &str) -> Self {
        let message = format!("Access to unauthorized or invalid companies. ({model})");
        Self::of(403, "odoo.exceptions.AccessError", message)
    }

    pub(super) fn missing(model: &str, id: u64, user: u64) -> Self {
        let message = format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: {user})");
        Self::of(404, "odoo.exceptions.MissingError", message)
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::of(422, "odoo.exceptions.ValidationError", message)
    }

    pub(super) fn user(message: impl Into<String>) -> Self {
        Self::of(422, "odoo.exceptions.UserError", message)
    }

    pub(super) fn lock() -> Self {
        Self::of(409, "odoo.exceptions.LockError", "The record is locked by another transaction.")
    }

    /// A value that the server cannot use; a client's mistake answered as a server's.
    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::of(500, "builtins.ValueError", message).refused()
    }

    pub(super) fn no_model(model: &str, version: u16, rpc: bool) -> Self {
        match (rpc, version) {
            (false, _) => Self::of(404, "werkzeug.exceptions.NotFound", format!("the model '{model}' does not exist")),
            (true, 19) => Self::user(format!("Object {model} doesn't exist")),
            (true, _) => Self::of(500, "builtins.KeyError", format!("'{model}'")),
        }
    }

    pub(super) fn no_method(model: &str, method: &str, rpc: bool) -> Self {
        let message = format!("The method '{model}.{method}' does not exist");
        let name = if rpc { "builtins.AttributeError" } else { "werkzeug.exceptions.NotFound" };
        Self::of(404, name, message).refused()
    }

    /// Arguments that a method does not take, or lacks.
    pub(super) fn arguments(message: impl Into<String>, rpc: bool) -> Self {
        let name = if rpc { "builtins.TypeError" } else { "werkzeug.exceptions.UnprocessableEntity" };
        Self::of(422, name, message).refused()
    }

    /// The database that was named is not there.
    pub(super) fn no_database(name: &str) -> Self {
        let message = format!(
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"{name}\" does not exist\n"
        );
        Self::of(500, "psycopg2.OperationalError", message)
    }

    /// Real statuses: JSON-2.
    pub(super) fn json2(self) -> Answer {
        let answer = Answer::json(self.status, &self.body());
        let answer = if self.status == 401 { answer.with("www-authenticate", "Bearer") } else { answer };
        self.marked(answer)
    }

    /// Always status 200: JSON-RPC. Its code is 200 in older versions and 0 in the newest.
    pub(super) fn rpc(self, id: &Value, version: u16) -> Answer {
        let code = if version >= 19 { 0 } else { 200 };
        let error = json!({ "code": code, "message": "Odoo Server Error", "data": self.body() });
        let answer = Answer::json(200, &json!({ "jsonrpc": "2.0", "id": id, "error": error }));
        self.marked(answer)
    }

    fn body(&self) -> Value {
        // As the real one: paths, and whatever the frame held.
        let debug = format!("Traceback (most recent call last):\n  File \"/opt/odoo/http.py\", line 1\n{}", self.name);
        json!({ "name": self.name, "message": self.message, "arguments": [self.message], "context": {}, "debug": debug })
    }

    fn marked(&self, answer: Answer) -> Answer {
        if self.refusal { answer.refused(&self.message) } else { answer }
    }
}
