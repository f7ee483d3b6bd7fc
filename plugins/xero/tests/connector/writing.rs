//! Notes and files.

use patchbay_connector_xero::Xero;
use patchbay_sdk::{Case, Context, Item, Outcome, Push, testing::TestHost};
use serde_json::{Value, json};

use super::stage::{BASE, CONTACT, OTHER, TENANT, ctx, file, item};

fn contact() -> Value {
    json!({ "id": format!("{TENANT}/{CONTACT}") })
}

fn note() -> Item {
    item("note", contact(), json!({ "text": "Betaling afgesproken.", "date": "2026-03-12", "meeting": "Kwartaal" }))
}

fn history(tenant: &str, list: &str, step: &str, answer: &Value) -> String {
    let url = format!("{BASE}/{list}/{CONTACT}/History");
    json!([{ "request": { "method": "PUT", "url": url, "headers": { "xero-tenant-id": tenant }, "effect": "write", "step": step }, "answer": answer }])
        .to_string()
}

fn taken() -> Value {
    json!({ "body": { "HistoryRecords": [{ "Details": "x" }] } })
}

/// The id of what was made; none when it was not.
fn created(ctx: &Context, item: &Item) -> Option<String> {
    match Xero::push(ctx, item) {
        Ok(Outcome::Created(object)) => Some(object.id),
        _ => None,
    }
}

#[test]
fn a_report_puts_its_files_first_and_then_the_note_that_names_them() {
    let host = TestHost::answering(include_str!("../../fixtures/actions/report.json")).in_order();
    let payload = json!({ "title": "Kwartaalbespreking", "text": "De betaling is afgesproken.", "date": "2026-03-12", "meeting": "Kwartaal" });
    let mut report = item("report", contact(), payload);
    let mut picture = file("bijlage.png", 12);
    picture.media_type = "image/png".to_owned();
    report.attachments = vec![file("verslag.pdf", 12), picture];
    assert_eq!(created(&ctx(), &report).as_deref(), Some(CONTACT));
    let steps: Vec<_> = host.requests().into_iter().filter_map(|sent| sent.step).collect();
    assert_eq!(steps, ["file-1", "file-2", "note"]);
}

#[test]
fn a_report_that_is_too_long_for_a_note_becomes_a_file() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/report.long.json")).in_order();
    let payload = json!({ "title": "Kwartaalbespreking", "text": "Punt. ".repeat(500) });
    assert!(created(&ctx(), &item("report", contact(), payload)).is_some());
}

#[test]
fn a_note_goes_into_the_history_of_the_contact() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/note.json"));
    assert_eq!(created(&ctx(), &note()).as_deref(), Some(CONTACT));
}

#[test]
fn a_note_that_is_too_long_becomes_several_each_a_step_of_its_own() {
    let url = format!("{BASE}/Contacts/{CONTACT}/History");
    let exchange = |step: &str| {
        let request = json!({ "method": "PUT", "url": url, "effect": "write", "step": step });
        json!({ "request": request, "answer": taken() })
    };
    let host = TestHost::answering(&json!([exchange("note-1"), exchange("note-2")]).to_string()).in_order();
    assert!(created(&ctx(), &item("note", contact(), json!({ "text": "woord ".repeat(600) }))).is_some());
    for sent in host.requests() {
        let text = sent.json.unwrap()["HistoryRecords"][0]["Details"].as_str().unwrap().to_owned();
        assert!(text.chars().count() <= 2_500 && text.contains(" of 2) "), "{text}");
    }
}

#[test]
fn a_file_keeps_its_extension_under_another_name() {
    let _host = TestHost::answering(include_str!("../../fixtures/actions/file.json"));
    let mut scan = item("file", json!({ "id": CONTACT, "organisation": TENANT }), json!({ "name": "Contract 2026" }));
    scan.attachments = vec![file("scan.pdf", 12)];
    assert_eq!(created(&ctx(), &scan).as_deref(), Some("a7a00000-0000-4000-8000-000000000001"));
}

#[test]
fn a_document_is_an_invoice_unless_something_else_is_said() {
    for (kind, list) in
        [(None, "Invoices"), (Some("credit-note"), "CreditNotes"), (Some("bank-transaction"), "BankTransactions")]
    {
        let _host = TestHost::answering(&history(TENANT, list, "note", &taken()));
        let mut target = contact();
        if let Some(kind) = kind {
            target["kind"] = json!(kind);
        }
        assert!(created(&ctx(), &item("document_note", target, json!({ "text": "Bon volgt." }))).is_some());
    }
}

