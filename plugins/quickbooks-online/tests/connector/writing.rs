//! Notes, files and customers.

use patchbay_connector_quickbooks_online::QuickbooksOnline;
use patchbay_sdk::{Case, Item, Outcome, Push, testing::TestHost};
use serde_json::{Value, json};

use super::stage::{BASE, ctx, fault, file, item};

fn note() -> Item {
    let payload = json!({ "text": "Betaling afgesproken.", "date": "2026-03-12", "meeting": "Kwartaal" });
    item("note", &json!({ "id": "58" }), &payload)
}

fn write(path: &str, step: &str, answer: &Value) -> String {
    let key: String = step.chars().filter(char::is_ascii_lowercase).collect();
    let url = format!("{BASE}/{path}?minorversion=75&requestid={key:2<26}");
    let request = json!({ "method": "POST", "url": url, "effect": "write", "step": step });
    json!([{ "request": request, "answer": answer }]).to_string()
}

/// The id of what was made; none when it was not.
fn created(item: &Item) -> Option<String> {
    match QuickbooksOnline::push(&ctx(), item) {
        Ok(Outcome::Created(object)) => Some(object.id),
        _ => None,
    }
}

fn steps(host: &TestHost) -> Vec<String> {
    host.requests().into_iter().filter_map(|sent| sent.step).collect()
}

#[test]
fn a_report_attaches_its_files_first_and_then_the_note_that_names_them() {
    let host = TestHost::answering(include_str!("../../fixtures/actions/report.json")).in_order();
    let payload = json!({ "title": "Kwartaalbespreking", "text": "De betaling is afgesproken.", "date": "2026-03-12", "meeting": "Kwartaal" });
    let mut report = item("report", &json!({ "id": "58" }), &payload);
    let mut picture = file("bijlage.png", 12);
    picture.media_type = "image/png".to_owned();
    report.attachments = vec![file("verslag.pdf", 12), picture];
    assert_eq!(created(&report).as_deref(), Some("1000000000041903"));
    assert_eq!(steps(&host), ["file-1", "file-2", "note"]);
}

#[test]
fn a_report_that_is_too_long_for_a_note_becomes_a_file() {
    let host = TestHost::answering(include_str!("../../fixtures/actions/report.long.json")).in_order();
    let payload = json!({ "title": "Kwartaalbespreking", "text": "Punt. ".repeat(500) });
    assert!(created(&item("report", &json!({ "id": "31", "kind": "vendor" }), &payload)).is_some());
    assert_eq!(steps(&host), ["file-1", "note"]);
}

#[test]
fn a_note_is_attached_under_the_key_of_its_step() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/note.json"));
    assert_eq!(created(&note()).as_deref(), Some("1000000000041916"));
}

#[test]
fn a_note_that_is_too_long_becomes_several_each_a_step_of_its_own() {
    let taken = json!({ "body": { "Attachable": { "Id": "7" } } });
    let host = TestHost::answering(&write("attachable", "note-1", &taken))
        .and(&write("attachable", "note-2", &taken))
        .in_order();
    assert!(created(&item("note", &json!({ "id": "58" }), &json!({ "text": "woord ".repeat(500) }))).is_some());
    for sent in host.requests() {
        let text = sent.json.unwrap()["Note"].as_str().unwrap().to_owned();
        assert!(text.chars().count() <= 2_000 && text.contains(" of 2) "), "{text}");
    }
}

#[test]
fn a_step_that_was_found_is_not_written_again() {
    let _host = TestHost::empty();
    let mut found = note();
    found.ext = vec![("step.note".to_owned(), "9".to_owned())];
    assert_eq!(created(&found).as_deref(), Some("9"));
}

#[test]
fn a_file_keeps_its_extension_under_another_name() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/file.json"));
    let mut scan = item("file", &json!({ "id": "58" }), &json!({ "name": "Contract 2026" }));
    scan.attachments = vec![file("scan.pdf", 12)];
    assert_eq!(created(&scan).as_deref(), Some("1000000000041906"));
}

