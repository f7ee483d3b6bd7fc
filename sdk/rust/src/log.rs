//! Lines in the run's log, which an operator reads.
//!
//! Put what varies into fields and keep the message the same, so that one search finds all. Never log a record.
//!
//! ```
//! patchbay_sdk::log::info("skipped a company that is hidden", &[("company", &398_211)]);
//! ```

use std::fmt::Display;

use crate::host;

/// A field of a line: name and value.
pub type Field<'a> = (&'a str, &'a dyn Display);

/// Something failed.
pub fn error(message: &str, fields: &[Field<'_>]) {
    line(1, message, fields);
}

/// Something is odd, and the run goes on.
pub fn warn(message: &str, fields: &[Field<'_>]) {
    line(2, message, fields);
}

/// Something that an operator wants to know.
pub fn info(message: &str, fields: &[Field<'_>]) {
    line(3, message, fields);
}

/// Something that the connector's author wants to know.
pub fn debug(message: &str, fields: &[Field<'_>]) {
    line(4, message, fields);
}

fn line(level: u8, message: &str, fields: &[Field<'_>]) {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    host::log(level, message, &fields);
}
