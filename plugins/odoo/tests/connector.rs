//! Logging in, reading and picking over recorded answers, in both families.
#![cfg(test)]

#[macro_use]
mod played;

use patchbay_connector_odoo::Odoo;
use patchbay_sdk::{
    Auth, Case, Error, Fetch, Page, PickRequest, Position, ReadRequest,
    testing::{Reading, TestHost, read_all},
};
use serde_json::{Value, json};

use played::{NOW_MS, ctx, exception};

const SERVER: &str = "https://odoo.acme.example";

fn read(fixture: &str) -> Result<Reading, Error> {
    let _host = TestHost::answering(fixture).in_order();
    read_of(fixture)
}

fn read_of(fixture: &str) -> Result<Reading, Error> {
    let own: Value = serde_json::from_str(fixture).unwrap();
    let call = &own["call"]["read"];
    let hint = call.get("page-hint").and_then(Value::as_u64).and_then(|hint| u32::try_from(hint).ok());
    let cursor = call.get("cursor").map(|cursor| cursor.to_string().into_bytes());
    let request =
        ReadRequest { page_hint: hint.unwrap_or(1_000), cursor, ..ReadRequest::of(call["stream"].as_str().unwrap()) };
    read_all::<Odoo>(&ctx(fixture), request)
}

/// What the first request of reading contacts gives for this answer.
fn read_answered(fixture: &str, path: &str, answer: &Value) -> Result<Page, Error> {
    let exchange = json!([{ "request": { "method": "POST", "url": format!("{SERVER}{path}") }, "answer": answer }]);
    let _host = TestHost::answering(&exchange.to_string());
    Odoo::read(&ctx(fixture), &ReadRequest::of("contacts"))
}

#[test]
fn the_companies_are_the_accounts_and_the_day_of_the_keys_end_is_told() {
    let key = fixture!("identify");
    let _host = TestHost::answering(key).in_order();
    let identity = Odoo::identify(&ctx(key)).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("odoo.acme.example/acme", "Acme Boekhouding BV"));
    assert_eq!(identity.login.as_deref(), Some("meetings@acme.example"));
    assert_eq!(identity.facts, [("uid".to_owned(), "6".to_owned()), ("version".to_owned(), "19".to_owned())]);
    let accounts: Vec<(&str, &str)> =
        identity.accounts.iter().map(|account| (account.id.as_str(), account.name.as_str())).collect();
    assert_eq!(accounts, [("acme:1", "Acme Boekhouding BV"), ("acme:3", "Acme Advies NV")]);
    assert_eq!(identity.credential_ends_ms, Some(1_801_353_600_000), "2027-01-31");
}

#[test]
fn a_password_is_never_seen_and_gives_the_same_identity() {
    let rpc = fixture!("identify.rpc");
    let host = TestHost::answering(rpc).in_order();
    let identity = Odoo::identify(&ctx(rpc)).unwrap();
    assert_eq!(identity.id, "odoo.acme.example/acme");
    for request in host.requests().iter().skip(1) {
        let body = request.json.as_ref().unwrap();
        assert_eq!(body.pointer("/params/args/2"), Some(&Value::Null), "the gate's place");
    }
}

#[test]
fn a_login_that_is_not_accepted_is_an_answer_of_false() {
    let rpc = fixture!("identify.rpc");
    let mut own: Value = serde_json::from_str(rpc).unwrap();
    let exchanges = own["exchanges"].as_array_mut().unwrap();
    exchanges.truncate(2);
    exchanges[1]["answer"]["body"]["result"] = json!(false);
    let _host = TestHost::answering(&json!(exchanges).to_string()).in_order();
    assert_eq!(Odoo::identify(&ctx(rpc)).unwrap_err().case(), Case::AuthRequired);
}

#[test]
fn a_server_that_takes_no_logins_any_more_says_what_to_choose() {
    let rpc = fixture!("identify.rpc");
    let mut own: Value = serde_json::from_str(rpc).unwrap();
    let exchanges = own["exchanges"].as_array_mut().unwrap();
    exchanges.truncate(2);
    exchanges[1]["answer"] = json!({ "status": 404, "text": "Not Found", "headers": { "content-type": "text/html" } });
    let _host = TestHost::answering(&json!(exchanges).to_string()).in_order();
    let error = Odoo::identify(&ctx(rpc)).unwrap_err();
    assert_eq!(error.case(), Case::NotFound);
    assert!(error.to_string().contains("Choose API key"), "{error}");
}