#[test]
fn a_document_is_an_invoice_unless_something_else_is_said() {
    for (kind, entity) in [
        (None, "Invoice"),
        (Some("bill"), "Bill"),
        (Some("payment"), "Payment"),
        (Some("purchase"), "Purchase"),
        (Some("deposit"), "Deposit"),
        (Some("transfer"), "Transfer"),
        (Some("journal-entry"), "JournalEntry"),
    ] {
        let host =
            TestHost::answering(&write("attachable", "note", &json!({ "body": { "Attachable": { "Id": "7" } } })));
        let target = kind.map_or(json!({ "id": "142" }), |kind| json!({ "id": "142", "kind": kind }));
        assert!(created(&item("document_note", &target, &json!({ "text": "Bon volgt." }))).is_some());
        let sent = host.requests().remove(0).json.unwrap();
        assert_eq!(sent["AttachableRef"], json!([{ "EntityRef": { "type": entity, "value": "142" } }]));
    }
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let to = json!({ "id": "58" });
    let mut large = item("report", &to, &json!({ "text": "x" }));
    large.attachments = vec![file("a.pdf", 100 * 1024 * 1024 + 1)];
    for item in [
        item("report", &to, &json!({})),
        item("note", &to, &json!({ "text": "  " })),
        item("note", &to, &json!({ "text": "x".repeat(60_000) })),
        item("note", &json!({ "id": "58' OR Id = '59" }), &json!({ "text": "x" })),
        item("note", &json!({ "id": "" }), &json!({ "text": "x" })),
        item("note", &json!({ "id": "58", "kind": "Employee" }), &json!({ "text": "x" })),
        item("remark", &json!({ "id": "../58" }), &json!({ "text": "x" })),
        item("remark", &to, &json!({ "text": " " })),
        item("file", &to, &json!({})),
        item("customer", &Value::Null, &json!({ "name": " " })),
        item("customer", &Value::Null, &json!({ "name": "Peeters: project" })),
        large,
    ] {
        let _host = TestHost::empty();
        assert_eq!(QuickbooksOnline::push(&ctx(), &item).unwrap_err().case(), Case::InvalidInput, "{item:?}");
    }
    let _host = TestHost::empty();
    let error = QuickbooksOnline::push(&ctx(), &item("todo", &to, &json!({}))).unwrap_err();
    assert_eq!(error.case(), Case::Unsupported);
}

#[test]
fn a_fault_in_the_guise_of_a_success_opens_the_step_again() {
    let slot = json!({ "AttachableResponse": [fault("6000")] });
    let mut scan = item("file", &json!({ "id": "58" }), &json!({}));
    scan.attachments = vec![file("scan.pdf", 12)];
    for (item, path, step, body, case) in [
        (note(), "attachable", "note", fault("2500"), Case::InvalidInput),
        (note(), "attachable", "note", fault("3001"), Case::RateLimited),
        (note(), "attachable", "note", json!({ "Fault": { "type": "SystemFault" } }), Case::Transient),
        (scan, "upload", "file-1", slot, Case::InvalidInput),
    ] {
        let host = TestHost::answering(&write(path, step, &json!({ "body": body })));
        assert_eq!(QuickbooksOnline::push(&ctx(), &item).unwrap_err().case(), case, "{body}");
        assert_eq!(host.refused_steps(), [step]);
    }
}

#[test]
fn a_write_is_told_by_its_answer() {
    for (answer, case) in [
        (json!({ "status": 400, "body": fault("2020") }), Case::InvalidInput),
        (json!({ "status": 400, "body": fault("6240") }), Case::InvalidInput),
        (json!({ "status": 400, "body": fault("610") }), Case::NotFound),
        (json!({ "status": 400, "body": fault("5010") }), Case::Conflict),
        (json!({ "status": 400, "body": fault("600") }), Case::Transient),
        (json!({ "status": 403, "body": fault("3100") }), Case::AuthRequired),
        (json!({ "status": 429, "headers": { "retry-after": "40" } }), Case::RateLimited),
        (json!({ "status": 503, "text": "<html>" }), Case::OutcomeUnknown),
        (json!({ "status": 200, "text": "<html>" }), Case::OutcomeUnknown),
        (json!({ "status": 200, "body": {} }), Case::OutcomeUnknown),
        (json!({ "status": 200, "body": { "Attachable": {} } }), Case::OutcomeUnknown),
        (json!({ "fails": "unknown" }), Case::OutcomeUnknown),
        (json!({ "fails": "not-sent" }), Case::Transient),
    ] {
        let _host = TestHost::answering(&write("attachable", "note", &answer));
        let error = QuickbooksOnline::push(&ctx(), &note()).unwrap_err();
        assert_eq!(error.case(), case, "{answer}");
        assert!(!format!("{error:?}").contains("Verstraete"), "an error holds nothing of the answer: {error:?}");
    }
}

