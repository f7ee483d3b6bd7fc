//! What can go wrong at a provider, as the suite plays it, and the case of an error that is right for it.

use std::collections::BTreeMap;

use patchbay_fixture::{Answer, Failing};
use serde_json::json;

/// Seconds that a throttling answer asks to wait.
pub(crate) const WAIT_SECONDS: u64 = 17;
/// Stands in every answer of the suite's own; in no message and no log.
pub(crate) const CANARY: &str = "els.verstraete@patchbay-check.example";

/// One way in which an answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Status(u16),
    Html,
    Empty,
    Cut,
    /// The answer to a write never came.
    Lost,
    /// Nothing left.
    NotSent,
}

impl Trouble {
    /// Of every request.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Status(401),
        Self::Status(403),
        Self::Status(404),
        Self::Status(409),
        Self::Status(429),
        Self::Status(503),
        Self::Html,
        Self::Empty,
        Self::Cut,
        Self::NotSent,
    ];
    /// Of a write besides.
    pub(crate) const OF_WRITES: &'static [Self] = &[Self::Lost];

    /// As `check.toml` spells it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Status(503) => "5xx".to_owned(),
            Self::Status(status) => status.to_string(),
            Self::Html => "html".to_owned(),
            Self::Empty => "empty".to_owned(),
            Self::Cut => "cut".to_owned(),
            Self::Lost => "lost".to_owned(),
            Self::NotSent => "not-sent".to_owned(),
        }
    }

    /// For people.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Status(429) => format!("429 with Retry-After {WAIT_SECONDS}"),
            Self::Status(status) => status.to_string(),
            Self::Html => "HTML with status 200".to_owned(),
            Self::Empty => "an empty body with status 200".to_owned(),
            Self::Cut => "JSON that ends in the middle".to_owned(),
            Self::Lost => "no answer after it may have left".to_owned(),
            Self::NotSent => "no connection".to_owned(),
        }
    }

    /// The cases that are right when nobody says otherwise.
    pub(crate) fn cases(self, write: bool) -> &'static [&'static str] {
        match (self, write) {
            (Self::Status(401), _) => &["auth-required"],
            (Self::Status(403), _) => &["permission-denied"],
            (Self::Status(404), _) => &["not-found"],
            (Self::Status(409), _) => &["conflict"],
            (Self::Status(429), _) => &["rate-limited"],
            (Self::Status(_), false) | (Self::NotSent, _) => &["transient"],
            (Self::Status(_), true) => &["outcome-unknown", "transient"],
            (Self::Html | Self::Empty | Self::Cut, false) => &["invalid-response"],
            (Self::Html | Self::Empty | Self::Cut | Self::Lost, true) => &["outcome-unknown"],
            (Self::Lost, false) => &["transient"],
        }
    }

    /// The answer instead of the real one.
    pub(crate) fn answer(self, real: &Answer) -> Answer {
        let text = |status: u16, kind: &str, text: String| Answer {
            status,
            headers: [("content-type".to_owned(), kind.to_owned())].into(),
            text: Some(text),
            ..Answer::default()
        };
        match self {
            Self::Status(status) => {
                let mut answer = Answer {
                    status,
                    body: Some(json!({ "message": format!("refused for {CANARY}") })),
                    ..Answer::default()
                };
                if status == 429 {
                    answer.headers.insert("retry-after".to_owned(), WAIT_SECONDS.to_string());
                }
                answer
            }
            Self::Html => {
                let page = format!("<!doctype html><html><body><h1>Log in</h1><p>{CANARY}</p></body></html>");
                text(200, "text/html; charset=utf-8", page)
            }
            Self::Empty => Answer { status: 200, ..text(200, "application/json", String::new()) },
            Self::Cut => {
                let whole = match (&real.body, &real.text) {
                    (Some(json), _) => json.to_string(),
                    (None, Some(text)) => text.clone(),
                    (None, None) => String::new(),
                };
                let half = whole.floor_char_boundary(whole.len().div_ceil(2));
                let half = whole.get(..half).unwrap_or_default();
                // What is whole in its half (a number, nothing) would be no trouble, and nor would an error's text.
                let good = (200..300).contains(&real.status);
                let cut = serde_json::from_str::<serde_json::Value>(half).is_err() && !half.is_empty();
                let half = if good && cut { half.to_owned() } else { "{\"items\":[{\"id\":".to_owned() };
                let answer = text(if good { real.status } else { 200 }, "application/json", half);
                Answer { headers: if good { with_type(&real.headers) } else { answer.headers.clone() }, ..answer }
            }
            Self::Lost => Answer { fails: Some(Failing::Unknown), ..Answer::default() },
            Self::NotSent => Answer { fails: Some(Failing::NotSent), ..Answer::default() },
        }
    }
}

/// The real headers, and that of JSON where they say no type.
fn with_type(real: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut headers = real.clone();
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        headers.insert("content-type".to_owned(), "application/json".to_owned());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_json_is_never_json() {
        for body in [json!(7), json!("text"), json!([]), json!({ "a": 1 }), json!([{ "id": 1 }, { "id": 2 }])] {
            let real = Answer { body: Some(body.clone()), ..Answer::default() };
            let text = Trouble::Cut.answer(&real).text.expect("a text");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{body} became {text}");
        }
        let refused = Answer { status: 401, body: Some(json!({ "error": "x" })), ..Answer::default() };
        assert_eq!(Trouble::Cut.answer(&refused).status, 200);
    }
}