#[test]
fn a_server_that_is_too_old_for_a_key_says_what_to_choose() {
    let key = fixture!("identify");
    let version = |answer: Value| {
        let request = json!({ "method": "GET", "url": format!("{SERVER}/web/version"), "credential": "nothing" });
        let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
        Odoo::identify(&ctx(key)).unwrap_err()
    };
    let error = version(
        json!({ "status": 404, "text": "<title>404 Not Found</title>", "headers": { "content-type": "text/html" } }),
    );
    assert!(error.to_string().contains("Login and password"), "{error}");
    let error = version(json!({ "body": { "version_info": ["saas~18", 2], "version": "saas~18.2" } }));
    assert_eq!(error.case(), Case::InvalidConfig);
    assert!(error.to_string().contains("Odoo 18"), "{error}");
}

#[test]
fn every_stream_is_read_to_the_page_that_is_empty() {
    for (fixture, ids) in [
        (fixture!("streams/contacts"), [42, 77, 80]),
        (fixture!("streams/contacts.rpc"), [42, 77, 80]),
        (fixture!("streams/leads"), [915, 916, 920]),
        (fixture!("streams/events"), [318, 319, 330]),
        (fixture!("streams/projects"), [4, 5, 9]),
        (fixture!("streams/tasks"), [1203, 1204, 1210]),
        (fixture!("streams/companies"), [1, 3, 5]),
        (fixture!("streams/invoices"), [59, 60, 64]),
    ] {
        let reading = read(fixture).unwrap();
        let found: Vec<u64> = reading.records.iter().map(|record| record["id"].as_u64().unwrap()).collect();
        assert_eq!(found, ids);
        assert!(matches!(reading.position, Position::Complete(_)), "{:?}", reading.position);
    }
}

#[test]
fn what_is_empty_is_null_and_what_is_false_stays() {
    let reading = read(fixture!("streams/contacts")).unwrap();
    let [molen, els, address] = reading.records.as_slice() else { panic!("three contacts") };
    assert_eq!(
        (&molen["phone"], &molen["parent_id"], &molen["is_company"]),
        (&Value::Null, &Value::Null, &json!(true))
    );
    assert_eq!((&els["is_company"], &els["parent_id"][0]), (&json!(false), &json!(42)));
    assert_eq!((&address["name"], &address["active"]), (&Value::Null, &json!(false)));
    let event = &read(fixture!("streams/events")).unwrap().records[0];
    assert_eq!((&event["res_id"], &event["attendee_ids"], &event["allday"]), (&json!(0), &json!([]), &json!(false)));
}

#[test]
fn a_walk_remembers_how_many_there_were() {
    let reading = read(fixture!("streams/contacts")).unwrap();
    let cursor: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
    assert_eq!(
        cursor,
        json!({ "since": "2026-03-11T09:00:00Z", "known": { "max": 80, "count": 3, "at_ms": 1_795_253_400_000_u64 } })
    );
}