#[test]
fn a_remark_stands_below_what_is_there() {
    let host = TestHost::answering(include_str!("../../fixtures/actions/remark.json")).in_order();
    let payload = json!({ "text": "Belt liever.", "date": "2026-03-12" });
    let outcome = QuickbooksOnline::push(&ctx(), &item("remark", &json!({ "id": "58" }), &payload)).unwrap();
    assert!(matches!(outcome, Outcome::Updated(object) if object.id == "58"));
    assert_eq!(steps(&host), ["change-2"]);
}

#[test]
fn a_customer_that_was_changed_meanwhile_is_read_again_once() {
    let host = TestHost::answering(include_str!("../../fixtures/more/remark.stale.json")).in_order();
    let remark = item("remark", &json!({ "id": "58" }), &json!({ "text": "Belt liever." }));
    assert!(matches!(QuickbooksOnline::push(&ctx(), &remark), Ok(Outcome::Updated(_))));
    assert_eq!(steps(&host), ["change-2", "change-3"], "a change of another state is another write");
}

#[test]
fn a_remark_that_is_there_already_is_not_written_again() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/remark.there.json"));
    let remark = item("remark", &json!({ "id": "58" }), &json!({ "text": "Belt liever." }));
    assert!(matches!(QuickbooksOnline::push(&ctx(), &remark), Ok(Outcome::Exists(_))));
}

#[test]
fn a_remark_that_only_ends_like_what_is_there_is_another_one() {
    let text = include_str!("../../fixtures/actions/remark.json").replace("2026-03-12: Belt liever.", "2019.");
    let host = TestHost::answering(&text).in_order();
    let remark = item("remark", &json!({ "id": "58" }), &json!({ "text": "2019." }));
    assert!(matches!(QuickbooksOnline::push(&ctx(), &remark), Ok(Outcome::Updated(_))));
    assert_eq!(steps(&host), ["change-2"]);
}

#[test]
fn notes_that_are_full_are_not_written() {
    let full = include_str!("../../fixtures/actions/remark.there.json").replace("Nieuw.", &"n".repeat(1_990));
    let _host = TestHost::answering(&full);
    let remark = item("remark", &json!({ "id": "58" }), &json!({ "text": "Nog iets." }));
    assert_eq!(QuickbooksOnline::push(&ctx(), &remark).unwrap_err().case(), Case::InvalidInput);
}

#[test]
fn a_customer_is_made_and_the_same_key_with_other_content_changes_it() {
    let payload = json!({ "name": "Bakkerij Peeters", "company": "Peeters BV", "first_name": "Piet", "last_name": "Peeters",
        "email": "piet@peeters.example", "phone": "+32 9 000 00 00", "street": "Dorp 1", "postal_code": "9000",
        "city": "Gent", "notes": "Nieuw" });
    let host = TestHost::answering(include_str!("../../fixtures/actions/customer.json"));
    assert_eq!(created(&item("customer", &Value::Null, &payload)).as_deref(), Some("58"));
    drop(host);
    let _host = TestHost::answering(include_str!("../../fixtures/actions/customer.changed.json")).in_order();
    let mut other = item("customer", &Value::Null, &json!({ "name": "De Molen NV" }));
    other.ext = vec![("object".to_owned(), "58".to_owned())];
    assert!(matches!(QuickbooksOnline::push(&ctx(), &other), Ok(Outcome::Updated(object)) if object.id == "58"));
}
