//! What is wrong with a JSON text, without any of it.

use serde_json::error::Category;

/// The message of a type error quotes the value that it met, so only those that name a field of ours are passed on.
pub(crate) fn of(error: &serde_json::Error) -> String {
    let message = error.to_string();
    if message.starts_with("missing field") {
        return message;
    }
    let what = match error.classify() {
        Category::Eof => "JSON that is cut off",
        Category::Data => "JSON of an unexpected shape",
        Category::Syntax | Category::Io => "no JSON",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_missing_field_is_named_and_a_value_never() {
        #[derive(serde::Deserialize, Debug)]
        struct Row {
            #[expect(dead_code, reason = "only read by serde")]
            id: u64,
        }
        let said = |text: &str| of(&serde_json::from_str::<Row>(text).unwrap_err());
        assert_eq!(said("{}"), "missing field `id` at line 1 column 2");
        assert_eq!(said(r#"{"id":"canary"}"#), "JSON of an unexpected shape at line 1, column 14");
        assert_eq!(said(r#"{"id":"#), "JSON that is cut off at line 1, column 6");
        assert_eq!(said("canary"), "no JSON at line 1, column 1");
    }
}