#[test]
fn changes_are_read_also_when_one_second_fills_a_page() {
    for fixture in [fixture!("streams/contacts.changes"), fixture!("streams/contacts.changes-rpc")] {
        let reading = read(fixture).unwrap();
        let names: Vec<&str> = reading.records.iter().map(|record| record["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["A", "B", "C", "D", "E", "F"]);
        let cursor: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
        assert_eq!((&cursor["since"], &cursor["known"]["count"]), (&json!("2026-03-11T10:30:00Z"), &json!(3)));
        assert!(matches!(reading.position, Position::End(_)));
    }
}

#[test]
fn a_run_that_was_cut_off_in_a_second_goes_back_to_where_it_begins() {
    // The host took `since` back by its look-back; the second is read to its end, and then everything since.
    let fixture = json!({
        "fixture": 1,
        "call": { "read": { "stream": "contacts", "page-hint": 3, "cursor": {
            "since": "2026-03-11T08:50:00Z", "fields": { "name": false, "write_date": false },
            "doing": { "second": { "at": "2026-03-11 09:00:00", "after": 82 } },
            "known": { "max": 80, "count": 3, "at_ms": 1_795_168_800_000_u64 },
        } } },
        "context": { "account": "acme:1", "account-facts": { "company": "1" } },
        "exchanges": [
            { "request": { "method": "POST", "url": format!("{SERVER}/json/2/res.partner/search_read") },
              "answer": { "body": [] } },
            { "request": { "method": "POST", "url": format!("{SERVER}/json/2/res.partner/search_read"), "body": {
                "domain": [["write_date", ">=", "2026-03-11 08:50:00"]], "fields": ["name", "write_date"],
                "order": "write_date asc, id asc", "limit": 3,
                "context": { "active_test": false, "lang": "en_US", "allowed_company_ids": [1] } } },
              "answer": { "body": [{ "id": 7, "name": "Late", "write_date": "2026-03-11 08:59:00" }] } },
        ],
    });
    assert_eq!(read(&fixture.to_string()).unwrap().records[0]["name"], "Late");
}

#[test]
fn what_vanished_has_everything_read_anew_but_not_more_often_than_is_fine() {
    let fixture = fixture!("streams/contacts.vanished");
    let reading = read(fixture).unwrap();
    assert!(matches!(reading.position, Position::Complete(_)));
    let mut own: Value = serde_json::from_str(fixture).unwrap();
    // An hour after the last time.
    own["call"]["read"]["cursor"]["known"]["at_ms"] = json!(NOW_MS - 3_600_000);
    let count = own["exchanges"][0].clone();
    let fields = own["exchanges"][2].clone();
    let none = json!({ "request": { "method": "POST", "url": format!("{SERVER}/json/2/res.partner/search_read") }, "answer": { "body": [] } });
    own["exchanges"] = json!([count, fields, none]);
    let host = TestHost::answering(&own.to_string()).in_order();
    host.set_now_ms(NOW_MS);
    assert!(matches!(read_of(&own.to_string()).unwrap().position, Position::End(_)));
    assert_eq!(host.logs()[0].level, 3);
}

#[test]
fn a_model_without_records_is_complete() {
    let reading = read(fixture!("more/invoices-empty")).unwrap();
    assert!(reading.records.is_empty() && matches!(reading.position, Position::Complete(_)));
}

#[test]
fn a_record_of_the_future_does_not_move_the_cursor_there() {
    let mut own: Value = serde_json::from_str(fixture!("streams/contacts.changes")).unwrap();
    let exchanges = own["exchanges"].as_array_mut().unwrap();
    exchanges.truncate(3);
    exchanges[2]["answer"]["body"] = json!([{ "id": 1, "name": "x", "write_date": "2030-01-01 00:00:00" }]);
    let reading = read(&own.to_string()).unwrap();
    let cursor: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
    assert_eq!(cursor["since"], "2026-11-21T09:30:00Z");
}

#[test]
fn rows_in_another_order_than_was_asked_are_refused() {
    let mut own: Value = serde_json::from_str(fixture!("streams/contacts")).unwrap();
    own["exchanges"].as_array_mut().unwrap().truncate(3);
    own["exchanges"][2]["answer"]["body"].as_array_mut().unwrap().reverse();
    assert_eq!(read(&own.to_string()).unwrap_err().case(), Case::InvalidResponse);
}

#[test]
fn a_field_that_vanished_in_the_middle_of_a_walk_starts_it_afresh() {
    let cursor = json!({ "since": "2026-03-11T08:50:00Z", "fields": { "mobile": false }, "doing": { "all": { "after": 42, "count": 1 } } });
    let answer =
        json!({ "status": 500, "body": exception("builtins.ValueError", "Invalid field 'mobile' on 'res.partner'") });
    let request = json!({ "method": "POST", "url": format!("{SERVER}/json/2/res.partner/search_read") });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let request = ReadRequest { cursor: Some(cursor.to_string().into_bytes()), ..ReadRequest::of("contacts") };
    let error = Odoo::read(&ctx(fixture!("streams/contacts")), &request).unwrap_err();
    assert_eq!(error.case(), Case::CursorInvalid);
}

#[test]
fn an_answer_that_is_too_large_is_asked_for_in_smaller_parts() {
    let mut own: Value = serde_json::from_str(fixture!("streams/contacts")).unwrap();
    let exchanges = own["exchanges"].as_array_mut().unwrap();
    let mut large = exchanges[2].clone();
    large["answer"] = json!({ "fails": "too-large" });
    let mut one = exchanges[2].clone();
    one["request"]["body"]["limit"] = json!(1);
    one["answer"]["body"].as_array_mut().unwrap().truncate(1);
    let mut rest = exchanges[2].clone();
    rest["request"]["body"]["domain"] = json!([["id", ">", 42]]);
    rest["answer"]["body"].as_array_mut().unwrap().remove(0);
    exchanges.splice(2..3, [large, one, rest]);
    // The pages behind it lie elsewhere now.
    exchanges[5]["request"]["body"]["domain"] = json!([["id", ">", 77]]);
    let reading = read(&own.to_string()).unwrap();
    assert_eq!(reading.records.len(), 3);
}

#[test]
fn a_custom_model_is_read_with_all_its_fields_but_files() {
    let reading = read(fixture!("streams/model.x_contract")).unwrap();
    let [first, second] = reading.records.as_slice() else { panic!("two contracts") };
    assert_eq!(
        (&first["x_ends"], &first["x_signed"], &second["x_signed"]),
        (&Value::Null, &json!(true), &json!(false))
    );
    assert!(first.get("x_scan").is_none());
    for stream in ["model.", "model.X", "model.a/b", "model.1x", "notes"] {
        let _host = TestHost::empty();
        let error = Odoo::read(&ctx(fixture!("streams/events")), &ReadRequest::of(stream)).unwrap_err();
        assert_eq!(error.case(), Case::Unsupported, "{stream}");
    }
}

#[test]
fn a_database_has_the_streams_of_its_apps_and_its_own_models_with_schemas() {
    let fixture = fixture!("discover");
    let _host = TestHost::answering(fixture).in_order();
    let streams = Odoo::discover(&ctx(fixture)).unwrap();
    let names: Vec<(&str, bool)> = streams.iter().map(|stream| (stream.name.as_str(), stream.per_account)).collect();
    let known = [
        ("contacts", true),
        ("events", false),
        ("projects", true),
        ("tasks", true),
        ("companies", false),
        ("invoices", true),
        ("model.x_contract", false),
    ];
    assert_eq!(names, known, "without leads, whose app is not installed");
    let schema: Value = serde_json::from_slice(&streams[6].schema).unwrap();
    let of = |name: &str| schema["properties"][name]["type"].clone();
    assert_eq!(of("x_signed"), "boolean");
    assert_eq!((of("x_partner_id"), of("x_ends")), (json!(["array", "null"]), json!(["string", "null"])));
    assert!(schema["properties"].get("x_scan").is_none(), "no files");
}

#[test]
fn the_list_of_models_may_be_closed_to_the_person() {
    let mut own: Value = serde_json::from_str(fixture!("discover")).unwrap();
    let exchanges = own["exchanges"].as_array_mut().unwrap();
    exchanges.truncate(8);
    exchanges[7]["answer"] = json!({ "status": 403, "body": exception("odoo.exceptions.AccessError", "no") });
    let _host = TestHost::answering(&own.to_string()).in_order();
    assert_eq!(Odoo::discover(&ctx(fixture!("discover"))).unwrap().len(), 6);
}

#[test]
fn records_of_several_kinds_are_offered_while_a_person_types() {
    let fixture = fixture!("pickers/records");
    let _host = TestHost::answering(fixture).in_order();
    let asked = PickRequest { picker: "records".to_owned(), query: "molen".to_owned(), ..PickRequest::default() };
    let choices = Odoo::pick(&ctx(fixture), &asked).unwrap().items;
    let told: Vec<(&str, Option<&str>)> =
        choices.iter().map(|choice| (choice.id.as_str(), choice.hint.as_deref())).collect();
    let known = [
        ("res.partner,42", Some("Contact · info@molen.example")),
        ("res.partner,77", Some("Contact")),
        ("calendar.event,318", Some("Event · 2026-03-12 09:00:00")),
        ("project.task,1203", Some("Task · Dossier De Molen")),
    ];
    assert_eq!(told, known, "leads are not installed");
}

#[test]
fn projects_are_offered_and_an_unknown_picker_is_not() {
    let fixture = fixture!("pickers/projects");
    let _host = TestHost::answering(fixture).in_order();
    let ask = |picker: &str| PickRequest { picker: picker.to_owned(), ..PickRequest::default() };
    let choices = Odoo::pick(&ctx(fixture), &ask("projects")).unwrap().items;
    assert_eq!((choices.len(), choices[0].id.as_str(), choices[1].hint.as_deref()), (2, "4", None));
    assert_eq!(Odoo::pick(&ctx(fixture), &ask("boards")).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn statuses_and_exceptions_mean_the_same_in_both_families() {
    let (key, rpc) = (fixture!("streams/contacts"), fixture!("streams/contacts.rpc"));
    let path = "/json/2/res.partner/search_read";
    for (status, name, message, case) in [
        (401, "werkzeug.exceptions.Unauthorized", "Invalid apikey", Case::AuthRequired),
        (403, "odoo.exceptions.AccessDenied", "Access Denied", Case::AuthRequired),
        (403, "odoo.exceptions.AccessError", "no", Case::PermissionDenied),
        (404, "odoo.exceptions.MissingError", "gone", Case::NotFound),
        (404, "werkzeug.exceptions.NotFound", "the model 'res.partner' does not exist", Case::NotFound),
        (422, "odoo.exceptions.UserError", "no", Case::Other),
        (422, "odoo.exceptions.UserError", "Invalid language code: fr_FR", Case::InvalidConfig),
        (409, "odoo.exceptions.LockError", "no", Case::Transient),
        (500, "psycopg2.errors.SerializationFailure", "no", Case::Transient),
        (500, "builtins.TypeError", "no", Case::Other),
    ] {
        let error =
            read_answered(key, path, &json!({ "status": status, "body": exception(name, message) })).unwrap_err();
        assert_eq!(error.case(), case, "{status} {name}");
        let told = json!({ "code": 200, "message": "Odoo Server Error", "data": exception(name, message) });
        let answer = json!({ "body": { "jsonrpc": "2.0", "id": 1, "error": told } });
        assert_eq!(read_answered(rpc, "/jsonrpc", &answer).unwrap_err().case(), case, "{name}");
    }
}

#[test]
fn pages_of_html_cut_json_and_waits_are_understood() {
    let html =
        |status: u16, text: &str| json!({ "status": status, "text": text, "headers": { "content-type": "text/html" } });
    for (fixture, path) in [
        (fixture!("streams/contacts"), "/json/2/res.partner/search_read"),
        (fixture!("streams/contacts.rpc"), "/jsonrpc"),
    ] {
        for (answer, case) in [
            (html(200, "<html>Maintenance"), Case::InvalidResponse),
            (html(502, "<html>Bad gateway"), Case::Transient),
            (html(404, "<p>No database is selected and the requested URL was not found"), Case::AuthRequired),
            (json!({ "status": 303, "headers": { "location": "https://www.odoo.com" } }), Case::InvalidResponse),
            (json!({ "text": "[{\"id\":" }), Case::InvalidResponse),
            (json!({}), Case::InvalidResponse),
        ] {
            assert_eq!(read_answered(fixture, path, &answer).unwrap_err().case(), case, "{answer}");
        }
        let wait = json!({ "status": 429, "headers": { "retry-after": "3" }, "body": {} });
        let error = read_answered(fixture, path, &wait).unwrap_err();
        assert_eq!((error.case(), error.wait_ms()), (Case::RateLimited, Some(3_000)));
    }
    // Success without a result: null, where rows were asked for.
    let nothing = json!({ "body": { "jsonrpc": "2.0", "id": 1 } });
    let error = read_answered(fixture!("streams/contacts.rpc"), "/jsonrpc", &nothing).unwrap_err();
    assert_eq!(error.case(), Case::InvalidResponse);
}
