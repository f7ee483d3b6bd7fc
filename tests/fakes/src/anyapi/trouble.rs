//! Every way to say *not now* and *no*: sections 8 and 9 of the sheet.

use patchbay_model::Timestamp;
use serde_json::json;

use crate::{behaviour::Act, exchange::Answer};

/// How the API says *not now*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// 429 with `Retry-After` in seconds.
    Seconds(u32),
    /// 429 with `Retry-After` as a date, so many seconds from now.
    Date(u32),
    /// 403 with nothing left, and the moment of the fresh start.
    Forbidden(u32),
    /// 503 with `Retry-After` in seconds.
    Unavailable(u32),
}

/// The body of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorBody {
    /// `{"error":{"code","message"}}`.
    Own,
    /// `{"message","errors":{"text":[…]}}`.
    Fields,
    /// Problem details (RFC 9457).
    Problem,
    /// A page of HTML, as a proxy sends it.
    Html,
    /// Nothing.
    Empty,
}

impl Throttle {
    pub(super) fn answer(self, now: Timestamp) -> Answer {
        let later = |seconds: u32| Timestamp::from_millis(now.as_millis() + i64::from(seconds) * 1_000);
        match self {
            Self::Seconds(seconds) => body(429).with("retry-after", &seconds.to_string()),
            Self::Date(seconds) => body(429).with("retry-after", &http_date(later(seconds))),
            Self::Forbidden(seconds) => body(403)
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", &later(seconds).as_millis().div_euclid(1_000).to_string()),
            Self::Unavailable(seconds) => body(503).with("retry-after", &seconds.to_string()),
        }
    }
}

fn body(status: u16) -> Answer {
    super::problem(status, "slow_down", "Too many requests")
}

/// `Sat, 21 Nov 2026 09:30:00 GMT`.
fn http_date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = moment.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let since = usize::try_from(moment.as_millis().div_euclid(86_400_000)).unwrap_or_default();
    let day = DAYS.get(since % 7).copied().unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.saturating_sub(1)).copied());
    format!("{day}, {} {} {} {} GMT", part(8, 10), month.unwrap_or_default(), part(0, 4), part(11, 19))
}

impl ErrorBody {
    /// A rule's answer with this status and body.
    #[must_use]
    pub fn act(self, status: u16) -> Act {
        let (kind, body) = match self {
            Self::Own => {
                let error = json!({ "code": "invalid_key", "message": "The API key is not valid" });
                ("application/json", json!({ "error": error }).to_string())
            }
            Self::Fields => {
                let errors = json!({ "text": ["is required"] });
                ("application/json", json!({ "message": "This cannot be saved", "errors": errors }).to_string())
            }
            Self::Problem => {
                let problem = json!({ "type": "about:blank", "title": "No access", "status": status, "detail": "Your plan has no API" });
                ("application/problem+json", problem.to_string())
            }
            Self::Html => ("text/html", format!("<html><title>{status} Bad Gateway</title><h1>nginx</h1></html>")),
            Self::Empty => return Act::status(status),
        };
        Act::Answer { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body }
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, http_date};

    #[test]
    fn a_date_is_written_as_http_writes_it() {
        assert_eq!(http_date(Timestamp::from_millis(1_795_253_400_000)), "Sat, 21 Nov 2026 09:30:00 GMT");
    }
}