#[test]
fn the_only_organisation_of_a_connection_is_the_one_that_is_meant() {
    let _host = TestHost::answering(&history(OTHER, "Contacts", "note", &taken()));
    let mut ctx = ctx();
    ctx.facts.push(("organisation".to_owned(), OTHER.to_owned()));
    assert!(created(&ctx, &item("note", json!({ "id": CONTACT }), json!({ "text": "x" }))).is_some());
}

#[test]
fn a_target_that_names_no_record_of_one_organisation_is_refused_before_anything_is_sent() {
    for (target, pointer) in [
        (json!({ "id": CONTACT }), "/organisation"),
        (json!({ "id": format!("{TENANT}/{CONTACT}"), "organisation": OTHER }), "/organisation"),
        (json!({ "id": format!("{TENANT}/x") }), "/id"),
        (json!({ "id": format!("x\r\ny/{CONTACT}") }), "/id"),
        (json!({ "id": format!("{TENANT}/../{CONTACT}") }), "/id"),
        (json!({ "id": "" , "organisation": TENANT }), "/id"),
    ] {
        let _host = TestHost::answering("[]");
        let error = Xero::push(&ctx(), &item("note", target, json!({ "text": "x" }))).unwrap_err();
        assert_eq!(error.case(), Case::InvalidInput);
        assert!(format!("{error:?}").contains(&format!(" {pointer}: ")), "{error:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let many = |count: usize, size: u64| {
        let mut report = item("report", contact(), json!({ "text": "x" }));
        report.attachments = (0..count).map(|at| file(&format!("{at}.pdf"), size)).collect();
        report
    };
    let mut full = many(10, 1);
    full.payload = json!({ "text": "lang ".repeat(1_000) }).to_string().into_bytes();
    for item in [
        item("report", contact(), json!({})),
        item("note", contact(), json!({ "text": "  " })),
        item("note", contact(), json!({ "text": "x".repeat(60_000) })),
        item("file", contact(), json!({})),
        many(1, 10 * 1024 * 1024 + 1),
        many(3, 9 * 1024 * 1024),
        full,
    ] {
        let _host = TestHost::answering("[]");
        assert_eq!(Xero::push(&ctx(), &item).unwrap_err().case(), Case::InvalidInput, "{item:?}");
    }
    let _host = TestHost::answering("[]");
    assert_eq!(Xero::push(&ctx(), &item("todo", contact(), json!({}))).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn how_many_files_a_record_takes_is_the_operators_to_correct() {
    let config = String::from_utf8(ctx().config).unwrap().replace("\"files_limit\":10", "\"files_limit\":1");
    let few = Context { config: config.into_bytes(), ..ctx() };
    let mut report = item("report", contact(), json!({ "text": "x" }));
    report.attachments = vec![file("a.pdf", 1), file("b.pdf", 1)];
    let _host = TestHost::answering("[]");
    assert_eq!(Xero::push(&few, &report).unwrap_err().case(), Case::InvalidInput);
}

#[test]
fn no_write_is_sent_again_when_xero_may_have_forgotten_its_key() {
    let manifest = include_str!("../../connector.toml");
    let actions: Vec<&str> = manifest.split("[[action]]").skip(1).collect();
    assert_eq!(actions.len(), 7);
    for action in actions {
        assert!(action.contains("\nidempotency = \"key\"\nkey-life = \"5m\"\n"), "{action}");
    }
}

#[test]
fn a_refusal_in_the_guise_of_a_success_opens_the_step_again() {
    let answer = json!({ "body": { "HistoryRecords": [{ "StatusAttributeString": "ERROR", "ValidationErrors": [{ "Message": "no" }] }] } });
    let host = TestHost::answering(&history(TENANT, "Contacts", "note", &answer));
    assert_eq!(Xero::push(&ctx(), &note()).unwrap_err().case(), Case::InvalidInput);
    assert_eq!(host.refused_steps(), ["note"]);
}

#[test]
fn a_write_is_told_by_its_answer() {
    let validation = json!({ "ErrorNumber": 10, "Type": "ValidationException", "Message": "m", "Elements": [{ "ValidationErrors": [{ "Message": "Els Verstraete is no name" }] }] });
    for (answer, case) in [
        (json!({ "status": 400, "body": validation }), Case::InvalidInput),
        (json!({ "status": 404, "text": "not here" }), Case::NotFound),
        (json!({ "status": 403, "body": { "Detail": "AuthenticationUnsuccessful" } }), Case::PermissionDenied),
        (json!({ "status": 429, "headers": { "retry-after": "40" } }), Case::RateLimited),
        (json!({ "status": 503, "text": "<html>" }), Case::OutcomeUnknown),
        (json!({ "status": 200, "text": "<html>" }), Case::OutcomeUnknown),
        (json!({ "status": 200, "body": {} }), Case::OutcomeUnknown),
        (json!({ "fails": "unknown" }), Case::OutcomeUnknown),
        (json!({ "fails": "not-sent" }), Case::Transient),
    ] {
        let _host = TestHost::answering(&history(TENANT, "Contacts", "note", &answer));
        let error = Xero::push(&ctx(), &note()).unwrap_err();
        assert_eq!(error.case(), case, "{answer}");
        assert!(!format!("{error:?}").contains("Verstraete"), "an error holds nothing of the answer: {error:?}");
    }
}

#[test]
fn every_write_carries_the_key_of_its_step() {
    let host = TestHost::answering(&history(TENANT, "Contacts", "note", &taken()));
    assert!(created(&ctx(), &note()).is_some());
    let sent = host.requests().remove(0);
    let key = sent.headers.iter().find(|(name, _)| name == "idempotency-key");
    assert_eq!(key.map(|(_, key)| key.as_str()), Some("note2222222222222222222222"));
}

#[test]
fn a_contact_is_made_and_the_same_key_with_other_content_changes_it() {
    let asked =
        json!({ "name": "Bakkerij Peeters", "first_name": "Piet", "email": "piet@peeters.example", "number": "K-7" });
    let mut contact = item("contact", json!({ "id": TENANT }), asked);
    let host = TestHost::answering(include_str!("../../fixtures/actions/contact.json"));
    let made = created(&ctx(), &contact).unwrap();
    drop(host);
    let _host = TestHost::answering(include_str!("../../fixtures/actions/contact.changed.json"));
    contact.ext = vec![("object".to_owned(), made.clone())];
    let Outcome::Updated(changed) = Xero::push(&ctx(), &contact).unwrap() else { panic!("updated") };
    assert_eq!(changed.id, made);
}

#[test]
fn an_invoice_is_a_draft_whose_amounts_keep_their_digits() {
    let host = TestHost::answering(include_str!("../../fixtures/actions/invoice.json")).in_order();
    let lines = json!([
        { "description": "Meel", "quantity": "12.5", "price": "0.9875", "account": "310", "tax_type": "INPUT2" },
        { "description": "Vracht", "price": "15.00" }
    ]);
    let payload = json!({ "type": "bill", "number": "F-2026-9", "date": "2026-03-12", "due": "2026-04-11", "currency": "EUR", "lines": lines });
    let mut bill = item("invoice", contact(), payload);
    bill.attachments = vec![file("factuur.pdf", 12)];
    assert_eq!(created(&ctx(), &bill).as_deref(), Some("5f3c0000-0000-4000-8000-000000000011"));
    let steps: Vec<_> = host.requests().into_iter().filter_map(|sent| sent.step).collect();
    assert_eq!(steps, ["invoice", "file-1"]);
}

#[test]
fn an_amount_that_is_none_is_told_by_its_line() {
    let _host = TestHost::answering("[]");
    let lines = json!([{ "description": "a", "price": "1" }, { "description": "b", "price": "1e9" }]);
    let error = Xero::push(&ctx(), &item("invoice", contact(), json!({ "lines": lines }))).unwrap_err();
    assert!(format!("{error:?}").contains("/lines/1/price: "), "{error:?}");
}

#[test]
fn what_is_made_without_an_id_in_the_answer_is_not_known_to_be_there() {
    let answer = json!({ "body": { "Contacts": [{ "Name": "x" }] } });
    let request = json!({ "method": "PUT", "url": format!("{BASE}/Contacts"), "effect": "write", "step": "contact" });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let error = Xero::push(&ctx(), &item("contact", json!({ "id": TENANT }), json!({ "name": "x" }))).unwrap_err();
    assert_eq!(error.case(), Case::OutcomeUnknown);
}
