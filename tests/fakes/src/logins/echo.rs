//! What was received, said back: a connector that reports all that it is told must still report no
//! credential, whatever the spelling.

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::exchange::{Answer, Incoming};

/// Whose the credential is, and the whole request as text, in base64 (at each alignment), hexadecimal,
/// percent-encoded and as JSON in JSON.
pub(super) fn me(request: &Incoming, account: &str) -> Value {
    let raw = raw(request);
    let base64: Vec<String> = ["", " ", "  "].iter().map(|shift| STANDARD.encode(format!("{shift}{raw}"))).collect();
    let hex: String = raw.bytes().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "id": format!("business-{account}"),
        "name": format!("Office {account}"),
        "login": format!("{account}@office.example"),
        "echo": {
            "raw": raw,
            "base64": base64,
            "hex": hex,
            "percent": utf8_percent_encode(&raw, NON_ALPHANUMERIC).to_string(),
            "json": json!({ "body": String::from_utf8_lossy(&request.body), "raw": raw }).to_string(),
            "headers": request.headers,
            "query": request.query,
        },
    })
}

/// The same by headers: each header that was received, and the query.
pub(super) fn headers(mut answer: Answer, request: &Incoming) -> Answer {
    for (name, value) in &request.headers {
        answer = answer.with(&format!("x-echo-{name}"), value);
    }
    answer.with("x-echo-query", &request.raw_query)
}

fn raw(request: &Incoming) -> String {
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("{} {}\n{headers}\n{}", request.method, request.target(), String::from_utf8_lossy(&request.body))
}
