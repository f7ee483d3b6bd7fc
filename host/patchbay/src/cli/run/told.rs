//! What one call came to and cost, for a terminal.

use patchbay_check::perform::{Cost, Exchanged, Performed};
use patchbay_model::{contract::limits as most, manifest::LimitsAsked};
use serde_json::Value;

use crate::cli::table;

/// Time of one call and calls of the host in it, as a host allows them.
const CALL_US: u64 = 20_000_000;
const HOST_CALLS: u32 = 100_000;

/// The answer, what was asked for it, and what was said.
pub(in crate::cli) fn text(performed: &Performed) -> String {
    let mut text = String::new();
    for record in records(performed).into_iter().flatten() {
        text.push_str(&format!("{record}\n"));
    }
    if records(performed).is_none() && !performed.answer.is_null() {
        text.push_str(&format!("{:#}\n", performed.answer));
    }
    shown(&format!("{text}{}", around(performed)))
}

/// The same without the records: how many there were.
pub(in crate::cli) fn brief(performed: &Performed) -> String {
    let answer = &performed.answer;
    let answer = if records(performed).is_none() && !answer.is_null() { format!("{answer}\n") } else { String::new() };
    shown(&format!("{answer}{}", around(performed)))
}

fn records(performed: &Performed) -> Option<&Vec<Value>> {
    performed.answer.get("records").and_then(Value::as_array)
}

/// Everything but the answer.
fn around(performed: &Performed) -> String {
    let mut text = String::new();
    if let Some(records) = records(performed) {
        let told = |name: &str| performed.answer.get(name).map(Value::to_string).unwrap_or_default();
        let (count, pages) = (records.len(), performed.calls.len());
        let (position, cursor) = (told("position"), told("cursor"));
        text.push_str(&format!("{count} records in {pages} pages; position {position}, cursor {cursor}\n"));
    }
    if let Some(failed) = &performed.failure {
        text.push_str(&format!("{}: {}\n", failed.case, failed.message));
        if let Some(detail) = &failed.detail {
            text.push_str(&format!("  {}\n", detail.replace('\n', "\n  ")));
        }
    }
    if !performed.requests.is_empty() {
        text.push_str("\nrequests\n");
    }
    for Exchanged { request, step, answer, bytes_in, .. } in &performed.requests {
        let step = step.as_ref().map(|step| format!(" (step {step})")).unwrap_or_default();
        text.push_str(&format!("  {request}{step}: {answer}, {bytes_in} bytes\n"));
    }
    // What the failure says already is said once.
    let said = performed.failure.as_ref().and_then(|failed| failed.detail.as_deref()).unwrap_or_default();
    for unknown in performed.unknown.iter().filter(|unknown| !said.contains(unknown.as_str())) {
        text.push_str(&format!("  not recorded: {unknown}\n"));
    }
    for unused in &performed.unused {
        text.push_str(&format!("  recorded and not asked for: {unused}\n"));
    }
    if !performed.log.is_empty() {
        text.push_str("\nlog\n");
    }
    for line in &performed.log {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// What a connector and its provider say may try to steer the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|char| if char.is_control() && char != '\n' { '\u{fffd}' } else { char }).collect()
}

/// A line for each call, and the most of each against its limit.
pub(in crate::cli) fn stats(performed: &Performed, limits: LimitsAsked) -> String {
    let head = ["call", "time", "CPU", "memory", "host calls", "requests", "out", "in", "records", "page"];
    let row = |name: String, cost: &Cost| {
        vec![
            name,
            time(cost.time_us),
            time(cost.cpu_us),
            bytes(cost.memory_bytes),
            cost.host_calls.to_string(),
            cost.requests.to_string(),
            bytes(cost.bytes_out),
            bytes(cost.bytes_in),
            cost.records.to_string(),
            bytes(cost.page_bytes),
        ]
    };
    let mut rows: Vec<Vec<String>> =
        performed.calls.iter().enumerate().map(|(index, cost)| row((index + 1).to_string(), cost)).collect();
    let memory = usize::try_from(limits.memory_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    rows.push(vec![
        "limit".to_owned(),
        time(CALL_US),
        String::new(),
        bytes(memory),
        HOST_CALLS.to_string(),
        String::new(),
        String::new(),
        bytes(most::ANSWER_BYTES),
        most::PAGE_RECORDS.to_string(),
        bytes(most::PAGE_BYTES),
    ]);
    format!("{}a fresh instance is there in {}\n", table::lay_out(&head, &rows), time(performed.start_us))
}

/// A time in the unit in which it is short.
pub(in crate::cli) fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// A size in the unit in which it is short.
pub(in crate::cli) fn bytes(bytes: usize) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_check::perform::Failed;
    use serde_json::json;

    use super::*;

    fn performed() -> Performed {
        let cost =
            Cost { time_us: 1_500, cpu_us: 900, memory_bytes: 1 << 20, host_calls: 2, records: 2, ..Cost::default() };
        Performed {
            fixture: None,
            start_us: 80,
            calls: vec![cost],
            answer: json!({ "records": [{ "id": 1 }, { "id": 2 }], "position": "end", "cursor": { "since": 7 } }),
            failure: None,
            requests: Vec::new(),
            unknown: Vec::new(),
            unused: Vec::new(),
            log: vec!["clean\u{1b}[2J".to_owned()],
        }
    }

    #[test]
    fn records_stand_a_line_each_and_nothing_steers_the_terminal() {
        let text = text(&performed());
        assert!(text.starts_with("{\"id\":1}\n{\"id\":2}\n2 records in 1 pages; position \"end\""), "{text}");
        assert!(text.contains("clean\u{fffd}[2J"), "{text}");
    }

    #[test]
    fn a_refused_request_is_shown_with_the_line_that_would_allow_it() {
        let detail = Some("requests to https://b.example are not granted; add:\n[[host]]".to_owned());
        let failure = Some(Failed { case: "denied".to_owned(), message: "No.".to_owned(), detail });
        let text = text(&Performed { answer: Value::Null, failure, ..performed() });
        assert!(
            text.contains("denied: No.\n  requests to https://b.example are not granted; add:\n  [[host]]\n"),
            "{text}"
        );
    }

    #[test]
    fn a_request_that_is_not_recorded_is_told_once() {
        let unknown = "no answer for\n  GET https://a.example/".to_owned();
        let detail = Some(format!("the fixture has {unknown}"));
        let failure = Some(Failed { case: "denied".to_owned(), message: "No.".to_owned(), detail });
        let told = Performed { answer: Value::Null, failure, unknown: vec![unknown], ..performed() };
        assert_eq!(text(&told).matches("no answer for").count(), 1);
        assert!(text(&Performed { failure: None, ..told }).contains("not recorded: no answer for"));
    }

    #[test]
    fn every_figure_stands_above_its_limit() {
        let text = stats(&performed(), LimitsAsked::default());
        assert!(text.contains("1.5 ms") && text.contains("900 µs") && text.contains("1.0 MiB"), "{text}");
        assert!(text.contains("limit") && text.contains("20.0 s") && text.contains("8.0 MiB"), "{text}");
    }
}
